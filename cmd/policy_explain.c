/* SPDX-License-Identifier: Apache-2.0 */
/* `policy explain IMAGE`: which rule covers it, what counted, and why not the rest. */
#include "bundle/rejudge.h"
#include "cmd/command.h"
#include "cmd/policy.h"
#include "cmd/rejudged.h"
#include "cmd/verdict.h"

int lw_policy_explain_image(const char *which, const char *zone)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(rejudged) struct lw_rejudged judged = { 0 };
	struct lw_rejudge_options options = { .zone = zone };
	struct lw_state_image image = { 0 };
	struct lw_clock clock;
	struct lw_error e = { 0 };
	int code = lw_command_enclave(LW_STATE_READ, &enclave), r;

	if (code != LW_EXIT_DONE)
		return code;
	r = lw_clock_system(&clock, &e);
	if (r == 0)
		r = lw_state_image_get(enclave->state, which, &image, &e);
	if (r == 0)
		r = lw_rejudge(enclave, &clock, &image, &options, &judged, &e);
	if (r == 0)
		lw_print_rejudged(&judged, image.name, zone ? zone : image.zone, false, stdout);
	lw_state_image_release(&image);
	return r < 0 ? lw_command_failed(&e) : lw_outcome_exit(judged.verdict.outcome);
}
