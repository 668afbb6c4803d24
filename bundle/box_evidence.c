/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side of the evidence job. */
#include "base/mem.h"
#include "bundle/box_internal.h"
#include "verify/testimony.h"

struct lw_box_evidence {
	struct lw_box box;
};

int lw_box_evidence_open(const char *program, const struct lw_policy *policy,
			 struct lw_box_evidence **ret, struct lw_error *e)
{
	LW_AUTO(box_evidence) struct lw_box_evidence *b = lw_alloc_array(1, sizeof(*b));
	LW_AUTO(buf) struct lw_buf job = { 0 };
	size_t n = lw_policy_key_count(policy, LW_KEYS_ALL), signer;
	enum lw_jail_level level;

	b->box.child.socket = -1;
	lw_ipc_put_u32(&job, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		const struct lw_key *k = lw_policy_key_at(policy, LW_KEYS_ALL, i, &signer);

		lw_ipc_put_u32(&job, (uint32_t)lw_key_kind(k));
		lw_ipc_put_bytes(&job, lw_key_der(k));
	}

	int r = lw_box_open(program, &b->box, &level, e);
	if (r == 0)
		r = lw_box_send(&b->box, LW_BOX_JOB_EVIDENCE, &job, e);
	if (r == 0)
		*ret = lw_steal(b);
	return r;
}

void lw_box_evidence_close(struct lw_box_evidence *b)
{
	if (!b)
		return;
	lw_box_close(&b->box);
	free(b);
}

int lw_box_evidence_manifest(struct lw_box_evidence *b, struct lw_span manifest,
			     struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf ask = { 0 };
	struct lw_ipc_frame frame;

	lw_ipc_put_bytes(&ask, manifest);

	int r = lw_box_send(&b->box, LW_BOX_EVIDENCE, &ask, e);
	if (r == 0)
		r = lw_box_receive_only(&b->box, LW_BOX_DONE, &frame, e);
	return r == 0 ? lw_ipc_take_end(&frame.body, e) : r;
}

static int take_matches(struct lw_ipc_frame *frame, struct lw_box_matches *m,
			struct lw_error *e)
{
	uint32_t n = 0, index = 0;
	int r = lw_ipc_take_u32(&frame->body, &n, e);

	if (r == 0 && n > LW_MAX_MATCHES)
		r = lw_fail(e, LW_E_JAIL, "the box points at %u keys", n);
	m->n = 0;
	for (uint32_t i = 0; i < n && r == 0; i++) {
		r = lw_ipc_take_u32(&frame->body, &index, e);
		m->keys[m->n++] = index;
	}
	return r;
}

int lw_box_evidence_piece(struct lw_box_evidence *b, uint32_t layer, const char *media_type,
			  struct lw_span bytes, struct lw_extracted *ret,
			  struct lw_box_matches matches[LW_MAX_ENVELOPE_SIGNATURES],
			  struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf ask = { 0 };
	struct lw_ipc_frame frame;

	lw_ipc_put_u32(&ask, layer);
	lw_ipc_put_str(&ask, media_type);
	lw_ipc_put_bytes(&ask, bytes);

	int r = lw_box_send(&b->box, LW_BOX_PIECE, &ask, e);
	if (r == 0)
		r = lw_box_receive_only(&b->box, LW_BOX_PIECE, &frame, e);
	if (r == 0)
		r = lw_extracted_take(&frame.body, ret, e);
	for (size_t i = 0; r == 0 && i < ret->n_signatures; i++)
		r = take_matches(&frame, &matches[i], e);
	return r == 0 ? lw_ipc_take_end(&frame.body, e) : r;
}
