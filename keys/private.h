/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_KEYS_PRIVATE_H
#define LW_KEYS_PRIVATE_H

/* Private keys in files: PKCS#8 PEM, encrypted (PBES2: PBKDF2 with HMAC-SHA-256 and 600,000
 * rounds, AES-256-CBC) or not. Passphrases live in libsodium's guarded memory. */

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

struct lw_private_key;

/* A passphrase: locked, guarded, wiped on free. */
struct lw_secret;
struct lw_secret *lw_secret_new(struct lw_span bytes);
void lw_secret_free(struct lw_secret *s);

/* Makes a key pair: "ed25519", "p256", "p384", "p521", "rsa3072", "rsa4096". Appends PEM files
 * to the buffers; passphrase NULL: not encrypted. LW_E_USAGE (no such type), LW_E_KEY. */
int lw_private_key_generate(const char *type, const struct lw_secret *passphrase,
			    struct lw_buf *private_pem, struct lw_buf *public_pem,
			    struct lw_error *e) LW_WARN_UNUSED;

/* Whether lw_private_key_generate knows the type. */
bool lw_private_key_knows(const char *type);

/* Whether a PEM file says it is encrypted. */
bool lw_private_key_is_encrypted(struct lw_span pem);

/* LW_E_KEY (wrong passphrase, not PKCS#8), LW_E_UNSUPPORTED. The caller frees. */
int lw_private_key_parse(struct lw_span pem, const struct lw_secret *passphrase,
			 struct lw_private_key **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_private_key_free(struct lw_private_key *k);

/* The public half as SPKI DER, appended. */
int lw_private_key_public(const struct lw_private_key *k, struct lw_buf *der,
			  struct lw_error *e) LW_WARN_UNUSED;

/* Signs with the key's scheme (verify/scheme.h); appends the signature. LW_E_KEY. */
int lw_private_key_sign(const struct lw_private_key *k, struct lw_span message,
			struct lw_buf *signature, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_private_key_(struct lw_private_key **k)
{
	lw_private_key_free(*k);
}

static inline void lw_auto_secret_(struct lw_secret **s)
{
	lw_secret_free(*s);
}

#endif
