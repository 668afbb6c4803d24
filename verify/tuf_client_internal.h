/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_TUF_CLIENT_INTERNAL_H
#define LW_VERIFY_TUF_CLIENT_INTERNAL_H

/* What the parts of the client share: the top-level roles (tuf_client.c) and the search for a
 * target (tuf_find.c). */

#include "base/limits.h"
#include "verify/tuf_client.h"

struct lw_tuf_client {
	struct lw_tuf_options options;
	struct lw_tuf_metadata *root, *timestamp, *snapshot, *targets;
	/* What searches read, so that the next need not prove and read it again: of a role, as
	 * this delegator judges it. The last search may have found its target in one. There is
	 * room for what one search reads beside what is kept from those before. */
	struct lw_tuf_read_role {
		const struct lw_tuf_metadata *delegator;
		char name[LW_MAX_TUF_ROLE + 1];
		struct lw_tuf_metadata *m;
	} read[2 * LW_MAX_TUF_DELEGATIONS];
	size_t n_read, read_bytes; /* how many, and the memory of their documents */
	char found_role[LW_MAX_TUF_ROLE + 1];
	enum lw_finding_id reason;
};

/* Sets the reason, unless one is set, and gives the error a context. Returns -e->code. */
int lw_tuf_refuse(struct lw_tuf_client *c, enum lw_finding_id reason, const char *what,
		  struct lw_error *e);

/* A file as it came, or as it is kept, and its halves. */
struct lw_tuf_taken {
	struct lw_buf file;
	struct lw_tuf_signed halves;
};

/* A role's halves: proven by `role` of `delegator`, then read. */
int lw_tuf_read(struct lw_tuf_client *c, const struct lw_tuf_signed *halves,
		const struct lw_tuf_metadata *delegator, const struct lw_tuf_role *role,
		enum lw_tuf_type type, struct lw_tuf_metadata **ret, struct lw_error *e);

/* Targets metadata as the trusted snapshot names it: what is kept, where it still is that, else
 * from the transport; then it is kept. */
int lw_tuf_load_targets(struct lw_tuf_client *c, const char *name,
			const struct lw_tuf_metadata *delegator, const struct lw_tuf_role *role,
			struct lw_tuf_metadata **ret, struct lw_error *e);

/* Who lists a target? Fills c->read and c->found_role. */
int lw_tuf_search(struct lw_tuf_client *c, const char *path, struct lw_tuf_target *ret,
		  struct lw_error *e);

static inline void lw_auto_tuf_taken_(struct lw_tuf_taken *t)
{
	lw_buf_free(&t->file);
	lw_tuf_signed_release(&t->halves);
}

#endif
