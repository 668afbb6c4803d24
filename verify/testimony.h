/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_TESTIMONY_H
#define LW_VERIFY_TESTIMONY_H

/*
 * One signature that came with an image, as far as it can be judged without asking what the
 * image needs: whether a key of the policy made it, and what it says. The box points at keys;
 * here each signature is verified again, with the parent's own key, over the bytes handed out.
 *
 * Three outcomes, never mixed: good, bad, and what cannot be checked.
 */

#include "verify/finding.h"
#include "verify/judge.h"
#include "verify/policy.h"

enum lw_testimony_state {
	LW_TESTIMONY_BAD = 0,
	LW_TESTIMONY_UNCHECKED, /* kind, form or key unknown here: not "absent" */
	LW_TESTIMONY_GOOD,	/* a key of the policy signed it, and it can be read */
};
const char *lw_testimony_state_name(enum lw_testimony_state s); /* "bad", "unchecked", "good" */

struct lw_testimony {
	struct lw_digest evidence; /* the manifest it stands in */
	struct lw_digest subject;  /* the manifest that one is attached to */
	const char *kind;	   /* the judge's, static */
	enum lw_testimony_state state;
	enum lw_finding_id finding; /* what it amounts to where BAD */
	size_t signer; /* in the policy; SIZE_MAX: nobody's (as far as can be told) */
	const struct lw_key *key; /* borrowed; NULL likewise */
	struct lw_said said;	  /* where GOOD */
	char why[256];		  /* safe; "" where GOOD */
};

/* Signature i of what a judge extracted from a piece (state SIGNED). `matches` are the indices
 * of keys that the box says fit; one that does not exist or does not fit counts for nothing. A
 * signature that fits two signers is bad. One that fits none is bad too, unless its key hint
 * names a key that the policy does not have: then it cannot be checked. evidence and subject
 * are the caller's to fill in. */
void lw_testimony_hear(const struct lw_policy *p, const struct lw_judge *judge,
		       const struct lw_extracted *x, size_t i, struct lw_span piece,
		       const size_t *matches, size_t n_matches, struct lw_testimony *ret);
/* A piece without a signature that could be heard: malformed or unsupported. */
void lw_testimony_refuse(const struct lw_judge *judge, const struct lw_extracted *x,
			 struct lw_testimony *ret);
void lw_testimony_release(struct lw_testimony *t);

#endif
