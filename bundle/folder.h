/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_FOLDER_H
#define LW_BUNDLE_FOLDER_H

/*
 * The bundles at a medium's root: the names there that end in ".lwb", in letters large or
 * small (old FAT has large ones alone), and begin with no dot, in the order of their bytes.
 * Only the folder is read here, no file in it: what hides behind a name is seen by who opens it
 * beneath the folder (lw_medium_open_beneath).
 */

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define LW_MAX_FOLDER_ENTRIES ((uint64_t)1000000)
#define LW_MAX_FOLDER_BUNDLES ((size_t)10000)

struct lw_folder {
	int fd;	      /* owned */
	char **names; /* owned: any bytes but NUL and '/' */
	size_t n;
	uint64_t others; /* what else is there: counted, and never looked at */
};

/* LW_E_IO; LW_E_LIMIT. The caller releases *ret. */
int lw_folder_open(const char *path, struct lw_folder *ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_folder_release(struct lw_folder *f);

static inline void lw_auto_folder_(struct lw_folder *f)
{
	lw_folder_release(f);
}

#endif
