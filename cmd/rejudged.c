/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/rejudged.h"

#include "cmd/command.h"
#include "cmd/judgement.h"
#include "cmd/verdict.h"

static void print_json(const struct lw_rejudged *r, const char *image, const char *zone,
		       bool recorded, FILE *out)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	char head[LW_HEAD_TEXT];

	lw_json_w_object(&w);
	lw_json_w_member_integer(&w, "exit", lw_outcome_exit(r->verdict.outcome));
	lw_json_findings(&w, &r->verdict);
	lw_json_w_member(&w, "format", "landwaiter-rejudged/1");
	lw_json_w_member(&w, "image", image);
	lw_json_judgement(&w, r->judgement);
	if (recorded) {
		lw_json_w_key(&w, "record");
		lw_json_w_object(&w);
		lw_json_w_member(&w, "head", lw_head_text(&r->head, head));
		lw_json_w_member_integer(&w, "index", (int64_t)r->head.count - 1);
		lw_json_w_end_object(&w);
	}
	lw_json_w_member(&w, "verdict", lw_outcome_name(r->verdict.outcome));
	lw_json_w_member(&w, "zone", zone);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)fprintf(out, "%s\n", lw_buf_str(&b));
}

void lw_print_rejudged(const struct lw_rejudged *r, const char *image, const char *zone,
		       bool recorded, FILE *out)
{
	char head[LW_HEAD_TEXT];

	if (lw_arg_json) {
		print_json(r, image, zone, recorded, out);
		return;
	}
	lw_print_outcome(&r->verdict, out);
	(void)fprintf(out, "  image     %s\n", image);
	lw_print_judgement(r->judgement, true, out);
	lw_print_findings(&r->verdict, out);
	if (recorded)
		(void)fprintf(out, "\n  record    %llu\n  head      %s\n",
			      (unsigned long long)r->head.count - 1,
			      lw_head_text(&r->head, head));
}
