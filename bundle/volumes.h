/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_VOLUMES_H
#define LW_BUNDLE_VOLUMES_H

/*
 * What stands where in the volumes of a bundle (docs/format/bundle.md section 8): computed from
 * the entry list alone. A bundle in one piece is one volume.
 */

#include "bundle/entries.h"

/* The members of one volume, in stored order: the entries [first, end), of the first only the
 * pieces from first_piece on, of the last only those before end_piece. */
struct lw_extent {
	size_t first, end;
	size_t first_piece; /* 0 for an entry that is not cut */
	size_t end_piece;   /* SIZE_MAX: all of them */
	bool supplement;    /* of all entries, those that are flagged LW_ENTRY_HERE */
};

static inline uint64_t lw_volumes_count(const struct lw_entries *entries)
{
	return entries->n_breaks + 1;
}

/* volume: 1 to lw_volumes_count. */
struct lw_extent lw_volumes_extent(const struct lw_entries *entries, uint64_t volume);

/* All that the entries flagged LW_ENTRY_HERE are. */
struct lw_extent lw_volumes_supplement(const struct lw_entries *entries);

/* Whether entry i, which is in the extent, stands there: a prerequisite does in a supplement
 * that brings it, and nowhere else. The rest is of those that do; of the others it is 0. */
static inline bool lw_extent_has(const struct lw_entries *entries,
				 const struct lw_extent *extent, size_t i)
{
	const uint64_t flags = entries->list[i].flags;

	return extent->supplement ? (flags & LW_ENTRY_HERE) != 0 : (flags & LW_ENTRY_HAVE) == 0;
}

/* Of entry i, which is in the extent: its pieces there, [*ret_first, *ret_end) of
 * entries->pieces; none where it is not cut. */
void lw_extent_pieces(const struct lw_entries *entries, const struct lw_extent *extent,
		      size_t i, size_t *ret_first, size_t *ret_end);
/* Whether all of entry i stands there. */
bool lw_extent_is_whole(const struct lw_entries *entries, const struct lw_extent *extent,
			size_t i);
/* The same for the bytes of entry i in the archive: headers and padding too. */
uint64_t lw_extent_entry_bytes(const struct lw_entries *entries, const struct lw_extent *extent,
			       size_t i);
/* Its own bytes there, for progress. */
uint64_t lw_extent_entry_size(const struct lw_entries *entries, const struct lw_extent *extent,
			      size_t i);
/* In the archive, of all of them. */
uint64_t lw_extent_bytes(const struct lw_entries *entries, const struct lw_extent *extent);

/* The bytes of all volumes, each with a head of so many bytes and its closing blocks. */
uint64_t lw_volumes_bytes(const struct lw_entries *entries, uint64_t head_bytes);

/* For packing: cuts the list, whose pieces and breaks are empty, so that the members of a
 * volume take at most `room` bytes (headers and padding counted). What fits into a volume is
 * not cut; what does not is cut where a volume ends, and at the most a member can hold. The
 * pieces' digests are zeros. Prerequisites take no room. LW_E_USAGE: too small for any;
 * LW_E_LIMIT: too many volumes or pieces. */
int lw_volumes_lay(struct lw_entries *entries, uint64_t room,
		   struct lw_error *e) LW_WARN_UNUSED;

#endif
