/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_KEPT_H
#define LW_BUNDLE_KEPT_H

/*
 * What the enclave keeps of a TUF repository, as the store of a client (verify/tuf_client.h):
 * what changed since, then the state, then the root that it is pinned by. Only lw_kept_commit
 * changes the state.
 */

#include "bundle/roles.h"
#include "custody/state.h"

struct lw_kept {
	struct lw_state *state; /* borrowed, as what follows */
	const char *repository;
	struct lw_span root; /* the first one: trust of our own, taken apart in this process */
	struct lw_digest first;	 /* the state's column of that name */
	bool known;		 /* something is kept of it */
	struct lw_roles changed; /* owned */
};

struct lw_tuf_store lw_kept_store(struct lw_kept *k);

/* A role's file and halves, appended. LW_E_NOTFOUND. */
int lw_kept_get(const struct lw_kept *k, const char *role, struct lw_buf *file,
		struct lw_buf *halves, struct lw_error *e) LW_WARN_UNUSED;

/* Whether a commit would change anything. */
int lw_kept_is_changed(const struct lw_kept *k, bool *ret, struct lw_error *e) LW_WARN_UNUSED;
/* Within the caller's transaction. */
int lw_kept_commit(const struct lw_kept *k, struct lw_error *e) LW_WARN_UNUSED;
void lw_kept_release(struct lw_kept *k);

#endif
