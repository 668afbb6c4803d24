/* SPDX-License-Identifier: Apache-2.0 */
/* How a new metadata/ comes to be: beside the old one, synced, and exchanged for it. */
#include "base/text.h"
#include "base/tree.h"
#include "tuf/path.h"
#include "tuf/repository_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Every file of the old folder under its name in the new one, but timestamp.json. */
static int link_old(struct lw_repository *r, int new, struct lw_error *e)
{
	lw_auto_fd int copy = openat(r->metadata, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lw_auto_dir DIR *folder = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (!folder)
		return lw_fail_errno(e, "metadata");
	(void)lw_steal_fd(&copy);
	for (errno = 0; (entry = readdir(folder)) != NULL; errno = 0) {
		const char *name = entry->d_name;
		char shown[256];

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (linkat(r->metadata, name, new, name, 0) != 0)
			return lw_fail_errno(e, "metadata/%s: link",
					     lw_text_escape_str(name, shown, sizeof(shown)));
	}
	return errno ? lw_fail_errno(e, "metadata") : 0;
}

static int write_new(int new, const struct lw_published *file, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf name = { 0 };
	bool timestamp = strcmp(file->role, "timestamp") == 0;
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, r = 0;

	lw_path_metadata(file->role, file->version, &name);
	/* The link only: the file itself is the old folder's still. */
	if (timestamp && unlinkat(new, lw_buf_str(&name), 0) != 0 && errno != ENOENT)
		return lw_fail_errno(e, "%s", lw_buf_str(&name));

	lw_auto_fd int fd = openat(new, lw_buf_str(&name), flags, 0644);
	if (fd < 0 && errno == EEXIST)
		return lw_fail(e, LW_E_EXISTS,
			       "metadata/%s: there already; a version is written once",
			       lw_buf_str(&name));
	if (fd < 0 || fchmod(fd, 0644) != 0)
		return lw_fail_errno(e, "%s", lw_buf_str(&name));
	r = lw_fs_write(fd, file->text.p, file->text.n, e);
	if (r == 0)
		r = lw_fs_sync(fd, lw_buf_str(&name), e);
	if (r == 0 && close(lw_steal_fd(&fd)) != 0 && errno != EINTR)
		r = lw_fail_errno(e, "%s", lw_buf_str(&name));
	return r;
}

/* The new folder takes the place of the old one, or of none. */
static int exchange(struct lw_repository *r, const char *temp, struct lw_error *e)
{
	unsigned how = r->metadata < 0 ? RENAME_NOREPLACE : RENAME_EXCHANGE;

	if (renameat2(r->fd, temp, r->fd, "metadata", how) == 0)
		return lw_fs_sync(r->fd, "metadata", e);
	if (errno == EINVAL || errno == ENOSYS)
		return lw_fail(e, LW_E_UNSUPPORTED,
			       "this file system cannot exchange two folders in one step: "
			       "keep the repository on another (ext4, XFS, Btrfs)");
	return lw_fail_errno(e, "metadata: exchange");
}

static int build(struct lw_repository *r, const char *temp, const struct lw_published *files,
		 size_t n, struct lw_error *e)
{
	int code = lw_fs_ensure_dir(r->fd, temp, 0755, e);

	if (code < 0)
		return code;

	lw_auto_fd int new = openat(r->fd, temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (new < 0)
		return lw_fail_errno(e, "%s", temp);
	if (r->metadata >= 0)
		code = link_old(r, new, e);
	for (size_t i = 0; code == 0 && i < n; i++)
		code = write_new(new, &files[i], e);
	return code == 0 ? lw_fs_sync(new, temp, e) : code;
}

int lw_repository_publish(struct lw_repository *r, const struct lw_published *files, size_t n,
			  struct lw_error *e)
{
	char temp[LW_REPOSITORY_TEMP_NAME];
	int code = lw_repository_temp_name(temp, e);

	if (code < 0)
		return code;
	code = build(r, temp, files, n, e);
	if (code == 0)
		code = exchange(r, temp, e);
	/* What bears the name now is what did not come to be, or the old folder. */
	(void)!lw_tree_remove(r->fd, temp, NULL);
	return code;
}
