/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/content.h"

#include "base/fs.h"
#include "base/mem.h"
#include "bundle/format.h"
#include "bundle/lane.h"

#include <fcntl.h>

#define LANES	    2
#define FLUSH_BYTES ((uint64_t)8 << 20)
#define TELL_BYTES  ((uint64_t)16 << 20)

/* What the lanes share. */
struct shared {
	struct lw_content_job *job;
	const uint64_t *offsets; /* of each entry's header */
	atomic_size_t next;	 /* entries are claimed from the last (largest) to the first */
	atomic_uint_fast64_t done;
	atomic_bool stop;
	pthread_mutex_t lock; /* findings, progress, the error */
	struct lw_error error;
	uint64_t told;
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
	if (done >= s->told + TELL_BYTES || done == s->job->entries->bytes) {
		s->told = done;
		p->tell(p->data, done, s->job->entries->bytes);
	}
	(void)pthread_mutex_unlock(&s->lock);
}

struct sink {
	int fd;
	uint64_t offset, flushed;
};

static int write_at(void *data, struct lw_span bytes, struct lw_error *e)
{
	struct sink *to = data;
	int r = lw_fs_pwrite(to->fd, bytes.p, bytes.n, to->offset, e);

	to->offset += bytes.n;
	/* The device starts on these bytes while the next are hashed; the fsync at the end then
	 * waits for the last of them only. A hint: its failure shows in that fsync. */
	if (r == 0 && to->offset - to->flushed >= FLUSH_BYTES) {
		(void)sync_file_range(to->fd, (off_t)to->flushed,
				      (off_t)(to->offset - to->flushed), SYNC_FILE_RANGE_WRITE);
		to->flushed = to->offset;
	}
	return r;
}

/* Everything from the header to the padding of one entry. The medium's faults come back as an
 * error; *ret_ours tells those of the sink. */
static int read_entry(struct shared *s, struct lw_lane *lane, const struct lw_entry *entry,
		      uint64_t offset, struct sink *sink, bool *ret_ours, struct lw_error *e)
{
	char name[LW_BLOB_NAME], have[LW_DIGEST_TEXT];
	uint8_t want[LW_TAR_BLOCK];
	struct lw_lane_read read = {
		.medium = s->job->medium,
		.offset = offset,
		.head = LW_TAR_BLOCK,
		.bytes = entry->size,
		.tail = lw_format_padding(entry->size),
		.write = sink->fd < 0 ? NULL : write_at,
		.sink = sink,
	};

	lw_format_header(lw_format_blob_name(&entry->digest, name), entry->size, want);

	int r = lw_lane_run(lane, &read, e);
	*ret_ours = read.sink_failed;
	if (r < 0)
		return r;
	if (memcmp(read.head_bytes, want, sizeof(want)) != 0)
		return lw_fail(e, LW_E_CONFLICT, "another header stands before it");
	for (uint64_t i = 0; i < read.tail; i++)
		if (read.tail_bytes[i])
			return lw_fail(e, LW_E_CONFLICT, "padding is not zero");
	if (!lw_digest_equal(&read.digest, &entry->digest))
		return lw_fail(e, LW_E_DIGEST, "%s", lw_digest_text(&read.digest, have));
	return 0;
}

static void judge_entry(struct shared *s, struct lw_lane *lane, size_t i)
{
	struct lw_content_job *job = s->job;
	struct lw_entry *entry = &job->entries->list[i];
	struct lw_error e = { 0 };
	bool ours = false;
	struct sink sink = { .fd = -1 };

	if (job->open_sink &&
	    job->open_sink(job->sink, entry, &sink.fd, &sink.offset, &e) < 0) {
		fail_all(s, &e);
		return;
	}

	int r = read_entry(s, lane, entry, s->offsets[i], &sink, &ours, &e);
	if (r < 0 && ours) {
		fail_all(s, &e);
	} else if (r < 0) {
		(void)pthread_mutex_lock(&s->lock);
		job->bad(job->bad_data, entry, &e);
		(void)pthread_mutex_unlock(&s->lock);
	}
	if (job->close_sink && job->close_sink(job->sink, entry, sink.fd, r == 0, &e) < 0)
		fail_all(s, &e);
	tell(s, entry->size);
}

static void *lane_main(void *data)
{
	struct shared *s = data;
	size_t n = s->job->entries->n;
	struct lw_lane *lane = lw_lane_new();

	for (;;) {
		size_t i = atomic_fetch_add(&s->next, 1);

		if (i >= n || atomic_load(&s->stop))
			break;
		/* The list ascends by size. */
		judge_entry(s, lane, s->job->in_order ? i : n - 1 - i);
	}
	lw_lane_free(lane);
	return NULL;
}

int lw_content_read(struct lw_content_job *job, struct lw_error *e)
{
	size_t n = job->entries->n, lanes = job->in_order ? 1 : LANES;
	lw_auto_free uint64_t *offsets = lw_alloc_array(n, sizeof(*offsets));
	pthread_t threads[LANES];
	uint64_t at = job->first_offset;
	struct shared s = { .job = job, .offsets = offsets };

	for (size_t i = 0; i < n; i++) {
		offsets[i] = at;
		at += lw_format_member(job->entries->list[i].size);
	}
	(void)pthread_mutex_init(&s.lock, NULL);
	for (size_t i = 1; i < lanes; i++)
		if (pthread_create(&threads[i], NULL, lane_main, &s) != 0)
			lanes = i; /* fewer lanes are slower, not wrong */
	(void)lane_main(&s);
	for (size_t i = 1; i < lanes; i++)
		(void)pthread_join(threads[i], NULL);
	(void)pthread_mutex_destroy(&s.lock);
	if (atomic_load(&s.stop)) {
		*e = s.error;
		return -(int)s.error.code;
	}
	return 0;
}
