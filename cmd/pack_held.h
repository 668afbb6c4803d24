/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_PACK_HELD_H
#define LW_CMD_PACK_HELD_H

/* In landwaiter-pack alone: the files that --since, --have and --only name. */

#include "bundle/held.h"
#include "cmd/pack.h"

/* What need not travel, for the audience of this statement. */
int lw_pack_fill_held(struct lw_held *held, const struct lw_statement *st,
		      struct lw_error *e) LW_WARN_UNUSED;
/* What --only says is missing of that bundle. */
int lw_pack_read_lacking(struct lw_held *ret, const struct lw_earlier *increment,
			 struct lw_error *e) LW_WARN_UNUSED;

#endif
