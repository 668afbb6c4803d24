/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/reason.h"

const char *lw_arg_reason, *lw_arg_by;

int lw_command_require_reason(void)
{
	return lw_arg_reason ? LW_EXIT_DONE : lw_command_usage("want --reason TEXT");
}
