/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_LANE_H
#define LW_BUNDLE_LANE_H

/*
 * One stream of bytes: read from the medium in order, hashed, written to a sink, each byte
 * once. A small blob is done in one go by the caller's thread, and read with those behind it.
 * For a large one, while there are fewer lanes at work than cores, a second thread hashes while
 * the caller's reads and writes; buffers go round between the two. On a medium that everything
 * waits for, it writes as well, so that the caller does nothing but read.
 */

#include "base/digest.h"
#include "bundle/medium.h"

#include <stdatomic.h>

/* A blob up to this size is read, and hashed, before a byte of it is written. */
#define LW_LANE_SMALL_BYTES ((size_t)512 << 10)

struct lw_lane; /* one per thread */

struct lw_lane *lw_lane_new(void);
void lw_lane_free(struct lw_lane *lane);

struct lw_lane_read {
	/* asked */
	struct lw_medium *medium;
	uint64_t offset;
	size_t head;	/* bytes before, at most 512: kept in head_bytes, not hashed */
	uint64_t bytes; /* hashed and written */
	uint64_t tail;	/* bytes after, at most 511: kept in tail_bytes */
	/* From the offset on, to be read at once where all is small: this lane comes to those
	 * behind it next, on the same medium. 0: nothing but its own. */
	uint64_t ahead;
	/* Takes the hashed bytes, in order; NULL: only hash. Its errors are told apart from the
	 * medium's. */
	int (*write)(void *sink, struct lw_span bytes, struct lw_error *e);
	/* Told of bytes that are done with, while there are more to come; may be NULL. */
	void (*went)(void *sink, uint64_t bytes);
	void *sink;
	bool apart; /* hash and write in a second thread whatever the size and the lanes */
	/* Of a small one: bytes of another digest are not written. NULL: whatever they are. */
	const struct lw_digest *want;
	const atomic_size_t *lanes; /* how many are at work; NULL: this one alone */
	const atomic_bool *stop;    /* true: read no further (LW_E_BUSY); NULL: never */
	/* answered */
	uint8_t head_bytes[512];
	uint8_t tail_bytes[512];
	struct lw_digest digest;
	bool ours; /* the error is the sink's, or it was to stop: not the medium's */
};

/* LW_E_TRUNCATED, LW_E_IO, LW_E_BUSY; what `write` returns. */
int lw_lane_run(struct lw_lane *lane, struct lw_lane_read *read,
		struct lw_error *e) LW_WARN_UNUSED;

#endif
