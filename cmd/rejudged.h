/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_REJUDGED_H
#define LW_CMD_REJUDGED_H

#include "bundle/rejudge.h"

#include <stdio.h>

/* What judging an accepted image again ended in: for people, or as "landwaiter-rejudged/1"
 * (docs/format/output.md). recorded: it has a record, which is named. */
void lw_print_rejudged(const struct lw_rejudged *r, const char *image, const char *zone,
		       bool recorded, FILE *out);

#endif
