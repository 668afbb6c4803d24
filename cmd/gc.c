/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"
#include "custody/discard.h"

#include <string.h>

/* As a load does, so that what they alone need is waste by now. */
static int expire(struct lw_enclave *enclave, const struct lw_record_time *time,
		  struct lw_error *e)
{
	const bool known = strcmp(time->source, lw_hi_source_name(LW_HI_UNKNOWN)) != 0;

	return known && time->utc >= time->floor
		       ? lw_discard_expired(enclave, time->utc, time, e)
		       : 0;
}

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_gc_result result = { 0 };
	struct lw_record_time time;
	struct lw_clock clock;
	struct lw_head head;
	struct lw_error e = { 0 };
	char size[16];
	int code = lw_command_enclave(LW_STATE_WRITE, &enclave), r;

	(void)n;
	(void)objects;
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_command_record_time(enclave, &clock, &time, &e);
	if (r == 0)
		r = expire(enclave, &time, &e);
	if (r == 0)
		r = lw_enclave_gc(enclave, &time, &result, &head, &e);
	if (r < 0)
		return lw_command_failed(&e);
	if (lw_arg_json)
		(void)printf("{\"blobs\":%llu,\"bytes\":%llu,\"format\":\"landwaiter-gc/1\"}\n",
			     (unsigned long long)result.blobs,
			     (unsigned long long)result.bytes);
	else
		(void)printf("%llu blobs deleted, %s\n", (unsigned long long)result.blobs,
			     lw_num_human_size(result.bytes, size));
	lw_print_head(&head);
	lw_print_pending(enclave);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_gc = {
	"gc", "", "Delete the blobs that no accepted image needs.", NULL, 0, 0, run,
};
