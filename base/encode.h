/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_ENCODE_H
#define LW_BASE_ENCODE_H

/* Hex and base64 with exactly one spelling per value: lower case, no white space, padding
 * present, unused bits zero (RFC 4648 3.5). Anything else is LW_E_FORMAT. */

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

/* `out` takes 2 * in.n characters and a NUL. Returns out. */
char *lw_hex_encode(struct lw_span in, char *out);
/* in.n must be 2 * out_n. */
int lw_hex_decode(struct lw_span in, uint8_t *out, size_t out_n,
		  struct lw_error *e) LW_WARN_UNUSED;

enum lw_base64 {
	LW_BASE64_STANDARD, /* RFC 4648 4, padded */
	LW_BASE64_URL,	    /* RFC 4648 5, padding optional but right where present */
};

void lw_base64_encode(struct lw_buf *out, struct lw_span in);
/* Appends to out; on failure out is as it was. */
int lw_base64_decode(struct lw_span in, enum lw_base64 alphabet, struct lw_buf *out,
		     struct lw_error *e) LW_WARN_UNUSED;

#endif
