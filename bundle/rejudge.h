/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_REJUDGE_H
#define LW_BUNDLE_REJUDGE_H

/*
 * Gate 5 again, for an image that was accepted before: by the policy and the time of now, from
 * the evidence in the store. No layer is moved or read.
 */

#include "bundle/intake.h"

struct lw_rejudged {
	struct lw_verdict verdict; /* concluded; of gate 5 alone */
	char *judgement;	   /* owned: "landwaiter-judgement/1"; NULL: no rule */
	struct lw_interval interval;
	struct lw_head head; /* promote: after its record */
	/* private */
	const char *rule_zone;
	bool stands; /* on a base */
};

struct lw_rejudge_options {
	const char *zone;  /* by its rule for this zone; NULL: the one it is in */
	const char *judge; /* the box's program; NULL: the one beside this executable */
};

/* Looks; changes nothing. LW_E_USAGE: policy has no such zone. Zero-initialise *ret; release it
 * also after an error. */
int lw_rejudge(struct lw_enclave *enclave, const struct lw_clock *clock,
	       const struct lw_state_image *image, const struct lw_rejudge_options *options,
	       struct lw_rejudged *ret, struct lw_error *e) LW_WARN_UNUSED;

/* `promote`: into the next zone, if its rule is met; a record either way. An image goes through
 * the zones in their order: those that have a rule for it. by and reason are recorded as
 * claimed; NULL for not said. */
int lw_promote(struct lw_enclave *enclave, const struct lw_clock *clock,
	       const struct lw_state_image *image, const char *zone, const char *by,
	       const char *reason, const char *judge, struct lw_rejudged *ret,
	       struct lw_error *e) LW_WARN_UNUSED;

void lw_rejudged_release(struct lw_rejudged *r);

static inline void lw_auto_rejudged_(struct lw_rejudged *r)
{
	lw_rejudged_release(r);
}

#endif
