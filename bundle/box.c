/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/box_internal.h"

#include "base/mem.h"
#include "base/text.h"
#include "bundle/seal.h"

void lw_box_close(struct lw_box *b)
{
	bool clean;

	lw_jail_reap(&b->child, &clean);
	lw_buf_free(&b->storage);
}

int lw_box_send(struct lw_box *b, uint32_t type, const struct lw_buf *body, struct lw_error *e)
{
	int r = lw_ipc_send(b->child.socket, type, body ? lw_buf_span(body) : lw_span(NULL, 0),
			    -1, e);

	/* Whether it is the sending that finds the box gone, or the wait for its answer. */
	return r == -LW_E_IO ? lw_fail(e, LW_E_JAIL, "the box ended before it was done") : r;
}

int lw_box_receive(struct lw_box *b, struct lw_ipc_frame *frame, struct lw_error *e)
{
	int r = lw_ipc_receive_plain(b->child.socket, LW_MAX_FRAME_BYTES, LW_BOX_REPLY_SEC,
				     &b->storage, frame, e);

	if (r == 0 && frame->fd >= 0) {
		(void)close(frame->fd);
		r = lw_fail(e, LW_E_JAIL, "the box sent a descriptor");
	}
	if (r == -LW_E_NOTFOUND)
		r = lw_fail(e, LW_E_JAIL, "the box ended before it was done");
	return r;
}

static int unexpected(const struct lw_ipc_frame *frame, struct lw_error *e)
{
	return lw_fail(e, LW_E_JAIL, "the box said something unexpected (%u)", frame->type);
}

/* The box's own word for an error: only codes about the object may come back. */
int lw_box_take_error(struct lw_ipc_frame *frame, struct lw_error *e)
{
	uint32_t code = 0;
	lw_auto_free char *text = NULL;
	char shown[512];
	int r = lw_ipc_take_u32(&frame->body, &code, e);

	if (r == 0)
		r = lw_ipc_take_str(&frame->body, sizeof(e->text), &text, e);
	if (r == 0)
		r = lw_ipc_take_end(&frame->body, e);
	if (r < 0)
		return r;
	if (code != LW_E_FORMAT && code != LW_E_LIMIT && code != LW_E_UNSUPPORTED &&
	    code != LW_E_CONFLICT)
		return lw_fail(e, LW_E_JAIL, "the box failed: %s",
			       lw_text_settle(text, shown, sizeof(shown)));
	return lw_fail(e, (enum lw_code)code, "%s", lw_text_settle(text, shown, sizeof(shown)));
}

/* An answer that must be of this type, or the box's error. */
int lw_box_receive_only(struct lw_box *b, uint32_t type, struct lw_ipc_frame *frame,
			struct lw_error *e)
{
	int r = lw_box_receive(b, frame, e);

	if (r == 0 && frame->type == LW_BOX_ERROR)
		r = lw_box_take_error(frame, e);
	else if (r == 0 && frame->type != type)
		r = unexpected(frame, e);
	return r;
}

int lw_box_await(struct lw_box *b, enum lw_jail_level *ret_level, struct lw_error *e)
{
	struct lw_ipc_frame frame;
	uint32_t level = 0;
	int r = lw_box_receive_only(b, LW_BOX_READY, &frame, e);

	if (r == 0)
		r = lw_ipc_take_u32(&frame.body, &level, e);
	if (r == 0)
		r = lw_ipc_take_end(&frame.body, e);
	if (r == 0 && level != LW_JAIL_SECCOMP && level != LW_JAIL_LANDLOCK)
		r = lw_fail(e, LW_E_JAIL, "the box has no walls");
	if (r == 0)
		*ret_level = (enum lw_jail_level)level;
	return r;
}

int lw_box_open(const char *program, struct lw_box *b, enum lw_jail_level *ret_level,
		struct lw_error *e)
{
	lw_auto_free char *found = NULL;
	int r = 0;

	if (!program)
		r = lw_jail_program("landwaiter-judge", &found, e);
	if (r == 0)
		r = lw_jail_spawn(program ? program : found, "landwaiter-judge", &b->child, e);
	if (r < 0) /* ours to mend: it says nothing about the object */
		return lw_fail_as(e, LW_E_STATE);
	return lw_box_await(b, ret_level, e);
}

static int take_payload(struct lw_ipc_frame *frame, struct lw_dsse *seal, char *sender,
			uint32_t *volumes, struct lw_error *e)
{
	struct lw_span payload;
	uint32_t claimed_volumes = 0;
	lw_auto_free char *claimed = NULL;
	int r = lw_ipc_take_bytes(&frame->body, LW_MAX_STATEMENT_BYTES, &payload, e);

	if (r == 0)
		r = lw_ipc_take_str(&frame->body, LW_MAX_LABEL, &claimed, e);
	if (r == 0)
		r = lw_ipc_take_u32(&frame->body, &claimed_volumes, e);
	if (r == 0)
		r = lw_ipc_take_end(&frame->body, e);
	if (r == 0 && seal->payload.n > 0)
		r = lw_fail(e, LW_E_JAIL, "the box gave two payloads");
	if (r != 0)
		return r;
	lw_buf_add(&seal->payload, payload.p, payload.n);
	if (sender && lw_text_is_label(lw_span_str(claimed)))
		(void)snprintf(sender, LW_MAX_LABEL + 1, "%s", claimed);
	if (volumes)
		*volumes = claimed_volumes;
	return 0;
}

static int take_signature(struct lw_ipc_frame *frame, struct lw_dsse *seal,
			  struct lw_claim *claims, struct lw_error *e)
{
	struct lw_span keyid, sig = { 0 };
	uint32_t n = 0, index = 0;
	int r = lw_ipc_take_bytes(&frame->body, LW_DIGEST_BYTES, &keyid, e);

	if (r == 0)
		r = lw_ipc_take_bytes(&frame->body, LW_MAX_SIGNATURE_BYTES, &sig, e);
	if (r == 0)
		r = lw_ipc_take_u32(&frame->body, &n, e);
	if (r < 0)
		return r;
	if (keyid.n != LW_DIGEST_BYTES || n > LW_MAX_MATCHES ||
	    seal->n_signatures == LW_MAX_APPROVALS)
		return lw_fail(e, LW_E_JAIL, "the box gave an impossible signature");

	struct lw_dsse_signature *s = &seal->signatures[seal->n_signatures];
	struct lw_claim claim = { 0 };
	size_t at = seal->n_signatures++; /* from here on it is released with the seal */

	memcpy(s->keyid.sha256, keyid.p, keyid.n);
	lw_buf_add(&s->sig, sig.p, sig.n);
	claim.keyid = s->keyid;
	claim.sig = lw_buf_span(&s->sig);
	for (uint32_t i = 0; i < n; i++) {
		r = lw_ipc_take_u32(&frame->body, &index, e);
		if (r < 0)
			return r;
		claim.matches[claim.n_matches++] = index;
	}
	if (claims)
		claims[at] = claim;
	return lw_ipc_take_end(&frame->body, e);
}

/* Everything a box answers about a seal, up to DONE. */
static int take_answers(struct lw_box *b, struct lw_dsse *seal, char *sender, uint32_t *volumes,
			struct lw_claim *claims, struct lw_buf *text, struct lw_error *e)
{
	for (;;) {
		struct lw_ipc_frame frame;
		int r = lw_box_receive(b, &frame, e);

		if (r < 0)
			return r;
		if (frame.type == LW_BOX_PAYLOAD) {
			r = take_payload(&frame, seal, sender, volumes, e);
		} else if (frame.type == LW_BOX_SIGNATURE) {
			r = take_signature(&frame, seal, claims, e);
		} else if (frame.type == LW_BOX_TEXT && text) {
			if (frame.body.n > LW_MAX_FRAME_BYTES - text->n)
				return lw_fail(e, LW_E_JAIL, "the box does not stop talking");
			lw_buf_add(text, frame.body.p, frame.body.n);
		} else if (frame.type == LW_BOX_DONE) {
			return seal->payload.n > 0
				       ? lw_ipc_take_end(&frame.body, e)
				       : lw_fail(e, LW_E_JAIL, "the box gave no payload");
		} else {
			return frame.type == LW_BOX_ERROR ? lw_box_take_error(&frame, e)
							  : unexpected(&frame, e);
		}
		if (r < 0)
			return r;
	}
}

/* The envelope has one spelling: written again from what the box handed out, it must be the
 * seal, byte for byte. So a broken box can neither change the payload nor hide or invent a
 * signature, and the parent has not parsed anything. */
static int hold_against(struct lw_span seal, const struct lw_dsse *d, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf again = { 0 };
	int r = lw_seal_write(d, &again, e);

	if (r < 0 || !lw_span_equal(seal, lw_buf_span(&again)))
		return lw_fail(e, LW_E_JAIL,
			       "the box handed out something else than the seal holds");
	return 0;
}

int lw_box_seal(const char *program, struct lw_span seal, const struct lw_policy *policy,
		struct lw_box_seal *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf job = { 0 };
	struct lw_box b = { .child = { .socket = -1 } };
	size_t n = lw_policy_key_count(policy, LW_KEYS_OWN), signer;

	lw_ipc_put_bytes(&job, seal);
	lw_ipc_put_u32(&job, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		lw_ipc_put_bytes(&job,
				 lw_key_der(lw_policy_key_at(policy, LW_KEYS_OWN, i, &signer)));

	int r = lw_box_open(program, &b, &ret->level, e);
	if (r == 0)
		r = lw_box_send(&b, LW_BOX_JOB_SEAL, &job, e);
	if (r == 0)
		r = take_answers(&b, &ret->seal, ret->claimed_sender, &ret->claimed_volumes,
				 ret->claims, NULL, e);
	if (r == 0)
		r = hold_against(seal, &ret->seal, e);
	lw_box_close(&b);
	return r;
}

void lw_box_seal_release(struct lw_box_seal *s)
{
	lw_dsse_release(&s->seal);
}

int lw_box_explain(const char *program, enum lw_explain_form form, struct lw_span seal,
		   struct lw_span contents, struct lw_span previous, struct lw_span mark,
		   struct lw_box_explained *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf job = { 0 };
	struct lw_box b = { .child = { .socket = -1 } };
	enum lw_jail_level level;

	lw_ipc_put_u32(&job, (uint32_t)form);
	lw_ipc_put_bytes(&job, seal);
	lw_ipc_put_bytes(&job, contents);
	lw_ipc_put_bytes(&job, previous);
	lw_ipc_put_bytes(&job, mark);

	int r = lw_box_open(program, &b, &level, e);
	if (r == 0)
		r = lw_box_send(&b, LW_BOX_JOB_EXPLAIN, &job, e);
	if (r == 0)
		r = take_answers(&b, &ret->seal, NULL, NULL, NULL, &ret->text, e);
	if (r == 0)
		r = hold_against(seal, &ret->seal, e);
	lw_box_close(&b);
	return r;
}

void lw_box_explained_release(struct lw_box_explained *x)
{
	lw_dsse_release(&x->seal);
	lw_buf_free(&x->text);
}

int lw_box_attach(const char *program, struct lw_span index, const struct lw_digest *manifest,
		  uint64_t size, const char *artifact_type, struct lw_buf *ret,
		  struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf job = { 0 };
	struct lw_box b = { .child = { .socket = -1 } };
	struct lw_ipc_frame frame;
	enum lw_jail_level level;

	lw_ipc_put_bytes(&job, index);
	lw_ipc_put_bytes(&job, lw_span(manifest->sha256, sizeof(manifest->sha256)));
	lw_ipc_put_u64(&job, size);
	lw_ipc_put_str(&job, artifact_type);

	int r = lw_box_open(program, &b, &level, e);
	if (r == 0)
		r = lw_box_send(&b, LW_BOX_JOB_ATTACH, &job, e);
	if (r == 0)
		r = lw_box_receive_only(&b, LW_BOX_TEXT, &frame, e);
	if (r == 0)
		lw_buf_add(ret, frame.body.p, frame.body.n);
	lw_box_close(&b);
	return r;
}

struct lw_box_documents {
	struct lw_box box;
};

int lw_box_documents_open(const char *program, struct lw_box_documents **ret,
			  struct lw_error *e)
{
	LW_AUTO(box_documents) struct lw_box_documents *b = lw_alloc_array(1, sizeof(*b));
	enum lw_jail_level level;

	b->box.child.socket = -1;

	int r = lw_box_open(program, &b->box, &level, e);
	if (r == 0)
		r = lw_box_send(&b->box, LW_BOX_JOB_DOCUMENTS, NULL, e);
	if (r == 0)
		*ret = lw_steal(b);
	return r;
}

void lw_box_documents_close(struct lw_box_documents *b)
{
	if (!b)
		return;
	lw_box_close(&b->box);
	free(b);
}

int lw_box_document_read(void *data, struct lw_span bytes, const char *media_type,
			 struct lw_document **ret, struct lw_error *e)
{
	struct lw_box *b = &((struct lw_box_documents *)data)->box;
	LW_AUTO(buf) struct lw_buf ask = { 0 };
	LW_AUTO(document) struct lw_document *d = NULL;
	struct lw_ipc_frame frame;

	lw_ipc_put_u32(&ask, media_type ? 0 : 1);
	lw_ipc_put_str(&ask, media_type ? media_type : "");
	lw_ipc_put_bytes(&ask, bytes);

	int r = lw_box_send(b, LW_BOX_DOCUMENT, &ask, e);
	if (r == 0)
		r = lw_box_receive_only(b, LW_BOX_DOCUMENT, &frame, e);
	if (r == 0)
		r = lw_document_take(&frame.body, &d, e);
	if (r == 0)
		r = lw_ipc_take_end(&frame.body, e);
	if (r == 0)
		*ret = lw_steal(d);
	return r;
}
