/* SPDX-License-Identifier: Apache-2.0 */
/* The box that takes TUF metadata apart, both sides of it. */
#include "base/mem.h"
#include "bundle/box_internal.h"

/* ---- the parent's side ---- */

struct lw_box_tuf {
	struct lw_box box;
};

int lw_box_tuf_open(const char *program, struct lw_box_tuf **ret, struct lw_error *e)
{
	LW_AUTO(box_tuf) struct lw_box_tuf *b = lw_alloc_array(1, sizeof(*b));
	enum lw_jail_level level;

	b->box.child.socket = -1;

	int r = lw_box_open(program, &b->box, &level, e);
	if (r == 0)
		r = lw_box_send(&b->box, LW_BOX_JOB_TUF, NULL, e);
	if (r == 0)
		*ret = lw_steal(b);
	return r;
}

void lw_box_tuf_close(struct lw_box_tuf *b)
{
	if (!b)
		return;
	lw_box_close(&b->box);
	free(b);
}

int lw_box_tuf_split(void *data, struct lw_span file, struct lw_tuf_signed *ret,
		     struct lw_error *e)
{
	struct lw_box *b = &((struct lw_box_tuf *)data)->box;
	LW_AUTO(buf) struct lw_buf ask = { 0 };
	struct lw_ipc_frame frame;

	lw_ipc_put_bytes(&ask, file);

	int r = lw_box_send(b, LW_BOX_TUF, &ask, e);
	if (r == 0)
		r = lw_box_receive_only(b, LW_BOX_TUF, &frame, e);
	if (r == 0)
		r = lw_tuf_signed_take(&frame.body, ret, e);
	return r == 0 ? lw_ipc_take_end(&frame.body, e) : r;
}

/* ---- the inside ---- */

static int split(struct lw_box_inside *in, struct lw_span body, struct lw_error *e)
{
	LW_AUTO(tuf_signed) struct lw_tuf_signed halves = { 0 };
	LW_AUTO(buf) struct lw_buf out = { 0 };
	struct lw_error bad = { 0 };
	struct lw_span file;
	int r = lw_ipc_take_bytes(&body, LW_MAX_TUF_METADATA_BYTES, &file, &bad);

	if (r == 0)
		r = lw_ipc_take_end(&body, &bad);
	if (r == 0)
		r = lw_tuf_split(file, &halves, &bad);
	if (r < 0)
		return lw_box_answer_error(in, &bad, e);
	lw_tuf_signed_put(&halves, &out);
	return lw_box_answer(in, LW_BOX_TUF, &out, e);
}

int lw_box_job_tuf(struct lw_box_inside *in, struct lw_error *e)
{
	for (;;) {
		struct lw_ipc_frame frame;
		int r = lw_ipc_receive(in->socket, LW_MAX_FRAME_BYTES, -1, &in->storage, &frame,
				       e);

		if (r == -LW_E_NOTFOUND)
			return 0; /* the parent is done */
		if (r == 0 && frame.type != LW_BOX_TUF)
			r = lw_fail(e, LW_E_JAIL, "want metadata, have message %u", frame.type);
		if (r == 0)
			r = split(in, frame.body, e);
		if (r < 0)
			return r;
	}
}
