/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_KEY_H
#define LW_VERIFY_KEY_H

/*
 * Public keys and signatures by OpenSSL's EVP names: Ed25519, ECDSA P-256/384/521, RSA-PSS of
 * 3072 bits and more (docs/format/bundle.md section 2). A key of a kind that the installed
 * OpenSSL or these rules do not know is not "bad": it is LW_KEY_UNSUPPORTED, and what it signed
 * cannot be checked.
 */

#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

struct lw_key;

enum lw_key_check {
	LW_KEY_BAD = 0,	    /* the signature does not verify */
	LW_KEY_GOOD = 1,    /* it does */
	LW_KEY_UNSUPPORTED, /* this program cannot tell */
};

/* SubjectPublicKeyInfo as PEM ("-----BEGIN PUBLIC KEY-----", one block, lines end in LF,
 * nothing else) or DER. Each key has one encoding, so that it has one fingerprint. LW_E_FORMAT;
 * LW_E_UNSUPPORTED (algorithm; a curve another, or spelled out; a point compressed; RSA below
 * 3072 bits, as id-RSASSA-PSS, or with an exponent of 1; an Ed25519 point of small order). The
 * caller frees *ret. */
int lw_key_parse(struct lw_span bytes, struct lw_key **ret, struct lw_error *e) LW_WARN_UNUSED;

/* The kinds differ in the schemes their keys sign with. */
enum lw_key_kind {
	LW_KEY_OWN = 0, /* "key": seals, endorsements, time; as lw_key_parse */
	/* "cosign-key": what cosign signs with such a key: ECDSA over SHA-256,
	 * Ed25519, RSA PKCS#1 v1.5 over SHA-256 from 2048 bits. What it verifies, that is. */
	LW_KEY_COSIGN,
	/* In TUF metadata, which says the scheme beside the key: lw_key_parse_tuf. */
	LW_KEY_TUF,
};
int lw_key_parse_as(enum lw_key_kind kind, struct lw_span bytes, struct lw_key **ret,
		    struct lw_error *e) LW_WARN_UNUSED;
/* Also LW_E_FORMAT where the scheme is for another sort of key. */
int lw_key_parse_tuf(const char *scheme, struct lw_span bytes, struct lw_key **ret,
		     struct lw_error *e) LW_WARN_UNUSED;
enum lw_key_kind lw_key_kind(const struct lw_key *k);
void lw_key_free(struct lw_key *k);

/* SHA-256 of the SPKI DER: what tells two keys apart. Borrowed. */
const struct lw_digest *lw_key_fingerprint(const struct lw_key *k);
/* The SPKI DER. Borrowed. */
struct lw_span lw_key_der(const struct lw_key *k);
/* "Ed25519", "ECDSA P-256", "RSA-PSS 3072", of cosign "RSA 2048" ... Borrowed. */
const char *lw_key_algorithm(const struct lw_key *k);

/* Loads now what verifying would load later: for a process that is about to be jailed. */
void lw_key_prepare(void);

enum lw_key_check lw_key_verify(const struct lw_key *k, struct lw_span message,
				struct lw_span signature);

/* The same of a signature that was found good before, in the box: what is bad now is looked at
 * once more, for OpenSSL may answer "no" where one allocation failed, and not say so. */
enum lw_key_check lw_key_confirm(const struct lw_key *k, struct lw_span message,
				 struct lw_span signature);

static inline void lw_auto_key_(struct lw_key **k)
{
	lw_key_free(*k);
}

#endif
