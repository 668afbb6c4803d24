/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "tests/lib/edit.h"
#include "tests/lib/policies.h"

#define KEY(n)	  "{\"kind\":\"key\",\"file\":\"" n ".pub\"}"
#define SIGNER(n) "{\"keys\":[" KEY(n) "]}"
#define ACME                                                                                   \
	"\"acme\":{\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"],"                 \
	"\"max_age\":\"P30D\",\"challenge\":\"optional\",\"sequence_window\":0,"               \
	"\"audience\":\"any\"}"
#define TIME                                                                                   \
	"\"time\":{\"clock\":\"attested\",\"skew\":\"PT1M\",\"threshold\":2,"                  \
	"\"signers\":[\"alice\",\"bob\"]}"
#define RULE                                                                                   \
	"{\"match\":\"registry.acme.example/**\",\"evidence\":\"not-required\",\"zone\":\"prod\"}"

static const char good[] =
	"{\"format\":\"landwaiter-policy/1\",\"senders\":{" ACME "},"
	"\"signers\":{\"alice\":" SIGNER("1") ",\"bob\":{\"owner\":\"bob\",\"keys\":[" KEY(
		"2") "]},"
		     "\"carol\":{\"keys\":[" KEY("3") "," KEY(
			     "4") ",{\"kind\":\"key\",\"file\":\"unsupported.pub\"}]}},"
				  "\"images\":[" RULE "]," TIME "}";

static void everything_is_read(void **state)
{
	LW_AUTO(policy) struct lw_policy *p = policy_taken(good);
	const struct lw_sender *s = lw_policy_sender(p, "acme");
	size_t signer;

	(void)state;
	assert_non_null(s);
	assert_null(lw_policy_sender(p, "acm"));
	assert_null(lw_policy_sender(p, ""));
	assert_null(lw_policy_sender(p, "alice"));
	assert_int_equal(s->approvers.threshold, 2);
	assert_int_equal(s->approvers.n_signers, 3);
	assert_int_equal(lw_policy_owners(p, &s->approvers), 3);
	assert_int_equal(s->max_age_sec, 30 * 86400);
	assert_false(s->challenge_required);
	assert_true(s->any_audience);
	assert_int_equal(p->n_signers, 3);
	assert_string_equal(p->signers[0].owner, "alice");
	assert_int_equal(p->signers[2].n_keys, 2);
	assert_int_equal(p->signers[2].n_unsupported, 1);
	assert_int_equal(lw_policy_key_count(p, LW_KEYS_OWN), 4);
	assert_non_null(lw_policy_key_at(p, LW_KEYS_OWN, 3, &signer));
	assert_int_equal(signer, 2);
	assert_null(lw_policy_key_at(p, LW_KEYS_OWN, 4, &signer));
	assert_null(lw_policy_key_at(p, LW_KEYS_OWN, SIZE_MAX, &signer));
	assert_int_equal(p->time.threshold, 2);
	assert_int_equal(p->skew_sec, 60);
	assert_false(p->clock_trusted);
	assert_string_equal(p->rules[0].zone, "prod");
	assert_true(p->rules[0].evidence_not_required);
}

static void defaults(void **state)
{
	lw_auto_free char *text = edit_remove(good, TIME);
	lw_auto_free char *shorter =
		edit(text, ACME, "\"acme\":{\"threshold\":1,\"signers\":[\"alice\"]}");
	lw_auto_free char *bare = edit(shorter, ",\"zone\":\"prod\"", "");
	LW_AUTO(policy) struct lw_policy *p = policy_taken(bare);
	const struct lw_sender *s = lw_policy_sender(p, "acme");

	(void)state;
	assert_int_equal(s->max_age_sec, 30 * 86400);
	assert_false(s->any_audience);
	assert_true(p->clock_trusted);
	assert_int_equal(p->skew_sec, 300);
	assert_int_equal(p->time.threshold, 0);
	assert_string_equal(p->rules[0].zone, "default");
}

/* Well-formed, and more than this version judges. */
static void later_versions(void **state)
{
	static const struct {
		const char *at, *with;
	} later[] = {
		{ "\"owner\":\"bob\"", "\"owner\":\"bob\",\"purposes\":[\"seal\"]" },
		{ "\"sequence_window\":0", "\"sequence_window\":1" },
		{ "\"sequence_window\":0", "\"sequence_window\":1000" },
		{ KEY("2"), "{\"kind\":\"notation-x509\",\"file\":\"2.pub\"}" },
		{ KEY("2"), "{\"kind\":\"gpg\",\"file\":\"2.pub\"}" },
		{ KEY("2"), "{\"kind\":\"Key\",\"file\":\"2.pub\"}" },
		{ KEY("2"), "{\"kind\":\"\",\"file\":\"2.pub\"}" },
		{ KEY("2"), "{\"kind\":\"key\",\"file\":\"2.pub\",\"store\":\"x\"}" },
		{ KEY("2"), "{\"kind\":\"key\",\"file\":\"2.pub\",\"identity\":\"x\"}" },
		/* nothing would hold these against a seal or a word about the time */
		{ "\"owner\":\"bob\"",
		  "\"owner\":\"bob\",\"valid\":[null,\"2099-01-01T00:00:00Z\"]" },
		{ "\"owner\":\"bob\"",
		  "\"owner\":\"bob\",\"valid\":[\"2020-01-01T00:00:00Z\",null]" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(later); i++) {
		lw_auto_free char *text = edit(good, later[i].at, later[i].with);

		policy_refused(LW_E_UNSUPPORTED, text);
	}
}

#define COSIGN(n) "{\"kind\":\"cosign-key\",\"file\":\"" n ".pub\"}"

/* Seals and the time are signed with keys of kind "key", and no others count there. */
static void who_may_seal(void **state)
{
	static const char *const wrong[] = { COSIGN("2"), COSIGN("2") "," COSIGN("5"),
					     COSIGN("unsupported") };
	lw_auto_free char *both =
		edit(good, KEY("2"), COSIGN("6") "," KEY("2") "," COSIGN("7"));
	LW_AUTO(policy) struct lw_policy *p = policy_taken(both);
	const struct lw_signer *bob = &p->signers[1];
	lw_auto_free char *own = edit(good, KEY("2"), KEY("unsupported"));
	LW_AUTO(policy) struct lw_policy *untold = policy_taken(own);
	size_t signer;

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(wrong); i++) {
		lw_auto_free char *text = edit(good, KEY("2"), wrong[i]);
		lw_auto_free char *sealer =
			edit(text, ",\"threshold\":2,\"signers\":[\"alice\",\"bob\"]", "");
		lw_auto_free char *clock = edit(sealer, "attested", "trusted");

		policy_refused(LW_E_CONFLICT, text);
		policy_refused(LW_E_CONFLICT, clock);
	}
	assert_int_equal(bob->n_keys, 3);
	assert_int_equal(bob->n_own_keys, 1);
	assert_int_equal(lw_key_kind(bob->keys[0]), LW_KEY_OWN);
	assert_int_equal(lw_key_kind(bob->keys[1]), LW_KEY_COSIGN);
	assert_int_equal(lw_key_kind(bob->keys[2]), LW_KEY_COSIGN);
	assert_int_equal(lw_policy_key_count(p, LW_KEYS_OWN), 4); /* and not 6 */
	assert_ptr_equal(lw_policy_key_at(p, LW_KEYS_OWN, 1, &signer), bob->keys[0]);
	assert_non_null(lw_policy_key_at(p, LW_KEYS_OWN, 2, &signer));
	assert_int_equal(signer, 2);
	assert_int_equal(untold->signers[1].n_own_unsupported, 1);
}

static const struct {
	const char *at, *with;
	enum lw_code code;
} wrong_texts[] = {
	{ "landwaiter-policy/1", "landwaiter-policy/2", LW_E_FORMAT },
	{ "\"images\":[", "\"image\":[", LW_E_FORMAT },
	{ "\"images\":[", "\"waivers\":[],\"images\":[", LW_E_FORMAT },
	{ "{\"format\"", "{\"Format\":1,\"format\"", LW_E_FORMAT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]", "\"threshold\":2",
	  LW_E_FORMAT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]",
	  "\"threshold\":2,\"signers\":[]", LW_E_LIMIT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]",
	  "\"threshold\":2,\"signers\":[1,2]", LW_E_FORMAT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]",
	  "\"signers\":[\"alice\",\"bob\",\"carol\"]", LW_E_FORMAT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]",
	  "\"threshold\":0,\"signers\":[\"alice\",\"bob\",\"carol\"]", LW_E_LIMIT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]",
	  "\"threshold\":-1,\"signers\":[\"alice\",\"bob\",\"carol\"]", LW_E_LIMIT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]",
	  "\"threshold\":33,\"signers\":[\"alice\",\"bob\",\"carol\"]", LW_E_LIMIT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]",
	  "\"threshold\":\"2\",\"signers\":[\"alice\",\"bob\",\"carol\"]", LW_E_FORMAT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]",
	  "\"threshold\":4,\"signers\":[\"alice\",\"bob\",\"carol\"]", LW_E_CONFLICT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]",
	  "\"threshold\":1,\"signers\":[\"alice\",\"bob\",\"alice\"]", LW_E_CONFLICT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]",
	  "\"threshold\":1,\"signers\":[\"alice\",\"dave\"]", LW_E_NOTFOUND },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]",
	  "\"threshold\":1,\"signers\":[\"Alice\"]", LW_E_NOTFOUND },
	{ "\"acme\":{", "\"Acme\":{", LW_E_FORMAT },
	{ "\"acme\":{", "\"\":{", LW_E_FORMAT },
	{ "\"acme\":{", "\"acme\":{\"min_age\":\"P1D\",", LW_E_FORMAT },
	{ "\"alice\":{", "\"al ice\":{", LW_E_FORMAT },
	{ "\"alice\":{", "\"alice\":{\"comment\":\"\",", LW_E_FORMAT },
	{ "\"owner\":\"bob\"", "\"owner\":\"Bob\"", LW_E_FORMAT },
	{ "\"owner\":\"bob\"", "\"owner\":\"\"", LW_E_FORMAT },
	{ "\"P30D\"", "\"P1M\"", LW_E_FORMAT },
	{ "\"P30D\"", "\"30\"", LW_E_FORMAT },
	{ "\"P30D\"", "\"-P30D\"", LW_E_FORMAT },
	{ "\"P30D\"", "\"P99999999999999999999D\"", LW_E_LIMIT },
	{ "\"challenge\":\"optional\"", "\"challenge\":1", LW_E_FORMAT },
	{ "\"challenge\":\"optional\"", "\"challenge\":\"\"", LW_E_FORMAT },
	{ "\"challenge\":\"optional\"", "\"challenge\":\"Required\"", LW_E_FORMAT },
	{ "\"sequence_window\":0", "\"sequence_window\":1001", LW_E_LIMIT },
	{ "\"audience\":\"any\"", "\"audience\":\"all\"", LW_E_FORMAT },
	{ "\"audience\":\"any\"", "\"audience\":[\"any\"]", LW_E_FORMAT },
	{ "\"keys\":[" KEY("2") "]", "\"keys\":[]", LW_E_LIMIT },
	{ "\"keys\":[" KEY("2") "]", "\"keys\":{}", LW_E_FORMAT },
	{ "\"keys\":[" KEY("2") "]", "\"keys\":[\"2.pub\"]", LW_E_FORMAT },
	{ KEY("2"), "{\"kind\":\"key\"}", LW_E_FORMAT },
	{ KEY("2"), "{\"file\":\"2.pub\"}", LW_E_FORMAT },
	{ KEY("2"), "{\"kind\":\"key\",\"file\":\"\"}", LW_E_LIMIT },
	{ KEY("2"), "{\"kind\":\"key\",\"file\":\"2.pub\",\"purposes\":[\"seal\"]}",
	  LW_E_UNSUPPORTED },
	{ KEY("2"), "{\"kind\":\"key\",\"file\":\"2.pub\",\"x\":1}", LW_E_FORMAT },
	{ KEY("2"), KEY("gone"), LW_E_NOTFOUND },
	{ KEY("2"), KEY("broken"), LW_E_FORMAT },
	/* one key twice: under two people, under one */
	{ KEY("2"), KEY("1"), LW_E_CONFLICT },
	{ KEY("2"), KEY("2") "," KEY("2"), LW_E_CONFLICT },
	{ KEY("2"), KEY("2") "," KEY("1"), LW_E_CONFLICT },
	{ KEY("2"), KEY("2") "," COSIGN("1"), LW_E_CONFLICT },
	{ KEY("2"), KEY("2") "," COSIGN("2"), LW_E_CONFLICT },
	{ KEY("2"), KEY("2") "," COSIGN("gone"), LW_E_NOTFOUND },
	{ KEY("2"), KEY("2") "," COSIGN("broken"), LW_E_FORMAT },
	{ KEY("2"), KEY("2") "," COSIGN("empty"), LW_E_FORMAT },
	{ KEY("2"), KEY("empty"), LW_E_FORMAT },
	/* rules */
	{ "\"evidence\":\"not-required\",", "", LW_E_FORMAT },
	{ "\"evidence\":\"not-required\"", "\"evidence\":\"required\"", LW_E_FORMAT },
	{ "\"evidence\":\"not-required\"", "\"evidence\":false", LW_E_FORMAT },
	{ "\"match\":\"registry.acme.example/**\",", "", LW_E_FORMAT },
	{ "\"match\":\"registry.acme.example/**\"", "\"match\":\"\"", LW_E_LIMIT },
	{ "\"match\":\"registry.acme.example/**\"", "\"match\":\"a\\u001bb\"", LW_E_FORMAT },
	{ "\"zone\":\"prod\"", "\"zone\":\"Prod Zone\"", LW_E_FORMAT },
	{ "\"zone\":\"prod\"", "\"zone\":\"prod\",\"note\":\"x\"", LW_E_FORMAT },
	{ RULE, RULE "," RULE, LW_E_CONFLICT },
	{ RULE, "\"*\"", LW_E_FORMAT },
	/* time */
	{ "\"clock\":\"attested\"", "\"clock\":\"ntp\"", LW_E_FORMAT },
	{ "\"clock\":\"attested\"", "\"clock\":true", LW_E_FORMAT },
	{ "\"skew\":\"PT1M\"", "\"skew\":\"P2D\"", LW_E_LIMIT },
	{ "\"skew\":\"PT1M\"", "\"skew\":60", LW_E_FORMAT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\"]",
	  "\"threshold\":1,\"signers\":[\"alice\",\"bob\"]", LW_E_LIMIT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\"]",
	  "\"threshold\":2,\"signers\":[\"alice\"]", LW_E_LIMIT },
	{ "\"threshold\":2,\"signers\":[\"alice\",\"bob\"]",
	  "\"threshold\":3,\"signers\":[\"alice\",\"bob\"]", LW_E_CONFLICT },
	{ ",\"threshold\":2,\"signers\":[\"alice\",\"bob\"]", ",\"threshold\":2", LW_E_FORMAT },
	{ ",\"threshold\":2,\"signers\":[\"alice\",\"bob\"]",
	  ",\"signers\":[\"alice\",\"bob\"]", LW_E_FORMAT },
	{ ",\"threshold\":2,\"signers\":[\"alice\",\"bob\"]", "", LW_E_FORMAT },
	{ "\"clock\":\"attested\"", "\"clock\":\"attested\",\"authorities\":[]", LW_E_FORMAT },
	{ "{\"format\"", "x{\"format\"", LW_E_FORMAT },
};

static void what_may_not_stand_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(wrong_texts); i++) {
		lw_auto_free char *text = edit(good, wrong_texts[i].at, wrong_texts[i].with);

		policy_refused(wrong_texts[i].code, text);
	}
	policy_refused(LW_E_FORMAT, "");
	policy_refused(LW_E_FORMAT, "[]");
	policy_refused(LW_E_FORMAT, "{}");
}

/* Two names of one person are one person. */
static void owners_are_people(void **state)
{
	lw_auto_free char *same = edit(good, "\"owner\":\"bob\"", "\"owner\":\"alice\"");
	lw_auto_free char *no_time = edit_remove(same, TIME);
	lw_auto_free char *three =
		edit(no_time, "\"threshold\":2,\"signers\":[\"alice\",\"bob\",\"carol\"]",
		     "\"threshold\":3,\"signers\":[\"alice\",\"bob\",\"carol\"]");
	LW_AUTO(policy) struct lw_policy *p = policy_taken(no_time);

	(void)state;
	assert_int_equal(lw_policy_owners(p, &p->senders[0].approvers), 2);
	policy_refused(LW_E_CONFLICT, three);
	/* and two of one cannot attest the time */
	policy_refused(LW_E_CONFLICT, same);
}

static void too_large(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(buf) struct lw_buf keys = { 0 };

	(void)state;
	lw_buf_adds(&b, good);
	lw_buf_fill(&b, ' ', LW_MAX_POLICY_BYTES + 1 - b.n);
	policy_refused(LW_E_LIMIT, lw_buf_str(&b));
	for (int i = 0; i < (int)LW_MAX_SIGNER_KEYS + 1; i++)
		lw_buf_printf(&keys, "%s{\"kind\":\"key\",\"file\":\"%d.pub\"}", i ? "," : "",
			      100 + i);

	lw_auto_free char *many = edit(good, KEY("2"), lw_buf_str(&keys));

	policy_refused(LW_E_LIMIT, many);
	lw_buf_clear(&b);
	lw_buf_adds(
		&b,
		"{\"format\":\"landwaiter-policy/1\",\"senders\":{},\"signers\":{},\"images\":[");
	for (size_t i = 0; i < LW_MAX_RULES + 1; i++)
		lw_buf_printf(&b, "%s{\"match\":\"a/%zu\",\"evidence\":\"not-required\"}",
			      i ? "," : "", i);
	lw_buf_adds(&b, "]}");
	policy_refused(LW_E_LIMIT, lw_buf_str(&b));
	lw_buf_clear(&b);
	lw_buf_adds(&b, "{\"format\":\"landwaiter-policy/1\",\"senders\":{");
	for (size_t i = 0; i < LW_MAX_SENDERS + 1; i++)
		lw_buf_printf(&b, "%s\"s%zu\":{}", i ? "," : "", i);
	lw_buf_adds(&b, "},\"signers\":{},\"images\":[]}");
	policy_refused(LW_E_LIMIT, lw_buf_str(&b));
}

/* ---- matching ---- */

static void matching(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {
		{ "h/a", "h/a", true },
		{ "h/a", "h/ab", false },
		{ "h/a", "h/", false },
		{ "h/a", "H/a", false },
		{ "", "", true },
		{ "", "a", false },
		{ "*", "a", true },
		{ "*", "", true },
		{ "*", "h/a", false },
		{ "**", "h/a/b:1", true },
		{ "**", "", true },
		{ "***", "h/a", true },
		{ "****", "h/a/b", true },
		{ "h/*", "h/a", true },
		{ "h/*", "h/a:1", true },
		{ "h/*", "h/a/b", false },
		{ "h/*", "h/", true },
		{ "h/*", "h", false },
		{ "h/**", "h/a/b/c:1", true },
		{ "h/**", "h", false },
		{ "h/**", "ha/b", false },
		{ "h/*/c", "h/b/c", true },
		{ "h/*/c", "h/a/b/c", false },
		{ "h/**/c", "h/a/b/c", true },
		{ "h/**/c", "h/c", false },
		{ "h/*-dev:*", "h/app-dev:1.0", true },
		{ "h/*-dev:*", "h/app-dev", false },
		{ "h/a:*", "h/a", false },
		{ "**/a", "h/b/a", true },
		{ "**a", "h/b/a", true },
		{ "**a", "h/b/ab", false },
		{ "*/a*b", "h/aXb", true },
		{ "*/a*b", "h/aXbb", true },
		{ "*/a*b", "h/a/b", false },
		{ "**a*b", "x/a/ab", true },
		{ "**a*b", "a/b", false },
		{ "**a*b", "a/b/acb", true },
		{ "*a**b", "xa/y/b", true },
		{ "*a**b", "x/a/b", false },
		{ "h/[ab]", "h/a", false },
		{ "h/?", "h/a", false },
		{ "h/a.c", "h/abc", false },
		{ "h/\\*", "h/*", false },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++)
		if (lw_policy_matches(rows[i].pattern, rows[i].name) != rows[i].matches)
			fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].name);
}

/* The rules of matching as plainly as they can be said; slow. */
static bool plainly(const char *p, const char *n)
{
	if (!*p)
		return !*n;
	if (p[0] == '*' && p[1] == '*')
		return plainly(p + 2, n) || (*n && plainly(p, n + 1));
	if (p[0] == '*')
		return plainly(p + 1, n) || (*n && *n != '/' && plainly(p, n + 1));
	return *p == *n && plainly(p + 1, n + 1);
}

/* All patterns of up to 6 of these letters, against all names of up to 5 of the first three. */
static void matching_is_what_it_says(void **state)
{
	static const char letters[] = "ab/*";
	char p[8], n[8];
	size_t matched = 0;

	(void)state;
	for (unsigned pl = 0; pl <= 6; pl++)
		for (unsigned pi = 0; pi < 1u << 2 * pl; pi++) {
			for (unsigned i = 0; i < pl; i++)
				p[i] = letters[pi >> 2 * i & 3];
			p[pl] = '\0';
			if (!strchr(p, '*'))
				continue;
			for (unsigned nl = 0; nl <= 5; nl++)
				for (unsigned ni = 0; ni < 1u << 2 * nl; ni++) {
					bool name = true;

					for (unsigned i = 0; i < nl; i++) {
						n[i] = letters[ni >> 2 * i & 3];
						name = name && n[i] != '*';
					}
					n[nl] = '\0';
					if (!name)
						continue;
					if (lw_policy_matches(p, n) != plainly(p, n))
						fail_msg("'%s' and '%s'", p, n);
					matched += plainly(p, n);
				}
		}
	assert_true(matched > 10000);
}

static void matching_takes_no_time(void **state)
{
	static const char *const parts[] = { "**a", "*a", "**a*", "*a**", "a*", "**/", "*/" };
	struct timespec start, end;
	char name[LW_MAX_REFERENCE + 1], pattern[LW_MAX_REFERENCE + 1];

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (size_t i = 0; i < LW_COUNT_OF(parts); i++)
		for (int slashes = 0; slashes < 2; slashes++) {
			size_t step = strlen(parts[i]), n = 0;

			for (size_t k = 0; k < LW_MAX_REFERENCE; k++)
				name[k] = slashes && k % 2 ? '/' : 'a';
			name[LW_MAX_REFERENCE] = '\0';
			for (; n + step + 1 < sizeof(pattern); n += step)
				memcpy(pattern + n, parts[i], step);
			pattern[n++] = 'b';
			pattern[n] = '\0';
			assert_false(lw_policy_matches(pattern, name));
		}
	/* a long literal after two stars, which fails only at its end, wherever it begins */
	memset(name, 'a', LW_MAX_REFERENCE);
	memset(pattern, 'a', 250);
	memcpy(pattern, "***", 3);
	memcpy(pattern + 250, "b", 2);
	assert_false(lw_policy_matches(pattern, name));
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - start.tv_sec < 10);
}

static void the_most_specific_rule_wins(void **state)
{
	static const struct {
		const char *rules[4]; /* in order */
		const char *image;
		int want; /* index, or -1 */
	} rows[] = {
		{ { "h/a", "h/b" }, "h/c", -1 },
		{ { "**", "h/**" }, "h/a", 1 },
		{ { "h/**", "**" }, "h/a", 0 },
		{ { "h/**", "h/prod/**" }, "h/prod/app:1", 1 },
		{ { "h/prod/**", "h/**" }, "h/prod/app:1", 0 },
		{ { "h/prod/**", "h/prod/*" }, "h/prod/app", 1 },
		{ { "h/prod/*", "h/prod/**" }, "h/prod/app", 0 },
		{ { "h/a:1**", "h/a:1" }, "h/a:1", 1 },
		{ { "h/a:1", "h/a:1*" }, "h/a:1", 0 },
		{ { "h/a:1*", "h/a:1**", "h/a:1" }, "h/a:1", 2 },
		{ { "h/*", "h/*:1" }, "h/a:1", 1 },
		{ { "h/*:1", "h/*" }, "h/a:1", 0 },
		{ { "h/*:*", "h/*a*" }, "h/a:1", 0 }, /* no telling: the first */
		{ { "h/*a*", "h/*:*" }, "h/a:1", 0 },
		{ { "*/very/long/pattern/*", "h/**" }, "h/very/long/pattern/x", 1 },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		LW_AUTO(buf) struct lw_buf b = { 0 };
		LW_AUTO(policy) struct lw_policy *p = NULL;
		struct lw_error e;

		lw_buf_adds(&b,
			    "{\"format\":\"landwaiter-policy/1\",\"senders\":{},\"signers\":{},"
			    "\"images\":[");
		for (size_t k = 0; k < 4 && rows[i].rules[k]; k++)
			lw_buf_printf(&b, "%s{\"match\":\"%s\",\"evidence\":\"not-required\"}",
				      k ? "," : "", rows[i].rules[k]);
		lw_buf_adds(&b, "]}");
		OK(people_policy(lw_buf_str(&b), &p, &e));

		const struct lw_rule *r = lw_policy_rule(p, rows[i].image, NULL);

		if (rows[i].want < 0)
			assert_null(r);
		else if (r != &p->rules[rows[i].want])
			fail_msg("row %zu: %s", i, r ? r->match : "none");
	}
}

static void what_a_sender_must_answer(void **state)
{
	lw_auto_free char *text =
		edit(good, "\"challenge\":\"optional\"", "\"challenge\":\"required\"");
	lw_auto_free char *less = edit(good, "\"challenge\":\"optional\",", "");
	LW_AUTO(policy) struct lw_policy *required = policy_taken(text);
	LW_AUTO(policy) struct lw_policy *silent = policy_taken(less);

	(void)state;
	assert_true(lw_policy_sender(required, "acme")->challenge_required);
	assert_false(lw_policy_sender(silent, "acme")->challenge_required);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_sender_must_answer),
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(defaults),
		cmocka_unit_test(later_versions),
		cmocka_unit_test(who_may_seal),
		cmocka_unit_test(what_may_not_stand_there),
		cmocka_unit_test(owners_are_people),
		cmocka_unit_test(too_large),
		cmocka_unit_test(matching),
		cmocka_unit_test(matching_is_what_it_says),
		cmocka_unit_test(matching_takes_no_time),
		cmocka_unit_test(the_most_specific_rule_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
