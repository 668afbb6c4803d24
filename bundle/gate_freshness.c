/* SPDX-License-Identifier: Apache-2.0 */
/* Gate 3: is it new? Judged from the proven statement, before anything more is read. */
#include "bundle/intake_internal.h"

/* A bundle that was accepted before: say when, rather than complain about its sequence. */
static bool is_replay(struct lw_intake *in, struct lw_error *e, int *ret)
{
	struct lw_state_bundle seen;
	char when[LW_TIME_TEXT];

	*ret = lw_state_bundle_get(in->enclave->state, &in->result->bundle, &seen, e);
	if (*ret == -LW_E_NOTFOUND) {
		*ret = 0;
		return false;
	}
	if (*ret < 0)
		return true;
	lw_verdict_addf(&in->result->verdict, LW_FINDING_FRESHNESS_REPLAY, in->object,
			"a bundle not accepted before", "accepted %s, record %llu",
			lw_time_format(seen.accepted, when), (unsigned long long)seen.record);
	return true;
}

void lw_gate_freshness(struct lw_intake *in)
{
	const struct lw_statement *s = &in->result->statement;
	struct lw_error e = { 0 };
	struct lw_freshness f = {
		.created = s->created,
		.expires = s->expires,
		.sequence = s->sequence,
		.max_age_sec = in->sender->max_age_sec,
		.skew_sec = in->policy->skew_sec,
		.object = in->object,
	};
	int r;

	if (is_replay(in, &e, &r)) {
		if (r < 0)
			lw_intake_failed(in, &e);
		return;
	}
	if (r == 0)
		r = lw_state_sender_floor(in->enclave->state, s->sender, &f.sender_floor, &e);
	if (r < 0) {
		lw_intake_failed(in, &e);
		return;
	}
	lw_freshness_judge(&f, &in->result->interval, &in->result->verdict);
}
