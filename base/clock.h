/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_CLOCK_H
#define LW_BASE_CLOCK_H

/* Time is handed in, never fetched: who judges gets a struct lw_clock, and tests hand in
 * their own. Times are seconds since 1970-01-01T00:00:00Z, years 1970 to 9999. */

#include "base/error.h"
#include "base/span.h"

#define LW_TIME_TEXT 21 /* "2026-11-23T00:51:00Z" and a NUL */
#define LW_TIME_MAX  ((int64_t)253402300799)

struct lw_clock {
	int64_t wall_sec; /* CLOCK_REALTIME: a claim, not a fact (DESIGN 10) */
	int64_t boot_sec; /* CLOCK_BOOTTIME: only grows, until the next boot */
	char boot_id[37]; /* which boot that is; "" where the system does not say */
};

/* Reads the system's clocks. */
int lw_clock_system(struct lw_clock *ret, struct lw_error *e) LW_WARN_UNUSED;

/* RFC 3339, exactly "YYYY-MM-DDThh:mm:ssZ": no fraction, no offset, no leap second. */
int lw_time_parse(struct lw_span text, int64_t *ret_sec, struct lw_error *e) LW_WARN_UNUSED;
/* Returns out; sec must be within 0..LW_TIME_MAX (clamped otherwise). */
const char *lw_time_format(int64_t sec, char out[static LW_TIME_TEXT]);

#endif
