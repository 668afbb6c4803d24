/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_PUSHER_H
#define LW_REGISTRY_PUSHER_H

/*
 * The registry client (registry/client.h) in a process of its own: `landwaiter-push`, which
 * users never call, gets one thing at a time, a blob as a descriptor, and says what became of
 * it. What it says is believed no more than a registry is: it can make a push fail. It may
 * speak to the network and read what libraries read for it; it writes no file and starts
 * nothing.
 *
 * The functions are those of the client, by the process, with its errors; LW_E_IO, too, where
 * it ended or fell silent, and LW_E_BUSY where we were told to stop: then it is not waited for,
 * and not asked again.
 */

#include "fetch/fetcher.h"
#include "registry/client.h"

#include <stdatomic.h>

struct lw_pusher;

struct lw_pusher_settings { /* borrowed during the call */
	struct lw_client_settings client;
	struct lw_proxies proxies;
	const atomic_bool *stop; /* NULL: never; while the process lives */
};

/* Starts it. It gets no environment but that. LW_E_STATE. */
int lw_pusher_open(const struct lw_pusher_settings *settings, struct lw_pusher **ret,
		   struct lw_error *e) LW_WARN_UNUSED;
void lw_pusher_close(struct lw_pusher *p);

int lw_pusher_blob(struct lw_pusher *p, const struct lw_client_blob *b,
		   enum lw_client_outcome *ret, struct lw_error *e) LW_WARN_UNUSED;
int lw_pusher_manifest(struct lw_pusher *p, const struct lw_client_manifest *m,
		       enum lw_client_outcome *ret, struct lw_error *e) LW_WARN_UNUSED;
int lw_pusher_list_referrer(struct lw_pusher *p, const struct lw_client_manifest *m,
			    const struct lw_digest *subject, enum lw_client_outcome *ret,
			    struct lw_error *e) LW_WARN_UNUSED;

/* The other side: answers on the socket until it is closed. */
int lw_pusher_serve(int socket, struct lw_error *e) LW_WARN_UNUSED;

LW_DEFINE_AUTO(pusher, struct lw_pusher *, lw_pusher_close);

#endif
