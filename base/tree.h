/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_TREE_H
#define LW_BASE_TREE_H

/* Removing what was half-built. */

#include "base/error.h"

/* Removes `name` beneath the folder: a file, a link (itself, never what it points at), or a
 * folder with all that is in it. Stays on the folder's own file system and above a depth of 32.
 * No error when it is not there. LW_E_IO. */
int lw_tree_remove(int parent, const char *name, struct lw_error *e) LW_WARN_UNUSED;

#endif
