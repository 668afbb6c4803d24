/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_REPOSITORY_H
#define LW_TUF_REPOSITORY_H

/*
 * A TUF repository in a folder (docs/format/tuf-repository.md): metadata/ and targets/.
 * Publishing exchanges the whole of metadata/ in one step, so that everybody sees the old
 * repository or the new one. What is read here is not judged: tuf/change.h does that.
 */

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

struct lw_repository;

/* One role as it is published. Lives as long as the repository is open. */
struct lw_published {
	const char *role;
	int64_t version;
	struct lw_span text; /* the file */
};

enum lw_repository_use {
	LW_REPOSITORY_READ,
	LW_REPOSITORY_WRITE, /* nobody else does, and what dead writers left is removed */
};

/* Makes the folder (which may be there, and empty) with an empty targets/. LW_E_EXISTS: there
 * is something in it. LW_E_IO. */
int lw_repository_create(const char *path, struct lw_error *e) LW_WARN_UNUSED;

/* Opens one, and reads the newest version of every role; none, where nothing has been published
 * yet. LW_E_NOTFOUND: no repository. LW_E_STATE: a file that the snapshot or the line of roots
 * needs is not there. LW_E_BUSY: another writer. LW_E_FORMAT, LW_E_LIMIT, LW_E_IO. */
int lw_repository_open(const char *path, enum lw_repository_use use, struct lw_repository **ret,
		       struct lw_error *e) LW_WARN_UNUSED;
void lw_repository_close(struct lw_repository *r);

size_t lw_repository_count(const struct lw_repository *r); /* roles; 0: nothing published */
const struct lw_published *lw_repository_role(const struct lw_repository *r, size_t i);
const struct lw_published *lw_repository_find(const struct lw_repository *r, const char *role);
/* The roots before the newest, from the oldest there is. */
size_t lw_repository_old_roots(const struct lw_repository *r, const struct lw_published **ret);

/* The digest of the file of root 1, which an enclave is told first; false: it is not there. */
bool lw_repository_first_root(const struct lw_repository *r, struct lw_digest *ret);

/* Puts new files beside the old ones, all at once. The file of a version that is there already
 * is LW_E_EXISTS, whatever it holds. Until it returns 0 nobody sees anything of it, and after
 * LW_E_IO, too, unless only the last sync failed. LW_E_UNSUPPORTED: a file system that cannot
 * exchange folders. */
int lw_repository_publish(struct lw_repository *r, const struct lw_published *files, size_t n,
			  struct lw_error *e) LW_WARN_UNUSED;

/* Puts the bytes of a file of the user's under the name that their digest gives them; returns
 * digest and length. LW_E_NOTFOUND, LW_E_FORMAT (no file), LW_E_IO. */
int lw_repository_put_target(struct lw_repository *r, const char *path, const char *file,
			     struct lw_digest *ret_digest, uint64_t *ret_length,
			     struct lw_error *e) LW_WARN_UNUSED;
/* Reads a target again. LW_E_NOTFOUND; LW_E_DIGEST: other bytes, or more or fewer. */
int lw_repository_check_target(struct lw_repository *r, const char *path,
			       const struct lw_digest *digest, uint64_t length,
			       struct lw_error *e) LW_WARN_UNUSED;
/* Reads a file of ours that is beside metadata/ and targets/. As lw_fs_read_beneath. */
int lw_repository_read(const struct lw_repository *r, const char *name, size_t max,
		       struct lw_buf *out, struct lw_error *e) LW_WARN_UNUSED;
/* Removes the staged file of that name from the folder, if it is there. */
int lw_repository_forget(struct lw_repository *r, const char *name,
			 struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_repository_(struct lw_repository **r)
{
	lw_repository_close(*r);
}

#endif
