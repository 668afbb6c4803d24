/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_OWN_BUNDLE_H
#define LW_BUNDLE_OWN_BUNDLE_H

/*
 * The enclave's own repository in a bundle whose seal nobody has judged: its metadata is
 * authenticated by what the enclave trusts of it, and by nothing else (`trust update BUNDLE`).
 * A box reads the lists and says where its files are; whether they are what they should be is
 * for the client to find out.
 */

#include "bundle/carried_source.h"
#include "bundle/medium.h"

struct lw_own_bundle {
	struct lw_own_source source; /* borrows from here */
	/* private */
	const char *program;
	struct lw_medium medium;
	int fd;
	bool listed; /* the box was asked */
	struct lw_carried carried;
	uint64_t *offsets; /* owned: of the bytes of carried.files[i] */
	struct lw_carried_source files;
};

/* program: the box's; NULL: the one beside this executable. Nothing is read yet: what cannot be
 * read fails when it is asked for. LW_E_NOTFOUND, LW_E_IO. Zero-initialise; close also after an
 * error. */
int lw_own_bundle_open(const char *path, const char *program, struct lw_own_bundle *b,
		       struct lw_error *e) LW_WARN_UNUSED;
void lw_own_bundle_close(struct lw_own_bundle *b);

static inline void lw_auto_own_bundle_(struct lw_own_bundle *b)
{
	lw_own_bundle_close(b);
}

#endif
