/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/ipc.h"
#include "tests/lib/edit.h"
#include "tests/lib/evidence.h"

/* A piece with its judge's answer. */
struct sample {
	const char *media_type;
	struct lw_buf bytes, annotations; /* none where empty */
};

static void sample_drop(struct sample *s)
{
	lw_buf_free(&s->bytes);
	lw_buf_free(&s->annotations);
}

static void extract(const struct sample *s, struct lw_extracted *x)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_piece piece = { .media_type = s->media_type,
				  .bytes = lw_buf_span(&s->bytes) };
	struct lw_error e;

	if (s->annotations.n > 0) {
		OK(lw_json_parse(lw_buf_span(&s->annotations), &LW_JSON_STRICT, &doc, &e));
		piece.annotations = lw_json_root(doc);
	}
	lw_judge_for(s->media_type)->extract(&piece, x);
}

static void expect(enum lw_extracted_state want, const char *media_type, const char *bytes,
		   const char *annotations)
{
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	struct sample s = { .media_type = media_type };

	lw_buf_adds(&s.bytes, bytes);
	lw_buf_adds(&s.annotations, annotations);
	extract(&s, &x);
	if (x.state != want)
		print_message("%u (%s) for %.300s %.300s\n", x.state, x.why, bytes,
			      annotations);
	assert_int_equal(x.state, want);
	assert_int_equal(x.n_signatures > 0, want == LW_EXTRACTED_SIGNED);
	assert_int_equal(x.why[0] == '\0', want == LW_EXTRACTED_SIGNED);
	assert_int_equal(x.payload.n > 0, want == LW_EXTRACTED_SIGNED && !x.detached);
	sample_drop(&s);
}

/* How many of its signatures are this key's. */
static size_t signed_by(const struct sample *s, const struct lw_extracted *x,
			const struct lw_key *k)
{
	LW_AUTO(buf) struct lw_buf message = { 0 };
	size_t n = 0;

	lw_extracted_message(x, lw_buf_span(&s->bytes), &message);
	for (size_t i = 0; i < x->n_signatures; i++)
		n += lw_key_verify(k, lw_buf_span(&message),
				   lw_buf_span(&x->signatures[i].sig)) == LW_KEY_GOOD;
	return n;
}

static void make_cosign(struct sample *s)
{
	s->media_type = COSIGN_LAYER;
	lw_buf_adds(&s->bytes, EVIDENCE_SIMPLE);
	evidence_cosign(1, EVIDENCE_SIMPLE, &s->annotations);
}

static void make_dsse(struct sample *s)
{
	s->media_type = DSSE_LAYER;
	evidence_dsse(1, LW_DSSE_IN_TOTO, EVIDENCE_STATEMENT, &s->bytes);
}

static void make_bundle(struct sample *s)
{
	s->media_type = BUNDLE_LAYER;
	evidence_bundle(1, EVIDENCE_STATEMENT, &s->bytes);
}

static void (*const makers[])(struct sample *) = { make_cosign, make_dsse, make_bundle };

/* ---- the table ---- */

static void a_media_type_has_one_judge(void **state)
{
	static const struct {
		const char *type, *kind;
	} rows[] = {
		{ "application/vnd.dev.cosign.simplesigning.v1+json", "cosign" },
		{ "application/vnd.dsse.envelope.v1+json", "dsse" },
		{ "application/vnd.dev.sigstore.bundle.v0.3+json", "sigstore-bundle" },
		{ "application/vnd.dev.sigstore.bundle+json;version=0.1", "sigstore-bundle" },
		{ "application/vnd.dev.sigstore.bundle+json;version=0.2", "sigstore-bundle" },
		{ "application/vnd.dev.sigstore.bundle+json;version=0.3", "sigstore-bundle" },
		{ "application/jose+json", "notary-project" },
		{ "application/cose", "notary-project" },
	};
	static const char *const none[] = {
		"",
		"application/json",
		"application/vnd.oci.image.layer.v1.tar+gzip",
		"application/vnd.dev.cosign.simplesigning.v1+json ",
		"application/vnd.dev.cosign.simplesigning.v1+json;a=b",
		"application/vnd.dev.cosign.simplesigning.v2+json",
		"application/VND.dsse.envelope.v1+json",
		"application/vnd.dsse.envelope.v1",
		"application/vnd.dev.sigstore.bundle+json",
		"application/vnd.dev.sigstore.bundle+json;version=0.4",
		"application/vnd.dev.sigstore.bundle+json; version=0.3",
		"application/vnd.dev.sigstore.bundle.v0.2+json",
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		const struct lw_judge *j = lw_judge_for(rows[i].type);

		assert_non_null(j);
		assert_string_equal(j->kind, rows[i].kind);
		assert_int_equal(!j->extract, strcmp(j->kind, "notary-project") == 0);
		assert_int_equal(!j->read, !j->extract);
	}
	for (size_t i = 0; i < LW_COUNT_OF(none); i++)
		assert_null(lw_judge_for(none[i]));
}

static void each_kind_is_signed_and_says_what_it_says(void **state)
{
	LW_AUTO(key) struct lw_key *key = evidence_key(1);
	LW_AUTO(key) struct lw_key *other = evidence_key(2);
	static const char *const types[] = { LW_TYPE_SIMPLE_SIGNING, LW_TYPE_COSIGN_SIGN,
					     LW_TYPE_COSIGN_SIGN };
	static const char *const names[] = { "registry.example/app", NULL, NULL };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(makers); i++) {
		LW_AUTO(extracted) struct lw_extracted x = { 0 };
		LW_AUTO(said) struct lw_said said = { 0 };
		struct sample s = { 0 };
		struct lw_error e;

		makers[i](&s);
		extract(&s, &x);
		assert_int_equal(x.state, LW_EXTRACTED_SIGNED);
		assert_int_equal(x.n_signatures, 1);
		assert_int_equal(x.detached, i == 0);
		assert_string_equal(x.payload_type, i == 0 ? "" : LW_DSSE_IN_TOTO);
		assert_int_equal(signed_by(&s, &x, key), 1);
		assert_int_equal(signed_by(&s, &x, other), 0);
		OK(lw_judge_for(s.media_type)
			   ->read(x.payload_type,
				  lw_unproven_in_the_box(x.detached ? lw_buf_span(&s.bytes)
								    : lw_buf_span(&x.payload)),
				  &said, &e));
		assert_string_equal(said.type, types[i]);
		assert_int_equal(said.n_subjects, 1);
		if (names[i])
			assert_string_equal(said.subjects[0].name, names[i]);
		else
			assert_null(said.subjects[0].name);
		sample_drop(&s);
	}
}

/* ---- classic signatures ---- */

#define SIG64                                                                                  \
	"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB" \
	"QQ=="
#define ANNOTATED(value) "{\"" COSIGN_SIGNATURE "\":" value "}"

static void cosign_layers(void **state)
{
	static const struct {
		enum lw_extracted_state want;
		const char *annotations;
	} rows[] = {
		{ LW_EXTRACTED_SIGNED, ANNOTATED("\"" SIG64 "\"") },
		{ LW_EXTRACTED_SIGNED, "{\"dev.sigstore.cosign/bundle\":\"{}\",\"a\":7,"
				       "\"" COSIGN_SIGNATURE "\":\"AAAA\"}" },
		{ LW_EXTRACTED_SIGNED, "{\"dev.sigstore.cosign/certificate\":\"\","
				       "\"" COSIGN_SIGNATURE "\":\"AAAA\"}" },
		{ LW_EXTRACTED_MALFORMED, "" },
		{ LW_EXTRACTED_MALFORMED, "{}" },
		{ LW_EXTRACTED_MALFORMED, "{\"dev.cosignproject.cosign/Signature\":\"AAAA\"}" },
		{ LW_EXTRACTED_MALFORMED, "{\"dev.sigstore.cosign/signature\":\"AAAA\"}" },
		{ LW_EXTRACTED_MALFORMED, ANNOTATED("\"\"") },
		{ LW_EXTRACTED_MALFORMED, ANNOTATED("null") },
		{ LW_EXTRACTED_MALFORMED, ANNOTATED("[\"AAAA\"]") },
		{ LW_EXTRACTED_MALFORMED, ANNOTATED("\"AAA\"") },
		{ LW_EXTRACTED_MALFORMED, ANNOTATED("\"AAAA=\"") },
		{ LW_EXTRACTED_MALFORMED, ANNOTATED("\"AA==AAAA\"") },
		{ LW_EXTRACTED_MALFORMED, ANNOTATED("\"AB==\"") },
		{ LW_EXTRACTED_MALFORMED, ANNOTATED("\"AA A\"") },
		{ LW_EXTRACTED_MALFORMED, ANNOTATED("\"AAAA\\n\"") },
		{ LW_EXTRACTED_MALFORMED, ANNOTATED("\" AAA\"") },
		{ LW_EXTRACTED_MALFORMED, ANNOTATED("\"AA-_\"") },
		{ LW_EXTRACTED_MALFORMED, ANNOTATED("\"====\"") },
		{ LW_EXTRACTED_MALFORMED, "{\"dev.sigstore.cosign/certificate\":7,"
					  "\"" COSIGN_SIGNATURE "\":\"AAAA\"}" },
		{ LW_EXTRACTED_UNSUPPORTED, "{\"dev.sigstore.cosign/certificate\":\"-----\","
					    "\"" COSIGN_SIGNATURE "\":\"AAAA\"}" },
		{ LW_EXTRACTED_UNSUPPORTED, "{\"dev.sigstore.cosign/certificate\":\"x\"}" },
	};
	LW_AUTO(buf) struct lw_buf longest = { 0 };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++)
		expect(rows[i].want, COSIGN_LAYER, "{}", rows[i].annotations);
	for (size_t n = LW_MAX_SIGNATURE_BYTES; n <= LW_MAX_SIGNATURE_BYTES + 1; n++) {
		LW_AUTO(buf) struct lw_buf bytes = { 0 };

		lw_buf_fill(&bytes, 7, n);
		lw_buf_clear(&longest);
		lw_buf_adds(&longest, "{\"" COSIGN_SIGNATURE "\":\"");
		lw_base64_encode(&longest, lw_buf_span(&bytes));
		lw_buf_adds(&longest, "\"}");
		expect(n > LW_MAX_SIGNATURE_BYTES ? LW_EXTRACTED_MALFORMED
						  : LW_EXTRACTED_SIGNED,
		       COSIGN_LAYER, "{}", lw_buf_str(&longest));
	}
}

/* ---- envelopes ---- */

#define ENVELOPE                                                                               \
	"{\"payload\":\"e30=\",\"payloadType\":\"a/b\",\"signatures\":"                        \
	"[{\"keyid\":\"k\",\"sig\":\"AAAA\"}]}"

/* What these two texts of the table make of an envelope. */
static void expect_envelope(enum lw_extracted_state want, const char *from, const char *to)
{
	lw_auto_free char *text = edit(ENVELOPE, from, to);
	lw_auto_free char *bundle = lw_asprintf(
		"{\"mediaType\":\"" BUNDLE_LAYER
		"\",\"verificationMaterial\":{\"publicKey\":{}},\"dsseEnvelope\":%s}",
		text);

	expect(want, DSSE_LAYER, text, "");
	expect(want, BUNDLE_LAYER, bundle, "");
}

static void envelopes(void **state)
{
	static const struct {
		enum lw_extracted_state want;
		const char *from, *to;
	} rows[] = {
		{ LW_EXTRACTED_SIGNED, "a/b", "a/b" },
		{ LW_EXTRACTED_SIGNED, "a/b", "any \xc3\xa9 text" },
		{ LW_EXTRACTED_SIGNED, "\"keyid\":\"k\",", "" },
		{ LW_EXTRACTED_SIGNED, "\"keyid\":\"k\",", "\"keyid\":\"\\u0007\\\"\"," },
		{ LW_EXTRACTED_SIGNED, "\"keyid\":\"k\",", "\"keyid\":\"\",\"cert\":\"x\"," },
		{ LW_EXTRACTED_SIGNED, "{\"payload\"", " {\t\"_\":[null,1],\r\n\"payload\"" },
		{ LW_EXTRACTED_SIGNED, "e30=", "e30" },
		{ LW_EXTRACTED_SIGNED, "AAAA", "-_-_" },
		{ LW_EXTRACTED_SIGNED, "AAAA", "+/+/" },
		{ LW_EXTRACTED_SIGNED, "AAAA", "__8=" },
		/* base64 */
		{ LW_EXTRACTED_MALFORMED, "AAAA", "" },
		{ LW_EXTRACTED_MALFORMED, "AAAA", "AAA-+" },
		{ LW_EXTRACTED_MALFORMED, "AAAA", "-A+A" },
		{ LW_EXTRACTED_MALFORMED, "AAAA", "A" },
		{ LW_EXTRACTED_MALFORMED, "AAAA", "AAAA=" },
		{ LW_EXTRACTED_MALFORMED, "AAAA", "AB==" },
		{ LW_EXTRACTED_MALFORMED, "AAAA", "AA\\nAA" },
		{ LW_EXTRACTED_MALFORMED, "AAAA", "AA AA" },
		{ LW_EXTRACTED_MALFORMED, "AAAA", "AA.A" },
		{ LW_EXTRACTED_MALFORMED, "e30=", "" },
		{ LW_EXTRACTED_MALFORMED, "e30=", "e31=" },
		{ LW_EXTRACTED_MALFORMED, "e30=", "e30=e30=" },
		{ LW_EXTRACTED_MALFORMED, "e30=", "e30 " },
		{ LW_EXTRACTED_MALFORMED, "e30=", "{}" },
		/* members */
		{ LW_EXTRACTED_MALFORMED, "\"payload\":\"e30=\",", "" },
		{ LW_EXTRACTED_MALFORMED, "\"payload\":\"e30=\"", "\"payload\":{}" },
		{ LW_EXTRACTED_MALFORMED, "\"payload\":\"e30=\"", "\"payload\":null" },
		{ LW_EXTRACTED_MALFORMED, "\"payload\":", "\"Payload\":" },
		{ LW_EXTRACTED_MALFORMED, "\"payloadType\":\"a/b\",", "" },
		{ LW_EXTRACTED_MALFORMED, "a/b", "" },
		{ LW_EXTRACTED_MALFORMED, "a/b", "a/b\\n" },
		{ LW_EXTRACTED_MALFORMED, "a/b", "a/\\u202eb" },
		{ LW_EXTRACTED_MALFORMED, "a/b", "a/b\\u0000" },
		{ LW_EXTRACTED_MALFORMED, "\"a/b\"", "[\"a/b\"]" },
		{ LW_EXTRACTED_MALFORMED, "\"sig\":\"AAAA\"", "\"sig\":null" },
		{ LW_EXTRACTED_MALFORMED, "\"sig\":\"AAAA\"",
		  "\"sig\":\"AAAA\",\"sig\":\"AAAA\"" },
		{ LW_EXTRACTED_MALFORMED, "\"sig\":\"AAAA\"",
		  "\"sig\":\"AAAA\",\"s\\u0069g\":\"AAAB\"" },
		{ LW_EXTRACTED_MALFORMED, ",\"sig\":\"AAAA\"", "" },
		{ LW_EXTRACTED_MALFORMED, "\"keyid\":\"k\"", "\"keyid\":7" },
		{ LW_EXTRACTED_MALFORMED, "\"keyid\":\"k\"", "\"keyid\":null" },
		{ LW_EXTRACTED_MALFORMED, "[{\"keyid\":\"k\",\"sig\":\"AAAA\"}]", "[]" },
		{ LW_EXTRACTED_MALFORMED, "[{\"keyid\":\"k\",\"sig\":\"AAAA\"}]", "null" },
		{ LW_EXTRACTED_MALFORMED, "[{\"keyid\":\"k\",\"sig\":\"AAAA\"}]",
		  "{\"sig\":\"AAAA\"}" },
		{ LW_EXTRACTED_MALFORMED, "[{\"keyid\":\"k\",\"sig\":\"AAAA\"}]",
		  "[\"AAAA\"]" },
		{ LW_EXTRACTED_MALFORMED, "[{\"keyid\":\"k\",\"sig\":\"AAAA\"}]",
		  "[{\"sig\":\"AAAA\"},{}]" },
		{ LW_EXTRACTED_MALFORMED, "\"signatures\"", "\"signature\"" },
		{ LW_EXTRACTED_MALFORMED, "{\"payload\"", "{\"x\":1.5,\"payload\"" },
		{ LW_EXTRACTED_MALFORMED, "{\"payload\"", "[{\"payload\"" },
		{ LW_EXTRACTED_MALFORMED, "}]}", "}]}}" },
		{ LW_EXTRACTED_MALFORMED, "}]}", "}]" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++)
		expect_envelope(rows[i].want, rows[i].from, rows[i].to);
	expect(LW_EXTRACTED_MALFORMED, DSSE_LAYER, "", "");
	expect(LW_EXTRACTED_MALFORMED, DSSE_LAYER, "null", "");
	expect(LW_EXTRACTED_MALFORMED, DSSE_LAYER, "\xef\xbb\xbf" ENVELOPE, "");
	expect(LW_EXTRACTED_MALFORMED, DSSE_LAYER, ENVELOPE ENVELOPE, "");
	expect(LW_EXTRACTED_MALFORMED, DSSE_LAYER, ENVELOPE " x", "");
	expect(LW_EXTRACTED_SIGNED, DSSE_LAYER, ENVELOPE "\n", "");
	expect(LW_EXTRACTED_UNSUPPORTED, DSSE_LAYER, ENVELOPE,
	       "{\"dev.sigstore.cosign/certificate\":\"-----\"}");
	expect(LW_EXTRACTED_MALFORMED, DSSE_LAYER, ENVELOPE,
	       "{\"dev.sigstore.cosign/certificate\":null}");
	expect(LW_EXTRACTED_SIGNED, DSSE_LAYER, ENVELOPE,
	       "{\"dev.sigstore.cosign/certificate\":\"\",\"" COSIGN_SIGNATURE "\":\"\"}");
}

static void signatures(size_t n, struct lw_buf *out)
{
	lw_buf_clear(out);
	lw_buf_adds(out, "{\"payload\":\"e30=\",\"payloadType\":\"a\",\"signatures\":[");
	for (size_t i = 0; i < n; i++)
		lw_buf_printf(out, "%s{\"sig\":\"AAAA\"}", i ? "," : "");
	lw_buf_adds(out, "]}");
}

static void sizes_are_bounded(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(buf) struct lw_buf bundle = { 0 };

	(void)state;
	signatures(LW_MAX_ENVELOPE_SIGNATURES, &b);
	expect(LW_EXTRACTED_SIGNED, DSSE_LAYER, lw_buf_str(&b), "");
	signatures(LW_MAX_ENVELOPE_SIGNATURES + 1, &b);
	expect(LW_EXTRACTED_MALFORMED, DSSE_LAYER, lw_buf_str(&b), "");
	signatures(100000, &b);
	expect(LW_EXTRACTED_MALFORMED, DSSE_LAYER, lw_buf_str(&b), "");
	/* a bundle's envelope has one, and never two of them good or bad */
	for (size_t n = 1; n <= 2; n++) {
		signatures(n, &b);
		lw_buf_clear(&bundle);
		lw_buf_printf(&bundle,
			      "{\"mediaType\":\"" BUNDLE_LAYER "\",\"verificationMaterial\":"
			      "{\"publicKey\":{}},\"dsseEnvelope\":%s}",
			      lw_buf_str(&b));
		expect(n == 1 ? LW_EXTRACTED_SIGNED : LW_EXTRACTED_MALFORMED, BUNDLE_LAYER,
		       lw_buf_str(&bundle), "");
	}
	/* a payload type, a signature, a key's hint, a document */
	for (size_t more = 0; more <= 1; more++) {
		lw_auto_free char *type = lw_alloc_array(1, LW_MAX_MEDIA_TYPE + 2);
		LW_AUTO(buf) struct lw_buf bytes = { 0 };
		LW_AUTO(buf) struct lw_buf sig = { 0 };
		enum lw_extracted_state want =
			more ? LW_EXTRACTED_MALFORMED : LW_EXTRACTED_SIGNED;

		memset(type, 'a', LW_MAX_MEDIA_TYPE + more);
		expect_envelope(want, "a/b", type);
		lw_buf_fill(&bytes, 7, LW_MAX_SIGNATURE_BYTES + more);
		lw_base64_encode(&sig, lw_buf_span(&bytes));
		expect_envelope(want, "AAAA", lw_buf_str(&sig));
	}
	lw_buf_clear(&b);
	lw_buf_adds(&b, "{\"payload\":\"");
	lw_buf_fill(&b, 'A', LW_MAX_EVIDENCE_BYTES);
	lw_buf_adds(&b, "\",\"payloadType\":\"a\",\"signatures\":[{\"sig\":\"AAAA\"}]}");
	expect(LW_EXTRACTED_MALFORMED, DSSE_LAYER, lw_buf_str(&b), "");
}

/* A hint that is no digest is cut and made plain: it is compared with digests only. */
static void hints(void **state)
{
	static const struct {
		const char *keyid, *want;
	} rows[] = {
		{ EVIDENCE_HEX, EVIDENCE_HEX },
		{ "", "" },
		{ "a b", "a b" },
		{ "\\u001b[2J", "\\x1b[2J" },
		{ EVIDENCE_HEX EVIDENCE_HEX, EVIDENCE_HEX EVIDENCE_HEX },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		LW_AUTO(extracted) struct lw_extracted x = { 0 };
		lw_auto_free char *keyid = lw_asprintf("\"%s\"", rows[i].keyid);
		lw_auto_free char *text = edit(ENVELOPE, "\"k\"", keyid);
		struct sample s = { .media_type = DSSE_LAYER };

		lw_buf_adds(&s.bytes, text);
		extract(&s, &x);
		assert_int_equal(x.state, LW_EXTRACTED_SIGNED);
		assert_string_equal(x.signatures[0].key_hint, rows[i].want);
		sample_drop(&s);
	}
}

/* ---- sigstore bundles ---- */

#define BUNDLE                                                                                 \
	"{\"mediaType\":\"" BUNDLE_LAYER "\",\"verificationMaterial\":{\"publicKey\":"         \
	"{\"hint\":\"h\"}},\"dsseEnvelope\":" ENVELOPE "}"

static void bundles(void **state)
{
#define OLD(n) "application/vnd.dev.sigstore.bundle+json;version=" n
	static const struct {
		enum lw_extracted_state want;
		const char *from, *to;
	} rows[] = {
		{ LW_EXTRACTED_SIGNED, BUNDLE_LAYER, OLD("0.1") },
		{ LW_EXTRACTED_SIGNED, BUNDLE_LAYER, OLD("0.2") },
		{ LW_EXTRACTED_SIGNED, BUNDLE_LAYER, OLD("0.3") },
		{ LW_EXTRACTED_SIGNED, "{\"hint\":\"h\"}", "{}" },
		{ LW_EXTRACTED_SIGNED, "{\"hint\":\"h\"}",
		  "{\"hint\":\"h\",\"rawBytes\":\"\"}" },
		{ LW_EXTRACTED_SIGNED, "{\"hint\":\"h\"}}",
		  "{\"hint\":\"h\"},\"tlogEntries\":[{\"logIndex\":\"7\",\"inclusionProof\":"
		  "{\"hashes\":[]}}],\"timestampVerificationData\":{\"rfc3161Timestamps\":"
		  "[{\"signedTimestamp\":\"!\"}]}}" },
		{ LW_EXTRACTED_SIGNED, "{\"hint\":\"h\"}}",
		  "{\"hint\":\"h\"},\"tlogEntries\":null,\"certificate\":null}" },
		{ LW_EXTRACTED_SIGNED, "\"dsseEnvelope\"",
		  "\"messageSignature\":null,\"dsseEnvelope\"" },
		/* what this version does not check */
		{ LW_EXTRACTED_UNSUPPORTED, "\"publicKey\":{\"hint\":\"h\"}",
		  "\"certificate\":{\"rawBytes\":\"AAAA\"}" },
		{ LW_EXTRACTED_UNSUPPORTED, "\"publicKey\":{\"hint\":\"h\"}",
		  "\"x509CertificateChain\":{\"certificates\":[]}" },
		{ LW_EXTRACTED_UNSUPPORTED, "\"dsseEnvelope\":" ENVELOPE,
		  "\"messageSignature\":{\"signature\":\"AAAA\"}" },
		{ LW_EXTRACTED_UNSUPPORTED, BUNDLE_LAYER, OLD("0.4") },
		{ LW_EXTRACTED_UNSUPPORTED, BUNDLE_LAYER,
		  "application/vnd.dev.sigstore.bundle.v0.4+json" },
		{ LW_EXTRACTED_UNSUPPORTED, BUNDLE_LAYER, BUNDLE_LAYER ";x" },
		/* what is none */
		{ LW_EXTRACTED_MALFORMED, BUNDLE_LAYER, "" },
		{ LW_EXTRACTED_MALFORMED, BUNDLE_LAYER, DSSE_LAYER },
		{ LW_EXTRACTED_MALFORMED, BUNDLE_LAYER, COSIGN_LAYER },
		{ LW_EXTRACTED_MALFORMED, "\"" BUNDLE_LAYER "\"", "3" },
		{ LW_EXTRACTED_MALFORMED, "\"mediaType\":\"" BUNDLE_LAYER "\",", "" },
		{ LW_EXTRACTED_MALFORMED, "\"mediaType\":", "\"media_type\":" },
		{ LW_EXTRACTED_MALFORMED,
		  "\"verificationMaterial\":", "\"verification_material\":" },
		{ LW_EXTRACTED_MALFORMED, "{\"publicKey\":{\"hint\":\"h\"}}", "null" },
		{ LW_EXTRACTED_MALFORMED, "{\"publicKey\":{\"hint\":\"h\"}}", "{}" },
		{ LW_EXTRACTED_MALFORMED, "{\"publicKey\":{\"hint\":\"h\"}}", "[]" },
		{ LW_EXTRACTED_MALFORMED, "{\"hint\":\"h\"}", "null" },
		{ LW_EXTRACTED_MALFORMED, "{\"hint\":\"h\"}", "\"h\"" },
		{ LW_EXTRACTED_MALFORMED, "{\"hint\":\"h\"}", "{\"hint\":null}" },
		{ LW_EXTRACTED_MALFORMED, "{\"hint\":\"h\"}", "{\"hint\":1}" },
		{ LW_EXTRACTED_MALFORMED, "{\"hint\":\"h\"}",
		  "{\"hint\":\"h\"},\"certificate\":{\"rawBytes\":\"AAAA\"}" },
		{ LW_EXTRACTED_MALFORMED, "{\"hint\":\"h\"}",
		  "{\"hint\":\"h\"},\"x509CertificateChain\":{}" },
		{ LW_EXTRACTED_MALFORMED, "{\"hint\":\"h\"}",
		  "{\"hint\":\"h\"},\"publicKey\":{}" },
		{ LW_EXTRACTED_MALFORMED, "{\"hint\":\"h\"}}", "{\"hint\":\"h\"},\"x\":[}" },
		{ LW_EXTRACTED_MALFORMED, "\"dsseEnvelope\":" ENVELOPE,
		  "\"dsseEnvelope\":null" },
		{ LW_EXTRACTED_MALFORMED, "\"dsseEnvelope\":" ENVELOPE, "\"dsseEnvelope\":[]" },
		{ LW_EXTRACTED_MALFORMED, "\"dsseEnvelope\":" ENVELOPE, "\"dsseEnvelope\":{}" },
		{ LW_EXTRACTED_MALFORMED, ",\"dsseEnvelope\":" ENVELOPE, "" },
		{ LW_EXTRACTED_MALFORMED, "\"dsseEnvelope\"",
		  "\"messageSignature\":{},\"dsseEnvelope\"" },
		{ LW_EXTRACTED_MALFORMED, "\"dsseEnvelope\"",
		  "\"dsseEnvelope\":" ENVELOPE ",\"dsseEnvelope\"" },
	};
#undef OLD

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *text = edit(BUNDLE, rows[i].from, rows[i].to);

		expect(rows[i].want, BUNDLE_LAYER, text, "");
	}
	expect(LW_EXTRACTED_MALFORMED, BUNDLE_LAYER, ENVELOPE, "");
	expect(LW_EXTRACTED_MALFORMED, DSSE_LAYER, BUNDLE, "");
	expect(LW_EXTRACTED_MALFORMED, BUNDLE_LAYER, "", "");
	expect(LW_EXTRACTED_MALFORMED, BUNDLE_LAYER, "[]", "");
}

/* The material's hint goes before the envelope's. */
static void a_bundle_has_one_hint(void **state)
{
	static const char *const rows[][2] = { { "{\"hint\":\"h\"}", "h" }, { "{}", "k" } };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		LW_AUTO(extracted) struct lw_extracted x = { 0 };
		lw_auto_free char *text = edit(BUNDLE, "{\"hint\":\"h\"}", rows[i][0]);
		struct sample s = { .media_type = BUNDLE_LAYER };

		lw_buf_adds(&s.bytes, text);
		extract(&s, &x);
		assert_string_equal(x.signatures[0].key_hint, rows[i][1]);
		sample_drop(&s);
	}
}

/* ---- what is signed is what is read ---- */

static void the_type_is_signed_with_the_payload(void **state)
{
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	LW_AUTO(buf) struct lw_buf message = { 0 };
	struct sample s = { .media_type = DSSE_LAYER };

	(void)state;
	lw_buf_adds(&s.bytes, ENVELOPE);
	extract(&s, &x);
	lw_extracted_message(&x, lw_buf_span(&s.bytes), &message);
	assert_string_equal(lw_buf_str(&message), "DSSEv1 3 a/b 2 {}");
	sample_drop(&s);
}

static void read_refuses(enum lw_code code, const char *media_type, const char *payload_type,
			 const char *payload)
{
	LW_AUTO(said) struct lw_said said = { 0 };
	struct lw_error e = { 0 };

	FAILS(code, lw_judge_for(media_type)
			    ->read(payload_type, lw_unproven_in_the_box(lw_span_str(payload)),
				   &said, &e));
	assert_null(said.type);
	assert_null(said.doc);
}

static void only_statements_are_read(void **state)
{
	static const char *const layers[] = { DSSE_LAYER, BUNDLE_LAYER };
	static const char *const types[] = {
		"",
		"application/vnd.in-toto+jso",
		"application/vnd.in-toto+json ",
		"application/vnd.in-toto+json;charset=utf-8",
		"application/vnd.in-toto.provenance+json",
		"application/VND.in-toto+json",
		"application/json",
		"text/plain",
		"application/vnd.dev.cosign.simplesigning.v1+json",
		"simple-signing",
	};

	(void)state;
	for (size_t l = 0; l < LW_COUNT_OF(layers); l++) {
		for (size_t i = 0; i < LW_COUNT_OF(types); i++)
			read_refuses(LW_E_UNSUPPORTED, layers[l], types[i], EVIDENCE_STATEMENT);
		read_refuses(LW_E_FORMAT, layers[l], LW_DSSE_IN_TOTO, EVIDENCE_SIMPLE);
		read_refuses(LW_E_FORMAT, layers[l], LW_DSSE_IN_TOTO, "hello");
	}
	read_refuses(LW_E_FORMAT, COSIGN_LAYER, "", EVIDENCE_STATEMENT);
}

/* A signature of one kind dressed up as another: it may verify, and then says nothing. */
static void a_kind_does_not_pass_for_another(void **state)
{
	LW_AUTO(key) struct lw_key *key = evidence_key(1);
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	LW_AUTO(said) struct lw_said said = { 0 };
	struct sample s = { .media_type = COSIGN_LAYER };
	struct lw_error e;

	(void)state;
	/* an envelope's signature, over bytes that are its PAE */
	lw_dsse_pae(LW_DSSE_IN_TOTO, lw_span_str(EVIDENCE_STATEMENT), &s.bytes);
	lw_buf_adds(&s.annotations, "{\"" COSIGN_SIGNATURE "\":\"");
	evidence_sign(1, lw_buf_span(&s.bytes), &s.annotations);
	lw_buf_adds(&s.annotations, "\"}");
	extract(&s, &x);
	assert_int_equal(signed_by(&s, &x, key), 1);
	FAILS(LW_E_FORMAT,
	      lw_judge_for(COSIGN_LAYER)
		      ->read("", lw_unproven_in_the_box(lw_buf_span(&s.bytes)), &said, &e));
	sample_drop(&s);
	/* a payload type that says where the payload starts */
	read_refuses(LW_E_UNSUPPORTED, DSSE_LAYER, LW_DSSE_IN_TOTO " 2 {}", "{}");
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_said(const struct lw_said *a, const struct lw_said *b)
{
	if (!same_text(a->type, b->type) || a->n_subjects != b->n_subjects)
		return false;
	for (size_t i = 0; i < a->n_subjects; i++)
		if (!same_text(a->subjects[i].name, b->subjects[i].name) ||
		    !lw_digest_equal(&a->subjects[i].digest, &b->subjects[i].digest))
			return false;
	return true;
}

/* What a program would believe of it: false for nothing at all. */
static bool believed(const struct sample *s, const struct lw_key *key, struct lw_buf *message,
		     struct lw_said *said)
{
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	struct lw_error e;

	extract(s, &x);
	if (signed_by(s, &x, key) == 0)
		return false;
	lw_extracted_message(&x, lw_buf_span(&s->bytes), message);
	return lw_judge_for(s->media_type)
		       ->read(x.payload_type,
			      lw_unproven_in_the_box(x.detached ? lw_buf_span(&s->bytes)
								: lw_buf_span(&x.payload)),
			      said, &e) == 0;
}

struct mutation {
	const struct sample *from;
	const struct lw_key *key;
	struct lw_buf message; /* what the original signs, and says */
	struct lw_said said;
	size_t tried, believed;
};

static void try_mutant(struct mutation *m, const struct sample *mutant)
{
	LW_AUTO(buf) struct lw_buf message = { 0 };
	LW_AUTO(said) struct lw_said said = { 0 };

	m->tried++;
	if (!believed(mutant, m->key, &message, &said))
		return;
	m->believed++;
	assert_true(lw_span_equal(lw_buf_span(&message), lw_buf_span(&m->message)));
	assert_true(same_said(&said, &m->said));
}

/* Annotations come from a manifest that was read: what is no JSON never comes here. */
static bool has_annotations(const struct sample *s)
{
	struct lw_error e;
	size_t nodes;

	return s->annotations.n == 0 ||
	       lw_json_check(lw_buf_span(&s->annotations), &LW_JSON_STRICT, &nodes, &e) == 0;
}

static void copy(const struct sample *s, struct sample *to)
{
	to->media_type = s->media_type;
	lw_buf_clear(&to->bytes);
	lw_buf_clear(&to->annotations);
	lw_buf_add(&to->bytes, s->bytes.p, s->bytes.n);
	lw_buf_add(&to->annotations, s->annotations.p, s->annotations.n);
}

/* Every byte of one of the sample's two texts: each bit flipped, taken out, doubled; and cut
 * there. */
static void mutate(struct mutation *m, size_t field)
{
	struct sample mutant = { 0 };
	struct lw_buf *b = field ? &mutant.annotations : &mutant.bytes;
	const struct lw_buf *original = field ? &m->from->annotations : &m->from->bytes;

	for (size_t i = 0; i < original->n; i++)
		for (unsigned how = 0; how < 11; how++) {
			copy(m->from, &mutant);
			if (how < 8) {
				b->p[i] ^= (uint8_t)(1u << how);
			} else if (how == 8) {
				memmove(b->p + i, b->p + i + 1, b->n-- - i);
			} else if (how == 9) {
				lw_buf_addc(b, 0);
				memmove(b->p + i + 1, b->p + i, b->n - 1 - i);
			} else {
				b->p[b->n = i] = '\0';
			}
			if (has_annotations(&mutant))
				try_mutant(m, &mutant);
		}
	sample_drop(&mutant);
}

static void no_mutant_says_another_thing(void **state)
{
	LW_AUTO(key) struct lw_key *key = evidence_key(1);

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(makers); i++) {
		struct sample s = { 0 };
		struct mutation m = { .from = &s, .key = key };

		makers[i](&s);
		assert_true(believed(&s, key, &m.message, &m.said));
		mutate(&m, 0);
		mutate(&m, 1);
		print_message("%s: %zu mutants, %zu believed\n", s.media_type, m.tried,
			      m.believed);
		assert_true(m.tried > 2000);
		/* a name of an unsigned member, a hint, white space: not more */
		assert_true(m.believed < m.tried / 4);
		lw_buf_free(&m.message);
		lw_said_release(&m.said);
		sample_drop(&s);
	}
}

/* ---- across the wall ---- */

static void make_extracted(size_t i, struct lw_extracted *x)
{
	struct sample s = { 0 };

	if (i < LW_COUNT_OF(makers)) {
		makers[i](&s);
	} else {
		s.media_type = BUNDLE_LAYER;
		lw_buf_adds(&s.bytes, "{\"\\ud83d\\ude00");
	}
	extract(&s, x);
	sample_drop(&s);
}

static void take_mirrors_put(void **state)
{
	(void)state;
	for (size_t i = 0; i <= LW_COUNT_OF(makers); i++) {
		LW_AUTO(extracted) struct lw_extracted x = { 0 };
		LW_AUTO(extracted) struct lw_extracted y = { 0 };
		LW_AUTO(buf) struct lw_buf body = { 0 };
		LW_AUTO(buf) struct lw_buf again = { 0 };
		struct lw_error e;

		make_extracted(i, &x);
		lw_extracted_put(&x, &body);
		lw_buf_adds(&body, "rest");

		struct lw_span rest = lw_buf_span(&body);

		OK(lw_extracted_take(&rest, &y, &e));
		assert_true(lw_span_is(rest, "rest"));
		lw_extracted_put(&y, &again);
		lw_buf_adds(&again, "rest");
		assert_true(lw_span_equal(lw_buf_span(&body), lw_buf_span(&again)));
		/* a piece of it is nothing, and leaves everything as it was */
		for (size_t n = 0; n < body.n - 4; n++) {
			struct lw_extracted z = { 0 };

			rest = lw_span(body.p, n);
			FAILS(LW_E_JAIL, lw_extracted_take(&rest, &z, &e));
			assert_int_equal(rest.n, n);
			assert_int_equal(z.n_signatures + z.payload.cap, 0);
		}
	}
}

struct lie {
	const char *name;
	uint32_t state;
	const char *why;
	uint32_t detached;
	const char *payload_type;
	size_t payload_bytes;
	uint32_t n;
	size_t sig_bytes;
	const char *hint;
};

static void a_lying_box_is_broken(void **state)
{
	static char longer[LW_MAX_MEDIA_TYPE + 2];
	static const struct lie rows[] = {
		{ NULL, 2, "", 0, "t", 1, 1, 1, "h" }, /* these are no lies */
		{ NULL, 2, "", 1, "", 0, 1, 1, "" },
		{ NULL, 1, "x", 0, "", 0, 0, 0, "" },
		{ "state", 3, "", 0, "t", 1, 1, 1, "" },
		{ "another state", 3, "x", 0, "", 0, 0, 0, "" },
		{ "detached", 2, "", 2, "", 0, 1, 1, "" },
		{ "neither detached nor not", 2, "", 2, "t", 1, 1, 1, "" },
		{ "none signed", 2, "", 0, "t", 1, 0, 0, "" },
		{ "too many", 2, "", 0, "t", 1, LW_MAX_ENVELOPE_SIGNATURES + 1, 1, "" },
		{ "far too many", 2, "", 0, "t", 1, UINT32_MAX, 1, "" },
		{ "signed and a reason", 2, "x", 0, "t", 1, 1, 1, "" },
		{ "detached and a payload", 2, "", 1, "", 1, 1, 1, "" },
		{ "detached and a type", 2, "", 1, "t", 0, 1, 1, "" },
		{ "no type", 2, "", 0, "", 1, 1, 1, "" },
		{ "no payload", 2, "", 0, "t", 0, 1, 1, "" },
		{ "an empty signature", 2, "", 0, "t", 1, 1, 0, "" },
		{ "a long signature", 2, "", 0, "t", 1, 1, LW_MAX_SIGNATURE_BYTES + 1, "" },
		{ "a long payload", 2, "", 0, "t", LW_MAX_EVIDENCE_BYTES + 1, 1, 1, "" },
		{ "a long type", 2, "", 0, longer, 1, 1, 1, "" },
		{ "a long hint", 2, "", 0, "t", 1, 1, 1, longer },
		{ "a long reason", 0, longer, 0, "", 0, 0, 0, "" },
		{ "no reason", 0, "", 0, "", 0, 0, 0, "" },
		{ "malformed with signatures", 0, "x", 0, "", 0, 1, 1, "" },
		{ "unsupported with a payload", 1, "x", 0, "t", 1, 0, 0, "" },
		{ "malformed and detached", 0, "x", 1, "", 0, 0, 0, "" },
		{ "a type that is no text", 2, "", 0, "\xff", 1, 1, 1, "" },
		{ "a hint that is no text", 2, "", 0, "t", 1, 1, 1, "\xc3" },
		{ "a reason that is no text", 1, "\xed\xa0\x80", 0, "", 0, 0, 0, "" },
	};

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		LW_AUTO(extracted) struct lw_extracted x = { 0 };
		LW_AUTO(buf) struct lw_buf body = { 0 };
		LW_AUTO(buf) struct lw_buf bytes = { 0 };
		const struct lie *l = &rows[i];
		struct lw_error e;

		lw_buf_fill(&bytes, 'b', LW_MAX_EVIDENCE_BYTES + 1);
		lw_ipc_put_u32(&body, l->state);
		lw_ipc_put_str(&body, l->why);
		lw_ipc_put_u32(&body, l->detached);
		lw_ipc_put_str(&body, l->payload_type);
		lw_ipc_put_bytes(&body, lw_span(bytes.p, l->payload_bytes));
		lw_ipc_put_u32(&body, l->n);
		for (uint32_t k = 0; k < l->n && k <= LW_MAX_ENVELOPE_SIGNATURES; k++) {
			lw_ipc_put_bytes(&body, lw_span(bytes.p, l->sig_bytes));
			lw_ipc_put_str(&body, l->hint);
		}

		struct lw_span rest = lw_buf_span(&body);
		int r = lw_extracted_take(&rest, &x, &e);

		if (r != (l->name ? -LW_E_JAIL : 0))
			fail_msg("%s: %d", l->name, r);
		assert_int_equal(rest.n, l->name ? body.n : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_media_type_has_one_judge),
		cmocka_unit_test(each_kind_is_signed_and_says_what_it_says),
		cmocka_unit_test(cosign_layers),
		cmocka_unit_test(envelopes),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(hints),
		cmocka_unit_test(bundles),
		cmocka_unit_test(a_bundle_has_one_hint),
		cmocka_unit_test(the_type_is_signed_with_the_payload),
		cmocka_unit_test(only_statements_are_read),
		cmocka_unit_test(a_kind_does_not_pass_for_another),
		cmocka_unit_test(no_mutant_says_another_thing),
		cmocka_unit_test(take_mirrors_put),
		cmocka_unit_test(a_lying_box_is_broken),
	};

	lw_key_prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
