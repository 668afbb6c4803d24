/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_STORE_H
#define LW_IMAGE_STORE_H

/*
 * The content store on disk: an OCI image layout. Blobs are staged in a private folder, made
 * durable, and renamed into blobs/sha256/; small ones are staged there under their name, which
 * is half the work of a load of many. What is in blobs/ counts only if the state database has a
 * row for it (custody/state.h); the store itself decides nothing.
 *
 *	store/oci-layout
 *	store/index.json           derived
 *	store/blobs/sha256/<hex>
 *	store/incoming/<hex>       staged
 *	store/pending/...          of bundles of several volumes (image/pending.h)
 */

#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

struct lw_store;

/* Opens (create: makes) the store beneath the enclave's folder (borrowed). LW_E_STATE: a folder
 * of the store is missing, or is not a folder. */
int lw_store_open(int enclave_dir, bool create, struct lw_store **ret,
		  struct lw_error *e) LW_WARN_UNUSED;
void lw_store_close(struct lw_store *s);

/* Staging: several threads may stage different blobs at once. The file is read-only to all but
 * its opener (0444), in a private folder,
 * empty, freshly created; a leftover of the same name is replaced. */
int lw_store_stage(struct lw_store *s, const struct lw_digest *d, int *ret_fd,
		   struct lw_error *e) LW_WARN_UNUSED;
/* The same for one whose bytes are known to be of that digest: beneath blobs/, where it will
 * stay. Who does not come to add its row removes it (lw_store_remove), or the next start does.
 * LW_E_EXISTS: a file of that name stands there, and is not touched: stage it. */
int lw_store_place(struct lw_store *s, const struct lw_digest *d, int *ret_fd,
		   struct lw_error *e) LW_WARN_UNUSED;
/* To read one that was staged. LW_E_NOTFOUND, LW_E_FORMAT: something else stands there. */
int lw_store_open_staged(struct lw_store *s, const struct lw_digest *d, int *ret_fd,
			 struct lw_error *e) LW_WARN_UNUSED;
/* Makes every staged or placed file durable that was not fsynced one by one: one syncfs. */
int lw_store_sync_staged(struct lw_store *s, struct lw_error *e) LW_WARN_UNUSED;
/* Of one that was placed, before its row: LW_E_IO where it is gone, LW_E_STATE where something
 * else stands there, or of another size. */
int lw_store_require_placed(struct lw_store *s, const struct lw_digest *d, uint64_t size,
			    struct lw_error *e) LW_WARN_UNUSED;
/* Moves a staged blob into blobs/ (mode 0444), over an older file of the same name;
 * lw_store_sync_published afterwards, and only then a row in the state. LW_E_NOTFOUND. */
int lw_store_publish(struct lw_store *s, const struct lw_digest *d,
		     struct lw_error *e) LW_WARN_UNUSED;
int lw_store_sync_published(struct lw_store *s, struct lw_error *e) LW_WARN_UNUSED;
/* How many threads may read it: one where its disk turns, and would seek between them. */
size_t lw_store_readers(const struct lw_store *s);
/* Removes all that is staged, whatever it is, and an index.json that was never finished. */
int lw_store_clear_staged(struct lw_store *s, struct lw_error *e) LW_WARN_UNUSED;

/* A published blob's file. LW_E_NOTFOUND. ret_size may be NULL. */
int lw_store_open_blob(struct lw_store *s, const struct lw_digest *d, int *ret_fd,
		       uint64_t *ret_size, struct lw_error *e) LW_WARN_UNUSED;
/* No error when it is not there. */
int lw_store_remove(struct lw_store *s, const struct lw_digest *d,
		    struct lw_error *e) LW_WARN_UNUSED;
/* Calls back for every regular file in blobs/sha256 that is named like a digest; whatever else
 * stands there is removed (so: only for the enclave's writer). One readdir and one fstatat a
 * file, in no order; the callback must not add or remove files. */
int lw_store_each(struct lw_store *s,
		  int (*found)(void *data, const struct lw_digest *d, uint64_t size,
			       struct lw_error *e),
		  void *data, struct lw_error *e) LW_WARN_UNUSED;

/* Replaces index.json, atomically and durably. */
int lw_store_write_index(struct lw_store *s, struct lw_span index,
			 struct lw_error *e) LW_WARN_UNUSED;
int lw_store_free_bytes(struct lw_store *s, uint64_t *ret, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_store_(struct lw_store **s)
{
	lw_store_close(*s);
}

#endif
