/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_MANIFEST_H
#define LW_IMAGE_MANIFEST_H

/*
 * Image manifests, indexes and artifacts (OCI image-spec 1.1; Docker schema 2), read into one
 * shape: what a document is, and what it points at. The document itself stays opaque bytes:
 * nothing here is ever written back. A document that could be read as two kinds (both `layers`
 * and `manifests`; a mediaType other than its descriptor's; neither: CVE-2021-41190) is
 * refused, and so is one with a key that other readers, which do not mind case, would take for
 * one of these ("Layers"). A descriptor's `urls` are never fetched, its `data` is never used.
 */

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

#include <stdbool.h>

enum lw_media {
	LW_MEDIA_OTHER = 0,
	LW_MEDIA_MANIFEST, /* OCI image manifest, Docker schema 2 manifest */
	LW_MEDIA_INDEX,	   /* OCI image index, Docker manifest list */
};

/* The `oci-layout` file of an image layout; lw_document_parse reads it too (kind OTHER, no
 * children), so that it crosses a box's wall like all other bytes from outside. */
#define LW_MEDIA_TYPE_LAYOUT "application/vnd.oci.layout.header.v1+json"

enum lw_media lw_media_kind(const char *media_type);

enum lw_child_role {
	LW_CHILD_CONFIG = 1,
	LW_CHILD_LAYER,
	LW_CHILD_MANIFEST, /* an element of an index's `manifests` */
	LW_CHILD_SUBJECT,  /* what this document is about; not part of it */
};

/* A descriptor (image-spec "descriptor.md"). Strings are never NULL ("" when absent) and are
 * owned by the document. */
struct lw_descriptor {
	enum lw_child_role role;
	struct lw_digest digest;
	uint64_t size;
	const char *media_type;
	const char *artifact_type;
	const char
		*platform; /* "os/arch[/variant]" in an index, "" when not said. Not all of what
			      tells two platforms apart: os.version and features are left out */
	const char *ref_name;  /* annotation org.opencontainers.image.ref.name */
	const char *full_name; /* annotation io.containerd.image.name */
	const char *kind; /* annotation "kind", hauler's; NULL when absent, and across a wall */
};

struct lw_document {
	enum lw_media kind;
	const char *media_type; /* as established, never "" */
	const char *artifact_type;
	struct lw_descriptor *children; /* config, layers / manifests; the subject comes last */
	size_t n_children;
	/* annotation org.opencontainers.image.base.digest of the document itself, if that is a
	 * digest; not carried across a box's wall */
	bool has_base;
	struct lw_digest base;
	void *strings; /* private: owner of the strings */
};

/* media_type: what the descriptor said ("" where there is none: then the document must say it
 * itself). LW_E_FORMAT, LW_E_LIMIT, LW_E_UNSUPPORTED (a media type or digest algorithm that is
 * not handled, Docker schema 1). The caller frees *ret with lw_document_free. */
int lw_document_parse(struct lw_span bytes, const char *media_type, struct lw_document **ret,
		      struct lw_error *e) LW_WARN_UNUSED;
/* A source layout's index.json: as an index, but mediaType may be absent, descriptors of any
 * media type may stand in it, and manifests may be null: none. */
int lw_document_parse_layout_index(struct lw_span bytes, struct lw_document **ret,
				   struct lw_error *e) LW_WARN_UNUSED;
void lw_document_free(struct lw_document *d);

/* The first child of a role, or NULL. */
const struct lw_descriptor *lw_document_child(const struct lw_document *d,
					      enum lw_child_role role);

/* Across a box's wall: put and take mirror each other; taking checks everything again that a
 * broken box could get wrong (LW_E_JAIL). */
void lw_document_put(const struct lw_document *d, struct lw_buf *out);
int lw_document_take(struct lw_span *body, struct lw_document **ret,
		     struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_document_(struct lw_document **d)
{
	lw_document_free(*d);
}

#endif
