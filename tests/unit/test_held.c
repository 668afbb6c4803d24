/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/held.h"

#include "base/fs.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "tests/lib/people.h"

#define HEX(c) c c c c c c c c c c c c c c c c
#define A      "sha256:" HEX("aaaa")
#define B      "sha256:" HEX("bbbb")
#define C      "sha256:" HEX("cccc")
#define FIRST  "landwaiter-have/1 " C "\n"

static int file_of(struct lw_span text)
{
	struct lw_error e = { 0 };
	int fd = memfd_create("list", MFD_CLOEXEC);

	assert_true(fd >= 0);
	OK(lw_fs_pwrite(fd, text.p, text.n, 0, &e));
	return fd;
}

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

static int add_list(struct lw_held *h, struct lw_span text, struct lw_digest *ret_enclave,
		    struct lw_error *e)
{
	lw_auto_fd int fd = file_of(text);

	return lw_held_add_list(h, fd, text.n, ret_enclave, e);
}

static int read_lacking(struct lw_span text, struct lw_held *ret, struct lw_digest *ret_bundle,
			struct lw_error *e)
{
	lw_auto_fd int fd = file_of(text);

	return lw_held_read_lacking(fd, text.n, ret, ret_bundle, e);
}

static void refused(enum lw_code code, struct lw_span text)
{
	LW_AUTO(held) struct lw_held h = { 0 };
	struct lw_digest enclave;
	struct lw_error e = { 0 };

	FAILS(code, add_list(&h, text, &enclave, &e));
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
	OK(add_list(&h, lw_buf_span(&out), &enclave, &e));
	assert_true(lw_digest_equal(&enclave, &c));
	OK(add_list(&h, lw_buf_span(&out), &enclave, &e)); /* two lists that agree */
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

		FAILS(LW_E_FORMAT, read_lacking(lw_span_str(wrong[i]), &h, &bundle, &e));
	}

	LW_AUTO(held) struct lw_held json = { 0 };
	LW_AUTO(held) struct lw_held lines = { 0 };
	LW_AUTO(held) struct lw_held empty = { 0 };
	struct lw_digest bundle = { 0 };

	OK(read_lacking(lw_span_str(verdict), &json, &bundle, &e));
	assert_true(lw_digest_equal(&bundle, &c));
	assert_true(json.n == 1 && lw_held_has(&json, &a, 0));
	bundle = none;
	OK(read_lacking(lw_span_str(B " 7\n" A "\n" B), &lines, &bundle, &e));
	assert_true(lw_digest_equal(&bundle, &none));
	assert_true(lines.n == 2 && lw_held_has(&lines, &b, 0));
	FAILS(LW_E_USAGE, read_lacking(lw_span(NULL, 0), &empty, &bundle, &e));
}

/* As many as a bundle can lack would be no tree: read as it is written, or not at all. */
static void many_lacking(void **state)
{
	enum { MANY = 510000 };
	static const struct {
		const char *old, *new; /* of the same length */
		enum lw_code code;
	} wrong[] = {
		{ "\"size\":0}]", "\"size\":0},", LW_E_LIMIT },
		{ "prerequisites", "Prerequisites", LW_E_FORMAT },
	};
	LW_AUTO(buf) struct lw_buf text = { 0 };
	LW_AUTO(held) struct lw_held h = { 0 };
	struct lw_digest d = { 0 }, bundle = { 0 }, c = digest(C);
	char hex[LW_DIGEST_TEXT];
	struct lw_error e = { 0 };

	(void)state;
	lw_buf_adds(&text, "{\"bundle\":{\"digest\":\"" C "\"},\"format\":"
			   "\"landwaiter-verdict/1\",\"prerequisites\":{\"missing\":[");
	for (uint32_t i = 0; i < MANY; i++) {
		memcpy(d.sha256, &i, sizeof(i));
		lw_buf_printf(&text, "%s{\"digest\":\"%s\",\"size\":%u}", i ? "," : "",
			      lw_digest_text(&d, hex), MANY - 1 - i);
	}
	lw_buf_adds(&text, "]}}\n");
	OK(read_lacking(lw_buf_span(&text), &h, &bundle, &e));
	assert_true(lw_digest_equal(&bundle, &c));
	assert_int_equal(h.n, MANY);
	assert_true(lw_held_has(&h, &d, 0));
	for (size_t i = 0; i < LW_COUNT_OF(wrong); i++) {
		LW_AUTO(held) struct lw_held none = { 0 };
		uint8_t *at = memmem(text.p, text.n, wrong[i].old, strlen(wrong[i].old));

		assert_non_null(at);
		memcpy(at, wrong[i].new, strlen(wrong[i].new));
		FAILS(wrong[i].code, read_lacking(lw_buf_span(&text), &none, &bundle, &e));
		memcpy(at, wrong[i].old, strlen(wrong[i].old));
	}
}

/* Two lists that could be taken for the one. */
static void other_lists(void **state)
{
	static const char *const texts[] = {
		"{\"missing\":[{\"digest\":\"" A "\",\"size\":1},{\"digest\":\"" B
		"\",\"size\":2}],\"bundle\":{\"digest\":\"" C
		"\"},\"format\":\"landwaiter-verdict/1\",\"prerequisites\":{\"missing\":[]}}",
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(texts); i++) {
		LW_AUTO(held) struct lw_held h = { 0 };
		struct lw_digest bundle = { 0 };
		struct lw_error e = { 0 };

		FAILS(LW_E_FORMAT, read_lacking(lw_span_str(texts[i]), &h, &bundle, &e));
	}
}

/* Lines that stand across what is read at once; a list told of twice takes no more room. */
static void long_lists(void **state)
{
	enum { MANY = 3000 };
	LW_AUTO(held) struct lw_held h = { 0 };
	LW_AUTO(held) struct lw_held lines = { 0 };
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_held_writer w = { .out = &text };
	struct lw_digest d = { 0 }, enclave;
	struct lw_error e = { 0 };

	(void)state;
	lw_held_write_begin(&w, &d);
	for (uint32_t i = 0; i < MANY; i++) {
		d.sha256[0] = (uint8_t)(i >> 8);
		d.sha256[1] = (uint8_t)i;
		lw_held_write(&w, &d, 7);
	}
	lw_held_write_end(&w);
	OK(add_list(&h, lw_buf_span(&text), &enclave, &e));
	OK(add_list(&h, lw_buf_span(&text), &enclave, &e));
	assert_int_equal(h.n, MANY);
	lw_held_finish(&h);
	assert_true(h.n == MANY && lw_held_has(&h, &d, 7));
	lw_buf_clear(&text);
	for (size_t i = 0; i < h.n; i++) {
		char hex[LW_DIGEST_TEXT];

		lw_buf_printf(&text, "%s 7\n", lw_digest_text(&h.list[i].digest, hex));
	}
	OK(read_lacking(lw_buf_span(&text), &lines, &enclave, &e));
	assert_int_equal(lines.n, MANY);
	lw_buf_fill(&text, ' ', 70000);
	FAILS(LW_E_FORMAT, read_lacking(lw_buf_span(&text), &lines, &enclave, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roundtrip),   cmocka_unit_test(wrong_lists),
		cmocka_unit_test(lacking),     cmocka_unit_test(many_lacking),
		cmocka_unit_test(other_lists), cmocka_unit_test(long_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
