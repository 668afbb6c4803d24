/* SPDX-License-Identifier: Apache-2.0 */
/* landwaiter-serve: the process that speaks HTTP (registry/server.h). Started by `landwaiter
 * serve` with one socket as descriptor 3; users never call it. */
#include "registry/server.h"

#include "base/ipc.h"
#include "base/jail.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/server_tls.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The first frame brings the listening socket, and what is spoken there. */
static int take_listener(struct lw_listen *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf storage = { 0 };
	struct lw_ipc_frame frame = { .fd = -1 };
	int r = lw_ipc_receive(LW_SERVER_SOCKET, 4 * LW_MAX_KEY_BYTES, 10, &storage, &frame, e);

	if (r == 0 && (frame.type != LW_REGISTRY_LISTEN || frame.fd < 0))
		r = lw_fail(e, LW_E_JAIL, "want a listening socket");
	if (r == 0 && frame.fd != LW_SERVER_LISTEN &&
	    dup3(frame.fd, LW_SERVER_LISTEN, O_CLOEXEC) < 0)
		r = lw_fail_errno(e, "listening socket");
	if (r == 0)
		r = lw_listen_take(frame.body, ret, e);
	if (storage.p)
		explicit_bzero(storage.p, storage.cap);
	return r;
}

/* Says that we listen, or why not. */
static int report(const struct lw_listen *listen, enum lw_jail_level level, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };
	struct lw_ready ready = { .level = (uint32_t)level };
	struct lw_refused refused = { .why = e->text };
	struct lw_error ignored;
	int r = *listen->certificate
			? lw_server_tls_check(listen, time(NULL), &ready, &refused.part, e)
			: 0;

	if (r == 0) {
		lw_ready_put(&ready, &body);
		return lw_ipc_send(LW_SERVER_SOCKET, LW_REGISTRY_READY, lw_buf_span(&body), -1,
				   e);
	}
	lw_refused_put(&refused, &body);
	(void)!lw_ipc_send(LW_SERVER_SOCKET, LW_REGISTRY_REFUSED, lw_buf_span(&body), -1,
			   &ignored);
	return r;
}

int main(void)
{
	LW_AUTO(listen) struct lw_listen listen = { 0 };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	enum lw_jail_level level = LW_JAIL_SECCOMP;
	struct lw_error e = { 0 };
	int r = take_listener(&listen, &e);

	(void)sigaction(SIGPIPE, &ignore, NULL); /* clients go away while they are answered */
	lw_server_tls_prepare();
	if (r == 0)
		r = lw_jail_enter_server(&level, &e);
	if (r == 0)
		r = report(&listen, level, &e);
	return r < 0 || lw_server_run(&listen, &e) < 0;
}
