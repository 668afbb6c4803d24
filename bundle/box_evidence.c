/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side of the evidence job. */
#include "base/mem.h"
#include "bundle/box_internal.h"
#include "verify/testimony.h"

#include <sys/socket.h>

struct lw_box_evidence {
	struct lw_box box;
};

static int start_nursery(struct lw_boxes *b, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf job = { 0 };
	lw_auto_free char *found = NULL;
	size_t n = lw_policy_key_count(b->policy, LW_KEYS_ALL), signer;
	int r = 0;

	lw_ipc_put_u32(&job, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		const struct lw_key *k = lw_policy_key_at(b->policy, LW_KEYS_ALL, i, &signer);

		lw_ipc_put_u32(&job, (uint32_t)lw_key_kind(k));
		lw_ipc_put_bytes(&job, lw_key_der(k));
	}
	if (!b->program)
		r = lw_jail_program("landwaiter-judge", &found, e);
	if (r == 0)
		r = lw_jail_spawn(b->program ? b->program : found, LW_BOX_NURSERY, &b->nursery,
				  e);
	if (r == 0)
		r = lw_ipc_send(b->nursery.socket, LW_BOX_JOB_EVIDENCE, lw_buf_span(&job), -1,
				e);
	return r;
}

/* Asks the nursery for a box, and does not wait for it. */
static int begin(struct lw_boxes *boxes, struct lw_box_evidence **ret, struct lw_error *e)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return lw_fail_errno(e, "box: socketpair");

	lw_auto_fd int theirs = pair[1];
	struct lw_box_evidence *b = lw_alloc_array(1, sizeof(*b));

	b->box.child.socket = pair[0];
	*ret = b;
	return lw_ipc_send(boxes->nursery.socket, LW_BOX_BEGIN, lw_span(NULL, 0), theirs, e);
}

int lw_box_evidence_open(struct lw_boxes *boxes, struct lw_box_evidence **ret,
			 struct lw_error *e)
{
	LW_AUTO(box_evidence) struct lw_box_evidence *b = lw_steal(boxes->spare);
	enum lw_jail_level level;
	int r = boxes->nursery.pid ? 0 : start_nursery(boxes, e);

	if (r == 0 && !b)
		r = begin(boxes, &b, e);
	if (r == 0 && boxes->more)
		r = begin(boxes, &boxes->spare, e);
	if (r < 0) /* ours to mend: it says nothing about the object */
		return lw_fail_as(e, LW_E_STATE);
	boxes->more = true;
	r = lw_box_await(&b->box, &level, e);
	if (r == 0)
		*ret = lw_steal(b);
	return r;
}

/* Its process is the nursery's to end. */
void lw_box_evidence_close(struct lw_box_evidence *b)
{
	if (!b)
		return;
	(void)close(b->box.child.socket);
	lw_buf_free(&b->box.storage);
	free(b);
}

void lw_boxes_close(struct lw_boxes *b)
{
	lw_box_evidence_close(lw_steal(b->spare));
	lw_jail_reap(&b->nursery, NULL);
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
