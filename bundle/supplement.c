/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/supplement.h"

#include "base/mem.h"
#include "bundle/format.h"

/* Flags those that are lacking, and writes the map of all prerequisites. */
static int choose(struct lw_entries *x, const struct lw_held *lacking, struct lw_pack_head *h,
		  uint64_t *ret_chosen, struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];

	*ret_chosen = 0;
	for (size_t i = 0; i < x->n; i++) {
		const bool here = lw_held_has(lacking, &x->list[i].digest, 0);

		if (!(x->list[i].flags & LW_ENTRY_HAVE))
			continue;
		if (here && x->list[i].size > LW_MAX_MEMBER_BYTES)
			return lw_fail(e, LW_E_UNSUPPORTED,
				       "%s is larger than a supplement can bring: pack the "
				       "images anew, without it among what is there",
				       lw_digest_text(&x->list[i].digest, text));
		x->list[i].flags |= here ? LW_ENTRY_HERE : 0;
		*ret_chosen += here;
		lw_buf_addc(&h->map, here ? '1' : '0');
	}
	lw_buf_addc(&h->map, '\n');
	return 0;
}

static void take(struct lw_buf *to, struct lw_buf *from)
{
	lw_buf_free(to);
	*to = *from;
	*from = (struct lw_buf){ 0 };
}

int lw_supplement_head(struct lw_earlier *increment, const struct lw_held *lacking,
		       struct lw_packer_job *job, struct lw_pack_head *h,
		       struct lw_pack_result *result, struct lw_error *e)
{
	struct lw_extent extent;
	uint64_t chosen = 0;
	int r;

	if (increment->entries.n_have == 0)
		return lw_fail(e, LW_E_USAGE, "it is no increment: nothing of it was left out");
	*job->entries = increment->entries;
	increment->entries = (struct lw_entries){ 0 };
	r = choose(job->entries, lacking, h, &chosen, e);
	if (r < 0)
		return r;
	if (chosen != lacking->n)
		return lw_fail(e, LW_E_USAGE,
			       "of %zu digests %llu are prerequisites of this bundle",
			       lacking->n, (unsigned long long)chosen);
	take(&h->seal, &increment->seal);
	take(&h->contents, &increment->contents_bytes);
	take(&h->entries, &increment->entries_bytes);
	lw_contents_write_index(&increment->contents, &h->index);
	h->marked = true;
	result->bundle = increment->digest;
	result->volumes = 1;
	result->blobs = chosen;
	result->images = increment->contents.n_images;
	extent = lw_volumes_supplement(job->entries);
	result->bytes =
		lw_pack_head_bytes(h) + lw_extent_bytes(job->entries, &extent) + LW_TAR_END;
	return 0;
}
