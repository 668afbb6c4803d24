/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_DESTINATION_H
#define LW_IMAGE_DESTINATION_H

/*
 * Where images go in another registry: "registry.acme.example/prod/app" pushed to
 * "hub.enclave:5000/mirror" becomes "mirror/registry.acme.example/prod/app" there (a port is
 * written "_5000": no path has colons), unless a rule says otherwise. Rules are about whole
 * components of a name; the longest that fits counts.
 */

#include "image/reference.h"

#include <stdbool.h>

struct lw_rename {
	char from[LW_MAX_REPOSITORY + 1], to[LW_MAX_REPOSITORY + 1];
};

struct lw_destination {
	char host[LW_MAX_REPOSITORY + 1];   /* with its port */
	char prefix[LW_MAX_REPOSITORY + 1]; /* "": none */
	struct lw_rename *renames;	    /* owned */
	size_t n_renames;
};

/* "HOST[:PORT][/PREFIX]"; `renames` are "FROM=TO", n of them; TO stands below the prefix.
 * LW_E_USAGE. Zero-initialise *ret; release it also after an error. */
int lw_destination_parse(const char *text, const char *const *renames, size_t n,
			 struct lw_destination *ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_destination_release(struct lw_destination *d);

/* Whether that is this machine, by a name that says so: localhost, 127.0.0.1, [::1]. */
bool lw_destination_is_here(const struct lw_destination *d);

/* What a repository is called there, without the host. LW_E_LIMIT (too long a name),
 * LW_E_FORMAT (none that a registry takes). */
int lw_destination_map(const struct lw_destination *d, const char *repository,
		       char ret[static LW_MAX_REPOSITORY + 1],
		       struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_destination_(struct lw_destination *d)
{
	lw_destination_release(d);
}

#endif
