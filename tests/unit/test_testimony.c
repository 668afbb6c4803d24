/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/testimony.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/evidence.h"

#define SIGNER(name, keys) "'" name "':{'keys':[" keys "]}"
#define KEY(file)	   "{'kind':'key','file':'" file "'}"
#define COSIGN(file)	   "{'kind':'cosign-key','file':'" file "'}"
#define POLICY(signers)                                                                        \
	"{'format':'landwaiter-policy/1','senders':{},'signers':{" signers "},'images':[]}"

static struct lw_policy *policy(const char *text)
{
	struct lw_policy *p = NULL;
	struct lw_error e = { 0 };

	if (people_policy(text, &p, &e) < 0)
		fail_msg("%s for %s", e.text, text);
	return p;
}

/* Of two signers three keys: 1 and 2 are acme's, 3 is globex's. */
static struct lw_policy *two_signers(void)
{
	return policy(POLICY(SIGNER("acme", COSIGN("1.pub") "," KEY("2.pub")) "," SIGNER(
		"globex", COSIGN("3.pub"))));
}

/* What one has heard of a piece; to be released with lw_testimony_release. */
struct piece {
	const char *media_type;
	struct lw_buf bytes, annotations;
};

static void hear(const struct lw_policy *p, const struct piece *piece, const size_t *matches,
		 size_t n, struct lw_testimony *ret)
{
	const struct lw_judge *judge = lw_judge_for(piece->media_type);
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_piece in = { piece->media_type, lw_buf_span(&piece->bytes), NULL };
	struct lw_error e;

	if (piece->annotations.n > 0) {
		OK(lw_json_parse(lw_buf_span(&piece->annotations), &LW_JSON_STRICT, &doc, &e));
		in.annotations = lw_json_root(doc);
	}
	judge->extract(&in, &x);
	assert_int_equal(x.state, LW_EXTRACTED_SIGNED);
	lw_testimony_hear(p, judge, &x, 0, in.bytes, matches, n, ret);
}

static void drop(struct piece *p)
{
	lw_buf_free(&p->bytes);
	lw_buf_free(&p->annotations);
}

static const size_t all[] = { 0, 1, 2, 3, 4, 5, 6, 7 };

static void good(const struct lw_testimony *t, size_t signer, const char *type)
{
	assert_int_equal(t->state, LW_TESTIMONY_GOOD);
	assert_int_equal(t->signer, signer);
	assert_non_null(t->key);
	assert_string_equal(t->said.type, type);
	assert_string_equal(t->why, "");
}

static void not_good(const struct lw_testimony *t, enum lw_testimony_state state,
		     enum lw_finding_id finding)
{
	if (t->state != state || t->finding != finding)
		print_message("%s: %s (%s)\n", lw_testimony_state_name(t->state), t->why,
			      lw_finding_kind(t->finding)->code);
	assert_int_equal(t->state, state);
	assert_int_equal(t->finding, finding);
	assert_null(t->said.type);
	assert_true(t->why[0]);
}

static void keys_stand_in_the_policys_order(void **state)
{
	LW_AUTO(policy) struct lw_policy *p = two_signers();
	/* of each signer those of kind "key" first */
	static const struct {
		uint8_t seed;
		size_t signer;
	} rows[] = { { 2, 0 }, { 1, 0 }, { 3, 1 } };
	size_t signer = 99;

	(void)state;
	assert_int_equal(lw_policy_key_count(p, LW_KEYS_ALL), 3);
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		struct lw_digest id = people_id(rows[i].seed);
		const struct lw_key *k = lw_policy_key_at(p, LW_KEYS_ALL, i, &signer);

		assert_true(lw_digest_equal(lw_key_fingerprint(k), &id));
		assert_int_equal(signer, rows[i].signer);
	}
	assert_null(lw_policy_key_at(p, LW_KEYS_ALL, 3, &signer));
	assert_null(lw_policy_key_at(p, LW_KEYS_ALL, SIZE_MAX, &signer));
}

static void each_kind_is_heard(void **state)
{
	LW_AUTO(policy) struct lw_policy *p = two_signers();

	(void)state;
	for (uint8_t seed = 1; seed <= 3; seed++)
		for (int kind = 0; kind < 3; kind++) {
			struct piece piece = { 0 };
			struct lw_testimony t = { 0 };

			piece.media_type = kind == 0   ? COSIGN_LAYER
					   : kind == 1 ? DSSE_LAYER
						       : BUNDLE_LAYER;
			if (kind == 0) {
				lw_buf_adds(&piece.bytes, EVIDENCE_SIMPLE);
				evidence_cosign(seed, EVIDENCE_SIMPLE, &piece.annotations);
			} else if (kind == 1) {
				evidence_dsse(seed, LW_DSSE_IN_TOTO, EVIDENCE_STATEMENT,
					      &piece.bytes);
			} else {
				evidence_bundle(seed, EVIDENCE_STATEMENT, &piece.bytes);
			}
			hear(p, &piece, all, LW_COUNT_OF(all), &t);
			good(&t, seed == 3 ? 1 : 0,
			     kind ? LW_TYPE_COSIGN_SIGN : LW_TYPE_SIMPLE_SIGNING);
			assert_int_equal(t.said.n_subjects, 1);
			lw_testimony_release(&t);
			drop(&piece);
		}
}

/* What the box points at is looked at, and nothing is taken from it. */
static void the_box_only_points(void **state)
{
	LW_AUTO(policy) struct lw_policy *p = two_signers();
	/* the signature is of key 1, which stands second */
	static const struct {
		size_t n, keys[4];
		bool found;
	} rows[] = {
		{ 1, { 1 }, true },
		{ 3, { 0, 1, 2 }, true },
		{ 4, { 1, 1, 1, 1 }, true },
		{ 3, { SIZE_MAX, 7, 1 }, true },
		{ 0, { 0 }, false },
		{ 1, { 0 }, false },
		{ 2, { 0, 2 }, false },
		{ 1, { 3 }, false },
		{ 2, { 0xffffffff, SIZE_MAX }, false },
	};
	struct piece piece = { .media_type = COSIGN_LAYER };

	(void)state;
	lw_buf_adds(&piece.bytes, EVIDENCE_SIMPLE);
	evidence_cosign(1, EVIDENCE_SIMPLE, &piece.annotations);
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		struct lw_testimony t = { 0 };

		hear(p, &piece, rows[i].keys, rows[i].n, &t);
		if (rows[i].found) {
			good(&t, 0, LW_TYPE_SIMPLE_SIGNING);
		} else {
			not_good(&t, LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_SIGNATURE_BAD);
			assert_int_equal(t.signer, SIZE_MAX);
			assert_null(t.key);
		}
		lw_testimony_release(&t);
	}
	drop(&piece);
}

/* No policy says so (verify/policy_signers.c refuses it); were there a way, it would not count
 * twice, nor for either. */
static void a_signature_that_fits_two_signers_is_nobodys(void **state)
{
	LW_AUTO(policy) struct lw_policy *p = two_signers();
	struct lw_key *other = p->signers[1].keys[0];
	struct piece piece = { .media_type = DSSE_LAYER };
	struct lw_testimony t = { 0 };

	(void)state;
	evidence_dsse(1, LW_DSSE_IN_TOTO, EVIDENCE_STATEMENT, &piece.bytes);
	p->signers[1].keys[0] = evidence_key(1);
	hear(p, &piece, all, LW_COUNT_OF(all), &t);
	not_good(&t, LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_SIGNATURE_AMBIGUOUS);
	assert_int_equal(t.signer, SIZE_MAX);
	assert_null(t.key);
	lw_testimony_release(&t);

	/* two keys of one signer: that is one person */
	lw_key_free(p->signers[1].keys[0]);
	p->signers[1].keys[0] = other;
	other = p->signers[0].keys[0];
	p->signers[0].keys[0] = evidence_key(1);
	hear(p, &piece, all, LW_COUNT_OF(all), &t);
	good(&t, 0, LW_TYPE_COSIGN_SIGN);
	lw_testimony_release(&t);
	lw_key_free(p->signers[0].keys[0]);
	p->signers[0].keys[0] = other;
	drop(&piece);
}

/* A signature by key 9, whom the policy does not have, with this hint. */
static void hear_hint(const char *text, const char *hint, struct lw_testimony *ret)
{
	LW_AUTO(policy) struct lw_policy *p = policy(text);
	LW_AUTO(extracted)
	struct lw_extracted x = { .state = LW_EXTRACTED_SIGNED,
				  .detached = true,
				  .n_signatures = 1 };
	LW_AUTO(private_key) struct lw_private_key *k = people_key(9);
	struct lw_span piece = lw_span_str(EVIDENCE_SIMPLE);
	struct lw_error e;

	OK(lw_private_key_sign(k, piece, &x.signatures[0].sig, &e));
	(void)snprintf(x.signatures[0].key_hint, sizeof(x.signatures[0].key_hint), "%s", hint);
	lw_testimony_hear(p, lw_judge_for(COSIGN_LAYER), &x, 0, piece, all, LW_COUNT_OF(all),
			  ret);
	ret->key = NULL; /* of the policy that is gone */
}

static void hints_tell_bad_from_unknown(void **state)
{
	static const char plain[] =
		POLICY(SIGNER("acme", COSIGN("1.pub")) "," SIGNER("globex", COSIGN("3.pub")));
	static const char later[] = POLICY(
		SIGNER("acme", COSIGN("1.pub")) "," SIGNER("globex", KEY("unsupported.pub")));
	const struct lw_digest known = people_id(3), unknown = people_id(9);
	LW_AUTO(buf) struct lw_buf known64 = { 0 }, unknown64 = { 0 };
	char known16[65], unknown16[65], upper16[65];

	(void)state;
	lw_base64_encode(&known64, lw_span(known.sha256, 32));
	lw_base64_encode(&unknown64, lw_span(unknown.sha256, 32));
	lw_digest_hex(&known, known16);
	lw_digest_hex(&unknown, unknown16);
	for (size_t i = 0; i < sizeof(upper16); i++) /* no spelling of it */
		upper16[i] = (char)(known16[i] >= 'a' ? known16[i] - 32 : known16[i]);

	const struct {
		const char *policy, *hint;
		enum lw_testimony_state state;
		size_t signer;
	} rows[] = {
		{ plain, "", LW_TESTIMONY_BAD, SIZE_MAX },
		{ plain, known16, LW_TESTIMONY_BAD, 1 },
		{ plain, lw_buf_str(&known64), LW_TESTIMONY_BAD, 1 },
		{ plain, unknown16, LW_TESTIMONY_UNCHECKED, SIZE_MAX },
		{ plain, lw_buf_str(&unknown64), LW_TESTIMONY_UNCHECKED, SIZE_MAX },
		{ plain, upper16, LW_TESTIMONY_UNCHECKED, SIZE_MAX },
		{ plain, "globex", LW_TESTIMONY_UNCHECKED, SIZE_MAX },
		/* may be by the key that cannot be checked */
		{ later, "", LW_TESTIMONY_UNCHECKED, SIZE_MAX },
		{ later, known16, LW_TESTIMONY_UNCHECKED, SIZE_MAX },
	};

	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		struct lw_testimony t = { 0 };

		hear_hint(rows[i].policy, rows[i].hint, &t);
		not_good(&t, rows[i].state,
			 rows[i].state == LW_TESTIMONY_BAD ? LW_FINDING_EVIDENCE_SIGNATURE_BAD
							   : LW_FINDING_EVIDENCE_UNCHECKED);
		assert_int_equal(t.signer, rows[i].signer);
		lw_testimony_release(&t);
	}
}

/* Signed by one we trust, and no words we know. */
static void signed_and_not_understood(void **state)
{
	LW_AUTO(policy) struct lw_policy *p = two_signers();
	static const struct {
		const char *type, *payload; /* no type: simple signing */
		enum lw_testimony_state state;
		enum lw_finding_id finding;
	} rows[] = {
		{ NULL, "{}", LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_MALFORMED },
		{ NULL, "no JSON", LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_MALFORMED },
		{ NULL, EVIDENCE_STATEMENT, LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_MALFORMED },
		{ LW_DSSE_IN_TOTO, "no JSON", LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_MALFORMED },
		{ LW_DSSE_IN_TOTO, EVIDENCE_SIMPLE, LW_TESTIMONY_BAD,
		  LW_FINDING_EVIDENCE_MALFORMED },
		{ LW_DSSE_IN_TOTO, "{\"_type\":\"https://in-toto.io/Statement/v2\"}",
		  LW_TESTIMONY_UNCHECKED, LW_FINDING_EVIDENCE_UNCHECKED },
		{ "application/vnd.in-toto+json; charset=utf-8", EVIDENCE_STATEMENT,
		  LW_TESTIMONY_UNCHECKED, LW_FINDING_EVIDENCE_UNCHECKED },
		{ "application/json", EVIDENCE_STATEMENT, LW_TESTIMONY_UNCHECKED,
		  LW_FINDING_EVIDENCE_UNCHECKED },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		struct piece piece = { .media_type = rows[i].type ? DSSE_LAYER : COSIGN_LAYER };
		struct lw_testimony t = { 0 };

		if (rows[i].type) {
			evidence_dsse(3, rows[i].type, rows[i].payload, &piece.bytes);
		} else {
			lw_buf_adds(&piece.bytes, rows[i].payload);
			evidence_cosign(3, rows[i].payload, &piece.annotations);
		}
		hear(p, &piece, all, LW_COUNT_OF(all), &t);
		not_good(&t, rows[i].state, rows[i].finding);
		assert_int_equal(t.signer, 1); /* whose it is, is known */
		lw_testimony_release(&t);
		drop(&piece);
	}
}

/* The bytes of a signature go with one payload, one type and one form. */
static void a_signature_is_of_its_bytes(void **state)
{
	LW_AUTO(policy) struct lw_policy *p = two_signers();
	static const struct {
		bool detached;
		const char *type, *payload;
	} rows[] = {
		{ false, LW_DSSE_IN_TOTO, EVIDENCE_STATEMENT " " },
		{ false, "application/json", EVIDENCE_STATEMENT },
		{ true, "", EVIDENCE_STATEMENT },
		{ true, "", "DSSEv1 28 application/vnd.in-toto+json" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		LW_AUTO(extracted)
		struct lw_extracted x = { .state = LW_EXTRACTED_SIGNED,
					  .detached = rows[i].detached,
					  .n_signatures = 1 };
		struct lw_testimony t = { 0 };

		people_sign(3, lw_span_str(EVIDENCE_STATEMENT), &x.signatures[0].sig);
		(void)snprintf(x.payload_type, sizeof(x.payload_type), "%s", rows[i].type);
		if (!rows[i].detached)
			lw_buf_adds(&x.payload, rows[i].payload);
		lw_testimony_hear(p, lw_judge_for(DSSE_LAYER), &x, 0,
				  lw_span_str(rows[i].payload), all, LW_COUNT_OF(all), &t);
		not_good(&t, LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_SIGNATURE_BAD);
		lw_testimony_release(&t);
	}
}

static void what_could_not_be_heard(void **state)
{
	const struct lw_judge *judge = lw_judge_for(COSIGN_LAYER);
	struct lw_extracted x = { .why = "\033[32mfine\033[0m" };
	struct lw_testimony t = { 0 };

	(void)state;
	lw_testimony_refuse(judge, &x, &t);
	not_good(&t, LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_MALFORMED);
	assert_null(strchr(t.why, '\033'));
	assert_int_equal(t.signer, SIZE_MAX);
	assert_string_equal(t.kind, "cosign");
	x.state = LW_EXTRACTED_UNSUPPORTED;
	lw_testimony_refuse(judge, &x, &t);
	not_good(&t, LW_TESTIMONY_UNCHECKED, LW_FINDING_EVIDENCE_UNCHECKED);
}

static void nothing_is_bad(void **state)
{
	struct lw_testimony t = { 0 };

	(void)state;
	assert_int_equal(t.state, LW_TESTIMONY_BAD);
	assert_string_equal(lw_testimony_state_name(LW_TESTIMONY_BAD), "bad");
	assert_string_equal(lw_testimony_state_name(LW_TESTIMONY_UNCHECKED), "unchecked");
	assert_string_equal(lw_testimony_state_name(LW_TESTIMONY_GOOD), "good");
	assert_string_equal(lw_testimony_state_name((enum lw_testimony_state)77), "bad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_stand_in_the_policys_order),
		cmocka_unit_test(each_kind_is_heard),
		cmocka_unit_test(the_box_only_points),
		cmocka_unit_test(a_signature_that_fits_two_signers_is_nobodys),
		cmocka_unit_test(hints_tell_bad_from_unknown),
		cmocka_unit_test(signed_and_not_understood),
		cmocka_unit_test(a_signature_is_of_its_bytes),
		cmocka_unit_test(what_could_not_be_heard),
		cmocka_unit_test(nothing_is_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
