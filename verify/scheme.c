/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/scheme.h"

#include "base/mem.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <string.h>

static const struct {
	const char *group, *name, *digest;
} curves[] = {
	{ "prime256v1", "ECDSA P-256", "SHA256" },
	{ "secp384r1", "ECDSA P-384", "SHA384" },
	{ "secp521r1", "ECDSA P-521", "SHA512" },
};

static int ec_scheme(EVP_PKEY *pkey, struct lw_scheme *s, struct lw_error *e)
{
	char group[64] = "";
	size_t n = 0;
	int spelled_out = 0;

	/* Parameters of its own are the curve's own today; only its name says so for good. */
	if (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
				   &spelled_out) == 1 &&
	    spelled_out)
		return lw_fail(e, LW_E_UNSUPPORTED, "want a named curve, have its parameters");
	if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), &n) == 1)
		for (size_t i = 0; i < LW_COUNT_OF(curves); i++)
			if (strcmp(group, curves[i].group) == 0) {
				(void)snprintf(s->name, sizeof(s->name), "%s", curves[i].name);
				s->digest = curves[i].digest;
				/* However it was read, it is written one way. */
				return EVP_PKEY_set_utf8_string_param(
					       pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
					       OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) ==
						       1
					       ? 0
					       : lw_fail(e, LW_E_INTERNAL, "point format");
			}
	return lw_fail(e, LW_E_UNSUPPORTED, "want P-256, P-384 or P-521, have curve '%s'",
		       group);
}

static int rsa_scheme(EVP_PKEY *pkey, int least_bits, int padding, struct lw_scheme *s,
		      struct lw_error *e)
{
	int bits = EVP_PKEY_get_bits(pkey);
	BIGNUM *exponent = NULL;

	if (bits < least_bits || bits > 16384)
		return lw_fail(e, LW_E_UNSUPPORTED, "want RSA of %d to 16384 bits, have %d",
			       least_bits, bits);

	/* Under an exponent of 1 every padded message is its own signature. */
	bool sound = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
		     BN_is_odd(exponent) && !BN_is_one(exponent);

	BN_free(exponent);
	if (!sound)
		return lw_fail(e, LW_E_UNSUPPORTED, "want an odd RSA exponent above 1");
	(void)snprintf(s->name, sizeof(s->name), "RSA%s %d",
		       padding == RSA_PKCS1_PSS_PADDING ? "-PSS" : "", bits);
	s->digest = "SHA256";
	s->rsa_padding = padding;
	return 0;
}

static int scheme_of(EVP_PKEY *pkey, int least_rsa_bits, int padding, struct lw_scheme *ret,
		     struct lw_error *e)
{
	struct lw_scheme s = { 0 };
	int r = 0;

	if (EVP_PKEY_is_a(pkey, "ED25519"))
		(void)snprintf(s.name, sizeof(s.name), "Ed25519");
	else if (EVP_PKEY_is_a(pkey, "EC"))
		r = ec_scheme(pkey, &s, e);
	else if (EVP_PKEY_is_a(pkey, "RSA")) /* not RSA-PSS: one key, one spelling */
		r = rsa_scheme(pkey, least_rsa_bits, padding, &s, e);
	else
		r = lw_fail(e, LW_E_UNSUPPORTED, "want Ed25519, ECDSA or RSA, have %s",
			    EVP_PKEY_get0_type_name(pkey) ? EVP_PKEY_get0_type_name(pkey)
							  : "an unknown algorithm");
	if (r < 0)
		return r;
	*ret = s;
	return 0;
}

int lw_scheme_of(EVP_PKEY *pkey, struct lw_scheme *ret, struct lw_error *e)
{
	return scheme_of(pkey, 3072, RSA_PKCS1_PSS_PADDING, ret, e);
}

int lw_scheme_of_cosign(EVP_PKEY *pkey, struct lw_scheme *ret, struct lw_error *e)
{
	int r = scheme_of(pkey, 2048, RSA_PKCS1_PADDING, ret, e);

	/* However long the curve is. cosign 3 also makes signatures over SHA-384 and SHA-512,
	 * and takes none of them: nor do we take what it does not. */
	if (r == 0 && ret->digest)
		ret->digest = "SHA256";
	return r;
}

static const struct {
	const char *scheme, *name, *digest;
	int padding; /* 0: no RSA */
} tuf_schemes[] = {
	{ "ed25519", "Ed25519", NULL, 0 },
	{ "ecdsa-sha2-nistp256", "ECDSA P-256", "SHA256", 0 },
	{ "ecdsa-sha2-nistp384", "ECDSA P-384", "SHA384", 0 },
	{ "ecdsa-sha2-nistp521", "ECDSA P-521", "SHA512", 0 },
	{ "rsassa-pss-sha256", "RSA-PSS", "SHA256", RSA_PKCS1_PSS_PADDING },
	{ "rsassa-pss-sha384", "RSA-PSS", "SHA384", RSA_PKCS1_PSS_PADDING },
	{ "rsassa-pss-sha512", "RSA-PSS", "SHA512", RSA_PKCS1_PSS_PADDING },
	{ "rsa-pkcs1v15-sha256", "RSA", "SHA256", RSA_PKCS1_PADDING },
	{ "rsa-pkcs1v15-sha384", "RSA", "SHA384", RSA_PKCS1_PADDING },
	{ "rsa-pkcs1v15-sha512", "RSA", "SHA512", RSA_PKCS1_PADDING },
};

int lw_scheme_of_tuf(EVP_PKEY *pkey, const char *scheme, struct lw_scheme *ret,
		     struct lw_error *e)
{
	struct lw_scheme s = { 0 };

	for (size_t i = 0; i < LW_COUNT_OF(tuf_schemes); i++) {
		int padding = tuf_schemes[i].padding;

		if (strcmp(scheme, tuf_schemes[i].scheme) != 0)
			continue;

		int r = scheme_of(pkey, 2048, padding, &s, e);

		if (r < 0)
			return r;
		if ((s.rsa_padding != 0) != (padding != 0) ||
		    (padding == 0 && strcmp(s.name, tuf_schemes[i].name) != 0))
			return lw_fail(e, LW_E_FORMAT, "want a key for %s, have %s", scheme,
				       s.name);
		s.digest = tuf_schemes[i].digest;
		s.any_salt = true;
		*ret = s;
		return 0;
	}
	return lw_fail(e, LW_E_UNSUPPORTED, "a signature scheme unknown here");
}

int lw_scheme_apply(const struct lw_scheme *s, EVP_PKEY_CTX *ctx)
{
	if (s->rsa_padding == 0)
		return 0;
	if (EVP_PKEY_CTX_set_rsa_padding(ctx, s->rsa_padding) != 1)
		return -1;
	if (s->rsa_padding != RSA_PKCS1_PSS_PADDING)
		return 0;

	int salt = s->any_salt ? RSA_PSS_SALTLEN_AUTO : RSA_PSS_SALTLEN_DIGEST;

	return EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, s->digest, NULL) == 1 &&
			       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) == 1
		       ? 0
		       : -1;
}
