/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_REQUIREMENT_H
#define LW_TUF_REQUIREMENT_H

/*
 * Who must sign a role's metadata: a threshold of the people that one delegating role names.
 * Root has two of them, that of the version before and its own; a role that two others delegate
 * to has two as well. All must be met.
 */

#include "base/digest.h"
#include "tuf/metafile.h"

#define LW_TUF_NAME_KEY	  "x-landwaiter-name"
#define LW_TUF_PERIOD_KEY "x-landwaiter-period"
#define LW_TUF_UNTIL_KEY  "x-landwaiter-until"

struct lw_holder {
	const char *name;  /* a label; of keys of others 12 digits of the fingerprint */
	const char *keyid; /* as the delegating role spells it */
	const struct lw_value *key;
	struct lw_digest fingerprint; /* of the SPKI DER; of the key object if unsupported */
	bool supported;		      /* this program can check what it signs */
	bool named;		      /* by us */
};

struct lw_requirement {
	const char *by;	   /* "root 1", "targets 4" */
	const char *until; /* of a time-limited delegation, else NULL */
	int64_t threshold;
	struct lw_holder *list;
	size_t n;
};

/* Reads { "keyids", "threshold" } of a role with the keys of the document it stands in. `by` is
 * borrowed. LW_E_FORMAT: no such key, a threshold that is none; LW_E_CONFLICT: a key or a name
 * twice, fewer keys than the threshold. */
int lw_requirement_read(struct lw_arena *a, const char *by, const struct lw_value *keys,
			const struct lw_value *role, struct lw_requirement *ret,
			struct lw_error *e) LW_WARN_UNUSED;

enum lw_signed { /* of one holder, in one document */
		 LW_SIGNED_NOT = 0,
		 LW_SIGNED_GOOD,
		 LW_SIGNED_BAD,		/* there is a signature, and it does not verify */
		 LW_SIGNED_UNSUPPORTED, /* and this program cannot tell */
};
/* `message` is lw_metafile_message's. */
enum lw_signed lw_requirement_check(const struct lw_holder *h, const struct lw_metafile *m,
				    struct lw_span message);
/* How many of the holders have a good signature; a public key counts once. */
size_t lw_requirement_count(const struct lw_requirement *q, const struct lw_metafile *m,
			    struct lw_span message);

/* Whether keys and threshold are the same (and names). */
bool lw_requirement_equal(const struct lw_requirement *a, const struct lw_requirement *b);

/* A key object out of a public key file, PEM, and a name; and its id. LW_E_FORMAT: name or
 * bytes; LW_E_UNSUPPORTED: no kind of key that TUF has a scheme for. */
int lw_requirement_make_key(struct lw_arena *a, const char *name, struct lw_span pem,
			    struct lw_value **ret, const char **ret_keyid,
			    struct lw_error *e) LW_WARN_UNUSED;

#endif
