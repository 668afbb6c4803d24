/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_SEAL_H
#define LW_BUNDLE_SEAL_H

/* The seal's 262,144 bytes: an envelope and its padding (docs/format/bundle.md section 2). */

#include "base/buf.h"
#include "base/error.h"
#include "verify/dsse.h"

/* Parses a seal (exactly LW_MAX_SEAL_BYTES). Hostile: in the box only. As lw_dsse_parse. */
int lw_seal_parse(struct lw_span seal, struct lw_dsse *ret, struct lw_error *e) LW_WARN_UNUSED;

/* Appends the padded seal. LW_E_LIMIT if the envelope does not fit. */
int lw_seal_write(const struct lw_dsse *d, struct lw_buf *out,
		  struct lw_error *e) LW_WARN_UNUSED;

/* Adds a signature by this key id. LW_E_EXISTS if the same signature is there; LW_E_LIMIT. */
int lw_seal_add(struct lw_dsse *d, const struct lw_digest *keyid, struct lw_span sig,
		struct lw_error *e) LW_WARN_UNUSED;

#endif
