/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_PENDING_H
#define LW_IMAGE_PENDING_H

/*
 * Where the store stages what comes in several sittings: a folder for each bundle, a file for
 * each entry of its list, called by its number there. Which of them count, and how much of
 *each, the state's rows say (custody/state_pending.h).
 *
 *	store/pending/<hex of the bundle>/<entry>
 */

#include "image/store.h"

struct lw_pending; /* the folder of one bundle, opened; borrows the store */

/* LW_E_NOTFOUND: there is none (create: it is made). */
int lw_pending_open(struct lw_store *s, const struct lw_digest *bundle, bool create,
		    struct lw_pending **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_pending_close(struct lw_pending *p);

/* To write: anew, or (fresh false) what is there already, for more of its pieces. */
int lw_pending_stage(struct lw_pending *p, size_t entry, bool fresh, int *ret_fd,
		     struct lw_error *e) LW_WARN_UNUSED;
/* To read. LW_E_NOTFOUND. */
int lw_pending_read(struct lw_pending *p, size_t entry, int *ret_fd, uint64_t *ret_size,
		    struct lw_error *e) LW_WARN_UNUSED;
/* Its size, or 0 where there is no such file. */
int lw_pending_size(struct lw_pending *p, size_t entry, uint64_t *ret,
		    struct lw_error *e) LW_WARN_UNUSED;
/* Makes all of it durable: files, and their names. */
int lw_pending_sync(struct lw_pending *p, struct lw_error *e) LW_WARN_UNUSED;
/* Gives the file its name in blobs/ (mode 0444), too, over an older one; it stays here. Then as
 * lw_store_publish. LW_E_STATE: it is no file of so many bytes. */
int lw_pending_publish(struct lw_pending *p, size_t entry, const struct lw_digest *d,
		       uint64_t size, struct lw_error *e) LW_WARN_UNUSED;

/* Calls back for every folder and every file in it; what it answers `stay` false to, and
 * whatever else stands there, is removed. */
struct lw_pending_keep {
	int (*bundle)(void *data, const struct lw_digest *bundle, bool *stay,
		      struct lw_error *e);
	int (*entry)(void *data, const struct lw_digest *bundle, uint64_t entry, bool *stay,
		     struct lw_error *e);
	void *data;
};
int lw_pending_sweep(struct lw_store *s, const struct lw_pending_keep *keep,
		     struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_pending_(struct lw_pending **p)
{
	lw_pending_close(*p);
}

#endif
