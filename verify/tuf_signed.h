/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_TUF_SIGNED_H
#define LW_VERIFY_TUF_SIGNED_H

/*
 * The two halves of a TUF metadata file (TUF 1.0.34 section 4.2): what is signed, in the form
 * that is signed (OLPC's canonical JSON), and the signatures. Taking a file apart reads bytes
 * that nobody has proven: in the enclave that is the box's work. What is signed is verified in
 * this form and then read from this form, so that the parser and the signature see the same
 * bytes (docs/decisions/0016).
 *
 * What is taken is what all implementations agree on: no floats, no integer beyond 2^53-1, no
 * key twice, UTF-8, no NUL. The rest is refused.
 */

#include "base/buf.h"
#include "base/json.h"

struct lw_tuf_signature {
	char *keyid; /* opaque; owned */
	/* "" where it is not hex: nothing that counts, and no reason to refuse the others */
	struct lw_buf sig;
};

struct lw_tuf_signed {
	struct lw_buf message; /* the bytes that are signed */
	struct lw_tuf_signature *signatures;
	size_t n_signatures;
};

/* LW_E_FORMAT (no metadata, a key id that stands twice), LW_E_LIMIT. The caller releases *ret,
 * also after an error. White space around the document is allowed. */
int lw_tuf_split(struct lw_span file, struct lw_tuf_signed *ret,
		 struct lw_error *e) LW_WARN_UNUSED;
void lw_tuf_signed_release(struct lw_tuf_signed *s);

/* The halves in a message of base/ipc.h: as the box hands them out, and as a store may keep
 * them. Appends; take: LW_E_JAIL, and the caller releases *ret also after an error. */
void lw_tuf_signed_put(const struct lw_tuf_signed *s, struct lw_buf *out);
int lw_tuf_signed_take(struct lw_span *body, struct lw_tuf_signed *ret,
		       struct lw_error *e) LW_WARN_UNUSED;

/* Appends the OLPC form of a tree: sorted by bytes, no white space; in strings only '"' and '\'
 * are escaped, all else stands as it is, control characters too. LW_E_UNSUPPORTED with floats,
 * and then out is as it was. */
int lw_tuf_canonical(const struct lw_json *node, struct lw_buf *out,
		     struct lw_error *e) LW_WARN_UNUSED;

/* The way back: a tree of signed bytes. LW_E_FORMAT, also where they are not in that form;
 * LW_E_LIMIT. */
int lw_tuf_read_canonical(struct lw_span message, struct lw_json_doc **ret,
			  struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_tuf_signed_(struct lw_tuf_signed *s)
{
	lw_tuf_signed_release(s);
}

#endif
