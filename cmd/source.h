/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_SOURCE_H
#define LW_CMD_SOURCE_H

#include "base/error.h"

/* "[NAME=]oci:DIR[:REF]" into its parts; name NULL and ref "" where not said. All owned by the
 * caller. LW_E_USAGE. */
int lw_command_source(const char *word, char **ret_name, char **ret_dir, char **ret_ref,
		      struct lw_error *e) LW_WARN_UNUSED;

#endif
