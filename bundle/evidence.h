/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_EVIDENCE_H
#define LW_BUNDLE_EVIDENCE_H

/*
 * From an image's evidence to testimonies: every piece that may be a signature goes through a
 * box, every signature is verified again here. The same for a bundle that is being judged and
 * for an accepted image that is judged again (`promote`, `policy explain`): they differ in
 * where bytes come from.
 */

#include "bundle/box.h"
#include "image/gather.h"
#include "verify/judgement.h"

/* Where proven bytes come from: appends the blob of this digest and size. LW_E_NOTFOUND,
 * LW_E_LIMIT (larger than max); LW_E_DIGEST and others are faults of our own side. */
struct lw_blob_source {
	int (*read)(void *data, const struct lw_digest *digest, uint64_t size, size_t max,
		    struct lw_buf *out, struct lw_error *e);
	void *data;
};

struct lw_testimonies {
	struct lw_testimony *list; /* owned */
	size_t n;
	bool cut; /* not all was heard: a finding says why */
	/* Of an index: its manifests that are here, but for those that say they are for no
	 * platform (unknown/unknown: attestations of a builder). */
	struct lw_digest *platforms; /* owned */
	size_t n_platforms;
};

/* Hears all evidence of an image in one box. What is wrong with it is a finding (EVIDENCE_BOX,
 * EVIDENCE_LIMIT) or a testimony; an error is a fault of our own side. Zero-initialise *ret;
 * release it also after an error. By the keys of the boxes' policy. */
int lw_evidence_hear(struct lw_boxes *boxes, const struct lw_image *image,
		     const struct lw_blob_source *source, struct lw_verdict *v,
		     struct lw_testimonies *ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_testimonies_release(struct lw_testimonies *t);

/* The finding for an image with more than LW_MAX_IMAGE_SIGNATURES; also where that shows before
 * anything is heard. */
void lw_evidence_too_many(struct lw_verdict *v, const char *image);

/* What lw_judgement_make asks for. Borrows from its arguments; `name` takes the image's. */
struct lw_judged lw_evidence_judged(const struct lw_image *image,
				    const struct lw_testimonies *heard,
				    const struct lw_interval *now,
				    char name[LW_MAX_REFERENCE + 1]);

static inline void lw_auto_testimonies_(struct lw_testimonies *t)
{
	lw_testimonies_release(t);
}

#endif
