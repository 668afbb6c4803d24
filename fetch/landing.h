/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_FETCH_LANDING_H
#define LW_FETCH_LANDING_H

/*
 * A target on its way into a folder of the user's: written under a name that nobody looks for,
 * hashed as it comes, and given its own name only when it is what signed metadata says. Paths
 * are made beneath the folder, through no link (CVE-2026-6968). One that was there is replaced
 * whole.
 */

#include "fetch/place.h"

struct lw_landing {
	int folder;	  /* borrowed */
	const char *path; /* of the target, beneath the folder */
	const struct lw_tuf_file *file;
};

/* Whether it is there already, and right. */
bool lw_landing_is_there(const struct lw_landing *l);

/* Brings it from the place, where it is called `name`. LW_E_DIGEST: not what is said;
 * LW_E_FORMAT: a path that leads out of the folder; LW_E_TRUNCATED: it could not be brought;
 * LW_E_NOTFOUND; of the folder LW_E_EXISTS (something that is no folder on the way), LW_E_IO,
 * LW_E_NOSPACE. */
int lw_landing_bring(const struct lw_landing *l, struct lw_place *from, const char *name,
		     struct lw_error *e) LW_WARN_UNUSED;

#endif
