/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/approval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/people.h"

/* Keys in the box's order: 0: alice's 1, 1: alice's 2, 2: bob's 3, 3: carol's 4, 4: robert's 5
 * (who is bob), 5: eve's 6; dora has only a key of a kind nobody here can check. Alice signs
 * images with key 8, and the vendor nothing else. */
static const char text[] =
	"{'format':'landwaiter-policy/1','images':[],'senders':{"
	"'acme':{'threshold':2,'signers':['alice','bob','carol','robert']},"
	"'globex':{'threshold':1,'signers':['eve']},"
	"'initech':{'threshold':3,'signers':['alice','bob','carol','dora']}},"
	"'signers':{"
	"'alice':{'keys':[{'kind':'key','file':'1.pub'},{'kind':'key','file':'2.pub'},"
	"{'kind':'cosign-key','file':'8.pub'}]},"
	"'bob':{'keys':[{'kind':'key','file':'3.pub'}]},"
	"'carol':{'keys':[{'kind':'key','file':'4.pub'}]},"
	"'robert':{'owner':'bob','keys':[{'kind':'key','file':'5.pub'}]},"
	"'eve':{'keys':[{'kind':'key','file':'6.pub'}]},"
	"'dora':{'keys':[{'kind':'key','file':'unsupported.pub'}]},"
	"'vendor':{'keys':[{'kind':'cosign-key','file':'unsupported.pub'}]}}}";

enum { ALICE, BOB, CAROL, ROBERT, EVE, DORA, VENDOR };

struct fixture {
	struct lw_policy *p;
	struct lw_span payload;
	struct lw_buf sigs[64];
	struct lw_claim claims[64];
	size_t n;
	struct lw_verdict v;
	struct lw_approvals a;
	struct lw_proven proven;
};

static int setup(void **state)
{
	struct fixture *f = lw_alloc_array(1, sizeof(*f));
	struct lw_error e;

	OK(people_policy(text, &f->p, &e));
	f->payload = lw_span_str("{\"a\":1}");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->n; i++)
		lw_buf_free(&f->sigs[i]);
	lw_approvals_release(&f->a);
	lw_verdict_release(&f->v);
	lw_policy_free(f->p);
	free(f);
	return 0;
}

/* A claim: signed by this key over that payload, said to be by keyid, said to match `match`
 * (SIZE_MAX - 1: no match is named). */
#define NOTHING (SIZE_MAX - 1)
static struct lw_claim *claim(struct fixture *f, uint8_t signed_by, struct lw_span payload,
			      uint8_t keyid, size_t match)
{
	struct lw_claim *c = &f->claims[f->n];

	people_sign(signed_by, payload, &f->sigs[f->n]);
	*c = (struct lw_claim){ .sig = lw_buf_span(&f->sigs[f->n]), .keyid = people_id(keyid) };
	if (match != NOTHING)
		c->matches[c->n_matches++] = match;
	f->n++;
	return c;
}

/* As an honest box says it: keys 1 to 6 are the indices 0 to 5. */
static void honest(struct fixture *f, uint8_t seed)
{
	(void)claim(f, seed, f->payload, seed, seed <= 6 ? seed - 1u : NOTHING);
}

static void count(struct fixture *f)
{
	lw_approvals_release(&f->a);
	lw_approvals_count(f->p, f->payload, f->claims, f->n, &f->v, &f->a);
}

static const struct lw_sender *prove(struct fixture *f, const char *claimed)
{
	return lw_approvals_prove(f->p, f->payload, &f->a, claimed, "bundle", &f->v,
				  &f->proven);
}

static size_t people(struct fixture *f, const char *sender)
{
	return lw_approvals_people(f->p, &lw_policy_sender(f->p, sender)->approvers, &f->a);
}

static bool has(const struct fixture *f, enum lw_finding_id id)
{
	for (size_t i = 0; i < f->v.n_findings; i++)
		if (f->v.findings[i].id == id)
			return true;
	return false;
}

static void two_people_are_two(void **state)
{
	struct fixture *f = *state;

	honest(f, 1);
	honest(f, 3);
	count(f);
	assert_int_equal(people(f, "acme"), 2);
	assert_int_equal(f->a.n_unknown, 0);
	assert_int_equal(f->a.by_signer[ALICE], LW_APPROVAL_GOOD);
	assert_int_equal(f->a.by_signer[CAROL], LW_APPROVAL_ABSENT);
	assert_int_equal(f->a.by_signer[DORA], LW_APPROVAL_UNSUPPORTED);
	assert_string_equal(prove(f, "acme")->name, "acme");
	assert_ptr_equal(f->proven.bytes.p, f->payload.p);
	assert_int_equal(f->proven.bytes.n, f->payload.n);
	assert_true(lw_verdict_clear(&f->v));
	assert_true(has(f, LW_FINDING_SEAL_KEY_UNSUPPORTED)); /* a note: dora */
}

static void fewer_are_not_enough(struct fixture *f, size_t want, enum lw_finding_id finding)
{
	count(f);
	assert_int_equal(people(f, "acme"), want);
	assert_null(prove(f, "acme"));
	assert_null(f->proven.bytes.p);
	assert_true(has(f, finding));
	assert_false(lw_verdict_clear(&f->v));
}

static void nobody(void **state)
{
	fewer_are_not_enough(*state, 0, LW_FINDING_SEAL_UNAPPROVED);
}

static void one_of_two(void **state)
{
	honest(*state, 4);
	fewer_are_not_enough(*state, 1, LW_FINDING_SEAL_THRESHOLD);
}

static void two_keys_of_one_person(void **state)
{
	honest(*state, 1);
	honest(*state, 2);
	fewer_are_not_enough(*state, 1, LW_FINDING_SEAL_THRESHOLD);
}

static void one_signature_many_times(void **state)
{
	for (int i = 0; i < 20; i++)
		honest(*state, 1);
	fewer_are_not_enough(*state, 1, LW_FINDING_SEAL_THRESHOLD);
}

static void two_names_of_one_owner(void **state)
{
	honest(*state, 3);
	honest(*state, 5);
	fewer_are_not_enough(*state, 1, LW_FINDING_SEAL_THRESHOLD);
}

static void one_name_twice_and_another(void **state)
{
	struct fixture *f = *state;

	honest(f, 3);
	honest(f, 5);
	honest(f, 2);
	count(f);
	assert_int_equal(people(f, "acme"), 2);
	assert_non_null(prove(f, "acme"));
}

static void strangers_do_not_count(void **state)
{
	struct fixture *f = *state;

	honest(f, 1);
	honest(f, 77);
	honest(f, 78);
	fewer_are_not_enough(f, 1, LW_FINDING_SEAL_THRESHOLD);
	assert_int_equal(f->a.n_unknown, 2);
	assert_false(has(f, LW_FINDING_SEAL_SIGNATURE_BAD));
	honest(f, 6); /* eve is known, and no approver of acme's */
	count(f);
	assert_int_equal(people(f, "acme"), 1);
	assert_int_equal(f->a.n_unknown, 2);
}

/* No policy that parses has one key under two signers; should one ever be made: for none. */
static void what_fits_two_counts_for_none(void **state)
{
	struct fixture *f = *state;
	LW_AUTO(buf) struct lw_buf der = { 0 };
	struct lw_signer *bob = &f->p->signers[BOB];
	struct lw_claim *c;
	struct lw_error e;

	people_public(1, &der);
	OK(lw_key_parse(lw_buf_span(&der), &bob->keys[bob->n_keys++], &e));
	bob->n_own_keys++;
	c = claim(f, 1, f->payload, 1, 0);
	c->matches[c->n_matches++] = 3;
	count(f);
	assert_true(has(f, LW_FINDING_SEAL_SIGNATURE_AMBIGUOUS));
	assert_int_equal(people(f, "acme"), 0);
	assert_int_equal(f->a.n_unknown, 0);
	assert_false(lw_verdict_clear(&f->v));
	assert_null(prove(f, "acme"));
}

/* ---- a box that lies ---- */

static void lies_about_matches(void **state)
{
	struct fixture *f = *state;
	static const size_t lies[] = { 1, 2, 3, 4, 5, 6, 7, 1000, UINT32_MAX, SIZE_MAX };

	for (size_t i = 0; i < LW_COUNT_OF(lies); i++)
		(void)claim(f, 77, f->payload, 77, lies[i]);
	fewer_are_not_enough(f, 0, LW_FINDING_SEAL_UNAPPROVED);
	assert_int_equal(f->a.n_unknown, LW_COUNT_OF(lies));
}

/* A match named beyond the array's end is not looked at. */
static void more_matches_than_fit(void **state)
{
	struct fixture *f = *state;
	struct lw_claim *c = claim(f, 1, f->payload, 1, 2);

	c->n_matches = SIZE_MAX;
	c->matches[1] = SIZE_MAX;
	c->matches[2] = 3;
	c->matches[3] = 4;
	fewer_are_not_enough(f, 0, LW_FINDING_SEAL_UNAPPROVED);
}

static void one_match_named_four_times(void **state)
{
	struct fixture *f = *state;
	struct lw_claim *c = claim(f, 1, f->payload, 1, 0);

	for (; c->n_matches < LW_MAX_MATCHES; c->n_matches++)
		c->matches[c->n_matches] = 0;
	fewer_are_not_enough(f, 1, LW_FINDING_SEAL_THRESHOLD);
	assert_false(has(f, LW_FINDING_SEAL_SIGNATURE_AMBIGUOUS));
}

/* The right key stands among wrong ones: it is found. */
static void a_match_among_wrong_ones(void **state)
{
	struct fixture *f = *state;
	struct lw_claim *c = claim(f, 1, f->payload, 1, 5);

	c->matches[c->n_matches++] = SIZE_MAX;
	c->matches[c->n_matches++] = 0;
	honest(f, 3);
	count(f);
	assert_int_equal(people(f, "acme"), 2);
}

/* A box that hides a match takes an approval away, and adds none. */
static void a_hidden_match(void **state)
{
	struct fixture *f = *state;

	(void)claim(f, 1, f->payload, 1, NOTHING);
	honest(f, 3);
	fewer_are_not_enough(f, 1, LW_FINDING_SEAL_THRESHOLD);
	assert_false(has(f, LW_FINDING_SEAL_SIGNATURE_BAD)); /* it verifies */
}

/* A key that signs images signs no seals, whatever the box says; and one that cannot be checked
 * is nobody's missing approval. */
static void other_kinds_of_keys_seal_nothing(void **state)
{
	struct fixture *f = *state;

	for (size_t match = 0; match < 9; match++)
		(void)claim(f, 8, f->payload, 8, match);
	(void)claim(f, 8, f->payload, 8, NOTHING);
	fewer_are_not_enough(f, 0, LW_FINDING_SEAL_UNAPPROVED);
	assert_false(has(f, LW_FINDING_SEAL_SIGNATURE_BAD));
	assert_int_equal(f->a.n_unknown, 10);
	assert_int_equal(f->a.by_signer[DORA], LW_APPROVAL_UNSUPPORTED);
	assert_int_equal(f->a.by_signer[VENDOR], LW_APPROVAL_ABSENT);
}

/* Junk in a seal must not hide the approvals that came in a file of their own: each source is
 * capped where it is read. */
static void junk_hides_nobody(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < LW_MAX_APPROVALS; i++)
		honest(f, 77);
	honest(f, 1);
	honest(f, 3);
	count(f);
	assert_int_equal(people(f, "acme"), 2);
	assert_int_equal(f->a.n_unknown, LW_MAX_APPROVALS);
}

/* ---- bad, absent, unknown ---- */

static void a_bad_signature_by_a_known_key(void **state)
{
	struct fixture *f = *state;

	honest(f, 1);
	honest(f, 3);
	(void)claim(f, 4, lw_span_str("{\"a\":2}"), 4, NOTHING); /* over something else */
	count(f);
	assert_true(has(f, LW_FINDING_SEAL_SIGNATURE_BAD));
	assert_int_equal(people(f, "acme"), 2);
	assert_false(lw_verdict_clear(&f->v)); /* "bad" never continues */
	assert_int_equal(f->a.n_unknown, 0);
	assert_string_equal(f->v.findings[0].object, "carol");
}

static void a_stranger_with_a_known_keyid(void **state)
{
	struct fixture *f = *state;

	honest(f, 1);
	honest(f, 3);
	(void)claim(f, 77, f->payload, 4, NOTHING);
	count(f);
	assert_true(has(f, LW_FINDING_SEAL_SIGNATURE_BAD));
}

static void an_empty_signature_with_a_known_keyid(void **state)
{
	struct fixture *f = *state;
	struct lw_claim *c = claim(f, 1, f->payload, 1, 0);

	c->sig = lw_span(NULL, 0);
	count(f);
	assert_true(has(f, LW_FINDING_SEAL_SIGNATURE_BAD));
	assert_int_equal(people(f, "acme"), 0);
}

/* A hint is a hint: a good signature under another's key id counts for who signed. */
static void a_wrong_hint_changes_nothing(void **state)
{
	struct fixture *f = *state;

	(void)claim(f, 1, f->payload, 3, 0);
	(void)claim(f, 3, f->payload, 99, 2);
	count(f);
	assert_int_equal(people(f, "acme"), 2);
	assert_int_equal(f->v.n_findings, 0);
}

static void other_bytes_are_not_approved(void **state)
{
	struct fixture *f = *state;

	honest(f, 1);
	honest(f, 3);
	f->payload = lw_span_str("{\"a\":1} ");
	count(f);
	assert_int_equal(people(f, "acme"), 0);
	assert_true(has(f, LW_FINDING_SEAL_SIGNATURE_BAD));
}

/* Bare signatures over the payload, or over another type of it, are not approvals. */
static void only_the_pae_is_signed(void **state)
{
	struct fixture *f = *state;
	LW_AUTO(private_key) struct lw_private_key *k = people_key(1);
	LW_AUTO(buf) struct lw_buf bare = { 0 };
	LW_AUTO(buf) struct lw_buf typed = { 0 };
	LW_AUTO(buf) struct lw_buf message = { 0 };
	struct lw_error e;

	OK(lw_private_key_sign(k, f->payload, &bare, &e));
	lw_dsse_pae("application/vnd.oci.image.manifest.v1+json", f->payload, &message);
	OK(lw_private_key_sign(k, lw_buf_span(&message), &typed, &e));
	f->claims[0] = (struct lw_claim){ .sig = lw_buf_span(&bare), .n_matches = 1 };
	f->claims[1] = (struct lw_claim){ .sig = lw_buf_span(&typed), .n_matches = 1 };
	lw_approvals_count(f->p, f->payload, f->claims, 2, &f->v, &f->a);
	assert_int_equal(people(f, "acme"), 0);
	assert_int_equal(f->a.n_unknown, 2);
}

/* ---- which sender ---- */

static void the_claimed_sender_is_tried_first(void **state)
{
	struct fixture *f = *state;

	honest(f, 1);
	honest(f, 3);
	honest(f, 4);
	honest(f, 6);
	count(f);
	/* acme's, globex's threshold is met; initech wants three of four, of whom one cannot */
	assert_string_equal(prove(f, "globex")->name, "globex");
	assert_string_equal(prove(f, "acme")->name, "acme");
	assert_string_equal(prove(f, "initech")->name, "initech");
	assert_string_equal(prove(f, NULL)->name, "acme"); /* policy order */
	assert_string_equal(prove(f, "")->name, "acme");
	assert_string_equal(prove(f, "nobody")->name, "acme");
}

static void a_sender_that_is_not_claimed(void **state)
{
	struct fixture *f = *state;

	honest(f, 6);
	count(f);
	/* The caller holds the statement's sender against this one. */
	assert_string_equal(prove(f, "acme")->name, "globex");
}

static void the_shortfall_names_the_claimed_sender(void **state)
{
	struct fixture *f = *state;

	honest(f, 1);
	count(f);
	assert_null(prove(f, "initech"));
	assert_int_equal(f->v.findings[f->v.n_findings - 1].id, LW_FINDING_SEAL_THRESHOLD);
	assert_non_null(strstr(f->v.findings[f->v.n_findings - 1].expected, "3 of 4"));
	assert_null(prove(f, "globex"));
	assert_int_equal(f->v.findings[f->v.n_findings - 1].id, LW_FINDING_SEAL_UNAPPROVED);
	assert_null(prove(f, "nobody")); /* who came nearest */
	assert_non_null(strstr(f->v.findings[f->v.n_findings - 1].expected, "acme"));
}

static void a_policy_without_senders(void **state)
{
	struct fixture *f = *state;
	struct lw_error e;

	lw_policy_free(f->p);
	f->p = NULL;
	OK(people_policy("{\"format\":\"landwaiter-policy/1\",\"images\":[],\"senders\":{},"
			 "\"signers\":{}}",
			 &f->p, &e));
	(void)claim(f, 1, f->payload, 1, 0);
	count(f);
	assert_null(prove(f, "acme"));
	assert_true(has(f, LW_FINDING_SEAL_UNAPPROVED));
}

/* No policy that parses has a threshold of 0; one that was made otherwise proves nothing. */
static void a_threshold_of_nothing_is_never_met(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->p->n_senders; i++)
		f->p->senders[i].approvers.threshold = 0;
	honest(f, 1);
	honest(f, 3);
	honest(f, 6);
	count(f);
	assert_null(prove(f, "acme"));
	assert_null(f->proven.bytes.p);
	assert_false(lw_verdict_clear(&f->v));
}

static void it_is_described(void **state)
{
	struct fixture *f = *state;
	LW_AUTO(buf) struct lw_buf b = { 0 };

	honest(f, 1);
	honest(f, 77);
	count(f);
	lw_approvals_describe(f->p, &lw_policy_sender(f->p, "initech")->approvers, &f->a, &b);
	assert_string_equal(lw_buf_str(&b),
			    "1 of 4: alice \xe2\x9c\x93 bob absent carol absent dora cannot be "
			    "checked (and 1 by nobody known here)");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(two_people_are_two),
		T(nobody),
		T(one_of_two),
		T(two_keys_of_one_person),
		T(one_signature_many_times),
		T(two_names_of_one_owner),
		T(one_name_twice_and_another),
		T(strangers_do_not_count),
		T(what_fits_two_counts_for_none),
		T(lies_about_matches),
		T(more_matches_than_fit),
		T(one_match_named_four_times),
		T(a_match_among_wrong_ones),
		T(a_hidden_match),
		T(other_kinds_of_keys_seal_nothing),
		T(junk_hides_nobody),
		T(a_bad_signature_by_a_known_key),
		T(a_stranger_with_a_known_keyid),
		T(an_empty_signature_with_a_known_keyid),
		T(a_wrong_hint_changes_nothing),
		T(other_bytes_are_not_approved),
		T(only_the_pae_is_signed),
		T(the_claimed_sender_is_tried_first),
		T(a_sender_that_is_not_claimed),
		T(the_shortfall_names_the_claimed_sender),
		T(a_policy_without_senders),
		T(a_threshold_of_nothing_is_never_met),
		T(it_is_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
