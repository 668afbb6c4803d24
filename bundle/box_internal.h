/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_BOX_INTERNAL_H
#define LW_BUNDLE_BOX_INTERNAL_H

/* What the jobs share, on both sides of the wall (bundle/box*.c). */

#include "base/ipc.h"
#include "bundle/box.h"
#include "bundle/contents.h"

/* The parent's side. */
struct lw_box {
	struct lw_jail_child child; /* initialise its socket to -1 */
	struct lw_buf storage;	    /* of the frame received last */
};

int lw_box_open(const char *program, struct lw_box *b, enum lw_jail_level *ret_level,
		struct lw_error *e) LW_WARN_UNUSED;
/* The first words of a box that was begun. */
int lw_box_await(struct lw_box *b, enum lw_jail_level *ret_level,
		 struct lw_error *e) LW_WARN_UNUSED;
void lw_box_close(struct lw_box *b);
int lw_box_send(struct lw_box *b, uint32_t type, const struct lw_buf *body,
		struct lw_error *e) LW_WARN_UNUSED;
/* Any answer in time. */
int lw_box_receive(struct lw_box *b, struct lw_ipc_frame *frame,
		   struct lw_error *e) LW_WARN_UNUSED;
/* An answer that must be of this type, or the box's error: of its code when that is about the
 * object, else LW_E_JAIL. */
int lw_box_receive_only(struct lw_box *b, uint32_t type, struct lw_ipc_frame *frame,
			struct lw_error *e) LW_WARN_UNUSED;
int lw_box_take_error(struct lw_ipc_frame *frame, struct lw_error *e) LW_WARN_UNUSED;

/* The inside. */
struct lw_box_inside {
	int socket;
	struct lw_buf storage;
};

int lw_box_answer(struct lw_box_inside *in, uint32_t type, const struct lw_buf *body,
		  struct lw_error *e) LW_WARN_UNUSED;
int lw_box_answer_error(struct lw_box_inside *in, const struct lw_error *what,
			struct lw_error *e) LW_WARN_UNUSED;
int lw_box_job_tuf(struct lw_box_inside *in, struct lw_error *e) LW_WARN_UNUSED;
int lw_box_job_carried(struct lw_box_inside *in, struct lw_span body,
		       struct lw_error *e) LW_WARN_UNUSED;

/* A bundle's head as it says of itself, its contents being those that its seal names. */
struct lw_box_bundle {
	struct lw_dsse seal;
	struct lw_statement statement;
	struct lw_contents contents, previous;
	bool has_previous;
};
int lw_box_bundle_read(struct lw_span seal, struct lw_span contents, struct lw_span previous,
		       struct lw_box_bundle *x, struct lw_error *e) LW_WARN_UNUSED;
void lw_box_bundle_release(struct lw_box_bundle *x);

static inline void lw_auto_box_bundle_(struct lw_box_bundle *x)
{
	lw_box_bundle_release(x);
}

#endif
