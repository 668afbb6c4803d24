/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cmd/tuf_follow.h"
#include "cmd/verbs.h"

static const struct lw_option options[] = {
	LW_TUF_FOLLOW_OPTIONS,
	{ 0 },
};

static const enum lw_tuf_type types[] = { LW_TUF_ROOT, LW_TUF_TIMESTAMP, LW_TUF_SNAPSHOT,
					  LW_TUF_TARGETS };

static void print_json(const struct lw_tuf_client *c)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_json_writer w = { .out = &text, .canonical = true };
	char when[LW_TIME_TEXT];

	lw_json_w_object(&w);
	lw_json_w_member(&w, "format", "landwaiter-tuf-refresh/1");
	lw_json_w_key(&w, "roles");
	lw_json_w_array(&w);
	for (size_t i = 0; i < LW_COUNT_OF(types); i++) {
		const struct lw_tuf_metadata *m = lw_tuf_client_trusted(c, types[i]);

		lw_json_w_object(&w);
		lw_json_w_member(&w, "expires", lw_time_format(m->expires, when));
		lw_json_w_member(&w, "role", lw_tuf_type_name(types[i]));
		lw_json_w_member_integer(&w, "version", m->version);
		lw_json_w_end_object(&w);
	}
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&text));
}

static int run(int n, char **objects)
{
	LW_AUTO(tuf_following) struct lw_tuf_following f = LW_TUF_FOLLOWING;
	struct lw_error e = { 0 };
	char when[LW_TIME_TEXT];

	(void)n;
	if (lw_tuf_follow(&f, objects[0], &e) < 0)
		return lw_tuf_follow_failed(&f, &e);
	if (lw_arg_json) {
		print_json(f.client);
		return LW_EXIT_DONE;
	}
	for (size_t i = 0; i < LW_COUNT_OF(types); i++) {
		const struct lw_tuf_metadata *m = lw_tuf_client_trusted(f.client, types[i]);

		(void)printf("%-9s  version %lld, until %s\n", lw_tuf_type_name(types[i]),
			     (long long)m->version, lw_time_format(m->expires, when));
	}
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_tuf_refresh = {
	"tuf refresh",
	"METADATA",
	"Follow somebody's repository: take what is new and signed as it must be.",
	options,
	1,
	1,
	run,
};
