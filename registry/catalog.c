/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/catalog.h"

#include "base/mem.h"
#include "bundle/contents.h"
#include "image/index.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

/* "host:5000/app" is served as "host_5000/app". */
static char *name_of(const char *repository)
{
	char *name = lw_strdup(repository);
	char *slash = strchr(name, '/'), *colon = strchr(name, ':');

	if (colon && (!slash || colon < slash))
		*colon = '_';
	return name;
}

/* Images come in the order of their names: a repository's stand together, or nearly. */
static struct lw_served_repository *repository(struct lw_catalog *c, const char *of)
{
	lw_auto_free char *name = name_of(of);

	for (size_t i = c->n; i > 0 && i + 8 > c->n; i--)
		if (strcmp(c->list[i - 1].name, name) == 0)
			return &c->list[i - 1];
	c->list = lw_realloc_array(c->list, c->n + 1, sizeof(*c->list));
	c->list[c->n] = (struct lw_served_repository){ .name = lw_steal(name) };
	return &c->list[c->n++];
}

static struct lw_served *add(struct lw_served_repository *r, const char *tag,
			     const struct lw_digest *digest, uint64_t size, uint64_t record,
			     const char *media_type, const char *artifact_type)
{
	r->list = lw_realloc_array(r->list, r->n + 1, sizeof(*r->list));
	r->list[r->n] = (struct lw_served){
		.tag = lw_strdup(tag),
		.digest = *digest,
		.size = size,
		.record = record,
		.media_type = lw_strdup(media_type),
		.artifact_type = lw_strdup(artifact_type),
	};
	return &r->list[r->n++];
}

static void add_evidence(struct lw_served_repository *r, const struct lw_image *image,
			 const struct lw_state_image *row)
{
	for (size_t i = 0; i < image->n_evidence; i++) {
		const struct lw_evidence *v = &image->evidence[i];
		lw_auto_free char *name = lw_index_evidence_name(image->name.repository,
								 v->mechanism, &v->subject);
		const char *tag = !row->superseded && *name ? strrchr(name, ':') + 1 : "";
		struct lw_served *s = add(r, tag, &v->digest, v->size, row->record,
					  v->media_type, v->artifact_type);

		s->subject = v->subject;
		s->is_referrer = v->mechanism == LW_MECHANISM_REFERRERS;
	}
}

static int add_image(void *data, const struct lw_state_image *row, struct lw_error *e)
{
	struct lw_catalog *c = data;
	struct lw_proven ours = { .bytes = lw_span_str(row->detail) }; /* of our own state */
	struct lw_image image = { 0 };
	struct lw_served_repository *r;
	int rc;

	if (row->pending)
		return 0;
	rc = lw_contents_parse_image(ours, &image, e);
	if (rc == 0) {
		r = repository(c, image.name.repository);
		r->images = lw_realloc_array(r->images, r->n_images + 1, sizeof(*r->images));
		r->images[r->n_images++] = row->id;
		(void)add(r, row->superseded ? "" : image.name.tag, &row->digest, row->size,
			  row->record, row->media_type, "");
		add_evidence(r, &image, row);
	}
	lw_image_release(&image);
	return rc < 0 ? lw_fail(e, LW_E_STATE, "state.db: image %s", row->name) : 0;
}

/* ---- order ---- */

static int compare_repositories(const void *a, const void *b)
{
	return strcmp(((const struct lw_served_repository *)a)->name,
		      ((const struct lw_served_repository *)b)->name);
}

static int compare_served(const void *a, const void *b)
{
	const struct lw_served *x = a, *y = b;

	if (!*x->tag != !*y->tag)
		return *x->tag ? -1 : 1;
	return *x->tag ? strcmp(x->tag, y->tag) : lw_digest_compare(&x->digest, &y->digest);
}

static void free_served(struct lw_served *s)
{
	free(s->tag);
	free(s->media_type);
	free(s->artifact_type);
}

static int compare_by_age(const void *a, const void *b)
{
	const struct lw_served *x = a, *y = b;
	int order = compare_served(a, b);

	return order ? order : x->record < y->record ? 1 : x->record > y->record ? -1 : 0;
}

/* A tag means one thing: of evidence that two images bring under it, what was accepted last, as
 * in the store's index (custody/listing.h). */
static void settle(struct lw_served_repository *r)
{
	size_t n = 0;

	lw_sort(r->list, r->n, sizeof(*r->list), compare_by_age);
	for (size_t i = 0; i < r->n; i++) {
		if (n > 0 && compare_served(&r->list[n - 1], &r->list[i]) == 0) {
			free_served(&r->list[i]);
			continue;
		}
		r->list[n++] = r->list[i];
		r->n_tags += *r->list[n - 1].tag != '\0';
	}
	r->n = n;
}

/* What was not found among the last few may stand twice. */
static void join(struct lw_catalog *c)
{
	size_t n = 0;

	lw_sort(c->list, c->n, sizeof(*c->list), compare_repositories);
	for (size_t i = 0; i < c->n; i++) {
		struct lw_served_repository *from = &c->list[i], *to;

		if (n == 0 || strcmp(c->list[n - 1].name, from->name) != 0) {
			c->list[n++] = *from;
			continue;
		}
		to = &c->list[n - 1];
		to->list = lw_realloc_array(to->list, to->n + from->n, sizeof(*to->list));
		memcpy(to->list + to->n, from->list, from->n * sizeof(*to->list));
		to->n += from->n;
		to->images = lw_realloc_array(to->images, to->n_images + from->n_images,
					      sizeof(*to->images));
		memcpy(to->images + to->n_images, from->images,
		       from->n_images * sizeof(*to->images));
		to->n_images += from->n_images;
		free(from->name);
		free(from->list);
		free(from->images);
	}
	c->n = n;
}

int lw_catalog_read(struct lw_state *s, struct lw_catalog *ret, struct lw_error *e)
{
	int r = lw_state_each_image(s, add_image, ret, e);

	join(ret);
	for (size_t i = 0; i < ret->n; i++)
		settle(&ret->list[i]);
	return r;
}

void lw_catalog_release(struct lw_catalog *c)
{
	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->list[i].n; k++)
			free_served(&c->list[i].list[k]);
		free(c->list[i].name);
		free(c->list[i].list);
		free(c->list[i].images);
	}
	free(c->list);
	*c = (struct lw_catalog){ 0 };
}

/* ---- looking up ---- */

static int compare_name(const void *name, const void *repository)
{
	return strcmp(name, ((const struct lw_served_repository *)repository)->name);
}

const struct lw_served_repository *lw_catalog_find(const struct lw_catalog *c, const char *name)
{
	return c->n ? bsearch(name, c->list, c->n, sizeof(*c->list), compare_name) : NULL;
}

static int compare_tag(const void *tag, const void *served)
{
	return strcmp(tag, ((const struct lw_served *)served)->tag);
}

const struct lw_served *lw_served_tag(const struct lw_served_repository *r, const char *tag)
{
	return r->n_tags && *tag
		       ? bsearch(tag, r->list, r->n_tags, sizeof(*r->list), compare_tag)
		       : NULL;
}

const struct lw_served *lw_served_digest(const struct lw_served_repository *r,
					 const struct lw_digest *d)
{
	for (size_t i = 0; i < r->n; i++)
		if (lw_digest_equal(&r->list[i].digest, d))
			return &r->list[i];
	return NULL;
}
