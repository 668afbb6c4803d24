/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_OWN_TRUST_H
#define LW_BUNDLE_OWN_TRUST_H

/*
 * The enclave's own TUF repository: its targets are policy.json, every file that policy
 * names, and what the door goes by (docs/format/media.md). Following it is what a new enclave
 * is made of, and the one way in which its trust ever changes (docs/format/enclave.md, "Its own
 * repository").
 */

#include "custody/enclave.h"
#include "verify/policy.h"
#include "verify/tuf_client.h"

/* Where the repository is. Everything is borrowed. */
struct lw_own_source {
	struct lw_tuf_transport metadata;
	/* The bytes of a target by the name it has there (lw_tuf_client_target_name), appended,
	 * at most max of them. LW_E_NOTFOUND. */
	int (*target)(void *data, const char *name, uint64_t max, struct lw_buf *out,
		      struct lw_error *e);
	void *data;
	const char *program; /* the box's; NULL: the one beside this executable */
};

struct lw_box_tuf;
struct lw_own_trust {
	struct lw_tuf_client *client; /* refreshed */
	struct lw_policy *policy;
	struct lw_trust_file *files; /* policy.json first */
	size_t n_files;
	int64_t until;		   /* when the first of the roles that say so expires */
	enum lw_finding_id reason; /* of a failure; LW_FINDING_COUNT: a fault of ours */
	/* private */
	struct lw_buf *bytes;
	char **names;
	struct lw_box_tuf *box;
	bool broken; /* the box */
};

/* Follows it from what `store` trusts, and reads the policy. Expiry is judged at `now`.
 * Zero-initialise *ret; release it also after an error. */
int lw_own_trust_read(const struct lw_own_source *source, const struct lw_tuf_store *store,
		      int64_t now, struct lw_own_trust *ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_own_trust_release(struct lw_own_trust *t);

static inline void lw_auto_own_trust_(struct lw_own_trust *t)
{
	lw_own_trust_release(t);
}

#endif
