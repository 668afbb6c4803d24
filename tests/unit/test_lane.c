/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/lane.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/people.h"
#include "tests/lib/scratch.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define ALL (13 * MIB)

/* A medium of ALL bytes, no two blocks alike. */
static struct {
	struct scratch at;
	uint8_t *bytes;
	int fd;
} medium;

static int setup(void **state)
{
	uint32_t x = 1;

	(void)state;
	scratch_make(&medium.at);
	medium.bytes = lw_alloc(ALL);
	for (size_t i = 0; i < ALL; i++) {
		x = x * 1664525 + 1013904223;
		medium.bytes[i] = (uint8_t)(x >> 24);
	}
	scratch_write(medium.at.dir, "m", lw_span(medium.bytes, ALL));
	medium.fd = openat(medium.at.dir, "m", O_RDONLY | O_CLOEXEC);
	return medium.fd < 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)close(medium.fd);
	free(medium.bytes);
	scratch_drop(&medium.at);
	return 0;
}

static struct lw_medium open_medium(void)
{
	struct lw_medium m = { .fd = medium.fd, .size = ALL, .exact = true };

	atomic_init(&m.bytes_read, 0);
	return m;
}

struct sink {
	struct lw_buf got;
	size_t fail_after; /* calls; SIZE_MAX: never */
	size_t calls;
	atomic_size_t lanes; /* at work, one or many in turns */
};

static int take(void *data, struct lw_span bytes, struct lw_error *e)
{
	struct sink *s = data;

	atomic_store(&s->lanes, s->calls % 3 == 1 ? 1000 : 1);
	if (s->calls++ >= s->fail_after)
		return lw_fail(e, LW_E_NOSPACE, "full");
	lw_buf_add(&s->got, bytes.p, bytes.n);
	return 0;
}

/* Around both thresholds: one read up to 512 KiB, two threads from 4 MiB. */
static const size_t sizes[] = { 0,
				1,
				511,
				512,
				513,
				512 * KIB - 1,
				512 * KIB,
				512 * KIB + 1,
				1 * MIB,
				2 * MIB + 7,
				4 * MIB - 1,
				4 * MIB,
				4 * MIB + 1,
				4 * MIB + 512 * KIB,
				8 * MIB + 123,
				12 * MIB };

static void run_read(struct lw_lane *lane, size_t offset, size_t head, size_t bytes,
		     size_t tail, bool write, bool apart)
{
	struct lw_medium m = open_medium();
	struct sink s = { .fail_after = SIZE_MAX };
	struct lw_lane_read r = { .medium = &m,
				  .offset = offset,
				  .head = head,
				  .bytes = bytes,
				  .tail = tail,
				  .write = write ? take : NULL,
				  .sink = &s,
				  .apart = apart };
	struct lw_error e = { 0 };
	struct lw_digest want = lw_digest_of(lw_span(medium.bytes + offset + head, bytes));

	OK(lw_lane_run(lane, &r, &e));
	assert_true(lw_digest_equal(&r.digest, &want));
	assert_memory_equal(r.head_bytes, medium.bytes + offset, head);
	assert_memory_equal(r.tail_bytes, medium.bytes + offset + head + bytes, tail);
	assert_false(r.ours);
	/* each byte once */
	assert_int_equal(atomic_load(&m.bytes_read), head + bytes + tail);
	if (write) {
		assert_int_equal(s.got.n, bytes);
		if (bytes)
			assert_memory_equal(s.got.p, medium.bytes + offset + head, bytes);
	}
	lw_buf_free(&s.got);
}

static void run_one(struct lw_lane *lane, size_t offset, size_t head, size_t bytes, size_t tail,
		    bool write)
{
	run_read(lane, offset, head, bytes, tail, write, false);
}

static void digests_are_right_at_every_size(void **state)
{
	struct lw_lane *lane = lw_lane_new();

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(sizes); i++) {
		run_one(lane, 0, 0, sizes[i], 0, true);
		run_one(lane, 0, 512, sizes[i], (512 - sizes[i] % 512) % 512, true);
		run_one(lane, 4096, 512, sizes[i], 511, false);
		run_one(lane, 777, 1, sizes[i], 1, true);
		run_read(lane, 777, 1, sizes[i], 1, true, true);
		run_read(lane, 778, 2, sizes[i], 1, false, true);
	}
	/* From large to small: no bytes of the one before are left over. */
	for (size_t i = LW_COUNT_OF(sizes); i-- > 0;)
		run_one(lane, 1, 512, sizes[i], 0, false);
	lw_lane_free(lane);
}

static void the_sinks_error_is_told_apart(void **state)
{
	struct lw_lane *lane = lw_lane_new();
	static const size_t after[] = { 0, 1, 3, 5 };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(sizes); i++)
		for (size_t k = 0; k < 2 * LW_COUNT_OF(after); k++) {
			const size_t fail_after = after[k / 2];
			struct lw_medium m = open_medium();
			struct sink s = { .fail_after = fail_after };
			struct lw_lane_read r = { .medium = &m,
						  .head = 512,
						  .bytes = sizes[i],
						  .write = take,
						  .sink = &s,
						  .apart = k % 2 };
			struct lw_error e = { 0 };
			size_t calls =
				sizes[i] == 0 ? 0 : (sizes[i] + 512 * KIB - 1) / (512 * KIB);
			int got = lw_lane_run(lane, &r, &e);

			if (calls > fail_after) {
				assert_int_equal(got, -(int)LW_E_NOSPACE);
				assert_true(r.ours);
				assert_int_equal(s.calls, fail_after + 1); /* not asked again */
				/* nor is the medium read to its end for nothing */
				assert_true(atomic_load(&m.bytes_read) <=
					    512 + (fail_after + 6) * 512 * KIB);
			} else {
				assert_int_equal(got, 0);
				assert_false(r.ours);
			}
			lw_buf_free(&s.got);
			/* and the lane is as new */
			run_one(lane, 5, 7, k ? 600 * KIB : 5 * MIB, 9, true);
		}
	lw_lane_free(lane);
}

/* Up to 512 KiB; a larger one is written as it is read. */
static void small_ones_of_another_digest_are_not_written(void **state)
{
	struct lw_lane *lane = lw_lane_new();

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(sizes); i++)
		for (int right = 0; right < 2; right++) {
			struct lw_medium m = open_medium();
			struct sink s = { .fail_after = SIZE_MAX };
			struct lw_digest want = lw_digest_of(
				lw_span(medium.bytes + 512, sizes[i] + (right ? 0 : 1)));
			struct lw_lane_read r = { .medium = &m,
						  .head = 512,
						  .bytes = sizes[i],
						  .write = take,
						  .want = &want,
						  .sink = &s };
			struct lw_error e = { 0 };

			OK(lw_lane_run(lane, &r, &e));
			assert_int_equal(lw_digest_equal(&r.digest, &want), right);
			assert_int_equal(s.got.n, right || sizes[i] > 512 * KIB ? sizes[i] : 0);
			lw_buf_free(&s.got);
		}
	lw_lane_free(lane);
}

static void a_medium_that_ends_too_early(void **state)
{
	struct lw_lane *lane = lw_lane_new();

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(sizes); i++) {
		/* missing: half of the header, a byte of the data, the last byte of the padding
		 */
		const size_t offsets[] = { ALL - 256, ALL - 512 - sizes[i] + 1,
					   ALL - 512 - sizes[i] - 10 };

		for (size_t k = 0; k < LW_COUNT_OF(offsets); k++) {
			struct lw_medium m = open_medium();
			struct sink s = { .fail_after = SIZE_MAX };
			struct lw_lane_read r = { .medium = &m,
						  .offset = offsets[k],
						  .head = 512,
						  .bytes = sizes[i],
						  .tail = 11,
						  .write = take,
						  .sink = &s };
			struct lw_error e = { 0 };

			FAILS(LW_E_TRUNCATED, lw_lane_run(lane, &r, &e));
			assert_false(r.ours);
			assert_true(s.got.n <= sizes[i]);
			lw_buf_free(&s.got);
		}
		run_one(lane, 5, 7, 5 * MIB, 9, false);
	}
	lw_lane_free(lane);
}

static void a_medium_that_cannot_be_read(void **state)
{
	struct lw_lane *lane = lw_lane_new();
	struct lw_error e = { 0 };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(sizes); i++) {
		struct lw_medium m = { .fd = -1, .size = ALL };
		struct lw_lane_read r = { .medium = &m, .head = 512, .bytes = sizes[i] };

		FAILS(LW_E_IO, lw_lane_run(lane, &r, &e));
		assert_false(r.ours);
		assert_int_equal(atomic_load(&m.bytes_read), 0);
	}
	lw_lane_free(lane);
}

/* A header of 512 bytes and so many after it, read with what stands behind it up to `end`. */
static int run_ahead(struct lw_lane *lane, struct lw_medium *m, size_t offset, size_t bytes,
		     size_t end, struct lw_error *e)
{
	struct lw_lane_read r = { .medium = m,
				  .offset = offset,
				  .head = 512,
				  .bytes = bytes,
				  .ahead = end - offset };
	struct lw_digest want = lw_digest_of(lw_span(medium.bytes + offset + 512, bytes));
	int rc = lw_lane_run(lane, &r, e);

	assert_false(r.ours);
	if (rc == 0) {
		assert_true(lw_digest_equal(&r.digest, &want));
		assert_memory_equal(r.head_bytes, medium.bytes + offset, 512);
	}
	return rc;
}

static void small_ones_are_read_with_those_behind(void **state)
{
	struct lw_lane *lane = lw_lane_new();
	struct lw_medium m = open_medium();
	struct lw_error e = { 0 };
	const size_t end = 100 + 3000 * 700;

	(void)state;
	for (size_t i = 0; i < 3000; i++) { /* more than one window of them */
		OK(run_ahead(lane, &m, 100 + i * 700, 188, end, &e));
		if (i == 0)
			assert_int_equal(atomic_load(&m.bytes_read), MIB);
	}
	assert_int_equal(atomic_load(&m.bytes_read), 3000 * 700);
	/* One that is as large as any is, and then another medium at the same place. */
	OK(run_ahead(lane, &m, end, 512 * KIB, end + 2 * MIB, &e));
	OK(run_ahead(lane, &m, end + 512 + 512 * KIB, 512 * KIB, end + 2 * MIB, &e));
	assert_int_equal(atomic_load(&m.bytes_read), 3000 * 700 + MIB + 512 * KIB + 512);
	m.fd = -1;
	FAILS(LW_E_IO, run_ahead(lane, &m, 100, 188, 100, &e));
	lw_lane_free(lane);
}

/* It ends within the third: the first two are there, and nobody asks for its bytes again. */
static void what_cannot_be_read_is_one_of_them(void **state)
{
	struct lw_lane *lane = lw_lane_new();
	struct lw_medium m = open_medium();
	struct lw_error e = { 0 };
	lw_auto_fd int fd = openat(medium.at.dir, "short", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(write(fd, medium.bytes, 2500), 2500);
	m.fd = fd;
	OK(run_ahead(lane, &m, 0, 488, 10000, &e));
	OK(run_ahead(lane, &m, 1000, 488, 10000, &e));
	FAILS(LW_E_TRUNCATED, run_ahead(lane, &m, 2000, 488, 10000, &e));
	assert_non_null(strstr(e.text, "2500, 500 bytes short"));
	assert_int_equal(atomic_load(&m.bytes_read), 2500);
	FAILS(LW_E_TRUNCATED, run_ahead(lane, &m, 3000, 488, 10000, &e));
	assert_int_equal(atomic_load(&m.bytes_read), 2500);
	/* It is whole again, and the third was told of: the fifth is read. */
	assert_int_equal(pwrite(fd, medium.bytes, 10000, 0), 10000);
	OK(run_ahead(lane, &m, 4000, 488, 10000, &e));
	lw_lane_free(lane);
}

static void the_second_thread_comes_and_goes(void **state)
{
	struct lw_lane *lane = lw_lane_new();
	static const size_t first[] = { 1, 1000 };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(sizes); i++)
		for (size_t k = 0; k < LW_COUNT_OF(first); k++) {
			struct lw_medium m = open_medium();
			struct sink s = { .fail_after = SIZE_MAX };
			struct lw_lane_read r = { .medium = &m,
						  .bytes = sizes[i],
						  .write = k ? NULL : take,
						  .sink = &s,
						  .lanes = &s.lanes };
			struct lw_error e = { 0 };
			struct lw_digest want = lw_digest_of(lw_span(medium.bytes, sizes[i]));

			atomic_init(&s.lanes, first[k]);
			OK(lw_lane_run(lane, &r, &e));
			assert_true(lw_digest_equal(&r.digest, &want));
			if (s.got.n)
				assert_memory_equal(s.got.p, medium.bytes, sizes[i]);
			lw_buf_free(&s.got);
		}
	lw_lane_free(lane);
}

static void unused_lanes_are_released(void **state)
{
	(void)state;
	lw_lane_free(lw_lane_new());
	lw_lane_free(NULL);
}

/* ---- several at once, as gate 4 uses them ---- */

struct worker {
	pthread_t thread;
	struct lw_medium *medium;
	size_t first;
	bool good;
};

static void *work(void *data)
{
	struct worker *w = data;
	struct lw_lane *lane = lw_lane_new();

	w->good = true;
	for (size_t round = 0; round < 3; round++)
		for (size_t i = 0; i < LW_COUNT_OF(sizes); i++) {
			size_t n = sizes[(i + w->first) % LW_COUNT_OF(sizes)];
			struct lw_lane_read r = { .medium = w->medium,
						  .offset = w->first * 100,
						  .head = 512,
						  .bytes = n,
						  .tail = 3 };
			struct lw_error e;
			struct lw_digest want =
				lw_digest_of(lw_span(medium.bytes + w->first * 100 + 512, n));

			w->good = lw_lane_run(lane, &r, &e) == 0 &&
				  lw_digest_equal(&want, &r.digest) && w->good;
		}
	lw_lane_free(lane);
	return NULL;
}

static void lanes_side_by_side(void **state)
{
	struct lw_medium m = open_medium();
	struct worker workers[4];
	size_t each = 0;

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(sizes); i++)
		each += 3 * (512 + sizes[i] + 3);
	for (size_t i = 0; i < LW_COUNT_OF(workers); i++) {
		workers[i] = (struct worker){ .medium = &m, .first = i };
		OK(pthread_create(&workers[i].thread, NULL, work, &workers[i]));
	}
	for (size_t i = 0; i < LW_COUNT_OF(workers); i++) {
		OK(pthread_join(workers[i].thread, NULL));
		assert_true(workers[i].good);
	}
	assert_int_equal(atomic_load(&m.bytes_read), LW_COUNT_OF(workers) * each);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_right_at_every_size),
		cmocka_unit_test(the_sinks_error_is_told_apart),
		cmocka_unit_test(small_ones_of_another_digest_are_not_written),
		cmocka_unit_test(a_medium_that_ends_too_early),
		cmocka_unit_test(a_medium_that_cannot_be_read),
		cmocka_unit_test(small_ones_are_read_with_those_behind),
		cmocka_unit_test(what_cannot_be_read_is_one_of_them),
		cmocka_unit_test(the_second_thread_comes_and_goes),
		cmocka_unit_test(unused_lanes_are_released),
		cmocka_unit_test(lanes_side_by_side),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
