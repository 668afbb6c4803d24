/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_PUSHING_H
#define LW_CMD_PUSHING_H

/* `push`, also as what follows a `load`: queueing, sending, ending and printing. */

#include "registry/push.h"

/* Runs it, and prints; returns the exit code. They have no reach and no progress yet. */
int lw_command_push(const struct lw_push_options *options);

#endif
