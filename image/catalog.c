/* SPDX-License-Identifier: Apache-2.0 */
#include "image/catalog.h"

#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"
#include "image/document.h"

#include <fcntl.h>
#include <sys/stat.h>

struct scan {
	struct lw_layout *l;
	struct lw_catalog *c;
	uint32_t *queue; /* blobs to be read as documents */
	size_t n_queue, cap_queue;
	struct lw_buf bytes; /* of the document being read */
	const char *last_artifact_type, *last_platform;
};

void lw_catalog_free(struct lw_catalog *c)
{
	if (!c)
		return;
	free(c->blobs);
	free(c->docs);
	free(c->children);
	free(c->top);
	free(c->by_subject);
	lw_arena_free(&c->strings);
	free(c);
}

/* The folder. */

static int compare_blobs(const void *a, const void *b)
{
	const struct lw_catalog_blob *x = a, *y = b;

	return lw_digest_compare(&x->digest, &y->digest);
}

static struct lw_catalog_blob *add_blob(struct lw_catalog *c, const struct lw_digest *d)
{
	c->blobs = lw_catalog_grow(c->blobs, c->n_blobs, &c->cap_blobs, sizeof(*c->blobs));

	struct lw_catalog_blob *b = &c->blobs[c->n_blobs++];
	*b = (struct lw_catalog_blob){ .digest = *d, .doc = LW_CATALOG_NONE };
	return b;
}

/* Files named otherwise than a digest are nobody's business. */
static int list_entries(struct lw_catalog *c, DIR *dir, struct lw_error *e)
{
	for (;;) {
		struct lw_digest d;

		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (!entry && errno)
			return lw_fail_errno(e, "blobs/sha256");
		if (!entry)
			return 0;
		if (lw_hex_decode(lw_span_str(entry->d_name), d.sha256, LW_DIGEST_BYTES, NULL) <
		    0)
			continue;
		if (c->n_blobs == LW_MAX_ENTRIES)
			return lw_fail(e, LW_E_LIMIT, "more than %zu blobs in the layout",
				       LW_MAX_ENTRIES);
		add_blob(c, &d)->irregular =
			entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN;
	}
}

static int list_folder(const struct lw_layout *l, struct lw_catalog *c, struct lw_error *e)
{
	lw_auto_fd int fd = openat(l->blobs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return lw_fail_errno(e, "blobs/sha256");

	lw_auto_dir DIR *dir = fdopendir(fd);
	if (!dir)
		return lw_fail_errno(e, "blobs/sha256");
	(void)lw_steal_fd(&fd);

	return list_entries(c, dir, e);
}

static int list_blobs(struct scan *s, struct lw_error *e)
{
	struct lw_catalog *c = s->c;
	int r = s->l->blobs < 0 ? 0 : list_folder(s->l, c, e);
	size_t n = 0;

	if (r < 0)
		return r;
	if (s->l->n_held > LW_MAX_ENTRIES - c->n_blobs)
		return lw_fail(e, LW_E_LIMIT, "more than %zu blobs", LW_MAX_ENTRIES);
	for (size_t i = 0; i < s->l->n_held; i++)
		(void)add_blob(c, &s->l->held[i].digest);
	if (c->n_blobs)
		lw_sort(c->blobs, c->n_blobs, sizeof(*c->blobs), compare_blobs);
	for (size_t i = 0; i < c->n_blobs; i++)
		if (n == 0 || compare_blobs(&c->blobs[n - 1], &c->blobs[i]) != 0)
			c->blobs[n++] = c->blobs[i];
		else /* a file, and held: that one is taken */
			c->blobs[n - 1].irregular = false;
	c->n_present = c->n_blobs = n;
	return 0;
}

static uint32_t find_present(const struct lw_catalog *c, const struct lw_digest *d)
{
	struct lw_catalog_blob key = { .digest = *d };
	const struct lw_catalog_blob *b =
		c->n_present ? bsearch(&key, c->blobs, c->n_present, sizeof(key), compare_blobs)
			     : NULL;

	return b ? (uint32_t)(b - c->blobs) : LW_CATALOG_NONE;
}

/* What descriptors say. */

static int fail_blob(const struct lw_catalog_blob *b, enum lw_code code, const char *what,
		     struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];

	return lw_fail(e, code, "blob %s: %s", lw_digest_text(&b->digest, text), what);
}

/* A descriptor's word about a blob: its size, and whether it is a document. All descriptors of
 * one blob must say the same. */
static int claim(struct scan *s, const struct lw_descriptor *d, const char *media,
		 uint32_t *ret_blob, struct lw_error *e)
{
	struct lw_catalog *c = s->c;
	uint32_t at = find_present(c, &d->digest);

	if (at == LW_CATALOG_NONE) {
		if (c->n_blobs >= LW_CATALOG_NONE - 1)
			return lw_fail(e, LW_E_LIMIT, "too many blobs are named");
		at = (uint32_t)c->n_blobs;
		(void)add_blob(c, &d->digest);
	}

	struct lw_catalog_blob *b = &c->blobs[at];
	if (b->claimed && b->size != d->size)
		return fail_blob(b, LW_E_CONFLICT, "two descriptors give it two sizes", e);
	if (media && b->media && b->media != media)
		return fail_blob(b, LW_E_FORMAT, "two descriptors give it two media types", e);
	if (media && !b->media && lw_catalog_is_present(c, at)) {
		s->queue =
			lw_catalog_grow(s->queue, s->n_queue, &s->cap_queue, sizeof(*s->queue));
		s->queue[s->n_queue++] = at;
	}
	if (media)
		b->media = media;
	b->claimed = true;
	b->size = d->size;
	*ret_blob = at;
	return 0;
}

/* A copy that lives as long as the catalog; most are what the last one was. */
static const char *keep(struct scan *s, const char *text, const char **last)
{
	size_t n = strlen(text);

	if (n == 0)
		return "";
	if (*last && strcmp(*last, text) == 0)
		return *last;

	char *copy = lw_arena_alloc(&s->c->strings, n + 1);
	memcpy(copy, text, n + 1);
	*last = copy;
	return copy;
}

/* An element of index.json or of another index. */
static int claim_element(struct scan *s, const struct lw_descriptor *d, uint32_t *ret_blob,
			 struct lw_error *e)
{
	int r = claim(s, d, lw_media_constant(d->media_type), ret_blob, e);

	if (r < 0)
		return r;
	/* It may be evidence about any image here; that must not go unseen. */
	if (strcmp(d->media_type, LW_MEDIA_TYPE_ARTIFACT) == 0 &&
	    lw_catalog_is_present(s->c, *ret_blob))
		return fail_blob(&s->c->blobs[*ret_blob], LW_E_UNSUPPORTED,
				 "an OCI artifact manifest (withdrawn before OCI 1.1)", e);
	return 0;
}

static int add_child(struct scan *s, const struct lw_descriptor *d, struct lw_error *e)
{
	struct lw_catalog *c = s->c;
	struct lw_catalog_child child = { .role = d->role, .platform = "" };
	int r;

	if (d->role == LW_CHILD_MANIFEST) {
		child.platform = keep(s, d->platform, &s->last_platform);
		child.media = lw_media_constant(d->media_type);
		r = claim_element(s, d, &child.blob, e);
	} else {
		r = claim(s, d, NULL, &child.blob, e);
	}
	if (r < 0)
		return r;
	if (d->role != LW_CHILD_MANIFEST)
		c->blobs[child.blob].used = true;
	c->children = lw_catalog_grow(c->children, c->n_children, &c->cap_children,
				      sizeof(*c->children));
	c->children[c->n_children++] = child;
	return 0;
}

static int add_doc(struct scan *s, uint32_t blob, const struct lw_document *d,
		   struct lw_error *e)
{
	struct lw_catalog *c = s->c;
	struct lw_catalog_doc doc = { .blob = blob, .first_child = c->n_children };

	if (c->n_docs == LW_MAX_ENTRIES)
		return lw_fail(e, LW_E_LIMIT, "more than %zu manifests in the layout",
			       LW_MAX_ENTRIES);
	doc.media = lw_media_constant(d->media_type);
	doc.artifact_type = keep(s, d->artifact_type, &s->last_artifact_type);
	for (size_t i = 0; i < d->n_children; i++) {
		if (d->children[i].role == LW_CHILD_SUBJECT) {
			doc.has_subject = true;
			doc.subject = d->children[i].digest;
			continue;
		}

		int r = add_child(s, &d->children[i], e);
		if (r < 0)
			return r;
		doc.n_children++;
	}
	c->docs = lw_catalog_grow(c->docs, c->n_docs, &c->cap_docs, sizeof(*c->docs));
	c->blobs[blob].doc = (uint32_t)c->n_docs;
	c->docs[c->n_docs++] = doc;
	return 0;
}

/* Reading documents. */

/* The whole file into s->bytes, and its digest held against its name. */
static int read_bytes(struct scan *s, int fd, uint64_t offset, uint64_t size,
		      const struct lw_digest *want, struct lw_error *e)
{
	char have_text[LW_DIGEST_TEXT];

	lw_buf_clear(&s->bytes);
	lw_buf_reserve(&s->bytes, (size_t)size);
	int r = lw_fs_pread(fd, s->bytes.p, (size_t)size, offset, e);
	if (r < 0)
		return r;
	s->bytes.n = (size_t)size;
	if (s->bytes.p)
		s->bytes.p[size] = '\0';

	struct lw_digest have = lw_digest_of(lw_buf_span(&s->bytes));
	if (!lw_digest_equal(&have, want))
		return lw_fail(e, LW_E_DIGEST, "its bytes have the digest %s",
			       lw_digest_text(&have, have_text));
	return 0;
}

/* Bytes through the reader, which may stand behind a wall and be broken. */
static int read_document(const struct lw_document_reader *reader, struct lw_span bytes,
			 const char *media, struct lw_document **ret, struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *d = NULL;
	int r = reader->read(reader->data, bytes, media, &d, e);

	if (r < 0)
		return r;
	if (!d)
		return lw_fail(e, LW_E_JAIL, "it was read as nothing");
	if (*media ? strcmp(d->media_type, media) != 0 : !lw_media_constant(d->media_type))
		return lw_fail(e, LW_E_JAIL, "it was read as something else");
	*ret = lw_steal(d);
	return 0;
}

int lw_catalog_read_untyped(const struct lw_document_reader *reader, struct lw_span bytes,
			    struct lw_document **ret, struct lw_error *e)
{
	static const char *const media[] = {
		"",
		"application/vnd.oci.image.manifest.v1+json",
		"application/vnd.oci.image.index.v1+json",
	};

	for (size_t i = 0; i < LW_COUNT_OF(media); i++) {
		struct lw_error why;
		int r = read_document(reader, bytes, media[i], ret, &why);

		if (r == 0)
			return 0;
		if (r != -LW_E_FORMAT) {
			*e = why;
			return r;
		}
	}
	return 0;
}

static int load(struct scan *s, uint32_t blob, struct lw_document **ret, struct lw_error *e)
{
	const struct lw_catalog_blob *b = &s->c->blobs[blob];
	lw_auto_fd int fd = -1;
	uint64_t offset = 0;
	char text[LW_DIGEST_TEXT];
	int r;

	if (b->size > LW_MAX_MANIFEST_BYTES)
		return fail_blob(b, LW_E_LIMIT, "larger than a manifest may be", e);
	r = lw_layout_open_blob(s->l, &b->digest, b->size, &fd, &offset, e);
	if (r < 0)
		return r; /* says which blob */
	if ((r = read_bytes(s, fd, offset, b->size, &b->digest, e)) < 0 ||
	    (r = read_document(s->l->reader, lw_buf_span(&s->bytes), b->media, ret, e)) < 0)
		(void)lw_prefix(e, "manifest %s", lw_digest_text(&b->digest, text));
	return r;
}

/* Everything that is queued, and what that points at. */
static int drain(struct scan *s, struct lw_error *e)
{
	while (s->n_queue) {
		uint32_t blob = s->queue[--s->n_queue];
		LW_AUTO(document) struct lw_document *d = NULL;

		if (s->c->blobs[blob].doc != LW_CATALOG_NONE)
			continue;

		int r = load(s, blob, &d, e);
		if (!d)
			return r;
		r = add_doc(s, blob, d, e);
		if (r < 0) {
			char text[LW_DIGEST_TEXT];

			return lw_prefix(e, "manifest %s",
					 lw_digest_text(&s->c->blobs[blob].digest, text));
		}
	}
	return 0;
}

static int scan_index(struct scan *s, struct lw_error *e)
{
	const struct lw_document *index = s->l->index;

	s->c->top = lw_alloc_array(index->n_children, sizeof(*s->c->top));
	for (size_t i = 0; i < index->n_children; i++) {
		const struct lw_descriptor *d = &index->children[i];
		uint32_t *top = &s->c->top[i];

		*top = LW_CATALOG_NONE;
		if (d->role != LW_CHILD_MANIFEST)
			continue;

		int r = claim_element(s, d, top, e);
		if (r < 0)
			return lw_prefix(e, "index.json");
		if (s->c->blobs[*top].media && !lw_catalog_is_present(s->c, *top))
			return fail_blob(&s->c->blobs[*top], LW_E_NOTFOUND,
					 "index.json names it, and it is not in the layout", e);
	}
	return drain(s, e);
}

/* Orphans. */

/* Whether a blob that nothing points at could be a manifest with a subject; then its file is in
 * s->bytes. What is no regular file could not. */
static int read_candidate(struct scan *s, const struct lw_catalog_blob *b, bool *ret_is,
			  struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	uint64_t offset = 0, size = 0;
	char first = 0;
	struct lw_error why;
	int r = lw_layout_reach(s->l, &b->digest, &fd, &offset, &size, &why);

	*ret_is = false;
	if (r == -LW_E_FORMAT || r == -LW_E_NOTFOUND)
		return 0;
	if (r == 0 && (size < 2 || size > LW_MAX_MANIFEST_BYTES))
		return 0;
	if (r == 0)
		r = lw_fs_pread(fd, &first, 1, offset, &why);
	if (r == 0 && first != '{')
		return 0;
	if (r == 0)
		r = read_bytes(s, fd, offset, size, &b->digest, &why);
	/* Damage matters only where evidence could be. */
	*ret_is = (r == 0 || r == -LW_E_DIGEST) && s->bytes.p &&
		  memmem(s->bytes.p, s->bytes.n, "\"subject\"", 9);
	if (r == 0 || (r == -LW_E_DIGEST && !*ret_is))
		return 0;
	*e = why;
	return r;
}

static int scan_orphan(struct scan *s, uint32_t blob, struct lw_error *e)
{
	struct lw_catalog_blob *b = &s->c->blobs[blob];
	LW_AUTO(document) struct lw_document *d = NULL;
	bool is = false;
	int r = read_candidate(s, b, &is, e);

	if (r < 0 || !is ||
	    (r = lw_catalog_read_untyped(s->l->reader, lw_buf_span(&s->bytes), &d, e)) < 0)
		return r;
	if (!d || !lw_document_child(d, LW_CHILD_SUBJECT))
		return 0;
	if (b->claimed && b->size != s->bytes.n)
		return lw_fail(e, LW_E_CONFLICT, "its descriptor says another size");
	b->claimed = true;
	b->size = s->bytes.n;
	b->media = lw_media_constant(d->media_type);
	r = add_doc(s, blob, d, e);
	return r < 0 ? r : drain(s, e);
}

static int scan_orphans(struct scan *s, struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];

	for (size_t i = 0; i < s->c->n_present; i++) {
		const struct lw_catalog_blob *b = &s->c->blobs[i];

		if (b->used || b->irregular || b->doc != LW_CATALOG_NONE)
			continue;

		int r = scan_orphan(s, (uint32_t)i, e);
		if (r < 0)
			return lw_prefix(e, "unlisted blob %s",
					 lw_digest_text(&s->c->blobs[i].digest, text));
	}
	return 0;
}

/* Subjects. */

static int compare_subjects(const void *a, const void *b, void *data)
{
	const struct lw_catalog *c = data;
	const struct lw_catalog_doc *x = &c->docs[*(const uint32_t *)a];
	const struct lw_catalog_doc *y = &c->docs[*(const uint32_t *)b];
	int r = lw_digest_compare(&x->subject, &y->subject);

	return r ? r : lw_digest_compare(lw_catalog_digest(c, x), lw_catalog_digest(c, y));
}

static void index_subjects(struct lw_catalog *c)
{
	for (size_t i = 0; i < c->n_docs; i++) {
		if (!c->docs[i].has_subject)
			continue;
		c->by_subject = lw_catalog_grow(c->by_subject, c->n_by_subject,
						&c->cap_by_subject, sizeof(*c->by_subject));
		c->by_subject[c->n_by_subject++] = (uint32_t)i;
	}
	if (c->n_by_subject)
		qsort_r(c->by_subject, c->n_by_subject, sizeof(*c->by_subject),
			compare_subjects, c);
}

const uint32_t *lw_catalog_referrers(const struct lw_catalog *c,
				     const struct lw_digest *subject, size_t *ret_n)
{
	size_t low = 0, high = c->n_by_subject, n = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lw_digest_compare(&c->docs[c->by_subject[middle]].subject, subject) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + n < c->n_by_subject &&
	       lw_digest_equal(&c->docs[c->by_subject[low + n]].subject, subject))
		n++;
	*ret_n = n;
	return n ? &c->by_subject[low] : NULL;
}

int lw_catalog_make(struct lw_layout *l, struct lw_error *e)
{
	if (l->catalog)
		return 0;

	struct scan s = { .l = l, .c = lw_alloc_array(1, sizeof(*s.c)) };
	int r = list_blobs(&s, e);

	if (r == 0)
		r = scan_index(&s, e);
	if (r == 0)
		r = scan_orphans(&s, e);
	free(s.queue);
	lw_buf_free(&s.bytes);
	if (r < 0) {
		lw_catalog_free(s.c);
		return r;
	}
	index_subjects(s.c);
	l->catalog = s.c;
	return 0;
}

static int size_of_file(struct lw_layout *l, const char *text, const char *what, uint64_t *ret,
			struct lw_error *e)
{
	struct stat st;

	if (fstatat(l->blobs, text + 7, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return lw_fail_errno(e, "%s %s", what, text);
	if (!S_ISREG(st.st_mode))
		return lw_fail(e, LW_E_FORMAT, "%s %s is not a regular file", what, text);
	*ret = (uint64_t)st.st_size;
	return 0;
}

int lw_catalog_check_file(struct lw_layout *l, uint32_t blob, const char *what,
			  struct lw_error *e)
{
	struct lw_catalog_blob *b = &l->catalog->blobs[blob];
	const struct lw_held *held = lw_layout_held(l, &b->digest);
	uint64_t have = held ? held->size : 0;
	char text[LW_DIGEST_TEXT];

	if (b->checked)
		return 0;
	(void)lw_digest_text(&b->digest, text);
	if (!lw_catalog_is_present(l->catalog, blob))
		return lw_fail(e, LW_E_NOTFOUND, "%s %s is not in the layout", what, text);

	int r = held ? 0 : size_of_file(l, text, what, &have, e);
	if (r < 0)
		return r;
	if (have != b->size)
		return lw_fail(e, have < b->size ? LW_E_TRUNCATED : LW_E_DIGEST,
			       "%s %s: want %llu bytes, have %llu", what, text,
			       (unsigned long long)b->size, (unsigned long long)have);
	b->checked = true;
	return 0;
}
