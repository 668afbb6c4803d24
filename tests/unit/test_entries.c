/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/entries.h"

#include "base/limits.h"
#include "bundle/format.h"
#include "bundle/volumes.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/people.h"

#define HEX(c) c c c c c c c c c c c c c c c c
#define A      "sha256:" HEX("aaaa")
#define B      "sha256:" HEX("bbbb")
#define C      "sha256:" HEX("cccc")

static int parse(const char *text, struct lw_entries *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_buf_adds(&b, text);

	int r = lw_entries_parse(lw_unproven_in_the_box(lw_buf_span(&b)), &b, ret, e);

	assert_int_equal(b.n, 0); /* taken over, also on failure */
	assert_null(b.p);
	return r;
}

static void refused(enum lw_code code, const char *text)
{
	struct lw_entries got = { 0 };
	struct lw_error e = { 0 };
	int r = parse(text, &got, &e);

	if (r != -(int)code)
		print_message("%d (%s) for %s\n", r, e.text, text);
	assert_int_equal(r, -(int)code);
	assert_null(got.list);
	assert_int_equal(got.n, 0);
}

static void taken(const char *text, size_t n, uint64_t bytes)
{
	struct lw_entries got = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_error e = { 0 };

	if (parse(text, &got, &e) < 0)
		fail_msg("%s for %s", e.text, text);
	assert_int_equal(got.n, n);
	assert_int_equal(got.bytes, bytes);
	lw_entries_write(&got, &again);
	assert_string_equal(lw_buf_str(&again), text);
	for (size_t i = 0; i < got.n; i++) {
		assert_int_equal(got.list[i].flags & ~(uint64_t)LW_ENTRY_CUT, 0);
		assert_ptr_equal(lw_entries_find(&got, &got.list[i].digest, got.list[i].size),
				 &got.list[i]);
		assert_null(lw_entries_find(&got, &got.list[i].digest, got.list[i].size + 5));
	}
	lw_entries_release(&got);
}

static void roundtrip(void **state)
{
	(void)state;
	taken("", 0, 0);
	taken(A " 0\n", 1, 0);
	taken(A " 1\n", 1, 1);
	taken(A " 8589934591\n", 1, 8589934591);
	taken(B " 9\n" A " 10\n", 2, 19);	     /* by size first, as numbers */
	taken(A " 10\n" B " 10\n" C " 10\n", 3, 30); /* then by digest */
	taken(A " 1\n" A " 2\n", 2, 3); /* one digest with two sizes is gate 4's matter */
	assert_int_equal(sizeof(struct lw_entry), 48);
}

static void lines(void **state)
{
	static const char *const wrong[] = {
		"\n",
		" ",
		A,
		A "\n",
		A " \n",
		A " 1",
		A " 1 \n",
		A "  1\n",
		A "\t1\n",
		A " 1\r\n",
		A " 1\n\n",
		"\n" A " 1\n",
		" " A " 1\n",
		A " 01\n",
		A " 00\n",
		A " +1\n",
		A " -1\n",
		A " 1.0\n",
		A " 1e3\n",
		A " 0x1\n",
		A " one\n",
		A " 1 x\n",
		A " 1\n#\n",
		HEX("aaaa") " 1\n",
		"sha256 " HEX("aaaa") " 1\n",
		"SHA256:" HEX("aaaa") " 1\n",
		"sha256:" HEX("AAAA") " 1\n",
		"sha256:" HEX("aaaa") "a 1\n",
		"sha256:" HEX("aaag") " 1\n",
		"sha256-" HEX("aaaa") " 1\n",
		"\xef\xbb\xbf" A " 1\n",
		A " 1\n" B " 2",
		A " 1\nx",
		"Volume 2\n",
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(wrong); i++)
		refused(LW_E_FORMAT, wrong[i]);
	refused(LW_E_LIMIT, A " 8589934592\n"); /* in one piece */
	refused(LW_E_LIMIT, A " 1099511627777\n");
	refused(LW_E_LIMIT, A " 18446744073709551615\n");
	refused(LW_E_LIMIT, A " 18446744073709551616\n");
	refused(LW_E_LIMIT, A " 99999999999999999999999999999999999\n");
}

static void order(void **state)
{
	(void)state;
	refused(LW_E_FORMAT, A " 1\n" A " 1\n");
	refused(LW_E_FORMAT, B " 1\n" A " 1\n");
	refused(LW_E_FORMAT, A " 2\n" B " 1\n");
	refused(LW_E_FORMAT, A " 10\n" B " 9\n");
	refused(LW_E_FORMAT, A " 1\n" B " 2\n" A " 1\n");
	refused(LW_E_FORMAT, A " 1\n" C " 2\n" B " 2\n");
}

/* What does not travel stands among the others, and is no member. */
static void prerequisites(void **state)
{
	static const char text[] =
		A " 1\nhave " B " 2\nvolume 2\n" C " 3\nhave " A " 1099511627776\n";
	static const char *const wrong[] = {
		"have " A " 1", /* it does not even end */
		"have" A " 1\n",
		"have  " A " 1\n",
		"have \n",
		"have have " A " 1\n",
		"have " A " 1\nhave " A " 1\n",
		"have " A " 1\n" A " 1\n",
		A " 1\nhave " A " 1\n",
		"have " B " 1\nhave " A " 1\n",
		"have " A " 2\npiece " B " 1\npiece " C " 1\n",
		A " 1\nvolume 2\nhave " B " 1\n" C " 1\n",
		"have " A " 1\nvolume 2\n" B " 1\n",
		A " 1\nvolume 2\nhave " B " 1\n",
		/* nor is a volume empty that has a blob's line alone */
		A " 2\nvolume 2\npiece " B " 1\npiece " C " 1\n",
		A " 1\nvolume 2\n" B " 2\nvolume 3\npiece " C " 1\npiece " C " 1\n",
	};
	struct lw_entries x = { 0 };
	struct lw_error e = { 0 };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(wrong); i++)
		refused(LW_E_FORMAT, wrong[i]);
	refused(LW_E_LIMIT, "have " A " 1099511627777\n");
	OK(parse("have " A " 5\n", &x, &e)); /* nothing travels */
	assert_int_equal(x.n_have, 1);
	assert_int_equal(lw_volumes_bytes(&x, 512), 512 + LW_TAR_END);
	lw_entries_release(&x);

	LW_AUTO(buf) struct lw_buf again = { 0 };

	OK(parse(text, &x, &e));
	lw_entries_write(&x, &again);
	assert_string_equal(lw_buf_str(&again), text);
	assert_int_equal(x.n_have, 2);
	assert_int_equal(x.have_bytes, 1099511627778);
	for (uint64_t v = 1; v <= 2; v++) {
		const struct lw_extent extent = lw_volumes_extent(&x, v);

		assert_int_equal(lw_extent_bytes(&x, &extent), 1024);
	}

	const struct lw_extent none = lw_volumes_supplement(&x);

	assert_int_equal(lw_extent_bytes(&x, &none), 0);
	x.list[1].flags |= LW_ENTRY_HERE;
	assert_int_equal(lw_extent_bytes(&x, &none), 1024);
	assert_int_equal(lw_extent_entry_size(&x, &none, 1), 2);
	assert_int_equal(lw_extent_entry_size(&x, &none, 0), 0);
	lw_entries_release(&x);
}

/* A volume begins with a member, and is told once. */
static void volumes(void **state)
{
	static const char *const wrong[] = {
		"volume 2\n",
		"volume 2\n" A " 1\n",
		"volume 1\n" A " 1\n",
		A " 1\nvolume 2\n",
		A " 1\nvolume 3\n" B " 1\n",
		A " 1\nvolume 1\n" B " 1\n",
		A " 1\nvolume 2\nvolume 3\n" B " 1\n",
		A " 1\nvolume 2\nvolume 2\n" B " 1\n",
		A " 1\nvolume 2\n" B " 1\nvolume 2\n" C " 1\n",
		A " 1\nvolume 02\n" B " 1\n",
		A " 1\nvolume  2\n" B " 1\n",
		A " 1\nvolume 2 \n" B " 1\n",
		A " 1\nvolume +2\n" B " 1\n",
		A " 1\nvolume\n" B " 1\n",
		A " 1\nvolume two\n" B " 1\n",
		A " 1\nvolume 2 " B "\n",
		A " 1\nvolume2\n" B " 1\n",
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(wrong); i++)
		refused(LW_E_FORMAT, wrong[i]);
	taken(A " 1\nvolume 2\n" B " 1\n", 2, 2);
	taken(A " 1\nvolume 2\n" B " 1\nvolume 3\n" C " 1\n", 3, 3);
}

static void pieces(void **state)
{
	static const char *const wrong[] = {
		"piece " A " 1\n",
		A " 3\npiece " B " 3\n", /* one */
		A " 3\npiece " B " 1\npiece " C " 1\n",
		A " 3\npiece " B " 1\npiece " C " 3\n",
		A " 3\npiece " B " 3\npiece " C " 0\n",
		A " 0\npiece " B " 0\npiece " C " 0\n",
		A " 3\npiece " B " 1\npiece " C " 2",
		A " 3\npiece " B " 1\npiece\n",
		A " 3\npiece " B " 1\npiece  " C " 2\n",
		A " 3\npiece 1 " B " 1\npiece 2 " C " 2\n",
		A " 3\npiece " B " 01\npiece " C " 2\n",
		/* the volume is told before the piece it begins with */
		B " 1\nvolume 2\n" A " 3\npiece " B " 1\npiece " C " 2\n",
		A " 3\npiece " B " 1\npiece " C " 2\nvolume 2\n",
		A " 3\npiece " B " 1\nvolume 2\nvolume 3\npiece " C " 2\n",
		/* a piece of the one that came before */
		A " 3\n" B " 3\npiece " B " 1\n" C " 3\npiece " B " 2\n",
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(wrong); i++)
		refused(LW_E_FORMAT, wrong[i]);
	refused(LW_E_LIMIT, A " 8589934593\npiece " B " 8589934592\npiece " C " 1\n");
	taken(A " 8589934592\npiece " B " 8589934591\npiece " C " 1\n", 1, 8589934592);
	taken(A " 3\npiece " B " 1\npiece " B " 2\n", 1, 3); /* alike, perhaps */
	taken(A " 3\npiece " B " 1\nvolume 2\npiece " C " 2\n" B " 3\n", 2, 6);
	taken(C " 1\n" A " 3\nvolume 2\npiece " B " 1\nvolume 3\npiece " C " 2\nvolume 4\n" B
		" 3\n",
	      3, 7);
}

static struct lw_entries parsed(const char *text)
{
	struct lw_entries got = { 0 };
	struct lw_error e = { 0 };

	OK(parse(text, &got, &e));
	return got;
}

static uint64_t member(uint64_t size)
{
	return 512 + (size + 511) / 512 * 512;
}

/* What stands where. */
static void extents(void **state)
{
	LW_AUTO(entries)
	struct lw_entries x = parsed(C " 1\n" A " 3000\npiece " B " 1000\nvolume 2\npiece " C
				       " 1000\nvolume 3\npiece " C " 1000\n" B
				       " 3000\nvolume 4\n" C " 3000\n");
	const struct {
		size_t first, end, pieces, pieces_end;
		uint64_t bytes;
	} want[] = { { 0, 2, 0, 1, 1024 + member(1000) },
		     { 1, 2, 1, 2, member(1000) },
		     { 1, 3, 2, 3, member(1000) + member(3000) },
		     { 3, 4, 3, 3, member(3000) } };

	(void)state;
	assert_int_equal(lw_volumes_count(&x), 4);
	for (uint64_t v = 1; v <= 4; v++) {
		const struct lw_extent got = lw_volumes_extent(&x, v);
		size_t p, end;

		assert_int_equal(got.first, want[v - 1].first);
		assert_int_equal(got.end, want[v - 1].end);
		lw_extent_pieces(&x, &got, v == 4 ? 3 : 1, &p, &end);
		assert_int_equal(p, want[v - 1].pieces);
		assert_int_equal(end, want[v - 1].pieces_end);
		assert_int_equal(lw_extent_bytes(&x, &got), want[v - 1].bytes);
		assert_false(lw_extent_is_whole(&x, &got, 1));
	}
	const struct lw_extent third = lw_volumes_extent(&x, 3);

	assert_true(lw_extent_is_whole(&x, &third, 2));
	assert_false(lw_extent_is_whole(&x, &third, 3));
	assert_int_equal(lw_volumes_bytes(&x, 5120),
			 1024 + 3 * member(1000) + 2 * member(3000) + 4 * (5120 + 1024));
}

/* Packing's choice: read back, it is itself; no volume is too large; what fits is not cut. */
static void lay(const uint64_t *sizes, size_t n, uint64_t room)
{
	LW_AUTO(entries)
	struct lw_entries x = { .list = lw_alloc_array(n, sizeof(*x.list)), .n = n };
	LW_AUTO(entries) struct lw_entries again = { 0 };
	LW_AUTO(buf) struct lw_buf text = { 0 };
	LW_AUTO(buf) struct lw_buf copy = { 0 };
	struct lw_error e = { 0 };

	for (size_t i = 0; i < n; i++) {
		x.list[i].size = sizes[i];
		x.list[i].digest.sha256[0] = (uint8_t)i;
	}
	OK(lw_volumes_lay(&x, room, &e));
	lw_entries_write(&x, &text);
	lw_buf_add(&copy, text.p, text.n);
	if (lw_entries_parse(lw_unproven_in_the_box(lw_buf_span(&copy)), &copy, &again, &e) < 0)
		fail_msg("%s in %s", e.text, lw_buf_str(&text));
	assert_int_equal(again.n_breaks, x.n_breaks);
	assert_int_equal(again.n_pieces, x.n_pieces);
	for (uint64_t v = 1; v <= lw_volumes_count(&again); v++) {
		const struct lw_extent extent = lw_volumes_extent(&again, v);

		assert_true(lw_extent_bytes(&again, &extent) <= room);
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal((again.list[i].flags & LW_ENTRY_CUT) != 0,
				 member(sizes[i]) > room || sizes[i] > LW_MAX_MEMBER_BYTES);
}

static void layouts(void **state)
{
	static const uint64_t small[] = { 0, 1, 511, 512, 513, 1000, 5000, 100000 };
	static const uint64_t large[] = { 10,
					  (uint64_t)3 << 20,
					  (uint64_t)3 << 20,
					  (uint64_t)40 << 20,
					  (uint64_t)4 << 30,
					  LW_MAX_MEMBER_BYTES,
					  LW_MAX_MEMBER_BYTES + 1,
					  (uint64_t)40 << 30 };
	LW_AUTO(entries) struct lw_entries none = { 0 };
	struct lw_error e = { 0 };

	(void)state;
	for (uint64_t room = 1024; room < 120000; room += 511)
		lay(small, LW_COUNT_OF(small), room);
	for (uint64_t mib = 9; mib < 20000; mib = mib * 3 / 2)
		lay(large, LW_COUNT_OF(large), (mib << 20) - 77);
	lay(large, LW_COUNT_OF(large), UINT64_MAX);
	lay(NULL, 0, 1024);
	FAILS(LW_E_USAGE, lw_volumes_lay(&none, 1023, &e));
}

static void too_many_volumes(void **state)
{
	LW_AUTO(entries)
	struct lw_entries x = { .list = lw_alloc_array(1, sizeof(*x.list)), .n = 1 };
	struct lw_error e = { 0 };

	(void)state;
	x.list[0].size = LW_MAX_BLOB_BYTES;
	FAILS(LW_E_LIMIT, lw_volumes_lay(&x, (uint64_t)64 << 20, &e));
}

/* A NUL ends nothing. */
static void nuls(void **state)
{
	static const char text[] = A " 1\0\n";
	static const char late[] = A " 1\n\0";
	const struct {
		const char *p;
		size_t n;
	} rows[] = { { text, sizeof(text) - 1 }, { late, sizeof(late) - 1 } };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		LW_AUTO(buf) struct lw_buf b = { 0 };
		struct lw_entries got = { 0 };
		struct lw_error e;

		lw_buf_add(&b, rows[i].p, rows[i].n);
		FAILS(LW_E_FORMAT,
		      lw_entries_parse(lw_unproven_in_the_box(lw_buf_span(&b)), &b, &got, &e));
	}
}

static void only_the_proven_bytes_are_read(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_entries got = { 0 };
	struct lw_error e;
	static const char text[] = A " 1\n";

	(void)state;
	lw_buf_adds(&b, text);
	FAILS(LW_E_INTERNAL,
	      lw_entries_parse(lw_unproven_in_the_box(lw_span_str(text)), &b, &got, &e));
	assert_int_equal(b.n, 0);
	lw_buf_adds(&b, text);
	FAILS(LW_E_INTERNAL,
	      lw_entries_parse(lw_unproven_in_the_box(lw_span(b.p, b.n - 1)), &b, &got, &e));
	assert_null(got.list);
}

/* n lines that count up. */
static void fill(struct lw_buf *b, size_t n, uint64_t size)
{
	struct lw_digest d = { { 0 } };
	char hex[65];

	lw_buf_reserve(b, n * LW_MAX_ENTRY_LINE);
	for (size_t i = 0; i < n; i++) {
		d.sha256[0] = (uint8_t)(i >> 16);
		d.sha256[1] = (uint8_t)(i >> 8);
		d.sha256[2] = (uint8_t)i;
		lw_buf_printf(b, "sha256:%s %llu\n", lw_digest_hex(&d, hex),
			      (unsigned long long)size);
	}
}

/* A million entries of the largest size: the sum fits, memory is what is promised. */
static void the_most_entries(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_entries got = { 0 };
	struct lw_error e;

	(void)state;
	fill(&b, LW_MAX_ENTRIES, LW_MAX_MEMBER_BYTES);
	OK(lw_entries_parse(lw_unproven_in_the_box(lw_buf_span(&b)), &b, &got, &e));
	assert_int_equal(got.n, LW_MAX_ENTRIES);
	assert_int_equal(got.bytes, (uint64_t)LW_MAX_ENTRIES * LW_MAX_MEMBER_BYTES);
	assert_int_equal(got.list[LW_MAX_ENTRIES - 1].digest.sha256[2],
			 (LW_MAX_ENTRIES - 1) & 255);
	assert_true(malloc_usable_size(got.list) < LW_MAX_ENTRIES * 48 + 8192);
	for (size_t i = 0; i < got.n; i += 997)
		assert_ptr_equal(
			lw_entries_find(&got, &got.list[i].digest, LW_MAX_MEMBER_BYTES),
			&got.list[i]);
	lw_entries_release(&got);
	assert_null(got.list);
}

static void one_entry_more(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_entries got = { 0 };
	struct lw_error e;

	(void)state;
	fill(&b, LW_MAX_ENTRIES + 1, 1);
	FAILS(LW_E_LIMIT,
	      lw_entries_parse(lw_unproven_in_the_box(lw_buf_span(&b)), &b, &got, &e));
	assert_int_equal(b.n, 0);
	assert_null(got.list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roundtrip),
		cmocka_unit_test(lines),
		cmocka_unit_test(order),
		cmocka_unit_test(prerequisites),
		cmocka_unit_test(volumes),
		cmocka_unit_test(pieces),
		cmocka_unit_test(extents),
		cmocka_unit_test(layouts),
		cmocka_unit_test(too_many_volumes),
		cmocka_unit_test(nuls),
		cmocka_unit_test(only_the_proven_bytes_are_read),
		cmocka_unit_test(the_most_entries),
		cmocka_unit_test(one_entry_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
