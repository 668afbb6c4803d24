/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_INDEX_H
#define LW_IMAGE_INDEX_H

/*
 * index.json of an OCI image layout that we make ourselves (image-spec 1.1 "image-layout.md"):
 * the store's and a bundle's. It is derived, written, compared, and never believed. Canonical
 * JSON: the same rows give the same bytes.
 */

#include "base/buf.h"
#include "base/digest.h"
#include "image/gather.h"

/* One descriptor. All strings borrowed, never NULL, UTF-8. */
struct lw_index_row {
	const char *media_type;
	struct lw_digest digest;
	uint64_t size;		   /* at most LW_MAX_BLOB_BYTES */
	const char *artifact_type; /* "": none */
	const char *name;	   /* full reference; "": none */
};

/* The name that finds a piece of evidence in a layout: the subject's tag of that mechanism in
 * `repository` ("host/app:sha256-ab....sig"); "" where the mechanism has no tags (referrers).
 * Owned by the caller. */
char *lw_index_evidence_name(const char *repository, enum lw_mechanism mechanism,
			     const struct lw_digest *subject);

/* Keeps the first of the rows that have the same digest and the same name, in their order.
 * Returns how many are left. */
size_t lw_index_unique(struct lw_index_row *rows, size_t n);

/* Appends the index: rows in the order given; a name becomes both annotations that tools look
 * for, org.opencontainers.image.ref.name and io.containerd.image.name. */
void lw_index_write(struct lw_buf *out, const struct lw_index_row *rows, size_t n);

/* The `oci-layout` file beside it. */
#define LW_INDEX_OCI_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"

#endif
