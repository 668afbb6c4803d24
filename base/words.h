/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_WORDS_H
#define LW_BASE_WORDS_H

/*
 * A fingerprint as words that people write on paper and type: twelve of a list of 256, for the
 * first 96 bits of a SHA-256, a word for each byte (docs/format/enclave.md, "Words"). The list
 * is for good: another order would make paper worthless.
 */

#include "base/digest.h"

#define LW_WORDS      12
#define LW_WORDS_TEXT 96 /* twelve of at most seven letters, a space between, and a NUL */

/* Returns out. */
char *lw_words_text(const struct lw_digest *d, char out[static LW_WORDS_TEXT]);

/* What somebody typed: upper or lower case, any white space around the words, each written out
 * or cut to four letters or more, which no other word begins with. */
enum lw_words_answer {
	LW_WORDS_OTHER = 0, /* twelve words, of something else */
	LW_WORDS_UNKNOWN,   /* one is not on the list */
	LW_WORDS_COUNT,	    /* not twelve */
	LW_WORDS_SAME,
};
struct lw_words_typed {
	enum lw_words_answer answer;
	size_t n;		/* words; counted up to one that is not on the list */
	struct lw_span unknown; /* which that is; of what was typed */
};
struct lw_words_typed lw_words_compare(struct lw_span typed, const struct lw_digest *d);

#endif
