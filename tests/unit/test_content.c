/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/content.h"

#include "bundle/format.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "tests/lib/people.h"

#define MIB ((size_t)1 << 20)

/* Blobs on both sides of where a sink gets to the syncing thread, more than its queue holds. */
static const size_t sizes[] = { 0,	     1,	      4096,    MIB,	8 * MIB - 1, 8 * MIB,
				8 * MIB + 1, 9 * MIB, 9 * MIB, 9 * MIB, 9 * MIB,     9 * MIB,
				9 * MIB,     9 * MIB, 9 * MIB, 9 * MIB, 20 * MIB };
#define BLOBS LW_COUNT_OF(sizes)
#define FIRST 1024 /* where the first header stands */

struct fixture {
	struct lw_medium medium;
	struct lw_entry list[BLOBS];
	struct lw_entries entries;
	struct lw_content_job job;
	int fds[BLOBS];		/* what was written, kept */
	unsigned closed[BLOBS]; /* how often */
	bool good[BLOBS];
	bool refuse;	   /* to close */
	unsigned bads;	   /* told */
	atomic_bool wrong; /* seen in another thread, where no assertion can fail */
};

static size_t index_of(const struct fixture *f, const struct lw_entry *entry)
{
	return (size_t)(entry - f->list);
}

static int open_sink(void *data, struct lw_entry *entry, int *ret_fd, uint64_t *ret_offset,
		     struct lw_error *e)
{
	struct fixture *f = data;

	(void)ret_offset;
	(void)e;
	*ret_fd = memfd_create("sink", MFD_CLOEXEC);
	f->fds[index_of(f, entry)] = *ret_fd;
	return 0;
}

static int close_sink(void *data, struct lw_entry *entry, int fd, bool good, struct lw_error *e)
{
	struct fixture *f = data;
	size_t i = index_of(f, entry);

	if (fd != f->fds[i])
		f->wrong = true;
	if (entry->size >= 8 * MIB)
		(void)usleep(20000); /* as devices do, so that the queue fills */
	f->closed[i]++;
	f->good[i] = good;
	return f->refuse && entry->size >= 9 * MIB ? lw_fail(e, LW_E_NOSPACE, "full") : 0;
}

static void bad(void *data, const struct lw_entry *entry, const struct lw_part *piece,
		const struct lw_error *why)
{
	struct fixture *f = data;

	(void)entry;
	(void)piece;
	if (why->code != LW_E_DIGEST)
		f->wrong = true;
	f->bads++;
}

static int setup(void **state)
{
	struct fixture *f = lw_alloc_array(1, sizeof(*f));
	lw_auto_free uint8_t *block = lw_alloc(20 * MIB);
	uint64_t at = FIRST;
	uint32_t x = 1;

	f->medium.fd = memfd_create("medium", MFD_CLOEXEC);
	for (size_t i = 0; i < 20 * MIB; i++) {
		x = x * 1664525 + 1013904223;
		block[i] = (uint8_t)(x >> 24);
	}
	for (size_t i = 0; i < BLOBS; i++) {
		uint8_t header[LW_TAR_BLOCK];
		char name[LW_BLOB_NAME];

		block[0] = (uint8_t)i;
		f->list[i].size = sizes[i];
		f->list[i].digest = lw_digest_of(lw_span(block, sizes[i]));
		f->entries.bytes += sizes[i];
		lw_format_header(lw_format_blob_name(&f->list[i].digest, name), sizes[i],
				 header);
		assert_int_equal(pwrite(f->medium.fd, header, 512, (off_t)at), 512);
		assert_int_equal(pwrite(f->medium.fd, block, sizes[i], (off_t)at + 512),
				 (ssize_t)sizes[i]);
		at += lw_format_member(sizes[i]);
	}
	OK(ftruncate(f->medium.fd, (off_t)at));
	f->medium.size = at;
	f->entries.list = f->list;
	f->entries.n = BLOBS;
	f->job = (struct lw_content_job){ .medium = &f->medium,
					  .entries = &f->entries,
					  .extent = { .end = BLOBS, .end_piece = SIZE_MAX },
					  .first_offset = FIRST,
					  .open_sink = open_sink,
					  .close_sink = close_sink,
					  .sink = f,
					  .bad = bad,
					  .bad_data = f };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_false(f->wrong);
	for (size_t i = 0; i < BLOBS; i++)
		if (f->fds[i] > 0)
			(void)close(f->fds[i]);
	(void)close(f->medium.fd);
	free(f);
	return 0;
}

static void check_sink(const struct fixture *f, size_t i)
{
	lw_auto_free uint8_t *bytes = lw_alloc(sizes[i] + 1);
	struct lw_digest have;

	assert_int_equal(pread(f->fds[i], bytes, sizes[i] + 1, 0), (ssize_t)sizes[i]);
	have = lw_digest_of(lw_span(bytes, sizes[i]));
	assert_true(lw_digest_equal(&have, &f->list[i].digest));
}

static void every_sink_is_filled_and_closed_once(void **state)
{
	struct fixture *f = *state;
	struct lw_error e = { 0 };

	for (unsigned round = 1; round <= 2; round++) {
		f->job.in_order = round == 2;
		OK(lw_content_read(&f->job, &e));
		assert_int_equal(f->bads, 0);
		for (size_t i = 0; i < BLOBS; i++) {
			assert_int_equal(f->closed[i], round);
			assert_true(f->good[i]);
			check_sink(f, i);
			(void)close(f->fds[i]);
			f->fds[i] = -1;
		}
	}
	assert_int_equal(atomic_load(&f->medium.bytes_read), 2 * (f->medium.size - FIRST));
}

/* Every third first, then those of the rest before a place, then all others: each byte once. */
static void some_are_read_before_others(void **state)
{
	struct fixture *f = *state;
	struct lw_error e = { 0 };

	for (size_t i = 0; i < BLOBS; i += 3)
		f->list[i].flags |= LW_ENTRY_DOCUMENT;
	f->job.skip = LW_ENTRY_PASSED;
	f->job.only = LW_ENTRY_DOCUMENT;
	OK(lw_content_read(&f->job, &e));
	for (size_t i = 0; i < BLOBS; i++)
		assert_int_equal(f->closed[i], i % 3 == 0);
	f->job.only = 0;
	f->job.end = BLOBS / 2;
	OK(lw_content_read(&f->job, &e));
	for (size_t i = 0; i < BLOBS; i++)
		assert_int_equal(f->closed[i], i % 3 == 0 || i < BLOBS / 2);
	f->job.end = 0;
	OK(lw_content_read(&f->job, &e));
	for (size_t i = 0; i < BLOBS; i++) {
		assert_int_equal(f->closed[i], 1);
		assert_true(f->good[i]);
		check_sink(f, i);
	}
	assert_int_equal(atomic_load(&f->medium.bytes_read), f->medium.size - FIRST);
}

static void a_bad_blobs_sink_is_told_so(void **state)
{
	struct fixture *f = *state;
	struct lw_error e = { 0 };

	for (size_t i = 1; i < BLOBS; i += 3) {
		uint64_t at = FIRST;

		for (size_t k = 0; k < i; k++)
			at += lw_format_member(sizes[k]);
		assert_int_equal(pwrite(f->medium.fd, "\xff", 1, (off_t)(at + 512)), 1);
	}
	OK(lw_content_read(&f->job, &e));
	for (size_t i = 0; i < BLOBS; i++) {
		assert_int_equal(f->closed[i], 1);
		assert_int_equal(f->good[i], i % 3 != 1);
	}
	assert_int_equal(f->bads, (BLOBS + 1) / 3);
}

static void a_sink_that_cannot_be_closed_ends_it(void **state)
{
	struct fixture *f = *state;
	struct lw_error e = { 0 };

	f->refuse = true;
	FAILS(LW_E_NOSPACE, lw_content_read(&f->job, &e));
	for (size_t i = 0; i < BLOBS; i++)
		assert_true(f->closed[i] <= 1);
}

static void nothing_is_written_where_nothing_is_to_be(void **state)
{
	struct fixture *f = *state;
	struct lw_error e = { 0 };

	f->job.open_sink = NULL;
	f->job.close_sink = NULL;
	OK(lw_content_read(&f->job, &e));
	assert_int_equal(f->bads, 0);
}

struct told {
	uint64_t last, longest; /* bytes; between one word and the next */
};

static void note_told(void *data, uint64_t done, uint64_t total)
{
	struct told *t = data;

	(void)total;
	if (done - t->last > t->longest)
		t->longest = done - t->last;
	t->last = done;
}

/* The last blob has 20 MiB; a word is due every 16. */
static void nobody_waits_for_a_large_blob_to_end(void **state)
{
	struct fixture *f = *state;
	struct lw_error e = { 0 };

	for (unsigned round = 1; round <= 2; round++) {
		struct told told = { 0 };

		f->job.in_order = round == 2;
		f->job.progress.tell = note_told;
		f->job.progress.data = &told;
		OK(lw_content_read(&f->job, &e));
		assert_true(told.last == f->entries.bytes);
		assert_true(told.longest < 17 * MIB);
	}
}

/* One blob in three pieces, and nothing else. */
#define PIECE 600000
#define WHOLE (2 * PIECE + 500)

struct cut {
	struct lw_entry entry;
	struct lw_part pieces[3];
	struct lw_break breaks[1];
	struct lw_entries entries;
	struct lw_medium medium;
	struct lw_content_job job;
	int sink;
	bool refuse, good;  /* to take bytes; what the sink was told */
	atomic_bool failed; /* another one */
	unsigned bads, whole_bads;
};

static int open_cut(void *data, struct lw_entry *entry, int *ret_fd, uint64_t *ret_offset,
		    struct lw_error *e)
{
	struct cut *c = data;

	(void)entry;
	(void)ret_offset;
	(void)e;
	*ret_fd = c->refuse ? open("/dev/null", O_RDONLY | O_CLOEXEC) : c->sink;
	return 0;
}

static int close_cut(void *data, struct lw_entry *entry, int fd, bool good, struct lw_error *e)
{
	struct cut *c = data;

	(void)entry;
	(void)e;
	if (fd != c->sink)
		(void)close(fd);
	c->good = good;
	return 0;
}

static void bad_cut(void *data, const struct lw_entry *entry, const struct lw_part *piece,
		    const struct lw_error *why)
{
	struct cut *c = data;

	assert_ptr_equal(entry, &c->entry);
	assert_int_equal(why->code, LW_E_DIGEST);
	if (piece)
		c->bads++;
	else
		c->whole_bads++;
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 2654435761u >> 13);
}

static void make_cut(struct cut *c)
{
	lw_auto_free uint8_t *bytes = lw_alloc(WHOLE);
	uint64_t at = FIRST;

	*c = (struct cut){ .sink = memfd_create("sink", MFD_CLOEXEC) };
	for (size_t i = 0; i < WHOLE; i++)
		bytes[i] = byte_at(i);
	c->medium.fd = memfd_create("medium", MFD_CLOEXEC);
	c->entry = (struct lw_entry){ .digest = lw_digest_of(lw_span(bytes, WHOLE)),
				      .size = WHOLE,
				      .flags = LW_ENTRY_CUT };
	for (unsigned i = 0; i < 3; i++) {
		struct lw_span b =
			lw_span(bytes + (size_t)i * PIECE, i < 2 ? PIECE : WHOLE - 2 * PIECE);
		uint8_t header[LW_TAR_BLOCK];
		char name[LW_PIECE_NAME];

		c->pieces[i] = (struct lw_part){ lw_digest_of(b), b.n, 0, i, 0 };
		lw_format_header(lw_format_piece_name(&c->entry.digest, i, name), b.n, header);
		assert_int_equal(pwrite(c->medium.fd, header, 512, (off_t)at), 512);
		assert_int_equal(pwrite(c->medium.fd, b.p, b.n, (off_t)at + 512), (ssize_t)b.n);
		at += lw_format_member(b.n);
	}
	OK(ftruncate(c->medium.fd, (off_t)at));
	c->medium.size = at;
	c->breaks[0] = (struct lw_break){ 0, 1 };
	c->entries = (struct lw_entries){ .list = &c->entry,
					  .n = 1,
					  .bytes = WHOLE,
					  .pieces = c->pieces,
					  .n_pieces = 3,
					  .breaks = c->breaks };
	c->job = (struct lw_content_job){ .medium = &c->medium,
					  .entries = &c->entries,
					  .extent = { .end = 1, .end_piece = SIZE_MAX },
					  .first_offset = FIRST,
					  .in_order = true, /* in this thread */
					  .open_sink = open_cut,
					  .close_sink = close_cut,
					  .sink = c,
					  .bad = bad_cut,
					  .bad_data = c };
}

static void drop_cut(struct cut *c)
{
	(void)close(c->sink);
	(void)close(c->medium.fd);
}

static void sink_has(const struct cut *c, size_t from, size_t to)
{
	lw_auto_free uint8_t *bytes = lw_alloc(to - from);

	assert_int_equal(pread(c->sink, bytes, to - from, (off_t)from), (ssize_t)(to - from));
	for (size_t i = from; i < to; i++)
		if (bytes[i - from] != byte_at(i))
			fail_msg("byte %zu", i);
}

static void pieces_make_up_their_blob(void **state)
{
	struct lw_error e = { 0 };
	struct cut c;

	(void)state;
	make_cut(&c);
	OK(lw_content_read(&c.job, &e));
	assert_true(c.good);
	assert_int_equal(c.bads + c.whole_bads, 0);
	sink_has(&c, 0, WHOLE);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(c.pieces[i].flags, LW_ENTRY_TAKEN);
	assert_int_equal(atomic_load(&c.medium.bytes_read), c.medium.size - FIRST);
	drop_cut(&c);
}

/* Of what stands behind a blob's last piece nothing is read with it. */
static void pieces_are_read_alone(void **state)
{
	struct lw_error e = { 0 };
	struct cut c;

	(void)state;
	make_cut(&c);
	OK(ftruncate(c.medium.fd, (off_t)c.medium.size + 100000));
	OK(lw_content_read(&c.job, &e));
	assert_true(c.good);
	assert_int_equal(atomic_load(&c.medium.bytes_read), c.medium.size - FIRST);
	drop_cut(&c);
}

static void a_bad_piece_is_one(void **state)
{
	struct lw_error e = { 0 };
	struct cut c;

	(void)state;
	make_cut(&c);
	assert_int_equal(pwrite(c.medium.fd, "\xff\x00\xff", 3,
				(off_t)(FIRST + lw_format_member(PIECE) + 512 + 100)),
			 3);
	OK(lw_content_read(&c.job, &e));
	assert_false(c.good);
	assert_int_equal(c.bads, 1);
	assert_int_equal(c.whole_bads, 0);
	assert_int_equal(c.pieces[0].flags, LW_ENTRY_TAKEN);
	assert_int_equal(c.pieces[1].flags, 0);
	assert_int_equal(c.pieces[2].flags, LW_ENTRY_TAKEN);
	sink_has(&c, 2 * PIECE, WHOLE);
	drop_cut(&c);
}

static void good_pieces_of_another_blob_are_bad(void **state)
{
	struct lw_error e = { 0 };
	struct cut c;
	char name[LW_PIECE_NAME];
	uint8_t header[LW_TAR_BLOCK];
	uint64_t at = FIRST;

	(void)state;
	make_cut(&c);
	c.entry.digest.sha256[0] ^= 1;
	for (unsigned i = 0; i < 3; i++) {
		lw_format_header(lw_format_piece_name(&c.entry.digest, i, name),
				 c.pieces[i].size, header);
		assert_int_equal(pwrite(c.medium.fd, header, 512, (off_t)at), 512);
		at += lw_format_member(c.pieces[i].size);
	}
	OK(lw_content_read(&c.job, &e));
	assert_false(c.good);
	assert_int_equal(c.bads, 0);
	assert_int_equal(c.whole_bads, 1);
	drop_cut(&c);
}

/* A fault of ours is not the medium's. */
static void a_sink_of_pieces_that_fails_ends_it(void **state)
{
	struct lw_error e = { 0 };
	struct cut c;

	(void)state;
	make_cut(&c);
	c.refuse = true;
	FAILS(LW_E_IO, lw_content_read(&c.job, &e));
	assert_int_equal(c.bads + c.whole_bads, 0);
	drop_cut(&c);
}

/* Of two, the empty one fails while the other is about to be read. */
static int open_after_failure(void *data, struct lw_entry *entry, int *ret_fd,
			      uint64_t *ret_offset, struct lw_error *e)
{
	struct cut *c = data;

	(void)ret_offset;
	if (!(entry->flags & LW_ENTRY_CUT)) {
		atomic_store(&c->failed, true);
		return lw_fail(e, LW_E_NOSPACE, "full");
	}
	for (unsigned i = 0; i < 1000 && !atomic_load(&c->failed); i++)
		(void)usleep(1000);
	(void)usleep(20000); /* by then all know */
	*ret_fd = c->sink;
	return 0;
}

static void count_bad(void *data, const struct lw_entry *entry, const struct lw_part *piece,
		      const struct lw_error *why)
{
	struct cut *c = data;

	(void)entry;
	(void)piece;
	(void)why;
	c->bads++;
}

static void what_was_left_unread_is_not_bad(void **state)
{
	struct lw_error e = { 0 };
	struct lw_entry two[2] = { { .digest = lw_digest_of(lw_span(NULL, 0)) } };
	struct cut c;

	(void)state;
	make_cut(&c);
	two[1] = c.entry;
	for (size_t i = 0; i < 3; i++)
		c.pieces[i].entry = 1;
	c.entries.list = two;
	c.entries.n = 2;
	c.job.extent.end = 2;
	c.job.first_offset = FIRST - lw_format_member(0);
	c.job.in_order = false;
	c.job.open_sink = open_after_failure;
	c.job.bad = count_bad;
	FAILS(LW_E_NOSPACE, lw_content_read(&c.job, &e));
	assert_int_equal(c.bads, 0);
	assert_false(c.good);
	drop_cut(&c);
}

static void what_is_staged_is_not_read(void **state)
{
	struct lw_error e = { 0 };
	struct cut c;

	(void)state;
	make_cut(&c);
	c.pieces[0].flags = LW_ENTRY_STAGED;
	OK(lw_content_read(&c.job, &e));
	assert_int_equal(atomic_load(&c.medium.bytes_read),
			 c.medium.size - FIRST - lw_format_member(PIECE));
	sink_has(&c, PIECE, WHOLE);
	c.entry.flags |= LW_ENTRY_STAGED;
	OK(lw_content_read(&c.job, &e));
	assert_int_equal(atomic_load(&c.medium.bytes_read),
			 c.medium.size - FIRST - lw_format_member(PIECE));
	drop_cut(&c);
}

/* The second volume begins with the second piece. */
static void a_volume_has_a_part(void **state)
{
	struct lw_error e = { 0 };
	struct cut c;

	(void)state;
	make_cut(&c);
	c.entries.n_breaks = 1;
	c.job.extent = lw_volumes_extent(&c.entries, 2);
	c.job.first_offset = FIRST + lw_format_member(PIECE);
	OK(lw_content_read(&c.job, &e));
	assert_int_equal(c.bads + c.whole_bads, 0);
	assert_int_equal(c.pieces[0].flags, 0);
	assert_int_equal(c.pieces[1].flags & c.pieces[2].flags, LW_ENTRY_TAKEN);
	sink_has(&c, PIECE, WHOLE);
	drop_cut(&c);
}

#define FRESH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_make_up_their_blob),
		cmocka_unit_test(pieces_are_read_alone),
		cmocka_unit_test(a_bad_piece_is_one),
		cmocka_unit_test(good_pieces_of_another_blob_are_bad),
		cmocka_unit_test(a_sink_of_pieces_that_fails_ends_it),
		cmocka_unit_test(what_was_left_unread_is_not_bad),
		cmocka_unit_test(what_is_staged_is_not_read),
		cmocka_unit_test(a_volume_has_a_part),
		FRESH(every_sink_is_filled_and_closed_once),
		FRESH(some_are_read_before_others),
		FRESH(nobody_waits_for_a_large_blob_to_end),
		FRESH(a_bad_blobs_sink_is_told_so),
		FRESH(a_sink_that_cannot_be_closed_ends_it),
		FRESH(nothing_is_written_where_nothing_is_to_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
