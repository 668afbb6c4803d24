/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CUSTODY_DISCARD_H
#define LW_CUSTODY_DISCARD_H

/* What was staged of a bundle in several volumes goes: because somebody says so, because too
 * long nobody brought the rest, or because a later bundle overtook it. */

#include "custody/enclave.h"
#include "custody/state_pending.h"

/* When it goes by itself; seconds. */
int64_t lw_discard_due(const struct lw_state_pending *p);

/* Rows and record in one transaction, then the files. reason: plain text, 1 to 1,024 bytes; by
 * the same, 1 to 128, or NULL (LW_E_USAGE). */
int lw_discard(struct lw_enclave *enclave, const struct lw_state_pending *p, const char *reason,
	       const char *by, const struct lw_record_time *time, struct lw_head *ret_head,
	       struct lw_error *e) LW_WARN_UNUSED;

/* All that are due at this time, each as above. */
int lw_discard_expired(struct lw_enclave *enclave, int64_t hi,
		       const struct lw_record_time *time, struct lw_error *e) LW_WARN_UNUSED;

/* Within the transaction of a load: what of that sender can be accepted no more, for its
 * sequence is that high by now. A record each; *head: after the last, as it was if there is
 * none. Their files go with the next drain. */
int lw_discard_passed(struct lw_state *s, const char *sender, uint64_t sequence,
		      const struct lw_record_time *time, struct lw_head *head,
		      struct lw_error *e) LW_WARN_UNUSED;

#endif
