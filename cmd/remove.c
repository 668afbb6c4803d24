/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/reason.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

static const struct lw_option options[] = {
	LW_REASON_OPTIONS("who removes it"),
	{ 0 },
};

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_state_image image = { 0 };
	struct lw_record_time time;
	struct lw_clock clock;
	struct lw_head head;
	struct lw_error e = { 0 };
	int code, r;

	(void)n;
	code = lw_command_require_reason();
	if (code != LW_EXIT_DONE)
		return code;
	code = lw_command_enclave(LW_STATE_WRITE, &enclave);
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_state_image_get(enclave->state, objects[0], &image, &e);
	if (r == 0)
		r = lw_command_record_time(enclave, &clock, &time, &e);
	if (r == 0)
		r = lw_enclave_remove(enclave, &image, lw_arg_reason, lw_arg_by, &time, &head,
				      &e);
	lw_state_image_release(&image);
	if (r < 0)
		return lw_command_failed(&e);
	(void)fprintf(stderr, "removed; its blobs stay until `landwaiter gc`\n");
	lw_print_record(&head);
	lw_print_pending(enclave);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_remove = {
	"remove", "IMAGE", "Take an accepted image out of the enclave.", options, 1, 1, run,
};
