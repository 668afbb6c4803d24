/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/timekeeping.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

#include <string.h>

static struct lw_list arg_keys;

static const struct lw_option options[] = {
	{ "key", 0, LW_OPTION_LIST, "FILE", &arg_keys,
	  "a private key of somebody who attests; one for each person" },
	LW_PASSPHRASE_OPTIONS,
	{ 0 },
};

static int show(struct lw_enclave *enclave, struct lw_error *e)
{
	LW_AUTO(policy) struct lw_policy *policy = NULL;
	struct lw_interval i = { 0 };
	struct lw_clock clock;
	char lo[LW_TIME_TEXT], hi[LW_TIME_TEXT];
	const char *state;
	int r = lw_clock_system(&clock, e);

	if (r == 0)
		r = lw_intake_policy(enclave, &policy, e);
	if (r == 0)
		r = lw_intake_interval(enclave, policy, &clock, &i, e);
	if (r < 0)
		return r;
	state = i.source == LW_HI_UNKNOWN ? "unknown" : i.behind ? "behind-floor" : "trusted";
	lw_time_format(i.lo, lo);
	if (i.source != LW_HI_UNKNOWN)
		lw_time_format(i.hi, hi);
	else
		(void)snprintf(hi, sizeof(hi), "unknown");
	if (lw_arg_json)
		(void)printf("{\"format\":\"landwaiter-time/1\",\"hi\":\"%s\",\"lo\":\"%s\","
			     "\"source\":\"%s\",\"state\":\"%s\"}\n",
			     hi, lo, lw_hi_source_name(i.source), state);
	else
		(void)printf(
			"not before  %s (proven)\nnot after   %s (from: %s)\nstate       %s\n",
			lo, hi, lw_hi_source_name(i.source), state);
	return 0;
}

static int apply(struct lw_enclave *enclave, enum lw_timekeeping what, const char *text,
		 struct lw_error *e)
{
	lw_auto_free struct lw_private_key **keys = lw_alloc_array(arg_keys.n, sizeof(*keys));
	struct lw_clock clock;
	struct lw_head head = { 0 };
	int64_t at = 0;
	int r = lw_time_parse(lw_span_str(text), &at, e);

	if (r < 0) /* a slip of the hand, not an attempt */
		return lw_command_misused(e, "TIME");
	for (size_t i = 0; i < arg_keys.n && r == 0; i++)
		r = lw_command_key(arg_keys.list[i], &keys[i], e);
	/* The clocks after the passphrases were typed: the time is attested for now. */
	if (r == 0)
		r = lw_clock_system(&clock, e);
	if (r == 0)
		r = lw_timekeeping_apply(enclave, &clock, what, at, keys, arg_keys.n, &head, e);
	for (size_t i = 0; i < arg_keys.n; i++)
		lw_private_key_free(keys[i]);
	if (r == 0)
		lw_print_record(&head);
	else if (head.count)
		lw_print_head(&head);
	return r;
}

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_error e = { 0 };
	bool look = strcmp(objects[0], "show") == 0, attest = strcmp(objects[0], "attest") == 0;
	int code;

	if (!look && !attest && strcmp(objects[0], "reset") != 0)
		return lw_command_usage("want show, attest or reset, have '%s'", objects[0]);
	if (look ? n != 1 || arg_keys.n : n != 2 || arg_keys.n < 2)
		return lw_command_usage(
			"want: time show, or time %s TIME --key FILE --key FILE",
			look ? "attest" : objects[0]);
	code = lw_command_enclave(look ? LW_STATE_READ : LW_STATE_WRITE, &enclave);
	if (code != LW_EXIT_DONE)
		return code;
	if ((look ? show(enclave, &e)
		  : apply(enclave, attest ? LW_TIME_ATTEST : LW_TIME_RESET, objects[1], &e)) <
	    0)
		return lw_command_failed(&e);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_time = {
	"time",
	"show | attest TIME | reset TIME",
	"What time it can be here; and people's word about it.",
	options,
	1,
	2,
	run,
};
