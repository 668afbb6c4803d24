/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_BLOBS_H
#define LW_REGISTRY_BLOBS_H

/*
 * Bytes out of the store, none of which are other than they were accepted: a blob is hashed
 * before it is handed out for the first time, and whenever its file is another than then; and
 * what is handed out of it is held against the digests of its chunks once more, for disks
 * forget and files can be written to in ways that no file system tells of.
 */

#include "base/buf.h"
#include "base/digest.h"
#include "image/store.h"

struct lw_blobs;

/* An alarm; 0: it is in the book. */
typedef int lw_blobs_alarm(void *data, const struct lw_digest *d, const char *why);

enum lw_blob_standing {
	LW_BLOB_BAD = 0, /* missing, or other bytes */
	LW_BLOB_GOOD,
	LW_BLOB_UNREADABLE, /* just now */
};

/* All borrowed. What is wrong with a blob is told once, and again now and then until it is in
 * the book. */
struct lw_blobs *lw_blobs_new(struct lw_store *store, lw_blobs_alarm *alarm, void *data);
void lw_blobs_free(struct lw_blobs *b);

/* Looks at all of it where that was not done; a file of another size is bad unseen. */
enum lw_blob_standing lw_blobs_look(struct lw_blobs *b, const struct lw_digest *d,
				    uint64_t size) LW_WARN_UNUSED;
/* Appends one to `most` bytes from `at` on, of what was good when it was looked at. */
enum lw_blob_standing lw_blobs_part(struct lw_blobs *b, const struct lw_digest *d, uint64_t at,
				    size_t most, struct lw_buf *out) LW_WARN_UNUSED;
/* Where parts are asked for one after the other: reads what comes next. It is hashed when it is
 * read; that it may be handed out is seen when it is asked for. */
void lw_blobs_ahead(struct lw_blobs *b);
/* Appends all of a small one. */
enum lw_blob_standing lw_blobs_read(struct lw_blobs *b, const struct lw_digest *d, size_t size,
				    struct lw_buf *out) LW_WARN_UNUSED;

static inline void lw_auto_blobs_(struct lw_blobs **b)
{
	lw_blobs_free(*b);
}

#endif
