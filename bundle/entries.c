/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/entries.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#define SHORTEST_LINE 74 /* "sha256:" 64 digits, a space, a digit, LF */

int lw_entry_compare(const struct lw_digest *a, uint64_t a_size, const struct lw_digest *b,
		     uint64_t b_size)
{
	if (a_size != b_size)
		return a_size < b_size ? -1 : 1;
	return lw_digest_compare(a, b);
}

static int parse_line(struct lw_span line, struct lw_entry *ret, struct lw_error *e)
{
	static const char *const reserved[] = { "volume", "piece", "have" };
	const size_t name = 7 + 64;
	struct lw_entry entry = { 0 };

	for (size_t i = 0; i < LW_COUNT_OF(reserved); i++)
		if (lw_span_starts(line, reserved[i]))
			return lw_fail(e, LW_E_UNSUPPORTED,
				       "'%s' lines are not supported by this version",
				       reserved[i]);
	if (line.n < SHORTEST_LINE - 1 || line.p[name] != ' ') {
		char shown[128];

		return lw_fail(e, LW_E_FORMAT, "want 'digest size', have '%s'",
			       lw_text_escape(line, shown, sizeof(shown)));
	}

	int r = lw_digest_parse(lw_span(line.p, name), &entry.digest, e);
	if (r == 0)
		r = lw_num_u64(lw_span(line.p + name + 1, line.n - name - 1), 0,
			       LW_MAX_BLOB_BYTES, &entry.size, e);
	if (r < 0)
		return r;
	*ret = entry;
	return 0;
}

/* The list grows into the room of the text it is read from: an entry is shorter than the
 * shortest line, so writing entry i never touches line i + 1. */
static int parse_in_place(uint8_t *text, size_t n, struct lw_entries *ret, struct lw_error *e)
{
	struct lw_entry last = { 0 };
	size_t at = 0;

	_Static_assert(sizeof(struct lw_entry) <= SHORTEST_LINE, "an entry fits its line");
	while (at < n) {
		uint8_t *end = memchr(text + at, '\n', n - at);
		struct lw_entry entry = { 0 };
		int r;

		if (!end)
			return lw_fail(e, LW_E_FORMAT, "line %zu does not end", ret->n + 1);
		if (ret->n == LW_MAX_ENTRIES)
			return lw_fail(e, LW_E_LIMIT, "more than %zu entries", LW_MAX_ENTRIES);
		r = parse_line(lw_span(text + at, (size_t)(end - (text + at))), &entry, e);
		if (r < 0)
			return lw_prefix(e, "line %zu", ret->n + 1);
		if (ret->n > 0 &&
		    lw_entry_compare(&last.digest, last.size, &entry.digest, entry.size) >= 0)
			return lw_fail(e, LW_E_FORMAT, "line %zu is out of order", ret->n + 1);
		if (__builtin_add_overflow(ret->bytes, entry.size, &ret->bytes))
			return lw_fail(e, LW_E_LIMIT, "sizes do not add up");
		at = (size_t)(end - text) + 1;
		memcpy(text + ret->n * sizeof(entry), &entry, sizeof(entry));
		last = entry;
		ret->n++;
	}
	return 0;
}

int lw_entries_parse(struct lw_proven proven, struct lw_buf *text, struct lw_entries *ret,
		     struct lw_error *e)
{
	struct lw_entries got = { 0 };
	size_t n = text->n;
	lw_auto_free uint8_t *bytes = lw_buf_detach(text);

	if (proven.bytes.n != n || (n && proven.bytes.p != bytes))
		return lw_fail(e, LW_E_INTERNAL, "entries: other bytes than the proven ones");

	int r = parse_in_place(bytes, n, &got, e);

	if (r < 0)
		return lw_prefix(e, "entries");
	got.list = lw_realloc_array(lw_steal(bytes), got.n, sizeof(*got.list));
	*ret = got;
	return 0;
}

void lw_entries_write(const struct lw_entries *entries, struct lw_buf *out)
{
	char text[LW_DIGEST_TEXT];

	for (size_t i = 0; i < entries->n; i++)
		lw_buf_printf(out, "%s %llu\n", lw_digest_text(&entries->list[i].digest, text),
			      (unsigned long long)entries->list[i].size);
}

void lw_entries_release(struct lw_entries *entries)
{
	free(entries->list);
	*entries = (struct lw_entries){ 0 };
}

struct lw_entry *lw_entries_find(const struct lw_entries *entries, const struct lw_digest *d,
				 uint64_t size)
{
	size_t lo = 0, hi = entries->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		struct lw_entry *m = &entries->list[mid];
		int c = lw_entry_compare(&m->digest, m->size, d, size);

		if (c == 0)
			return m;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}
