/* SPDX-License-Identifier: Apache-2.0 */
/* The side of fetch/fetcher.h that speaks to the network. */
#include "base/limits.h"
#include "fetch/fetcher_internal.h"

#include <string.h>

struct server {
	int socket;
	struct lw_buf storage;
	struct lw_http *http;
	struct lw_error why; /* there is none: said to whoever asks */
	bool gone;	     /* who asks does not listen any more */
};

static int receive(struct server *s, uint32_t type, struct lw_ipc_frame *ret,
		   struct lw_error *e)
{
	int r = lw_ipc_receive_plain(s->socket, LW_MAX_FRAME_BYTES, -1, &s->storage, ret, e);

	if (r == 0 && ret->type != type)
		r = lw_fail(e, LW_E_JAIL, "want message %u, have %u", type, ret->type);
	return r;
}

static int settle(struct server *s, struct lw_error *e)
{
	lw_auto_free char *ca_file = NULL;
	struct lw_ipc_frame frame;
	int r = receive(s, LW_FETCH_SETTINGS, &frame, e);

	if (r == 0)
		r = lw_ipc_take_str(&frame.body, LW_FETCH_VALUE_BYTES, &ca_file, e);
	if (r == 0)
		r = lw_proxies_take(&frame.body, e);
	if (r == 0)
		r = lw_ipc_take_end(&frame.body, e);
	if (r == 0)
		(void)!lw_http_open(ca_file[0] ? ca_file : NULL, &s->http, &s->why);
	return r;
}

static int put(void *data, struct lw_span bytes, struct lw_error *e)
{
	struct server *s = data;
	int r = lw_ipc_send(s->socket, LW_FETCH_BYTES, bytes, -1, e);

	if (r < 0)
		s->gone = true;
	return r;
}

static int answer(struct server *s, int r, const struct lw_error *why, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };

	if (r == 0)
		return lw_ipc_send(s->socket, LW_FETCH_DONE, lw_span(NULL, 0), -1, e);
	lw_ipc_put_u32(&body, (uint32_t)why->code);
	lw_ipc_put_str(&body, why->text);
	return lw_ipc_send(s->socket, LW_FETCH_ERROR, lw_buf_span(&body), -1, e);
}

static int serve_one(struct server *s, struct lw_error *e)
{
	const struct lw_http_sink sink = { put, s };
	lw_auto_free char *url = NULL;
	struct lw_error why = s->why;
	struct lw_ipc_frame frame;
	uint64_t max = 0;
	int r = receive(s, LW_FETCH_GET, &frame, e);

	if (r == 0)
		r = lw_ipc_take_str(&frame.body, LW_FETCH_URL_BYTES, &url, e);
	if (r == 0)
		r = lw_ipc_take_u64(&frame.body, &max, e);
	if (r == 0)
		r = lw_ipc_take_end(&frame.body, e);
	if (r < 0)
		return r;
	r = s->http ? lw_http_get(s->http, url, max, &sink, &why) : -(int)why.code;
	return s->gone ? lw_fail(e, LW_E_IO, "nobody listens") : answer(s, r, &why, e);
}

int lw_fetcher_serve(int socket, struct lw_error *e)
{
	struct server s = { .socket = socket };
	int r = settle(&s, e);

	while (r == 0)
		r = serve_one(&s, e);
	lw_http_close(s.http);
	lw_buf_free(&s.storage);
	return r == -LW_E_NOTFOUND ? 0 : r;
}
