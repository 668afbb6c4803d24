/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_BINDING_H
#define LW_VERIFY_BINDING_H

/*
 * Images bound to a vendor's TUF repository: under a rule with "tuf" an image's name may stand
 * for one digest only, the one that the vendor's targets list (docs/format/policy.md, "Bound to
 * a repository").
 */

#include "verify/judgement.h"
#include "verify/tuf_client.h"

/* The target that says what an image's name stands for: its repository without `strip`, behind
 * `prefix`, then '/' or ':' and the tag. Owned by the caller; NULL: the name does not begin
 * with `strip`. */
char *lw_binding_path(const struct lw_repository *r, const char *image);

/* Whether the repository lists the image: length and all hashes known here must be those of its
 * manifest (or index). Fills j->tuf; what is not so
 * is a finding named after the image, and j->met is false then. The client was refreshed.
 * Errors are only those of the client's store. */
int lw_binding_judge(struct lw_tuf_client *client, const struct lw_repository *r,
		     const struct lw_judged *image, struct lw_span manifest,
		     struct lw_verdict *v, struct lw_judgement *j,
		     struct lw_error *e) LW_WARN_UNUSED;

#endif
