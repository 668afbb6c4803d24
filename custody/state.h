/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CUSTODY_STATE_H
#define LW_CUSTODY_STATE_H

/*
 * The enclave's state: one SQLite database (WAL, synchronous=FULL, read back and refused if
 * different: under replayed power loss that lost nothing acknowledged). Trust, the senders'
 * floors, the time floor, accepted bundles, images and blobs, and the book's records; whatever
 * belongs together is committed in one transaction. One writer at a time.
 *
 * This is the only file that speaks SQL. Statements are prepared; nothing hostile is ever part
 * of one; the database never comes from a medium.
 */

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

struct lw_state;

enum lw_state_mode {
	LW_STATE_READ,	 /* look; several at once */
	LW_STATE_WRITE,	 /* the one writer; LW_E_BUSY names who holds it */
	LW_STATE_BOOK,	 /* the same, for a record or the queue of pushes alone: nothing that
			    grows with the store is looked through first */
	LW_STATE_CREATE, /* a new one; LW_E_EXISTS */
};

/* `dir` is the enclave's folder, borrowed until close; the database is state.db, the writer's
 * lock `lock` (flock; it says "pid host since"). A folder owned by somebody else than the
 * caller is LW_E_USAGE and says whom. LW_E_NOTFOUND: no state.db. LW_E_STATE: a setting read
 * back different, tables that are not those of this version, a damaged file (quick_check, by
 * the writer), or a left-over log that a read-only file system hides. Readers take no lock and
 * see one committed state per statement (per transaction after lw_state_begin), also while a
 * writer writes. One thread at a time per handle. */
int lw_state_open(int dir, enum lw_state_mode mode, struct lw_state **ret,
		  struct lw_error *e) LW_WARN_UNUSED;
void lw_state_close(struct lw_state *s);

/* LW_E_USAGE naming the owner if that is somebody else than the caller (a uid). */
int lw_state_require_owner(unsigned owner, struct lw_error *e) LW_WARN_UNUSED;

/* Transactions do not nest. Every change below must stand within one (else LW_E_INTERNAL), and
 * after a change that failed the whole of it is given up. A transaction that was begun and not
 * committed is rolled back by lw_state_rollback or close; one whose commit fails is rolled back
 * before lw_state_commit returns. LW_E_NOSPACE, LW_E_IO. */
int lw_state_begin(struct lw_state *s, struct lw_error *e) LW_WARN_UNUSED;
int lw_state_commit(struct lw_state *s, struct lw_error *e) LW_WARN_UNUSED;
void lw_state_rollback(struct lw_state *s);

/* Named values, bytes or integers: "identity", "time.floor", "time.attested" ... Getting
 * appends; LW_E_NOTFOUND; LW_E_STATE when the value is of the other kind. */
int lw_state_get(struct lw_state *s, const char *name, struct lw_buf *ret,
		 struct lw_error *e) LW_WARN_UNUSED;
int lw_state_set(struct lw_state *s, const char *name, struct lw_span value,
		 struct lw_error *e) LW_WARN_UNUSED;
int lw_state_unset(struct lw_state *s, const char *name, struct lw_error *e) LW_WARN_UNUSED;
/* 0 when the name is not there. */
int lw_state_get_integer(struct lw_state *s, const char *name, int64_t *ret,
			 struct lw_error *e) LW_WARN_UNUSED;
int lw_state_set_integer(struct lw_state *s, const char *name, int64_t value,
			 struct lw_error *e) LW_WARN_UNUSED;

/* Trust files by name ("policy.json", "keys/alice.pub"). Every change also bumps the integer
 * "trust.version", which a commit compares with what it judged by. Getting appends.
 * LW_E_NOTFOUND, LW_E_USAGE (a name that is not plain text of 1 to 255 bytes), LW_E_LIMIT. */
int lw_state_trust_get(struct lw_state *s, const char *name, struct lw_buf *ret,
		       struct lw_error *e) LW_WARN_UNUSED;
int lw_state_trust_set(struct lw_state *s, const char *name, struct lw_span bytes,
		       struct lw_error *e) LW_WARN_UNUSED;

/* All of them at once, others go: one change of "trust.version". */
struct lw_trust_file {
	const char *name;
	struct lw_span bytes;
};
int lw_state_trust_replace(struct lw_state *s, const struct lw_trust_file *files, size_t n,
			   struct lw_error *e) LW_WARN_UNUSED;
/* In the order of their names; bytes are borrowed during the call. */
int lw_state_each_trust(struct lw_state *s,
			int (*found)(void *data, const struct lw_trust_file *file,
				     struct lw_error *e),
			void *data, struct lw_error *e) LW_WARN_UNUSED;

/* Senders: the highest sequence ever accepted; 0 for one not seen yet. */
int lw_state_sender_floor(struct lw_state *s, const char *sender, uint64_t *ret,
			  struct lw_error *e) LW_WARN_UNUSED;
int lw_state_sender_raise(struct lw_state *s, const char *sender, uint64_t sequence,
			  struct lw_error *e)
	LW_WARN_UNUSED; /* LW_E_STATE if it would not rise */

/* Accepted bundles. */
struct lw_state_bundle {
	struct lw_digest digest; /* of the statement */
	char sender[65];
	uint64_t sequence;
	int64_t created, accepted; /* seconds */
	uint64_t record;
};
/* Getting: LW_E_NOTFOUND. Adding: LW_E_EXISTS if it, or one with its sender's sequence, is
 * there. */
int lw_state_bundle_get(struct lw_state *s, const struct lw_digest *digest,
			struct lw_state_bundle *ret, struct lw_error *e) LW_WARN_UNUSED;
int lw_state_bundle_add(struct lw_state *s, const struct lw_state_bundle *b,
			struct lw_error *e) LW_WARN_UNUSED;

/* Blobs that exist. */
int lw_state_blob_has(struct lw_state *s, const struct lw_digest *d, bool *ret,
		      uint64_t *ret_size, struct lw_error *e) LW_WARN_UNUSED;
/* No harm if it is there; LW_E_CONFLICT if it is with another size. */
int lw_state_blob_add(struct lw_state *s, const struct lw_digest *d, uint64_t size,
		      struct lw_error *e) LW_WARN_UNUSED;
/* LW_E_CONFLICT while an image needs it, or a bundle that is pending; LW_E_NOTFOUND. */
int lw_state_blob_remove(struct lw_state *s, const struct lw_digest *d,
			 struct lw_error *e) LW_WARN_UNUSED;
/* In digest order. What `found` returns other than 0 ends a walk, here and below; it may read
 * the state, but must not change what is walked over. */
int lw_state_each_blob(struct lw_state *s, bool unreferenced_only,
		       int (*found)(void *data, const struct lw_digest *d, uint64_t size,
				    struct lw_error *e),
		       void *data, struct lw_error *e) LW_WARN_UNUSED;

/* In the order of entries (size, then digest): the blobs that images need, of a sender's
 * bundles (NULL: of all). */
int lw_state_each_held(struct lw_state *s, const char *sender,
		       int (*found)(void *data, const struct lw_digest *d, uint64_t size,
				    struct lw_error *e),
		       void *data, struct lw_error *e) LW_WARN_UNUSED;

/* Accepted images. One row per name and digest; `superseded` when the same name was later
 * accepted with another digest. Evidence manifests belong to their image's row through
 * lw_state_image_blob. */
struct lw_state_image {
	int64_t id;
	char name[512];
	struct lw_digest digest;
	uint64_t size; /* of the manifest or index */
	char media_type[256];
	char platforms[512]; /* "linux/amd64,linux/arm64" */
	char zone[65];
	struct lw_digest bundle;
	uint64_t record;
	int64_t accepted;
	bool superseded;
	bool pending; /* trust changed since it was judged: not to be used until it holds again
		       */
	uint64_t total_bytes; /* of all its blobs, evidence included */
	/* the JSON of its row in contents (evidence, omitted children), owned by the reader
	 * when returned by lw_state_image_get; borrowed when added */
	char *detail;
	char *judgement; /* "landwaiter-judgement/1", or "" for none; owned likewise */
};
/* Adds, or returns the id of the row with this name and digest (then made current again, with
 * what is said here; it keeps the blobs it had). Marks other rows of the name superseded. id
 * and superseded are not read. */
int lw_state_image_add(struct lw_state *s, const struct lw_state_image *i, int64_t *ret_id,
		       struct lw_error *e) LW_WARN_UNUSED;
/* Image and blob must be there (LW_E_STATE); no harm if it is linked already. */
int lw_state_image_blob(struct lw_state *s, int64_t image, const struct lw_digest *d,
			struct lw_error *e) LW_WARN_UNUSED;
/* By full name (the current row), by "name@sha256:..." or by "sha256:..." if one image only has
 * it. LW_E_NOTFOUND, LW_E_CONFLICT (several: names them), LW_E_FORMAT (no digest where
 * one must stand). */
int lw_state_image_get(struct lw_state *s, const char *which, struct lw_state_image *ret,
		       struct lw_error *e) LW_WARN_UNUSED;
void lw_state_image_release(struct lw_state_image *i);
static inline void lw_auto_image_(struct lw_state_image *i)
{
	lw_state_image_release(i);
}
/* It is in that zone from now on, as judged. LW_E_NOTFOUND. */
int lw_state_image_promote(struct lw_state *s, int64_t image, const char *zone,
			   const char *judgement, struct lw_error *e) LW_WARN_UNUSED;
/* All are to be judged again: "pending". What is added or promoted is judged. */
int lw_state_images_mark(struct lw_state *s, struct lw_error *e) LW_WARN_UNUSED;
/* One of them. LW_E_NOTFOUND. */
int lw_state_image_withhold(struct lw_state *s, int64_t image,
			    struct lw_error *e) LW_WARN_UNUSED;
/* Its blobs keep their rows. LW_E_NOTFOUND. */
int lw_state_image_remove(struct lw_state *s, int64_t image, struct lw_error *e) LW_WARN_UNUSED;
/* In name order, the current row of a name first. The detail is borrowed during the call. */
int lw_state_each_image(struct lw_state *s,
			int (*found)(void *data, const struct lw_state_image *i,
				     struct lw_error *e),
			void *data, struct lw_error *e) LW_WARN_UNUSED;
/* Of one name. */
int lw_state_each_image_named(struct lw_state *s, const char *name,
			      int (*found)(void *data, const struct lw_state_image *i,
					   struct lw_error *e),
			      void *data, struct lw_error *e) LW_WARN_UNUSED;
/* In digest order, what an image needs. */
int lw_state_each_image_blob(struct lw_state *s, int64_t image,
			     int (*found)(void *data, const struct lw_digest *d, uint64_t size,
					  struct lw_error *e),
			     void *data, struct lw_error *e) LW_WARN_UNUSED;

/* What a registry may hand out: images that are not pending. A repository ("host:port/path")
 * has the images of that name, with whatever tag; asking for one costs what it has, not what
 * the state has. */
int lw_state_each_served_name(struct lw_state *s,
			      int (*found)(void *data, const char *name, struct lw_error *e),
			      void *data, struct lw_error *e) LW_WARN_UNUSED;
/* Its images, superseded ones too, in no order; with `needs` only those that need that blob. */
int lw_state_each_served(struct lw_state *s, const char *repository,
			 const struct lw_digest *needs,
			 int (*found)(void *data, const struct lw_state_image *i,
				      struct lw_error *e),
			 void *data, struct lw_error *e) LW_WARN_UNUSED;
/* Whether it has an image, or one that needs that blob. */
int lw_state_is_served(struct lw_state *s, const char *repository,
		       const struct lw_digest *needs, bool *ret,
		       struct lw_error *e) LW_WARN_UNUSED;
/* The current image of a full name. LW_E_NOTFOUND; the caller releases *ret. */
int lw_state_served_get(struct lw_state *s, const char *name, struct lw_state_image *ret,
			struct lw_error *e) LW_WARN_UNUSED;
/* Another number whenever another process has changed the state. */
int lw_state_data_version(struct lw_state *s, int64_t *ret, struct lw_error *e) LW_WARN_UNUSED;
/* LW_E_STATE: another file is called state.db since, or none. */
int lw_state_require_same(struct lw_state *s, struct lw_error *e) LW_WARN_UNUSED;

/* What is trusted of TUF repositories: the file of each role and its proven halves, both kept
 * as they were given. `first` is the digest of the root that the repository is pinned by: what
 * was trusted under another one is not there, and goes when something is set. Getting appends;
 * LW_E_NOTFOUND. */
int lw_state_tuf_get(struct lw_state *s, const char *repository, const struct lw_digest *first,
		     const char *role, struct lw_buf *ret_file, struct lw_buf *ret_halves,
		     struct lw_error *e) LW_WARN_UNUSED;
int lw_state_tuf_set(struct lw_state *s, const char *repository, const struct lw_digest *first,
		     const char *role, struct lw_span file, struct lw_span halves,
		     struct lw_error *e) LW_WARN_UNUSED;
/* The kept roots of all repositories: `repository` as it was set. */
int lw_state_each_tuf_root(struct lw_state *s,
			   int (*found)(void *data, const char *repository,
					const struct lw_digest *first, struct lw_span halves,
					struct lw_error *e),
			   void *data, struct lw_error *e) LW_WARN_UNUSED;
/* No harm if it is not there. */
int lw_state_tuf_remove(struct lw_state *s, const char *repository, const char *role,
			struct lw_error *e) LW_WARN_UNUSED;

/* The book's leaves: index 0, 1, 2 ... (custody/record.h makes them). Getting appends;
 * LW_E_NOTFOUND. */
int lw_state_record_count(struct lw_state *s, uint64_t *ret, struct lw_error *e) LW_WARN_UNUSED;
int lw_state_record_get(struct lw_state *s, uint64_t index, struct lw_buf *ret,
			struct lw_error *e) LW_WARN_UNUSED;
int lw_state_record_add(struct lw_state *s, uint64_t index, struct lw_span leaf,
			struct lw_error *e) LW_WARN_UNUSED; /* LW_E_CONFLICT if not the next */

/* Work that follows a commit and may be repeated: "index", "sweep" ... (custody/enclave.h).
 * Added in the transaction (once however often), drained afterwards, outside of any. What fails
 * stays queued and does not keep the rest from being done; the first failure is returned. */
int lw_state_queue_add(struct lw_state *s, const char *what, struct lw_error *e) LW_WARN_UNUSED;
int lw_state_queue_drain(struct lw_state *s,
			 int (*work)(void *data, const char *what, struct lw_error *e),
			 void *data, struct lw_error *e) LW_WARN_UNUSED;

/* Images that are still to be pushed, each once for a registry and what it is to be called
 * there; they go with their image. In the order of registries, then of names. */
struct lw_state_push {
	int64_t image;
	char registry[256], repository[256]; /* "hub.enclave:5000", "mirror/host/app" */
	char name[512];			     /* of the image, as what follows; not for adding */
	struct lw_digest digest;
	uint64_t total_bytes;
	bool superseded;
};
int lw_state_push_add(struct lw_state *s, int64_t image, const char *registry,
		      const char *repository, struct lw_error *e) LW_WARN_UNUSED;
int lw_state_push_done(struct lw_state *s, const struct lw_state_push *p,
		       struct lw_error *e) LW_WARN_UNUSED;
int lw_state_each_push(struct lw_state *s,
		       int (*found)(void *data, const struct lw_state_push *p,
				    struct lw_error *e),
		       void *data, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_state_(struct lw_state **s)
{
	lw_state_close(*s);
}

#endif
