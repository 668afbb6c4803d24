/* SPDX-License-Identifier: Apache-2.0 */

/* jansson as second opinion (tests/lib/json_oracle.h), on documents made at random and on what
 * becomes of them when a few bytes change. */

#include "base/mem.h"
#include "tests/lib/json_oracle.h"
#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DOCUMENTS 4000
#define MUTANTS	  10 /* of each document */

struct maker {
	struct lw_random random;
	struct lw_buf *out;
	bool floats;
	size_t budget; /* values still to be made */
};

static const char *pick(struct maker *m, const char *const *from, size_t n)
{
	return from[lw_random_below(&m->random, n)];
}

#define PICK(m, ...)                                                                           \
	pick(m, (const char *const[]){ __VA_ARGS__ },                                          \
	     LW_COUNT_OF(((const char *const[]){ __VA_ARGS__ })))

static void space(struct maker *m)
{
	lw_buf_adds(m->out, PICK(m, "", "", "", "", " ", "\n", "\t", "\r\n  "));
}

static void text(struct maker *m, size_t pieces)
{
	lw_buf_addc(m->out, '"');
	while (pieces--)
		lw_buf_adds(m->out, PICK(m, "a", "B", "7", "key", "/", " ", "\\\"", "\\\\",
					 "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0001",
					 "\\u0041", "\\u00e9", "\\u20AC", "\\ud83d\\ude00",
					 "\\uFFFF", "\x7f", "\xc3\xa9", "\xe2\x82\xac",
					 "\xf0\x9f\x98\x80", "\xef\xbf\xbf", "'", "{", "]"));
	lw_buf_addc(m->out, '"');
}

static void number(struct maker *m)
{
	uint64_t bits = lw_random_next(&m->random);
	uint64_t v = bits >> (11 + lw_random_below(&m->random, 53));

	if (m->floats && bits % 3 == 0)
		lw_buf_adds(m->out, PICK(m, "0.5", "-0.0", "1e3", "1E+20", "2.25e-7",
					 "9007199254740992", "-9007199254740993",
					 "9223372036854775807", "1e308"));
	else
		lw_buf_printf(m->out, "%s%llu", bits & 1 ? "-" : "", (unsigned long long)v);
}

/* An element or member follows, or the end: bounded by the budget. */
static bool more(struct maker *m)
{
	if (m->budget == 0 || lw_random_below(&m->random, 5) == 0)
		return false;
	m->budget--;
	return true;
}

static void value(struct maker *m, unsigned depth);

static void object(struct maker *m, unsigned depth)
{
	unsigned n = 0;

	lw_buf_addc(m->out, '{');
	for (space(m); more(m); space(m)) {
		if (n++)
			lw_buf_addc(m->out, ',');
		space(m);

		/* Unique, by a number in front of it. */
		size_t at = m->out->n + 1;
		text(m, lw_random_below(&m->random, 4));
		LW_AUTO(buf) struct lw_buf tail = { 0 };
		lw_buf_add(&tail, m->out->p + at, m->out->n - at);
		m->out->n = at;
		lw_buf_printf(m->out, "%u", n);
		lw_buf_add(m->out, tail.p, tail.n);

		space(m);
		lw_buf_addc(m->out, ':');
		value(m, depth + 1);
	}
	lw_buf_addc(m->out, '}');
}

static void array(struct maker *m, unsigned depth)
{
	unsigned n = 0;

	lw_buf_addc(m->out, '[');
	for (space(m); more(m); space(m)) {
		if (n++)
			lw_buf_addc(m->out, ',');
		value(m, depth + 1);
	}
	lw_buf_addc(m->out, ']');
}

static void value(struct maker *m, unsigned depth)
{
	/* The root is mostly a container. */
	size_t least = depth == 0 && lw_random_below(&m->random, 8) ? 5 : 0;
	size_t kind = least + lw_random_below(&m->random, 9 - least);

	space(m);
	if (kind >= 5 && depth < LW_MAX_JSON_DEPTH)
		kind % 2 ? object(m, depth) : array(m, depth);
	else if (kind >= 3)
		text(m, lw_random_below(&m->random, 8));
	else if (kind >= 1)
		number(m);
	else
		lw_buf_adds(m->out, PICK(m, "true", "false", "null"));
}

static void make_document(struct maker *m)
{
	lw_buf_clear(m->out);
	m->budget = 1 + lw_random_below(&m->random, 60);
	value(m, 0);
	lw_buf_adds(m->out, PICK(m, "", "\n"));
}

/* Changes a few bytes: other bytes, gone, doubled, swapped, or pieces of JSON put in. */
static void mutate(struct lw_random *r, struct lw_buf *b)
{
	static const char *const pieces[] = {
		"\"",	   "\\",      ",",    ":",	  "{",	    "}",    "[",
		"]",	   "0",	      "-",    ".",	  "e",	    "1",    "\\u",
		"\\u0000", "\\ud800", "\n",   " ",	  "\t",	    "\x80", "\xed\xa0\x80",
		"\xc0",	   "null",    "true", "\"a\":1,", "\"a\":", "1.",   "01",
		"\x01",	   "\xef"
	};

	for (size_t changes = 1 + lw_random_below(r, 3); changes-- && b->n > 1;) {
		size_t at = lw_random_below(r, b->n), n = 1 + lw_random_below(r, 4);
		LW_AUTO(buf) struct lw_buf tail = { 0 };

		n = n < b->n - at ? n : b->n - at;
		lw_buf_add(&tail, b->p + at, b->n - at);
		switch (lw_random_below(r, 5)) {
		case 0:
			b->p[at] = (uint8_t)lw_random_next(r);
			break;
		case 1:
			b->n = at;
			lw_buf_add(b, tail.p + n, tail.n - n);
			break;
		case 2:
			b->n = at;
			lw_buf_add(b, tail.p, n);
			lw_buf_add(b, tail.p, tail.n);
			break;
		case 3:
			b->p[at] = b->p[b->n - 1 - at];
			break;
		default:
			b->n = at;
			lw_buf_adds(b, pieces[lw_random_below(r, LW_COUNT_OF(pieces))]);
			lw_buf_add(b, tail.p, tail.n);
			break;
		}
	}
}

static void show(const struct lw_buf *b, const char *wrong)
{
	print_message("%s:\n", wrong);
	for (size_t i = 0; i < b->n; i++)
		print_message("%02x", (unsigned)b->p[i]);
	print_message("\n");
}

/* True if we accepted. */
static bool judge(const struct lw_buf *b, const struct lw_json_limits *limits)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	lw_auto_free uint8_t *exact = lw_alloc(b->n);

	memcpy(exact, b->p, b->n);
	const char *wrong = lw_oracle_judge(lw_span(exact, b->n), limits, &doc);
	if (wrong)
		show(b, wrong);
	assert_null(wrong);
	return doc != NULL;
}

static void run(uint64_t seed, const struct lw_json_limits *limits)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(buf) struct lw_buf mutant = { 0 };
	struct maker m = { .random = lw_random_from(seed),
			   .out = &b,
			   .floats = limits->floats };
	size_t accepted = 0, refused = 0;

	for (size_t i = 0; i < DOCUMENTS; i++) {
		make_document(&m);
		if (!judge(&b, limits)) {
			show(&b, "a well-formed document was refused");
			fail();
		}
		for (size_t k = 0; k < MUTANTS; k++) {
			lw_buf_clear(&mutant);
			lw_buf_add(&mutant, b.p, b.n);
			mutate(&m.random, &mutant);
			judge(&mutant, limits) ? accepted++ : refused++;
		}
	}
	print_message("%d documents; of their mutants %zu accepted, %zu refused\n", DOCUMENTS,
		      accepted, refused);

	/* Or else the mutants say little. */
	assert_true(accepted > DOCUMENTS / 4);
	assert_true(refused > DOCUMENTS);
}

static void test_strict(void **state)
{
	(void)state;
	run(0x6c616e6477616974, &LW_JSON_STRICT);
}

static void test_foreign(void **state)
{
	(void)state;
	run(0x666f726569676e, &LW_JSON_FOREIGN);
}

/* The oracle itself: a wrong tree must be seen. */
static void test_oracle_sees_differences(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "[1]", "[1]", true },
		{ "[1]", "[2]", false },
		{ "[1]", "[1.0]", false },
		{ "[1]", "[1,1]", false },
		{ "[]", "{}", false },
		{ "[\"a\"]", "[\"\\u0061\"]", true },
		{ "[\"a\"]", "[\"b\"]", false },
		{ "[\"a\"]", "[\"ab\"]", false },
		{ "[true]", "[false]", false },
		{ "[null]", "[false]", false },
		{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true },
		{ "{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}", false },
		{ "{\"a\":1}", "{\"A\":1}", false },
		{ "{\"a\":[{\"b\":[]}]}", "{\"a\":[{\"b\":[0]}]}", false },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		LW_AUTO(json) struct lw_json_doc *doc = NULL;
		LW_AUTO(jansson) json_t *j = json_loads(rows[i].b, LW_ORACLE_FLAGS, NULL);

		assert_int_equal(
			lw_json_parse(lw_span_str(rows[i].a), &LW_JSON_STRICT, &doc, NULL), 0);
		assert_non_null(j);
		assert_true(lw_oracle_same(lw_json_root(doc), j) == rows[i].same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oracle_sees_differences),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
