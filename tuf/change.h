/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_CHANGE_H
#define LW_TUF_CHANGE_H

/*
 * A change to a repository: for each role the document it was made on, and the new version, if
 * it gets one. It travels as a file (docs/format/tuf-repository.md); signatures are gathered in
 * it, and copies of it are merged. What is published now is a change with nothing new in it:
 * so `show` and every check read one thing.
 *
 * A change that was read from a file is another's word until lw_change_check says otherwise.
 */

#include "tuf/repository.h"
#include "tuf/requirement.h"

#define LW_CHANGE_FORMAT "landwaiter-tuf-change/1"
#define LW_CHANGE_FILE	 "change.lwc" /* in the repository, if no other is named */

struct lw_change_role {
	const char *name;
	int64_t base_version;	      /* 0: there was none */
	struct lw_digest base_digest; /* of the file */
	struct lw_span base_text;     /* empty: not known here */
	struct lw_metafile *base;     /* the same, read; NULL likewise */
	struct lw_metafile *next;     /* NULL: the role stays as it is */
};

struct lw_change {
	struct lw_arena arena;
	struct lw_change_role *roles; /* sorted by name */
	size_t n, cap;
	const char **elsewhere; /* target paths without bytes here; sorted */
	size_t n_elsewhere;
	size_t signatures_dropped; /* by editing what was signed already */
	/* private: the last requirement that was read, since bins all have the same */
	const struct lw_value *last_role;
	int64_t last_version;
	struct lw_requirement last;
};

void lw_change_clear(struct lw_change *c);
static inline void lw_auto_change_(struct lw_change *c)
{
	lw_change_clear(c);
}

/* The repository as it is, and nothing new; every base is known. Each document is checked: it
 * is signed as it must be, every root by the one before. LW_E_SIGNATURE, LW_E_CONFLICT (what
 * does not fit together), and as lw_metafile_parse. */
int lw_change_of_repository(const struct lw_repository *r, struct lw_change *ret,
			    struct lw_error *e) LW_WARN_UNUSED;
/* A file. LW_E_FORMAT, LW_E_LIMIT, LW_E_UNSUPPORTED. */
int lw_change_parse(struct lw_span bytes, struct lw_change *ret,
		    struct lw_error *e) LW_WARN_UNUSED;
/* Appends the file. */
void lw_change_print(const struct lw_change *c, struct lw_buf *out);

/* Whether the change was made on what `now` has. LW_E_CONFLICT: no, and which roles differ; of
 * a change that has been published, *ret_done is set and 0 returned. */
int lw_change_fits(const struct lw_change *c, const struct lw_change *now, bool *ret_done,
		   struct lw_error *e) LW_WARN_UNUSED;
/* Puts what is new in `c` on `now`, so that every base is known. */
void lw_change_onto(struct lw_change *now, const struct lw_change *c);

/* Everything that can be said of a change but who has signed it: versions, who delegates to
 * whom, snapshot and timestamp, names, thresholds, what a role may name; at `now_sec`, expiry
 * (0: not looked at). What needs a base that is not known is left to whoever has it.
 * LW_E_CONFLICT, LW_E_FORMAT, LW_E_LIMIT. */
int lw_change_check(struct lw_change *c, int64_t now_sec, struct lw_error *e) LW_WARN_UNUSED;

/* What all signatures are about, whoever has signed so far. */
struct lw_digest lw_change_digest(const struct lw_change *c);

/* Takes the signatures of a copy in. LW_E_CONFLICT: another change. */
int lw_change_merge(struct lw_change *c, const struct lw_change *copy, size_t *ret_added,
		    struct lw_error *e) LW_WARN_UNUSED;

struct lw_private_key;
/* Signs each new document that asks for this key (of one role only, where `role` is not NULL).
 * LW_E_CONFLICT: none does. LW_E_EXISTS: it has signed all of them. LW_E_KEY. */
int lw_change_sign(struct lw_change *c, const struct lw_private_key *key, const char *role,
		   size_t *ret_signed, struct lw_error *e) LW_WARN_UNUSED;

/* Says that the bytes of a target path are not in the repository. */
void lw_change_add_elsewhere(struct lw_change *c, const char *path);
bool lw_change_is_elsewhere(const struct lw_change *c, const char *path);

/* ---- looking at one ---- */

struct lw_change_role *lw_change_find(const struct lw_change *c, const char *name);
/* The role as the change leaves it; NULL: not known, or there is none. */
const struct lw_metafile *lw_change_now(const struct lw_change_role *role);
/* What is new in it, that is. */
size_t lw_change_count(const struct lw_change *c);

/* Who must sign the role's document, the new one, or (where it has none) the published one.
 * None where nobody delegates to it any more. The list lives in the change's arena. */
int lw_change_requirements(struct lw_change *c, const struct lw_change_role *role,
			   struct lw_requirement **ret, size_t *ret_n,
			   struct lw_error *e) LW_WARN_UNUSED;
/* The message of a role that is staged, appended, and who must sign it: as
 * lw_change_requirements. */
int lw_change_asked(struct lw_change *c, const struct lw_change_role *role,
		    struct lw_buf *message, struct lw_requirement **ret, size_t *ret_n,
		    struct lw_error *e) LW_WARN_UNUSED;

/* Whether all requirements of all new documents are met. LW_E_SIGNATURE: a signature that is
 * bad, or by a key that nobody asks for; that cannot be checked: LW_E_UNSUPPORTED. */
int lw_change_complete(struct lw_change *c, bool *ret_complete,
		       struct lw_error *e) LW_WARN_UNUSED;

#endif
