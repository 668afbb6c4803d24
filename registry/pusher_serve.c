/* SPDX-License-Identifier: Apache-2.0 */
/* The side of registry/pusher.h that speaks to the network. */
#include "registry/pusher_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So often the other side hears how far it is. */
#define TELL_BYTES ((uint64_t)4 << 20)

struct server {
	int socket;
	struct lw_buf storage;
	struct lw_registry_client *client;
	struct lw_error why; /* there is none: said to whoever asks */
	uint64_t told;	     /* bytes that were not said yet */
	bool gone;	     /* who asks does not listen any more */
};

/* ---- settings ---- */

struct words { /* of the settings, owned */
	char *host, *username, *password, *identity_token;
};

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void auto_words(struct words *w)
{
	free(w->host);
	free(w->username);
	wipe(w->password);
	wipe(w->identity_token);
}

static int take_client(struct lw_span *body, struct words *w, struct lw_client_settings *c,
		       struct lw_error *e)
{
	struct lw_span *const pems[] = { &c->ca, &c->certificate, &c->key };
	char **const texts[] = { &w->username, &w->password, &w->identity_token };
	uint32_t plain = 0;
	int r = lw_ipc_take_str(body, LW_MAX_REPOSITORY, &w->host, e);

	if (r == 0)
		r = lw_ipc_take_u32(body, &plain, e);
	for (size_t i = 0; i < LW_COUNT_OF(pems) && r == 0; i++)
		r = lw_ipc_take_bytes(body, LW_PUSH_VALUE_BYTES, pems[i], e);
	for (size_t i = 0; i < LW_COUNT_OF(texts) && r == 0; i++)
		r = lw_ipc_take_str(body, LW_PUSH_VALUE_BYTES, texts[i], e);
	if (r == 0)
		r = lw_ipc_take_u64(body, &c->chunk_bytes, e);
	c->host = w->host;
	c->plain = plain != 0;
	c->username = w->username;
	c->password = w->password;
	c->identity_token = w->identity_token;
	return r;
}

static int settle(struct server *s, struct lw_error *e)
{
	struct words w __attribute__((cleanup(auto_words))) = { 0 };
	struct lw_client_settings c = { 0 };
	struct lw_ipc_frame frame;
	int r = lw_ipc_receive_plain(s->socket, LW_MAX_FRAME_BYTES, -1, &s->storage, &frame, e);

	if (r == 0 && frame.type != LW_PUSH_SETTINGS)
		r = lw_fail(e, LW_E_JAIL, "want settings");
	if (r == 0)
		r = take_client(&frame.body, &w, &c, e);
	if (r == 0)
		r = lw_proxies_take(&frame.body, e);
	if (r == 0)
		r = lw_ipc_take_end(&frame.body, e);
	if (r == 0)
		(void)!lw_client_open(&c, &s->client, &s->why);
	if (s->storage.p)
		explicit_bzero(s->storage.p, s->storage.cap);
	return r;
}

/* ---- questions ---- */

static int take_digest(struct lw_span *body, struct lw_digest *ret, struct lw_error *e)
{
	struct lw_span bytes;
	int r = lw_ipc_take_bytes(body, sizeof(ret->sha256), &bytes, e);

	if (r == 0 && bytes.n != sizeof(ret->sha256))
		r = lw_fail(e, LW_E_JAIL, "want a digest");
	if (r == 0)
		memcpy(ret->sha256, bytes.p, bytes.n);
	return r;
}

static void say(struct server *s)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };
	struct lw_error ignored;

	if (s->told == 0 || s->gone)
		return;
	lw_ipc_put_u64(&body, s->told);
	s->told = 0;
	s->gone = lw_ipc_send(s->socket, LW_PUSH_BYTES, lw_buf_span(&body), -1, &ignored) < 0;
}

static void tell(void *data, uint64_t bytes)
{
	struct server *s = data;

	s->told += bytes;
	if (s->told >= TELL_BYTES)
		say(s);
}

/* A failure of the question itself is *e; one of the client *why. */
static int push_blob(struct server *s, struct lw_ipc_frame *frame, enum lw_client_outcome *ret,
		     struct lw_error *why, struct lw_error *e)
{
	lw_auto_free char *repository = NULL;
	lw_auto_free char *from = NULL;
	struct lw_client_blob b = { .fd = frame->fd, .tell = tell, .data = s };
	int r = lw_ipc_take_str(&frame->body, LW_MAX_REPOSITORY, &repository, e);

	if (r == 0)
		r = take_digest(&frame->body, &b.digest, e);
	if (r == 0)
		r = lw_ipc_take_u64(&frame->body, &b.size, e);
	if (r == 0)
		r = lw_ipc_take_str(&frame->body, LW_MAX_REPOSITORY, &from, e);
	if (r == 0)
		r = lw_ipc_take_end(&frame->body, e);
	if (r == 0 && frame->fd < 0)
		r = lw_fail(e, LW_E_JAIL, "want a blob");
	if (r < 0 || !s->client)
		return r;
	b.repository = repository;
	b.mount_from = from;
	if (lw_client_push_blob(s->client, &b, ret, why) == 0)
		why->code = LW_OK; /* something may have been tried before */
	say(s);
	return 0;
}

struct manifest_words { /* owned */
	char *repository, *media_type, *tag;
	struct lw_digest *movable, *newer;
};

static void auto_manifest_words(struct manifest_words *w)
{
	free(w->repository);
	free(w->media_type);
	free(w->tag);
	free(w->movable);
	free(w->newer);
}

static int take_digests(struct lw_span *body, struct lw_digest **ret, size_t *ret_n,
			struct lw_error *e)
{
	uint32_t n = 0;
	int r = lw_ipc_take_u32(body, &n, e);

	if (r == 0 && n > LW_PUSH_MOST_DIGESTS)
		r = lw_fail(e, LW_E_JAIL, "too many digests");
	if (r < 0)
		return r;
	*ret = lw_alloc_array(n ? n : 1, sizeof(**ret));
	for (; *ret_n < n && r == 0; (*ret_n)++)
		r = take_digest(body, &(*ret)[*ret_n], e);
	return r;
}

static int take_manifest(struct lw_span *body, struct manifest_words *w,
			 struct lw_client_manifest *m, struct lw_error *e)
{
	uint32_t move = 0;
	int r = lw_ipc_take_str(body, LW_MAX_REPOSITORY, &w->repository, e);

	if (r == 0)
		r = take_digest(body, &m->digest, e);
	if (r == 0)
		r = lw_ipc_take_str(body, LW_MAX_MEDIA_TYPE, &w->media_type, e);
	if (r == 0)
		r = lw_ipc_take_bytes(body, LW_MAX_MANIFEST_BYTES, &m->bytes, e);
	if (r == 0)
		r = lw_ipc_take_str(body, LW_MAX_TAG, &w->tag, e);
	if (r == 0)
		r = lw_ipc_take_u32(body, &move, e);
	if (r == 0)
		r = take_digests(body, &w->movable, &m->n_movable, e);
	if (r == 0)
		r = take_digests(body, &w->newer, &m->n_newer, e);
	m->repository = w->repository;
	m->media_type = w->media_type;
	m->tag = w->tag;
	m->move = move != 0;
	m->movable = w->movable;
	m->newer = w->newer;
	return r;
}

static int push_manifest(struct server *s, struct lw_ipc_frame *frame,
			 enum lw_client_outcome *ret, struct lw_error *why, struct lw_error *e)
{
	struct manifest_words w __attribute__((cleanup(auto_manifest_words))) = { 0 };
	struct lw_client_manifest m = { 0 };
	struct lw_digest subject = { 0 };
	bool referrer = frame->type == LW_PUSH_REFERRER;
	int r = take_manifest(&frame->body, &w, &m, e);

	if (r == 0 && referrer)
		r = take_digest(&frame->body, &subject, e);
	if (r == 0)
		r = lw_ipc_take_end(&frame->body, e);
	if (r < 0 || !s->client)
		return r;
	r = referrer ? lw_client_list_referrer(s->client, &m, &subject, ret, why)
		     : lw_client_push_manifest(s->client, &m, ret, why);
	if (r == 0)
		why->code = LW_OK;
	return 0;
}

static int answer(struct server *s, enum lw_client_outcome outcome, const struct lw_error *why,
		  struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };

	if (why->code == LW_OK)
		lw_ipc_put_u32(&body, (uint32_t)outcome);
	else {
		lw_ipc_put_u32(&body, (uint32_t)why->code);
		lw_ipc_put_str(&body, why->text);
	}
	return lw_ipc_send(s->socket, why->code == LW_OK ? LW_PUSH_DONE : LW_PUSH_ERROR,
			   lw_buf_span(&body), -1, e);
}

static int serve_one(struct server *s, struct lw_error *e)
{
	enum lw_client_outcome outcome = LW_CLIENT_THERE;
	struct lw_ipc_frame frame = { .fd = -1 };
	struct lw_error why = s->why, failed = { 0 };
	int r = lw_ipc_receive(s->socket, LW_MAX_FRAME_BYTES, -1, &s->storage, &frame, e);

	if (r < 0)
		return r;
	if (frame.type == LW_PUSH_BLOB)
		r = push_blob(s, &frame, &outcome, &failed, e);
	else if (frame.type == LW_PUSH_MANIFEST || frame.type == LW_PUSH_REFERRER)
		r = push_manifest(s, &frame, &outcome, &failed, e);
	else
		r = lw_fail(e, LW_E_JAIL, "no such message: %u", frame.type);
	if (frame.fd >= 0)
		(void)close(frame.fd);
	if (r == 0 && s->gone)
		r = lw_fail(e, LW_E_IO, "nobody listens");
	return r == 0 ? answer(s, outcome, s->client ? &failed : &why, e) : r;
}

int lw_pusher_serve(int socket, struct lw_error *e)
{
	struct server s = { .socket = socket };
	int r = settle(&s, e);

	while (r == 0)
		r = serve_one(&s, e);
	lw_client_close(s.client);
	lw_buf_free(&s.storage);
	return r == -LW_E_NOTFOUND ? 0 : r;
}
