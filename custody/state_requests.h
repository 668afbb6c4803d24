/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CUSTODY_STATE_REQUESTS_H
#define LW_CUSTODY_STATE_REQUESTS_H

/* What the state keeps of the enclave's requests (docs/format/request.md): a row for each nonce
 * that was ever given out. */

#include "base/nonce.h"
#include "custody/state.h"

enum lw_request_state {
	LW_REQUEST_OPEN = 0,
	LW_REQUEST_ANSWERED, /* by an accepted bundle */
	LW_REQUEST_CANCELLED,
};

struct lw_state_request {
	struct lw_nonce nonce;
	int64_t asked, expires; /* seconds */
	uint64_t record;	/* that tells of it */
	enum lw_request_state state;
	uint64_t
		closed; /* the record of its answer, or that cancelled it; 0 while it is open */
};

/* LW_E_NOTFOUND: never asked for here. */
int lw_state_request_get(struct lw_state *s, const struct lw_nonce *nonce,
			 struct lw_state_request *ret, struct lw_error *e) LW_WARN_UNUSED;
/* As open; state and closed are not read. */
int lw_state_request_add(struct lw_state *s, const struct lw_state_request *r,
			 struct lw_error *e) LW_WARN_UNUSED;
/* An open one becomes what is said. LW_E_CONFLICT: it is not open, or never was. */
int lw_state_request_close(struct lw_state *s, const struct lw_nonce *nonce,
			   enum lw_request_state state, uint64_t record,
			   struct lw_error *e) LW_WARN_UNUSED;
/* How many are open and do not expire before that. */
int lw_state_request_count(struct lw_state *s, int64_t now, uint64_t *ret,
			   struct lw_error *e) LW_WARN_UNUSED;
/* In the order they were asked. What `found` returns other than 0 ends it. */
int lw_state_each_request(struct lw_state *s,
			  int (*found)(void *data, const struct lw_state_request *r,
				       struct lw_error *e),
			  void *data, struct lw_error *e) LW_WARN_UNUSED;

#endif
