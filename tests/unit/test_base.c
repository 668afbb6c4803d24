/* SPDX-License-Identifier: Apache-2.0 */

/* The small modules that everything stands on. */

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "base/threads.h"
#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#define FORMAT (-(int)LW_E_FORMAT)
#define LIMIT  (-(int)LW_E_LIMIT)
/* A literal that may hold NULs. */
#define LIT(s) lw_span(s, sizeof(s) - 1)

static bool aborts(void (*f)(void))
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		(void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		(void)fclose(stderr);
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

/* num */

static void test_num_u64(void **state)
{
	static const struct {
		const char *text;
		uint64_t min, max;
		int code;
		uint64_t value;
	} rows[] = {
		{ "0", 0, 0, 0, 0 },
		{ "7", 0, 9, 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", 0, UINT64_MAX, LIMIT, 0 },
		{ "18446744073709551625", 0, UINT64_MAX, LIMIT, 0 },
		{ "99999999999999999999999", 0, UINT64_MAX, LIMIT, 0 },
		{ "6", 7, 9, LIMIT, 0 },
		{ "10", 7, 9, LIMIT, 0 },
		{ "", 0, 9, FORMAT, 0 },
		{ "00", 0, 9, FORMAT, 0 },
		{ "07", 0, 9, FORMAT, 0 },
		{ "+7", 0, 9, FORMAT, 0 },
		{ "-7", 0, 9, FORMAT, 0 },
		{ "-0", 0, 9, FORMAT, 0 },
		{ " 7", 0, 9, FORMAT, 0 },
		{ "7 ", 0, 9, FORMAT, 0 },
		{ "7\n", 0, 9, FORMAT, 0 },
		{ "7x", 0, 9, FORMAT, 0 },
		{ "0x7", 0, 9, FORMAT, 0 },
		{ "7.0", 0, 9, FORMAT, 0 },
		{ "1e1", 0, 99, FORMAT, 0 },
		{ "1_0", 0, 99, FORMAT, 0 },
		{ "\xd9\xa7", 0, 99, FORMAT, 0 }, /* an Arabic seven */
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		uint64_t v = 4711;
		int r = lw_num_u64(lw_span_str(rows[i].text), rows[i].min, rows[i].max, &v,
				   NULL);

		if (r != rows[i].code || v != (r < 0 ? 4711 : rows[i].value))
			fail_msg("'%s': %d", rows[i].text, r);
	}

	uint64_t v = 4711;
	assert_int_equal(lw_num_u64(LIT("7\0"), 0, 9, &v, NULL), FORMAT);
	assert_int_equal(lw_num_u64(lw_span(NULL, 0), 0, 9, &v, NULL), FORMAT);
	assert_int_equal(v, 4711);
}

static void test_num_size(void **state)
{
	static const struct {
		const char *text;
		int code;
		uint64_t value;
	} rows[] = {
		{ "500", 0, 500 },
		{ "0", 0, 0 },
		{ "7B", 0, 7 },
		{ "2KB", 0, 2000 },
		{ "3MB", 0, 3000000 },
		{ "4GB", 0, 4000000000 },
		{ "5TB", 0, 5000000000000 },
		{ "2KiB", 0, 2048 },
		{ "3MiB", 0, 3145728 },
		{ "4GiB", 0, 4294967296 },
		{ "16777215TiB", 0, UINT64_MAX - ((uint64_t)1 << 40) + 1 },
		{ "16777216TiB", LIMIT, 0 },
		{ "18446745TB", LIMIT, 0 },
		{ "18446744073709551615B", 0, UINT64_MAX },
		{ "18446744073709551616", LIMIT, 0 },
		{ "", FORMAT, 0 },
		{ "GB", FORMAT, 0 },
		{ "B", FORMAT, 0 },
		{ "4gb", FORMAT, 0 },
		{ "4 GB", FORMAT, 0 },
		{ "4G", FORMAT, 0 },
		{ "4K", FORMAT, 0 },
		{ "4GBB", FORMAT, 0 },
		{ "04GB", FORMAT, 0 },
		{ "-4GB", FORMAT, 0 },
		{ "4.7GB", FORMAT, 0 },
		{ "4GB ", FORMAT, 0 },
		{ "4kB", FORMAT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		uint64_t v = 4711;
		int r = lw_num_size(lw_span_str(rows[i].text), &v, NULL);

		if (r != rows[i].code || v != (r < 0 ? 4711 : rows[i].value))
			fail_msg("'%s': %d", rows[i].text, r);
	}

	uint64_t v = 4711;
	assert_int_equal(lw_num_size(lw_span(NULL, 0), &v, NULL), FORMAT);
	assert_int_equal(lw_num_size(LIT("4GB\0"), &v, NULL), FORMAT);
	assert_int_equal(v, 4711);
}

static void test_num_duration(void **state)
{
	static const struct {
		const char *text;
		int code;
		int64_t value;
	} rows[] = {
		{ "P90D", 0, 7776000 },
		{ "P2W", 0, 1209600 },
		{ "PT12H", 0, 43200 },
		{ "P1DT30M", 0, 88200 },
		{ "PT90S", 0, 90 },
		{ "P1W1DT1H1M1S", 0, 694861 },
		{ "P0D", 0, 0 },
		{ "P36600D", 0, 3162240000 }, /* 100 * 366 days */
		{ "P36600DT1S", LIMIT, 0 },
		{ "P36601D", LIMIT, 0 },
		{ "P5229W", LIMIT, 0 },
		{ "P9999999999D", LIMIT, 0 },
		{ "P99999999999999999999999D", LIMIT, 0 },
		{ "P30500568904944W", LIMIT, 0 }, /* times 604800: beyond 64 bits */
		{ "", FORMAT, 0 },
		{ "P", FORMAT, 0 },
		{ "PT", FORMAT, 0 },
		{ "P1", FORMAT, 0 },
		{ "1D", FORMAT, 0 },
		{ "90", FORMAT, 0 },
		{ "p1d", FORMAT, 0 },
		{ "P1d", FORMAT, 0 },
		{ "PD", FORMAT, 0 },
		{ "P1DT", FORMAT, 0 },
		{ "PT1D", FORMAT, 0 },
		{ "P1H", FORMAT, 0 },
		{ "P1M", FORMAT, 0 }, /* months have no length */
		{ "P1Y", FORMAT, 0 },
		{ "P1D1D", FORMAT, 0 },
		{ "P1D1W", FORMAT, 0 },
		{ "PT1M1H", FORMAT, 0 },
		{ "PTT1H", FORMAT, 0 },
		{ "PT1HT1M", FORMAT, 0 },
		{ "P01D", FORMAT, 0 },
		{ "P-1D", FORMAT, 0 },
		{ "-P1D", FORMAT, 0 },
		{ "P+1D", FORMAT, 0 },
		{ "P1.5D", FORMAT, 0 },
		{ "P1,5D", FORMAT, 0 },
		{ "P1D ", FORMAT, 0 },
		{ " P1D", FORMAT, 0 },
		{ "P 1D", FORMAT, 0 },
		{ "P1DX", FORMAT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		int64_t v = 4711;
		int r = lw_num_duration(lw_span_str(rows[i].text), &v, NULL);

		if (r != rows[i].code || v != (r < 0 ? 4711 : rows[i].value))
			fail_msg("'%s': %d", rows[i].text, r);
	}
}

static void test_num_human_size(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 B" },
		{ 512, "512 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.0 KiB" },
		{ 1075, "1.0 KiB" },
		{ 1076, "1.1 KiB" },
		{ 1536, "1.5 KiB" },
		{ 1047, "1.0 KiB" },
		{ 1048524, "1023.9 KiB" },
		{ 1048525, "1.0 MiB" }, /* not 1024.0 KiB */
		{ 1048575, "1.0 MiB" },
		{ 1048576, "1.0 MiB" },
		{ 1288490189, "1.2 GiB" },
		{ (uint64_t)1 << 60, "1.0 EiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		assert_ptr_equal(lw_num_human_size(rows[i].bytes, out), out);
		assert_string_equal(out, rows[i].text);
	}
}

/* encode */

static void test_hex(void **state)
{
	uint8_t all[256], back[256];
	char text[513];

	(void)state;
	for (size_t i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	assert_ptr_equal(lw_hex_encode(lw_span(all, 256), text), text);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
	assert_int_equal(lw_hex_decode(lw_span(text, 512), back, 256, NULL), 0);
	assert_memory_equal(back, all, 256);
	assert_int_equal(lw_hex_decode(lw_span(text, 0), back, 0, NULL), 0);
	assert_string_equal(lw_hex_encode(lw_span(NULL, 0), text), "");

	static const char *const bad[] = { "",
					   "0",
					   "000",
					   "0000 ",
					   "0A00",
					   "0g00",
					   "00 0",
					   "0x00",
					   "00-0",
					   "\xff"
					   "000",
					   "/000",
					   ":000",
					   "`000" };
	memset(back, 0x77, sizeof(back));
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++)
		assert_int_equal(lw_hex_decode(lw_span_str(bad[i]), back, 2, NULL), FORMAT);
	assert_int_equal(lw_hex_decode(LIT("00\0"
					   "0"),
				       back, 2, NULL),
			 FORMAT);
	assert_int_equal(back[0], 0x77);
}

static void test_base64_vectors(void **state)
{
	/* RFC 4648 10 */
	static const struct {
		const char *bytes, *text;
	} rows[] = { { "", "" },
		     { "f", "Zg==" },
		     { "fo", "Zm8=" },
		     { "foo", "Zm9v" },
		     { "foob", "Zm9vYg==" },
		     { "fooba", "Zm9vYmE=" },
		     { "foobar", "Zm9vYmFy" },
		     { "\xfb\xff\xbf", "+/+/" } };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		LW_AUTO(buf) struct lw_buf out = { 0 };
		LW_AUTO(buf) struct lw_buf back = { 0 };

		lw_buf_adds(&out, ">");
		lw_base64_encode(&out, lw_span_str(rows[i].bytes));
		assert_string_equal(lw_buf_str(&out) + 1, rows[i].text);
		lw_buf_adds(&back, ">");
		assert_int_equal(lw_base64_decode(lw_span_str(rows[i].text), LW_BASE64_STANDARD,
						  &back, NULL),
				 0);
		assert_string_equal(lw_buf_str(&back) + 1, rows[i].bytes);
	}
}

static void test_base64_refuses(void **state)
{
	static const char *const both[] = {
		"A",
		"AAAAA",
		"=",
		"==",
		"===",
		"====",
		"A=",
		"A===",
		"AA=",
		"AAA==",
		"AAAA=",
		"AAAA==",
		"AAAA====",
		"AB==",
		"AAB=",
		"Zh==",
		"Zm9=",
		"AA==AA==",
		"AA=A",
		"A=AA",
		"=AAA",
		"AAAA\n",
		"AAAA ",
		" AAAA",
		"AA\nAA",
		"AA AA",
		"AA*A",
		"AA.A",
		"\xff"
		"AAA",
		"AAA,",
		"AA==\n",
	};
	static const char *const standard_only[] = { "AA", "AAA", "-AAA", "_AAA", "Zm8" };
	static const char *const url_only[] = { "+AAA", "/AAA", "AB", "AAB" };
	LW_AUTO(buf) struct lw_buf out = { 0 };

	(void)state;
	lw_buf_adds(&out, "kept");
	for (size_t i = 0; i < LW_COUNT_OF(both); i++)
		for (int a = LW_BASE64_STANDARD; a <= LW_BASE64_URL; a++)
			if (lw_base64_decode(lw_span_str(both[i]), (enum lw_base64)a, &out,
					     NULL) != FORMAT)
				fail_msg("'%s' was taken", both[i]);
	for (size_t i = 0; i < LW_COUNT_OF(standard_only); i++)
		assert_int_equal(lw_base64_decode(lw_span_str(standard_only[i]),
						  LW_BASE64_STANDARD, &out, NULL),
				 FORMAT);
	for (size_t i = 0; i < LW_COUNT_OF(url_only); i++)
		assert_int_equal(
			lw_base64_decode(lw_span_str(url_only[i]), LW_BASE64_URL, &out, NULL),
			FORMAT);
	assert_int_equal(lw_base64_decode(LIT("AA\0A"), LW_BASE64_STANDARD, &out, NULL),
			 FORMAT);
	assert_string_equal(lw_buf_str(&out), "kept");

	lw_buf_clear(&out);
	assert_int_equal(lw_base64_decode(LIT("-_-_Zg"), LW_BASE64_URL, &out, NULL), 0);
	assert_int_equal(lw_base64_decode(LIT("Zg=="), LW_BASE64_URL, &out, NULL), 0);
	assert_memory_equal(out.p,
			    "\xfb\xff\xbf"
			    "ff",
			    5);
	assert_int_equal(out.n, 5);
}

/* One spelling per value: whatever is taken is what encoding gives back. All last quads. */
static void test_base64_is_one_to_one(void **state)
{
	size_t taken = 0;

	(void)state;
	for (unsigned v = 0; v < 256 * 256; v++) {
		const uint8_t quad[] = { 'Q', 'Q', (uint8_t)(v >> 8), (uint8_t)v };
		LW_AUTO(buf) struct lw_buf bytes = { 0 };
		LW_AUTO(buf) struct lw_buf again = { 0 };

		if (lw_base64_decode(lw_span(quad, 4), LW_BASE64_STANDARD, &bytes, NULL) < 0)
			continue;
		taken++;
		lw_base64_encode(&again, lw_buf_span(&bytes));
		assert_int_equal(again.n, 4);
		assert_memory_equal(again.p, quad, 4);
	}
	/* Three bytes: 64 * 64; two: 16; one: "QQ==". */
	assert_int_equal(taken, 64 * 64 + 16 + 1);
}

static void test_base64_random(void **state)
{
	struct lw_random random = lw_random_from(64);

	(void)state;
	for (size_t n = 0; n < 300; n++) {
		LW_AUTO(buf) struct lw_buf in = { 0 };
		LW_AUTO(buf) struct lw_buf text = { 0 };
		LW_AUTO(buf) struct lw_buf back = { 0 };

		for (size_t i = 0; i < n; i++)
			lw_buf_addc(&in, (char)lw_random_next(&random));
		lw_base64_encode(&text, lw_buf_span(&in));
		assert_int_equal(text.n, (n + 2) / 3 * 4);
		assert_int_equal(
			lw_base64_decode(lw_buf_span(&text), LW_BASE64_STANDARD, &back, NULL),
			0);
		assert_true(lw_span_equal(lw_buf_span(&in), lw_buf_span(&back)));
	}
}

/* text */

static size_t utf8(uint32_t v, uint8_t out[static 4])
{
	if (v < 0x80) {
		out[0] = (uint8_t)v;
		return 1;
	}
	if (v < 0x800) {
		out[0] = (uint8_t)(0xc0 | v >> 6);
		out[1] = (uint8_t)(0x80 | (v & 63));
		return 2;
	}
	if (v < 0x10000) {
		out[0] = (uint8_t)(0xe0 | v >> 12);
		out[1] = (uint8_t)(0x80 | (v >> 6 & 63));
		out[2] = (uint8_t)(0x80 | (v & 63));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | v >> 18);
	out[1] = (uint8_t)(0x80 | (v >> 12 & 63));
	out[2] = (uint8_t)(0x80 | (v >> 6 & 63));
	out[3] = (uint8_t)(0x80 | (v & 63));
	return 4;
}

static void test_text_decode_all(void **state)
{
	(void)state;
	for (uint32_t v = 0; v < 0x110400; v++) {
		uint8_t bytes[4];
		uint32_t point = 0xdeadbeef;
		size_t n = utf8(v, bytes);
		bool valid = v < 0x110000 && (v < 0xd800 || v > 0xdfff);

		assert_int_equal(lw_text_decode(lw_span(bytes, n), &point), valid ? n : 0);
		assert_int_equal(point, valid ? v : 0xdeadbeef);
		assert_true(lw_text_is_utf8(lw_span(bytes, n)) == valid);
		/* One byte short is never well-formed. */
		assert_int_equal(lw_text_decode(lw_span(bytes, n - 1), &point), 0);
	}
}

static void test_text_decode_refuses(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc2\x41",
		"\xc2\xc2",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xef\xbf\x41",
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\xfc",
		"\xfe",
		"\xff",
		"\xe2\x82",
	};
	uint32_t point = 7;

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++) {
		assert_int_equal(lw_text_decode(lw_span_str(bad[i]), &point), 0);
		assert_false(lw_text_is_utf8(lw_span_str(bad[i])));
		assert_false(lw_text_is_plain(lw_span_str(bad[i])));
	}
	assert_int_equal(point, 7);
	assert_true(lw_text_is_utf8(lw_span(NULL, 0)));
	assert_true(lw_text_is_plain(lw_span(NULL, 0)));
}

static void test_text_append(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "plain text ~", "plain text ~" },
		{ "\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80",
		  "\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80" },
		{ "a\\b", "a\\\\b" },
		{ "\x1b[31mred", "\\x1b[31mred" },
		{ "a\nb\r\tc", "a\\x0ab\\x0d\\x09c" },
		{ "\x7f", "\\x7f" },
		{ "\xc2\x9b"
		  "31m",
		  "\\u{009b}31m" }, /* C1 CSI */
		{ "\x9b"
		  "31m",
		  "\\x9b31m" },			      /* the same as a bare byte */
		{ "\xe2\x80\xae", "\\u{202e}" },      /* right-to-left override */
		{ "\xe2\x81\xa6", "\\u{2066}" },      /* left-to-right isolate */
		{ "\xe2\x80\x8b", "\\u{200b}" },      /* zero-width space */
		{ "\xe2\x80\xa8", "\\u{2028}" },      /* line separator */
		{ "\xef\xbb\xbf", "\\u{feff}" },      /* byte order mark */
		{ "\xf3\xa0\x81\x81", "\\u{e0041}" }, /* tag A */
		{ "\xd8\x9c", "\\u{061c}" },	      /* Arabic letter mark */
		{ "\xd8\x80", "\\u{0600}" },	      /* Arabic number sign: Cf */
		{ "\xf0\x93\x90\xb0", "\\u{13430}" }, /* hieroglyph joiner: Cf */
		{ "\xc2\xad", "\\u{00ad}" },	      /* soft hyphen */
		{ "\xee\x80\x80", "\\u{e000}" },      /* private use */
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xc0\xaf", "\\xc0\\xaf" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		LW_AUTO(buf) struct lw_buf b = { 0 };

		lw_text_append(&b, lw_span_str(rows[i].in));
		assert_string_equal(lw_buf_str(&b), rows[i].out);
	}

	LW_AUTO(buf) struct lw_buf b = { 0 };
	lw_text_append(&b, LIT("a\0b"));
	assert_string_equal(lw_buf_str(&b), "a\\x00b");
}

/* Plain is what comes out unchanged, but for the backslash; what comes out is always plain. */
static void test_text_plain_is_unchanged(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	(void)state;
	for (uint32_t v = 0; v < 0x110000; v++) {
		uint8_t bytes[4];
		struct lw_span in = lw_span(bytes, utf8(v, bytes));

		lw_buf_clear(&b);
		lw_text_append(&b, in);
		assert_true(lw_text_is_plain(lw_buf_span(&b)));
		assert_true(lw_text_is_plain(in) ==
			    (v == '\\' || lw_span_equal(in, lw_buf_span(&b))));
	}
}

static void test_text_escape_cuts(void **state)
{
	struct lw_random random = lw_random_from(8);
	static const char *const pieces[] = {
		"a",	"\n",		"\\",	       "\xc3\xa9", "\xf0\x9f\x98\x80",
		"\xff", "\xe2\x80\xae", "\xe2\x82\xac"
	};

	(void)state;
	for (size_t round = 0; round < 20000; round++) {
		LW_AUTO(buf) struct lw_buf in = { 0 };
		LW_AUTO(buf) struct lw_buf full = { 0 };
		size_t size = 8 + lw_random_below(&random, 40);
		lw_auto_free char *out = lw_alloc(size);

		for (size_t n = lw_random_below(&random, 50); n > 0; n--)
			lw_buf_adds(&in, pieces[lw_random_below(&random, LW_COUNT_OF(pieces))]);
		lw_text_append(&full, lw_buf_span(&in));
		memset(out, 0x55, size);
		assert_ptr_equal(lw_text_escape(lw_buf_span(&in), out, size), out);

		size_t n = strnlen(out, size);
		assert_true(n < size);
		assert_true(lw_text_is_plain(lw_span(out, n)));
		if (full.n < size) {
			assert_string_equal(out, lw_buf_str(&full));
		} else {
			assert_true(n >= size - 1 - 3 && n >= 3);
			assert_string_equal(out + n - 3, "...");
			assert_memory_equal(out, lw_buf_str(&full), n - 3);
		}
	}
}

static void test_text_label(void **state)
{
	static const char *const good[] = { "a", "0", "acme-release", "a.b_c-d", "a-", "0." };
	static const char *const bad[] = { "",	  "-a",	 ".a",	"_a",  "A",	   "aB",
					   "a b", "a/b", "a\n", "a\\", "\xc3\xa9", "a\xc3\xa9",
					   "..",  "a:b", "a@b", " a",  "a ",	   "a+b" };
	char longest[LW_MAX_LABEL + 1];

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(good); i++)
		assert_true(lw_text_is_label(lw_span_str(good[i])));
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++)
		assert_false(lw_text_is_label(lw_span_str(bad[i])));
	memset(longest, 'a', sizeof(longest));
	assert_true(lw_text_is_label(lw_span(longest, LW_MAX_LABEL)));
	assert_false(lw_text_is_label(lw_span(longest, LW_MAX_LABEL + 1)));
	assert_false(lw_text_is_label(LIT("a\0")));
}

/* clock */

static void test_time_every_day(void **state)
{
	(void)state;
	for (int64_t day = 0; day <= LW_TIME_MAX / 86400; day++) {
		/* Another second of each day. */
		int64_t sec = day * 86400 + day * 7919 % 86400, back = -1;
		time_t t = (time_t)sec;
		char text[LW_TIME_TEXT], want[64];
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		(void)snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02dZ",
			       tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
			       tm.tm_min, tm.tm_sec);
		assert_string_equal(lw_time_format(sec, text), want);
		assert_int_equal(lw_time_parse(lw_span_str(text), &back, NULL), 0);
		assert_true(back == sec);
	}
}

static void test_time_edges(void **state)
{
	char text[LW_TIME_TEXT];
	int64_t sec = -1;

	(void)state;
	assert_string_equal(lw_time_format(-1, text), "1970-01-01T00:00:00Z");
	assert_string_equal(lw_time_format(INT64_MIN, text), "1970-01-01T00:00:00Z");
	assert_string_equal(lw_time_format(LW_TIME_MAX, text), "9999-12-31T23:59:59Z");
	assert_string_equal(lw_time_format(INT64_MAX, text), "9999-12-31T23:59:59Z");
	assert_int_equal(lw_time_parse(LIT("9999-12-31T23:59:59Z"), &sec, NULL), 0);
	assert_true(sec == LW_TIME_MAX);
	assert_int_equal(lw_time_parse(LIT("2000-02-29T00:00:00Z"), &sec, NULL), 0);
	assert_true(sec == 951782400);
}

static void test_time_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"2026",
		"2026-11-23",
		"2026-11-23T10:00:00",
		"2026-11-23T10:00:00z",
		"2026-11-23t10:00:00Z",
		"2026-11-23 10:00:00Z",
		"2026-11-23T10:00:00.0Z",
		"2026-11-23T10:00:00+00:00",
		"2026-11-23T10:00:00-00:00",
		"2026-11-23T10:00Z",
		"2026-11-23T10:00:00Z ",
		" 2026-11-23T10:00:00Z",
		"2026-11-23T10:00:00ZZ",
		"20261123T100000Z",
		"2026-11-23T24:00:00Z",
		"2026-11-23T10:60:00Z",
		"2026-11-23T10:00:60Z", /* no leap seconds */
		"2026-13-01T10:00:00Z",
		"2026-00-01T10:00:00Z",
		"2026-11-00T10:00:00Z",
		"2026-11-31T10:00:00Z",
		"2026-02-29T10:00:00Z",
		"2100-02-29T10:00:00Z",
		"1969-12-31T23:59:59Z",
		"0000-01-01T00:00:00Z",
		"-026-11-23T10:00:00Z",
		"+026-11-23T10:00:00Z",
		"2026-1 -23T10:00:00Z",
		"2026-11-23T10:00: 0Z",
		"2026/11/23T10:00:00Z",
		"10000-01-01T00:00:0Z",
	};
	int64_t sec = 4711;

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++)
		if (lw_time_parse(lw_span_str(bad[i]), &sec, NULL) != FORMAT)
			fail_msg("'%s' was taken", bad[i]);
	assert_int_equal(lw_time_parse(LIT("2026-11-23T10:00:00\0"), &sec, NULL), FORMAT);
	assert_int_equal(lw_time_parse(lw_span(NULL, 0), &sec, NULL), FORMAT);
	assert_int_equal(sec, 4711);
}

static void test_clock_system(void **state)
{
	struct lw_clock a = { 0 }, b = { 0 };

	(void)state;
	assert_int_equal(lw_clock_system(&a, NULL), 0);
	assert_int_equal(lw_clock_system(&b, NULL), 0);
	assert_true(a.wall_sec > 1600000000 && a.wall_sec < LW_TIME_MAX);
	assert_true(a.boot_sec > 0 && b.boot_sec >= a.boot_sec);
	assert_string_equal(a.boot_id, b.boot_id);
	assert_true(a.boot_id[0] == '\0' || strlen(a.boot_id) == 36);
}

/* digest */

#define EMPTY_HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC_HEX	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void test_digest_of(void **state)
{
	struct lw_digest d = lw_digest_of(LIT("abc"));
	char text[LW_DIGEST_TEXT], hex[65];

	(void)state;
	assert_string_equal(lw_digest_text(&d, text), "sha256:" ABC_HEX);
	assert_string_equal(lw_digest_hex(&d, hex), ABC_HEX);
	d = lw_digest_of(lw_span(NULL, 0));
	assert_string_equal(lw_digest_hex(&d, hex), EMPTY_HEX);
}

static void test_hasher(void **state)
{
	struct lw_hasher *h = lw_hasher_new();
	char hex[65];
	struct lw_digest d;

	(void)state;
	/* Reusable, in any pieces, and empty again after each. */
	for (int round = 0; round < 3; round++) {
		lw_hasher_add(h, "a", 1);
		lw_hasher_add(h, NULL, 0);
		lw_hasher_add(h, "bc", 2);
		d = lw_hasher_final(h);
		assert_string_equal(lw_digest_hex(&d, hex), ABC_HEX);
		d = lw_hasher_final(h);
		assert_string_equal(lw_digest_hex(&d, hex), EMPTY_HEX);
	}
	lw_hasher_free(h);
	lw_hasher_free(NULL);
}

static void test_digest_parse(void **state)
{
	static const char *const bad[] = {
		"",
		"sha256:",
		"sha256",
		EMPTY_HEX,
		"sha256:" EMPTY_HEX "0",
		"sha256:" EMPTY_HEX " ",
		" sha256:" EMPTY_HEX,
		"sha256-" EMPTY_HEX,
		"sha256: " EMPTY_HEX,
		"SHA256:" EMPTY_HEX,
		"Sha256:" EMPTY_HEX,
		"sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85g",
		"sha256:../../../../../../../../../../../../../../../../../../etc/passwd",
		"md5:d41d8cd98f00b204e9800998ecf8427e/",
	};
	struct lw_digest d, untouched, empty = lw_digest_of(lw_span(NULL, 0));
	char long_hex[7 + 128];

	(void)state;
	memset(&d, 0x33, sizeof(d));
	untouched = d;
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++)
		if (lw_digest_parse(lw_span_str(bad[i]), &d, NULL) != FORMAT)
			fail_msg("'%s'", bad[i]);
	memcpy(long_hex, "sha512:", 7);
	memset(long_hex + 7, 'a', 128);
	assert_int_equal(lw_digest_parse(lw_span(long_hex, sizeof(long_hex)), &d, NULL),
			 -LW_E_UNSUPPORTED);
	assert_true(lw_digest_equal(&d, &untouched));
	assert_int_equal(lw_digest_parse(LIT("sha256:" EMPTY_HEX), &d, NULL), 0);
	assert_true(lw_digest_equal(&d, &empty));
}

static void test_digest_order(void **state)
{
	struct lw_digest a = { { 0 } }, b = { { 0 } };

	(void)state;
	assert_int_equal(lw_digest_compare(&a, &b), 0);
	b.sha256[31] = 1;
	assert_true(lw_digest_compare(&a, &b) < 0);
	a.sha256[0] = 0x80;
	b.sha256[0] = 0x7f;
	assert_true(lw_digest_compare(&a, &b) > 0);
	assert_false(lw_digest_equal(&a, &b));
}

/* buf */

static void assert_buf(const struct lw_buf *b, const char *want)
{
	assert_string_equal(lw_buf_str(b), want);
	assert_int_equal(b->n, strlen(want));
	assert_true(b->p == NULL ? b->cap == 0 : b->n < b->cap && b->p[b->n] == '\0');
}

static void test_buf(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	(void)state;
	assert_buf(&b, "");
	assert_int_equal(lw_buf_span(&b).n, 0);
	lw_buf_clear(&b);
	assert_buf(&b, "");
	lw_buf_add(&b, NULL, 0);
	assert_buf(&b, "");
	lw_buf_adds(&b, "ab");
	lw_buf_addc(&b, 'c');
	lw_buf_fill(&b, 'x', 3);
	lw_buf_fill(&b, 'y', 0);
	lw_buf_printf(&b, "%s %d", "!", 42);
	lw_buf_printf(&b, "%s", "");
	assert_buf(&b, "abcxxx! 42");
	lw_buf_add(&b, "\0z", 2);
	assert_int_equal(b.n, 12);
	assert_memory_equal(b.p, "abcxxx! 42\0z", 13);
	lw_buf_clear(&b);
	assert_buf(&b, "");

	lw_auto_free uint8_t *gone = lw_buf_detach(&b);
	assert_string_equal((const char *)gone, "");
	assert_null(b.p);
	lw_auto_free uint8_t *nothing = lw_buf_detach(&b);
	assert_string_equal((const char *)nothing, "");
}

static void test_buf_grows(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	(void)state;
	/* Every size around the powers of two, one at a time and at once. */
	for (size_t i = 0; i < 5000; i++) {
		lw_buf_addc(&b, (char)('a' + i % 26));
		assert_true(b.n == i + 1 && b.n < b.cap && b.p[b.n] == '\0');
	}
	for (size_t n = 0; n < 300; n++) {
		LW_AUTO(buf) struct lw_buf once = { 0 };

		lw_buf_add(&once, b.p, n);
		assert_true(once.n == n && once.p[n] == '\0' && n < once.cap);
		lw_buf_printf(&once, "%.*s", (int)n, (const char *)b.p);
		assert_int_equal(once.n, 2 * n);
		assert_memory_equal(once.p + n, b.p, n);
	}
	/* Reserved room is there, and nothing is lost. */
	lw_buf_reserve(&b, 1 << 20);
	assert_true(b.n == 5000 && b.cap - b.n > 1 << 20);
	assert_memory_equal(b.p, "abcdefgh", 8);
}

static void reserve_too_much(void)
{
	struct lw_buf b = { 0 };

	lw_buf_adds(&b, "a");
	lw_buf_reserve(&b, SIZE_MAX);
}

static void reserve_half(void)
{
	struct lw_buf b = { 0 };

	lw_buf_reserve(&b, SIZE_MAX / 2);
}

#ifndef LW_SANITIZED /* its allocator ends the process in its own way */
static void alloc_overflow(void)
{
	volatile size_t many = SIZE_MAX / 2;

	free(lw_realloc_array(NULL, many, 4));
}
#endif

static void test_no_memory_aborts(void **state)
{
	(void)state;
	assert_true(aborts(reserve_too_much));
	assert_true(aborts(reserve_half));
#ifndef LW_SANITIZED
	assert_true(aborts(alloc_overflow));
#endif
}

/* arena */

static void test_arena(void **state)
{
	LW_AUTO(arena) struct lw_arena a = { 0 };
	struct lw_random random = lw_random_from(11);
	static struct {
		uint8_t *p;
		size_t n;
	} got[3000];

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(got); i++) {
		got[i].n = i % 100 == 0 ? lw_random_below(&random, 100000)
					: lw_random_below(&random, 200);
		got[i].p = lw_arena_alloc(&a, got[i].n);
		assert_int_equal((uintptr_t)got[i].p % _Alignof(max_align_t), 0);
		memset(got[i].p, (int)(i & 0xff), got[i].n);
	}
	/* None overlaps another: all still hold what was written. */
	for (size_t i = 0; i < LW_COUNT_OF(got); i++)
		for (size_t k = 0; k < got[i].n; k++)
			assert_int_equal(got[i].p[k], i & 0xff);
	lw_arena_free(&a);
	lw_arena_free(&a);
	assert_non_null(lw_arena_alloc(&a, 0));
}

/* hash */

static uint64_t hash_in_child(struct lw_span text)
{
	int fd[2];
	uint64_t h = 0;

	assert_int_equal(pipe(fd), 0);

	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		h = lw_hash(text);
		_exit(write(fd[1], &h, sizeof(h)) != sizeof(h));
	}
	assert_int_equal(read(fd[0], &h, sizeof(h)), sizeof(h));
	assert_int_equal(waitpid(child, NULL, 0), child);
	(void)close(fd[0]);
	(void)close(fd[1]);
	return h;
}

static void test_hash(void **state)
{
	(void)state;
	/* No key is drawn yet: each process draws its own. */
	uint64_t one = hash_in_child(LIT("a")), two = hash_in_child(LIT("a"));
	assert_true(one != two);

	lw_hash_prepare();
	uint64_t a = lw_hash(LIT("a"));
	assert_true(a != one && a != two);
	assert_true(lw_hash(LIT("a")) == a);
	assert_true(lw_hash(LIT("b")) != a);
	assert_true(lw_hash(LIT("a\0")) != a);
	assert_true(lw_hash(lw_span(NULL, 0)) != a);

	/* Now it is drawn: a child keeps it. */
	assert_true(hash_in_child(LIT("a")) == a);
}

/* error */

static void test_error_codes_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < LW_E_COUNT; i++) {
		assert_non_null(lw_code_name((enum lw_code)i));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(lw_code_name((enum lw_code)i),
						lw_code_name((enum lw_code)k));
	}
	assert_string_equal(lw_code_name((enum lw_code)LW_E_COUNT), "internal");
	assert_string_equal(lw_code_name((enum lw_code) - 1), "internal");
}

static void test_error_chain(void **state)
{
	struct lw_error e = { 0 };

	(void)state;
	assert_int_equal(lw_fail(&e, LW_E_DIGEST, "want %s", "a"), -LW_E_DIGEST);
	assert_int_equal(lw_prefix(&e, "volume %u", 2u), -LW_E_DIGEST);
	assert_string_equal(e.text, "volume 2: want a");
	assert_int_equal(e.code, LW_E_DIGEST);
	assert_int_equal(e.sys_errno, 0);

	errno = ENOENT;
	assert_int_equal(lw_fail_errno(&e, "open"), -LW_E_IO);
	assert_int_equal(e.sys_errno, ENOENT);
	assert_memory_equal(e.text, "open: ", 6);
	errno = ENOSPC;
	assert_int_equal(lw_fail_errno(&e, "write"), -LW_E_NOSPACE);
	errno = EDQUOT;
	assert_int_equal(lw_fail_errno(&e, "write"), -LW_E_NOSPACE);
	assert_int_equal(lw_fail(NULL, LW_E_LIMIT, "x"), -LW_E_LIMIT);

	/* Too long a chain is cut at its end, never beyond. */
	assert_int_equal(lw_fail(&e, LW_E_IO, "the cause"), -LW_E_IO);
	for (int i = 0; i < 400; i++)
		assert_int_equal(lw_prefix(&e, "layer %d", i), -LW_E_IO);
	assert_int_equal(strnlen(e.text, sizeof(e.text)), sizeof(e.text) - 1);
	assert_memory_equal(e.text, "layer 399: layer 398: ", 22);
}

/* mem */

static void test_mem(void **state)
{
	lw_auto_free char *copy = lw_strndup("abcdef", 3);
	lw_auto_free char *text = lw_asprintf("%d-%s", 7, "x");
	lw_auto_free uint8_t *zero = lw_alloc_array(100, 3);
	char *taken = lw_steal(copy);
	int fd = 7;

	(void)state;
	assert_null(copy);
	assert_string_equal(taken, "abc");
	free(taken);
	assert_string_equal(text, "7-x");
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(zero[i], 0);
	assert_int_equal(lw_steal_fd(&fd), 7);
	assert_int_equal(fd, -1);

	lw_auto_free void *none = lw_alloc(0);
	lw_auto_free void *none_either = lw_alloc_array(0, 8);
	assert_non_null(none);
	assert_non_null(none_either);
}

/* ---- threads ---- */

#define CALLS 1000

struct calls {
	atomic_uint times[CALLS];
	atomic_size_t n;
	size_t fails; /* at that one; CALLS: never */
	atomic_size_t last;
};

static int call(void *data, size_t i, struct lw_error *e)
{
	struct calls *c = data;

	atomic_fetch_add(&c->times[i], 1);
	atomic_fetch_add(&c->n, 1);
	atomic_store(&c->last, i);
	return i == c->fails ? lw_fail(e, LW_E_DIGEST, "the one at %zu", i) : 0;
}

static void test_threads_each(void **state)
{
	(void)state;
	for (size_t threads = 1; threads <= LW_THREADS + 1; threads++) {
		struct calls c = { .fails = CALLS };
		struct lw_error e = { 0 };

		assert_int_equal(lw_threads_each(threads, CALLS, call, &c, &e), 0);
		assert_int_equal(lw_threads_each(threads, 0, call, &c, &e), 0);
		for (size_t i = 0; i < CALLS; i++)
			assert_int_equal(atomic_load(&c.times[i]), 1);
		assert_int_equal(e.code, LW_OK);
	}
}

static void test_threads_each_fails(void **state)
{
	(void)state;
	for (size_t threads = 1; threads <= LW_THREADS; threads++) {
		struct calls c = { .fails = CALLS - 3 };
		struct lw_error e = { 0 };

		assert_int_equal(lw_threads_each(threads, CALLS, call, &c, &e),
				 -(int)LW_E_DIGEST);
		assert_string_equal(e.text, "the one at 997");
		if (threads == 1) { /* from the last on; nothing is begun behind it */
			assert_int_equal(atomic_load(&c.n), 3);
			assert_int_equal(atomic_load(&c.last), CALLS - 3);
		}
	}
}

static void *count_thread(void *data)
{
	atomic_fetch_add((atomic_size_t *)data, 1);
	return NULL;
}

static void test_threads_run(void **state)
{
	(void)state;
	for (size_t threads = 1; threads <= LW_THREADS + 3; threads++) {
		atomic_size_t n = 0;

		lw_threads_run(threads, count_thread, &n);
		assert_int_equal(atomic_load(&n), threads < LW_THREADS ? threads : LW_THREADS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_num_u64),
		cmocka_unit_test(test_num_size),
		cmocka_unit_test(test_num_duration),
		cmocka_unit_test(test_num_human_size),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_base64_vectors),
		cmocka_unit_test(test_base64_refuses),
		cmocka_unit_test(test_base64_is_one_to_one),
		cmocka_unit_test(test_base64_random),
		cmocka_unit_test(test_text_decode_all),
		cmocka_unit_test(test_text_decode_refuses),
		cmocka_unit_test(test_text_append),
		cmocka_unit_test(test_text_plain_is_unchanged),
		cmocka_unit_test(test_text_escape_cuts),
		cmocka_unit_test(test_text_label),
		cmocka_unit_test(test_time_every_day),
		cmocka_unit_test(test_time_edges),
		cmocka_unit_test(test_time_refuses),
		cmocka_unit_test(test_clock_system),
		cmocka_unit_test(test_digest_of),
		cmocka_unit_test(test_hasher),
		cmocka_unit_test(test_digest_parse),
		cmocka_unit_test(test_digest_order),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_buf_grows),
		cmocka_unit_test(test_no_memory_aborts),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_error_codes_have_names),
		cmocka_unit_test(test_error_chain),
		cmocka_unit_test(test_mem),
		cmocka_unit_test(test_threads_each),
		cmocka_unit_test(test_threads_each_fails),
		cmocka_unit_test(test_threads_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
