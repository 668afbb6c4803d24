/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/scheme.h"

#include "base/mem.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
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

	if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), &n) == 1)
		for (size_t i = 0; i < LW_COUNT_OF(curves); i++)
			if (strcmp(group, curves[i].group) == 0) {
				(void)snprintf(s->name, sizeof(s->name), "%s", curves[i].name);
				s->digest = curves[i].digest;
				return 0;
			}
	return lw_fail(e, LW_E_UNSUPPORTED, "want P-256, P-384 or P-521, have curve '%s'", group);
}

int lw_scheme_of(EVP_PKEY *pkey, struct lw_scheme *ret, struct lw_error *e)
{
	struct lw_scheme s = { 0 };

	if (EVP_PKEY_is_a(pkey, "ED25519")) {
		(void)snprintf(s.name, sizeof(s.name), "Ed25519");
	} else if (EVP_PKEY_is_a(pkey, "EC")) {
		int r = ec_scheme(pkey, &s, e);
		if (r < 0)
			return r;
	} else if (EVP_PKEY_is_a(pkey, "RSA") || EVP_PKEY_is_a(pkey, "RSA-PSS")) {
		int bits = EVP_PKEY_get_bits(pkey);

		if (bits < 3072 || bits > 16384)
			return lw_fail(e, LW_E_UNSUPPORTED, "want RSA of 3072 to 16384 bits, have %d",
				       bits);
		(void)snprintf(s.name, sizeof(s.name), "RSA-PSS %d", bits);
		s.digest = "SHA256";
		s.pss = true;
	} else {
		return lw_fail(e, LW_E_UNSUPPORTED, "want Ed25519, ECDSA or RSA, have %s",
			       EVP_PKEY_get0_type_name(pkey) ? EVP_PKEY_get0_type_name(pkey)
							     : "an unknown algorithm");
	}
	*ret = s;
	return 0;
}

int lw_scheme_apply(const struct lw_scheme *s, EVP_PKEY_CTX *ctx)
{
	if (!s->pss)
		return 0;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
			       EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, "SHA256", NULL) == 1 &&
			       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1
		       ? 0
		       : -1;
}
