/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_FETCH_HTTP_H
#define LW_FETCH_HTTP_H

/*
 * One request after the other, by libcurl: HTTPS anywhere, plain HTTP on this machine alone, no
 * name or password in the URL. No redirects, no compression, no more bytes than were asked for,
 * and no slower than would take for ever. For a process of its own: what decides never speaks
 * to a network (fetch/fetcher.h, registry/pusher.h).
 */

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

#include <stdbool.h>
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

/* PEM: certificates that vouch for servers, beside the system's; and what we show of ourselves.
 * An empty span: none. Copied. */
void lw_http_credentials(struct lw_http *h, struct lw_span ca, struct lw_span certificate,
			 struct lw_span key);

/* Any request, and any answer: its status is the caller's to judge. */
struct lw_http_request {
	const char *method, *url;
	const char *const *headers; /* "Name: value" */
	size_t n_headers;
	/* What is sent: `bytes` of it, from 0 on at each attempt; NULL: nothing. */
	int (*give)(void *data, uint8_t *p, size_t n, uint64_t at, struct lw_error *e);
	void *data;
	uint64_t bytes;
	/* What is taken where the status is 200 or 206, at most so many bytes. */
	uint64_t most;
	const struct lw_http_sink *sink;
	bool stranger; /* it is not shown our certificate */
};
struct lw_http_header {
	char *name, *value; /* owned */
};
struct lw_http_answer {
	long status;
	struct lw_http_header *headers; /* owned; of this answer alone */
	size_t n_headers;
	struct lw_buf body; /* what came with any other status: the beginning */
};
#define LW_HTTP_HEADERS_BYTES ((size_t)65536)
#define LW_HTTP_PAGE_BYTES    ((size_t)8192) /* of a body that says what is wrong */

/* LW_E_USAGE (no URL that may be asked), LW_E_LIMIT (more than `most`, or too many headers),
 * LW_E_IO (there is no whole answer), LW_E_FORMAT (a body in an encoding that was not asked
 * for), what `give` or the sink said. Zero-initialise *ret; release it also after an error. */
int lw_http_exchange(struct lw_http *h, const struct lw_http_request *q,
		     struct lw_http_answer *ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_http_answer_release(struct lw_http_answer *a);
/* The first of that name, whatever its case; NULL: there is none. */
const char *lw_http_header(const struct lw_http_answer *a, const char *name);

/* LW_E_NOTFOUND (404, 403: what stores answer for a file they do not have), LW_E_LIMIT (more
 * than max), LW_E_USAGE (no URL that may be fetched), LW_E_IO, what the sink said. The sink may
 * have taken bytes before any of them. */
int lw_http_get(struct lw_http *h, const char *url, uint64_t max,
		const struct lw_http_sink *sink, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_http_(struct lw_http **h)
{
	lw_http_close(*h);
}

static inline void lw_auto_http_answer_(struct lw_http_answer *a)
{
	lw_http_answer_release(a);
}

#endif
