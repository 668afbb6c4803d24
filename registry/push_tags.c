/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/push_tags.h"

#include "base/mem.h"
#include "bundle/contents.h"

#include <stdlib.h>

struct finding {
	const struct lw_state_image *image;
	const struct lw_push_item *item;
	struct lw_push_tags *tags;
	int64_t *others; /* owned: images of which all may be left */
	size_t n_others;
};

static void auto_finding(struct finding *f)
{
	free(f->others);
}

void lw_push_tags_release(struct lw_push_tags *t)
{
	free(t->earlier);
	free(t->newer);
	*t = (struct lw_push_tags){ 0 };
}

static void add(struct lw_digest **list, size_t *n, const struct lw_digest *d)
{
	*list = lw_realloc_array(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = *d;
}

static int keep_image(void *data, const struct lw_state_image *i, struct lw_error *e)
{
	struct lw_push_tags *tags = data;

	(void)e;
	add(&tags->earlier, &tags->n_earlier, &i->digest);
	return 0;
}

static int keep_blob(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	struct lw_push_tags *tags = data;

	(void)size;
	(void)e;
	add(&tags->earlier, &tags->n_earlier, d);
	return 0;
}

/* What it has of that mechanism about that subject. */
static int keep_newer(struct finding *f, const struct lw_state_image *i, struct lw_error *e)
{
	const struct lw_proven ours = { .bytes =
						lw_span_str(i->detail) }; /* of our own state */
	struct lw_image parsed = { 0 };
	int r = lw_contents_parse_image(ours, &parsed, e);

	for (size_t k = 0; k < parsed.n_evidence && r == 0; k++) {
		const struct lw_evidence *v = &parsed.evidence[k];

		if (v->mechanism == f->item->mechanism &&
		    lw_digest_equal(&v->subject, &f->item->subject))
			add(&f->tags->newer, &f->tags->n_newer, &v->digest);
	}
	lw_image_release(&parsed);
	return r;
}

static void add_other(struct finding *f, int64_t id)
{
	f->others = lw_realloc_array(f->others, f->n_others + 1, sizeof(*f->others));
	f->others[f->n_others++] = id;
}

static int keep_other(void *data, const struct lw_state_image *i, struct lw_error *e)
{
	struct finding *f = data;

	if (i->id == f->image->id)
		return 0;
	add_other(f, i->id);
	return i->record > f->image->record ? keep_newer(f, i, e) : 0;
}

static int find_evidence(struct lw_enclave *enclave, struct finding *f, struct lw_error *e)
{
	struct lw_reference name;
	int r = lw_reference_parse(lw_span_str(f->image->name), &name, e);

	add_other(f, f->image->id);
	if (r == 0)
		r = lw_state_each_served(enclave->state, name.repository, &f->item->subject,
					 keep_other, f, e);
	for (size_t i = 0; i < f->n_others && r == 0; i++)
		r = lw_state_each_image_blob(enclave->state, f->others[i], keep_blob, f->tags,
					     e);
	return r;
}

int lw_push_tags_find(struct lw_enclave *enclave, const struct lw_state_image *image,
		      const struct lw_push_item *item, struct lw_push_tags *ret,
		      struct lw_error *e)
{
	struct finding f __attribute__((
		cleanup(auto_finding))) = { .image = image, .item = item, .tags = ret };

	return item->mechanism ? find_evidence(enclave, &f, e)
			       : lw_state_each_image_named(enclave->state, image->name,
							   keep_image, ret, e);
}
