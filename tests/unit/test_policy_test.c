/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of `policy test`, as far as reading goes. */
#include "verify/policy_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/lib/edit.h"
#include "tests/lib/people.h"

static const char policy[] =
	"{'format':'landwaiter-policy/1','zones':['staging','production'],'senders':{},'signers':{"
	"'acme':{'keys':[{'kind':'cosign-key','file':'1.pub'}]},"
	"'qa':{'keys':[{'kind':'key','file':'2.pub'}]}},'images':["
	"{'match':'h/**','zone':'staging','require':[{'threshold':1,'of':['acme']}]}]}";

static const char good[] =
	"{'format':'landwaiter-policy-test/1','cases':["
	"{'image':'h/a:1','zone':'production','signed_by':['qa','acme'],"
	"'attestations':[{'type':'https://a/b','by':['acme'],"
	"'fields':{'builder':'https://c','/predicate/x~1':''}}],"
	"'at':'2026-11-23T00:00:00Z','expect':'refused','because':'policy.no-match'},"
	"{'image':'h/b:1','expect':'accepted'}]}";

static int parse(const char *text, const char *with_policy, struct lw_policy **p,
		 struct lw_policy_test **ret, struct lw_error *e)
{
	lw_auto_free char *json = lw_strdup(text);

	OK(people_policy(with_policy, p, e));
	for (char *c = json; (c = strchr(c, '\'')); c++)
		*c = '"';
	return lw_policy_test_parse(lw_span_str(json), *p, ret, e);
}

static void everything_is_read(void **state)
{
	LW_AUTO(policy) struct lw_policy *p = NULL;
	LW_AUTO(policy_test) struct lw_policy_test *t = NULL;
	struct lw_error e = { 0 };
	char text[LW_TIME_TEXT];

	(void)state;
	OK(parse(good, policy, &p, &t, &e));
	assert_int_equal(t->n_cases, 2);

	const struct lw_policy_case *c = &t->cases[0];
	const struct lw_case_attestation *a = &c->attestations[0];

	assert_string_equal(c->image, "h/a:1");
	assert_string_equal(c->zone, "production");
	assert_int_equal(c->n_signed_by, 2);
	assert_int_equal(c->signed_by[0], 1);
	assert_int_equal(c->n_attestations, 1);
	assert_string_equal(a->type, "https://a/b");
	assert_int_equal(a->n_by, 1);
	assert_int_equal(a->by[0], 0);
	assert_int_equal(a->n_fields, 2);
	assert_int_equal(a->fields[0].field, LW_SAID_BUILDER);
	assert_null(a->fields[0].pointer);
	assert_string_equal(a->fields[0].value, "https://c");
	assert_int_equal(a->fields[1].field, 0);
	assert_string_equal(a->fields[1].pointer, "/predicate/x~1");
	assert_string_equal(a->fields[1].value, "");
	assert_string_equal(lw_time_format(c->at, text), "2026-11-23T00:00:00Z");
	assert_false(c->accepted);
	assert_true(c->has_because);
	assert_int_equal(c->because, LW_FINDING_POLICY_NO_MATCH);

	c = &t->cases[1];
	assert_true(c->accepted);
	assert_null(c->zone);
	assert_int_equal(c->at, -1);
	assert_int_equal(c->n_signed_by, 0);
	assert_int_equal(c->n_attestations, 0);
	assert_false(c->has_because);
}

static void what_may_stand_there(void **state)
{
	static const struct {
		const char *at, *with;
		enum lw_code code; /* LW_OK: taken */
	} rows[] = {
		{ "policy-test/1", "policy-test/2", LW_E_FORMAT },
		{ "'cases'", "'case'", LW_E_FORMAT },
		{ "{'format'", "{'policy':'x','format'", LW_E_FORMAT },
		{ "{'image':'h/b:1','expect':'accepted'}", "1", LW_E_FORMAT },
		{ "{'image':'h/b:1','expect':'accepted'}", "{'image':'h/b:1'}", LW_E_FORMAT },
		{ "{'image':'h/b:1','expect':'accepted'}", "{'expect':'accepted'}",
		  LW_E_FORMAT },
		{ "'image':'h/b:1'", "'image':''", LW_E_LIMIT },
		{ "'image':'h/b:1'", "'image':'h\\u001b'", LW_E_FORMAT },
		{ "'expect':'accepted'", "'expect':'ACCEPTED'", LW_E_FORMAT },
		{ "'expect':'accepted'", "'expect':true", LW_E_FORMAT },
		{ "'expect':'accepted'", "'expect':''", LW_E_FORMAT },
		{ "'expect':'accepted'", "'expect':'accepted','because':'policy.no-match'",
		  LW_E_FORMAT },
		{ "'expect':'accepted'", "'expect':'refused'", LW_OK },
		{ "'expect':'accepted'", "'expect':'accepted','Signed_by':[]", LW_E_FORMAT },
		{ "'expect':'accepted'", "'expect':'accepted','signed_by':[]", LW_OK },
		{ "'because':'policy.no-match'", "'because':'policy.no-such'", LW_E_NOTFOUND },
		{ "'because':'policy.no-match'", "'because':''", LW_E_NOTFOUND },
		{ "'because':'policy.no-match'", "'because':['policy.no-match']", LW_E_FORMAT },
		{ "'zone':'production'", "'zone':'prod'", LW_E_NOTFOUND },
		{ "'zone':'production'", "'zone':'default'", LW_E_NOTFOUND },
		{ "'zone':'production'", "'zone':''", LW_E_FORMAT },
		{ "['qa','acme']", "['qa','eve']", LW_E_NOTFOUND },
		{ "['qa','acme']", "['qa','qa']", LW_E_CONFLICT },
		{ "['qa','acme']", "['qa',1]", LW_E_FORMAT },
		{ "['qa','acme']", "'qa'", LW_E_FORMAT },
		{ "'2026-11-23T00:00:00Z'", "'2026-11-23'", LW_E_FORMAT },
		{ "'2026-11-23T00:00:00Z'", "0", LW_E_FORMAT },
		{ "'by':['acme']", "'by':[]", LW_E_LIMIT },
		{ "'by':['acme']", "'by':['nobody']", LW_E_NOTFOUND },
		{ "'by':['acme'],", "", LW_E_FORMAT },
		{ "'https://a/b'", "'provenance'", LW_E_FORMAT },
		{ "'builder':'https://c'", "'builder':['https://c']", LW_E_FORMAT },
		{ "'builder':'https://c'", "'Builder':'https://c'", LW_E_FORMAT },
		{ "'builder':'https://c'", "'source':'https://c'", LW_OK },
		{ "'builder':'https://c'", "'build_type':'https://c'", LW_OK },
		{ "'/predicate/x~1'", "'/subject/0'", LW_E_FORMAT },
		{ "'/predicate/x~1'", "'/predicate/x~'", LW_E_FORMAT },
		{ "'fields':{", "'field':{", LW_E_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *text = edit(good, rows[i].at, rows[i].with);
		LW_AUTO(policy) struct lw_policy *p = NULL;
		LW_AUTO(policy_test) struct lw_policy_test *t = NULL;
		struct lw_error e = { 0 };
		int r = parse(text, policy, &p, &t, &e);

		if (r != -(int)rows[i].code || !t == !rows[i].code)
			fail_msg("row %zu: %d %s", i, r, e.text);
	}
}

/* A policy without zones has labels: those that its rules give. */
static void labels(void **state)
{
	lw_auto_free char *unzoned = edit(policy, "'zones':['staging','production'],", "");
	static const char text[] = "{'format':'landwaiter-policy-test/1','cases':["
				   "{'image':'h/b:1','zone':'staging','expect':'accepted'}]}";
	lw_auto_free char *other = edit(text, "staging", "production");
	LW_AUTO(policy) struct lw_policy *p = NULL, *q = NULL;
	LW_AUTO(policy_test) struct lw_policy_test *t = NULL, *u = NULL;
	struct lw_error e = { 0 };

	(void)state;
	OK(parse(text, unzoned, &p, &t, &e));
	FAILS(LW_E_NOTFOUND, parse(other, unzoned, &q, &u, &e));
}

static void too_many(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	(void)state;
	for (size_t most = LW_MAX_POLICY_CASES; most <= LW_MAX_POLICY_CASES + 1; most++) {
		LW_AUTO(policy) struct lw_policy *p = NULL;
		LW_AUTO(policy_test) struct lw_policy_test *t = NULL;
		struct lw_error e = { 0 };

		lw_buf_clear(&b);
		lw_buf_adds(&b, "{'format':'landwaiter-policy-test/1','cases':[");
		for (size_t i = 0; i < most; i++)
			lw_buf_printf(&b, "%s{'image':'h/%zu','expect':'accepted'}",
				      i ? "," : "", i);
		lw_buf_adds(&b, "]}");
		assert_int_equal(parse(lw_buf_str(&b), policy, &p, &t, &e),
				 most > LW_MAX_POLICY_CASES ? -LW_E_LIMIT : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(what_may_stand_there),
		cmocka_unit_test(labels),
		cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
