/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_PUSH_PLAN_H
#define LW_REGISTRY_PUSH_PLAN_H

/*
 * What has to be sent, and in which order, so that an accepted image stands in a registry with
 * all its evidence: blobs, then the manifests that name them, children before parents; then the
 * same of its evidence; that this is found by its subject; its tags; and the image's own tag at
 * the very end. What was left out when the image was packed (other platforms) is not missed
 * here; a registry may.
 */

#include "custody/enclave.h"
#include "image/gather.h"

enum lw_push_step {
	LW_PUSH_STEP_BLOB = 1,
	LW_PUSH_STEP_MANIFEST, /* by its digest, or as `tag` */
	LW_PUSH_STEP_LIST,     /* among the referrers of `subject` */
};

struct lw_push_item {
	enum lw_push_step step;
	struct lw_digest digest, subject; /* subject: of lists, and of tags of evidence */
	uint64_t size;
	enum lw_mechanism mechanism; /* of tags of evidence; 0 else */
	char *media_type, *tag;	     /* owned; "" for none; media_type of manifests alone */
};

struct lw_push_plan {
	struct lw_push_item *items; /* owned */
	size_t n;
	struct lw_digest *known; /* owned, sorted: all blobs of the image */
	size_t n_known;
};

/* LW_E_STATE: the store has a manifest no more, or with other bytes; *ret_damaged is which.
 * Zero-initialise *ret; release it also after an error. */
int lw_push_plan_make(struct lw_enclave *enclave, const struct lw_state_image *image,
		      struct lw_push_plan *ret, struct lw_digest *ret_damaged,
		      struct lw_error *e) LW_WARN_UNUSED;
void lw_push_plan_release(struct lw_push_plan *p);

/* The bytes of a manifest, hashed. LW_E_STATE. */
int lw_push_read(struct lw_enclave *enclave, const struct lw_digest *d, struct lw_buf *out,
		 struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_push_plan_(struct lw_push_plan *p)
{
	lw_push_plan_release(p);
}

#endif
