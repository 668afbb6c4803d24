/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/timekeeping.h"

#include "base/mem.h"
#include "base/text.h"
#include "bundle/intake.h"
#include "verify/dsse.h"

/* No honest person attests a time further from this release than that. */
#define PLAUSIBLE_SEC ((int64_t)50 * 366 * 86400)

static const struct {
	const char *predicate_type;
	enum lw_event event;
} kinds[] = {
	[LW_TIME_ATTEST] = { "urn:landwaiter:time-attest:1", LW_EVENT_TIME_ATTEST },
	[LW_TIME_RESET] = { "urn:landwaiter:time-reset:1", LW_EVENT_TIME_RESET },
};

struct attempt {
	struct lw_enclave *enclave;
	const struct lw_clock *clock;
	enum lw_timekeeping what;
	int64_t at;
	struct lw_policy *policy;
	struct lw_interval before;
	struct lw_approvals approvals;
	const char *why; /* it is refused; NULL: it is not */
};

static void write_statement(const struct attempt *a, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };
	char hex[65], time[LW_TIME_TEXT];

	lw_json_w_object(&w);
	lw_json_w_member(&w, "_type", "https://in-toto.io/Statement/v1");
	lw_json_w_key(&w, "predicate");
	lw_json_w_object(&w);
	lw_json_w_member(&w, "at", lw_time_format(a->at, time));
	lw_json_w_member(&w, "bootId", a->clock->boot_id);
	lw_json_w_member_integer(&w, "bootSeconds", a->clock->boot_sec);
	lw_json_w_end_object(&w);
	lw_json_w_member(&w, "predicateType", kinds[a->what].predicate_type);
	lw_json_w_key(&w, "subject");
	lw_json_w_array(&w);
	lw_json_w_object(&w);
	lw_json_w_key(&w, "digest");
	lw_json_w_object(&w);
	lw_json_w_member(&w, "sha256", lw_digest_hex(&a->enclave->identity, hex));
	lw_json_w_end_object(&w);
	lw_json_w_member(&w, "name", "identity.json");
	lw_json_w_end_object(&w);
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

/* The policy's key that is this private key's public half, or SIZE_MAX. */
static size_t key_index(const struct lw_policy *p, const struct lw_digest *id)
{
	size_t signer;

	for (size_t i = 0; i < lw_policy_key_count(p, LW_KEYS_OWN); i++)
		if (lw_digest_equal(
			    lw_key_fingerprint(lw_policy_key_at(p, LW_KEYS_OWN, i, &signer)),
			    id))
			return i;
	return SIZE_MAX;
}

static int sign_and_count(struct attempt *a, struct lw_private_key *const *keys, size_t n,
			  struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf payload = { 0 };
	LW_AUTO(buf) struct lw_buf message = { 0 };
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	struct lw_claim claims[LW_MAX_APPROVALS] = { 0 };
	struct lw_verdict v = { 0 };
	int r = 0;

	write_statement(a, &payload);
	lw_dsse_pae(LW_DSSE_IN_TOTO, lw_buf_span(&payload), &message);
	for (size_t i = 0; i < n && r == 0; i++) {
		LW_AUTO(buf) struct lw_buf der = { 0 };
		struct lw_dsse_signature *s = &d.signatures[d.n_signatures++];

		r = lw_private_key_public(keys[i], &der, e);
		if (r == 0)
			r = lw_private_key_sign(keys[i], lw_buf_span(&message), &s->sig, e);
		claims[i].keyid = lw_digest_of(lw_buf_span(&der));
		claims[i].sig = lw_buf_span(&s->sig);
		claims[i].matches[0] = key_index(a->policy, &claims[i].keyid);
		claims[i].n_matches = claims[i].matches[0] != SIZE_MAX;
	}
	if (r == 0)
		lw_approvals_count(a->policy, lw_buf_span(&payload), claims, d.n_signatures, &v,
				   &a->approvals);
	if (r == 0 && !lw_verdict_clear(&v))
		r = lw_fail(e, LW_E_SIGNATURE, "a signature cannot be counted");
	lw_verdict_release(&v);
	return r;
}

static int require_people(const struct attempt *a, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf have = { 0 };
	const struct lw_group *g = &a->policy->time;

	if (g->threshold == 0)
		return lw_fail(e, LW_E_UNSUPPORTED,
			       "policy names nobody who may attest the time");
	if (lw_approvals_people(a->policy, g, &a->approvals) >= g->threshold)
		return 0;
	lw_approvals_describe(a->policy, g, &a->approvals, &have);
	return lw_fail(e, LW_E_SIGNATURE, "want %llu people, have %s",
		       (unsigned long long)g->threshold, lw_buf_str(&have));
}

static int require_plausible(const struct attempt *a, struct lw_error *e)
{
	int64_t least = a->what == LW_TIME_ATTEST ? a->before.lo : lw_released();
	char want[LW_TIME_TEXT], most[LW_TIME_TEXT], have[LW_TIME_TEXT];

	if (a->at >= least && a->at <= lw_released() + PLAUSIBLE_SEC)
		return 0;
	return lw_fail(e, LW_E_CONFLICT, "want a time from %s to %s, have %s",
		       lw_time_format(least, want),
		       lw_time_format(lw_released() + PLAUSIBLE_SEC, most),
		       lw_time_format(a->at, have));
}

static void fill(struct lw_json_writer *w, const void *data)
{
	const struct attempt *a = data;
	char time[LW_TIME_TEXT];

	lw_json_w_member(w, "at", lw_time_format(a->at, time));
	lw_json_w_key(w, "attestedBy");
	lw_json_w_array(w);
	for (size_t i = 0; i < a->approvals.n_signers; i++)
		if (a->approvals.by_signer[i] == LW_APPROVAL_GOOD)
			lw_json_w_string(w, a->policy->signers[i].name);
	lw_json_w_end_array(w);
	lw_json_w_member(w, "floorBefore", lw_time_format(a->before.lo, time));
	if (a->why) {
		char shown[512];

		lw_json_w_member(w, "why", lw_text_settle(a->why, shown, sizeof(shown)));
	}
}

static int add_record(const struct attempt *a, struct lw_head *ret_head, struct lw_error *e)
{
	struct lw_record_time time = lw_intake_record_time(&a->before, a->clock);

	return lw_record_add(a->enclave->state, kinds[a->what].event,
			     a->why ? "refused" : "done", "", &time, fill, a, ret_head, e);
}

/* Who tried to move the time and may not stands in the book like any other attempt. Returns the
 * error it was refused with, or the book's own. */
static int refuse(struct attempt *a, struct lw_head *ret_head, struct lw_error *e)
{
	struct lw_state *s = a->enclave->state;
	struct lw_error broken = { 0 };

	a->why = e->text;

	int r = lw_state_begin(s, &broken);
	if (r == 0)
		r = add_record(a, ret_head, &broken);
	if (r == 0)
		r = lw_state_commit(s, &broken);
	if (r == 0)
		return -(int)e->code;
	lw_state_rollback(s);
	*e = broken;
	return r;
}

static int store(const struct attempt *a, struct lw_head *ret_head, struct lw_error *e)
{
	struct lw_state *s = a->enclave->state;
	int r = lw_state_begin(s, e);

	if (r == 0 && a->what == LW_TIME_RESET)
		r = lw_state_set_integer(s, "time.floor", a->at, e);
	if (r == 0)
		r = lw_state_set_integer(s, "time.attested.at", a->at, e);
	if (r == 0)
		r = lw_state_set_integer(s, "time.attested.boot-sec", a->clock->boot_sec, e);
	if (r == 0)
		r = lw_state_set(s, "time.attested.boot-id", lw_span_str(a->clock->boot_id), e);
	if (r == 0)
		r = add_record(a, ret_head, e);
	if (r == 0)
		r = lw_state_commit(s, e);
	if (r < 0)
		lw_state_rollback(s);
	return r;
}

int lw_timekeeping_apply(struct lw_enclave *enclave, const struct lw_clock *clock,
			 enum lw_timekeeping what, int64_t at,
			 struct lw_private_key *const *keys, size_t n_keys,
			 struct lw_head *ret_head, struct lw_error *e)
{
	LW_AUTO(policy) struct lw_policy *policy = NULL;
	struct attempt a = { .enclave = enclave, .clock = clock, .what = what, .at = at };
	int r = lw_intake_policy(enclave, &policy, e);

	a.policy = policy;
	if (r == 0)
		r = lw_intake_interval(enclave, policy, clock, &a.before, e);
	if (r == 0 && !clock->boot_id[0])
		r = lw_fail(e, LW_E_UNSUPPORTED,
			    "this system does not tell which boot it is in");
	if (r == 0 && n_keys > LW_MAX_APPROVALS)
		r = lw_fail(e, LW_E_USAGE, "want at most %d keys, have %zu", LW_MAX_APPROVALS,
			    n_keys);
	if (r < 0)
		return r;
	r = sign_and_count(&a, keys, n_keys, e);
	if (r == 0)
		r = require_people(&a, e);
	if (r == 0)
		r = require_plausible(&a, e);
	if (r == 0)
		r = store(&a, ret_head, e);
	else if (e->code != LW_E_KEY) /* a key that could not sign is no refusal */
		r = refuse(&a, ret_head, e);
	lw_approvals_release(&a.approvals);
	return r;
}
