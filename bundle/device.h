/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_DEVICE_H
#define LW_BUNDLE_DEVICE_H

/*
 * A block device that a bundle is written to, raw: no file system before it, and none of what
 * was there left where anybody looks for one. All goes past the page cache, both ways: what is
 * read back was on the medium.
 *
 *	lw_device_open, _check_room, _begin, _write ..., _flush, _compare, _finish
 *
 * A device is a bundle from its first block on, which is written last, when all the others have
 * been read back: one that was torn out, filled half, or does not keep what it gets, is none.
 */

#include "base/digest.h"
#include "bundle/content.h"

#include <stdatomic.h>

/* Written and compared at once. */
#define LW_DEVICE_BLOCK ((size_t)1 << 20)

struct lw_device;

/* What the kernel says of a device, in /sys/dev/block or where else that stands. LW_E_USAGE:
 * nothing, a partition, write-protected, cannot be taken out of the machine (`fixed` allows
 * that). */
int lw_device_judge_in(const char *sys_dev_block, unsigned major, unsigned minor, bool fixed,
		       struct lw_error *e) LW_WARN_UNUSED;

/* Held for this alone until it is closed. LW_E_USAGE: no block device, judged as above, or not
 * to be written to by us; LW_E_BUSY: mounted, a part of it is, or something else holds it.
 * Nothing is changed. `path` is borrowed. */
int lw_device_open(const char *path, bool fixed, struct lw_device **ret,
		   struct lw_error *e) LW_WARN_UNUSED;
void lw_device_close(struct lw_device *d);
uint64_t lw_device_bytes(const struct lw_device *d);

/* LW_E_NOSPACE: there is not room for so many bytes. */
int lw_device_check_room(const struct lw_device *d, uint64_t bytes,
			 struct lw_error *e) LW_WARN_UNUSED;
/* Wipes where signatures of other things may stand, at both ends. From here on *stop (borrowed;
 * NULL: never) ends each of these calls with LW_E_BUSY. */
int lw_device_begin(struct lw_device *d, const atomic_bool *stop,
		    struct lw_error *e) LW_WARN_UNUSED;
/* The next bytes. */
int lw_device_write(struct lw_device *d, struct lw_span bytes,
		    struct lw_error *e) LW_WARN_UNUSED;
/* All but the first block is there, durably. */
int lw_device_flush(struct lw_device *d, struct lw_error *e) LW_WARN_UNUSED;
/* Reads that back. LW_E_DIGEST says where it differs. */
int lw_device_compare(struct lw_device *d, const struct lw_content_progress *progress,
		      struct lw_error *e) LW_WARN_UNUSED;
/* The first block, too, which is read back. */
int lw_device_finish(struct lw_device *d, struct lw_error *e) LW_WARN_UNUSED;
/* It is no bundle, whatever was done to it after lw_device_begin: read back, too. On failure it
 * may be one. */
int lw_device_spoil(struct lw_device *d, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_device_(struct lw_device **d)
{
	lw_device_close(*d);
}

#endif
