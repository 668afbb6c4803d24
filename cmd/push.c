/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/pushing.h"
#include "cmd/reach.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

static struct lw_list arg_renames;
static bool arg_queued, arg_forget, arg_move_tags;

static const struct lw_option options[] = {
	{ "rename", 0, LW_OPTION_LIST, "FROM=TO", &arg_renames,
	  "call repositories there TO that begin with FROM here" },
	{ "move-tags", 0, LW_OPTION_FLAG, NULL, &arg_move_tags,
	  "also from what this enclave never accepted under that name" },
	{ "queued", 0, LW_OPTION_FLAG, NULL, &arg_queued,
	  "only what an earlier push or load has left to be done" },
	{ "forget", 0, LW_OPTION_FLAG, NULL, &arg_forget,
	  "take that off the queue instead, unsent" },
	LW_REACH_OPTIONS,
	{ 0 },
};

static int forget(const char *host)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_record_time time;
	struct lw_clock clock;
	struct lw_head head;
	struct lw_error e = { 0 };
	size_t n = 0;
	int code = lw_command_enclave(LW_STATE_BOOK, &enclave), r;

	if (code != LW_EXIT_DONE)
		return code;
	r = lw_command_record_time(enclave, &clock, &time, &e);
	if (r == 0)
		r = lw_push_forget(enclave, host, &time, &n, &head, &e);
	if (r < 0)
		return lw_command_failed(&e);
	lw_command_say("taken off the queue: %zu", n);
	lw_print_record(&head);
	return LW_EXIT_DONE;
}

static int run(int n, char **objects)
{
	LW_AUTO(destination) struct lw_destination destination = { 0 };
	struct lw_push_options o = { .images = n > 1 ? (const char *const *)objects + 1 : NULL,
				     .n_images = n > 1 ? (size_t)n - 1 : 0,
				     .queued_only = arg_queued,
				     .move_tags = arg_move_tags };
	struct lw_error e = { 0 };

	if (n == 0 && !arg_queued && !arg_forget)
		return lw_command_usage("want a registry, or --queued");
	if ((arg_queued || arg_forget) && (n > 1 || arg_renames.n))
		return lw_command_usage(
			"--%s is about what is queued already: no images, no --rename",
			arg_forget ? "forget" : "queued");
	if (n > 0) {
		if (lw_destination_parse(objects[0], arg_renames.list, arg_renames.n,
					 &destination, &e) < 0 ||
		    lw_reach_check(&destination, &e) < 0)
			return lw_command_failed(&e);
		if ((arg_queued || arg_forget) && *destination.prefix)
			return lw_command_usage(
				"--%s is about all that is queued for a registry: no prefix",
				arg_forget ? "forget" : "queued");
		o.destination = &destination;
	}
	return arg_forget ? forget(n > 0 ? destination.host : NULL) : lw_command_push(&o);
}

const struct lw_verb lw_verb_push = {
	"push",
	"[REGISTRY[/PREFIX] [IMAGE...]]",
	"Send accepted images to a registry, unchanged, with their evidence.",
	options,
	0,
	-1,
	run,
};
