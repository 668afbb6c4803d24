/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_POLICY_INTERNAL_H
#define LW_VERIFY_POLICY_INTERNAL_H

/*
 * What the files of the policy share: policy.c (the document, looking things up),
 * policy_signers.c (people: signers, groups, senders, time), policy_rules.c (rules for images),
 * policy_repositories.c (the vendors' TUF repositories),
 * policy_match.c (patterns), policy_lint.c. Readers fill the policy as they go: what they
 * leave behind on failure is released with it.
 */

#include "base/json.h"
#include "base/mem.h"
#include "verify/policy.h"

#define LW_POLICY_FIELD(type, member, kind, ...)                                               \
	{                                                                                      \
		.name = #member, .reader = kind, .offset = offsetof(type, member), __VA_ARGS__ \
	}

/* LW_E_UNSUPPORTED where the object has a member of this list (ends with NULL), which belongs
 * to a later version. */
int lw_policy_no_later(const struct lw_json *object, const char *const *later, const char *what,
		       struct lw_error *e) LW_WARN_UNUSED;

/* A list of texts into an array of the caller's: each plain, none twice (LW_E_CONFLICT). What
 * was read stands in *ret also on failure. */
int lw_policy_read_texts(const struct lw_json *list, const char *what, const char ***ret,
			 size_t *ret_n, struct lw_error *e) LW_WARN_UNUSED;

int lw_policy_read_signer(struct lw_policy *p, const struct lw_json *node,
			  const struct lw_policy_files *files,
			  struct lw_error *e) LW_WARN_UNUSED;
int lw_policy_read_group(const struct lw_policy *p, uint64_t threshold,
			 const struct lw_json *names, struct lw_group *g,
			 struct lw_error *e) LW_WARN_UNUSED;
int lw_policy_read_sender(struct lw_policy *p, const struct lw_json *node,
			  struct lw_error *e) LW_WARN_UNUSED;
int lw_policy_read_time(struct lw_policy *p, const struct lw_json *node,
			struct lw_error *e) LW_WARN_UNUSED;

/* Appends to p->repositories, which has room. */
int lw_policy_read_repository(struct lw_policy *p, const struct lw_json *node,
			      const struct lw_policy_files *files,
			      struct lw_error *e) LW_WARN_UNUSED;

int lw_policy_read_rule(struct lw_policy *p, const struct lw_json *node,
			struct lw_error *e) LW_WARN_UNUSED;
/* A predicate type is a URI: here, something after a scheme. Ours but for endorsements are
 * never about an image. */
bool lw_policy_is_type(const char *s);
/* RFC 6901, into the predicate: "/predicate/", and each '~' before a 0 or a 1. */
bool lw_policy_is_pointer(const char *s);
/* The signers of these names, none twice; an array of the caller's. LW_E_NOTFOUND. */
int lw_policy_read_signers(const struct lw_policy *p, const struct lw_json *names, size_t **ret,
			   size_t *ret_n, struct lw_error *e) LW_WARN_UNUSED;
/* "signedIdentity" alone. LW_E_UNSUPPORTED: matchRepoDigestOrExact. */
int lw_policy_read_identity(struct lw_rule *rule, const struct lw_json *node,
			    struct lw_error *e) LW_WARN_UNUSED;
void lw_policy_release_rule(struct lw_rule *r);

/* Above 0 if pattern a is more specific than b, 0 if there is no telling. */
int lw_policy_more_specific(const char *a, const char *b);
/* Whether every name that `narrow` matches is one that `wide` matches. Never says so wrongly;
 * a few that could be seen only by looking at what a name is (it has a host) are missed. */
bool lw_policy_covers(const char *wide, const char *narrow);
/* Whether some text matches both. Exact. */
bool lw_policy_overlap(const char *a, const char *b);

#endif
