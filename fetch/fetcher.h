/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_FETCH_FETCHER_H
#define LW_FETCH_FETCHER_H

/*
 * The network, in a process of its own (docs/decisions/0019): `landwaiter-fetch`, which users
 * never call, gets a URL at a time and hands out bytes in frames (base/ipc.h). It is told no
 * more than that, and what it says is believed no more than what a server says: the bytes are
 * nobody's until a signature or a digest vouches for them. It is no box: it may read files, and
 * speak to the network.
 *
 * This is the side that asks; fetch/fetcher_serve.c is the other.
 */

#include "base/mem.h"
#include "fetch/http.h"
#include "fetch/proxies.h"

struct lw_fetcher;

struct lw_fetch_settings {   /* borrowed */
	const char *ca_file; /* whose certificates vouch for servers; NULL: the system's */
	struct lw_proxies proxies;
};

/* Starts it. It gets no other environment. LW_E_STATE. */
int lw_fetcher_open(const struct lw_fetch_settings *settings, struct lw_fetcher **ret,
		    struct lw_error *e) LW_WARN_UNUSED;
void lw_fetcher_close(struct lw_fetcher *f);

/* As lw_http_get, by the process. LW_E_IO, too, where it ended or fell silent. */
int lw_fetcher_get(struct lw_fetcher *f, const char *url, uint64_t max,
		   const struct lw_http_sink *sink, struct lw_error *e) LW_WARN_UNUSED;

/* The other side: answers on the socket until it is closed. */
int lw_fetcher_serve(int socket, struct lw_error *e) LW_WARN_UNUSED;

LW_DEFINE_AUTO(fetcher, struct lw_fetcher *, lw_fetcher_close);

#endif
