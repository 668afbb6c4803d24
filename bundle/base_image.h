/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_BASE_IMAGE_H
#define LW_BUNDLE_BASE_IMAGE_H

/*
 * Base images: a derived image is accepted only if the base it names is, and if it is really
 * built on it. Named by the annotation org.opencontainers.image.base.digest of each of its
 * manifests (bound by the image's digest, which its vendor signed); proven by the base's
 * layers, or the diff_ids of its configuration, being a strict prefix of its own. The
 * annotation alone proves nothing, the prefix alone is no permission.
 */

#include "bundle/evidence.h"

/* A base as it was found. */
struct lw_base_found {
	char name[LW_MAX_REFERENCE + 1];	/* of the accepted image that it is (part of) */
	char media_type[LW_MAX_MEDIA_TYPE + 1]; /* of the digest that was asked for */
	uint64_t size;				/* likewise */
	bool met;				/* that image meets its own vendor's rule */
};

struct lw_bases {
	const struct lw_blob_source *source;
	/* The image that is, or holds, this manifest or index: that enters with this bundle, or
	 * was accepted, in at least this zone. depth: how many bases stand above it.
	 * LW_E_NOTFOUND. */
	int (*find)(void *data, const struct lw_digest *digest, const char *zone,
		    unsigned depth, struct lw_base_found *ret, struct lw_error *e);
	void *data;
};

/* Judges the base of an image whose own judgement is met; fills in j->base. What is wrong is a
 * finding (BASE_*); an error is a fault of our own side. */
int lw_base_judge(const struct lw_image *image, const char *name,
		  const struct lw_testimonies *heard, const struct lw_bases *bases,
		  unsigned depth, struct lw_verdict *v, struct lw_judgement *j,
		  struct lw_error *e) LW_WARN_UNUSED;

#endif
