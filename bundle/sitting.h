/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_SITTING_H
#define LW_BUNDLE_SITTING_H

/*
 * A bundle of several volumes, or of which something is supposed to be here already, comes in
 * several sittings (DESIGN 7): what the state knows of
 * those before, and what it is told of this one. Files in the store mean nothing: a member is
 * in when its row was committed, which is after its bytes were made durable; row and record are
 * one transaction.
 */

#include "bundle/intake_internal.h"
#include "custody/state_pending.h"
#include "image/pending.h"

struct lw_sitting {
	struct lw_state_pending row;
	bool known; /* there was a sitting before */
	struct lw_pending *folder;
	/* Rows that do not hold: the file is gone, or altered. Owned. */
	struct lw_state_member *lost;
	size_t n_lost;
	bool settled; /* what was taken is durable: it may be told to the state */
};

/* Where only the enclave's own repository is wanted, and this volume should have it. */
bool lw_sitting_is_trust_alone(const struct lw_intake *in);

/* Adds the seals that were kept of other volumes to in->seals. */
int lw_sitting_recall(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;

/* Begins one: flags the entries and pieces that are in already (LW_ENTRY_STAGED). Findings: no
 * more bundles may be begun; the time went back since the sitting before. */
int lw_sitting_begin(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;

/* For who only judges: flags what loads have brought (LW_ENTRY_BROUGHT). */
int lw_sitting_brought(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;
/* And then, as if it were staged, what of the members was brought or read. */
void lw_sitting_judged(struct lw_intake *in);

/* An entry in pieces is in when all of them are; what the store has is in. */
void lw_sitting_settle(struct lw_entries *entries);

/* Of one volume: how many members it has, and how many of them are in. */
void lw_sitting_count(const struct lw_entries *entries, uint64_t volume, uint64_t *ret_members,
		      uint64_t *ret_in);

/* An entry (piece 0), or its piece 1, 2 ..., whose staged bytes are not what they were: it is
 * not in any more. */
void lw_sitting_lose(struct lw_intake *in, size_t entry, uint64_t piece);

/* Within the transaction of an attempt that did not end in a load: tells the state what is in
 * now, where there is anything to tell. */
int lw_sitting_keep(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;
/* Within the transaction of a load: it is pending no more. */
int lw_sitting_end(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;
void lw_sitting_close(struct lw_sitting *s);

/* Before anything is judged: those that are due go, with a record each. */
int lw_sitting_expire(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;

#endif
