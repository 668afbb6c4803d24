/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_REPOSITORIES_H
#define LW_BUNDLE_REPOSITORIES_H

/*
 * What is believed of the vendors' TUF repositories while something is judged: what the state
 * keeps of them, and what a bundle brings on top of it. Each is followed once, when it is first
 * asked for; the box takes its files apart, the state is changed by the commit alone.
 */

#include "bundle/contents.h"
#include "bundle/evidence.h"
#include "custody/enclave.h"
#include "verify/freshness.h"
#include "verify/policy.h"
#include "verify/tuf_client.h"
#include "verify/verdict.h"

/* Everything is borrowed. */
struct lw_repositories_options {
	struct lw_enclave *enclave;
	const struct lw_policy *policy;
	const struct lw_interval *now;
	const char *program; /* the box's; NULL: the one beside this executable */
	/* Expired metadata counts too: for what was accepted while it had not. */
	bool stale;
	/* What a bundle brings; none: only what is kept counts. */
	const struct lw_carried *carried;
	size_t n_carried;
	bool own; /* among it is the enclave's own, which was followed before */
	/* The proven bytes of such a file, appended. */
	int (*read)(void *data, const struct lw_carried_file *file, struct lw_buf *out,
		    struct lw_error *e);
	void *data;
};

struct lw_repositories;
void lw_repositories_open(const struct lw_repositories_options *options,
			  struct lw_repositories **ret);
void lw_repositories_close(struct lw_repositories *r);

/* A client that was refreshed, borrowed; NULL where the repository was refused: then the
 * verdict says why, once. Errors are of our own side. */
int lw_repositories_follow(struct lw_repositories *r, const struct lw_repository *which,
			   struct lw_verdict *v, struct lw_tuf_client **ret,
			   struct lw_error *e) LW_WARN_UNUSED;
/* Whether anything is kept of it. */
int lw_repositories_known(struct lw_repositories *r, const struct lw_repository *which,
			  bool *ret, struct lw_error *e) LW_WARN_UNUSED;
/* Follows all that the bundle brings, whether or not an image asks for them. */
int lw_repositories_follow_carried(struct lw_repositories *r, struct lw_verdict *v,
				   struct lw_error *e) LW_WARN_UNUSED;

/* Whether the repository that the judgement's rule names lists the image (verify/binding.h).
 * `source` has its manifest. */
int lw_image_bind(struct lw_repositories *r, const struct lw_blob_source *source,
		  const struct lw_image *image, const struct lw_judged *judged,
		  struct lw_verdict *v, struct lw_judgement *j,
		  struct lw_error *e) LW_WARN_UNUSED;

/* What is trusted now of a repository that was followed. */
struct lw_followed {
	char repository[LW_MAX_LABEL + 1];
	struct lw_followed_role {
		int64_t version, expires; /* expires: seconds */
	} roles[LW_TUF_TARGETS + 1];	  /* by enum lw_tuf_type */
};
/* Of all that were followed and not refused, in the policy's order; the array is the caller's
 * to free. */
void lw_repositories_list(const struct lw_repositories *r, struct lw_followed **ret,
			  size_t *ret_n);
void lw_followed_write(const struct lw_followed *list, size_t n, struct lw_json_writer *w);

/* Makes the state keep what is trusted now, within the caller's transaction. */
int lw_repositories_commit(const struct lw_repositories *r, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_repositories_(struct lw_repositories **r)
{
	lw_repositories_close(*r);
}

#endif
