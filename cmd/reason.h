/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_REASON_H
#define LW_CMD_REASON_H

/* What stands in the book beside a decision of a person: why, and who. */

#include "cmd/command.h"

extern const char *lw_arg_reason, *lw_arg_by;

#define LW_REASON_OPTIONS(who)                                                                 \
	{ "reason", 0, LW_OPTION_TEXT, "TEXT", &lw_arg_reason, "why, for the book" },          \
	{                                                                                      \
		"by", 0, LW_OPTION_TEXT, "NAME", &lw_arg_by, who                               \
	}

/* LW_EXIT_DONE, or the usage error of a verb that wants a reason. */
int lw_command_require_reason(void);

#endif
