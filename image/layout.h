/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_LAYOUT_H
#define LW_IMAGE_LAYOUT_H

/* A source: an OCI image layout folder, `oci:DIR[:REF]` (image-spec 1.1 "image-layout.md").
 * Opened once however many images are packed from it. Blobs are opened beneath the folder,
 * never through links. Unknown extra files are no error. */

#include "base/digest.h"
#include "base/error.h"

struct lw_document_reader;
struct lw_layout;

/* "oci:DIR[:REF]" into its parts; ret_ref is "" when not said. Both owned by the caller.
 * A folder whose name has colons is found if it exists; otherwise DIR ends at the first colon.
 * LW_E_USAGE. */
int lw_layout_split(const char *source, char **ret_dir, char **ret_ref,
		    struct lw_error *e) LW_WARN_UNUSED;

/* Reads oci-layout and index.json, through the reader. `reader` is borrowed until close.
 * LW_E_NOTFOUND, LW_E_FORMAT, LW_E_LIMIT, LW_E_UNSUPPORTED, LW_E_IO, LW_E_JAIL. */
int lw_layout_open(const char *dir, const struct lw_document_reader *reader,
		   struct lw_layout **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_layout_close(struct lw_layout *l);

/* Opens a blob for reading and checks its size. LW_E_NOTFOUND names the digest; LW_E_TRUNCATED
 * (shorter), LW_E_DIGEST (longer), LW_E_FORMAT (no regular file). Several threads may call it.
 */
int lw_layout_open_blob(struct lw_layout *l, const struct lw_digest *d, uint64_t size,
			int *ret_fd, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_layout_(struct lw_layout **l)
{
	lw_layout_close(*l);
}

#endif
