/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_LIB_EVIDENCE_H
#define LW_TESTS_LIB_EVIDENCE_H

/* Evidence of each kind, made by hand and signed by people of tests/lib/people.h. Include after
 * cmocka.h. */

#include "tests/lib/people.h"
#include "verify/judge.h"

#define EVIDENCE_HEX "103fd33e933e0000111122223333444455556666777788889999aaaabbbbcccc"
#define EVIDENCE_SIMPLE                                                                        \
	"{\"critical\":{\"identity\":{\"docker-reference\":\"registry.example/app\"},"         \
	"\"image\":{\"docker-manifest-digest\":\"sha256:" EVIDENCE_HEX "\"},"                  \
	"\"type\":\"cosign container image signature\"},\"optional\":null}"
#define EVIDENCE_STATEMENT                                                                     \
	"{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"digest\":{\"sha256\":" \
	"\"" EVIDENCE_HEX "\"}}],\"predicateType\":\"https://sigstore.dev/cosign/sign/v1\","   \
	"\"predicate\":{}}"

#define COSIGN_LAYER	 "application/vnd.dev.cosign.simplesigning.v1+json"
#define DSSE_LAYER	 "application/vnd.dsse.envelope.v1+json"
#define BUNDLE_LAYER	 "application/vnd.dev.sigstore.bundle.v0.3+json"
#define COSIGN_SIGNATURE "dev.cosignproject.cosign/signature"

/* The signature over these bytes, as base64, appended. */
static inline void evidence_sign(uint8_t seed, struct lw_span message, struct lw_buf *out)
{
	LW_AUTO(private_key) struct lw_private_key *k = people_key(seed);
	LW_AUTO(buf) struct lw_buf sig = { 0 };
	struct lw_error e;

	OK(lw_private_key_sign(k, message, &sig, &e));
	lw_base64_encode(out, lw_buf_span(&sig));
}

static inline struct lw_key *evidence_key(uint8_t seed)
{
	LW_AUTO(buf) struct lw_buf der = { 0 };
	struct lw_key *k = NULL;
	struct lw_error e;

	people_public(seed, &der);
	OK(lw_key_parse_as(LW_KEY_COSIGN, lw_buf_span(&der), &k, &e));
	return k;
}

/* The annotations of a classic signature's layer, appended. */
static inline void evidence_cosign(uint8_t seed, const char *payload, struct lw_buf *out)
{
	lw_buf_adds(out, "{\"" COSIGN_SIGNATURE "\":\"");
	evidence_sign(seed, lw_span_str(payload), out);
	lw_buf_adds(out, "\"}");
}

static inline void evidence_dsse(uint8_t seed, const char *type, const char *payload,
				 struct lw_buf *out)
{
	LW_AUTO(buf) struct lw_buf message = { 0 };

	lw_dsse_pae(type, lw_span_str(payload), &message);
	lw_buf_adds(out, "{\"payload\":\"");
	lw_base64_encode(out, lw_span_str(payload));
	lw_buf_printf(out, "\",\"payloadType\":\"%s\",\"signatures\":[{\"sig\":\"", type);
	evidence_sign(seed, lw_buf_span(&message), out);
	lw_buf_adds(out, "\"}]}");
}

static inline void evidence_bundle(uint8_t seed, const char *payload, struct lw_buf *out)
{
	LW_AUTO(buf) struct lw_buf hint = { 0 };
	struct lw_digest id = people_id(seed);

	lw_base64_encode(&hint, lw_span(id.sha256, sizeof(id.sha256)));
	lw_buf_printf(out,
		      "{\"mediaType\":\"" BUNDLE_LAYER "\",\"verificationMaterial\":{"
		      "\"publicKey\":{\"hint\":\"%s\"},\"timestampVerificationData\":{}},"
		      "\"dsseEnvelope\":",
		      lw_buf_str(&hint));
	evidence_dsse(seed, LW_DSSE_IN_TOTO, payload, out);
	lw_buf_adds(out, "}");
}

#endif
