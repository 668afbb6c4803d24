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

/* blkid looks no further in than 4 MiB (LUKS, its second header), and no further from the end
 * than 1.6 MB (a RAID of Promise's). */
#define WIPED_FIRST ((uint64_t)8 << 20)
#define WIPED_LAST  ((uint64_t)2 << 20)

struct lw_device {
	const char *path;
	int fd;
	bool touched;
	const atomic_bool *stop;
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

/* ---- opening it ---- */

static int open_alone(struct lw_device *d, struct lw_error *e)
{
	d->fd = open(d->path, O_RDWR | O_EXCL | O_DIRECT | O_CLOEXEC | O_NOCTTY);
	if (d->fd >= 0)
		return 0;
	if (errno == EBUSY)
		return lw_fail(e, LW_E_BUSY,
			       "in use: it is mounted, a partition of it is, or something "
			       "else holds it; see lsblk");
	if (errno == EROFS || errno == EACCES || errno == EPERM)
		return lw_fail(e, LW_E_USAGE, "it cannot be written to: %s", strerror(errno));
	return lw_fail_errno(e, "opening it");
}

static int open_device(struct lw_device *d, bool fixed, struct lw_error *e)
{
	struct stat st, now;
	int r;

	/* Looked at before it is opened: to open may be to act (a tape, a FIFO), and who closes
	 * what was open for writing has udev look at it. */
	if (stat(d->path, &st) != 0)
		return errno == ENOENT ? lw_fail(e, LW_E_NOTFOUND, "not there")
				       : lw_fail_errno(e, "stat");
	if (!S_ISBLK(st.st_mode))
		return lw_fail(e, LW_E_USAGE, "no block device: files are written with -o");
	r = lw_device_judge_in("/sys/dev/block", major(st.st_rdev), minor(st.st_rdev), fixed,
			       e);
	if (r == 0)
		r = open_alone(d, e);
	if (r < 0)
		return r;
	if (fstat(d->fd, &now) != 0)
		return lw_fail_errno(e, "fstat");
	if (!S_ISBLK(now.st_mode) || now.st_rdev != st.st_rdev)
		return lw_fail(e, LW_E_CONFLICT, "it became something else");
	if (ioctl(d->fd, BLKGETSIZE64, &d->bytes) != 0)
		return lw_fail_errno(e, "its size");
	return 0;
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
	/* The table of partitions that it had is gone: who knows it may forget. */
	if (d->touched)
		(void)ioctl(d->fd, BLKRRPART);
	if (d->fd >= 0)
		(void)close(d->fd);
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

/* At most a block, in one piece. */
static int put(struct lw_device *d, const uint8_t *block, size_t n, uint64_t at,
	       struct lw_error *e)
{
	if (d->stop && atomic_load(d->stop))
		return lw_fail(e, LW_E_BUSY, "stopped at byte %llu", (unsigned long long)at);
	return lw_fs_pwrite(d->fd, block, n, at, e);
}

static int put_zeros(struct lw_device *d, const uint8_t *zeros, uint64_t from, uint64_t to,
		     struct lw_error *e)
{
	int r = 0;

	for (uint64_t at = from, n; at < to && r == 0; at += n) {
		n = to - at < LW_DEVICE_BLOCK ? to - at : LW_DEVICE_BLOCK;
		r = put(d, zeros, (size_t)n, at, e);
	}
	return r;
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

int lw_device_begin(struct lw_device *d, const atomic_bool *stop, struct lw_error *e)
{
	const uint64_t first = d->bytes < WIPED_FIRST ? d->bytes : WIPED_FIRST;
	uint64_t last = d->bytes < WIPED_LAST ? 0 : d->bytes - WIPED_LAST;
	int r;

	d->touched = true;
	d->stop = stop;
	last = last / ALIGNMENT * ALIGNMENT;
	r = put_zeros(d, d->first, 0, first, e);
	if (r == 0)
		r = put_zeros(d, d->first, last > first ? last : first, d->bytes, e);
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
		r = put(d, d->block, block_size(d, at), at, e);
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

/* What stands there instead, where that says what kind of medium it is. */
static int fail_differs(const struct lw_device *d, uint64_t at, const struct lw_digest *have,
			struct lw_error *e)
{
	const unsigned long long from = at, to = at + block_size(d, at);

	/* Where a medium begins anew, what came later stands. */
	for (size_t i = at / LW_DEVICE_BLOCK + 1; i < d->n; i++)
		if (lw_digest_equal(have, &d->digests[i]))
			return lw_fail(e, LW_E_DIGEST,
				       "bytes %llu to %llu are what was written at byte %llu: "
				       "it holds less than it says, take another",
				       from, to, (unsigned long long)i * LW_DEVICE_BLOCK);
	return lw_fail(e, LW_E_DIGEST,
		       "bytes %llu to %llu are not what was written there: it is broken, take "
		       "another",
		       from, to);
}

static int compare_block(struct lw_device *d, uint64_t at, const struct lw_digest *want,
			 struct lw_error *e)
{
	const size_t n = block_size(d, at);
	struct lw_digest have;

	if (d->stop && atomic_load(d->stop))
		return lw_fail(e, LW_E_BUSY, "stopped at byte %llu, reading it back",
			       (unsigned long long)at);
	if (lw_fs_pread(d->fd, d->block, n, at, e) < 0)
		return lw_prefix(e, "reading it back");
	have = lw_digest_of(lw_span(d->block, n));
	return lw_digest_equal(&have, want) ? 0 : fail_differs(d, at, &have, e);
}

/* The first block is still zeros, unless the medium begins anew where it ends. */
int lw_device_compare(struct lw_device *d, const struct lw_content_progress *progress,
		      struct lw_error *e)
{
	struct lw_digest zeros;
	int r = 0;

	memset(d->block, 0, LW_DEVICE_BLOCK);
	zeros = lw_digest_of(lw_span(d->block, block_size(d, 0)));
	(void)ioctl(d->fd, BLKFLSBUF); /* what others have read of it before */
	for (size_t i = 0; i < d->n && r == 0; i++) {
		const uint64_t at = i * (uint64_t)LW_DEVICE_BLOCK;

		r = compare_block(d, at, i ? &d->digests[i] : &zeros, e);
		if (r == 0 && progress->tell)
			progress->tell(progress->data, at + LW_DEVICE_BLOCK,
				       d->n * (uint64_t)LW_DEVICE_BLOCK);
	}
	return r < 0 ? fail_shown(d, e) : 0;
}

int lw_device_finish(struct lw_device *d, struct lw_error *e)
{
	int r = put(d, d->first, block_size(d, 0), 0, e);

	if (r == 0)
		r = lw_fs_sync(d->fd, "its beginning", e);
	if (r == 0)
		r = compare_block(d, 0, &d->digests[0], e);
	return r < 0 ? fail_shown(d, e) : 0;
}

int lw_device_spoil(struct lw_device *d, struct lw_error *e)
{
	const size_t n = block_size(d, 0);
	struct lw_digest zeros;
	int r;

	if (!d->touched)
		return 0;
	d->stop = NULL;
	memset(d->block, 0, LW_DEVICE_BLOCK);
	zeros = lw_digest_of(lw_span(d->block, n));
	r = put(d, d->block, n, 0, e);
	if (r == 0)
		r = lw_fs_sync(d->fd, "its beginning", e);
	(void)ioctl(d->fd, BLKFLSBUF);
	if (r == 0)
		r = compare_block(d, 0, &zeros, e);
	return r < 0 ? fail_shown(d, e) : 0;
}
