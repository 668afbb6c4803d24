/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_PATH_H
#define LW_TUF_PATH_H

/* Names in a repository: what we let into one, and what they are called on disk
 * (docs/format/tuf-repository.md). */

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"

#define LW_TUF_COMPONENT_BYTES ((size_t)180) /* with a digest before it, a file name */

/* A target path: relative, no way out, nothing a terminal or a file system trips over.
 * LW_E_FORMAT, LW_E_LIMIT. */
int lw_path_check_target(const char *path, struct lw_error *e) LW_WARN_UNUSED;
/* A pattern of target paths: the same, where * and ? may stand. */
int lw_path_check_pattern(const char *pattern, struct lw_error *e) LW_WARN_UNUSED;
/* Hexadecimal digits, lower case, 1 to 64. */
int lw_path_check_hash_prefix(const char *prefix, struct lw_error *e) LW_WARN_UNUSED;
/* The name of a new delegated role: a label, and none that is taken. */
int lw_path_check_role(const char *name, struct lw_error *e) LW_WARN_UNUSED;

/* root, targets, snapshot, timestamp */
bool lw_path_is_top_level(const char *role);

/* "3.releases.json", percent-encoded; "timestamp.json". Appended. */
void lw_path_metadata(const char *role, int64_t version, struct lw_buf *out);
/* "dir/<hex>.name", appended. */
void lw_path_target(const char *path, const struct lw_digest *digest, struct lw_buf *out);

#endif
