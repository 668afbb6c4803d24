/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tuf.h"
#include "cmd/verbs.h"

static const char *arg_role;

static const struct lw_option options[] = {
	{ "role", 0, LW_OPTION_TEXT, "ROLE", &arg_role,
	  "the role that names them, or the prefix of its bins; targets by default" },
	LW_TUF_EDIT_OPTIONS,
	{ 0 },
};

static int run(int n, char **objects)
{
	LW_AUTO(staging) struct lw_staging s = { 0 };
	struct lw_error e = { 0 };
	int r = lw_staging_open(objects[0], lw_tuf_change_file, &s, &e);

	for (int i = 1; r == 0 && i < n; i++) {
		const char *role = NULL;

		r = lw_edit_choose(&s.change, arg_role ? arg_role : "targets", objects[i],
				   &role, &e);
		if (r == 0)
			r = lw_edit_remove(&s.change, role, objects[i], &e);
	}
	return r < 0 ? lw_command_failed(&e) : lw_tuf_finish(&s);
}

const struct lw_verb lw_verb_tuf_remove = {
	"tuf remove", "REPOSITORY PATH...", "Name target files no longer.", options, 2, -1, run,
};
