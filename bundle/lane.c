/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/lane.h"

#include "base/mem.h"

#include <pthread.h>
#include <sched.h>

#define BUFFER_BYTES LW_LANE_SMALL_BYTES
#define BUFFERS	     4
#define WINDOW_BYTES ((size_t)1 << 20)
/* From here on a second thread pays for its hand-overs. */
#define SHARED_FROM ((uint64_t)4 << 20)

struct buffer {
	uint8_t *p;
	size_t n;
};

/* What was read of small blobs, and not asked for yet. */
struct window {
	struct lw_medium *medium;
	uint8_t *p; /* WINDOW_BYTES */
	uint64_t offset;
	size_t n;
	struct lw_error error; /* what stands behind it, if it was tried */
};

struct lw_lane {
	struct buffer ring[BUFFERS];
	struct window window;
	struct lw_hasher *hasher;
	size_t cores;
	/* The hashing thread: takes filled[taken % BUFFERS] until `filled` says there is no
	 * more. */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t filled, taken; /* counts of buffers, ever growing */
	bool quit;
	/* Where it writes, too: whose bytes they are, and what came of it. */
	const struct lw_lane_read *writing;
	int written; /* below 0: what is in `error` */
	struct lw_error error;
};

/* What writing it came to. */
static int take_buffer(struct lw_lane *lane, const struct buffer *b)
{
	const struct lw_lane_read *read = lane->writing;

	lw_hasher_add(lane->hasher, b->p, b->n);
	if (!read || lane->written < 0)
		return lane->written;
	return read->write(read->sink, lw_span(b->p, b->n), &lane->error);
}

static void *hash_main(void *data)
{
	struct lw_lane *lane = data;

	(void)pthread_mutex_lock(&lane->lock);
	for (;;) {
		while (lane->taken == lane->filled && !lane->quit)
			(void)pthread_cond_wait(&lane->changed, &lane->lock);
		if (lane->taken == lane->filled)
			break;

		const struct buffer *b = &lane->ring[lane->taken % BUFFERS];
		int r;

		(void)pthread_mutex_unlock(&lane->lock);
		r = take_buffer(lane, b);
		(void)pthread_mutex_lock(&lane->lock);
		lane->written = r;
		lane->taken++;
		(void)pthread_cond_broadcast(&lane->changed);
	}
	(void)pthread_mutex_unlock(&lane->lock);
	return NULL;
}

static size_t count_cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

struct lw_lane *lw_lane_new(void)
{
	struct lw_lane *lane = lw_alloc_array(1, sizeof(*lane));

	lane->hasher = lw_hasher_new();
	lane->cores = count_cores();
	(void)pthread_mutex_init(&lane->lock, NULL);
	(void)pthread_cond_init(&lane->changed, NULL);
	return lane;
}

void lw_lane_free(struct lw_lane *lane)
{
	if (!lane)
		return;
	if (lane->running) {
		(void)pthread_mutex_lock(&lane->lock);
		lane->quit = true;
		(void)pthread_cond_broadcast(&lane->changed);
		(void)pthread_mutex_unlock(&lane->lock);
		(void)pthread_join(lane->thread, NULL);
	}
	for (size_t i = 0; i < BUFFERS; i++)
		free(lane->ring[i].p);
	free(lane->window.p);
	lw_hasher_free(lane->hasher);
	(void)pthread_cond_destroy(&lane->changed);
	(void)pthread_mutex_destroy(&lane->lock);
	free(lane);
}

static struct buffer *buffer_at(struct lw_lane *lane, size_t i)
{
	struct buffer *b = &lane->ring[i % BUFFERS];

	if (!b->p)
		b->p = lw_alloc(BUFFER_BYTES + 1024);
	return b;
}

static int write_sink(struct lw_lane_read *read, const void *p, size_t n, struct lw_error *e)
{
	if (!read->write || n == 0)
		return 0;

	int r = read->write(read->sink, lw_span(p, n), e);

	read->ours = r < 0;
	return r;
}

/* What the window has from that offset on moves to its beginning. */
static void move_window(struct window *w, struct lw_medium *medium, uint64_t offset)
{
	if (!w->p)
		w->p = lw_alloc(WINDOW_BYTES);
	if (w->medium != medium || offset < w->offset || offset > w->offset + w->n) {
		w->n = 0;
		w->error.code = 0;
	} else {
		w->n -= (size_t)(offset - w->offset);
		memmove(w->p, w->p + (offset - w->offset), w->n);
	}
	w->medium = medium;
	w->offset = offset;
}

/* What could not be read is not asked for again. */
static int fail_behind(const struct window *w, size_t all, struct lw_error *e)
{
	if (w->error.code == LW_E_TRUNCATED)
		return lw_fail(e, LW_E_TRUNCATED, "ends at offset %llu, %zu bytes short",
			       (unsigned long long)w->offset + w->n, all - w->n);
	*e = w->error;
	return -(int)e->code;
}

/* The next `all` bytes, and what may be read with them. */
static int look(struct window *w, const struct lw_lane_read *read, size_t all,
		const uint8_t **ret, struct lw_error *e)
{
	size_t want = read->ahead < WINDOW_BYTES ? (size_t)read->ahead : WINDOW_BYTES, got = 0;
	const uint64_t at = read->offset;

	if (read->ahead == 0)
		w->medium = NULL; /* nothing is expected of it, nor left to it */
	if (w->medium == read->medium && at >= w->offset && at + all <= w->offset + w->n) {
		*ret = w->p + (at - w->offset);
		return 0;
	}
	move_window(w, read->medium, at);
	if (w->error.code == 0) {
		want = want > all ? want : all;
		(void)!lw_medium_read_some(w->medium, w->p + w->n, want - w->n,
					   w->offset + w->n, &got, &w->error);
		w->n += got;
	}
	*ret = w->p;
	return w->n < all ? fail_behind(w, all, e) : 0;
}

/* Header, bytes and padding at once. */
static int run_small(struct lw_lane *lane, struct lw_lane_read *read, struct lw_error *e)
{
	size_t all = read->head + (size_t)read->bytes + (size_t)read->tail;
	const uint8_t *p = NULL;
	int r = look(&lane->window, read, all, &p, e);

	if (r < 0)
		return r;
	memcpy(read->head_bytes, p, read->head);
	memcpy(read->tail_bytes, p + read->head + read->bytes, (size_t)read->tail);
	lw_hasher_add(lane->hasher, p + read->head, (size_t)read->bytes);
	read->digest = lw_hasher_final(lane->hasher);
	if (read->want && !lw_digest_equal(&read->digest, read->want))
		return 0;
	return write_sink(read, p + read->head, (size_t)read->bytes, e);
}

/* What the other thread's writes came to, of those that are done. */
static int wait_for_room(struct lw_lane *lane, size_t in_flight)
{
	int r;

	(void)pthread_mutex_lock(&lane->lock);
	while (lane->filled - lane->taken > in_flight)
		(void)pthread_cond_wait(&lane->changed, &lane->lock);
	r = lane->written;
	(void)pthread_mutex_unlock(&lane->lock);
	return r;
}

static void hand_over(struct lw_lane *lane, size_t n)
{
	(void)pthread_mutex_lock(&lane->lock);
	lane->ring[lane->filled % BUFFERS].n = n;
	lane->filled++;
	(void)pthread_cond_broadcast(&lane->changed);
	(void)pthread_mutex_unlock(&lane->lock);
}

/* Whether a second thread can hash: it only takes time from another lane where cores are few,
 * but for one that waits for its medium. */
static bool second_thread(struct lw_lane *lane, const struct lw_lane_read *read)
{
	if (!read->apart && (read->bytes < SHARED_FROM ||
			     (read->lanes ? atomic_load(read->lanes) : 1) >= lane->cores))
		return false;
	if (!lane->running)
		lane->running = pthread_create(&lane->thread, NULL, hash_main, lane) == 0;
	return lane->running;
}

/* The next piece, hashed and written, or handed to the thread that does. */
static int run_piece(struct lw_lane *lane, struct lw_lane_read *read, size_t n, uint64_t at,
		     struct lw_error *e)
{
	struct buffer *b = buffer_at(lane, lane->filled);
	const bool shared = second_thread(lane, read);
	int r = wait_for_room(lane, shared ? BUFFERS - 1 : 0);

	if (r < 0)
		return r;
	if (read->stop && atomic_load(read->stop)) {
		read->ours = true;
		return lw_fail(e, LW_E_BUSY, "stopped");
	}
	r = lw_medium_read(read->medium, b->p, n, at, e);
	if (r < 0)
		return r;
	/* The hasher reads the buffer while it is written out; neither changes it. */
	if (shared)
		hand_over(lane, n);
	else
		lw_hasher_add(lane->hasher, b->p, n);
	return lane->writing ? 0 : write_sink(read, b->p, n, e);
}

static int run_pieces(struct lw_lane *lane, struct lw_lane_read *read, struct lw_error *e)
{
	uint64_t at = read->offset + read->head, left = read->bytes;
	int r = 0;

	lane->written = 0;
	lane->writing = read->apart && read->write && second_thread(lane, read) ? read : NULL;
	while (left > 0 && r == 0) {
		size_t n = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;

		r = run_piece(lane, read, n, at, e);
		if (r == 0 && read->went)
			read->went(read->sink, n);
		at += n;
		left -= n;
	}
	if (wait_for_room(lane, 0) < 0) {
		read->ours = true;
		*e = lane->error;
		r = lane->written;
	}
	lane->writing = NULL;
	return r;
}

int lw_lane_run(struct lw_lane *lane, struct lw_lane_read *read, struct lw_error *e)
{
	read->ours = false;
	if (read->bytes <= BUFFER_BYTES)
		return run_small(lane, read, e);

	int r = lw_medium_read(read->medium, read->head_bytes, read->head, read->offset, e);

	if (r == 0)
		r = run_pieces(lane, read, e);
	read->digest = lw_hasher_final(lane->hasher);
	if (r == 0 && read->tail)
		r = lw_medium_read(read->medium, read->tail_bytes, (size_t)read->tail,
				   read->offset + read->head + read->bytes, e);
	return r;
}
