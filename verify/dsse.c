/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/dsse.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"

void lw_dsse_pae(const char *type, struct lw_span payload, struct lw_buf *out)
{
	lw_buf_printf(out, "DSSEv1 %zu %s %zu ", strlen(type), type, payload.n);
	lw_buf_add(out, payload.p, payload.n);
}

static int parse_signature(const struct lw_json *node, struct lw_dsse_signature *s,
			   struct lw_error *e)
{
	struct {
		const char *keyid, *sig;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "keyid",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), keyid),
		  .max = 64 },
		{ .name = "sig",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), sig),
		  .min = 4,
		  .max = LW_MAX_SIGNATURE_BYTES * 4 / 3 + 4 },
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			     "signature", &f, e);
	if (r < 0)
		return r;
	r = lw_hex_decode(lw_span_str(f.keyid), s->keyid.sha256, sizeof(s->keyid.sha256), e);
	if (r < 0)
		return lw_prefix(e, "keyid");
	return lw_base64_decode(lw_span_str(f.sig), LW_BASE64_STANDARD, &s->sig, e);
}

static int read_envelope(const struct lw_json *root, struct lw_dsse *d, struct lw_error *e)
{
	struct {
		const char *payload;
		const struct lw_json *signatures;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "payload",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), payload),
		  .min = 4,
		  .max = LW_MAX_STATEMENT_BYTES * 4 / 3 + 4 },
		{ .name = "payloadType",
		  .reader = LW_JSON_IS,
		  .flags = LW_JSON_REQUIRED,
		  .is = LW_DSSE_IN_TOTO },
		{ .name = "signatures",
		  .reader = LW_JSON_READ_ARRAY,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), signatures),
		  .max = LW_MAX_APPROVALS },
	};
	int r = lw_json_read(root, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN, "seal",
			     &f, e);
	if (r < 0)
		return r;
	r = lw_base64_decode(lw_span_str(f.payload), LW_BASE64_STANDARD, &d->payload, e);
	if (r < 0)
		return lw_prefix(e, "payload");
	if (d->payload.n > LW_MAX_STATEMENT_BYTES)
		return lw_fail(e, LW_E_LIMIT, "payload: want at most %zu bytes, have %zu",
			       LW_MAX_STATEMENT_BYTES, d->payload.n);
	for (const struct lw_json *s = lw_json_first(f.signatures); s; s = lw_json_next(s)) {
		/* The array reader has checked the count. */
		r = parse_signature(s, &d->signatures[d->n_signatures++], e);
		if (r < 0)
			return lw_prefix(e, "signature %zu", d->n_signatures);
	}
	return 0;
}

int lw_dsse_parse(struct lw_span envelope, struct lw_dsse *ret, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r = lw_json_parse(envelope, &LW_JSON_STRICT, &doc, e);

	if (r < 0)
		return r;
	r = read_envelope(lw_json_root(doc), ret, e);
	if (r < 0)
		return r;
	return lw_json_require_canonical(doc, envelope, e);
}

static void write_base64(struct lw_json_writer *w, const char *key, struct lw_span bytes)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };

	lw_base64_encode(&text, bytes);
	lw_json_w_member(w, key, lw_buf_str(&text));
}

void lw_dsse_write(const struct lw_dsse *d, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };
	char hex[65];

	lw_json_w_object(&w);
	write_base64(&w, "payload", lw_buf_span(&d->payload));
	lw_json_w_member(&w, "payloadType", LW_DSSE_IN_TOTO);
	lw_json_w_key(&w, "signatures");
	lw_json_w_array(&w);
	for (size_t i = 0; i < d->n_signatures; i++) {
		lw_json_w_object(&w);
		lw_json_w_member(&w, "keyid", lw_digest_hex(&d->signatures[i].keyid, hex));
		write_base64(&w, "sig", lw_buf_span(&d->signatures[i].sig));
		lw_json_w_end_object(&w);
	}
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

void lw_dsse_release(struct lw_dsse *d)
{
	lw_buf_free(&d->payload);
	for (size_t i = 0; i < d->n_signatures; i++)
		lw_buf_free(&d->signatures[i].sig);
	d->n_signatures = 0;
}
