/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/approval.h"

#include "base/mem.h"
#include "verify/dsse.h"

/* The index of the key with this fingerprint, or SIZE_MAX. */
static size_t key_by_id(const struct lw_policy *p, const struct lw_digest *id)
{
	size_t n = lw_policy_key_count(p, LW_KEYS_OWN), signer;

	for (size_t i = 0; i < n; i++)
		if (lw_digest_equal(
			    lw_key_fingerprint(lw_policy_key_at(p, LW_KEYS_OWN, i, &signer)),
			    id))
			return i;
	return SIZE_MAX;
}

/* Judges one signature; returns the signer it speaks for, or SIZE_MAX. */
static size_t judge(const struct lw_policy *p, struct lw_span message, const struct lw_claim *c,
		    struct lw_verdict *v, bool *ret_known)
{
	size_t speaks_for = SIZE_MAX;

	for (size_t m = 0; m < c->n_matches && m < LW_MAX_MATCHES; m++) {
		size_t signer = 0;
		const struct lw_key *k =
			lw_policy_key_at(p, LW_KEYS_OWN, c->matches[m], &signer);

		if (!k || lw_key_confirm(k, message, c->sig) != LW_KEY_GOOD)
			continue;
		*ret_known = true;
		if (speaks_for != SIZE_MAX && speaks_for != signer) {
			lw_verdict_add(v, LW_FINDING_SEAL_SIGNATURE_AMBIGUOUS,
				       p->signers[signer].name, "one signer",
				       p->signers[speaks_for].name);
			return SIZE_MAX;
		}
		speaks_for = signer;
	}
	if (speaks_for != SIZE_MAX)
		return speaks_for;

	/* Nothing fits. If it claims to be by a key we trust, that is not "absent" but "bad".
	 */
	size_t named = key_by_id(p, &c->keyid), signer = 0;
	const struct lw_key *k =
		named == SIZE_MAX ? NULL : lw_policy_key_at(p, LW_KEYS_OWN, named, &signer);

	if (k && lw_key_verify(k, message, c->sig) == LW_KEY_BAD) {
		*ret_known = true;
		lw_verdict_add(v, LW_FINDING_SEAL_SIGNATURE_BAD, p->signers[signer].name,
			       "a signature over this statement", "one that does not verify");
	}
	return SIZE_MAX;
}

void lw_approvals_count(const struct lw_policy *p, struct lw_span payload,
			const struct lw_claim *claims, size_t n, struct lw_verdict *v,
			struct lw_approvals *ret)
{
	LW_AUTO(buf) struct lw_buf message = { 0 };

	ret->by_signer = lw_alloc_array(p->n_signers, sizeof(*ret->by_signer));
	ret->n_signers = p->n_signers;
	ret->n_unknown = 0;
	lw_dsse_pae(LW_DSSE_IN_TOTO, payload, &message);
	for (size_t i = 0; i < n; i++) {
		bool known = false;
		size_t signer = judge(p, lw_buf_span(&message), &claims[i], v, &known);

		if (signer != SIZE_MAX)
			ret->by_signer[signer] = LW_APPROVAL_GOOD;
		ret->n_unknown += !known;
	}
	for (size_t i = 0; i < p->n_signers; i++)
		/* A signature by nobody known may be theirs, where one of their keys cannot be
		 * checked. */
		if (ret->by_signer[i] == LW_APPROVAL_ABSENT &&
		    p->signers[i].n_own_unsupported > 0 &&
		    (p->signers[i].n_own_keys == 0 || ret->n_unknown > 0))
			ret->by_signer[i] = LW_APPROVAL_UNSUPPORTED;
}

void lw_approvals_release(struct lw_approvals *a)
{
	free(a->by_signer);
	*a = (struct lw_approvals){ 0 };
}

size_t lw_approvals_people(const struct lw_policy *p, const struct lw_group *g,
			   const struct lw_approvals *a)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_signers; i++) {
		bool counted = a->by_signer[g->signers[i]] != LW_APPROVAL_GOOD;

		for (size_t j = 0; j < i && !counted; j++)
			counted = a->by_signer[g->signers[j]] == LW_APPROVAL_GOOD &&
				  strcmp(p->signers[g->signers[i]].owner,
					 p->signers[g->signers[j]].owner) == 0;
		n += !counted;
	}
	return n;
}

void lw_approvals_describe(const struct lw_policy *p, const struct lw_group *g,
			   const struct lw_approvals *a, struct lw_buf *out)
{
	static const char *const words[] = { " absent", " \xe2\x9c\x93", " cannot be checked" };

	lw_buf_printf(out, "%zu of %zu:", lw_approvals_people(p, g, a), lw_policy_owners(p, g));
	for (size_t i = 0; i < g->n_signers; i++)
		lw_buf_printf(out, " %s%s", p->signers[g->signers[i]].name,
			      words[a->by_signer[g->signers[i]]]);
	if (a->n_unknown)
		lw_buf_printf(out, " (and %zu by nobody known here)", a->n_unknown);
}

static bool met(const struct lw_policy *p, const struct lw_sender *s,
		const struct lw_approvals *a)
{
	return s->approvers.threshold > 0 &&
	       lw_approvals_people(p, &s->approvers, a) >= s->approvers.threshold;
}

/* Whom to speak of when nobody's threshold is met. */
static const struct lw_sender *nearest(const struct lw_policy *p, const struct lw_approvals *a,
				       const char *claimed)
{
	const struct lw_sender *best = claimed ? lw_policy_sender(p, claimed) : NULL;

	if (best)
		return best;
	for (size_t i = 0; i < p->n_senders; i++)
		if (!best || lw_approvals_people(p, &p->senders[i].approvers, a) >
				     lw_approvals_people(p, &best->approvers, a))
			best = &p->senders[i];
	return best;
}

static void report_shortfall(const struct lw_policy *p, const struct lw_sender *s,
			     const struct lw_approvals *a, const char *object,
			     struct lw_verdict *v)
{
	LW_AUTO(buf) struct lw_buf found = { 0 };
	char expected[192];

	if (!s) {
		lw_verdict_add(v, LW_FINDING_SEAL_UNAPPROVED, object, "a sender in the policy",
			       "none");
		return;
	}
	(void)snprintf(expected, sizeof(expected), "%llu of %zu approvals for sender %s",
		       (unsigned long long)s->approvers.threshold,
		       lw_policy_owners(p, &s->approvers), s->name);
	lw_approvals_describe(p, &s->approvers, a, &found);
	lw_verdict_add(v,
		       lw_approvals_people(p, &s->approvers, a) > 0
			       ? LW_FINDING_SEAL_THRESHOLD
			       : LW_FINDING_SEAL_UNAPPROVED,
		       object, expected, lw_buf_str(&found));
}

const struct lw_sender *lw_approvals_prove(const struct lw_policy *p, struct lw_span payload,
					   const struct lw_approvals *a, const char *claimed,
					   const char *object, struct lw_verdict *v,
					   struct lw_proven *ret_payload)
{
	const struct lw_sender *first = claimed ? lw_policy_sender(p, claimed) : NULL;

	for (size_t i = 0; i < p->n_signers; i++)
		if (a->by_signer[i] == LW_APPROVAL_UNSUPPORTED)
			lw_verdict_add(v, LW_FINDING_SEAL_KEY_UNSUPPORTED, p->signers[i].name,
				       "a key this program can check", "none");
	if (first && met(p, first, a)) {
		ret_payload->bytes = payload;
		return first;
	}
	for (size_t i = 0; i < p->n_senders; i++)
		if (met(p, &p->senders[i], a)) {
			ret_payload->bytes = payload;
			return &p->senders[i];
		}
	report_shortfall(p, nearest(p, a, claimed), a, object, v);
	return NULL;
}
