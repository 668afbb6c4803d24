/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_ARCHIVE_H
#define LW_BUNDLE_ARCHIVE_H

/* Writing the ustar archive of a bundle through libarchive (docs/format/bundle.md section 1).
 */

#include "base/error.h"
#include "base/span.h"

struct lw_archive;

/* Writes to fd (borrowed) from its current offset, in blocks of 1 MiB. */
int lw_archive_new(int fd, struct lw_archive **ret, struct lw_error *e) LW_WARN_UNUSED;
/* Hands such blocks to somebody, whose errors come back from the call that led to them. */
int lw_archive_new_to(int (*write)(void *data, struct lw_span bytes, struct lw_error *e),
		      void *data, struct lw_archive **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_archive_free(struct lw_archive *a);

/* The next member: its header, then exactly `size` bytes by lw_archive_data. */
int lw_archive_member(struct lw_archive *a, const char *name, uint64_t size,
		      struct lw_error *e) LW_WARN_UNUSED;
int lw_archive_data(struct lw_archive *a, struct lw_span bytes,
		    struct lw_error *e) LW_WARN_UNUSED;
/* Both at once. */
int lw_archive_put(struct lw_archive *a, const char *name, struct lw_span bytes,
		   struct lw_error *e) LW_WARN_UNUSED;
/* The closing blocks. */
int lw_archive_finish(struct lw_archive *a, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_archive_(struct lw_archive **a)
{
	lw_archive_free(*a);
}

#endif
