/* SPDX-License-Identifier: Apache-2.0 */
/* The files that metadata speaks of: each under the name that its digest gives it. */
#include "base/limits.h"
#include "base/text.h"
#include "tuf/path.h"
#include "tuf/repository_internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define STEP ((size_t)1 << 16)

/* Reads a file to its end; what is read goes into `to` as well, where that is not -1. */
static int digest_file(int from, int to, struct lw_digest *ret_digest, uint64_t *ret_length,
		       struct lw_error *e)
{
	LW_AUTO(hasher) struct lw_hasher *h = lw_hasher_new();
	lw_auto_free uint8_t *step = lw_alloc(STEP);
	uint64_t length = 0;

	for (;;) {
		ssize_t n = read(from, step, STEP);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lw_fail_errno(e, "reading");
		if (n == 0)
			break;
		lw_hasher_add(h, step, (size_t)n);
		length += (uint64_t)n;
		if (to >= 0) {
			int r = lw_fs_write(to, step, (size_t)n, e);

			if (r < 0)
				return r;
		}
	}
	*ret_digest = lw_hasher_final(h);
	*ret_length = length;
	return 0;
}

/* The folder in which a target stands, made where it is missing, and the name there. */
static int open_folder(struct lw_repository *r, char *whole, int *ret_fd, const char **ret_name,
		       struct lw_error *e)
{
	lw_auto_fd int at = openat(r->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *p = whole, *slash;

	if (at < 0)
		return lw_fail_errno(e, "targets");
	for (; (slash = strchr(p, '/')) != NULL; p = slash + 1) {
		*slash = '\0';

		int code = lw_fs_ensure_dir(at, p, 0755, e);
		if (code < 0)
			return code;

		int next = openat(at, p, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return lw_fail_errno(e, "targets");
		(void)close(at);
		at = next;
	}
	*ret_fd = lw_steal_fd(&at);
	*ret_name = p;
	return 0;
}

static int take_place(struct lw_repository *r, const char *temp, const char *path,
		      const struct lw_digest *digest, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf whole = { 0 };
	lw_auto_fd int folder = -1;
	const char *name = NULL;

	lw_buf_adds(&whole, "targets/");
	lw_path_target(path, digest, &whole);

	int code = open_folder(r, (char *)whole.p, &folder, &name, e);
	if (code < 0)
		return code;
	/* One that is there has these bytes, or is damaged. */
	if (renameat(r->fd, temp, folder, name) != 0)
		return lw_fail_errno(e, "targets: rename");
	return lw_fs_sync(folder, "targets", e);
}

static int write_temp(struct lw_repository *r, const char *temp, int from,
		      struct lw_digest *ret_digest, uint64_t *ret_length, struct lw_error *e)
{
	lw_auto_fd int fd =
		openat(r->fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0 || fchmod(fd, 0644) != 0)
		return lw_fail_errno(e, "new file");

	int code = digest_file(from, fd, ret_digest, ret_length, e);
	if (code == 0)
		code = lw_fs_sync(fd, "new file", e);
	if (code == 0 && close(lw_steal_fd(&fd)) != 0 && errno != EINTR)
		code = lw_fail_errno(e, "new file");
	return code;
}

int lw_repository_put_target(struct lw_repository *r, const char *path, const char *file,
			     struct lw_digest *ret_digest, uint64_t *ret_length,
			     struct lw_error *e)
{
	char temp[LW_REPOSITORY_TEMP_NAME];
	lw_auto_fd int from = -1;
	struct lw_digest digest;
	uint64_t length = 0;
	int code = lw_path_check_target(path, e);

	if (code == 0)
		code = lw_fs_open_input(file, &from, NULL, e);
	if (code == 0)
		code = lw_repository_temp_name(temp, e);
	if (code < 0)
		return code;
	code = write_temp(r, temp, from, &digest, &length, e);
	if (code == 0)
		code = take_place(r, temp, path, &digest, e);
	if (code < 0) {
		(void)unlinkat(r->fd, temp, 0);
		return lw_prefix(e, "%s", file);
	}
	*ret_digest = digest;
	*ret_length = length;
	return 0;
}

int lw_repository_check_target(struct lw_repository *r, const char *path,
			       const struct lw_digest *digest, uint64_t length,
			       struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf name = { 0 };
	lw_auto_fd int folder = -1, fd = -1;
	struct lw_digest have;
	uint64_t have_length = 0;
	char shown[256];
	int code = 0;

	lw_path_target(path, digest, &name);
	folder = openat(r->fd, "targets", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return lw_fail_errno(e, "targets");
	code = lw_fs_open_beneath(folder, lw_buf_str(&name), &fd, NULL, e);
	if (code == 0)
		code = digest_file(fd, -1, &have, &have_length, e);
	if (code == 0 && (have_length != length || !lw_digest_equal(&have, digest)))
		code = lw_fail(e, LW_E_DIGEST, "targets/%s: not the bytes that were signed for",
			       lw_text_escape_str(lw_buf_str(&name), shown, sizeof(shown)));
	return code;
}
