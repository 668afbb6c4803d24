/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/num.h"
#include "bundle/contents.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

static bool arg_all;

static const struct lw_option options[] = {
	{ "all", 'a', LW_OPTION_FLAG, NULL, &arg_all,
	  "also images whose name has moved on to another digest" },
	{ 0 },
};

static void write_image(struct lw_json_writer *w, const struct lw_state_image *i)
{
	char text[LW_DIGEST_TEXT], time[LW_TIME_TEXT];

	lw_json_w_object(w);
	lw_json_w_member(w, "accepted", lw_time_format(i->accepted, time));
	lw_json_w_member(w, "bundle", lw_digest_text(&i->bundle, text));
	lw_json_w_member_integer(w, "bytes", (int64_t)i->total_bytes);
	lw_json_w_member(w, "digest", lw_digest_text(&i->digest, text));
	lw_json_w_key(w, "made");
	lw_json_w_bool(w, lw_contents_is_made(i->detail));
	lw_json_w_member(w, "mediaType", i->media_type);
	lw_json_w_member(w, "name", i->name);
	lw_json_w_key(w, "pending");
	lw_json_w_bool(w, i->pending);
	lw_json_w_member(w, "platforms", i->platforms);
	lw_json_w_member_integer(w, "record", (int64_t)i->record);
	lw_json_w_key(w, "superseded");
	lw_json_w_bool(w, i->superseded);
	lw_json_w_member(w, "zone", i->zone);
	lw_json_w_end_object(w);
}

static int each(void *data, const struct lw_state_image *i, struct lw_error *e)
{
	struct lw_json_writer *w = data;
	char text[LW_DIGEST_TEXT], size[16];

	(void)e;
	if (i->superseded && !arg_all)
		return 0;
	if (w)
		write_image(w, i);
	else
		(void)printf("%s%s\n  %s  %s  zone %s  record %llu%s%s%s\n", i->name,
			     i->superseded ? " (superseded)"
			     : i->pending  ? " (WITHHELD: to be judged again)"
					   : "",
			     lw_digest_text(&i->digest, text),
			     lw_num_human_size(i->total_bytes, size), i->zone,
			     (unsigned long long)i->record, i->platforms[0] ? "  " : "",
			     i->platforms,
			     lw_contents_is_made(i->detail) ? "\n  " LW_CONTENTS_MADE : "");
	return 0;
}

static int list_json(struct lw_enclave *enclave, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	int r;

	lw_json_w_object(&w);
	lw_json_w_member(&w, "format", "landwaiter-list/1");
	lw_json_w_key(&w, "images");
	lw_json_w_array(&w);
	r = lw_state_each_image(enclave->state, each, &w, e);
	if (r < 0)
		return r;
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&b));
	return 0;
}

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_error e = { 0 };
	int code = lw_command_enclave(LW_STATE_READ, &enclave);

	(void)n;
	(void)objects;
	if (code != LW_EXIT_DONE)
		return code;
	if ((lw_arg_json ? list_json(enclave, &e)
			 : lw_state_each_image(enclave->state, each, NULL, &e)) < 0)
		return lw_command_failed(&e);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_list = {
	"list", "", "List the accepted images.", options, 0, 0, run,
};
