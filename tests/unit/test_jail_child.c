/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes as processes: how they are born, answer, and end. This program is its own box, told
 * what to do by its name. */
#include "base/ipc.h"
#include "base/jail.h"
#include "base/limits.h"
#include "base/mem.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <cmocka.h>

/* What a child says through memory it shares with the test. */
struct answers {
	int words[4];
};

static struct answers *new_answers(void)
{
	struct answers *a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(a != MAP_FAILED);
	return a;
}

/* Runs body(answers) in a child; returns its wait status. */
static int in_child(void (*body)(struct answers *), struct answers *a)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		body(a);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int reply(struct lw_buf *b)
{
	return lw_ipc_send(3, 1, lw_buf_span(b), -1, NULL) == 0 ? 0 : 1;
}

static int box_tell(void)
{
	extern char **environ;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct stat st;
	sigset_t mask;
	int signal = 0, open_now = 0, own_signals = 0, null = 0;

	for (int fd = 0; fd < 1000; fd++)
		open_now += fcntl(fd, F_GETFD) >= 0;
	for (int fd = 0; fd < 3; fd++)
		null += fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
			st.st_rdev == makedev(1, 3);
	for (int s = 1; s < 32; s++) {
		struct sigaction now;
		own_signals += sigaction(s, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
	}
	(void)sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int s = 1; s < 65; s++)
		own_signals += sigismember(&mask, s) == 1;
	(void)prctl(PR_GET_PDEATHSIG, &signal);
	lw_ipc_put_u32(&b, (uint32_t)open_now);
	lw_ipc_put_u32(&b, (uint32_t)null);
	lw_ipc_put_u32(&b, (uint32_t)own_signals);
	lw_ipc_put_u32(&b, (uint32_t)signal);
	lw_ipc_put_u32(&b, getsid(0) == getpid());
	lw_ipc_put_str(&b, environ[0] && !environ[1] ? environ[0] : "(not one)");
	return reply(&b);
}

static int enter(void)
{
	enum lw_jail_level level;
	struct lw_error e;

	return lw_jail_enter(3, &level, &e);
}

/* Echoes frames from inside until the other side ends. */
static int box_echo(void)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_ipc_frame f;
	int r;

	if (enter() != 0)
		return 9;
	while ((r = lw_ipc_receive(3, LW_MAX_FRAME_BYTES, -1, &b, &f, NULL)) == 0) {
		uint8_t c = 0;

		if (f.fd >= 0 && (read(f.fd, &c, 1) != 1 || close(f.fd) != 0))
			return 8;
		if (lw_ipc_send(3, f.type + c, f.body, -1, NULL) != 0)
			return 7;
	}
	return r == -LW_E_NOTFOUND ? 0 : 6;
}

/* In the box, and deaf: only a signal ends it. */
static int box_deaf(void)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	if (enter() != 0 || reply(&b) != 0)
		return 9;
	(void)poll(NULL, 0, 15000);
	return 0;
}

/* Makes copies of itself, each with the socket that comes along. They say who they are, and are
 * deaf. */
static int box_nursery(void)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_jail_child child = { 0 };
	struct lw_ipc_frame f;
	int open_now = 0;

	while (lw_ipc_receive(3, 0, -1, &b, &f, NULL) == 0) {
		if (lw_jail_fork(f.fd, &child, NULL) != 0)
			return 9;
		(void)close(f.fd);
		if (child.pid == 0)
			break;
	}
	if (child.pid != 0)
		return 0;
	if (enter() != 0)
		return 9;
	for (int fd = 0; fd < 1000; fd++)
		open_now += lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
	lw_ipc_put_u32(&b, (uint32_t)getpid());
	lw_ipc_put_u32(&b, (uint32_t)open_now);
	if (reply(&b) != 0)
		return 9;
	(void)poll(NULL, 0, 15000);
	return 0;
}

static int box_find(void)
{
	static const char *const names[] = { "beside", "in-libexec", "both",	      "plain",
					     "folder", "missing",    "../bin/beside", "",
					     ".",      "..",	     "/bin/sh" };
	LW_AUTO(buf) struct lw_buf b = { 0 };

	for (size_t i = 0; i < LW_COUNT_OF(names); i++) {
		lw_auto_free char *path = NULL;
		int r = lw_jail_program(names[i], &path, NULL);

		lw_ipc_put_u32(&b, (uint32_t)-r);
		lw_ipc_put_str(&b, path ? path : "");
	}
	return reply(&b);
}

static int box_fail(void)
{
	return 3;
}

static int box_crash(void)
{
	abort();
}

static const struct {
	const char *name;
	int (*run)(void);
} boxes[] = {
	{ "box-tell", box_tell },	{ "box-echo", box_echo }, { "box-deaf", box_deaf },
	{ "box-find", box_find },	{ "box-fail", box_fail }, { "box-crash", box_crash },
	{ "box-nursery", box_nursery },
};

static struct lw_jail_child spawn(const char *path, const char *name)
{
	struct lw_jail_child c = { 0 };
	struct lw_error e = { 0 };

	if (lw_jail_spawn(path, name, &c, &e) != 0)
		fail_msg("%s", e.text);
	return c;
}

static struct lw_ipc_frame hear(const struct lw_jail_child *c, struct lw_buf *b)
{
	struct lw_ipc_frame f = { 0 };
	struct lw_error e = { 0 };

	if (lw_ipc_receive_plain(c->socket, 65536, 20, b, &f, &e) != 0)
		fail_msg("%s", e.text);
	return f;
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1000; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void check_birth(void)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_jail_child c = spawn("/proc/self/exe", "box-tell");
	struct lw_ipc_frame f = hear(&c, &b);
	uint32_t v[5];
	bool clean = false;

	for (size_t i = 0; i < LW_COUNT_OF(v); i++)
		assert_int_equal(lw_ipc_take_u32(&f.body, &v[i], NULL), 0);
	lw_auto_free char *env = NULL;
	assert_int_equal(lw_ipc_take_str(&f.body, 100, &env, NULL), 0);
	assert_int_equal(v[0], 4);
#if !defined(LW_SANITIZED) && !defined(LW_COVERAGE)
	assert_int_equal(v[1], 3);
#endif
	assert_int_equal(v[2], 0);
	assert_int_equal(v[3], SIGKILL);
	assert_int_equal(v[4], 1);
	assert_string_equal(env, "LANG=C");
	lw_jail_reap(&c, &clean);
	assert_true(clean);
}

static void a_box_is_born_with_nothing(void **state)
{
	(void)state;
	int before = open_fds();

	check_birth();

	/* also from a parent that holds, ignores and blocks things */
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	sigset_t some, mask;
	int held[20];
	for (size_t i = 0; i < LW_COUNT_OF(held); i++)
		held[i] = dup(0); /* not close-on-exec */
	assert_int_equal(sigaction(SIGPIPE, &ignore, &old), 0);
	assert_int_equal(sigemptyset(&some), 0);
	assert_int_equal(sigaddset(&some, SIGTERM), 0);
	assert_int_equal(sigprocmask(SIG_BLOCK, &some, &mask), 0);
	check_birth();
	sigset_t now;
	assert_int_equal(sigprocmask(SIG_SETMASK, &mask, &now), 0);
	assert_true(sigismember(&now, SIGTERM) == 1 && sigismember(&now, SIGINT) == 0);
	assert_int_equal(sigaction(SIGPIPE, &old, NULL), 0);
	for (size_t i = 0; i < LW_COUNT_OF(held); i++)
		(void)close(held[i]);
	assert_int_equal(open_fds(), before);
}

static void spawn_with_nothing_open(struct answers *a)
{
	struct lw_jail_child c = { 0 };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_ipc_frame f;
	uint32_t count = 0;

	(void)close_range(0, UINT_MAX, 0);
	if (lw_jail_spawn("/proc/self/exe", "box-tell", &c, NULL) != 0)
		_exit(4);
	if (lw_ipc_receive(c.socket, 1000, 20, &b, &f, NULL) != 0)
		_exit(5);
	if (lw_ipc_take_u32(&f.body, &count, NULL) != 0)
		_exit(6);
	a->words[0] = (int)count;
	lw_jail_reap(&c, NULL);
}

/* 0, 1, 2 and 3 are then what socketpair, pipe and open return: none may be overwritten. */
static void a_parent_without_descriptors_has_boxes_too(void **state)
{
	(void)state;
	struct answers *a = new_answers();

	assert_int_equal(in_child(spawn_with_nothing_open, a), 0);
#if !defined(LW_SANITIZED) && !defined(LW_COVERAGE)
	assert_int_equal(a->words[0], 4);
#endif
	(void)munmap(a, sizeof(*a));
}

static void what_cannot_run_is_refused_at_once(void **state)
{
	(void)state;
	static const char *const paths[] = { "/nonexistent", "/", "/etc/passwd", "",
					     "/etc/passwd/x" };
	int before = open_fds();

	for (size_t i = 0; i < LW_COUNT_OF(paths); i++) {
		struct lw_jail_child c = { .pid = 77, .socket = 78 };
		struct lw_error e = { 0 };

		assert_int_equal(lw_jail_spawn(paths[i], "x", &c, &e), -LW_E_JAIL);
		assert_int_equal(e.code, LW_E_JAIL);
		assert_true(c.pid == 77 && c.socket == 78);
	}
	assert_int_equal(open_fds(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void a_box_answers(void **state)
{
	(void)state;
	LW_AUTO(buf) struct lw_buf big = { 0 };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(jail_child) struct lw_jail_child c = spawn("/proc/self/exe", "box-echo");
	lw_auto_fd int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct lw_ipc_frame f;
	bool clean = false;

	lw_buf_fill(&big, 'x', 65536);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(lw_ipc_send(c.socket, i, lw_buf_span(&big), -1, NULL), 0);
		f = hear(&c, &b);
		assert_int_equal(f.type, i);
		assert_true(lw_span_equal(f.body, lw_buf_span(&big)));
	}
	/* a file handed in is read inside: its first byte is added to the type */
	assert_int_equal(lw_ipc_send(c.socket, 1000, lw_span(NULL, 0), file, NULL), 0);
	f = hear(&c, &b);
	assert_int_equal(f.type, 1000 + 0x7f);
	lw_jail_reap(&c, &clean);
	assert_true(clean);
}

static void reap_tells_how_it_ended(void **state)
{
	(void)state;
	bool clean = true;
	int before = open_fds();

	struct lw_jail_child c = spawn("/proc/self/exe", "box-fail");
	lw_jail_reap(&c, &clean);
	assert_false(clean);

	c = spawn("/proc/self/exe", "box-crash");
	clean = true;
	lw_jail_reap(&c, &clean);
	assert_false(clean);

	c = spawn("/proc/self/exe", "box-echo");
	assert_int_equal(kill(c.pid, SIGKILL), 0);
	clean = true;
	lw_jail_reap(&c, &clean);
	assert_false(clean);
	assert_true(c.pid <= 0);

	/* again, and of nothing: descriptor 0 is not taken for a socket */
	clean = true;
	lw_jail_reap(&c, &clean);
	assert_false(clean);
	c = (struct lw_jail_child){ 0 };
	lw_jail_reap(&c, NULL);
	assert_int_equal(open_fds(), before);
}

static void a_deaf_box_is_killed(void **state)
{
	(void)state;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_jail_child c = spawn("/proc/self/exe", "box-deaf");
	pid_t pid = c.pid;
	bool clean = true;

	(void)hear(&c, &b);
	lw_jail_reap(&c, &clean);
	assert_false(clean);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void spawn_and_die(struct answers *a)
{
	struct lw_jail_child c = { 0 };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_ipc_frame f;

	if (lw_jail_spawn("/proc/self/exe", "box-deaf", &c, NULL) != 0 ||
	    lw_ipc_receive(c.socket, 100, 20, &b, &f, NULL) != 0)
		_exit(4);
	a->words[0] = c.pid;
}

/* Entering the box changes the user where it runs as root, and that makes the kernel forget
 * the parent-death signal: it must have been renewed. */
static void a_box_dies_with_its_parent(void **state)
{
	(void)state;
	struct answers *a = new_answers();
	int status = 0;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(in_child(spawn_and_die, a), 0);
	assert_true(a->words[0] > 0);
	assert_int_equal(waitpid(a->words[0], &status, 0), a->words[0]);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	(void)munmap(a, sizeof(*a));
}

/* What stands behind a name in /proc/PID/status or /proc/PID/limits. */
static void status_line(pid_t pid, const char *file, const char *name, char out[static 128])
{
	lw_auto_free char *path = lw_asprintf("/proc/%d/%s", (int)pid, file);
	lw_auto_file FILE *f = fopen(path, "re");
	char line[256];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		size_t n = strlen(name);

		if (strncmp(line, name, n) == 0 && strchr(": ", line[n])) {
			line[strcspn(line, "\n")] = '\0';
			n += strspn(line + n, ": \t");
			(void)snprintf(out, 128, "%.100s", line + n);
			return;
		}
	}
	fail_msg("no %s", name);
}

static void check_walls(pid_t pid)
{
	char line[128];

	static const char *const caps[] = { "CapInh", "CapPrm", "CapEff", "CapAmb" };
	for (size_t i = 0; i < LW_COUNT_OF(caps); i++) {
		status_line(pid, "status", caps[i], line);
		assert_string_equal(line, "0000000000000000");
	}
	status_line(pid, "status", "NoNewPrivs", line);
	assert_string_equal(line, "1");
	status_line(pid, "status", "Seccomp", line);
	assert_string_equal(line, "2");
	status_line(pid, "status", "Threads", line);
	assert_string_equal(line, "1");
#ifndef LW_COVERAGE
	if (getuid() == 0) {
		status_line(pid, "status", "Uid", line);
		assert_string_equal(line, "65534\t65534\t65534\t65534");
		status_line(pid, "status", "Gid", line);
		assert_string_equal(line, "65534\t65534\t65534\t65534");
		status_line(pid, "status", "Groups", line);
		assert_string_equal(line, "");
	}
#endif

	static const struct {
		const char *name;
		uint64_t value;
	} limits[] = {
		{ "Max cpu time", LW_BOX_CPU_SEC },
		{ "Max open files", LW_JAIL_DESCRIPTORS },
		{ "Max core file size", 0 },
		{ "Max processes", 0 },
		{ "Max locked memory", 0 },
		{ "Max msgqueue size", 0 },
#ifndef LW_SANITIZED
		{ "Max address space", LW_BOX_MEMORY_BYTES },
#endif
#ifndef LW_COVERAGE
		{ "Max file size", 0 },
#endif
	};
	for (size_t i = 0; i < LW_COUNT_OF(limits); i++) {
		unsigned long soft = 99, hard = 99;

		status_line(pid, "limits", limits[i].name, line);
		assert_int_equal(sscanf(line, "%lu %lu", &soft, &hard), 2);
		assert_int_equal(soft, limits[i].value);
		assert_int_equal(hard, limits[i].value);
	}
	/* Nothing of its memory is to be had, not even by another of the same user. */
	lw_auto_free char *mem = lw_asprintf("/proc/%d/mem", (int)pid);
	lw_auto_fd int fd = open(mem, O_RDONLY | O_CLOEXEC);
	assert_true(getuid() == 0 || fd < 0);
}

static void a_box_seen_from_outside(void **state)
{
	(void)state;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(jail_child) struct lw_jail_child c = spawn("/proc/self/exe", "box-deaf");

	(void)hear(&c, &b);
	check_walls(c.pid);
}

/* A copy from a nursery; returns its process, whose other end is in *ret. */
static pid_t copy_of(const struct lw_jail_child *nursery, int *ret)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	uint32_t pid = 0, open_now = 0;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(lw_ipc_send(nursery->socket, 1, lw_span(NULL, 0), pair[1], NULL), 0);
	(void)close(pair[1]);

	struct lw_jail_child copy = { .socket = pair[0] };
	struct lw_ipc_frame f = hear(&copy, &b);
	assert_int_equal(lw_ipc_take_u32(&f.body, &pid, NULL), 0);
	assert_int_equal(lw_ipc_take_u32(&f.body, &open_now, NULL), 0);
	assert_int_equal(open_now, 4);
	*ret = pair[0];
	return (pid_t)pid;
}

/* What comes from a nursery is as much a box as what was started as one; and nothing of the one
 * is in the other. */
static void copies_are_boxes_too(void **state)
{
	(void)state;
	LW_AUTO(jail_child)
	struct lw_jail_child nursery = spawn("/proc/self/exe", "box-nursery");
	lw_auto_fd int first = -1, second = -1;
	pid_t pids[2];
	int status = 0;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	pids[0] = copy_of(&nursery, &first);
	pids[1] = copy_of(&nursery, &second);
	assert_int_not_equal(pids[0], pids[1]);
	for (size_t i = 0; i < LW_COUNT_OF(pids); i++) {
		check_walls(pids[i]);
		assert_int_not_equal(pids[i], nursery.pid);
		assert_int_equal(getsid(pids[i]), pids[i]);
	}
	/* They die with it, as it does with us. */
	assert_int_equal(kill(nursery.pid, SIGKILL), 0);
	lw_jail_reap(&nursery, NULL);
	for (size_t i = 0; i < LW_COUNT_OF(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
	}
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

/* ---- lw_jail_program ---- */

static void put_file(const char *dir, const char *name, mode_t mode)
{
	lw_auto_free char *path = lw_asprintf("%s/%s", dir, name);
	lw_auto_fd int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void copy_self(const char *to)
{
	lw_auto_fd int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	lw_auto_fd int out = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0700);
	char block[8192];
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, block, sizeof(block))) > 0)
		assert_int_equal(write(out, block, (size_t)n), n);
	assert_int_equal(n, 0);
}

static void expect_found(struct lw_ipc_frame *f, uint32_t code, const char *top,
			 const char *rest)
{
	lw_auto_free char *want = lw_asprintf("%s%s", rest ? top : "", rest ? rest : "");
	lw_auto_free char *have = NULL;
	uint32_t c = 99;

	assert_int_equal(lw_ipc_take_u32(&f->body, &c, NULL), 0);
	assert_int_equal(c, code);
	assert_int_equal(lw_ipc_take_str(&f->body, 4096, &have, NULL), 0);
	assert_string_equal(have, want);
}

static void programs_are_found_beside_ours_only(void **state)
{
	(void)state;
	char top[] = "/tmp/lw-program-XXXXXX";
	LW_AUTO(buf) struct lw_buf b = { 0 };

	assert_non_null(mkdtemp(top));
	lw_auto_free char *bin = lw_asprintf("%s/bin", top);
	lw_auto_free char *lib = lw_asprintf("%s/libexec", top);
	lw_auto_free char *ours = lw_asprintf("%s/landwaiter", lib);
	lw_auto_free char *self = lw_asprintf("%s/self", bin);
	lw_auto_free char *folder = lw_asprintf("%s/folder", bin);
	const char *dirs[] = { bin, lib, ours, folder };
	for (size_t i = 0; i < LW_COUNT_OF(dirs); i++)
		assert_int_equal(mkdir(dirs[i], 0700), 0);
	copy_self(self);
	put_file(bin, "beside", 0700);
	put_file(ours, "in-libexec", 0700);
	put_file(bin, "both", 0700);
	put_file(ours, "both", 0700);
	put_file(bin, "plain", 0600);

	struct lw_jail_child c = spawn(self, "box-find");
	struct lw_ipc_frame f = hear(&c, &b);
	expect_found(&f, 0, top, "/bin/beside");
	expect_found(&f, 0, top, "/libexec/landwaiter/in-libexec");
	expect_found(&f, 0, top, "/bin/both");
	for (int i = 0; i < 3; i++) /* plain, folder, missing */
		expect_found(&f, LW_E_JAIL, top, NULL);
	for (int i = 0; i < 5; i++) /* not one component */
		expect_found(&f, LW_E_USAGE, top, NULL);
	assert_int_equal(lw_ipc_take_end(&f.body, NULL), 0);
	lw_jail_reap(&c, NULL);

	lw_auto_free char *rm = lw_asprintf("rm -r '%s'", top);
	assert_int_equal(system(rm), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_box_is_born_with_nothing),
		cmocka_unit_test(a_parent_without_descriptors_has_boxes_too),
		cmocka_unit_test(what_cannot_run_is_refused_at_once),
		cmocka_unit_test(a_box_answers),
		cmocka_unit_test(reap_tells_how_it_ended),
		cmocka_unit_test(a_deaf_box_is_killed),
		cmocka_unit_test(a_box_dies_with_its_parent),
		cmocka_unit_test(a_box_seen_from_outside),
		cmocka_unit_test(copies_are_boxes_too),
		cmocka_unit_test(programs_are_found_beside_ours_only),
	};

	for (size_t i = 0; argc == 1 && i < LW_COUNT_OF(boxes); i++)
		if (strcmp(argv[0], boxes[i].name) == 0)
			return boxes[i].run();
	return cmocka_run_group_tests_name("jail_child", tests, NULL, NULL);
}
