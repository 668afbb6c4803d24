/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_SCHEME_H
#define LW_VERIFY_SCHEME_H

/* Which signature scheme a key uses: one per kind of key, never chosen by the signature. Shared
 * by verify/key.c and keys/private.c; the only header that shows OpenSSL's types. */

#include "base/error.h"

#include <openssl/evp.h>

struct lw_scheme {
	char name[32];	    /* "Ed25519", "ECDSA P-256", "RSA-PSS 3072", "RSA 2048" */
	const char *digest; /* EVP name; NULL where the scheme hashes itself */
	int rsa_padding;    /* OpenSSL's; 0 where it is no RSA */
};

/* LW_E_UNSUPPORTED: another algorithm, another curve, RSA below 3072 or above 16384 bits. */
int lw_scheme_of(EVP_PKEY *pkey, struct lw_scheme *ret, struct lw_error *e) LW_WARN_UNUSED;

/* The same for keys of cosign: RSA from 2048 bits with PKCS#1 v1.5; ECDSA over SHA-256. */
int lw_scheme_of_cosign(EVP_PKEY *pkey, struct lw_scheme *ret,
			struct lw_error *e) LW_WARN_UNUSED;

/* Sets padding and salt on a context after EVP_Digest{Sign,Verify}Init. 0 or -1. */
int lw_scheme_apply(const struct lw_scheme *s, EVP_PKEY_CTX *ctx) LW_WARN_UNUSED;

#endif
