/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_POLICY_H
#define LW_CMD_POLICY_H

/* The parts of `landwaiter policy` that stand in files of their own (cmd/policy_*.c). Each
 * returns the exit code. */

/* An accepted image, judged again by the rule for `zone`; NULL: the zone it is in. */
int lw_policy_explain_image(const char *which, const char *zone);

#endif
