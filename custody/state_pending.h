/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CUSTODY_STATE_PENDING_H
#define LW_CUSTODY_STATE_PENDING_H

/*
 * Bundles of which not all volumes are in, in the state (custody/state.h): what was staged of
 * each and may be relied on, and the seals that were found on its volumes. A row of a member is
 * added after its bytes were made durable: what stands in the store's folder without one is
 * nothing.
 */

#include "custody/state.h"

struct lw_state_pending {
	int64_t id;
	struct lw_digest digest; /* of the statement */
	char sender[65];	 /* "", and zeros below, until it was proven */
	uint64_t sequence;
	uint64_t bytes;	     /* all volumes */
	int64_t expires;     /* the seal; seconds */
	int64_t begun, last; /* sittings */
	/* not for putting: */
	uint64_t volumes, staged_bytes;
};
/* LW_E_NOTFOUND. */
int lw_state_pending_get(struct lw_state *s, const struct lw_digest *digest,
			 struct lw_state_pending *ret, struct lw_error *e) LW_WARN_UNUSED;
/* Adds it, or tells that it is there when it was sat at last and, where there is a sender, what
 * was proven; gives its id. */
int lw_state_pending_put(struct lw_state *s, const struct lw_state_pending *p, int64_t *ret_id,
			 struct lw_error *e) LW_WARN_UNUSED;
/* With all that is told of it. No harm if it is not there. */
int lw_state_pending_remove(struct lw_state *s, const struct lw_digest *digest,
			    struct lw_error *e) LW_WARN_UNUSED;
/* The one begun first comes first. */
int lw_state_each_pending(struct lw_state *s,
			  int (*found)(void *data, const struct lw_state_pending *p,
				       struct lw_error *e),
			  void *data, struct lw_error *e) LW_WARN_UNUSED;

/* How many members each volume has: put once. */
int lw_state_pending_volume_add(struct lw_state *s, int64_t id, uint64_t volume,
				uint64_t members, struct lw_error *e) LW_WARN_UNUSED;
/* In their order, with how many members are in. */
int lw_state_each_pending_volume(struct lw_state *s, int64_t id,
				 int (*found)(void *data, uint64_t volume, uint64_t members,
					      uint64_t in, struct lw_error *e),
				 void *data, struct lw_error *e) LW_WARN_UNUSED;

/* A member that is in: an entry (piece 0), or its piece 1, 2 ... */
struct lw_state_member {
	uint64_t entry, piece, volume, size;
	bool kept; /* not staged: the store had it */
};
int lw_state_pending_member_put(struct lw_state *s, int64_t id, const struct lw_state_member *m,
				struct lw_error *e) LW_WARN_UNUSED;
int lw_state_pending_member_remove(struct lw_state *s, int64_t id, uint64_t entry,
				   uint64_t piece, struct lw_error *e) LW_WARN_UNUSED;
/* Those that the store had, of all bundles: where blobs go, nobody knows of which. Another
 * sitting finds those that are left. */
int lw_state_pending_kept_forget(struct lw_state *s, struct lw_error *e) LW_WARN_UNUSED;
/* In stored order. */
int lw_state_each_pending_member(struct lw_state *s, int64_t id,
				 int (*found)(void *data, const struct lw_state_member *m,
					      struct lw_error *e),
				 void *data, struct lw_error *e) LW_WARN_UNUSED;
/* Whether any of that entry is staged. */
int lw_state_pending_is_staged(struct lw_state *s, const struct lw_digest *digest,
			       uint64_t entry, bool *ret, struct lw_error *e) LW_WARN_UNUSED;

/* A prerequisite: an entry that is to be here already. Put once. While it is needed its blob's
 * row is no waste (lw_state_each_blob), and cannot be removed. */
int lw_state_pending_need_add(struct lw_state *s, int64_t id, uint64_t entry,
			      const struct lw_digest *d, uint64_t size,
			      struct lw_error *e) LW_WARN_UNUSED;
/* In stored order; `in`: there is a blob of it, or it was staged. */
int lw_state_each_pending_need(struct lw_state *s, int64_t id,
			       int (*found)(void *data, const struct lw_digest *d,
					    uint64_t size, bool in, struct lw_error *e),
			       void *data, struct lw_error *e) LW_WARN_UNUSED;

/* Seals, without their padding. No harm if it is there already. */
int lw_state_pending_seal_add(struct lw_state *s, int64_t id, struct lw_span seal,
			      struct lw_error *e) LW_WARN_UNUSED;
int lw_state_each_pending_seal(struct lw_state *s, int64_t id,
			       int (*found)(void *data, struct lw_span seal,
					    struct lw_error *e),
			       void *data, struct lw_error *e) LW_WARN_UNUSED;

#endif
