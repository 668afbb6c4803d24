/* SPDX-License-Identifier: Apache-2.0 */

/* Reports and the status: what is written is read the same; words of verdicts; texts that are
 * too long, or not fit for a terminal. */

#include "base/mem.h"
#include "custody/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LONG "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void fill(char *to, size_t size, char c)
{
	memset(to, c, size - 1);
	to[size - 1] = '\0';
}

static struct lw_report full_report(void)
{
	struct lw_report r = { .what = LW_REPORT_VERDICT,
			       .gate = LW_GATE_EVIDENCE,
			       .outcome = LW_INCOMPLETE_SO_FAR,
			       .sequence = 7,
			       .index = 2,
			       .bundles = 3,
			       .volume = 1,
			       .volumes = 4,
			       .done = 5,
			       .total = 6,
			       .record = 12,
			       .head = "13:" LONG,
			       .code = "seal.threshold",
			       .sender = "acme",
			       .source = "load",
			       .port = "1-2.3" };

	fill(r.text, sizeof(r.text), '"'); /* twice as long in JSON */
	fill(r.label, sizeof(r.label), '\\');
	fill(r.bundle, sizeof(r.bundle), '"');
	fill(r.marking, sizeof(r.marking), '"');
	fill(r.object, sizeof(r.object), '"');
	fill(r.expected, sizeof(r.expected), '"');
	fill(r.found, sizeof(r.found), '"');
	fill(r.next, sizeof(r.next), '"');
	return r;
}

static void reports(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_report r = full_report(), back;
	struct lw_error e = { 0 };

	(void)state;
	memset(&back, 0, sizeof(back));
	lw_report_write(&r, &b);
	assert_true(b.n <= LW_MAX_REPORT_BYTES);
	assert_int_equal(lw_report_parse(lw_buf_span(&b), &back, &e), 0);
	assert_int_equal(back.what, r.what);
	assert_int_equal(back.gate, r.gate);
	assert_int_equal(back.outcome, r.outcome);
	assert_int_equal(back.sequence, 7);
	assert_int_equal(back.index, 2);
	assert_int_equal(back.bundles, 3);
	assert_int_equal(back.volume, 1);
	assert_int_equal(back.volumes, 4);
	assert_int_equal(back.done, 5);
	assert_int_equal(back.total, 6);
	assert_int_equal(back.record, 12);
	assert_string_equal(back.head, r.head);
	assert_string_equal(back.code, r.code);
	assert_string_equal(back.sender, r.sender);
	assert_string_equal(back.source, r.source);
	assert_string_equal(back.port, r.port);
	assert_string_equal(back.text, r.text);
	assert_string_equal(back.label, r.label);
	assert_string_equal(back.bundle, r.bundle);
	assert_string_equal(back.marking, r.marking);
	assert_string_equal(back.object, r.object);
	assert_string_equal(back.expected, r.expected);
	assert_string_equal(back.found, r.found);
	assert_string_equal(back.next, r.next);
}

static void every_kind(void **state)
{
	static const char *const kinds[] = {
		"\"port\":\"1-2\",\"what\":\"medium\"}",
		"\"port\":\"1-2\",\"what\":\"pulled\"}",
		"\"gate\":\"seal\",\"what\":\"gate\"}",
		"\"total\":1,\"what\":\"bytes\"}",
		"\"verdict\":\"accepted\",\"what\":\"verdict\"}",
		"\"source\":\"x\",\"what\":\"notice\"}",
	};

	(void)state;
	for (size_t i = 0; i < LW_REPORT_COUNT; i++) {
		LW_AUTO(buf) struct lw_buf b = { 0 };
		struct lw_report r;
		struct lw_error e = { 0 };

		lw_buf_printf(&b, "{\"format\":\"landwaiter-report/1\",%s", kinds[i]);
		assert_int_equal(lw_report_parse(lw_buf_span(&b), &r, &e), 0);
		assert_int_equal(r.what, i);
	}
	/* Without what it cannot do without, it is none. */
	for (size_t i = 0; i < LW_REPORT_COUNT; i++) {
		LW_AUTO(buf) struct lw_buf b = { 0 };
		struct lw_report r;
		struct lw_error e = { 0 };

		lw_buf_printf(&b, "{\"format\":\"landwaiter-report/1\",\"what\":\"%s\"}",
			      lw_report_name((enum lw_report_what)i));
		assert_int_equal(lw_report_parse(lw_buf_span(&b), &r, &e), -LW_E_FORMAT);
	}
}

static void texts_are_made_safe(void **state)
{
	char to[16];

	(void)state;
	lw_report_set(to, sizeof(to), "\033[2J");
	assert_string_equal(to, "\\x1b[2J");
	lw_report_set(to, sizeof(to),
		      "a\xe2\x80\xae"
		      "b");
	assert_string_equal(to, "a\\u{202e}b");
	lw_report_set(to, sizeof(to), LONG);
	assert_string_equal(to, "0123456789ab...");
	lw_report_set(to, sizeof(to), NULL);
	assert_string_equal(to, "");
}

static void words_of_verdicts(void **state)
{
	(void)state;
	assert_int_equal(lw_word_of(LW_ACCEPTED), LW_WORD_ACCEPTED);
	assert_int_equal(lw_word_of(LW_REFUSED), LW_WORD_REFUSED);
	assert_int_equal(lw_word_of(LW_DAMAGED), LW_WORD_REFUSED);
	assert_int_equal(lw_word_of(LW_INCOMPLETE_SO_FAR), LW_WORD_INCOMPLETE);
	assert_int_equal(lw_word_of(LW_TIME_UNTRUSTED), LW_WORD_HOLD);
	assert_int_equal(lw_word_of(LW_FAILED), LW_WORD_HOLD);
	assert_int_equal(lw_word_of((enum lw_outcome)99), LW_WORD_HOLD);
}

/* As full as it can be. */
static void fill_status(struct lw_status *s)
{
	*s = (struct lw_status){
		.screen = LW_SCREEN_VERDICT,
		.now = 1800000000,
		.enclave = { .known = true,
			     .name = "main",
			     .trust_version = 3,
			     .trust_until = 1900000000,
			     .trust = "holds",
			     .time = "trusted",
			     .images = 12,
			     .withheld = 1,
			     .records = 46,
			     .head = "46:" LONG,
			     .n_expires = 9 },
		.medium = { .in = true, .label = "green-07", .port = "1-2" },
		.work = { .at_work = true,
			  .gate = LW_GATE_CONTENT,
			  .index = 1,
			  .bundles = 1,
			  .done = 5,
			  .total = 6,
			  .rate = 7,
			  .to_go = 8,
			  .for_sec = 9 },
		.last = { .there = true,
			  .number = 4,
			  .word = LW_WORD_ACCEPTED,
			  .at = 1800000001,
			  .report = full_report(),
			  .medium = "green-07",
			  .counts = { 1, 2, 3, 4 } },
		.n_notices = LW_MAX_STATUS_NOTICES,
	};
	for (size_t i = 0; i < LW_MAX_STATUS_EXPIRES; i++) {
		fill(s->enclave.expires[i].what, sizeof(s->enclave.expires[i].what), 'x');
		s->enclave.expires[i].until = 1800000000 + (int64_t)i;
	}
	for (size_t i = 0; i < s->n_notices; i++) {
		fill(s->notices[i].source, sizeof(s->notices[i].source), 's');
		fill(s->notices[i].text, sizeof(s->notices[i].text), '"');
		fill(s->notices[i].next, sizeof(s->notices[i].next), '"');
	}
	fill(s->work.bundle, sizeof(s->work.bundle), '"');
	fill(s->work.marking, sizeof(s->work.marking), '"');
}

static void statuses(void **state)
{
	static struct lw_status s, back;
	LW_AUTO(buf) struct lw_buf b = { 0 }, again = { 0 };
	struct lw_error e = { 0 };

	(void)state;
	fill_status(&s);
	lw_status_write(&s, &b);
	assert_true(b.n <= LW_MAX_STATUS_BYTES);
	assert_int_equal(lw_status_parse(lw_buf_span(&b), &back, &e), 0);
	lw_status_write(&back, &again);
	assert_string_equal(lw_buf_str(&b), lw_buf_str(&again));
	assert_int_equal(back.last.word, LW_WORD_ACCEPTED);
	assert_int_equal(back.enclave.n_expires, 9);
	assert_int_equal(back.n_notices, LW_MAX_STATUS_NOTICES);
}

static void a_status_of_nothing(void **state)
{
	static struct lw_status s, back;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_error e = { 0 };

	(void)state;
	lw_status_write(&s, &b);
	assert_int_equal(lw_status_parse(lw_buf_span(&b), &back, &e), 0);
	assert_false(back.enclave.known);
	assert_false(back.last.there);
	assert_false(back.work.at_work);
}

static void no_status(void **state)
{
	static const char *const cases[] = {
		"",
		"{}",
		"[]",
		"{\"enclave\":{},\"format\":\"landwaiter-status/2\",\"notices\":[],\"screen\":\"idle\"}",
		"{\"enclave\":1,\"format\":\"landwaiter-status/1\",\"notices\":[],\"screen\":\"idle\"}",
		"{\"enclave\":{},\"format\":\"landwaiter-status/1\",\"notices\":{},\"screen\":\"idle\"}",
		"{\"enclave\":{\"why\":\"\\u001b[2J\"},\"format\":\"landwaiter-status/1\",\"notices\":[],"
		"\"screen\":\"idle\"}",
		"{\"enclave\":{},\"format\":\"landwaiter-status/1\",\"notices\":[1],\"screen\":\"idle\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct lw_status s;
		struct lw_error e = { 0 };

		assert_true(lw_status_parse(lw_span_str(cases[i]), &s, &e) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports),
		cmocka_unit_test(every_kind),
		cmocka_unit_test(texts_are_made_safe),
		cmocka_unit_test(words_of_verdicts),
		cmocka_unit_test(statuses),
		cmocka_unit_test(a_status_of_nothing),
		cmocka_unit_test(no_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
