/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_UNIT_JAIL_ACTS_H
#define LW_TESTS_UNIT_JAIL_ACTS_H

/* What must not be possible inside a box. Arguments are such that an act that did succeed would
 * harm nothing. */

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

/* Arguments of an act that are known only when it is tried. */
#define PARENT	 (LONG_MIN + 1)
#define SELF	 (LONG_MIN + 2)
#define READONLY (LONG_MIN + 3) /* a descriptor opened for reading */
#define SOCKET	 (LONG_MIN + 4) /* a connected socket */

struct act {
	const char *name;
	long call;
	long args[6];
};

static char zeros[4096];
static const struct sockaddr_un nowhere = { .sun_family = AF_UNIX, .sun_path = "/run/x" };
static const struct timespec year_2000 = { .tv_sec = 946684800 };
static char etc_passwd[] = "/etc/passwd", root[] = "/", sh[] = "/bin/sh";
static char nothing[] = "/proc/lw-x"; /* is not there and cannot be made */
static void *const sh_argv[] = { sh, NULL };

#define P(x) ((long)(x))

/* clang-format off */
static const struct act acts[] = {
	/* files by name */
	{ "openat", SYS_openat, { AT_FDCWD, P(etc_passwd), O_RDONLY } },
	{ "openat for writing", SYS_openat, { AT_FDCWD, P(nothing), O_CREAT | O_WRONLY, 0600 } },
	{ "openat2", SYS_openat2, { AT_FDCWD, P(root), P(zeros), 24 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, { AT_FDCWD, P(zeros), 0 } },
	{ "name_to_handle_at", SYS_name_to_handle_at, { AT_FDCWD, P(root), P(zeros), 0, 0 } },
	{ "newfstatat", SYS_newfstatat, { AT_FDCWD, P(root), P(zeros), 0 } },
	{ "statx", SYS_statx, { AT_FDCWD, P(root), 0, 0, P(zeros) } },
	{ "faccessat", SYS_faccessat, { AT_FDCWD, P(root), 0 } },
	{ "readlinkat", SYS_readlinkat, { AT_FDCWD, P(root), P(zeros), 1 } },
	{ "unlinkat", SYS_unlinkat, { AT_FDCWD, P(nothing), 0 } },
	{ "renameat2", SYS_renameat2, { AT_FDCWD, P(nothing), AT_FDCWD, P(nothing), 0 } },
	{ "mkdirat", SYS_mkdirat, { AT_FDCWD, P(nothing), 0700 } },
	{ "mknodat", SYS_mknodat, { AT_FDCWD, P(nothing), S_IFIFO | 0600, 0 } },
	{ "symlinkat", SYS_symlinkat, { P(root), AT_FDCWD, P(nothing) } },
	{ "linkat", SYS_linkat, { AT_FDCWD, P(nothing), AT_FDCWD, P(nothing), 0 } },
	{ "fchmodat", SYS_fchmodat, { AT_FDCWD, P(nothing), 0600 } },
	{ "fchownat", SYS_fchownat, { AT_FDCWD, P(nothing), 0, 0, 0 } },
	{ "utimensat", SYS_utimensat, { AT_FDCWD, P(nothing), 0, 0 } },
	{ "truncate", SYS_truncate, { P(nothing), 0 } },
	{ "statfs", SYS_statfs, { P(root), P(zeros) } },
	{ "chdir", SYS_chdir, { P(root) } },
	{ "getcwd", SYS_getcwd, { P(zeros), 100 } },
	{ "setxattr", SYS_setxattr, { P(nothing), P("user.x"), P(zeros), 1, 0 } },
	{ "inotify_init1", SYS_inotify_init1, { 0 } },
	{ "fanotify_init", SYS_fanotify_init, { 0, 0 } },
	{ "execve", SYS_execve, { P(sh), P(sh_argv), P(sh_argv + 1) } },
	{ "execveat", SYS_execveat, { AT_FDCWD, P(sh), P(sh_argv), P(sh_argv + 1), 0 } },
	{ "memfd_create", SYS_memfd_create, { P("x"), 0 } },
	{ "memfd_secret", SYS_memfd_secret, { 0 } },
	{ "uselib", SYS_uselib, { P(sh) } },
#ifdef SYS_open
	{ "open", SYS_open, { P(etc_passwd), O_RDONLY } },
	{ "creat", SYS_creat, { P(nothing), 0600 } },
	{ "unlink", SYS_unlink, { P(nothing) } },
	{ "rename", SYS_rename, { P(nothing), P(nothing) } },
	{ "chmod", SYS_chmod, { P(nothing), 0600 } },
	{ "chown", SYS_chown, { P(nothing), 0, 0 } },
	{ "mkdir", SYS_mkdir, { P(nothing), 0700 } },
	{ "rmdir", SYS_rmdir, { P(nothing) } },
	{ "symlink", SYS_symlink, { P(root), P(nothing) } },
	{ "link", SYS_link, { P(nothing), P(nothing) } },
	{ "stat", SYS_stat, { P(root), P(zeros) } },
	{ "access", SYS_access, { P(root), 0 } },
	{ "readlink", SYS_readlink, { P(root), P(zeros), 1 } },
	{ "fork", SYS_fork, { 0 } },
	{ "vfork", SYS_vfork, { 0 } },
#endif
	/* what is held, used otherwise */
	{ "ioctl", SYS_ioctl, { READONLY, 0x5401, P(zeros) } },
	{ "fcntl", SYS_fcntl, { READONLY, F_DUPFD, 0 } },
	{ "dup", SYS_dup, { READONLY } },
	{ "dup3", SYS_dup3, { READONLY, 9, 0 } },
	{ "flock", SYS_flock, { READONLY, 1 } },
	{ "ftruncate", SYS_ftruncate, { READONLY, 0 } },
	{ "fallocate", SYS_fallocate, { READONLY, 0, 0, 1 } },
	{ "fchmod", SYS_fchmod, { READONLY, 0600 } },
	{ "fchown", SYS_fchown, { READONLY, 0, 0 } },
	{ "fchdir", SYS_fchdir, { READONLY } },
	{ "getdents64", SYS_getdents64, { READONLY, P(zeros), 100 } },
	{ "pwrite64", SYS_pwrite64, { READONLY, P(zeros), 1, 0 } },
	{ "sendfile", SYS_sendfile, { SOCKET, READONLY, 0, 1 } },
	{ "splice", SYS_splice, { READONLY, 0, SOCKET, 0, 1, 0 } },
	{ "copy_file_range", SYS_copy_file_range, { READONLY, 0, READONLY, 0, 1, 0 } },
	{ "pipe2", SYS_pipe2, { P(zeros), 0 } },
	{ "eventfd2", SYS_eventfd2, { 0, 0 } },
	{ "epoll_create1", SYS_epoll_create1, { 0 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 1, P(zeros) } },
	{ "io_uring_enter", SYS_io_uring_enter, { READONLY, 1, 0, 0, 0, 0 } },
	{ "io_setup", SYS_io_setup, { 1, P(zeros) } },
	/* the network */
	{ "socket inet", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
	{ "socket inet6", SYS_socket, { AF_INET6, SOCK_DGRAM, 0 } },
	{ "socket unix", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
	{ "socket netlink", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } },
	{ "socket packet", SYS_socket, { AF_PACKET, SOCK_RAW, 0 } },
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0, P(zeros) } },
	{ "connect", SYS_connect, { SOCKET, P(&nowhere), sizeof(nowhere) } },
	{ "bind", SYS_bind, { SOCKET, P(&nowhere), sizeof(nowhere) } },
	{ "listen", SYS_listen, { SOCKET, 1 } },
	{ "accept4", SYS_accept4, { SOCKET, 0, 0, 0 } },
	{ "sendto", SYS_sendto, { SOCKET, P(zeros), 1, 0, 0, 0 } },
	{ "setsockopt", SYS_setsockopt, { SOCKET, SOL_SOCKET, SO_PASSCRED, P(zeros), 4 } },
	/* other processes */
	{ "clone", SYS_clone, { SIGCHLD, 0, 0, 0, 0 } },
	{ "clone for a thread", SYS_clone,
	  { CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, P(zeros + 4000), 0, 0, 0 } },
	{ "clone3", SYS_clone3, { P(zeros), 64 } },
	{ "kill the parent", SYS_kill, { PARENT, 0 } },
	{ "kill everyone", SYS_kill, { -1, 0 } },
	{ "kill oneself", SYS_kill, { SELF, 0 } },
	{ "tgkill the parent", SYS_tgkill, { PARENT, PARENT, SIGABRT } },
	{ "tgkill oneself otherwise", SYS_tgkill, { SELF, SELF, SIGUSR1 } },
	{ "tkill", SYS_tkill, { PARENT, 0 } },
	{ "rt_sigqueueinfo", SYS_rt_sigqueueinfo, { PARENT, 0, P(zeros) } },
	{ "pidfd_open", SYS_pidfd_open, { PARENT, 0 } },
	{ "pidfd_getfd", SYS_pidfd_getfd, { READONLY, 0, 0 } },
	{ "ptrace", SYS_ptrace, { 16 /* PTRACE_ATTACH */, PARENT, 0, 0 } },
	{ "process_vm_readv", SYS_process_vm_readv, { PARENT, P(zeros), 1, P(zeros), 1, 0 } },
	{ "process_vm_writev", SYS_process_vm_writev, { PARENT, P(zeros), 1, P(zeros), 1, 0 } },
	{ "kcmp", SYS_kcmp, { PARENT, SELF, 0, 0, 0 } },
	{ "sched_setaffinity", SYS_sched_setaffinity, { PARENT, 8, P(zeros) } },
	{ "sched_setscheduler", SYS_sched_setscheduler, { PARENT, 0, P(zeros) } },
	{ "setpriority", SYS_setpriority, { PRIO_PROCESS, PARENT, 10 } },
	{ "prlimit64 on the parent", SYS_prlimit64, { PARENT, RLIMIT_CPU, 0, P(zeros) } },
	{ "wait4", SYS_wait4, { -1, 0, WNOHANG, 0 } },
	{ "shmget", SYS_shmget, { 0, 4096, 0600 } },
	{ "msgget", SYS_msgget, { 0, 0600 } },
	{ "semget", SYS_semget, { 0, 1, 0600 } },
	{ "mq_open", SYS_mq_open, { P("x"), O_RDWR, 0, 0 } },
	/* itself, made more than it is */
	{ "setuid", SYS_setuid, { 0 } },
	{ "setresuid", SYS_setresuid, { 0, 0, 0 } },
	{ "setgid", SYS_setgid, { 0 } },
	{ "setgroups", SYS_setgroups, { 0, 0 } },
	{ "capset", SYS_capset, { P(zeros), P(zeros) } },
	{ "prctl PR_SET_DUMPABLE", SYS_prctl, { PR_SET_DUMPABLE, 1, 0, 0, 0 } },
	{ "prctl PR_SET_PDEATHSIG", SYS_prctl, { PR_SET_PDEATHSIG, 0, 0, 0, 0 } },
	{ "prctl PR_SET_NAME", SYS_prctl, { PR_SET_NAME, P("x"), 0, 0, 0 } },
	{ "seccomp", SYS_seccomp, { SECCOMP_GET_ACTION_AVAIL, 0, P(zeros) } },
	{ "setrlimit by prlimit64", SYS_prlimit64, { 0, RLIMIT_CPU, P(zeros), 0 } },
	{ "personality", SYS_personality, { 0x0400000 } },
	{ "setsid", SYS_setsid, { 0 } },
	{ "rt_sigaction", SYS_rt_sigaction, { SIGUSR1, 0, P(zeros), 8 } },
	{ "umask", SYS_umask, { 0 } },
	/* memory */
	{ "mmap executable", SYS_mmap,
	  { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } },
	{ "mmap writable and executable", SYS_mmap,
	  { 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0 } },
	{ "mmap of a file", SYS_mmap, { 0, 4096, PROT_READ, MAP_PRIVATE, READONLY, 0 } },
	{ "mprotect to executable", SYS_mprotect, { P(zeros), 1, PROT_READ | PROT_EXEC } },
	{ "pkey_mprotect", SYS_pkey_mprotect, { P(zeros), 1, PROT_EXEC, -1 } },
	{ "remap_file_pages", SYS_remap_file_pages, { P(zeros), 1, 0, 0, 0 } },
	{ "mlock", SYS_mlock, { P(zeros), 1 } },
	{ "userfaultfd", SYS_userfaultfd, { 0 } },
	{ "futex requeue", SYS_futex, { P(zeros), FUTEX_CMP_REQUEUE, 0, 0, P(zeros), 1 } },
	{ "futex lock_pi", SYS_futex, { P(zeros), FUTEX_LOCK_PI, 0, 0, 0, 0 } },
	{ "set_mempolicy", SYS_set_mempolicy, { 0, 0, 0 } },
	/* the machine */
	{ "mount", SYS_mount, { P("none"), P(nothing), P("tmpfs"), 0, 0 } },
	{ "umount2", SYS_umount2, { P(nothing), 0 } },
	{ "open_tree", SYS_open_tree, { AT_FDCWD, P(root), 0 } },
	{ "fsopen", SYS_fsopen, { P("tmpfs"), 0 } },
	{ "move_mount", SYS_move_mount, { AT_FDCWD, P(nothing), AT_FDCWD, P(nothing), 0 } },
	{ "chroot", SYS_chroot, { P(nothing) } },
	{ "pivot_root", SYS_pivot_root, { P(nothing), P(nothing) } },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER } },
	{ "setns", SYS_setns, { READONLY, 0 } },
	{ "clock_settime", SYS_clock_settime, { CLOCK_REALTIME, P(&year_2000) } },
	{ "clock_adjtime", SYS_clock_adjtime, { CLOCK_REALTIME, P(zeros) } },
	{ "settimeofday", SYS_settimeofday, { P(&year_2000), 0 } },
	{ "adjtimex", SYS_adjtimex, { P(zeros) } },
	{ "timer_create", SYS_timer_create, { CLOCK_REALTIME, 0, P(zeros) } },
	{ "bpf", SYS_bpf, { 0, P(zeros), 64 } },
	{ "perf_event_open", SYS_perf_event_open, { P(zeros), 0, -1, -1, 0 } },
	{ "keyctl", SYS_keyctl, { 0, -3, 0, 0, 0 } },
	{ "add_key", SYS_add_key, { P("user"), P("x"), P(zeros), 1, -3 } },
	{ "request_key", SYS_request_key, { P("user"), P("x"), 0, -3 } },
	{ "init_module", SYS_init_module, { P(zeros), 0, P("") } },
	{ "finit_module", SYS_finit_module, { READONLY, P(""), 0 } },
	{ "delete_module", SYS_delete_module, { P("x"), 0 } },
	{ "kexec_load", SYS_kexec_load, { 0, 0, 0, 0 } },
	{ "reboot", SYS_reboot, { 0, 0, 0, 0 } },
	{ "swapon", SYS_swapon, { P(nothing), 0 } },
	{ "swapoff", SYS_swapoff, { P(nothing) } },
	{ "sethostname", SYS_sethostname, { P(zeros), -1 } },
	{ "quotactl", SYS_quotactl, { 0, 0, 0, 0 } },
	{ "acct", SYS_acct, { P(nothing) } },
	{ "syslog", SYS_syslog, { 3, P(zeros), 1 } },
	{ "landlock_create_ruleset", SYS_landlock_create_ruleset,
	  { 0, 0, LANDLOCK_CREATE_RULESET_VERSION } },
	{ "sysinfo", SYS_sysinfo, { P(zeros) } },
	{ "uname", SYS_uname, { P(zeros) } },
	{ "a call there is not yet", 1021, { 0 } },
};
/* clang-format on */

#endif
