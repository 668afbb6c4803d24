/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_JUDGE_INTERNAL_H
#define LW_VERIFY_JUDGE_INTERNAL_H

/* What the judges share, and their verbs for the table of verify/judge.c. */

#include "verify/judge.h"

/* An annotation's text; NULL where there is none. LW_E_FORMAT: it is no string. */
int lw_piece_annotation(const struct lw_piece *piece, const char *name, const char **ret,
			struct lw_error *e) LW_WARN_UNUSED;
/* LW_E_UNSUPPORTED where the piece brings a certificate: then its key is not one of policy's.
 */
int lw_piece_is_keyless(const struct lw_piece *piece, struct lw_error *e) LW_WARN_UNUSED;

/* Ends an extraction that returned r: SIGNED, or nothing but the state and why. */
void lw_extracted_settle(struct lw_extracted *x, int r, const struct lw_error *e);

/* The limits of what wraps a signature; larger numbers and depths are of no use there. */
extern const struct lw_json_limits LW_JSON_ENVELOPE;

/* The members of a DSSE envelope (DSSE 1.0 protocol and JSON envelope; base64 of either
 * alphabet, other members let through) into *x, with 1 to max_signatures signatures.
 * LW_E_FORMAT, LW_E_LIMIT. */
int lw_envelope_read(const struct lw_json *envelope, size_t max_signatures,
		     struct lw_extracted *x, struct lw_error *e) LW_WARN_UNUSED;

void lw_cosign_extract(const struct lw_piece *piece, struct lw_extracted *ret);
int lw_cosign_read(const char *payload_type, struct lw_proven signed_bytes, struct lw_said *ret,
		   struct lw_error *e) LW_WARN_UNUSED;
void lw_attestation_extract(const struct lw_piece *piece, struct lw_extracted *ret);
int lw_attestation_read(const char *payload_type, struct lw_proven signed_bytes,
			struct lw_said *ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_sigstore_bundle_extract(const struct lw_piece *piece, struct lw_extracted *ret);

#endif
