/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_STATEMENT_H
#define LW_BUNDLE_STATEMENT_H

/* The statement: what approvers sign (docs/format/bundle.md section 3; in-toto Statement v1).
 */

#include "base/buf.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/nonce.h"
#include "verify/proven.h"

#define LW_BUNDLE_PREDICATE "urn:landwaiter:bundle:1"

struct lw_statement {
	bool any_audience;
	struct lw_digest audience; /* when !any_audience */
	uint64_t bytes, contents_bytes;
	int64_t created, expires;
	char marking[LW_MAX_MARKING + 1];
	bool has_nonce;
	struct lw_nonce nonce; /* of the request that it answers */
	bool has_previous;
	struct lw_digest previous;
	char sender[LW_MAX_LABEL + 1];
	uint64_t sequence;
	uint64_t volumes; /* 0 is written as 1 */
	struct lw_digest contents;
};

/* LW_E_FORMAT, LW_E_LIMIT; LW_E_UNSUPPORTED for what is reserved (checkpoint) and
 * for another predicate type. */
int lw_statement_parse(struct lw_proven payload, struct lw_statement *ret,
		       struct lw_error *e) LW_WARN_UNUSED;
/* Appends the canonical bytes. */
void lw_statement_write(const struct lw_statement *s, struct lw_buf *out);

#endif
