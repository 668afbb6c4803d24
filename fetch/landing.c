/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/landing.h"

#include "base/fs.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define STEP ((size_t)1 << 16)

bool lw_landing_is_there(const struct lw_landing *l)
{
	struct lw_tuf_file_running *check = lw_tuf_file_check_begin(l->file);
	lw_auto_free uint8_t *step = lw_alloc(STEP);
	struct lw_error ignored = { 0 };
	lw_auto_fd int fd = -1;
	uint64_t size = 0, at = 0;
	int r = lw_fs_open_beneath(l->folder, l->path, &fd, &size, &ignored);

	while (r == 0 && at < size) {
		size_t n = size - at < STEP ? (size_t)(size - at) : STEP;

		r = lw_fs_pread(fd, step, n, at, &ignored);
		if (r == 0)
			r = lw_tuf_file_check_add(check, lw_span(step, n), &ignored);
		at += n;
	}
	return lw_tuf_file_check_end(check, &ignored) == 0 && r == 0;
}

/* The folder that the target stands in, made where it is missing, and its name there. */
static int open_parent(int folder, char *path, int *ret_fd, const char **ret_name,
		       struct lw_error *e)
{
	lw_auto_fd int at = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *part = path, *slash, shown[256];

	if (at < 0)
		return lw_fail_errno(e, "the folder");
	for (; (slash = strchr(part, '/')) != NULL; part = slash + 1) {
		*slash = '\0';

		int r = lw_fs_ensure_dir(at, part, 0755, e);
		int next = r < 0 ? -1
				 : openat(at, part,
					  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (r < 0)
			return r == -LW_E_USAGE	   ? lw_fail_as(e, LW_E_FORMAT)
			       : r == -LW_E_FORMAT ? lw_fail_as(e, LW_E_EXISTS)
						   : r;
		if (next < 0)
			return lw_fail_errno(e, "%s",
					     lw_text_escape_str(part, shown, sizeof(shown)));
		(void)close(at);
		at = next;
	}
	if (!*part || strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
		return lw_fail(e, LW_E_FORMAT, "a path that is none of a file");
	*ret_fd = lw_steal_fd(&at);
	*ret_name = part;
	return 0;
}

struct writing {
	int fd;
	struct lw_tuf_file_running *check;
	bool failed; /* here, not where it comes from */
};

static int take(void *data, struct lw_span bytes, struct lw_error *e)
{
	struct writing *w = data;
	int r = lw_tuf_file_check_add(w->check, bytes, e);

	if (r == 0)
		r = lw_fs_write(w->fd, bytes.p, bytes.n, e);
	w->failed = r < 0;
	return r;
}

static int write_all(int fd, const struct lw_landing *l, struct lw_place *from,
		     const char *name, struct lw_error *e)
{
	struct writing w = { .fd = fd, .check = lw_tuf_file_check_begin(l->file) };
	struct lw_http_sink sink = { take, &w };
	struct lw_error ignored = { 0 };
	int r = lw_place_get(from, name, l->file->length, &sink, e);

	/* Longer than it is said to be: other bytes than those. */
	if (r == -LW_E_LIMIT)
		r = lw_fail_as(e, LW_E_DIGEST);
	if (r == -LW_E_IO && !w.failed)
		r = lw_fail_as(e, LW_E_TRUNCATED);
	if (r < 0) {
		(void)!lw_tuf_file_check_end(w.check, &ignored);
		return r;
	}
	r = lw_tuf_file_check_end(w.check, e);
	return r < 0 ? r : lw_fs_sync(fd, "new file", e);
}

int lw_landing_bring(const struct lw_landing *l, struct lw_place *from, const char *name,
		     struct lw_error *e)
{
	lw_auto_free char *path = lw_strdup(l->path);
	lw_auto_fd int parent = -1, fd = -1;
	const char *last = NULL;
	char temp[40];
	uint64_t random;
	int r = open_parent(l->folder, path, &parent, &last, e);

	if (r < 0)
		return r;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return lw_fail_errno(e, "random name");
	(void)snprintf(temp, sizeof(temp), "%s%016llx", LW_FS_TEMP_PREFIX,
		       (unsigned long long)random);
	fd = openat(parent, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return lw_fail_errno(e, "new file");
	r = write_all(fd, l, from, name, e);
	if (r == 0 && close(lw_steal_fd(&fd)) != 0 && errno != EINTR)
		r = lw_fail_errno(e, "new file");
	if (r == 0 && renameat(parent, temp, parent, last) != 0)
		r = lw_fail_errno(e, "rename");
	if (r < 0) {
		(void)unlinkat(parent, temp, 0);
		return r;
	}
	return lw_fs_sync(parent, "the folder", e);
}
