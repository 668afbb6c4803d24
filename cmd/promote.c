/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/rejudge.h"
#include "cmd/rejudged.h"
#include "cmd/reason.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

static const struct lw_option options[] = {
	LW_REASON_OPTIONS("who promotes it"),
	{ 0 },
};

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(rejudged) struct lw_rejudged judged = { 0 };
	struct lw_state_image image = { 0 };
	struct lw_clock clock;
	struct lw_error e = { 0 };
	int code = lw_command_enclave(LW_STATE_WRITE, &enclave), r;

	(void)n;
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_clock_system(&clock, &e);
	if (r == 0)
		r = lw_state_image_get(enclave->state, objects[0], &image, &e);
	if (r == 0)
		r = lw_promote(enclave, &clock, &image, objects[1], lw_arg_by, lw_arg_reason,
			       NULL, &judged, &e);
	if (r == 0)
		lw_print_rejudged(&judged, image.name, objects[1], true, stdout);
	lw_state_image_release(&image);
	return r < 0 ? lw_command_failed(&e) : lw_outcome_exit(judged.verdict.outcome);
}

const struct lw_verb lw_verb_promote = {
	"promote",
	"IMAGE ZONE",
	"Judge an accepted image again, and let it into the next zone.",
	options,
	2,
	2,
	run,
};
