/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/held.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void lw_held_add(struct lw_held *h, const struct lw_digest *d, uint64_t size)
{
	if (h->n == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 1024;
		h->list = lw_realloc_array(h->list, h->cap, sizeof(*h->list));
	}
	h->list[h->n++] = (struct lw_held_blob){ .digest = *d, .size = size };
}

void lw_held_release(struct lw_held *h)
{
	free(lw_steal(h->list));
	*h = (struct lw_held){ 0 };
}

int lw_held_compare(const void *a, const void *b)
{
	const struct lw_held_blob *x = a, *y = b;

	return lw_entry_compare(&x->digest, x->size, &y->digest, y->size);
}

static int compare_digests(const void *a, const void *b)
{
	return lw_digest_compare(a, b);
}

static bool is_in_order(const struct lw_held *h)
{
	size_t i = 1;

	while (i < h->n && lw_held_compare(&h->list[i - 1], &h->list[i]) <= 0)
		i++;
	return i >= h->n;
}

void lw_held_finish(struct lw_held *h)
{
	size_t n = 0;

	if (!is_in_order(h)) /* sorting takes room, too */
		lw_sort(h->list, h->n, sizeof(*h->list), lw_held_compare);
	for (size_t i = 0; i < h->n; i++)
		if (n == 0 || lw_held_compare(&h->list[n - 1], &h->list[i]) != 0)
			h->list[n++] = h->list[i];
	h->n = n;
	lw_sort(h->since, h->n_since, sizeof(*h->since), compare_digests);
	n = 0;
	for (size_t i = 0; i < h->n_since; i++)
		if (n == 0 || !lw_digest_equal(&h->since[n - 1], &h->since[i]))
			h->since[n++] = h->since[i];
	h->n_since = n;
}

bool lw_held_has(const struct lw_held *h, const struct lw_digest *d, uint64_t size)
{
	const struct lw_held_blob key = { .digest = *d, .size = size };

	return h->n > 0 && bsearch(&key, h->list, h->n, sizeof(key), lw_held_compare) != NULL;
}

/* ---- earlier bundles ---- */

static bool is_metadata(const struct lw_digest *sorted, size_t n, const struct lw_digest *d)
{
	return n > 0 && bsearch(d, sorted, n, sizeof(*d), compare_digests) != NULL;
}

int lw_held_add_bundle(struct lw_held *h, const struct lw_earlier *x, struct lw_error *e)
{
	const struct lw_contents *c = &x->contents;
	size_t n = 0;

	for (size_t i = 0; i < c->n_carried; i++)
		n += c->carried[i].n_files;

	lw_auto_free struct lw_digest *metadata = lw_alloc_array(n, sizeof(*metadata));

	if (h->n_since == LW_MAX_SINCE)
		return lw_fail(e, LW_E_LIMIT, "more than %zu earlier bundles", LW_MAX_SINCE);
	h->since[h->n_since++] = x->digest;
	n = 0;
	for (size_t i = 0; i < c->n_carried; i++)
		for (size_t k = 0; k < c->carried[i].n_files; k++)
			metadata[n++] = c->carried[i].files[k].digest;
	lw_sort(metadata, n, sizeof(*metadata), compare_digests);
	for (size_t i = 0; i < x->entries.n; i++)
		if (!is_metadata(metadata, n, &x->entries.list[i].digest))
			lw_held_add(h, &x->entries.list[i].digest, x->entries.list[i].size);
	return 0;
}
