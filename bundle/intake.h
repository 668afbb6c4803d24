/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_INTAKE_H
#define LW_BUNDLE_INTAKE_H

/*
 * Intake: a bundle goes through the gates (DESIGN 7), in order, until one says no. Every
 * attempt ends in a verdict and a record in the book; but for trust that it brings, only a load
 * that every gate passed changes anything else. The gates stand in a table (bundle/intake.c);
 * each is one file, bundle/gate_*.c.
 */

#include "image/destination.h"
#include "bundle/content.h"
#include "bundle/contents.h"
#include "bundle/entries.h"
#include "bundle/medium.h"
#include "bundle/repositories.h"
#include "bundle/statement.h"
#include "custody/enclave.h"
#include "verify/approval.h"
#include "verify/freshness.h"
#include "verify/verdict.h"

/* What people say about how the medium came; recorded as claimed, not authenticated. NULL: not
 * said. */
struct lw_custody_claims {
	const char *medium, *courier, *ticket, *by;
};

/* The member "claimed". */
void lw_claims_write(struct lw_json_writer *w, const struct lw_custody_claims *c);

/* What a load leaves free beside its blobs, for database, journal, folders: with less none is
 * begun. */
#define LW_HEADROOM_BYTES ((uint64_t)16 << 20)

enum lw_intake_purpose {
	LW_INTAKE_VERIFY, /* judge and record; stage nothing, move no floor */
	LW_INTAKE_LOAD,
};

struct lw_trust_updated;
struct lw_intake_result;
struct lw_intake_options {
	enum lw_intake_purpose purpose;
	const char *path;  /* the bundle */
	const int *folder; /* path is a name in it, and must be no link; NULL: anywhere */
	const char *const *approvals; /* files with more approvals (.lwa) */
	size_t n_approvals;
	struct lw_custody_claims claims;
	/* Of a load: take what it brings of the enclave's own repository, and nothing else. */
	bool trust_only;
	/* Of a load: queue its images for this registry, in the same commit; NULL: none. */
	const struct lw_destination *push;
	uint64_t wait_sec; /* for who else writes to the enclave; of those who open it */
	bool in_order;	   /* read strictly in order, whatever the medium seems to be */
	struct lw_content_progress progress;
	/* Called before a gate is at work, with what is known by then; may be NULL. */
	void (*at_gate)(void *data, enum lw_gate gate, const struct lw_intake_result *so_far);
	void *at_gate_data;
	/* Once it is true the attempt ends soon, with its record (system.error, "stopped"), as
	 * long as it has not come to the commit; NULL: never. */
	const atomic_bool *stop;
	const char *judge; /* the box's program; NULL: the one beside this executable */
};

/* One who may approve for the sender, and what became of it. */
struct lw_approver {
	char signer[LW_MAX_LABEL + 1], owner[LW_MAX_LABEL + 1];
	enum lw_approval approval;
};

/* What is known afterwards; what the verdict does not rest on may be missing. */
struct lw_intake_result {
	struct lw_verdict verdict;
	bool proven; /* the seal's threshold was met: the statement is what was approved */
	struct lw_digest bundle;
	struct lw_statement statement;
	char *approvals; /* owned: "2 of 3: alice ✓ bob ✓ carol absent"; NULL before gate 2 */
	struct lw_approver *approvers; /* owned: the same, of each who may approve */
	size_t n_approvers;
	uint64_t threshold;	     /* of how many owners approvals are needed */
	struct lw_contents contents; /* from gate 4 on */
	char **judgements; /* owned: for each image "landwaiter-judgement/1"; NULL where there
			      is none */
	bool *moved;	 /* owned: for each image, whether its name stood for another digest */
	bool *new_image; /* owned: for each image, whether it was not here before */
	/* Owned: the vendors' repositories that were followed, and what is trusted of them now:
	 * kept where the bundle is loaded. */
	struct lw_followed *followed;
	size_t n_followed;
	/* Owned: what it brings of the enclave's own repository (bundle/trust_update.h), or
	 * NULL. A load has taken what is new of it: in that record; 0: it has not. */
	struct lw_trust_updated *trust;
	uint64_t trust_record;
	uint64_t volume; /* which of statement.volumes; 0: not known */
	char *missing;	 /* owned: "2, 4 to 6": the volumes that are not in; NULL: none, or not
			    known */
	bool supplement; /* it is none of them: it brings prerequisites */
	/* Owned: the prerequisites that are not here, or damaged here, in the order of the
	 * list. */
	struct lw_entry *lacking;
	size_t n_lacking;
	bool fresh;    /* it answers a request of this enclave, and was sealed after that */
	int64_t asked; /* when that was; 0: none that is known */
	uint64_t bytes_read;
	struct lw_interval interval;
	uint64_t record; /* the attempt's record */
	struct lw_head head;
};

/* Returns 0 when there is a verdict and its record is in the book; an error (nothing loaded)
 * when no record could be written, or the enclave's own state cannot be used. */
int lw_intake_run(struct lw_enclave *enclave, const struct lw_clock *clock,
		  const struct lw_intake_options *options, struct lw_intake_result *ret,
		  struct lw_error *e) LW_WARN_UNUSED;
void lw_intake_release(struct lw_intake_result *r);

/* `repair`: takes from a bundle that passes gates 2 and 4 (its freshness does not matter: what
 * it brings is pinned by digest) those blobs of accepted images that are missing or damaged
 * here. Counts them; a record. */
struct lw_repair_result {
	struct lw_intake_result intake;
	uint64_t damaged, repaired;
};
int lw_intake_repair(struct lw_enclave *enclave, const struct lw_clock *clock,
		     const struct lw_intake_options *options, struct lw_repair_result *ret,
		     struct lw_error *e) LW_WARN_UNUSED;

/* The enclave's policy, from its trust files. */
int lw_intake_policy(struct lw_enclave *enclave, struct lw_policy **ret,
		     struct lw_error *e) LW_WARN_UNUSED;
/* The enclave's interval now. */
int lw_intake_interval(struct lw_enclave *enclave, const struct lw_policy *policy,
		       const struct lw_clock *clock, struct lw_interval *ret,
		       struct lw_error *e) LW_WARN_UNUSED;
/* Whether there is a time to judge by, where nothing is dated: TIME_UNKNOWN, TIME_BEHIND_FLOOR.
 */
void lw_intake_judge_time(const struct lw_interval *now, const char *object,
			  struct lw_verdict *v);
/* Whether the enclave's own trust still holds at the upper end of the time; it is a finding
 * where it does not, or soon will not. Where it has no repository nothing says until when. */
int lw_intake_own_trust(struct lw_enclave *enclave, const struct lw_interval *now,
			struct lw_verdict *v, struct lw_error *e) LW_WARN_UNUSED;
/* The same of a time that is given; 0: nothing says. */
void lw_intake_judge_until(int64_t until, const struct lw_interval *now, struct lw_verdict *v);
bool lw_intake_is_expired(int64_t until, const struct lw_interval *now);
/* How a record made now tells the time. */
struct lw_record_time lw_intake_record_time(const struct lw_interval *i,
					    const struct lw_clock *clock);

/* Of a record: the members "findingCount" and "findings", the first 16 of them. */
void lw_intake_record_findings(struct lw_json_writer *w, const struct lw_verdict *v);

static inline void lw_auto_intake_result_(struct lw_intake_result *r)
{
	lw_intake_release(r);
}

#endif
