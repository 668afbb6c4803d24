/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/archive.h"
#include "bundle/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/lib/people.h"
#include "tests/lib/scratch.h"

#define BLOB "blobs/sha256/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define N99                                                                                         \
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
	"nnnnnnnnnn"

static const char *const names[] = { LW_NAME_SEAL,
				     LW_NAME_CONTENTS,
				     LW_NAME_ENTRIES,
				     LW_NAME_OCI_LAYOUT,
				     LW_NAME_INDEX,
				     BLOB,
				     "a",
				     N99 };
static const uint64_t sizes[] = { 0,
				  1,
				  2,
				  511,
				  512,
				  513,
				  1023,
				  1024,
				  4095,
				  262144,
				  8388608,
				  1000000000,
				  (1ull << 31) - 1,
				  1ull << 31,
				  (1ull << 32) - 1,
				  1ull << 32,
				  LW_MAX_MEMBER_BYTES - 1,
				  LW_MAX_MEMBER_BYTES };

/* The first 512 bytes that libarchive writes for a member. */
static void theirs(struct scratch *at, const char *name, uint64_t size, uint8_t out[512])
{
	struct lw_error e;
	struct lw_archive *a = NULL;
	int fd = openat(at->dir, "one.tar", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	OK(lw_archive_new(fd, &a, &e));
	OK(lw_archive_member(a, name, size, &e));
	if (size == 0)
		OK(lw_archive_finish(a, &e));
	else { /* a whole block goes out to the file, and nothing of 8 GiB */
		lw_auto_free char *block = lw_alloc(1 << 20);

		memset(block, 'x', 1 << 20);
		OK(lw_archive_data(a, lw_span(block, size < 1 << 20 ? size : 1 << 20), &e));
		if (size <= 1 << 20)
			OK(lw_archive_finish(a, &e));
	}
	assert_int_equal(pread(fd, out, 512, 0), 512);
	/* What is not finished would be filled up with zeros when it is freed: not with 8 GiB.
	 */
	if (size > 1 << 20) {
		int none = open("/dev/full", O_WRONLY | O_CLOEXEC);

		assert_true(none >= 0);
		assert_int_equal(dup2(none, fd), fd);
		(void)close(none);
	}
	lw_archive_free(a);
	(void)close(fd);
}

static void headers_are_libarchives(void **state)
{
	struct scratch at;

	(void)state;
	scratch_make(&at);
	for (size_t n = 0; n < LW_COUNT_OF(names); n++)
		for (size_t s = 0; s < LW_COUNT_OF(sizes); s++) {
			uint8_t have[512], want[512];

			theirs(&at, names[n], sizes[s], want);
			memset(have, 0xff, sizeof(have));
			lw_format_header(names[n], sizes[s], have);
			if (memcmp(have, want, 512) != 0)
				fail_msg("another header for %s, %llu bytes", names[n],
					 (unsigned long long)sizes[s]);
		}
	scratch_drop(&at);
}

/* docs/format/bundle.md section 1.1, literally. */
static void headers_are_the_documents(void **state)
{
	uint8_t h[512];
	unsigned sum = 0;
	char field[9];

	(void)state;
	lw_format_header("oci-layout", 30, h);
	assert_memory_equal(h, "oci-layout\0", 11);
	assert_memory_equal(h + 100,
			    "000644 \000"
			    "000000 \000"
			    "000000 \000",
			    24);
	assert_memory_equal(h + 124, "00000000036 00000000000 ", 24);
	assert_int_equal(h[156], '0');
	assert_memory_equal(h + 257,
			    "ustar\000"
			    "00",
			    8);
	assert_memory_equal(h + 329,
			    "000000 \000"
			    "000000 \000",
			    16);
	for (size_t i = 0; i < 512; i++) {
		bool zero = (i >= 10 && i < 100) || i == 107 || i == 115 || i == 123 ||
			    i == 154 || (i >= 157 && i < 257) || (i >= 265 && i < 329) ||
			    i == 336 || i == 344 || i >= 345;

		if (zero)
			assert_int_equal(h[i], 0);
		sum += i >= 148 && i < 156 ? ' ' : h[i];
	}
	(void)snprintf(field, sizeof(field), "%06o", sum);
	assert_memory_equal(h + 148, field, 6);
	assert_int_equal(h[155], ' ');
}

static void offsets(void **state)
{
	static const struct {
		uint64_t size, padding;
	} rows[] = { { 0, 0 },	   { 1, 511 },	  { 511, 1 },  { 512, 0 },
		     { 513, 511 }, { 262144, 0 }, { 1023, 1 }, { LW_MAX_MEMBER_BYTES, 1 } };
	struct lw_digest d;
	char name[LW_BLOB_NAME];

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		assert_int_equal(lw_format_padding(rows[i].size), rows[i].padding);
		assert_int_equal(lw_format_member(rows[i].size),
				 512 + rows[i].size + rows[i].padding);
	}
	memset(&d, 0xaa, sizeof(d));
	assert_string_equal(lw_format_blob_name(&d, name), BLOB);
	assert_int_equal(strlen(BLOB), LW_BLOB_NAME - 1);
}

/* Headers made by us and padded by us: what tar programs read in them. */
static void tar_programs_list_it(void **state)
{
	static const uint64_t small[] = { 0, 1, 511, 512, 513, 70000 };
	static const char *const programs[] = { "tar", "bsdtar" };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct scratch at;
	uint8_t h[512];

	(void)state;
	scratch_make(&at);
	for (size_t i = 0; i < LW_COUNT_OF(small); i++) {
		lw_format_header(names[i], small[i], h);
		lw_buf_add(&b, h, 512);
		lw_buf_fill(&b, 'x', small[i]);
		lw_buf_fill(&b, 0, lw_format_padding(small[i]));
	}
	lw_buf_fill(&b, 0, LW_TAR_END);
	scratch_write(at.dir, "all.tar", lw_buf_span(&b));
	for (size_t p = 0; p < LW_COUNT_OF(programs); p++) {
		lw_auto_free char *command = lw_asprintf(
			"cd %s && command -v %s >/dev/null || exit 77; TZ=UTC %s -tvf all.tar "
			"--numeric-owner >list 2>err && test ! -s err",
			at.path, programs[p], programs[p]);
		int status = system(command);

		if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
			assert_string_not_equal(programs[p], "tar");
			print_message("# no %s here\n", programs[p]);
			continue;
		}
		assert_int_equal(status, 0);

		lw_auto_free char *list = scratch_read(at.dir, "list", NULL);
		const char *line = list;

		for (size_t i = 0; i < LW_COUNT_OF(small); i++) {
			char size[32];
			const char *end = strchr(line, '\n');

			assert_non_null(end);

			lw_auto_free char *one = lw_strndup(line, (size_t)(end - line));

			(void)snprintf(size, sizeof(size), " %llu ",
				       (unsigned long long)small[i]);
			assert_int_equal(strncmp(one, "-rw-r--r--", 10), 0);
			assert_non_null(strstr(one, names[i]));
			assert_non_null(strstr(one, size));
			assert_non_null(strstr(one, "1970"));
			line = end + 1;
		}
		assert_int_equal(*line, 0);
	}
	scratch_drop(&at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_libarchives),
		cmocka_unit_test(headers_are_the_documents),
		cmocka_unit_test(offsets),
		cmocka_unit_test(tar_programs_list_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
