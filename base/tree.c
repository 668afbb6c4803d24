/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tree.h"

#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
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

int lw_tree_claim(int fd, struct lw_error *e)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return lw_fail(e, LW_E_BUSY, "another process removes it as a dead one's");
	return 0;
}

int lw_tree_make_claimed(int parent, const char *prefix, char *name, size_t size, int *ret_dir,
			 struct lw_error *e)
{
	int r = 0;

	/* Until it is claimed another may take it for a dead one's, and remove it. */
	for (unsigned tries = 0; tries < 16; tries++) {
		uint64_t number;

		if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
			return lw_fail_errno(e, "random bytes");
		(void)snprintf(name, size, "%s%016llx", prefix, (unsigned long long)number);
		if (mkdirat(parent, name, 0700) < 0)
			return lw_fail_errno(e, "create a folder");

		lw_auto_fd int dir =
			openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (dir < 0 && errno != ENOENT)
			return lw_fail_errno(e, "open the new folder");
		r = dir < 0 ? lw_fail_errno(e, "open the new folder") : lw_tree_claim(dir, e);

		struct stat st;

		if (r == 0 && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			*ret_dir = lw_steal_fd(&dir);
			return 0;
		}
		if (r == 0)
			r = lw_fail(e, LW_E_BUSY, "the new folder is gone");
	}
	return r;
}

/* A builder that lives holds its claim. The name must still be what was opened: a predecessor
 * may have been removed, and a successor begun, since. */
static void clear_if_dead(int parent, const char *name)
{
	lw_auto_fd int fd =
		openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st, now;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstatat(parent, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_ino == st.st_ino)
		(void)!lw_tree_remove(parent, name, NULL);
}

void lw_tree_clear_dead(int parent, const char *prefix, const char *suffix)
{
	lw_auto_fd int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lw_auto_dir DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	size_t from = strlen(prefix);
	const struct dirent *entry;

	if (!folder)
		return;
	(void)lw_steal_fd(&fd);
	while ((entry = readdir(folder)) != NULL) {
		const char *name = entry->d_name;

		if (strncmp(name, prefix, from) != 0)
			continue;

		size_t digits = strspn(name + from, "0123456789abcdef");

		if (digits > 0 && strcmp(name + from + digits, suffix) == 0)
			clear_if_dead(parent, name);
	}
}
