/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_ROLES_H
#define LW_BUNDLE_ROLES_H

/* What a TUF client trusts, in memory: each role's file and its proven halves
 * (verify/tuf_client.h, struct lw_tuf_store). */

#include "verify/tuf_client.h"

struct lw_role {
	char *name;
	struct lw_buf file, halves; /* halves: as lw_tuf_signed_put wrote them */
	bool dropped;		    /* was dropped here: what lies below must not be asked */
};

struct lw_roles {
	struct lw_role *list; /* owned; zero-initialise, release */
	size_t n;
};

struct lw_role *lw_roles_find(const struct lw_roles *r, const char *name);
void lw_roles_save(struct lw_roles *r, const char *name, struct lw_span file,
		   const struct lw_tuf_signed *halves);
void lw_roles_drop(struct lw_roles *r, const char *name);
void lw_roles_release(struct lw_roles *r);

/* The root that following begins with; it is trust of the caller's, and taken apart here.
 * LW_E_FORMAT, LW_E_LIMIT. */
int lw_roles_begin(struct lw_roles *r, struct lw_span root, struct lw_error *e) LW_WARN_UNUSED;

/* The files of a bundle or a repository where there is nothing below: r is borrowed. */
struct lw_tuf_store lw_roles_store(struct lw_roles *r);

static inline void lw_auto_roles_(struct lw_roles *r)
{
	lw_roles_release(r);
}

#endif
