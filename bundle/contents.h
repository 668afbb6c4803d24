/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_CONTENTS_H
#define LW_BUNDLE_CONTENTS_H

/* The contents: which images, which evidence, what was looked for and was not there
 * (docs/format/bundle.md section 4). The same struct lw_image that gathering makes. */

#include "base/buf.h"
#include "image/gather.h"
#include "verify/proven.h"

/* TUF metadata that the bundle brings (docs/format/bundle.md section 4.1): files of a
 * repository by the names that a client asks for, "2.root.json", "timestamp.json" ..., and how
 * much the sender knew when it looked: that a newer root is not here proves nothing. */
struct lw_carried_file {
	char *name; /* owned */
	struct lw_digest digest;
	uint64_t size;
};

struct lw_carried {
	char repository[LW_MAX_LABEL + 1];
	int64_t looked;	     /* seconds */
	int64_t newest_root; /* the version of the last one that the sender could find */
	struct lw_carried_file *files; /* owned; ascending by name */
	size_t n_files;
};

struct lw_contents {
	struct lw_image *images; /* owned; ascending by name */
	size_t n_images;
	struct lw_carried *carried; /* owned; ascending by repository */
	size_t n_carried;
	/* the entry list */
	uint64_t entries_blobs, entries_bytes;
	struct lw_digest entries_digest;
	/* Of an increment: how many of the blobs do not travel, and how large they are; which
	 * earlier bundles the sender supposes here. */
	uint64_t have_blobs, have_bytes;
	struct lw_digest *since; /* owned; ascending */
	size_t n_since;
};

/* Whether each file of the bundle says which it is. */
static inline bool lw_contents_is_marked(const struct lw_contents *c, uint64_t volumes)
{
	return volumes > 1 || c->have_blobs > 0;
}

/* LW_E_FORMAT, LW_E_LIMIT, LW_E_CONFLICT. Checks form, order and uniqueness, and that the
 * ledger and the evidence together say for every subject and mechanism either "found" or
 * "absent"; whether the subjects are all of the image's manifests is checked when those are
 * read. */
int lw_contents_parse(struct lw_proven proven, struct lw_contents *ret,
		      struct lw_error *e) LW_WARN_UNUSED;
void lw_contents_write(const struct lw_contents *c, struct lw_buf *out);
void lw_contents_release(struct lw_contents *c);

/* Frees what it holds. */
void lw_carried_release(struct lw_carried *c);
/* Whether a file may be called so: as a client asks for it, quoted, and no path. */
bool lw_carried_is_name(const char *name);
/* The file of this name; NULL: none. */
const struct lw_carried_file *lw_carried_find(const struct lw_carried *c, const char *name);

/* One image's member of `images`, canonical: what the enclave keeps as its detail. */
void lw_contents_write_image(const struct lw_image *image, struct lw_buf *out);
/* Of such a detail: lw_image.made, without reading all of it. */
bool lw_contents_is_made(const char *detail);
/* What is said of one, wherever it is shown. */
#define LW_CONTENTS_MADE "digest not vendor-attested"

/* The other way round. LW_E_FORMAT, LW_E_LIMIT, LW_E_CONFLICT. The caller releases *ret with
 * lw_image_release, also after an error. */
int lw_contents_parse_image(struct lw_proven proven, struct lw_image *ret,
			    struct lw_error *e) LW_WARN_UNUSED;

/* index.json (section 6). */
void lw_contents_write_index(const struct lw_contents *c, struct lw_buf *out);

static inline void lw_auto_contents_(struct lw_contents *c)
{
	lw_contents_release(c);
}

#endif
