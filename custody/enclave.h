/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CUSTODY_ENCLAVE_H
#define LW_CUSTODY_ENCLAVE_H

/*
 * An enclave opened: its folder, state, store and identity. Opening it for writing mends what a
 * crash left: staged files are removed, files in blobs/ without a row are removed, rows without
 * a file (or with one of another size) raise an alarm record, the work queue is drained.
 */

#include "base/clock.h"
#include "custody/record.h"
#include "custody/state.h"
#include "image/store.h"

struct lw_enclave {
	char *path; /* owned */
	int dir;
	struct lw_state *state;
	struct lw_store *store;
	/* What a seal's audience must name (docs/format/enclave.md). */
	struct lw_digest identity;
	char name[65];
	/* Blobs found missing, or of another size, when it was opened for writing. */
	uint64_t alarms;
	/* A load has put blobs into the store that no row names yet: it is not swept meanwhile.
	 */
	bool staging;
	/* Why work that follows a commit is still undone (a full disk, say); code LW_OK: all is
	 * done. It stays queued, and is tried again when the enclave is opened for writing. */
	struct lw_error pending;
};

/* `now` is for the alarm record; NULL will do for LW_STATE_READ and LW_STATE_BOOK. A fault that
 * is the same as when the last alarm was recorded is counted in `alarms`, but not recorded
 * again. LW_E_NOTFOUND: no enclave there, says how to make one. LW_E_BUSY: another writer, says
 * who. LW_E_USAGE: it belongs to another user, says to whom. LW_E_STATE: state.db, the store or
 * identity.json is not what it was. */
int lw_enclave_open(const char *path, enum lw_state_mode mode, const struct lw_clock *now,
		    struct lw_enclave **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_enclave_close(struct lw_enclave *enclave);

/* A new enclave: folder (0700), state, store, identity.json (canonical JSON: format
 * "landwaiter-enclave/1", name, created, 32 random bytes in hex; its SHA-256 is the identity),
 * trust files as given, and the first record; all or nothing: it is built beside its place, in
 * a folder ".landwaiter-new-<random>", made durable, and renamed; those that others left when
 * they were killed are removed. `name` is a label.
 * LW_E_EXISTS: something is there already. LW_E_USAGE: a bad name; a trust file twice. */
struct lw_birth_role {
	const char *role;
	struct lw_span file, halves; /* as lw_state_tuf_set has them */
};
struct lw_birth_options {
	const char *name;
	const struct lw_trust_file *trust;
	size_t n_trust;
	/* The repository of the enclave's own, from which that is: its first root, what is
	 * trusted of it now, and when the first of that expires. roles NULL: none, and trust
	 * stays. */
	struct lw_digest root;
	const struct lw_birth_role *roles;
	size_t n_roles;
	int64_t until;
	const char *evaluation; /* a folder that becomes one of the enclave; NULL: none */
};
int lw_enclave_create(const char *path, const struct lw_birth_options *options,
		      const struct lw_clock *now, struct lw_digest *ret_identity,
		      struct lw_head *ret_head, struct lw_error *e) LW_WARN_UNUSED;
/* The enclave's own repository in the state: what it is called in lw_state_tuf_*, which no
 * policy's may be. "trust.root": the digest of its first root, as text; not there where it
 * has none. "trust.until": seconds. */
#define LW_OWN_REPOSITORY "enclave"
/* Of an enclave for evaluation: where that is, and its one owner's key (cmd/evaluation.h). */
#define LW_EVALUATION_FOLDER "evaluation"

/* Does what commits have queued: "index" (rewrite the store's index.json from the accepted
 * images), "sweep" (delete files without a row), "pending" (the same of what is staged). May be
 * repeated. Not within a transaction, nor between publishing blobs and committing their rows;
 * while a load stages blobs, what is to be swept stays queued (LW_E_BUSY). What fails is also
 * left in enclave->pending. */
int lw_enclave_drain(struct lw_enclave *enclave, struct lw_error *e) LW_WARN_UNUSED;

/* What somebody found while reading: a blob that is missing, or has other bytes ("alarm",
 * store.blob-damaged). */
int lw_enclave_alarm(struct lw_enclave *enclave, const struct lw_digest *d, const char *why,
		     const struct lw_clock *now, struct lw_error *e) LW_WARN_UNUSED;

/* `remove`: takes the image's row away; its blobs stay until gc. `gc`: deletes blobs that no
 * image needs. Each one transaction with its record, then a drain: 0 means committed, and
 * enclave->pending tells if something is still to do. reason and by: plain text, 1 to 1,024 and
 * 1 to 128 bytes (LW_E_USAGE); by may be NULL. */
int lw_enclave_remove(struct lw_enclave *enclave, const struct lw_state_image *image,
		      const char *reason, const char *by, const struct lw_record_time *time,
		      struct lw_head *ret_head, struct lw_error *e) LW_WARN_UNUSED;
struct lw_gc_result {
	uint64_t blobs, bytes;
};
int lw_enclave_gc(struct lw_enclave *enclave, const struct lw_record_time *time,
		  struct lw_gc_result *ret, struct lw_head *ret_head,
		  struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_enclave_(struct lw_enclave **enclave)
{
	lw_enclave_close(*enclave);
}

#endif
