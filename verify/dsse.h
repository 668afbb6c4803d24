/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_DSSE_H
#define LW_VERIFY_DSSE_H

/* DSSE 1.0 envelopes of ours: one payload type, canonical JSON (docs/format/bundle.md section
 * 2). Parsing happens in the box; the payload is opaque here. */

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

#define LW_DSSE_IN_TOTO "application/vnd.in-toto+json"

struct lw_dsse_signature {
	struct lw_digest keyid; /* a hint: nothing is trusted because of it */
	struct lw_buf sig;
};

struct lw_dsse {
	struct lw_buf payload;
	struct lw_dsse_signature signatures[LW_MAX_APPROVALS];
	size_t n_signatures;
};

/* What is signed: "DSSEv1 <len> <type> <len> <payload>" (DSSE protocol.md, PAE). */
void lw_dsse_pae(const char *type, struct lw_span payload, struct lw_buf *out);

/* Parses an envelope: exactly the canonical form that lw_dsse_write makes, payload type
 * LW_DSSE_IN_TOTO. *ret is zero-initialised by the caller and released with lw_dsse_release
 * also after an error. LW_E_FORMAT, LW_E_LIMIT. */
int lw_dsse_parse(struct lw_span envelope, struct lw_dsse *ret,
		  struct lw_error *e) LW_WARN_UNUSED;
void lw_dsse_write(const struct lw_dsse *d, struct lw_buf *out);
void lw_dsse_release(struct lw_dsse *d);

static inline void lw_auto_dsse_(struct lw_dsse *d)
{
	lw_dsse_release(d);
}

#endif
