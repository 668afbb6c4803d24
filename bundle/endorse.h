/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_ENDORSE_H
#define LW_BUNDLE_ENDORSE_H

/*
 * Endorsing, on the connected side: somebody (security, QA, operations) vouches for an exact
 * name and digest. The endorsement is a DSSE envelope around an in-toto statement
 * (docs/format/endorsement.md), attached to the image in its layout as a manifest with
 * `subject`, so that `pack` takes it along and any DSSE tool can check it.
 */

#include "base/buf.h"
#include "base/digest.h"
#include "image/reference.h"
#include "keys/private.h"

struct lw_endorse_options {
	const char *dir, *ref; /* the layout, and the image in it */
	const char *name;      /* full; NULL: what the layout says */
	const struct lw_private_key *key;
	const char *zone;	  /* a label; NULL: for every zone */
	int64_t created, expires; /* seconds; expires 0: not said */
	const char *judge;	  /* the box's program; NULL: the one beside this executable */
};

struct lw_endorsed {
	char name[LW_MAX_REFERENCE + 1];
	struct lw_digest image, manifest; /* what was endorsed, and what was attached */
};

/* The statement's bytes, canonical, appended. */
void lw_endorse_statement(const char *name, const struct lw_digest *digest, int64_t created,
			  int64_t expires, const char *zone, struct lw_buf *out);

/* Errors as lw_gather_image's; LW_E_KEY, LW_E_IO, LW_E_NOSPACE. What was written before an
 * error is blobs that nothing names. Two at once in one layout: the second waits. */
int lw_endorse(const struct lw_endorse_options *o, struct lw_endorsed *ret,
	       struct lw_error *e) LW_WARN_UNUSED;

#endif
