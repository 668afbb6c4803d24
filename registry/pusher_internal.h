/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_PUSHER_INTERNAL_H
#define LW_REGISTRY_PUSHER_INTERNAL_H

/* What both sides of registry/pusher.h say. */

#include "base/buf.h"
#include "base/ipc.h"
#include "base/limits.h"
#include "registry/pusher.h"

enum lw_push_message {
	LW_PUSH_SETTINGS = 1, /* client, proxies */
	LW_PUSH_BLOB,	      /* with its descriptor */
	LW_PUSH_MANIFEST,
	LW_PUSH_REFERRER,    /* manifest, subject */
	LW_PUSH_BYTES = 100, /* so many more; before the answer, and any number of times */
	LW_PUSH_DONE,	     /* outcome */
	LW_PUSH_ERROR,	     /* code, text */
};

#define LW_PUSH_VALUE_BYTES  ((size_t)65536) /* a secret, a file of certificates */
#define LW_PUSH_MOST_DIGESTS ((uint32_t)100000)

static inline void lw_push_put_digest(struct lw_buf *b, const struct lw_digest *d)
{
	lw_ipc_put_bytes(b, lw_span(d->sha256, sizeof(d->sha256)));
}

#endif
