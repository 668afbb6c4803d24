/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_DIFFERENCE_H
#define LW_TUF_DIFFERENCE_H

#include "tuf/change.h"

/* What a change makes of the bases it knows, in lines for people, each safe for a terminal:
 * everything that is signed anew and differs is in it. The change has passed lw_change_check.
 */
int lw_difference_write(struct lw_change *c, struct lw_buf *out,
			struct lw_error *e) LW_WARN_UNUSED;

/* Who signed what is new and who has not, a line a requirement: "targets 4: 1 of 2 that root 1
 * wants: alice; missing 1 of bob, carol". Appended; of those that are met, too, with
 * LW_DIFFERENCE_ALL. */
enum lw_difference_state {
	LW_DIFFERENCE_MISSING,
	LW_DIFFERENCE_ALL,
};
int lw_difference_signers(struct lw_change *c, enum lw_difference_state which,
			  struct lw_buf *out, struct lw_error *e) LW_WARN_UNUSED;

/* The same as the member "documents" of an object. */
int lw_difference_json(struct lw_change *c, struct lw_json_writer *w,
		       struct lw_error *e) LW_WARN_UNUSED;

#endif
