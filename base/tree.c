/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tree.h"

#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_DEPTH 32

static int remove_at(int parent, const char *name, dev_t device, unsigned depth);

static int empty(DIR *folder, dev_t device, unsigned depth)
{
	const struct dirent *entry;

	for (errno = 0; (entry = readdir(folder)) != NULL; errno = 0) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (remove_at(dirfd(folder), entry->d_name, device, depth + 1) < 0)
			return -1;
	}
	return errno ? -1 : 0;
}

/* 0, or -1 with errno. */
static int remove_at(int parent, const char *name, dev_t device, unsigned depth)
{
	struct stat st;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (depth >= MAX_DEPTH) {
		errno = ELOOP;
		return -1;
	}

	lw_auto_fd int fd =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (st.st_dev != device) {
		errno = EXDEV;
		return -1;
	}

	lw_auto_dir DIR *folder = fdopendir(fd);
	if (!folder)
		return -1;
	(void)lw_steal_fd(&fd);
	if (empty(folder, device, depth) < 0)
		return -1;
	return unlinkat(parent, name, AT_REMOVEDIR);
}

int lw_tree_remove(int parent, const char *name, struct lw_error *e)
{
	struct stat st;

	if (fstatat(parent, ".", &st, 0) == 0 && remove_at(parent, name, st.st_dev, 0) == 0)
		return 0;

	int saved = errno;
	char shown[128];

	lw_text_escape_str(name, shown, sizeof(shown));
	errno = saved;
	return lw_fail_errno(e, "remove '%s'", shown);
}
