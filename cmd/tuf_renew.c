/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tuf.h"
#include "cmd/verbs.h"

static const struct lw_option options[] = {
	LW_TUF_EDIT_OPTIONS,
	{ 0 },
};

static int run(int n, char **objects)
{
	LW_AUTO(staging) struct lw_staging s = { 0 };
	struct lw_error e = { 0 };
	int r = lw_staging_open(objects[0], lw_tuf_change_file, &s, &e);

	if (r == 0 && n == 1)
		r = lw_edit_renew_all(&s.change, &e);
	for (int i = 1; r == 0 && i < n; i++)
		r = lw_edit_renew(&s.change, objects[i], &e);
	return r < 0 ? lw_command_failed(&e) : lw_tuf_finish(&s);
}

const struct lw_verb lw_verb_tuf_renew = {
	"tuf renew",
	"REPOSITORY [ROLE...]",
	"New versions of roles, that only last longer.",
	options,
	1,
	-1,
	run,
};
