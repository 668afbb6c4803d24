/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack.h"

#include "base/fs.h"
#include "base/ipc.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define MAX_BODY ((size_t)4 << 20)

void lw_members_release(struct lw_members *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->list[i].name);
	free(m->list);
	*m = (struct lw_members){ 0 };
}

const struct lw_member *lw_members_find(const struct lw_members *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->list[i].name, name) == 0)
			return &m->list[i];
	return NULL;
}

void lw_docker_images_release(struct lw_docker_images *m)
{
	for (size_t i = 0; i < m->n; i++) {
		for (size_t k = 0; k < m->list[i].n_tags; k++)
			free(m->list[i].tags[k]);
		free(m->list[i].tags);
		free(m->list[i].layers);
	}
	free(m->list);
	*m = (struct lw_docker_images){ 0 };
}

/* ---- the box ---- */

/* A job under way: the file that the ranges are of, and where what is said goes. */
struct box {
	struct lw_jail_child child;
	struct lw_buf storage;
	uint64_t size;
	int (*take)(struct box *b, struct lw_ipc_frame *frame, struct lw_error *e);
	uint32_t type; /* of the frames for take */
	void *data;
};

static void close_box(struct box *b)
{
	lw_jail_reap(&b->child, NULL);
	lw_buf_free(&b->storage);
}

/* Only codes about the archive may come back. */
static int take_error(struct lw_ipc_frame *frame, struct lw_error *e)
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
	    code != LW_E_CONFLICT && code != LW_E_TRUNCATED)
		return lw_fail(e, LW_E_JAIL, "landwaiter-unpack failed: %s",
			       lw_text_settle(text, shown, sizeof(shown)));
	return lw_fail(e, (enum lw_code)code, "%s", lw_text_settle(text, shown, sizeof(shown)));
}

static int take_answers(struct box *b, struct lw_error *e)
{
	int r = 0;

	while (r == 0) {
		struct lw_ipc_frame frame;

		r = lw_ipc_receive_plain(b->child.socket, MAX_BODY, LW_BOX_REPLY_SEC,
					 &b->storage, &frame, e);
		if (r == -LW_E_NOTFOUND)
			return lw_fail(e, LW_E_JAIL, "landwaiter-unpack ended before its time");
		if (r < 0)
			break;
		if (frame.type == LW_UNPACK_DONE)
			return lw_ipc_take_end(&frame.body, e);
		if (frame.type == LW_UNPACK_ERROR)
			r = take_error(&frame, e);
		else if (frame.type == b->type)
			r = b->take(b, &frame, e);
		else
			r = lw_fail(e, LW_E_JAIL, "landwaiter-unpack said something else (%u)",
				    frame.type);
	}
	return r;
}

static int run(struct box *b, enum lw_unpack_message job, const struct lw_buf *body, int fd,
	       struct lw_error *e)
{
	int r = lw_jail_start("landwaiter-unpack", &b->child, e);

	if (r < 0) /* ours to mend: it says nothing about the archive */
		return lw_fail_as(e, LW_E_STATE);
	r = lw_ipc_send(b->child.socket, job, body ? lw_buf_span(body) : lw_span(NULL, 0), fd,
			e);
	if (r == -LW_E_IO)
		r = lw_fail(e, LW_E_JAIL, "landwaiter-unpack ended before its time");
	return r < 0 ? r : take_answers(b, e);
}

static int take_range(struct lw_span *body, uint64_t size, uint64_t *ret_offset,
		      uint64_t *ret_size, struct lw_error *e)
{
	int r = lw_ipc_take_u64(body, ret_offset, e);

	if (r == 0)
		r = lw_ipc_take_u64(body, ret_size, e);
	if (r == 0 && (*ret_offset > size || *ret_size > size - *ret_offset))
		r = lw_fail(e, LW_E_JAIL, "a range beyond the file");
	return r;
}

/* ---- compressed ---- */

struct inflated {
	int out;
	uint64_t written, most;
};

static int take_bytes(struct box *b, struct lw_ipc_frame *frame, struct lw_error *e)
{
	struct inflated *x = b->data;

	if (frame->body.n > x->most - x->written)
		return lw_fail(e, LW_E_LIMIT,
			       "it holds more than %d times its %llu bytes: if that is meant "
			       "so, decompress it first",
			       LW_MAX_UNPACK_RATIO, (unsigned long long)b->size);
	x->written += frame->body.n;
	return lw_fs_write(x->out, frame->body.p, frame->body.n, e);
}

int lw_unpack_inflate(int fd, uint64_t size, enum lw_unpack_form form, int out,
		      struct lw_error *e)
{
	struct inflated x = { .out = out, .most = LW_MAX_UNPACK_ALLOWANCE };
	struct box b __attribute__((cleanup(close_box))) = { .child = { .socket = -1 },
							     .size = size,
							     .take = take_bytes,
							     .type = LW_UNPACK_BYTES,
							     .data = &x };
	LW_AUTO(buf) struct lw_buf body = { 0 };

	if (size < (UINT64_MAX - x.most) / LW_MAX_UNPACK_RATIO)
		x.most += size * LW_MAX_UNPACK_RATIO;
	lw_ipc_put_u32(&body, form);
	return run(&b, LW_UNPACK_INFLATE, &body, fd, e);
}

/* ---- members ---- */

static int take_members(struct box *b, struct lw_ipc_frame *frame, struct lw_error *e)
{
	struct lw_members *m = b->data;
	uint32_t n = 0;
	int r = lw_ipc_take_u32(&frame->body, &n, e);

	if (r == 0 && (n > LW_MAX_ARCHIVE_MEMBERS || m->n > LW_MAX_ARCHIVE_MEMBERS - n))
		r = lw_fail(e, LW_E_JAIL, "more members than there can be");
	for (uint32_t i = 0; i < n && r == 0; i++) {
		struct lw_member x = { 0 };

		r = lw_ipc_take_str(&frame->body, LW_MAX_ARCHIVE_NAME, &x.name, e);
		if (r == 0 && take_range(&frame->body, b->size, &x.offset, &x.size, e) < 0) {
			free(x.name);
			return -(int)e->code;
		}
		if (r < 0)
			break;
		if (m->n == m->cap) {
			m->cap = m->cap ? m->cap * 2 : 64;
			m->list = lw_realloc_array(m->list, m->cap, sizeof(*m->list));
		}
		m->list[m->n++] = x;
	}
	return r < 0 ? r : lw_ipc_take_end(&frame->body, e);
}

int lw_unpack_list(int fd, uint64_t size, struct lw_members *ret, struct lw_error *e)
{
	LW_AUTO(members) struct lw_members m = { 0 };
	struct box b __attribute__((cleanup(close_box))) = { .child = { .socket = -1 },
							     .size = size,
							     .take = take_members,
							     .type = LW_UNPACK_MEMBERS,
							     .data = &m };
	int r = run(&b, LW_UNPACK_LIST, NULL, fd, e);

	if (r == 0) {
		*ret = m;
		m = (struct lw_members){ 0 };
	}
	return r;
}

/* ---- Docker's images ---- */

static int take_tags(struct lw_span *body, struct lw_docker_image *image, struct lw_error *e)
{
	uint32_t n = 0;
	int r = lw_ipc_take_u32(body, &n, e);

	if (r == 0 && n > LW_MAX_ARCHIVE_IMAGES)
		r = lw_fail(e, LW_E_JAIL, "more names than there can be");
	if (r < 0)
		return r;
	image->tags = lw_alloc_array(n, sizeof(*image->tags));
	for (uint32_t i = 0; i < n && r == 0; i++) {
		r = lw_ipc_take_str(body, LW_MAX_REFERENCE, &image->tags[i], e);
		if (r == 0)
			image->n_tags++;
		if (r == 0 && !lw_text_is_plain(lw_span_str(image->tags[i])))
			r = lw_fail(e, LW_E_JAIL, "a name that is none");
	}
	return r;
}

static int take_layer(struct lw_span *body, uint64_t size, struct lw_docker_layer *ret,
		      struct lw_error *e)
{
	struct lw_span digest = { 0 };
	uint32_t form = 0;
	int r = lw_ipc_take_bytes(body, LW_DIGEST_BYTES, &digest, e);

	if (r == 0)
		r = lw_ipc_take_u32(body, &form, e);
	if (r == 0 && (digest.n != LW_DIGEST_BYTES || form > LW_UNPACK_GZIP))
		r = lw_fail(e, LW_E_JAIL, "a layer that is none");
	if (r < 0)
		return r;
	memcpy(ret->digest.sha256, digest.p, LW_DIGEST_BYTES);
	ret->form = (enum lw_unpack_form)form;
	return take_range(body, size, &ret->offset, &ret->size, e);
}

static int take_image(struct box *b, struct lw_ipc_frame *frame, struct lw_error *e)
{
	struct lw_docker_images *m = b->data;
	struct lw_docker_image *image;
	uint32_t n = 0;
	int r;

	if (m->n == LW_MAX_ARCHIVE_IMAGES)
		return lw_fail(e, LW_E_JAIL, "more images than there can be");
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 16;
		m->list = lw_realloc_array(m->list, m->cap, sizeof(*m->list));
	}
	image = &m->list[m->n++];
	*image = (struct lw_docker_image){ 0 };
	r = take_tags(&frame->body, image, e);
	if (r == 0)
		r = take_range(&frame->body, b->size, &image->config_offset,
			       &image->config_size, e);
	if (r == 0 && image->config_size > LW_MAX_ARCHIVE_CONFIG)
		r = lw_fail(e, LW_E_JAIL, "a configuration larger than there can be");
	if (r == 0)
		r = lw_ipc_take_u32(&frame->body, &n, e);
	if (r == 0 && n > LW_MAX_ARCHIVE_LAYERS)
		r = lw_fail(e, LW_E_JAIL, "more layers than there can be");
	if (r < 0)
		return r;
	image->layers = lw_alloc_array(n, sizeof(*image->layers));
	for (; image->n_layers < n && r == 0; image->n_layers++)
		r = take_layer(&frame->body, b->size, &image->layers[image->n_layers], e);
	return r < 0 ? r : lw_ipc_take_end(&frame->body, e);
}

int lw_unpack_docker(int fd, uint64_t size, struct lw_docker_images *ret, struct lw_error *e)
{
	LW_AUTO(docker_images) struct lw_docker_images m = { 0 };
	struct box b __attribute__((cleanup(close_box))) = { .child = { .socket = -1 },
							     .size = size,
							     .take = take_image,
							     .type = LW_UNPACK_IMAGE,
							     .data = &m };
	int r = run(&b, LW_UNPACK_DOCKER, NULL, fd, e);

	if (r == 0) {
		*ret = m;
		m = (struct lw_docker_images){ 0 };
	}
	return r;
}
