/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_TUF_METADATA_H
#define LW_VERIFY_TUF_METADATA_H

/*
 * What signed TUF metadata says (TUF 1.0.34 section 4; TAP 15; docs/format/tuf.md): read from
 * the bytes that were signed. Members that are unknown here are allowed, and were signed.
 */

#include "base/digest.h"
#include "base/json.h"
#include "verify/key.h"
#include "verify/proven.h"

enum lw_tuf_type { LW_TUF_ROOT, LW_TUF_TIMESTAMP, LW_TUF_SNAPSHOT, LW_TUF_TARGETS };
const char *lw_tuf_type_name(enum lw_tuf_type type); /* "root" ... */

struct lw_tuf_key {
	const char *keyid;  /* borrowed from the document, as all strings here */
	struct lw_key *key; /* NULL: one that this program cannot check; it counts for nobody */
};

/* Whose signatures a role needs. Of a delegated role also which targets it may list. */
struct lw_tuf_role {
	const char *name;
	const char **keyids; /* none twice */
	size_t n_keyids;
	uint64_t threshold; /* 1 or more; of distinct public keys */
	bool terminating;
	/* one of both */
	const char **paths;
	size_t n_paths;
	const char **prefixes; /* of the hex SHA-256 of a target's path */
	size_t n_prefixes;
};

/* TAP 15: 2^bits roles "PREFIX-<hex>", each for the targets whose path hashes into it. */
struct lw_tuf_bins {
	unsigned bits; /* 0: none */
	const char *prefix;
	struct lw_tuf_role role; /* keys and threshold of each; no name */
};

struct lw_tuf_metadata {
	enum lw_tuf_type type;
	int64_t version;	  /* 1 or more */
	int64_t expires;	  /* seconds; a fraction is dropped */
	bool consistent_snapshot; /* of a root */
	/* of a root: the four top-level roles; of targets: the delegated ones, in order */
	struct lw_tuf_key *keys;
	size_t n_keys;
	struct lw_tuf_role *roles;
	size_t n_roles;
	struct lw_tuf_bins bins;
	/* members of `meta` or of `targets`, ascending by name */
	const struct lw_json **files;
	size_t n_files;
	struct lw_json_doc *doc; /* owner of the strings */
};

/* LW_E_FORMAT (also: of another type), LW_E_LIMIT, LW_E_UNSUPPORTED (a specification of
 * another major version; a path pattern that clients read in different ways). The caller frees
 * *ret. */
int lw_tuf_metadata_parse(struct lw_proven message, enum lw_tuf_type type,
			  struct lw_tuf_metadata **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_tuf_metadata_free(struct lw_tuf_metadata *m);

/* One of the four in a root; NULL never in one that was parsed. */
const struct lw_tuf_role *lw_tuf_root_role(const struct lw_tuf_metadata *root,
					   const char *name);

/* What is said of a file: in `meta` of timestamp and snapshot by "snapshot.json" and the like,
 * in `targets` by its path. */
struct lw_tuf_file {
	int64_t version;	      /* of metadata; 0 of targets */
	bool has_length;	      /* always of targets */
	uint64_t length;	      /* bytes */
	const struct lw_json *hashes; /* by algorithm, lower-case hex; NULL: none */
	const struct lw_json *custom; /* NULL: none */
};
/* LW_E_NOTFOUND; LW_E_FORMAT, LW_E_LIMIT. */
int lw_tuf_file(const struct lw_tuf_metadata *m, const char *name, struct lw_tuf_file *ret,
		struct lw_error *e) LW_WARN_UNUSED;
/* Whether bytes have the length and every hash that is said: LW_E_DIGEST. Where hashes are
 * said, one at least must be of an algorithm known here (sha256, sha384, sha512): else
 * LW_E_UNSUPPORTED. */
int lw_tuf_file_check(const struct lw_tuf_file *f, struct lw_span bytes,
		      struct lw_error *e) LW_WARN_UNUSED;

/* The same for bytes that come one after the other: add, then end, which frees the check. */
struct lw_tuf_file_running;
struct lw_tuf_file_running *lw_tuf_file_check_begin(const struct lw_tuf_file *f);
/* LW_E_DIGEST: more than there are. */
int lw_tuf_file_check_add(struct lw_tuf_file_running *c, struct lw_span bytes,
			  struct lw_error *e) LW_WARN_UNUSED;
int lw_tuf_file_check_end(struct lw_tuf_file_running *c, struct lw_error *e) LW_WARN_UNUSED;

/* A path pattern: `*` and `?` stand for no slash. */
bool lw_tuf_path_matches(const char *pattern, const char *path);
/* Whether a delegated role may list this target. */
bool lw_tuf_role_covers(const struct lw_tuf_role *role, const char *path);
/* The bin of a target, its name in a buffer of the caller. */
void lw_tuf_bin_name(const struct lw_tuf_bins *bins, const char *path, char *out, size_t size);

/* RFC 3339 as it occurs: with fractions and offsets, too. */
int lw_tuf_time_parse(const char *text, int64_t *ret_sec, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_tuf_metadata_(struct lw_tuf_metadata **m)
{
	lw_tuf_metadata_free(*m);
}

#endif
