/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/intake_internal.h"
#include "bundle/sitting.h"
#include "bundle/trust_update.h"

#include "base/mem.h"
#include "custody/discard.h"

#define EXPIRING_SEC                                                                           \
	((int64_t)30 * 86400) /* how long before the enclave's own trust expires               \
			       */

/* The gates in their order. Gate 1 (the door) comes before a medium reaches us; gate 6 runs
 * inside the transaction that also takes the record. */
static const struct {
	enum lw_gate gate;
	void (*judge)(struct lw_intake *in);
} gates[] = {
	{ LW_GATE_SEAL, lw_gate_seal },
	{ LW_GATE_FRESHNESS, lw_gate_freshness },
	{ LW_GATE_CONTENT, lw_gate_content },
	{ LW_GATE_SEAL, lw_gate_trust },
	{ LW_GATE_CONTENT, lw_gate_content_named },
	{ LW_GATE_EVIDENCE, lw_gate_evidence },
	/* what is not signed as policy asks is refused before the gigabytes are read */
	{ LW_GATE_CONTENT, lw_gate_content_rest },
};

void lw_intake_failed(struct lw_intake *in, const struct lw_error *e)
{
	lw_verdict_add(&in->result->verdict,
		       e->code == LW_E_NOSPACE ? LW_FINDING_SYSTEM_SPACE
					       : LW_FINDING_SYSTEM_ERROR,
		       in->object, "", e->text);
}

bool lw_intake_stopped(struct lw_intake *in)
{
	const atomic_bool *stop = in->options->stop;
	struct lw_error e = { 0 };

	if (!stop || !atomic_load(stop))
		return false;
	(void)lw_fail(&e, LW_E_BUSY, "stopped");
	lw_intake_failed(in, &e);
	return true;
}

static int read_trust_file(void *data, const char *name, struct lw_buf *out, struct lw_error *e)
{
	return lw_state_trust_get(data, name, out, e);
}

int lw_intake_policy(struct lw_enclave *enclave, struct lw_policy **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	struct lw_policy_files files = { .read = read_trust_file, .data = enclave->state };
	int r = lw_state_trust_get(enclave->state, "policy.json", &bytes, e);

	return r < 0 ? r : lw_policy_parse(lw_buf_span(&bytes), &files, ret, e);
}

static int get_attested(struct lw_state *state, struct lw_attested *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf boot = { 0 };
	int r = lw_state_get_integer(state, "time.attested.at", &ret->at, e);

	if (r == 0)
		r = lw_state_get_integer(state, "time.attested.boot-sec", &ret->boot_sec, e);
	if (r < 0 || ret->at == 0)
		return r;
	r = lw_state_get(state, "time.attested.boot-id", &boot, e);
	if (r == 0)
		(void)snprintf(ret->boot_id, sizeof(ret->boot_id), "%s", lw_buf_str(&boot));
	return r;
}

int lw_intake_interval(struct lw_enclave *enclave, const struct lw_policy *policy,
		       const struct lw_clock *clock, struct lw_interval *ret,
		       struct lw_error *e)
{
	struct lw_attested attested = { 0 };
	int64_t floor = 0;
	int r = lw_state_get_integer(enclave->state, "time.floor", &floor, e);

	if (r == 0)
		r = get_attested(enclave->state, &attested, e);
	if (r == 0)
		*ret = lw_interval_now(clock, floor, &attested, policy->clock_trusted);
	return r;
}

void lw_intake_judge_time(const struct lw_interval *now, const char *object,
			  struct lw_verdict *v)
{
	char lo[LW_TIME_TEXT], hi[LW_TIME_TEXT];

	if (now->source == LW_HI_UNKNOWN)
		lw_verdict_add(v, LW_FINDING_TIME_UNKNOWN, object, "a time to judge by",
			       "none");
	else if (now->behind)
		lw_verdict_add(v, LW_FINDING_TIME_BEHIND_FLOOR, object,
			       lw_time_format(now->lo, lo), lw_time_format(now->hi, hi));
}

bool lw_intake_is_expired(int64_t until, const struct lw_interval *now)
{
	return until != 0 && now->source != LW_HI_UNKNOWN && until <= now->hi;
}

void lw_intake_judge_until(int64_t until, const struct lw_interval *now, struct lw_verdict *v)
{
	char end[LW_TIME_TEXT], hi[LW_TIME_TEXT + 8];

	if (until == 0 || now->source == LW_HI_UNKNOWN || until - now->hi > EXPIRING_SEC)
		return;
	(void)snprintf(hi, sizeof(hi), "good at %s", lw_time_format(now->hi, end));
	lw_verdict_addf(v,
			lw_intake_is_expired(until, now) ? LW_FINDING_TRUST_EXPIRED
							 : LW_FINDING_TRUST_EXPIRING,
			"the enclave's repository", hi, "until %s", lw_time_format(until, end));
}

int lw_intake_own_trust(struct lw_enclave *enclave, const struct lw_interval *now,
			struct lw_verdict *v, struct lw_error *e)
{
	int64_t until = 0;
	int r = lw_state_get_integer(enclave->state, "trust.until", &until, e);

	if (r == 0)
		lw_intake_judge_until(until, now, v);
	return r;
}

struct lw_record_time lw_intake_record_time(const struct lw_interval *i,
					    const struct lw_clock *clock)
{
	return (struct lw_record_time){
		.utc = i->source == LW_HI_UNKNOWN ? clock->wall_sec : i->hi,
		.source = lw_hi_source_name(i->source),
		.floor = i->lo,
		.boot_sec = clock->boot_sec,
		.boot_id = clock->boot_id,
	};
}

int lw_intake_open(struct lw_intake *in, struct lw_error *e)
{
	int r = lw_intake_policy(in->enclave, &in->policy, e);

	if (r == 0)
		r = lw_state_get_integer(in->enclave->state, "trust.version",
					 &in->trust_version, e);
	if (r == 0)
		r = lw_intake_interval(in->enclave, in->policy, &in->clock,
				       &in->result->interval, e);
	if (r < 0)
		return r;

	struct lw_error unreadable = { 0 };

	(void)snprintf(in->object, sizeof(in->object), "%s", in->options->path);
	r = in->options->folder
		    ? lw_medium_open_beneath(*in->options->folder, in->options->path,
					     &in->medium, &in->fd, &unreadable)
		    : lw_medium_open(in->options->path, &in->medium, &in->fd, &unreadable);
	/* A slip of the hand, not an attempt; but what was listed was there. */
	if (r == -LW_E_NOTFOUND && !in->options->folder) {
		*e = unreadable;
		return r;
	}
	if (r < 0)
		lw_verdict_add(&in->result->verdict, LW_FINDING_SEAL_UNREADABLE,
			       in->options->path, "a readable file or device", unreadable.text);
	return 0;
}

/* What stays behind is cleared at the next start. */
static void unstage(struct lw_intake *in)
{
	struct lw_error ignored = { 0 };

	(void)!lw_store_clear_staged(in->enclave->store, &ignored);
	for (size_t i = 0; i < in->entries.n; i++)
		if (in->entries.list[i].flags & LW_ENTRY_PLACED)
			(void)!lw_store_remove(in->enclave->store, &in->entries.list[i].digest,
					       &ignored);
}

void lw_intake_close(struct lw_intake *in)
{
	if (in->staged)
		unstage(in);
	in->enclave->staging = false;
	for (size_t i = 0; in->needs && i < in->result->contents.n_images; i++)
		free(in->needs[i].entries);
	free(in->needs);
	free(in->zones);
	lw_sitting_close(in->sitting);
	lw_repositories_close(in->repositories);
	lw_entries_release(&in->entries);
	for (size_t i = 0; i < in->n_seals; i++)
		lw_buf_free(&in->seals[i].bytes);
	free(in->seals);
	lw_approvals_release(&in->approvals);
	lw_policy_free(in->policy);
	if (in->documents >= 0)
		(void)close(in->documents);
	if (in->fd >= 0)
		(void)close(in->fd);
}

static unsigned gates_to_pass(const struct lw_intake *in)
{
	if (in->options->trust_only)
		return 1u << LW_GATE_SEAL | 1u << LW_GATE_FRESHNESS;

	unsigned bits = in->options->purpose == LW_INTAKE_LOAD ? 1u << LW_GATE_COMMIT : 0;

	for (size_t i = 0; i < LW_COUNT_OF(gates); i++)
		bits |= 1u << gates[i].gate;
	return bits;
}

/* The transaction of an attempt that did not end in a load: its record, nothing else. */
static int commit_record(struct lw_intake *in, struct lw_error *e)
{
	int r = lw_state_begin(in->enclave->state, e);

	if (r == 0)
		r = lw_sitting_keep(in, e);
	if (r == 0)
		r = lw_intake_record(in,
				     in->options->purpose == LW_INTAKE_LOAD ? LW_EVENT_LOAD
									    : LW_EVENT_VERIFY,
				     e);
	if (r == 0)
		r = lw_state_commit(in->enclave->state, e);
	if (r < 0)
		lw_state_rollback(in->enclave->state);
	return r;
}

/* What it overtook can never be accepted: it would be kept until it expires, and is told of
 * behind the load. */
static int discard_passed(struct lw_intake *in, struct lw_error *e)
{
	const struct lw_statement *s = &in->result->statement;
	const struct lw_record_time time =
		lw_intake_record_time(&in->result->interval, &in->clock);

	return lw_discard_passed(in->enclave->state, s->sender, s->sequence, &time,
				 &in->result->head, e);
}

/* State, acceptance and record in one transaction. On any failure nothing of it stands, and the
 * verdict says so. */
static void commit_load(struct lw_intake *in)
{
	struct lw_verdict *v = &in->result->verdict;
	struct lw_error e = { 0 };
	int r = lw_state_begin(in->enclave->state, &e);

	if (r == 0)
		lw_gate_commit(in);
	if (r == 0 && lw_verdict_conclude(v, gates_to_pass(in)) == LW_ACCEPTED) {
		r = lw_intake_record(in, LW_EVENT_LOAD, &e);
		if (r == 0)
			r = discard_passed(in, &e);
		if (r == 0)
			r = lw_state_commit(in->enclave->state, &e);
		if (r == 0)
			return;
	}
	lw_state_rollback(in->enclave->state);
	if (r < 0)
		lw_intake_failed(in, &e);
	(void)lw_verdict_conclude(v, gates_to_pass(in));
}

/* No gate follows one that said no; but new trust is not held up by a damaged image. */
static bool goes_on(const struct lw_intake *in, void (*judge)(struct lw_intake *))
{
	return lw_verdict_clear(&in->result->verdict) ||
	       (judge == lw_gate_trust && in->own && in->documents_read);
}

bool lw_intake_loads(const struct lw_intake *in)
{
	return in->options->purpose == LW_INTAKE_LOAD && !in->options->trust_only;
}

static void tell_gate(const struct lw_intake *in, enum lw_gate gate)
{
	if (in->options->at_gate)
		in->options->at_gate(in->options->at_gate_data, gate, in->result);
}

int lw_intake_run(struct lw_enclave *enclave, const struct lw_clock *clock,
		  const struct lw_intake_options *options, struct lw_intake_result *ret,
		  struct lw_error *e)
{
	struct lw_intake in = { .enclave = enclave,
				.options = options,
				.clock = *clock,
				.fd = -1,
				.documents = -1,
				.telling = PTHREAD_MUTEX_INITIALIZER,
				.result = ret };
	struct lw_verdict *v = &ret->verdict;
	int r = lw_record_head(enclave->state, &ret->head, e);

	ret->record = ret->head.count;
	if (r == 0)
		r = lw_intake_open(&in, e);
	if (r == 0 && lw_intake_loads(&in))
		r = lw_sitting_expire(&in, e);
	for (size_t i = 0; r == 0 && i < LW_COUNT_OF(gates); i++) {
		if (goes_on(&in, gates[i].judge) && !lw_intake_stopped(&in)) {
			tell_gate(&in, gates[i].gate);
			gates[i].judge(&in);
		}
		if (options->trust_only && gates[i].judge == lw_gate_trust)
			break;
	}
	ret->bytes_read = atomic_load(&in.medium.bytes_read);
	if (r == 0 && lw_intake_loads(&in) && lw_verdict_clear(v) && !lw_intake_stopped(&in)) {
		tell_gate(&in, LW_GATE_COMMIT);
		commit_load(&in);
	} else {
		(void)lw_verdict_conclude(v, gates_to_pass(&in));
	}
	/* What was accepted has its record: the load's, or the update's. */
	if (r == 0 && !(options->purpose == LW_INTAKE_LOAD && v->outcome == LW_ACCEPTED))
		r = commit_record(&in, e);
	else if (r == 0 && options->trust_only)
		ret->record = ret->trust_record;
	lw_intake_close(&in);
	if (r < 0)
		v->outcome = LW_FAILED;
	return r;
}

void lw_intake_release(struct lw_intake_result *r)
{
	for (size_t i = 0; r->judgements && i < r->contents.n_images; i++)
		free(r->judgements[i]);
	free(r->judgements);
	lw_verdict_release(&r->verdict);
	lw_contents_release(&r->contents);
	if (r->trust)
		lw_trust_updated_release(r->trust);
	free(r->trust);
	free(r->approvals);
	free(r->approvers);
	free(r->followed);
	free(r->moved);
	free(r->new_image);
	free(r->missing);
	free(r->lacking);
}
