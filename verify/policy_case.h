/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_POLICY_CASE_H
#define LW_VERIFY_POLICY_CASE_H

/* `policy test`: what the policy says in a case of the table. Statements are made as the named
 * people would make them, and judged by the same code as real ones; only the signature under
 * them is supposed. Bases are not judged: there is no image. */

#include "verify/judgement.h"
#include "verify/policy_test.h"

/* now: for cases that name no time. The verdict is concluded; the caller releases it. */
int lw_policy_case_judge(const struct lw_policy *p, const struct lw_policy_case *c, int64_t now,
			 struct lw_verdict *v, struct lw_error *e) LW_WARN_UNUSED;

/* Whether that is what the table expects. */
bool lw_policy_case_holds(const struct lw_policy_case *c, const struct lw_verdict *v);

#endif
