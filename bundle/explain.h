/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_EXPLAIN_H
#define LW_BUNDLE_EXPLAIN_H

/* What a bundle says of itself, in words: for `inspect`, `approve` and the slip that travels
 * with the disc. Runs in the box; nothing here is a verdict. */

#include "bundle/contents.h"
#include "bundle/statement.h"
#include "verify/dsse.h"

struct lw_explain {
	struct lw_digest digest; /* of the statement */
	const struct lw_statement *statement;
	const struct lw_dsse *seal;
	const struct lw_contents *contents;
	const struct lw_contents *previous; /* NULL: no change is shown */
	bool supplement;		    /* the file brings prerequisites */
	uint64_t volume; /* which of statement->volumes; 0: not known, or a head alone */
};

void lw_explain_text(const struct lw_explain *x, struct lw_buf *out);
/* One page of 72 columns. */
void lw_explain_slip(const struct lw_explain *x, struct lw_buf *out);
/* "landwaiter-inspect/1" (docs/format/output.md). */
void lw_explain_json(const struct lw_explain *x, struct lw_buf *out);

#endif
