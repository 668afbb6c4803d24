/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_SERVED_H
#define LW_REGISTRY_SERVED_H

/*
 * What is served: the accepted images that are not withheld, by repository, looked up in the
 * state each time. A repository is called by its host and path
 * ("registry.acme.example/prod/app"; a port is written "_5000", for no path has colons, and no
 * host has '_'; an IPv6 address has no such name). It has the tags of the current images, the
 * tags that evidence is found by, and by digest whatever its images need.
 */

#include "custody/state.h"
#include "image/gather.h"

struct lw_names {
	char **list; /* owned; ascending, none twice */
	size_t n;
};

/* A manifest. */
struct lw_served {
	struct lw_digest digest;
	char *media_type; /* owned; NULL: nobody says */
};

/* "host_5000/app" as the state has it, "host:5000/app"; the caller frees it. */
char *lw_served_repository(const char *served);

/* All: LW_E_STATE. Zero-initialise *ret; release it also after an error. */
int lw_served_names(struct lw_state *s, struct lw_names *ret,
		    struct lw_error *e) LW_WARN_UNUSED;
int lw_served_tags(struct lw_state *s, const char *repository, struct lw_names *ret,
		   struct lw_error *e) LW_WARN_UNUSED;
/* LW_E_NOTFOUND: no such tag; nothing of the repository has that digest. */
int lw_served_tag(struct lw_state *s, const char *repository, const char *tag,
		  struct lw_served *ret, struct lw_error *e) LW_WARN_UNUSED;
int lw_served_digest(struct lw_state *s, const char *repository, const struct lw_digest *d,
		     struct lw_served *ret, struct lw_error *e) LW_WARN_UNUSED;

/* What refers to a digest, by digest; owned. */
struct lw_referrers {
	struct lw_evidence *list;
	size_t n;
};
int lw_served_referrers(struct lw_state *s, const char *repository,
			const struct lw_digest *subject, struct lw_referrers *ret,
			struct lw_error *e) LW_WARN_UNUSED;

void lw_names_release(struct lw_names *n);
void lw_served_release(struct lw_served *s);
void lw_referrers_release(struct lw_referrers *r);

static inline void lw_auto_names_(struct lw_names *n)
{
	lw_names_release(n);
}

static inline void lw_auto_served_(struct lw_served *s)
{
	lw_served_release(s);
}

static inline void lw_auto_referrers_(struct lw_referrers *r)
{
	lw_referrers_release(r);
}

#endif
