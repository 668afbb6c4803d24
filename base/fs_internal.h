/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_FS_INTERNAL_H
#define LW_BASE_FS_INTERNAL_H

/* For base/fs*.c and their test alone. */

#include "base/text.h"

#include <stdbool.h>

/* A name in an error, made safe. */
#define LW_FS_SHOW(name) lw_text_escape_str(name, (char[256]){ 0 }, 256)

/* LW_E_USAGE unless the name is one path component, not "." or "..". */
int lw_fs_check_component(const char *name, struct lw_error *e) LW_WARN_UNUSED;

/* What lw_fs_is_slow_seek says of a device, by the tree usually found at /sys/dev/block. */
bool lw_fs_slow_seek_in(const char *sys_dev_block, unsigned major, unsigned minor);

#endif
