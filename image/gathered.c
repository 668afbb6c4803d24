/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/mem.h"
#include "image/catalog.h"
#include "image/gather.h"

/* All images together: what must travel, each blob once. */

void lw_image_release(struct lw_image *image)
{
	for (size_t i = 0; i < image->n_evidence; i++) {
		free(image->evidence[i].media_type);
		free(image->evidence[i].artifact_type);
	}
	free(image->evidence);
	for (size_t i = 0; i < image->n_platforms; i++)
		free(image->platforms[i]);
	free(image->platforms);
	free(image->omitted);
	free(image->subjects);
	free(image->media_type);
	free(image->source);
}

static int compare_blobs(const void *a, const void *b)
{
	const struct lw_blob *x = a, *y = b;
	int r = lw_digest_compare(&x->digest, &y->digest);

	return r ? r : x->size < y->size ? -1 : x->size > y->size;
}

static int compare_stored(const void *a, const void *b)
{
	const struct lw_blob *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return lw_digest_compare(&x->digest, &y->digest);
}

static void drop_repeated(struct lw_gathered *g)
{
	size_t kept = 0;

	lw_sort(g->blobs, g->n_blobs, sizeof(*g->blobs), compare_blobs);
	for (size_t i = 0; i < g->n_blobs; i++)
		if (!kept || compare_blobs(&g->blobs[kept - 1], &g->blobs[i]) != 0)
			g->blobs[kept++] = g->blobs[i];
	g->n_blobs = kept;
}

/* Makes room for n blobs more. Images share most of their blobs: what is there twice goes
 * before more memory is asked for. */
static void reserve_blobs(struct lw_gathered *g, size_t n)
{
	if (g->cap_blobs - g->n_blobs >= n)
		return;
	drop_repeated(g);
	if (g->cap_blobs / 2 >= g->n_blobs + n)
		return;
	g->cap_blobs = (g->n_blobs + n) * 2;
	g->blobs = lw_realloc_array(g->blobs, g->cap_blobs, sizeof(*g->blobs));
}

int lw_gathered_add(struct lw_gathered *g, struct lw_image *image, const struct lw_blob *blobs,
		    size_t n_blobs, struct lw_error *e)
{
	if (g->n_images == LW_MAX_BUNDLE_IMAGES)
		return lw_fail(e, LW_E_LIMIT, "more than %zu images", LW_MAX_BUNDLE_IMAGES);
	if (n_blobs) {
		reserve_blobs(g, n_blobs);
		memcpy(g->blobs + g->n_blobs, blobs, n_blobs * sizeof(*g->blobs));
		g->n_blobs += n_blobs;
	}
	g->images = lw_catalog_grow(g->images, g->n_images, &g->cap_images, sizeof(*g->images));
	g->images[g->n_images++] = *image;
	*image = (struct lw_image){ 0 };
	return 0;
}

static int compare_images(const void *a, const void *b)
{
	const struct lw_image *x = a, *y = b;
	int r = strcmp(x->name.repository, y->name.repository);

	return r ? r : strcmp(x->name.tag, y->name.tag);
}

static int check_names(const struct lw_gathered *g, struct lw_error *e)
{
	char text[LW_MAX_REFERENCE + 1];

	for (size_t i = 1; i < g->n_images; i++)
		if (compare_images(&g->images[i - 1], &g->images[i]) == 0)
			return lw_fail(e, LW_E_CONFLICT, "two images are called %s",
				       lw_reference_text(&g->images[i].name, text));
	return 0;
}

static int check_blobs(const struct lw_gathered *g, struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];

	if (g->n_blobs > LW_MAX_ENTRIES)
		return lw_fail(e, LW_E_LIMIT, "%zu blobs, at most %zu fit a bundle", g->n_blobs,
			       LW_MAX_ENTRIES);
	for (size_t i = 1; i < g->n_blobs; i++)
		if (lw_digest_equal(&g->blobs[i - 1].digest, &g->blobs[i].digest))
			return lw_fail(e, LW_E_CONFLICT, "blob %s has two sizes",
				       lw_digest_text(&g->blobs[i].digest, text));
	return 0;
}

void lw_gather_blob(struct lw_gathered *g, const struct lw_digest *digest, uint64_t size)
{
	reserve_blobs(g, 1);
	g->blobs[g->n_blobs++] = (struct lw_blob){ .digest = *digest, .size = size };
}

int lw_gather_finish(struct lw_gathered *g, struct lw_error *e)
{
	int r;

	lw_sort(g->images, g->n_images, sizeof(*g->images), compare_images);
	drop_repeated(g);
	if ((r = check_names(g, e)) < 0 || (r = check_blobs(g, e)) < 0)
		return r;
	lw_sort(g->blobs, g->n_blobs, sizeof(*g->blobs), compare_stored);
	return 0;
}

void lw_gathered_free(struct lw_gathered *g)
{
	for (size_t i = 0; i < g->n_images; i++)
		lw_image_release(&g->images[i]);
	free(g->images);
	free(g->blobs);
	*g = (struct lw_gathered){ 0 };
}

int lw_evidence_compare(const struct lw_evidence *x, const struct lw_evidence *y)
{
	int r = lw_digest_compare(&x->subject, &y->subject);

	if (r)
		return r;
	if (x->mechanism != y->mechanism)
		return x->mechanism < y->mechanism ? -1 : 1;
	return lw_digest_compare(&x->digest, &y->digest);
}

const struct lw_evidence *lw_image_evidence(const struct lw_image *image,
					    const struct lw_digest *subject,
					    enum lw_mechanism mechanism, size_t *ret_n)
{
	const struct lw_evidence key = { .subject = *subject, .mechanism = mechanism };
	size_t low = 0, high = image->n_evidence, n = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lw_evidence_compare(&image->evidence[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + n < image->n_evidence && image->evidence[low + n].mechanism == mechanism &&
	       lw_digest_equal(&image->evidence[low + n].subject, subject))
		n++;
	*ret_n = n;
	return n ? &image->evidence[low] : NULL;
}
