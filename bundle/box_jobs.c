/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the box: hostile bytes are read here, behind the wall. */
#include "bundle/box_internal.h"

#include "base/mem.h"
#include "bundle/explain.h"
#include "bundle/format.h"
#include "bundle/seal.h"
#include "image/attach.h"

int lw_box_answer(struct lw_box_inside *in, uint32_t type, const struct lw_buf *body,
		  struct lw_error *e)
{
	return lw_ipc_send(in->socket, type, body ? lw_buf_span(body) : lw_span(NULL, 0), -1,
			   e);
}

int lw_box_answer_error(struct lw_box_inside *in, const struct lw_error *what,
			struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };

	lw_ipc_put_u32(&body, (uint32_t)what->code);
	lw_ipc_put_str(&body, what->text);
	return lw_box_answer(in, LW_BOX_ERROR, &body, e);
}

static int answer_signature(struct lw_box_inside *in, const struct lw_dsse_signature *s,
			    const uint32_t *matches, uint32_t n, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };

	lw_ipc_put_bytes(&body, lw_span(s->keyid.sha256, sizeof(s->keyid.sha256)));
	lw_ipc_put_bytes(&body, lw_buf_span(&s->sig));
	lw_ipc_put_u32(&body, n);
	for (uint32_t i = 0; i < n; i++)
		lw_ipc_put_u32(&body, matches[i]);
	return lw_box_answer(in, LW_BOX_SIGNATURE, &body, e);
}

static int answer_payload(struct lw_box_inside *in, const struct lw_dsse *d,
			  const struct lw_statement *s, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };

	lw_ipc_put_bytes(&body, lw_buf_span(&d->payload));
	lw_ipc_put_str(&body, s->sender);
	lw_ipc_put_u32(&body, (uint32_t)s->volumes);
	return lw_box_answer(in, LW_BOX_PAYLOAD, &body, e);
}

/* The keys handed in before the seal is looked at: trusted bytes, from the parent's policy. */
struct keys {
	struct lw_key **list;
	size_t n;
};

static void auto_keys(struct keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		lw_key_free(k->list[i]);
	free(k->list);
}

static int take_keys(struct lw_span *body, struct keys *k, struct lw_error *e)
{
	uint32_t n = 0;
	int r = lw_ipc_take_u32(body, &n, e);

	if (r == 0 && n > LW_MAX_SIGNERS * LW_MAX_SIGNER_KEYS)
		r = lw_fail(e, LW_E_JAIL, "too many keys");
	if (r < 0)
		return r;
	k->list = lw_alloc_array(n, sizeof(*k->list));
	for (; k->n < n; k->n++) {
		struct lw_span der;

		r = lw_ipc_take_bytes(body, LW_MAX_KEY_BYTES, &der, e);
		if (r == 0)
			r = lw_key_parse(der, &k->list[k->n], e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int point_at_keys(struct lw_box_inside *in, const struct lw_dsse *d,
			 const struct keys *keys, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf message = { 0 };

	lw_dsse_pae(LW_DSSE_IN_TOTO, lw_buf_span(&d->payload), &message);
	for (size_t i = 0; i < d->n_signatures; i++) {
		uint32_t matches[LW_MAX_MATCHES], n = 0;

		for (size_t k = 0; k < keys->n && n < LW_MAX_MATCHES; k++)
			if (lw_key_verify(keys->list[k], lw_buf_span(&message),
					  lw_buf_span(&d->signatures[i].sig)) == LW_KEY_GOOD)
				matches[n++] = (uint32_t)k;

		int r = answer_signature(in, &d->signatures[i], matches, n, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int job_seal(struct lw_box_inside *in, struct lw_span body, struct lw_error *e)
{
	struct keys keys __attribute__((cleanup(auto_keys))) = { 0 };
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	struct lw_statement s = { 0 };
	struct lw_span seal;
	struct lw_error ignored = { 0 };
	int r = lw_ipc_take_bytes(&body, LW_MAX_SEAL_BYTES, &seal, e);

	if (r == 0)
		r = take_keys(&body, &keys, e);
	if (r == 0)
		r = lw_ipc_take_end(&body, e);
	if (r == 0)
		r = lw_seal_parse(seal, &d, e);
	if (r < 0)
		return lw_box_answer_error(in, e, &ignored);

	/* Only so that a refusal can say whose approvals are missing. */
	if (lw_statement_parse(lw_unproven_in_the_box(lw_buf_span(&d.payload)), &s, &ignored) <
	    0)
		s = (struct lw_statement){ 0 };
	r = answer_payload(in, &d, &s, e);
	if (r == 0)
		r = point_at_keys(in, &d, &keys, e);
	return r < 0 ? r : lw_box_answer(in, LW_BOX_DONE, NULL, e);
}

void lw_box_bundle_release(struct lw_box_bundle *x)
{
	lw_dsse_release(&x->seal);
	lw_contents_release(&x->contents);
	lw_contents_release(&x->previous);
}

int lw_box_bundle_read(struct lw_span seal, struct lw_span contents, struct lw_span previous,
		       struct lw_box_bundle *x, struct lw_error *e)
{
	struct lw_proven proven;
	int r = lw_seal_parse(seal, &x->seal, e);

	if (r == 0)
		r = lw_statement_parse(lw_unproven_in_the_box(lw_buf_span(&x->seal.payload)),
				       &x->statement, e);
	if (r == 0 && contents.n != x->statement.contents_bytes)
		r = lw_fail(e, LW_E_FORMAT, "contents: want %llu bytes, have %zu",
			    (unsigned long long)x->statement.contents_bytes, contents.n);
	if (r == 0) {
		r = lw_prove_by_digest(contents, &x->statement.contents, &proven, e);
		if (r < 0) /* LW_E_DIGEST is not a word of the box's */
			r = lw_fail(e, LW_E_CONFLICT,
				    "contents are not the ones the seal names");
	}
	if (r == 0)
		r = lw_contents_parse(proven, &x->contents, e);
	if (r == 0 && previous.n > 0) {
		r = lw_contents_parse(lw_unproven_in_the_box(previous), &x->previous, e);
		if (r < 0)
			r = lw_prefix(e, "previous bundle");
		x->has_previous = r == 0;
	}
	return r;
}

static int send_explanation(struct lw_box_inside *in, uint32_t form,
			    const struct lw_box_bundle *x, struct lw_span mark,
			    struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_explain what = {
		.digest = lw_digest_of(lw_buf_span(&x->seal.payload)),
		.statement = &x->statement,
		.seal = &x->seal,
		.contents = &x->contents,
		.previous = x->has_previous ? &x->previous : NULL,
		.supplement = x->contents.have_blobs > 0 &&
			      lw_format_is_supplement(mark, x->statement.volumes),
		.volume = lw_format_volume_of(mark, x->statement.volumes),
	};
	int r = answer_payload(in, &x->seal, &x->statement, e);

	for (size_t i = 0; i < x->seal.n_signatures && r == 0; i++)
		r = answer_signature(in, &x->seal.signatures[i], NULL, 0, e);
	if (r < 0)
		return r;
	if (form == LW_EXPLAIN_JSON)
		lw_explain_json(&what, &text);
	else if (form == LW_EXPLAIN_SLIP)
		lw_explain_slip(&what, &text);
	else
		lw_explain_text(&what, &text);
	r = lw_box_answer(in, LW_BOX_TEXT, &text, e);
	return r < 0 ? r : lw_box_answer(in, LW_BOX_DONE, NULL, e);
}

static int job_explain(struct lw_box_inside *in, struct lw_span body, struct lw_error *e)
{
	LW_AUTO(box_bundle) struct lw_box_bundle x = { 0 };
	struct lw_span seal, contents, previous, mark;
	struct lw_error ignored = { 0 };
	uint32_t form = 0;
	int r = lw_ipc_take_u32(&body, &form, e);

	if (r == 0)
		r = lw_ipc_take_bytes(&body, LW_MAX_SEAL_BYTES, &seal, e);
	if (r == 0)
		r = lw_ipc_take_bytes(&body, LW_MAX_CONTENTS_BYTES, &contents, e);
	if (r == 0)
		r = lw_ipc_take_bytes(&body, LW_MAX_CONTENTS_BYTES, &previous, e);
	if (r == 0)
		r = lw_ipc_take_bytes(&body, LW_VOLUME_MARK, &mark, e);
	if (r == 0)
		r = lw_ipc_take_end(&body, e);
	if (r == 0)
		r = lw_box_bundle_read(seal, contents, previous, &x, e);
	if (r != 0)
		return lw_box_answer_error(in, e, &ignored);
	return send_explanation(in, form, &x, mark, e);
}

static int one_document(struct lw_box_inside *in, struct lw_ipc_frame *frame,
			struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };
	LW_AUTO(document) struct lw_document *d = NULL;
	lw_auto_free char *media_type = NULL;
	struct lw_span bytes;
	struct lw_error bad = { 0 };
	uint32_t layout_index = 0;
	int r = lw_ipc_take_u32(&frame->body, &layout_index, &bad);

	if (r == 0)
		r = lw_ipc_take_str(&frame->body, LW_MAX_MEDIA_TYPE, &media_type, &bad);
	if (r == 0)
		r = lw_ipc_take_bytes(&frame->body, LW_MAX_INDEX_BYTES, &bytes, &bad);
	if (r == 0)
		r = lw_ipc_take_end(&frame->body, &bad);
	if (r == 0)
		r = layout_index ? lw_document_parse_layout_index(bytes, &d, &bad)
				 : lw_document_parse(bytes, media_type, &d, &bad);
	if (r < 0)
		return lw_box_answer_error(in, &bad, e);
	lw_document_put(d, &body);
	return lw_box_answer(in, LW_BOX_DOCUMENT, &body, e);
}

static int job_documents(struct lw_box_inside *in, struct lw_error *e)
{
	for (;;) {
		struct lw_ipc_frame frame;
		int r = lw_ipc_receive(in->socket, LW_MAX_FRAME_BYTES, -1, &in->storage, &frame,
				       e);

		if (r == -LW_E_NOTFOUND)
			return 0; /* the parent is done */
		if (r == 0 && frame.type != LW_BOX_DOCUMENT)
			r = lw_fail(e, LW_E_JAIL, "want a document, have message %u",
				    frame.type);
		if (r == 0)
			r = one_document(in, &frame, e);
		if (r < 0)
			return r;
	}
}

static int job_attach(struct lw_box_inside *in, struct lw_span body, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf longer = { 0 };
	lw_auto_free char *artifact_type = NULL;
	struct lw_span index, digest;
	struct lw_error bad = { 0 };
	struct lw_digest manifest;
	uint64_t size = 0;
	int r = lw_ipc_take_bytes(&body, LW_MAX_INDEX_BYTES, &index, &bad);

	if (r == 0)
		r = lw_ipc_take_bytes(&body, sizeof(manifest.sha256), &digest, &bad);
	if (r == 0 && digest.n != sizeof(manifest.sha256))
		r = lw_fail(&bad, LW_E_JAIL, "no digest");
	if (r == 0)
		r = lw_ipc_take_u64(&body, &size, &bad);
	if (r == 0)
		r = lw_ipc_take_str(&body, LW_MAX_MEDIA_TYPE, &artifact_type, &bad);
	if (r == 0)
		r = lw_ipc_take_end(&body, &bad);
	if (r == 0) {
		memcpy(manifest.sha256, digest.p, digest.n);
		r = lw_attach_index(index, &manifest, size, artifact_type, &longer, &bad);
	}
	return r < 0 ? lw_box_answer_error(in, &bad, e)
		     : lw_box_answer(in, LW_BOX_TEXT, &longer, e);
}

int lw_box_serve(int socket, enum lw_jail_level level, struct lw_error *e)
{
	struct lw_box_inside in = { .socket = socket };
	LW_AUTO(buf) struct lw_buf body = { 0 };
	struct lw_ipc_frame frame;

	lw_ipc_put_u32(&body, (uint32_t)level);

	int r = lw_box_answer(&in, LW_BOX_READY, &body, e);
	if (r == 0)
		r = lw_ipc_receive(socket, LW_MAX_FRAME_BYTES, -1, &in.storage, &frame, e);
	if (r == 0) {
		if (frame.type == LW_BOX_JOB_SEAL)
			r = job_seal(&in, frame.body, e);
		else if (frame.type == LW_BOX_JOB_EXPLAIN)
			r = job_explain(&in, frame.body, e);
		else if (frame.type == LW_BOX_JOB_DOCUMENTS)
			r = job_documents(&in, e);
		else if (frame.type == LW_BOX_JOB_ATTACH)
			r = job_attach(&in, frame.body, e);
		else if (frame.type == LW_BOX_JOB_CARRIED)
			r = lw_box_job_carried(&in, frame.body, e);
		else if (frame.type == LW_BOX_JOB_TUF)
			r = lw_box_job_tuf(&in, e);
		else
			r = lw_fail(e, LW_E_JAIL, "no such job: %u", frame.type);
	}
	lw_buf_free(&in.storage);
	return r;
}
