/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CUSTODY_LISTING_H
#define LW_CUSTODY_LISTING_H

/*
 * The store's index.json, derived from the state: every accepted image that is current, then
 * its evidence as its detail tells it (docs/format/bundle.md: an image's `evidence`), each
 * once. Where two images bring different evidence under one tag, the tag goes to the one
 * accepted last, and the other is listed without a name: a name in an index means one thing.
 */

#include "custody/state.h"

/* Appends the index. LW_E_STATE: a detail that is not what was accepted. */
int lw_listing_write(struct lw_state *s, struct lw_buf *out, struct lw_error *e) LW_WARN_UNUSED;

#endif
