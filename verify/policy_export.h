/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_POLICY_EXPORT_H
#define LW_VERIFY_POLICY_EXPORT_H

/*
 * Our policy into that of container tools (containers-policy.json.5,
 * containers-registries.d.5): for those who pull inside the enclave and look again at the
 * vendors' cosign signatures. It says less than ours: attestations, TUF, bases and endorsements
 * have no words there. It never lets in what ours would not for lack of a signature: a rule
 * that cannot be said is said as "reject". But for one thing: the scope of a repository is also
 * that of repositories below it, so that what was signed for the one passes under their names.
 */

#include "verify/policy.h"
#include "verify/remark.h"

struct lw_policy_export_options {
	const char *registry; /* where the images are: "registry.local:5000[/prefix]"; NULL:
				 under their own names */
	const char *zone;     /* whose rules; NULL: of the first that has one for a name */
	int64_t lo, hi;	      /* the time now: what a signer signs counts, or not */
	/* Full names of what is in: with a registry only a signature's exact repository can be
	 * asked for, so each gets a scope of its own. */
	const char *const *images;
	size_t n_images;
	const char *keys; /* the folder of the keys, as the policy will name it */
};

/* A public key that it names. */
struct lw_exported_key {
	const char *signer; /* borrowed from the policy; the file is <signer>.pub */
	struct lw_buf pem;
};

struct lw_policy_export {
	struct lw_buf policy, registries; /* policy.json; a file for registries.d */
	struct lw_exported_key *keys;	  /* owned */
	size_t n_keys;
	struct lw_remarks remarks; /* what is not said there, or said otherwise */
};

/* Zero-initialise *ret; release it. */
void lw_policy_export(const struct lw_policy *p, const struct lw_policy_export_options *options,
		      struct lw_policy_export *ret);
void lw_policy_export_release(struct lw_policy_export *x);

static inline void lw_auto_policy_export_(struct lw_policy_export *x)
{
	lw_policy_export_release(x);
}

#endif
