/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_GATHER_H
#define LW_IMAGE_GATHER_H

/*
 * From an image's name to everything that must travel with it: the image (an index with all
 * its children, or those of chosen platforms), and all evidence attached to it and to each of
 * its manifests, recursively: manifests whose `subject` it is (listed in index.json or not),
 * the referrers fallback index `sha256-<hex>` (distribution-spec 1.1), cosign's
 * `sha256-<hex>.sig|.att|.sbom` tags. What was looked for and found, or found absent, is kept
 * per mechanism: the evidence ledger. An error is an error, never an absence.
 */

#include "image/layout.h"
#include "image/manifest.h"
#include "image/reference.h"

enum lw_mechanism {
	LW_MECHANISM_REFERRERS,	   /* manifests with `subject` */
	LW_MECHANISM_FALLBACK_TAG, /* sha256-<hex> */
	LW_MECHANISM_COSIGN_SIG,   /* sha256-<hex>.sig */
	LW_MECHANISM_COSIGN_ATT,   /* sha256-<hex>.att */
	LW_MECHANISM_COSIGN_SBOM,  /* sha256-<hex>.sbom */
	LW_MECHANISM_COUNT
};
const char *
lw_mechanism_name(enum lw_mechanism m); /* "referrers", "fallback-tag", "cosign-sig" ... */
/* The other way round. LW_E_FORMAT. */
int lw_mechanism_parse(struct lw_span name, enum lw_mechanism *ret,
		       struct lw_error *e) LW_WARN_UNUSED;

/* Whether a tag is one that evidence is found by: sha256-<hex> with a mechanism's ending. No
 * image may be named so. */
bool lw_referrers_is_tag(const char *tag);

/* One thing attached to one subject. */
struct lw_evidence {
	struct lw_digest subject;
	enum lw_mechanism mechanism;
	struct lw_digest digest; /* of the manifest or index that is the evidence */
	uint64_t size;
	char *media_type;    /* owned */
	char *artifact_type; /* owned; "" when it has none */
};

struct lw_image {
	struct lw_reference name;
	struct lw_digest digest;
	uint64_t size;
	char *media_type; /* owned */
	char *source;	  /* owned: "oci:DIR[:REF]" and the like, as the user named it */
	bool made;	  /* its source had no manifest: the digest is of one that pack made,
			     and no vendor's signature can be about it */
	char **platforms; /* owned, sorted: "linux/amd64"; empty for a plain manifest */
	size_t n_platforms;
	struct lw_digest *omitted; /* owned, sorted: index children left out by --platform */
	size_t n_omitted;
	struct lw_evidence *evidence; /* owned, sorted by subject, mechanism, digest */
	size_t n_evidence;
	/* Every manifest and index of the image itself (not of its evidence): each was looked
	 * up under every mechanism. Sorted. */
	struct lw_digest *subjects;
	size_t n_subjects;
};

/* Every blob that must travel, once: sorted by size, then digest. */
struct lw_blob {
	struct lw_digest digest;
	uint64_t size;
};

struct lw_gathered {
	struct lw_image *images;
	size_t n_images;
	struct lw_blob *blobs;
	size_t n_blobs;
	/* private */
	size_t cap_images, cap_blobs;
};

/*
 * Narrows indexes, without changing their bytes, to the children of these platforms, each
 * "os/architecture[/variant]"; one without a variant takes all variants. Children that say no
 * platform, or "unknown/unknown" (attestations about the others), are always taken. A plain
 * manifest is taken whatever is said here.
 */
struct lw_gather_options {
	const char *const *platforms; /* NULL: all */
	size_t n_platforms;
};

/* How a document's bytes become a struct: in production across the box's wall, in unit tests
 * directly. NULL media_type means: a layout's index.json. */
struct lw_document_reader {
	int (*read)(void *data, struct lw_span bytes, const char *media_type,
		    struct lw_document **ret, struct lw_error *e);
	void *data;
};

/*
 * The image `ref` of a layout, appended to *g (zero-initialised by the caller; unchanged on
 * failure). What `ref` means: the descriptor in index.json whose ref.name or
 * io.containerd.image.name it is, else, if it is a full reference, one without a full name
 * whose ref.name is its tag; "": the only image there. `name` is what the image is called from
 * now on; NULL: `ref` if that is a full reference, else the descriptor's full name.
 *
 * Tags of evidence count in the image's own repository (under its name here or in the layout)
 * and where they stand alone. Layers are only checked to be there with the right size; pack
 * hashes them as it reads them. Every manifest of the layout is read once, whichever image is
 * asked for: any of them may be evidence, and one that cannot be read is no absence.
 *
 * LW_E_NOTFOUND (no such ref or platform; a child, layer or config that is missing: named),
 * LW_E_CONFLICT (two different things under one ref; several full names; an index that poses as
 * a list of referrers; one blob with two sizes), LW_E_USAGE (no full name, and none given; a
 * malformed platform), LW_E_FORMAT, LW_E_LIMIT, LW_E_UNSUPPORTED, LW_E_DIGEST (a manifest's
 * bytes are not its digest's; a blob too long), LW_E_TRUNCATED (a blob too short), LW_E_IO,
 * LW_E_JAIL.
 */
int lw_gather_image(struct lw_layout *layout, const char *ref, const struct lw_reference *name,
		    const struct lw_gather_options *options, struct lw_gathered *g,
		    struct lw_error *e) LW_WARN_UNUSED;

/* One more blob that must travel, of no image. */
void lw_gather_blob(struct lw_gathered *g, const struct lw_digest *digest, uint64_t size);

/* When the last image is in: sorts images by name, blobs by size, then digest, each once.
 * LW_E_CONFLICT (two images of one name; one blob with two sizes), LW_E_LIMIT. */
int lw_gather_finish(struct lw_gathered *g, struct lw_error *e) LW_WARN_UNUSED;
void lw_gathered_free(struct lw_gathered *g);

/* Frees what an image holds, not the image. */
void lw_image_release(struct lw_image *image);

/* The order of lw_image.evidence. */
int lw_evidence_compare(const struct lw_evidence *x, const struct lw_evidence *y);
/* What was found about one subject under one mechanism: n elements of image->evidence,
 * borrowed. NULL and 0: it was looked for and is absent. */
const struct lw_evidence *lw_image_evidence(const struct lw_image *image,
					    const struct lw_digest *subject,
					    enum lw_mechanism mechanism, size_t *ret_n);

static inline void lw_auto_gathered_(struct lw_gathered *g)
{
	lw_gathered_free(g);
}

#endif
