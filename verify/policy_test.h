/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_POLICY_TEST_H
#define LW_VERIFY_POLICY_TEST_H

/*
 * A table of what a policy is expected to say, "landwaiter-policy-test/1"
 * (docs/format/policy.md): images, who would have signed and attested what about them, and the
 * verdict. Only the reader: judging is the judgement's (verify/judgement.h).
 */

#include "verify/finding.h"
#include "verify/policy.h"

/* What an attestation says at one place. */
struct lw_case_field {
	enum lw_said_field field; /* 0: by pointer */
	const char *pointer;
	const char *value;
};

struct lw_case_attestation {
	const char *type;
	size_t *by; /* indices into the policy's signers */
	size_t n_by;
	struct lw_case_field *fields;
	size_t n_fields;
};

struct lw_policy_case {
	const char *image; /* borrowed from the table, as all strings here; not checked */
	const char *zone;  /* NULL: where the image would enter */
	size_t *signed_by; /* indices into the policy's signers */
	size_t n_signed_by;
	struct lw_case_attestation *attestations;
	size_t n_attestations;
	int64_t at;  /* seconds; -1: now */
	bool listed; /* by the repository that the rule names */
	bool accepted;
	bool has_because; /* only where refused */
	enum lw_finding_id because;
};

struct lw_policy_test {
	struct lw_policy_case *cases;
	size_t n_cases;
	struct lw_json_doc *doc; /* owner of the strings */
};

/* A name, zone or code that there is none of is refused: a case must not hold because of a
 * slip. LW_E_FORMAT, LW_E_LIMIT, LW_E_NOTFOUND, LW_E_CONFLICT (somebody twice in one list). The
 * caller frees *ret. */
int lw_policy_test_parse(struct lw_span bytes, const struct lw_policy *p,
			 struct lw_policy_test **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_policy_test_free(struct lw_policy_test *t);

static inline void lw_auto_policy_test_(struct lw_policy_test **t)
{
	lw_policy_test_free(*t);
}

#endif
