/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verbs.h"
#include "cmd/verdict.h"

static struct lw_list arg_approvals;
static bool arg_sequential, arg_trust_only;
static const char *arg_medium, *arg_courier, *arg_ticket, *arg_by;

static const struct lw_option options[] = {
	{ "approval", 0, LW_OPTION_LIST, "FILE", &arg_approvals,
	  "more approvals, as made by `approve --extract`" },
	{ "medium", 0, LW_OPTION_TEXT, "NO", &arg_medium, "the medium's register number" },
	{ "courier", 0, LW_OPTION_TEXT, "WHO", &arg_courier, "who carried it" },
	{ "ticket", 0, LW_OPTION_TEXT, "ID", &arg_ticket, "the ticket it answers" },
	{ "by", 0, LW_OPTION_TEXT, "NAME", &arg_by, "who loads it" },
	{ "trust-only", 0, LW_OPTION_FLAG, NULL, &arg_trust_only,
	  "take what it brings of the enclave's own repository; load no image" },
	{ "sequential", 0, LW_OPTION_FLAG, NULL, &arg_sequential,
	  "read strictly in order, whatever the medium seems to be" },
	{ 0 },
};

static int run(int n, char **objects)
{
	struct lw_intake_options o = {
		.purpose = LW_INTAKE_LOAD,
		.path = objects[0],
		.approvals = arg_approvals.list,
		.n_approvals = arg_approvals.n,
		.claims = { .medium = arg_medium,
			    .courier = arg_courier,
			    .ticket = arg_ticket,
			    .by = arg_by },
		.trust_only = arg_trust_only,
		.in_order = arg_sequential,
		.progress = lw_command_progress("load"),
		.stop = lw_command_stoppable(),
	};

	(void)n;
	return lw_command_intake(&o);
}

const struct lw_verb lw_verb_load = {
	"load",	 "FILE", "Judge a bundle and, if every gate passes it, load its images.",
	options, 1,	 1,
	run,
};
