/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_NONCE_H
#define LW_BASE_NONCE_H

/* The nonce of an enclave's request (docs/format/request.md): in documents 32 hex digits, to be
 * typed nine groups of four with a checksum. */

#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

#define LW_NONCE_BYTES 16
#define LW_NONCE_HEX   33 /* with its NUL */
#define LW_NONCE_TYPED 45

struct lw_nonce {
	uint8_t bytes[LW_NONCE_BYTES];
};

int lw_nonce_make(struct lw_nonce *ret, struct lw_error *e) LW_WARN_UNUSED;

/* Exactly 32 lower-case hex digits: LW_E_FORMAT. */
int lw_nonce_parse(struct lw_span hex, struct lw_nonce *ret, struct lw_error *e) LW_WARN_UNUSED;
const char *lw_nonce_hex(const struct lw_nonce *n, char out[static LW_NONCE_HEX]);

/* As a person types it: capitals, "-" and spaces where they like. LW_E_FORMAT, also where the
 * checksum says that it was mistyped. */
int lw_nonce_read(const char *typed, struct lw_nonce *ret, struct lw_error *e) LW_WARN_UNUSED;
const char *lw_nonce_typed(const struct lw_nonce *n, char out[static LW_NONCE_TYPED]);

#endif
