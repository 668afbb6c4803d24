/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_TRUST_UPDATE_H
#define LW_BUNDLE_TRUST_UPDATE_H

/*
 * `trust update`: what the enclave's own repository says now. It is authenticated by what the
 * enclave trusts of it, and by nothing else; it is one transaction, with its record; whatever
 * was accepted under the old trust is marked in it, and then judged again.
 */

#include "bundle/intake.h"
#include "bundle/own_trust.h"
#include "bundle/standing.h"

enum lw_trust_change { LW_TRUST_ADDED, LW_TRUST_REMOVED, LW_TRUST_CHANGED };
const char *lw_trust_change_name(enum lw_trust_change c); /* "added" ... */

struct lw_trust_difference {
	char *name; /* owned; of a trust file */
	enum lw_trust_change change;
};

struct lw_trust_updated {
	struct lw_verdict verdict;	  /* concluded */
	struct lw_trust_difference *list; /* owned; ascending by name */
	size_t n;
	struct lw_followed now; /* what is trusted; of a verdict that is no refusal */
	int64_t until;
	bool news;			  /* something is other than what is kept */
	struct lw_head head;		  /* after the last record; of an update */
	struct lw_rejudged_marked judged; /* what was judged again; look: would be */
};

struct lw_trust_update_options {
	struct lw_own_source source;
	bool look; /* tell the difference; change and record nothing */
	struct lw_custody_claims claims;
	const struct lw_digest *bundle; /* that brought it; NULL: none */
};

/* LW_E_USAGE: this enclave has no repository of its own. Zero-initialise *ret; release it also
 * after an error. */
int lw_trust_update(struct lw_enclave *enclave, const struct lw_clock *clock,
		    const struct lw_trust_update_options *options, struct lw_trust_updated *ret,
		    struct lw_error *e) LW_WARN_UNUSED;
void lw_trust_updated_release(struct lw_trust_updated *u);

/* The same in steps, for an intake: it is looked at; committed with its record, whatever the
 * verdict; what it marked is judged again. What `options` borrow, and `to`, must outlive it. */
struct lw_trust_update;
int lw_trust_update_open(struct lw_enclave *enclave, const struct lw_clock *clock,
			 const struct lw_trust_update_options *options,
			 struct lw_trust_updated *to, struct lw_trust_update **ret,
			 struct lw_error *e) LW_WARN_UNUSED;
void lw_trust_update_close(struct lw_trust_update *u);
/* The policy it brings, now the caller's; once. */
struct lw_policy *lw_trust_update_policy(struct lw_trust_update *u);
int lw_trust_update_commit(struct lw_trust_update *u, struct lw_error *e) LW_WARN_UNUSED;
int lw_trust_update_rejudge(struct lw_trust_update *u, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_trust_update_(struct lw_trust_update **u)
{
	lw_trust_update_close(*u);
}

static inline void lw_auto_trust_updated_(struct lw_trust_updated *u)
{
	lw_trust_updated_release(u);
}

#endif
