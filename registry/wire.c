/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/wire.h"

#include "base/ipc.h"
#include "base/limits.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void put(struct lw_buf *out, const char *s)
{
	lw_ipc_put_str(out, s ? s : "");
}

static void wipe(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
}

void lw_listen_put(const struct lw_listen *l, struct lw_buf *out)
{
	const char *const texts[] = { l->certificate, l->key, l->client_ca };
	size_t n = 0;

	/* At once: what grows leaves copies of a key behind. */
	for (size_t i = 0; i < LW_COUNT_OF(texts); i++)
		n += 4 + (texts[i] ? strlen(texts[i]) : 0);
	lw_buf_reserve(out, n);
	for (size_t i = 0; i < LW_COUNT_OF(texts); i++)
		put(out, texts[i]);
}

int lw_listen_take(struct lw_span body, struct lw_listen *ret, struct lw_error *e)
{
	char **const texts[] = { &ret->certificate, &ret->key, &ret->client_ca };
	int r = 0;

	for (size_t i = 0; i < LW_COUNT_OF(texts) && r == 0; i++)
		r = lw_ipc_take_str(&body, LW_MAX_KEY_BYTES, texts[i], e);
	return r == 0 ? lw_ipc_take_end(&body, e) : r;
}

void lw_listen_release(struct lw_listen *l)
{
	wipe(l->key);
	free(l->certificate);
	free(l->key);
	free(l->client_ca);
	*l = (struct lw_listen){ 0 };
}

void lw_ready_put(const struct lw_ready *r, struct lw_buf *out)
{
	lw_ipc_put_u32(out, r->level);
	lw_ipc_put_bytes(out, lw_span(r->fingerprint.sha256, LW_DIGEST_BYTES));
	lw_ipc_put_u64(out, r->until_sec);
}

int lw_ready_take(struct lw_span body, struct lw_ready *ret, struct lw_error *e)
{
	struct lw_span digest = { 0 };
	int r = lw_ipc_take_u32(&body, &ret->level, e);

	if (r == 0)
		r = lw_ipc_take_bytes(&body, LW_DIGEST_BYTES, &digest, e);
	if (r == 0 && digest.n != LW_DIGEST_BYTES)
		r = lw_fail(e, LW_E_JAIL, "want a fingerprint");
	if (r == 0)
		r = lw_ipc_take_u64(&body, &ret->until_sec, e);
	if (r == 0)
		r = lw_ipc_take_end(&body, e);
	if (r == 0)
		memcpy(ret->fingerprint.sha256, digest.p, LW_DIGEST_BYTES);
	return r;
}

void lw_refused_put(const struct lw_refused *r, struct lw_buf *out)
{
	lw_ipc_put_u32(out, (uint32_t)r->part);
	put(out, r->why);
}

int lw_refused_take(struct lw_span body, struct lw_refused *ret, struct lw_error *e)
{
	uint32_t part = 0;
	int r = lw_ipc_take_u32(&body, &part, e);

	if (r == 0 && part > LW_LISTEN_CLIENT_CA)
		r = lw_fail(e, LW_E_JAIL, "no such part: %u", part);
	ret->part = (enum lw_listen_part)part;
	if (r == 0)
		r = lw_ipc_take_str(&body, sizeof(e->text), &ret->why, e);
	return r == 0 ? lw_ipc_take_end(&body, e) : r;
}

void lw_refused_release(struct lw_refused *r)
{
	free(r->why);
	*r = (struct lw_refused){ 0 };
}

void lw_question_put(const struct lw_question *q, struct lw_buf *out)
{
	lw_buf_reserve(out, 8 * LW_MAX_REGISTRY_WORD); /* at once, for the password's sake */
	lw_ipc_put_u32(out, (uint32_t)q->kind);
	put(out, q->name);
	put(out, q->reference);
	put(out, q->artifact_type);
	put(out, q->last);
	lw_ipc_put_u64(out, q->most);
	lw_ipc_put_u64(out, q->at);
	put(out, q->user);
	put(out, q->password);
}

int lw_question_take(struct lw_span body, struct lw_question *ret, struct lw_error *e)
{
	char **const words[] = { &ret->name, &ret->reference, &ret->artifact_type, &ret->last };
	uint32_t kind = 0;
	int r = lw_ipc_take_u32(&body, &kind, e);

	if (r == 0 && (kind < LW_REGISTRY_BASE || kind > LW_REGISTRY_PART))
		r = lw_fail(e, LW_E_JAIL, "no such question: %u", kind);
	ret->kind = (enum lw_registry_kind)kind;
	for (size_t i = 0; i < LW_COUNT_OF(words) && r == 0; i++)
		r = lw_ipc_take_str(&body, LW_MAX_REGISTRY_WORD, words[i], e);
	if (r == 0)
		r = lw_ipc_take_u64(&body, &ret->most, e);
	if (r == 0)
		r = lw_ipc_take_u64(&body, &ret->at, e);
	if (r == 0)
		r = lw_ipc_take_str(&body, LW_MAX_REGISTRY_WORD, &ret->user, e);
	if (r == 0)
		r = lw_ipc_take_str(&body, LW_MAX_REGISTRY_WORD, &ret->password, e);
	return r == 0 ? lw_ipc_take_end(&body, e) : r;
}

void lw_question_release(struct lw_question *q)
{
	free(q->name);
	free(q->reference);
	free(q->artifact_type);
	free(q->last);
	free(q->user);
	wipe(q->password);
	free(q->password);
	*q = (struct lw_question){ 0 };
}

void lw_answer_put(const struct lw_answer *a, struct lw_buf *out)
{
	lw_ipc_put_u32(out, a->status);
	put(out, a->media_type);
	put(out, a->digest);
	put(out, a->link);
	lw_ipc_put_u32(out, a->filtered);
	lw_ipc_put_u64(out, a->size);
	lw_ipc_put_u32(out, (uint32_t)a->body.n); /* and those bytes, which come behind */
}

int lw_answer_take(struct lw_span body, struct lw_answer *ret, struct lw_error *e)
{
	struct lw_span bytes;
	int r = lw_ipc_take_u32(&body, &ret->status, e);

	if (r == 0)
		r = lw_ipc_take_str(&body, LW_MAX_REGISTRY_WORD, &ret->media_type, e);
	if (r == 0)
		r = lw_ipc_take_str(&body, LW_MAX_REGISTRY_WORD, &ret->digest, e);
	if (r == 0)
		r = lw_ipc_take_str(&body, 4 * LW_MAX_REGISTRY_WORD, &ret->link, e);
	if (r == 0)
		r = lw_ipc_take_u32(&body, &ret->filtered, e);
	if (r == 0)
		r = lw_ipc_take_u64(&body, &ret->size, e);
	if (r == 0)
		r = lw_ipc_take_bytes(&body, LW_MAX_FRAME_BYTES, &bytes, e);
	if (r == 0)
		r = lw_ipc_take_end(&body, e);
	if (r == 0)
		lw_buf_add(&ret->body, bytes.p, bytes.n);
	return r;
}

void lw_answer_release(struct lw_answer *a)
{
	free(a->media_type);
	free(a->digest);
	free(a->link);
	lw_buf_free(&a->body);
	*a = (struct lw_answer){ 0 };
}

void lw_request_log_put(const struct lw_request_log *l, struct lw_buf *out)
{
	put(out, l->client);
	put(out, l->method);
	put(out, l->path);
	put(out, l->user);
	lw_ipc_put_u32(out, l->status);
	lw_ipc_put_u64(out, l->bytes);
	lw_ipc_put_u64(out, l->microseconds);
}

int lw_request_log_take(struct lw_span body, struct lw_request_log *ret, struct lw_error *e)
{
	int r = lw_ipc_take_str(&body, LW_MAX_REGISTRY_WORD, &ret->client, e);

	if (r == 0)
		r = lw_ipc_take_str(&body, LW_MAX_REGISTRY_WORD, &ret->method, e);
	if (r == 0)
		r = lw_ipc_take_str(&body, LW_MAX_REGISTRY_WORD, &ret->path, e);
	if (r == 0)
		r = lw_ipc_take_str(&body, LW_MAX_REGISTRY_WORD, &ret->user, e);
	if (r == 0)
		r = lw_ipc_take_u32(&body, &ret->status, e);
	if (r == 0)
		r = lw_ipc_take_u64(&body, &ret->bytes, e);
	if (r == 0)
		r = lw_ipc_take_u64(&body, &ret->microseconds, e);
	return r == 0 ? lw_ipc_take_end(&body, e) : r;
}

void lw_request_log_release(struct lw_request_log *l)
{
	free(l->client);
	free(l->method);
	free(l->path);
	free(l->user);
	*l = (struct lw_request_log){ 0 };
}
