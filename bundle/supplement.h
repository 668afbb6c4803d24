/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_SUPPLEMENT_H
#define LW_BUNDLE_SUPPLEMENT_H

/* A supplement (docs/format/bundle.md section 9): an increment's own seal and lists, and some
 * of its prerequisites. */

#include "bundle/held.h"
#include "bundle/pack_internal.h"

/* The head of one, from the increment's own bytes, and in job->entries its list, those flagged
 * LW_ENTRY_HERE that are lacking. LW_E_USAGE: it is no increment, or a digest is none of its
 * prerequisites; LW_E_UNSUPPORTED: larger than a member can be. */
int lw_supplement_head(struct lw_earlier *increment, const struct lw_held *lacking,
		       struct lw_packer_job *job, struct lw_pack_head *h,
		       struct lw_pack_result *result, struct lw_error *e) LW_WARN_UNUSED;

#endif
