/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_CONSOLE_WORDS_H
#define LW_CMD_CONSOLE_WORDS_H

/*
 * What the console says, in ASCII alone: a terminal that cannot show a letter shows another
 * one, and two letters that look alike must not pass for each other. Texts of the status are
 * safe for terminals already; here every other character becomes \u{NNNN}.
 */

#include "custody/status.h"

#define LW_CONSOLE_TEXT 1280

/* All of these return out. */
const char *lw_console_ascii(const char *text, char *out, size_t size);
/* For the log on paper: "47:ab12 cd34 ef56 7890", the first 64 bits. */
const char *lw_console_head(const char *head, char out[static 48]);
/* Why, in a sentence: what the code means, and what was found; "" where nothing is against it.
 */
const char *lw_console_reason(const struct lw_status_verdict *v,
			      char out[static LW_CONSOLE_TEXT]);
/* What to do now. */
const char *lw_console_next(const struct lw_status_verdict *v,
			    char out[static LW_CONSOLE_TEXT]);
/* "2 bundles: 1 accepted, 1 refused"; "" where there is one. */
const char *lw_console_counts(const struct lw_status_verdict *v, char out[static 128]);
/* "one.lwb, from acme, sequence 7, marked INTERNAL"; the parts that are known. */
const char *lw_console_bundle(const struct lw_report *r, char out[static LW_CONSOLE_TEXT]);
/* "1.2 GiB of 2.4 GiB, 50%, 34.5 MiB/s, 0:35 left" */
const char *lw_console_progress(const struct lw_status_work *w, char out[static 128]);
unsigned lw_console_percent(const struct lw_status_work *w);
/* What a gate asks. */
const char *lw_console_question(enum lw_gate gate);

/* What docs/findings.md says that a code means; NULL for one that it does not have. */
const char *lw_console_meaning(const char *code);

#endif
