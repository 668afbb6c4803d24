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

/* "sha256:<hex> <size>". */
static int parse_named(struct lw_span line, uint64_t max, struct lw_digest *ret,
		       uint64_t *ret_size, struct lw_error *e)
{
	const size_t name = 7 + 64;

	if (line.n < SHORTEST_LINE - 1 || line.p[name] != ' ') {
		char shown[128];

		return lw_fail(e, LW_E_FORMAT, "want 'digest size', have '%s'",
			       lw_text_escape(line, shown, sizeof(shown)));
	}

	int r = lw_digest_parse(lw_span(line.p, name), ret, e);
	return r < 0 ? r
		     : lw_num_u64(lw_span(line.p + name + 1, line.n - name - 1), 0, max,
				  ret_size, e);
}

/* What the lines so far say. */
struct reader {
	struct lw_entries *got;
	uint8_t *text;	      /* where entries are written */
	struct lw_entry last; /* the blob at hand ... */
	uint64_t in_pieces;   /* ... how much of it has stood in pieces ... */
	uint32_t pieces;      /* ... and in how many */
	size_t members;	      /* of the volume at hand, those before the blob at hand */
	bool breaking;	      /* the next member is the first of a volume */
	bool broke;	      /* the blob at hand is, unless it is cut */
};

static int add_break(struct reader *r, uint32_t piece, struct lw_error *e)
{
	struct lw_entries *got = r->got;

	if (r->members == 0)
		return lw_fail(e, LW_E_FORMAT, "the volume before this one is empty");
	r->members = 0;
	if ((got->n_breaks & (got->n_breaks - 1)) == 0)
		got->breaks = lw_realloc_array(got->breaks, got->n_breaks * 2 + 1,
					       sizeof(*got->breaks));
	got->breaks[got->n_breaks++] =
		(struct lw_break){ .entry = (uint32_t)(got->n - 1), .piece = piece };
	r->breaking = false;
	return 0;
}

/* The blob at hand is told in full. */
static int end_blob(struct reader *r, struct lw_error *e)
{
	if (r->got->n == 0 || r->last.flags & LW_ENTRY_HAVE)
		return 0;
	r->members += r->pieces == 0;
	if (r->pieces == 0)
		return r->last.size <= LW_MAX_MEMBER_BYTES
			       ? 0
			       : lw_fail(e, LW_E_LIMIT, "want pieces of at most %llu bytes",
					 (unsigned long long)LW_MAX_MEMBER_BYTES);
	if (r->pieces == 1)
		return lw_fail(e, LW_E_FORMAT, "one piece is no cut");
	if (r->in_pieces != r->last.size)
		return lw_fail(e, LW_E_FORMAT, "want pieces of %llu bytes in all, have %llu",
			       (unsigned long long)r->last.size,
			       (unsigned long long)r->in_pieces);
	return 0;
}

/* `have`: LW_ENTRY_HAVE of a prerequisite, else 0. */
static int take_blob(struct reader *r, struct lw_span line, uint64_t have, struct lw_error *e)
{
	struct lw_entries *got = r->got;
	struct lw_entry entry = { .flags = have };
	int rc = end_blob(r, e);

	if (rc == 0)
		rc = parse_named(line, LW_MAX_BLOB_BYTES, &entry.digest, &entry.size, e);
	if (rc < 0)
		return rc;
	if (got->n == LW_MAX_ENTRIES)
		return lw_fail(e, LW_E_LIMIT, "more than %zu entries", LW_MAX_ENTRIES);
	if (got->n > 0 &&
	    lw_entry_compare(&r->last.digest, r->last.size, &entry.digest, entry.size) >= 0)
		return lw_fail(e, LW_E_FORMAT, "it is out of order");
	if (__builtin_add_overflow(got->bytes, entry.size, &got->bytes))
		return lw_fail(e, LW_E_LIMIT, "sizes do not add up");
	if (have && r->breaking)
		return lw_fail(e, LW_E_FORMAT, "a volume begins with what does not travel");
	got->n_have += have != 0;
	got->have_bytes += have ? entry.size : 0; /* which is less than all of them */
	memcpy(r->text + got->n * sizeof(entry), &entry, sizeof(entry));
	got->n++;
	r->last = entry;
	r->in_pieces = 0;
	r->pieces = 0;
	r->broke = r->breaking;
	return r->breaking ? add_break(r, 0, e) : 0;
}

static int take_piece(struct reader *r, struct lw_span line, struct lw_error *e)
{
	struct lw_entries *got = r->got;
	struct lw_part piece = { .number = r->pieces };
	int rc;

	if (got->n == 0 || r->pieces == LW_MAX_BLOB_PIECES || got->n_pieces == LW_MAX_PIECES)
		return lw_fail(e, got->n == 0 ? LW_E_FORMAT : LW_E_LIMIT,
			       got->n == 0 ? "a piece of nothing" : "too many pieces");
	if (r->last.flags & LW_ENTRY_HAVE)
		return lw_fail(e, LW_E_FORMAT, "a piece of what does not travel");
	/* The volume that begins with a piece is told before that piece: one spelling. */
	if (r->pieces == 0 && r->broke)
		return lw_fail(e, LW_E_FORMAT, "the volume before it begins with a piece");
	rc = parse_named(line, LW_MAX_MEMBER_BYTES, &piece.digest, &piece.size, e);
	if (rc < 0)
		return rc;
	if (piece.size == 0)
		return lw_fail(e, LW_E_FORMAT, "a piece of no bytes");
	if ((got->n_pieces & (got->n_pieces - 1)) == 0)
		got->pieces = lw_realloc_array(got->pieces, got->n_pieces * 2 + 1,
					       sizeof(*got->pieces));
	piece.entry = (uint32_t)(got->n - 1);
	got->pieces[got->n_pieces++] = piece;
	r->in_pieces += piece.size; /* pieces and their sizes are few and small enough */
	if (r->breaking && add_break(r, r->pieces, e) < 0)
		return -(int)e->code;
	r->members++;
	if (r->pieces++ == 0) {
		r->last.flags = LW_ENTRY_CUT;
		memcpy(r->text + (got->n - 1) * sizeof(r->last), &r->last, sizeof(r->last));
	}
	return 0;
}

/* "volume 2": it begins with the next member, and is not empty; nor is the one before. */
static int take_volume(struct reader *r, struct lw_span line, struct lw_error *e)
{
	uint64_t number = 0;
	int rc = lw_num_u64(line, 0, LW_MAX_VOLUMES, &number, e);

	if (rc < 0)
		return rc;
	if (number != r->got->n_breaks + 2 || r->breaking || r->got->n == 0)
		return lw_fail(e, LW_E_FORMAT, "volume %llu does not follow",
			       (unsigned long long)number);
	r->breaking = true;
	return 0;
}

static int take_line(struct reader *r, struct lw_span line, struct lw_error *e)
{
	static const char volume[] = "volume ", piece[] = "piece ", have[] = "have ";

	if (lw_span_starts(line, have))
		return take_blob(r,
				 lw_span(line.p + sizeof(have) - 1, line.n - sizeof(have) + 1),
				 LW_ENTRY_HAVE, e);
	if (lw_span_starts(line, volume))
		return take_volume(
			r, lw_span(line.p + sizeof(volume) - 1, line.n - sizeof(volume) + 1),
			e);
	if (lw_span_starts(line, piece))
		return take_piece(
			r, lw_span(line.p + sizeof(piece) - 1, line.n - sizeof(piece) + 1), e);
	return take_blob(r, line, 0, e);
}

/* The list grows into the room of the text it is read from: an entry is shorter than the
 * shortest line of a blob, so writing entry i never touches what comes after its line. */
static int parse_in_place(uint8_t *text, size_t n, struct lw_entries *ret, struct lw_error *e)
{
	struct reader reader = { .got = ret, .text = text };
	size_t at = 0, line = 0;
	int r = 0;

	_Static_assert(sizeof(struct lw_entry) <= SHORTEST_LINE, "an entry fits its line");
	while (at < n && r == 0) {
		const uint8_t *end = memchr(text + at, '\n', n - at);

		line++;
		if (!end)
			return lw_fail(e, LW_E_FORMAT, "line %zu does not end", line);
		r = take_line(&reader, lw_span(text + at, (size_t)(end - (text + at))), e);
		at = (size_t)(end - text) + 1;
	}
	if (r == 0)
		r = end_blob(&reader, e);
	if (r == 0 && reader.breaking)
		r = lw_fail(e, LW_E_FORMAT, "the last volume is empty");
	return r < 0 ? lw_prefix(e, "line %zu", line) : 0;
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

	if (r < 0) {
		lw_entries_release(&got); /* its list is not its own yet */
		return lw_prefix(e, "entries");
	}
	got.list = lw_realloc_array(lw_steal(bytes), got.n, sizeof(*got.list));
	*ret = got;
	return 0;
}

static void write_named(struct lw_buf *out, const struct lw_digest *d, uint64_t size)
{
	char text[LW_DIGEST_TEXT];

	lw_buf_printf(out, "%s %llu\n", lw_digest_text(d, text), (unsigned long long)size);
}

/* The line of a volume that begins with this member. */
static void write_break(const struct lw_entries *entries, size_t *at, size_t entry,
			size_t piece, struct lw_buf *out)
{
	if (*at < entries->n_breaks && entries->breaks[*at].entry == entry &&
	    entries->breaks[*at].piece == piece)
		lw_buf_printf(out, "volume %zu\n", ++*at + 1);
}

void lw_entries_write(const struct lw_entries *entries, struct lw_buf *out)
{
	size_t next = 0, volume = 0;

	for (size_t i = 0; i < entries->n; i++) {
		if (!(entries->list[i].flags & (LW_ENTRY_CUT | LW_ENTRY_HAVE)))
			write_break(entries, &volume, i, 0, out);
		if (entries->list[i].flags & LW_ENTRY_HAVE)
			lw_buf_adds(out, "have ");
		write_named(out, &entries->list[i].digest, entries->list[i].size);
		for (; next < entries->n_pieces && entries->pieces[next].entry == i; next++) {
			write_break(entries, &volume, i, entries->pieces[next].number, out);
			lw_buf_adds(out, "piece ");
			write_named(out, &entries->pieces[next].digest,
				    entries->pieces[next].size);
		}
	}
}

void lw_entries_release(struct lw_entries *entries)
{
	free(entries->list);
	free(entries->pieces);
	free(entries->breaks);
	*entries = (struct lw_entries){ 0 };
}

void lw_entries_pieces(const struct lw_entries *entries, size_t i, size_t *ret_first,
		       size_t *ret_end)
{
	size_t lo = 0, hi = entries->n_pieces;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (entries->pieces[mid].entry < i)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret_first = lo;
	while (lo < entries->n_pieces && entries->pieces[lo].entry == i)
		lo++;
	*ret_end = lo;
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
