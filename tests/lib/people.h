/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_PEOPLE_H
#define LW_TESTS_PEOPLE_H

/* People with Ed25519 keys that are the same in every run (each made from one byte: for tests
 * only), and policies that name their keys as files. Include after cmocka.h. */

#include "base/digest.h"
#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "keys/private.h"
#include "verify/approval.h"
#include "verify/dsse.h"
#include "verify/policy.h"

#include <string.h>

#ifndef OK /* a program that is no unit test brings its own */
#define OK(call) assert_int_equal(call, 0)
#endif
#define FAILS(code, call) assert_int_equal(call, -(int)(code))

/* PKCS#8 in PEM of the key whose 32 secret bytes are all `seed`. */
static inline void people_pem(uint8_t seed, struct lw_buf *out)
{
	static const uint8_t head[] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
					0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };
	LW_AUTO(buf) struct lw_buf der = { 0 };

	lw_buf_add(&der, head, sizeof(head));
	lw_buf_fill(&der, seed, 32);
	lw_buf_adds(out, "-----BEGIN PRIVATE KEY-----\n");
	lw_base64_encode(out, lw_buf_span(&der));
	lw_buf_adds(out, "\n-----END PRIVATE KEY-----\n");
}

static inline struct lw_private_key *people_key(uint8_t seed)
{
	LW_AUTO(buf) struct lw_buf pem = { 0 };
	struct lw_private_key *k = NULL;
	struct lw_error e;

	people_pem(seed, &pem);
	OK(lw_private_key_parse(lw_buf_span(&pem), NULL, &k, &e));
	return k;
}

static inline void people_public(uint8_t seed, struct lw_buf *der)
{
	LW_AUTO(private_key) struct lw_private_key *k = people_key(seed);
	struct lw_error e;

	OK(lw_private_key_public(k, der, &e));
}

static inline struct lw_digest people_id(uint8_t seed)
{
	LW_AUTO(buf) struct lw_buf der = { 0 };

	people_public(seed, &der);
	return lw_digest_of(lw_buf_span(&der));
}

/* This person's signature over DSSE's PAE of the payload, appended. */
static inline void people_sign(uint8_t seed, struct lw_span payload, struct lw_buf *sig)
{
	LW_AUTO(private_key) struct lw_private_key *k = people_key(seed);
	LW_AUTO(buf) struct lw_buf message = { 0 };
	struct lw_error e;

	lw_dsse_pae(LW_DSSE_IN_TOTO, payload, &message);
	OK(lw_private_key_sign(k, lw_buf_span(&message), sig, &e));
}

/* "1.pub" is the key of seed 1, "2.pub" of seed 2 ...; "unsupported.pub" is an X25519 key,
 * "broken.pub" no key, "empty.pub" nothing; "root.json" the root of a TUF repository. */
static inline int people_file(void *data, const char *name, struct lw_buf *out,
			      struct lw_error *e)
{
	static const uint8_t x25519[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
					  0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00 };
	char *end = NULL;
	long seed = strtol(name, &end, 10);

	(void)data;
	if (strcmp(name, "unsupported.pub") == 0) {
		lw_buf_add(out, x25519, sizeof(x25519));
		lw_buf_fill(out, 9, 32);
	} else if (strcmp(name, "broken.pub") == 0) {
		lw_buf_adds(out,
			    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
	} else if (strcmp(name, "empty.pub") == 0) {
		return 0;
	} else if (strcmp(name, "root.json") == 0) { /* of the top folder, where units run */
		return lw_fs_read_path("tests/samples/tuf/repository/metadata/1.root.json",
				       LW_MAX_TUF_ROOT_BYTES, out, e);
	} else if (seed > 0 && seed < 256 && strcmp(end, ".pub") == 0) {
		people_public((uint8_t)seed, out);
	} else {
		return lw_fail(e, LW_E_NOTFOUND, "no such file");
	}
	return 0;
}

/* Single quotes in `text` stand for double ones: easier to read in C. */
static inline int people_policy(const char *text, struct lw_policy **ret, struct lw_error *e)
{
	const struct lw_policy_files files = { .read = people_file };
	lw_auto_free char *json = lw_strdup(text);

	for (char *c = json; (c = strchr(c, '\'')); c++)
		*c = '"';
	return lw_policy_parse(lw_span_str(json), &files, ret, e);
}

#endif
