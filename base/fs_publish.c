/* SPDX-License-Identifier: Apache-2.0 */
/* How a file comes to be: written under a name nobody looks for, synced, and only then given
 * its own; the folder is synced last. Each step's error counts, that of close too. */
#include "base/fs.h"

#include "base/fs_internal.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#define SHOW	   LW_FS_SHOW
#define TEMP_TRIES 16

/* A file that has no name of its own yet. Its cleanup removes it. */
struct temp {
	int dir; /* borrowed */
	char name[sizeof(LW_FS_TEMP_PREFIX) + 16];
	bool there;
};

static void lw_auto_temp_(struct temp *t)
{
	int saved = errno;

	if (t->there)
		(void)unlinkat(t->dir, t->name, 0);
	errno = saved;
}

static int make_temp(struct temp *t, unsigned mode, int *ret_fd, struct lw_error *e)
{
	for (int i = 0; i < TEMP_TRIES; i++) {
		uint64_t random;

		if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
			return lw_fail_errno(e, "random name");
		(void)snprintf(t->name, sizeof(t->name), "%s%016llx", LW_FS_TEMP_PREFIX,
			       (unsigned long long)random);
		int fd = openat(t->dir, t->name,
				O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				(mode_t)mode);
		if (fd >= 0) {
			t->there = true;
			*ret_fd = fd;
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return lw_fail_errno(e, "new file");
}

static int close_checked(int *fd, struct lw_error *e)
{
	/* After EINTR the descriptor is closed, and what was written has been synced. */
	if (close(lw_steal_fd(fd)) != 0 && errno != EINTR)
		return lw_fail_errno(e, "close");
	return 0;
}

enum mode_rule {
	MODE_EXACT,
	MODE_BY_UMASK,
};

/* The bytes, whole and synced, under a temporary name. */
static int write_temp(struct temp *t, struct lw_span bytes, unsigned mode, enum mode_rule rule,
		      struct lw_error *e)
{
	lw_auto_fd int fd = -1;

	int r = make_temp(t, mode, &fd, e);
	if (r == 0 && rule == MODE_EXACT && fchmod(fd, (mode_t)mode) != 0)
		r = lw_fail_errno(e, "fchmod");
	if (r == 0)
		r = lw_fs_write(fd, bytes.p, bytes.n, e);
	if (r == 0)
		r = lw_fs_sync(fd, "new file", e);
	return r < 0 ? r : close_checked(&fd, e);
}

int lw_fs_publish(int dir, const char *name, struct lw_span bytes, unsigned mode,
		  struct lw_error *e)
{
	LW_AUTO(temp) struct temp t = { .dir = dir };

	int r = lw_fs_check_component(name, e);
	if (r < 0)
		return r;
	r = write_temp(&t, bytes, mode, MODE_EXACT, e);
	if (r < 0) {
		(void)lw_prefix(e, "%s", SHOW(name));
		return r;
	}
	if (renameat(dir, t.name, dir, name) != 0)
		return lw_fail_errno(e, "%s: rename", SHOW(name));
	t.there = false;
	return lw_fs_sync(dir, name, e);
}

/* Gives the file its name unless that is taken. */
static int name_new(struct temp *t, const char *name)
{
	if (renameat2(t->dir, t->name, t->dir, name, RENAME_NOREPLACE) == 0) {
		t->there = false;
		return 0;
	}
	/* Some file systems cannot do that; a hard link never replaces either. */
	if ((errno != EINVAL && errno != ENOSYS) ||
	    linkat(t->dir, t->name, t->dir, name, 0) != 0)
		return -1;
	t->there = unlinkat(t->dir, t->name, 0) != 0;
	return 0;
}

int lw_fs_create_path(const char *path, struct lw_span bytes, unsigned mode, struct lw_error *e)
{
	lw_auto_fd int dir = -1;
	const char *name;

	int r = lw_fs_open_parent(path, &dir, &name, e);
	if (r < 0)
		return r;

	LW_AUTO(temp) struct temp t = { .dir = dir };
	r = write_temp(&t, bytes, mode, MODE_BY_UMASK, e);
	if (r < 0) {
		(void)lw_prefix(e, "%s", SHOW(path));
		return r;
	}
	if (name_new(&t, name) != 0) {
		if (errno == EEXIST)
			return lw_fail(e, LW_E_EXISTS, "%s: there already", SHOW(path));
		return lw_fail_errno(e, "%s: rename", SHOW(path));
	}
	return lw_fs_sync(dir, path, e);
}

int lw_fs_ensure_dir(int parent, const char *name, unsigned mode, struct lw_error *e)
{
	int r = lw_fs_check_component(name, e);
	if (r < 0)
		return r;

	/* Nobody else's until it has its mode. */
	bool made = mkdirat(parent, name, 0700) == 0;
	if (!made && errno != EEXIST)
		return lw_fail_errno(e, "%s: mkdir", SHOW(name));

	lw_auto_fd int fd =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return lw_fail(e, LW_E_FORMAT, "%s: not a folder", SHOW(name));
	if (fd < 0)
		return lw_fail_errno(e, "%s", SHOW(name));
	if (made && fchmod(fd, (mode_t)mode) != 0)
		return lw_fail_errno(e, "%s: fchmod", SHOW(name));
	if (made)
		r = lw_fs_sync(fd, name, e);
	return r < 0 ? r : lw_fs_sync(parent, name, e);
}
