/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_APPROVE_H
#define LW_BUNDLE_APPROVE_H

/*
 * Approving: a bundle (or its head, `.lwa`) is explained by the box; who read that signs the
 * very bytes it was made from, and the signature is written into the seal in place. Contents
 * are held against the statement's digest before anything is shown.
 */

#include "bundle/box.h"
#include "keys/private.h"

struct lw_approvable {
	int fd; /* owned; opened for writing when asked so */
	struct lw_buf contents;
	struct lw_box_explained explained;
	struct lw_digest digest; /* of the statement: what --expect names */
	uint64_t entries;	 /* where they would stand */
};

/* Opens and explains. `previous`: another bundle or head to show the change against, or NULL.
 */
int lw_approve_open(const char *path, bool write, enum lw_explain_form form,
		    const char *previous, const char *judge, struct lw_approvable *ret,
		    struct lw_error *e) LW_WARN_UNUSED;
void lw_approve_close(struct lw_approvable *a);

/* Signs and writes the approval in place, durably. LW_E_EXISTS: this key has approved already.
 */
int lw_approve_sign(struct lw_approvable *a, const struct lw_private_key *key,
		    struct lw_error *e) LW_WARN_UNUSED;
/* Copies the other's approvals that are missing here. LW_E_CONFLICT: of another bundle. */
int lw_approve_merge(struct lw_approvable *a, const struct lw_approvable *from,
		     size_t *ret_added, struct lw_error *e) LW_WARN_UNUSED;
/* Writes the head alone to a new file. LW_E_EXISTS. */
int lw_approve_extract(const struct lw_approvable *a, const char *output,
		       struct lw_error *e) LW_WARN_UNUSED;
/* With the entries besides, as they stand there: what `pack --since` reads of an earlier
 * bundle. */
int lw_approve_extract_lists(const struct lw_approvable *a, const char *output,
			     struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_approvable_(struct lw_approvable *a)
{
	lw_approve_close(a);
}

#endif
