/* SPDX-License-Identifier: Apache-2.0 */
/* Gate 2: do m of n of this sender's approvers vouch for the statement, and is it for us? */
#include "base/fs.h"
#include "base/mem.h"
#include "bundle/head.h"
#include "bundle/intake_internal.h"
#include "bundle/sitting.h"

/* All seals that were read for this bundle: its own, and those of approval files. */
struct seals {
	struct lw_box_seal *list;
	size_t n;
	struct lw_claim *claims;
	size_t n_claims, n_fresh_claims; /* the fresh ones come first */
};

static void auto_seals(struct seals *s)
{
	for (size_t i = 0; i < s->n; i++)
		lw_box_seal_release(&s->list[i]);
	free(s->list);
	free(s->claims);
}

static void seal_fault(struct lw_intake *in, const char *object, const struct lw_error *e)
{
	enum lw_finding_id id = LW_FINDING_SEAL_FORMAT;

	if (e->code == LW_E_STATE) {
		lw_intake_failed(in, e);
		return;
	}

	if (e->code == LW_E_TRUNCATED || e->code == LW_E_IO || e->code == LW_E_NOTFOUND)
		id = LW_FINDING_SEAL_UNREADABLE;
	else if (e->code == LW_E_JAIL)
		id = LW_FINDING_SEAL_BOX;
	lw_verdict_add(&in->result->verdict, id, object, "a seal of format 1", e->text);
}

static size_t count_good(const struct lw_approvals *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_signers; i++)
		n += a->by_signer[i] == LW_APPROVAL_GOOD;
	return n;
}

/* How many approve by these, and nothing else about them. */
static size_t count_quietly(const struct lw_intake *in, const struct seals *s,
			    const struct lw_claim *claims, size_t n)
{
	LW_AUTO(verdict) struct lw_verdict ignored = { 0 };
	struct lw_approvals approvals = { 0 };
	size_t good;

	lw_approvals_count(in->policy, lw_buf_span(&s->list[0].seal.payload), claims, n,
			   &ignored, &approvals);
	good = count_good(&approvals);
	lw_approvals_release(&approvals);
	return good;
}

/* Of what was kept of another volume only approvals count: who made that medium says nothing of
 * this one by what is bad there. */
static void take_claims(const struct lw_intake *in, struct seals *s,
			const struct lw_box_seal *from, bool only_good)
{
	s->claims = lw_realloc_array(s->claims, s->n_claims + from->seal.n_signatures,
				     sizeof(*s->claims));
	for (size_t i = 0; i < from->seal.n_signatures; i++)
		if (!only_good || count_quietly(in, s, &from->claims[i], 1) > 0)
			s->claims[s->n_claims++] = from->claims[i];
}

/* Read once, and kept: if the bundle brings another trust, that one judges it too. */
static int keep_seal(struct lw_intake *in, struct lw_medium *medium, const char *object,
		     struct lw_error *e)
{
	struct lw_kept_seal *kept = &in->seals[in->n_seals++];

	kept->object = object;
	return lw_head_read_seal(medium, &kept->bytes, e);
}

/* An approval that travels beside the bundle. */
static int keep_approval(struct lw_intake *in, const char *path, struct lw_error *e)
{
	struct lw_medium medium;
	lw_auto_fd int fd = -1;
	int r = lw_medium_open(path, &medium, &fd, e);

	return r < 0 ? r : keep_seal(in, &medium, path, e);
}

/* One of the kept seals through the box; an approval must be of the same bundle. */
static bool point(struct lw_intake *in, size_t i, struct seals *s)
{
	const struct lw_kept_seal *kept = &in->seals[i];
	const bool recalled = in->n_fresh_seals > 0 && i >= in->n_fresh_seals;
	struct lw_box_seal *seal = &s->list[s->n++];
	struct lw_error e = { 0 };

	if (lw_box_seal(in->options->judge, lw_buf_span(&kept->bytes), in->policy, seal, &e) <
	    0) {
		seal_fault(in, kept->object, &e);
		return false;
	}
	if (!lw_span_equal(lw_buf_span(&s->list[0].seal.payload),
			   lw_buf_span(&seal->seal.payload))) {
		struct lw_digest d = lw_digest_of(lw_buf_span(&seal->seal.payload));
		char text[LW_DIGEST_TEXT];

		lw_verdict_add(&in->result->verdict, LW_FINDING_SEAL_APPROVAL_OTHER,
			       kept->object, in->object, lw_digest_text(&d, text));
		return false;
	}
	take_claims(in, s, seal, recalled);
	return true;
}

/* An approval found on any volume counts for all: those that were kept are judged again. */
static bool recall_seals(struct lw_intake *in, struct seals *s)
{
	struct lw_error e = { 0 };

	if (lw_sitting_recall(in, &e) < 0) {
		lw_intake_failed(in, &e);
		return false;
	}
	for (size_t i = in->n_fresh_seals; i < in->n_seals; i++)
		if (!point(in, i, s))
			return false;
	return true;
}

static bool read_seals(struct lw_intake *in, struct seals *s)
{
	size_t n = in->options->n_approvals, most = n + 1 + LW_MAX_PENDING_SEALS;
	struct lw_error e = { 0 };
	char text[LW_DIGEST_TEXT];

	in->seals = lw_alloc_array(most, sizeof(*in->seals));
	s->list = lw_alloc_array(most, sizeof(*s->list));
	if (keep_seal(in, &in->medium, in->object, &e) < 0) {
		seal_fault(in, in->object, &e);
		return false;
	}
	if (!point(in, 0, s))
		return false;
	in->jail = s->list[0].level;
	in->claimed_volumes = s->list[0].claimed_volumes;
	in->result->bundle = lw_digest_of(lw_buf_span(&s->list[0].seal.payload));
	(void)snprintf(in->object, sizeof(in->object), "bundle %s",
		       lw_digest_text(&in->result->bundle, text));
	for (size_t i = 0; i < n; i++) {
		const char *path = in->options->approvals[i];

		if (keep_approval(in, path, &e) < 0) {
			seal_fault(in, path, &e);
			return false;
		}
		if (!point(in, i + 1, s))
			return false;
	}
	in->n_fresh_seals = in->n_seals;
	s->n_fresh_claims = s->n_claims;
	return recall_seals(in, s);
}

/* The proven statement: from here on it may be read. */
static void judge_statement(struct lw_intake *in, struct lw_proven payload)
{
	struct lw_verdict *v = &in->result->verdict;
	struct lw_statement *s = &in->result->statement;
	struct lw_error e = { 0 };
	char want[LW_DIGEST_TEXT], have[LW_DIGEST_TEXT];

	if (lw_statement_parse(payload, s, &e) < 0) {
		lw_verdict_add(v, LW_FINDING_SEAL_STATEMENT, in->object,
			       "a statement of format 1", e.text);
		return;
	}
	in->result->proven = true;
	if (strcmp(s->sender, in->sender->name) != 0)
		lw_verdict_add(v, LW_FINDING_SEAL_SENDER, in->object, in->sender->name,
			       s->sender);
	if (s->any_audience ? !in->sender->any_audience
			    : !lw_digest_equal(&s->audience, &in->enclave->identity))
		lw_verdict_add(v, LW_FINDING_SEAL_AUDIENCE, in->object,
			       lw_digest_text(&in->enclave->identity, want),
			       s->any_audience ? "any enclave"
					       : lw_digest_text(&s->audience, have));
}

/* The policy does not outlive the intake. */
static void keep_approvers(struct lw_intake *in)
{
	const struct lw_group *g = &in->sender->approvers;
	struct lw_intake_result *r = in->result;

	r->threshold = g->threshold;
	r->approvers = lw_alloc_array(g->n_signers, sizeof(*r->approvers));
	for (size_t i = 0; i < g->n_signers; i++) {
		const struct lw_signer *s = &in->policy->signers[g->signers[i]];
		struct lw_approver *a = &r->approvers[r->n_approvers++];

		(void)snprintf(a->signer, sizeof(a->signer), "%s", s->name);
		(void)snprintf(a->owner, sizeof(a->owner), "%s", s->owner);
		a->approval = in->approvals.by_signer[g->signers[i]];
	}
}

/* Whether the approvals that came now are worth keeping for what comes later. */
static bool brings_more(const struct lw_intake *in, const struct seals *s)
{
	return count_good(&in->approvals) > count_quietly(in, s, s->claims + s->n_fresh_claims,
							  s->n_claims - s->n_fresh_claims);
}

static void judge(struct lw_intake *in, const struct seals *s)
{
	LW_AUTO(buf) struct lw_buf described = { 0 };
	struct lw_verdict *v = &in->result->verdict;
	struct lw_span payload = lw_buf_span(&s->list[0].seal.payload);
	struct lw_proven proven;

	lw_approvals_count(in->policy, payload, s->claims, s->n_claims, v, &in->approvals);
	in->more_approvals = brings_more(in, s);
	in->sender = lw_approvals_prove(in->policy, payload, &in->approvals,
					s->list[0].claimed_sender, in->object, v, &proven);
	if (!in->sender)
		return;
	lw_approvals_describe(in->policy, &in->sender->approvers, &in->approvals, &described);
	in->result->approvals = (char *)lw_buf_detach(&described);
	keep_approvers(in);
	judge_statement(in, proven);
	lw_verdict_pass(v, LW_GATE_SEAL);
}

void lw_gate_seal(struct lw_intake *in)
{
	struct seals s __attribute__((cleanup(auto_seals))) = { 0 };

	if (read_seals(in, &s))
		judge(in, &s);
}

void lw_gate_seal_again(struct lw_intake *in)
{
	struct seals s __attribute__((cleanup(auto_seals))) = { 0 };
	bool read = true;

	s.list = lw_alloc_array(in->n_seals, sizeof(*s.list));
	for (size_t i = 0; i < in->n_seals && read; i++) {
		read = point(in, i, &s);
		if (i < in->n_fresh_seals)
			s.n_fresh_claims = s.n_claims;
	}
	free(lw_steal(in->result->approvals));
	free(lw_steal(in->result->approvers));
	in->result->n_approvers = 0;
	lw_approvals_release(&in->approvals);
	in->sender = NULL;
	in->result->proven = false;
	if (read)
		judge(in, &s);
}
