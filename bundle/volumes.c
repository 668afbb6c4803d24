/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/volumes.h"

#include "bundle/format.h"

struct lw_extent lw_volumes_extent(const struct lw_entries *entries, uint64_t volume)
{
	struct lw_extent x = { .end = entries->n, .end_piece = SIZE_MAX };

	if (volume > 1) {
		x.first = entries->breaks[volume - 2].entry;
		x.first_piece = entries->breaks[volume - 2].piece;
	}
	if (volume <= entries->n_breaks) {
		const struct lw_break *next = &entries->breaks[volume - 1];

		/* A volume may end within an entry that the next one goes on with. */
		x.end = next->entry + (next->piece > 0);
		x.end_piece = next->piece > 0 ? next->piece : SIZE_MAX;
	}
	return x;
}

struct lw_extent lw_volumes_supplement(const struct lw_entries *entries)
{
	return (struct lw_extent){ .end = entries->n,
				   .end_piece = SIZE_MAX,
				   .supplement = true };
}

void lw_extent_pieces(const struct lw_entries *entries, const struct lw_extent *extent,
		      size_t i, size_t *ret_first, size_t *ret_end)
{
	size_t first, end;

	lw_entries_pieces(entries, i, &first, &end);
	*ret_end = i + 1 == extent->end && extent->end_piece < end - first
			   ? first + extent->end_piece
			   : end;
	*ret_first = i == extent->first ? first + extent->first_piece : first;
}

bool lw_extent_is_whole(const struct lw_entries *entries, const struct lw_extent *extent,
			size_t i)
{
	size_t first, end, here, here_end;

	lw_entries_pieces(entries, i, &first, &end);
	lw_extent_pieces(entries, extent, i, &here, &here_end);
	return i >= extent->first && i < extent->end && here == first && here_end == end;
}

uint64_t lw_extent_entry_bytes(const struct lw_entries *entries, const struct lw_extent *extent,
			       size_t i)
{
	uint64_t bytes = 0;
	size_t p, end;

	if (!lw_extent_has(entries, extent, i))
		return 0;
	if (!(entries->list[i].flags & LW_ENTRY_CUT))
		return lw_format_member(entries->list[i].size);
	lw_extent_pieces(entries, extent, i, &p, &end);
	for (; p < end; p++)
		bytes += lw_format_member(entries->pieces[p].size);
	return bytes;
}

uint64_t lw_extent_entry_size(const struct lw_entries *entries, const struct lw_extent *extent,
			      size_t i)
{
	uint64_t bytes = 0;
	size_t p, end;

	if (!lw_extent_has(entries, extent, i))
		return 0;
	if (!(entries->list[i].flags & LW_ENTRY_CUT))
		return entries->list[i].size;
	lw_extent_pieces(entries, extent, i, &p, &end);
	for (; p < end; p++)
		bytes += entries->pieces[p].size;
	return bytes;
}

uint64_t lw_extent_bytes(const struct lw_entries *entries, const struct lw_extent *extent)
{
	uint64_t bytes = 0;

	for (size_t i = extent->first; i < extent->end; i++)
		bytes += lw_extent_entry_bytes(entries, extent, i);
	return bytes;
}

uint64_t lw_volumes_bytes(const struct lw_entries *entries, uint64_t head_bytes)
{
	const struct lw_extent all = { .end = entries->n, .end_piece = SIZE_MAX };

	return lw_extent_bytes(entries, &all) +
	       lw_volumes_count(entries) * (head_bytes + LW_TAR_END);
}
