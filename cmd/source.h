/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_SOURCE_H
#define LW_CMD_SOURCE_H

#include "base/error.h"

#include "image/layout.h"

/* "[NAME=]SOURCE" into its parts (image/layout.h); name NULL where not said. All owned by the
 * caller. LW_E_USAGE. */
int lw_command_source(const char *word, char **ret_name, struct lw_source *ret,
		      struct lw_error *e) LW_WARN_UNUSED;

#endif
