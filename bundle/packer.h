/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_PACKER_H
#define LW_BUNDLE_PACKER_H

/* Copies blobs from layouts into archives, in order: one thread reads and writes, another
 * hashes. Each is read once, but for those that are cut: their pieces have to be hashed before.
 */

#include "bundle/archive.h"
#include "bundle/carry.h"
#include "bundle/content.h"
#include "bundle/volumes.h"
#include "image/gather.h"

struct lw_packer_job {
	struct lw_entries *entries;
	struct lw_layout *const *layouts; /* each blob is taken from the first that has it */
	size_t n_layouts;
	const struct lw_carried_bytes *carried; /* or, before the layouts, from these */
	size_t n_carried;
	struct lw_content_progress progress;
	uint64_t done, told; /* for it; the packer's own */
};

/* Fills in the digests of all pieces. Errors as below. */
int lw_packer_cut(struct lw_packer_job *job, struct lw_error *e) LW_WARN_UNUSED;
/* The members of one volume. LW_E_DIGEST, LW_E_NOTFOUND, LW_E_TRUNCATED name the blob. */
int lw_packer_run(struct lw_packer_job *job, const struct lw_extent *extent,
		  struct lw_archive *archive, struct lw_error *e) LW_WARN_UNUSED;

#endif
