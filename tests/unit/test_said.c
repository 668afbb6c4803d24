/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/said.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/edit.h"
#include "tests/lib/evidence.h"
#include "tests/lib/json_oracle.h"

typedef int reader(struct lw_proven, struct lw_said *, struct lw_error *);

static void expect(reader *read, int code, const char *text)
{
	LW_AUTO(said) struct lw_said s = { 0 };
	struct lw_error e = { 0 };
	int r = read(lw_unproven_in_the_box(lw_span_str(text)), &s, &e);

	if (r != -code)
		print_message("%d (%s) for %.500s\n", r, e.text, text);
	assert_int_equal(r, -code);
	assert_int_equal(!s.doc, code != 0);
	assert_int_equal(!s.type, code != 0);
}

static void taken(reader *read, const char *text, struct lw_said *ret)
{
	struct lw_error e = { 0 };

	if (read(lw_unproven_in_the_box(lw_span_str(text)), ret, &e) < 0)
		fail_msg("%s for %.500s", e.text, text);
}

struct row {
	int code;
	const char *from, *to;
};

static void expect_rows(reader *read, const char *text, const struct row *rows, size_t n)
{
	expect(read, 0, text);
	for (size_t i = 0; i < n; i++) {
		lw_auto_free char *other = edit(text, rows[i].from, rows[i].to);

		expect(read, rows[i].code, other);
	}
}

/* What no JSON of ours may be, whatever it says. */
static void expect_json(reader *read, const char *text)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_buf_printf(&b, " \r\n%s\r\n\t ", text);
	expect(read, 0, lw_buf_str(&b));
	lw_buf_clear(&b);
	lw_buf_printf(&b, "%s%s", text, text);
	expect(read, LW_E_FORMAT, lw_buf_str(&b));
	lw_buf_clear(&b);
	lw_buf_printf(&b, "\xef\xbb\xbf%s", text);
	expect(read, LW_E_FORMAT, lw_buf_str(&b));
	lw_buf_clear(&b);
	lw_buf_printf(&b, "[%s]", text);
	expect(read, LW_E_FORMAT, lw_buf_str(&b));
	for (size_t n = 0; n < strlen(text); n++) {
		lw_auto_free char *cut = lw_strndup(text, n);

		expect(read, LW_E_FORMAT, cut);
	}
	lw_buf_clear(&b);
	lw_buf_adds(&b, text);
	lw_buf_fill(&b, ' ', LW_MAX_EVIDENCE_BYTES + 1 - b.n);
	expect(read, LW_E_LIMIT, lw_buf_str(&b));
}

/* ---- in-toto ---- */

#define NAMED "{\"name\":\"registry.example/app\",\"digest\":{\"sha256\":\"" EVIDENCE_HEX "\"}}"
#define STATEMENT                                                                              \
	"{\"_type\":\"https://in-toto.io/Statement/v0.1\",\"predicateType\":\"urn:a:b\","      \
	"\"subject\":[" NAMED "],\"predicate\":{\"Data\":[1.5,-1e-7]}}"

static void statements(void **state)
{
	static const struct row rows[] = {
		{ 0, "Statement/v0.1", "Statement/v1" },
		{ 0, "{\"_type\"", "{\"other\":[{}],\"_type\"" },
		{ 0, "\"name\":\"registry.example/app\",", "" },
		{ 0, "registry.example/app", "" },
		{ 0, "registry.example/app", "\\u0007 any" },
		{ 0, "\"name\"", "\"uri\":\"x\",\"annotations\":{},\"name\"" },
		{ 0, "\"sha256\"", "\"sha512\":\"x\",\"sha256\"" },
		{ 0, ",\"predicate\":{\"Data\":[1.5,-1e-7]}", "" },
		{ 0, "[1.5,-1e-7]", "123456789012345678901" },
		/* the statement */
		{ LW_E_UNSUPPORTED, "Statement/v0.1", "Statement/v0.2" },
		{ LW_E_UNSUPPORTED, "Statement/v0.1", "Statement/v1.0" },
		{ LW_E_UNSUPPORTED, "Statement/v0.1", "Statement/v1 " },
		{ LW_E_UNSUPPORTED, "https://in-toto", "http://in-toto" },
		{ LW_E_UNSUPPORTED, "https://in-toto.io/Statement/v0.1", "link" },
		{ LW_E_UNSUPPORTED, "https://in-toto.io/Statement/v0.1", "" },
		{ LW_E_FORMAT, "\"https://in-toto.io/Statement/v0.1\"", "null" },
		{ LW_E_FORMAT, "_type", "type" },
		{ LW_E_FORMAT, "_type", "_Type" },
		{ LW_E_FORMAT, "{\"_type\"", "{\"_type\":\"x\",\"_type\"" },
		{ LW_E_FORMAT, "{\"_type\"", "{\"\\u005ftype\":\"x\",\"_type\"" },
		/* the predicate */
		{ LW_E_FORMAT, "\"predicateType\":\"urn:a:b\",", "" },
		{ LW_E_FORMAT, "\"urn:a:b\"", "[\"urn:a:b\"]" },
		{ LW_E_FORMAT, "urn:a:b", "" },
		{ LW_E_FORMAT, "urn:a:b", "simple-signing" },
		{ LW_E_FORMAT, "urn:a:b", "urn:a:b\\n" },
		{ LW_E_FORMAT, "urn:a:b", "urn:a:\\u0000b" },
		{ LW_E_FORMAT, "{\"Data\":[1.5,-1e-7]}", "null" },
		{ LW_E_FORMAT, "{\"Data\":[1.5,-1e-7]}", "[]" },
		{ LW_E_FORMAT, "{\"Data\":[1.5,-1e-7]}", "{\"Data\":01}" },
		{ LW_E_FORMAT, "{\"Data\":[1.5,-1e-7]}", "{\"Data\":1,\"D\\u0061ta\":2}" },
		/* the subjects */
		{ LW_E_LIMIT, NAMED, "" },
		{ LW_E_FORMAT, "\"subject\"", "\"subjects\"" },
		{ LW_E_FORMAT, "[" NAMED "]", NAMED },
		{ LW_E_FORMAT, NAMED, NAMED ",null" },
		{ LW_E_FORMAT, NAMED, "{\"name\":\"x\"}" },
		{ LW_E_FORMAT, "\"registry.example/app\"", "7" },
		{ LW_E_FORMAT, "{\"sha256\":\"" EVIDENCE_HEX "\"}", "\"" EVIDENCE_HEX "\"" },
		{ LW_E_FORMAT, "\"" EVIDENCE_HEX "\"", "null" },
		{ LW_E_FORMAT, EVIDENCE_HEX, "" },
		{ LW_E_FORMAT, EVIDENCE_HEX, EVIDENCE_HEX "0" },
		{ LW_E_FORMAT, EVIDENCE_HEX, "sha256:" EVIDENCE_HEX },
		{ LW_E_FORMAT, "103fd33e933e", "103FD33E933E" },
		{ LW_E_FORMAT, "103fd33e933e", "103fd33e933g" },
		{ LW_E_FORMAT, "103fd33e933e", "../../../../" },
	};

	(void)state;
	expect_rows(lw_said_in_toto, STATEMENT, rows, LW_COUNT_OF(rows));
	expect_json(lw_said_in_toto, EVIDENCE_STATEMENT);
}

static struct lw_digest digest(const char *hex)
{
	struct lw_digest d;
	struct lw_error e;

	OK(lw_hex_decode(lw_span_str(hex), d.sha256, sizeof(d.sha256), &e));
	return d;
}

#define HEX_TWO	  "2222222222222222222222222222222222222222222222222222222222222222"
#define HEX_THREE "3333333333333333333333333333333333333333333333333333333333333333"

static void subjects_are_those_with_a_sha256(void **state)
{
	LW_AUTO(said) struct lw_said s = { 0 };
	lw_auto_free char *text =
		edit(STATEMENT, NAMED,
		     "{\"name\":\"a\",\"digest\":{\"sha512\":\"" HEX_TWO "\"}},"
		     "{\"name\":\"b\",\"digest\":{}},"
		     "{\"name\":\"c\",\"digest\":{\"SHA256\":\"" HEX_TWO "\"}},"
		     "{\"name\":\"\",\"digest\":{\"sha256\":\"" HEX_TWO "\"}}," NAMED ","
		     "{\"name\":\"e\",\"digest\":{\"sha256\":\"" EVIDENCE_HEX "\"}}");
	struct lw_digest one = digest(EVIDENCE_HEX), two = digest(HEX_TWO),
			 three = digest(HEX_THREE);

	(void)state;
	taken(lw_said_in_toto, text, &s);
	assert_string_equal(s.type, "urn:a:b");
	assert_int_equal(s.n_subjects, 3);
	assert_ptr_equal(lw_said_about(&s, &two), &s.subjects[0]);
	assert_null(s.subjects[0].name);
	assert_ptr_equal(lw_said_about(&s, &one), &s.subjects[1]);
	assert_string_equal(s.subjects[1].name, "registry.example/app");
	assert_null(lw_said_about(&s, &three));
	assert_non_null(s.predicate);
}

static void sizes_are_bounded(void **state)
{
	(void)state;
	for (size_t more = 0; more <= 1; more++) {
		LW_AUTO(buf) struct lw_buf many = { 0 };
		LW_AUTO(buf) struct lw_buf type = { 0 };
		int code = more ? LW_E_LIMIT : 0;

		for (size_t i = 0; i < LW_MAX_SUBJECTS + more; i++)
			lw_buf_adds(&many, i ? "," NAMED : NAMED);
		lw_auto_free char *subjects = edit(STATEMENT, NAMED, lw_buf_str(&many));
		expect(lw_said_in_toto, code, subjects);

		lw_buf_adds(&type, "urn:");
		lw_buf_fill(&type, 'a', LW_MAX_TYPE_URI - 4 + more);
		lw_auto_free char *long_type = edit(STATEMENT, "urn:a:b", lw_buf_str(&type));
		expect(lw_said_in_toto, code, long_type);

		lw_buf_clear(&type);
		lw_buf_fill(&type, 'a', LW_MAX_REFERENCE + more);
		lw_auto_free char *name =
			edit(EVIDENCE_SIMPLE, "registry.example/app", lw_buf_str(&type));
		expect(lw_said_simple_signing, code, name);
	}
}

/* ---- simple signing ---- */

#define IMAGE	 "{\"docker-manifest-digest\":\"sha256:" EVIDENCE_HEX "\"}"
#define IDENTITY "{\"docker-reference\":\"registry.example/app\"}"

static void simple_signing(void **state)
{
	static const struct row rows[] = {
		{ 0, ",\"optional\":null", "" },
		{ 0, "\"optional\":null", "\"optional\":{}" },
		{ 0, "\"optional\":null",
		  "\"optional\":{\"creator\":\"x\",\"timestamp\":1.5,\"critical\":{}}" },
		{ 0, "registry.example/app", "registry.example/app:1.2@sha256:" EVIDENCE_HEX },
		/* exactly these members */
		{ LW_E_FORMAT, "\"optional\":null", "\"optional\":[]" },
		{ LW_E_FORMAT, "\"optional\":null", "\"optional\":\"\"" },
		{ LW_E_FORMAT, "\"optional\":null", "\"Optional\":null" },
		{ LW_E_FORMAT, "\"optional\":null", "\"optional\":null,\"x\":1" },
		{ LW_E_FORMAT, "{\"critical\"", "{\"critical\":{},\"critical\"" },
		{ LW_E_FORMAT, "{\"critical\"", "{\"Critical\"" },
		{ LW_E_FORMAT, "\"identity\":" IDENTITY ",", "" },
		{ LW_E_FORMAT, "\"image\":" IMAGE ",", "" },
		{ LW_E_FORMAT, ",\"type\":\"cosign container image signature\"", "" },
		{ LW_E_FORMAT, "\"identity\"", "\"x\":null,\"identity\"" },
		{ LW_E_FORMAT, "{\"docker-manifest", "{\"x\":null,\"docker-manifest" },
		{ LW_E_FORMAT, "{\"docker-reference", "{\"x\":null,\"docker-reference" },
		/* of exactly these values */
		{ LW_E_FORMAT, "cosign container image signature", "" },
		{ LW_E_FORMAT, "cosign container image signature",
		  "atomic container signature" },
		{ LW_E_FORMAT, "cosign container image signature",
		  "cosign container image signature " },
		{ LW_E_FORMAT, "cosign container image signature",
		  "Cosign container image signature" },
		{ LW_E_FORMAT, "\"cosign container image signature\"", "null" },
		{ LW_E_FORMAT, IMAGE, "{}" },
		{ LW_E_FORMAT, IMAGE, "[" IMAGE "]" },
		{ LW_E_FORMAT, IMAGE, "\"" EVIDENCE_HEX "\"" },
		{ LW_E_FORMAT, "sha256:" EVIDENCE_HEX, EVIDENCE_HEX },
		{ LW_E_FORMAT, "sha256:" EVIDENCE_HEX, "" },
		{ LW_E_FORMAT, "sha256:" EVIDENCE_HEX, "sha256:../../x" },
		{ LW_E_FORMAT, "sha256:103fd33e933e", "sha256:103FD33E933E" },
		{ LW_E_FORMAT, "sha256:", "SHA256:" },
		{ LW_E_UNSUPPORTED, "sha256:" EVIDENCE_HEX,
		  "sha512:" EVIDENCE_HEX EVIDENCE_HEX },
		{ LW_E_FORMAT, EVIDENCE_HEX, EVIDENCE_HEX "0" },
		{ LW_E_FORMAT, IDENTITY, "{}" },
		{ LW_E_FORMAT, IDENTITY, "null" },
		{ LW_E_FORMAT, "\"registry.example/app\"", "null" },
		{ LW_E_LIMIT, "registry.example/app", "" },
		{ LW_E_FORMAT, "registry.example/app", "registry.example/app\\u0000" },
		{ LW_E_FORMAT, "registry.example/app", "registry.example/\\u202eapp" },
		{ LW_E_FORMAT, "registry.example/app", "registry.example/app\\n" },
	};
	LW_AUTO(said) struct lw_said s = { 0 };
	struct lw_digest d = digest(EVIDENCE_HEX);

	(void)state;
	expect_rows(lw_said_simple_signing, EVIDENCE_SIMPLE, rows, LW_COUNT_OF(rows));
	expect_json(lw_said_simple_signing, EVIDENCE_SIMPLE);
	expect(lw_said_simple_signing, LW_E_FORMAT, EVIDENCE_STATEMENT);
	expect(lw_said_in_toto, LW_E_FORMAT, EVIDENCE_SIMPLE);
	taken(lw_said_simple_signing, EVIDENCE_SIMPLE, &s);
	assert_string_equal(s.type, LW_TYPE_SIMPLE_SIGNING);
	assert_int_equal(s.n_subjects, 1);
	assert_non_null(lw_said_about(&s, &d));
	assert_string_equal(s.subjects[0].name, "registry.example/app");
	assert_null(s.predicate);
	assert_null(lw_said_field(&s, LW_SAID_BUILDER));
}

/* ---- places ---- */

static void pointers(void **state)
{
	/* RFC 6901 section 5, as far as strings go, and what it does not allow */
	static const char text[] =
		"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"urn:a\","
		"\"subject\":[" NAMED "],\"foo\":[\"bar\",\"baz\"],\"\":\"empty\","
		"\"a/b\":\"slash\",\"c%d\":\"percent\",\"m~n\":\"tilde\",\"~1\":\"tilde one\","
		"\" \":\"space\",\"k\\\"l\":\"quote\",\"n\":{\"\":{\"\":\"deep\"}},\"i\":7,"
		"\"f\":1.5,\"nul\":null,\"t\":true,\"0\":\"zero\",\"s\":\"\"}";
	static const struct {
		const char *pointer, *want;
	} rows[] = {
		{ "/foo/0", "bar" },
		{ "/foo/1", "baz" },
		{ "/", "empty" },
		{ "/a~1b", "slash" },
		{ "/c%d", "percent" },
		{ "/m~0n", "tilde" },
		{ "/~01", "tilde one" },
		{ "/ ", "space" },
		{ "/k\"l", "quote" },
		{ "/n//", "deep" },
		{ "/0", "zero" },
		{ "/s", "" },
		{ "/subject/0/name", "registry.example/app" },
		{ "/subject/0/digest/sha256", EVIDENCE_HEX },
		{ "", NULL },
		{ "foo/0", NULL },
		{ "/foo", NULL },
		{ "/foo/2", NULL },
		{ "/foo/-", NULL },
		{ "/foo/00", NULL },
		{ "/foo/01", NULL },
		{ "/foo/+1", NULL },
		{ "/foo/1 ", NULL },
		{ "/foo/", NULL },
		{ "/foo/0/", NULL },
		{ "/foo/18446744073709551616", NULL },
		{ "/foo/4294967296", NULL },
		{ "/a/b", NULL },
		{ "/m~n", NULL },
		{ "/m~", NULL },
		{ "/m~2n", NULL },
		{ "/a~2b", NULL },
		{ "/~", NULL },
		{ "/i", NULL },
		{ "/f", NULL },
		{ "/nul", NULL },
		{ "/t", NULL },
		{ "/n", NULL },
		{ "/Foo/0", NULL },
		{ "/fo", NULL },
		{ "/food", NULL },
		{ "/subject/name", NULL },
		{ "//", NULL },
	};
	LW_AUTO(said) struct lw_said s = { 0 };

	(void)state;
	taken(lw_said_in_toto, text, &s);
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		const char *have = lw_said_string(&s, rows[i].pointer);

		if (!rows[i].want != !have || (have && strcmp(have, rows[i].want) != 0))
			fail_msg("%s: want %s, have %s", rows[i].pointer,
				 rows[i].want ? rows[i].want : "none", have ? have : "none");
	}
}

#define PROVENANCE(version, predicate)                                                         \
	"{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[" NAMED "],"              \
	"\"predicateType\":\"https://slsa.dev/provenance/" version "\",\"predicate\":"         \
	"{" predicate "}}"
#define V0                                                                                     \
	"\"builder\":{\"id\":\"https://b.example\"},\"buildType\":\"urn:t\","                  \
	"\"invocation\":{\"configSource\":{\"uri\":\"git+https://s.example\"}}"
#define V1(source)                                                                             \
	"\"buildDefinition\":{\"buildType\":\"urn:t\"," source "},"                            \
	"\"runDetails\":{\"builder\":{\"id\":\"https://b.example\"}}"
#define DEPENDENCY "\"resolvedDependencies\":[{\"uri\":\"dep\"},{\"uri\":\"other\"}]"
#define WORKFLOW   "\"workflow\":{\"repository\":\"work\"}"

static void fields(void **state)
{
	static const struct {
		const char *text, *builder, *source, *build_type;
	} rows[] = {
		{ PROVENANCE("v0.2", V0), "https://b.example", "git+https://s.example",
		  "urn:t" },
		{ PROVENANCE("v1", V1("\"externalParameters\":{\"source\":\"s\"," WORKFLOW
				      "}," DEPENDENCY)),
		  "https://b.example", "s", "urn:t" },
		{ PROVENANCE("v1", V1("\"externalParameters\":{" WORKFLOW "}," DEPENDENCY)),
		  "https://b.example", "work", "urn:t" },
		{ PROVENANCE("v1", V1(DEPENDENCY)), "https://b.example", "dep", "urn:t" },
		{ PROVENANCE("v1", V1("\"externalParameters\":{\"source\":{\"uri\":\"x\"}},"
				      "\"resolvedDependencies\":[]")),
		  "https://b.example", NULL, "urn:t" },
		/* each version has its own places only */
		{ PROVENANCE("v1", V0), NULL, NULL, NULL },
		{ PROVENANCE("v0.2", V1(DEPENDENCY)), NULL, NULL, NULL },
		{ PROVENANCE("v0.1", V0), NULL, NULL, NULL },
		{ PROVENANCE("v1.0", V1(DEPENDENCY)), NULL, NULL, NULL },
		{ PROVENANCE("v1", ""), NULL, NULL, NULL },
		{ PROVENANCE("v0.2", "\"builder\":{\"id\":[\"x\"]},\"buildType\":7"), NULL,
		  NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		LW_AUTO(said) struct lw_said s = { 0 };
		const char *const want[] = { rows[i].builder, rows[i].source,
					     rows[i].build_type };

		taken(lw_said_in_toto, rows[i].text, &s);
		for (int f = LW_SAID_BUILDER; f <= LW_SAID_BUILD_TYPE; f++) {
			const char *have = lw_said_field(&s, (enum lw_said_field)f);

			if (!have != !want[f - 1] || (have && strcmp(have, want[f - 1]) != 0))
				fail_msg("row %zu, field %d: %s", i, f, have ? have : "none");
		}
		assert_null(lw_said_field(&s, (enum lw_said_field)0));
		assert_null(lw_said_field(&s, (enum lw_said_field)4));
	}
}

/* ---- jansson reads the same ---- */

static const char *at(const json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key));
}

static bool agrees(const struct lw_said *s, const json_t *j)
{
	const json_t *subjects = json_object_get(j, "subject"), *subject;
	size_t i, n = 0;

	if (!j || !at(j, "predicateType") || strcmp(at(j, "predicateType"), s->type) != 0)
		return false;
	json_array_foreach(subjects, i, subject)
	{
		const char *hex = at(json_object_get(subject, "digest"), "sha256"),
			   *name = at(subject, "name");
		char ours[65];

		if (!hex)
			continue;
		if (n >= s->n_subjects ||
		    strcmp(hex, lw_digest_hex(&s->subjects[n].digest, ours)) != 0 ||
		    strcmp(name ? name : "", s->subjects[n].name ? s->subjects[n].name : "") !=
			    0)
			return false;
		n++;
	}
	return n == s->n_subjects;
}

static void no_mutant_is_read_as_jansson_does_not(void **state)
{
	static const char text[] = STATEMENT;
	size_t read = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			LW_AUTO(said) struct lw_said s = { 0 };
			char mutant[sizeof(text)];
			struct lw_error e;

			memcpy(mutant, text, sizeof(text));
			mutant[i] = (char)(mutant[i] ^ (1 << bit));
			if (lw_said_in_toto(
				    lw_unproven_in_the_box(lw_span(mutant, sizeof(text) - 1)),
				    &s, &e) < 0)
				continue;

			LW_AUTO(jansson)
			json_t *j = json_loadb(mutant, sizeof(text) - 1, LW_ORACLE_FLAGS, NULL);

			assert_true(agrees(&s, j));
			read++;
		}
	assert_true(read > 300 && read < 8 * sizeof(text) / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements),
		cmocka_unit_test(subjects_are_those_with_a_sha256),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(simple_signing),
		cmocka_unit_test(pointers),
		cmocka_unit_test(fields),
		cmocka_unit_test(no_mutant_is_read_as_jansson_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
