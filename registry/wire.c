/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/wire.h"

#include "base/ipc.h"
#include "base/limits.h"
#include "base/mem.h"

#include <stdlib.h>

static void put(struct lw_buf *out, const char *s)
{
	lw_ipc_put_str(out, s ? s : "");
}

void lw_question_put(const struct lw_question *q, struct lw_buf *out)
{
	lw_ipc_put_u32(out, (uint32_t)q->kind);
	put(out, q->name);
	put(out, q->reference);
	put(out, q->artifact_type);
	put(out, q->last);
	lw_ipc_put_u64(out, q->most);
	lw_ipc_put_u64(out, q->at);
}

int lw_question_take(struct lw_span body, struct lw_question *ret, struct lw_error *e)
{
	char **const words[] = { &ret->name, &ret->reference, &ret->artifact_type, &ret->last };
	uint32_t kind = 0;
	int r = lw_ipc_take_u32(&body, &kind, e);

	if (r == 0 && (kind < LW_REGISTRY_CATALOG || kind > LW_REGISTRY_PART))
		r = lw_fail(e, LW_E_JAIL, "no such question: %u", kind);
	ret->kind = (enum lw_registry_kind)kind;
	for (size_t i = 0; i < LW_COUNT_OF(words) && r == 0; i++)
		r = lw_ipc_take_str(&body, LW_MAX_REGISTRY_WORD, words[i], e);
	if (r == 0)
		r = lw_ipc_take_u64(&body, &ret->most, e);
	if (r == 0)
		r = lw_ipc_take_u64(&body, &ret->at, e);
	return r == 0 ? lw_ipc_take_end(&body, e) : r;
}

void lw_question_release(struct lw_question *q)
{
	free(q->name);
	free(q->reference);
	free(q->artifact_type);
	free(q->last);
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
	lw_ipc_put_bytes(out, lw_buf_span(&a->body));
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
	*l = (struct lw_request_log){ 0 };
}
