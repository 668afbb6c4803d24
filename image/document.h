/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_DOCUMENT_H
#define LW_IMAGE_DOCUMENT_H

/* Private to image/: how a document is put together, and what every document must keep to,
 * whether it was parsed here or came across a box's wall. */

#include "base/arena.h"
#include "image/manifest.h"

/* An empty document, with room for so many children. */
struct lw_document *lw_document_new(size_t max_children);

/* A copy of the text that lives as long as the document; `last` (may be NULL) is used again
 * where it says the same: most of a document's strings repeat. */
const char *lw_document_string(struct lw_document *d, struct lw_span text, const char *last);

/* The one static string that equals a handled media type, so that pointers can be compared;
 * NULL for all others. */
const char *lw_media_constant(const char *media_type);
/* Manifests of a kind that came and went before OCI 1.1: they have a subject too, and cannot be
 * handled. */
#define LW_MEDIA_TYPE_ARTIFACT "application/vnd.oci.artifact.manifest.v1+json"

/* type "/" subtype (RFC 6838 4.2), and parameters, which some tools write: at most
 * LW_MAX_MEDIA_TYPE bytes of printable ASCII. */
bool lw_document_is_media_type(struct lw_span text);
/* An artifact type: the same by the specification, but tools also write words without a slash,
 * and nothing is decided by it. Printable ASCII, no space. */
bool lw_document_is_artifact_type(struct lw_span text);
/* os/arch[/variant], each [A-Za-z0-9._-]{1,64} */
bool lw_document_is_platform(struct lw_span text);

/* hauler.c: the names of evidence in an index.json of hauler's. LW_E_CONFLICT (evidence of no
 * image, or of two). */
int lw_hauler_rename(struct lw_document *d, struct lw_error *e) LW_WARN_UNUSED;

#endif
