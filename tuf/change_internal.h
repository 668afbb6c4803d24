/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_CHANGE_INTERNAL_H
#define LW_TUF_CHANGE_INTERNAL_H

/* For tuf/change*.c and tuf/edit*.c alone. */

#include "base/mem.h"
#include "tuf/change.h"
#include "tuf/delegation.h"
#include "tuf/path.h"

/* "'name'", safe, for an error. */
#define LW_CHANGE_SHOW(text) lw_text_escape_str(text, (char[192]){ 0 }, 192)

char *lw_change_keep(struct lw_change *c, const char *s);
/* A role, made where it is missing. What lw_change_find returned before is void after this. */
struct lw_change_role *lw_change_role(struct lw_change *c, const char *name);
/* Sets and reads the base of a role out of the file's bytes (copied). */
int lw_change_set_base(struct lw_change *c, const char *name, int64_t version,
		       struct lw_span text, struct lw_error *e) LW_WARN_UNUSED;

/* The requirement of one delegating document for a role, named after it; false where it does
 * not delegate to the role. */
int lw_change_requirement(struct lw_change *c, const struct lw_change_role *by,
			  const struct lw_metafile *m, const char *role, bool *ret_there,
			  struct lw_requirement *ret, struct lw_error *e) LW_WARN_UNUSED;

#endif
