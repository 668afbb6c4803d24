/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_ASK_H
#define LW_BUNDLE_ASK_H

/* Asking for a bundle, and taking that back (docs/format/request.md section 5). */

#include "bundle/request.h"
#include "custody/enclave.h"
#include "custody/state_requests.h"

/* The enclave's request key, beside its state. */
#define LW_REQUEST_KEY "request.key"

struct lw_ask_options {
	const char *const *senders; /* whose floors it tells; none: of all whom policy knows */
	size_t n_senders;
	int64_t valid_sec;
	const char *by; /* who asks, as claimed; NULL: not said */
};

/* Commits a nonce with its record, then signs; key and file are appended to and may be NULL:
 * then no key is needed. Once it has returned the request is open, whether or not it leaves.
 * LW_E_LIMIT: as many are open as may be. LW_E_NOTFOUND: policy knows no such sender.
 * LW_E_USAGE, LW_E_KEY. */
int lw_ask(struct lw_enclave *enclave, const struct lw_ask_options *o,
	   const struct lw_record_time *time, struct lw_request *ret, struct lw_buf *file,
	   struct lw_head *ret_head, struct lw_error *e) LW_WARN_UNUSED;

/* An open one is cancelled, with a record. reason: plain text, 1 to 1,024 bytes; by the same, 1
 * to 128, or NULL (LW_E_USAGE). LW_E_NOTFOUND; LW_E_CONFLICT: it is not open. */
int lw_ask_cancel(struct lw_enclave *enclave, const struct lw_nonce *nonce, const char *reason,
		  const char *by, const struct lw_record_time *time, struct lw_head *ret_head,
		  struct lw_error *e) LW_WARN_UNUSED;

/* The public half of the request key as PEM, appended; the key is made where there is none. By
 * a writer. LW_E_KEY, LW_E_IO. */
int lw_ask_public_key(struct lw_enclave *enclave, struct lw_buf *pem,
		      struct lw_error *e) LW_WARN_UNUSED;

#endif
