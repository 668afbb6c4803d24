/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/private.h"

#include "base/limits.h"
#include "base/mem.h"
#include "verify/scheme.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <sodium.h>

struct lw_private_key {
	EVP_PKEY *pkey;
	struct lw_scheme scheme;
};

struct lw_secret {
	size_t n;
	char bytes[];
};

struct lw_secret *lw_secret_new(struct lw_span bytes)
{
	if (sodium_init() < 0)
		abort();

	/* sodium_malloc ends at a page's end, and so aligns its start only for whole words. */
	struct lw_secret *s = sodium_malloc((sizeof(*s) + bytes.n + 15) / 16 * 16);
	if (!s)
		abort();
	s->n = bytes.n;
	memcpy(s->bytes, bytes.p, bytes.n);
	return s;
}

void lw_secret_free(struct lw_secret *s)
{
	if (s)
		sodium_free(s);
}

static inline void auto_bio(BIO **b)
{
	BIO_free(*b);
}

static inline void auto_pkey(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static inline void auto_md_ctx(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

static inline void auto_pkcs8(PKCS8_PRIV_KEY_INFO **p)
{
	PKCS8_PRIV_KEY_INFO_free(*p);
}

static inline void auto_sig(X509_SIG **s)
{
	X509_SIG_free(*s);
}

/* What OpenSSL's readers take of a passphrase; a longer one would make a key nobody can open.
 */
#define MAX_PASSPHRASE 1024
/* OpenSSL's own default is 2,048. OWASP's word for PBKDF2 with HMAC-SHA-256 (2023). */
#define ITERATIONS 600000

#define AUTO_BIO  __attribute__((cleanup(auto_bio)))
#define AUTO_PKEY __attribute__((cleanup(auto_pkey)))

/* Says what OpenSSL says, and forgets it. */
static int key_error(struct lw_error *e, const char *what)
{
	char why[128] = "unknown reason";
	unsigned long code = ERR_peek_last_error();

	if (code)
		ERR_error_string_n(code, why, sizeof(why));
	ERR_clear_error();
	return lw_fail(e, LW_E_KEY, "%s: %s", what, why);
}

static const struct {
	const char *name, *algorithm, *curve;
	size_t bits;
} types[] = {
	{ "ed25519", "ED25519", NULL, 0 }, { "p256", "EC", "P-256", 0 },
	{ "p384", "EC", "P-384", 0 },	   { "p521", "EC", "P-521", 0 },
	{ "rsa3072", "RSA", NULL, 3072 },  { "rsa4096", "RSA", NULL, 4096 },
};

bool lw_private_key_knows(const char *type)
{
	for (size_t i = 0; i < LW_COUNT_OF(types); i++)
		if (strcmp(types[i].name, type) == 0)
			return true;
	return false;
}

static EVP_PKEY *generate(const char *type)
{
	for (size_t i = 0; i < LW_COUNT_OF(types); i++) {
		if (strcmp(types[i].name, type) != 0)
			continue;
		if (types[i].curve)
			return EVP_PKEY_Q_keygen(NULL, NULL, types[i].algorithm,
						 types[i].curve);
		if (types[i].bits)
			return EVP_PKEY_Q_keygen(NULL, NULL, types[i].algorithm, types[i].bits);
		return EVP_PKEY_Q_keygen(NULL, NULL, types[i].algorithm);
	}
	return NULL;
}

static void take_bio(BIO *bio, struct lw_buf *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	if (n > 0)
		lw_buf_add(out, p, (size_t)n);
}

static bool write_private(BIO *out, EVP_PKEY *pkey, const struct lw_secret *passphrase)
{
	PKCS8_PRIV_KEY_INFO *plain __attribute__((cleanup(auto_pkcs8))) = EVP_PKEY2PKCS8(pkey);

	if (!plain || !passphrase)
		return plain && PEM_write_bio_PKCS8_PRIV_KEY_INFO(out, plain) == 1;

	X509_ALGOR *how = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), ITERATIONS, NULL, 0, NULL,
					    NID_hmacWithSHA256);
	X509_SIG *sealed __attribute__((cleanup(auto_sig))) =
		how ? PKCS8_set0_pbe(passphrase->bytes, (int)passphrase->n, plain, how) : NULL;

	if (!sealed)
		X509_ALGOR_free(how);
	return sealed && PEM_write_bio_PKCS8(out, sealed) == 1;
}

int lw_private_key_generate(const char *type, const struct lw_secret *passphrase,
			    struct lw_buf *private_pem, struct lw_buf *public_pem,
			    struct lw_error *e)
{
	if (passphrase && passphrase->n > MAX_PASSPHRASE)
		return lw_fail(e, LW_E_KEY, "passphrase: longer than %d bytes", MAX_PASSPHRASE);

	AUTO_PKEY EVP_PKEY *pkey = generate(type);
	AUTO_BIO BIO *private = BIO_new(BIO_s_secmem());
	AUTO_BIO BIO *public = BIO_new(BIO_s_mem());

	if (!pkey)
		return lw_fail(e, LW_E_USAGE,
			       "want ed25519, p256, p384, p521, rsa3072 or rsa4096, have '%s'",
			       type);
	if (!private || !public || !write_private(private, pkey, passphrase) ||
	    PEM_write_bio_PUBKEY(public, pkey) != 1)
		return key_error(e, "making a key");
	take_bio(private, private_pem);
	take_bio(public, public_pem);
	return 0;
}

bool lw_private_key_is_encrypted(struct lw_span pem)
{
	return lw_span_starts(pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----");
}

static int give_passphrase(char *out, int size, int writing, void *data)
{
	const struct lw_secret *s = data;

	(void)writing;
	if (!s || s->n > (size_t)size)
		return -1; /* never prompt from inside the library */
	memcpy(out, s->bytes, s->n);
	return (int)s->n;
}

int lw_private_key_parse(struct lw_span pem, const struct lw_secret *passphrase,
			 struct lw_private_key **ret, struct lw_error *e)
{
	if (pem.n == 0 || pem.n > LW_MAX_KEY_BYTES)
		return lw_fail(e, LW_E_KEY, "private key: %zu bytes", pem.n);
	if (!lw_private_key_is_encrypted(pem) &&
	    !lw_span_starts(pem, "-----BEGIN PRIVATE KEY-----"))
		return lw_fail(e, LW_E_KEY, "private key: want PKCS#8 in PEM");
	if (memmem(pem.p + 1, pem.n - 1, "-----BEGIN", 10))
		return lw_fail(e, LW_E_KEY, "private key: want one, have several in one file");
	if (lw_private_key_is_encrypted(pem) && !passphrase)
		return lw_fail(e, LW_E_KEY,
			       "private key: it is encrypted and no passphrase was given");

	AUTO_BIO BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	struct lw_secret *secret = NULL;

	memcpy(&secret, &passphrase, sizeof(secret)); /* the callback only reads it */

	AUTO_PKEY EVP_PKEY *pkey =
		bio ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, secret) : NULL;
	if (!pkey) {
		ERR_clear_error();
		return lw_fail(e, LW_E_KEY, "private key: %s",
			       passphrase ? "wrong passphrase, or damaged" : "damaged");
	}

	struct lw_scheme scheme;
	int r = lw_scheme_of(pkey, &scheme, e);
	if (r < 0)
		return lw_prefix(e, "private key");

	struct lw_private_key *k = lw_alloc_array(1, sizeof(*k));
	k->pkey = lw_steal(pkey);
	k->scheme = scheme;
	*ret = k;
	return 0;
}

void lw_private_key_free(struct lw_private_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

int lw_private_key_public(const struct lw_private_key *k, struct lw_buf *der,
			  struct lw_error *e)
{
	unsigned char *p = NULL;
	int n = i2d_PUBKEY(k->pkey, &p);

	if (n <= 0)
		return key_error(e, "public half");
	lw_buf_add(der, p, (size_t)n);
	OPENSSL_free(p);
	return 0;
}

int lw_private_key_sign(const struct lw_private_key *k, struct lw_span message,
			struct lw_buf *signature, struct lw_error *e)
{
	EVP_MD_CTX *ctx __attribute__((cleanup(auto_md_ctx))) = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	uint8_t sig[4096];
	size_t n = sizeof(sig);

	if (!ctx ||
	    EVP_DigestSignInit_ex(ctx, &pctx, k->scheme.digest, NULL, NULL, k->pkey, NULL) !=
		    1 ||
	    lw_scheme_apply(&k->scheme, pctx) < 0 ||
	    EVP_DigestSign(ctx, sig, &n, message.p, message.n) != 1)
		return key_error(e, "signing");
	lw_buf_add(signature, sig, n);
	return 0;
}
