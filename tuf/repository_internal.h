/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_REPOSITORY_INTERNAL_H
#define LW_TUF_REPOSITORY_INTERNAL_H

/* For tuf/repository*.c alone. */

#include "base/fs.h"
#include "base/mem.h"
#include "tuf/repository.h"

#define LW_REPOSITORY_TEMP_NAME (sizeof(LW_FS_TEMP_PREFIX) + 16)

struct lw_repository {
	struct lw_arena arena;
	int fd;	      /* of the folder */
	int metadata; /* -1: nothing published */
	struct lw_published *roots;
	size_t n_roots;
	struct lw_published *roles;
	size_t n_roles;
};

/* A name that nobody has, in `out`. */
int lw_repository_temp_name(char out[static LW_REPOSITORY_TEMP_NAME],
			    struct lw_error *e) LW_WARN_UNUSED;

#endif
