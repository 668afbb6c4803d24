/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

/* A literal that may hold NULs. */
#define LIT(s) lw_span(s, sizeof(s) - 1)

static int check(struct lw_span in, const struct lw_json_limits *limits)
{
	struct lw_error e = { 0 };
	struct lw_json_doc *doc = NULL;
	size_t nodes = 4711;
	int r = lw_json_parse(in, limits, &doc, &e);

	/* The gate alone says the same, and a refusal has a text and leaves no document. */
	assert_int_equal(lw_json_check(in, limits, &nodes, NULL), r);
	if (r < 0) {
		assert_null(doc);
		assert_int_equal(nodes, 4711);
		assert_int_equal(r, -(int)e.code);
		assert_true(e.text[0] != '\0');
	}
	lw_json_free(doc);
	return r;
}

static struct lw_json_doc *parse(struct lw_span in, const struct lw_json_limits *limits)
{
	struct lw_error e = { 0 };
	struct lw_json_doc *doc = NULL;
	int r = lw_json_parse(in, limits, &doc, &e);

	if (r < 0)
		print_message("refused: %s\n", e.text);
	assert_int_equal(r, 0);
	return doc;
}

struct row {
	const char *name;
	struct lw_span in;
	int strict, foreign; /* the codes, 0 for accepted */
};

#define OK     0
#define FORMAT (-(int)LW_E_FORMAT)
#define LIMIT  (-(int)LW_E_LIMIT)
#define ROW(name, text, strict, foreign)                                                       \
	{                                                                                      \
		name, { (const uint8_t *)"" text, sizeof(text) - 1 }, strict, foreign          \
	}

static const struct row rows[] = {
	/* What cJSON, json-c or yyjson take and must not pass. */
	ROW("duplicate keys", "{\"a\":1,\"a\":2}", FORMAT, FORMAT),
	ROW("duplicate after unescaping", "{\"a\":1,\"\\u0061\":2}", FORMAT, FORMAT),
	ROW("duplicate after unescaping, twice", "{\"\\u00e9\":1,\"\xc3\xa9\":2}", FORMAT,
	    FORMAT),
	ROW("duplicate surrogate pair", "{\"\\uD83D\\uDE00\":1,\"\xf0\x9f\x98\x80\":2}", FORMAT,
	    FORMAT),
	ROW("duplicate empty keys", "{\"\":1,\"\":2}", FORMAT, FORMAT),
	ROW("duplicate in an inner object", "[{\"x\":{\"a\":1,\"b\":2,\"a\":3}}]", FORMAT,
	    FORMAT),
	ROW("duplicate around an inner object", "{\"a\":{\"a\":1},\"a\":2}", FORMAT, FORMAT),
	ROW("duplicate with a slash", "{\"/\":1,\"\\/\":2}", FORMAT, FORMAT),
	ROW("trailing garbage", "{} x", FORMAT, FORMAT),
	ROW("trailing value", "{}{}", FORMAT, FORMAT),
	ROW("trailing comma after", "{},", FORMAT, FORMAT),
	ROW("trailing NUL", "{}\0", FORMAT, FORMAT),
	ROW("trailing NUL and more", "{}\0{\"a\":1}", FORMAT, FORMAT),
	ROW("two trailing LF", "{}\n\n", FORMAT, OK),
	ROW("trailing CR LF", "{}\r\n", FORMAT, OK),
	ROW("trailing space", "{} ", FORMAT, OK),
	ROW("escaped NUL", "[\"a\\u0000b\"]", FORMAT, FORMAT),
	ROW("escaped NUL in a key", "{\"a\\u0000b\":1}", FORMAT, FORMAT),
	ROW("raw NUL in a string", "[\"a\0b\"]", FORMAT, FORMAT),
	ROW("raw NUL in a key", "{\"a\0b\":1}", FORMAT, FORMAT),
	ROW("raw NUL between", "[1,\0 2]", FORMAT, FORMAT),
	ROW("raw LF in a string", "[\"a\nb\"]", FORMAT, FORMAT),
	ROW("raw TAB in a string", "[\"a\tb\"]", FORMAT, FORMAT),
	ROW("raw 0x1f in a string", "[\"a\x1f\"]", FORMAT, FORMAT),
	ROW("stray continuation", "[\"\x80\"]", FORMAT, FORMAT),
	ROW("overlong slash", "[\"\xc0\xaf\"]", FORMAT, FORMAT),
	ROW("overlong NUL", "[\"\xc0\x80\"]", FORMAT, FORMAT),
	ROW("overlong in three", "[\"\xe0\x80\xaf\"]", FORMAT, FORMAT),
	ROW("overlong in four", "[\"\xf0\x80\x80\xaf\"]", FORMAT, FORMAT),
	ROW("UTF-8 surrogate", "[\"\xed\xa0\x80\"]", FORMAT, FORMAT),
	ROW("beyond U+10FFFF", "[\"\xf4\x90\x80\x80\"]", FORMAT, FORMAT),
	ROW("five bytes", "[\"\xf8\x88\x80\x80\x80\"]", FORMAT, FORMAT),
	ROW("0xff", "[\"\xff\"]", FORMAT, FORMAT),
	ROW("cut UTF-8 before the quote", "[\"\xe2\x82\"]", FORMAT, FORMAT),
	ROW("cut UTF-8 at the end", "\"\xe2\x82", FORMAT, FORMAT),
	ROW("bad UTF-8 in a key", "{\"\xff\":1}", FORMAT, FORMAT),
	ROW("bad UTF-8 outside", "[\xc3\xa9]", FORMAT, FORMAT),
	ROW("lone high surrogate", "[\"\\ud800\"]", FORMAT, FORMAT),
	ROW("lone low surrogate", "[\"\\udc00\"]", FORMAT, FORMAT),
	ROW("high then high", "[\"\\ud800\\ud800\"]", FORMAT, FORMAT),
	ROW("high then letter", "[\"\\ud800\\u0041\"]", FORMAT, FORMAT),
	ROW("high then other escape", "[\"\\ud800\\n0000\"]", FORMAT, FORMAT),
	ROW("high cut", "\"\\ud800\\u", FORMAT, FORMAT),
	ROW("high cut earlier", "\"\\ud800\\", FORMAT, FORMAT),
	ROW("byte order mark", "\xef\xbb\xbf{}", FORMAT, FORMAT),
	ROW("byte order mark inside", "[\xef\xbb\xbf 1]", FORMAT, FORMAT),
	ROW("UTF-16", "{\0}\0", FORMAT, FORMAT),
	ROW("leading zero", "[012]", FORMAT, FORMAT),
	ROW("leading zero, negative", "[-012]", FORMAT, FORMAT),
	ROW("two zeros", "[00]", FORMAT, FORMAT),
	ROW("bare dot", "[1.]", FORMAT, FORMAT),
	ROW("no integer part", "[.5]", FORMAT, FORMAT),
	ROW("dot then exponent", "[1.e5]", FORMAT, FORMAT),
	ROW("exponent of nothing", "[1e]", FORMAT, FORMAT),
	ROW("exponent of a sign", "[1e+]", FORMAT, FORMAT),
	ROW("plus sign", "[+1]", FORMAT, FORMAT),
	ROW("minus alone", "[-]", FORMAT, FORMAT),
	ROW("minus at the end", "-", FORMAT, FORMAT),
	ROW("two minuses", "[--1]", FORMAT, FORMAT),
	ROW("minus space", "[- 1]", FORMAT, FORMAT),
	ROW("hexadecimal", "[0x10]", FORMAT, FORMAT),
	ROW("infinity", "[Infinity]", FORMAT, FORMAT),
	ROW("minus infinity", "[-Infinity]", FORMAT, FORMAT),
	ROW("not a number", "[NaN]", FORMAT, FORMAT),
	ROW("nan, cJSON's way", "[nan]", FORMAT, FORMAT),
	ROW("digits with underscore", "[1_000]", FORMAT, FORMAT),
	ROW("single quotes", "['a']", FORMAT, FORMAT),
	ROW("key without quotes", "{a:1}", FORMAT, FORMAT),
	ROW("key that is a number", "{1:1}", FORMAT, FORMAT),
	ROW("key that is null", "{null:1}", FORMAT, FORMAT),
	ROW("0x01 as white space", "[\x01]", FORMAT, FORMAT),
	ROW("0x02 as white space", "\x02[]", FORMAT, FORMAT),
	ROW("VT as white space", "[\v1]", FORMAT, FORMAT),
	ROW("FF as white space", "[1\f]", FORMAT, FORMAT),
	ROW("NBSP as white space", "[\xc2\xa0 1]", FORMAT, FORMAT),
	ROW("DEL as white space", "[\x7f]", FORMAT, FORMAT),
	/* Grammar. */
	ROW("nothing", "", FORMAT, FORMAT),
	ROW("white space only", " \n", FORMAT, FORMAT),
	ROW("open array", "[", FORMAT, FORMAT),
	ROW("open object", "{", FORMAT, FORMAT),
	ROW("open after a comma", "[1,", FORMAT, FORMAT),
	ROW("open after a key", "{\"a\"", FORMAT, FORMAT),
	ROW("open after a colon", "{\"a\":", FORMAT, FORMAT),
	ROW("open after a value", "{\"a\":1", FORMAT, FORMAT),
	ROW("open string", "\"a", FORMAT, FORMAT),
	ROW("open escape", "\"a\\", FORMAT, FORMAT),
	ROW("open \\u", "\"\\u12", FORMAT, FORMAT),
	ROW("bad hex", "[\"\\u12g4\"]", FORMAT, FORMAT),
	ROW("upper-case \\U", "[\"\\U0041\"]", FORMAT, FORMAT),
	ROW("unknown escape", "[\"\\a\"]", FORMAT, FORMAT),
	ROW("escaped quote mark '", "[\"\\'\"]", FORMAT, FORMAT),
	ROW("escaped line end", "[\"\\\n\"]", FORMAT, FORMAT),
	ROW("escaped raw NUL", "[\"\\\0\"]", FORMAT, FORMAT),
	ROW("hex escape", "[\"\\x41\"]", FORMAT, FORMAT),
	ROW("closed by the other", "[}", FORMAT, FORMAT),
	ROW("closed by the other, full", "{\"a\":1]", FORMAT, FORMAT),
	ROW("closed twice", "[]]", FORMAT, FORMAT),
	ROW("comma last", "[1,]", FORMAT, FORMAT),
	ROW("comma last in an object", "{\"a\":1,}", FORMAT, FORMAT),
	ROW("comma first", "[,1]", FORMAT, FORMAT),
	ROW("two commas", "[1,,2]", FORMAT, FORMAT),
	ROW("no comma", "[1 2]", FORMAT, FORMAT),
	ROW("no comma between strings", "[\"a\"\"b\"]", FORMAT, FORMAT),
	ROW("no comma in an object", "{\"a\":1 \"b\":2}", FORMAT, FORMAT),
	ROW("no colon", "{\"a\" 1}", FORMAT, FORMAT),
	ROW("two colons", "{\"a\"::1}", FORMAT, FORMAT),
	ROW("key without value", "{\"a\"}", FORMAT, FORMAT),
	ROW("value without key", "{:1}", FORMAT, FORMAT),
	ROW("colon in an array", "[\"a\":1]", FORMAT, FORMAT),
	ROW("cut literal", "[tru]", FORMAT, FORMAT),
	ROW("literal cut by the end", "nul", FORMAT, FORMAT),
	ROW("long literal", "[nulll]", FORMAT, FORMAT),
	ROW("True", "[True]", FORMAT, FORMAT),
	ROW("block comment", "[/* */1]", FORMAT, FORMAT),
	ROW("line comment", "[1] //", FORMAT, FORMAT),
	ROW("hash comment", "#\n[1]", FORMAT, FORMAT),
	/* Numbers that only documents of others may have. */
	ROW("fraction", "[1.5]", FORMAT, OK),
	ROW("fraction that is whole", "[1.0]", FORMAT, OK),
	ROW("exponent", "[1e3]", FORMAT, OK),
	ROW("exponent, upper case, signed", "[1E+03]", FORMAT, OK),
	ROW("1e999", "[1e999]", FORMAT, OK),
	ROW("tiny", "[-0.0e-999]", FORMAT, OK),
	ROW("2^53", "[9007199254740992]", LIMIT, OK),
	ROW("2^53+1", "[9007199254740993]", LIMIT, OK),
	ROW("-2^53", "[-9007199254740992]", LIMIT, OK),
	ROW("2^63", "[9223372036854775808]", LIMIT, OK),
	ROW("2^64", "[18446744073709551616]", LIMIT, OK),
	ROW("2^64+1, that wraps", "[18446744073709551617]", LIMIT, OK),
	ROW("30 digits", "[123456789012345678901234567890]", LIMIT, OK),
	ROW("63 digits", "[123456789012345678901234567890123456789012345678901234567890123]",
	    LIMIT, OK),
	ROW("64 digits", "[1234567890123456789012345678901234567890123456789012345678901234]",
	    LIMIT, LIMIT),
	ROW("64 characters",
	    "[1.00000000000000000000000000000000000000000000000000000000000001]", FORMAT,
	    LIMIT),
	/* What advisories of cJSON 1.7.15 were about. */
	ROW("CVE-2023-53154: ends after a comma", "{\"1\":1,", FORMAT, FORMAT),
	ROW("CVE-2023-53154: ends in a key", "{\"1\":1,\"", FORMAT, FORMAT),
	ROW("CVE-2023-53154: ends in an escape of a key", "{\"1\":1,\"\\u", FORMAT, FORMAT),
	ROW("CVE-2023-26819: a long number",
	    "{\"a\": true, \"b\": [ null,"
	    "9999999999999999999999999999999999999999999999912345678901234567]}",
	    LIMIT, LIMIT),
	/* What must pass. */
	ROW("empty object", "{}", OK, OK),
	ROW("empty array", "[]", OK, OK),
	ROW("one trailing LF", "{}\n", OK, OK),
	ROW("white space", " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } }", OK, OK),
	ROW("true", "true", OK, OK),
	ROW("null and LF", "null\n", OK, OK),
	ROW("zero", "0", OK, OK),
	ROW("minus zero", "-0", OK, OK),
	ROW("string", "\"a\"", OK, OK),
	ROW("empty string", "\"\"", OK, OK),
	ROW("2^53-1", "[9007199254740991,-9007199254740991]", OK, OK),
	ROW("all escapes", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\uffff\\uFFFF\"]", OK, OK),
	ROW("surrogate pair", "[\"\\ud83d\\ude00\"]", OK, OK),
	ROW("raw UTF-8", "[\"\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80\"]", OK, OK),
	ROW("edges of UTF-8",
	    "[\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"]",
	    OK, OK),
	ROW("keys that differ by case", "{\"Expires\":1,\"expires\":2,\"EXPIRES\":3}", OK, OK),
	ROW("keys that start alike", "{\"a\":1,\"ab\":2,\"abc\":3,\"\":4}", OK, OK),
	ROW("same key in two objects", "[{\"a\":1},{\"a\":2},{\"a\":{\"a\":3}}]", OK, OK),
};

static void test_hostile_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		const struct row *row = &rows[i];
		/* In a block of exactly its size: a sanitizer sees a step too far. */
		lw_auto_free uint8_t *exact = lw_alloc(row->in.n);
		memcpy(exact, row->in.p, row->in.n);

		int strict = check(lw_span(exact, row->in.n), &LW_JSON_STRICT);
		int foreign = check(lw_span(exact, row->in.n), &LW_JSON_FOREIGN);

		if (strict != row->strict || foreign != row->foreign)
			fail_msg("%s: strict %d, foreign %d", row->name, strict, foreign);
	}
}

static void test_every_truncation_is_refused(void **state)
{
	static const char text[] = "{\"a\":[1,-2,true,null,\"\\u00e9\\ud83d\\ude00\xc3\xa9\"],"
				   "\"b\":{\"c\":false},\"d\":\"\"}";

	(void)state;
	assert_int_equal(check(LIT(text), &LW_JSON_STRICT), 0);
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		lw_auto_free uint8_t *exact = lw_alloc(n);
		memcpy(exact, text, n);
		assert_int_equal(check(lw_span(exact, n), &LW_JSON_STRICT), FORMAT);
	}
}

static void nest(struct lw_buf *b, const char *open, const char *inner, const char *close,
		 unsigned depth)
{
	lw_buf_clear(b);
	for (unsigned i = 0; i < depth; i++)
		lw_buf_adds(b, open);
	lw_buf_adds(b, inner);
	for (unsigned i = 0; i < depth; i++)
		lw_buf_adds(b, close);
}

static void test_depth(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_limits limits = LW_JSON_STRICT;

	(void)state;
	nest(&b, "[", "", "]", LW_MAX_JSON_DEPTH);
	assert_int_equal(check(lw_buf_span(&b), &limits), 0);
	nest(&b, "[", "", "]", LW_MAX_JSON_DEPTH + 1);
	assert_int_equal(check(lw_buf_span(&b), &limits), LIMIT);
	nest(&b, "{\"k\":", "1", "}", LW_MAX_JSON_DEPTH);
	assert_int_equal(check(lw_buf_span(&b), &limits), 0);
	nest(&b, "[{\"k\":", "[]", "}]", LW_MAX_JSON_DEPTH / 2);
	assert_int_equal(check(lw_buf_span(&b), &limits), LIMIT);

	/* Said before the rest is read: a million brackets cost nothing. */
	nest(&b, "[", "", "", 1000000);
	assert_int_equal(check(lw_buf_span(&b), &limits), LIMIT);

	limits.depth = 2;
	assert_int_equal(check(LIT("[[1],[2,{}]]"), &limits), LIMIT);
	assert_int_equal(check(LIT("[[1],[2],{},[]]"), &limits), 0);
	limits.depth = 0;
	assert_int_equal(check(LIT("[]"), &limits), LIMIT);
	assert_int_equal(check(LIT("1"), &limits), 0);

	/* A depth beyond ours is ours. */
	limits.depth = 1000;
	nest(&b, "[", "", "]", LW_MAX_JSON_DEPTH + 1);
	assert_int_equal(check(lw_buf_span(&b), &limits), LIMIT);
}

static void test_caps(void **state)
{
	const struct lw_json_limits limits = {
		.bytes = 40, .nodes = 6, .keys = 3, .string = 4, .depth = 5
	};
	size_t nodes = 0;

	(void)state;
	assert_int_equal(check(LIT("[1,2,3,4,5]"), &limits), 0);
	assert_int_equal(check(LIT("[1,2,3,4,5,6]"), &limits), LIMIT);
	assert_int_equal(check(LIT("[[[[[]]]]]"), &limits), 0);
	assert_int_equal(check(LIT("[[],[],[],[],{},{}]"), &limits), LIMIT);
	assert_int_equal(check(LIT("{\"a\":1,\"b\":2,\"c\":3}"), &limits), 0);
	assert_int_equal(check(LIT("{\"a\":1,\"b\":2,\"c\":3,\"d\":4}"), &limits), LIMIT);
	assert_int_equal(check(LIT("[{\"a\":1,\"b\":2},{\"c\":3}]"), &limits), 0);
	assert_int_equal(check(LIT("\"abcd\""), &limits), 0);
	assert_int_equal(check(LIT("\"abcde\""), &limits), LIMIT);
	assert_int_equal(check(LIT("{\"abcd\":1}"), &limits), 0);
	assert_int_equal(check(LIT("{\"abcde\":1}"), &limits), LIMIT);

	/* Strings count as they mean, not as they are written. */
	assert_int_equal(check(LIT("\"\\u0061\\u0062\\n\\\"\""), &limits), 0);
	assert_int_equal(check(LIT("\"\\ud83d\\ude00\""), &limits), 0);
	assert_int_equal(check(LIT("\"\\ud83d\\ude00a\""), &limits), LIMIT);
	assert_int_equal(check(LIT("\"\\u20ac\\u00e9\""), &limits), LIMIT);

	assert_int_equal(check(LIT("                                       1"), &limits), 0);
	assert_int_equal(check(LIT("                                        1"), &limits),
			 LIMIT);

	assert_int_equal(lw_json_check(LIT("{\"a\":[1,{}],\"b\":null}"), &limits, &nodes, NULL),
			 0);
	assert_int_equal(nodes, 5);
}

static void test_byte_caps_of_the_house(void **state)
{
	size_t n = LW_JSON_STRICT.bytes;
	lw_auto_free uint8_t *p = lw_alloc(n + 1);

	(void)state;
	memset(p, ' ', n + 1);
	p[n - 1] = '1';
	assert_int_equal(check(lw_span(p, n), &LW_JSON_STRICT), 0);
	assert_int_equal(check(lw_span(p, n + 1), &LW_JSON_STRICT), LIMIT);
}

/* Seconds of processor time so far. */
static double cpu(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void many_keys(struct lw_buf *b, size_t n, const char *last)
{
	lw_buf_clear(b);
	lw_buf_adds(b, "{");
	for (size_t i = 0; i < n; i++)
		lw_buf_printf(b, "\"k%zu\":0,", i);
	lw_buf_printf(b, "%s:0}", last);
}

static void test_many_keys(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	double start = cpu();

	(void)state;
	many_keys(&b, LW_MAX_JSON_KEYS - 1, "\"last\"");
	assert_int_equal(check(lw_buf_span(&b), &LW_JSON_STRICT), 0);
	many_keys(&b, LW_MAX_JSON_KEYS, "\"last\"");
	assert_int_equal(check(lw_buf_span(&b), &LW_JSON_STRICT), LIMIT);
	many_keys(&b, LW_MAX_JSON_KEYS - 1, "\"k0\"");
	assert_int_equal(check(lw_buf_span(&b), &LW_JSON_STRICT), FORMAT);
	many_keys(&b, LW_MAX_JSON_KEYS - 1, "\"\\u006b199998\"");
	assert_int_equal(check(lw_buf_span(&b), &LW_JSON_STRICT), FORMAT);

	/* Eight passes over 200,000 keys: comparing each with each would take minutes. */
	assert_true(cpu() - start < 10);
}

static void test_types_and_walking(void **state)
{
	LW_AUTO(json)
	struct lw_json_doc *doc =
		parse(LIT("{\"null\":null,\"t\":true,\"f\":false,\"i\":-9007199254740991,"
			  "\"\":\"\\u0041\\n\xc3\xa9\",\"a\":[1,[],\"x\"],\"o\":{}}"),
		      &LW_JSON_STRICT);
	static const struct {
		const char *key;
		enum lw_json_type type;
	} want[] = { { "null", LW_JSON_NULL }, { "t", LW_JSON_BOOL },  { "f", LW_JSON_BOOL },
		     { "i", LW_JSON_INTEGER }, { "", LW_JSON_STRING }, { "a", LW_JSON_ARRAY },
		     { "o", LW_JSON_OBJECT } };
	const struct lw_json *member[LW_COUNT_OF(want)];
	const struct lw_json *m = lw_json_first(lw_json_root(doc));

	(void)state;
	assert_int_equal(lw_json_type(lw_json_root(doc)), LW_JSON_OBJECT);
	assert_int_equal(lw_json_count(lw_json_root(doc)), LW_COUNT_OF(want));
	assert_string_equal(lw_json_key(lw_json_root(doc)), "");
	for (size_t i = 0; i < LW_COUNT_OF(want); i++, m = lw_json_next(m)) {
		assert_non_null(m);
		assert_string_equal(lw_json_key(m), want[i].key);
		assert_int_equal(lw_json_type(m), want[i].type);
		member[i] = m;
	}
	assert_null(m);
	assert_true(lw_json_bool(member[1]));
	assert_false(lw_json_bool(member[2]));
	assert_int_equal(lw_json_integer(member[3]), -LW_JSON_INTEGER_MAX);
	assert_string_equal(lw_json_string(member[4]), "A\n\xc3\xa9");
	assert_int_equal(lw_json_count(member[5]), 3);
	assert_null(lw_json_first(member[6]));

	const struct lw_json *one = lw_json_first(member[5]);
	assert_int_equal(lw_json_integer(one), 1);
	assert_string_equal(lw_json_key(one), "");
	assert_int_equal(lw_json_type(lw_json_next(one)), LW_JSON_ARRAY);
	assert_null(lw_json_first(lw_json_next(one)));

	/* A wrong type gives nothing. */
	for (size_t i = 0; i < LW_COUNT_OF(want); i++) {
		assert_true((lw_json_string(member[i]) != NULL) == (i == 4));
		assert_true((lw_json_integer(member[i]) != 0) == (i == 3));
		assert_true(lw_json_bool(member[i]) == (i == 1));
	}
}

static void test_integers_are_exact(void **state)
{
	static const int64_t values[] = { 0,
					  1,
					  -1,
					  9,
					  10,
					  4294967295,
					  4294967296,
					  -2147483649,
					  1234567890123456,
					  9007199254740990,
					  LW_JSON_INTEGER_MAX,
					  -LW_JSON_INTEGER_MAX };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(values); i++) {
		lw_auto_free char *text = lw_asprintf("%lld", (long long)values[i]);
		LW_AUTO(json)
		struct lw_json_doc *doc = parse(lw_span_str(text), &LW_JSON_STRICT);
		LW_AUTO(buf) struct lw_buf out = { 0 };

		assert_int_equal(lw_json_type(lw_json_root(doc)), LW_JSON_INTEGER);
		assert_true(lw_json_integer(lw_json_root(doc)) == values[i]);
		assert_int_equal(lw_json_canonical(lw_json_root(doc), &out, NULL), 0);
		assert_string_equal(lw_buf_str(&out), text);
	}
}

static void test_floats(void **state)
{
	/* More than eight numbers, kinds mixed, spread over containers in document order. */
	LW_AUTO(json)
	struct lw_json_doc *doc =
		parse(LIT("[0,1.0,2,3e0,-0,-0.0,9007199254740991,9007199254740992,"
			  "-9007199254740992,1E999,12345678901234567890,7,\"1.5\",null]"),
		      &LW_JSON_FOREIGN);
	static const char kinds[] = "IFIFIFIFFFFISN";
	const struct lw_json *m = lw_json_first(lw_json_root(doc));

	(void)state;
	for (const char *k = kinds; *k; k++, m = lw_json_next(m)) {
		enum lw_json_type want = *k == 'I'   ? LW_JSON_INTEGER
					 : *k == 'F' ? LW_JSON_FLOAT
					 : *k == 'S' ? LW_JSON_STRING
						     : LW_JSON_NULL;
		assert_non_null(m);
		assert_int_equal(lw_json_type(m), want);
		if (want == LW_JSON_FLOAT)
			assert_int_equal(lw_json_integer(m), 0);
	}
	assert_null(m);

	LW_AUTO(json)
	struct lw_json_doc *deep =
		parse(LIT("{\"a\":{\"b\":[[1.5],2]},\"c\":3,\"d\":[4.0]}"), &LW_JSON_FOREIGN);
	const struct lw_json *a = lw_json_first(lw_json_root(deep));
	const struct lw_json *b = lw_json_first(lw_json_first(a));

	assert_int_equal(lw_json_type(lw_json_first(b)), LW_JSON_FLOAT);
	assert_int_equal(lw_json_type(lw_json_next(b)), LW_JSON_INTEGER);
	assert_int_equal(lw_json_integer(lw_json_next(a)), 3);
	assert_int_equal(lw_json_type(lw_json_first(lw_json_next(lw_json_next(a)))),
			 LW_JSON_FLOAT);

	/* No canonical form, and what was written before stays. */
	LW_AUTO(buf) struct lw_buf out = { 0 };
	lw_buf_adds(&out, "kept");
	assert_int_equal(lw_json_canonical(lw_json_root(deep), &out, NULL), -LW_E_UNSUPPORTED);
	assert_string_equal(lw_buf_str(&out), "kept");
	assert_int_equal(out.n, 4);
	assert_int_equal(lw_json_require_canonical(deep, LIT("{}"), NULL), FORMAT);
}

struct thing {
	const char *string, *label, *plain;
	uint64_t number;
	bool truth;
	int64_t time;
	struct lw_digest digest;
	const struct lw_json *object, *array, *any;
};

#define AT(member) .offset = offsetof(struct thing, member)

static const struct lw_json_field thing_fields[] = {
	{ "format", LW_JSON_IS, LW_JSON_REQUIRED, .is = "thing/1" },
	{ "string", LW_JSON_READ_STRING, AT(string), .min = 1, .max = 4 },
	{ "label", LW_JSON_READ_LABEL, AT(label) },
	{ "plain", LW_JSON_READ_PLAIN, AT(plain), .max = 8 },
	{ "number", LW_JSON_READ_U64, AT(number), .min = 2, .max = 10 },
	{ "truth", LW_JSON_READ_BOOL, AT(truth) },
	{ "time", LW_JSON_READ_TIME, AT(time) },
	{ "digest", LW_JSON_READ_DIGEST, AT(digest) },
	{ "object", LW_JSON_READ_OBJECT, AT(object) },
	{ "array", LW_JSON_READ_ARRAY, AT(array), .min = 1, .max = 2 },
	{ "any", LW_JSON_READ_ANY, AT(any) },
};

/* Reads a thing from text; on failure nothing may have been stored. */
static int read_thing(const char *text, enum lw_json_unknown unknown, struct lw_json_doc **ret,
		      struct thing *ret_thing)
{
	struct lw_error e = { 0 };
	struct thing untouched;

	memset(ret_thing, 0x5a, sizeof(*ret_thing));
	memset(&untouched, 0x5a, sizeof(untouched));
	*ret = parse(lw_span_str(text), &LW_JSON_FOREIGN);

	int r = lw_json_read(lw_json_root(*ret), thing_fields, LW_COUNT_OF(thing_fields),
			     unknown, "test", ret_thing, &e);
	if (r < 0) {
		assert_memory_equal(ret_thing, &untouched, sizeof(untouched));
		assert_int_equal(r, -(int)e.code);
		assert_memory_equal(e.text, "test: ", 6);
		assert_int_equal(lw_json_read(lw_json_root(*ret), thing_fields,
					      LW_COUNT_OF(thing_fields), unknown, "test",
					      ret_thing, NULL),
				 r);
	}
	return r;
}

static void test_table_reads_everything(void **state)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct thing t;
	char hex[65];

	(void)state;
	assert_int_equal(
		read_thing("{\"any\":1.5,\"array\":[1,2],\"object\":{},\"digest\":\"sha256:"
			   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
			   "\"time\":\"1970-01-02T00:00:01Z\",\"truth\":true,\"number\":10,"
			   "\"plain\":\"a b \xc3\xa9\",\"label\":\"acme-1\",\"string\":\"\\n\","
			   "\"format\":\"thing/1\"}",
			   LW_JSON_REFUSE_UNKNOWN, &doc, &t),
		0);
	assert_string_equal(t.string, "\n");
	assert_string_equal(t.label, "acme-1");
	assert_string_equal(t.plain, "a b \xc3\xa9");
	assert_int_equal(t.number, 10);
	assert_true(t.truth);
	assert_int_equal(t.time, 86401);
	assert_string_equal(lw_digest_hex(&t.digest, hex),
			    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
	assert_int_equal(lw_json_type(t.object), LW_JSON_OBJECT);
	assert_int_equal(lw_json_count(t.array), 2);
	assert_int_equal(lw_json_type(t.any), LW_JSON_FLOAT);
}

static void test_table_refuses(void **state)
{
	static const struct {
		const char *text;
		int code;
	} bad[] = {
		{ "[]", FORMAT },
		{ "\"thing/1\"", FORMAT },
		{ "null", FORMAT },
		{ "{}", FORMAT }, /* the required one is missing */
		{ "{\"string\":\"a\"}", FORMAT },
		{ "{\"format\":\"thing/2\"}", FORMAT },
		{ "{\"format\":\"thing/1 \"}", FORMAT },
		{ "{\"format\":\"\"}", FORMAT },
		{ "{\"format\":null}", FORMAT },
		{ "{\"Format\":\"thing/1\"}", FORMAT }, /* case matters */
		{ "{\"format\":\"thing/1\",\"x\":1}", FORMAT },
		{ "{\"format\":\"thing/1\",\"\":1}", FORMAT },
		{ "{\"format\":\"thing/1\",\"String\":\"a\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"string\":1}", FORMAT },
		{ "{\"format\":\"thing/1\",\"string\":null}", FORMAT },
		{ "{\"format\":\"thing/1\",\"string\":[\"a\"]}", FORMAT },
		{ "{\"format\":\"thing/1\",\"string\":\"\"}", LIMIT },
		{ "{\"format\":\"thing/1\",\"string\":\"abcde\"}", LIMIT },
		{ "{\"format\":\"thing/1\",\"label\":\"\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"label\":\"Acme\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"label\":\"-a\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"label\":\"a/b\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"label\":true}", FORMAT },
		{ "{\"format\":\"thing/1\",\"plain\":\"a\\nb\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"plain\":\"\\u202e\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"plain\":\"123456789\"}", LIMIT },
		{ "{\"format\":\"thing/1\",\"plain\":{}}", FORMAT },
		{ "{\"format\":\"thing/1\",\"number\":1}", LIMIT },
		{ "{\"format\":\"thing/1\",\"number\":11}", LIMIT },
		{ "{\"format\":\"thing/1\",\"number\":-5}", LIMIT },
		{ "{\"format\":\"thing/1\",\"number\":0}", LIMIT },
		{ "{\"format\":\"thing/1\",\"number\":\"5\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"number\":5.0}", FORMAT },
		{ "{\"format\":\"thing/1\",\"number\":9007199254740993}", FORMAT },
		{ "{\"format\":\"thing/1\",\"number\":true}", FORMAT },
		{ "{\"format\":\"thing/1\",\"truth\":1}", FORMAT },
		{ "{\"format\":\"thing/1\",\"truth\":\"true\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"truth\":null}", FORMAT },
		{ "{\"format\":\"thing/1\",\"time\":86401}", FORMAT },
		{ "{\"format\":\"thing/1\",\"time\":\"1970-01-02\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"time\":\"1970-01-02T00:00:01+00:00\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"digest\":\"sha256:00\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"digest\":\"\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"digest\":7}", FORMAT },
		{ "{\"format\":\"thing/1\",\"object\":[]}", FORMAT },
		{ "{\"format\":\"thing/1\",\"object\":\"{}\"}", FORMAT },
		{ "{\"format\":\"thing/1\",\"array\":{}}", FORMAT },
		{ "{\"format\":\"thing/1\",\"array\":[]}", LIMIT },
		{ "{\"format\":\"thing/1\",\"array\":[1,2,3]}", LIMIT },
		/* Good fields before the bad one are not stored either. */
		{ "{\"format\":\"thing/1\",\"number\":5,\"truth\":true,\"string\":7}", FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++) {
		LW_AUTO(json) struct lw_json_doc *doc = NULL;
		struct thing t;
		int r = read_thing(bad[i].text, LW_JSON_REFUSE_UNKNOWN, &doc, &t);

		if (r != bad[i].code)
			fail_msg("%s: %d", bad[i].text, r);
	}
}

static void test_table_edges(void **state)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	LW_AUTO(json) struct lw_json_doc *large = NULL;
	LW_AUTO(json) struct lw_json_doc *empty = NULL;
	static const struct lw_json_field number = { "n", LW_JSON_READ_U64, .offset = 0 };
	struct thing t;
	uint64_t n = 7;

	(void)state;
	/* Unknown members are passed over where that is the rule, whatever they hold. */
	assert_int_equal(read_thing("{\"x\":{\"format\":1},\"format\":\"thing/1\",\"y\":[1.5],"
				    "\"number\":2,\"z\":null}",
				    LW_JSON_IGNORE_UNKNOWN, &doc, &t),
			 0);
	assert_int_equal(t.number, 2);
	/* Absent optional fields stay as they were. */
	assert_int_equal(t.time, 0x5a5a5a5a5a5a5a5a);

	/* No maximum: all that is exact. */
	large = parse(LIT("{\"n\":9007199254740991}"), &LW_JSON_STRICT);
	assert_int_equal(lw_json_read(lw_json_root(large), &number, 1, LW_JSON_REFUSE_UNKNOWN,
				      "test", &n, NULL),
			 0);
	assert_true(n == (uint64_t)LW_JSON_INTEGER_MAX);

	/* No fields at all: nothing but an empty object will do. */
	empty = parse(LIT("{}"), &LW_JSON_STRICT);
	assert_int_equal(lw_json_read(lw_json_root(empty), &number, 0, LW_JSON_REFUSE_UNKNOWN,
				      "test", &n, NULL),
			 0);
	assert_int_equal(lw_json_read(lw_json_root(large), &number, 0, LW_JSON_REFUSE_UNKNOWN,
				      "test", &n, NULL),
			 FORMAT);
}

static void test_table_digest_of_another_algorithm(void **state)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct thing t;

	(void)state;
	lw_buf_adds(&b, "{\"format\":\"thing/1\",\"digest\":\"sha512:");
	lw_buf_fill(&b, 'a', 128);
	lw_buf_adds(&b, "\"}");
	assert_int_equal(read_thing(lw_buf_str(&b), LW_JSON_REFUSE_UNKNOWN, &doc, &t),
			 -LW_E_UNSUPPORTED);
}

static void test_table_is_linear(void **state)
{
	static const struct lw_json_field last = { "last", LW_JSON_READ_U64, LW_JSON_REQUIRED,
						   .offset = 0 };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	uint64_t n = 7;

	(void)state;
	many_keys(&b, LW_MAX_JSON_KEYS - 1, "\"last\"");

	LW_AUTO(json) struct lw_json_doc *doc = parse(lw_buf_span(&b), &LW_JSON_STRICT);
	double start = cpu();
	for (int i = 0; i < 10; i++)
		assert_int_equal(lw_json_read(lw_json_root(doc), &last, 1,
					      LW_JSON_IGNORE_UNKNOWN, "test", &n, NULL),
				 0);
	assert_int_equal(n, 0);
	assert_true(cpu() - start < 5);
}

static void test_error_names_the_place(void **state)
{
	static const struct {
		const char *in, *want;
	} rows_[] = {
		{ "{\"a\" 1}", "byte 5: " },
		{ "[1,", "byte 3: " },
		{ "{\"a\":1,\"a\":2}", "byte 7: " },
		{ "[\"\\ud800\"]", "byte 2: " },
		{ "[012]", "byte 1: " },
		{ "[1.5]", "byte 2: " },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows_); i++) {
		struct lw_error e = { 0 };
		size_t nodes;

		assert_int_equal(
			lw_json_check(lw_span_str(rows_[i].in), &LW_JSON_STRICT, &nodes, &e),
			FORMAT);
		assert_memory_equal(e.text, rows_[i].want, strlen(rows_[i].want));
	}

	/* A hostile byte or key does not reach the text as it is. */
	struct lw_error e = { 0 };
	size_t nodes;
	assert_int_equal(lw_json_check(LIT("[\x1b]"), &LW_JSON_STRICT, &nodes, &e), FORMAT);
	assert_null(strchr(e.text, 0x1b));
	assert_int_equal(lw_json_check(LIT("{\"\\u001b\":1,\"\\u001b\":1}"), &LW_JSON_STRICT,
				       &nodes, &e),
			 FORMAT);
	assert_null(strchr(e.text, 0x1b));
}

static void test_canonical(void **state)
{
	static const struct {
		const char *in, *out;
	} good[] = {
		{ "{}", "{}" },
		{ "[]\n", "[]" },
		{ " [ 1 , -0 , 007 ]", NULL },
		{ " [ 1 , -0 , 7 ]", "[1,0,7]" },
		{ "{\"b\":1,\"a\":2,\"\":3,\"B\":4}", "{\"\":3,\"B\":4,\"a\":2,\"b\":1}" },
		{ "{\"ab\":1,\"a\":2,\"a\\u0001\":3}", "{\"a\":2,\"a\\u0001\":3,\"ab\":1}" },
		/* By bytes: not by code unit, and not by how they are written. */
		{ "{\"\\uffff\":1,\"\\ud800\\udc00\":2,\"\\u00e9\":3,\"z\":4}",
		  "{\"z\":4,\"\xc3\xa9\":3,\"\xef\xbf\xbf\":1,\"\xf0\x90\x80\x80\":2}" },
		{ "{\"\\\\\":1,\"]\":2,\"[\":3,\"\\\"\":4,\"!\":5,\"#\":6,\"\\u001f\":7,\" \":8}",
		  "{\"\\u001f\":7,\" \":8,\"!\":5,\"\\\"\":4,\"#\":6,\"[\":3,\"\\\\\":1,\"]\":2}" },
		{ "\"\\/\\b\\f\\n\\r\\t\\u007f\\u00e9\\u0041\"",
		  "\"/\\u0008\\u000c\\u000a\\u000d\\u0009\x7f\xc3\xa9"
		  "A\"" },
		{ "{\"z\":{\"y\":[{\"x\":1,\"w\":2}],\"a\":null},\"b\":[true,false]}",
		  "{\"b\":[true,false],\"z\":{\"a\":null,\"y\":[{\"w\":2,\"x\":1}]}}" },
		{ "9007199254740991", "9007199254740991" },
		{ "[[],[[]],{},[{}]]", "[[],[[]],{},[{}]]" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(good); i++) {
		struct lw_span in = lw_span_str(good[i].in);
		LW_AUTO(buf) struct lw_buf out = { 0 };

		if (!good[i].out) {
			assert_int_equal(check(in, &LW_JSON_STRICT), FORMAT);
			continue;
		}

		LW_AUTO(json) struct lw_json_doc *doc = parse(in, &LW_JSON_STRICT);
		struct lw_span want = lw_span_str(good[i].out);

		assert_int_equal(lw_json_canonical(lw_json_root(doc), &out, NULL), 0);
		assert_string_equal(lw_buf_str(&out), good[i].out);

		/* Parsing the canonical form gives it again, and only it is canonical. */
		LW_AUTO(json) struct lw_json_doc *again = parse(want, &LW_JSON_STRICT);
		assert_int_equal(lw_json_require_canonical(again, want, NULL), 0);
		assert_int_equal(lw_json_require_canonical(doc, in, NULL),
				 lw_span_equal(in, want) ? 0 : FORMAT);
		assert_int_equal(
			lw_json_require_canonical(again, lw_span(want.p, want.n - 1), NULL),
			FORMAT);
	}
}

static void test_writer(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(json)
	struct lw_json_doc *doc = parse(LIT("{\"y\":1,\"x\":[]}"), &LW_JSON_STRICT);
	struct lw_json_writer w = { .out = &b };

	(void)state;
	lw_buf_adds(&b, "prefix ");
	lw_json_w_object(&w);
	lw_json_w_member(&w, "b", "q\"\\/\t\xc3\xa9");
	lw_json_w_member_integer(&w, "a", -LW_JSON_INTEGER_MAX);
	lw_json_w_key(&w, "list");
	lw_json_w_array(&w);
	lw_json_w_bool(&w, true);
	lw_json_w_bool(&w, false);
	lw_json_w_null(&w);
	lw_json_w_array(&w);
	lw_json_w_end_array(&w);
	lw_json_w_object(&w);
	lw_json_w_end_object(&w);
	lw_json_w_node(&w, lw_json_root(doc));
	lw_json_w_end_array(&w);
	lw_json_w_key(&w, "tree");
	lw_json_w_node(&w, lw_json_root(doc));
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	assert_string_equal(
		lw_buf_str(&b),
		"prefix {\"b\":\"q\\\"\\\\/\\u0009\xc3\xa9\",\"a\":-9007199254740991,"
		"\"list\":[true,false,null,[],{},{\"y\":1,\"x\":[]}],"
		"\"tree\":{\"y\":1,\"x\":[]}}");
}

static void test_canonical_writer(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(json)
	struct lw_json_doc *doc = parse(LIT("{\"y\":1,\"x\":[]}"), &LW_JSON_STRICT);
	struct lw_json_writer w = { .out = &b, .canonical = true };

	(void)state;
	lw_json_w_object(&w);
	lw_json_w_member_integer(&w, "", 0);
	lw_json_w_member_integer(&w, "\x1f", 1);
	lw_json_w_member_integer(&w, "!", 2);
	lw_json_w_member_integer(&w, "\"", 3);
	lw_json_w_member_integer(&w, "#", 4);
	lw_json_w_key(&w, "[");
	lw_json_w_object(&w);
	lw_json_w_member_integer(&w, "a", 1); /* below "[": another object */
	lw_json_w_end_object(&w);
	lw_json_w_member_integer(&w, "\\", 5);
	lw_json_w_member_integer(&w, "]", 6);
	lw_json_w_member_integer(&w, "a", 7);
	lw_json_w_member_integer(&w, "a\x01", 7);
	lw_json_w_key(&w, "aa");
	lw_json_w_node(&w, lw_json_root(doc));
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);

	LW_AUTO(json) struct lw_json_doc *again = parse(lw_buf_span(&b), &LW_JSON_STRICT);
	assert_int_equal(lw_json_require_canonical(again, lw_buf_span(&b), NULL), 0);
}

static void test_deep_tree_inside_ours(void **state)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b };

	(void)state;
	nest(&text, "[", "", "]", LW_MAX_JSON_DEPTH);

	LW_AUTO(json) struct lw_json_doc *doc = parse(lw_buf_span(&text), &LW_JSON_STRICT);
	for (int i = 0; i < 32; i++)
		lw_json_w_array(&w);
	lw_json_w_node(&w, lw_json_root(doc));
	for (int i = 0; i < 32; i++)
		lw_json_w_end_array(&w);
	lw_json_w_finish(&w);
	assert_int_equal(b.n, 128);
}

/* Misuse: each of these must abort. */

static void test_indented_writer(void **state)
{
	static const char text[] =
		"{\"a\":[1,{\"b\":{}},[],\"c: {,}\"],\"d\":{\"e\":null,\"f\":true}}";
	static const char want[] = "{\n"
				   "  \"a\": [\n"
				   "    1,\n"
				   "    {\n"
				   "      \"b\": {}\n"
				   "    },\n"
				   "    [],\n"
				   "    \"c: {,}\"\n"
				   "  ],\n"
				   "  \"d\": {\n"
				   "    \"e\": null,\n"
				   "    \"f\": true\n"
				   "  }\n"
				   "}";
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_json_writer w = { .out = &b, .canonical = true, .indent = true };
	struct lw_error e;

	(void)state;
	assert_int_equal(lw_json_parse(lw_span_str(text), &LW_JSON_STRICT, &doc, &e), 0);
	lw_json_w_node(&w, lw_json_root(doc));
	lw_json_w_finish(&w);
	assert_string_equal(lw_buf_str(&b), want);
}

static void unordered(struct lw_json_writer *w)
{
	w->canonical = true;
	lw_json_w_object(w);
	lw_json_w_member_integer(w, "b", 1);
	lw_json_w_key(w, "a");
}

static void key_twice(struct lw_json_writer *w)
{
	w->canonical = true;
	lw_json_w_object(w);
	lw_json_w_member_integer(w, "a\"\n", 1);
	lw_json_w_key(w, "a\"\n");
}

static void escaped_unordered(struct lw_json_writer *w)
{
	w->canonical = true;
	lw_json_w_object(w);
	lw_json_w_member_integer(w, "#", 1);
	lw_json_w_key(w, "\""); /* written \", and '\\' would sort behind '#' */
}

static void value_without_key(struct lw_json_writer *w)
{
	lw_json_w_object(w);
	lw_json_w_null(w);
}

static void key_without_value(struct lw_json_writer *w)
{
	lw_json_w_object(w);
	lw_json_w_key(w, "a");
	lw_json_w_end_object(w);
}

static void two_keys(struct lw_json_writer *w)
{
	lw_json_w_object(w);
	lw_json_w_key(w, "a");
	lw_json_w_key(w, "b");
}

static void key_in_array(struct lw_json_writer *w)
{
	lw_json_w_array(w);
	lw_json_w_key(w, "a");
}

static void key_at_root(struct lw_json_writer *w)
{
	lw_json_w_key(w, "a");
}

static void two_roots(struct lw_json_writer *w)
{
	lw_json_w_null(w);
	lw_json_w_null(w);
}

static void two_root_arrays(struct lw_json_writer *w)
{
	lw_json_w_array(w);
	lw_json_w_end_array(w);
	lw_json_w_array(w);
}

static void closed_wrongly(struct lw_json_writer *w)
{
	lw_json_w_array(w);
	lw_json_w_end_object(w);
}

static void closed_too_often(struct lw_json_writer *w)
{
	lw_json_w_array(w);
	lw_json_w_end_array(w);
	lw_json_w_end_array(w);
}

static void unfinished(struct lw_json_writer *w)
{
	lw_json_w_array(w);
	lw_json_w_finish(w);
}

static void empty(struct lw_json_writer *w)
{
	lw_json_w_finish(w);
}

static void inexact(struct lw_json_writer *w)
{
	lw_json_w_integer(w, LW_JSON_INTEGER_MAX + 1);
}

static void inexact_negative(struct lw_json_writer *w)
{
	lw_json_w_integer(w, -LW_JSON_INTEGER_MAX - 1);
}

static void not_utf8(struct lw_json_writer *w)
{
	lw_json_w_string(w, "\xc0\xaf");
}

static void key_not_utf8(struct lw_json_writer *w)
{
	lw_json_w_object(w);
	lw_json_w_key(w, "\xff");
}

static void too_deep(struct lw_json_writer *w)
{
	for (int i = 0; i <= LW_JSON_WRITER_DEPTH; i++)
		lw_json_w_array(w);
}

static void a_float(struct lw_json_writer *w)
{
	struct lw_json_doc *doc = NULL;

	if (lw_json_parse(LIT("[1.5]"), &LW_JSON_FOREIGN, &doc, NULL) == 0)
		lw_json_w_node(w, lw_json_root(doc));
}

static void test_writer_misuse_aborts(void **state)
{
	static void (*const misuse[])(struct lw_json_writer *) = {
		unordered,	   key_twice,	    escaped_unordered, value_without_key,
		key_without_value, two_keys,	    key_in_array,      key_at_root,
		two_roots,	   two_root_arrays, closed_wrongly,    closed_too_often,
		unfinished,	   empty,	    inexact,	       inexact_negative,
		not_utf8,	   key_not_utf8,    too_deep,	       a_float,
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(misuse); i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			struct lw_buf b = { 0 };
			struct lw_json_writer w = { .out = &b };

			(void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
			misuse[i](&w);
			_exit(0);
		}

		int status = 0;
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			fail_msg("misuse %zu was not stopped: status %d", i, status);
	}
}

static void write_image(struct lw_json_writer *w, unsigned i, char name[static 80])
{
	(void)snprintf(name, 80, "registry.example/some-department/some-team/image-%05u", i);
	lw_json_w_object(w);
	lw_json_w_member(w, "digest",
			 "sha256:"
			 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
	lw_json_w_member(w, "mediaType", "application/vnd.oci.image.manifest.v1+json");
	lw_json_w_member(w, "name", name);
	lw_json_w_key(w, "platforms");
	lw_json_w_array(w);
	lw_json_w_string(w, "linux/arm/v7");
	lw_json_w_string(w, "linux/amd64");
	lw_json_w_string(w, "linux/arm64");
	lw_json_w_end_array(w);
	lw_json_w_member_integer(w, "size", i);
	lw_json_w_end_object(w);
}

/* The largest contents there may be: written, parsed and found canonical in good time. */
static void test_large_contents(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	char name[80];
	double start = cpu();

	(void)state;
	lw_json_w_object(&w);
	lw_json_w_key(&w, "images");
	lw_json_w_array(&w);
	for (unsigned i = 0; i < 27000; i++)
		write_image(&w, i, name);
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	assert_true(b.n > 7000000 && b.n <= LW_MAX_CONTENTS_BYTES);

	double written = cpu();
	LW_AUTO(json) struct lw_json_doc *doc = parse(lw_buf_span(&b), &LW_JSON_STRICT);
	double parsed = cpu();
	assert_int_equal(lw_json_require_canonical(doc, lw_buf_span(&b), NULL), 0);
	double compared = cpu();

	print_message("%zu bytes: written in %.3f s, parsed in %.3f s, compared in %.3f s\n",
		      b.n, written - start, parsed - written, compared - parsed);
	assert_true(compared - start < 5);
}

/* Keys in the worst order: sorting must not be quadratic. */
static void test_canonical_of_many_keys(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(buf) struct lw_buf out = { 0 };
	double start = cpu();

	(void)state;
	lw_buf_adds(&b, "{");
	for (size_t i = LW_MAX_JSON_KEYS; i > 1; i--)
		lw_buf_printf(&b, "\"k%06zu\":0,", i);
	lw_buf_adds(&b, "\"k000001\":0}");

	LW_AUTO(json) struct lw_json_doc *doc = parse(lw_buf_span(&b), &LW_JSON_STRICT);
	assert_int_equal(lw_json_require_canonical(doc, lw_buf_span(&b), NULL), FORMAT);
	assert_int_equal(lw_json_canonical(lw_json_root(doc), &out, NULL), 0);
	assert_int_equal(out.n, b.n);
	assert_memory_equal(out.p, "{\"k000001\":0,\"k000002\":0,", 25);
	assert_true(cpu() - start < 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_table),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_byte_caps_of_the_house),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_types_and_walking),
		cmocka_unit_test(test_integers_are_exact),
		cmocka_unit_test(test_floats),
		cmocka_unit_test(test_table_reads_everything),
		cmocka_unit_test(test_table_refuses),
		cmocka_unit_test(test_table_edges),
		cmocka_unit_test(test_table_digest_of_another_algorithm),
		cmocka_unit_test(test_table_is_linear),
		cmocka_unit_test(test_error_names_the_place),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_canonical_writer),
		cmocka_unit_test(test_indented_writer),
		cmocka_unit_test(test_deep_tree_inside_ours),
		cmocka_unit_test(test_writer_misuse_aborts),
		cmocka_unit_test(test_large_contents),
		cmocka_unit_test(test_canonical_of_many_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
