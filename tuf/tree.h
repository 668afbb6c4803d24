/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_TREE_H
#define LW_TUF_TREE_H

/*
 * A repository as a tree of roles, for people: who may sign each and who did, what it may name,
 * until when it holds. Reads a change that has nothing new (lw_change_of_repository).
 */

#include "tuf/change.h"
#include "tuf/delegation.h"

struct lw_tree_row {
	const char *role; /* of bins, their prefix */
	unsigned depth;	  /* 0: top level */
	const char *by;	  /* the delegating role; "" of the top level */
	bool delegated;	  /* false: it once was, and is listed only because it must be */
	struct lw_requirement signers;
	bool *has_signed;		 /* for each holder; of bins, all of them */
	struct lw_delegation delegation; /* role NULL: none */
	uint64_t n_roles;		 /* of bins, how many */
	int64_t version;		 /* of bins, the highest */
	int64_t expires_sec;		 /* of bins, the first */
	uint64_t n_targets;
};

struct lw_tree {
	struct lw_tree_row *rows; /* root, targets and what is below it, snapshot, timestamp */
	size_t n;
	const struct lw_digest *first_root; /* of root 1's file; NULL: it is not there */
};

/* Rows live in the arena of the change; the first root is for the caller to set, and borrowed.
 */
int lw_tree_build(struct lw_change *c, struct lw_tree *ret, struct lw_error *e) LW_WARN_UNUSED;

/* The row that expires first, of those that are delegated to. */
const struct lw_tree_row *lw_tree_next_to_expire(const struct lw_tree *t);

/* Lines, each safe for a terminal. */
void lw_tree_write(const struct lw_tree *t, int64_t now_sec, struct lw_buf *out);
/* A whole document, "landwaiter-tuf/1". */
void lw_tree_json(const struct lw_tree *t, struct lw_json_writer *w);

#endif
