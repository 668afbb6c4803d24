/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jail.h"

#include "base/jail_internal.h"
#include "base/limits.h"
#include "base/mem.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* "nobody": on every system, owner of nothing, and needs no lookup in a user database. */
#define BOX_ID 65534

static int fail_wall(struct lw_error *e, const char *wall)
{
	return lw_fail(e, LW_E_JAIL, "jail: %s: %s", wall, strerror(errno));
}

static int shut_descriptors(const struct lw_jail_plan *plan, int keep_fd, struct lw_error *e)
{
	unsigned keep = keep_fd > 2 ? (unsigned)keep_fd : 2;

	if (!plan->server && keep > 3 && close_range(3, keep - 1, 0) != 0)
		return fail_wall(e, "close_range");
	if (close_range(keep + 1, UINT_MAX, 0) != 0)
		return fail_wall(e, "close_range");
	return 0;
}

static int limit_resources(const struct lw_jail_plan *plan, struct lw_error *e)
{
	const bool server = plan->server, patient = server || plan->patient;
	const struct {
		__rlimit_resource_t what;
		rlim_t value;
		const char *name;
	} limits[] = {
#ifndef LW_SANITIZED
		{ RLIMIT_AS, LW_BOX_MEMORY_BYTES, "RLIMIT_AS" },
#endif
#ifndef LW_COVERAGE
		{ RLIMIT_FSIZE, 0, "RLIMIT_FSIZE" },
#endif
		{ RLIMIT_CPU, patient ? RLIM_INFINITY : LW_BOX_CPU_SEC, "RLIMIT_CPU" },
		{ RLIMIT_NOFILE, server ? LW_JAIL_CONNECTIONS : LW_JAIL_DESCRIPTORS,
		  "RLIMIT_NOFILE" },
		{ RLIMIT_CORE, 0, "RLIMIT_CORE" },
		{ RLIMIT_NPROC, 0, "RLIMIT_NPROC" },
		{ RLIMIT_MEMLOCK, 0, "RLIMIT_MEMLOCK" },
		{ RLIMIT_MSGQUEUE, 0, "RLIMIT_MSGQUEUE" },
	};

	for (size_t i = 0; i < LW_COUNT_OF(limits); i++) {
		struct rlimit r;

		/* A lower ceiling set by the one who started us stays. */
		if (getrlimit(limits[i].what, &r) != 0)
			return fail_wall(e, limits[i].name);
		if (r.rlim_max > limits[i].value)
			r.rlim_max = limits[i].value;
		r.rlim_cur = r.rlim_max;
		if (setrlimit(limits[i].what, &r) != 0)
			return fail_wall(e, limits[i].name);
	}
	return 0;
}

static int drop_root(struct lw_error *e)
{
#ifndef LW_COVERAGE
	uid_t u[3];
	gid_t g[3];

	if (getresuid(&u[0], &u[1], &u[2]) != 0)
		return fail_wall(e, "getresuid");
	if (u[0] != 0 && u[1] != 0 && u[2] != 0)
		return 0;
	if (setgroups(0, NULL) != 0)
		return fail_wall(e, "setgroups");
	if (setresgid(BOX_ID, BOX_ID, BOX_ID) != 0)
		return fail_wall(e, "setresgid");
	if (setresuid(BOX_ID, BOX_ID, BOX_ID) != 0)
		return fail_wall(e, "setresuid");

	/* Said is not done. */
	if (getresuid(&u[0], &u[1], &u[2]) != 0 || getresgid(&g[0], &g[1], &g[2]) != 0)
		return fail_wall(e, "getresuid");
	for (size_t i = 0; i < 3; i++)
		if (u[i] != BOX_ID || g[i] != BOX_ID)
			return lw_fail(e, LW_E_JAIL, "jail: still another user");
	if (getgroups(0, NULL) != 0)
		return lw_fail(e, LW_E_JAIL, "jail: still in other groups");
#else
	(void)e;
#endif
	return 0;
}

static int drop_capabilities(struct lw_error *e)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return fail_wall(e, "ambient capabilities");
	if (syscall(SYS_capset, &header, none) != 0)
		return fail_wall(e, "capabilities");
	return 0;
}

/* Who we are. Changing it makes the kernel forget that we are to die with our parent. */
static int drop_identity(struct lw_error *e)
{
	int signal = 0;
	pid_t parent = getppid();

	if (prctl(PR_GET_PDEATHSIG, &signal) != 0)
		return fail_wall(e, "PR_GET_PDEATHSIG");

	int r = drop_root(e);
	if (r == 0)
		r = drop_capabilities(e);
	if (r < 0)
		return r;

	if (signal != 0) {
		if (prctl(PR_SET_PDEATHSIG, signal) != 0)
			return fail_wall(e, "PR_SET_PDEATHSIG");
		if (getppid() != parent)
			return lw_fail(e, LW_E_JAIL, "jail: the parent has died");
	}
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return fail_wall(e, "PR_SET_DUMPABLE");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail_wall(e, "PR_SET_NO_NEW_PRIVS");
	return 0;
}

/* struct landlock_ruleset_attr as it grew; older headers know only its beginning. */
struct ruleset {
	uint64_t files;
	uint64_t net;	/* ABI 4 */
	uint64_t scope; /* ABI 6 */
};

/* Every right the ABI knows, to be denied everywhere. */
static size_t fill_ruleset(int abi, struct ruleset *r)
{
	unsigned rights = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;

	*r = (struct ruleset){
		.files = (UINT64_C(1) << rights) - 1,
		.net = abi >= 4 ? 3 : 0,   /* bind and connect, TCP */
		.scope = abi >= 6 ? 3 : 0, /* abstract sockets, signals */
	};
	return abi >= 6 ? sizeof(*r) : offsetof(struct ruleset, net) + (abi >= 4 ? 8 : 0);
}

/* The second belt. *ret_level is set where it holds. */
static int restrict_files(const struct lw_jail_plan *plan, enum lw_jail_level *ret_level,
			  struct lw_error *e)
{
	long abi =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi > plan->landlock_abi)
		abi = plan->landlock_abi;
	if (abi < 1)
		return 0;

	struct ruleset rules;
	size_t size = fill_ruleset((int)abi, &rules);
	lw_auto_fd int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return fail_wall(e, "landlock_create_ruleset");
	if (syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		return fail_wall(e, "landlock_restrict_self");

	lw_auto_fd int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0 || errno != EACCES)
		return lw_fail(e, LW_E_JAIL, "jail: Landlock does not hold");
	*ret_level = LW_JAIL_LANDLOCK;
	return 0;
}

/* Allowed whatever the arguments. A descriptor is only as good as what was handed in; close
 * takes, lseek and fstat tell, nothing here makes a new one but a message from the parent. */
static const int allowed_calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(readv),
	SCMP_SYS(writev),
	SCMP_SYS(pread64),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(lseek),
	SCMP_SYS(fstat),
	SCMP_SYS(close),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
#ifdef LW_SANITIZED
	SCMP_SYS(sigaltstack), /* asked where the stack is, before a call that never returns */
#endif
#ifdef LW_COVERAGE
	SCMP_SYS(openat),
	SCMP_SYS(fcntl),
#endif
};

/* Allowed besides to who answers the network. */
static const int server_calls[] = {
	SCMP_SYS(accept4),     SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),  SCMP_SYS(epoll_pwait),	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),      SCMP_SYS(sendfile),	SCMP_SYS(shutdown),
	SCMP_SYS(setsockopt),  SCMP_SYS(getsockopt),	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername), SCMP_SYS(fcntl),		SCMP_SYS(clock_nanosleep),
};

/* Allowed with these arguments. */
struct narrow_call {
	int call;
	unsigned count;
	struct scmp_arg_cmp args[2];
};

static int allow_narrow(scmp_filter_ctx filter)
{
	const uint64_t futex_op =
		UINT32_MAX & ~(uint64_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	const struct narrow_call calls[] = {
		/* memory from the kernel, not from a file, and never executable */
		{ SCMP_SYS(mmap),
		  2,
		  { SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
		    SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS) } },
		/* locks; not the operations that move waiters between them */
		{ SCMP_SYS(futex), 1, { SCMP_A1(SCMP_CMP_MASKED_EQ, futex_op, FUTEX_WAIT) } },
		{ SCMP_SYS(futex), 1, { SCMP_A1(SCMP_CMP_MASKED_EQ, futex_op, FUTEX_WAKE) } },
		{ SCMP_SYS(futex),
		  1,
		  { SCMP_A1(SCMP_CMP_MASKED_EQ, futex_op, FUTEX_WAIT_BITSET) } },
		/* abort() */
		{ SCMP_SYS(tgkill),
		  2,
		  { SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid(), 0),
		    SCMP_A2(SCMP_CMP_EQ, SIGABRT, 0) } },
	};

	for (size_t i = 0; i < LW_COUNT_OF(calls); i++) {
		int r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls[i].call,
					       calls[i].count, calls[i].args);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_filter(const struct lw_jail_plan *plan, scmp_filter_ctx filter)
{
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 1);
	if (r == 0) /* for a thread that should not be there */
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	for (size_t i = 0; r == 0 && i < LW_COUNT_OF(allowed_calls); i++)
		r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0, NULL);
	for (size_t i = 0; r == 0 && plan->server && i < LW_COUNT_OF(server_calls); i++)
		r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, server_calls[i], 0, NULL);
	return r == 0 ? allow_narrow(filter) : r;
}

LW_DEFINE_AUTO(filter, scmp_filter_ctx, seccomp_release);

static int load_filter(const struct lw_jail_plan *plan, struct lw_error *e)
{
	LW_AUTO(filter)
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO((uint32_t)plan->denied_errno));
	if (!filter)
		return lw_fail(e, LW_E_JAIL, "jail: no seccomp filter");

	int r = fill_filter(plan, filter);
	if (r == 0)
		r = seccomp_load(filter);
	if (r < 0)
		return lw_fail(e, LW_E_JAIL, "jail: seccomp: %s", strerror(-r));
	return 0;
}

/* A filter that was loaded and does not hold is no filter. */
static int prove_filter(const struct lw_jail_plan *plan, struct lw_error *e)
{
	long r;

#ifndef LW_COVERAGE
	r = syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_CLOEXEC);
	if (r != -1 || errno != plan->denied_errno)
		return lw_fail(e, LW_E_JAIL, "jail: the filter lets files be opened");
#endif
	r = syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (r != -1 || errno != plan->denied_errno)
		return lw_fail(e, LW_E_JAIL, "jail: the filter lets sockets be made");

	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED || errno != plan->denied_errno)
		return lw_fail(e, LW_E_JAIL, "jail: the filter lets memory be executable");
	return 0;
}

#ifdef LW_SANITIZED
/* The leak checker looks from a new process, which there cannot be in the box. */
static int jailed;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return jailed;
}
#endif

int lw_jail_enter_as(const struct lw_jail_plan *plan, int keep_fd,
		     enum lw_jail_level *ret_level, struct lw_error *e)
{
	enum lw_jail_level level = LW_JAIL_SECCOMP;

	int r = shut_descriptors(plan, keep_fd, e);
	/* Holds no medium busy, and is no way out where Landlock is missing. */
	if (r == 0 && chdir("/") != 0)
		r = fail_wall(e, "chdir");
	if (r == 0)
		r = limit_resources(plan, e);
	if (r == 0)
		r = drop_identity(e);
	if (r == 0)
		r = restrict_files(plan, &level, e);
	if (r == 0)
		r = load_filter(plan, e);
	if (r == 0)
		r = prove_filter(plan, e);
	if (r < 0)
		return r;
#ifdef LW_SANITIZED
	jailed = 1;
#endif
	*ret_level = level;
	return 0;
}

#ifdef LW_COVERAGE
#define LANDLOCK_ABI 0
#else
#define LANDLOCK_ABI INT_MAX
#endif

int lw_jail_enter(int keep_fd, enum lw_jail_level *ret_level, struct lw_error *e)
{
	static const struct lw_jail_plan plan = { .landlock_abi = LANDLOCK_ABI,
						  .denied_errno = EPERM };

	return lw_jail_enter_as(&plan, keep_fd, ret_level, e);
}

int lw_jail_enter_patient(int keep_fd, enum lw_jail_level *ret_level, struct lw_error *e)
{
	static const struct lw_jail_plan plan = { .landlock_abi = LANDLOCK_ABI,
						  .denied_errno = EPERM,
						  .patient = true };

	return lw_jail_enter_as(&plan, keep_fd, ret_level, e);
}

int lw_jail_enter_server(enum lw_jail_level *ret_level, struct lw_error *e)
{
	static const struct lw_jail_plan plan = { .landlock_abi = LANDLOCK_ABI,
						  .denied_errno = EPERM,
						  .server = true };

	return lw_jail_enter_as(&plan, 4, ret_level, e);
}
