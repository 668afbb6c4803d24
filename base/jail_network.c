/* SPDX-License-Identifier: Apache-2.0 */
/* What is left to a process that speaks to the network. */
#include "base/jail.h"

#include "base/mem.h"

#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define SYS_FCHMODAT2                                                                          \
	452 /* on every architecture; Debian 12's libseccomp has no name for it                \
	     */

/* It starts nothing, looks into no other process, and changes no file. */
static const int denied_calls[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
#ifndef LW_SANITIZED /* the leak checker looks at its own threads */
	SCMP_SYS(ptrace),
#endif
	SCMP_SYS(pidfd_getfd), /* another's descriptor may be one to write to */
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(openat2), /* its flags are out of a filter's sight */
	SCMP_SYS(creat),
	SCMP_SYS(truncate),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(link),
	SCMP_SYS(linkat),
	SCMP_SYS(symlink),
	SCMP_SYS(symlinkat),
	SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat),
	SCMP_SYS(rmdir),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	SCMP_SYS(chmod),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),
	SYS_FCHMODAT2,
	SCMP_SYS(chown),
	SCMP_SYS(lchown),
	SCMP_SYS(fchown),
	SCMP_SYS(fchownat),
	SCMP_SYS(utime),
	SCMP_SYS(utimes),
	SCMP_SYS(futimesat),
	SCMP_SYS(utimensat),
	SCMP_SYS(setxattr),
	SCMP_SYS(lsetxattr),
	SCMP_SYS(fsetxattr),
	SCMP_SYS(removexattr),
	SCMP_SYS(lremovexattr),
	SCMP_SYS(fremovexattr),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(bpf),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(keyctl),
	SCMP_SYS(userfaultfd),
};

LW_DEFINE_AUTO(filter, scmp_filter_ctx, seccomp_release);

/* Files are opened to be read, or not at all. */
static int deny_writing(scmp_filter_ctx filter)
{
	static const uint64_t flags[] = { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC };
	int r = 0;

	for (size_t i = 0; i < LW_COUNT_OF(flags) && r == 0; i++) {
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(openat), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
		if (r == 0)
			r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(open), 1,
					     SCMP_A1(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
	}
	return r;
}

static int load_filter(struct lw_error *e)
{
	LW_AUTO(filter) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r = filter ? seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
					  SCMP_ACT_KILL_PROCESS)
		       : -ENOMEM;

	for (size_t i = 0; i < LW_COUNT_OF(denied_calls) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), denied_calls[i], 0);
	if (r == 0)
		r = deny_writing(filter);
	if (r == 0)
		r = seccomp_load(filter);
	if (r < 0)
		return lw_fail(e, LW_E_JAIL, "seccomp: %s", strerror(-r));
	return 0;
}

/* A filter that was loaded and does not hold is no filter. */
static int prove_filter(struct lw_error *e)
{
	char *const none[] = { NULL };

	if (syscall(SYS_execve, "/", none, none) != -1 || errno != EPERM ||
	    syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC) != -1 ||
	    errno != EPERM)
		return lw_fail(e, LW_E_JAIL, "the filter does not hold");
	return 0;
}

int lw_jail_enter_network(struct lw_error *e)
{
	const struct rlimit none = { 0, 0 };
	int r = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
		return lw_fail_errno(e, "the network's jail");
#ifndef LW_COVERAGE
	if (setrlimit(RLIMIT_FSIZE, &none) != 0)
		return lw_fail_errno(e, "the network's jail");
	r = load_filter(e);
	if (r == 0)
		r = prove_filter(e);
#endif
	return r < 0 ? lw_prefix(e, "the network's jail") : 0;
}
