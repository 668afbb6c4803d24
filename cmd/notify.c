/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/notify.h"

#include "base/mem.h"
#include "base/num.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static void tell(const char *words)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(to.sun_path))
		return;
	size_t n = strlen(path);
	memcpy(to.sun_path, path, n);
	if (path[0] == '@') /* an abstract one */
		to.sun_path[0] = '\0';
	lw_auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)!sendto(fd, words, strlen(words), MSG_NOSIGNAL, (struct sockaddr *)&to,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

void lw_notify_ready(void)
{
	tell("READY=1");
}

int lw_notify_patience(void)
{
	const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t usec = 0, whose = 0;
	struct lw_error ignored;

	if (!text || lw_num_u64(lw_span_str(text), 1, UINT64_MAX, &usec, &ignored) < 0)
		return -1;
	if (pid && (lw_num_u64(lw_span_str(pid), 1, INT_MAX, &whose, &ignored) < 0 ||
		    whose != (uint64_t)getpid()))
		return -1;
	usec /= 2000; /* half of it, in milliseconds */
	return usec > INT_MAX ? INT_MAX : (int)usec;
}

void lw_notify_alive(void)
{
	static struct timespec last;
	struct timespec now = { 0 };
	int patience = lw_notify_patience();

	if (patience < 0 || clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		return;
	if ((now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000 <
	    patience)
		return;
	last = now;
	tell("WATCHDOG=1");
}
