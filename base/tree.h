/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_TREE_H
#define LW_BASE_TREE_H

/* Removing what was half-built, by us or by a predecessor that was killed. */

#include "base/error.h"

#include <stddef.h>

/* Removes `name` beneath the folder: a file, a link (itself, never what it points at), or a
 * folder with all that is in it. Stays on the folder's own file system and above a depth of 32.
 * No error when it is not there. LW_E_IO. */
int lw_tree_remove(int parent, const char *name, struct lw_error *e) LW_WARN_UNUSED;

/* Says that what fd is open on is being built: until fd is closed, or its process dies, nobody
 * takes it for dead. Where the file system has no locks, nothing is. LW_E_BUSY: somebody has,
 * just now. */
int lw_tree_claim(int fd, struct lw_error *e) LW_WARN_UNUSED;

/* Makes a folder (0700) under a name that nobody has, `prefix` and hexadecimal digits, and
 * claims it. `name`: room for it. The caller closes *ret_dir. */
int lw_tree_make_claimed(int parent, const char *prefix, char *name, size_t size, int *ret_dir,
			 struct lw_error *e) LW_WARN_UNUSED;

/* Removes what dead builders left in the folder: what is named prefix, hexadecimal digits,
 * suffix, belongs to this user, and is claimed by nobody. What cannot be removed stays. */
void lw_tree_clear_dead(int parent, const char *prefix, const char *suffix);

#endif
