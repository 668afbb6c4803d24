/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_STANDING_H
#define LW_BUNDLE_STANDING_H

/*
 * Whether what was accepted still holds: gate 5 again for many images, each in its zone, in
 * rounds, for one may be the base of another. What does not hold is withheld, what holds is
 * not; the record tells. What was accepted while its vendor's metadata had not expired is not
 * withheld because it has since.
 */

#include "bundle/content.h"
#include "bundle/rejudge.h"

/* What `trust update` marked. A record, where there was anything. */
#define LW_TRUST_UNJUDGED                                                                      \
	"trust.unjudged" /* in the state: 1 while that is still to be done                     \
			  */
struct lw_rejudged_marked {
	size_t images, withheld; /* of the current ones */
	struct lw_head head;	 /* of the book, after it */
};
int lw_rejudge_marked(struct lw_enclave *enclave, const struct lw_clock *clock,
		      const char *judge, struct lw_rejudged_marked *ret,
		      struct lw_error *e) LW_WARN_UNUSED;

/* How many of the current images this policy would withhold, at least: bases are taken as they
 * are now. Changes nothing. */
int lw_standing_foresee(struct lw_enclave *enclave, const struct lw_clock *clock,
			struct lw_policy *policy, const char *judge, size_t *ret_images,
			size_t *ret_withheld, struct lw_error *e) LW_WARN_UNUSED;

/* `check`: every byte of them hashed again, and each judged. */
struct lw_checked_image {
	char name[512];
	struct lw_digest digest;
	bool superseded;
	bool holds, held; /* now; before */
	size_t damaged;	  /* blobs of it that are missing, or have other bytes */
	char *code,
		*why; /* owned: why it does not hold, the finding's code and text; else NULL */
};
struct lw_checked {
	struct lw_checked_image *list; /* owned; in name order, the current one first */
	size_t n;
	/* Concluded as accepted where there was a time and a trust to judge by; else nothing
	 * was judged, and each image stays as it was. */
	struct lw_verdict verdict;
	size_t withheld, damaged; /* of the images */
	uint64_t blobs, bytes, damaged_blobs;
	int64_t at;	     /* hi */
	struct lw_head head; /* after its record */
};
struct lw_check_options {
	const char *image; /* as lw_state_image_get takes it; NULL: all */
	const char *judge; /* the box's program; NULL: the one beside this executable */
	struct lw_content_progress progress;
};
/* LW_E_NOTFOUND, LW_E_CONFLICT, LW_E_FORMAT: the image. Zero-initialise *ret; release it also
 * after an error. */
int lw_check(struct lw_enclave *enclave, const struct lw_clock *clock,
	     const struct lw_check_options *options, struct lw_checked *ret,
	     struct lw_error *e) LW_WARN_UNUSED;
void lw_checked_release(struct lw_checked *c);

static inline void lw_auto_checked_(struct lw_checked *c)
{
	lw_checked_release(c);
}

#endif
