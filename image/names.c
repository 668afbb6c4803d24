/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/catalog.h"

/* Names in index.json: org.opencontainers.image.ref.name (a tag, or a full reference: tools
 * differ) and io.containerd.image.name (a full reference). Neither need be there or be unique.
 */

bool lw_names_full(const struct lw_descriptor *d, struct lw_reference *ret)
{
	return (*d->full_name &&
		lw_reference_parse(lw_span_str(d->full_name), ret, NULL) == 0) ||
	       (*d->ref_name && lw_reference_parse(lw_span_str(d->ref_name), ret, NULL) == 0);
}

static int compare_names(const void *a, const void *b)
{
	const struct lw_layout_name *x = a, *y = b;
	int r = strcmp(x->text, y->text);

	return r ? r : x->child < y->child ? -1 : x->child > y->child;
}

/* The tag at the end of a full reference's text, "" for none. */
static const char *tag_in(const char *text)
{
	const char *slash = strrchr(text, '/');
	const char *colon = slash ? strchr(slash, ':') : NULL;

	return colon ? colon + 1 : "";
}

static void add_name(struct lw_layout *l, const char *text, size_t child, bool tag_of)
{
	if (*text)
		l->names[l->n_names++] =
			(struct lw_layout_name){ text, (uint32_t)child, tag_of };
}

void lw_names_build(struct lw_layout *l)
{
	const struct lw_document *index = l->index;

	l->names = lw_alloc_array(index->n_children * 3, sizeof(*l->names));
	for (size_t i = 0; i < index->n_children; i++) {
		const struct lw_descriptor *d = &index->children[i];
		const bool same = strcmp(d->ref_name, d->full_name) == 0;
		struct lw_reference full;

		if (d->role != LW_CHILD_MANIFEST)
			continue;
		add_name(l, d->ref_name, i, false);
		add_name(l, same ? "" : d->full_name, i, false);
		if (!lw_names_full(d, &full))
			continue;

		bool from_full =
			lw_reference_parse(lw_span_str(d->full_name), &full, NULL) == 0;
		const char *tag = tag_in(from_full ? d->full_name : d->ref_name);
		if (strcmp(tag, d->ref_name) != 0)
			add_name(l, tag, i, true);
	}
	if (l->n_names)
		lw_sort(l->names, l->n_names, sizeof(*l->names), compare_names);
}

/* All entries with this text; *ret_n 0 and NULL for none. */
static const struct lw_layout_name *range(const struct lw_layout *l, const char *text,
					  size_t *ret_n)
{
	size_t low = 0, high = l->n_names, n = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(l->names[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + n < l->n_names && strcmp(l->names[low + n].text, text) == 0)
		n++;
	*ret_n = n;
	return n ? &l->names[low] : NULL;
}

/* Whether two descriptors name the same content as the same thing. */
static bool same_content(const struct lw_descriptor *a, const struct lw_descriptor *b)
{
	return lw_digest_equal(&a->digest, &b->digest) && a->size == b->size &&
	       strcmp(a->media_type, b->media_type) == 0;
}

static int fail_two(const struct lw_descriptor *a, const struct lw_descriptor *b,
		    const char *name, struct lw_error *e)
{
	char one[LW_DIGEST_TEXT], two[LW_DIGEST_TEXT], shown[160];

	return lw_fail(e, LW_E_CONFLICT, "'%s' names two things: %s (%s) and %s (%s)",
		       lw_text_escape_str(name, shown, sizeof(shown)),
		       lw_digest_text(&a->digest, one), a->media_type,
		       lw_digest_text(&b->digest, two), b->media_type);
}

struct found {
	uint32_t *v;
	size_t n, cap;
};

/* Of the entries under `text`, those that are names of their own; `bare`: and whose descriptor
 * has no full name. */
static void collect(const struct lw_layout *l, const char *text, bool bare, struct found *f)
{
	struct lw_reference full;
	size_t n;
	const struct lw_layout_name *names = range(l, text, &n);

	for (size_t i = 0; i < n; i++) {
		const struct lw_descriptor *d = &l->index->children[names[i].child];

		if (names[i].tag_of || (bare && lw_names_full(d, &full)))
			continue;
		f->v = lw_catalog_grow(f->v, f->n, &f->cap, sizeof(*f->v));
		f->v[f->n++] = names[i].child;
	}
}

static bool is_evidence(const struct lw_layout *l, size_t child)
{
	const struct lw_catalog *c = l->catalog;
	const struct lw_descriptor *d = &l->index->children[child];
	uint32_t doc = c->blobs[c->top[child]].doc;
	struct lw_reference full;

	return lw_referrers_is_tag(d->ref_name) ||
	       (lw_names_full(d, &full) && lw_referrers_is_tag(full.tag)) ||
	       doc == LW_CATALOG_NONE || c->docs[doc].has_subject;
}

/* All images: what is neither evidence nor some blob. */
static void collect_images(const struct lw_layout *l, struct found *f)
{
	for (size_t i = 0; i < l->index->n_children; i++) {
		if (l->index->children[i].role != LW_CHILD_MANIFEST || is_evidence(l, i))
			continue;
		f->v = lw_catalog_grow(f->v, f->n, &f->cap, sizeof(*f->v));
		f->v[f->n++] = (uint32_t)i;
	}
}

/* "a, b, c and 4 more": what the user could have said. */
static void append_choice(const struct lw_layout *l, struct lw_buf *out)
{
	const size_t most = 8;
	size_t n = 0;
	const char *last = "";

	for (size_t i = 0; i < l->n_names; i++) {
		const struct lw_layout_name *name = &l->names[i];
		char shown[64];

		if (name->tag_of || strcmp(name->text, last) == 0 ||
		    lw_referrers_is_tag(name->text) || lw_referrers_is_tag(tag_in(name->text)))
			continue;
		last = name->text;
		if (n++ < most)
			lw_buf_printf(out, "%s%s", n > 1 ? ", " : "",
				      lw_text_escape_str(name->text, shown, sizeof(shown)));
	}
	if (n > most)
		lw_buf_printf(out, " and %zu more", n - most);
	if (n == 0)
		lw_buf_adds(out, "no names");
}

static int fail_choice(const struct lw_layout *l, enum lw_code code, const char *what,
		       struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf choice = { 0 };

	append_choice(l, &choice);
	return lw_fail(e, code, "%s; it has %s", what, lw_buf_str(&choice));
}

static int check_found(const struct lw_layout *l, const char *ref, const struct found *f,
		       struct lw_error *e)
{
	const struct lw_descriptor *index = l->index->children;
	char what[256], shown[160];

	if (f->n == 0) {
		(void)snprintf(what, sizeof(what), "the layout has no image%s%s%s",
			       *ref ? " '" : "", lw_text_escape_str(ref, shown, sizeof(shown)),
			       *ref ? "'" : "");
		return fail_choice(l, LW_E_NOTFOUND, what, e);
	}
	for (size_t i = 1; i < f->n; i++) {
		if (same_content(&index[f->v[0]], &index[f->v[i]]))
			continue;
		if (!*ref)
			return fail_choice(l, LW_E_CONFLICT,
					   "the layout holds several images, say which", e);
		return fail_two(&index[f->v[0]], &index[f->v[i]], ref, e);
	}
	return 0;
}

int lw_names_find(struct lw_layout *l, const char *ref, uint32_t **ret, size_t *ret_n,
		  struct lw_error *e)
{
	struct found f = { 0 };
	struct lw_reference full;

	if (!*ref) {
		collect_images(l, &f);
	} else {
		collect(l, ref, false, &f);
		if (f.n == 0 && lw_reference_parse(lw_span_str(ref), &full, NULL) == 0 &&
		    *full.tag)
			collect(l, full.tag, true, &f);
	}

	int r = check_found(l, ref, &f, e);
	if (r < 0) {
		free(f.v);
		return r;
	}
	*ret = f.v;
	*ret_n = f.n;
	return 0;
}

int lw_names_choose(const struct lw_layout *l, const char *ref, const uint32_t *found, size_t n,
		    struct lw_reference *ret, struct lw_error *e)
{
	struct lw_reference name, other;
	char one[LW_MAX_REFERENCE + 1], two[LW_MAX_REFERENCE + 1];
	bool have = false;

	if (lw_reference_parse(lw_span_str(ref), &name, NULL) == 0) {
		*ret = name; /* said in full, and found under it */
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (!lw_names_full(&l->index->children[found[i]], &other))
			continue;
		if (have && (strcmp(name.repository, other.repository) != 0 ||
			     strcmp(name.tag, other.tag) != 0))
			return lw_fail(e, LW_E_CONFLICT,
				       "the image has several full names, %s and %s: say one "
				       "(NAME=SOURCE)",
				       lw_reference_text(&name, one),
				       lw_reference_text(&other, two));
		name = other;
		have = true;
	}
	if (!have)
		return lw_fail(e, LW_E_USAGE,
			       "the image has no full name (host/path:tag) in its layout: give "
			       "it one (NAME=SOURCE)");
	*ret = name;
	return 0;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int lw_names_tag(const struct lw_layout *l, const char *tag, char *const *repositories,
		 size_t n_repositories, uint32_t *ret, struct lw_error *e)
{
	const struct lw_descriptor *index = l->index->children;
	struct lw_reference full;
	uint32_t found = LW_CATALOG_NONE;
	size_t n;
	const struct lw_layout_name *names = range(l, tag, &n);

	for (size_t i = 0; i < n; i++) {
		uint32_t child = names[i].child;
		const char *repository = full.repository;

		if (lw_names_full(&index[child], &full) &&
		    !bsearch(&repository, repositories, n_repositories, sizeof(repository),
			     compare_strings))
			continue; /* another repository's */
		if (found != LW_CATALOG_NONE && !same_content(&index[found], &index[child]))
			return fail_two(&index[found], &index[child], tag, e);
		if (found == LW_CATALOG_NONE)
			found = child;
	}
	*ret = found;
	return 0;
}
