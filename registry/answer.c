/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/answer.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MOST_LISTED ((uint64_t)10000) /* on one page */
#define CHUNK_BYTES ((size_t)1 << 20)

/* A blob that was hashed, as the file system knew it then. */
struct hashed {
	struct lw_digest digest;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
	bool good, told;
};

struct lw_answerer {
	struct lw_answer_options options;
	struct lw_catalog catalog;
	int64_t version; /* of the state that it was read from */
	struct lw_hasher *hasher;
	struct hashed *hashed; /* ascending by digest */
	size_t n_hashed;
};

/* ---- answers ---- */

static void set_media_type(struct lw_answer *a, const char *media_type)
{
	free(a->media_type);
	a->media_type = lw_strdup(media_type);
}

static void set_digest(struct lw_answer *a, const struct lw_digest *d)
{
	char text[LW_DIGEST_TEXT];

	a->digest = lw_strdup(lw_digest_text(d, text));
}

static void answer_error(struct lw_answer *a, uint32_t status, const char *code,
			 const char *message)
{
	struct lw_json_writer w = { .out = &a->body, .canonical = true };

	lw_answer_release(a);
	a->status = status;
	set_media_type(a, "application/json");
	lw_json_w_object(&w);
	lw_json_w_key(&w, "errors");
	lw_json_w_array(&w);
	lw_json_w_object(&w);
	lw_json_w_member(&w, "code", code);
	lw_json_w_member(&w, "message", message);
	lw_json_w_end_object(&w);
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

static void unknown_blob(struct lw_answer *a)
{
	answer_error(a, 404, "BLOB_UNKNOWN", "no such blob in this repository");
}

static void unknown_manifest(struct lw_answer *a)
{
	answer_error(a, 404, "MANIFEST_UNKNOWN", "no such manifest in this repository");
}

/* ---- lists ---- */

struct page {
	struct lw_json_writer w;
	const struct lw_question *q;
	uint64_t most, n;
	const char *last; /* that was listed */
	bool more;
};

static bool list(struct page *p, const char *name)
{
	if (*p->q->last && strcmp(name, p->q->last) <= 0)
		return true;
	if (p->n == p->most) {
		p->more = true;
		return false;
	}
	lw_json_w_string(&p->w, name);
	p->last = name;
	p->n++;
	return true;
}

static void begin_page(struct page *p, const struct lw_question *q, struct lw_answer *a)
{
	*p = (struct page){ .w = { .out = &a->body, .canonical = true },
			    .q = q,
			    .most = q->most < MOST_LISTED ? q->most : MOST_LISTED };
	a->status = 200;
	set_media_type(a, "application/json");
	lw_json_w_object(&p->w);
}

/* Names and tags have no character that a query would have to quote. */
static void end_page(struct page *p, const char *path, struct lw_answer *a)
{
	lw_json_w_end_object(&p->w);
	lw_json_w_finish(&p->w);
	if (p->more && p->last)
		a->link = lw_asprintf("%s?last=%s&n=%llu", path, p->last,
				      (unsigned long long)p->most);
}

static void answer_catalog(struct lw_answerer *x, const struct lw_question *q,
			   struct lw_answer *a)
{
	struct page p;

	begin_page(&p, q, a);
	lw_json_w_key(&p.w, "repositories");
	lw_json_w_array(&p.w);
	for (size_t i = 0; i < x->catalog.n && list(&p, x->catalog.list[i].name); i++)
		;
	lw_json_w_end_array(&p.w);
	end_page(&p, "/v2/_catalog", a);
}

static void answer_tags(const struct lw_served_repository *r, const struct lw_question *q,
			struct lw_answer *a)
{
	lw_auto_free char *path = lw_asprintf("/v2/%s/tags/list", r->name);
	struct page p;

	begin_page(&p, q, a);
	lw_json_w_member(&p.w, "name", r->name);
	lw_json_w_key(&p.w, "tags");
	lw_json_w_array(&p.w);
	for (size_t i = 0; i < r->n_tags && list(&p, r->list[i].tag); i++)
		;
	lw_json_w_end_array(&p.w);
	end_page(&p, path, a);
}

/* ---- blobs ---- */

struct looking {
	const struct lw_served_repository *repository;
	bool found;
};

static int compare_ids(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int is_of_repository(void *data, int64_t image, struct lw_error *e)
{
	struct looking *l = data;

	(void)e;
	l->found |= bsearch(&image, l->repository->images, l->repository->n_images,
			    sizeof(image), compare_ids) != NULL;
	return 0;
}

/* A repository serves only what its images need. */
static int is_reached(struct lw_answerer *x, const struct lw_served_repository *r,
		      const struct lw_digest *d, bool *ret, struct lw_error *e)
{
	struct looking l = { .repository = r };
	int rc =
		lw_state_each_blob_image(x->options.enclave->state, d, is_of_repository, &l, e);

	*ret = l.found;
	return rc;
}

static struct hashed *find_hashed(struct lw_answerer *x, const struct lw_digest *d)
{
	size_t lo = 0, hi = x->n_hashed;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (lw_digest_compare(&x->hashed[mid].digest, d) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < x->n_hashed && lw_digest_equal(&x->hashed[lo].digest, d))
		return &x->hashed[lo];
	x->hashed = lw_realloc_array(x->hashed, x->n_hashed + 1, sizeof(*x->hashed));
	memmove(x->hashed + lo + 1, x->hashed + lo, (x->n_hashed - lo) * sizeof(*x->hashed));
	x->n_hashed++;
	x->hashed[lo] = (struct hashed){ .digest = *d };
	return &x->hashed[lo];
}

static bool is_as_it_was(const struct hashed *h, const struct stat *st)
{
	return h->device == st->st_dev && h->inode == st->st_ino && h->size == st->st_size &&
	       h->modified.tv_sec == st->st_mtim.tv_sec &&
	       h->modified.tv_nsec == st->st_mtim.tv_nsec &&
	       h->changed.tv_sec == st->st_ctim.tv_sec &&
	       h->changed.tv_nsec == st->st_ctim.tv_nsec;
}

static int hash_file(struct lw_answerer *x, int fd, uint64_t size, struct lw_digest *ret,
		     struct lw_error *e)
{
	lw_auto_free uint8_t *chunk = lw_alloc(CHUNK_BYTES);
	int r = 0;

	for (uint64_t at = 0; at < size && r == 0;) {
		size_t n = size - at < CHUNK_BYTES ? (size_t)(size - at) : CHUNK_BYTES;

		r = lw_fs_pread(fd, chunk, n, at, e);
		if (r == 0)
			lw_hasher_add(x->hasher, chunk, n);
		at += n;
	}
	*ret = lw_hasher_final(x->hasher);
	return r;
}

static void tell(struct lw_answerer *x, struct hashed *h, const char *why)
{
	if (!h->told && x->options.alarm)
		x->options.alarm(x->options.data, &h->digest, why);
	h->told = true;
}

/* Its file, if its bytes are right: hashed when it is first asked for, and whenever the file is
 * another than then. False: it is not to be served. */
static bool open_good(struct lw_answerer *x, const struct lw_digest *d, int *ret_fd,
		      uint64_t *ret_size)
{
	struct hashed *h = find_hashed(x, d);
	lw_auto_fd int fd = -1;
	struct lw_error e = { 0 };
	struct lw_digest have;
	char why[sizeof(e.text)], text[LW_DIGEST_TEXT];
	struct stat st;
	uint64_t size = 0;

	if (lw_store_open_blob(x->options.enclave->store, d, &fd, &size, &e) < 0 ||
	    fstat(fd, &st) < 0) {
		tell(x, h, "missing in the store");
		return false;
	}
	if (!is_as_it_was(h, &st)) {
		int r = hash_file(x, fd, size, &have, &e);

		*h = (struct hashed){ .digest = *d,
				      .device = st.st_dev,
				      .inode = st.st_ino,
				      .size = st.st_size,
				      .modified = st.st_mtim,
				      .changed = st.st_ctim,
				      .good = r == 0 && lw_digest_equal(&have, d) };
		if (!h->good) {
			(void)snprintf(why, sizeof(why), "%s",
				       r < 0 ? e.text : lw_digest_text(&have, text));
			tell(x, h, why);
		}
	}
	if (!h->good)
		return false;
	*ret_fd = lw_steal_fd(&fd);
	*ret_size = size;
	return true;
}

static void answer_blob(struct lw_answerer *x, const struct lw_served_repository *r,
			const struct lw_digest *d, struct lw_answer *a)
{
	struct lw_error e = { 0 };
	bool reached = false;

	if (is_reached(x, r, d, &reached, &e) < 0)
		answer_error(a, 500, "UNKNOWN", "the state cannot be read");
	else if (!reached || !open_good(x, d, &a->fd, &a->size))
		unknown_blob(a);
	else {
		a->status = 200;
		set_media_type(a, "application/octet-stream");
		set_digest(a, d);
	}
}

/* ---- manifests ---- */

static bool read_good(struct lw_answerer *x, const struct lw_digest *d, struct lw_buf *out)
{
	lw_auto_fd int fd = -1;
	struct lw_error ignored;
	uint64_t size = 0;

	if (!open_good(x, d, &fd, &size) || size > LW_MAX_MANIFEST_BYTES)
		return false;
	lw_buf_reserve(out, size);
	if (lw_fs_pread(fd, out->p + out->n, size, 0, &ignored) < 0)
		return false;
	out->n += size;

	/* Between then and now it may have become another. */
	struct lw_digest have = lw_digest_of(lw_buf_span(out));

	return lw_digest_equal(&have, d);
}

/* Of a manifest that the catalog does not know: a child of an index, mostly. NULL: it is none.
 */
static const char *sniff(struct lw_span bytes, struct lw_json_doc **ret)
{
	static const char *const known[] = {
		"application/vnd.oci.image.index.v1+json",
		"application/vnd.oci.image.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.list.v2+json",
		"application/vnd.docker.distribution.manifest.v2+json",
	};
	struct {
		const char *media_type;
		const struct lw_json *manifests, *layers;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ "layers", LW_JSON_READ_ARRAY, 0, offsetof(__typeof__(f), layers), 0, 0,
		  NULL },
		{ "manifests", LW_JSON_READ_ARRAY, 0, offsetof(__typeof__(f), manifests), 0, 0,
		  NULL },
		{ "mediaType", LW_JSON_READ_STRING, 0, offsetof(__typeof__(f), media_type), 0,
		  0, NULL },
	};
	struct lw_error ignored;

	if (lw_json_parse(bytes, &LW_JSON_FOREIGN, ret, &ignored) < 0 ||
	    lw_json_read(lw_json_root(*ret), fields, LW_COUNT_OF(fields),
			 LW_JSON_IGNORE_UNKNOWN, "manifest", &f, &ignored) < 0 ||
	    !f.manifests == !f.layers)
		return NULL;
	if (!f.media_type)
		return f.manifests ? known[0] : known[1];
	for (size_t i = 0; i < LW_COUNT_OF(known); i++)
		if (strcmp(f.media_type, known[i]) == 0)
			return known[i];
	return NULL;
}

static void answer_manifest(struct lw_answerer *x, const struct lw_served_repository *r,
			    const char *reference, struct lw_answer *a)
{
	const struct lw_served *s = lw_served_tag(r, reference);
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	const char *media_type;
	struct lw_digest d;
	struct lw_error e = { 0 };
	bool reached = s != NULL;
	int rc = 0;

	if (s)
		d = s->digest;
	else if (lw_digest_parse(lw_span_str(reference), &d, &e) < 0) {
		unknown_manifest(a);
		return;
	} else {
		rc = is_reached(x, r, &d, &reached, &e);
		s = lw_served_digest(r, &d);
	}
	if (rc < 0) {
		answer_error(a, 500, "UNKNOWN", "the state cannot be read");
		return;
	}
	if (!reached || !read_good(x, &d, &a->body)) {
		unknown_manifest(a);
		return;
	}
	media_type = s ? s->media_type : sniff(lw_buf_span(&a->body), &doc);
	if (!media_type) {
		unknown_manifest(a);
		return;
	}
	a->status = 200;
	set_media_type(a, media_type);
	set_digest(a, &d);
}

/* ---- referrers ---- */

struct annotated {
	const struct lw_json *annotations;
};

static void write_annotations(struct lw_answerer *x, const struct lw_served *s,
			      struct lw_json_writer *w)
{
	static const struct lw_json_field fields[] = {
		{ "annotations", LW_JSON_READ_OBJECT, 0,
		  offsetof(struct annotated, annotations), 0, 0, NULL },
	};
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	struct annotated f = { 0 };
	struct lw_error ignored;

	if (!read_good(x, &s->digest, &bytes) ||
	    lw_json_parse(lw_buf_span(&bytes), &LW_JSON_STRICT, &doc, &ignored) < 0 ||
	    lw_json_read(lw_json_root(doc), fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			 "manifest", &f, &ignored) < 0 ||
	    !f.annotations)
		return;
	lw_json_w_key(w, "annotations");
	lw_json_w_node(w, f.annotations);
}

static void write_referrer(struct lw_answerer *x, const struct lw_served *s,
			   struct lw_json_writer *w)
{
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(w);
	write_annotations(x, s, w);
	if (*s->artifact_type)
		lw_json_w_member(w, "artifactType", s->artifact_type);
	lw_json_w_member(w, "digest", lw_digest_text(&s->digest, text));
	lw_json_w_member(w, "mediaType", s->media_type);
	lw_json_w_member_integer(w, "size", (int64_t)s->size);
	lw_json_w_end_object(w);
}

/* Of a digest that is not here there are none: that is no error (distribution-spec). */
static void answer_referrers(struct lw_answerer *x, const struct lw_served_repository *r,
			     const struct lw_question *q, const struct lw_digest *d,
			     struct lw_answer *a)
{
	struct lw_json_writer w = { .out = &a->body, .canonical = true };

	a->status = 200;
	a->filtered = *q->artifact_type != '\0';
	set_media_type(a, "application/vnd.oci.image.index.v1+json");
	lw_json_w_object(&w);
	lw_json_w_key(&w, "manifests");
	lw_json_w_array(&w);
	for (size_t i = r->n_tags; i < r->n; i++) {
		const struct lw_served *s = &r->list[i];

		if (s->is_referrer && lw_digest_equal(&s->subject, d) &&
		    (!a->filtered || strcmp(s->artifact_type, q->artifact_type) == 0))
			write_referrer(x, s, &w);
	}
	lw_json_w_end_array(&w);
	lw_json_w_member(&w, "mediaType", "application/vnd.oci.image.index.v1+json");
	lw_json_w_member_integer(&w, "schemaVersion", 2);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

/* ---- questions ---- */

static void answer_in(struct lw_answerer *x, const struct lw_question *q, struct lw_answer *a)
{
	const struct lw_served_repository *r = lw_catalog_find(&x->catalog, q->name);
	struct lw_digest d = { 0 };
	struct lw_error e = { 0 };

	if (!r) {
		answer_error(a, 404, "NAME_UNKNOWN", "no such repository");
		return;
	}
	if ((q->kind == LW_REGISTRY_BLOB || q->kind == LW_REGISTRY_REFERRERS) &&
	    lw_digest_parse(lw_span_str(q->reference), &d, &e) < 0) {
		answer_error(a, 400, "DIGEST_INVALID", "want sha256:<64 hex digits>");
		return;
	}
	switch (q->kind) {
	case LW_REGISTRY_TAGS:
		answer_tags(r, q, a);
		break;
	case LW_REGISTRY_MANIFEST:
		answer_manifest(x, r, q->reference, a);
		break;
	case LW_REGISTRY_BLOB:
		answer_blob(x, r, &d, a);
		break;
	case LW_REGISTRY_REFERRERS:
		answer_referrers(x, r, q, &d, a);
		break;
	case LW_REGISTRY_BASE:
	case LW_REGISTRY_CATALOG:
		break;
	}
}

/* ---- who asks ---- */

/* False: *a says why not. It is asked before anything else, of whatever there is. */
static bool is_admitted(struct lw_answerer *x, const struct lw_question *q, struct lw_answer *a)
{
	enum lw_password p = LW_PASSWORD_WRONG;
	struct timespec t = { 0 };

	if (!x->options.passwords)
		return true;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	if (*q->user)
		p = lw_passwords_check(x->options.passwords, q->user, q->password,
				       (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000);
	if (p == LW_PASSWORD_LATER)
		answer_error(a, 429, "TOOMANYREQUESTS", "too many passwords at once");
	else if (p != LW_PASSWORD_RIGHT)
		answer_error(a, 401, "UNAUTHORIZED", "a name and a password are needed");
	return p == LW_PASSWORD_RIGHT;
}

/* ---- all of it ---- */

static void answer_base(struct lw_answer *a)
{
	a->status = 200;
	set_media_type(a, "application/json");
	lw_buf_adds(&a->body, "{}");
}

/* What was loaded, removed or withheld since counts at once. */
static int refresh(struct lw_answerer *x, struct lw_error *e)
{
	int64_t version = 0;
	int r = lw_state_data_version(x->options.enclave->state, &version, e);

	if (r < 0 || version == x->version)
		return r;
	lw_catalog_release(&x->catalog);
	x->version = 0;
	r = lw_catalog_read(x->options.enclave->state, &x->catalog, e);
	for (size_t i = 0; i < x->catalog.n; i++)
		lw_sort(x->catalog.list[i].images, x->catalog.list[i].n_images, sizeof(int64_t),
			compare_ids);
	if (r == 0)
		x->version = version;
	return r;
}

void lw_answerer_answer(struct lw_answerer *x, const struct lw_question *q,
			struct lw_answer *ret)
{
	struct lw_error e = { 0 };

	*ret = (struct lw_answer){ .fd = -1 };
	if (!is_admitted(x, q, ret))
		return;
	if (refresh(x, &e) < 0)
		answer_error(ret, 500, "UNKNOWN", "the state cannot be read");
	else if (q->kind == LW_REGISTRY_BASE)
		answer_base(ret);
	else if (q->kind == LW_REGISTRY_CATALOG)
		answer_catalog(x, q, ret);
	else
		answer_in(x, q, ret);
}

int lw_answerer_open(const struct lw_answer_options *options, struct lw_answerer **ret,
		     struct lw_error *e)
{
	LW_AUTO(answerer) struct lw_answerer *x = lw_alloc_array(1, sizeof(*x));

	x->options = *options;
	x->hasher = lw_hasher_new();

	int r = refresh(x, e);
	if (r == 0)
		*ret = lw_steal(x);
	return r;
}

void lw_answerer_close(struct lw_answerer *x)
{
	if (!x)
		return;
	lw_catalog_release(&x->catalog);
	lw_hasher_free(x->hasher);
	free(x->hashed);
	free(x);
}

size_t lw_answerer_repositories(const struct lw_answerer *x)
{
	return x->catalog.n;
}
