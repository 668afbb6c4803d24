/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_JUDGE_H
#define LW_VERIFY_JUDGE_H

/*
 * The judges: one file a kind of signature (verify/cosign.c, verify/attestation.c,
 * verify/sigstore_bundle.c ...), one row each in the table of verify/judge.c, all with the same
 * verbs:
 *
 *   extract   which signatures does a piece of evidence hold, over which bytes? It reads what
 *             nobody has proven: in the box only.
 *   read      what do the signed bytes say? Only ever of bytes that a trusted key signed.
 *
 * Between the two the parent verifies the signature itself, with a key of its own policy, over
 * the bytes the box handed out. A kind known by name that this version cannot check has a row
 * too, without verbs: what is of that kind "cannot be checked", which is not "absent".
 */

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/span.h"
#include "verify/said.h"

/* A piece of evidence: one layer of a manifest that is attached to an image. */
struct lw_piece {
	const char *media_type; /* of the layer's descriptor */
	struct lw_span bytes;
	const struct lw_json *annotations; /* the descriptor's, an object; NULL for none */
};

enum lw_extracted_state {
	LW_EXTRACTED_MALFORMED = 0, /* of this kind, and broken: bad */
	LW_EXTRACTED_UNSUPPORTED,   /* of this kind, in a form that cannot be checked here */
	LW_EXTRACTED_SIGNED,
};

struct lw_extracted_signature {
	struct lw_buf sig;
	/* What the envelope says of its key: the SHA-256 of its SPKI in hex or in base64, or
	 * anything else, or "" for nothing. A hint: it tells "bad" from "of a key unknown
	 * here", nothing is trusted because of it. */
	char key_hint[LW_MAX_KEY_HINT + 1];
};

/* What a judge found in one piece. */
struct lw_extracted {
	enum lw_extracted_state state;
	char why[160]; /* where the state is not SIGNED; not safe for terminals yet */
	/* Signed is the piece's own bytes; else DSSE's PAE of payload_type and payload. */
	bool detached;
	char payload_type[LW_MAX_MEDIA_TYPE + 1];
	struct lw_buf payload;
	struct lw_extracted_signature signatures[LW_MAX_ENVELOPE_SIGNATURES];
	size_t n_signatures; /* 1 or more where SIGNED */
};

struct lw_judge {
	const char *kind;		/* "cosign", "dsse", "sigstore-bundle" ... */
	const char *const *media_types; /* of its pieces; ends with NULL */
	/* Never fails: what cannot be read is MALFORMED. ret is zero-initialised. NULL: a kind
	 * that cannot be checked by this version. */
	void (*extract)(const struct lw_piece *piece, struct lw_extracted *ret);
	/* LW_E_FORMAT, LW_E_LIMIT, LW_E_UNSUPPORTED. The caller releases *ret, also after an
	 * error. payload_type is "" for detached signatures. */
	int (*read)(const char *payload_type, struct lw_proven signed_bytes,
		    struct lw_said *ret, struct lw_error *e);
};

/* The judge of a layer's media type (parameters after ';' compared too), or NULL: no kind of
 * signature that is known here. */
const struct lw_judge *lw_judge_for(const char *media_type);

/* The bytes that were signed, appended: the piece itself or the PAE. */
void lw_extracted_message(const struct lw_extracted *x, struct lw_span piece,
			  struct lw_buf *out);
void lw_extracted_release(struct lw_extracted *x);

/* Across the box's wall: put and take mirror each other; taking checks all counts, lengths and
 * that texts are texts (LW_E_JAIL). */
void lw_extracted_put(const struct lw_extracted *x, struct lw_buf *out);
int lw_extracted_take(struct lw_span *body, struct lw_extracted *ret,
		      struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_extracted_(struct lw_extracted *x)
{
	lw_extracted_release(x);
}

#endif
