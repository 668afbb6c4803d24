/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_METAFILE_H
#define LW_TUF_METAFILE_H

/*
 * One file of metadata, as it can be edited: what is signed, and the signatures
 * (TUF 1.0.34 section 4.2). It lives in the arena it was made in.
 */

#include "base/digest.h"
#include "tuf/value.h"

struct lw_metafile {
	struct lw_value *body;	     /* the member "signed" */
	struct lw_value *signatures; /* an array of { "keyid", "sig" } */
	bool may_delegate; /* false: there are no delegations in it, nor keys of root */
};

/* A file of the role: strict JSON, and what the client takes for metadata of this role
 * (verify/tuf_metadata.h), so that we never write what it would not read. LW_E_FORMAT,
 * LW_E_LIMIT, LW_E_UNSUPPORTED. */
int lw_metafile_parse(struct lw_arena *a, const char *role, struct lw_span bytes,
		      struct lw_metafile **ret, struct lw_error *e) LW_WARN_UNUSED;
/* The same of a tree: { "signatures", "signed" } and nothing else. */
int lw_metafile_take(struct lw_arena *a, const char *role, struct lw_value *tree,
		     struct lw_metafile **ret, struct lw_error *e) LW_WARN_UNUSED;
/* A copy without signatures. */
struct lw_metafile *lw_metafile_draft(struct lw_arena *a, const struct lw_metafile *m);
/* An empty one: _type, spec_version, and what every role has. */
struct lw_metafile *lw_metafile_new(struct lw_arena *a, const char *type);

int64_t lw_metafile_version(const struct lw_metafile *m);
int64_t lw_metafile_expires(const struct lw_metafile *m); /* seconds; 0: unreadable */

/* The bytes that are published, appended. */
void lw_metafile_print(const struct lw_metafile *m, struct lw_buf *out);
/* The bytes that are signed, appended: OLPC canonical JSON. LW_E_FORMAT. */
int lw_metafile_message(const struct lw_metafile *m, struct lw_buf *out,
			struct lw_error *e) LW_WARN_UNUSED;

/* The signature by a key id: its bytes, appended. False where there is none, or no hex. */
bool lw_metafile_signature(const struct lw_metafile *m, const char *keyid, struct lw_buf *out);
/* Adds one, in the place of an older one by the same key id. */
void lw_metafile_sign(struct lw_arena *a, struct lw_metafile *m, const char *keyid,
		      struct lw_span signature);

#endif
