/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_SCRATCH_H
#define LW_TESTS_SCRATCH_H

/* A folder that a test may do anything in, and small words to look at files in it. Include
 * after cmocka.h. */

#include "base/mem.h"
#include "base/span.h"
#include "base/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct scratch {
	char path[256];
	int dir;
};

static inline void scratch_make(struct scratch *s)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(s->path, sizeof(s->path), "%s/lw-unit-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(s->path));
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s->dir >= 0);
}

static inline void scratch_drop(struct scratch *s)
{
	struct lw_error e;

	(void)close(s->dir);
	assert_int_equal(lw_tree_remove(AT_FDCWD, s->path, &e), 0);
}

static inline void scratch_write(int dir, const char *name, struct lw_span bytes)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
	assert_int_equal(close(fd), 0);
}

static inline void scratch_write_str(int dir, const char *name, const char *text)
{
	scratch_write(dir, name, lw_span_str(text));
}

/* The whole file; owned by the caller, NUL-terminated. ret_n may be NULL. */
static inline char *scratch_read(int dir, const char *name, size_t *ret_n)
{
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	char *p = lw_alloc((size_t)st.st_size + 1);
	assert_int_equal(read(fd, p, (size_t)st.st_size), (ssize_t)st.st_size);
	assert_int_equal(close(fd), 0);
	p[st.st_size] = '\0';
	if (ret_n)
		*ret_n = (size_t)st.st_size;
	return p;
}

static inline bool scratch_has(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* How many entries a folder has. */
static inline size_t scratch_count(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n = 0;

	assert_true(fd >= 0);
	DIR *d = fdopendir(fd);
	assert_non_null(d);
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	(void)closedir(d);
	return n;
}

#endif
