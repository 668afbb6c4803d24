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

/* The policy in a file, or the enclave's (file NULL). *ret_exit is another than LW_EXIT_DONE
 * where the enclave cannot be opened: then that was said, and there is no policy. */
struct lw_policy;
int lw_policy_read(const char *file, const struct lw_list *trust, struct lw_policy **ret,
		   int *ret_exit, struct lw_error *e) LW_WARN_UNUSED;

/* Whether the policy says what a table expects ("landwaiter-policy-test/1"). */
int lw_policy_test_file(const char *table, const char *policy_file,
			const struct lw_list *trust);

/* A policy of container tools in our words. `registries`: a folder, `keys`: where to put the
 * keys it names; NULL for neither. */
int lw_policy_import_file(const char *file, const char *registries, const char *keys);

/* "warning  rule.order  images[1] h/p: ..."; and as members of an object. */
void lw_print_remarks(const struct lw_remarks *r, FILE *out);
void lw_write_remarks(const struct lw_remarks *r, struct lw_json_writer *w);

#endif
