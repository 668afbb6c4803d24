/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_TAR_H
#define LW_IMAGE_TAR_H

/* Private to image/: the headers of a tar archive (POSIX.1-2017 pax, "ustar Interchange
 * Format"; GNU tar's of the same length), as narrow as image/unpack.h says. Reads headers, no
 * data. */

#include "base/error.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lw_tar_type {
	LW_TAR_FILE,
	LW_TAR_FOLDER,
	LW_TAR_LINK, /* symbolic */
};

struct lw_tar_header {
	enum lw_tar_type type;
	char name[LW_MAX_ARCHIVE_NAME + 2]; /* as it stands there, a folder's with its "/" */
	char link[101];
	uint64_t offset; /* of the data */
	uint64_t size;
	uint64_t end; /* of the padding: where the next header stands */
};

/* The header at `at` of a file of that size, with the pax header before it. *ret_end: there is
 * none, but the closing zeros, to the end of the file. LW_E_FORMAT, LW_E_LIMIT,
 * LW_E_UNSUPPORTED, LW_E_TRUNCATED; LW_E_IO. */
int lw_tar_header(int fd, uint64_t at, uint64_t file_size, struct lw_tar_header *ret,
		  bool *ret_end, struct lw_error *e) LW_WARN_UNUSED;

#endif
