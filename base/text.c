/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "base/limits.h"
#include "base/mem.h"

size_t lw_text_decode(struct lw_span t, uint32_t *ret_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (t.n == 0)
		return 0;

	uint8_t b = t.p[0];
	size_t n = b < 0x80		? 1
		   : (b & 0xe0) == 0xc0 ? 2
		   : (b & 0xf0) == 0xe0 ? 3
		   : (b & 0xf8) == 0xf0 ? 4
					: 0;
	if (n == 0 || n > t.n)
		return 0;

	uint32_t v = n == 1 ? b : b & (uint32_t)(0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((t.p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (t.p[i] & 0x3f);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*ret_point = v;
	return n;
}

/* Ranges that change how other text is shown, or are not shown at all: Unicode's categories Cc,
 * Cf, Co, Cs, Zl and Zp, its default-ignorable code points, and interlinear annotation. */
static const struct {
	uint32_t first, last;
} unsafe[] = {
	{ 0x00, 0x1f },	       { 0x7f, 0x9f },	     { 0xad, 0xad },	   { 0x34f, 0x34f },
	{ 0x600, 0x605 },      { 0x61c, 0x61c },     { 0x6dd, 0x6dd },	   { 0x70f, 0x70f },
	{ 0x890, 0x891 },      { 0x8e2, 0x8e2 },     { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },    { 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f },
	{ 0x3164, 0x3164 },    { 0xd800, 0xf8ff },   { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },    { 0xfff0, 0xfffb },   { 0xfffe, 0xffff },   { 0x110bd, 0x110bd },
	{ 0x110cd, 0x110cd },  { 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
	{ 0xe0000, 0x10ffff },
};

static bool is_safe(uint32_t point)
{
	if (point < 0x80)
		return point >= 0x20 && point != 0x7f;
	for (size_t i = 0; i < LW_COUNT_OF(unsafe); i++)
		if (point >= unsafe[i].first && point <= unsafe[i].last)
			return false;
	return true;
}

/* How many of the first bytes are ASCII and shown as they are: nearly all of nearly every text.
 */
static size_t ascii_run(struct lw_span text)
{
	size_t n = 0;

	while (n < text.n && text.p[n] >= 0x20 && text.p[n] < 0x7f && text.p[n] != '\\')
		n++;
	return n;
}

void lw_text_append(struct lw_buf *out, struct lw_span text)
{
	while (text.n) {
		size_t run = ascii_run(text);

		if (run) {
			lw_buf_add(out, text.p, run);
			text = lw_span(text.p + run, text.n - run);
			continue;
		}

		uint32_t point = 0;
		size_t n = lw_text_decode(text, &point);

		if (n == 0) {
			n = 1;
			lw_buf_printf(out, "\\x%02x", (unsigned)text.p[0]);
		} else if (!is_safe(point)) {
			lw_buf_printf(out, point < 0x80 ? "\\x%02x" : "\\u{%04x}", point);
		} else if (point == '\\') {
			lw_buf_adds(out, "\\\\");
		} else {
			lw_buf_add(out, text.p, n);
		}
		text = lw_span(text.p + n, text.n - n);
	}
}

const char *lw_text_escape(struct lw_span text, char *out, size_t size)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	/* One input byte gives at least one output byte: more than size cannot be shown. */
	lw_text_append(&b, lw_span(text.p, text.n < size ? text.n : size));
	if (!b.p || b.n < size) {
		memcpy(out, lw_buf_str(&b), b.n + 1);
		return out;
	}

	size_t keep = size - 4;
	while (keep > 0 && (b.p[keep] & 0xc0) == 0x80)
		keep--;
	memcpy(out, b.p, keep);
	memcpy(out + keep, "...", 4);
	return out;
}

const char *lw_text_escape_str(const char *text, char *out, size_t size)
{
	return lw_text_escape(lw_span_str(text), out, size);
}

const char *lw_text_settle(const char *text, char *out, size_t size)
{
	size_t n = strlen(text);

	if (n >= size || !lw_text_is_plain(lw_span(text, n)))
		return lw_text_escape_str(text, out, size);
	memcpy(out, text, n + 1);
	return out;
}

bool lw_text_is_plain(struct lw_span text)
{
	while (text.n) {
		uint32_t point;
		size_t n = lw_text_decode(text, &point);

		if (n == 0 || !is_safe(point))
			return false;
		text = lw_span(text.p + n, text.n - n);
	}
	return true;
}

bool lw_text_is_utf8(struct lw_span text)
{
	while (text.n) {
		uint32_t point;
		size_t n = lw_text_decode(text, &point);

		if (n == 0)
			return false;
		text = lw_span(text.p + n, text.n - n);
	}
	return true;
}

bool lw_text_is_label(struct lw_span t)
{
	if (t.n == 0 || t.n > LW_MAX_LABEL)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = t.p[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!alnum && (i == 0 || (c != '.' && c != '_' && c != '-')))
			return false;
	}
	return true;
}
