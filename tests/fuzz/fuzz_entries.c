/* SPDX-License-Identifier: Apache-2.0 */

/* Entry lists: what parses is written again to the same bytes, is in strict order, adds up, and
 * every entry is found again; pieces make up their blobs; the volumes have each member once. */

#include "base/limits.h"
#include "base/mem.h"
#include "bundle/format.h"
#include "bundle/volumes.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const struct lw_entries *entries)
{
	uint64_t bytes = 0, have = 0, have_bytes = 0;

	for (size_t i = 0; i < entries->n; i++) {
		const struct lw_entry *x = &entries->list[i];

		size_t p, end;
		uint64_t in_pieces = 0;

		lw_entries_pieces(entries, i, &p, &end);
		if (x->size > LW_MAX_BLOB_BYTES ||
		    (x->flags != (p < end ? (uint64_t)LW_ENTRY_CUT : 0) &&
		     (x->flags != LW_ENTRY_HAVE || p < end)) ||
		    p + 1 == end ||
		    (x->flags == 0 && p == end && x->size > LW_MAX_MEMBER_BYTES))
			abort();
		for (unsigned number = 0; p < end; p++, number++) {
			const struct lw_part *piece = &entries->pieces[p];

			if (piece->number != number || piece->size == 0 ||
			    piece->size > LW_MAX_MEMBER_BYTES)
				abort();
			in_pieces += piece->size;
		}
		if (x->flags == LW_ENTRY_CUT && in_pieces != x->size)
			abort();
		if (i > 0 &&
		    lw_entry_compare(&x[-1].digest, x[-1].size, &x->digest, x->size) >= 0)
			abort();
		if (lw_entries_find(entries, &x->digest, x->size) != x ||
		    (lw_entries_find(entries, &x->digest, x->size + 1) &&
		     lw_entries_find(entries, &x->digest, x->size + 1)->size != x->size + 1))
			abort();
		bytes += x->size;
		have += x->flags == LW_ENTRY_HAVE;
		have_bytes += x->flags == LW_ENTRY_HAVE ? x->size : 0;
	}
	if (bytes != entries->bytes || have != entries->n_have ||
	    have_bytes != entries->have_bytes)
		abort();
}

/* One after the other they are the whole list; none is empty, but the one of a list of which
 * nothing travels. */
static void check_volumes(const struct lw_entries *entries)
{
	uint64_t bytes = 0, volumes = lw_volumes_count(entries);
	size_t at = 0, piece = 0;

	for (uint64_t v = 1; v <= volumes; v++) {
		const struct lw_extent x = lw_volumes_extent(entries, v);
		uint64_t here = lw_extent_bytes(entries, &x);

		if (x.end > entries->n || (x.first >= x.end && entries->n > 0) ||
		    (here == 0 && entries->n > entries->n_have))
			abort();
		if (x.first != (piece ? at - 1 : at) || x.first_piece != piece)
			abort();
		at = x.end;
		piece = x.end_piece == SIZE_MAX ? 0 : x.end_piece;
		bytes += here;
	}
	if (at != entries->n || piece != 0 ||
	    lw_volumes_bytes(entries, 512) != bytes + volumes * (512 + LW_TAR_END))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_entries entries = { 0 };
	struct lw_error e = { 0 };
	int r;

	lw_buf_add(&text, data, size);
	r = lw_entries_parse(lw_unproven_in_the_box(lw_buf_span(&text)), &text, &entries, &e);
	if (text.n != 0)
		abort();
	if (r < 0) {
		if (-r != (int)e.code || e.code == LW_E_INTERNAL || entries.list || entries.n ||
		    entries.pieces || entries.breaks)
			abort();
		return 0;
	}
	check_list(&entries);
	check_volumes(&entries);
	lw_entries_write(&entries, &again);
	if (!lw_span_equal(lw_span(data, size), lw_buf_span(&again)))
		abort();
	lw_entries_release(&entries);
	return 0;
}
