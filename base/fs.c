/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include "base/fs_internal.h"
#include "base/mem.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#define SHOW LW_FS_SHOW

/* openat2 says EAGAIN when a rename elsewhere made ".." unsafe; patience has an end. */
#define OPEN_TRIES 64
#define READ_STEP  ((size_t)65536)

int lw_fs_open_dir(const char *path, int *ret_fd, struct lw_error *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return lw_fail_errno(e, "%s", SHOW(path));
	*ret_fd = fd;
	return 0;
}

static int open_beneath(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	for (int i = 0; i < OPEN_TRIES && fd < 0; i++) {
		fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN && errno != EINTR)
			break;
	}
	return (int)fd;
}

static int fail_open_beneath(const char *name, struct lw_error *e)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return lw_fail(e, LW_E_NOTFOUND, "%s: not there", SHOW(name));
	case ELOOP:
		return lw_fail(e, LW_E_FORMAT, "%s: a symbolic link", SHOW(name));
	case EXDEV:
		return lw_fail(e, LW_E_FORMAT, "%s: leads out of its folder", SHOW(name));
	case ENXIO: /* a socket */
	case ENODEV:
		return lw_fail(e, LW_E_FORMAT, "%s: not a regular file", SHOW(name));
	case ENAMETOOLONG:
		return lw_fail(e, LW_E_FORMAT, "%s: longer than a name can be", SHOW(name));
	default:
		return lw_fail_errno(e, "%s", SHOW(name));
	}
}

int lw_fs_open_beneath(int dir, const char *name, int *ret_fd, uint64_t *ret_size_bytes,
		       struct lw_error *e)
{
	lw_auto_fd int fd = open_beneath(dir, name);
	struct stat st;

	if (fd < 0)
		return fail_open_beneath(name, e);
	if (fstat(fd, &st) != 0)
		return lw_fail_errno(e, "%s", SHOW(name));
	if (!S_ISREG(st.st_mode))
		return lw_fail(e, LW_E_FORMAT, "%s: not a regular file", SHOW(name));
	if (ret_size_bytes)
		*ret_size_bytes = (uint64_t)st.st_size;
	*ret_fd = lw_steal_fd(&fd);
	return 0;
}

/* A device was opened without waiting, as anything is that may be a FIFO; an optical drive
 * opened so has not looked at its disc. Opens it again, if it still is the same. */
static int reopen_device(const char *path, int *fd, struct stat *st, struct lw_error *e)
{
	lw_auto_fd int again = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat now;

	if (again < 0 || fstat(again, &now) != 0)
		return lw_fail_errno(e, "%s", SHOW(path));
	if (!S_ISBLK(now.st_mode) || now.st_rdev != st->st_rdev)
		return lw_fail(e, LW_E_FORMAT, "%s: changed while it was opened", SHOW(path));
	(void)close(*fd);
	*fd = lw_steal_fd(&again);
	return 0;
}

int lw_fs_open_input(const char *path, int *ret_fd, uint64_t *ret_size_bytes,
		     struct lw_error *e)
{
	lw_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return lw_fail(e, LW_E_NOTFOUND, "%s: not there", SHOW(path));
	if (fd < 0 && errno == ENXIO && stat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		return lw_fail(e, LW_E_FORMAT, "%s: a socket", SHOW(path));
	if (fd < 0 || fstat(fd, &st) != 0)
		return lw_fail_errno(e, "%s", SHOW(path));

	uint64_t size = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode)) {
		int r = reopen_device(path, &fd, &st, e);

		if (r < 0)
			return r;
		if (ioctl(fd, BLKGETSIZE64, &size) != 0)
			return lw_fail_errno(e, "%s", SHOW(path));
	} else if (!S_ISREG(st.st_mode)) {
		return lw_fail(e, LW_E_FORMAT, "%s: neither a file nor a block device",
			       SHOW(path));
	}
	if (ret_size_bytes)
		*ret_size_bytes = size;
	*ret_fd = lw_steal_fd(&fd);
	return 0;
}

static int fail_size(const char *name, size_t max, struct lw_error *e)
{
	return lw_fail(e, LW_E_LIMIT, "%s: larger than %zu bytes", SHOW(name), max);
}

static int read_to_end(int fd, const char *name, uint64_t size, size_t max, struct lw_buf *out,
		       struct lw_error *e)
{
	size_t start = out->n;

	if (size > max)
		return fail_size(name, max, e);
	/* A byte more than it says it has: then the next read sees the end. */
	for (size_t step = (size_t)size + 1;; step = READ_STEP) {
		lw_buf_reserve(out, step);
		ssize_t n = read(fd, out->p + out->n, step);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lw_fail_errno(e, "%s", SHOW(name));
		if (n == 0)
			return 0;
		out->n += (size_t)n;
		out->p[out->n] = '\0';
		if (out->n - start > max)
			return fail_size(name, max, e);
	}
}

/* Appends all of a file that says it has `size` bytes. */
static int read_whole(int fd, const char *name, uint64_t size, size_t max, struct lw_buf *out,
		      struct lw_error *e)
{
	size_t start = out->n;

	int r = read_to_end(fd, name, size, max, out, e);
	if (r < 0 && out->p) {
		out->n = start;
		out->p[start] = '\0';
	}
	return r;
}

int lw_fs_read_beneath(int dir, const char *name, size_t max, struct lw_buf *out,
		       struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	uint64_t size = 0;

	int r = lw_fs_open_beneath(dir, name, &fd, &size, e);
	return r < 0 ? r : read_whole(fd, name, size, max, out, e);
}

int lw_fs_read_path(const char *path, size_t max, struct lw_buf *out, struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	uint64_t size = 0;

	int r = lw_fs_open_input(path, &fd, &size, e);
	return r < 0 ? r : read_whole(fd, path, size, max, out, e);
}

int lw_fs_pread_some(int fd, void *p, size_t n, uint64_t offset, size_t *ret_n,
		     struct lw_error *e)
{
	uint8_t *to = p;

	*ret_n = 0;
	/* No file is that long. */
	if (offset > INT64_MAX || n > INT64_MAX - offset)
		return lw_fail(e, LW_E_TRUNCATED, "no bytes at offset %" PRIu64, offset);
	while (n > 0) {
		ssize_t got = pread(fd, to, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return lw_fail_errno(e, "reading at offset %" PRIu64, offset);
		if (got == 0)
			return lw_fail(e, LW_E_TRUNCATED,
				       "ends at offset %" PRIu64 ", %zu bytes short", offset,
				       n);
		to += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
		*ret_n += (size_t)got;
	}
	return 0;
}

int lw_fs_pread(int fd, void *p, size_t n, uint64_t offset, struct lw_error *e)
{
	size_t got;

	return lw_fs_pread_some(fd, p, n, offset, &got, e);
}

int lw_fs_write(int fd, const void *p, size_t n, struct lw_error *e)
{
	const uint8_t *from = p;

	while (n > 0) {
		ssize_t put = write(fd, from, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put == 0)
			errno = EIO;
		if (put <= 0)
			return lw_fail_errno(e, "writing");
		from += put;
		n -= (size_t)put;
	}
	return 0;
}

int lw_fs_pwrite(int fd, const void *p, size_t n, uint64_t offset, struct lw_error *e)
{
	const uint8_t *from = p;

	if (offset > INT64_MAX || n > INT64_MAX - offset) {
		errno = EFBIG;
		return lw_fail_errno(e, "writing at offset %" PRIu64, offset);
	}
	while (n > 0) {
		ssize_t put = pwrite(fd, from, n, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put == 0)
			errno = EIO;
		if (put <= 0)
			return lw_fail_errno(e, "writing at offset %" PRIu64, offset);
		from += put;
		offset += (uint64_t)put;
		n -= (size_t)put;
	}
	return 0;
}

int lw_fs_sync(int fd, const char *what, struct lw_error *e)
{
	int r;

	do
		r = fsync(fd);
	while (r != 0 && errno == EINTR);
	if (r != 0)
		return lw_fail_errno(e, "%s: fsync", SHOW(what));
	return 0;
}

int lw_fs_check_component(const char *name, struct lw_error *e)
{
	if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return lw_fail(e, LW_E_USAGE, "not a file name: \"%s\"", SHOW(name));
	return 0;
}

int lw_fs_free_bytes(int fd, uint64_t *ret_bytes, struct lw_error *e)
{
	struct statvfs v;
	uint64_t bytes;

	if (fstatvfs(fd, &v) != 0)
		return lw_fail_errno(e, "free space");
	if (__builtin_mul_overflow((uint64_t)v.f_bavail, (uint64_t)v.f_frsize, &bytes))
		bytes = UINT64_MAX;
	*ret_bytes = bytes;
	return 0;
}

/* The number in a small file of sysfs; -1 when there is none. */
static int sys_number(const char *dir, unsigned major, unsigned minor, const char *file)
{
	lw_auto_free char *path = lw_asprintf("%s/%u:%u/%s", dir, major, minor, file);
	lw_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[8];

	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (n < 1 || text[0] < '0' || text[0] > '9' || (n > 1 && text[1] != '\n'))
		return -1;
	return text[0] - '0';
}

bool lw_fs_slow_seek_in(const char *sys_dev_block, unsigned major, unsigned minor)
{
	/* A partition's queue and device are its disk's, one folder up behind the link. */
	static const char *const kind[] = { "device/type", "../device/type" };
	static const char *const rotating[] = { "queue/rotational", "../queue/rotational" };

	for (size_t i = 0; i < LW_COUNT_OF(kind); i++) {
		int type = sys_number(sys_dev_block, major, minor, kind[i]);

		if (type == 0) /* SCSI, ATA, USB: a disk, which knows whether it turns */
			return sys_number(sys_dev_block, major, minor, rotating[i]) == 1;
		if (type > 0)
			return type == 5; /* CD-ROM */
	}
	return false;
}

bool lw_fs_is_slow_seek(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	dev_t dev = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	return lw_fs_slow_seek_in("/sys/dev/block", major(dev), minor(dev));
}

int lw_fs_open_parent(const char *path, int *ret_dir, const char **ret_name, struct lw_error *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	lw_auto_free char *parent = !slash	    ? lw_strdup(".")
				    : slash == path ? lw_strdup("/")
						    : lw_strndup(path, (size_t)(slash - path));

	int r = lw_fs_check_component(name, e);
	if (r < 0)
		return r;
	r = lw_fs_open_dir(parent, ret_dir, e);
	if (r < 0)
		return r;
	*ret_name = name;
	return 0;
}
