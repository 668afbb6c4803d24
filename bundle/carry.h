/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_CARRY_H
#define LW_BUNDLE_CARRY_H

/*
 * What pack takes along of a vendor's TUF repository: all its roots, the roles that are
 * current, and those delegated roles that a client asks when it looks up the images of this
 * bundle. It follows the repository as a client does, from its first root: what does not hold
 * for the sender will not hold for the enclave. Its files come through the box.
 */

#include "bundle/contents.h"
#include "bundle/own_trust.h"

struct lw_carry_source {
	const char *repository; /* its name in the enclave's policy, a label */
	struct lw_tuf_transport transport;
};

struct lw_carry_options {
	const struct lw_image *images;
	size_t n_images;
	const char *const *targets; /* more paths to look up */
	size_t n_targets;
	int64_t now;
	const char *program; /* the box's; NULL: the one beside this executable */
};

/* The repository as contents list it, and its files' bytes beside that. */
struct lw_carried_bytes {
	struct lw_carried carried;
	struct lw_buf *bytes; /* owned; of carried.files[i] */
	bool *listed; /* owned; for each image whether it lists it, however it is called; NULL:
			 the enclave's own */
};

/* LW_E_NOTFOUND (no first root), what the client and the transport say: with the finding's code
 * before it. Zero-initialise *ret; release it also after an error. */
int lw_carry(const struct lw_carry_source *source, const struct lw_carry_options *options,
	     struct lw_carried_bytes *ret, struct lw_error *e) LW_WARN_UNUSED;
/* The enclave's own repository, whole as its followers read it: all roots, the roles,
 * policy.json and each file that names. Of the options `now` and `program` count. */
int lw_carry_own(const struct lw_own_source *source, const struct lw_carry_options *options,
		 struct lw_carried_bytes *ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_carried_bytes_release(struct lw_carried_bytes *c);

#endif
