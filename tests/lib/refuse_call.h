/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_LIB_REFUSE_CALL_H
#define LW_TESTS_LIB_REFUSE_CALL_H

/* A kernel that says no, or lies: from here on, in this process, the named system calls fail
 * with the given errno without having been made (0: they seem to succeed). For good: call it in
 * a child. By a plain seccomp filter, so that nothing of what is under test takes part. */

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REFUSE_ANY UINT32_MAX

struct refuse_call {
	long call;
	uint32_t first; /* only where the first argument is this; REFUSE_ANY */
	int with_errno;
};

/* 0, or -1 with errno. */
static inline int refuse_calls(const struct refuse_call *rows, size_t count)
{
	struct sock_filter code[5 * 16 + 1];
	unsigned short n = 0;

	if (count > 16)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const uint32_t answer = SECCOMP_RET_ERRNO | (uint32_t)rows[i].with_errno;
		const int any = rows[i].first == REFUSE_ANY;

		code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							 offsetof(struct seccomp_data, nr));
		code[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rows[i].call, 0, any ? 1 : 3);
		if (!any) {
			/* the low half of the argument, on a little-endian machine */
			code[n++] = (struct sock_filter)BPF_STMT(
				BPF_LD | BPF_W | BPF_ABS,
				offsetof(struct seccomp_data, args[0]));
			code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
								 rows[i].first, 0, 1);
		}
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

	struct sock_fprog program = { .len = n, .filter = code };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

#endif
