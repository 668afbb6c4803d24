/* SPDX-License-Identifier: Apache-2.0 */
/* `policy check`: whether a policy parses, and what is odd about it. */
#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/policy.h"
#include "verify/policy_lint.h"

#include <string.h>

#define DEFAULT_WITHIN_SEC ((int64_t)30 * 86400)

/* Whether it says something about the policy, rather than about this machine or this call. */
static bool is_about_policy(enum lw_code code)
{
	return code == LW_E_FORMAT || code == LW_E_LIMIT || code == LW_E_UNSUPPORTED ||
	       code == LW_E_CONFLICT || code == LW_E_NOTFOUND;
}

void lw_print_remarks(const struct lw_remarks *r, FILE *out)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct lw_remark *m = &r->list[i];
		LW_AUTO(buf) struct lw_buf line = { 0 };

		lw_text_append(&line, lw_span_str(m->where));
		lw_buf_adds(&line, ": ");
		lw_text_append(&line, lw_span_str(m->text));
		(void)fprintf(out, "%-7s  %-23s  %s\n", lw_severity_name(m->severity), m->code,
			      lw_buf_str(&line));
	}
}

void lw_write_remarks(const struct lw_remarks *r, struct lw_json_writer *w)
{
	lw_json_w_key(w, "remarks");
	lw_json_w_array(w);
	for (size_t i = 0; i < r->n; i++) {
		const struct lw_remark *m = &r->list[i];
		LW_AUTO(buf) struct lw_buf where = { 0 }, text = { 0 };

		lw_text_append(&where, lw_span_str(m->where));
		lw_text_append(&text, lw_span_str(m->text));
		lw_json_w_object(w);
		lw_json_w_member(w, "code", m->code);
		lw_json_w_member(w, "severity", lw_severity_name(m->severity));
		lw_json_w_member(w, "text", lw_buf_str(&text));
		lw_json_w_member(w, "where", lw_buf_str(&where));
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

static void print_json(const struct lw_remarks *r)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };

	lw_json_w_object(&w);
	lw_json_w_member_integer(&w, "errors", (int64_t)lw_remarks_count(r, LW_SEVERITY_ERROR));
	lw_json_w_member(&w, "format", "landwaiter-policy-check/1");
	lw_write_remarks(r, &w);
	lw_json_w_member_integer(&w, "warnings",
				 (int64_t)lw_remarks_count(r, LW_SEVERITY_WARNING));
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&b));
}

int lw_policy_check(const char *file, const struct lw_list *trust, const char *within)
{
	LW_AUTO(policy) struct lw_policy *policy = NULL;
	LW_AUTO(remarks) struct lw_remarks remarks = { 0 };
	struct lw_clock clock;
	struct lw_error e = { 0 };
	int64_t horizon = DEFAULT_WITHIN_SEC;
	int code = LW_EXIT_DONE, r = 0;

	if (within && lw_num_duration(lw_span_str(within), &horizon, &e) < 0) {
		(void)lw_command_misused(&e, "--within");
		return lw_command_failed(&e);
	}
	r = lw_clock_system(&clock, &e);
	if (r == 0)
		r = lw_policy_read(file, trust, &policy, &code, &e);
	if (code != LW_EXIT_DONE)
		return code;
	if (r < 0 && !is_about_policy(e.code))
		return lw_command_failed(&e);
	if (r < 0)
		lw_remark(&remarks, LW_REMARK_POLICY_REFUSED, file ? file : "policy.json", "%s",
			  e.text);
	else
		lw_policy_lint(policy, clock.wall_sec, horizon, &remarks);
	if (lw_arg_json)
		print_json(&remarks);
	else
		lw_print_remarks(&remarks, stdout);

	size_t errors = lw_remarks_count(&remarks, LW_SEVERITY_ERROR);

	(void)fprintf(stderr, "errors %zu, warnings %zu\n", errors,
		      lw_remarks_count(&remarks, LW_SEVERITY_WARNING));
	return errors ? LW_EXIT_REFUSED : LW_EXIT_DONE;
}
