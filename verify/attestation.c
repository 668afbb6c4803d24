/* SPDX-License-Identifier: Apache-2.0 */

/* DSSE envelopes of others (DSSE 1.0): classic attestations of cosign, endorsements. */

#include "base/encode.h"
#include "base/mem.h"
#include "base/text.h"
#include "verify/dsse.h"
#include "verify/judge_internal.h"

/* Base64 of either alphabet, never of both (DSSE 1.0: a verifier takes both); not empty. */
static int decode(const char *text, struct lw_buf *out, struct lw_error *e)
{
	enum lw_base64 alphabet = strpbrk(text, "-_") || strlen(text) % 4 != 0
					  ? LW_BASE64_URL
					  : LW_BASE64_STANDARD;
	int r = lw_base64_decode(lw_span_str(text), alphabet, out, e);

	if (r == 0 && out->n == 0)
		r = lw_fail(e, LW_E_FORMAT, "base64 of nothing");
	return r;
}

static int read_signature(const struct lw_json *node, struct lw_extracted_signature *s,
			  struct lw_error *e)
{
	struct {
		const char *keyid, *sig;
	} f = { .keyid = "" };
	static const struct lw_json_field fields[] = {
		{ .name = "keyid",
		  .reader = LW_JSON_READ_STRING,
		  .offset = offsetof(__typeof__(f), keyid) },
		{ .name = "sig",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), sig),
		  .max = LW_MAX_SIGNATURE_BYTES * 4 / 3 + 4 },
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "signature", &f, e);
	if (r < 0)
		return r;
	/* A hint of another form is of no use, and no reason to refuse. */
	(void)lw_text_escape_str(f.keyid, s->key_hint, sizeof(s->key_hint));
	r = decode(f.sig, &s->sig, e);
	if (r == 0 && s->sig.n > LW_MAX_SIGNATURE_BYTES)
		r = lw_fail(e, LW_E_LIMIT, "signature: want at most %zu bytes, have %zu",
			    LW_MAX_SIGNATURE_BYTES, s->sig.n);
	return r;
}

int lw_envelope_read(const struct lw_json *envelope, size_t max_signatures,
		     struct lw_extracted *x, struct lw_error *e)
{
	struct {
		const char *payload, *type;
		const struct lw_json *signatures;
	} f = { 0 };
	const struct lw_json_field fields[] = {
		{ .name = "payload",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), payload) },
		{ .name = "payloadType",
		  .reader = LW_JSON_READ_PLAIN,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), type),
		  .min = 1,
		  .max = LW_MAX_MEDIA_TYPE },
		{ .name = "signatures",
		  .reader = LW_JSON_READ_ARRAY,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), signatures),
		  .min = 1,
		  .max = max_signatures },
	};
	int r = lw_json_read(envelope, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "envelope", &f, e);
	if (r < 0)
		return r;
	r = decode(f.payload, &x->payload, e);
	if (r < 0)
		return lw_prefix(e, "payload");
	memcpy(x->payload_type, f.type, strlen(f.type) + 1);
	for (const struct lw_json *s = lw_json_first(f.signatures); s; s = lw_json_next(s)) {
		/* The array reader has checked the count. */
		r = read_signature(s, &x->signatures[x->n_signatures++], e);
		if (r < 0)
			return lw_prefix(e, "signature %zu", x->n_signatures);
	}
	return 0;
}

static int read_piece(const struct lw_piece *piece, struct lw_extracted *x, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r = lw_piece_is_keyless(piece, e);

	if (r == 0)
		r = lw_json_parse(piece->bytes, &LW_JSON_ENVELOPE, &doc, e);
	if (r < 0)
		return r;
	return lw_envelope_read(lw_json_root(doc), LW_MAX_ENVELOPE_SIGNATURES, x, e);
}

void lw_attestation_extract(const struct lw_piece *piece, struct lw_extracted *ret)
{
	struct lw_error e = { 0 };

	lw_extracted_settle(ret, read_piece(piece, ret, &e), &e);
}

int lw_attestation_read(const char *payload_type, struct lw_proven signed_bytes,
			struct lw_said *ret, struct lw_error *e)
{
	char shown[96];

	if (strcmp(payload_type, LW_DSSE_IN_TOTO) != 0)
		return lw_fail(e, LW_E_UNSUPPORTED, "payload type: want %s, have '%s'",
			       LW_DSSE_IN_TOTO,
			       lw_text_escape_str(payload_type, shown, sizeof(shown)));
	return lw_said_in_toto(signed_bytes, ret, e);
}
