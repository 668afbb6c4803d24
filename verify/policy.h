/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_POLICY_H
#define LW_VERIFY_POLICY_H

/*
 * The enclave's policy (docs/format/policy.md): who may seal, who vouches for the time, and
 * which rule an image falls under. Members that this version does not know are refused, never
 * skipped, so that a stricter policy cannot be read as a laxer one.
 */

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "verify/key.h"

/* A person or organisation. Two signers with one owner count once. */
struct lw_signer {
	const char *name;  /* borrowed from the policy, as all strings here */
	const char *owner; /* the signer's name unless said otherwise */
	struct lw_key *keys[LW_MAX_SIGNER_KEYS];
	size_t n_keys;
	/* keys of a kind this program cannot check: they count for nobody and are told apart
	 * from absent ones */
	size_t n_unsupported;
};

/* m of n distinct owners. */
struct lw_group {
	uint64_t threshold;
	size_t *signers; /* indices into the policy's signers */
	size_t n_signers;
};

struct lw_sender {
	const char *name;
	struct lw_group approvers;
	int64_t max_age_sec;
	bool any_audience; /* "audience": "any" */
};

struct lw_rule {
	const char *match;
	const char *zone;
	bool evidence_not_required; /* "evidence": "not-required": evaluation only */
};

struct lw_policy {
	struct lw_signer *signers;
	size_t n_signers;
	struct lw_sender *senders;
	size_t n_senders;
	struct lw_rule *rules;
	size_t n_rules;
	struct lw_group time; /* who may attest the time; threshold 0: nobody */
	bool clock_trusted;   /* "clock": "trusted" (the default) or "attested" */
	int64_t skew_sec;
	struct lw_json_doc *doc; /* owner of the strings */
};

/* How key files named by the policy are read: appends the file's bytes. LW_E_NOTFOUND. */
struct lw_policy_files {
	int (*read)(void *data, const char *name, struct lw_buf *out, struct lw_error *e);
	void *data;
};

/* LW_E_FORMAT, LW_E_LIMIT, LW_E_UNSUPPORTED (a member of a later version), LW_E_CONFLICT (one
 * public key under two signers; a threshold above its people), LW_E_NOTFOUND (a key file, a
 * signer). The caller frees *ret. */
int lw_policy_parse(struct lw_span bytes, const struct lw_policy_files *files,
		    struct lw_policy **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_policy_free(struct lw_policy *p);

/* NULL when there is none. */
const struct lw_sender *lw_policy_sender(const struct lw_policy *p, const char *name);
/* The most specific rule that matches a full image name, or NULL: longest literal text before
 * the first wildcard, then no wildcard before `*` before `**`, then the longer pattern, then
 * the first.
 * `*` matches within a path component, `**` across. */
const struct lw_rule *lw_policy_rule(const struct lw_policy *p, const char *image);

/* Distinct owners among a group's signers. */
size_t lw_policy_owners(const struct lw_policy *p, const struct lw_group *g);

/* Whether a pattern matches a name: exposed for tests. */
bool lw_policy_matches(const char *pattern, const char *name);

static inline void lw_auto_policy_(struct lw_policy **p)
{
	lw_policy_free(*p);
}

#endif
