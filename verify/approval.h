/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_APPROVAL_H
#define LW_VERIFY_APPROVAL_H

/*
 * Counting approvals: which people of a policy signed these bytes. The box only points
 * ("signature i may be by key k"); every signature is verified here, with the parent's own
 * keys, over the bytes the box handed out. Counted are owners: not keys, not signatures.
 */

#include "verify/policy.h"
#include "verify/proven.h"
#include "verify/verdict.h"

#define LW_MAX_MATCHES 4

/* A signature and what was pointed at. */
struct lw_claim {
	struct lw_span sig;
	struct lw_digest keyid; /* the envelope's hint */
	/* Key indices (lw_policy_key_at, LW_KEYS_OWN) that the box says match. */
	size_t matches[LW_MAX_MATCHES];
	size_t n_matches;
};

enum lw_approval {
	LW_APPROVAL_ABSENT = 0,
	LW_APPROVAL_GOOD,
	LW_APPROVAL_UNSUPPORTED, /* may have signed with a key of a kind we cannot check */
};

struct lw_approvals {
	enum lw_approval *by_signer; /* owned; policy's n_signers of them */
	size_t n_signers;
	size_t n_unknown; /* signatures by nobody the policy knows */
};

/* Verifies the claims over DSSE's PAE of `payload`. Adds findings to the verdict: a signature
 * that names a trusted key and does not verify (SEAL_SIGNATURE_BAD), or that fits two signers
 * (SEAL_SIGNATURE_AMBIGUOUS; it counts for none). *ret is released by lw_approvals_release. */
void lw_approvals_count(const struct lw_policy *p, struct lw_span payload,
			const struct lw_claim *claims, size_t n, struct lw_verdict *v,
			struct lw_approvals *ret);
void lw_approvals_release(struct lw_approvals *a);

/* Distinct owners of the group among the good approvals. */
size_t lw_approvals_people(const struct lw_policy *p, const struct lw_group *g,
			   const struct lw_approvals *a);

/* The sender whose threshold is met, and the payload as proven bytes. Senders are tried in
 * policy order with `claimed` (the box's word of who the payload says it is from; may be NULL)
 * first. Where none is met: NULL, and a finding (SEAL_THRESHOLD or SEAL_UNAPPROVED) for the
 * claimed sender, or for the one that came nearest. */
const struct lw_sender *lw_approvals_prove(const struct lw_policy *p, struct lw_span payload,
					   const struct lw_approvals *a, const char *claimed,
					   const char *object, struct lw_verdict *v,
					   struct lw_proven *ret_payload);

/* "2 of 3: alice ✓ bob ✓ carol absent": appended. */
void lw_approvals_describe(const struct lw_policy *p, const struct lw_group *g,
			   const struct lw_approvals *a, struct lw_buf *out);

#endif
