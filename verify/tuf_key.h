/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_TUF_KEY_H
#define LW_VERIFY_TUF_KEY_H

/*
 * Keys in TUF metadata (TUF 1.0.34 section 4.2; docs/format/tuf.md): { "keytype", "scheme",
 * "keyval": { "public" } } to a key that verifies. What tells two keys apart is the fingerprint
 * of the public key (SHA-256 of its SubjectPublicKeyInfo), never the key id, which is an opaque
 * name (TAP 12): one key under two ids is one key.
 */

#include "base/json.h"
#include "verify/key.h"

/* LW_E_FORMAT: no key object, or not a key of the type that it says; LW_E_UNSUPPORTED: a type,
 * scheme or key that this program cannot check. The caller frees *ret. Members that are unknown
 * here are allowed. */
int lw_tuf_key_parse(const struct lw_json *object, struct lw_key **ret,
		     struct lw_error *e) LW_WARN_UNUSED;
/* The same of what the object says. */
int lw_tuf_key_make(const char *keytype, const char *scheme, const char *public_value,
		    struct lw_key **ret, struct lw_error *e) LW_WARN_UNUSED;

#endif
