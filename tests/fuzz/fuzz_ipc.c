/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Frames from a hostile peer, against a second reading of the same bytes.
 *
 * Byte 0 says what the rest is. Odd: a body; byte 1 counts the takes, each takes one byte
 * (what, and up to what length), the rest is taken apart. Even: a stream; bytes 1 and 2 say at
 * which offset a descriptor rides (65535: none), the rest goes through a socketpair. Bit 1
 * chooses the receiver that takes no descriptors.
 */

#include "base/ipc.h"
#include "base/mem.h"

#include <fcntl.h>
#include <sys/socket.h>

#define MAX_BODY   ((size_t)4096)
#define MAX_STREAM ((size_t)60000) /* fits the socket's buffer */
#define NO_FD	   65535

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise, const char *what)
{
	if (!promise) {
		(void)fprintf(stderr, "broken: %s\n", what);
		abort();
	}
}

static uint64_t number(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

/* ---- bodies ---- */

static void take_number(struct lw_span *body, size_t n)
{
	struct lw_span before = *body;
	uint32_t u32 = 1;
	uint64_t u64 = 1;
	int r = n == 4 ? lw_ipc_take_u32(body, &u32, NULL) : lw_ipc_take_u64(body, &u64, NULL);

	must((r == 0) == (before.n >= n), "a number is taken when it is there");
	if (r == 0)
		must((n == 4 ? u32 : u64) == number(before.p, n), "the number");
	else
		must(r == -LW_E_JAIL && u32 == 1 && u64 == 1, "nothing but a refusal");
	must(body->n == before.n - (r == 0 ? n : 0), "as much as was taken is gone");
}

static void take_counted(struct lw_span *body, size_t max, bool text)
{
	struct lw_span before = *body;
	struct lw_span bytes = { 0 };
	lw_auto_free char *s = NULL;
	int r = text ? lw_ipc_take_str(body, max, &s, NULL)
		     : lw_ipc_take_bytes(body, max, &bytes, NULL);
	uint64_t n = before.n >= 4 ? number(before.p, 4) : 0;
	bool good = before.n >= 4 && n <= max && n <= before.n - 4;

	if (good && text)
		good = !memchr(before.p + 4, 0, n);
	must((r == 0) == good, "bytes are taken when they are there");
	must(r == 0 || r == -LW_E_JAIL, "nothing but a refusal");
	must(body->n == before.n - (r == 0 ? 4 + n : 0), "as much as was taken is gone");
	if (r == 0 && text)
		must(strlen(s) == n && memcmp(s, before.p + 4, n) == 0, "the string");
	else if (r == 0)
		must(bytes.n == n && bytes.p == before.p + 4, "the bytes");
	else
		must(!s && !bytes.p, "outputs are untouched");
}

static void fuzz_body(const uint8_t *data, size_t size)
{
	size_t takes = size ? data[0] : 0;

	if (size == 0 || takes > size - 1)
		return;
	const uint8_t *script = data + 1;
	struct lw_span body = lw_span(script + takes, size - 1 - takes);
	for (size_t i = 0; i < takes; i++) {
		size_t max = script[i] >= 0xfc ? SIZE_MAX : script[i] >> 2;

		if ((script[i] & 3) < 2)
			take_number(&body, script[i] & 1 ? 8 : 4);
		else
			take_counted(&body, max, script[i] & 1);
	}
	must((lw_ipc_take_end(&body, NULL) == 0) == (body.n == 0), "nothing is left, or it is");
}

/* ---- streams ---- */

static void send_piece(int socket, const uint8_t *p, size_t n, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec io = { (void *)(uintptr_t)p, n };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };

	if (n == 0)
		return;
	if (fd >= 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int));
	}
	must(sendmsg(socket, &m, MSG_DONTWAIT) == (ssize_t)n, "the harness sends");
}

/* What the receiver must say of the stream from `at` on. */
static int expected(struct lw_span s, size_t at, size_t fd_at, bool plain)
{
	if (at == s.n)
		return -LW_E_NOTFOUND;
	if (s.n - at < 8)
		return -LW_E_JAIL;

	uint64_t n = number(s.p + at + 4, 4);
	bool announced = s.p[at + 3] & 0x80;
	bool rides = fd_at >= at && fd_at < at + 8;
	if (announced != rides || (plain && rides) || n > MAX_BODY || n > s.n - at - 8)
		return -LW_E_JAIL;
	/* in the body */
	return fd_at >= at + 8 && fd_at < at + 8 + n ? -LW_E_JAIL : 0;
}

static void receive_stream(int socket, struct lw_span s, size_t fd_at, bool plain)
{
	LW_AUTO(buf) struct lw_buf storage = { 0 };
	size_t at = 0;
	int r;

	do {
		struct lw_ipc_frame f = { .fd = -7 };
		int want = expected(s, at, fd_at, plain);

		r = plain ? lw_ipc_receive_plain(socket, MAX_BODY, 5, &storage, &f, NULL)
			  : lw_ipc_receive(socket, MAX_BODY, 5, &storage, &f, NULL);
		must(r == want, "the receiver's answer");
		if (r < 0) {
			must(f.fd == -7 && !f.body.p, "outputs are untouched");
			break;
		}
		uint32_t word = (uint32_t)number(s.p + at, 4);
		must(f.type == (word & LW_IPC_TYPE_MAX), "the type");
		must((f.fd >= 0) == (word >> 31 == 1), "a descriptor where announced");
		must(lw_span_equal(f.body, lw_span(s.p + at + 8, f.body.n)), "the body");
		must(f.body.n == number(s.p + at + 4, 4), "its length");
		at += 8 + f.body.n;
		if (f.fd >= 0)
			(void)close(f.fd);
	} while (r == 0);
}

static void fuzz_stream(const uint8_t *data, size_t size, bool plain)
{
	int pair[2];

	if (size < 2 || size - 2 > MAX_STREAM)
		return;
	struct lw_span s = lw_span(data + 2, size - 2);
	size_t fd_at = number(data, 2) < s.n ? number(data, 2) : NO_FD;
	size_t cut = fd_at < s.n ? fd_at : s.n;

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
	send_piece(pair[1], s.p, cut, -1);
	send_piece(pair[1], s.p + cut, s.n - cut, pair[1]);
	(void)shutdown(pair[1], SHUT_WR);
	int lowest = fcntl(pair[0], F_DUPFD_CLOEXEC, 0);
	(void)close(lowest);
	receive_stream(pair[0], s, fd_at, plain);
	int now = fcntl(pair[0], F_DUPFD_CLOEXEC, 0);
	(void)close(now);
	must(now == lowest, "no descriptor stays behind");
	(void)close(pair[0]);
	(void)close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		fuzz_body(data + 1, size - 1);
	else
		fuzz_stream(data + 1, size - 1, data[0] & 2);
	return 0;
}
