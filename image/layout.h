/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_LAYOUT_H
#define LW_IMAGE_LAYOUT_H

/*
 * Where images come from. Each source is opened as a layout, once however many images are
 * packed from it:
 *
 * - oci:DIR[:REF], an OCI image layout folder (image-spec 1.1 "image-layout.md")
 * - dir:DIR, a folder of containers/image, version 1.1: manifest.json, blobs called by their
 *   digests, the manifests of an index HEX.manifest.json; one image
 * - oci-archive:FILE[:REF], a layout in a tar archive: plain, or in gzip or zstd
 * - docker-archive:FILE[:REF], what `docker save` wrote, in the same forms. It has no
 *   manifests: they are made here, and nobody's signature is about them
 *
 * Archives are read as image/unpack.h says. Blobs are opened beneath the folder, never through
 * links. Unknown extra files are no error.
 */

#include "base/digest.h"
#include "base/error.h"

struct lw_document_reader;
struct lw_layout;

enum lw_source_kind {
	LW_SOURCE_OCI,
	LW_SOURCE_DIR,
	LW_SOURCE_OCI_ARCHIVE,
	LW_SOURCE_DOCKER_ARCHIVE,
	LW_SOURCE_COUNT, /* not one */
};
const char *lw_source_kind_name(enum lw_source_kind kind); /* "oci" ... */

/* Its parts; ref is "" when not said. */
struct lw_source {
	enum lw_source_kind kind;
	char *path, *ref; /* owned */
};
void lw_source_release(struct lw_source *s);

/* Whether it begins like one: "oci:". */
bool lw_source_is(const char *text);
/* "KIND:PATH[:REF]" into its parts. A path with colons is found if it exists; otherwise it ends
 * at the first colon. LW_E_USAGE. */
int lw_source_split(const char *text, struct lw_source *ret, struct lw_error *e) LW_WARN_UNUSED;

/* Opens a source of any kind: errors as below; LW_E_CONFLICT (an archive with one name twice),
 * LW_E_TRUNCATED, LW_E_NOSPACE. `room` is an open folder, borrowed: a file without a name is
 * made there for what a compressed archive holds. */
int lw_layout_open_source(const struct lw_source *s, int room,
			  const struct lw_document_reader *reader, struct lw_layout **ret,
			  struct lw_error *e) LW_WARN_UNUSED;

/* A layout folder: reads oci-layout and index.json, through the reader. `reader` is borrowed
 * until close. LW_E_NOTFOUND, LW_E_FORMAT, LW_E_LIMIT, LW_E_UNSUPPORTED, LW_E_IO, LW_E_JAIL. */
int lw_layout_open(const char *dir, const struct lw_document_reader *reader,
		   struct lw_layout **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_layout_close(struct lw_layout *l);

/* Opens a blob for reading and checks its size: its bytes are those from *ret_offset on.
 * LW_E_NOTFOUND names the digest; LW_E_TRUNCATED (shorter), LW_E_DIGEST (longer), LW_E_FORMAT
 * (no regular file). Several threads may call it. */
int lw_layout_open_blob(struct lw_layout *l, const struct lw_digest *d, uint64_t size,
			int *ret_fd, uint64_t *ret_offset, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_source_(struct lw_source *s)
{
	lw_source_release(s);
}

static inline void lw_auto_layout_(struct lw_layout **l)
{
	lw_layout_close(*l);
}

#endif
