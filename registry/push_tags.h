/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_PUSH_TAGS_H
#define LW_REGISTRY_PUSH_TAGS_H

/*
 * What a tag in a registry may stand for until it is pushed. An image's own tag: what this
 * enclave accepted under the same name. A tag of evidence: whatever came with an image of the
 * same repository that needs the same subject; what a later record brought stays, so that two
 * tags of one image do not take the tag from each other.
 */

#include "registry/push_plan.h"

struct lw_push_tags {
	struct lw_digest *earlier, *newer; /* owned */
	size_t n_earlier, n_newer;
};

/* Of an item of the image's plan that has a tag. Zero-initialise *ret; release it also after an
 * error. */
int lw_push_tags_find(struct lw_enclave *enclave, const struct lw_state_image *image,
		      const struct lw_push_item *item, struct lw_push_tags *ret,
		      struct lw_error *e) LW_WARN_UNUSED;
void lw_push_tags_release(struct lw_push_tags *t);

static inline void lw_auto_push_tags_(struct lw_push_tags *t)
{
	lw_push_tags_release(t);
}

#endif
