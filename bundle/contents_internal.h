/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_CONTENTS_INTERNAL_H
#define LW_BUNDLE_CONTENTS_INTERNAL_H

/* What the two files of the contents share: contents.c (images, the whole), carried.c (TUF). */

#include "base/json.h"
#include "bundle/contents.h"

/* The member "tuf", where there is something to say. */
void lw_carried_write(const struct lw_contents *c, struct lw_json_writer *w);
/* LW_E_FORMAT, LW_E_LIMIT. */
int lw_carried_parse(const struct lw_json *array, struct lw_contents *c,
		     struct lw_error *e) LW_WARN_UNUSED;

#endif
