/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_POLICIES_H
#define LW_TESTS_POLICIES_H

/* Policies that must be refused, or taken: for unit tests alone. Include after cmocka.h. */

#include "tests/lib/people.h"

/* A policy that must be refused so; one that must be taken, the caller frees it. */
static inline void policy_refused(enum lw_code code, const char *text)
{
	struct lw_policy *p = NULL;
	struct lw_error e = { 0 };
	int r = people_policy(text, &p, &e);

	if (r != -(int)code)
		print_message("%d (%s) for %.1500s\n", r, r < 0 ? e.text : "", text);
	assert_int_equal(r, -(int)code);
	assert_null(p);
}

static inline struct lw_policy *policy_taken(const char *text)
{
	struct lw_policy *p = NULL;
	struct lw_error e = { 0 };

	if (people_policy(text, &p, &e) < 0)
		fail_msg("%s for %.1500s", e.text, text);
	return p;
}

#endif
