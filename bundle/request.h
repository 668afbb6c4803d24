/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_REQUEST_H
#define LW_BUNDLE_REQUEST_H

/*
 * A request of an enclave as it travels (docs/format/request.md): four lines, of which the
 * signature is verified before the statement is parsed. The enclave makes one (bundle/ask.h),
 * the sender reads it.
 */

#include "base/buf.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/nonce.h"
#include "custody/record.h"
#include "keys/private.h"
#include "verify/key.h"
#include "verify/proven.h"

#define LW_REQUEST_PREDICATE "urn:landwaiter:request:1"

struct lw_request_floor {
	char sender[LW_MAX_LABEL + 1];
	uint64_t sequence; /* the highest accepted; 0: none */
};

struct lw_request {
	struct lw_digest enclave;
	char name[LW_MAX_LABEL + 1];
	int64_t created, expires; /* seconds */
	struct lw_nonce nonce;
	struct lw_head head;
	struct lw_request_floor *floors; /* owned; ascending by sender, none twice */
	size_t n_floors;
};

/* The statement's canonical bytes, appended. */
void lw_request_write(const struct lw_request *r, struct lw_buf *out);
/* The file, appended: key is Ed25519. LW_E_KEY. */
int lw_request_sign(const struct lw_request *r, const struct lw_private_key *key,
		    struct lw_buf *out, struct lw_error *e) LW_WARN_UNUSED;

/* The file, verified by the key that stands in it, which must be `pinned` where that is not
 * NULL. *ret_key is the caller's. LW_E_FORMAT, LW_E_LIMIT; LW_E_SIGNATURE: altered;
 * LW_E_CONFLICT: another enclave's key than the pinned one; LW_E_UNSUPPORTED. */
int lw_request_open(struct lw_span file, const struct lw_key *pinned, struct lw_request *ret,
		    struct lw_key **ret_key, struct lw_error *e) LW_WARN_UNUSED;
/* LW_E_FORMAT, LW_E_LIMIT, LW_E_UNSUPPORTED (another predicate type). */
int lw_request_parse(struct lw_proven statement, struct lw_request *ret,
		     struct lw_error *e) LW_WARN_UNUSED;
void lw_request_release(struct lw_request *r);

/* Of a sender; NULL: the request does not say. */
const struct lw_request_floor *lw_request_floor(const struct lw_request *r, const char *sender);

static inline void lw_auto_request_(struct lw_request *r)
{
	lw_request_release(r);
}

#endif
