/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_POLICY_H
#define LW_CMD_POLICY_H

/* The parts of `landwaiter policy` that stand in files of their own (cmd/policy_*.c). Each
 * returns the exit code. */

#include "base/json.h"
#include "verify/remark.h"

#include <stdio.h>

/* An accepted image, judged again by the rule for `zone`; NULL: the zone it is in. */
int lw_policy_explain_image(const char *which, const char *zone);

/* What there is to say about a policy file, or the enclave's policy (file NULL). `trust`: key
 * files as NAME=FILE, for those that do not lie beside it; `within`: an ISO 8601 duration or
 * NULL. */
struct lw_list;
int lw_policy_check(const char *file, const struct lw_list *trust, const char *within);

/* A policy of container tools in our words. `registries`: a folder, `keys`: where to put the
 * keys it names; NULL for neither. */
int lw_policy_import_file(const char *file, const char *registries, const char *keys);

/* "warning  rule.order  images[1] h/p: ..."; and as members of an object. */
void lw_print_remarks(const struct lw_remarks *r, FILE *out);
void lw_write_remarks(const struct lw_remarks *r, struct lw_json_writer *w);

#endif
