/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_STATUS_PRESENT_H
#define LW_CMD_STATUS_PRESENT_H

/*
 * The present state of landwaiter-status(8): what reports make of it, and the passing of time.
 * Times are milliseconds of a clock that only grows, handed in.
 */

#include "custody/status.h"

#include <sys/types.h>

struct lw_present {
	struct lw_status status;
	int64_t linger_msec; /* how long a verdict fills the screen when its medium is gone */
	pid_t worker;	     /* the load at work, or the last one; 0: none */
	/* private */
	int64_t began_msec, sample_msec, verdict_msec, pulled_msec;
	bool verdict_is_new; /* no other medium came since */
	bool first;	     /* no bundle of this medium has come to a verdict yet */
	/* What the door says of a part of the medium that is in: shown where none of its
	 * bundles comes to work within a while. */
	struct lw_report held;
	int64_t held_msec; /* 0: nothing is */
};

/* What a process said. */
void lw_present_take(struct lw_present *p, const struct lw_report *r, pid_t from,
		     int64_t now_msec);
/* The worker has ended. */
void lw_present_ended(struct lw_present *p, int64_t now_msec);
/* Time has passed. */
void lw_present_tick(struct lw_present *p, int64_t now_msec);
/* Where there is no text, nothing is amiss any more. */
void lw_present_notice(struct lw_present *p, const char *source, const char *text,
		       const char *next);

/* Whether that is what lw_present_look says itself, and nobody else. */
bool lw_present_is_own(const char *source);

/* The enclave as it is now, read without writing; what is amiss there becomes a notice. Fills
 * status.enclave; images are counted only where the book has grown. */
void lw_present_look(struct lw_present *p, const char *enclave);

#endif
