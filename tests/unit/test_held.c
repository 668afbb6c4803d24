/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/held.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/people.h"

#define HEX(c) c c c c c c c c c c c c c c c c
#define A      "sha256:" HEX("aaaa")
#define B      "sha256:" HEX("bbbb")
#define C      "sha256:" HEX("cccc")
#define FIRST  "landwaiter-have/1 " C "\n"

static struct lw_digest digest(const char *text)
{
	struct lw_digest d;
	struct lw_error e = { 0 };

	OK(lw_digest_parse(lw_span_str(text), &d, &e));
	return d;
}

/* The lines, closed as they must be. */
static void closed(const char *lines, unsigned rows, struct lw_buf *out)
{
	const struct lw_digest d = lw_digest_of(lw_span_str(lines));
	char text[LW_DIGEST_TEXT];

	lw_buf_clear(out);
	lw_buf_printf(out, "%send %u %s\n", lines, rows, lw_digest_text(&d, text));
}

static void refused(enum lw_code code, struct lw_span text)
{
	LW_AUTO(held) struct lw_held h = { 0 };
	struct lw_digest enclave;
	struct lw_error e = { 0 };

	FAILS(code, lw_held_add_list(&h, text, &enclave, &e));
}

static void roundtrip(void **state)
{
	LW_AUTO(held) struct lw_held h = { 0 };
	LW_AUTO(buf) struct lw_buf out = { 0 };
	LW_AUTO(buf) struct lw_buf want = { 0 };
	struct lw_held_writer w = { .out = &out };
	const struct lw_digest a = digest(A), b = digest(B), c = digest(C);
	struct lw_digest enclave;
	struct lw_error e = { 0 };

	(void)state;
	lw_held_write_begin(&w, &c);
	lw_held_write(&w, &b, 1);
	lw_held_write(&w, &a, 2);
	lw_held_write_end(&w);
	closed(FIRST B " 1\n" A " 2\n", 2, &want);
	assert_string_equal(lw_buf_str(&out), lw_buf_str(&want));
	OK(lw_held_add_list(&h, lw_buf_span(&out), &enclave, &e));
	assert_true(lw_digest_equal(&enclave, &c));
	OK(lw_held_add_list(&h, lw_buf_span(&out), &enclave, &e)); /* two lists that agree */
	lw_held_finish(&h);
	assert_int_equal(h.n, 2);
	assert_true(lw_held_has(&h, &a, 2));
	assert_false(lw_held_has(&h, &a, 1));
	assert_false(lw_held_has(&h, &c, 2));
}

static void wrong_lists(void **state)
{
	static const struct {
		const char *lines;
		unsigned rows;
		enum lw_code code;
	} rows[] = {
		{ "landwaiter-have/2 " C "\n", 0, LW_E_FORMAT },
		{ "landwaiter-have/1 " C " \n", 0, LW_E_FORMAT },
		{ "landwaiter-have/1\n", 0, LW_E_FORMAT },
		{ A " 1\n", 1, LW_E_FORMAT },
		{ FIRST A " 1\n" A " 1\n", 2, LW_E_FORMAT },
		{ FIRST B " 1\n" A " 1\n", 2, LW_E_FORMAT },
		{ FIRST A " 2\n" B " 1\n", 2, LW_E_FORMAT },
		{ FIRST A " 01\n", 1, LW_E_FORMAT },
		{ FIRST A " -1\n", 1, LW_E_FORMAT },
		{ FIRST A "\n", 1, LW_E_FORMAT },
		{ FIRST A " 1 \n", 1, LW_E_FORMAT },
		{ FIRST "\n", 1, LW_E_FORMAT },
		{ FIRST A " 1099511627777\n", 1, LW_E_LIMIT },
		{ FIRST A " 1\n", 2, LW_E_DIGEST },
		{ FIRST, 1, LW_E_DIGEST },
	};
	LW_AUTO(buf) struct lw_buf text = { 0 };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		closed(rows[i].lines, rows[i].rows, &text);
		refused(rows[i].code, lw_buf_span(&text));
	}
	closed(FIRST A " 1\n", 1, &text);
	for (size_t n = 0; n < text.n; n++) /* cut anywhere */
		refused(LW_E_TRUNCATED, lw_span(text.p, n));
	lw_buf_addc(&text, '\n');
	refused(LW_E_FORMAT, lw_buf_span(&text));
}

static void lacking(void **state)
{
	static const char verdict[] =
		"{\"bundle\":{\"digest\":\"" C "\"},\"format\":"
		"\"landwaiter-verdict/1\",\"prerequisites\":{\"missing\":["
		"{\"digest\":\"" A "\",\"size\":3}]}}\n";
	static const char *const wrong[] = {
		"{}",
		"{\"format\":\"landwaiter-verdict/1\"}",
		"{\"bundle\":null,\"format\":\"landwaiter-verdict/1\",\"prerequisites\":"
		"{\"missing\":[]}}",
		"{\"bundle\":{\"digest\":\"" C "\"},\"format\":\"landwaiter-verdict/1\","
		"\"prerequisites\":{\"missing\":[\"" A "\"]}}",
		"{\"bundle\":{\"digest\":\"" C "\"},\"format\":\"landwaiter-verdict/2\","
		"\"prerequisites\":{\"missing\":[{\"digest\":\"" A "\"}]}}",
		A "x\n",
		"x\n",
	};
	const struct lw_digest a = digest(A), b = digest(B), c = digest(C);
	const struct lw_digest none = { 0 };
	struct lw_error e = { 0 };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(wrong); i++) {
		LW_AUTO(held) struct lw_held h = { 0 };
		struct lw_digest bundle = { 0 };

		FAILS(LW_E_FORMAT,
		      lw_held_read_lacking(lw_span_str(wrong[i]), &h, &bundle, &e));
	}

	LW_AUTO(held) struct lw_held json = { 0 };
	LW_AUTO(held) struct lw_held lines = { 0 };
	LW_AUTO(held) struct lw_held empty = { 0 };
	struct lw_digest bundle = { 0 };

	OK(lw_held_read_lacking(lw_span_str(verdict), &json, &bundle, &e));
	assert_true(lw_digest_equal(&bundle, &c));
	assert_true(json.n == 1 && lw_held_has(&json, &a, 0));
	bundle = none;
	OK(lw_held_read_lacking(lw_span_str(B " 7\n" A "\n" B), &lines, &bundle, &e));
	assert_true(lw_digest_equal(&bundle, &none));
	assert_true(lines.n == 2 && lw_held_has(&lines, &b, 0));
	FAILS(LW_E_USAGE, lw_held_read_lacking(lw_span(NULL, 0), &empty, &bundle, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roundtrip),
		cmocka_unit_test(wrong_lists),
		cmocka_unit_test(lacking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
