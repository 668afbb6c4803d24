/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_FETCH_HTTP_H
#define LW_FETCH_HTTP_H

/*
 * One GET after the other, by libcurl: HTTPS anywhere, plain HTTP on this machine alone, no
 * name or password in the URL. No redirects, no compression, no more bytes than were asked for,
 * and no slower than would take for ever. For a process of its own: what decides never speaks
 * to a network (fetch/fetcher.h).
 */

#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

struct lw_http;

/* Where the bytes go, as they come. */
struct lw_http_sink {
	int (*take)(void *data, struct lw_span bytes, struct lw_error *e);
	void *data;
};

/* ca_file: whose certificates vouch for servers; NULL: the system's. Copied. */
int lw_http_open(const char *ca_file, struct lw_http **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_http_close(struct lw_http *h);

/* LW_E_NOTFOUND (404, 403: what stores answer for a file they do not have), LW_E_LIMIT (more
 * than max), LW_E_USAGE (no URL that may be fetched), LW_E_IO, what the sink said. The sink may
 * have taken bytes before any of them. */
int lw_http_get(struct lw_http *h, const char *url, uint64_t max,
		const struct lw_http_sink *sink, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_http_(struct lw_http **h)
{
	lw_http_close(*h);
}

#endif
