/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_BASES_H
#define LW_BUNDLE_BASES_H

/* What was accepted before, as bases and as bytes (bundle/base_image.h). */

#include "bundle/base_image.h"
#include "custody/enclave.h"

/* For a struct lw_blob_source over the store: a blob of the state, read and hashed again.
 * LW_E_NOTFOUND (no row of this size), LW_E_LIMIT, LW_E_DIGEST (the store's copy is damaged).
 */
int lw_bases_read(struct lw_enclave *enclave, const struct lw_digest *digest, uint64_t size,
		  size_t max, struct lw_buf *out, struct lw_error *e) LW_WARN_UNUSED;

/* An accepted image that is, or holds, this manifest, in `zone` or a stricter one; where policy
 * has no zones, in any. LW_E_NOTFOUND. */
int lw_bases_find_accepted(struct lw_enclave *enclave, const struct lw_policy *policy,
			   const struct lw_digest *digest, const char *zone,
			   struct lw_base_found *ret, struct lw_error *e) LW_WARN_UNUSED;

/* Fills in media type and size of `digest`, which is an image (root) or one of the manifests of
 * its index. LW_E_NOTFOUND: neither. */
int lw_bases_describe(const struct lw_blob_source *source, const struct lw_digest *root,
		      uint64_t root_size, const char *root_media_type,
		      const struct lw_digest *digest, struct lw_base_found *ret,
		      struct lw_error *e) LW_WARN_UNUSED;

#endif
