/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verbs.h"
#include "cmd/verdict.h"

static struct lw_list arg_approvals;
static bool arg_sequential;

static const struct lw_option options[] = {
	{ "approval", 0, LW_OPTION_LIST, "FILE", &arg_approvals,
	  "more approvals, as made by `approve --extract`" },
	{ "sequential", 0, LW_OPTION_FLAG, NULL, &arg_sequential,
	  "read strictly in order, whatever the medium seems to be" },
	{ 0 },
};

static int run(int n, char **objects)
{
	struct lw_intake_options o = {
		.purpose = LW_INTAKE_VERIFY,
		.path = objects[0],
		.approvals = arg_approvals.list,
		.n_approvals = arg_approvals.n,
		.in_order = arg_sequential,
		.progress = lw_command_progress("verify"),
		.stop = lw_command_stoppable(),
	};

	(void)n;
	return lw_command_intake(&o, NULL);
}

const struct lw_verb lw_verb_verify = {
	"verify", "FILE", "Judge a bundle as `load` would, and change nothing but the book.",
	options,  1,	  1,
	run,
};
