/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_MEDIUM_H
#define LW_BUNDLE_MEDIUM_H

/*
 * What a bundle is read from: one open descriptor, every byte asked for once. The count of
 * bytes read stands in every verdict; that no byte is read twice is how a medium that answers
 * differently the second time gains nothing. Thread-safe.
 */

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lw_medium {
	int fd; /* borrowed */
	uint64_t size;
	bool exact; /* a file ends at `size`; a device does not say where a bundle ends */
	atomic_uint_fast64_t bytes_read;
};

/* Opens a file or a block device. The caller closes *ret_fd after the medium. */
int lw_medium_open(const char *path, struct lw_medium *ret, int *ret_fd,
		   struct lw_error *e) LW_WARN_UNUSED;

/* A name in an open folder: a regular file, and no link. LW_E_FORMAT as lw_fs_open_beneath. */
int lw_medium_open_beneath(int folder, const char *name, struct lw_medium *ret, int *ret_fd,
			   struct lw_error *e) LW_WARN_UNUSED;

/* Exactly n bytes at an offset. LW_E_TRUNCATED (the medium ends first), LW_E_IO. */
int lw_medium_read(struct lw_medium *m, void *p, size_t n, uint64_t offset,
		   struct lw_error *e) LW_WARN_UNUSED;
/* The same; *ret_n: how many there were before the error. */
int lw_medium_read_some(struct lw_medium *m, void *p, size_t n, uint64_t offset, size_t *ret_n,
			struct lw_error *e) LW_WARN_UNUSED;

#endif
