/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#include "base/mem.h"
#include "base/text.h"

#define MAX_DURATION_SEC ((uint64_t)100 * 366 * 86400)

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static int bad(struct lw_span text, const char *want, struct lw_error *e)
{
	char shown[80];

	return lw_fail(e, LW_E_FORMAT, "want %s, have '%s'", want,
		       lw_text_escape(text, shown, sizeof(shown)));
}

int lw_num_u64(struct lw_span text, uint64_t min, uint64_t max, uint64_t *ret,
	       struct lw_error *e)
{
	uint64_t v = 0;

	if (text.n == 0 || (text.p[0] == '0' && text.n > 1))
		return bad(text, "a decimal number", e);
	for (size_t i = 0; i < text.n; i++) {
		if (!is_digit(text.p[i]))
			return bad(text, "a decimal number", e);
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(text.p[i] - '0'), &v))
			return lw_fail(e, LW_E_LIMIT, "number does not fit 64 bits");
	}
	if (v < min || v > max)
		return lw_fail(e, LW_E_LIMIT, "want %llu to %llu, have %llu",
			       (unsigned long long)min, (unsigned long long)max,
			       (unsigned long long)v);
	*ret = v;
	return 0;
}

static const struct {
	const char *name;
	uint64_t bytes;
} units[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "KB", 1000 },
	{ "MB", 1000000 },
	{ "GB", 1000000000 },
	{ "TB", 1000000000000 },
	{ "KiB", (uint64_t)1 << 10 },
	{ "MiB", (uint64_t)1 << 20 },
	{ "GiB", (uint64_t)1 << 30 },
	{ "TiB", (uint64_t)1 << 40 },
};

int lw_num_size(struct lw_span text, uint64_t *ret_bytes, struct lw_error *e)
{
	size_t digits = 0;

	if (text.n == 0)
		return bad(text, "a size such as 4GB or 512MiB", e);
	while (digits < text.n && is_digit(text.p[digits]))
		digits++;

	struct lw_span unit = lw_span(text.p + digits, text.n - digits);

	for (size_t i = 0; i < LW_COUNT_OF(units); i++) {
		uint64_t v;

		if (!lw_span_is(unit, units[i].name))
			continue;

		int r = lw_num_u64(lw_span(text.p, digits), 0, UINT64_MAX / units[i].bytes, &v,
				   e);
		if (r < 0)
			return r;
		*ret_bytes = v * units[i].bytes;
		return 0;
	}
	return bad(text, "a size such as 4GB or 512MiB", e);
}

int lw_num_duration(struct lw_span text, int64_t *ret_sec, struct lw_error *e)
{
	static const struct {
		char letter;
		bool time;
		uint64_t sec;
	} parts[] = { { 'W', false, 604800 },
		      { 'D', false, 86400 },
		      { 'H', true, 3600 },
		      { 'M', true, 60 },
		      { 'S', true, 1 } };
	const char *want = "a duration such as P90D or PT12H";
	uint64_t total = 0;
	size_t i = 1, part = 0;
	bool time = false;

	if (text.n < 3 || text.p[0] != 'P')
		return bad(text, want, e);
	while (i < text.n) {
		if (text.p[i] == 'T') {
			if (time || i + 1 == text.n)
				return bad(text, want, e);
			time = true;
			i++;
		}

		size_t start = i;
		uint64_t v = 0;

		while (i < text.n && is_digit(text.p[i]))
			i++;
		while (part < LW_COUNT_OF(parts) && i < text.n &&
		       (parts[part].letter != (char)text.p[i] || parts[part].time != time))
			part++;
		if (i == text.n || part == LW_COUNT_OF(parts))
			return bad(text, want, e);

		int r = lw_num_u64(lw_span(text.p + start, i - start), 0,
				   (MAX_DURATION_SEC - total) / parts[part].sec, &v, e);
		if (r == -LW_E_FORMAT)
			return bad(text, want, e);
		if (r < 0)
			return lw_fail(e, LW_E_LIMIT, "duration is above 100 years");
		total += v * parts[part].sec;
		part++;
		i++;
	}
	*ret_sec = (int64_t)total;
	return 0;
}

const char *lw_num_human_size(uint64_t bytes, char out[static 16])
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t whole = bytes, tenths = 0;
	size_t u = 0;

	/* In integers: no locale, and 1023.99 KiB rounds to 1.0 MiB, not to 1024.0 KiB. */
	while (whole >= 1024 || (whole == 1023 && tenths >= 10)) {
		u++;
		whole = bytes >> 10 * u;
		tenths = ((bytes >> 10 * (u - 1)) % 1024 * 10 + 512) / 1024;
	}
	if (tenths == 10) {
		whole++;
		tenths = 0;
	}
	if (u == 0)
		(void)snprintf(out, 16, "%llu B", (unsigned long long)whole);
	else
		(void)snprintf(out, 16, "%llu.%llu %s", (unsigned long long)whole,
			       (unsigned long long)tenths, names[u]);
	return out;
}
