/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_ENTRIES_H
#define LW_BUNDLE_ENTRIES_H

/* The entry list: every blob of a bundle, in stored order, with the pieces of those that are
 * cut, the places where a volume begins, and those that do not travel (docs/format/bundle.md
 * section 5). 48 bytes an entry in memory. */

#include "base/buf.h"
#include "base/digest.h"
#include "verify/proven.h"

struct lw_entry {
	struct lw_digest digest;
	uint64_t size;
	uint64_t flags; /* the reader's own: LW_ENTRY_* */
};

enum {
	LW_ENTRY_NAMED = 1,    /* some manifest or contents names it */
	LW_ENTRY_STAGED = 2,   /* its bytes were checked and staged */
	LW_ENTRY_KEPT = 4,     /* the store has it already */
	LW_ENTRY_DOCUMENT = 8, /* contents name it as a manifest or index */
	/* read already for the image at hand: as part of it, as part of its evidence */
	LW_ENTRY_WALKED = 16,
	LW_ENTRY_WALKED_EVIDENCE = 32,
	LW_ENTRY_READ = 64, /* as a document, of the kind that the next two say */
	LW_ENTRY_READ_INDEX = 128,
	LW_ENTRY_READ_DOCKER = 256,
	LW_ENTRY_PIECE = 512,	  /* gate 5 asks for its bytes: a signature, a configuration */
	LW_ENTRY_COPIED = 1024,	  /* its bytes were copied aside as they were read */
	LW_ENTRY_ATTACHED = 2048, /* an index that is evidence of the image at hand names it */
	LW_ENTRY_TUF = 4096,	  /* metadata: kept in the state, not in the store ... */
	LW_ENTRY_TUF_ALONE =
		8192, /* ... unless it is also part of an image: this says it is not */
	LW_ENTRY_TRUST = 16384,	    /* of the enclave's own repository */
	LW_ENTRY_CUT = 32768,	    /* it stands in pieces: the list itself says so */
	LW_ENTRY_TAKEN = 65536,	    /* in this sitting: read, right, and staged */
	LW_ENTRY_HAVE = 131072,	    /* a prerequisite, no member: the list itself says so */
	LW_ENTRY_HERE = 262144,	    /* which the supplement at hand brings after all */
	LW_ENTRY_TOLD = 524288,	    /* that what is here of it is damaged */
	LW_ENTRY_PASSED = 1048576,  /* the medium was asked for it */
	LW_ENTRY_PLACED = 2097152,  /* staged in blobs/ at once: the name that it keeps */
	LW_ENTRY_BROUGHT = 4194304, /* to a load, by another medium: what who judges goes by */
};

/* A part of a blob, a member of its own. */
struct lw_part {
	struct lw_digest digest;
	uint64_t size;
	uint32_t entry;	 /* whose part it is */
	uint32_t number; /* there, from 0 */
	uint64_t flags;	 /* the reader's own: LW_ENTRY_STAGED, LW_ENTRY_TAKEN */
};

/* The first member of a volume: an entry, or a piece of one that is cut. */
struct lw_break {
	uint32_t entry, piece;
};

struct lw_entries {
	struct lw_entry *list; /* owned; ascending by size, then digest */
	size_t n;
	uint64_t bytes;		/* the sum of the sizes */
	struct lw_part *pieces; /* owned; in stored order */
	size_t n_pieces;
	struct lw_break *breaks; /* owned; of the volumes from the second on */
	size_t n_breaks;
	size_t n_have; /* prerequisites, and the sum of their sizes */
	uint64_t have_bytes;
};

/* LW_E_FORMAT, LW_E_LIMIT. Takes `text` over and parses in
 * place, so that a large list is never held twice; the proof that the bytes are the sealed ones
 * is `proven`, which must span exactly text's bytes. `text` is empty afterwards, also on
 * failure. */
int lw_entries_parse(struct lw_proven proven, struct lw_buf *text, struct lw_entries *ret,
		     struct lw_error *e) LW_WARN_UNUSED;
void lw_entries_write(const struct lw_entries *entries, struct lw_buf *out);
void lw_entries_release(struct lw_entries *entries);

static inline void lw_auto_entries_(struct lw_entries *entries)
{
	lw_entries_release(entries);
}

/* The entry with this digest and this size, or NULL. */
struct lw_entry *lw_entries_find(const struct lw_entries *entries, const struct lw_digest *d,
				 uint64_t size);

/* The pieces of entry i: [*ret_first, *ret_end) of `pieces`; none where it is not cut. */
void lw_entries_pieces(const struct lw_entries *entries, size_t i, size_t *ret_first,
		       size_t *ret_end);

/* Ascending by size, then digest. */
int lw_entry_compare(const struct lw_digest *a, uint64_t a_size, const struct lw_digest *b,
		     uint64_t b_size);

#endif
