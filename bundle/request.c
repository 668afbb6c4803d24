/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/request.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "verify/dsse.h"

#define MAGIC	       "landwaiter-request/1"
#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define DER_BYTES      44 /* an Ed25519 key as SubjectPublicKeyInfo (RFC 8410) */
#define SIG_BYTES      64
#define DER_BASE64     60
#define SIG_BASE64     88

/* ---- writing ---- */

static void member_time(struct lw_json_writer *w, const char *key, int64_t t)
{
	char text[LW_TIME_TEXT];

	lw_json_w_member(w, key, lw_time_format(t, text));
}

static void write_predicate(const struct lw_request *r, struct lw_json_writer *w)
{
	char head[LW_HEAD_TEXT], nonce[LW_NONCE_HEX];

	lw_json_w_object(w);
	member_time(w, "created", r->created);
	member_time(w, "expires", r->expires);
	lw_json_w_key(w, "floors");
	lw_json_w_array(w);
	for (size_t i = 0; i < r->n_floors; i++) {
		lw_json_w_object(w);
		lw_json_w_member(w, "sender", r->floors[i].sender);
		lw_json_w_member_integer(w, "sequence", (int64_t)r->floors[i].sequence);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
	lw_json_w_member(w, "format", MAGIC);
	lw_json_w_member(w, "head", lw_head_text(&r->head, head));
	lw_json_w_member(w, "nonce", lw_nonce_hex(&r->nonce, nonce));
	lw_json_w_end_object(w);
}

void lw_request_write(const struct lw_request *r, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };
	char hex[65];

	lw_json_w_object(&w);
	lw_json_w_member(&w, "_type", STATEMENT_TYPE);
	lw_json_w_key(&w, "predicate");
	write_predicate(r, &w);
	lw_json_w_member(&w, "predicateType", LW_REQUEST_PREDICATE);
	lw_json_w_key(&w, "subject");
	lw_json_w_array(&w);
	lw_json_w_object(&w);
	lw_json_w_key(&w, "digest");
	lw_json_w_object(&w);
	lw_json_w_member(&w, "sha256", lw_digest_hex(&r->enclave, hex));
	lw_json_w_end_object(&w);
	lw_json_w_member(&w, "name", r->name);
	lw_json_w_end_object(&w);
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

int lw_request_sign(const struct lw_request *r, const struct lw_private_key *key,
		    struct lw_buf *out, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf statement = { 0 }, message = { 0 }, sig = { 0 }, der = { 0 };
	int rc = lw_private_key_public(key, &der, e);

	lw_request_write(r, &statement);
	lw_dsse_pae(LW_DSSE_IN_TOTO, lw_buf_span(&statement), &message);
	if (rc == 0)
		rc = lw_private_key_sign(key, lw_buf_span(&message), &sig, e);
	if (rc == 0 && (der.n != DER_BYTES || sig.n != SIG_BYTES))
		rc = lw_fail(e, LW_E_KEY, "a request is signed with Ed25519");
	if (rc < 0)
		return rc;
	lw_buf_adds(out, MAGIC "\n");
	lw_base64_encode(out, lw_buf_span(&der));
	lw_buf_addc(out, '\n');
	lw_base64_encode(out, lw_buf_span(&sig));
	lw_buf_addc(out, '\n');
	lw_buf_add(out, statement.p, statement.n);
	lw_buf_addc(out, '\n');
	return 0;
}

/* ---- reading ---- */

struct predicate_fields {
	int64_t created, expires;
	const struct lw_json *floors;
	const char *head, *nonce;
};

#define FIELD(type, name_, reader_, ...)                                                       \
	{                                                                                      \
		.name = #name_, .reader = reader_, .flags = LW_JSON_REQUIRED,                  \
		.offset = offsetof(type, name_), ##__VA_ARGS__                                 \
	}

static int parse_floor(const struct lw_json *node, struct lw_request_floor *ret,
		       struct lw_error *e)
{
	struct fields {
		const char *sender;
		uint64_t sequence;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		FIELD(struct fields, sender, LW_JSON_READ_LABEL),
		FIELD(struct fields, sequence, LW_JSON_READ_U64, .max = LW_MAX_SEQUENCE - 1),
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN, "floor",
			     &f, e);

	if (r < 0)
		return r;
	(void)snprintf(ret->sender, sizeof(ret->sender), "%s", f.sender);
	ret->sequence = f.sequence;
	return 0;
}

static int parse_floors(const struct lw_json *array, struct lw_request *r, struct lw_error *e)
{
	int rc = 0;

	r->floors = lw_alloc_array(lw_json_count(array), sizeof(*r->floors));
	for (const struct lw_json *n = lw_json_first(array); n && rc == 0;
	     n = lw_json_next(n)) {
		struct lw_request_floor *floor = &r->floors[r->n_floors++];

		rc = parse_floor(n, floor, e);
		if (rc == 0 && r->n_floors > 1 && strcmp(floor[-1].sender, floor->sender) >= 0)
			rc = lw_fail(e, LW_E_FORMAT,
				     "floors: want them in the order of their senders");
	}
	return rc;
}

static int parse_predicate(const struct lw_json *node, struct lw_request *r, struct lw_error *e)
{
	struct predicate_fields f = { 0 };
	static const struct lw_json_field fields[] = {
		FIELD(struct predicate_fields, created, LW_JSON_READ_TIME),
		FIELD(struct predicate_fields, expires, LW_JSON_READ_TIME),
		FIELD(struct predicate_fields, floors, LW_JSON_READ_ARRAY,
		      .max = LW_MAX_SENDERS),
		{ .name = "format",
		  .reader = LW_JSON_IS,
		  .flags = LW_JSON_REQUIRED,
		  .is = MAGIC },
		FIELD(struct predicate_fields, head, LW_JSON_READ_STRING, .max = LW_HEAD_TEXT),
		FIELD(struct predicate_fields, nonce, LW_JSON_READ_STRING),
	};
	int rc = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			      "predicate", &f, e);

	if (rc == 0)
		rc = lw_head_parse(lw_span_str(f.head), &r->head, e);
	if (rc == 0 && r->head.known != 0)
		rc = lw_fail(e, LW_E_FORMAT, "head: want all of its digits");
	if (rc == 0)
		rc = lw_nonce_parse(lw_span_str(f.nonce), &r->nonce, e);
	if (rc == 0 && f.expires <= f.created)
		rc = lw_fail(e, LW_E_FORMAT, "expires: want a time after created");
	if (rc < 0)
		return rc;
	r->created = f.created;
	r->expires = f.expires;
	return parse_floors(f.floors, r, e);
}

static int parse_subject(const struct lw_json *array, struct lw_request *r, struct lw_error *e)
{
	struct fields {
		const struct lw_json *digest;
		const char *name;
	} s = { 0 };
	struct digest_fields {
		const char *sha256;
	} d = { 0 };
	static const struct lw_json_field subject[] = {
		FIELD(struct fields, digest, LW_JSON_READ_OBJECT),
		FIELD(struct fields, name, LW_JSON_READ_LABEL),
	};
	static const struct lw_json_field digest[] = {
		FIELD(struct digest_fields, sha256, LW_JSON_READ_STRING, .min = 64, .max = 64),
	};
	int rc = lw_json_read(lw_json_first(array), subject, LW_COUNT_OF(subject),
			      LW_JSON_REFUSE_UNKNOWN, "subject", &s, e);

	if (rc == 0)
		rc = lw_json_read(s.digest, digest, LW_COUNT_OF(digest), LW_JSON_REFUSE_UNKNOWN,
				  "subject digest", &d, e);
	if (rc != 0)
		return rc;
	(void)snprintf(r->name, sizeof(r->name), "%s", s.name);
	return lw_hex_decode(lw_span_str(d.sha256), r->enclave.sha256,
			     sizeof(r->enclave.sha256), e);
}

static int parse_top(const struct lw_json *root, struct lw_request *r, struct lw_error *e)
{
	struct fields {
		const struct lw_json *predicate, *subject;
		const char *predicateType;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "_type",
		  .reader = LW_JSON_IS,
		  .flags = LW_JSON_REQUIRED,
		  .is = STATEMENT_TYPE },
		FIELD(struct fields, predicate, LW_JSON_READ_OBJECT),
		FIELD(struct fields, predicateType, LW_JSON_READ_STRING),
		FIELD(struct fields, subject, LW_JSON_READ_ARRAY, .min = 1, .max = 1),
	};
	int rc = lw_json_read(root, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			      "request", &f, e);

	if (rc == 0 && strcmp(f.predicateType, LW_REQUEST_PREDICATE) != 0)
		rc = lw_fail(e, LW_E_UNSUPPORTED,
			     "request: want predicate " LW_REQUEST_PREDICATE);
	if (rc == 0)
		rc = parse_subject(f.subject, r, e);
	return rc < 0 ? rc : parse_predicate(f.predicate, r, e);
}

int lw_request_parse(struct lw_proven statement, struct lw_request *ret, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	LW_AUTO(request) struct lw_request r = { 0 };
	int rc;

	if (statement.bytes.n > LW_MAX_REQUEST_BYTES)
		return lw_fail(e, LW_E_LIMIT, "request: want at most %zu bytes, have %zu",
			       LW_MAX_REQUEST_BYTES, statement.bytes.n);
	rc = lw_json_parse(statement.bytes, &LW_JSON_STRICT, &doc, e);
	if (rc == 0)
		rc = parse_top(lw_json_root(doc), &r, e);
	if (rc == 0)
		rc = lw_json_require_canonical(doc, statement.bytes, e);
	if (rc < 0)
		return rc;
	*ret = r;
	r = (struct lw_request){ 0 };
	return 0;
}

/* The next line, without its end; NULL: there is none. */
static bool take_line(struct lw_span *rest, struct lw_span *ret)
{
	const uint8_t *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;

	if (!end)
		return false;
	*ret = lw_span(rest->p, (size_t)(end - rest->p));
	*rest = lw_span(end + 1, rest->n - ret->n - 1);
	return true;
}

static int split(struct lw_span file, struct lw_span lines[static 4], struct lw_error *e)
{
	size_t n = 0;

	if (file.n > LW_MAX_REQUEST_BYTES)
		return lw_fail(e, LW_E_LIMIT, "request: want at most %zu bytes, have %zu",
			       LW_MAX_REQUEST_BYTES, file.n);
	while (n < 4 && take_line(&file, &lines[n]))
		n++;
	if (n < 4 || file.n > 0 || !lw_span_is(lines[0], MAGIC) || lines[1].n != DER_BASE64 ||
	    lines[2].n != SIG_BASE64)
		return lw_fail(e, LW_E_FORMAT,
			       "request: want four lines, the first " MAGIC
			       ", and nothing after them: a part of it is missing, or it is "
			       "another file");
	return 0;
}

static int prove(const struct lw_span lines[static 4], const struct lw_key *pinned,
		 struct lw_key **ret_key, struct lw_proven *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf der = { 0 }, sig = { 0 }, message = { 0 };
	LW_AUTO(key) struct lw_key *key = NULL;
	char a[LW_DIGEST_TEXT], b[LW_DIGEST_TEXT];
	int r = lw_base64_decode(lines[1], LW_BASE64_STANDARD, &der, e);

	if (r == 0)
		r = lw_base64_decode(lines[2], LW_BASE64_STANDARD, &sig, e);
	if (r == 0)
		r = lw_key_parse(lw_buf_span(&der), &key, e);
	if (r < 0)
		return lw_prefix(e, "request");
	if (pinned && !lw_digest_equal(lw_key_fingerprint(pinned), lw_key_fingerprint(key)))
		return lw_fail(
			e, LW_E_CONFLICT,
			"request: signed by key %s, want %s: ask the enclave which is its",
			lw_digest_text(lw_key_fingerprint(key), a),
			lw_digest_text(lw_key_fingerprint(pinned), b));
	lw_dsse_pae(LW_DSSE_IN_TOTO, lines[3], &message);
	if (lw_key_verify(key, lw_buf_span(&message), lw_buf_span(&sig)) != LW_KEY_GOOD)
		return lw_fail(e, LW_E_SIGNATURE,
			       "request: its signature does not fit it: it was altered on the "
			       "way; have it brought again");
	ret->bytes = lines[3];
	*ret_key = lw_steal(key);
	return 0;
}

int lw_request_open(struct lw_span file, const struct lw_key *pinned, struct lw_request *ret,
		    struct lw_key **ret_key, struct lw_error *e)
{
	LW_AUTO(key) struct lw_key *key = NULL;
	struct lw_span lines[4] = { 0 };
	struct lw_proven statement = { 0 };
	int r = split(file, lines, e);

	if (r == 0)
		r = prove(lines, pinned, &key, &statement, e);
	if (r == 0)
		r = lw_request_parse(statement, ret, e);
	if (r == 0)
		*ret_key = lw_steal(key);
	return r;
}

void lw_request_release(struct lw_request *r)
{
	free(r->floors);
	*r = (struct lw_request){ 0 };
}

const struct lw_request_floor *lw_request_floor(const struct lw_request *r, const char *sender)
{
	for (size_t i = 0; i < r->n_floors; i++)
		if (strcmp(r->floors[i].sender, sender) == 0)
			return &r->floors[i];
	return NULL;
}
