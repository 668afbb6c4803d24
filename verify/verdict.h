/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_VERDICT_H
#define LW_VERIFY_VERDICT_H

/*
 * The verdict: a value, not an error code. Zero-initialised it says REFUSED. It becomes
 * ACCEPTED in one place only: lw_verdict_conclude, when every gate that had to pass said so and
 * no finding is graver than a note. Gates say so by lw_verdict_pass; there is no way to take a
 * finding back.
 */

#include "base/error.h"
#include "verify/finding.h"

#include <stdbool.h>
#include <stddef.h>

enum lw_outcome {
	LW_REFUSED = 0,
	LW_DAMAGED,
	LW_INCOMPLETE_SO_FAR,
	LW_TIME_UNTRUSTED,
	LW_FAILED, /* system error: nothing judged, nothing changed */
	LW_ACCEPTED,
};
const char *lw_outcome_name(enum lw_outcome o); /* "refused", "damaged", ... */
int lw_outcome_exit(enum lw_outcome o);		/* DESIGN 11: 3, 4, 5, 6, 1, 0 */

struct lw_finding {
	enum lw_finding_id id;
	char *object;	/* owned, safe for terminals */
	char *expected; /* owned, safe; "" where it says nothing */
	char *found;	/* owned, safe */
};

struct lw_verdict {
	enum lw_outcome outcome;
	struct lw_finding *findings;
	size_t n_findings;
	size_t n_dropped; /* beyond LW_MAX_FINDINGS */
	/* private */
	enum lw_gravity gravest;
	unsigned passed; /* bit per gate */
	bool concluded;
};

/* Adds a finding, once; all texts are copied and made safe. Not thread-safe. After the verdict
 * was concluded as accepted, a finding graver than a note makes it refused for good. */
void lw_verdict_add(struct lw_verdict *v, enum lw_finding_id id, const char *object,
		    const char *expected, const char *found);
/* With a printf format for what was found. */
void lw_verdict_addf(struct lw_verdict *v, enum lw_finding_id id, const char *object,
		     const char *expected, const char *fmt, ...) LW_PRINTF(5, 6);

/* This gate has nothing against it. Ignored when it had a finding graver than a note. */
void lw_verdict_pass(struct lw_verdict *v, enum lw_gate gate);
/* Whether nothing graver than a note was found so far. */
bool lw_verdict_clear(const struct lw_verdict *v);

/* Sets and returns the outcome. `gates` (a bit per enum lw_gate) are the gates that had to
 * pass. */
enum lw_outcome lw_verdict_conclude(struct lw_verdict *v, unsigned gates);

/* The first finding of the greatest gravity, or NULL: the reason. */
const struct lw_finding *lw_verdict_reason(const struct lw_verdict *v);

void lw_verdict_release(struct lw_verdict *v);

static inline void lw_auto_verdict_(struct lw_verdict *v)
{
	lw_verdict_release(v);
}

#endif
