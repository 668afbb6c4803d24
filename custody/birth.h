/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CUSTODY_BIRTH_H
#define LW_CUSTODY_BIRTH_H

/* Private to custody/: identity.json, what an enclave is called and known by. */

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"

#define LW_BIRTH_FILE	    "identity.json"
#define LW_BIRTH_FILE_BYTES ((size_t)4096)

/* Appends a new identity: canonical JSON with 32 fresh random bytes. `name` is a label. */
int lw_birth_write(const char *name, const struct lw_clock *now, struct lw_buf *out,
		   struct lw_error *e) LW_WARN_UNUSED;
/* The enclave's name out of an identity.json. LW_E_STATE if it is not one. */
int lw_birth_name(struct lw_span file, char out[static 65], struct lw_error *e) LW_WARN_UNUSED;

#endif
