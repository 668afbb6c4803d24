/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_DELEGATION_H
#define LW_TUF_DELEGATION_H

/*
 * Where the keys of a role are named: in root for the four of the top level, else in the
 * "delegations" of a targets role: by name, or as one of many bins (TAP 15). All values are
 * those of the document, and can be edited where that can.
 */

#include "tuf/metafile.h"

struct lw_delegation {
	struct lw_value *keys; /* the object of keys by id */
	struct lw_value *role; /* the object with "keyids" and "threshold" */
	bool succinct;	       /* of all bins at once */
};

/* What a document (of root, or of a targets role) says of a role; false: nothing. */
bool lw_delegation_find(const struct lw_metafile *m, const char *role,
			struct lw_delegation *ret);
/* Delegations there are in a document, and the i-th; of root none. Succinct ones are one. */
size_t lw_delegation_count(const struct lw_metafile *m);
struct lw_delegation lw_delegation_at(const struct lw_metafile *m, size_t i);

/* "releases", or the prefix of the bins. */
const char *lw_delegation_name(const struct lw_delegation *d);
/* How many roles it stands for; 0 where a bit length makes no sense. */
uint64_t lw_delegation_roles(const struct lw_delegation *d);
/* The name of the i-th of them, appended. */
void lw_delegation_role_name(const struct lw_delegation *d, uint64_t i, struct lw_buf *out);
/* Whether a target path is within it for the role `name` (of bins, the right one). */
bool lw_delegation_covers(const struct lw_delegation *d, const char *name, const char *path);
/* The bin of a path, appended. */
void lw_delegation_bin(const struct lw_delegation *d, const char *path, struct lw_buf *out);

/* Removes the keys that no role of the document has. */
void lw_delegation_forget_keys(struct lw_metafile *m);

#endif
