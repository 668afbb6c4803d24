/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_JAIL_H
#define LW_BASE_JAIL_H

/*
 * The box's walls (DESIGN 4). lw_jail_enter narrows the calling process for good: uid and gid
 * 65534 where it runs as root, no capabilities, no_new_privs, resource limits, Landlock where
 * the kernel has it (the second belt), and a seccomp allow-list: read, write and message calls
 * on descriptors it already holds, memory that is never executable, time, exit. No open, no
 * socket, no exec, no process, no signal to others. A denied call fails with EPERM, which the
 * libraries inside survive; a call by another architecture's numbers kills. It fails closed: if
 * any wall but Landlock cannot be built, or the filter does not hold when tried, the error is
 * LW_E_JAIL and the process must exit without touching a hostile byte.
 *
 * What is needed from outside is fetched before: libraries read their files at first use, so
 * OpenSSL must be initialised and its algorithms fetched (EVP_*_fetch) by the caller, or they
 * are missing inside. Inside, glibc's fstat may be newfstatat, which could name any path and is
 * denied: the size of a descriptor is asked with lseek. Limits: LW_BOX_MEMORY_BYTES of address
 * space, LW_BOX_CPU_SEC, LW_JAIL_DESCRIPTORS, nothing written to files.
 *
 * Where root is only root of a user namespace that does not map 65534, there is no box.
 *
 * Builds for tests only: with LW_SANITIZED the memory limit is off (shadow memory); with
 * LW_COVERAGE the walls that keep the counters from being written are off. Neither is shipped.
 *
 * lw_jail_spawn starts an executable as such a box, connected by one socketpair.
 */

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Descriptors a box may hold at once: what it is given and what frames bring. */
#define LW_JAIL_DESCRIPTORS 16

enum lw_jail_level {
	LW_JAIL_SECCOMP = 1,  /* all walls but Landlock */
	LW_JAIL_LANDLOCK = 2, /* all walls */
};

/* Call before the first hostile byte, single-threaded. Returns the level reached in
 * *ret_level. Descriptors other than keep_fd, stdin, stdout and stderr are closed. */
int lw_jail_enter(int keep_fd, enum lw_jail_level *ret_level,
		  struct lw_error *e) LW_WARN_UNUSED;

/* The same without a limit of processor time, for work as long as what it is given: whoever
 * gave it counts the bytes that come back, and the silence. */
int lw_jail_enter_patient(int keep_fd, enum lw_jail_level *ret_level,
			  struct lw_error *e) LW_WARN_UNUSED;

/* The same for a process that answers the network: it keeps descriptors 3 and 4, may take
 * connections on a socket it was handed, speak on them, and wait for them; it has room for
 * LW_JAIL_CONNECTIONS more descriptors, and no limit of processor time. It still opens nothing,
 * and connects to nobody. */
#define LW_JAIL_CONNECTIONS 1100
int lw_jail_enter_server(enum lw_jail_level *ret_level, struct lw_error *e) LW_WARN_UNUSED;

/* Less than a box, for a process that asks the network: it may read files, look names up and
 * connect. It starts no program, opens no file to be written and changes none, looks into no
 * other process. LW_E_JAIL: it must not go on. */
int lw_jail_enter_network(struct lw_error *e) LW_WARN_UNUSED;

struct lw_jail_child {
	pid_t pid;
	int socket; /* ours; the child has its end as descriptor 3 */
};

/* Starts `path` with the name argv0 as a fresh process (fork and exec): empty environment but
 * LANG=C, descriptors 0, 1 and 2 from /dev/null (in builds for tests 2 stays ours, for their
 * reports), descriptor 3 the socket, everything else closed; default signals, its own session.
 * It dies with the thread that started it (PR_SET_PDEATHSIG): start it from one that lives as
 * long as the box is wanted. LW_E_JAIL, also when the file cannot be executed. The caller owns
 * the child and ends it with lw_jail_reap. */
int lw_jail_spawn(const char *path, const char *argv0, struct lw_jail_child *ret,
		  struct lw_error *e) LW_WARN_UNUSED;

/* A copy of this process as a box of its own, for one that lw_jail_spawn started and that has
 * read nothing hostile: what it made ready is ready in each copy. The copy has `socket` as
 * descriptor 3, its own session, and dies with this process; walls it has none yet, and the
 * descriptors above 3 are lw_jail_enter's to close: call that at once. *ret_child, always set,
 * has no socket; its pid is 0 in the copy, and -1 where there is none. Single-threaded.
 * LW_E_JAIL: there is none; in the copy: it must end. */
int lw_jail_fork(int socket, struct lw_jail_child *ret_child,
		 struct lw_error *e) LW_WARN_UNUSED;

/* Closes the socket, gives the child a second to end by itself, kills it if it still runs,
 * reaps it. *ret_clean (may be NULL) tells whether it had ended by itself with status 0. Safe
 * on a zeroed or reaped child (pid <= 0), which is not clean. */
void lw_jail_reap(struct lw_jail_child *child, bool *ret_clean);

/* For LW_AUTO(jail_child). */
static inline void lw_auto_jail_child_(struct lw_jail_child *child)
{
	lw_jail_reap(child, NULL);
}

/* lw_jail_program, and lw_jail_spawn of it under its own name. LW_E_JAIL. */
int lw_jail_start(const char *name, struct lw_jail_child *ret,
		  struct lw_error *e) LW_WARN_UNUSED;

/* The path of an executable that belongs beside ours: `name` in the folder of /proc/self/exe,
 * else in ../libexec/landwaiter/ from there. Never from the environment. Owned by the caller.
 * LW_E_JAIL if it is in neither; LW_E_USAGE if the name is not one path component. */
int lw_jail_program(const char *name, char **ret_path, struct lw_error *e) LW_WARN_UNUSED;

#endif
