/* SPDX-License-Identifier: Apache-2.0 */
/* landwaiter-serve: the process that speaks HTTP (registry/server.h). Started by `landwaiter
 * serve` with one socket as descriptor 3; users never call it. */
#include "registry/server.h"

#include "base/ipc.h"
#include "base/jail.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/wire.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* The first frame brings the listening socket. */
static int take_listener(struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf storage = { 0 };
	struct lw_ipc_frame frame = { .fd = -1 };
	int r = lw_ipc_receive(LW_SERVER_SOCKET, 4096, 10, &storage, &frame, e);

	if (r == 0 && (frame.type != LW_REGISTRY_LISTEN || frame.fd < 0))
		r = lw_fail(e, LW_E_JAIL, "want a listening socket");
	if (r == 0 && frame.fd != LW_SERVER_LISTEN &&
	    dup3(frame.fd, LW_SERVER_LISTEN, O_CLOEXEC) < 0)
		r = lw_fail_errno(e, "listening socket");
	return r;
}

int main(void)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	enum lw_jail_level level = LW_JAIL_SECCOMP;
	struct lw_error e = { 0 };
	int r = take_listener(&e);

	(void)sigaction(SIGPIPE, &ignore, NULL); /* clients go away while they are answered */
	if (r == 0)
		r = lw_jail_enter_server(&level, &e);
	if (r < 0)
		return 1;
	lw_ipc_put_u32(&body, (uint32_t)level);
	r = lw_ipc_send(LW_SERVER_SOCKET, LW_REGISTRY_READY, lw_buf_span(&body), -1, &e);
	return r < 0 || lw_server_run(&e) < 0;
}
