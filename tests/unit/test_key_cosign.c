/* SPDX-License-Identifier: Apache-2.0 */

/* Keys of cosign: the schemes they sign with, and signatures that no honest key makes. */

#include "base/limits.h"
#include "verify/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/people.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum { ED25519, P256, P384, P521, RSA2048, RSA3072, N_KEYS };
static const char *const names[N_KEYS] = { "Ed25519",	  "ECDSA P-256", "ECDSA P-384",
					   "ECDSA P-521", "RSA 2048",	 "RSA 3072" };
static EVP_PKEY *keys[N_KEYS];
static struct lw_key *cosign[N_KEYS], *own[N_KEYS]; /* own[RSA2048] is NULL */

static const char text[] = "{\"critical\":{}}";

static struct lw_span message(void)
{
	return lw_span_str(text);
}

static int parse(enum lw_key_kind kind, EVP_PKEY *pkey, struct lw_key **ret)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);
	struct lw_error e;

	assert_true(n > 0);

	int r = lw_key_parse_as(kind, lw_span(der, (size_t)n), ret, &e);

	OPENSSL_free(der);
	return r;
}

static int make_keys(void **state)
{
	(void)state;
	lw_key_prepare();
	keys[ED25519] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	keys[P256] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	keys[P384] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	keys[P521] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");
	keys[RSA2048] = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	keys[RSA3072] = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)3072);
	for (size_t i = 0; i < N_KEYS; i++) {
		OK(parse(LW_KEY_COSIGN, keys[i], &cosign[i]));
		if (i != RSA2048)
			OK(parse(LW_KEY_OWN, keys[i], &own[i]));
	}
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_KEYS; i++) {
		EVP_PKEY_free(keys[i]);
		lw_key_free(cosign[i]);
		lw_key_free(own[i]);
	}
	return 0;
}

static void a_kind_is_kept_and_changes_no_fingerprint(void **state)
{
	struct lw_key *k = NULL;

	(void)state;
	for (size_t i = 0; i < N_KEYS; i++) {
		assert_string_equal(lw_key_algorithm(cosign[i]), names[i]);
		assert_int_equal(lw_key_kind(cosign[i]), LW_KEY_COSIGN);
		if (i == RSA2048)
			continue;
		assert_int_equal(lw_key_kind(own[i]), LW_KEY_OWN);
		assert_true(lw_digest_equal(lw_key_fingerprint(cosign[i]),
					    lw_key_fingerprint(own[i])));
	}
	FAILS(LW_E_UNSUPPORTED, parse(LW_KEY_OWN, keys[RSA2048], &k));
	assert_null(k);
}

struct manner {
	const char *digest;
	int padding, salt;
};

static void sign(EVP_PKEY *pkey, const struct manner *m, struct lw_buf *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	uint8_t sig[1024];
	size_t n = sizeof(sig);

	assert_int_equal(EVP_DigestSignInit_ex(ctx, &pctx, m->digest, NULL, NULL, pkey, NULL),
			 1);
	if (m->padding)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, m->padding), 1);
	if (m->padding == RSA_PKCS1_PSS_PADDING)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, m->salt), 1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &n, message().p, message().n), 1);
	EVP_MD_CTX_free(ctx);
	lw_buf_clear(out);
	lw_buf_add(out, sig, n);
}

static enum lw_key_check check(const struct lw_key *k, const struct lw_buf *sig)
{
	return lw_key_verify(k, message(), lw_buf_span(sig));
}

static void a_key_has_the_schemes_of_its_kind(void **state)
{
	const int pss = RSA_PKCS1_PSS_PADDING, v15 = RSA_PKCS1_PADDING;
	const struct {
		size_t key;
		struct manner manner;
		enum lw_key_check cosign, own;
	} rows[] = {
		{ ED25519, { NULL, 0, 0 }, LW_KEY_GOOD, LW_KEY_GOOD },
		{ P256, { "SHA256", 0, 0 }, LW_KEY_GOOD, LW_KEY_GOOD },
		{ P256, { "SHA1", 0, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ P256, { "SHA224", 0, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ P256, { "SHA384", 0, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ P256, { "SHA512", 0, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ P256, { "SHA512-256", 0, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ P256, { "SHA3-256", 0, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ P384, { "SHA384", 0, 0 }, LW_KEY_BAD, LW_KEY_GOOD },
		{ P384, { "SHA256", 0, 0 }, LW_KEY_GOOD, LW_KEY_BAD },
		{ P384, { "SHA512", 0, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ P384, { "SHA1", 0, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ P521, { "SHA512", 0, 0 }, LW_KEY_BAD, LW_KEY_GOOD },
		{ P521, { "SHA256", 0, 0 }, LW_KEY_GOOD, LW_KEY_BAD },
		{ P521, { "SHA384", 0, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ P521, { "SHA1", 0, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ RSA2048, { "SHA256", v15, 0 }, LW_KEY_GOOD, LW_KEY_BAD },
		{ RSA3072, { "SHA256", v15, 0 }, LW_KEY_GOOD, LW_KEY_BAD },
		{ RSA3072, { "SHA1", v15, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ RSA3072, { "SHA384", v15, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ RSA3072, { "SHA512", v15, 0 }, LW_KEY_BAD, LW_KEY_BAD },
		{ RSA3072, { "SHA256", pss, 32 }, LW_KEY_BAD, LW_KEY_GOOD },
		{ RSA3072, { "SHA256", pss, 0 }, LW_KEY_BAD, LW_KEY_BAD },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		LW_AUTO(buf) struct lw_buf sig = { 0 };
		size_t key = rows[i].key;

		sign(keys[key], &rows[i].manner, &sig);
		assert_int_equal(check(cosign[key], &sig), rows[i].cosign);
		if (own[key])
			assert_int_equal(check(own[key], &sig), rows[i].own);
		for (size_t k = 0; k < N_KEYS; k++)
			if (k != key)
				assert_int_equal(check(cosign[k], &sig), LW_KEY_BAD);
	}
}

static void altered_signatures_are_bad(void **state)
{
	const struct manner plain[N_KEYS] = {
		[P256] = { "SHA256", 0, 0 },
		[P384] = { "SHA256", 0, 0 },
		[P521] = { "SHA256", 0, 0 },
		[RSA2048] = { "SHA256", RSA_PKCS1_PADDING, 0 },
		[RSA3072] = { "SHA256", RSA_PKCS1_PADDING, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_KEYS; i++) {
		LW_AUTO(buf) struct lw_buf sig = { 0 };
		LW_AUTO(buf) struct lw_buf longer = { 0 };

		sign(keys[i], &plain[i], &sig);
		assert_int_equal(check(cosign[i], &sig), LW_KEY_GOOD);
		for (size_t k = 0; k < sig.n; k++) {
			sig.p[k] ^= 1;
			assert_int_equal(check(cosign[i], &sig), LW_KEY_BAD);
			sig.p[k] ^= 1;
		}
		for (size_t n = 0; n < sig.n; n++)
			assert_int_equal(lw_key_verify(cosign[i], message(), lw_span(sig.p, n)),
					 LW_KEY_BAD);
		lw_buf_addc(&longer, 0);
		lw_buf_add(&longer, sig.p, sig.n);
		assert_int_equal(check(cosign[i], &longer), LW_KEY_BAD);
		lw_buf_addc(&sig, 0);
		assert_int_equal(check(cosign[i], &sig), LW_KEY_BAD);
	}
}

/* ---- ECDSA's r and s (CVE-2022-21449) ---- */

/* An INTEGER of DER whose content is as given: nothing is made minimal or positive. */
static void add_integer(struct lw_buf *b, struct lw_span content)
{
	lw_buf_addc(b, 2);
	if (content.n >= 128)
		lw_buf_fill(b, content.n >= 256 ? 0x82 : 0x81, 1);
	if (content.n >= 256)
		lw_buf_fill(b, (uint8_t)(content.n >> 8), 1);
	lw_buf_fill(b, (uint8_t)content.n, 1);
	lw_buf_add(b, content.p, content.n);
}

static void make_signature(struct lw_span r, struct lw_span s, struct lw_buf *out)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };

	add_integer(&body, r);
	add_integer(&body, s);
	lw_buf_clear(out);
	add_integer(out, lw_buf_span(&body));
	out->p[0] = 0x30;
}

static void number(const BIGNUM *n, struct lw_buf *out)
{
	lw_buf_clear(out);
	lw_buf_addc(out, 0); /* positive, however large its first byte is */
	lw_buf_fill(out, 0, (size_t)BN_num_bytes(n));
	assert_int_equal(BN_bn2bin(n, out->p + 1), (int)out->n - 1);
	if (out->n > 1 && !(out->p[1] & 0x80)) { /* minimal */
		memmove(out->p, out->p + 1, --out->n);
	}
}

static void both_bad(size_t i, const struct lw_buf *sig)
{
	assert_int_equal(check(cosign[i], sig), LW_KEY_BAD);
	assert_int_equal(check(own[i], sig), LW_KEY_BAD);
}

static void r_and_s_are_in_range(void **state)
{
	static const char *const groups[N_KEYS] = {
		[P256] = "P-256", [P384] = "P-384", [P521] = "P-521"
	};

	(void)state;
	for (size_t i = P256; i <= P521; i++) {
		EC_GROUP *group = EC_GROUP_new_by_curve_name(EC_curve_nist2nid(groups[i]));
		BIGNUM *order = BN_dup(EC_GROUP_get0_order(group)), *one = BN_new();
		struct lw_buf values[9] = { 0 };
		LW_AUTO(buf) struct lw_buf sig = { 0 };

		assert_non_null(order);
		assert_int_equal(BN_one(one), 1);
		lw_buf_addc(&values[0], 0);	  /* 0 */
		lw_buf_addc(&values[1], 1);	  /* 1 */
		lw_buf_fill(&values[2], 0xff, 1); /* -1 */
		number(order, &values[3]);	  /* n */
		assert_int_equal(BN_sub(order, order, one), 1);
		number(order, &values[4]); /* n - 1 */
		assert_int_equal(BN_lshift(order, order, 1), 1);
		number(order, &values[5]);	     /* 2 (n - 1) */
		lw_buf_fill(&values[6], 0x7f, 2000); /* huge */
		lw_buf_fill(&values[7], 0x80, 66);   /* huge and negative */
		lw_buf_fill(&values[8], 0, 66);	     /* 0, at length */
		for (size_t r = 0; r < LW_COUNT_OF(values); r++)
			for (size_t s = 0; s < LW_COUNT_OF(values); s++) {
				make_signature(lw_buf_span(&values[r]), lw_buf_span(&values[s]),
					       &sig);
				both_bad(i, &sig);
			}
		for (size_t v = 0; v < LW_COUNT_OF(values); v++)
			lw_buf_free(&values[v]);
		BN_free(order);
		BN_free(one);
		EC_GROUP_free(group);
	}
}

/* r and s of a good signature, written in another way. */
static void only_der_is_a_signature(void **state)
{
	const struct manner sha256 = { "SHA256", 0, 0 };
	LW_AUTO(buf) struct lw_buf sig = { 0 };
	LW_AUTO(buf) struct lw_buf other = { 0 };
	LW_AUTO(buf) struct lw_buf padded = { 0 };

	(void)state;
	sign(keys[P256], &sha256, &sig);

	struct lw_span r = lw_span(sig.p + 4, sig.p[3]);
	struct lw_span s = lw_span(r.p + r.n + 2, r.p[r.n + 1]);

	make_signature(r, s, &other);
	assert_int_equal(check(cosign[P256], &other), LW_KEY_GOOD);
	make_signature(s, r, &other);
	both_bad(P256, &other);
	/* a zero in front of r, of s */
	lw_buf_addc(&padded, 0);
	lw_buf_add(&padded, r.p, r.n);
	make_signature(lw_buf_span(&padded), s, &other);
	both_bad(P256, &other);
	lw_buf_clear(&padded);
	lw_buf_addc(&padded, 0);
	lw_buf_add(&padded, s.p, s.n);
	make_signature(r, lw_buf_span(&padded), &other);
	both_bad(P256, &other);
	/* side by side, as JOSE has it */
	lw_buf_clear(&other);
	lw_buf_fill(&other, 0, 64);
	if (r.n > 32)
		r = lw_span(r.p + r.n - 32, 32);
	if (s.n > 32)
		s = lw_span(s.p + s.n - 32, 32);
	memcpy(other.p + 32 - r.n, r.p, r.n);
	memcpy(other.p + 64 - s.n, s.p, s.n);
	both_bad(P256, &other);
	/* as a bit string, an octet string, a set */
	make_signature(lw_span(sig.p + 4, sig.p[3]), s, &other);
	for (const char *tag = "\x03\x04\x31\x24"; *tag; tag++) {
		other.p[0] = (uint8_t)*tag;
		both_bad(P256, &other);
	}
}

/* S + L signs the same, and must not (RFC 8032 5.1.7). */
static void ed25519_has_one_s(void **state)
{
	static const uint8_t order[] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
					 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
					 0,    0,    0,	   0,	 0,    0,    0,	   0,
					 0,    0,    0,	   0,	 0,    0,    0,	   0x10 };
	LW_AUTO(buf) struct lw_buf sig = { 0 };
	const struct manner plain = { 0 };
	unsigned carry = 0;

	(void)state;
	sign(keys[ED25519], &plain, &sig);
	assert_int_equal(sig.n, 64);
	for (size_t i = 0; i < 32; i++) {
		carry += (unsigned)sig.p[32 + i] + order[i];
		sig.p[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_int_equal(carry, 0);
	both_bad(ED25519, &sig);
	memset(sig.p, 0, 64);
	both_bad(ED25519, &sig);
}

/* ---- PKCS #1 v1.5: one padding only (CVE-2006-4339 and after) ---- */

static const uint8_t info[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
				0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
static const uint8_t bare_info[] = { 0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
				     0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20 };

/* The block 00 TYPE fill 00 info hash rest, as long as the key, signed as it is. */
static enum lw_key_check block(uint8_t type, uint8_t fill, struct lw_span with, size_t rest)
{
	struct lw_digest d = lw_digest_of(message());
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(keys[RSA2048], NULL);
	LW_AUTO(buf) struct lw_buf b = { 0 };
	uint8_t sig[256];
	size_t n = sizeof(sig);

	lw_buf_addc(&b, 0);
	lw_buf_addc(&b, (char)type);
	lw_buf_fill(&b, fill, 256 - 3 - with.n - 32 - rest);
	lw_buf_addc(&b, 0);
	lw_buf_add(&b, with.p, with.n);
	lw_buf_add(&b, d.sha256, 32);
	lw_buf_fill(&b, 0x11, rest);
	assert_int_equal(b.n, 256);
	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
	assert_int_equal(EVP_PKEY_sign(ctx, sig, &n, b.p, b.n), 1);
	EVP_PKEY_CTX_free(ctx);
	return lw_key_verify(cosign[RSA2048], message(), lw_span(sig, n));
}

static void rsa_has_one_padding(void **state)
{
	struct lw_span whole = lw_span(info, sizeof(info));

	(void)state;
	assert_int_equal(block(1, 0xff, whole, 0), LW_KEY_GOOD);
	assert_int_equal(block(1, 0xff, whole, 1), LW_KEY_BAD);
	assert_int_equal(block(1, 0xff, whole, 180), LW_KEY_BAD);
	assert_int_equal(block(2, 0xff, whole, 0), LW_KEY_BAD);
	assert_int_equal(block(0, 0, whole, 0), LW_KEY_BAD);
	assert_int_equal(block(1, 0xfe, whole, 0), LW_KEY_BAD);
	assert_int_equal(block(1, 0, whole, 0), LW_KEY_BAD);
	assert_int_equal(block(1, 0xff, lw_span(bare_info, sizeof(bare_info)), 0), LW_KEY_BAD);
	assert_int_equal(block(1, 0xff, lw_span(info, 0), 0), LW_KEY_BAD);
	assert_int_equal(block(1, 0xff, lw_span(info + 1, sizeof(info) - 1), 0), LW_KEY_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kind_is_kept_and_changes_no_fingerprint),
		cmocka_unit_test(a_key_has_the_schemes_of_its_kind),
		cmocka_unit_test(altered_signatures_are_bad),
		cmocka_unit_test(r_and_s_are_in_range),
		cmocka_unit_test(only_der_is_a_signature),
		cmocka_unit_test(ed25519_has_one_s),
		cmocka_unit_test(rsa_has_one_padding),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
