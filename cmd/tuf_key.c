/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tuf.h"
#include "cmd/verbs.h"

static struct lw_list arg_add, arg_drop;
static const char *arg_threshold;

static const struct lw_option options[] = {
	{ "add", 0, LW_OPTION_LIST, "[NAME=]FILE", &arg_add, "a new holder: a public key" },
	{ "drop", 0, LW_OPTION_LIST, "NAME", &arg_drop, "a holder no longer" },
	{ "threshold", 0, LW_OPTION_TEXT, "N", &arg_threshold, "so many must sign" },
	LW_TUF_EDIT_OPTIONS,
	{ 0 },
};

static int run(int n, char **objects)
{
	LW_AUTO(tuf_holders) struct lw_tuf_holders add = { 0 };
	LW_AUTO(staging) struct lw_staging s = { 0 };
	struct lw_error e = { 0 };
	int r;

	(void)n;
	if (!arg_add.n && !arg_drop.n && !arg_threshold)
		return lw_command_usage("want --add, --drop or --threshold");
	r = lw_tuf_read_holders(&arg_add, arg_threshold, &add, &e);
	if (r == 0)
		r = lw_staging_open(objects[0], lw_tuf_change_file, &s, &e);
	if (r == 0)
		r = lw_edit_key(&s.change, objects[1], &add.holders, arg_drop.list, arg_drop.n,
				&e);
	return r < 0 ? lw_command_failed(&e) : lw_tuf_finish(&s);
}

const struct lw_verb lw_verb_tuf_key = {
	"tuf key",
	"REPOSITORY ROLE",
	"Say who may sign a role, and how many must.",
	options,
	2,
	2,
	run,
};
