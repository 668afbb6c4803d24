/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ipc.h"
#include "base/limits.h"
#include "base/mem.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#define FD_BIT 0x80000000u

/* A pair of connected sockets; [0] is ours, [1] the peer's. */
struct pair {
	int s[2];
};

static struct pair new_pair(void)
{
	struct pair p;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p.s), 0);
	return p;
}

static void hang_up(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void end_pair(struct pair *p)
{
	hang_up(&p->s[0]);
	hang_up(&p->s[1]);
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Raw bytes from the peer, with any number of descriptors on the first. */
static void say(const struct pair *p, const void *bytes, size_t n, const int *fds, size_t nfds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control = { 0 };
	struct iovec io = { (void *)(uintptr_t)bytes, n };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };

	if (nfds) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, nfds * sizeof(int));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
	}
	assert_int_equal(sendmsg(p->s[1], &m, MSG_NOSIGNAL), (ssize_t)n);
}

static void frame_head(uint8_t out[8], uint32_t type, uint32_t n)
{
	for (unsigned i = 0; i < 4; i++) {
		out[i] = (uint8_t)(type >> 8 * i);
		out[4 + i] = (uint8_t)(n >> 8 * i);
	}
}

/* Receives what must be refused with LW_E_JAIL; outputs stay as they were, no descriptor
 * stays behind. */
static void refuse_in(struct pair *p, size_t max, int timeout_sec,
		      int (*receive)(int, size_t, int, struct lw_buf *, struct lw_ipc_frame *,
				     struct lw_error *))
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_ipc_frame f = { .type = 77, .fd = -7 };
	struct lw_error e = { 0 };
	int before = open_fds();

	assert_int_equal(receive(p->s[0], max, timeout_sec, &b, &f, &e), -LW_E_JAIL);
	assert_int_equal(e.code, LW_E_JAIL);
	assert_int_equal(f.type, 77);
	assert_int_equal(f.fd, -7);
	assert_null(f.body.p);
	assert_int_equal(open_fds(), before);
	end_pair(p);
}

static void refuse(struct pair *p, size_t max, int timeout_sec)
{
	refuse_in(p, max, timeout_sec, lw_ipc_receive);
}

static void frames_arrive_as_sent(void **state)
{
	(void)state;
	struct pair p = new_pair();
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_ipc_frame f;
	static const uint8_t bytes[] = { 0, 1, 2, 0, 255 };

	for (size_t n = 0; n <= sizeof(bytes); n++)
		assert_int_equal(lw_ipc_send(p.s[1], (uint32_t)n, lw_span(bytes, n), -1, NULL),
				 0);
	assert_int_equal(lw_ipc_send(p.s[1], LW_IPC_TYPE_MAX, lw_span(NULL, 0), -1, NULL), 0);
	hang_up(&p.s[1]);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		assert_int_equal(lw_ipc_receive(p.s[0], sizeof(bytes), 1, &b, &f, NULL), 0);
		assert_int_equal(f.type, n);
		assert_true(lw_span_equal(f.body, lw_span(bytes, n)));
		assert_int_equal(f.fd, -1);
	}
	assert_int_equal(lw_ipc_receive(p.s[0], 0, 1, &b, &f, NULL), 0);
	assert_int_equal(f.type, LW_IPC_TYPE_MAX);
	assert_int_equal(f.body.n, 0);
	assert_int_equal(lw_ipc_receive(p.s[0], 0, 1, &b, &f, NULL), -LW_E_NOTFOUND);
	end_pair(&p);
}

static void *send_largest(void *arg)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct pair *p = arg;

	for (size_t i = 0; i < LW_MAX_FRAME_BYTES; i += 1024)
		lw_buf_fill(&b, (uint8_t)(i / 1024 * 7), 1024);
	return lw_ipc_send(p->s[1], 5, lw_buf_span(&b), p->s[1], NULL) == 0 ? arg : NULL;
}

/* Far larger than the socket's buffer: both sides go through partial transfers. */
static void the_largest_frame_arrives(void **state)
{
	(void)state;
	struct pair p = new_pair();
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_ipc_frame f;
	pthread_t t;
	void *sent = NULL;

	assert_int_equal(pthread_create(&t, NULL, send_largest, &p), 0);
	assert_int_equal(lw_ipc_receive(p.s[0], SIZE_MAX, 20, &b, &f, NULL), 0);
	assert_int_equal(pthread_join(t, &sent), 0);
	assert_ptr_equal(sent, &p);
	assert_int_equal(f.body.n, LW_MAX_FRAME_BYTES);
	for (size_t i = 0; i < f.body.n; i++)
		if (f.body.p[i] != (uint8_t)(i / 1024 * 7))
			fail_msg("byte %zu differs", i);
	assert_true(f.fd >= 0);
	assert_true(fcntl(f.fd, F_GETFD) & FD_CLOEXEC);
	(void)close(f.fd);
	end_pair(&p);
}

static void send_refuses(void **state)
{
	(void)state;
	struct pair p = new_pair();
	static uint8_t much[LW_MAX_FRAME_BYTES + 1];
	struct lw_error e = { 0 };

	assert_int_equal(lw_ipc_send(p.s[0], FD_BIT, lw_span(NULL, 0), -1, &e), -LW_E_INTERNAL);
	assert_int_equal(lw_ipc_send(p.s[0], 1, lw_span(much, sizeof(much)), -1, &e),
			 -LW_E_LIMIT);
	assert_int_equal(lw_ipc_send(p.s[0], 1, lw_span(much, 1), 4000, &e), -LW_E_IO);
	assert_int_equal(e.sys_errno, EBADF);
	assert_int_equal(lw_ipc_send(-1, 1, lw_span(much, 1), -1, &e), -LW_E_IO);
	/* Nothing of all that reached the peer. */
	assert_int_equal(recv(p.s[1], much, 1, MSG_DONTWAIT), -1);
	hang_up(&p.s[1]);
	/* The peer is gone: an error, not a SIGPIPE. */
	assert_int_equal(lw_ipc_send(p.s[0], 1, lw_span(much, 1), -1, &e), -LW_E_IO);
	assert_int_equal(e.sys_errno, EPIPE);
	end_pair(&p);
}

static void a_descriptor_rides_along(void **state)
{
	(void)state;
	struct pair p = new_pair();
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_ipc_frame f;
	struct stat want, have;
	lw_auto_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int before = open_fds();

	assert_int_equal(lw_ipc_send(p.s[1], 9, lw_span_str("x"), null, NULL), 0);
	assert_int_equal(lw_ipc_send(p.s[1], 10, lw_span_str("y"), -1, NULL), 0);
	assert_int_equal(lw_ipc_receive(p.s[0], 1, 1, &b, &f, NULL), 0);
	assert_int_equal(f.type, 9);
	assert_true(f.fd >= 0 && f.fd != null);
	assert_true(fcntl(f.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(null, &want), 0);
	assert_int_equal(fstat(f.fd, &have), 0);
	assert_int_equal(want.st_rdev, have.st_rdev);
	(void)close(f.fd);
	assert_int_equal(lw_ipc_receive(p.s[0], 1, 1, &b, &f, NULL), 0);
	assert_int_equal(f.type, 10);
	assert_int_equal(f.fd, -1);
	assert_int_equal(open_fds(), before);
	end_pair(&p);
}

static void descriptors_out_of_order_are_refused(void **state)
{
	(void)state;
	lw_auto_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fds[3] = { null, null, null };
	uint8_t h[8];
	struct pair p;

	/* unannounced, with the header */
	frame_head(h, 1, 0);
	p = new_pair();
	say(&p, h, 8, fds, 1);
	refuse(&p, 10, 1);
	/* unannounced, on a later byte of the header */
	p = new_pair();
	say(&p, h, 3, NULL, 0);
	say(&p, h + 3, 5, fds, 1);
	refuse(&p, 10, 1);
	/* announced and missing */
	frame_head(h, 1 | FD_BIT, 0);
	p = new_pair();
	say(&p, h, 8, NULL, 0);
	refuse(&p, 10, 1);
	/* two, three at once */
	for (size_t n = 2; n <= 3; n++) {
		p = new_pair();
		say(&p, h, 8, fds, n);
		refuse(&p, 10, 1);
	}
	/* two, one by one */
	p = new_pair();
	say(&p, h, 2, fds, 1);
	say(&p, h + 2, 6, fds, 1);
	refuse(&p, 10, 1);
	/* in the body: alone, and after a good one */
	frame_head(h, 1, 4);
	p = new_pair();
	say(&p, h, 8, NULL, 0);
	say(&p, "body", 4, fds, 1);
	refuse(&p, 10, 1);
	frame_head(h, 1 | FD_BIT, 4);
	p = new_pair();
	say(&p, h, 8, fds, 1);
	say(&p, "bo", 2, NULL, 0);
	say(&p, "dy", 2, fds, 1);
	refuse(&p, 10, 1);
}

static void the_plain_side_takes_no_descriptor(void **state)
{
	(void)state;
	lw_auto_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_ipc_frame f;
	uint8_t h[8];
	struct pair p = new_pair();

	assert_int_equal(lw_ipc_send(p.s[1], 3, lw_span_str("abc"), -1, NULL), 0);
	assert_int_equal(lw_ipc_receive_plain(p.s[0], 3, 1, &b, &f, NULL), 0);
	assert_true(lw_span_is(f.body, "abc"));
	assert_int_equal(f.fd, -1);
	/* announced and there: still refused */
	assert_int_equal(lw_ipc_send(p.s[1], 3, lw_span_str("abc"), null, NULL), 0);
	refuse_in(&p, 10, 1, lw_ipc_receive_plain);
	/* announced and missing, there unannounced */
	frame_head(h, 3 | FD_BIT, 0);
	p = new_pair();
	say(&p, h, 8, NULL, 0);
	refuse_in(&p, 10, 1, lw_ipc_receive_plain);
	frame_head(h, 3, 0);
	p = new_pair();
	say(&p, h, 8, &null, 1);
	refuse_in(&p, 10, 1, lw_ipc_receive_plain);
	frame_head(h, 3, 1);
	p = new_pair();
	say(&p, h, 8, NULL, 0);
	say(&p, "x", 1, &null, 1);
	refuse_in(&p, 10, 1, lw_ipc_receive_plain);
}

static void lengths_above_the_cap_are_refused(void **state)
{
	(void)state;
	static const struct {
		uint32_t n;
		size_t max;
	} rows[] = {
		{ 1, 0 },
		{ 11, 10 },
		{ UINT32_MAX, 10 },
		{ UINT32_MAX, SIZE_MAX },
		{ (uint32_t)LW_MAX_FRAME_BYTES + 1, SIZE_MAX },
		{ (uint32_t)LW_MAX_FRAME_BYTES + 1, LW_MAX_FRAME_BYTES + 1 },
		{ 0x80000000u, LW_MAX_FRAME_BYTES },
	};

	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		struct pair p = new_pair();
		uint8_t h[8];

		frame_head(h, 1, rows[i].n);
		say(&p, h, 8, NULL, 0);
		say(&p, "eleven byte", 11, NULL, 0);
		refuse(&p, rows[i].max, 1);
	}
}

/* The stream of one good frame, cut after every byte. */
static void every_truncation_is_refused(void **state)
{
	(void)state;
	uint8_t whole[12];

	frame_head(whole, 1, 4);
	memcpy(whole + 8, "body", 4);
	for (size_t n = 1; n < sizeof(whole); n++) {
		struct pair p = new_pair();

		say(&p, whole, n, NULL, 0);
		hang_up(&p.s[1]);
		refuse(&p, 10, 1);
	}
}

static int64_t now_ms(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void a_silent_peer_times_out(void **state)
{
	(void)state;
	uint8_t whole[12];
	static const size_t said[] = { 0, 1, 8, 11 };

	frame_head(whole, 1, 4);
	memcpy(whole + 8, "body", 4);
	for (size_t i = 0; i < LW_COUNT_OF(said); i++) {
		struct pair p = new_pair();
		int64_t start = now_ms();

		if (said[i])
			say(&p, whole, said[i], NULL, 0);
		refuse(&p, 10, 1);
		assert_in_range(now_ms() - start, 990, 5000);
	}
	/* No patience at all: what is there is taken, what is not is refused. */
	struct pair p = new_pair();
	refuse(&p, 10, 0);
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_ipc_frame f;
	p = new_pair();
	say(&p, whole, sizeof(whole), NULL, 0);
	assert_int_equal(lw_ipc_receive(p.s[0], 4, 0, &b, &f, NULL), 0);
	end_pair(&p);
}

static void *drip(void *arg)
{
	struct pair *p = arg;
	uint8_t h[8];

	frame_head(h, 1, 1000);
	for (size_t i = 0; i < 100; i++) {
		uint8_t byte = i < 8 ? h[i] : 'x';

		if (send(p->s[1], &byte, 1, MSG_NOSIGNAL) != 1)
			break;
		(void)usleep(100000);
	}
	return NULL;
}

/* A byte ten times a second is never silence; it is refused all the same. */
static void a_dripping_peer_times_out(void **state)
{
	(void)state;
	struct pair p = new_pair();
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_ipc_frame f;
	int64_t start = now_ms();
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, drip, &p), 0);
	assert_int_equal(lw_ipc_receive(p.s[0], 1000, 1, &b, &f, NULL), -LW_E_JAIL);
	assert_in_range(now_ms() - start, 990, 5000);
	hang_up(&p.s[0]);
	assert_int_equal(pthread_join(t, NULL), 0);
	end_pair(&p);
}

/* Unread bytes in a dying peer's queue make the kernel say "connection reset", not "end". */
static void a_peer_that_died_with_our_bytes_is_broken(void **state)
{
	(void)state;
	struct pair p = new_pair();

	assert_int_equal(lw_ipc_send(p.s[0], 1, lw_span_str("unread"), -1, NULL), 0);
	hang_up(&p.s[1]);
	refuse(&p, 10, 1);

	/* A socket that is none. */
	p = (struct pair){ { open("/dev/null", O_RDONLY | O_CLOEXEC), -1 } };
	refuse(&p, 10, 1);
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Signals without SA_RESTART rain on a process that waits: EINTR is not an event. */
static void interrupted_calls_go_on(void **state)
{
	(void)state;
	struct pair p = new_pair();
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_ipc_frame f;
	struct sigaction quiet = { .sa_handler = on_alarm }, old;
	assert_int_equal(sigaction(SIGUSR1, &quiet, &old), 0);
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		for (int i = 0; i < 40; i++) {
			(void)usleep(5000);
			(void)kill(getppid(), SIGUSR1);
		}
		_exit(lw_ipc_send(p.s[1], 1, lw_span_str("late"), -1, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(lw_ipc_receive(p.s[0], 10, 20, &b, &f, NULL), 0);
	assert_true(lw_span_is(f.body, "late"));
	int status;
	while (waitpid(child, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	assert_int_equal(status, 0);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
	end_pair(&p);
}

static void bodies_are_taken_as_put(void **state)
{
	(void)state;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	uint32_t u32 = 0;
	uint64_t u64 = 0;
	struct lw_span bytes = { 0 };
	lw_auto_free char *text = NULL;
	lw_auto_free char *empty = NULL;

	lw_ipc_put_u32(&b, 0x01020304);
	lw_ipc_put_u64(&b, 0xfffefdfcfbfaf9f8);
	lw_ipc_put_bytes(&b, lw_span("\0\xff", 2));
	lw_ipc_put_bytes(&b, lw_span(NULL, 0));
	lw_ipc_put_str(&b, "text");
	lw_ipc_put_str(&b, "");
	/* The bytes on the wire are a promise too. */
	assert_memory_equal(b.p, "\4\3\2\1\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff\2\0\0\0\0\xff", 18);

	struct lw_span body = lw_buf_span(&b);
	assert_int_equal(lw_ipc_take_u32(&body, &u32, NULL), 0);
	assert_int_equal(u32, 0x01020304);
	assert_int_equal(lw_ipc_take_u64(&body, &u64, NULL), 0);
	assert_true(u64 == 0xfffefdfcfbfaf9f8);
	assert_int_equal(lw_ipc_take_bytes(&body, 2, &bytes, NULL), 0);
	assert_true(lw_span_equal(bytes, lw_span("\0\xff", 2)));
	assert_int_equal(lw_ipc_take_bytes(&body, 0, &bytes, NULL), 0);
	assert_int_equal(bytes.n, 0);
	assert_int_equal(lw_ipc_take_end(&body, NULL), -LW_E_JAIL);
	assert_int_equal(lw_ipc_take_str(&body, 4, &text, NULL), 0);
	assert_string_equal(text, "text");
	assert_int_equal(lw_ipc_take_str(&body, 0, &empty, NULL), 0);
	assert_string_equal(empty, "");
	assert_int_equal(lw_ipc_take_end(&body, NULL), 0);
}

static void short_bodies_are_refused(void **state)
{
	(void)state;
	static const uint8_t few[8] = { 4, 0, 0, 0, 'a', 'b', 'c' };
	struct lw_error e;

	for (size_t n = 0; n < 8; n++) {
		struct lw_span body = lw_span(few, n);
		struct lw_span bytes = lw_span(few, 99);
		uint32_t u32 = 99;
		uint64_t u64 = 99;
		char *text = NULL;

		if (n < 4)
			assert_int_equal(lw_ipc_take_u32(&body, &u32, &e), -LW_E_JAIL);
		assert_int_equal(lw_ipc_take_u64(&body, &u64, &e), -LW_E_JAIL);
		assert_int_equal(lw_ipc_take_bytes(&body, 100, &bytes, &e), -LW_E_JAIL);
		assert_int_equal(lw_ipc_take_str(&body, 100, &text, &e), -LW_E_JAIL);
		assert_int_equal(e.code, LW_E_JAIL);
		assert_int_equal(u32, 99);
		assert_true(u64 == 99 && bytes.n == 99 && bytes.p == few);
		assert_null(text);
		assert_true(body.p == few && body.n == n);
	}

	struct lw_span none = { 0 };
	uint32_t u32;
	assert_int_equal(lw_ipc_take_u32(&none, &u32, &e), -LW_E_JAIL);
	assert_int_equal(lw_ipc_take_end(&none, &e), 0);
}

static void false_lengths_are_refused(void **state)
{
	(void)state;
	static const uint32_t lengths[] = { 4,		5,	    100,       0x7fffffff,
					    0x80000000, 0xfffffffc, 0xffffffff };
	struct lw_span bytes;
	char *text = NULL;

	for (size_t i = 0; i < LW_COUNT_OF(lengths); i++) {
		LW_AUTO(buf) struct lw_buf b = { 0 };

		lw_ipc_put_u32(&b, lengths[i]);
		lw_buf_adds(&b, "abc");
		struct lw_span body = lw_buf_span(&b);
		assert_int_equal(lw_ipc_take_bytes(&body, SIZE_MAX, &bytes, NULL), -LW_E_JAIL);
		assert_int_equal(lw_ipc_take_str(&body, SIZE_MAX, &text, NULL), -LW_E_JAIL);
		assert_int_equal(body.n, b.n);
	}

	/* within the body, above what the caller takes */
	LW_AUTO(buf) struct lw_buf b = { 0 };
	lw_ipc_put_str(&b, "four");
	struct lw_span body = lw_buf_span(&b);
	for (size_t max = 0; max < 4; max++) {
		assert_int_equal(lw_ipc_take_bytes(&body, max, &bytes, NULL), -LW_E_JAIL);
		assert_int_equal(lw_ipc_take_str(&body, max, &text, NULL), -LW_E_JAIL);
	}
	assert_int_equal(lw_ipc_take_bytes(&body, 4, &bytes, NULL), 0);
	assert_null(text);
}

static void a_nul_in_a_string_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = { "\0bc", "a\0c", "ab\0", "\0\0\0" };

	for (size_t i = 0; i < LW_COUNT_OF(texts); i++) {
		LW_AUTO(buf) struct lw_buf b = { 0 };
		char *text = NULL;
		struct lw_span bytes;

		lw_ipc_put_bytes(&b, lw_span(texts[i], 3));
		struct lw_span body = lw_buf_span(&b);
		assert_int_equal(lw_ipc_take_str(&body, 10, &text, NULL), -LW_E_JAIL);
		assert_null(text);
		assert_int_equal(body.n, 7);
		assert_int_equal(lw_ipc_take_bytes(&body, 10, &bytes, NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_arrive_as_sent),
		cmocka_unit_test(the_largest_frame_arrives),
		cmocka_unit_test(send_refuses),
		cmocka_unit_test(a_descriptor_rides_along),
		cmocka_unit_test(descriptors_out_of_order_are_refused),
		cmocka_unit_test(the_plain_side_takes_no_descriptor),
		cmocka_unit_test(lengths_above_the_cap_are_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_silent_peer_times_out),
		cmocka_unit_test(a_dripping_peer_times_out),
		cmocka_unit_test(a_peer_that_died_with_our_bytes_is_broken),
		cmocka_unit_test(interrupted_calls_go_on),
		cmocka_unit_test(bodies_are_taken_as_put),
		cmocka_unit_test(short_bodies_are_refused),
		cmocka_unit_test(false_lengths_are_refused),
		cmocka_unit_test(a_nul_in_a_string_is_refused),
	};

	return cmocka_run_group_tests_name("ipc", tests, NULL, NULL);
}
