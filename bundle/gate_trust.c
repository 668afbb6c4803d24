/* SPDX-License-Identifier: Apache-2.0 */
/* What a bundle brings of the enclave's own repository (docs/format/enclave.md, "Its own
 * repository"). The trust of now has judged the seal; that repository alone says whether its
 * successor is one, and a load takes it at once, whatever becomes of the rest: a revocation is
 * not held up by the image it comes with. Then the new trust judges seal and freshness, too. */
#include "base/mem.h"
#include "bundle/carried_source.h"
#include "bundle/intake_internal.h"
#include "bundle/standing.h"
#include "bundle/trust_update.h"

/* Its findings are the bundle's. */
static void take_findings(struct lw_intake *in)
{
	const struct lw_verdict *from = &in->result->trust->verdict;

	for (size_t i = 0; i < from->n_findings; i++) {
		const struct lw_finding *f = &from->findings[i];

		lw_verdict_add(&in->result->verdict, f->id, f->object, f->expected, f->found);
	}
}

static int commit(struct lw_intake *in, struct lw_trust_update *u, struct lw_error *e)
{
	int r = lw_trust_update_commit(u, e);

	if (r == 0)
		in->result->trust_record = in->result->trust->head.count - 1;
	if (r == 0)
		r = lw_trust_update_rejudge(u, e);
	if (r == 0)
		r = lw_state_get_integer(in->enclave->state, "trust.version",
					 &in->trust_version, e);
	return r;
}

/* What an update that was cut off has left to be judged again: bases may be among it. */
static int finish_update(struct lw_intake *in, struct lw_error *e)
{
	struct lw_rejudged_marked ignored = { 0 };
	int64_t unjudged = 0;
	int r = lw_state_get_integer(in->enclave->state, LW_TRUST_UNJUDGED, &unjudged, e);

	return r < 0 || unjudged == 0 ? r
				      : lw_rejudge_marked(in->enclave, &in->clock,
							  in->options->judge, &ignored, e);
}

/* The attempt's own record comes later than those. */
static int look_again(struct lw_intake *in, struct lw_error *e)
{
	int r = lw_record_head(in->enclave->state, &in->result->head, e);

	in->result->record = in->result->head.count;
	return r;
}

static int judge_again(struct lw_intake *in, struct lw_trust_update *u, struct lw_error *e)
{
	int r;

	in->sender = NULL; /* points into what goes; so do the approvals' places */
	lw_approvals_release(&in->approvals);
	lw_policy_free(in->policy);
	in->policy = lw_trust_update_policy(u);
	r = lw_intake_interval(in->enclave, in->policy, &in->clock, &in->result->interval, e);
	if (r < 0)
		return r;
	lw_gate_seal_again(in);
	if (lw_verdict_clear(&in->result->verdict))
		lw_gate_freshness(in);
	return 0;
}

static int take(struct lw_intake *in, struct lw_error *e)
{
	struct lw_carried_source source = { in->own, lw_gate_content_carried, in };
	struct lw_trust_update_options options = { .source = lw_carried_own(&source),
						   .claims = in->options->claims,
						   .bundle = &in->result->bundle };
	struct lw_trust_updated *to = lw_alloc_array(1, sizeof(*to));
	LW_AUTO(trust_update) struct lw_trust_update *u = NULL;
	int r;

	in->result->trust = to;
	options.source.program = in->options->judge;
	r = lw_trust_update_open(in->enclave, &in->clock, &options, to, &u, e);
	if (r < 0)
		return r;
	if (to->verdict.outcome == LW_ACCEPTED &&
	    to->now.roles[LW_TUF_ROOT].version < in->own->newest_root)
		lw_verdict_addf(&to->verdict, LW_FINDING_TUF_MISSING,
				"the enclave's repository", "the root that the sender saw",
				"roots up to %lld of %lld",
				(long long)to->now.roles[LW_TUF_ROOT].version,
				(long long)in->own->newest_root);
	take_findings(in);
	if (to->verdict.outcome != LW_ACCEPTED)
		return 0;
	if (in->options->purpose == LW_INTAKE_LOAD && (to->news || in->options->trust_only))
		r = commit(in, u, e);
	if (r == 0 && to->n > 0 && lw_verdict_clear(&in->result->verdict))
		r = judge_again(in, u, e);
	return r;
}

void lw_gate_trust(struct lw_intake *in)
{
	struct lw_verdict *v = &in->result->verdict;
	struct lw_error e = { 0 };
	int64_t until = 0;
	int r = lw_state_get_integer(in->enclave->state, "trust.until", &until, &e);

	if (r == 0 && in->own)
		r = take(in, &e);
	else if (r == 0 && in->options->trust_only)
		lw_verdict_add(v, LW_FINDING_TRUST_ABSENT, in->object,
			       "metadata of the enclave's own repository", "none");
	if (r == 0 && in->options->purpose == LW_INTAKE_LOAD)
		r = finish_update(in, &e);
	if (look_again(in, &e) < 0)
		r = -(int)e.code;
	if (r < 0) {
		lw_intake_failed(in, &e);
		return;
	}
	/* Expired trust has judged nothing but its successor. */
	if (in->result->trust && in->result->trust->verdict.outcome == LW_ACCEPTED &&
	    !lw_intake_is_expired(until, &in->result->interval))
		until = in->result->trust->until;
	lw_intake_judge_until(until, &in->result->interval, v);
}
