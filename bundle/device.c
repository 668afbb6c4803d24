/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/device.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define ALIGNMENT 4096 /* what any device takes for reads and writes of its own */

struct lw_device {
	const char *path;
	int fd;
	uint64_t bytes;
	uint64_t written; /* whole blocks behind the first, and the first */
	uint8_t *first;	  /* aligned; kept until the rest is there */
	uint8_t *block;	  /* aligned; filled up to here: */
	size_t filled;
	struct lw_digest *digests; /* of each block, as it must be read back */
	size_t n, room;
};

static int fail_shown(const struct lw_device *d, struct lw_error *e)
{
	char shown[256];

	return lw_prefix(e, "%s", lw_text_escape_str(d->path, shown, sizeof(shown)));
}

/* ---- what it is ---- */

/* An attribute of the kernel's: whether it begins with that. */
static bool attribute_is(const char *folder, const char *name, char want)
{
	lw_auto_free char *path = lw_asprintf("%s/%s", folder, name);
	lw_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char have = '\0';

	return fd >= 0 && read(fd, &have, 1) == 1 && have == want;
}

/* Disks on USB that are no sticks say that they cannot be taken out. */
static bool can_be_taken_out(const char *folder)
{
	char link[PATH_MAX];
	ssize_t n = readlink(folder, link, sizeof(link) - 1);

	link[n < 0 ? 0 : n] = '\0';
	return attribute_is(folder, "removable", '1') || strstr(link, "/usb");
}

static int judge(const struct lw_device *d, const struct stat *st, bool fixed,
		 struct lw_error *e)
{
	lw_auto_free char *folder =
		lw_asprintf("/sys/dev/block/%u:%u", major(st->st_rdev), minor(st->st_rdev));
	lw_auto_free char *partition = lw_asprintf("%s/partition", folder);
	int read_only = 0;

	if (access(partition, F_OK) == 0)
		return lw_fail(e, LW_E_USAGE,
			       "a partition: want the whole device, which is read without a "
			       "table of partitions");
	if (ioctl(d->fd, BLKROGET, &read_only) != 0 || read_only)
		return lw_fail(e, LW_E_USAGE, "it is write-protected");
	if (!fixed && !can_be_taken_out(folder))
		return lw_fail(e, LW_E_USAGE,
			       "it belongs to the machine: it cannot be taken out. If it is "
			       "meant all the same: --fixed");
	return 0;
}

static int open_device(struct lw_device *d, bool fixed, struct lw_error *e)
{
	struct stat st;

	/* Looked at before it is opened: to open may be to act (a tape, a FIFO). */
	if (stat(d->path, &st) != 0)
		return errno == ENOENT ? lw_fail(e, LW_E_NOTFOUND, "not there")
				       : lw_fail_errno(e, "stat");
	if (!S_ISBLK(st.st_mode))
		return lw_fail(e, LW_E_USAGE, "no block device: files are written with -o");
	d->fd = open(d->path, O_RDWR | O_EXCL | O_DIRECT | O_CLOEXEC | O_NOCTTY);
	if (d->fd < 0 && errno == EBUSY)
		return lw_fail(e, LW_E_BUSY,
			       "in use: it is mounted, a partition of it is, or something "
			       "else holds it; see lsblk");
	if (d->fd < 0 && (errno == EROFS || errno == EACCES || errno == EPERM))
		return lw_fail(e, LW_E_USAGE, "it cannot be written to: %s", strerror(errno));
	if (d->fd < 0 || fstat(d->fd, &st) != 0)
		return lw_fail_errno(e, "opening it");
	if (!S_ISBLK(st.st_mode))
		return lw_fail(e, LW_E_CONFLICT, "it became something else");
	if (ioctl(d->fd, BLKGETSIZE64, &d->bytes) != 0)
		return lw_fail_errno(e, "its size");
	return judge(d, &st, fixed, e);
}

static uint8_t *aligned_block(void)
{
	uint8_t *p = aligned_alloc(ALIGNMENT, LW_DEVICE_BLOCK);

	if (!p)
		abort();
	memset(p, 0, LW_DEVICE_BLOCK);
	return p;
}

int lw_device_open(const char *path, bool fixed, struct lw_device **ret, struct lw_error *e)
{
	LW_AUTO(device) struct lw_device *d = lw_alloc_array(1, sizeof(*d));

	d->path = path;
	d->fd = -1;
	if (open_device(d, fixed, e) < 0)
		return fail_shown(d, e);
	d->first = aligned_block();
	d->block = aligned_block();
	*ret = lw_steal(d);
	return 0;
}

void lw_device_close(struct lw_device *d)
{
	if (!d)
		return;
	if (d->fd >= 0) {
		/* The table of partitions that it had is gone; one who knows it may forget. */
		(void)ioctl(d->fd, BLKRRPART);
		(void)close(d->fd);
	}
	free(d->first);
	free(d->block);
	free(d->digests);
	free(d);
}

uint64_t lw_device_bytes(const struct lw_device *d)
{
	return d->bytes;
}

/* ---- blocks ---- */

/* A block's size there: the last one of a device may be short. */
static size_t block_size(const struct lw_device *d, uint64_t at)
{
	return d->bytes - at < LW_DEVICE_BLOCK ? (size_t)(d->bytes - at) : LW_DEVICE_BLOCK;
}

static int put(struct lw_device *d, const uint8_t *block, uint64_t at, struct lw_error *e)
{
	int r = lw_fs_pwrite(d->fd, block, block_size(d, at), at, e);

	return r < 0 ? lw_prefix(e, "byte %llu: it is no bundle now", (unsigned long long)at)
		     : 0;
}

int lw_device_check_room(const struct lw_device *d, uint64_t bytes, struct lw_error *e)
{
	if (bytes <= d->bytes)
		return 0;
	(void)lw_fail(e, LW_E_NOSPACE,
		      "want %llu bytes, have %llu, %llu too few: take a larger one, or several "
		      "and --volume-size",
		      (unsigned long long)bytes, (unsigned long long)d->bytes,
		      (unsigned long long)(bytes - d->bytes));
	return fail_shown(d, e);
}

int lw_device_begin(struct lw_device *d, struct lw_error *e)
{
	int r = put(d, d->first, 0, e);

	if (r == 0 && d->bytes > LW_DEVICE_BLOCK) {
		/* A copy of a table of partitions, members of RAID: at the end. */
		uint64_t last = (d->bytes - LW_DEVICE_BLOCK) / ALIGNMENT * ALIGNMENT;

		r = put(d, d->first, last, e);
		if (r == 0 && d->bytes - last > LW_DEVICE_BLOCK)
			r = put(d, d->first, last + LW_DEVICE_BLOCK, e);
	}
	return r < 0 ? fail_shown(d, e) : 0;
}

static void note_block(struct lw_device *d, const uint8_t *block, uint64_t at)
{
	if (d->n == d->room) {
		d->room = d->room ? 2 * d->room : 1024;
		d->digests = lw_realloc_array(d->digests, d->room, sizeof(*d->digests));
	}
	d->digests[d->n++] = lw_digest_of(lw_span(block, block_size(d, at)));
}

/* The block that is full, or the last one, with zeros behind what it holds. */
static int put_block(struct lw_device *d, struct lw_error *e)
{
	const uint64_t at = d->written;
	int r = 0;

	memset(d->block + d->filled, 0, LW_DEVICE_BLOCK - d->filled);
	note_block(d, d->block, at);
	if (at == 0)
		memcpy(d->first, d->block, LW_DEVICE_BLOCK);
	else
		r = put(d, d->block, at, e);
	d->written += LW_DEVICE_BLOCK;
	d->filled = 0;
	return r;
}

int lw_device_write(struct lw_device *d, struct lw_span bytes, struct lw_error *e)
{
	while (bytes.n) {
		size_t room = LW_DEVICE_BLOCK - d->filled, n = bytes.n < room ? bytes.n : room;

		memcpy(d->block + d->filled, bytes.p, n);
		d->filled += n;
		bytes = lw_span(bytes.p + n, bytes.n - n);
		if (d->filled == LW_DEVICE_BLOCK && put_block(d, e) < 0)
			return fail_shown(d, e);
	}
	return 0;
}

int lw_device_flush(struct lw_device *d, struct lw_error *e)
{
	int r = d->filled ? put_block(d, e) : 0;

	if (r == 0)
		r = lw_fs_sync(d->fd, "its end", e);
	return r < 0 ? fail_shown(d, e) : 0;
}

/* ---- what is on it ---- */

static int compare(struct lw_device *d, const struct lw_content_progress *progress,
		   struct lw_error *e)
{
	const uint64_t total = d->n * (uint64_t)LW_DEVICE_BLOCK;

	for (size_t i = 0; i < d->n; i++) {
		const uint64_t at = i * (uint64_t)LW_DEVICE_BLOCK;
		struct lw_digest have;
		size_t n = block_size(d, at);
		const uint64_t end = at + n;

		if (lw_fs_pread(d->fd, d->block, n, at, e) < 0)
			return lw_prefix(e, "reading it back");
		have = lw_digest_of(lw_span(d->block, n));
		if (!lw_digest_equal(&have, &d->digests[i]))
			return lw_fail(e, LW_E_DIGEST,
				       "bytes %llu to %llu are not what was written there: it "
				       "is broken, take another",
				       (unsigned long long)at, (unsigned long long)end);
		if (progress->tell)
			progress->tell(progress->data, end, total);
	}
	return 0;
}

int lw_device_finish(struct lw_device *d, const struct lw_content_progress *progress,
		     struct lw_error *e)
{
	int r = put(d, d->first, 0, e);

	if (r == 0)
		r = lw_fs_sync(d->fd, "its beginning", e);
	if (r == 0)
		(void)ioctl(d->fd, BLKFLSBUF); /* what others have read of it before */
	if (r == 0)
		r = compare(d, progress, e);
	if (r < 0) {
		struct lw_error ignored = { 0 };

		memset(d->first, 0, LW_DEVICE_BLOCK);
		(void)!put(d, d->first, 0, &ignored);
		return fail_shown(d, e);
	}
	return 0;
}
