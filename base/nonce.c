/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nonce.h"

#include "base/digest.h"
#include "base/encode.h"

#include <ctype.h>
#include <string.h>
#include <sys/random.h>

#define CHECK_BYTES 2
#define ALL_BYTES   (LW_NONCE_BYTES + CHECK_BYTES)
#define GROUP	    4 /* digits */

int lw_nonce_make(struct lw_nonce *ret, struct lw_error *e)
{
	struct lw_nonce n;

	if (getrandom(n.bytes, sizeof(n.bytes), 0) != (ssize_t)sizeof(n.bytes))
		return lw_fail_errno(e, "random bytes");
	*ret = n;
	return 0;
}

int lw_nonce_parse(struct lw_span hex, struct lw_nonce *ret, struct lw_error *e)
{
	struct lw_nonce n = { 0 };

	if (hex.n != 2 * sizeof(n.bytes) ||
	    lw_hex_decode(hex, n.bytes, sizeof(n.bytes), NULL) < 0)
		return lw_fail(e, LW_E_FORMAT, "nonce: want 32 lower-case hex digits");
	*ret = n;
	return 0;
}

const char *lw_nonce_hex(const struct lw_nonce *n, char out[static LW_NONCE_HEX])
{
	return lw_hex_encode(lw_span(n->bytes, sizeof(n->bytes)), out);
}

/* The nonce, and what of its digest goes with it. */
static void with_check(const struct lw_nonce *n, uint8_t out[static ALL_BYTES])
{
	struct lw_digest d = lw_digest_of(lw_span(n->bytes, sizeof(n->bytes)));

	memcpy(out, n->bytes, sizeof(n->bytes));
	memcpy(out + sizeof(n->bytes), d.sha256, CHECK_BYTES);
}

const char *lw_nonce_typed(const struct lw_nonce *n, char out[static LW_NONCE_TYPED])
{
	uint8_t all[ALL_BYTES];
	char hex[2 * ALL_BYTES + 1];
	size_t k = 0, n_hex = sizeof(hex) - 1;

	with_check(n, all);
	lw_hex_encode(lw_span(all, sizeof(all)), hex);
	for (size_t i = 0; i < n_hex; i++) {
		if (i > 0 && i % GROUP == 0)
			out[k++] = '-';
		out[k++] = hex[i];
	}
	out[k] = '\0';
	return out;
}

int lw_nonce_read(const char *typed, struct lw_nonce *ret, struct lw_error *e)
{
	uint8_t have[ALL_BYTES], want[ALL_BYTES];
	char hex[2 * ALL_BYTES];
	struct lw_nonce n;
	size_t k = 0;
	bool good = true;

	for (const char *p = typed; *p && good; p++) {
		if (*p == '-' || *p == ' ')
			continue;
		good = k < sizeof(hex) && isxdigit((unsigned char)*p);
		if (good)
			hex[k++] = (char)tolower((unsigned char)*p);
	}
	if (!good || k != sizeof(hex) ||
	    lw_hex_decode(lw_span(hex, k), have, sizeof(have), NULL) < 0)
		return lw_fail(e, LW_E_FORMAT,
			       "nonce: want nine groups of four hex digits, as `landwaiter "
			       "request` shows them");
	memcpy(n.bytes, have, sizeof(n.bytes));
	with_check(&n, want);
	if (memcmp(have, want, sizeof(have)) != 0)
		return lw_fail(e, LW_E_FORMAT,
			       "nonce: its last group does not fit the others: a digit was "
			       "mistyped");
	*ret = n;
	return 0;
}
