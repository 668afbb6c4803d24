/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_CONSOLE_SCREEN_H
#define LW_CMD_CONSOLE_SCREEN_H

/* The terminal, by ncurses, which is used here alone: puts a page onto it. */

#include "cmd/console_page.h"

/* False: there is none that can be used. */
bool lw_screen_open(void);
/* Centred where there is room, clipped where there is too little; nothing that others have
 * written across it stays. */
void lw_screen_show(const struct lw_page *page);
void lw_screen_close(void);

#endif
