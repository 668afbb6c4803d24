/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the evidence job: the judges' `extract`, and pointing at keys. */
#include "base/mem.h"
#include "bundle/box_internal.h"

struct evidence {
	struct lw_key *keys[LW_MAX_SIGNERS * LW_MAX_SIGNER_KEYS];
	size_t n_keys;
	struct lw_json_doc *manifest; /* the one whose pieces are at hand */
	const struct lw_json *layers;
	size_t verifications; /* left for this image */
};

static void release(struct evidence *ev)
{
	for (size_t i = 0; i < ev->n_keys; i++)
		lw_key_free(ev->keys[i]);
	lw_json_free(ev->manifest);
}

static int take_keys(struct lw_span *body, struct evidence *ev, struct lw_error *e)
{
	uint32_t n = 0, kind = 0;
	int r = lw_ipc_take_u32(body, &n, e);

	if (r == 0 && n > LW_COUNT_OF(ev->keys))
		r = lw_fail(e, LW_E_JAIL, "too many keys");
	for (; r == 0 && ev->n_keys < n; ev->n_keys += r == 0) {
		struct lw_span der;

		r = lw_ipc_take_u32(body, &kind, e);
		if (r == 0)
			r = lw_ipc_take_bytes(body, LW_MAX_KEY_BYTES, &der, e);
		if (r == 0)
			r = lw_key_parse_as((enum lw_key_kind)kind, der, &ev->keys[ev->n_keys],
					    e);
	}
	return r == 0 ? lw_ipc_take_end(body, e) : r;
}

static int take_manifest(struct lw_box_inside *in, struct evidence *ev, struct lw_span body,
			 struct lw_error *e)
{
	struct {
		const struct lw_json *layers;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "layers", .reader = LW_JSON_READ_ARRAY },
	};
	struct lw_error bad = { 0 };
	struct lw_span bytes;
	int r = lw_ipc_take_bytes(&body, LW_MAX_MANIFEST_BYTES, &bytes, &bad);

	lw_json_free(lw_steal(ev->manifest));
	ev->layers = NULL;
	if (r == 0)
		r = lw_ipc_take_end(&body, &bad);
	if (r == 0)
		r = lw_json_parse(bytes, &LW_JSON_FOREIGN, &ev->manifest, &bad);
	if (r == 0)
		r = lw_json_read(lw_json_root(ev->manifest), fields, LW_COUNT_OF(fields),
				 LW_JSON_IGNORE_UNKNOWN, "manifest", &f, &bad);
	if (r < 0)
		return lw_box_answer_error(in, &bad, e);
	ev->layers = f.layers;
	return lw_box_answer(in, LW_BOX_DONE, NULL, e);
}

/* The annotations of layer number n; NULL for none. */
static const struct lw_json *annotations(const struct evidence *ev, uint32_t n)
{
	const struct lw_json *layer = ev->layers ? lw_json_first(ev->layers) : NULL;

	while (layer && n-- > 0)
		layer = lw_json_next(layer);
	if (!layer || lw_json_type(layer) != LW_JSON_OBJECT)
		return NULL;
	for (const struct lw_json *m = lw_json_first(layer); m; m = lw_json_next(m))
		if (strcmp(lw_json_key(m), "annotations") == 0)
			return lw_json_type(m) == LW_JSON_OBJECT ? m : NULL;
	return NULL;
}

static void point(struct evidence *ev, const struct lw_extracted *x, struct lw_span piece,
		  struct lw_buf *out)
{
	LW_AUTO(buf) struct lw_buf message = { 0 };

	lw_extracted_message(x, piece, &message);
	for (size_t i = 0; i < x->n_signatures; i++) {
		uint32_t matches[LW_MAX_MATCHES], n = 0;

		for (size_t k = 0; k < ev->n_keys && n < LW_MAX_MATCHES; k++) {
			if (ev->verifications == 0)
				break;
			ev->verifications--;
			if (lw_key_verify(ev->keys[k], lw_buf_span(&message),
					  lw_buf_span(&x->signatures[i].sig)) == LW_KEY_GOOD)
				matches[n++] = (uint32_t)k;
		}
		lw_ipc_put_u32(out, n);
		for (uint32_t m = 0; m < n; m++)
			lw_ipc_put_u32(out, matches[m]);
	}
}

static int take_piece(struct lw_box_inside *in, struct evidence *ev, struct lw_span body,
		      struct lw_error *e)
{
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	LW_AUTO(buf) struct lw_buf out = { 0 };
	lw_auto_free char *media_type = NULL;
	struct lw_span bytes = { 0 };
	uint32_t layer = 0;
	int r = lw_ipc_take_u32(&body, &layer, e);

	if (r == 0)
		r = lw_ipc_take_str(&body, LW_MAX_MEDIA_TYPE, &media_type, e);
	if (r == 0)
		r = lw_ipc_take_bytes(&body, LW_MAX_EVIDENCE_BYTES, &bytes, e);
	if (r == 0)
		r = lw_ipc_take_end(&body, e);
	if (r != 0)
		return r;

	const struct lw_judge *judge = lw_judge_for(media_type);
	struct lw_piece piece = { .media_type = media_type,
				  .bytes = bytes,
				  .annotations = annotations(ev, layer) };

	if (!judge || !judge->extract)
		return lw_fail(e, LW_E_JAIL, "no judge for this piece");
	judge->extract(&piece, &x);
	lw_extracted_put(&x, &out);
	if (x.n_signatures > 0)
		point(ev, &x, bytes, &out);
	return lw_box_answer(in, LW_BOX_PIECE, &out, e);
}

static int serve(struct lw_box_inside *in, struct evidence *ev, struct lw_error *e)
{
	int r = 0;

	ev->verifications = LW_MAX_VERIFICATIONS;
	while (r == 0) {
		struct lw_ipc_frame frame;

		r = lw_ipc_receive(in->socket, LW_MAX_FRAME_BYTES, -1, &in->storage, &frame, e);
		if (r == -LW_E_NOTFOUND)
			return 0; /* the parent is done */
		if (r < 0)
			break;
		if (frame.type == LW_BOX_EVIDENCE)
			r = take_manifest(in, ev, frame.body, e);
		else if (frame.type == LW_BOX_PIECE)
			r = take_piece(in, ev, frame.body, e);
		else
			r = lw_fail(e, LW_E_JAIL, "want evidence, have message %u", frame.type);
	}
	return r;
}

/* ---- the nursery ---- */

/* One box at work, and one that waits for work. */
#define NURSLINGS 2

struct lw_box_nursery {
	struct evidence ev;
	struct lw_jail_child boxes[NURSLINGS];
	size_t next;
};

void lw_box_nursery_free(struct lw_box_nursery *n)
{
	if (!n)
		return;
	release(&n->ev);
	free(n);
}

static void auto_nursery(struct lw_box_nursery **n)
{
	lw_box_nursery_free(*n);
}

/* What OpenSSL makes ready at the first use of a key is ready in every box. */
static void warm(const struct evidence *ev)
{
	static const uint8_t one_and_one[] = { 0x30, 6, 2, 1, 1, 2, 1, 1 };
	static const uint8_t zeros[64];

	for (size_t i = 0; i < ev->n_keys; i++) {
		(void)lw_key_verify(ev->keys[i], lw_span_str(""),
				    lw_span(one_and_one, sizeof(one_and_one)));
		(void)lw_key_verify(ev->keys[i], lw_span_str(""),
				    lw_span(zeros, sizeof(zeros)));
	}
}

/* Makes boxes. Returns in each of them, with *ret_box set. */
static int make_boxes(struct lw_box_nursery *n, int socket, struct lw_buf *storage,
		      bool *ret_box, struct lw_error *e)
{
	int r = 0;

	while (r == 0) {
		struct lw_jail_child *child = &n->boxes[n->next++ % NURSLINGS];
		struct lw_ipc_frame frame;

		r = lw_ipc_receive(socket, 0, -1, storage, &frame, e);
		if (r < 0)
			break;

		lw_auto_fd int theirs = frame.fd;
		lw_jail_reap(child, NULL); /* the one before last: the parent has closed it */
		if (frame.type != LW_BOX_BEGIN || theirs < 0)
			return lw_fail(e, LW_E_JAIL, "a nursery makes boxes, and no more");
		r = lw_jail_fork(theirs, child, e);
		*ret_box = child->pid == 0;
		if (*ret_box)
			break;
		r = 0; /* the parent sees that there is none */
	}
	return r == -LW_E_NOTFOUND ? 0 : r;
}

int lw_box_nursery_work(int socket, struct lw_box_nursery **ret, struct lw_error *e)
{
	struct lw_box_nursery *n __attribute__((cleanup(auto_nursery))) =
		lw_alloc_array(1, sizeof(*n));
	LW_AUTO(buf) struct lw_buf storage = { 0 };
	struct lw_ipc_frame frame;
	bool box = false;
	int r = lw_ipc_receive(socket, LW_MAX_FRAME_BYTES, -1, &storage, &frame, e);

	if (r == 0 && frame.type != LW_BOX_JOB_EVIDENCE)
		r = lw_fail(e, LW_E_JAIL, "want keys, have message %u", frame.type);
	if (r == 0)
		r = take_keys(&frame.body, &n->ev, e);
	if (r < 0)
		return r;
	warm(&n->ev);
	r = make_boxes(n, socket, &storage, &box, e);
	if (box)
		*ret = lw_steal(n);
	for (size_t i = 0; i < NURSLINGS && !box; i++)
		lw_jail_reap(&n->boxes[i], NULL);
	return r;
}

int lw_box_nursery_serve(struct lw_box_nursery *n, int socket, enum lw_jail_level level,
			 struct lw_error *e)
{
	struct lw_box_inside in = { .socket = socket };
	LW_AUTO(buf) struct lw_buf body = { 0 };

	lw_ipc_put_u32(&body, (uint32_t)level);

	int r = lw_box_answer(&in, LW_BOX_READY, &body, e);
	if (r == 0)
		r = serve(&in, &n->ev, e);
	lw_buf_free(&in.storage);
	return r;
}
