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
#include "verify/said.h"

/* A person or organisation. Two signers with one owner count once. */
struct lw_signer {
	const char *name;  /* borrowed from the policy, as all strings here */
	const char *owner; /* the signer's name unless said otherwise */
	struct lw_key *keys[LW_MAX_SIGNER_KEYS]; /* those of kind "key" first */
	size_t n_keys;
	size_t n_own_keys; /* of kind "key": seals and statements about the time count these */
	/* keys of a kind this program cannot check: they count for nobody and are told apart
	 * from absent ones */
	size_t n_unsupported;
	size_t n_own_unsupported; /* those of them of kind "key" */
	/* Within [from, until) what they sign counts; 0 and INT64_MAX where not said. Compared
	 * with the time now (from: lo, until: hi), for a key alone proves no time. */
	int64_t valid_from, valid_until;
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
	bool any_audience;	 /* "audience": "any" */
	bool challenge_required; /* "challenge": "required" */
};

/* One string of a signed statement must be one of these. */
struct lw_condition {
	enum lw_said_field field; /* 0: by pointer */
	const char *pointer;	  /* RFC 6901, from the statement's top; NULL with a field */
	const char **in;	  /* owned list of borrowed strings */
	size_t n_in;
};

/* An attestation that an image must have. */
struct lw_attestation_rule {
	const char *type; /* of its predicate, exact */
	struct lw_group of;
	struct lw_condition *conditions; /* all of them */
	size_t n_conditions;
};

/* Which name a signature must have been made for (containers-policy.json.5, signedIdentity). */
enum lw_identity {
	LW_IDENTITY_REPOSITORY = 0, /* matchRepository, the default: the image's own, any tag */
	LW_IDENTITY_EXACT,	    /* matchExact: the image's full name */
	LW_IDENTITY_EXACT_REFERENCE,  /* exactReference: `identity_name` */
	LW_IDENTITY_EXACT_REPOSITORY, /* exactRepository: `identity_name`, any tag */
	LW_IDENTITY_REMAP, /* remapIdentity: the image's name with `identity_prefix` replaced by
			      `identity_name`, then as matchRepository */
};

/* A vendor's TUF repository, which images may be bound to. */
struct lw_repository {
	const char *name;
	struct lw_buf root; /* its first root, which meets its own threshold */
	int64_t root_version;
	struct lw_digest root_signed; /* of what is signed of it, in canonical form */
	/* Which target an image is bound to (verify/binding.h). */
	bool tag_by_colon;	    /* "path": "repository:tag", not "repository/tag" */
	const char *strip, *prefix; /* "" where not said */
	int64_t grace_sec;	    /* how long after its expiry metadata is still taken */
};

struct lw_rule {
	const char *match;
	const char *zone;
	size_t zone_index;	    /* in the policy's zones; 0 where it has none */
	bool evidence_not_required; /* "evidence": "not-required": evaluation only */
	struct lw_group *require;   /* all of them */
	size_t n_require;
	struct lw_attestation_rule *attestations; /* all of them */
	size_t n_attestations;
	/* What counts as a signature in `require`: LW_TYPE_SIMPLE_SIGNING and predicate types.
	 * Unless said otherwise simple signing and our endorsement, which both name what they
	 * are for. */
	const char **signature_types; /* owned list of borrowed strings */
	size_t n_signature_types;
	enum lw_identity identity;
	const char *identity_name, *identity_prefix;
	/* "unnamed": "seal": a signature that names a digest alone counts, and what binds the
	 * name to the digest are the bundle's approvers. Otherwise it does not count. */
	bool unnamed_by_seal;
	/* "bad_signatures": "report": a bad signature beside enough good ones is told, not
	 * refused. */
	bool report_bad;
	bool base_accepted; /* "base": "accepted" */
	/* "tuf": it must list the image; NULL: none must. Borrowed from the policy. */
	const struct lw_repository *repository;
};

struct lw_policy {
	struct lw_signer *signers;
	size_t n_signers;
	struct lw_sender *senders;
	size_t n_senders;
	struct lw_repository *repositories;
	size_t n_repositories;
	struct lw_rule *rules;
	size_t n_rules;
	const char **zones; /* owned list of borrowed strings, the laxest first; may be empty */
	size_t n_zones;
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
const struct lw_repository *lw_policy_repository(const struct lw_policy *p, const char *name);
/* The most specific rule that matches a full image name in a zone, or NULL: longest literal
 * text before the first wildcard, then no wildcard before `*` before `**`, then the longer
 * pattern, then the first. `*` matches within a path component, `**` across. Zone NULL: the
 * first zone that has a rule for it (where an image enters). In a policy without zones they are
 * labels, and `zone` does not matter. */
const struct lw_rule *lw_policy_rule(const struct lw_policy *p, const char *image,
				     const char *zone);

/* How strict a zone is: 1 for the laxest. 0 for one that policy does not know: below all. */
size_t lw_policy_zone(const struct lw_policy *p, const char *zone);

/* The flat, stable order in which keys are handed to a box and named by it: signers in policy
 * order, their keys in theirs. Seals and the time are for keys of kind "key" alone. Returns the
 * count; key and signer of one index (NULL from the count on). */
enum lw_key_scope {
	LW_KEYS_OWN, /* of kind "key" */
	LW_KEYS_ALL,
};
size_t lw_policy_key_count(const struct lw_policy *p, enum lw_key_scope scope);
const struct lw_key *lw_policy_key_at(const struct lw_policy *p, enum lw_key_scope scope,
				      size_t index, size_t *ret_signer);

/* Distinct owners among a group's signers. */
size_t lw_policy_owners(const struct lw_policy *p, const struct lw_group *g);

/* Whether a pattern matches a name: exposed for tests. */
bool lw_policy_matches(const char *pattern, const char *name);

static inline void lw_auto_policy_(struct lw_policy **p)
{
	lw_policy_free(*p);
}

#endif
