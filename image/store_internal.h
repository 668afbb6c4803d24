/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_STORE_INTERNAL_H
#define LW_IMAGE_STORE_INTERNAL_H

/* What image/store.c and image/pending.c share. */

#include "image/store.h"

#include <dirent.h>

struct lw_store {
	int root;     /* store/ */
	int blobs;    /* store/blobs/sha256/ */
	int incoming; /* store/incoming/ */
	int pending;  /* store/pending/ */
};

/* A stream over a folder, independent of the descriptor's position; NULL with errno. */
DIR *lw_store_list(int folder);
/* The next entry but "." and ".."; NULL at the end or, with errno set, on failure. */
const struct dirent *lw_store_next(DIR *d);

#endif
