/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/statement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/edit.h"
#include "tests/lib/people.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C64 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define M_AUDIENCE  "\"audience\":\"sha256:" A64 "\""
#define M_BYTES	    "\"bytes\":5000"
#define M_CONTENTS  "\"contentsBytes\":321"
#define M_CREATED   "\"created\":\"2026-11-23T10:00:00Z\""
#define M_EXPIRES   "\"expires\":\"2027-02-21T10:00:00Z\""
#define M_FORMAT    "\"format\":\"landwaiter-bundle/1\""
#define M_MARKING   "\"marking\":\"UNCLASSIFIED\""
#define M_NONCE	    "\"nonce\":\"000102030405060708090a0b0c0d0e0f\""
#define M_PREVIOUS  "\"previous\":\"sha256:" B64 "\""
#define M_SENDER    "\"sender\":\"acme-release\""
#define M_SEQUENCE  "\"sequence\":7"
#define M_VOLUMES   "\"volumes\":1"
#define M_TYPE	    "\"_type\":\"https://in-toto.io/Statement/v1\""
#define M_PREDICATE "\"predicateType\":\"urn:landwaiter:bundle:1\""
#define M_SHA256    "\"sha256\":\"" C64 "\""
#define M_DIGEST    "\"digest\":{" M_SHA256 "}"
#define M_NAME	    "\"name\":\"landwaiter/contents.json\""
#define M_SUBJECT   "\"subject\":[{" M_DIGEST "," M_NAME "}]"

static const char good[] =
	"{" M_TYPE ",\"predicate\":{" M_AUDIENCE "," M_BYTES "," M_CONTENTS "," M_CREATED
	"," M_EXPIRES "," M_FORMAT "," M_MARKING "," M_PREVIOUS "," M_SENDER "," M_SEQUENCE
	"," M_VOLUMES "}," M_PREDICATE "," M_SUBJECT "}";

static int parse(const char *text, struct lw_statement *ret, struct lw_error *e)
{
	return lw_statement_parse(lw_unproven_in_the_box(lw_span_str(text)), ret, e);
}

static void refused(enum lw_code code, const char *text)
{
	struct lw_statement s, before;
	struct lw_error e = { 0 };

	memset(&s, 0x5a, sizeof(s));
	before = s;
	int r = parse(text, &s, &e);

	if (r != -(int)code)
		print_message("%d (%s) for %.1500s\n", r, e.text, text);
	assert_int_equal(r, -(int)code);
	assert_memory_equal(&s, &before, sizeof(s));
}

static void taken(const char *text)
{
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_statement s = { 0 };
	struct lw_error e = { 0 };

	if (parse(text, &s, &e) < 0)
		fail_msg("%s for %.1500s", e.text, text);
	lw_statement_write(&s, &again);
	assert_string_equal(lw_buf_str(&again), text);
}

static void every_field_is_read(void **state)
{
	struct lw_statement s = { 0 };
	struct lw_error e;
	char hex[65];

	(void)state;
	OK(parse(good, &s, &e));
	assert_false(s.any_audience);
	assert_string_equal(lw_digest_hex(&s.audience, hex), A64);
	assert_string_equal(lw_digest_hex(&s.previous, hex), B64);
	assert_string_equal(lw_digest_hex(&s.contents, hex), C64);
	assert_true(s.has_previous);
	assert_int_equal(s.bytes, 5000);
	assert_int_equal(s.contents_bytes, 321);
	assert_int_equal(s.created, 1795428000);
	assert_int_equal(s.expires, 1795428000 + 90 * 86400);
	assert_string_equal(s.marking, "UNCLASSIFIED");
	assert_string_equal(s.sender, "acme-release");
	assert_int_equal(s.sequence, 7);
}

/* {member, value}: written back byte for byte */
static void what_may_stand_there(void **state)
{
	static const char *const rows[][2] = {
		{ M_AUDIENCE, "\"any\"" },
		{ M_BYTES, "1" },
		{ M_BYTES, "9007199254740991" },
		{ M_CONTENTS, "2" },
		{ M_CONTENTS, "8388608" },
		{ M_CREATED, "\"1970-01-01T00:00:00Z\"" },
		{ M_EXPIRES, "\"9999-12-31T23:59:59Z\"" },
		{ M_EXPIRES, "\"2024-02-29T23:59:59Z\"" },
		{ M_MARKING, "\"X\"" },
		{ M_MARKING, "\"VS-NfD \xe2\x80\x93 f\xc3\xbcr den \\\"Dienstgebrauch\\\"\"" },
		{ M_PREVIOUS,
		  "\"sha256:0000000000000000000000000000000000000000000000000000000000000"
		  "000\"" },
		{ M_SENDER, "\"a\"" },
		{ M_SENDER, "\"0._-\"" },
		{ M_SEQUENCE, "1" },
		{ M_SEQUENCE, "9007199254740991" },
		{ M_VOLUMES, "2" },
		{ M_VOLUMES, "9999" },
	};
	LW_AUTO(buf) struct lw_buf b = { 0 };

	(void)state;
	taken(good);
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *text = edit_value(good, rows[i][0], rows[i][1]);

		taken(text);
	}
	lw_auto_free char *first = edit_remove(good, M_PREVIOUS);

	taken(first);
	lw_buf_adds(&b, "\"");
	lw_buf_fill(&b, 'm', LW_MAX_MARKING);
	lw_buf_adds(&b, "\"");

	lw_auto_free char *marked = edit_value(good, M_MARKING, lw_buf_str(&b));

	taken(marked);
	lw_buf_clear(&b);
	lw_buf_adds(&b, "\"");
	lw_buf_fill(&b, 's', LW_MAX_LABEL);
	lw_buf_adds(&b, "\"");

	lw_auto_free char *named = edit_value(good, M_SENDER, lw_buf_str(&b));

	taken(named);
}

/* {member, its value, the refusal} */
struct edit_row {
	const char *member, *value;
	enum lw_code code;
};

static void all_refused(const struct edit_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		lw_auto_free char *text = edit_value(good, rows[i].member, rows[i].value);

		refused(rows[i].code, text);
	}
}

static void no_other_audience_or_size(void **state)
{
	static const struct edit_row rows[] = {
		{ M_AUDIENCE, "\"\"", LW_E_FORMAT },
		{ M_AUDIENCE, "\"Any\"", LW_E_FORMAT },
		{ M_AUDIENCE, "\"any \"", LW_E_FORMAT },
		{ M_AUDIENCE, "\"" A64 "\"", LW_E_FORMAT },
		{ M_AUDIENCE, "\"sha256:aa\"", LW_E_FORMAT },
		{ M_AUDIENCE, "\"SHA256:" A64 "\"", LW_E_FORMAT },
		{ M_AUDIENCE, "\"sha256:" A64 "a\"", LW_E_FORMAT },
		{ M_AUDIENCE, "\"sha512:" A64 A64 "\"", LW_E_UNSUPPORTED },
		{ M_BYTES, "0", LW_E_LIMIT },
		{ M_BYTES, "9007199254740992", LW_E_LIMIT },
		{ M_BYTES, "18446744073709551616", LW_E_LIMIT },
		{ M_BYTES, "5e3", LW_E_FORMAT },
		{ M_BYTES, "5000.0", LW_E_FORMAT },
		{ M_BYTES, "05000", LW_E_FORMAT },
		{ M_BYTES, "-0", LW_E_LIMIT },
		{ M_BYTES, "-1", LW_E_LIMIT },
		{ M_CONTENTS, "0", LW_E_LIMIT },
		{ M_CONTENTS, "1", LW_E_LIMIT },
		{ M_CONTENTS, "8388609", LW_E_LIMIT },
	};

	(void)state;
	all_refused(rows, LW_COUNT_OF(rows));
}

static void no_other_dates_or_format(void **state)
{
	static const struct edit_row rows[] = {
		{ M_CREATED, "\"2026-11-23T10:00:00+00:00\"", LW_E_FORMAT },
		{ M_CREATED, "\"2026-11-23T10:00:00.0Z\"", LW_E_FORMAT },
		{ M_CREATED, "\"2026-11-23t10:00:00z\"", LW_E_FORMAT },
		{ M_CREATED, "\"2026-11-23 10:00:00Z\"", LW_E_FORMAT },
		{ M_CREATED, "\"2026-11-23\"", LW_E_FORMAT },
		{ M_CREATED, "\"1969-12-31T23:59:59Z\"", LW_E_FORMAT },
		{ M_CREATED, "\"2026-02-29T00:00:00Z\"", LW_E_FORMAT },
		{ M_CREATED, "\"2026-06-30T23:59:60Z\"", LW_E_FORMAT },
		{ M_CREATED, "\"10000-01-01T00:00:00Z\"", LW_E_FORMAT },
		{ M_EXPIRES, "1795428000", LW_E_FORMAT },
		{ M_EXPIRES, "\"never\"", LW_E_FORMAT },
		{ M_FORMAT, "\"landwaiter-bundle/2\"", LW_E_FORMAT },
		{ M_FORMAT, "\"landwaiter-bundle/10\"", LW_E_FORMAT },
		{ M_FORMAT, "\"landwaiter-bundle/1 \"", LW_E_FORMAT },
		{ M_FORMAT, "\"landwaiter-contents/1\"", LW_E_FORMAT },
	};

	(void)state;
	all_refused(rows, LW_COUNT_OF(rows));
}

static void no_other_words_or_sequence(void **state)
{
	static const struct edit_row rows[] = {
		{ M_MARKING, "\"\"", LW_E_LIMIT },
		{ M_MARKING, "\"A\\u000aB\"", LW_E_FORMAT },
		{ M_MARKING, "\"A\\u001bB\"", LW_E_FORMAT },
		{ M_MARKING,
		  "\"A\xe2\x80\xae"
		  "B\"",
		  LW_E_FORMAT },
		{ M_MARKING,
		  "\"A\xe2\x80\x8b"
		  "B\"",
		  LW_E_FORMAT },
		{ M_MARKING,
		  "\"A\xff"
		  "B\"",
		  LW_E_FORMAT },
		{ M_PREVIOUS, "null", LW_E_FORMAT },
		{ M_PREVIOUS, "\"\"", LW_E_FORMAT },
		{ M_PREVIOUS, "\"any\"", LW_E_FORMAT },
		{ M_SENDER, "\"\"", LW_E_FORMAT },
		{ M_SENDER, "\"Acme\"", LW_E_FORMAT },
		{ M_SENDER, "\"-acme\"", LW_E_FORMAT },
		{ M_SENDER, "\".acme\"", LW_E_FORMAT },
		{ M_SENDER, "\"ac me\"", LW_E_FORMAT },
		{ M_SENDER, "\"ac/me\"", LW_E_FORMAT },
		{ M_SENDER, "\"acm\xc3\xa9\"", LW_E_FORMAT },
		{ M_SENDER, "\"acme\\u0000\"", LW_E_FORMAT },
		{ M_SEQUENCE, "0", LW_E_LIMIT },
		{ M_SEQUENCE, "9007199254740992", LW_E_LIMIT },
		{ M_VOLUMES, "0", LW_E_LIMIT },
		{ M_VOLUMES, "10000", LW_E_LIMIT },
	};

	(void)state;
	all_refused(rows, LW_COUNT_OF(rows));

	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_buf_adds(&b, "\"");
	lw_buf_fill(&b, 'm', LW_MAX_MARKING + 1);
	lw_buf_adds(&b, "\"");

	lw_auto_free char *marked = edit_value(good, M_MARKING, lw_buf_str(&b));
	lw_auto_free char *named = edit_value(good, M_SENDER, lw_buf_str(&b));

	refused(LW_E_LIMIT, marked);
	refused(LW_E_FORMAT, named);
}

static void no_other_subject(void **state)
{
	static const struct edit_row rows[] = {
		{ M_TYPE, "\"https://in-toto.io/Statement/v0.1\"", LW_E_FORMAT },
		{ M_SHA256, "\"sha256:" C64 "\"", LW_E_LIMIT },
		{ M_SHA256, "\"" C64 "c\"", LW_E_LIMIT },
		{ M_SHA256,
		  "\"CCccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\"",
		  LW_E_LIMIT },
		{ M_SHA256,
		  "\"Cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\"",
		  LW_E_FORMAT },
		{ M_NAME, "\"landwaiter/contents.jsom\"", LW_E_FORMAT },
		{ M_SUBJECT, "[]", LW_E_LIMIT },
		{ M_SUBJECT, "[{" M_DIGEST "," M_NAME "},{" M_DIGEST "," M_NAME "}]",
		  LW_E_LIMIT },
		{ M_DIGEST, "{" M_SHA256 ",\"sha512\":\"" A64 A64 "\"}", LW_E_FORMAT },
		{ M_DIGEST, "{\"sha512\":\"" A64 A64 "\"}", LW_E_FORMAT },
	};

	(void)state;
	all_refused(rows, LW_COUNT_OF(rows));
}

/* Another kind of statement is well-formed and not ours: it must not be read as a bundle's. */
static void other_predicates_are_unsupported(void **state)
{
	static const char *const others[] = { "\"urn:landwaiter:bundle:2\"",
					      "\"urn:landwaiter:time:1\"",
					      "\"https://slsa.dev/provenance/v1\"", "\"\"",
					      "\"urn:landwaiter:bundle:1 \"" };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(others); i++) {
		lw_auto_free char *text = edit_value(good, M_PREDICATE, others[i]);

		refused(LW_E_UNSUPPORTED, text);
	}
	lw_auto_free char *number = edit_value(good, M_PREDICATE, "1");
	lw_auto_free char *none = edit_remove(good, M_PREDICATE);

	refused(LW_E_FORMAT, number);
	refused(LW_E_FORMAT, none);
}

static void every_member_once(void **state)
{
	static const char *const members[] = { M_AUDIENCE, M_BYTES,   M_CONTENTS, M_CREATED,
					       M_EXPIRES,  M_FORMAT,  M_MARKING,  M_SENDER,
					       M_SEQUENCE, M_VOLUMES, M_TYPE,	  M_SUBJECT,
					       M_DIGEST,   M_NAME };
	static const char *const wrong[] = { "null", "true", "{}", "[\"a\"]", "[1]" };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(members); i++) {
		lw_auto_free char *without = edit_remove(good, members[i]);
		lw_auto_free char *twice = edit_double(good, members[i]);

		refused(LW_E_FORMAT, without);
		refused(LW_E_FORMAT, twice);
		for (size_t w = 0; w < LW_COUNT_OF(wrong); w++) {
			lw_auto_free char *text = edit_value(good, members[i], wrong[w]);

			refused(LW_E_FORMAT, text);
		}
	}
	lw_auto_free char *twice = edit_double(good, M_PREVIOUS);

	refused(LW_E_FORMAT, twice);
}

static void unknown_and_reserved_members(void **state)
{
	static const struct {
		const char *at, *with;
		enum lw_code code;
	} rows[] = {
		{ M_BYTES, M_BYTES ",\"bytez\":1", LW_E_FORMAT },
		{ M_AUDIENCE, "\"Audience\":\"any\"," M_AUDIENCE, LW_E_FORMAT },
		{ M_VOLUMES, M_VOLUMES ",\"zone\":\"x\"", LW_E_FORMAT },
		{ M_NAME, M_NAME ",\"uri\":\"x\"", LW_E_FORMAT },
		{ M_DIGEST, "\"annotations\":{}," M_DIGEST, LW_E_FORMAT },
		{ M_TYPE, M_TYPE ",\"a\":1", LW_E_FORMAT },
		{ M_MARKING, M_MARKING ",\"nonce\":\"x\"", LW_E_FORMAT },
		{ M_MARKING, M_MARKING ",\"nonce\":null", LW_E_FORMAT },
		{ M_MARKING, M_MARKING ",\"nonce\":\"\"", LW_E_FORMAT },
		{ M_MARKING, M_MARKING "," M_NONCE "," M_NONCE, LW_E_FORMAT },
		{ M_MARKING, M_NONCE "," M_MARKING, LW_E_FORMAT },
		{ M_BYTES, M_BYTES ",\"checkpoint\":\"x\"", LW_E_UNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *text = edit(good, rows[i].at, rows[i].with);

		refused(rows[i].code, text);
	}
}

static void one_spelling(void **state)
{
	static const char *const rows[][2] = {
		{ M_TYPE, " " M_TYPE },
		{ M_TYPE, M_TYPE "\n" },
		{ M_BYTES, "\"bytes\": 5000" },
		{ "UNCLASSIFIED", "\\u0055NCLASSIFIED" },
		{ "https://in-toto", "https:\\/\\/in-toto" },
		{ M_BYTES "," M_CONTENTS, M_CONTENTS "," M_BYTES },
		{ "}]}", "}]}\n" },
		{ "}]}", "}]} " },
		{ "}]}", "}]}x" },
		{ "}]}", "}]" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *text = edit(good, rows[i][0], rows[i][1]);

		refused(LW_E_FORMAT, text);
	}
	for (size_t n = 0; n < sizeof(good) - 1; n++) {
		lw_auto_free char *cut = lw_strndup(good, n);

		refused(LW_E_FORMAT, cut);
	}
}

static void size_is_capped(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	(void)state;
	lw_buf_fill(&b, ' ', LW_MAX_STATEMENT_BYTES);
	refused(LW_E_FORMAT, lw_buf_str(&b));
	lw_buf_addc(&b, ' ');
	refused(LW_E_LIMIT, lw_buf_str(&b));
}

/* No byte of a statement can be altered without another being read, or a refusal. */
static void every_mutation(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_error e;

	(void)state;
	lw_buf_adds(&b, good);
	for (size_t i = 0; i < b.n; i++)
		for (unsigned c = 1; c < 256; c += 3) {
			LW_AUTO(buf) struct lw_buf again = { 0 };
			struct lw_statement s = { 0 };
			uint8_t was = b.p[i];

			b.p[i] = (uint8_t)c;
			if (parse(lw_buf_str(&b), &s, &e) == 0) {
				lw_statement_write(&s, &again);
				assert_string_equal(lw_buf_str(&again), lw_buf_str(&b));
			}
			b.p[i] = was;
		}
}

static void what_it_answers(void **state)
{
	lw_auto_free char *text = edit(good, M_MARKING, M_MARKING "," M_NONCE);
	lw_auto_free char *upper = edit(text, "0a0b", "0A0B");
	lw_auto_free char *shorter = edit(text, "0e0f", "0e");
	lw_auto_free char *any = edit(text, M_AUDIENCE, "\"audience\":\"any\"");
	struct lw_statement s = { 0 };
	struct lw_error e;

	(void)state;
	OK(parse(good, &s, &e));
	assert_false(s.has_nonce);
	OK(parse(text, &s, &e));
	assert_true(s.has_nonce);
	for (size_t i = 0; i < sizeof(s.nonce.bytes); i++)
		assert_int_equal(s.nonce.bytes[i], i);
	taken(text);
	refused(LW_E_FORMAT, upper);
	refused(LW_E_FORMAT, shorter);
	refused(LW_E_FORMAT, any); /* an answer has one enclave */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_read),
		cmocka_unit_test(what_may_stand_there),
		cmocka_unit_test(no_other_audience_or_size),
		cmocka_unit_test(no_other_dates_or_format),
		cmocka_unit_test(no_other_words_or_sequence),
		cmocka_unit_test(no_other_subject),
		cmocka_unit_test(other_predicates_are_unsupported),
		cmocka_unit_test(every_member_once),
		cmocka_unit_test(unknown_and_reserved_members),
		cmocka_unit_test(one_spelling),
		cmocka_unit_test(size_is_capped),
		cmocka_unit_test(every_mutation),
		cmocka_unit_test(what_it_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
