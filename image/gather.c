/* SPDX-License-Identifier: Apache-2.0 */
#include "image/gather.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/catalog.h"
#include "image/document.h"

/* One image on its way out of a layout. Nothing reaches the caller before all went well. */
struct walk {
	struct lw_layout *l;
	struct lw_catalog *c;
	const struct lw_gather_options *options;
	bool *option_met; /* one for each of the options' platforms */
	struct lw_image image;
	size_t cap_subjects, cap_platforms, cap_evidence;
	uint32_t *omitted; /* blobs */
	size_t n_omitted, cap_omitted;
	struct lw_blob *blobs;
	size_t n_blobs, cap_blobs;
	struct pending {
		uint32_t doc;
		unsigned level; /* 0: the image; 1: its evidence; 2: the evidence's evidence */
	} * queue;		/* documents whose referrers are to be looked for */
	size_t n_queue, cap_queue;
	char **repositories; /* owned, sorted: where tags count */
	size_t n_repositories;
	struct lw_referrers found;
};

static void free_strings(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

static void release_walk(struct walk *w)
{
	lw_image_release(&w->image);
	free_strings(w->repositories, w->n_repositories);
	free(w->option_met);
	free(w->omitted);
	free(w->blobs);
	free(w->queue);
	free(w->found.v);
}

/* Taking blobs. */

static int take_blob(struct walk *w, uint32_t at, const char *what, struct lw_error *e)
{
	if (w->c->blobs[at].stamp == w->c->stamp)
		return 0;

	int r = lw_catalog_check_file(w->l, at, what, e);
	if (r < 0)
		return r;
	w->c->blobs[at].stamp = w->c->stamp;
	w->blobs = lw_catalog_grow(w->blobs, w->n_blobs, &w->cap_blobs, sizeof(*w->blobs));
	w->blobs[w->n_blobs++] =
		(struct lw_blob){ w->c->blobs[at].digest, w->c->blobs[at].size };
	return 0;
}

static int take_parts(struct walk *w, const struct lw_catalog_doc *doc, struct lw_error *e)
{
	for (size_t i = 0; i < doc->n_children; i++) {
		const struct lw_catalog_child *child = &w->c->children[doc->first_child + i];
		int r;

		if (child->role == LW_CHILD_MANIFEST)
			continue;
		r = take_blob(w, child->blob,
			      child->role == LW_CHILD_CONFIG ? "config" : "layer", e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The document itself and what it is made of, but no other documents. False in *ret_new if the
 * walk has been here. */
static int take_doc(struct walk *w, uint32_t at, unsigned level, unsigned depth, bool *ret_new,
		    struct lw_error *e)
{
	struct lw_catalog_doc *doc = &w->c->docs[at];
	char text[LW_DIGEST_TEXT];

	*ret_new = doc->stamp != w->c->stamp;
	if (!*ret_new)
		return 0;
	if (depth > LW_MAX_IMAGE_DEPTH || level > LW_MAX_IMAGE_DEPTH)
		return lw_fail(e, LW_E_LIMIT, "%s: %s are nested more than %d deep",
			       lw_digest_text(lw_catalog_digest(w->c, doc), text),
			       depth > LW_MAX_IMAGE_DEPTH ? "indexes" : "referrers",
			       LW_MAX_IMAGE_DEPTH);
	doc->stamp = w->c->stamp;
	w->queue = lw_catalog_grow(w->queue, w->n_queue, &w->cap_queue, sizeof(*w->queue));
	w->queue[w->n_queue++] = (struct pending){ at, level };

	int r = take_blob(w, doc->blob, "manifest", e);
	return r < 0 ? r : take_parts(w, doc, e);
}

/* The document behind an index's element; LW_CATALOG_NONE when the element is some other blob,
 * which is then taken as it is. */
static int element_doc(struct walk *w, const struct lw_catalog_child *child, uint32_t *ret,
		       struct lw_error *e)
{
	*ret = LW_CATALOG_NONE;
	if (!child->media)
		return take_blob(w, child->blob, "index element", e);

	int r = lw_catalog_check_file(w->l, child->blob, "manifest", e);
	if (r == 0)
		*ret = w->c->blobs[child->blob].doc;
	return r;
}

/* The image. */

static bool has_platform(const struct lw_catalog_child *child)
{
	return *child->platform && strcmp(child->platform, "unknown/unknown") != 0;
}

/* "linux/arm" asks for all its variants, "linux/arm/v7" for one. */
static bool platform_matches(const char *wanted, const char *have)
{
	size_t n = strlen(wanted);

	return strncmp(wanted, have, n) == 0 && (have[n] == '\0' || have[n] == '/');
}

/* What says no platform belongs to all: attestations about the other children, mostly. */
static bool is_wanted(struct walk *w, const struct lw_catalog_child *child)
{
	const struct lw_gather_options *o = w->options;
	bool wanted = false;

	if (!o || !o->platforms || !has_platform(child))
		return true;
	for (size_t i = 0; i < o->n_platforms; i++)
		if (platform_matches(o->platforms[i], child->platform))
			wanted = w->option_met[i] = true;
	return wanted;
}

static void add_platform(struct walk *w, const char *platform)
{
	struct lw_image *image = &w->image;

	image->platforms = lw_catalog_grow(image->platforms, image->n_platforms,
					   &w->cap_platforms, sizeof(*image->platforms));
	image->platforms[image->n_platforms++] = lw_strdup(platform);
}

static int take_image(struct walk *w, uint32_t at, unsigned depth, struct lw_error *e)
{
	const struct lw_catalog_doc *doc = &w->c->docs[at];
	bool new;
	int r = take_doc(w, at, 0, depth, &new, e);

	if (r < 0 || !new)
		return r;
	w->image.subjects = lw_catalog_grow(w->image.subjects, w->image.n_subjects,
					    &w->cap_subjects, sizeof(*w->image.subjects));
	w->image.subjects[w->image.n_subjects++] = *lw_catalog_digest(w->c, doc);

	for (size_t i = 0; i < doc->n_children; i++) {
		const struct lw_catalog_child *child = &w->c->children[doc->first_child + i];
		uint32_t next;

		if (child->role != LW_CHILD_MANIFEST)
			continue;
		if (!is_wanted(w, child)) {
			w->omitted = lw_catalog_grow(w->omitted, w->n_omitted, &w->cap_omitted,
						     sizeof(*w->omitted));
			w->omitted[w->n_omitted++] = child->blob;
			continue;
		}
		if (has_platform(child))
			add_platform(w, child->platform);
		r = element_doc(w, child, &next, e);
		if (r == 0 && next != LW_CATALOG_NONE)
			r = take_image(w, next, depth + 1, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Every platform that was asked for is there; a plain manifest has none to choose from. */
static int check_platforms(const struct walk *w, struct lw_error *e)
{
	const struct lw_gather_options *o = w->options;
	char shown[96];

	if (!o || !o->platforms || lw_media_kind(w->image.media_type) != LW_MEDIA_INDEX)
		return 0;
	for (size_t i = 0; i < o->n_platforms; i++)
		if (!w->option_met[i])
			return lw_fail(
				e, LW_E_NOTFOUND, "the index has no platform '%s'",
				lw_text_escape_str(o->platforms[i], shown, sizeof(shown)));
	return 0;
}

/* Evidence. */

static void add_evidence(struct walk *w, const struct lw_digest *subject,
			 const struct lw_referrer *r)
{
	const struct lw_catalog_doc *doc = &w->c->docs[r->doc];
	struct lw_image *image = &w->image;

	image->evidence = lw_catalog_grow(image->evidence, image->n_evidence, &w->cap_evidence,
					  sizeof(*image->evidence));
	image->evidence[image->n_evidence++] = (struct lw_evidence){
		.subject = *subject,
		.mechanism = r->mechanism,
		.digest = *lw_catalog_digest(w->c, doc),
		.size = w->c->blobs[doc->blob].size,
		.media_type = lw_strdup(doc->media),
		.artifact_type = lw_strdup(doc->artifact_type),
	};
}

static int take_evidence(struct walk *w, const struct lw_digest *subject,
			 const struct lw_referrer *r, unsigned level, unsigned depth,
			 struct lw_error *e);

/* The manifests of an attached index are evidence too, each with a row of its own: so every
 * manifest that travels is named in contents. */
static int take_evidence_children(struct walk *w, const struct lw_digest *subject,
				  const struct lw_referrer *parent, unsigned level,
				  unsigned depth, struct lw_error *e)
{
	const struct lw_catalog_doc *doc = &w->c->docs[parent->doc];

	for (size_t i = 0; i < doc->n_children; i++) {
		const struct lw_catalog_child *child = &w->c->children[doc->first_child + i];
		struct lw_referrer row = { .mechanism = parent->mechanism };
		int r;

		if (child->role != LW_CHILD_MANIFEST)
			continue;
		r = element_doc(w, child, &row.doc, e);
		if (r == 0 && row.doc != LW_CATALOG_NONE)
			r = take_evidence(w, subject, &row, level, depth + 1, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_evidence(struct walk *w, const struct lw_digest *subject,
			 const struct lw_referrer *row, unsigned level, unsigned depth,
			 struct lw_error *e)
{
	const struct lw_catalog_doc *doc = &w->c->docs[row->doc];
	bool new;
	int r = take_doc(w, row->doc, level, depth, &new, e);

	if (r < 0)
		return r;
	if (depth == 0)
		add_evidence(w, subject, row);
	else if (new)
		add_evidence(w, doc->has_subject ? &doc->subject : subject, row);
	return new ? take_evidence_children(w, subject, row, level, depth, e) : 0;
}

/* Everything about one document. */
static int look_up(struct walk *w, struct pending p, struct lw_error *e)
{
	const struct lw_digest *subject = lw_catalog_digest(w->c, &w->c->docs[p.doc]);
	char text[LW_DIGEST_TEXT];
	int r;

	w->found.n = 0;
	r = lw_referrers_find(w->l, subject, w->repositories, w->n_repositories, &w->found, e);
	for (size_t i = 0; r == 0 && i < w->found.n; i++) {
		struct lw_referrer row = w->found.v[i];

		r = take_evidence(w, subject, &row, p.level + 1, 0, e);
	}
	return r < 0 ? lw_prefix(e, "evidence about %s", lw_digest_text(subject, text)) : 0;
}

static int take_all_evidence(struct walk *w, struct lw_error *e)
{
	/* The queue grows while it is read: evidence is a subject too. */
	for (size_t i = 0; i < w->n_queue; i++) {
		int r = look_up(w, w->queue[i], e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Putting it together. */

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_digests(const void *a, const void *b)
{
	return lw_digest_compare(a, b);
}

static int compare_evidence(const void *a, const void *b)
{
	return lw_evidence_compare(a, b);
}

/* Sorted, each once. */
static size_t sort_strings(char **v, size_t n)
{
	size_t kept = 0;

	lw_sort(v, n, sizeof(*v), compare_strings);
	for (size_t i = 0; i < n; i++) {
		if (kept && strcmp(v[kept - 1], v[i]) == 0)
			free(v[i]);
		else
			v[kept++] = v[i];
	}
	return kept;
}

static void finish_omitted(struct walk *w)
{
	struct lw_image *image = &w->image;
	size_t kept = 0;

	image->omitted = lw_alloc_array(w->n_omitted, sizeof(*image->omitted));
	for (size_t i = 0; i < w->n_omitted; i++) {
		const struct lw_digest *d = &w->c->blobs[w->omitted[i]].digest;

		/* Left out here, it may be part of the image by another way; that it travels as
		 * somebody's evidence does not make it one. */
		if (image->n_subjects == 0 || !bsearch(d, image->subjects, image->n_subjects,
						       sizeof(*d), compare_digests))
			image->omitted[image->n_omitted++] = *d;
	}
	lw_sort(image->omitted, image->n_omitted, sizeof(*image->omitted), compare_digests);
	for (size_t i = 0; i < image->n_omitted; i++)
		if (!kept || !lw_digest_equal(&image->omitted[kept - 1], &image->omitted[i]))
			image->omitted[kept++] = image->omitted[i];
	image->n_omitted = kept;
}

/* A manifest that was found on its own and inside an attached index stands once. */
static void unique_evidence(struct lw_image *image)
{
	size_t n = 0;

	for (size_t i = 0; i < image->n_evidence; i++) {
		struct lw_evidence *ev = &image->evidence[i];

		if (n > 0 && lw_evidence_compare(&image->evidence[n - 1], ev) == 0) {
			free(ev->media_type);
			free(ev->artifact_type);
		} else {
			image->evidence[n++] = *ev;
		}
	}
	image->n_evidence = n;
}

static void finish_image(struct walk *w)
{
	struct lw_image *image = &w->image;

	image->n_platforms = sort_strings(image->platforms, image->n_platforms);
	lw_sort(image->subjects, image->n_subjects, sizeof(*image->subjects), compare_digests);
	lw_sort(image->evidence, image->n_evidence, sizeof(*image->evidence), compare_evidence);
	unique_evidence(image);
	finish_omitted(w);
}

/* The repositories whose tags count: the image's name, and those it has in its layout. */
static void set_repositories(struct walk *w, const uint32_t *found, size_t n)
{
	struct lw_reference full;

	w->repositories = lw_alloc_array(n + 1, sizeof(*w->repositories));
	w->repositories[w->n_repositories++] = lw_strdup(w->image.name.repository);
	for (size_t i = 0; i < n; i++)
		if (lw_names_full(&w->l->index->children[found[i]], &full))
			w->repositories[w->n_repositories++] = lw_strdup(full.repository);
	w->n_repositories = sort_strings(w->repositories, w->n_repositories);
}

/* Finds the image and fills in what its descriptor says. */
static int identify(struct walk *w, const char *ref, const struct lw_reference *name,
		    uint32_t *ret_doc, struct lw_error *e)
{
	lw_auto_free uint32_t *found = NULL;
	size_t n = 0;
	int r = lw_names_find(w->l, ref, &found, &n, e);

	if (r < 0)
		return r;

	const struct lw_descriptor *d = &w->l->index->children[found[0]];
	const uint32_t doc = w->c->blobs[w->c->top[found[0]]].doc;
	char shown[96];

	if (doc == LW_CATALOG_NONE || !lw_media_constant(d->media_type))
		return lw_fail(e, LW_E_UNSUPPORTED, "media type '%s' is no manifest or index",
			       lw_text_escape_str(d->media_type, shown, sizeof(shown)));
	if (name)
		w->image.name = *name;
	else if ((r = lw_names_choose(w->l, ref, found, n, &w->image.name, e)) < 0)
		return r;
	w->image.digest = d->digest;
	w->image.made = w->l->kind == LW_SOURCE_DOCKER_ARCHIVE;
	w->image.size = d->size;
	w->image.media_type = lw_strdup(d->media_type);
	w->image.source = lw_asprintf("%s:%s%s%s", lw_source_kind_name(w->l->kind), w->l->path,
				      *ref ? ":" : "", ref);
	if (!lw_text_is_utf8(lw_span_str(w->image.source))) /* contents name it */
		return lw_fail(e, LW_E_USAGE, "the source's name is not UTF-8");
	set_repositories(w, found, n);
	*ret_doc = doc;
	return 0;
}

static int walk_image(struct walk *w, const char *ref, const struct lw_reference *name,
		      struct lw_error *e)
{
	uint32_t doc = LW_CATALOG_NONE;
	int r = identify(w, ref, name, &doc, e);

	if (r < 0 || (r = take_image(w, doc, 0, e)) < 0 || (r = check_platforms(w, e)) < 0)
		return r;
	return take_all_evidence(w, e);
}

static int check_options(const struct lw_gather_options *o, struct lw_error *e)
{
	char shown[96];

	for (size_t i = 0; o && o->platforms && i < o->n_platforms; i++)
		if (!lw_document_is_platform(lw_span_str(o->platforms[i])))
			return lw_fail(
				e, LW_E_USAGE, "platform '%s': want OS/ARCHITECTURE[/VARIANT]",
				lw_text_escape_str(o->platforms[i], shown, sizeof(shown)));
	return 0;
}

int lw_gather_image(struct lw_layout *layout, const char *ref, const struct lw_reference *name,
		    const struct lw_gather_options *options, struct lw_gathered *g,
		    struct lw_error *e)
{
	char shown[200], shown_ref[160];
	int r = check_options(options, e);

	if (r < 0)
		return r;
	r = lw_catalog_make(layout, e);
	if (r == 0) {
		struct walk w = { .l = layout, .c = layout->catalog, .options = options };

		w.c->stamp++;
		w.option_met = lw_alloc_array(options ? options->n_platforms : 0,
					      sizeof(*w.option_met));
		r = walk_image(&w, ref, name, e);
		if (r == 0) {
			finish_image(&w);
			r = lw_gathered_add(g, &w.image, w.blobs, w.n_blobs, e);
		}
		release_walk(&w);
	}
	return r == 0 ? 0
		      : lw_prefix(e, "%s:%s%s%s", lw_source_kind_name(layout->kind),
				  lw_text_escape_str(layout->path, shown, sizeof(shown)),
				  *ref ? ":" : "",
				  lw_text_escape_str(ref, shown_ref, sizeof(shown_ref)));
}
