/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_REJUDGE_INTERNAL_H
#define LW_BUNDLE_REJUDGE_INTERNAL_H

#include "bundle/rejudge.h"
#include "bundle/repositories.h"

/* What is at hand while images are judged again: opened once, for one or for all. */
struct lw_again {
	struct lw_enclave *enclave;
	struct lw_policy *policy; /* owned, as what follows */
	bool borrowed;		  /* but for the policy */
	struct lw_interval interval;
	struct lw_boxes boxes;
	struct lw_repositories *repositories;
};

/* policy NULL: the enclave's; else it is borrowed. stale: vendors' metadata that has expired
 * since counts, too. Zero-initialise; close also after an error. */
int lw_again_open(struct lw_enclave *enclave, const struct lw_clock *clock,
		  struct lw_policy *policy, const char *program, bool stale, struct lw_again *a,
		  struct lw_error *e) LW_WARN_UNUSED;
void lw_again_close(struct lw_again *a);
/* Gate 5, by the rule for this zone; the verdict is not concluded. */
int lw_again_judge(struct lw_again *a, const struct lw_state_image *row, const char *zone,
		   struct lw_rejudged *ret, struct lw_error *e) LW_WARN_UNUSED;

#endif
