/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_ATTACH_H
#define LW_IMAGE_ATTACH_H

/*
 * Attaching a document to an image in a layout, as OCI 1.1 does: a manifest with `subject`, one
 * layer, and the empty configuration (image-spec "manifest.md", guidelines for artifact usage).
 * Bytes only; nothing is opened here.
 */

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

/* `{}`, application/vnd.oci.empty.v1+json: a blob that must be there too. */
#define LW_ATTACH_EMPTY "{}"

struct lw_attach {
	struct lw_digest subject;
	uint64_t subject_size;
	const char *subject_media_type;
	const char *artifact_type;
	struct lw_span layer; /* of media type layer_media_type */
	const char *layer_media_type;
	const char *annotation, *annotation_value; /* one of the layer's; NULL for none */
};

/* The manifest, canonical JSON, appended. */
void lw_attach_manifest(const struct lw_attach *a, struct lw_buf *out);

/* A layout's index.json with one more descriptor, appended; all that stood in it stands in the
 * result as it was, but for white space. One that names this manifest already is copied as it
 * is. In the box, for nobody has proven it. LW_E_FORMAT, LW_E_LIMIT. */
int lw_attach_index(struct lw_span index, const struct lw_digest *manifest, uint64_t size,
		    const char *artifact_type, struct lw_buf *out,
		    struct lw_error *e) LW_WARN_UNUSED;

#endif
