/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_JAIL_INTERNAL_H
#define LW_BASE_JAIL_INTERNAL_H

/* For base/jail.c and its test alone. */

#include "base/jail.h"

struct lw_jail_plan {
	/* The highest Landlock ABI to use; 0: as on a kernel that has none. */
	int landlock_abi;
	/* What a denied call fails with: EPERM. A test takes a number no kernel function
	 * returns, and so sees that it was the filter that said no. */
	int denied_errno;
	bool server;  /* lw_jail_enter_server */
	bool patient; /* lw_jail_enter_patient */
};

int lw_jail_enter_as(const struct lw_jail_plan *plan, int keep_fd,
		     enum lw_jail_level *ret_level, struct lw_error *e) LW_WARN_UNUSED;

#endif
