/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_EDIT_INTERNAL_H
#define LW_TUF_EDIT_INTERNAL_H

/* For tuf/edit*.c alone. */

#include "tuf/change_internal.h"
#include "tuf/edit.h"

/* The new document of a role, to be edited: a draft of the published one, or the one there is,
 * without its signatures. LW_E_NOTFOUND. */
int lw_edit_touch(struct lw_change *c, const char *role, struct lw_metafile **ret,
		  struct lw_error *e) LW_WARN_UNUSED;
/* The first version of a targets role; or the next one of a role that once was, emptied. */
void lw_edit_new_targets(struct lw_change *c, const char *role);
/* The place in a new document where the role's keys are named (which touches it). *ret_by may
 * be NULL. LW_E_NOTFOUND: nobody delegates to it. */
int lw_edit_entry(struct lw_change *c, const char *role, struct lw_delegation *ret,
		  struct lw_metafile **ret_by, struct lw_error *e) LW_WARN_UNUSED;
/* Adds people to a role. */
int lw_edit_add_holders(struct lw_change *c, const struct lw_delegation *to,
			const struct lw_edit_holders *holders,
			struct lw_error *e) LW_WARN_UNUSED;
/* A role object with these people. */
int lw_edit_new_role(struct lw_change *c, struct lw_value *keys,
		     const struct lw_edit_holders *holders, struct lw_value **ret,
		     struct lw_error *e) LW_WARN_UNUSED;

#endif
