/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/answer.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/blobs.h"
#include "registry/served.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_LISTED	     ((uint64_t)10000) /* on one page */
#define MOST_REFERRERS_BYTES ((size_t)2 << 20) /* likewise, and one more */

struct lw_answerer {
	struct lw_state *state;		/* borrowed */
	struct lw_passwords *passwords; /* borrowed; NULL: nobody is asked who they are */
	struct lw_blobs *blobs;
	/* The list that was asked for last, for who reads it page by page. */
	struct lw_names names;
	char *names_of; /* owned: a repository, "" for the catalog; NULL: none */
	int64_t names_version;
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

static void list_all(struct page *p, const char *key, const struct lw_names *names)
{
	lw_json_w_key(&p->w, key);
	lw_json_w_array(&p->w);
	for (size_t i = 0; i < names->n && list(p, names->list[i]); i++)
		;
	lw_json_w_end_array(&p->w);
}

/* *ret is borrowed until the next. */
static int read_names(struct lw_answerer *x, const char *repository,
		      const struct lw_names **ret, struct lw_error *e)
{
	int64_t version = 0;
	int r = lw_state_data_version(x->state, &version, e);

	*ret = &x->names;
	if (r < 0 || (x->names_of && version == x->names_version &&
		      strcmp(x->names_of, repository) == 0))
		return r;
	free(lw_steal(x->names_of));
	lw_names_release(&x->names);
	r = *repository ? lw_served_tags(x->state, repository, &x->names, e)
			: lw_served_names(x->state, &x->names, e);
	if (r == 0)
		x->names_of = lw_strdup(repository);
	x->names_version = version;
	return r;
}

static int answer_catalog(struct lw_answerer *x, const struct lw_question *q,
			  struct lw_answer *a, struct lw_error *e)
{
	const struct lw_names *names = NULL;
	struct page p;
	int r = read_names(x, "", &names, e);

	if (r < 0)
		return r;
	begin_page(&p, q, a);
	list_all(&p, "repositories", names);
	end_page(&p, "/v2/_catalog", a);
	return 0;
}

static int answer_tags(struct lw_answerer *x, const char *repository,
		       const struct lw_question *q, struct lw_answer *a, struct lw_error *e)
{
	lw_auto_free char *path = lw_asprintf("/v2/%s/tags/list", q->name);
	const struct lw_names *names = NULL;
	struct page p;
	int r = read_names(x, repository, &names, e);

	if (r < 0)
		return r;
	begin_page(&p, q, a);
	lw_json_w_member(&p.w, "name", q->name);
	list_all(&p, "tags", names);
	end_page(&p, path, a);
	return 0;
}

/* ---- blobs ---- */

static void cannot_be_read(struct lw_answer *a)
{
	answer_error(a, 500, "UNKNOWN", "the store cannot be read");
}

static size_t part_bytes(const struct lw_question *q)
{
	return q->most < LW_MAX_REGISTRY_PART ? (size_t)q->most : LW_MAX_REGISTRY_PART;
}

/* A small blob goes along with the answer that it is there. */
static enum lw_blob_standing of_blob(struct lw_answerer *x, const struct lw_question *q,
				     const struct lw_digest *d, struct lw_answer *a)
{
	if (q->kind == LW_REGISTRY_PART)
		return lw_blobs_part(x->blobs, d, q->at, part_bytes(q), &a->body);
	return a->size <= part_bytes(q) && a->size > 0
		       ? lw_blobs_read(x->blobs, d, (size_t)a->size, &a->body)
		       : lw_blobs_look(x->blobs, d, a->size);
}

/* A repository serves only what its images need; of a part it is asked again. */
static int answer_blob(struct lw_answerer *x, const char *repository,
		       const struct lw_question *q, const struct lw_digest *d,
		       struct lw_answer *a, struct lw_error *e)
{
	enum lw_blob_standing standing = LW_BLOB_BAD;
	bool reached = false, has = false;
	int r = lw_state_is_served(x->state, repository, d, &reached, e);

	if (r == 0 && reached)
		r = lw_state_blob_has(x->state, d, &has, &a->size, e);
	if (r == 0 && has)
		standing = of_blob(x, q, d, a);
	if (standing == LW_BLOB_UNREADABLE)
		cannot_be_read(a);
	else if (standing == LW_BLOB_BAD)
		unknown_blob(a);
	else {
		a->status = 200;
		set_media_type(a, "application/octet-stream");
		set_digest(a, d);
	}
	return r;
}

/* ---- manifests ---- */

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

/* One that is larger than a manifest can be is none. */
static int read_manifest(struct lw_answerer *x, const struct lw_digest *d, struct lw_buf *out,
			 enum lw_blob_standing *ret, struct lw_error *e)
{
	uint64_t size = 0;
	bool has = false;
	int r = lw_state_blob_has(x->state, d, &has, &size, e);

	*ret = r == 0 && has && size <= LW_MAX_MANIFEST_BYTES
		       ? lw_blobs_read(x->blobs, d, (size_t)size, out)
		       : LW_BLOB_BAD;
	return r;
}

static int answer_manifest(struct lw_answerer *x, const char *repository, const char *reference,
			   struct lw_answer *a, struct lw_error *e)
{
	LW_AUTO(served) struct lw_served found = { 0 };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	enum lw_blob_standing standing = LW_BLOB_BAD;
	const char *media_type = NULL;
	struct lw_error ignored;
	struct lw_digest d;
	int r = strchr(reference, ':') == NULL
			? lw_served_tag(x->state, repository, reference, &found, e)
		: lw_digest_parse(lw_span_str(reference), &d, &ignored) == 0
			? lw_served_digest(x->state, repository, &d, &found, e)
			: -LW_E_NOTFOUND;

	if (r == 0)
		r = read_manifest(x, &found.digest, &a->body, &standing, e);
	if (r < 0 && r != -LW_E_NOTFOUND)
		return r;
	if (standing == LW_BLOB_GOOD)
		media_type = found.media_type ? found.media_type
					      : sniff(lw_buf_span(&a->body), &doc);
	if (standing == LW_BLOB_UNREADABLE) {
		cannot_be_read(a);
	} else if (!media_type) {
		unknown_manifest(a);
	} else {
		a->status = 200;
		set_media_type(a, media_type);
		set_digest(a, &found.digest);
	}
	return 0;
}

/* ---- referrers ---- */

struct annotated {
	const struct lw_json *annotations;
};

static void write_annotations(struct lw_answerer *x, const struct lw_evidence *v,
			      struct lw_json_writer *w)
{
	static const struct lw_json_field fields[] = {
		{ "annotations", LW_JSON_READ_OBJECT, 0,
		  offsetof(struct annotated, annotations), 0, 0, NULL },
	};
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	struct annotated f = { 0 };
	enum lw_blob_standing standing = LW_BLOB_BAD;
	struct lw_error ignored;

	if (read_manifest(x, &v->digest, &bytes, &standing, &ignored) < 0 ||
	    standing != LW_BLOB_GOOD ||
	    lw_json_parse(lw_buf_span(&bytes), &LW_JSON_STRICT, &doc, &ignored) < 0 ||
	    lw_json_read(lw_json_root(doc), fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			 "manifest", &f, &ignored) < 0 ||
	    !f.annotations)
		return;
	lw_json_w_key(w, "annotations");
	lw_json_w_node(w, f.annotations);
}

static void write_referrer(struct lw_answerer *x, const struct lw_evidence *v,
			   struct lw_json_writer *w)
{
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(w);
	write_annotations(x, v, w);
	if (*v->artifact_type)
		lw_json_w_member(w, "artifactType", v->artifact_type);
	lw_json_w_member(w, "digest", lw_digest_text(&v->digest, text));
	lw_json_w_member(w, "mediaType", v->media_type);
	lw_json_w_member_integer(w, "size", (int64_t)v->size);
	lw_json_w_end_object(w);
}

/* The page after the one that ends with `last`. */
static char *referrers_link(const struct lw_question *q, const struct lw_digest *last)
{
	LW_AUTO(buf) struct lw_buf type = { 0 };
	char text[LW_DIGEST_TEXT];

	for (const char *c = q->artifact_type; *c; c++)
		lw_buf_printf(&type, "%%%02x", (unsigned char)*c);
	return lw_asprintf("/v2/%s/referrers/%s?last=%s%s%s", q->name, q->reference,
			   lw_digest_text(last, text), type.n ? "&artifactType=" : "",
			   lw_buf_str(&type));
}

/* By digest, each once; a page ends where it has grown large. */
static void list_referrers(struct lw_answerer *x, const struct lw_question *q,
			   const struct lw_referrers *referrers, struct lw_answer *a,
			   struct lw_json_writer *w)
{
	const struct lw_digest *last = NULL;
	char text[LW_DIGEST_TEXT];

	for (size_t i = 0; i < referrers->n; i++) {
		const struct lw_evidence *v = &referrers->list[i];

		if ((last && lw_digest_equal(&v->digest, last)) ||
		    strcmp(lw_digest_text(&v->digest, text), q->last) <= 0 ||
		    (a->filtered && strcmp(v->artifact_type, q->artifact_type) != 0))
			continue;
		if (a->body.n > MOST_REFERRERS_BYTES) {
			a->link = referrers_link(q, last);
			return;
		}
		write_referrer(x, v, w);
		last = &v->digest;
	}
}

/* Of a digest that is not here there are none: that is no error (distribution-spec). */
static int answer_referrers(struct lw_answerer *x, const char *repository,
			    const struct lw_question *q, const struct lw_digest *d,
			    struct lw_answer *a, struct lw_error *e)
{
	LW_AUTO(referrers) struct lw_referrers referrers = { 0 };
	struct lw_json_writer w = { .out = &a->body, .canonical = true };
	int r = lw_served_referrers(x->state, repository, d, &referrers, e);

	if (r < 0)
		return r;
	a->status = 200;
	a->filtered = *q->artifact_type != '\0';
	set_media_type(a, "application/vnd.oci.image.index.v1+json");
	lw_json_w_object(&w);
	lw_json_w_key(&w, "manifests");
	lw_json_w_array(&w);
	list_referrers(x, q, &referrers, a, &w);
	lw_json_w_end_array(&w);
	lw_json_w_member(&w, "mediaType", "application/vnd.oci.image.index.v1+json");
	lw_json_w_member_integer(&w, "schemaVersion", 2);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	return 0;
}

/* ---- questions ---- */

static int answer_in(struct lw_answerer *x, const struct lw_question *q, struct lw_answer *a,
		     struct lw_error *e)
{
	lw_auto_free char *repository = lw_served_repository(q->name);
	struct lw_digest d = { 0 };
	struct lw_error ignored;
	bool is = false;
	int r = lw_state_is_served(x->state, repository, NULL, &is, e);

	if (r < 0)
		return r;
	if (!is) {
		answer_error(a, 404, "NAME_UNKNOWN", "no such repository");
		return 0;
	}
	if (q->kind == LW_REGISTRY_TAGS)
		return answer_tags(x, repository, q, a, e);
	if (q->kind == LW_REGISTRY_MANIFEST)
		return answer_manifest(x, repository, q->reference, a, e);
	if (lw_digest_parse(lw_span_str(q->reference), &d, &ignored) < 0) {
		answer_error(a, 400, "DIGEST_INVALID", "want sha256:<64 hex digits>");
		return 0;
	}
	return q->kind == LW_REGISTRY_REFERRERS ? answer_referrers(x, repository, q, &d, a, e)
						: answer_blob(x, repository, q, &d, a, e);
}

/* ---- who asks ---- */

/* False: *a says why not. It is asked before anything else, of whatever there is. */
static bool is_admitted(struct lw_answerer *x, const struct lw_question *q, struct lw_answer *a)
{
	enum lw_password p = LW_PASSWORD_WRONG;
	struct timespec t = { 0 };

	if (!x->passwords)
		return true;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	if (*q->user)
		p = lw_passwords_check(x->passwords, q->user, q->password,
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

/* What was loaded, removed or withheld since counts at once; one state for one answer. */
static int answer(struct lw_answerer *x, const struct lw_question *q, struct lw_answer *a,
		  struct lw_error *e)
{
	int r = lw_state_begin(x->state, e);

	if (r == 0)
		r = q->kind == LW_REGISTRY_CATALOG ? answer_catalog(x, q, a, e)
						   : answer_in(x, q, a, e);
	lw_state_rollback(x->state);
	return r;
}

int lw_answerer_answer(struct lw_answerer *x, const struct lw_question *q,
		       struct lw_answer *ret, struct lw_error *e)
{
	struct lw_error why = { 0 };
	int r = lw_state_require_same(x->state, e);

	*ret = (struct lw_answer){ 0 };
	if (r < 0 || !is_admitted(x, q, ret))
		return r;
	if (q->kind == LW_REGISTRY_BASE)
		answer_base(ret);
	else if (answer(x, q, ret, &why) < 0)
		answer_error(ret, 500, "UNKNOWN", "the state cannot be read");
	return 0;
}

void lw_answerer_idle(struct lw_answerer *a)
{
	lw_blobs_ahead(a->blobs);
}

int lw_answerer_open(const struct lw_answer_options *options, struct lw_answerer **ret,
		     size_t *ret_repositories, struct lw_error *e)
{
	LW_AUTO(names) struct lw_names names = { 0 };
	int r = lw_served_names(options->enclave->state, &names, e);

	if (r < 0)
		return r;
	*ret = lw_alloc_array(1, sizeof(**ret));
	(*ret)->state = options->enclave->state;
	(*ret)->passwords = options->passwords;
	(*ret)->blobs = lw_blobs_new(options->enclave->store, options->alarm, options->data);
	*ret_repositories = names.n;
	return 0;
}

void lw_answerer_close(struct lw_answerer *x)
{
	if (!x)
		return;
	lw_blobs_free(x->blobs);
	lw_names_release(&x->names);
	free(x->names_of);
	free(x);
}
