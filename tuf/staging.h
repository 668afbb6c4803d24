/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_STAGING_H
#define LW_TUF_STAGING_H

/*
 * A repository and the change to it that is under way: staged in a file, signed, published. The
 * repository is open for writing, and locked, as long as the staging is.
 */

#include "tuf/change.h"

struct lw_staging {
	struct lw_repository *repository;
	struct lw_change change; /* on the repository: every base is known */
	char *file;		 /* where it is staged */
	bool is_staged;		 /* it came from there */
};

void lw_staging_close(struct lw_staging *s);
static inline void lw_auto_staging_(struct lw_staging *s)
{
	lw_staging_close(s);
}

/* Opens a repository, checks it, and puts what is staged in `file` (NULL: change.lwc there)
 * onto it, if that file is there. What was published already is forgotten. LW_E_CONFLICT: it is
 * stale; and as lw_repository_open, lw_change_of_repository, lw_change_parse. */
int lw_staging_open(const char *repository, const char *file, struct lw_staging *ret,
		    struct lw_error *e) LW_WARN_UNUSED;

/* The same, of several copies of one change, merged; `files` empty: the default one. *ret_done:
 * it has been published already, and nothing is staged. LW_E_CONFLICT: the copies differ. */
int lw_staging_open_copies(const char *repository, const char *const *files, size_t n,
			   struct lw_staging *ret, bool *ret_done,
			   struct lw_error *e) LW_WARN_UNUSED;

/* Writes the change to its file, durably. LW_E_LIMIT, LW_E_IO. */
int lw_staging_save(struct lw_staging *s, struct lw_error *e) LW_WARN_UNUSED;

/* Publishes it if it is whole and signed; else *ret_published is false, and nothing is done.
 * LW_E_SIGNATURE, LW_E_CONFLICT (it has expired), LW_E_NOTFOUND and LW_E_DIGEST (a target), and
 * as lw_repository_publish. Removes the default file. */
int lw_staging_publish(struct lw_staging *s, int64_t now_sec, bool *ret_published,
		       struct lw_error *e) LW_WARN_UNUSED;

/* A change in a file of its own, without a repository; written back where it was. */
int lw_staging_read(const char *file, struct lw_change *ret, struct lw_error *e) LW_WARN_UNUSED;
int lw_staging_write(const char *file, const struct lw_change *c,
		     struct lw_error *e) LW_WARN_UNUSED;

#endif
