/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/key.h"

#include "base/limits.h"
#include "base/mem.h"
#include "verify/scheme.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>

struct lw_key {
	EVP_PKEY *pkey;
	struct lw_scheme scheme;
	struct lw_digest fingerprint;
	uint8_t *der;
	size_t der_n;
};

static inline void auto_bio(BIO **b)
{
	BIO_free(*b);
}

static inline void auto_md_ctx(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

/* One PEM block, from the first byte to the last but white space. */
static EVP_PKEY *parse_pem(struct lw_span text)
{
	static const char begin[] = "-----BEGIN PUBLIC KEY-----\n";
	static const char end[] = "-----END PUBLIC KEY-----";

	while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
		text.n--;
	if (!lw_span_starts(text, begin) || text.n < sizeof(begin) + sizeof(end) ||
	    memcmp(text.p + text.n - (sizeof(end) - 1), end, sizeof(end) - 1) != 0 ||
	    memmem(text.p + 1, text.n - 1, "-----BEGIN", 10))
		return NULL;

	BIO *bio __attribute__((cleanup(auto_bio))) = BIO_new_mem_buf(text.p, (int)text.n);

	return bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
}

static EVP_PKEY *parse_der(struct lw_span bytes)
{
	const unsigned char *p = bytes.p;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)bytes.n);

	if (pkey && p != bytes.p + bytes.n) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return pkey;
}

/* Points of small order would let one signature fit many messages (CVE-2025-69277 class). */
static bool ed25519_point_is_sound(EVP_PKEY *pkey)
{
	uint8_t point[32];
	size_t n = sizeof(point);

	return EVP_PKEY_get_raw_public_key(pkey, point, &n) == 1 && n == sizeof(point) &&
	       crypto_core_ed25519_is_valid_point(point) == 1;
}

int lw_key_parse(struct lw_span bytes, struct lw_key **ret, struct lw_error *e)
{
	if (bytes.n == 0 || bytes.n > LW_MAX_KEY_BYTES)
		return lw_fail(e, LW_E_FORMAT, "public key: %zu bytes", bytes.n);

	bool pem = lw_span_starts(bytes, "-----");
	EVP_PKEY *pkey = pem ? parse_pem(bytes) : parse_der(bytes);
	if (!pkey) {
		unsigned long why = ERR_peek_last_error();

		ERR_clear_error();
		/* A well-formed key of an algorithm that is not installed parses as far as its
		 * algorithm identifier. */
		if (ERR_GET_REASON(why) == X509_R_UNSUPPORTED_ALGORITHM)
			return lw_fail(e, LW_E_UNSUPPORTED,
				       "public key: algorithm unknown to this OpenSSL");
		return lw_fail(e, LW_E_FORMAT,
			       "public key: want one SubjectPublicKeyInfo in PEM or DER");
	}

	LW_AUTO(key) struct lw_key *k = lw_alloc_array(1, sizeof(*k));

	k->pkey = pkey;
	int r = lw_scheme_of(pkey, &k->scheme, e);
	if (r < 0)
		return lw_prefix(e, "public key");
	if (strcmp(k->scheme.name, "Ed25519") == 0 && !ed25519_point_is_sound(pkey))
		return lw_fail(e, LW_E_UNSUPPORTED, "public key: Ed25519 point of small order");

	int n = i2d_PUBKEY(pkey, &k->der);
	if (n <= 0)
		return lw_fail(e, LW_E_INTERNAL, "public key: cannot be encoded");
	k->der_n = (size_t)n;
	k->fingerprint = lw_digest_of(lw_key_der(k));
	*ret = lw_steal(k);
	return 0;
}

void lw_key_free(struct lw_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	OPENSSL_free(k->der);
	free(k);
}

const struct lw_digest *lw_key_fingerprint(const struct lw_key *k)
{
	return &k->fingerprint;
}

struct lw_span lw_key_der(const struct lw_key *k)
{
	return lw_span(k->der, k->der_n);
}

const char *lw_key_algorithm(const struct lw_key *k)
{
	return k->scheme.name;
}

enum lw_key_check lw_key_verify(const struct lw_key *k, struct lw_span message,
				struct lw_span signature)
{
	EVP_MD_CTX *ctx __attribute__((cleanup(auto_md_ctx))) = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;

	if (!ctx || EVP_DigestVerifyInit_ex(ctx, &pctx, k->scheme.digest, NULL, NULL, k->pkey,
					    NULL) != 1 ||
	    lw_scheme_apply(&k->scheme, pctx) < 0) {
		ERR_clear_error();
		return LW_KEY_UNSUPPORTED;
	}

	int good = EVP_DigestVerify(ctx, signature.p, signature.n, message.p, message.n);

	ERR_clear_error();
	return good == 1 ? LW_KEY_GOOD : LW_KEY_BAD;
}

void lw_key_prepare(void)
{
	if (sodium_init() < 0 ||
	    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
				NULL) != 1)
		abort();
}
