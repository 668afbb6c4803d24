/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/fetcher_internal.h"

#include "base/jail.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

/* The process gives up before (fetch/http.c). */
#define SILENCE_SEC 180

struct lw_fetcher {
	struct lw_jail_child child;
	struct lw_buf storage;
	bool broken; /* out of step: it is not asked again */
};

static int send_settings(struct lw_fetcher *f, const struct lw_fetch_settings *settings,
			 struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };

	lw_ipc_put_str(&body, settings->ca_file ? settings->ca_file : "");
	lw_proxies_put(&settings->proxies, &body);
	return lw_ipc_send(f->child.socket, LW_FETCH_SETTINGS, lw_buf_span(&body), -1, e);
}

int lw_fetcher_open(const struct lw_fetch_settings *settings, struct lw_fetcher **ret,
		    struct lw_error *e)
{
	LW_AUTO(fetcher) struct lw_fetcher *f = lw_alloc_array(1, sizeof(*f));
	int r;

	f->child.socket = -1;
	r = lw_jail_start("landwaiter-fetch", &f->child, e);
	if (r == 0)
		r = send_settings(f, settings, e);
	if (r < 0)
		return lw_fail_as(e, LW_E_STATE);
	*ret = lw_steal(f);
	return 0;
}

void lw_fetcher_close(struct lw_fetcher *f)
{
	if (!f)
		return;
	lw_jail_reap(&f->child, NULL);
	lw_buf_free(&f->storage);
	free(f);
}

/* Its word for an error: only such as a server's answer can bring about. */
static int take_error(struct lw_ipc_frame *frame, struct lw_error *e)
{
	lw_auto_free char *text = NULL;
	char shown[sizeof(e->text)];
	uint32_t code = 0;
	int r = lw_ipc_take_u32(&frame->body, &code, e);

	if (r == 0)
		r = lw_ipc_take_str(&frame->body, sizeof(e->text), &text, e);
	if (r == 0)
		r = lw_ipc_take_end(&frame->body, e);
	if (r < 0)
		return r;
	if (code != LW_E_NOTFOUND && code != LW_E_LIMIT && code != LW_E_USAGE)
		code = LW_E_IO;
	return lw_fail(e, (enum lw_code)code, "%s", lw_text_settle(text, shown, sizeof(shown)));
}

/* One answer. *ret_end: it was the last. */
static int take(struct lw_fetcher *f, uint64_t *left, const struct lw_http_sink *sink,
		bool *ret_end, struct lw_error *e)
{
	struct lw_ipc_frame frame;
	int r = lw_ipc_receive_plain(f->child.socket, LW_MAX_FRAME_BYTES, SILENCE_SEC,
				     &f->storage, &frame, e);

	if (r < 0) {
		f->broken = true;
		return r == -LW_E_NOTFOUND
			       ? lw_fail(e, LW_E_IO,
					 "the fetching process ended before it was done")
			       : lw_fail_as(e, LW_E_IO);
	}
	if (frame.type == LW_FETCH_BYTES && frame.body.n <= *left) {
		*left -= frame.body.n;
		return sink->take(sink->data, frame.body, e);
	}
	*ret_end = true;
	if (frame.type == LW_FETCH_DONE && frame.body.n == 0)
		return 0;
	if (frame.type == LW_FETCH_ERROR)
		return take_error(&frame, e);
	f->broken = true;
	return lw_fail(e, LW_E_IO, "the fetching process said something unexpected (%u)",
		       frame.type);
}

int lw_fetcher_get(struct lw_fetcher *f, const char *url, uint64_t max,
		   const struct lw_http_sink *sink, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };
	bool end = false;
	int r;

	if (f->broken)
		return lw_fail(e, LW_E_IO, "the fetching process is broken");
	if (strlen(url) > LW_FETCH_URL_BYTES)
		return lw_fail(e, LW_E_USAGE, "a URL of more than %zu bytes",
			       LW_FETCH_URL_BYTES);
	lw_ipc_put_str(&body, url);
	lw_ipc_put_u64(&body, max);
	r = lw_ipc_send(f->child.socket, LW_FETCH_GET, lw_buf_span(&body), -1, e);
	if (r < 0) {
		f->broken = true;
		return lw_fail_as(e, LW_E_IO);
	}
	while (r == 0 && !end)
		r = take(f, &max, sink, &end, e);
	/* Where the sink had enough there is more to come, which nobody takes. */
	if (!end)
		f->broken = true;
	return r;
}
