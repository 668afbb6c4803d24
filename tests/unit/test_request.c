/* SPDX-License-Identifier: Apache-2.0 */
/* A request as it travels, and its nonce as it is typed. */
#include "bundle/request.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/edit.h"
#include "tests/lib/people.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define M_CREATED "\"created\":\"2026-11-28T07:00:00Z\""
#define M_EXPIRES "\"expires\":\"2026-12-28T07:00:00Z\""
#define M_FLOORS                                                                               \
	"\"floors\":[{\"sender\":\"acme\",\"sequence\":12},"                                   \
	"{\"sender\":\"globex\",\"sequence\":0}]"
#define M_FORMAT    "\"format\":\"landwaiter-request/1\""
#define M_HEAD	    "\"head\":\"12:" B64 "\""
#define M_NONCE	    "\"nonce\":\"000102030405060708090a0b0c0d0e0f\""
#define M_TYPE	    "\"_type\":\"https://in-toto.io/Statement/v1\""
#define M_PREDICATE "\"predicateType\":\"urn:landwaiter:request:1\""
#define M_SHA256    "\"sha256\":\"" A64 "\""
#define M_DIGEST    "\"digest\":{" M_SHA256 "}"
#define M_NAME	    "\"name\":\"plant-7\""
#define M_SUBJECT   "\"subject\":[{" M_DIGEST "," M_NAME "}]"

static const char good[] =
	"{" M_TYPE ",\"predicate\":{" M_CREATED "," M_EXPIRES "," M_FLOORS "," M_FORMAT
	"," M_HEAD "," M_NONCE "}," M_PREDICATE "," M_SUBJECT "}";

static int parse(const char *text, struct lw_request *ret, struct lw_error *e)
{
	return lw_request_parse(lw_unproven_in_the_box(lw_span_str(text)), ret, e);
}

static void refused(enum lw_code code, const char *text)
{
	struct lw_request r = { .created = 7 };
	struct lw_error e = { 0 };
	int rc = parse(text, &r, &e);

	if (rc != -(int)code)
		fail_msg("%d (%s) for %s", rc, e.text, text);
	assert_int_equal(r.created, 7);
	assert_null(r.floors);
}

static void every_field_is_read(void **state)
{
	LW_AUTO(request) struct lw_request r = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_error e;
	char hex[65];

	(void)state;
	OK(parse(good, &r, &e));
	assert_string_equal(lw_digest_hex(&r.enclave, hex), A64);
	assert_string_equal(r.name, "plant-7");
	assert_int_equal(r.expires - r.created, 30 * 86400);
	assert_int_equal(r.head.count, 12);
	assert_string_equal(lw_digest_hex(&r.head.digest, hex), B64);
	assert_int_equal(r.nonce.bytes[15], 15);
	assert_int_equal(r.n_floors, 2);
	assert_int_equal(lw_request_floor(&r, "acme")->sequence, 12);
	assert_int_equal(lw_request_floor(&r, "globex")->sequence, 0);
	assert_null(lw_request_floor(&r, "acm"));
	lw_request_write(&r, &again);
	assert_string_equal(lw_buf_str(&again), good);
}

static void nothing_else(void **state)
{
	static const char *const members[] = { M_CREATED, M_EXPIRES, M_FLOORS, M_FORMAT,
					       M_HEAD,	  M_NONCE,   M_TYPE,   M_PREDICATE,
					       M_SUBJECT, M_DIGEST,  M_NAME };
	static const struct {
		const char *at, *with;
		enum lw_code code;
	} rows[] = {
		{ M_PREDICATE, "\"predicateType\":\"urn:landwaiter:bundle:1\"",
		  LW_E_UNSUPPORTED },
		{ M_FORMAT, "\"format\":\"landwaiter-request/2\"", LW_E_FORMAT },
		{ M_EXPIRES, "\"expires\":\"2026-11-28T07:00:00Z\"", LW_E_FORMAT },
		{ M_HEAD,
		  "\"head\":\"12:"
		  "bbbbbbbbbbbbbbbb"
		  "\"",
		  LW_E_FORMAT },
		{ M_HEAD, "\"head\":\"12\"", LW_E_FORMAT },
		{ M_NONCE, "\"nonce\":\"000102030405060708090a0b0c0d0e\"", LW_E_FORMAT },
		{ M_NONCE, "\"nonce\":\"000102030405060708090A0B0C0D0E0F\"", LW_E_FORMAT },
		{ M_NONCE, M_NONCE ",\"x\":1", LW_E_FORMAT },
		{ M_NAME, "\"name\":\"Plant 7\"", LW_E_FORMAT },
		{ M_NAME, M_NAME ",\"uri\":\"x\"", LW_E_FORMAT },
		{ M_SHA256, M_SHA256 ",\"sha512\":\"" A64 "\"", LW_E_FORMAT },
		{ M_SUBJECT, "\"subject\":[]", LW_E_LIMIT },
		{ "\"acme\"", "\"globex\"", LW_E_FORMAT },
		{ "\"acme\"", "\"zeta\"", LW_E_FORMAT },
		{ "\"acme\"", "\"../acme\"", LW_E_FORMAT },
		{ ":12}", ":-1}", LW_E_LIMIT },
		{ ":12}", ":9007199254740992}", LW_E_LIMIT },
		{ ":12}", ":12,\"z\":1}", LW_E_FORMAT },
		{ M_CREATED, "\"created\": \"2026-11-28T07:00:00Z\"", LW_E_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(members); i++) {
		lw_auto_free char *less = edit_remove(good, members[i]);
		lw_auto_free char *twice = edit_double(good, members[i]);

		refused(LW_E_FORMAT, less);
		refused(LW_E_FORMAT, twice);
	}
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *text = edit(good, rows[i].at, rows[i].with);

		refused(rows[i].code, text);
	}
}

static void make(struct lw_buf *file)
{
	LW_AUTO(private_key) struct lw_private_key *key = people_key(7);
	LW_AUTO(request) struct lw_request r = { 0 };
	struct lw_error e;

	OK(parse(good, &r, &e));
	OK(lw_request_sign(&r, key, file, &e));
}

static int open_file(struct lw_span file, const struct lw_key *pinned)
{
	LW_AUTO(request) struct lw_request r = { 0 };
	LW_AUTO(key) struct lw_key *key = NULL;
	struct lw_error e = { 0 };
	int rc = lw_request_open(file, pinned, &r, &key, &e);

	assert_int_equal(rc, -(int)e.code);
	assert_true((rc == 0) == (key != NULL));
	assert_true((rc == 0) == (r.created != 0));
	return rc;
}

static struct lw_key *public_key(uint8_t seed)
{
	LW_AUTO(buf) struct lw_buf der = { 0 };
	struct lw_key *key = NULL;
	struct lw_error e;

	people_public(seed, &der);
	OK(lw_key_parse(lw_buf_span(&der), &key, &e));
	return key;
}

static void signed_and_pinned(void **state)
{
	LW_AUTO(buf) struct lw_buf file = { 0 };
	LW_AUTO(key) struct lw_key *its = public_key(7), *other = public_key(8);

	(void)state;
	make(&file);
	OK(open_file(lw_buf_span(&file), NULL));
	OK(open_file(lw_buf_span(&file), its));
	FAILS(LW_E_CONFLICT, open_file(lw_buf_span(&file), other));
}

/* With another byte, or fewer, or more, it is none. */
static void every_byte_counts(void **state)
{
	LW_AUTO(buf) struct lw_buf file = { 0 };

	(void)state;
	make(&file);
	for (size_t i = 0; i < file.n; i++) {
		file.p[i] ^= 1;
		assert_int_not_equal(open_file(lw_buf_span(&file), NULL), 0);
		file.p[i] ^= 1;
		assert_int_not_equal(open_file(lw_span(file.p, i), NULL), 0);
	}
	lw_buf_addc(&file, '\n');
	FAILS(LW_E_FORMAT, open_file(lw_buf_span(&file), NULL));
	lw_buf_fill(&file, ' ', LW_MAX_REQUEST_BYTES);
	FAILS(LW_E_LIMIT, open_file(lw_buf_span(&file), NULL));
}

/* Signed over all of it, and still no statement: what is parsed is what was signed. */
static void signed_nonsense(void **state)
{
	static const char *const texts[] = { "{}", "[]", "", "{\"a\":1,\"a\":1}" };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(texts); i++) {
		LW_AUTO(private_key) struct lw_private_key *key = people_key(7);
		LW_AUTO(buf) struct lw_buf file = { 0 }, der = { 0 }, sig = { 0 }, pae = { 0 };
		struct lw_error e;

		people_public(7, &der);
		lw_dsse_pae(LW_DSSE_IN_TOTO, lw_span_str(texts[i]), &pae);
		OK(lw_private_key_sign(key, lw_buf_span(&pae), &sig, &e));
		lw_buf_adds(&file, "landwaiter-request/1\n");
		lw_base64_encode(&file, lw_buf_span(&der));
		lw_buf_addc(&file, '\n');
		lw_base64_encode(&file, lw_buf_span(&sig));
		lw_buf_printf(&file, "\n%s\n", texts[i]);
		FAILS(LW_E_FORMAT, open_file(lw_buf_span(&file), NULL));
	}
}

/* ---- the nonce ---- */

#define TYPED "0000-0000-0000-0000-0000-0000-0000-0000-3747"

static void typed_nonces(void **state)
{
	static const char *const same[] = {
		TYPED,
		"000000000000000000000000000000003747",
		" 0000 0000 0000 0000 0000 0000 0000 0000 3747 ",
		"--0000-0000000000000000-0000-0000-0000-3747",
	};
	static const char *const none[] = {
		"",
		"0000-0000-0000-0000-0000-0000-0000-0000",
		"0000-0000-0000-0000-0000-0000-0000-0000-3746",
		"0000-0000-0000-0000-0000-0000-0000-0001-3747",
		"0000-0000-0000-0000-0000-0000-0000-0000-37470",
		"0000-0000-0000-0000-0000-0000-0000-0000-374",
		"0000-0000-0000-0000-0000-0000-0000-000o-3747",
		"0000_0000-0000-0000-0000-0000-0000-0000-3747",
	};
	struct lw_nonce n, zero = { 0 }, random[2];
	char text[LW_NONCE_TYPED], hex[LW_NONCE_HEX];
	struct lw_error e;

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(same); i++) {
		memset(&n, 7, sizeof(n));
		OK(lw_nonce_read(same[i], &n, &e));
		assert_memory_equal(&n, &zero, sizeof(n));
	}
	assert_string_equal(lw_nonce_typed(&n, text), TYPED);
	for (size_t i = 0; i < LW_COUNT_OF(none); i++)
		FAILS(LW_E_FORMAT, lw_nonce_read(none[i], &n, &e));
	for (size_t i = 0; i < LW_COUNT_OF(random); i++) {
		OK(lw_nonce_make(&random[i], &e));
		lw_nonce_typed(&random[i], text);
		for (char *p = text; *p; p++)
			*p = (char)toupper((unsigned char)*p);
		OK(lw_nonce_read(text, &n, &e));
		assert_memory_equal(&n, &random[i], sizeof(n));
		OK(lw_nonce_parse(lw_span_str(lw_nonce_hex(&n, hex)), &n, &e));
		assert_memory_equal(&n, &random[i], sizeof(n));
	}
	assert_memory_not_equal(&random[0], &random[1], sizeof(n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_read), cmocka_unit_test(nothing_else),
		cmocka_unit_test(signed_and_pinned),   cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(signed_nonsense),     cmocka_unit_test(typed_nonces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
