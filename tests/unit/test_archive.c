/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/archive.h"

#include "base/digest.h"
#include "bundle/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/people.h"
#include "tests/lib/scratch.h"

struct fixture {
	struct scratch at;
	int fd;
	struct lw_archive *a;
	struct lw_error e;
};

static int setup(void **state)
{
	struct fixture *f = lw_alloc_array(1, sizeof(*f));

	scratch_make(&f->at);
	f->fd = openat(f->at.dir, "x.lwb", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(f->fd >= 0);
	OK(lw_archive_new(f->fd, &f->a, &f->e));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	lw_archive_free(f->a);
	(void)close(f->fd);
	scratch_drop(&f->at);
	free(f);
	return 0;
}

static void nothing_but_members_and_an_end(void **state)
{
	struct fixture *f = *state;
	static const size_t sizes[] = { 0, 1, 511, 512, 513, 1 << 20, (1 << 20) + 1 };
	LW_AUTO(buf) struct lw_buf want = { 0 };
	size_t n;

	for (size_t i = 0; i < LW_COUNT_OF(sizes); i++) {
		LW_AUTO(buf) struct lw_buf bytes = { 0 };
		uint8_t h[512];
		char name[16];

		(void)snprintf(name, sizeof(name), "m%zu", i);
		lw_buf_fill(&bytes, (uint8_t)('a' + i), sizes[i]);
		OK(lw_archive_put(f->a, name, lw_buf_span(&bytes), &f->e));
		lw_format_header(name, sizes[i], h);
		lw_buf_add(&want, h, 512);
		lw_buf_add(&want, bytes.p, bytes.n);
		lw_buf_fill(&want, 0, lw_format_padding(sizes[i]));
	}
	lw_buf_fill(&want, 0, LW_TAR_END);
	OK(lw_archive_finish(f->a, &f->e));

	lw_auto_free char *have = scratch_read(f->at.dir, "x.lwb", &n);

	assert_int_equal(n, want.n);
	assert_memory_equal(have, want.p, n);
}

static void data_in_pieces(void **state)
{
	struct fixture *f = *state;
	size_t n;

	OK(lw_archive_member(f->a, "m", 1000, &f->e));
	for (size_t i = 0; i < 1000; i++) {
		uint8_t byte = (uint8_t)i;

		OK(lw_archive_data(f->a, lw_span(&byte, 1), &f->e));
		OK(lw_archive_data(f->a, lw_span(NULL, 0), &f->e));
	}
	OK(lw_archive_finish(f->a, &f->e));

	lw_auto_free char *have = scratch_read(f->at.dir, "x.lwb", &n);

	assert_int_equal(n, 512 + 1024 + 1024);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal((uint8_t)have[512 + i], (uint8_t)i);
}

static void more_bytes_than_said_are_refused(void **state)
{
	struct fixture *f = *state;

	OK(lw_archive_member(f->a, "m", 3, &f->e));
	FAILS(LW_E_INTERNAL, lw_archive_data(f->a, lw_span("four", 4), &f->e));
}

static void it_starts_where_the_file_stands(void **state)
{
	struct fixture *f = *state;
	struct lw_archive *second = NULL;
	uint8_t h[512], have[512];

	assert_int_equal(lseek(f->fd, 4096, SEEK_SET), 4096);
	OK(lw_archive_new(f->fd, &second, &f->e));
	OK(lw_archive_put(second, "m", lw_span("x", 1), &f->e));
	OK(lw_archive_finish(second, &f->e));
	lw_archive_free(second);
	lw_format_header("m", 1, h);
	assert_int_equal(pread(f->fd, have, 512, 4096), 512);
	assert_memory_equal(h, have, 512);
}

static void a_full_disk_is_told_apart(void **state)
{
	struct fixture *f = *state;
	lw_auto_fd int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct lw_archive *a = NULL;
	lw_auto_free char *block = lw_alloc_array(1, 4 << 20);
	int r;

	assert_true(full >= 0);
	OK(lw_archive_new(full, &a, &f->e));
	OK(lw_archive_member(a, "m", 4 << 20, &f->e));
	r = lw_archive_data(a, lw_span(block, 4 << 20), &f->e);
	assert_int_equal(r, -(int)LW_E_NOSPACE);
	assert_int_equal(f->e.sys_errno, ENOSPC);
	lw_archive_free(a);

	/* and when it is the closing blocks that do not fit */
	OK(lw_archive_new(full, &a, &f->e));
	OK(lw_archive_put(a, "m", lw_span("x", 1), &f->e));
	FAILS(LW_E_NOSPACE, lw_archive_finish(a, &f->e));
	lw_archive_free(a);
}

static void a_descriptor_that_cannot_be_written(void **state)
{
	struct fixture *f = *state;
	lw_auto_fd int read_only = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct lw_archive *a = NULL;

	OK(lw_archive_new(read_only, &a, &f->e));
	OK(lw_archive_put(a, "m", lw_span("x", 1), &f->e));
	FAILS(LW_E_IO, lw_archive_finish(a, &f->e));
	lw_archive_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_but_members_and_an_end, setup,
						teardown),
		cmocka_unit_test_setup_teardown(data_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(more_bytes_than_said_are_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(it_starts_where_the_file_stands, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_is_told_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(a_descriptor_that_cannot_be_written, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
