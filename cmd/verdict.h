/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_VERDICT_H
#define LW_CMD_VERDICT_H

#include "base/json.h"
#include "bundle/intake.h"

#include <stdio.h>

/* Prints what an attempt ended in: for people, or as "landwaiter-verdict/1"
 * (docs/format/output.md). */
void lw_print_verdict(const struct lw_intake_result *r, FILE *out);

/* Its parts: the word and the reason; the findings; as JSON, the member "findings" and the
 * member "judgement" (a tree or NULL). */
void lw_print_outcome(const struct lw_verdict *v, FILE *out);
void lw_print_findings(const struct lw_verdict *v, FILE *out);
void lw_json_findings(struct lw_json_writer *w, const struct lw_verdict *v);
/* What is trusted of a repository, a line a role, on standard output. */
void lw_print_roles(const struct lw_followed *f);
void lw_json_trust_changes(struct lw_json_writer *w, const struct lw_trust_updated *t);
void lw_json_judgement(struct lw_json_writer *w, const char *tree);

/* Whether it was accepted before, and that is all there is to say. */
static inline bool lw_intake_is_late(const struct lw_intake_result *r)
{
	const struct lw_finding *reason = lw_verdict_reason(&r->verdict);

	return r->proven && reason && reason->id == LW_FINDING_FRESHNESS_REPLAY;
}

/* Whether a bundle comes in parts: volumes, or an increment and its supplement. Of an increment
 * its lists say so, and of what is late nobody has read them. */
static inline bool lw_intake_has_parts(const struct lw_intake_result *r)
{
	return r->proven && (r->statement.volumes > 1 || r->contents.have_blobs > 0);
}

/* What was judged: zeros where nothing could be read. */
struct lw_intake_end {
	struct lw_digest bundle;
	bool late, parts; /* as above */
	bool lacking;	  /* something that the sender left out is not here */
	uint64_t sequence;
};

/* verify and load: opens the enclave, runs the intake, prints, returns the exit code. ret may
 * be NULL. */
int lw_command_intake(const struct lw_intake_options *options, struct lw_intake_end *ret);
/* The same for each bundle at a folder's root (bundle/folder.h); options' folder and path are
 * set for each. Ends at the first that could not be judged. ret_any: something was accepted. */
int lw_command_intake_all(const struct lw_intake_options *options, const char *folder,
			  bool *ret_any);

/* Opens the enclave named by the options, telling what it found amiss. */
int lw_command_enclave(enum lw_state_mode mode, struct lw_enclave **ret) LW_WARN_UNUSED;
/* The time for a record of this enclave, now. */
int lw_command_record_time(struct lw_enclave *enclave, struct lw_clock *clock,
			   struct lw_record_time *ret, struct lw_error *e) LW_WARN_UNUSED;
/* Says what follows a commit and could not be done yet, if anything. */
void lw_print_pending(const struct lw_enclave *enclave);
/* The same as a verb's only result: JSON to standard output where asked for. */
void lw_print_record(const struct lw_head *head);
/* "record 12, head 13:ab..." to stderr. */
void lw_print_head(const struct lw_head *head);

#endif
