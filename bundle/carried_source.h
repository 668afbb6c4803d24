/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_CARRIED_SOURCE_H
#define LW_BUNDLE_CARRIED_SOURCE_H

/* The files of one repository that a bundle brings, as those who follow it ask for them. Its
 * metadata goes by its name; a target of the enclave's own repository by its path below that
 * repository, quoted: "targets%2F<path>" (docs/format/bundle.md section 4.1). */

#include "bundle/contents.h"
#include "bundle/own_trust.h"

/* Everything is borrowed. */
struct lw_carried_source {
	const struct lw_carried *carried;
	/* The bytes of such a file, appended. */
	int (*read)(void *data, const struct lw_carried_file *file, struct lw_buf *out,
		    struct lw_error *e);
	void *data;
};

/* For struct lw_tuf_transport; data is the struct lw_carried_source. */
int lw_carried_fetch(void *data, const char *name, size_t max, struct lw_buf *out,
		     struct lw_error *e) LW_WARN_UNUSED;
/* The enclave's own; `s` is borrowed. */
struct lw_own_source lw_carried_own(struct lw_carried_source *s);

/* What contents call a target, appended. */
void lw_carried_target_name(const char *path, struct lw_buf *out);

/* What the bundle brings of a repository; NULL: nothing. */
const struct lw_carried *lw_carried_of(const struct lw_contents *c, const char *repository);

#endif
