/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_OWN_FOLDER_H
#define LW_CMD_OWN_FOLDER_H

/* The enclave's own repository in a folder, as the repository tool leaves it: `metadata` and
 * `targets`. */

#include "base/mem.h"
#include "bundle/own_trust.h"
#include "fetch/place.h"

struct lw_own_folder {
	struct lw_place *metadata, *targets;
	struct lw_own_source source; /* borrows from here */
};

/* Zero-initialise; close also after an error. LW_E_USAGE for a URL: an enclave has no network.
 */
int lw_own_folder_open(const char *path, struct lw_own_folder *f,
		       struct lw_error *e) LW_WARN_UNUSED;
void lw_own_folder_close(struct lw_own_folder *f);

static inline void lw_auto_own_folder_(struct lw_own_folder *f)
{
	lw_own_folder_close(f);
}

#endif
