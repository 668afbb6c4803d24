/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_JUDGEMENT_H
#define LW_VERIFY_JUDGEMENT_H

/*
 * Gate 5's answer for one image: what each signature that came with it counts for under the
 * rule, which people of each group vouched, which attestations are there. Thresholds count
 * owners: not keys, not signatures, not kinds. Zero-initialised it says "not met".
 */

#include "base/json.h"
#include "verify/freshness.h"
#include "verify/testimony.h"

/* What is judged. Everything is borrowed. */
struct lw_judged {
	const char *name; /* full */
	struct lw_digest digest;
	/* The image manifests of an index that are here: an attestation about each of them is
	 * as good as one about the index. */
	const struct lw_digest *platforms;
	size_t n_platforms;
	const struct lw_testimony *testimonies;
	size_t n_testimonies;
	bool cut; /* they are not all there were: never met */
	struct lw_interval now;
};

/* What one testimony is worth under the rule. */
enum lw_worth {
	LW_WORTH_BAD = 0,
	LW_WORTH_UNCHECKED,
	LW_WORTH_ASIDE, /* good, and not for this: another zone, out of its time ... */
	LW_WORTH_COUNTS,
};
const char *lw_worth_name(enum lw_worth w); /* "bad", "unchecked", "aside", "counts" */

struct lw_standing {
	enum lw_worth worth;
	enum lw_finding_id finding; /* where BAD */
	bool signature;		    /* counts as a signature of the image */
	bool attestation;	    /* may count as an attestation */
	char why[256];		    /* safe; "" where it counts */
};

enum lw_vouched {
	LW_VOUCHED_ABSENT = 0,
	LW_VOUCHED_BAD,
	LW_VOUCHED_UNCHECKED,
	LW_VOUCHED_ASIDE,
	LW_VOUCHED_GOOD,
};
const char *lw_vouched_name(enum lw_vouched v);

struct lw_group_result {
	const struct lw_group *group;
	enum lw_vouched *by_signer; /* owned; one for each of the group's signers */
	size_t people;
	bool met;
	bool field_missed; /* attestations: one was there, with a field policy does not take */
};

struct lw_judgement {
	const struct lw_rule *rule; /* borrowed from the policy; NULL: none matches */
	bool met;		    /* groups, attestations, the repository; the base apart */
	struct lw_standing *standings;	      /* owned; one for each testimony */
	struct lw_group_result *groups;	      /* owned; of rule->require */
	struct lw_group_result *attestations; /* owned; of rule->attestations */
	struct {
		bool asked, met;
		struct lw_digest digest; /* of the base, where known */
		char text[320];		 /* safe: which base, how many layers, or why not */
	} base;
	struct {
		bool asked, met;
		char text[640]; /* safe: which target of which versions, or why not */
	} tuf;			/* of rule->repository: verify/binding.h */
};

/* Judges by the rule (not NULL). Adds findings to the verdict, named after the image. */
void lw_judgement_make(const struct lw_policy *p, const struct lw_rule *rule,
		       const struct lw_judged *image, struct lw_verdict *v,
		       struct lw_judgement *ret);
/* Whether all of the rule is met: its groups and attestations, the base and the repository. */
bool lw_judgement_holds(const struct lw_judgement *j);
void lw_judgement_release(struct lw_judgement *j);

/* "2 of 3: acme ✓ security ✓ qa absent": appended. */
void lw_judgement_describe(const struct lw_policy *p, const struct lw_group_result *g,
			   struct lw_buf *out);

/* One canonical object, "landwaiter-judgement/1" (docs/format/output.md). */
void lw_judgement_write(const struct lw_policy *p, const struct lw_judged *image,
			const struct lw_judgement *j, struct lw_json_writer *w);

/* A name that a signature must have been made for, to count for this image; owned by the
 * caller. */
char *lw_judgement_name_wanted(const struct lw_rule *rule, const char *image);
/* Whether a name that was signed is the one that the rule wants for this image. Exposed for
 * tests. */
bool lw_judgement_names(const struct lw_rule *rule, const char *image, const char *type,
			const char *signed_name);

#endif
