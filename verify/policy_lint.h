/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_POLICY_LINT_H
#define LW_VERIFY_POLICY_LINT_H

/* What is odd about a policy that parses: rules that never apply, people who cannot do what
 * they are named for, zones of which a later one asks for less. */

#include "verify/policy.h"
#include "verify/remark.h"

/* `now`: against which validity is held, seconds; `horizon_sec`: how far ahead ends are told.
 */
void lw_policy_lint(const struct lw_policy *p, int64_t now, int64_t horizon_sec,
		    struct lw_remarks *ret);

#endif
