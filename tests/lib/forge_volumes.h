/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_LIB_FORGE_VOLUMES_H
#define LW_TESTS_LIB_FORGE_VOLUMES_H

/*
 * A bundle in three volumes as a hostile sender would make them, with good signatures. The two
 * largest blobs are cut, each into a first piece of 300 bytes and the rest:
 *
 *	1: the small blobs, A's first piece
 *	2: A's rest, B's first piece
 *	3: B's rest
 *
 * "one" and "one-swapped-listed" are one volume with the same pieces.
 */

#include "bundle/volumes.h"
#include "tests/lib/forge.h"

#define FORGE_FIRST 300 /* bytes */

struct forge_volumes {
	struct lw_entries entries;
	const char *how;
};

static inline bool forge_how(const struct forge_volumes *v, const char *how)
{
	return strcmp(v->how, how) == 0;
}

static inline bool forge_is_one(const struct forge_volumes *v)
{
	return strncmp(v->how, "one", 3) == 0;
}

/* The bytes that stand as piece `number` of blob i. */
static inline struct lw_span forge_piece(const struct forge *f, const struct forge_volumes *v,
					 size_t i, unsigned number)
{
	bool swapped = strstr(v->how, "swapped") != NULL;
	size_t from = number == 0 && swapped ? 2 * f->n_blobs - 3 - i : i;
	struct lw_span b = lw_buf_span(&f->blobs[from].bytes);

	return number == 0 ? lw_span(b.p, FORGE_FIRST)
			   : lw_span(b.p + FORGE_FIRST, b.n - FORGE_FIRST);
}

static inline void forge_cut(const struct forge *f, struct forge_volumes *v)
{
	struct lw_entries *x = &v->entries;
	const size_t a = f->n_blobs - 2;

	x->list = lw_alloc_array(f->n_blobs, sizeof(*x->list));
	x->n = f->n_blobs;
	x->pieces = lw_alloc_array(4, sizeof(*x->pieces));
	x->breaks = lw_alloc_array(2, sizeof(*x->breaks));
	for (size_t i = 0; i < x->n; i++)
		x->list[i] = (struct lw_entry){ .digest = f->blobs[i].digest,
						.size = f->blobs[i].bytes.n,
						.flags = i < a ? 0 : LW_ENTRY_CUT };
	for (size_t i = a; i < x->n; i++)
		for (unsigned number = 0; number < 2; number++) {
			struct lw_span listed = lw_buf_span(&f->blobs[i].bytes);

			listed =
				number ? lw_span(listed.p + FORGE_FIRST, listed.n - FORGE_FIRST)
				       : lw_span(listed.p, FORGE_FIRST);
			if (strstr(v->how, "swapped-listed"))
				listed = forge_piece(f, v, i, number);
			x->pieces[x->n_pieces++] =
				(struct lw_part){ lw_digest_of(listed), listed.n, (uint32_t)i,
						  number, 0 };
		}
	if (forge_is_one(v))
		return;
	x->breaks[x->n_breaks++] = (struct lw_break){ (uint32_t)a, 1 };
	x->breaks[x->n_breaks++] = (struct lw_break){ (uint32_t)a + 1, 1 };
}

static inline void forge_volume(const struct forge *f, const struct forge_volumes *v,
				uint64_t volume, struct lw_buf *out)
{
	const struct lw_extent x = lw_volumes_extent(&v->entries, volume);
	char name[LW_NAME_MAX], mark[LW_VOLUME_MARK + 1];

	lw_format_volume_mark(volume, lw_volumes_count(&v->entries), mark);
	forge_put_lists(f, out);
	if (!forge_how(v, "no-marks") && !forge_is_one(v))
		forge_put(out, LW_NAME_VOLUME, lw_span_str(mark));
	for (size_t i = x.first; i < x.end; i++) {
		const struct lw_digest *d = &v->entries.list[i].digest;
		size_t p, end;

		lw_extent_pieces(&v->entries, &x, i, &p, &end);
		if (!(v->entries.list[i].flags & LW_ENTRY_CUT))
			forge_put(out, lw_format_blob_name(d, name),
				  lw_buf_span(&f->blobs[i].bytes));
		for (; p < end; p++)
			forge_put(out,
				  lw_format_piece_name(d, v->entries.pieces[p].number, name),
				  forge_piece(f, v, i, v->entries.pieces[p].number));
	}
	lw_buf_fill(out, 0, LW_TAR_END);
}

/* The lists, the statement and the seal; then each volume with forge_volume. */
static inline void forge_volumes(struct forge *f, struct forge_volumes *v)
{
	uint64_t head;

	qsort(f->blobs, f->n_blobs, sizeof(*f->blobs), forge_compare);
	forge_cut(f, v);
	lw_buf_clear(&f->entries);
	lw_entries_write(&v->entries, &f->entries);
	if (forge_how(v, "a-piece-less"))
		forge_edit(&f->entries, "\npiece ", "\nhave ");
	f->keep |= FORGE_KEEP_ENTRIES;
	f->listed_blobs = f->n_blobs;
	forge_texts(f);
	head = lw_format_member(LW_MAX_SEAL_BYTES) + lw_format_member(f->contents.n) +
	       lw_format_member(f->entries.n) + lw_format_member(f->layout.n) +
	       lw_format_member(f->index.n) +
	       (forge_is_one(v) ? 0 : lw_format_member(LW_VOLUME_MARK));
	f->s.volumes = lw_volumes_count(&v->entries) + forge_how(v, "a-volume-more") -
		       forge_how(v, "a-volume-less");
	f->s.bytes =
		lw_volumes_bytes(&v->entries, head) + (forge_how(v, "a-block-more") ? 512 : 0);
	lw_buf_clear(&f->statement);
	lw_statement_write(&f->s, &f->statement);
	forge_sign(f);
}

#endif
