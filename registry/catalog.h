/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_CATALOG_H
#define LW_REGISTRY_CATALOG_H

/*
 * What is served: the accepted images that are not withheld, by repository. A repository is
 * called by its host and path ("registry.acme.example/prod/app"; a port is written "_5000", for
 * no path has colons). It has the tags of the current images, the tags that evidence is found
 * by, and by digest whatever its images need.
 */

#include "custody/state.h"
#include "image/gather.h"

struct lw_served {
	char *tag; /* owned; "" for what has none */
	struct lw_digest digest;
	uint64_t size;
	uint64_t record;		  /* that accepted its image */
	char *media_type, *artifact_type; /* owned */
	struct lw_digest subject;	  /* of a referrer: what it is about */
	bool is_referrer;
};

struct lw_served_repository {
	char *name;		/* owned */
	struct lw_served *list; /* owned: tags ascending, then what has none */
	size_t n, n_tags;
	int64_t *images; /* owned: rows of the state, superseded ones too */
	size_t n_images;
};

struct lw_catalog {
	struct lw_served_repository *list; /* owned; ascending by name */
	size_t n;
};

/* LW_E_STATE. Zero-initialise *ret; release it also after an error. */
int lw_catalog_read(struct lw_state *s, struct lw_catalog *ret,
		    struct lw_error *e) LW_WARN_UNUSED;
void lw_catalog_release(struct lw_catalog *c);

/* NULL: no such repository; tag. */
const struct lw_served_repository *lw_catalog_find(const struct lw_catalog *c,
						   const char *name);
const struct lw_served *lw_served_tag(const struct lw_served_repository *r, const char *tag);
/* A manifest of that digest that the catalog knows; NULL: none, though it may be there. */
const struct lw_served *lw_served_digest(const struct lw_served_repository *r,
					 const struct lw_digest *d);

static inline void lw_auto_catalog_(struct lw_catalog *c)
{
	lw_catalog_release(c);
}

#endif
