/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Runs a program and strikes at one of its system calls:
 *
 *	faultat [OPTION...] COMMAND [ARGUMENT...]
 *
 *	--count        only counts, and prints how many there were; what COMMAND prints is
 *dropped
 *	--at N         at the Nth call (from 1) ...
 *	--kill         ... SIGKILL the whole tree as it begins (where nothing else is said)
 *	--errno NAME   ... let it fail with EIO, EINTR, ENOSPC or EDQUOT, unmade
 *	--short        ... let it move only half of its bytes
 *	--end          ... let it return 0: to a reader, the end of the file
 *	--sticky       and so at all later ones
 *	--reads FILE   the calls that read FILE; otherwise all that change something on a disk
 *	--all          of the whole tree; otherwise those of COMMAND's threads only
 *	--report FILE  writes "calls=N fired=N call=NAME" there
 *
 * ENOSPC and EDQUOT strike only where a full disk could: that call is then counted, and made.
 * The status is COMMAND's, 128 + N where signal N ended it, 125 where faultat itself failed.
 *The threads of COMMAND run freely: the Nth call is the Nth that began.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define TROUBLE	 125
#define MAX_TIDS 256

#if defined(__x86_64__)

#include <sys/user.h>

#define NO_CALL (-1ULL)

/* The call that is about to begin is not made, or with another third argument. */
static void alter_call(pid_t tid, bool unmade, unsigned long long third)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) < 0)
		return; /* killed by somebody else meanwhile */
	if (unmade)
		regs.orig_rax = NO_CALL;
	else
		regs.rdx = third;
	(void)ptrace(PTRACE_SETREGS, tid, NULL, &regs);
}

/* The call that ended: what it returned, or the argument it was made with. */
static void alter_result(pid_t tid, bool unmade, long long value)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) < 0)
		return;
	if (unmade)
		regs.rax = (unsigned long long)value;
	else
		regs.rdx = (unsigned long long)value;
	(void)ptrace(PTRACE_SETREGS, tid, NULL, &regs);
}

#else

static void alter_call(pid_t tid, bool unmade, unsigned long long third)
{
	(void)tid, (void)unmade, (void)third;
	errx(TROUBLE, "only kills on this architecture");
}

static void alter_result(pid_t tid, bool unmade, long long value)
{
	(void)tid, (void)unmade, (void)value;
}

#endif

/* What may be struck. */
enum kind {
	ALWAYS,	   /* changes something */
	SPACE,	   /* changes something, and may want room for it */
	MOVES,	   /* the same, and writes bytes: the third argument says how many */
	OPENS,	   /* SPACE where the flags say so: the third argument */
	OPENS_HOW, /* the same, the flags behind the third argument */
	READS,
};

static const struct {
	const char *name;
	unsigned long long nr;
	enum kind kind;
} calls[] = {
#define CALL(name, kind)                                                                       \
	{                                                                                      \
#name, SYS_##name, kind                                                        \
	}
	CALL(openat, OPENS),	CALL(openat2, OPENS_HOW),     CALL(write, MOVES),
	CALL(pwrite64, MOVES),	CALL(writev, SPACE),	      CALL(pwritev, SPACE),
	CALL(pwritev2, SPACE),	CALL(copy_file_range, SPACE), CALL(sendfile, SPACE),
	CALL(fallocate, SPACE), CALL(ftruncate, SPACE),	      CALL(truncate, SPACE),
	CALL(fsync, SPACE),	CALL(fdatasync, SPACE),	      CALL(syncfs, SPACE),
	CALL(sync, ALWAYS),	CALL(sync_file_range, SPACE), CALL(msync, SPACE),
	CALL(renameat, SPACE),	CALL(renameat2, SPACE),	      CALL(linkat, SPACE),
	CALL(symlinkat, SPACE), CALL(unlinkat, ALWAYS),	      CALL(mkdirat, SPACE),
	CALL(mknodat, SPACE),	CALL(fchmod, ALWAYS),	      CALL(fchmodat, ALWAYS),
	CALL(fchown, ALWAYS),	CALL(fchownat, ALWAYS),	      CALL(utimensat, ALWAYS),
	CALL(setxattr, SPACE),	CALL(fsetxattr, SPACE),
#ifdef SYS_open /* the old ones, which newer architectures lack */
	CALL(creat, SPACE),	CALL(rename, SPACE),	      CALL(link, SPACE),
	CALL(symlink, SPACE),	CALL(unlink, ALWAYS),	      CALL(mkdir, SPACE),
	CALL(rmdir, ALWAYS),	CALL(mknod, SPACE),	      CALL(chmod, ALWAYS),
	CALL(chown, ALWAYS),	CALL(lchown, ALWAYS),
#endif
	CALL(read, READS),	CALL(pread64, READS),	      CALL(readv, READS),
	CALL(preadv, READS),	CALL(preadv2, READS),
};

enum action { KILL, FAIL, SHORT, COUNT };

static struct {
	unsigned long long at;
	enum action action;
	int result; /* FAIL: what is returned, an errno negated */
	bool sticky, all, reads;
	struct stat file; /* reads: of which */
	const char *report;
} want = { .action = COUNT };

static struct {
	pid_t main;
	unsigned long long calls, fired;
	const char *name; /* of the call struck first */
	int status;	  /* of the main program, as from waitpid */
	bool ended;
} run;

/* A thread of the tree. */
struct tracee {
	pid_t tid;
	bool counts;
	enum { NOTHING, UNMADE, SHORTENED } altered;
	unsigned long long third; /* SHORTENED: as it was */
};

static struct tracee tracees[MAX_TIDS];
static size_t n_tracees;

static struct tracee *find(pid_t tid)
{
	for (size_t i = 0; i < n_tracees; i++)
		if (tracees[i].tid == tid)
			return &tracees[i];
	return NULL;
}

static struct tracee *add(pid_t tid)
{
	char path[64];

	if (n_tracees == MAX_TIDS)
		errx(TROUBLE, "more than %d threads", MAX_TIDS);
	(void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld", (long)run.main, (long)tid);
	tracees[n_tracees] = (struct tracee){
		.tid = tid,
		.counts = want.all || tid == run.main || access(path, F_OK) == 0,
	};
	return &tracees[n_tracees++];
}

static void forget(pid_t tid)
{
	struct tracee *t = find(tid);

	if (t)
		*t = tracees[--n_tracees];
}

static void kill_all(void)
{
	(void)kill(run.main, SIGKILL);
	for (size_t i = 0; i < n_tracees; i++)
		(void)kill(tracees[i].tid, SIGKILL);
}

static bool opens_for_writing(unsigned long long flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
}

static bool is_the_file(pid_t tid, unsigned long long fd)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)tid, (int)fd);
	return stat(path, &st) == 0 && st.st_dev == want.file.st_dev &&
	       st.st_ino == want.file.st_ino;
}

/* The row of a call that counts; NULL for all others. */
static const char *counted(pid_t tid, const struct __ptrace_syscall_info *info,
			   enum kind *ret_kind)
{
	const unsigned long long *args = (const unsigned long long *)info->entry.args;
	size_t i = 0;

	while (i < sizeof(calls) / sizeof(*calls) && calls[i].nr != info->entry.nr)
		i++;
#ifdef SYS_open
	if (info->entry.nr == SYS_open && !want.reads && opens_for_writing(args[1])) {
		*ret_kind = SPACE;
		return "open";
	}
#endif
	if (i == sizeof(calls) / sizeof(*calls) || (calls[i].kind == READS) != want.reads)
		return NULL;
	*ret_kind = calls[i].kind;
	if (want.reads)
		return is_the_file(tid, args[0]) ? calls[i].name : NULL;
	if (calls[i].kind == OPENS && !opens_for_writing(args[2]))
		return NULL;
	if (calls[i].kind == OPENS_HOW) {
		errno = 0;
		long flags = ptrace(PTRACE_PEEKDATA, tid, (void *)args[2], NULL);

		if (errno || !opens_for_writing((unsigned long long)flags))
			return NULL;
	}
	return calls[i].name;
}

/* Strikes at a call that begins. Returns whether it did. */
static bool strike(struct tracee *t, const struct __ptrace_syscall_info *info, enum kind kind)
{
	unsigned long long third = info->entry.args[2];

	switch (want.action) {
	case KILL:
		kill_all();
		return true;
	case FAIL:
		if (kind == ALWAYS && (want.result == -ENOSPC || want.result == -EDQUOT))
			return false;
		t->altered = UNMADE;
		alter_call(t->tid, true, 0);
		return true;
	case SHORT:
		if ((kind != MOVES && kind != READS) || third < 2)
			return false;
		t->altered = SHORTENED;
		t->third = third;
		alter_call(t->tid, false, third / 2);
		return true;
	case COUNT:
	default:
		return false;
	}
}

static void call_begins(struct tracee *t, const struct __ptrace_syscall_info *info)
{
	enum kind kind = ALWAYS;
	const char *name = counted(t->tid, info, &kind);

	if (!name)
		return;
	run.calls++;
	if (run.calls != want.at && !(want.sticky && want.at && run.calls > want.at))
		return;
	if (strike(t, info, kind)) {
		run.fired++;
		if (!run.name)
			run.name = name;
	}
}

static void call_stop(struct tracee *t)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		call_begins(t, &info);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && t->altered != NOTHING) {
		bool unmade = t->altered == UNMADE;

		alter_result(t->tid, unmade, unmade ? want.result : (long long)t->third);
		t->altered = NOTHING;
	}
}

/* One report of waitpid. */
static void report(pid_t tid, int status)
{
	struct tracee *t = find(tid);
	int signo = 0;

	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		forget(tid);
		if (tid == run.main) {
			run.status = status;
			run.ended = true;
			kill_all(); /* whoever it left behind */
		}
		return;
	}
	if (!t) {
		t = add(tid); /* its first stop is our doing: no signal to pass on */
	} else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		call_stop(t);
	} else if (status >> 16 == 0) {
		signo = WSTOPSIG(status);
	}
	(void)ptrace(t->counts ? PTRACE_SYSCALL : PTRACE_CONT, tid, NULL, (long)signo);
}

static void start(char **argv)
{
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
	int status;

	run.main = fork();
	if (run.main < 0)
		err(TROUBLE, "fork");
	if (run.main == 0) {
		int null = want.action == COUNT ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;

		if (null >= 0)
			(void)dup2(null, STDOUT_FILENO);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			err(TROUBLE, "ptrace");
		(void)raise(SIGSTOP);
		(void)execvp(argv[0], argv);
		err(TROUBLE, "%s", argv[0]);
	}
	if (waitpid(run.main, &status, 0) != run.main || !WIFSTOPPED(status))
		errx(TROUBLE, "cannot trace");
	if (ptrace(PTRACE_SETOPTIONS, run.main, NULL, options) < 0)
		err(TROUBLE, "ptrace");
	(void)add(run.main);
	if (ptrace(PTRACE_SYSCALL, run.main, NULL, NULL) < 0)
		err(TROUBLE, "ptrace");
}

static int errno_named(const char *name)
{
	static const struct {
		const char *name;
		int value;
	} known[] = {
		{ "EIO", EIO }, { "EINTR", EINTR }, { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT }
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].value;
	errx(TROUBLE, "no such error here: %s", name);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", 0, NULL, 'c' },  { "at", 1, NULL, 'n' },    { "kill", 0, NULL, 'k' },
		{ "errno", 1, NULL, 'e' },  { "short", 0, NULL, 's' }, { "end", 0, NULL, 'z' },
		{ "sticky", 0, NULL, 'S' }, { "reads", 1, NULL, 'r' }, { "all", 0, NULL, 'a' },
		{ "report", 1, NULL, 'o' }, { NULL, 0, NULL, 0 },
	};
	enum action action = KILL;
	bool count = false;

	for (int c; (c = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
		if (c == 'c') {
			count = true;
		} else if (c == 'n') {
			want.at = strtoull(optarg, NULL, 10);
		} else if (c == 'k') {
			action = KILL;
		} else if (c == 'e' || c == 'z') {
			action = FAIL;
			want.result = c == 'e' ? -errno_named(optarg) : 0;
		} else if (c == 's') {
			action = SHORT;
		} else if (c == 'S') {
			want.sticky = true;
		} else if (c == 'a') {
			want.all = true;
		} else if (c == 'o') {
			want.report = optarg;
		} else if (c == 'r') {
			want.reads = true;
			if (stat(optarg, &want.file) < 0)
				err(TROUBLE, "%s", optarg);
		} else {
			exit(TROUBLE);
		}
	}
	if (count == (want.at > 0) || optind == argc)
		errx(TROUBLE, "want --count or --at N, and a command");
	want.action = count ? COUNT : action;
}

static void tell(void)
{
	FILE *f;

	if (want.action == COUNT)
		(void)printf("%llu\n", run.calls);
	if (!want.report)
		return;
	f = fopen(want.report, "we");
	if (!f ||
	    fprintf(f, "calls=%llu fired=%llu call=%s\n", run.calls, run.fired,
		    run.name ? run.name : "none") < 0 ||
	    fclose(f) != 0)
		err(TROUBLE, "%s", want.report);
}

int main(int argc, char **argv)
{
	int status;
	pid_t tid;

	parse(argc, argv);
	start(argv + optind);
	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)
		if (tid > 0)
			report(tid, status);
	if (!run.ended)
		errx(TROUBLE, "lost the program");
	tell();
	return WIFSIGNALED(run.status) ? 128 + WTERMSIG(run.status) : WEXITSTATUS(run.status);
}
