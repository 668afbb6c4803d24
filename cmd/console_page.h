/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_CONSOLE_PAGE_H
#define LW_CMD_CONSOLE_PAGE_H

/* A screen of 24 lines of 80 characters, as text: what stands where, and how loud. */

#include "custody/status.h"

#define LW_PAGE_ROWS 24
#define LW_PAGE_COLS 80

enum lw_page_tone {
	LW_TONE_PLAIN,
	LW_TONE_TITLE,
	LW_TONE_LOUD,
	LW_TONE_GOOD,
	LW_TONE_BAD,
	LW_TONE_WAIT,
};

struct lw_page {
	char rows[LW_PAGE_ROWS][LW_PAGE_COLS + 1]; /* ASCII, no control characters */
	enum lw_page_tone tones[LW_PAGE_ROWS];
	unsigned n; /* rows used */
};

/* `now`: seconds, for the clock in the corner. */
void lw_page_draw(const struct lw_status *s, int64_t now, struct lw_page *ret);
/* Where there is no status: why. */
void lw_page_draw_down(const char *why, int64_t now, struct lw_page *ret);

#endif
