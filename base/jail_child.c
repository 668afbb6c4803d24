/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jail.h"

#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define BOX_SOCKET 3
#define BOX_REPORT 4 /* tells the parent why exec failed, else closes with it */
#define FIRST_FREE 8 /* from here on nothing is in the way of the box's descriptors */
#define GRACE_USEC 1000000

/* What the new process needs to know between fork and exec. */
struct start {
	const char *path;
	const char *argv0;
	pid_t parent;
	int null, socket, report; /* all >= FIRST_FREE */
};

static void default_signals(void)
{
	struct sigaction quiet = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &quiet, NULL); /* KILL, STOP and glibc's own say no */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int arrange_descriptors(const struct start *s)
{
	int n = dup2(s->null, 0) < 0 || dup2(s->null, 1) < 0;

#if !defined(LW_SANITIZED) && !defined(LW_COVERAGE)
	n = n || dup2(s->null, 2) < 0;
#endif
	return n || dup2(s->socket, BOX_SOCKET) < 0 ||
	       dup3(s->report, BOX_REPORT, O_CLOEXEC) < 0 ||
	       close_range(BOX_REPORT + 1, ~0U, 0) != 0;
}

/* In the child: only calls that are safe after fork in a process with threads. */
static _Noreturn void become_box(const struct start *s)
{
	char *argv[] = { (char *)(uintptr_t)s->argv0, NULL };
	char lang[] = "LANG=C";
	char *env[] = { lang, NULL };
	int report = s->report;

	/* The parent may have died before the signal was asked for. */
	errno = 0;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == s->parent && setsid() >= 0 &&
	    !arrange_descriptors(s)) {
		report = BOX_REPORT;
		default_signals();
		(void)execve(s->path, argv, env);
	}

	int why = errno ? errno : ESRCH;
	(void)!write(report, &why, sizeof(why));
	_exit(127);
}

/* Moves a descriptor up to where the child's own will not overwrite it. */
static int lift(int *fd, struct lw_error *e)
{
	if (*fd >= FIRST_FREE)
		return 0;

	int high = fcntl(*fd, F_DUPFD_CLOEXEC, FIRST_FREE);
	if (high < 0)
		return lw_fail(e, LW_E_JAIL, "box: descriptor: %s", strerror(errno));
	(void)close(*fd);
	*fd = high;
	return 0;
}

static pid_t start_box(const struct start *s)
{
	sigset_t all, old;

	/* No handler of ours may run in the child. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	pid_t pid = fork();
	if (pid == 0)
		become_box(s);
	int saved = errno;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return pid;
}

/* 0 once the child's exec has closed the other end, else its errno. */
static int exec_result(int report)
{
	int why = 0;
	ssize_t n;

	do
		n = read(report, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	return n == 0 ? 0 : n == (ssize_t)sizeof(why) ? why : EIO;
}

int lw_jail_spawn(const char *path, const char *argv0, struct lw_jail_child *ret,
		  struct lw_error *e)
{
	int pair[2];
	int pipe[2];
	char shown[256];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return lw_fail(e, LW_E_JAIL, "box: socketpair: %s", strerror(errno));
	lw_auto_fd int ours = pair[0];
	lw_auto_fd int theirs = pair[1];
	if (pipe2(pipe, O_CLOEXEC) != 0)
		return lw_fail(e, LW_E_JAIL, "box: pipe: %s", strerror(errno));
	lw_auto_fd int report = pipe[0];
	lw_auto_fd int reporter = pipe[1];
	lw_auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return lw_fail(e, LW_E_JAIL, "box: /dev/null: %s", strerror(errno));

	int r = lift(&theirs, e);
	if (r == 0)
		r = lift(&reporter, e);
	if (r == 0)
		r = lift(&null, e);
	if (r != 0)
		return r;

	struct start s = { path, argv0, getpid(), null, theirs, reporter };
	struct lw_jail_child child = { .pid = start_box(&s), .socket = ours };
	if (child.pid < 0)
		return lw_fail(e, LW_E_JAIL, "box: fork: %s", strerror(errno));
	(void)close(lw_steal_fd(&reporter));
	(void)lw_steal_fd(&ours); /* the child's from here on */

	int why = exec_result(report);
	if (why != 0) {
		lw_jail_reap(&child, NULL);
		return lw_fail(e, LW_E_JAIL, "box: %s: %s",
			       lw_text_escape_str(path, shown, sizeof(shown)), strerror(why));
	}
	*ret = child;
	return 0;
}

int lw_jail_fork(int socket, struct lw_jail_child *ret_child, struct lw_error *e)
{
	pid_t parent = getpid(), pid = fork();

	*ret_child = (struct lw_jail_child){ .pid = pid, .socket = -1 };
	if (pid < 0)
		return lw_fail(e, LW_E_JAIL, "box: fork: %s", strerror(errno));
	if (pid > 0)
		return 0;
	/* The parent may have died before the signal was asked for. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || setsid() < 0 ||
	    (socket != BOX_SOCKET && dup2(socket, BOX_SOCKET) < 0))
		return lw_fail(e, LW_E_JAIL, "box: %s", strerror(errno));
	return 0;
}

/* Whether the child was reaped (or is not ours) within the time. */
static bool wait_for(pid_t pid, long usec, int *status)
{
	long step = 50;

	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return true;
		if (got < 0 && errno != EINTR) {
			*status = -1;
			return true;
		}
		if (usec <= 0)
			return false;
		struct timespec t = { .tv_nsec = step * 1000 };
		(void)nanosleep(&t, NULL);
		usec -= step;
		if (step < 20000)
			step *= 2;
	}
}

void lw_jail_reap(struct lw_jail_child *child, bool *ret_clean)
{
	bool clean = false;

	if (child->pid > 0) {
		int status = -1;

		(void)close(child->socket);
		if (wait_for(child->pid, GRACE_USEC, &status)) {
			clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		} else {
			(void)kill(child->pid, SIGKILL);
			while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
				;
		}
	}
	*child = (struct lw_jail_child){ .socket = -1 };
	if (ret_clean)
		*ret_clean = clean;
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int lw_jail_program(const char *name, char **ret_path, struct lw_error *e)
{
	char exe[4096];
	char shown[256];

	if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return lw_fail(e, LW_E_USAGE, "not the name of a program");

	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));
	if (n <= 0 || (size_t)n >= sizeof(exe))
		return lw_fail(e, LW_E_JAIL, "box: /proc/self/exe: %s",
			       n < 0 ? strerror(errno) : "too long");
	exe[n] = '\0';

	/* Absolute and without links, as the kernel writes it. */
	char *slash = strrchr(exe, '/');
	if (!slash)
		return lw_fail(e, LW_E_JAIL, "box: /proc/self/exe: not a path");
	*slash = '\0';
	lw_auto_free char *beside = lw_asprintf("%s/%s", exe, name);
	if (is_program(beside)) {
		*ret_path = lw_steal(beside);
		return 0;
	}

	slash = strrchr(exe, '/');
	if (slash)
		*slash = '\0';
	lw_auto_free char *libexec = lw_asprintf("%s/libexec/landwaiter/%s", exe, name);
	if (!is_program(libexec))
		return lw_fail(e, LW_E_JAIL,
			       "box: no %s beside this program, nor in %s/libexec", name,
			       lw_text_escape_str(exe, shown, sizeof(shown)));
	*ret_path = lw_steal(libexec);
	return 0;
}

int lw_jail_start(const char *name, struct lw_jail_child *ret, struct lw_error *e)
{
	lw_auto_free char *program = NULL;
	int r = lw_jail_program(name, &program, e);

	return program ? lw_jail_spawn(program, name, ret, e) : r;
}
