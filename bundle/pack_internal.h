/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_PACK_INTERNAL_H
#define LW_BUNDLE_PACK_INTERNAL_H

/* What bundle/pack.c makes, and bundle/pack_files.c or bundle/pack_devices.c write. */

#include "bundle/pack.h"
#include "bundle/packer.h"

/* What stands before the blobs of every volume. */
struct lw_pack_head {
	struct lw_buf seal, contents, entries, index;
	bool marked;	   /* each file says which it is */
	struct lw_buf map; /* of a supplement; else empty */
};
uint64_t lw_pack_head_bytes(const struct lw_pack_head *h);

/* The volumes, each under a temporary name, made durable, then named: a file of such a name is
 * whole. LW_E_EXISTS: such a file is there, or one of a packing in other volumes. */
int lw_pack_write(const struct lw_pack_options *o, struct lw_packer_job *job,
		  const struct lw_pack_head *head, const struct lw_pack_result *result,
		  struct lw_error *e) LW_WARN_UNUSED;

/* The same onto o->devices, one volume each. */
int lw_pack_write_devices(const struct lw_pack_options *o, struct lw_packer_job *job,
			  const struct lw_pack_head *head, const struct lw_pack_result *result,
			  struct lw_error *e) LW_WARN_UNUSED;

/* One volume, all of it. */
int lw_pack_write_volume(struct lw_packer_job *job, const struct lw_pack_head *head,
			 uint64_t volume, struct lw_archive *archive,
			 struct lw_error *e) LW_WARN_UNUSED;

#endif
