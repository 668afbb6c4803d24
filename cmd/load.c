/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"
#include "cmd/pushing.h"
#include "cmd/reach.h"
#include "cmd/reporting.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

static struct lw_list arg_approvals;
static struct lw_list arg_renames;
static bool arg_sequential, arg_trust_only, arg_move_tags;
static const char *arg_all_of, *arg_wait, *arg_push, *arg_medium, *arg_courier, *arg_ticket,
	*arg_by;

static const struct lw_option options[] = {
	{ "approval", 0, LW_OPTION_LIST, "FILE", &arg_approvals,
	  "more approvals, as made by `approve --extract`" },
	{ "all-of", 0, LW_OPTION_TEXT, "DIR", &arg_all_of,
	  "each *.lwb at the root of that folder, in the order of their names" },
	{ "medium", 0, LW_OPTION_TEXT, "NO", &arg_medium, "the medium's register number" },
	{ "courier", 0, LW_OPTION_TEXT, "WHO", &arg_courier, "who carried it" },
	{ "ticket", 0, LW_OPTION_TEXT, "ID", &arg_ticket, "the ticket it answers" },
	{ "by", 0, LW_OPTION_TEXT, "NAME", &arg_by, "who loads it" },
	{ "trust-only", 0, LW_OPTION_FLAG, NULL, &arg_trust_only,
	  "take what it brings of the enclave's own repository; load no image" },
	{ "wait", 0, LW_OPTION_TEXT, "SECONDS", &arg_wait,
	  "how long to wait for who else writes to the enclave; else not at all" },
	{ "sequential", 0, LW_OPTION_FLAG, NULL, &arg_sequential,
	  "read strictly in order, whatever the medium seems to be" },
	{ "push", 0, LW_OPTION_TEXT, "REGISTRY[/PREFIX]", &arg_push,
	  "then send what was loaded there, as `push` does" },
	{ "rename", 0, LW_OPTION_LIST, "FROM=TO", &arg_renames,
	  "call repositories there TO that begin with FROM here" },
	{ "move-tags", 0, LW_OPTION_FLAG, NULL, &arg_move_tags,
	  "there, also from what this enclave never accepted under that name" },
	LW_REACH_OPTIONS,
	{ 0 },
};

static int run(int n, char **objects)
{
	LW_AUTO(destination) struct lw_destination destination = { 0 };
	struct lw_push_options push = { .destination = &destination,
					.queued_only = true,
					.move_tags = arg_move_tags };
	struct lw_error e = { 0 };
	bool any = false;
	int code;
	struct lw_intake_options o = {
		.purpose = LW_INTAKE_LOAD,
		.path = n ? objects[0] : NULL,
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

	if (arg_wait && lw_num_u64(lw_span_str(arg_wait), 0, 86400, &o.wait_sec, NULL) < 0)
		return lw_command_usage("--wait wants seconds, at most 86400 (a day)");
	if ((arg_all_of != NULL) == (n == 1))
		return lw_command_usage("want a bundle, or --all-of DIR");
	if (arg_all_of && arg_approvals.n)
		return lw_command_usage("--approval belongs to one bundle: load that one");
	if (arg_push && arg_trust_only)
		return lw_command_usage("--trust-only loads no image that could be pushed");
	if (!arg_push && (arg_renames.n || arg_move_tags || lw_arg_authfile ||
			  lw_arg_cert_dir || lw_arg_plain_http || lw_arg_chunk_size))
		return lw_command_usage("how to push, and nowhere to: want --push");
	if (arg_push && (lw_destination_parse(arg_push, arg_renames.list, arg_renames.n,
					      &destination, &e) < 0 ||
			 lw_reach_check(&destination, &e) < 0))
		return lw_command_failed(&e);
	o.push = arg_push ? &destination : NULL;
	if (arg_all_of) {
		code = lw_command_intake_all(&o, arg_all_of, &any);
	} else {
		lw_reporting_bundle(o.path, 1, 1);
		code = lw_command_intake(&o, NULL);
	}
	if (!arg_push || (code != LW_EXIT_DONE && !any))
		return code;

	int pushed = lw_command_push(&push);

	return code != LW_EXIT_DONE ? code : pushed;
}

const struct lw_verb lw_verb_load = {
	"load",
	"FILE | --all-of DIR",
	"Judge a bundle and, if every gate passes it, load its images.",
	options,
	0,
	1,
	run,
};
