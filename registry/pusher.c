/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pusher_internal.h"

#include "base/jail.h"
#include "base/text.h"

#include <poll.h>
#include <string.h>
#include <time.h>

/* It gives up before (fetch/http.c), and waits a little between its attempts. */
#define SILENCE_SEC 1800
#define LOOK_MS	    200 /* so often we look whether to stop */
#define FRAME_SEC   60	/* one that has begun is whole by then */

struct lw_pusher {
	struct lw_jail_child child;
	struct lw_buf storage;
	const atomic_bool *stop;
	bool broken; /* out of step: it is not asked again */
};

static int send_settings(struct lw_pusher *p, const struct lw_pusher_settings *s,
			 struct lw_error *e)
{
	const struct lw_client_settings *c = &s->client;
	LW_AUTO(buf) struct lw_buf body = { 0 };
	int r;

	lw_ipc_put_str(&body, c->host);
	lw_ipc_put_u32(&body, c->plain);
	lw_ipc_put_bytes(&body, c->ca);
	lw_ipc_put_bytes(&body, c->certificate);
	lw_ipc_put_bytes(&body, c->key);
	lw_ipc_put_str(&body, c->username);
	lw_ipc_put_str(&body, c->password);
	lw_ipc_put_str(&body, c->identity_token);
	lw_ipc_put_u64(&body, c->chunk_bytes);
	lw_proxies_put(&s->proxies, &body);
	r = lw_ipc_send(p->child.socket, LW_PUSH_SETTINGS, lw_buf_span(&body), -1, e);
	explicit_bzero(body.p, body.cap);
	return r;
}

int lw_pusher_open(const struct lw_pusher_settings *settings, struct lw_pusher **ret,
		   struct lw_error *e)
{
	LW_AUTO(pusher) struct lw_pusher *p = lw_alloc_array(1, sizeof(*p));
	int r;

	p->child.socket = -1;
	p->stop = settings->stop;
	r = lw_jail_start("landwaiter-push", &p->child, e);
	if (r == 0)
		r = send_settings(p, settings, e);
	if (r < 0)
		return lw_fail_as(e, LW_E_STATE);
	*ret = lw_steal(p);
	return 0;
}

void lw_pusher_close(struct lw_pusher *p)
{
	if (!p)
		return;
	lw_jail_reap(&p->child, NULL);
	lw_buf_free(&p->storage);
	free(p);
}

/* ---- answers ---- */

/* Its word for an error: only such as a registry can bring about. */
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
	if (code != LW_E_USAGE && code != LW_E_UNSUPPORTED && code != LW_E_FORMAT &&
	    code != LW_E_LIMIT && code != LW_E_DIGEST && code != LW_E_EXISTS &&
	    code != LW_E_STATE)
		code = LW_E_IO;
	return lw_fail(e, (enum lw_code)code, "%s", lw_text_settle(text, shown, sizeof(shown)));
}

static int take_outcome(struct lw_ipc_frame *frame, enum lw_client_outcome *ret,
			struct lw_error *e)
{
	uint32_t outcome = 0;
	int r = lw_ipc_take_u32(&frame->body, &outcome, e);

	if (r == 0)
		r = lw_ipc_take_end(&frame->body, e);
	if (r == 0 && (outcome < LW_CLIENT_THERE || outcome > LW_CLIENT_PUSHED))
		r = lw_fail(e, LW_E_JAIL, "an outcome that is none: %u", outcome);
	if (r == 0)
		*ret = (enum lw_client_outcome)outcome;
	return r;
}

static int take_bytes(struct lw_ipc_frame *frame, const struct lw_client_blob *b,
		      struct lw_error *e)
{
	uint64_t bytes = 0;
	int r = lw_ipc_take_u64(&frame->body, &bytes, e);

	if (r == 0)
		r = lw_ipc_take_end(&frame->body, e);
	if (r == 0 && b && b->tell)
		b->tell(b->data, bytes);
	return r;
}

static int64_t monotonic(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Until it says something. */
static int await(struct lw_pusher *p, struct lw_error *e)
{
	struct pollfd on = { .fd = p->child.socket, .events = POLLIN };
	int64_t until = monotonic() + SILENCE_SEC;

	while (!p->stop || !atomic_load(p->stop)) {
		int n = poll(&on, 1, LOOK_MS);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return lw_fail_errno(e, "the pushing process");
		if (monotonic() > until)
			return lw_fail(e, LW_E_JAIL, "the pushing process says nothing");
	}
	return lw_fail(e, LW_E_BUSY, "told to stop");
}

/* One frame. *ret_end: it was the last. */
static int take(struct lw_pusher *p, const struct lw_client_blob *b, bool *ret_end,
		enum lw_client_outcome *ret, struct lw_error *e)
{
	struct lw_ipc_frame frame = { .fd = -1 };
	int r = await(p, e);

	if (r == 0)
		r = lw_ipc_receive_plain(p->child.socket, 4096, FRAME_SEC, &p->storage, &frame,
					 e);
	if (r == -LW_E_NOTFOUND)
		return lw_fail(e, LW_E_JAIL, "the pushing process ended before it was done");
	if (r < 0)
		return r;
	*ret_end = frame.type != LW_PUSH_BYTES;
	if (frame.type == LW_PUSH_BYTES)
		return take_bytes(&frame, b, e);
	if (frame.type == LW_PUSH_DONE)
		return take_outcome(&frame, ret, e);
	if (frame.type == LW_PUSH_ERROR)
		return take_error(&frame, e);
	return lw_fail(e, LW_E_JAIL, "the pushing process said something unexpected (%u)",
		       frame.type);
}

static int ask(struct lw_pusher *p, uint32_t type, struct lw_span body, int fd,
	       const struct lw_client_blob *b, enum lw_client_outcome *ret, struct lw_error *e)
{
	bool end = false;
	int r;

	if (p->broken)
		return lw_fail(e, LW_E_IO, "the pushing process is broken");
	r = lw_ipc_send(p->child.socket, type, body, fd, e);
	while (r == 0 && !end)
		r = take(p, b, &end, ret, e);
	p->broken = !end || r == -LW_E_JAIL;
	return p->broken && r != -LW_E_BUSY ? lw_fail_as(e, LW_E_IO) : r;
}

/* ---- questions ---- */

int lw_pusher_blob(struct lw_pusher *p, const struct lw_client_blob *b,
		   enum lw_client_outcome *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };

	lw_ipc_put_str(&body, b->repository);
	lw_push_put_digest(&body, &b->digest);
	lw_ipc_put_u64(&body, b->size);
	lw_ipc_put_str(&body, b->mount_from);
	return ask(p, LW_PUSH_BLOB, lw_buf_span(&body), b->fd, b, ret, e);
}

/* The others are none, then: it is refused what they would have allowed. */
static void put_digests(struct lw_buf *body, const struct lw_digest *list, size_t n)
{
	if (n > LW_PUSH_MOST_DIGESTS)
		n = LW_PUSH_MOST_DIGESTS;
	lw_ipc_put_u32(body, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		lw_push_put_digest(body, &list[i]);
}

static void put_manifest(struct lw_buf *body, const struct lw_client_manifest *m)
{
	lw_ipc_put_str(body, m->repository);
	lw_push_put_digest(body, &m->digest);
	lw_ipc_put_str(body, m->media_type);
	lw_ipc_put_bytes(body, m->bytes);
	lw_ipc_put_str(body, m->tag);
	lw_ipc_put_u32(body, m->move);
	put_digests(body, m->movable, m->n_movable);
	put_digests(body, m->newer, m->n_newer);
}

int lw_pusher_manifest(struct lw_pusher *p, const struct lw_client_manifest *m,
		       enum lw_client_outcome *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };

	put_manifest(&body, m);
	return ask(p, LW_PUSH_MANIFEST, lw_buf_span(&body), -1, NULL, ret, e);
}

int lw_pusher_list_referrer(struct lw_pusher *p, const struct lw_client_manifest *m,
			    const struct lw_digest *subject, enum lw_client_outcome *ret,
			    struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };

	put_manifest(&body, m);
	lw_push_put_digest(&body, subject);
	return ask(p, LW_PUSH_REFERRER, lw_buf_span(&body), -1, NULL, ret, e);
}
