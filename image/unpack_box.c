/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of landwaiter-unpack: one job, one descriptor. */
#include "base/ipc.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/unpack_docker.h"

#define MEMBERS_AT_ONCE ((size_t)4096)
#define BYTES_AT_ONCE	((size_t)1 << 20)

static int answer_bytes(void *data, struct lw_span bytes, struct lw_error *e)
{
	const int *socket = data;
	int r = 0;

	while (bytes.n > 0 && r == 0) {
		size_t n = bytes.n < BYTES_AT_ONCE ? bytes.n : BYTES_AT_ONCE;

		r = lw_ipc_send(*socket, LW_UNPACK_BYTES, lw_span(bytes.p, n), -1, e);
		bytes = lw_span(bytes.p + n, bytes.n - n);
	}
	return r;
}

static int inflate(int socket, struct lw_ipc_frame *job, struct lw_error *e)
{
	uint32_t form = 0;
	int r = lw_ipc_take_u32(&job->body, &form, e);

	if (r == 0 && form != LW_UNPACK_GZIP && form != LW_UNPACK_ZSTD)
		r = lw_fail(e, LW_E_JAIL, "an unknown form");
	return r < 0 ? r
		     : lw_tar_inflate(job->fd, (enum lw_unpack_form)form, answer_bytes, &socket,
				      e);
}

/* In a layout there are no links. */
static int check_links(const struct lw_tar_members *m, struct lw_error *e)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->list[i].link)
			return lw_fail(e, LW_E_UNSUPPORTED, "a symbolic link ('%s')",
				       m->list[i].name);
	return 0;
}

static int answer_members(int socket, const struct lw_tar_members *m, struct lw_error *e)
{
	int r = 0;

	for (size_t i = 0; i < m->n && r == 0;) {
		LW_AUTO(buf) struct lw_buf names = { 0 }, body = { 0 };
		uint32_t n = 0;

		for (; i < m->n && n < MEMBERS_AT_ONCE; i++) {
			if (m->list[i].folder)
				continue;
			lw_ipc_put_str(&names, m->list[i].name);
			lw_ipc_put_u64(&names, m->list[i].offset);
			lw_ipc_put_u64(&names, m->list[i].size);
			n++;
		}
		lw_ipc_put_u32(&body, n);
		r = lw_ipc_send_parts(socket, LW_UNPACK_MEMBERS, lw_buf_span(&body),
				      lw_buf_span(&names), -1, e);
	}
	return r;
}

static int list(int socket, int fd, struct lw_error *e)
{
	LW_AUTO(tar_members) struct lw_tar_members m = { 0 };
	int r = lw_tar_list(fd, &m, e);

	if (r == 0)
		r = check_links(&m, e);
	return r < 0 ? r : answer_members(socket, &m, e);
}

static int answer_image(int socket, const struct lw_docker_image *image, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };

	lw_ipc_put_u32(&body, (uint32_t)image->n_tags);
	for (size_t i = 0; i < image->n_tags; i++)
		lw_ipc_put_str(&body, image->tags[i]);
	lw_ipc_put_u64(&body, image->config_offset);
	lw_ipc_put_u64(&body, image->config_size);
	lw_ipc_put_u32(&body, (uint32_t)image->n_layers);
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct lw_docker_layer *layer = &image->layers[i];

		lw_ipc_put_bytes(&body, lw_span(layer->digest.sha256, LW_DIGEST_BYTES));
		lw_ipc_put_u32(&body, layer->form);
		lw_ipc_put_u64(&body, layer->offset);
		lw_ipc_put_u64(&body, layer->size);
	}
	return lw_ipc_send(socket, LW_UNPACK_IMAGE, lw_buf_span(&body), -1, e);
}

/* In one of Docker's a layer that another image has too may be a link to it; nothing else. */
static int check_docker_links(const struct lw_tar_members *m, struct lw_error *e)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->list[i].link && !lw_tar_find(m, m->list[i].name))
			return lw_fail(e, LW_E_UNSUPPORTED,
				       "a symbolic link ('%s') to something else than a layer",
				       m->list[i].name);
	return 0;
}

static int docker(int socket, int fd, struct lw_error *e)
{
	LW_AUTO(tar_members) struct lw_tar_members m = { 0 };
	LW_AUTO(docker_images) struct lw_docker_images images = { 0 };
	int r = lw_tar_list(fd, &m, e);

	if (r == 0)
		r = check_docker_links(&m, e);
	if (r == 0)
		r = lw_docker_read(fd, &m, &images, e);
	for (size_t i = 0; i < images.n && r == 0; i++)
		r = answer_image(socket, &images.list[i], e);
	return r;
}

static int work(int socket, struct lw_ipc_frame *job, struct lw_error *e)
{
	if (job->fd < 0)
		return lw_fail(e, LW_E_JAIL, "a job without a file");
	switch (job->type) {
	case LW_UNPACK_INFLATE:
		return inflate(socket, job, e);
	case LW_UNPACK_LIST:
		return list(socket, job->fd, e);
	case LW_UNPACK_DOCKER:
		return docker(socket, job->fd, e);
	default:
		return lw_fail(e, LW_E_JAIL, "an unknown job");
	}
}

int lw_unpack_serve(int socket, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf storage = { 0 }, body = { 0 };
	struct lw_ipc_frame job = { .fd = -1 };
	int r = lw_ipc_receive(socket, 64, -1, &storage, &job, e);

	if (r == 0)
		r = work(socket, &job, e);
	if (job.fd >= 0)
		(void)close(job.fd);
	if (r == 0)
		return lw_ipc_send(socket, LW_UNPACK_DONE, lw_span(NULL, 0), -1, e);
	lw_ipc_put_u32(&body, (uint32_t)e->code);
	lw_ipc_put_str(&body, e->text);
	return lw_ipc_send(socket, LW_UNPACK_ERROR, lw_buf_span(&body), -1, e);
}
