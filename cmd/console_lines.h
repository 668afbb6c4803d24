/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_CONSOLE_LINES_H
#define LW_CMD_CONSOLE_LINES_H

/* The console as lines, for a serial line or a log: what has changed between two states. ASCII,
 * no control characters but the line's end. */

#include "custody/status.h"

#include <stdio.h>

/* `before` zero: all of it. `progress`: also how many bytes were read, if more were. Returns
 * whether anything was said. */
bool lw_lines_print(const struct lw_status *before, const struct lw_status *now, bool progress,
		    FILE *out);
/* The service is gone: why; and is there again. */
void lw_lines_print_down(const char *why, FILE *out);
void lw_lines_print_up(FILE *out);

#endif
