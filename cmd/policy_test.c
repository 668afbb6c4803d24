/* SPDX-License-Identifier: Apache-2.0 */
/* `policy test FILE`: whether the policy says of each case what the table expects. */
#include "verify/policy_case.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/policy.h"

static void print_case(size_t number, const struct lw_policy_case *c,
		       const struct lw_verdict *v, bool holds)
{
	const struct lw_finding *reason = lw_verdict_reason(v);
	char image[600];

	(void)printf("%s %zu - %s%s%s: %s", holds ? "ok" : "not ok", number,
		     lw_text_escape_str(c->image, image, sizeof(image)), c->zone ? " in " : "",
		     c->zone ? c->zone : "", lw_outcome_name(v->outcome));
	if (reason)
		(void)printf(", %s: want %s, have %s", lw_finding_kind(reason->id)->code,
			     reason->expected, reason->found);
	(void)printf("\n");
	if (!holds)
		(void)printf("# expected: %s%s%s\n", c->accepted ? "accepted" : "refused",
			     c->has_because ? ", " : "",
			     c->has_because ? lw_finding_kind(c->because)->code : "");
}

static void write_case(struct lw_json_writer *w, const struct lw_policy_case *c,
		       const struct lw_verdict *v, bool holds)
{
	const struct lw_finding *reason = lw_verdict_reason(v);

	lw_json_w_object(w);
	lw_json_w_key(w, "holds");
	lw_json_w_bool(w, holds);
	lw_json_w_member(w, "image", c->image);
	lw_json_w_member(w, "reason", reason ? lw_finding_kind(reason->id)->code : "");
	lw_json_w_member(w, "verdict", lw_outcome_name(v->outcome));
	lw_json_w_end_object(w);
}

static int judge_cases(const struct lw_policy *p, const struct lw_policy_test *test,
		       int64_t now, size_t *ret_failed, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	int r = 0;

	lw_json_w_object(&w);
	lw_json_w_key(&w, "cases");
	lw_json_w_array(&w);
	for (size_t i = 0; i < test->n_cases; i++) {
		struct lw_verdict v = { 0 };

		r = lw_policy_case_judge(p, &test->cases[i], now, &v, e);
		if (r < 0) {
			lw_verdict_release(&v);
			return lw_prefix(e, "cases[%zu]", i);
		}
		bool holds = lw_policy_case_holds(&test->cases[i], &v);

		*ret_failed += !holds;
		if (!lw_arg_json)
			print_case(i + 1, &test->cases[i], &v, holds);
		write_case(&w, &test->cases[i], &v, holds);
		lw_verdict_release(&v);
	}
	lw_json_w_end_array(&w);
	lw_json_w_member_integer(&w, "failed", (int64_t)*ret_failed);
	lw_json_w_member(&w, "format", "landwaiter-policy-tested/1");
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	if (lw_arg_json)
		(void)printf("%s\n", lw_buf_str(&b));
	else
		(void)printf("1..%zu\n", test->n_cases);
	return 0;
}

int lw_policy_test_file(const char *table, const char *policy_file, const struct lw_list *trust)
{
	LW_AUTO(policy) struct lw_policy *p = NULL;
	LW_AUTO(policy_test) struct lw_policy_test *test = NULL;
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	struct lw_clock now;
	struct lw_error e = { 0 };
	size_t failed = 0;
	int code = LW_EXIT_DONE;
	int r = lw_policy_read(policy_file, trust, &p, &code, &e);

	if (code != LW_EXIT_DONE)
		return code;
	if (r == 0)
		r = lw_clock_system(&now, &e);
	if (r == 0)
		r = lw_fs_read_path(table, LW_MAX_POLICY_BYTES, &bytes, &e);
	if (r == 0)
		r = lw_policy_test_parse(lw_buf_span(&bytes), p, &test, &e);
	if (r == 0)
		r = judge_cases(p, test, now.wall_sec, &failed, &e);
	if (r < 0)
		return lw_command_failed(&e);
	return failed ? LW_EXIT_REFUSED : LW_EXIT_DONE;
}
