/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_EXPORT_H
#define LW_BUNDLE_EXPORT_H

/*
 * An accepted image out of the store, with all its evidence: as an OCI image layout in a
 * folder, or in an archive of one (oci-archive). Its index.json is what a bundle's would be of
 * this image alone; blobs are hashed while they are copied; what is made appears under its name
 * only when it is whole and durable.
 */

#include "bundle/content.h"
#include "custody/enclave.h"

enum lw_export_form { LW_EXPORT_LAYOUT, LW_EXPORT_ARCHIVE };

struct lw_export_options {
	enum lw_export_form form;
	const char *path;
	struct lw_content_progress progress;
};

struct lw_export_result {
	uint64_t blobs, bytes; /* bytes: of the blobs */
};

/* LW_E_CONFLICT: the image is withheld. LW_E_DIGEST names a blob that is missing or damaged
 * here. LW_E_EXISTS: something is at the path. LW_E_NOSPACE, LW_E_IO. On failure nothing is
 * left. */
int lw_export_image(struct lw_enclave *enclave, const struct lw_state_image *image,
		    const struct lw_export_options *options, struct lw_export_result *ret,
		    struct lw_error *e) LW_WARN_UNUSED;

#endif
