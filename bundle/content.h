/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_CONTENT_H
#define LW_BUNDLE_CONTENT_H

/*
 * Gate 4, the bytes: every blob read once, hashed, compared, and (in a load) written to where
 * the store stages it, in one pass. On media where seeking is cheap several blobs are read at
 * once at their computed offsets, the largest first; on slow ones strictly in order. Reading
 * and writing overlap with hashing, and all of them with the device: large sinks are synced now
 * and then, and closed, by a thread of their own.
 */

#include "base/digest.h"
#include "bundle/medium.h"
#include "bundle/volumes.h"

#include <pthread.h>

struct lw_content_progress {
	/* Called now and then, from one thread at a time; may be NULL. */
	void (*tell)(void *data, uint64_t done_bytes, uint64_t total_bytes);
	void *data;
};

struct lw_content_job {
	struct lw_medium *medium;
	struct lw_entries *entries;
	struct lw_extent extent; /* of which only these members are read: they stand there */
	uint64_t first_offset;	 /* of the first one's header */
	bool in_order;		 /* one lane, stored order */
	/* Of these, the entries before `end` (0: all) that have one of the flags `only` (0:
	 * all), and none of `skip`; what was read is flagged LW_ENTRY_PASSED. */
	size_t end;
	uint64_t only, skip;
	uint64_t bytes; /* answered: what there was to read, without headers */

	/* Where bytes go: a descriptor and an offset to write at, or -1 for "only hash".
	 * close_sink is told whether the bytes were right, and owns the descriptor if open_sink
	 * made one for it; what must be durable, it syncs. Both are called from several
	 * threads, once an entry. NULL: only hash. Of a blob that is cut, pieces are written
	 * where they belong in it; a piece that was right is flagged LW_ENTRY_TAKEN, and only
	 * one that all of it stands here for is hashed as a whole. An entry or piece that is
	 * flagged LW_ENTRY_STAGED before is not read. */
	int (*open_sink)(void *data, struct lw_entry *entry, int *ret_fd, uint64_t *ret_offset,
			 struct lw_error *e);
	int (*close_sink)(void *data, struct lw_entry *entry, int fd, bool good,
			  struct lw_error *e);
	void *sink;

	/* What is wrong with an entry: called from one thread at a time. The other entries go
	 * on, so that one bad sector names itself and not everything after it. LW_E_DIGEST (the
	 * text is the digest its bytes have), LW_E_CONFLICT (header or padding),
	 * LW_E_TRUNCATED, LW_E_IO. */
	void (*bad)(void *data, const struct lw_entry *entry, const struct lw_part *piece,
		    const struct lw_error *why); /* piece: NULL where it is all of it */
	void *bad_data;

	struct lw_content_progress progress;
	const atomic_bool *stop; /* true: read no further; NULL: never */
};

/* 0 when every entry was judged (also when some were bad); an error of our own side (a sink
 * that fails: LW_E_NOSPACE, LW_E_IO; told to stop: LW_E_BUSY) stops all lanes and is returned.
 */
int lw_content_read(struct lw_content_job *job, struct lw_error *e) LW_WARN_UNUSED;

#endif
