/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_EDIT_H
#define LW_TUF_EDIT_H

/*
 * Editing a change. Each edit touches the documents it must; lw_edit_settle then draws what
 * follows from it: new versions for roles whose keys changed, the snapshot, the timestamp. A
 * document that was signed and is edited again loses its signatures.
 *
 * All take a change whose every base is known (lw_change_of_repository, with what was staged
 * put onto it). On failure the change is to be thrown away.
 */

#include "tuf/change.h"

/* A person and a public key file's bytes. */
struct lw_edit_holder {
	const char *name;
	struct lw_span pem;
};

struct lw_edit_holders {
	const struct lw_edit_holder *list;
	size_t n;
	uint64_t threshold; /* 0: for new roles all of them, else what it was */
};

/* The first version of everything. LW_E_EXISTS: there is one. */
int lw_edit_init(struct lw_change *c, const struct lw_edit_holders *root,
		 const struct lw_edit_holders *targets, const struct lw_edit_holders *snapshot,
		 const struct lw_edit_holders *timestamp, struct lw_error *e) LW_WARN_UNUSED;

/* The targets role that shall name a path: `role` itself, or where that is the prefix of bins
 * the right one. LW_E_NOTFOUND: no such role. Borrowed from the change. */
int lw_edit_choose(struct lw_change *c, const char *role, const char *path, const char **ret,
		   struct lw_error *e) LW_WARN_UNUSED;
/* Names a target, or names it anew. LW_E_NOTFOUND: the role. */
int lw_edit_add(struct lw_change *c, const char *role, const char *path,
		const struct lw_digest *digest, uint64_t length,
		struct lw_error *e) LW_WARN_UNUSED;
/* LW_E_NOTFOUND: the role, or the target. */
int lw_edit_remove(struct lw_change *c, const char *role, const char *path,
		   struct lw_error *e) LW_WARN_UNUSED;

/* Who a role's holders are: adds people, drops others by name, sets the threshold. Of bins, by
 * their prefix. LW_E_NOTFOUND: the role, or the person; LW_E_EXISTS: the person is there. */
int lw_edit_key(struct lw_change *c, const char *role, const struct lw_edit_holders *add,
		const char *const *drop, size_t n_drop, struct lw_error *e) LW_WARN_UNUSED;
/* A person's new key in the place of the old one, in one role, or (NULL) in all. LW_E_NOTFOUND.
 */
int lw_edit_rotate(struct lw_change *c, const char *role, const struct lw_edit_holder *who,
		   struct lw_error *e) LW_WARN_UNUSED;

struct lw_edit_delegation {
	const char *name; /* of the role, or the prefix of bins */
	const char *by;	  /* the delegating role */
	struct lw_edit_holders holders;
	const char *const *paths;
	size_t n_paths;
	const char *const *prefixes; /* of hashes of paths */
	size_t n_prefixes;
	uint64_t bins; /* a power of two; 0: none */
	bool terminating;
	int64_t until_sec; /* 0: no end */
};
/* Delegates to a new role. LW_E_EXISTS: it is delegated to; LW_E_USAGE: what cannot be. */
int lw_edit_delegate(struct lw_change *c, const struct lw_edit_delegation *d,
		     struct lw_error *e) LW_WARN_UNUSED;
/* Ends a delegation. The role stays in the snapshot. LW_E_NOTFOUND. */
int lw_edit_revoke(struct lw_change *c, const char *by, const char *name,
		   struct lw_error *e) LW_WARN_UNUSED;

/* A new version that only lasts longer. LW_E_NOTFOUND. */
int lw_edit_renew(struct lw_change *c, const char *role, struct lw_error *e) LW_WARN_UNUSED;
/* The same of every role but root; or of what is new already, where something is. */
int lw_edit_renew_all(struct lw_change *c, struct lw_error *e) LW_WARN_UNUSED;
/* For how long a role's versions last, from this one on: "P90D". LW_E_NOTFOUND, LW_E_FORMAT. */
int lw_edit_period(struct lw_change *c, const char *role, const char *period,
		   struct lw_error *e) LW_WARN_UNUSED;

/* Draws what follows, and checks the whole (lw_change_check). LW_E_USAGE: nothing is new. */
int lw_edit_settle(struct lw_change *c, int64_t now_sec, struct lw_error *e) LW_WARN_UNUSED;

#endif
