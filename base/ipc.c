/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ipc.h"

#include "base/limits.h"
#include "base/mem.h"

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#define HEADER_BYTES 8
#define ANNOUNCES_FD 0x80000000u /* in the type word */

static void store_u32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t load_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static int64_t now_ms(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* -1: never. */
static int64_t deadline_in(int sec)
{
	return sec < 0 ? -1 : now_ms() + (int64_t)sec * 1000;
}

static int await(int socket, short events, int64_t deadline_ms, struct lw_error *e)
{
	for (;;) {
		struct pollfd p = { .fd = socket, .events = events };
		int64_t left = -1;

		if (deadline_ms >= 0) {
			left = deadline_ms - now_ms();
			left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
		}

		int n = poll(&p, 1, (int)left);
		if (n > 0)
			return 0; /* also on an error: the call that follows names it */
		if (n == 0 && now_ms() >= deadline_ms)
			return lw_fail(e, LW_E_JAIL, "the peer is silent");
		if (n < 0 && errno != EINTR)
			return lw_fail(e, LW_E_JAIL, "poll: %s", strerror(errno));
	}
}

/* The ancillary data of a message with room for exactly one descriptor. */
union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

static void attach_descriptor(struct msghdr *m, union control *c, int fd)
{
	memset(c, 0, sizeof(*c));
	c->header.cmsg_level = SOL_SOCKET;
	c->header.cmsg_type = SCM_RIGHTS;
	c->header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&c->header), &fd, sizeof(fd));
	m->msg_control = c;
	m->msg_controllen = CMSG_LEN(sizeof(int));
}

/* What is left of some spans, the first `done` bytes of which went out. */
static size_t left(const struct lw_span *parts, size_t n, size_t done, struct iovec *io)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (done >= parts[i].n) {
			done -= parts[i].n;
			continue;
		}
		io[used++] = (struct iovec){ (void *)(uintptr_t)(parts[i].p + done),
					     parts[i].n - done };
		done = 0;
	}
	return used;
}

int lw_ipc_send(int socket, uint32_t type, struct lw_span body, int fd, struct lw_error *e)
{
	return lw_ipc_send_parts(socket, type, body, lw_span(NULL, 0), fd, e);
}

int lw_ipc_send_parts(int socket, uint32_t type, struct lw_span head, struct lw_span tail,
		      int fd, struct lw_error *e)
{
	uint8_t header[HEADER_BYTES];
	const struct lw_span parts[] = { lw_span(header, sizeof(header)), head, tail };
	size_t n_body = head.n + tail.n;
	union control control;
	int64_t deadline = deadline_in(LW_IPC_SEND_SEC);
	size_t done = 0;

	if (type > LW_IPC_TYPE_MAX)
		return lw_fail(e, LW_E_INTERNAL, "frame type %#x", type);
	if (head.n > LW_MAX_FRAME_BYTES || tail.n > LW_MAX_FRAME_BYTES - head.n)
		return lw_fail(e, LW_E_LIMIT, "frame of %zu bytes (LW_MAX_FRAME_BYTES %zu)",
			       n_body, LW_MAX_FRAME_BYTES);
	store_u32(header, fd >= 0 ? type | ANNOUNCES_FD : type);
	store_u32(header + 4, (uint32_t)n_body);

	while (done < HEADER_BYTES + n_body) {
		struct iovec io[LW_COUNT_OF(parts)];
		struct msghdr m = { .msg_iov = io,
				    .msg_iovlen = left(parts, LW_COUNT_OF(parts), done, io) };

		if (done == 0 && fd >= 0)
			attach_descriptor(&m, &control, fd);
		ssize_t n = sendmsg(socket, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0) {
			done += (size_t)n;
		} else if (errno == EAGAIN) {
			int r = await(socket, POLLOUT, deadline, e);
			if (r < 0) {
				(void)lw_prefix(e, "sending");
				return r;
			}
		} else if (errno != EINTR) {
			return lw_fail_errno(e, "sending to the peer");
		}
	}
	return 0;
}

/* One frame on its way in. */
struct arrival {
	int socket;
	int64_t deadline_ms;
	int *fd; /* where a descriptor may land; NULL while none may come */
};

/* Puts the descriptor of a message, if one came, where it belongs. */
static int take_descriptor(const struct arrival *a, struct msghdr *m, struct lw_error *e)
{
	struct cmsghdr *c = a->fd ? CMSG_FIRSTHDR(m) : NULL;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int))) {
		lw_auto_fd int got = -1;

		memcpy(&got, CMSG_DATA(c), sizeof(got));
		if (*a->fd >= 0)
			return lw_fail(e, LW_E_JAIL, "a second descriptor");
		*a->fd = lw_steal_fd(&got);
	} else if (c) {
		return lw_fail(e, LW_E_JAIL, "ancillary data that is not one descriptor");
	}
	if (m->msg_flags & MSG_CTRUNC)
		return lw_fail(e, LW_E_JAIL, "a descriptor where none belongs");
	return 0;
}

/* Some bytes, at least one; *ret_n is 0 at the end of the stream. */
static int receive_some(const struct arrival *a, void *p, size_t n, size_t *ret_n,
			struct lw_error *e)
{
	for (;;) {
		union control control;
		struct iovec io = { p, n };
		struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };

		if (a->fd) {
			m.msg_control = &control;
			m.msg_controllen = CMSG_LEN(sizeof(int));
		}
		ssize_t got = recvmsg(a->socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (got >= 0) {
			int r = take_descriptor(a, &m, e);
			if (r == 0)
				*ret_n = (size_t)got;
			return r;
		}
		if (errno == EAGAIN) {
			int r = await(a->socket, POLLIN, a->deadline_ms, e);
			if (r < 0)
				return r;
		} else if (errno != EINTR) {
			return lw_fail(e, LW_E_JAIL, "receiving from the peer: %s",
				       strerror(errno));
		}
	}
}

static int receive_all(const struct arrival *a, uint8_t *p, size_t n, struct lw_error *e)
{
	while (n > 0) {
		size_t got = 0;
		int r = receive_some(a, p, n, &got, e);

		if (r < 0)
			return r;
		if (got == 0)
			return lw_fail(e, LW_E_JAIL,
				       "the peer ended in a frame, %zu bytes short", n);
		p += got;
		n -= got;
	}
	return 0;
}

/* Receives the header; a descriptor may come with it where fd is not NULL. */
static int receive_header(struct arrival *a, int timeout_sec, int *fd,
			  uint8_t header[static HEADER_BYTES], struct lw_error *e)
{
	size_t got = 0;

	a->deadline_ms = deadline_in(timeout_sec);
	a->fd = fd;

	int r = receive_some(a, header, HEADER_BYTES, &got, e);
	if (r < 0)
		return r;
	if (got == 0)
		return lw_fail(e, LW_E_NOTFOUND, "the peer has ended");
	/* From here on the frame has begun: all of it within one more timeout, so that a
	 * byte now and then gains a stalling peer nothing. */
	a->deadline_ms = deadline_in(timeout_sec);
	r = receive_all(a, header + got, HEADER_BYTES - got, e);
	if (r < 0)
		return r;

	bool announced = (load_u32(header) & ANNOUNCES_FD) != 0;
	if (announced != (fd && *fd >= 0))
		return lw_fail(e, LW_E_JAIL, "a descriptor is %s",
			       announced ? "announced and missing" : "there unannounced");
	a->fd = NULL;
	return 0;
}

static int receive(int socket, size_t max_body, int timeout_sec, int *fd,
		   struct lw_buf *storage, struct lw_ipc_frame *ret, struct lw_error *e)
{
	struct arrival a = { .socket = socket };
	uint8_t header[HEADER_BYTES];

	lw_buf_clear(storage);
	int r = receive_header(&a, timeout_sec, fd, header, e);
	if (r < 0)
		return r;

	size_t n = load_u32(header + 4);
	if (max_body > LW_MAX_FRAME_BYTES)
		max_body = LW_MAX_FRAME_BYTES;
	if (n > max_body)
		return lw_fail(e, LW_E_JAIL, "a frame of %zu bytes, at most %zu fit here", n,
			       max_body);

	lw_buf_reserve(storage, n);
	r = receive_all(&a, storage->p, n, e);
	if (r < 0)
		return r;
	storage->n = n;
	storage->p[n] = '\0';
	*ret = (struct lw_ipc_frame){
		.type = load_u32(header) & LW_IPC_TYPE_MAX,
		.body = lw_buf_span(storage),
		.fd = fd ? lw_steal_fd(fd) : -1,
	};
	return 0;
}

int lw_ipc_receive(int socket, size_t max_body, int timeout_sec, struct lw_buf *storage,
		   struct lw_ipc_frame *ret, struct lw_error *e)
{
	lw_auto_fd int fd = -1;

	return receive(socket, max_body, timeout_sec, &fd, storage, ret, e);
}

int lw_ipc_receive_plain(int socket, size_t max_body, int timeout_sec, struct lw_buf *storage,
			 struct lw_ipc_frame *ret, struct lw_error *e)
{
	return receive(socket, max_body, timeout_sec, NULL, storage, ret, e);
}

void lw_ipc_put_u32(struct lw_buf *b, uint32_t v)
{
	uint8_t p[4];

	store_u32(p, v);
	lw_buf_add(b, p, sizeof(p));
}

void lw_ipc_put_u64(struct lw_buf *b, uint64_t v)
{
	lw_ipc_put_u32(b, (uint32_t)v);
	lw_ipc_put_u32(b, (uint32_t)(v >> 32));
}

void lw_ipc_put_bytes(struct lw_buf *b, struct lw_span v)
{
	if (v.n > UINT32_MAX)
		abort(); /* as the buffer does when a size overflows: never a wrong length */
	lw_ipc_put_u32(b, (uint32_t)v.n);
	lw_buf_add(b, v.p, v.n);
}

void lw_ipc_put_str(struct lw_buf *b, const char *s)
{
	lw_ipc_put_bytes(b, lw_span_str(s));
}

static int fail_short(const struct lw_span *body, const char *what, struct lw_error *e)
{
	return lw_fail(e, LW_E_JAIL, "the body ends before %s, %zu bytes left", what, body->n);
}

static void advance(struct lw_span *body, size_t n)
{
	*body = lw_span(body->p + n, body->n - n);
}

int lw_ipc_take_u32(struct lw_span *body, uint32_t *ret, struct lw_error *e)
{
	if (body->n < 4)
		return fail_short(body, "a u32", e);
	*ret = load_u32(body->p);
	advance(body, 4);
	return 0;
}

int lw_ipc_take_u64(struct lw_span *body, uint64_t *ret, struct lw_error *e)
{
	if (body->n < 8)
		return fail_short(body, "a u64", e);
	*ret = load_u32(body->p) | (uint64_t)load_u32(body->p + 4) << 32;
	advance(body, 8);
	return 0;
}

int lw_ipc_take_bytes(struct lw_span *body, size_t max, struct lw_span *ret, struct lw_error *e)
{
	if (body->n < 4)
		return fail_short(body, "a length", e);

	size_t n = load_u32(body->p);
	if (n > max)
		return lw_fail(e, LW_E_JAIL, "%zu bytes where at most %zu belong", n, max);
	if (n > body->n - 4)
		return fail_short(body, "the bytes it counts", e);
	*ret = lw_span(body->p + 4, n);
	advance(body, 4 + n);
	return 0;
}

int lw_ipc_take_str(struct lw_span *body, size_t max, char **ret, struct lw_error *e)
{
	struct lw_span rest = *body;
	struct lw_span text = { 0 };

	int r = lw_ipc_take_bytes(&rest, max, &text, e);
	if (r < 0)
		return r;
	if (text.n && memchr(text.p, '\0', text.n))
		return lw_fail(e, LW_E_JAIL, "a NUL in a string");
	*ret = lw_strndup((const char *)text.p, text.n);
	*body = rest;
	return 0;
}

int lw_ipc_take_end(const struct lw_span *body, struct lw_error *e)
{
	if (body->n)
		return lw_fail(e, LW_E_JAIL, "%zu bytes too many in the body", body->n);
	return 0;
}
