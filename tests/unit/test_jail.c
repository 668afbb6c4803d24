/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walls from inside and from outside. Every forbidden act is tried from inside three boxes:
 * the real one (a denied call says EPERM), one without Landlock and one with the Landlock of
 * Debian 12; in the last two the filter answers with MARK, a number no such call ever returns,
 * so that a refusal of the kernel's own cannot pass for the filter's.
 */
#include "base/buf.h"
#include "base/digest.h"
#include "base/jail_internal.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tests/lib/refuse_call.h"
#include "tests/unit/jail_acts.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#define MARK EXFULL

#ifdef LW_COVERAGE
#define BUILD_OPENS_FILES true
#else
#define BUILD_OPENS_FILES false
#endif

#define ACTS LW_COUNT_OF(acts)

/* What a box says through memory it shares with the test: the walls stay whole. */
struct answers {
	int entered; /* lw_jail_enter's result */
	enum lw_jail_level level;
	int act[ACTS]; /* errno, or -1: it was done */
	int words[16];
	char text[256];
};

static struct answers *new_answers(void)
{
	struct answers *a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(a != MAP_FAILED);
	return a;
}

static int landlock_abi(void)
{
	long abi =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

static enum lw_jail_level level_for(int abi)
{
	return abi > 0 && landlock_abi() > 0 ? LW_JAIL_LANDLOCK : LW_JAIL_SECCOMP;
}

/* Runs body(answers) in a child; returns its wait status. */
static int in_child(void (*body)(struct answers *), struct answers *a)
{
	static const int caught[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS };
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		/* cmocka's handlers would hide how the child ends */
		for (size_t i = 0; i < LW_COUNT_OF(caught); i++)
			(void)signal(caught[i], SIG_DFL);
		body(a);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void enter_or_exit(struct answers *a, int keep_fd)
{
	struct lw_error e = { 0 };

	a->entered = lw_jail_enter(keep_fd, &a->level, &e);
	if (a->entered != 0) {
		memcpy(a->text, e.text, sizeof(a->text) - 1);
		_exit(1);
	}
}

/* ---- the forbidden acts ---- */

static struct {
	struct lw_jail_plan plan;
	struct answers *answers;
	int status;
} lanes[] = {
	{ .plan = { INT_MAX, EPERM } },
	{ .plan = { 0, MARK } },
	{ .plan = { 2, MARK } },
	{ .plan = { INT_MAX, MARK, .server = true } },
	{ .plan = { INT_MAX, MARK, .patient = true } },
};

/* What the one that answers the network may, and a box may not. */
static bool is_server_call(long call)
{
	static const long calls[] = {
		SYS_accept4,  SYS_epoll_create1, SYS_epoll_ctl,	      SYS_epoll_wait,
		SYS_sendto,   SYS_epoll_pwait,	 SYS_recvfrom,	      SYS_sendfile,
		SYS_shutdown, SYS_setsockopt,	 SYS_getsockopt,      SYS_getsockname,
		SYS_fcntl,    SYS_getpeername,	 SYS_clock_nanosleep,
	};

	for (size_t i = 0; i < LW_COUNT_OF(calls); i++)
		if (call == calls[i])
			return true;
	return false;
}

/* Descriptor 0, which every box keeps, is a file opened for reading; 3 a connected socket. */
static long argument(long given)
{
	return given == PARENT	   ? (long)getppid()
	       : given == SELF	   ? (long)getpid()
	       : given == READONLY ? 0
	       : given == SOCKET   ? 3
				   : given;
}

static _Noreturn void try_everything(const struct lw_jail_plan *plan, struct answers *a)
{
	static long args[ACTS][6];
	int pair[2];

	(void)close(0);
	if (open("/etc/passwd", O_RDONLY) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		_exit(2);
	if (pair[0] != 3 && dup2(pair[0], 3) != 3)
		_exit(2);
	for (size_t i = 0; i < ACTS; i++)
		for (size_t j = 0; j < 6; j++)
			args[i][j] = argument(acts[i].args[j]);

	/* The real box goes in by the door that everyone takes. */
	a->entered = plan->denied_errno == EPERM ? lw_jail_enter(3, &a->level, NULL)
						 : lw_jail_enter_as(plan, 3, &a->level, NULL);
	if (a->entered != 0)
		_exit(1);
	for (size_t i = 0; i < ACTS; i++) {
		const long *x = args[i];

		if (plan->server && is_server_call(acts[i].call))
			continue;

		long r = syscall(acts[i].call, x[0], x[1], x[2], x[3], x[4], x[5]);

		a->act[i] = r == -1 ? errno : -1;
	}
	_exit(0);
}

static int run_lanes(void **state)
{
	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(lanes); i++) {
		lanes[i].answers = new_answers();
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			try_everything(&lanes[i].plan, lanes[i].answers);
		assert_int_equal(waitpid(pid, &lanes[i].status, 0), pid);
	}
	return 0;
}

static void act_is_denied(void **state)
{
	const struct act *act = *state;
	size_t i = (size_t)(act - acts);

	for (size_t l = 0; l < LW_COUNT_OF(lanes); l++) {
		assert_int_equal(lanes[l].answers->entered, 0);
		assert_int_equal(lanes[l].status, 0);
		if (BUILD_OPENS_FILES && (act->call == SYS_openat || act->call == SYS_fcntl))
			continue;
		if (lanes[l].plan.server && is_server_call(act->call))
			continue;
		assert_int_equal(lanes[l].answers->act[i], lanes[l].plan.denied_errno);
	}
}

static void lanes_reached_their_level(void **state)
{
	(void)state;
#ifndef LW_COVERAGE
	assert_int_equal(lanes[0].answers->level, level_for(INT_MAX));
#endif
	assert_int_equal(lanes[1].answers->level, LW_JAIL_SECCOMP);
	assert_int_equal(lanes[2].answers->level, level_for(2));
#ifndef LW_COVERAGE
	assert_int_equal(lanes[3].answers->level, level_for(INT_MAX));
	assert_int_equal(lanes[4].answers->level, level_for(INT_MAX));
#endif
}

static int entering_with_abi;

static void enter_with_abi(struct answers *a)
{
	const struct lw_jail_plan plan = { .landlock_abi = entering_with_abi,
					   .denied_errno = EPERM };

	a->entered = lw_jail_enter_as(&plan, -1, &a->level, NULL);
}

static void every_landlock_version_builds(void **state)
{
	(void)state;
	struct answers *a = new_answers();

	for (int abi = 0; abi <= 9; abi++) {
		*a = (struct answers){ .entered = 1 };
		entering_with_abi = abi;
		assert_int_equal(in_child(enter_with_abi, a), 0);
		assert_int_equal(a->entered, 0);
		assert_int_equal(a->level, level_for(abi));
	}
	(void)munmap(a, sizeof(*a));
}

/* ---- acts that are more than one denied call ---- */

static void write_to_readonly(struct answers *a)
{
	int fd = open("/etc/passwd", O_RDONLY);
	struct iovec io = { zeros, 1 };

	enter_or_exit(a, fd);
	a->words[0] = write(fd, zeros, 1) == -1 ? errno : -1;
	a->words[1] = writev(fd, &io, 1) == -1 ? errno : -1;
	a->words[2] = read(fd, zeros, 1) == 1;
}

static void a_readonly_descriptor_stays_so(void **state)
{
	(void)state;
	struct answers *a = new_answers();

	assert_int_equal(in_child(write_to_readonly, a), 0);
	assert_int_equal(a->words[0], EBADF);
	assert_int_equal(a->words[1], EBADF);
	assert_int_equal(a->words[2], 1);
	(void)munmap(a, sizeof(*a));
}

static void write_to_file(struct answers *a)
{
	int fd = open(a->text, O_RDWR);

	enter_or_exit(a, fd);
	a->words[0] = (int)write(fd, "x", 1);
}

/* Even a descriptor open for writing does not let a box fill the disk. */
static void files_cannot_grow(void **state)
{
	(void)state;
#ifdef LW_COVERAGE
	skip();
#endif
	struct answers *a = new_answers();
	char path[] = "/tmp/lw-jail-XXXXXX";
	lw_auto_fd int fd = mkstemp(path);
	struct stat st;

	assert_true(fd >= 0);
	memcpy(a->text, path, sizeof(path));
	int status = in_child(write_to_file, a);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGXFSZ);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(unlink(path), 0);
	(void)munmap(a, sizeof(*a));
}

static void take_memory(struct answers *a)
{
	enter_or_exit(a, -1);
	void *p = malloc((size_t)100 << 20);
	a->words[0] = p != NULL;
	a->words[1] = mmap(NULL, LW_BOX_MEMORY_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static void memory_is_limited(void **state)
{
	(void)state;
#ifdef LW_SANITIZED
	skip();
#endif
	struct answers *a = new_answers();

	assert_int_equal(in_child(take_memory, a), 0);
	assert_int_equal(a->words[0], 1);
	assert_int_equal(a->words[1], 1);
	(void)munmap(a, sizeof(*a));
}

#ifdef __x86_64__
static void call_as_x32(struct answers *a)
{
	enter_or_exit(a, -1);
	a->words[0] = 1;
	(void)syscall(0x40000000 | SYS_getpid);
	a->words[1] = 1;
}

static void call_as_i386(struct answers *a)
{
	long r;

	enter_or_exit(a, -1);
	a->words[0] = 1;
	/* 20: getpid by i386's numbers, writev by ours; both allowed, were it ours */
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	a->words[1] = 1;
}
#endif

static void other_architectures_are_killed(void **state)
{
	(void)state;
#ifdef __x86_64__
	static void (*const bodies[])(struct answers *) = { call_as_x32, call_as_i386 };

	for (size_t i = 0; i < LW_COUNT_OF(bodies); i++) {
		struct answers *a = new_answers();
		int status = in_child(bodies[i], a);

		assert_int_equal(a->words[0], 1);
		assert_int_equal(a->words[1], 0);
		assert_true(WIFSIGNALED(status));
		/* a kernel without 32-bit calls answers int 0x80 with SIGSEGV */
		assert_true(WTERMSIG(status) == SIGSYS ||
			    (i == 1 && WTERMSIG(status) == SIGSEGV));
		(void)munmap(a, sizeof(*a));
	}
#else
	skip();
#endif
}

/* ---- what a box must be able to do ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void honest_work(struct answers *a)
{
	static const size_t count = 100000;
	struct lw_error e;
	struct timespec t;

	/* the caller's part: the algorithm is fetched before the doors close */
	(void)lw_digest_of(lw_span_str(""));
	int file = open("/etc/passwd", O_RDONLY);
	enter_or_exit(a, file);

	uint64_t *numbers = lw_alloc_array(count, sizeof(*numbers));
	for (size_t i = 0; i < count; i++)
		numbers[i] = i * 0x9e3779b97f4a7c15;
	qsort(numbers, count, sizeof(*numbers), by_value);
	a->words[0] = numbers[0] == 0 && numbers[1] > 0;
	free(numbers);

	LW_AUTO(buf) struct lw_buf b = { 0 };
	for (int i = 0; i < 20; i++) /* grows by mremap */
		lw_buf_fill(&b, 'x', (size_t)1 << 20);
	struct lw_digest d = lw_digest_of(lw_buf_span(&b));
	a->words[1] = d.sha256[0] || d.sha256[1];

	off_t end = lseek(file, 0, SEEK_END);
	a->words[2] = end > 0 && pread(file, zeros, 1, end - 1) == 1;
	a->words[3] = clock_gettime(CLOCK_REALTIME, &t) == 0 && time(NULL) > 0;
	a->words[4] = getentropy(zeros, 16) == 0;
	struct pollfd p = { .fd = file, .events = POLLIN };
	a->words[5] = poll(&p, 1, 0) == 1;
	errno = EACCES;
	a->words[6] = lw_fail_errno(&e, "%s %d %.3f", "x", 1, 1.5) == -LW_E_IO;
	memset(zeros, 0, sizeof(zeros));
	exit(0);
}

static void honest_work_goes_on(void **state)
{
	(void)state;
	struct answers *a = new_answers();

	assert_int_equal(in_child(honest_work, a), 0);
	for (size_t i = 0; i <= 6; i++)
		if (a->words[i] != 1)
			fail_msg("step %zu", i);
	(void)munmap(a, sizeof(*a));
}

static void give_up(struct answers *a)
{
	enter_or_exit(a, -1);
	abort();
}

static void abort_is_seen_as_such(void **state)
{
	(void)state;
	struct answers *a = new_answers();
	int status = in_child(give_up, a);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	(void)munmap(a, sizeof(*a));
}

static void hold_many(struct answers *a)
{
	struct stat st;
	int open_now = 0;

	for (int fd = 3; fd < 200; fd++)
		(void)dup2(1, fd);
	enter_or_exit(a, a->words[0]);
	/* not fstat(3), which glibc may make of another call */
	for (int fd = 0; fd < 300; fd++)
		open_now += syscall(SYS_fstat, fd, &st) == 0;
	a->words[1] = open_now;
	a->words[2] = a->words[0] >= 0 && syscall(SYS_fstat, a->words[0], &st) == 0;
}

static void other_descriptors_are_closed(void **state)
{
	(void)state;
	static const int keep[] = { -1, 0, 2, 3, 4, 100, 199 };

	for (size_t i = 0; i < LW_COUNT_OF(keep); i++) {
		struct answers *a = new_answers();

		a->words[0] = keep[i];
		assert_int_equal(in_child(hold_many, a), 0);
		assert_int_equal(a->words[1], keep[i] > 2 ? 4 : 3);
		assert_int_equal(a->words[2], keep[i] >= 0);
		(void)munmap(a, sizeof(*a));
	}
}

/* ---- a wall that cannot be built ---- */

static struct {
	struct refuse_call calls[4];
	size_t count;
	int keep_fd;
} outer;

static void enter_refused(struct answers *a)
{
	if (refuse_calls(outer.calls, outer.count) != 0)
		_exit(2);
	a->level = (enum lw_jail_level)77;
	a->entered = lw_jail_enter(-1, &a->level, NULL);
}

static void refuse_walls(const char *name, const struct refuse_call *calls, size_t count,
			 int expected)
{
	struct answers *a = new_answers();

	memcpy(outer.calls, calls, count * sizeof(*calls));
	outer.count = count;
	a->entered = 1;
	int status = in_child(enter_refused, a);
	if (status != 0 || a->entered != expected)
		fail_msg("%s: status %d, result %d", name, status, a->entered);
	assert_int_equal(a->level, expected == 0 ? LW_JAIL_SECCOMP : 77);
	(void)munmap(a, sizeof(*a));
}

static void without_seccomp_there_is_no_box(void **state)
{
	(void)state;
	static const int answers[] = { EPERM, ENOSYS, EINVAL, EACCES, ENOMEM };

	for (size_t i = 0; i < LW_COUNT_OF(answers); i++) {
		const struct refuse_call calls[] = {
			{ SYS_seccomp, REFUSE_ANY, answers[i] },
			{ SYS_prctl, PR_SET_SECCOMP, answers[i] },
		};
		refuse_walls("seccomp", calls, 2, -LW_E_JAIL);
	}
}

/* From here on, loading a seccomp filter seems to succeed and does nothing. What libseccomp
 * asks first, with no filter, is answered truly. */
static void lie_about_filters(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_SET_MODE_FILTER, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { LW_COUNT_OF(code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(2);
}

static void enter_without_filter(struct answers *a)
{
	struct lw_error e = { 0 };

	lie_about_filters();
	a->level = (enum lw_jail_level)77;
	a->entered = lw_jail_enter(-1, &a->level, &e);
	/* It was not the loading that failed. */
	a->words[0] = strstr(e.text, "the filter lets") != NULL;
}

static void a_filter_that_does_not_hold_is_none(void **state)
{
	(void)state;
	struct answers *a = new_answers();

	assert_int_equal(in_child(enter_without_filter, a), 0);
	assert_int_equal(a->entered, -LW_E_JAIL);
	assert_int_equal(a->level, 77);
	assert_int_equal(a->words[0], 1);
	(void)munmap(a, sizeof(*a));
}

static void no_wall_may_be_missing(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct refuse_call call;
	} rows[] = {
		{ "close_range", { SYS_close_range, REFUSE_ANY, ENOSYS } },
		{ "chdir", { SYS_chdir, REFUSE_ANY, EACCES } },
		{ "setrlimit", { SYS_prlimit64, REFUSE_ANY, EPERM } },
		{ "capset", { SYS_capset, REFUSE_ANY, EPERM } },
		{ "ambient", { SYS_prctl, PR_CAP_AMBIENT, EINVAL } },
		{ "pdeathsig", { SYS_prctl, PR_GET_PDEATHSIG, EINVAL } },
		{ "dumpable", { SYS_prctl, PR_SET_DUMPABLE, EINVAL } },
		{ "no_new_privs", { SYS_prctl, PR_SET_NO_NEW_PRIVS, EINVAL } },
	};

	for (size_t i = 0; i < LW_COUNT_OF(rows); i++)
		refuse_walls(rows[i].name, &rows[i].call, 1, -LW_E_JAIL);
}

static void root_must_be_left(void **state)
{
	(void)state;
	static const struct refuse_call rows[] = {
		{ SYS_getresuid, REFUSE_ANY, EPERM },  { SYS_setgroups, REFUSE_ANY, EPERM },
		{ SYS_setresgid, REFUSE_ANY, EPERM },  { SYS_setresuid, REFUSE_ANY, EPERM },
		{ SYS_setresuid, REFUSE_ANY, EAGAIN }, { SYS_setresuid, REFUSE_ANY, 0 },
		{ SYS_setresgid, REFUSE_ANY, 0 },
	};

#ifdef LW_COVERAGE
	skip();
#endif
	if (getuid() != 0)
		skip();
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++)
		refuse_walls("root", &rows[i], 1, -LW_E_JAIL);
}

static void landlock_may_be_missing_but_not_broken(void **state)
{
	(void)state;
#ifdef LW_COVERAGE
	skip();
#endif
	static const int absent[] = { ENOSYS, EOPNOTSUPP, EPERM };
	static const int broken[] = { EPERM, E2BIG, EINVAL, 0 };

	for (size_t i = 0; i < LW_COUNT_OF(absent); i++) {
		const struct refuse_call call = { SYS_landlock_create_ruleset, REFUSE_ANY,
						  absent[i] };
		refuse_walls("no Landlock", &call, 1, 0);
	}
	if (landlock_abi() == 0)
		skip();
	for (size_t i = 0; i < LW_COUNT_OF(broken); i++) {
		const struct refuse_call call = { SYS_landlock_restrict_self, REFUSE_ANY,
						  broken[i] };
		refuse_walls("broken Landlock", &call, 1, -LW_E_JAIL);
	}
}

/* Who asks the network reads, and changes nothing: descriptor 0 is a file of ours. */
static void ask_the_network(struct answers *a)
{
	static const char path[] = "/etc/passwd", none[] = "/nonexistent/x";
	static const struct {
		long call, x[5];
	} calls[] = {
		{ SYS_execve, { P(path), 0, 0 } },
		{ SYS_openat, { AT_FDCWD, P(path), O_RDWR } },
		{ SYS_openat, { AT_FDCWD, P(none), O_RDONLY | O_CREAT, 0600 } },
		{ SYS_unlinkat, { AT_FDCWD, P(none), 0 } },
		{ SYS_pidfd_getfd, { 0, 0, 0 } },
		{ SYS_process_vm_readv, { 1, 0, 0, 0, 0 } },
		{ SYS_fchmod, { 0, 0600 } },
		{ 452 /* fchmodat2 */, { AT_FDCWD, P(none), 0600, 0 } },
		{ SYS_fchown, { 0, 0, 0 } },
		{ SYS_utimensat, { 0, 0, 0, 0 } },
		{ SYS_fsetxattr, { 0, P(none), P(none), 1, 0 } },
		{ SYS_fremovexattr, { 0, P(none) } },
	};

	(void)close(0);
	if (open(path, O_RDONLY) != 0)
		_exit(2);
	a->entered = lw_jail_enter_network(NULL);
	for (size_t i = 0; i < LW_COUNT_OF(calls); i++) {
		const long *x = calls[i].x;
		long r = syscall(calls[i].call, x[0], x[1], x[2], x[3], x[4]);

		a->words[i] = r == -1 && errno == EPERM ? 0 : (int)calls[i].call;
	}
	a->words[14] = open(path, O_RDONLY) < 0;
	a->words[15] = socket(AF_INET, SOCK_STREAM, 0) < 0;
	_exit(0);
}

static void who_asks_the_network_changes_nothing(void **state)
{
	struct answers *a = new_answers();

	(void)state;
#ifdef LW_COVERAGE
	skip();
#endif
	assert_int_equal(in_child(ask_the_network, a), 0);
	assert_int_equal(a->entered, 0);
	for (size_t i = 0; i < LW_COUNT_OF(a->words); i++)
		assert_int_equal(a->words[i], 0);
}

static const struct CMUnitTest other_tests[] = {
	cmocka_unit_test(lanes_reached_their_level),
	cmocka_unit_test(every_landlock_version_builds),
	cmocka_unit_test(a_readonly_descriptor_stays_so),
	cmocka_unit_test(files_cannot_grow),
	cmocka_unit_test(memory_is_limited),
	cmocka_unit_test(other_architectures_are_killed),
	cmocka_unit_test(honest_work_goes_on),
	cmocka_unit_test(abort_is_seen_as_such),
	cmocka_unit_test(other_descriptors_are_closed),
	cmocka_unit_test(without_seccomp_there_is_no_box),
	cmocka_unit_test(a_filter_that_does_not_hold_is_none),
	cmocka_unit_test(no_wall_may_be_missing),
	cmocka_unit_test(root_must_be_left),
	cmocka_unit_test(landlock_may_be_missing_but_not_broken),
	cmocka_unit_test(who_asks_the_network_changes_nothing),
};

int main(void)
{
	struct CMUnitTest tests[ACTS + LW_COUNT_OF(other_tests)];

	for (size_t i = 0; i < ACTS; i++)
		tests[i] = (struct CMUnitTest){
			.name = acts[i].name,
			.test_func = act_is_denied,
			.initial_state = (void *)(uintptr_t)&acts[i],
		};
	memcpy(tests + ACTS, other_tests, sizeof(other_tests));
	return cmocka_run_group_tests_name("jail", tests, run_lanes, NULL);
}
