/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_REPORTING_H
#define LW_CMD_REPORTING_H

/*
 * What `load` and landwaiter-door(8) tell the status service (custody/report.h), where
 * $LANDWAITER_STATUS names its socket; elsewhere nothing is told. Nothing here waits or fails.
 */

#include "bundle/intake.h"
#include "custody/report.h"

void lw_reporting_send(const struct lw_report *r);

/* The bundle that the next intake is about: its name as it is, and which of how many. */
void lw_reporting_bundle(const char *name, size_t index, size_t of);
/* Has a load tell of its gates and bytes, beside what it showed before. */
void lw_reporting_watch(struct lw_intake_options *o);
/* How it ended; or that there is no verdict: why, and what to do then. Of one of several
 * bundles, what becomes of one in volumes is told at the end: another volume may come. */
void lw_reporting_verdict(const struct lw_intake_result *r);
void lw_reporting_failed(const char *why, const char *next);
/* After the last of several. */
void lw_reporting_end(void);
/* There is no bundle that a verdict could be of: the medium is the wrong one. */
void lw_reporting_nothing(const char *why, const char *next);

/* `source` finds that something is amiss; text NULL: no longer. */
void lw_reporting_notice(const char *source, const char *text, const char *next);

#endif
