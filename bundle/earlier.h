/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_EARLIER_H
#define LW_BUNDLE_EARLIER_H

/* A sender's own earlier bundle, or a volume of it, as `pack` reads it again: its lists, which
 * the box has held against each other. Who approved it does not matter here: that the lists
 * are not what they were makes a bundle larger, or incomplete, and no more. */

#include "bundle/contents.h"
#include "bundle/entries.h"
#include "bundle/statement.h"

struct lw_earlier {
	struct lw_digest digest; /* of the statement */
	struct lw_statement statement;
	struct lw_contents contents;
	struct lw_entries entries;
	/* owned: the members' bytes, for a supplement */
	struct lw_buf seal, contents_bytes, entries_bytes;
};

/* LW_E_FORMAT, LW_E_CONFLICT, LW_E_TRUNCATED, LW_E_IO: name the path. A head without entries
 * (`.lwa`) is LW_E_UNSUPPORTED. */
int lw_earlier_read(const char *path, const char *judge, struct lw_earlier *ret,
		    struct lw_error *e) LW_WARN_UNUSED;
void lw_earlier_release(struct lw_earlier *x);

static inline void lw_auto_earlier_(struct lw_earlier *x)
{
	lw_earlier_release(x);
}

#endif
