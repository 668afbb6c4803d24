/* SPDX-License-Identifier: Apache-2.0 */
/* Gate 3: is it new? Judged from the proven statement, before anything more is read. */
#include "bundle/intake_internal.h"
#include "custody/state_requests.h"

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

/* Which request of this enclave it answers. */
static int find_request(struct lw_intake *in, struct lw_freshness *f, struct lw_error *e)
{
	static const enum lw_nonce_standing standings[] = {
		[LW_REQUEST_OPEN] = LW_NONCE_OPEN,
		[LW_REQUEST_ANSWERED] = LW_NONCE_SPENT,
		[LW_REQUEST_CANCELLED] = LW_NONCE_CANCELLED,
	};
	const struct lw_statement *s = &in->result->statement;
	struct lw_state_request request = { 0 };
	int r;

	f->standing = LW_NONCE_NONE;
	if (!s->has_nonce)
		return 0;
	f->standing = LW_NONCE_UNKNOWN;
	r = lw_state_request_get(in->enclave->state, &s->nonce, &request, e);
	if (r == -LW_E_NOTFOUND)
		return 0;
	if (r < 0)
		return r;
	f->standing = standings[request.state];
	f->request_expires = request.expires;
	in->result->asked = request.asked;
	return 0;
}

void lw_gate_freshness(struct lw_intake *in)
{
	const struct lw_statement *s = &in->result->statement;
	struct lw_error e = { 0 };
	char nonce[LW_NONCE_HEX] = "";
	struct lw_freshness f = {
		.created = s->created,
		.expires = s->expires,
		.sequence = s->sequence,
		.max_age_sec = in->sender->max_age_sec,
		.skew_sec = in->policy->skew_sec,
		.nonce = nonce,
		.challenge_required = in->sender->challenge_required,
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
	if (r == 0)
		r = find_request(in, &f, &e);
	if (r < 0) {
		lw_intake_failed(in, &e);
		return;
	}
	if (s->has_nonce)
		lw_nonce_hex(&s->nonce, nonce);
	in->result->fresh = lw_freshness_is_proven(&f, &in->result->interval);
	lw_freshness_judge(&f, &in->result->interval, &in->result->verdict);
}
