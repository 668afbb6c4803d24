/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_UNPACK_TAR_H
#define LW_IMAGE_UNPACK_TAR_H

/* Private to image/: inside landwaiter-unpack. The file is read by descriptor, from its start,
 * wherever that stands. */

#include "base/span.h"
#include "image/unpack.h"

struct lw_tar_member {
	char *name, *link; /* owned; link NULL for what is none */
	bool folder;
	uint64_t offset, size;
};

/* All members of an archive, sorted by name. */
struct lw_tar_members {
	struct lw_tar_member *list;
	size_t n, cap;
};
int lw_tar_list(int fd, struct lw_tar_members *ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_tar_members_release(struct lw_tar_members *m);
/* The file of that name, or that a link "../NAME" of that name stands for; NULL. */
const struct lw_tar_member *lw_tar_find(const struct lw_tar_members *m, const char *name);

/* What a compressed file holds, in pieces to `write`. libarchive does not look at the sum at
 * the end of a gzip file: what counts is hashed by whoever reads it. */
int lw_tar_inflate(int fd, enum lw_unpack_form form,
		   int (*write)(void *sink, struct lw_span bytes, struct lw_error *e),
		   void *sink, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_tar_members_(struct lw_tar_members *m)
{
	lw_tar_members_release(m);
}

#endif
