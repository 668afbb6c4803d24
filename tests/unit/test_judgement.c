/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/judgement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/people.h"

#define IMAGE  "1111111111111111111111111111111111111111111111111111111111111111"
#define AMD64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ARM64  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OTHER  "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
#define NAME   "registry.acme.example/app:1"
#define REPO   "registry.acme.example/app"
#define SLSA   "https://slsa.dev/provenance/v1"
#define NOW    "2026-11-23T00:00:00Z"
#define NOW_HI "2026-11-24T00:00:00Z"

/* What signed bytes say. */
#define SIGNED_OF(name, hex)                                                                   \
	"{'critical':{'identity':{'docker-reference':'" name "'},"                             \
	"'image':{'docker-manifest-digest':'sha256:" hex "'},"                                 \
	"'type':'cosign container image signature'},'optional':null}"
#define SIGNED SIGNED_OF(REPO, IMAGE)
#define STATEMENT(type, subject, more)                                                         \
	"{'_type':'https://in-toto.io/Statement/v1','predicateType':'" type                    \
	"','subject':[" subject "]" more "}"
#define SUBJECT(hex)	    "{'digest':{'sha256':'" hex "'}}"
#define NAMED(name, hex)    "{'digest':{'sha256':'" hex "'},'name':'" name "'}"
#define COSIGN3(hex)	    STATEMENT(LW_TYPE_COSIGN_SIGN, SUBJECT(hex), ",'predicate':{}")
#define ATTESTED(hex, text) STATEMENT(SLSA, SUBJECT(hex), ",'predicate':" text)
#define BUILT_BY(hex, who)  ATTESTED(hex, "{'runDetails':{'builder':{'id':'" who "'}}}")
#define ENDORSED_OF(name, more)                                                                \
	STATEMENT(LW_TYPE_ENDORSEMENT, NAMED(name, IMAGE),                                     \
		  ",'predicate':{'created':'2026-11-01T00:00:00Z'" more "}")
#define ENDORSED(more) ENDORSED_OF(NAME, more)

/* Who can: a and a2 are one owner; young is not valid yet, old no more; mute has no key that
 * can be checked, half has one that can and one that cannot. */
static const char document[] =
	"{'format':'landwaiter-policy/1','zones':['staging','production'],'senders':{},'signers':{"
	"'a':{'owner':'acme','keys':[{'kind':'key','file':'1.pub'},{'kind':'cosign-key','file':'2.pub'}]},"
	"'a2':{'owner':'acme','keys':[{'kind':'key','file':'3.pub'}]},"
	"'b':{'keys':[{'kind':'key','file':'4.pub'}]},"
	"'c':{'keys':[{'kind':'key','file':'5.pub'}]},"
	"'half':{'keys':[{'kind':'key','file':'6.pub'},{'kind':'key','file':'unsupported.pub'}]},"
	"'mute':{'keys':[{'kind':'key','file':'unsupported.pub'}]},"
	"'old':{'keys':[{'kind':'key','file':'7.pub'}],'valid':['2026-01-01T00:00:00Z','2026-11-23T12:00:00Z']},"
	"'young':{'keys':[{'kind':'key','file':'8.pub'}],'valid':['2026-11-23T12:00:00Z','2027-01-01T00:00:00Z']}"
	"},'images':[{'match':'**','zone':'production',%s}]}";

/* What one testifies: what the signed words say, or "bad", "unchecked", "ambiguous" where there
 * is no telling. Of nobody known here: "". */
#define BY(who, words)	    who " " words "\n"
#define ON(who, hex, words) who "@" hex " " words "\n" /* attached to that one */

struct row {
	const char *rule, *says;
	bool met;
	const char *codes;	      /* of all findings, in order */
	const char *text;	      /* of the first group; NULL: whatever */
	const char *worth;	      /* of each testimony; NULL: whatever */
	const char *const *platforms; /* NULL: it is no index */
};

static struct lw_policy *policy(const char *rule)
{
	/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral) */
	lw_auto_free char *text = lw_asprintf(document, rule);
	struct lw_policy *p = NULL;
	struct lw_error e = { 0 };

	if (people_policy(text, &p, &e) < 0)
		fail_msg("%s for %s", e.text, text);
	return p;
}

static struct lw_digest digest(const char *hex)
{
	struct lw_digest d;
	struct lw_error e;

	OK(lw_hex_decode(lw_span_str(hex), d.sha256, sizeof(d.sha256), &e));
	return d;
}

static int64_t at(const char *time)
{
	struct lw_error e;
	int64_t t;

	OK(lw_time_parse(lw_span_str(time), &t, &e));
	return t;
}

/* What a judge would have read, after the proof: this test is not about proofs. */
static void read_words(const char *words, struct lw_testimony *t)
{
	lw_auto_free char *json = lw_strdup(words);
	struct lw_error e = { 0 };
	int r;

	for (char *c = json; (c = strchr(c, '\'')); c++)
		*c = '"';
	t->state = LW_TESTIMONY_GOOD;
	r = strncmp(json, "{\"critical", 10) == 0
		    ? lw_said_simple_signing(lw_unproven_in_the_box(lw_span_str(json)),
					     &t->said, &e)
		    : lw_said_in_toto(lw_unproven_in_the_box(lw_span_str(json)), &t->said, &e);
	if (r < 0)
		fail_msg("%s for %s", e.text, json);
}

/* One line of what is said. */
static void testify(const struct lw_policy *p, const char *line, struct lw_testimony *t)
{
	static const struct {
		const char *word;
		enum lw_testimony_state state;
		enum lw_finding_id finding;
	} words[] = {
		{ "bad", LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_SIGNATURE_BAD },
		{ "ambiguous", LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_SIGNATURE_AMBIGUOUS },
		{ "unchecked", LW_TESTIMONY_UNCHECKED, LW_FINDING_EVIDENCE_UNCHECKED },
	};
	size_t n = strcspn(line, "@ "), i = 0;

	*t = (struct lw_testimony){ .kind = "dsse",
				    .evidence = digest(OTHER),
				    .subject = digest(IMAGE),
				    .signer = SIZE_MAX,
				    .why = "so it is" };
	while (n > 0 &&
	       (strlen(p->signers[i].name) != n || strncmp(p->signers[i].name, line, n) != 0))
		assert_true(++i < p->n_signers);
	if (n > 0) {
		t->signer = i;
		t->key = p->signers[i].keys[0];
	}
	if (line[n] == '@') {
		lw_auto_free char *hex = lw_strndup(line + n + 1, 64);

		t->subject = digest(hex);
		n += 65;
	}
	line += n + 1;
	for (i = 0; i < LW_COUNT_OF(words); i++)
		if (strcmp(line, words[i].word) == 0) {
			t->state = words[i].state;
			t->finding = words[i].finding;
			return;
		}
	read_words(line, t);
}

static size_t testify_all(const struct lw_policy *p, const char *says, struct lw_testimony *t)
{
	size_t n = 0;

	while (*says) {
		size_t length = strcspn(says, "\n");
		lw_auto_free char *line = lw_strndup(says, length);

		testify(p, line, &t[n++]);
		says += length + 1;
	}
	return n;
}

static void codes(const struct lw_verdict *v, struct lw_buf *out)
{
	for (size_t i = 0; i < v->n_findings; i++)
		lw_buf_printf(out, "%s%s", i ? " " : "",
			      lw_finding_kind(v->findings[i].id)->code);
}

static void compare(const struct row *row, const struct lw_policy *p,
		    const struct lw_judged *image, const struct lw_judgement *j,
		    const struct lw_verdict *v)
{
	LW_AUTO(buf) struct lw_buf found = { 0 }, text = { 0 }, worth = { 0 };

	codes(v, &found);
	if (p->rules[0].n_require)
		lw_judgement_describe(p, &j->groups[0], &text);
	for (size_t i = 0; i < image->n_testimonies; i++)
		lw_buf_printf(&worth, "%s%s", i ? " " : "",
			      lw_worth_name(j->standings[i].worth));
	if (j->met == row->met && strcmp(lw_buf_str(&found), row->codes) == 0 &&
	    (!row->text || strcmp(lw_buf_str(&text), row->text) == 0) &&
	    (!row->worth || strcmp(lw_buf_str(&worth), row->worth) == 0))
		return;
	for (size_t i = 0; i < image->n_testimonies; i++)
		print_message("%s: %s\n", lw_worth_name(j->standings[i].worth),
			      j->standings[i].why);
	fail_msg("%s, '%s', '%s', '%s' for %s", j->met ? "met" : "not met", lw_buf_str(&found),
		 lw_buf_str(&text), lw_buf_str(&worth), row->rule);
}

static void judge(const struct row *row)
{
	LW_AUTO(policy) struct lw_policy *p = policy(row->rule);
	struct lw_testimony heard[4] = { 0 };
	struct lw_digest parts[2];
	struct lw_judged image = {
		.name = NAME,
		.digest = digest(IMAGE),
		.platforms = parts,
		.testimonies = heard,
		.n_testimonies = testify_all(p, row->says, heard),
		.now = { .lo = at(NOW), .hi = at(NOW_HI), .source = LW_HI_CLOCK },
	};
	LW_AUTO(buf) struct lw_buf json = { 0 };
	struct lw_json_writer w = { .out = &json, .canonical = true };
	struct lw_judgement j = { 0 };
	struct lw_verdict v = { 0 };

	assert_false(j.met);
	for (; row->platforms && row->platforms[image.n_platforms]; image.n_platforms++)
		parts[image.n_platforms] = digest(row->platforms[image.n_platforms]);
	lw_judgement_make(p, &p->rules[0], &image, &v, &j);
	compare(row, p, &image, &j, &v);
	/* Notes alone let an image in, and only one whose rule is met. */
	assert_int_equal(j.met, lw_verdict_clear(&v));
	lw_judgement_write(p, &image, &j, &w);
	lw_json_w_finish(&w);
	assert_non_null(strstr(lw_buf_str(&json), j.met ? "\"met\":true,\"signatures\""
							: "\"met\":false,\"signatures\""));
	for (size_t i = 0; i < image.n_testimonies; i++)
		lw_testimony_release(&heard[i]);
	lw_judgement_release(&j);
	lw_verdict_release(&v);
}

static void judge_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		judge(&rows[i]);
}

#define OF(n, who) "'require':[{'threshold':" n ",'of':[" who "]}]"
#define MISSING	   "policy.signer-missing"
#define MAYBE	   "policy.signer-unchecked"

/* ---- people ---- */

static void thresholds_count_owners(void **state)
{
	static const struct row rows[] = {
		{ OF("1", "'a'"), BY("a", SIGNED), true, "", "1 of 1: a ✓", "counts", NULL },
		{ OF("1", "'a'"), "", false, MISSING, "0 of 1: a absent", "", NULL },
		{ OF("1", "'b'"), BY("a", SIGNED), false, MISSING, "0 of 1: b absent", "counts",
		  NULL },
		{ OF("2", "'a','b','c'"), BY("a", SIGNED) BY("c", SIGNED), true, "",
		  "2 of 3: a ✓ b absent c ✓", NULL, NULL },
		{ OF("2", "'a','b','c'"), BY("a", SIGNED), false, MISSING,
		  "1 of 3: a ✓ b absent c absent", NULL, NULL },
		/* the same three times */
		{ OF("2", "'a','b','c'"), BY("a", SIGNED) BY("a", SIGNED) BY("a", SIGNED),
		  false, MISSING, "1 of 3: a ✓ b absent c absent", "counts counts counts",
		  NULL },
		/* one person, two ways to sign */
		{ OF("2", "'a','b'"), BY("a", SIGNED) BY("a", ENDORSED("")), false, MISSING,
		  "1 of 2: a ✓ b absent", NULL, NULL },
		/* two signers of one owner */
		{ OF("2", "'a','a2','b'"), BY("a", SIGNED) BY("a2", SIGNED), false, MISSING,
		  "1 of 2: a ✓ a2 ✓ b absent", NULL, NULL },
		{ OF("2", "'a','a2','b'"), BY("a", SIGNED) BY("a2", SIGNED) BY("b", SIGNED),
		  true, "", "2 of 2: a ✓ a2 ✓ b ✓", NULL, NULL },
		{ OF("1", "'a2','a'"), BY("a", SIGNED), true, "", "1 of 1: a2 absent a ✓", NULL,
		  NULL },
		/* AND of groups: one person may serve in both */
		{ "'require':[{'threshold':1,'of':['a']},{'threshold':2,'of':['a','b','c']}]",
		  BY("a", SIGNED) BY("b", SIGNED), true, "", "1 of 1: a ✓", NULL, NULL },
		{ "'require':[{'threshold':1,'of':['a']},{'threshold':2,'of':['b','c']}]",
		  BY("b", SIGNED) BY("c", SIGNED), false, MISSING, "0 of 1: a absent", NULL,
		  NULL },
		{ "'require':[{'threshold':1,'of':['a']},{'threshold':2,'of':['b','c']}]", "",
		  false, MISSING " " MISSING, "0 of 1: a absent", NULL, NULL },
	};

	(void)state;
	judge_rows(rows, LW_COUNT_OF(rows));
}

/* Absent, cannot be checked and bad stay three things. */
static void three_outcomes_never_mix(void **state)
{
	static const struct row rows[] = {
		{ OF("1", "'a'"), BY("a", SIGNED) BY("", "unchecked"), true,
		  "evidence.unchecked", "1 of 1: a ✓", "counts unchecked", NULL },
		{ OF("1", "'a'"), BY("", "unchecked"), false, "evidence.unchecked " MISSING,
		  "0 of 1: a absent", "unchecked", NULL },
		{ OF("1", "'a'"), BY("a", "unchecked"), false, "evidence.unchecked " MAYBE,
		  "0 of 1: a cannot be checked", "unchecked", NULL },
		{ OF("1", "'a'"), BY("a", SIGNED) BY("a", "unchecked"), true,
		  "evidence.unchecked", "1 of 1: a ✓", NULL, NULL },
		/* a bad one beside enough good ones */
		{ OF("1", "'a'"), BY("a", SIGNED) BY("", "bad"), false,
		  "evidence.signature-bad", "1 of 1: a ✓", "counts bad", NULL },
		{ OF("1", "'a'"), BY("a", SIGNED) BY("b", "bad"), false,
		  "evidence.signature-bad", "1 of 1: a ✓", "counts bad", NULL },
		{ OF("1", "'a'") ",'bad_signatures':'report'", BY("a", SIGNED) BY("", "bad"),
		  true, "evidence.reported", "1 of 1: a ✓", "counts bad", NULL },
		{ OF("1", "'a'") ",'bad_signatures':'refuse'", BY("a", SIGNED) BY("", "bad"),
		  false, "evidence.signature-bad", NULL, NULL, NULL },
		/* reported is not good */
		{ OF("1", "'a'") ",'bad_signatures':'report'", BY("a", "bad"), false,
		  "evidence.reported " MISSING, "0 of 1: a bad", "bad", NULL },
		{ OF("2", "'a','b'") ",'bad_signatures':'report'",
		  BY("a", SIGNED) BY("b", "bad"), false, "evidence.reported " MISSING,
		  "1 of 2: a ✓ b bad", NULL, NULL },
		{ OF("1", "'a'"), BY("a", SIGNED) BY("", "ambiguous"), false,
		  "evidence.signature-ambiguous", NULL, NULL, NULL },
		/* keys of a later version */
		{ OF("1", "'mute','b'"), BY("b", SIGNED), true, "",
		  "1 of 2: mute cannot be checked b ✓", NULL, NULL },
		{ OF("1", "'mute'"), "", false, MAYBE, "0 of 1: mute cannot be checked", NULL,
		  NULL },
		{ OF("2", "'mute','b'"), BY("b", SIGNED), false, MAYBE,
		  "1 of 2: mute cannot be checked b ✓", NULL, NULL },
		{ OF("1", "'half'"), "", false, MISSING, "0 of 1: half absent", NULL, NULL },
		{ OF("1", "'half'"), BY("", "unchecked"), false, "evidence.unchecked " MAYBE,
		  "0 of 1: half cannot be checked", NULL, NULL },
		{ OF("1", "'half'"), BY("half", SIGNED), true, "", "1 of 1: half ✓", NULL,
		  NULL },
	};

	(void)state;
	judge_rows(rows, LW_COUNT_OF(rows));
}

static void a_signer_counts_in_its_time(void **state)
{
	/* now is from 11-23 to 11-24; old ends and young begins at noon between */
	static const struct row rows[] = {
		{ OF("1", "'old'"), BY("old", SIGNED), false, MISSING,
		  "0 of 1: old does not count", "aside", NULL },
		{ OF("1", "'young'"), BY("young", SIGNED), false, MISSING,
		  "0 of 1: young does not count", "aside", NULL },
		{ "'attestations':[{'threshold':1,'of':['old'],'type':'" SLSA "'}]",
		  BY("old", ATTESTED(IMAGE, "{}")), false, "policy.attestation-missing", NULL,
		  "aside", NULL },
		/* what is bad stays bad */
		{ OF("1", "'b'"), BY("b", SIGNED) BY("old", SIGNED_OF(REPO, OTHER)), false,
		  "evidence.subject", NULL, "counts bad", NULL },
	};
	LW_AUTO(policy) struct lw_policy *p = policy(OF("1", "'old','young'"));
	struct lw_testimony t[2];
	const int64_t noon = at("2026-11-23T12:00:00Z");
	static const struct {
		int lo, hi; /* from noon */
		size_t people;
	} times[] = { { -2, -1, 1 }, { -1, 0, 0 }, { -1, -1, 1 }, { 0, 0, 1 },
		      { 0, 5, 1 },   { -9, 9, 0 }, { 1, 1, 1 } };

	(void)state;
	judge_rows(rows, LW_COUNT_OF(rows));
	assert_int_equal(testify_all(p, BY("old", SIGNED) BY("young", SIGNED), t), 2);
	for (size_t i = 0; i < LW_COUNT_OF(times); i++) {
		struct lw_judged image = { .name = NAME,
					   .digest = digest(IMAGE),
					   .testimonies = t,
					   .n_testimonies = 2,
					   .now = { .lo = noon + times[i].lo,
						    .hi = noon + times[i].hi } };
		struct lw_judgement j = { 0 };
		struct lw_verdict v = { 0 };

		lw_judgement_make(p, &p->rules[0], &image, &v, &j);
		assert_int_equal(j.groups[0].people, times[i].people);
		lw_judgement_release(&j);
		lw_verdict_release(&v);
	}
	for (size_t i = 0; i < 2; i++)
		lw_testimony_release(&t[i]);
}

/* ---- what is signed ---- */

#define EITHER "'signatures':['simple-signing','" LW_TYPE_COSIGN_SIGN "'],"

static void what_counts_as_a_signature(void **state)
{
	static const struct row rows[] = {
		/* a digest of something else, a name of something else */
		{ OF("1", "'a'"), BY("a", SIGNED_OF(REPO, OTHER)), false,
		  "evidence.subject " MISSING, "0 of 1: a bad", "bad", NULL },
		{ OF("1", "'a'"), BY("a", SIGNED_OF("registry.acme.example/app2", IMAGE)),
		  false, "evidence.name " MISSING, "0 of 1: a bad", "bad", NULL },
		{ OF("1", "'a'"), BY("a", SIGNED_OF(REPO ":other", IMAGE)), true, "",
		  "1 of 1: a ✓", "counts", NULL },
		/* of a part, attached to the part or to the whole */
		{ OF("1", "'a'"), ON("a", AMD64, SIGNED_OF(REPO, AMD64)), false, MISSING,
		  "0 of 1: a does not count", "aside", NULL },
		{ OF("1", "'a'"), BY("a", SIGNED_OF(REPO, AMD64)), false,
		  "evidence.subject " MISSING, "0 of 1: a bad", "bad", NULL },
		{ OF("1", "'a'"), ON("a", AMD64, SIGNED), false, "evidence.subject " MISSING,
		  "0 of 1: a bad", "bad", NULL },
		/* an attestation is no signature, unless policy says that its type is */
		{ OF("1", "'a'"), BY("a", ATTESTED(IMAGE, "{}")), false, MISSING,
		  "0 of 1: a absent", "counts", NULL },
		{ "'signatures':['" SLSA "']," OF("1", "'a'"),
		  BY("a", STATEMENT(SLSA, NAMED(REPO, IMAGE), "")), true, "", "1 of 1: a ✓",
		  "counts", NULL },
		{ "'signatures':['" SLSA "']," OF("1", "'a'"),
		  BY("a", STATEMENT(SLSA, NAMED("registry.acme.example/b", IMAGE), "")), false,
		  "evidence.name " MISSING, NULL, "bad", NULL },
		{ "'signatures':['" SLSA "']," OF("1", "'a'"), BY("a", SIGNED), false, MISSING,
		  "0 of 1: a does not count", "aside", NULL },
		/* types are compared exactly */
		{ "'signatures':['" SLSA "']," OF("1", "'a'"),
		  BY("a", STATEMENT(SLSA "/", NAMED(REPO, IMAGE), "")) BY(
			  "a",
			  STATEMENT("https://slsa.dev/provenance/V1", NAMED(REPO, IMAGE), ""))
			  BY("a", STATEMENT("x:simple-signing", NAMED(REPO, IMAGE), "")),
		  false, MISSING, "0 of 1: a does not count", "aside aside aside", NULL },
		/* cosign 3 names no repository */
		{ OF("1", "'a'"), BY("a", COSIGN3(IMAGE)), false, MISSING, "0 of 1: a absent",
		  "counts", NULL },
		{ EITHER OF("1", "'a'"), BY("a", COSIGN3(IMAGE)), false, MISSING,
		  "0 of 1: a does not count", "aside", NULL },
		{ EITHER "'unnamed':'refuse'," OF("1", "'a'"), BY("a", COSIGN3(IMAGE)), false,
		  MISSING, NULL, "aside", NULL },
		{ EITHER "'unnamed':'seal'," OF("1", "'a'"), BY("a", COSIGN3(IMAGE)), true, "",
		  "1 of 1: a ✓", "counts", NULL },
		{ EITHER "'unnamed':'seal'," OF("1", "'a'"), BY("a", COSIGN3(OTHER)), false,
		  "evidence.subject " MISSING, NULL, "bad", NULL },
		{ EITHER "'unnamed':'seal'," OF("1", "'a'"), ON("a", AMD64, COSIGN3(AMD64)),
		  false, MISSING, NULL, "aside", NULL },
		/* "seal" is not "any name" */
		{ EITHER "'unnamed':'seal'," OF("1", "'a'"),
		  BY("a", STATEMENT(LW_TYPE_COSIGN_SIGN, NAMED("evil.example/app", IMAGE),
				    ",'predicate':{}")),
		  false, "evidence.name " MISSING, NULL, "bad", NULL },
		/* of several subjects, the one it is attached to */
		{ EITHER "'unnamed':'seal'," OF("1", "'a'"),
		  BY("a",
		     STATEMENT(LW_TYPE_COSIGN_SIGN, SUBJECT(OTHER) "," SUBJECT(IMAGE), "")),
		  true, "", NULL, "counts", NULL },
	};

	(void)state;
	judge_rows(rows, LW_COUNT_OF(rows));
}

static void endorsements(void **state)
{
#define DATED	",'predicate':{'created':'" NOW "'}"
#define UNNAMED STATEMENT(LW_TYPE_ENDORSEMENT, SUBJECT(IMAGE), DATED)
#define OF_PART STATEMENT(LW_TYPE_ENDORSEMENT, NAMED(NAME, AMD64), DATED)
#define NOT_YET "0 of 1: a does not count"
	static const struct row rows[] = {
		{ OF("1", "'a'"), BY("a", ENDORSED("")), true, "", "1 of 1: a ✓", NULL, NULL },
		{ OF("1", "'a'"), BY("a", ENDORSED(",'zone':'production'")), true, "",
		  "1 of 1: a ✓", NULL, NULL },
		{ OF("1", "'a'"), BY("a", ENDORSED(",'zone':'staging'")), false, MISSING,
		  NOT_YET, "aside", NULL },
		{ OF("1", "'a'"), BY("a", ENDORSED(",'zone':'Production'")), false,
		  "evidence.malformed " MISSING, NULL, "bad", NULL },
		{ OF("1", "'a'"), BY("a", ENDORSED(",'expires':'2026-11-24T00:00:01Z'")), true,
		  "", NULL, NULL, NULL },
		{ OF("1", "'a'"), BY("a", ENDORSED(",'expires':'2026-11-24T00:00:00Z'")), false,
		  MISSING, NOT_YET, "aside", NULL },
		{ OF("1", "'a'"), BY("a", ENDORSED(",'expires':'2026-11-23T00:00:00Z'")), false,
		  MISSING, NOT_YET, "aside", NULL },
		/* what cannot be read may be what limits it */
		{ OF("1", "'a'"), BY("a", ENDORSED(",'expires':1795478400")), false,
		  "evidence.malformed " MISSING, "0 of 1: a bad", "bad", NULL },
		{ OF("1", "'a'"), BY("a", ENDORSED(",'expires':null")), false,
		  "evidence.malformed " MISSING, "0 of 1: a bad", "bad", NULL },
		{ OF("1", "'a'"), BY("a", ENDORSED(",'expires':'in a year'")), false,
		  "evidence.malformed " MISSING, NULL, "bad", NULL },
		{ OF("1", "'a'"), BY("a", ENDORSED(",'zone':['staging']")), false,
		  "evidence.malformed " MISSING, NULL, "bad", NULL },
		{ OF("1", "'a'"), BY("a", ENDORSED(",'unless':'it rains'")), false,
		  "evidence.malformed " MISSING, NULL, "bad", NULL },
		{ OF("1", "'a'"),
		  BY("a", STATEMENT(LW_TYPE_ENDORSEMENT, NAMED(NAME, IMAGE), "")), false,
		  "evidence.malformed " MISSING, NULL, "bad", NULL },
		{ OF("1", "'a'"),
		  BY("a",
		     STATEMENT(LW_TYPE_ENDORSEMENT, NAMED(NAME, IMAGE), ",'predicate':{}")),
		  false, "evidence.malformed " MISSING, NULL, "bad", NULL },
		/* of an exact name */
		{ OF("1", "'a'"), BY("a", ENDORSED_OF(REPO, "")), false,
		  "evidence.name " MISSING, "0 of 1: a bad", "bad", NULL },
		{ OF("1", "'a'"), BY("a", ENDORSED_OF(REPO ":2", "")), false,
		  "evidence.name " MISSING, NULL, "bad", NULL },
		{ OF("1", "'a'"), BY("a", ENDORSED_OF(NAME "0", "")), false,
		  "evidence.name " MISSING, NULL, "bad", NULL },
		{ OF("1", "'a'") ",'unnamed':'seal'", BY("a", UNNAMED), false, MISSING, NOT_YET,
		  "aside", NULL },
		{ OF("1", "'a'"), ON("a", AMD64, OF_PART), false, MISSING, NOT_YET, "aside",
		  NULL },
		/* where policy wants it as an attestation, no less is asked of it */
		{ "'attestations':[{'threshold':1,'of':['a'],'type':'" LW_TYPE_ENDORSEMENT
		  "'}]",
		  BY("a", ENDORSED("")), true, "", NULL, "counts", NULL },
		{ "'attestations':[{'threshold':1,'of':['a'],'type':'" LW_TYPE_ENDORSEMENT
		  "'}],'signatures':['" SLSA "']," OF("1", "'a'"),
		  BY("a", ENDORSED("")), false, MISSING, "0 of 1: a absent", "counts", NULL },
		{ "'attestations':[{'threshold':1,'of':['a'],'type':'" LW_TYPE_ENDORSEMENT
		  "'}]",
		  BY("a", ENDORSED(",'expires':'2026-11-23T00:00:00Z'")), false,
		  "policy.attestation-missing", NULL, "aside", NULL },
	};
#undef NOT_YET

	(void)state;
	judge_rows(rows, LW_COUNT_OF(rows));
}

/* ---- attestations ---- */

#define WANTS(n, who, more)                                                                    \
	"'attestations':[{'threshold':" n ",'of':[" who "],'type':'" SLSA "'" more "}]"
#define NONE   "policy.attestation-missing"
#define FIELD  "policy.attestation-field"
#define UNREAD "policy.attestation-unchecked"

static void attestations(void **state)
{
	static const struct row rows[] = {
		{ WANTS("1", "'a'", ""), BY("a", ATTESTED(IMAGE, "{}")), true, "", NULL,
		  "counts", NULL },
		{ WANTS("1", "'a'", ""), "", false, NONE, NULL, "", NULL },
		{ WANTS("1", "'a'", ""), BY("b", ATTESTED(IMAGE, "{}")), false, NONE, NULL,
		  NULL, NULL },
		{ WANTS("1", "'a'", ""), BY("", "unchecked"), false, "evidence.unchecked " NONE,
		  NULL, NULL, NULL },
		{ WANTS("1", "'a'", ""), BY("a", SIGNED), false, NONE, NULL, "counts", NULL },
		{ WANTS("1", "'a'", ""), BY("a", STATEMENT(SLSA, SUBJECT(IMAGE), "")), false,
		  NONE, NULL, "aside", NULL },
		{ WANTS("1", "'a'", ""),
		  BY("a", STATEMENT("https://slsa.dev/provenance/v1.0", SUBJECT(IMAGE),
				    ",'predicate':{}")),
		  false, NONE, NULL, NULL, NULL },
		{ WANTS("1", "'a'", ""), BY("a", ATTESTED(OTHER, "{}")), false,
		  "evidence.subject " NONE, NULL, "bad", NULL },
		/* keys of a later version, and what is signed in a form of one */
		{ WANTS("1", "'mute'", ""), "", false, UNREAD, NULL, NULL, NULL },
		{ WANTS("2", "'mute','b'", ""), BY("b", ATTESTED(IMAGE, "{}")), false, UNREAD,
		  NULL, NULL, NULL },
		{ WANTS("1", "'mute','b'", ""), BY("b", ATTESTED(IMAGE, "{}")), true, "", NULL,
		  NULL, NULL },
		{ WANTS("1", "'half'", ""), "", false, NONE, NULL, NULL, NULL },
		{ WANTS("1", "'half'", ""), BY("", "unchecked"), false,
		  "evidence.unchecked " UNREAD, NULL, NULL, NULL },
		{ WANTS("1", "'half'", ""), BY("half", ATTESTED(IMAGE, "{}")), true, "", NULL,
		  NULL, NULL },
		{ WANTS("1", "'a'", ""), BY("a", "unchecked"), false,
		  "evidence.unchecked " UNREAD, NULL, NULL, NULL },
		{ WANTS("1", "'a'", ""), BY("b", "unchecked"), false,
		  "evidence.unchecked " NONE, NULL, NULL, NULL },
		{ WANTS("1", "'mute'", "") "," OF("1", "'b'"), BY("b", SIGNED), false, UNREAD,
		  "1 of 1: b ✓", NULL, NULL },
		/* people */
		{ WANTS("2", "'a','b'", ""),
		  BY("a", ATTESTED(IMAGE, "{}")) BY("a", ATTESTED(IMAGE, "{}")), false, NONE,
		  NULL, NULL, NULL },
		{ WANTS("2", "'a','a2','b'", ""),
		  BY("a", ATTESTED(IMAGE, "{}")) BY("a2", ATTESTED(IMAGE, "{}")), false, NONE,
		  NULL, NULL, NULL },
		{ WANTS("2", "'a','b'", ""),
		  BY("a", ATTESTED(IMAGE, "{}")) BY("b", ATTESTED(IMAGE, "{}")), true, "", NULL,
		  NULL, NULL },
		/* beside signatures: both */
		{ WANTS("1", "'b'", "") "," OF("1", "'a'"),
		  BY("a", SIGNED) BY("b", ATTESTED(IMAGE, "{}")), true, "", "1 of 1: a ✓", NULL,
		  NULL },
		{ WANTS("1", "'b'", "") "," OF("1", "'a'"), BY("b", ATTESTED(IMAGE, "{}")),
		  false, MISSING, "0 of 1: a absent", NULL, NULL },
		{ WANTS("1", "'b'", "") "," OF("1", "'a'"), BY("a", SIGNED), false, NONE, NULL,
		  NULL, NULL },
		/* conditions */
		{ WANTS("1", "'a'", ",'builder':['x','y']"), BY("a", BUILT_BY(IMAGE, "y")),
		  true, "", NULL, NULL, NULL },
		{ WANTS("1", "'a'", ",'builder':['x']"), BY("a", BUILT_BY(IMAGE, "y")), false,
		  FIELD, NULL, "counts", NULL },
		{ WANTS("1", "'a'", ",'builder':['x']"), BY("a", BUILT_BY(IMAGE, "xx")), false,
		  FIELD, NULL, NULL, NULL },
		{ WANTS("1", "'a'", ",'builder':['x']"), BY("a", ATTESTED(IMAGE, "{}")), false,
		  FIELD, NULL, NULL, NULL },
		{ WANTS("1", "'a'", ",'builder':['x'],'source':['s']"),
		  BY("a", BUILT_BY(IMAGE, "x")), false, FIELD, NULL, NULL, NULL },
		/* not from parts of two */
		{ WANTS("1", "'a'", ",'builder':['x'],'where':{'/predicate/s':['1']}"),
		  BY("a", BUILT_BY(IMAGE, "x")) BY("a", ATTESTED(IMAGE, "{'s':'1'}")), false,
		  FIELD, NULL, NULL, NULL },
		{ WANTS("1", "'a'", ",'where':{'/predicate/s':['1']}"),
		  BY("a", ATTESTED(IMAGE, "{'s':1}")), false, FIELD, NULL, NULL, NULL },
		/* one of several will do */
		{ WANTS("1", "'a'", ",'builder':['x']"),
		  BY("a", BUILT_BY(IMAGE, "y")) BY("a", BUILT_BY(IMAGE, "x")), true, "", NULL,
		  NULL, NULL },
	};

	(void)state;
	judge_rows(rows, LW_COUNT_OF(rows));
}

static void attestations_per_platform(void **state)
{
	static const char *const both[] = { AMD64, ARM64, NULL };
	static const char *const one[] = { AMD64, NULL };
	static const struct row rows[] = {
		{ WANTS("1", "'a'", ""), BY("a", ATTESTED(IMAGE, "{}")), true, "", NULL, NULL,
		  both },
		{ WANTS("1", "'a'", ""),
		  ON("a", AMD64, ATTESTED(AMD64, "{}")) ON("a", ARM64, ATTESTED(ARM64, "{}")),
		  true, "", NULL, NULL, both },
		{ WANTS("1", "'a'", ""), ON("a", AMD64, ATTESTED(AMD64, "{}")), false, NONE,
		  NULL, NULL, both },
		{ WANTS("1", "'a'", ""), ON("a", AMD64, ATTESTED(AMD64, "{}")), true, "", NULL,
		  NULL, one },
		{ WANTS("1", "'a'", ""), ON("a", AMD64, ATTESTED(AMD64, "{}")), false, NONE,
		  NULL, NULL, NULL },
		/* each by whom it must be by */
		{ WANTS("1", "'a','b'", ""),
		  ON("a", AMD64, ATTESTED(AMD64, "{}")) ON("b", ARM64, ATTESTED(ARM64, "{}")),
		  false, NONE, NULL, NULL, both },
		{ WANTS("1", "'a'", ",'builder':['x']"),
		  ON("a", AMD64, BUILT_BY(AMD64, "x")) ON("a", ARM64, BUILT_BY(ARM64, "y")),
		  false, FIELD, NULL, NULL, both },
		/* one statement about both, on one of them */
		{ WANTS("1", "'a'", ""),
		  ON("a", AMD64,
		     STATEMENT(SLSA, SUBJECT(AMD64) "," SUBJECT(ARM64), ",'predicate':{}")),
		  true, "", NULL, NULL, both },
		/* of a platform that is attached elsewhere */
		{ WANTS("1", "'a'", ""),
		  ON("a", AMD64, ATTESTED(AMD64, "{}")) ON("a", ARM64, ATTESTED(AMD64, "{}")),
		  false, "evidence.subject " NONE, NULL, NULL, both },
		/* a signature of each part is none of the whole */
		{ OF("1", "'a'"),
		  ON("a", AMD64, SIGNED_OF(REPO, AMD64)) ON("a", ARM64, SIGNED_OF(REPO, ARM64)),
		  false, MISSING, NULL, NULL, both },
	};

	(void)state;
	judge_rows(rows, LW_COUNT_OF(rows));
}

/* ---- rules ---- */

static void a_rule_that_asks_nothing_is_never_met(void **state)
{
	LW_AUTO(policy) struct lw_policy *p = policy("'evidence':'not-required'");
	struct lw_judged image = { .name = NAME, .digest = digest(IMAGE) };
	struct lw_group none = { 0 };
	struct lw_group_result g = { .group = &none };

	(void)state;
	for (int required = 0; required < 2; required++) {
		struct lw_judgement j = { 0 };
		struct lw_verdict v = { 0 };

		p->rules[0].evidence_not_required = !required;
		lw_judgement_make(p, &p->rules[0], &image, &v, &j);
		assert_int_equal(j.met, !required);
		lw_judgement_release(&j);
		lw_verdict_release(&v);
	}

	/* nor is a group that asks for nobody */
	p->rules[0].require = &none;
	p->rules[0].n_require = 1;
	struct lw_judgement j = { 0 };
	struct lw_verdict v = { 0 };

	lw_judgement_make(p, &p->rules[0], &image, &v, &j);
	assert_false(j.met);
	assert_false(j.groups[0].met);
	assert_false(g.met);
	lw_judgement_release(&j);
	lw_verdict_release(&v);
	p->rules[0].require = NULL;
	p->rules[0].n_require = 0;
}

/* ---- names ---- */

#define REMAP(prefix, to)                                                                      \
	"{'type':'remapIdentity','prefix':'" prefix "','signedPrefix':'" to "'}"
#define REFERENCE(name)	 "{'type':'exactReference','dockerReference':'" name "'}"
#define REPOSITORY(name) "{'type':'exactRepository','dockerRepository':'" name "'}"
#define MATCH		 "{'type':'matchRepository'}"
#define EXACT		 "{'type':'matchExact'}"

/* {signedIdentity, the image, what was signed, whether it counts, as an endorsement too} */
struct name_row {
	const char *identity, *image, *signed_name;
	bool same, same_endorsed;
};

static void hold_names(const struct name_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		lw_auto_free char *rule =
			lw_asprintf("'signedIdentity':%s," OF("1", "'a'"), rows[i].identity);
		LW_AUTO(policy) struct lw_policy *p = policy(rule);
		bool same = lw_judgement_names(&p->rules[0], rows[i].image,
					       LW_TYPE_SIMPLE_SIGNING, rows[i].signed_name);
		bool endorsed = lw_judgement_names(&p->rules[0], rows[i].image,
						   LW_TYPE_ENDORSEMENT, rows[i].signed_name);

		if (same != rows[i].same || endorsed != rows[i].same_endorsed)
			fail_msg("%d %d: %s as %s under %s", same, endorsed, rows[i].image,
				 rows[i].signed_name, rows[i].identity);
	}
}

static void names(void **state)
{
	static const struct name_row rows[] = {
		{ MATCH, "a.example/app:1", "a.example/app", true, false },
		{ MATCH, "a.example/app:1", "a.example/app:1", true, true },
		{ MATCH, "a.example/app:1", "a.example/app:2", true, false },
		{ MATCH, "a.example/app:1", "a.example/app@sha256:" IMAGE, true, false },
		{ MATCH, "a.example/app:1", "a.example/app:9@sha256:" IMAGE, true, false },
		{ MATCH, "a.example/app:1", "a.example/app2", false, false },
		{ MATCH, "a.example/app:1", "a.example/ap", false, false },
		{ MATCH, "a.example/app:1", "a.example/app/", false, false },
		{ MATCH, "a.example/app:1", "a.example/app/x", false, false },
		{ MATCH, "a.example/app:1", "A.example/app", false, false },
		{ MATCH, "a.example/app:1", "b.example/app", false, false },
		{ MATCH, "a.example/app:1", "a.example", false, false },
		{ MATCH, "a.example/app:1", "", false, false },
		{ MATCH, "a.example/app:1", ":1", false, false },
		{ MATCH, "a.example/app:1", "@", false, false },
		/* a port is no tag */
		{ MATCH, "a.example:5000/app:1", "a.example:5000/app", true, false },
		{ MATCH, "a.example:5000/app:1", "a.example/app", false, false },
		{ MATCH, "a.example:5000/app:1", "a.example:5001/app", false, false },
		{ MATCH, "a.example:5000/app:1", "a.example:5000", false, false },
		{ MATCH, "a.example:5000/app:1", "a.example:5000/app:2", true, false },
		/* what names nothing */
		{ MATCH, "a.example/app:1", "a.example/app:", false, false },
		{ MATCH, "a.example/app:1", "a.example/app:-1", false, false },
		{ MATCH, "a.example/app:1", "a.example/app:1 ", false, false },
		{ MATCH, "a.example/app:1", "a.example/app@", false, false },
		{ MATCH, "a.example/app:1", "a.example/app@sha256:", false, false },
		{ MATCH, "a.example/app:1", "a.example/app:1@sha256:" IMAGE "0", false, false },
		/* Docker Hub goes by two names */
		{ MATCH, "docker.io/library/nginx:1", "index.docker.io/library/nginx", true,
		  false },
		{ MATCH, "docker.io/library/nginx:1", "index.docker.io/library/nginx:1", true,
		  true },
		{ MATCH, "index.docker.io/library/nginx:1", "docker.io/library/nginx", true,
		  false },
		{ MATCH, "docker.io/library/nginx:1", "docker.io/nginx", false, false },
		{ MATCH, "docker.io/library/nginx:1", "index.docker.io.evil/library/nginx",
		  false, false },
		{ MATCH, "docker.io/library/nginx:1", "nginx", false, false },

		{ EXACT, "a.example/app:1", "a.example/app:1", true, true },
		{ EXACT, "a.example/app:1", "a.example/app", false, false },
		{ EXACT, "a.example/app:1", "a.example/app:2", false, false },
		{ EXACT, "a.example/app:1", "a.example/app:1@sha256:" IMAGE, false, false },
		{ EXACT, "docker.io/library/nginx:1", "index.docker.io/library/nginx:1", true,
		  true },

		{ REFERENCE("v.example/x:3"), "a.example/app:1", "v.example/x:3", true, true },
		{ REFERENCE("v.example/x:3"), "a.example/app:1", "v.example/x", false, false },
		{ REFERENCE("v.example/x:3"), "a.example/app:1", "v.example/x:4", false,
		  false },
		{ REFERENCE("v.example/x:3"), "v.example/x:4", "v.example/x:4", false, false },
		{ REFERENCE("docker.io/x/y:3"), "a.example/app:1", "index.docker.io/x/y:3",
		  true, true },

		{ REPOSITORY("v.example/x"), "a.example/app:1", "v.example/x", true, true },
		{ REPOSITORY("v.example/x"), "a.example/app:1", "v.example/x:8", true, true },
		{ REPOSITORY("v.example/x"), "a.example/app:1", "a.example/app", false, false },
		{ REPOSITORY("v.example/x"), "a.example/app:1", "v.example/x/y", false, false },
		{ REPOSITORY("v.example:1/x"), "a.example/app:1", "v.example:1/x:1", true,
		  true },

	};

	(void)state;
	hold_names(rows, LW_COUNT_OF(rows));
}

static void remapped_names(void **state)
{
	static const struct name_row rows[] = {
		{ REMAP("in.example/v", "v.example"), "in.example/v/app:1", "v.example/app",
		  true, false },
		{ REMAP("in.example/v", "v.example"), "in.example/v/app:1", "v.example/app:1",
		  true, true },
		{ REMAP("in.example/v", "v.example"), "in.example/v/app:1", "in.example/v/app",
		  false, false },
		{ REMAP("in.example/v", "v.example"), "in.example/v/app:1", "v.example/v/app",
		  false, false },
		/* a prefix ends where a part of the path ends */
		{ REMAP("in.example/v", "v.example"), "in.example/v2/app:1", "v.example2/app",
		  false, false },
		{ REMAP("in.example/v", "v.example"), "in.example/v2/app:1",
		  "in.example/v2/app", true, false },
		{ REMAP("in.example/v/app", "v.example/x"), "in.example/v/app:1",
		  "v.example/x:2", true, false },
		/* another port is another registry */
		{ REMAP("in.example", "v.example"), "in.example:5000/app:1",
		  "v.example:5000/app", false, false },
		{ REMAP("in.example", "v.example"), "in.example:5000/app:1",
		  "in.example:5000/app", true, false },
		{ REMAP("in.example:5000", "v.example"), "in.example:5000/app:1",
		  "v.example/app", true, false },
		{ REMAP("in.example/app", "v.example/x"), "in.example/app:1", "v.example/x:1",
		  true, true },
		{ REMAP("in.example/v", "v.example"), "other.example/app:1",
		  "other.example/app", true, false },
	};

	(void)state;
	hold_names(rows, LW_COUNT_OF(rows));
}

static void words(void **state)
{
	(void)state;
	assert_string_equal(lw_worth_name(LW_WORTH_BAD), "bad");
	assert_string_equal(lw_worth_name(LW_WORTH_COUNTS), "counts");
	assert_string_equal(lw_worth_name((enum lw_worth)99), "bad");
	assert_string_equal(lw_vouched_name(LW_VOUCHED_GOOD), "good");
	assert_string_equal(lw_vouched_name((enum lw_vouched)99), "absent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds_count_owners),
		cmocka_unit_test(three_outcomes_never_mix),
		cmocka_unit_test(a_signer_counts_in_its_time),
		cmocka_unit_test(what_counts_as_a_signature),
		cmocka_unit_test(endorsements),
		cmocka_unit_test(attestations),
		cmocka_unit_test(attestations_per_platform),
		cmocka_unit_test(a_rule_that_asks_nothing_is_never_met),
		cmocka_unit_test(names),
		cmocka_unit_test(remapped_names),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
