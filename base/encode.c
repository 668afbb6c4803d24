/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"

#include "base/mem.h"

char *lw_hex_encode(struct lw_span in, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < in.n; i++) {
		out[2 * i] = digits[in.p[i] >> 4];
		out[2 * i + 1] = digits[in.p[i] & 15];
	}
	out[2 * in.n] = '\0';
	return out;
}

/* One more than each digit's value; 0 for all that is none. A table: lists have millions. */
static const uint8_t hex_values[256] = {
	['0'] = 1,  ['1'] = 2,	['2'] = 3,  ['3'] = 4,	['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

int lw_hex_decode(struct lw_span in, uint8_t *out, size_t out_n, struct lw_error *e)
{
	if (in.n != 2 * out_n)
		return lw_fail(e, LW_E_FORMAT, "want %zu hex digits, have %zu characters",
			       2 * out_n, in.n);
	for (size_t i = 0; i < in.n; i++)
		if (hex_values[in.p[i]] == 0)
			return lw_fail(e, LW_E_FORMAT, "not lower-case hex");
	for (size_t i = 0; i < out_n; i++)
		out[i] = (uint8_t)((hex_values[in.p[2 * i]] - 1) << 4 |
				   (hex_values[in.p[2 * i + 1]] - 1));
	return 0;
}

static const char standard[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void lw_base64_encode(struct lw_buf *out, struct lw_span in)
{
	lw_buf_reserve(out, (in.n + 2) / 3 * 4);
	for (size_t i = 0; i < in.n; i += 3) {
		size_t left = in.n - i;
		uint32_t v = (uint32_t)in.p[i] << 16 |
			     (left > 1 ? (uint32_t)in.p[i + 1] << 8 : 0) |
			     (left > 2 ? (uint32_t)in.p[i + 2] : 0);
		char q[4] = { standard[v >> 18 & 63], standard[v >> 12 & 63],
			      left > 1 ? standard[v >> 6 & 63] : '=',
			      left > 2 ? standard[v & 63] : '=' };

		lw_buf_add(out, q, 4);
	}
}

static int base64_value(uint8_t c, enum lw_base64 alphabet)
{
	bool url = alphabet == LW_BASE64_URL;

	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	if (c == (url ? '_' : '/'))
		return 63;
	return -1;
}

int lw_base64_decode(struct lw_span in, enum lw_base64 alphabet, struct lw_buf *out,
		     struct lw_error *e)
{
	size_t n = in.n;

	while (n > 0 && in.n - n < 2 && in.p[n - 1] == '=')
		n--;
	if (n % 4 == 1 || (in.n % 4 != 0 && !(alphabet == LW_BASE64_URL && n == in.n)))
		return lw_fail(e, LW_E_FORMAT, "base64: length %zu is not possible", in.n);

	LW_AUTO(buf) struct lw_buf got = { 0 };
	uint32_t acc = 0;
	unsigned bits = 0;

	lw_buf_reserve(&got, n / 4 * 3 + 3);
	for (size_t i = 0; i < n; i++) {
		int v = base64_value(in.p[i], alphabet);

		if (v < 0)
			return lw_fail(e, LW_E_FORMAT, "base64: byte 0x%02x at %zu",
				       (unsigned)in.p[i], i);
		acc = acc << 6 | (uint32_t)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			got.p[got.n++] = (uint8_t)(acc >> bits);
			acc &= (1u << bits) - 1;
		}
	}
	if (acc != 0)
		return lw_fail(e, LW_E_FORMAT, "base64: unused bits are not zero");
	lw_buf_add(out, got.p, got.n);
	return 0;
}
