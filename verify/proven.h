/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_PROVEN_H
#define LW_VERIFY_PROVEN_H

/*
 * "Verified" as a type: our parsers of sealed lists take a struct lw_proven, which comes from a
 * digest that matched (here) or from approvals that met a threshold (verify/approval.h).
 * Skipping the check does not compile. Only the box may call a hostile span proven, because it
 * can decide nothing.
 */

#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

struct lw_proven {
	struct lw_span bytes; /* borrowed */
};

/* LW_E_DIGEST: "want sha256:..., have sha256:...". */
int lw_prove_by_digest(struct lw_span bytes, const struct lw_digest *want,
		       struct lw_proven *ret, struct lw_error *e) LW_WARN_UNUSED;

/* For code that runs behind the wall of lw_jail_enter, for tests, and for who writes metadata
 * (tuf/metafile.c), who asks whether it can be read and believes nothing of it. */
struct lw_proven lw_unproven_in_the_box(struct lw_span bytes);

#endif
