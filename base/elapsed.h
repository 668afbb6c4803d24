/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_ELAPSED_H
#define LW_BASE_ELAPSED_H

#include <stdint.h>

/* Milliseconds of CLOCK_BOOTTIME, which only grows: for how long something takes. What time it
 * is, is base/clock.h's. */
int64_t lw_elapsed_msec(void);

#endif
