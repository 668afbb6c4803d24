/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/key.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "verify/scheme.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sodium.h>

struct lw_key {
	EVP_PKEY *pkey;
	enum lw_key_kind kind;
	struct lw_scheme scheme;
	struct lw_digest fingerprint;
	uint8_t *der;
	size_t der_n;
};

static inline void auto_md_ctx(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

/* One PEM block, from the first byte to the last but new lines, to DER. Not OpenSSL's reader:
 * that one takes headers too, and asks the terminal for a passphrase where they say
 * "encrypted". */
static int unwrap_pem(struct lw_span text, struct lw_buf *der, struct lw_error *e)
{
	static const char begin[] = "-----BEGIN PUBLIC KEY-----\n";
	static const char end[] = "\n-----END PUBLIC KEY-----";
	const size_t begin_n = sizeof(begin) - 1, end_n = sizeof(end) - 1;
	LW_AUTO(buf) struct lw_buf body = { 0 };

	while (text.n && text.p[text.n - 1] == '\n')
		text.n--;
	if (!lw_span_starts(text, begin) || text.n < begin_n + end_n ||
	    memcmp(text.p + text.n - end_n, end, end_n) != 0)
		return lw_fail(e, LW_E_FORMAT, "public key: want one PUBLIC KEY block of PEM");
	for (size_t i = begin_n; i < text.n - end_n; i++)
		if (text.p[i] != '\n')
			lw_buf_add(&body, text.p + i, 1);
	return lw_base64_decode(lw_buf_span(&body), LW_BASE64_STANDARD, der, e);
}

/* Whether it says to be of a kind that this program reads: if not, that it does not make a key
 * is no fault of its bytes. */
static bool says_known_kind(X509_PUBKEY *spki)
{
	ASN1_OBJECT *algorithm = NULL;
	X509_ALGOR *whole = NULL;
	const void *curve = NULL;
	int type = 0;

	if (X509_PUBKEY_get0_param(&algorithm, NULL, NULL, &whole, spki) != 1)
		return true;
	X509_ALGOR_get0(NULL, &type, &curve, whole);

	int kind = OBJ_obj2nid(algorithm);

	if (kind == NID_X9_62_id_ecPublicKey)
		return type != V_ASN1_OBJECT || OBJ_obj2nid(curve) != NID_undef;
	return kind == NID_rsaEncryption || kind == NID_ED25519;
}

static int parse_der(struct lw_span bytes, EVP_PKEY **ret, struct lw_error *e)
{
	const unsigned char *p = bytes.p;
	X509_PUBKEY *spki = d2i_X509_PUBKEY(NULL, &p, (long)bytes.n);
	bool whole = spki && p == bytes.p + bytes.n;
	EVP_PKEY *pkey = whole ? X509_PUBKEY_get(spki) : NULL;
	bool known = !whole || says_known_kind(spki);

	X509_PUBKEY_free(spki);
	ERR_clear_error();
	if (!pkey)
		return lw_fail(e, known ? LW_E_FORMAT : LW_E_UNSUPPORTED, "public key: %s",
			       known ? "want one SubjectPublicKeyInfo in PEM or DER"
				     : "of a kind unknown to this program");
	*ret = pkey;
	return 0;
}

/* Points of small order would let one signature fit many messages (CVE-2025-69277 class). */
static bool ed25519_point_is_sound(EVP_PKEY *pkey)
{
	uint8_t point[32];
	size_t n = sizeof(point);

	return EVP_PKEY_get_raw_public_key(pkey, point, &n) == 1 && n == sizeof(point) &&
	       crypto_core_ed25519_is_valid_point(point) == 1;
}

/* One key has one fingerprint: a point compressed, a curve spelled out or an encoding that is
 * not DER would be another one for the same key, and one person's key would pass for two. */
static int encode(struct lw_key *k, struct lw_span given, struct lw_error *e)
{
	int n = i2d_PUBKEY(k->pkey, &k->der);

	if (n <= 0)
		return lw_fail(e, LW_E_INTERNAL, "public key: cannot be encoded");
	k->der_n = (size_t)n;
	if (!lw_span_equal(lw_key_der(k), given))
		return lw_fail(
			e, LW_E_UNSUPPORTED,
			"public key: want it in DER, the curve named, the point uncompressed");
	k->fingerprint = lw_digest_of(lw_key_der(k));
	return 0;
}

/* The scheme's name for those of TUF alone. */
static int choose_scheme(struct lw_key *k, const char *name, struct lw_error *e)
{
	if (k->kind == LW_KEY_TUF)
		return lw_scheme_of_tuf(k->pkey, name, &k->scheme, e);
	return k->kind == LW_KEY_COSIGN ? lw_scheme_of_cosign(k->pkey, &k->scheme, e)
					: lw_scheme_of(k->pkey, &k->scheme, e);
}

static int parse_once(enum lw_key_kind kind, const char *scheme, struct lw_span bytes,
		      struct lw_key **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf unwrapped = { 0 };
	LW_AUTO(key) struct lw_key *k = lw_alloc_array(1, sizeof(*k));
	int r = 0;

	if (bytes.n == 0 || bytes.n > LW_MAX_KEY_BYTES)
		return lw_fail(e, LW_E_FORMAT, "public key: %zu bytes", bytes.n);
	if (lw_span_starts(bytes, "-----")) {
		r = unwrap_pem(bytes, &unwrapped, e);
		bytes = lw_buf_span(&unwrapped);
	}
	if (r == 0)
		r = parse_der(bytes, &k->pkey, e);
	if (r < 0)
		return r;
	k->kind = kind;
	r = choose_scheme(k, scheme, e);
	if (r < 0)
		return lw_prefix(e, "public key");
	if (strcmp(lw_key_algorithm(k), "Ed25519") == 0 && !ed25519_point_is_sound(k->pkey))
		return lw_fail(e, LW_E_UNSUPPORTED, "public key: Ed25519 point of small order");
	r = encode(k, bytes, e);
	if (r < 0)
		return r;
	*ret = lw_steal(k);
	return 0;
}

/* What is no key, or cannot be checked, is said to be that when it was found twice: OpenSSL may
 * not make one, or not know its kind, for want of memory. */
static int parse(enum lw_key_kind kind, const char *scheme, struct lw_span bytes,
		 struct lw_key **ret, struct lw_error *e)
{
	int r = parse_once(kind, scheme, bytes, ret, e);

	return r == -LW_E_UNSUPPORTED || r == -LW_E_FORMAT
		       ? parse_once(kind, scheme, bytes, ret, e)
		       : r;
}

int lw_key_parse_as(enum lw_key_kind kind, struct lw_span bytes, struct lw_key **ret,
		    struct lw_error *e)
{
	return kind == LW_KEY_TUF ? lw_fail(e, LW_E_INTERNAL, "a key of TUF has a scheme")
				  : parse(kind, NULL, bytes, ret, e);
}

int lw_key_parse_tuf(const char *scheme, struct lw_span bytes, struct lw_key **ret,
		     struct lw_error *e)
{
	return parse(LW_KEY_TUF, scheme, bytes, ret, e);
}

int lw_key_parse(struct lw_span bytes, struct lw_key **ret, struct lw_error *e)
{
	return lw_key_parse_as(LW_KEY_OWN, bytes, ret, e);
}

enum lw_key_kind lw_key_kind(const struct lw_key *k)
{
	return k->kind;
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

/* Memory that ran out inside OpenSSL must not pass for a bad signature, or for a key that
 * cannot be checked: as everywhere else the process ends, and has judged nothing. What OpenSSL
 * says of its own lack of an algorithm is something else. */
static bool lacks_algorithm(void)
{
	bool lacks = false;
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		lacks |= ERR_GET_REASON(code) == ERR_R_UNSUPPORTED ||
			 ERR_GET_REASON(code) == ERR_R_FETCH_FAILED ||
			 (ERR_GET_LIB(code) == ERR_LIB_EVP &&
			  ERR_GET_REASON(code) == EVP_R_UNSUPPORTED_ALGORITHM);
	return lacks;
}

static bool lacks_memory(void)
{
	bool lacks = false;
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		lacks |= ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
	return lacks;
}

enum lw_key_check lw_key_verify(const struct lw_key *k, struct lw_span message,
				struct lw_span signature)
{
	EVP_MD_CTX *ctx __attribute__((cleanup(auto_md_ctx))) = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;

	ERR_clear_error();
	if (!ctx ||
	    EVP_DigestVerifyInit_ex(ctx, &pctx, k->scheme.digest, NULL, NULL, k->pkey, NULL) !=
		    1 ||
	    lw_scheme_apply(&k->scheme, pctx) < 0) {
		if (!lacks_algorithm())
			abort();
		return LW_KEY_UNSUPPORTED;
	}

	int good = EVP_DigestVerify(ctx, signature.p, signature.n, message.p, message.n);

	if (good != 1 && lacks_memory())
		abort();
	ERR_clear_error();
	return good == 1 ? LW_KEY_GOOD : LW_KEY_BAD;
}

enum lw_key_check lw_key_confirm(const struct lw_key *k, struct lw_span message,
				 struct lw_span signature)
{
	enum lw_key_check check = lw_key_verify(k, message, signature);

	return check == LW_KEY_BAD ? lw_key_verify(k, message, signature) : check;
}

void lw_key_prepare(void)
{
	if (sodium_init() < 0 ||
	    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
				NULL) != 1)
		abort();
}
