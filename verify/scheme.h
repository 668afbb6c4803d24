/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_SCHEME_H
#define LW_VERIFY_SCHEME_H

/* Which signature scheme a key uses: one per kind of key, never chosen by the signature. Shared
 * by verify/key.c and keys/private.c; the only header that shows OpenSSL's types. */

#include "base/error.h"

#include <openssl/evp.h>
#include <stdbool.h>

struct lw_scheme {
	char name[32];	    /* "Ed25519", "ECDSA P-256", "RSA-PSS 3072", "RSA 2048" */
	const char *digest; /* EVP name; NULL where the scheme hashes itself */
	int rsa_padding;    /* OpenSSL's; 0 where it is no RSA */
	bool any_salt;	    /* RSA-PSS: of any length, not that of the digest alone */
};

/* LW_E_UNSUPPORTED: another algorithm, another curve, RSA below 3072 or above 16384 bits. */
int lw_scheme_of(EVP_PKEY *pkey, struct lw_scheme *ret, struct lw_error *e) LW_WARN_UNUSED;

/* The same for keys of cosign: RSA from 2048 bits with PKCS#1 v1.5; ECDSA over SHA-256. */
int lw_scheme_of_cosign(EVP_PKEY *pkey, struct lw_scheme *ret,
			struct lw_error *e) LW_WARN_UNUSED;

/* The same for keys in TUF metadata, which name their scheme ("ed25519", "ecdsa-sha2-nistp256",
 * "rsassa-pss-sha256", "rsa-pkcs1v15-sha512" ...): it must be one that the key is for; RSA from
 * 2048 bits. */
int lw_scheme_of_tuf(EVP_PKEY *pkey, const char *scheme, struct lw_scheme *ret,
		     struct lw_error *e) LW_WARN_UNUSED;

/* Sets padding and salt on a context after EVP_Digest{Sign,Verify}Init. 0 or -1. */
int lw_scheme_apply(const struct lw_scheme *s, EVP_PKEY_CTX *ctx) LW_WARN_UNUSED;

#endif
