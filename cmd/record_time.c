/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verdict.h"

int lw_command_record_time(struct lw_enclave *enclave, struct lw_clock *clock,
			   struct lw_record_time *ret, struct lw_error *e)
{
	LW_AUTO(policy) struct lw_policy *policy = NULL;
	struct lw_interval interval;
	int r = lw_clock_system(clock, e);

	if (r == 0)
		r = lw_intake_policy(enclave, &policy, e);
	if (r == 0)
		r = lw_intake_interval(enclave, policy, clock, &interval, e);
	if (r == 0)
		*ret = lw_intake_record_time(&interval, clock);
	return r;
}
