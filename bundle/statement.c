/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/statement.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/format.h"

#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define FORMAT	       "landwaiter-bundle/1"

struct top_fields {
	const struct lw_json *predicate, *subject;
	const char *predicate_type;
};

struct predicate_fields {
	const char *audience, *marking, *nonce, *previous, *sender;
	uint64_t bytes, contents_bytes, sequence, volumes;
	int64_t created, expires;
};

static int parse_subject(const struct lw_json *array, struct lw_digest *ret, struct lw_error *e)
{
	struct {
		const struct lw_json *digest;
	} s = { 0 };
	struct {
		const char *sha256;
	} d = { 0 };
	static const struct lw_json_field subject[] = {
		{ .name = "digest", .reader = LW_JSON_READ_OBJECT, .flags = LW_JSON_REQUIRED },
		{ .name = "name",
		  .reader = LW_JSON_IS,
		  .flags = LW_JSON_REQUIRED,
		  .is = LW_NAME_CONTENTS },
	};
	static const struct lw_json_field digest[] = {
		{ .name = "sha256",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .min = 64,
		  .max = 64 },
	};
	int r = lw_json_read(lw_json_first(array), subject, LW_COUNT_OF(subject),
			     LW_JSON_REFUSE_UNKNOWN, "subject", &s, e);

	if (r == 0)
		r = lw_json_read(s.digest, digest, LW_COUNT_OF(digest), LW_JSON_REFUSE_UNKNOWN,
				 "subject digest", &d, e);
	if (r != 0)
		return r;
	return lw_hex_decode(lw_span_str(d.sha256), ret->sha256, sizeof(ret->sha256), e);
}

static int refuse_reserved(const struct lw_json *predicate, struct lw_error *e)
{
	for (const struct lw_json *m = lw_json_first(predicate); m; m = lw_json_next(m))
		if (strcmp(lw_json_key(m), "checkpoint") == 0)
			return lw_fail(e, LW_E_UNSUPPORTED,
				       "predicate: '%s' is not supported by this version",
				       lw_json_key(m));
	return 0;
}

#define P(field) offsetof(struct predicate_fields, field)

static const struct lw_json_field predicate_table[] = {
	{ .name = "audience",
	  .reader = LW_JSON_READ_STRING,
	  .flags = LW_JSON_REQUIRED,
	  .offset = P(audience) },
	{ .name = "bytes",
	  .reader = LW_JSON_READ_U64,
	  .flags = LW_JSON_REQUIRED,
	  .offset = P(bytes),
	  .min = 1 },
	{ .name = "contentsBytes",
	  .reader = LW_JSON_READ_U64,
	  .flags = LW_JSON_REQUIRED,
	  .offset = P(contents_bytes),
	  .min = 2,
	  .max = LW_MAX_CONTENTS_BYTES },
	{ .name = "created",
	  .reader = LW_JSON_READ_TIME,
	  .flags = LW_JSON_REQUIRED,
	  .offset = P(created) },
	{ .name = "expires",
	  .reader = LW_JSON_READ_TIME,
	  .flags = LW_JSON_REQUIRED,
	  .offset = P(expires) },
	{ .name = "format", .reader = LW_JSON_IS, .flags = LW_JSON_REQUIRED, .is = FORMAT },
	{ .name = "marking",
	  .reader = LW_JSON_READ_PLAIN,
	  .flags = LW_JSON_REQUIRED,
	  .offset = P(marking),
	  .min = 1,
	  .max = LW_MAX_MARKING },
	{ .name = "nonce", .reader = LW_JSON_READ_STRING, .offset = P(nonce) },
	{ .name = "previous", .reader = LW_JSON_READ_STRING, .offset = P(previous) },
	{ .name = "sender",
	  .reader = LW_JSON_READ_LABEL,
	  .flags = LW_JSON_REQUIRED,
	  .offset = P(sender) },
	{ .name = "sequence",
	  .reader = LW_JSON_READ_U64,
	  .flags = LW_JSON_REQUIRED,
	  .offset = P(sequence),
	  .min = 1 },
	{ .name = "volumes",
	  .reader = LW_JSON_READ_U64,
	  .flags = LW_JSON_REQUIRED,
	  .offset = P(volumes),
	  .min = 1,
	  .max = LW_MAX_VOLUMES },
};

/* A request is one enclave's: who answers it seals for that one. */
static int read_nonce(const char *hex, struct lw_statement *s, struct lw_error *e)
{
	s->has_nonce = hex != NULL;
	if (!s->has_nonce)
		return 0;
	if (s->any_audience)
		return lw_fail(e, LW_E_FORMAT,
			       "nonce: an answer has one enclave as its audience, not any");
	return lw_nonce_parse(lw_span_str(hex), &s->nonce, e);
}

static int parse_predicate(const struct lw_json *node, struct lw_statement *s,
			   struct lw_error *e)
{
	struct predicate_fields f = { 0 };
	int r = refuse_reserved(node, e);

	if (r == 0)
		r = lw_json_read(node, predicate_table, LW_COUNT_OF(predicate_table),
				 LW_JSON_REFUSE_UNKNOWN, "predicate", &f, e);
	if (r != 0)
		return r;
	s->any_audience = strcmp(f.audience, "any") == 0;
	if (!s->any_audience) {
		r = lw_digest_parse(lw_span_str(f.audience), &s->audience, e);
		if (r < 0)
			return lw_prefix(e, "audience");
	}
	r = read_nonce(f.nonce, s, e);
	if (r < 0)
		return r;
	s->has_previous = f.previous != NULL;
	if (s->has_previous) {
		r = lw_digest_parse(lw_span_str(f.previous), &s->previous, e);
		if (r < 0)
			return lw_prefix(e, "previous");
	}
	s->bytes = f.bytes;
	s->contents_bytes = f.contents_bytes;
	s->created = f.created;
	s->expires = f.expires;
	s->sequence = f.sequence;
	s->volumes = f.volumes;
	(void)snprintf(s->marking, sizeof(s->marking), "%s", f.marking);
	(void)snprintf(s->sender, sizeof(s->sender), "%s", f.sender);
	return 0;
}

static int parse_top(const struct lw_json *root, struct lw_statement *s, struct lw_error *e)
{
	struct top_fields f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "_type",
		  .reader = LW_JSON_IS,
		  .flags = LW_JSON_REQUIRED,
		  .is = STATEMENT_TYPE },
		{ .name = "predicate",
		  .reader = LW_JSON_READ_OBJECT,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct top_fields, predicate) },
		{ .name = "predicateType",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct top_fields, predicate_type) },
		{ .name = "subject",
		  .reader = LW_JSON_READ_ARRAY,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct top_fields, subject),
		  .min = 1,
		  .max = 1 },
	};
	int r = lw_json_read(root, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			     "statement", &f, e);

	/* A statement of another kind is not a bundle's, however alike it looks. */
	if (r == 0 && strcmp(f.predicate_type, LW_BUNDLE_PREDICATE) != 0)
		r = lw_fail(e, LW_E_UNSUPPORTED,
			    "statement: want predicate " LW_BUNDLE_PREDICATE);
	if (r == 0)
		r = parse_subject(f.subject, &s->contents, e);
	if (r == 0)
		r = parse_predicate(f.predicate, s, e);
	return r;
}

int lw_statement_parse(struct lw_proven payload, struct lw_statement *ret, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_statement s = { 0 };

	if (payload.bytes.n > LW_MAX_STATEMENT_BYTES)
		return lw_fail(e, LW_E_LIMIT, "statement: want at most %zu bytes, have %zu",
			       LW_MAX_STATEMENT_BYTES, payload.bytes.n);

	int r = lw_json_parse(payload.bytes, &LW_JSON_STRICT, &doc, e);
	if (r == 0)
		r = parse_top(lw_json_root(doc), &s, e);
	if (r == 0)
		r = lw_json_require_canonical(doc, payload.bytes, e);
	if (r < 0)
		return r;
	*ret = s;
	return 0;
}

static void member_time(struct lw_json_writer *w, const char *key, int64_t t)
{
	char text[LW_TIME_TEXT];

	lw_json_w_member(w, key, lw_time_format(t, text));
}

static void write_predicate(const struct lw_statement *s, struct lw_json_writer *w)
{
	char text[LW_DIGEST_TEXT], nonce[LW_NONCE_HEX];

	lw_json_w_object(w);
	lw_json_w_member(w, "audience",
			 s->any_audience ? "any" : lw_digest_text(&s->audience, text));
	lw_json_w_member_integer(w, "bytes", (int64_t)s->bytes);
	lw_json_w_member_integer(w, "contentsBytes", (int64_t)s->contents_bytes);
	member_time(w, "created", s->created);
	member_time(w, "expires", s->expires);
	lw_json_w_member(w, "format", FORMAT);
	lw_json_w_member(w, "marking", s->marking);
	if (s->has_nonce)
		lw_json_w_member(w, "nonce", lw_nonce_hex(&s->nonce, nonce));
	if (s->has_previous)
		lw_json_w_member(w, "previous", lw_digest_text(&s->previous, text));
	lw_json_w_member(w, "sender", s->sender);
	lw_json_w_member_integer(w, "sequence", (int64_t)s->sequence);
	lw_json_w_member_integer(w, "volumes", s->volumes ? (int64_t)s->volumes : 1);
	lw_json_w_end_object(w);
}

void lw_statement_write(const struct lw_statement *s, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };
	char hex[65];

	lw_json_w_object(&w);
	lw_json_w_member(&w, "_type", STATEMENT_TYPE);
	lw_json_w_key(&w, "predicate");
	write_predicate(s, &w);
	lw_json_w_member(&w, "predicateType", LW_BUNDLE_PREDICATE);
	lw_json_w_key(&w, "subject");
	lw_json_w_array(&w);
	lw_json_w_object(&w);
	lw_json_w_key(&w, "digest");
	lw_json_w_object(&w);
	lw_json_w_member(&w, "sha256", lw_digest_hex(&s->contents, hex));
	lw_json_w_end_object(&w);
	lw_json_w_member(&w, "name", LW_NAME_CONTENTS);
	lw_json_w_end_object(&w);
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}
