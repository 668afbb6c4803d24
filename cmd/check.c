/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/num.h"
#include "base/text.h"
#include "bundle/standing.h"
#include "cmd/metrics.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

static bool arg_all;
static const char *arg_metrics;

static const struct lw_option options[] = {
	{ "all", 0, LW_OPTION_FLAG, NULL, &arg_all, "everything that was accepted" },
	{ "metrics", 0, LW_OPTION_TEXT, "FILE", &arg_metrics,
	  "write what is the case now there, for Prometheus; with --all" },
	{ 0 },
};

static const char *state_of(const struct lw_checked_image *i)
{
	return !i->holds ? "withheld" : i->damaged ? "damaged" : "holds";
}

static void print_json(const struct lw_checked *c, int code)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	char text[LW_DIGEST_TEXT], head[LW_HEAD_TEXT];

	lw_json_w_object(&w);
	lw_json_w_member_integer(&w, "blobs", (int64_t)c->blobs);
	lw_json_w_member_integer(&w, "bytes", (int64_t)c->bytes);
	lw_json_w_member_integer(&w, "damaged", (int64_t)c->damaged_blobs);
	lw_json_w_member_integer(&w, "exit", code);
	lw_json_findings(&w, &c->verdict);
	lw_json_w_member(&w, "format", "landwaiter-check/1");
	lw_json_w_member(&w, "head", lw_head_text(&c->head, head));
	lw_json_w_key(&w, "images");
	lw_json_w_array(&w);
	for (size_t i = 0; i < c->n; i++) {
		const struct lw_checked_image *image = &c->list[i];

		lw_json_w_object(&w);
		if (image->code)
			lw_json_w_member(&w, "code", image->code);
		lw_json_w_member_integer(&w, "damaged", (int64_t)image->damaged);
		lw_json_w_member(&w, "digest", lw_digest_text(&image->digest, text));
		lw_json_w_key(&w, "held");
		lw_json_w_bool(&w, image->held);
		lw_json_w_member(&w, "name", image->name);
		lw_json_w_member(&w, "state", state_of(image));
		lw_json_w_key(&w, "superseded");
		lw_json_w_bool(&w, image->superseded);
		if (image->why)
			lw_json_w_member(&w, "why", image->why);
		lw_json_w_end_object(&w);
	}
	lw_json_w_end_array(&w);
	lw_json_w_member_integer(&w, "withheld", (int64_t)c->withheld);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&b));
}

static void print_text(const struct lw_checked *c)
{
	char text[LW_DIGEST_TEXT], size[16];

	for (size_t i = 0; i < c->n; i++) {
		const struct lw_checked_image *image = &c->list[i];

		if (image->holds && !image->damaged && image->held)
			continue;
		(void)printf("%s\n  %s%s\n", image->name, lw_digest_text(&image->digest, text),
			     image->superseded ? " (superseded)" : "");
		if (!image->holds && !image->code)
			(void)printf("  WITHHELD\n");
		else if (!image->holds)
			(void)printf("  WITHHELD   %s: %s\n             see `landwaiter policy "
				     "explain`; it is let in again when it holds\n",
				     image->code, image->why);
		else if (!image->held)
			(void)printf("  holds again\n");
		if (image->damaged)
			(void)printf("  DAMAGED    blobs: %zu; `landwaiter repair BUNDLE` "
				     "brings them back\n",
				     image->damaged);
	}
	if (c->verdict.outcome != LW_ACCEPTED)
		(void)printf("not judged: each image stays as it was\n");
	lw_print_findings(&c->verdict, stdout);
	(void)printf("images %zu, withheld %zu, damaged %zu; blobs %llu (%s), damaged %llu\n",
		     c->n, c->withheld, c->damaged, (unsigned long long)c->blobs,
		     lw_num_human_size(c->bytes, size), (unsigned long long)c->damaged_blobs);
}

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(checked) struct lw_checked checked = { 0 };
	struct lw_check_options o = { .image = n ? objects[0] : NULL,
				      .progress = lw_command_progress("check") };
	struct lw_clock clock;
	struct lw_error e = { 0 };
	int code, r;

	if (arg_all == (n == 1))
		return lw_command_usage("want --all, or an image");
	if (arg_metrics && !arg_all)
		return lw_command_usage("--metrics tells of all images: want --all");
	code = lw_command_enclave(LW_STATE_WRITE, &enclave);
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_clock_system(&clock, &e);
	if (r == 0)
		r = lw_check(enclave, &clock, &o, &checked, &e);
	lw_command_progress_end();
	if (r == 0)
		(void)!lw_enclave_drain(enclave, &e);
	if (r == 0 && arg_metrics)
		r = lw_metrics_write(enclave, &checked, arg_metrics, &e);
	if (r < 0)
		return lw_command_failed(&e);
	code = lw_outcome_exit(checked.verdict.outcome);
	if (code == LW_EXIT_DONE)
		code = checked.withheld	       ? LW_EXIT_REFUSED
		       : checked.damaged_blobs ? LW_EXIT_DAMAGED
					       : LW_EXIT_DONE;
	if (lw_arg_json)
		print_json(&checked, code);
	else
		print_text(&checked);
	lw_print_pending(enclave);
	lw_print_head(&checked.head);
	return code;
}

const struct lw_verb lw_verb_check = {
	"check",
	"--all | IMAGE",
	"Hash what was accepted again, and judge it by the trust and time of now.",
	options,
	0,
	1,
	run,
};
