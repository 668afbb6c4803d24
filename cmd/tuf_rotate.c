/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tuf.h"
#include "cmd/verbs.h"

static const char *arg_role;

static const struct lw_option options[] = {
	{ "role", 0, LW_OPTION_TEXT, "ROLE", &arg_role,
	  "in this role only; else in all that the holder has" },
	LW_TUF_EDIT_OPTIONS,
	{ 0 },
};

static int run(int n, char **objects)
{
	LW_AUTO(tuf_holders) struct lw_tuf_holders who = { 0 };
	LW_AUTO(staging) struct lw_staging s = { 0 };
	struct lw_list given = { 0 };
	struct lw_error e = { 0 };
	int r;

	given.list = (const char **)lw_alloc_array((size_t)n, sizeof(*given.list));
	for (int i = 1; i < n; i++)
		given.list[given.n++] = objects[i];
	r = lw_tuf_read_holders(&given, NULL, &who, &e);
	free(given.list);
	if (r == 0)
		r = lw_staging_open(objects[0], lw_tuf_change_file, &s, &e);
	for (size_t i = 0; r == 0 && i < who.holders.n; i++)
		r = lw_edit_rotate(&s.change, arg_role, &who.list[i], &e);
	return r < 0 ? lw_command_failed(&e) : lw_tuf_finish(&s);
}

const struct lw_verb lw_verb_tuf_rotate = {
	"tuf rotate",
	"REPOSITORY [NAME=]FILE...",
	"Put a holder's new key in the place of the old.",
	options,
	2,
	-1,
	run,
};
