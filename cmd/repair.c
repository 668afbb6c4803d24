/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verbs.h"
#include "cmd/verdict.h"

static const char *arg_by;

static const struct lw_option options[] = {
	{ "by", 0, LW_OPTION_TEXT, "NAME", &arg_by, "who repairs" },
	{ 0 },
};

static void auto_repair(struct lw_repair_result *r)
{
	lw_intake_release(&r->intake);
}

static int print(const struct lw_repair_result *r)
{
	unsigned long long damaged = r->damaged, repaired = r->repaired;

	if (lw_arg_json)
		(void)printf(
			"{\"damaged\":%llu,\"format\":\"landwaiter-repair/1\",\"repaired\":%llu,"
			"\"verdict\":\"%s\"}\n",
			damaged, repaired, lw_outcome_name(r->intake.verdict.outcome));
	else
		(void)printf("missing or damaged: %llu, repaired: %llu\n", damaged, repaired);
	lw_print_head(&r->intake.head);
	if (r->intake.verdict.outcome == LW_ACCEPTED)
		return repaired == damaged ? LW_EXIT_DONE : LW_EXIT_INCOMPLETE;
	lw_arg_json = false;
	lw_print_verdict(&r->intake, stderr);
	return lw_outcome_exit(r->intake.verdict.outcome);
}

static int run(int n, char **objects)
{
	struct lw_repair_result result __attribute__((cleanup(auto_repair))) = { 0 };
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_intake_options o = { .purpose = LW_INTAKE_LOAD,
				       .path = objects[0],
				       .claims = { .by = arg_by },
				       .progress = lw_command_progress("repair"),
				       .stop = lw_command_stoppable() };
	struct lw_clock clock;
	struct lw_error e = { 0 };
	int code = lw_command_enclave(LW_STATE_WRITE, &enclave);

	(void)n;
	if (code != LW_EXIT_DONE)
		return code;
	if (lw_clock_system(&clock, &e) < 0 ||
	    lw_intake_repair(enclave, &clock, &o, &result, &e) < 0)
		return lw_command_failed(&e);
	lw_command_progress_end();
	return print(&result);
}

const struct lw_verb lw_verb_repair = {
	"repair",
	"FILE",
	"Take from a bundle what the store has lost of accepted images, and nothing else.",
	options,
	1,
	1,
	run,
};
