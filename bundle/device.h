/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_DEVICE_H
#define LW_BUNDLE_DEVICE_H

/*
 * A block device that a bundle is written to, raw: no file system before it, and none of what
 * was there left where anybody looks for one. All goes past the page cache, both ways: what is
 * read back was on the medium.
 *
 * A device is a bundle from its first block on, which is written last: one that was torn out,
 * or filled half, is none.
 */

#include "base/digest.h"
#include "bundle/content.h"

/* Written and compared at once. */
#define LW_DEVICE_BLOCK ((size_t)1 << 20)

struct lw_device;

/* Held for this alone until it is closed. LW_E_USAGE: no block device, a partition, one that
 * cannot be written to, one that cannot be taken out (`fixed` allows that); LW_E_BUSY: mounted,
 * a part of it is, or something else holds it. `path` is borrowed. */
int lw_device_open(const char *path, bool fixed, struct lw_device **ret,
		   struct lw_error *e) LW_WARN_UNUSED;
void lw_device_close(struct lw_device *d);
uint64_t lw_device_bytes(const struct lw_device *d);

/* LW_E_NOSPACE: there is not room for so many bytes. */
int lw_device_check_room(const struct lw_device *d, uint64_t bytes,
			 struct lw_error *e) LW_WARN_UNUSED;
/* Wipes where signatures of other things may stand: the first and the last block. */
int lw_device_begin(struct lw_device *d, struct lw_error *e) LW_WARN_UNUSED;
/* The next bytes. */
int lw_device_write(struct lw_device *d, struct lw_span bytes,
		    struct lw_error *e) LW_WARN_UNUSED;
/* All but the first block is there, durably. */
int lw_device_flush(struct lw_device *d, struct lw_error *e) LW_WARN_UNUSED;
/* The first block, too; then all of it is read back. LW_E_DIGEST says where it differs, and it
 * is no bundle then. */
int lw_device_finish(struct lw_device *d, const struct lw_content_progress *progress,
		     struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_device_(struct lw_device **d)
{
	lw_device_close(*d);
}

#endif
