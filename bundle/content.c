/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/content.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/threads.h"
#include "bundle/format.h"
#include "bundle/lane.h"

#include <fcntl.h>

#define TELL_BYTES ((uint64_t)16 << 20)
/* How often what was written is handed to the device; the syncing thread closes sinks of at
 * least this size. */
#define TURN_BYTES ((uint64_t)8 << 20)
#define SYNCING	   8
/* Blobs of at most this size are claimed, and read, several at once, up to that many bytes. */
#define SMALL_BYTES ((uint64_t)128 << 10)
#define BATCH_BYTES ((uint64_t)1 << 20)

/* What the lanes share. */
struct shared {
	struct lw_content_job *job;
	const uint64_t *offsets; /* of each entry's first header */
	const uint32_t *batches; /* where each begins, counted from the first; and the end */
	size_t n_batches;
	atomic_size_t next; /* they are claimed from the last (largest) to the first */
	atomic_uint_fast64_t done;
	atomic_size_t lanes; /* at work */
	atomic_bool stop;
	pthread_mutex_t lock; /* findings, progress, the error, what is to be synced */
	struct lw_error error;
	uint64_t told;
	/* A thread of its own waits for the device while the lanes go on. */
	struct syncing {
		struct lw_entry *entry;
		int fd;
		bool good;
	} queue[SYNCING];
	pthread_cond_t changed;
	size_t put, taken; /* counts, ever growing */
	bool read;	   /* nothing more will be put */
	bool syncing;	   /* the thread is there */
};

static void fail_all(struct shared *s, const struct lw_error *e)
{
	(void)pthread_mutex_lock(&s->lock);
	if (!atomic_exchange(&s->stop, true))
		s->error = *e;
	(void)pthread_mutex_unlock(&s->lock);
}

static void tell(struct shared *s, uint64_t bytes)
{
	const struct lw_content_progress *p = &s->job->progress;
	uint64_t done = atomic_fetch_add(&s->done, bytes) + bytes;

	if (!p->tell)
		return;
	(void)pthread_mutex_lock(&s->lock);
	if (done >= s->told + TELL_BYTES || done == s->job->bytes) {
		s->told = done;
		p->tell(p->data, done, s->job->bytes);
	}
	(void)pthread_mutex_unlock(&s->lock);
}

/* ---- the syncing thread ---- */

static void close_sink(struct shared *s, struct lw_entry *entry, int fd, bool good)
{
	struct lw_error e = { 0 };

	if (s->job->close_sink && s->job->close_sink(s->job->sink, entry, fd, good, &e) < 0)
		fail_all(s, &e);
}

static void *sync_main(void *data)
{
	struct shared *s = data;

	(void)pthread_mutex_lock(&s->lock);
	for (;;) {
		while (s->taken == s->put && !s->read)
			(void)pthread_cond_wait(&s->changed, &s->lock);
		if (s->taken == s->put)
			break;

		struct syncing x = s->queue[s->taken % SYNCING];

		(void)pthread_mutex_unlock(&s->lock);
		close_sink(s, x.entry, x.fd, x.good);
		(void)pthread_mutex_lock(&s->lock);
		s->taken++;
		(void)pthread_cond_broadcast(&s->changed);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

static void put_syncing(struct shared *s, struct syncing x)
{
	(void)pthread_mutex_lock(&s->lock);
	while (s->put - s->taken == SYNCING)
		(void)pthread_cond_wait(&s->changed, &s->lock);
	s->queue[s->put++ % SYNCING] = x;
	(void)pthread_cond_broadcast(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}

/* ---- the lanes ---- */

struct sink {
	struct shared *shared;
	uint64_t told; /* of this entry's bytes */
	int fd;
	uint64_t offset, given;
	struct lw_hasher *whole; /* of a blob that stands in pieces; else NULL */
	uint64_t ahead;		 /* what may be read with it, of a blob in one piece */
};

/* Of a large blob: whoever looks on is not left without a word until it ends. */
static void went(void *data, uint64_t bytes)
{
	struct sink *to = data;

	to->told += bytes;
	tell(to->shared, bytes);
}

static int write_at(void *data, struct lw_span bytes, struct lw_error *e)
{
	struct sink *to = data;
	int r = 0;

	if (to->whole)
		lw_hasher_add(to->whole, bytes.p, bytes.n);
	if (to->fd >= 0)
		r = lw_fs_pwrite(to->fd, bytes.p, bytes.n, to->offset, e);
	to->offset += bytes.n;
	/* The device works while the next bytes are hashed. Started, not awaited: a sync here
	 * would be a journal commit each. What fails is told by the sync at the end. */
	if (r == 0 && to->fd >= 0 && to->offset - to->given >= TURN_BYTES) {
		(void)sync_file_range(to->fd, (off_t)to->given, (off_t)(to->offset - to->given),
				      SYNC_FILE_RANGE_WRITE);
		to->given = to->offset;
	}
	return r;
}

struct member {
	const char *name;
	const struct lw_digest *digest;
	uint64_t size, offset; /* of its header */
};

/* Everything from the header to the padding of one member. The medium's faults come back as an
 * error; *ret_ours tells those of the sink, and being stopped. */
static int read_member(struct shared *s, struct lw_lane *lane, const struct member *m,
		       struct sink *sink, bool *ret_ours, struct lw_error *e)
{
	char have[LW_DIGEST_TEXT];
	uint8_t want[LW_TAR_BLOCK];
	struct lw_lane_read read = {
		.medium = s->job->medium,
		.offset = m->offset,
		.head = LW_TAR_BLOCK,
		.bytes = m->size,
		.tail = lw_format_padding(m->size),
		.ahead = sink->ahead,
		.write = sink->fd < 0 && !sink->whole ? NULL : write_at,
		.went = went,
		.sink = sink,
		.apart = s->job->in_order,
		.want = m->digest,
		.lanes = &s->lanes,
		.stop = s->job->stop,
	};

	lw_format_header(m->name, m->size, want);

	int r = lw_lane_run(lane, &read, e);
	*ret_ours = read.ours;
	if (r < 0)
		return r;
	if (memcmp(read.head_bytes, want, sizeof(want)) != 0)
		return lw_fail(e, LW_E_CONFLICT, "another header stands before it");
	for (uint64_t i = 0; i < read.tail; i++)
		if (read.tail_bytes[i])
			return lw_fail(e, LW_E_CONFLICT, "padding is not zero");
	if (!lw_digest_equal(&read.digest, m->digest))
		return lw_fail(e, LW_E_DIGEST, "%s", lw_digest_text(&read.digest, have));
	return 0;
}

/* What came of a member: whether all was well. */
static bool settle(struct shared *s, const struct lw_entry *entry, const struct lw_part *piece,
		   int r, bool ours, const struct lw_error *e)
{
	if (r < 0 && ours) {
		fail_all(s, e);
	} else if (r < 0) {
		(void)pthread_mutex_lock(&s->lock);
		s->job->bad(s->job->bad_data, entry, piece, e);
		(void)pthread_mutex_unlock(&s->lock);
	}
	return r == 0;
}

static bool read_entry(struct shared *s, struct lw_lane *lane, const struct lw_entry *entry,
		       uint64_t offset, struct sink *sink)
{
	char name[LW_BLOB_NAME];
	const struct member m = { lw_format_blob_name(&entry->digest, name), &entry->digest,
				  entry->size, offset };
	struct lw_error e = { 0 };
	bool ours = false;
	int r = read_member(s, lane, &m, sink, &ours, &e);

	return settle(s, entry, NULL, r, ours, &e);
}

/* All of it was read, in order. */
static bool judge_whole(struct shared *s, const struct lw_entry *entry, struct sink *sink)
{
	struct lw_digest have = lw_hasher_final(sink->whole);
	struct lw_error e = { 0 };
	char text[LW_DIGEST_TEXT];
	int r = lw_digest_equal(&have, &entry->digest)
			? 0
			: lw_fail(&e, LW_E_DIGEST, "%s", lw_digest_text(&have, text));

	return settle(s, entry, NULL, r, false, &e);
}

/* The pieces that stand here, each where it belongs in the blob. */
static bool read_pieces(struct shared *s, struct lw_lane *lane, size_t i, uint64_t offset,
			struct sink *sink)
{
	const struct lw_entries *all = s->job->entries;
	const struct lw_entry *entry = &all->list[i];
	LW_AUTO(hasher) struct lw_hasher *hasher = lw_hasher_new();
	const uint64_t base = sink->offset;
	uint64_t at = 0;
	size_t first, end, p, here_end;
	bool good = true, whole = lw_extent_is_whole(all, &s->job->extent, i);

	lw_entries_pieces(all, i, &first, &end);
	lw_extent_pieces(all, &s->job->extent, i, &p, &here_end);
	for (; first < p; first++)
		at += all->pieces[first].size;
	sink->whole = whole ? hasher : NULL;
	for (; p < here_end && !atomic_load(&s->stop); p++) {
		struct lw_part *piece = &all->pieces[p];
		char name[LW_PIECE_NAME];
		const struct member m = { lw_format_piece_name(&entry->digest, piece->number,
							       name),
					  &piece->digest, piece->size, offset };
		struct lw_error e = { 0 };
		bool ours = false;
		int r;

		sink->offset = sink->given = base + at;
		at += piece->size;
		offset += lw_format_member(piece->size);
		if (piece->flags & LW_ENTRY_STAGED) {
			whole = false;
			continue;
		}
		r = read_member(s, lane, &m, sink, &ours, &e);
		if (settle(s, entry, piece, r, ours, &e))
			piece->flags |= LW_ENTRY_TAKEN;
		else
			good = false;
	}
	if (p < here_end)
		return false; /* another lane failed: the rest was not read */
	return good && whole ? judge_whole(s, entry, sink) : good;
}

static bool is_wanted(const struct lw_content_job *job, size_t i)
{
	const uint64_t flags = job->entries->list[i].flags;

	return i < job->end && lw_extent_has(job->entries, &job->extent, i) &&
	       !(flags & job->skip) && (job->only == 0 || flags & job->only);
}

static void judge_entry(struct shared *s, struct lw_lane *lane, size_t i, uint64_t end)
{
	struct lw_content_job *job = s->job;
	struct lw_entry *entry = &job->entries->list[i];
	struct lw_error e = { 0 };
	uint64_t offset = s->offsets[i - job->extent.first];
	const bool cut = entry->flags & LW_ENTRY_CUT;
	/* Once another thread has the sink, the entry is that thread's. */
	const uint64_t size = lw_extent_entry_size(job->entries, &job->extent, i);
	struct sink sink = { .shared = s, .fd = -1, .ahead = cut ? 0 : end - offset };
	bool good;

	if (!is_wanted(job, i))
		return;
	if (entry->flags & LW_ENTRY_STAGED) {
		tell(s, size);
		return;
	}
	entry->flags |= LW_ENTRY_PASSED;
	if (job->open_sink &&
	    job->open_sink(job->sink, entry, &sink.fd, &sink.offset, &e) < 0) {
		fail_all(s, &e);
		return;
	}
	sink.given = sink.offset;
	good = cut ? read_pieces(s, lane, i, offset, &sink)
		   : read_entry(s, lane, entry, offset, &sink);
	if (s->syncing && sink.fd >= 0 && entry->size >= TURN_BYTES)
		put_syncing(s, (struct syncing){ entry, sink.fd, good });
	else
		close_sink(s, entry, sink.fd, good);
	tell(s, size - sink.told);
}

static void require_going(struct shared *s)
{
	struct lw_error e = { 0 };

	if (!s->job->stop || !atomic_load(s->job->stop))
		return;
	(void)lw_fail(&e, LW_E_BUSY, "stopped");
	fail_all(s, &e);
}

static void read_batch(struct shared *s, struct lw_lane *lane, size_t batch)
{
	const struct lw_content_job *job = s->job;
	const struct lw_extent *x = &job->extent;
	const size_t first = s->batches[batch], end = s->batches[batch + 1];
	const uint64_t end_offset = s->offsets[end - 1] +
				    lw_extent_entry_bytes(job->entries, x, x->first + end - 1);

	for (size_t i = first; i < end; i++) {
		require_going(s);
		if (atomic_load(&s->stop))
			return;
		judge_entry(s, lane, x->first + i, end_offset);
	}
}

static void *lane_main(void *data)
{
	struct shared *s = data;
	struct lw_lane *lane = lw_lane_new();

	for (;;) {
		size_t i = atomic_fetch_add(&s->next, 1);

		if (i >= s->n_batches || atomic_load(&s->stop))
			break;
		/* The list ascends by size. */
		read_batch(s, lane, s->job->in_order ? i : s->n_batches - 1 - i);
	}
	(void)atomic_fetch_sub(&s->lanes, 1);
	lw_lane_free(lane);
	return NULL;
}

/* Whether it may be read with others. */
static bool is_small(const struct lw_content_job *job, size_t i)
{
	const struct lw_entry *entry = &job->entries->list[i];

	return entry->size <= SMALL_BYTES && is_wanted(job, i) &&
	       !(entry->flags & (LW_ENTRY_CUT | LW_ENTRY_STAGED));
}

/* Offsets, batches, and what there is to read. */
static void lay_out(struct shared *s, uint64_t *offsets, uint32_t *batches)
{
	struct lw_content_job *job = s->job;
	const struct lw_extent *x = &job->extent;
	uint64_t at = job->first_offset, bytes = BATCH_BYTES;

	if (job->end == 0)
		job->end = x->end;
	job->bytes = 0;
	for (size_t i = x->first; i < x->end; i++) {
		uint64_t all = lw_extent_entry_bytes(job->entries, x, i);
		bool small = is_small(job, i);

		if (!small || bytes + all > BATCH_BYTES) {
			batches[s->n_batches++] = (uint32_t)(i - x->first);
			bytes = 0;
		}
		bytes = small ? bytes + all : BATCH_BYTES;
		offsets[i - x->first] = at;
		at += all;
		if (is_wanted(job, i))
			job->bytes += lw_extent_entry_size(job->entries, x, i);
	}
	batches[s->n_batches] = (uint32_t)(x->end - x->first);
}

int lw_content_read(struct lw_content_job *job, struct lw_error *e)
{
	const size_t n = job->extent.end - job->extent.first;
	lw_auto_free uint64_t *offsets = lw_alloc_array(n, sizeof(*offsets));
	lw_auto_free uint32_t *batches = lw_alloc_array(n + 1, sizeof(*batches));
	pthread_t syncer;
	struct shared s = { .job = job, .offsets = offsets, .batches = batches };

	lay_out(&s, offsets, batches);
	(void)pthread_mutex_init(&s.lock, NULL);
	(void)pthread_cond_init(&s.changed, NULL);
	s.syncing = pthread_create(&syncer, NULL, sync_main, &s) == 0;
	atomic_store(&s.lanes, job->in_order ? 1 : LW_THREADS);
	lw_threads_run(job->in_order ? 1 : LW_THREADS, lane_main, &s);
	if (s.syncing) {
		(void)pthread_mutex_lock(&s.lock);
		s.read = true;
		(void)pthread_cond_broadcast(&s.changed);
		(void)pthread_mutex_unlock(&s.lock);
		(void)pthread_join(syncer, NULL);
	}
	(void)pthread_cond_destroy(&s.changed);
	(void)pthread_mutex_destroy(&s.lock);
	if (atomic_load(&s.stop)) {
		*e = s.error;
		return -(int)s.error.code;
	}
	return 0;
}
