/* SPDX-License-Identifier: Apache-2.0 */

/* Images bound to TUF repositories: what policy says of them, and which target a name is. */

#include "verify/binding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/edit.h"
#include "tests/lib/policies.h"

#define ACME "'root':'root.json'"

static const char good[] = "{'format':'landwaiter-policy/1','senders':{},'signers':{},"
			   "'tuf':{'acme':{" ACME "}},"
			   "'images':[{'match':'h/**','tuf':'acme'}]}";

static void what_policy_may_say(void **state)
{
	static const struct {
		const char *at, *with;
		enum lw_code code;
	} rows[] = {
		{ "'acme':{" ACME "}", "'acme':{}", LW_E_FORMAT },
		{ "'acme':{" ACME "}", "'acme':{'root':'nosuch.json'}", LW_E_NOTFOUND },
		{ "'acme':{" ACME "}", "'acme':{'root':''}", LW_E_LIMIT },
		{ "'acme':{" ACME "}", "'acme':{'root':'1.pub'}", LW_E_FORMAT },
		{ "'acme':{" ACME "}", "'acme':{'root':'empty.pub'}", LW_E_FORMAT },
		{ "'acme':{" ACME "}", "'acme':{'root':7}", LW_E_FORMAT },
		{ "'acme':{" ACME "}", "'acme':null", LW_E_FORMAT },
		{ "'acme':{" ACME "}", "'ACME':{" ACME "}", LW_E_FORMAT },
		{ "'acme':{" ACME "}", "'':{" ACME "}", LW_E_FORMAT },
		{ "'acme':{" ACME "}", "'acme':{" ACME "},'enclave':{" ACME "}", LW_E_FORMAT },
		{ "'acme':{" ACME "}", "'acme':{" ACME "},'acme':{" ACME "}", LW_E_FORMAT },
		{ "'acme':{" ACME "}", "'acme':{" ACME ",'threshold':1}", LW_E_FORMAT },
		{ ACME "}", ACME ",'path':'tag/repository'}", LW_E_FORMAT },
		{ ACME "}", ACME ",'path':''}", LW_E_FORMAT },
		{ ACME "}", ACME ",'strip':''}", LW_E_LIMIT },
		{ ACME "}", ACME ",'prefix':''}", LW_E_LIMIT },
		{ ACME "}", ACME ",'prefix':'a\\u0007'}", LW_E_FORMAT },
		{ ACME "}", ACME ",'grace':'1 day'}", LW_E_FORMAT },
		{ ACME "}", ACME ",'grace':-1}", LW_E_FORMAT },
		{ ACME "}", ACME ",'grace':'P1Y'}", LW_E_FORMAT },
		{ ACME "}", ACME ",'grace':'P101Y'}", LW_E_FORMAT },
		{ "'tuf':'acme'", "'tuf':'other'", LW_E_NOTFOUND },
		{ "'tuf':'acme'", "'tuf':['acme']", LW_E_FORMAT },
		{ "'tuf':'acme'", "'tuf':'acme','evidence':'not-required'", LW_E_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *text = edit(good, rows[i].at, rows[i].with);

		policy_refused(rows[i].code, text);
	}
}

static void what_policy_says(void **state)
{
	lw_auto_free char *whole =
		edit(good, ACME "}",
		     ACME ",'path':'repository:tag','strip':'h/','prefix':'x/','grace':'P2D'}");
	LW_AUTO(policy) struct lw_policy *plain = policy_taken(good);
	LW_AUTO(policy) struct lw_policy *said = policy_taken(whole);
	const struct lw_repository *r = lw_policy_repository(plain, "acme");

	(void)state;
	assert_ptr_equal(r, plain->rules[0].repository);
	assert_true(r->root.n > 0);
	assert_int_equal(r->grace_sec, 0);
	assert_false(r->tag_by_colon);
	assert_string_equal(r->strip, "");
	r = lw_policy_repository(said, "acme");
	assert_int_equal(r->grace_sec, 2 * 86400);
	assert_true(r->tag_by_colon);
	assert_string_equal(r->prefix, "x/");
	assert_null(lw_policy_repository(said, "acm"));
}

static void which_target(void **state)
{
	static const struct {
		const char *image, *strip, *prefix;
		bool colon;
		const char *want; /* NULL: none */
	} rows[] = {
		{ "h.example/a/b:1", "", "", false, "h.example/a/b/1" },
		{ "h.example/a/b:1", "", "", true, "h.example/a/b:1" },
		{ "h.example:5000/b:v1.2", "", "", false, "h.example:5000/b/v1.2" },
		{ "h.example/a/b:1", "h.example/", "", false, "a/b/1" },
		{ "h.example/a/b:1", "h.example/", "images/", true, "images/a/b:1" },
		{ "h.example/a/b:1", "h.example/a/b", "app", true, "app:1" },
		{ "h.example/a/b:1", "h.example/a/b:", "app", true, NULL },
		{ "h.example/a/b:1", "h.example/a/c", "", false, NULL },
		{ "h.example/a/b:1", "other/", "", false, NULL },
		{ "h.example:5000/b", "", "", false, NULL }, /* a port is no tag */
		{ "h.example/b", "", "", false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		const struct lw_repository r = { .strip = rows[i].strip,
						 .prefix = rows[i].prefix,
						 .tag_by_colon = rows[i].colon };
		lw_auto_free char *have = lw_binding_path(&r, rows[i].image);

		if (rows[i].want)
			assert_string_equal(have, rows[i].want);
		else
			assert_null(have);
	}
}

/* What is not judged is not met: a rule with a repository alone lets nothing in by itself. */
static void nothing_is_bound_by_itself(void **state)
{
	LW_AUTO(policy) struct lw_policy *p = policy_taken(good);
	const struct lw_judged image = { .name = "h/a:1" };
	struct lw_judgement j = { 0 };
	struct lw_verdict v = { 0 };

	(void)state;
	assert_false(lw_judgement_holds(&j));
	lw_judgement_make(p, &p->rules[0], &image, &v, &j);
	assert_true(j.met);
	assert_true(j.tuf.asked);
	assert_false(lw_judgement_holds(&j));
	j.tuf.met = true;
	assert_true(lw_judgement_holds(&j));
	lw_judgement_release(&j);
	lw_verdict_release(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_policy_may_say),
		cmocka_unit_test(what_policy_says),
		cmocka_unit_test(which_target),
		cmocka_unit_test(nothing_is_bound_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
