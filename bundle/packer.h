/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_PACKER_H
#define LW_BUNDLE_PACKER_H

/* Copies blobs from layouts into the archive, in order, each read once: one thread reads and
 * writes, another hashes. */

#include "bundle/archive.h"
#include "bundle/carry.h"
#include "bundle/content.h"
#include "image/gather.h"

struct lw_packer_job {
	const struct lw_blob *blobs;
	size_t n_blobs;
	struct lw_layout *const *layouts; /* each blob is taken from the first that has it */
	size_t n_layouts;
	const struct lw_carried_bytes *carried; /* or, before the layouts, from these */
	size_t n_carried;
	struct lw_content_progress progress;
};

/* LW_E_DIGEST, LW_E_NOTFOUND, LW_E_TRUNCATED name the blob. */
int lw_packer_run(const struct lw_packer_job *job, struct lw_archive *archive,
		  struct lw_error *e) LW_WARN_UNUSED;

#endif
