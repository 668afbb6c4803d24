/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_HEAD_H
#define LW_BUNDLE_HEAD_H

/* The head of a bundle or of a `.lwa`: the seal, and contents as far as the reader may know
 * their size. Only headers that were computed are compared; none is read. */

#include "base/buf.h"
#include "bundle/medium.h"

#define LW_HEAD_SEAL_BYTES (512 + 262144)

/* The seal's bytes (LW_MAX_SEAL_BYTES), appended. LW_E_TRUNCATED, LW_E_IO; LW_E_FORMAT when no
 * bundle's header stands there. */
int lw_head_read_seal(struct lw_medium *m, struct lw_buf *seal,
		      struct lw_error *e) LW_WARN_UNUSED;

/* The member `name` of `size` bytes at `offset`: compares its header, appends its bytes, checks
 * that the padding is zero. *ret_next: where the next member starts. LW_E_CONFLICT: another
 * header, or padding that is not zero. */
int lw_head_read_member(struct lw_medium *m, uint64_t offset, const char *name, uint64_t size,
			struct lw_buf *bytes, uint64_t *ret_next,
			struct lw_error *e) LW_WARN_UNUSED;

/* For tools that explain: the size that the header of contents claims. Nothing is decided by
 * it: the statement's word is compared in the box. LW_E_FORMAT, LW_E_LIMIT. */
int lw_head_claimed_contents(struct lw_medium *m, uint64_t *ret_size,
			     struct lw_error *e) LW_WARN_UNUSED;

/* What marks the volume, appended, where the file may be one of several; `offset` is that of
 * the entries. Where no mark stands, or it cannot be read, nothing is. */
void lw_head_claimed_mark(struct lw_medium *m, uint64_t offset, struct lw_buf *mark);

/* The same of the entries behind them, at `offset`: no more than a box can be handed. */
int lw_head_claimed_entries(struct lw_medium *m, uint64_t offset, uint64_t *ret_size,
			    struct lw_error *e) LW_WARN_UNUSED;

#endif
