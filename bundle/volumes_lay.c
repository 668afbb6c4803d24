/* SPDX-License-Identifier: Apache-2.0 */
/* Where to cut: the sender's choice, of which a receiver only asks that it is told. */
#include "bundle/volumes.h"

#include "base/limits.h"
#include "base/mem.h"
#include "bundle/format.h"

/* A piece ends where a block does, so that none is padded but the last. */
#define MOST_PIECE (LW_MAX_MEMBER_BYTES / LW_TAR_BLOCK * LW_TAR_BLOCK)
/* A smaller rest of a volume is left empty rather than begun with a piece. */
#define LEAST_PIECE ((uint64_t)1 << 20)

struct layer {
	struct lw_entries *entries;
	uint64_t room, left; /* of a volume; of the one at hand */
	size_t cap_pieces, cap_breaks;
	bool any; /* something stands in the one at hand */
};

static int next_volume(struct layer *l, size_t entry, uint32_t piece, struct lw_error *e)
{
	struct lw_entries *x = l->entries;

	if (x->n_breaks + 2 > LW_MAX_VOLUMES)
		return lw_fail(e, LW_E_LIMIT, "it takes more than %llu volumes",
			       (unsigned long long)LW_MAX_VOLUMES);
	if (x->n_breaks == l->cap_breaks) {
		l->cap_breaks = l->cap_breaks * 2 + 8;
		x->breaks = lw_realloc_array(x->breaks, l->cap_breaks, sizeof(*x->breaks));
	}
	x->breaks[x->n_breaks++] =
		(struct lw_break){ .entry = (uint32_t)entry, .piece = piece };
	l->left = l->room;
	l->any = false;
	return 0;
}

static void take(struct layer *l, uint64_t size)
{
	l->left -= lw_format_member(size);
	l->any = true;
}

static int add_piece(struct layer *l, size_t entry, uint32_t number, uint64_t size,
		     struct lw_error *e)
{
	struct lw_entries *x = l->entries;

	if (number == LW_MAX_BLOB_PIECES || x->n_pieces == LW_MAX_PIECES)
		return lw_fail(e, LW_E_LIMIT, "too many pieces: want larger volumes");
	if (x->n_pieces == l->cap_pieces) {
		l->cap_pieces = l->cap_pieces * 2 + 8;
		x->pieces = lw_realloc_array(x->pieces, l->cap_pieces, sizeof(*x->pieces));
	}
	x->pieces[x->n_pieces++] =
		(struct lw_part){ .size = size, .entry = (uint32_t)entry, .number = number };
	take(l, size);
	return 0;
}

/* The most that a piece put here can hold. */
static uint64_t most_here(const struct layer *l)
{
	uint64_t most = l->left < LW_TAR_BLOCK
				? 0
				: (l->left - LW_TAR_BLOCK) / LW_TAR_BLOCK * LW_TAR_BLOCK;

	return most < MOST_PIECE ? most : MOST_PIECE;
}

static int cut(struct layer *l, size_t i, struct lw_error *e)
{
	uint64_t left = l->entries->list[i].size;
	int r = 0;

	l->entries->list[i].flags |= LW_ENTRY_CUT;
	for (uint32_t number = 0; left > 0 && r == 0; number++) {
		uint64_t here = most_here(l);

		if (l->any && here < LEAST_PIECE && here < left) {
			r = next_volume(l, i, number, e);
			here = most_here(l);
		}
		if (here > left)
			here = left;
		if (r == 0)
			r = add_piece(l, i, number, here, e);
		left -= here;
	}
	return r;
}

int lw_volumes_lay(struct lw_entries *entries, uint64_t room, struct lw_error *e)
{
	struct layer l = { .entries = entries, .room = room, .left = room };
	int r = 0;

	if (room < (uint64_t)2 * LW_TAR_BLOCK)
		return lw_fail(e, LW_E_USAGE, "no room for anything but the head");
	for (size_t i = 0; i < entries->n && r == 0; i++) {
		uint64_t size = entries->list[i].size, member = lw_format_member(size);

		if (entries->list[i].flags & LW_ENTRY_HAVE)
			continue;
		if (size > LW_MAX_MEMBER_BYTES || member > room) {
			r = cut(&l, i, e);
			continue;
		}
		if (member > l.left)
			r = next_volume(&l, i, 0, e);
		take(&l, size);
	}
	return r;
}
