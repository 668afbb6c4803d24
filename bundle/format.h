/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_FORMAT_H
#define LW_BUNDLE_FORMAT_H

/* The archive around a bundle (docs/format/bundle.md section 1): names, the one header that
 * may stand before a member, and where members are. Offsets are computed, never read. */

#include "base/digest.h"
#include "base/span.h"
#include "base/limits.h"

#define LW_TAR_BLOCK	   512
#define LW_TAR_END	   1024 /* zero bytes that close the archive */
#define LW_NAME_SEAL	   "landwaiter/seal.json"
#define LW_NAME_CONTENTS   "landwaiter/contents.json"
#define LW_NAME_ENTRIES	   "landwaiter/entries"
#define LW_NAME_OCI_LAYOUT "oci-layout"
#define LW_NAME_INDEX	   "index.json"
#define LW_NAME_VOLUME	   "landwaiter/volume"
#define LW_NAME_SUPPLEMENT "landwaiter/supplement"
#define LW_OCI_LAYOUT	   "{\"imageLayoutVersion\":\"1.0.0\"}"
#define LW_NAME_MAX	   100

/* "blobs/sha256/<hex>" */
#define LW_BLOB_NAME 78
char *lw_format_blob_name(const struct lw_digest *d, char out[static LW_BLOB_NAME]);

/* "landwaiter/pieces/<hex>/<nnnn>", counted from 0001; `number` counts from 0. */
#define LW_PIECE_NAME 88
char *lw_format_piece_name(const struct lw_digest *d, unsigned number,
			   char out[static LW_PIECE_NAME]);

/* What the volumes of a bundle of several are told apart by: "0002 of 0003" and LF; those of an
 * increment bear it always, and its supplements say they are number 0. */
#define LW_VOLUME_MARK 13
void lw_format_volume_mark(uint64_t volume, uint64_t volumes,
			   char out[static LW_VOLUME_MARK + 1]);
/* The volume that is marked so, of so many; 0: none of them. */
uint64_t lw_format_volume_of(struct lw_span mark, uint64_t volumes);
bool lw_format_is_supplement(struct lw_span mark, uint64_t volumes);

/* The header of a member; name shorter than LW_NAME_MAX, size at most LW_MAX_MEMBER_BYTES. */
void lw_format_header(const char *name, uint64_t size, uint8_t out[static LW_TAR_BLOCK]);

/* Bytes of zeros after a member's own. */
static inline uint64_t lw_format_padding(uint64_t size)
{
	return (LW_TAR_BLOCK - size % LW_TAR_BLOCK) % LW_TAR_BLOCK;
}

/* Header, bytes and padding. */
static inline uint64_t lw_format_member(uint64_t size)
{
	return LW_TAR_BLOCK + size + lw_format_padding(size);
}

#endif
