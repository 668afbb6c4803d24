/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/state_internal.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

/*
 * The writer's lock: flock on the file `lock`, which says "pid host since" for the person who
 * finds it taken. The kernel gives it back when its holder dies; the words decide nothing.
 */

#define LOCK_WORDS 512

static int busy(int fd, struct lw_error *e)
{
	char words[LOCK_WORDS + 1], shown[3 * LOCK_WORDS];
	char *rest = words;
	ssize_t n = pread(fd, words, LOCK_WORDS, 0);

	words[n > 0 ? n : 0] = '\0';

	const char *pid = strsep(&rest, " \n");
	const char *host = strsep(&rest, " \n");
	const char *since = strsep(&rest, " \n");
	if (!since || !*pid)
		return lw_fail(e, LW_E_BUSY, "another process is writing to this enclave");
	LW_AUTO(buf) struct lw_buf b = { 0 };
	lw_buf_printf(&b, "process %s on %s has been writing to this enclave since %s", pid,
		      host, since);
	return lw_fail(e, LW_E_BUSY, "%s",
		       lw_text_escape(lw_buf_span(&b), shown, sizeof(shown)));
}

/* As well as it can: a full disk must not keep anybody from making room. */
static void sign(int fd)
{
	struct lw_clock now;
	char host[256] = "", since[LW_TIME_TEXT];
	LW_AUTO(buf) struct lw_buf b = { 0 };

	if (lw_clock_system(&now, NULL) < 0 || ftruncate(fd, 0) < 0)
		return;
	if (gethostname(host, sizeof(host) - 1) < 0 || !host[0] || strpbrk(host, " \n"))
		(void)snprintf(host, sizeof(host), "localhost");
	lw_buf_printf(&b, "%ld %s %s\n", (long)getpid(), host,
		      lw_time_format(now.wall_sec, since));
	(void)!lw_fs_pwrite(fd, b.p, b.n, 0, NULL);
}

int lw_state_lock_take(int dir, int *ret_fd, struct lw_error *e)
{
	lw_auto_fd int fd = openat(
		dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd < 0)
		return lw_fail_errno(e, "open the enclave's lock");
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return busy(fd, e);
		if (errno != EINTR)
			return lw_fail_errno(e, "take the enclave's lock");
	}
	sign(fd);
	*ret_fd = lw_steal_fd(&fd);
	return 0;
}

void lw_state_lock_release(int fd)
{
	if (fd < 0)
		return;
	(void)!ftruncate(fd, 0);
	(void)close(fd);
}
