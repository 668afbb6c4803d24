/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/policy_lint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/lib/edit.h"
#include "tests/lib/people.h"

#define NOW 1790000000 /* 2026-09-21T14:13:20Z */
#define DAY 86400

/* Nothing to say about this one. */
static const char clean[] =
	"{'format':'landwaiter-policy/1','zones':['staging','production'],"
	"'senders':{'acme':{'threshold':2,'signers':['ops','qa','security']}},'signers':{"
	"'acme':{'keys':[{'kind':'cosign-key','file':'1.pub'}],"
	"'valid':['2026-01-01T00:00:00Z','2027-01-01T00:00:00Z']},"
	"'ops':{'keys':[{'kind':'key','file':'2.pub'}]},"
	"'qa':{'keys':[{'kind':'key','file':'3.pub'}]},"
	"'security':{'keys':[{'kind':'key','file':'4.pub'}]}},"
	"'images':["
	"{'match':'h/prod/**','zone':'staging','require':[{'threshold':1,'of':['acme']}],"
	"'attestations':[{'type':'https://slsa.dev/provenance/v1','of':['acme'],"
	"'threshold':1,'builder':['https://b/1','https://b/2']}]},"
	"{'match':'h/prod/**','zone':'production',"
	"'require':[{'threshold':1,'of':['acme']},{'threshold':2,'of':['ops','qa','security']}],"
	"'attestations':[{'type':'https://slsa.dev/provenance/v1','of':['acme'],"
	"'threshold':1,'builder':['https://b/1']}],'base':'accepted'}]}";

/* What is said of it, as "code" or "code code ..." in the order of the list. */
static char *said(const char *text, int64_t now)
{
	LW_AUTO(policy) struct lw_policy *p = NULL;
	LW_AUTO(remarks) struct lw_remarks r = { 0 };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_error e = { 0 };

	if (people_policy(text, &p, &e) < 0)
		fail_msg("%s for %s", e.text, text);
	lw_policy_lint(p, now, 30 * DAY, &r);
	for (size_t i = 0; i < r.n; i++) {
		assert_true(r.list[i].where[0] && r.list[i].text[0]);
		lw_buf_printf(&b, "%s%s", i ? " " : "", r.list[i].code);
	}
	return (char *)lw_buf_detach(&b);
}

static void says(const char *text, int64_t now, const char *want)
{
	lw_auto_free char *have = said(text, now);

	if (strcmp(have, want) != 0)
		fail_msg("want '%s', have '%s' for %s", want, have, text);
}

static void nothing_to_say(void **state)
{
	(void)state;
	says(clean, NOW, "");
	says("{'format':'landwaiter-policy/1','senders':{},'signers':{},'images':[]}", NOW, "");
}

static int64_t at(const char *time)
{
	struct lw_error e;
	int64_t t = 0;

	OK(lw_time_parse(lw_span_str(time), &t, &e));
	return t;
}

/* [from, until), and 30 days ahead, to the second. */
static void validity(void **state)
{
	static const char gone[] =
		"signer.ended group.unmeetable group.unmeetable group.unmeetable group.unmeetable";

	(void)state;
	says(clean, at("2025-12-31T23:59:59Z"), "signer.not-yet");
	says(clean, at("2026-01-01T00:00:00Z"), "");
	says(clean, at("2026-12-01T23:59:59Z"), "");
	says(clean, at("2026-12-02T00:00:00Z"), "signer.ending");
	says(clean, at("2026-12-31T23:59:59Z"), "signer.ending");
	says(clean, at("2027-01-01T00:00:00Z"), gone);
	says(clean, LW_TIME_MAX, gone);
}

#define REQUIRE1 "'require':[{'threshold':1,'of':['acme']}],'attestations'"
#define GROUP2	 "{'threshold':2,'of':['ops','qa','security']}],'att"
#define STAGING	 "'match':'h/prod/**','zone':'staging'"
#define PROD	 "'match':'h/prod/**','zone':'production',"
#define PROD_BOTH                                                                              \
	"'require':[{'threshold':1,'of':['acme']},{'threshold':2,'of':['ops','qa','security']}],"
#define BASE ",'base':'accepted'}]}"

static const struct {
	const char *at, *with, *want;
} rows[] = {
	/* signers */
	{ "'file':'1.pub'", "'file':'unsupported.pub'",
	  "signer.no-key group.unmeetable group.unmeetable group.unmeetable group.unmeetable" },
	{ "{'kind':'cosign-key','file':'1.pub'}",
	  "{'kind':'cosign-key','file':'1.pub'},{'kind':'key','file':'unsupported.pub'}",
	  "signer.key-unsupported" },
	{ "'signers':{", "'signers':{'eve':{'keys':[{'kind':'key','file':'9.pub'}]},",
	  "signer.unused" },
	/* two of three are left: enough; one: not */
	{ "'file':'2.pub'", "'file':'unsupported.pub'", "signer.no-key" },
	{ "'signers':['ops','qa','security']", "'signers':['qa','security']", "" },
	{ "'threshold':2,'signers':['ops','qa','security']", "'threshold':1,'signers':['ops']",
	  "" },
	/* a cosign key does not seal for somebody whose own key cannot be checked */
	{ "{'kind':'key','file':'2.pub'}",
	  "{'kind':'key','file':'unsupported.pub'},{'kind':'cosign-key','file':'2.pub'}",
	  "signer.key-unsupported" },
	{ "'senders':{'acme':{'threshold':2,'signers':['ops','qa','security']}},'signers':{",
	  "'senders':{'acme':{'threshold':2,'signers':['ops','qa','security']},"
	  "'b':{'threshold':1,'signers':['bob']}},'signers':{'bob':{'keys':["
	  "{'kind':'key','file':'unsupported.pub'},{'kind':'cosign-key','file':'8.pub'}]},",
	  "signer.key-unsupported group.unmeetable" },
	/* groups */
	{ "'qa':{", "'qa':{'owner':'ops',", "" },
	{ "'signers':['ops','qa','security']",
	  "'signers':['ops','qa','security'],'audience':'any'", "" },
	{ "'qa':{",
	  "'security2':{'owner':'security','keys':[{'kind':'key','file':'5.pub'}]},'qa':{",
	  "signer.unused" },
	/* of any two of three, one is among these two: implied; two are not */
	{ REQUIRE1,
	  "'require':[{'threshold':1,'of':['acme']},{'threshold':1,'of':['ops','qa']}],"
	  "'attestations'",
	  "" },
	{ REQUIRE1,
	  "'require':[{'threshold':1,'of':['acme']},{'threshold':2,'of':['ops','qa']}],"
	  "'attestations'",
	  "zone.weaker" },
	/* patterns */
	{ "'images':[",
	  "'images':[{'match':'h/prod/a','zone':'staging','require':["
	  "{'threshold':1,'of':['acme']}]},",
	  "rule.untagged" },
	{ "'images':[",
	  "'images':[{'match':'h/prod/a:*','zone':'staging','require':["
	  "{'threshold':2,'of':['ops','qa']}]},",
	  "zone.weaker" },
	/* two names of one person */
	{ "}},'images':[",
	  "},'sec-2':{'owner':'security','keys':[{'kind':'key','file':'5.pub'}]}},'images':["
	  "{'match':'h/prod/a:*','zone':'staging','require':["
	  "{'threshold':1,'of':['security','sec-2']},{'threshold':1,'of':['acme']}]},",
	  "group.one-owner zone.weaker" },
	/* production weaker than staging */
	{ STAGING, "'bad_signatures':'refuse'," STAGING, "" },
	{ PROD, PROD "'bad_signatures':'report',", "zone.weaker" },
	{ PROD, PROD "'unnamed':'seal',", "zone.weaker" },
	{ PROD, PROD "'signedIdentity':{'type':'matchExact'},", "" },
	{ STAGING, "'signedIdentity':{'type':'matchExact'}," STAGING, "zone.weaker" },
	{ PROD, PROD "'signedIdentity':{'type':'exactRepository','dockerRepository':'i/p'},",
	  "zone.weaker" },
	{ PROD, PROD "'signatures':['simple-signing'],", "" },
	{ PROD, PROD "'signatures':['simple-signing','https://spdx.dev/Document'],",
	  "zone.weaker" },
	{ STAGING, "'base':'accepted'," STAGING, "" },
	{ BASE, "}]}", "" },
	{ "'images':[",
	  "'images':[{'match':'i/**','zone':'staging','base':'accepted','require':["
	  "{'threshold':1,'of':['acme']}]},{'match':'i/**','zone':'production','require':["
	  "{'threshold':1,'of':['acme']}]},",
	  "zone.weaker" },
	{ PROD_BOTH, "", "zone.weaker" },
	{ PROD_BOTH, "'require':[{'threshold':2,'of':['ops','qa','security']}],",
	  "zone.weaker" },
	{ PROD_BOTH, "'require':[{'threshold':1,'of':['acme','ops']}],", "zone.weaker" },
	{ PROD_BOTH, "'require':[{'threshold':2,'of':['acme','ops']}],", "" },
	{ "'builder':['https://b/1']", "'source':['s']", "zone.weaker" },
	{ "'builder':['https://b/1']", "'builder':['https://b/3']", "zone.weaker" },
	{ "'builder':['https://b/1']", "'builder':['https://b/1'],'source':['s']", "" },
	{ ",'builder':['https://b/1','https://b/2']", "", "" },
	{ ",'builder':['https://b/1']", "", "zone.weaker" },
	{ "'builder':['https://b/1','https://b/2']", "'where':{'/predicate/a':['x']}",
	  "zone.weaker" },
	{ PROD, "'match':'h/**','zone':'production',", "zone.direct" },
	{ STAGING, "'match':'h/prod/x/**','zone':'staging'", "zone.direct" },
	{ STAGING, "'match':'h/**','zone':'staging'", "" },
	{ PROD, "'match':'i/**','zone':'production',", "zone.direct" },
};

static void one_thing_at_a_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *text = edit(clean, rows[i].at, rows[i].with);

		says(text, NOW, rows[i].want);
	}
}

/* Rules alone: one zone or none, nobody named. */
static void patterns(void **state)
{
	static const struct {
		const char *matches[3];
		const char *want; /* besides rule.not-required for each */
	} cases[] = {
		{ { "h/a:*", "h/b/**" }, "" },
		{ { "h/**", "h/a:1" }, "" },
		{ { "h/a:1", "h/**" }, "" },
		{ { "h/**", "h/***" }, "rule.unreachable" },
		{ { "h/***", "h/**" }, "rule.unreachable" },
		{ { "h/*:*", "h/*:1" }, "rule.unreachable" },
		{ { "h/*:1", "h/*:*" }, "rule.order" },
		{ { "h/*:*", "h/*a*" }, "rule.order" },
		{ { "h/*:1", "h/*:2" }, "" },
		{ { "h/a*1", "h/b*1" }, "" },
		{ { "h/a" }, "rule.untagged" },
		{ { "h/a", "h/a:*" }, "" },
		{ { "h/a", "h/a/**" }, "rule.untagged" },
		{ { "h" }, "rule.untagged" },
		{ { "h:5000/a:1" }, "" },
		{ { "h:5000/a" }, "rule.untagged" },
	};

	(void)state;
	for (size_t zones = 0; zones < 2; zones++)
		for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
			LW_AUTO(policy) struct lw_policy *p = NULL;
			LW_AUTO(remarks) struct lw_remarks r = { 0 };
			LW_AUTO(buf) struct lw_buf b = { 0 }, have = { 0 };
			struct lw_error e;

			lw_buf_printf(&b,
				      "{'format':'landwaiter-policy/1','senders':{},"
				      "'signers':{},%s'images':[",
				      zones ? "'zones':['a']," : "");
			for (size_t k = 0; k < 3 && cases[i].matches[k]; k++)
				lw_buf_printf(&b,
					      "%s{'match':'%s','zone':'a','evidence':"
					      "'not-required'}",
					      k ? "," : "", cases[i].matches[k]);
			lw_buf_adds(&b, "]}");
			OK(people_policy(lw_buf_str(&b), &p, &e));
			lw_policy_lint(p, NOW, 0, &r);
			for (size_t k = 0; k < r.n; k++)
				if (strcmp(r.list[k].code, "rule.not-required") != 0)
					lw_buf_printf(&have, "%s%s", have.n ? " " : "",
						      r.list[k].code);
			assert_true(r.n >= p->n_rules);
			if (strcmp(lw_buf_str(&have), cases[i].want) != 0)
				fail_msg("row %zu: '%s'", i, lw_buf_str(&have));
		}
}

/* Errors are what makes `policy check` fail. */
static void severities(void **state)
{
	LW_AUTO(remarks) struct lw_remarks r = { 0 };

	(void)state;
	lw_remark(&r, LW_REMARK_GROUP_UNMEETABLE, "a", "%d", 1);
	lw_remark(&r, LW_REMARK_ZONE_WEAKER, "b", "%d", 2);
	lw_remark(&r, LW_REMARK_RULE_ORDER, "c", "%d", 3);
	lw_remark(&r, LW_REMARK_IMPORT_KEY, "d", "%d", 4);
	assert_int_equal(lw_remarks_count(&r, LW_SEVERITY_ERROR), 2);
	assert_int_equal(lw_remarks_count(&r, LW_SEVERITY_WARNING), 1);
	assert_int_equal(lw_remarks_count(&r, LW_SEVERITY_NOTE), 1);
	assert_string_equal(lw_severity_name(r.list[0].severity), "error");
	assert_string_equal(lw_severity_name(r.list[2].severity), "warning");
	assert_string_equal(lw_severity_name(r.list[3].severity), "note");
	assert_string_equal(r.list[3].where, "d");
	assert_string_equal(r.list[3].text, "4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_say),      cmocka_unit_test(validity),
		cmocka_unit_test(one_thing_at_a_time), cmocka_unit_test(patterns),
		cmocka_unit_test(severities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
