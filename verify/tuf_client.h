/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_TUF_CLIENT_H
#define LW_VERIFY_TUF_CLIENT_H

/*
 * The client workflow of TUF 1.0.34 section 5, with TAP 12 and TAP 15, over any transport and
 * any store. It opens nothing: files come through one callback, what is trusted is kept by
 * another, the time is handed in.
 *
 * Each role is kept as soon as it is trusted, byte for byte as it came, and nothing else ever
 * is: after a refusal the store holds what was verified before it.
 *
 * Where it differs from other clients (docs/format/tuf.md): thresholds count public keys, not
 * key ids; a role that is reached through a second delegator is judged by that one's keys.
 */

#include "base/buf.h"
#include "base/mem.h"
#include "verify/finding.h"
#include "verify/tuf_metadata.h"
#include "verify/tuf_signed.h"

/* Where files come from: "2.root.json", "timestamp.json", "7.snapshot.json" ... Appends the
 * bytes, at most `max` of them. LW_E_NOTFOUND: there is none. LW_E_LIMIT: it is longer. */
struct lw_tuf_transport {
	int (*fetch)(void *data, const char *name, size_t max, struct lw_buf *out,
		     struct lw_error *e);
	void *data;
};

/* What is trusted, by role; the name of a delegated role is hostile text of up to
 * LW_MAX_TUF_ROLE bytes. load: LW_E_NOTFOUND. drop: also where there is none.
 *
 * save is given the file and the halves that were proven. Where the box takes files apart, the
 * store must keep both and give both back: else a box could say of a file that is kept what it
 * did not say when that was proven, and floors would fall. Where a store leaves `halves` empty,
 * its files are taken apart in this process. */
struct lw_tuf_store {
	int (*load)(void *data, const char *role, size_t max, struct lw_buf *file,
		    struct lw_tuf_signed *halves, struct lw_error *e);
	int (*save)(void *data, const char *role, struct lw_span file,
		    const struct lw_tuf_signed *halves, struct lw_error *e);
	int (*drop)(void *data, const char *role, struct lw_error *e);
	void *data;
};

struct lw_tuf_options {
	struct lw_tuf_transport transport;
	struct lw_tuf_store store;
	/* Takes a file apart that was fetched: in the box where there is one; NULL: here. As
	 * lw_tuf_split. */
	int (*split)(void *data, struct lw_span file, struct lw_tuf_signed *ret,
		     struct lw_error *e);
	void *split_data;
	int64_t now; /* seconds; expiry is judged at it, once and for all */
};

struct lw_tuf_client;

/* Reads the trusted root out of the store, which must meet its own threshold; that it has
 * expired does not matter. The options are copied. The caller frees *ret. As all that follow:
 * on failure *ret_reason says which rule was broken: LW_FINDING_TUF_*, or LW_FINDING_COUNT
 * where it was no rule but a fault of ours or of the store. */
int lw_tuf_client_open(const struct lw_tuf_options *options, struct lw_tuf_client **ret,
		       enum lw_finding_id *ret_reason, struct lw_error *e) LW_WARN_UNUSED;
void lw_tuf_client_free(struct lw_tuf_client *c);

/* Sections 5.3 to 5.6: root, timestamp, snapshot, targets. */
int lw_tuf_client_refresh(struct lw_tuf_client *c, enum lw_finding_id *ret_reason,
			  struct lw_error *e) LW_WARN_UNUSED;

struct lw_tuf_target {
	const char
		*role; /* that lists it; as `file` borrowed until the next find, or the end */
	struct lw_tuf_file file;
	int64_t expires; /* seconds: when the first of the targets roles asked does */
};
/* Section 5.6.7: who lists this target? After a refresh. LW_E_NOTFOUND with
 * LW_FINDING_TUF_TARGET_UNKNOWN: nobody who may. */
int lw_tuf_client_find(struct lw_tuf_client *c, const char *path, struct lw_tuf_target *ret,
		       enum lw_finding_id *ret_reason, struct lw_error *e) LW_WARN_UNUSED;
/* The name that a target's file has at the transport (section 6.2), appended. */
void lw_tuf_client_target_name(const struct lw_tuf_client *c, const char *path,
			       const struct lw_tuf_target *t, struct lw_buf *out);

/* What is trusted now; NULL: nothing yet. Borrowed. */
const struct lw_tuf_metadata *lw_tuf_client_trusted(const struct lw_tuf_client *c,
						    enum lw_tuf_type type);

/* Whether so many of a role's public keys signed: the message is proven then. Else
 * LW_E_SIGNATURE. `keys` says what the ids stand for: the delegating metadata. */
int lw_tuf_prove(const struct lw_tuf_metadata *keys, const struct lw_tuf_role *role,
		 const struct lw_tuf_signed *s, struct lw_proven *ret,
		 struct lw_error *e) LW_WARN_UNUSED;

/* A role's name as it stands in a URL: all but letters, digits and "_.-~" as %XX. Appends. */
void lw_tuf_quote(const char *role, struct lw_buf *out);

LW_DEFINE_AUTO(tuf_client, struct lw_tuf_client *, lw_tuf_client_free);

#endif
