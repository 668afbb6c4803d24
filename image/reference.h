/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_REFERENCE_H
#define LW_IMAGE_REFERENCE_H

/*
 * Image names: host[:port]/path[:tag], always complete (OCI distribution-spec 1.1 "Pulling
 * manifests" for path and tag; the host as container tools write it). No defaults are filled
 * in: "busybox" is not a name here, "docker.io/library/busybox:1.37" is. Names are validated
 * wherever they enter and compared as bytes: so what tools take for another spelling of a name
 * ("index.docker.io/...", "docker.io/x" for "docker.io/library/x") is none.
 */

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

struct lw_reference {
	char repository[LW_MAX_REPOSITORY + 1]; /* host[:port]/path */
	char tag[LW_MAX_TAG + 1];		/* "" when the name has none */
};

/* "host/path" or "host/path:tag". LW_E_FORMAT. A digest ("@sha256:") is refused: digests come
 * from descriptors. */
int lw_reference_parse(struct lw_span text, struct lw_reference *ret,
		       struct lw_error *e) LW_WARN_UNUSED;

/* "repository:tag", or "repository" without a tag. */
const char *lw_reference_text(const struct lw_reference *r,
			      char out[static LW_MAX_REFERENCE + 1]);

/* A tag alone: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127} */
bool lw_reference_is_tag(struct lw_span text);

#endif
