/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for images: zones, groups, attestations, identities; and when signers count. */
#include "verify/policy_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/lib/edit.h"
#include "tests/lib/policies.h"

/* As in docs/format/policy.md. */
static const char good[] =
	"{'format':'landwaiter-policy/1','zones':['staging','production'],'senders':{},'signers':{"
	"'acme':{'keys':[{'kind':'cosign-key','file':'1.pub'}],"
	"'valid':['2026-01-01T00:00:00Z','2027-01-01T00:00:00Z']},"
	"'ops':{'keys':[{'kind':'key','file':'2.pub'}]},"
	"'qa':{'keys':[{'kind':'key','file':'3.pub'}]},"
	"'security':{'owner':'security','keys':[{'kind':'key','file':'4.pub'}]}},"
	"'images':["
	"{'match':'registry.example/prod/**','zone':'staging','require':["
	"{'threshold':1,'of':['acme']}]},"
	"{'match':'registry.example/prod/**','zone':'production',"
	"'require':[{'threshold':1,'of':['acme']},{'threshold':2,'of':['ops','qa','security']}],"
	"'attestations':[{'type':'https://slsa.dev/provenance/v1','of':['acme','ops'],"
	"'threshold':1,'builder':['https://b/1','https://b/2'],'source':['git+https://s'],"
	"'build_type':['https://t'],'where':{'/predicate/x~1y/0':['a','b']}}],"
	"'signatures':['simple-signing','https://sigstore.dev/cosign/sign/v1'],"
	"'signedIdentity':{'type':'remapIdentity','prefix':'registry.example/prod',"
	"'signedPrefix':'acme.example'},"
	"'unnamed':'seal','bad_signatures':'report','base':'accepted'}]}";

static void everything_is_read(void **state)
{
	LW_AUTO(policy) struct lw_policy *p = policy_taken(good);
	const struct lw_rule *r = &p->rules[1];
	const struct lw_attestation_rule *a = &r->attestations[0];
	char text[LW_TIME_TEXT];

	(void)state;
	assert_int_equal(p->n_zones, 2);
	assert_string_equal(p->zones[1], "production");
	assert_string_equal(lw_time_format(p->signers[0].valid_from, text),
			    "2026-01-01T00:00:00Z");
	assert_string_equal(lw_time_format(p->signers[0].valid_until, text),
			    "2027-01-01T00:00:00Z");
	assert_int_equal(lw_key_kind(p->signers[0].keys[0]), LW_KEY_COSIGN);
	assert_int_equal(p->signers[0].n_own_keys, 0);
	assert_string_equal(r->zone, "production");
	assert_int_equal(r->zone_index, 1);
	assert_false(r->evidence_not_required);
	assert_int_equal(r->n_require, 2);
	assert_int_equal(r->require[1].threshold, 2);
	assert_int_equal(r->require[1].n_signers, 3);
	assert_int_equal(r->require[1].signers[2], 3);
	assert_int_equal(r->n_attestations, 1);
	assert_string_equal(a->type, "https://slsa.dev/provenance/v1");
	assert_int_equal(a->of.threshold, 1);
	assert_int_equal(a->of.n_signers, 2);
	assert_int_equal(a->n_conditions, 4);
	assert_int_equal(a->conditions[0].field, LW_SAID_BUILDER);
	assert_null(a->conditions[0].pointer);
	assert_int_equal(a->conditions[0].n_in, 2);
	assert_string_equal(a->conditions[0].in[1], "https://b/2");
	assert_int_equal(a->conditions[1].field, LW_SAID_SOURCE);
	assert_int_equal(a->conditions[2].field, LW_SAID_BUILD_TYPE);
	assert_string_equal(a->conditions[2].in[0], "https://t");
	assert_int_equal(a->conditions[3].field, 0);
	assert_string_equal(a->conditions[3].pointer, "/predicate/x~1y/0");
	assert_int_equal(a->conditions[3].n_in, 2);
	assert_int_equal(r->n_signature_types, 2);
	assert_string_equal(r->signature_types[1], LW_TYPE_COSIGN_SIGN);
	assert_int_equal(r->identity, LW_IDENTITY_REMAP);
	assert_string_equal(r->identity_prefix, "registry.example/prod");
	assert_string_equal(r->identity_name, "acme.example");
	assert_true(r->unnamed_by_seal);
	assert_true(r->report_bad);
	assert_true(r->base_accepted);
}

/* The strict things are what is not said. */
static void defaults(void **state)
{
	LW_AUTO(policy) struct lw_policy *p = policy_taken(good);
	const struct lw_rule *r = &p->rules[0];

	(void)state;
	assert_int_equal(p->signers[1].valid_from, 0);
	assert_int_equal(p->signers[1].valid_until, INT64_MAX);
	assert_int_equal(r->identity, LW_IDENTITY_REPOSITORY);
	assert_int_equal(r->n_signature_types, 2);
	assert_string_equal(r->signature_types[0], LW_TYPE_SIMPLE_SIGNING);
	assert_string_equal(r->signature_types[1], LW_TYPE_ENDORSEMENT);
	assert_false(r->unnamed_by_seal);
	assert_false(r->report_bad);
	assert_false(r->base_accepted);
	assert_int_equal(r->n_attestations, 0);
}

#define RULE0	 "'zone':'staging','require':[{'threshold':1,'of':['acme']}]"
#define GROUP1	 "{'threshold':2,'of':['ops','qa','security']}"
#define VALID	 "['2026-01-01T00:00:00Z','2027-01-01T00:00:00Z']"
#define ATTESTED "'type':'https://slsa.dev/provenance/v1','of':['acme','ops'],'threshold':1"
#define IDENTITY                                                                               \
	"{'type':'remapIdentity','prefix':'registry.example/prod','signedPrefix':'acme.example'}"
#define TYPES "['simple-signing','https://sigstore.dev/cosign/sign/v1']"

static const struct row {
	const char *at, *with;
	enum lw_code code; /* LW_OK: taken */
} rows[] = {
	/* zones */
	{ "['staging','production']", "[]", LW_E_LIMIT },
	{ "['staging','production']", "{}", LW_E_FORMAT },
	{ "['staging','production']", "'staging'", LW_E_FORMAT },
	{ "['staging','production']", "['staging','production',1]", LW_E_FORMAT },
	{ "['staging','production']", "['staging','production','Staging']", LW_E_FORMAT },
	{ "['staging','production']", "['staging','production','']", LW_E_FORMAT },
	{ "['staging','production']", "['staging','production','staging']", LW_E_CONFLICT },
	{ "['staging','production']", "['staging']", LW_E_NOTFOUND },
	{ "['staging','production']", "['staging','prod']", LW_E_NOTFOUND },
	{ "['staging','production']",
	  "['staging','production','a','b','c','d','e','f','g','h','i','j','k','l','m','n','o']",
	  LW_E_LIMIT },
	{ "['staging','production']", "['a','b','staging','production']", LW_OK },
	{ "'zone':'staging'", "'zone':'default'", LW_E_NOTFOUND },
	{ "'zone':'staging',", "", LW_E_FORMAT },
	{ "'zone':'staging'", "'zone':null", LW_E_FORMAT },
	{ "'zone':'staging'", "'zone':'production'", LW_E_CONFLICT }, /* two for one match */
	/* valid */
	{ VALID, "[null,'2027-01-01T00:00:00Z']", LW_OK },
	{ VALID, "['2026-01-01T00:00:00Z',null]", LW_OK },
	{ VALID, "[]", LW_E_LIMIT },
	{ VALID, "['2026-01-01T00:00:00Z']", LW_E_LIMIT },
	{ VALID, "['2026-01-01T00:00:00Z','2027-01-01T00:00:00Z',null]", LW_E_LIMIT },
	{ VALID, "null", LW_E_FORMAT },
	{ VALID, "{'from':'2026-01-01T00:00:00Z'}", LW_E_FORMAT },
	{ VALID, "['2026-01-01','2027-01-01']", LW_E_FORMAT },
	{ VALID, "['2026-01-01T00:00:00+00:00','2027-01-01T00:00:00Z']", LW_E_FORMAT },
	{ VALID, "['2026-02-30T00:00:00Z','2027-01-01T00:00:00Z']", LW_E_FORMAT },
	{ VALID, "[0,'2027-01-01T00:00:00Z']", LW_E_FORMAT },
	{ VALID, "['2026-01-01T00:00:00Z',false]", LW_E_FORMAT },
	{ VALID, "['','2027-01-01T00:00:00Z']", LW_E_FORMAT },
	{ VALID, "['2027-01-01T00:00:00Z','2026-01-01T00:00:00Z']", LW_E_CONFLICT },
	{ VALID, "['2027-01-01T00:00:00Z','2027-01-01T00:00:00Z']", LW_E_CONFLICT },
	/* one key under two signers, of whatever kinds */
	{ "'file':'2.pub'", "'file':'1.pub'", LW_E_CONFLICT },
	{ "'kind':'cosign-key','file':'1.pub'", "'kind':'cosign-key','file':'4.pub'",
	  LW_E_CONFLICT },
	{ "'kind':'cosign-key','file':'1.pub'", "'kind':'cosign-key','file':'empty.pub'",
	  LW_E_FORMAT },
	{ "'kind':'cosign-key','file':'1.pub'", "'kind':'cosign-key','file':'gone.pub'",
	  LW_E_NOTFOUND },
	{ "'kind':'cosign-key','file':'1.pub'", "'kind':'cosign-key','file':'unsupported.pub'",
	  LW_OK },
	/* evidence or something to ask for, not both, not neither */
	{ RULE0, "'zone':'staging'", LW_E_FORMAT },
	{ RULE0, "'zone':'staging','evidence':'not-required'", LW_OK },
	{ RULE0, RULE0 ",'evidence':'not-required'", LW_E_FORMAT },
	{ RULE0, RULE0 ",'evidence':'required'", LW_E_FORMAT },
	{ RULE0, "'zone':'staging','evidence':null", LW_E_FORMAT },
	{ RULE0, "'zone':'staging','evidence':'not-required','attestations':[{" ATTESTED "}]",
	  LW_E_FORMAT },
	{ RULE0, "'zone':'staging','evidence':'not-required','base':'accepted'", LW_E_FORMAT },
	{ RULE0, "'zone':'staging','evidence':'not-required','bad_signatures':'refuse'",
	  LW_E_FORMAT },
	{ RULE0, "'zone':'staging','evidence':'not-required','unnamed':'refuse'", LW_E_FORMAT },
	{ RULE0, "'zone':'staging','evidence':'not-required','signatures':['simple-signing']",
	  LW_E_FORMAT },
	{ RULE0,
	  "'zone':'staging','evidence':'not-required','signedIdentity':{'type':'matchExact'}",
	  LW_E_FORMAT },
	{ RULE0, "'zone':'staging','base':'accepted'", LW_E_FORMAT },
	{ RULE0, RULE0 ",'tuf':'acme'", LW_E_NOTFOUND },
	{ RULE0, RULE0 ",'tuf':''", LW_E_FORMAT },
	{ RULE0, RULE0 ",'tuf':null", LW_E_FORMAT },
	{ RULE0, "'zone':'staging','evidence':'not-required','tuf':'acme'", LW_E_FORMAT },
	{ RULE0, RULE0 ",'maxAge':'P1D'", LW_E_FORMAT },
	/* require */
	{ RULE0, "'zone':'staging','require':[]", LW_E_LIMIT },
	{ RULE0, "'zone':'staging','require':{}", LW_E_FORMAT },
	{ RULE0, "'zone':'staging','require':['acme']", LW_E_FORMAT },
	{ RULE0, "'zone':'staging','require':[{}]", LW_E_FORMAT },
	{ GROUP1, "{'of':['ops']}", LW_E_FORMAT },
	{ GROUP1, "{'threshold':1}", LW_E_FORMAT },
	{ GROUP1, "{'threshold':0,'of':['ops']}", LW_E_LIMIT },
	{ GROUP1, "{'threshold':-1,'of':['ops']}", LW_E_LIMIT },
	{ GROUP1, "{'threshold':1025,'of':['ops']}", LW_E_LIMIT },
	{ GROUP1, "{'threshold':'1','of':['ops']}", LW_E_FORMAT },
	{ GROUP1, "{'threshold':1,'of':[]}", LW_E_LIMIT },
	{ GROUP1, "{'threshold':1,'of':'ops'}", LW_E_FORMAT },
	{ GROUP1, "{'threshold':1,'of':[null]}", LW_E_FORMAT },
	{ GROUP1, "{'threshold':1,'of':['ops','ops']}", LW_E_CONFLICT },
	{ GROUP1, "{'threshold':1,'of':['dave']}", LW_E_NOTFOUND },
	{ GROUP1, "{'threshold':4,'of':['ops','qa','security']}", LW_E_CONFLICT },
	{ GROUP1, "{'threshold':3,'of':['ops','qa','security']}", LW_OK },
	{ GROUP1, "{'threshold':1,'of':['ops'],'distinct':'key'}", LW_E_FORMAT },
	{ "'owner':'security'", "'owner':'qa'", LW_OK },
	/* attestations */
	{ "'attestations':[{" ATTESTED, "'attestations':[{'type':'x:y'", LW_E_FORMAT },
	{ ATTESTED, "'type':'https://a/b','of':['acme']", LW_E_FORMAT },
	{ ATTESTED, "'type':'https://a/b','threshold':1", LW_E_FORMAT },
	{ ATTESTED, "'of':['acme'],'threshold':1", LW_E_FORMAT },
	{ ATTESTED, "'type':'https://a/b','of':['acme'],'threshold':2", LW_E_CONFLICT },
	{ ATTESTED, "'type':'https://a/b','of':['eve'],'threshold':1", LW_E_NOTFOUND },
	{ ATTESTED, "'type':'https://a/b','of':[],'threshold':1", LW_E_LIMIT },
	{ ATTESTED, "'type':'https://a/b','of':['acme'],'threshold':0", LW_E_LIMIT },
	{ ATTESTED, "'type':'provenance','of':['acme'],'threshold':1", LW_E_FORMAT },
	{ ATTESTED, "'type':'','of':['acme'],'threshold':1", LW_E_FORMAT },
	{ ATTESTED, "'type':':x','of':['acme'],'threshold':1", LW_E_FORMAT },
	{ ATTESTED, "'type':'https:','of':['acme'],'threshold':1", LW_E_FORMAT },
	{ ATTESTED, "'type':'https://a b','of':['acme'],'threshold':1", LW_E_FORMAT },
	{ ATTESTED, "'type':'simple-signing','of':['acme'],'threshold':1", LW_E_FORMAT },
	{ ATTESTED, "'type':'urn:landwaiter:bundle:1','of':['acme'],'threshold':1",
	  LW_E_FORMAT },
	{ ATTESTED, "'type':'urn:landwaiter:endorsement:1','of':['acme'],'threshold':1",
	  LW_OK },
	{ ATTESTED, ATTESTED ",'level':3", LW_E_FORMAT },
	{ "'builder':['https://b/1','https://b/2']", "'builder':[]", LW_E_FORMAT },
	{ "'builder':['https://b/1','https://b/2']", "'builder':'https://b/1'", LW_E_FORMAT },
	{ "'builder':['https://b/1','https://b/2']", "'builder':['a','a']", LW_E_CONFLICT },
	{ "'builder':['https://b/1','https://b/2']", "'builder':['']", LW_E_FORMAT },
	{ "'builder':['https://b/1','https://b/2']", "'builder':[1]", LW_E_FORMAT },
	{ "'builder':['https://b/1','https://b/2']", "'builder':['a\\u001b']", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "{}", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "[]", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "{'/predicate/x':'a'}", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "{'/predicate/x':[]}", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "{'/predicate/x':[true]}", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "{'':['a']}", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "{'/':['a']}", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "{'/subject/0/name':['a']}", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "{'/predicateType':['a']}", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "{'predicate/x':['a']}", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "{'/predicate/x~':['a']}", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "{'/predicate/x~2y':['a']}", LW_E_FORMAT },
	{ "{'/predicate/x~1y/0':['a','b']}", "{'/predicate/':['a']}", LW_OK }, /* member '' */
	/* signatures */
	{ TYPES, "[]", LW_E_LIMIT },
	{ TYPES, "'simple-signing'", LW_E_FORMAT },
	{ TYPES, "['simple-signing','simple-signing']", LW_E_CONFLICT },
	{ TYPES, "['simple']", LW_E_FORMAT },
	{ TYPES, "['']", LW_E_FORMAT },
	{ TYPES, "[{}]", LW_E_FORMAT },
	{ TYPES, "['urn:landwaiter:time-attest:1']", LW_E_FORMAT },
	{ TYPES, "['urn:landwaiter:endorsement:2']", LW_E_FORMAT },
	{ TYPES, "['https://spdx.dev/Document']", LW_OK },
	/* signedIdentity */
	{ IDENTITY, "{'type':'matchRepository'}", LW_OK },
	{ IDENTITY, "{'type':'matchExact'}", LW_OK },
	{ IDENTITY, "{'type':'matchRepoDigestOrExact'}", LW_E_UNSUPPORTED },
	{ IDENTITY, "{'type':'matchAnything'}", LW_E_FORMAT },
	{ IDENTITY, "{}", LW_E_FORMAT },
	{ IDENTITY, "'matchExact'", LW_E_FORMAT },
	{ IDENTITY, "{'type':['matchExact']}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'matchExact','prefix':'a'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'exactReference','dockerReference':'h/p:1'}", LW_OK },
	{ IDENTITY, "{'type':'exactReference'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'exactReference','dockerRepository':'h/p:1'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'exactReference','dockerReference':'h/p'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'exactReference','dockerReference':'busybox:1'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'exactReference','dockerReference':'h/p@sha256:aa'}",
	  LW_E_FORMAT },
	{ IDENTITY, "{'type':'exactReference','dockerReference':'h/*:1'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'exactRepository','dockerRepository':'h:5000/p/q'}", LW_OK },
	{ IDENTITY, "{'type':'exactRepository','dockerRepository':'h/p:1'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'exactRepository','dockerRepository':'h/p/'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'exactRepository','dockerRepository':'/p'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'exactRepository','dockerRepository':'h//p'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'exactRepository','dockerRepository':''}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'exactRepository','dockerRepository':'h'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'remapIdentity','prefix':'h:5000','signedPrefix':'h/p'}", LW_OK },
	{ IDENTITY, "{'type':'remapIdentity','prefix':'h'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'remapIdentity','prefix':'','signedPrefix':'h'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'remapIdentity','prefix':'h/p:1','signedPrefix':'h'}",
	  LW_E_FORMAT },
	{ IDENTITY, "{'type':'remapIdentity','prefix':'h/','signedPrefix':'h'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'remapIdentity','prefix':'h','signedPrefix':'x y'}", LW_E_FORMAT },
	{ IDENTITY, "{'type':'remapIdentity','prefix':'h','signedPrefix':'a','x':1}",
	  LW_E_FORMAT },
	/* words */
	{ "'unnamed':'seal'", "'unnamed':'refuse'", LW_OK },
	{ "'unnamed':'seal'", "'unnamed':'accept'", LW_E_FORMAT },
	{ "'unnamed':'seal'", "'unnamed':true", LW_E_FORMAT },
	{ "'bad_signatures':'report'", "'bad_signatures':'refuse'", LW_OK },
	{ "'bad_signatures':'report'", "'bad_signatures':'ignore'", LW_E_FORMAT },
	{ "'bad_signatures':'report'", "'bad_signatures':[]", LW_E_FORMAT },
	{ "'base':'accepted'", "'base':'ignored'", LW_E_FORMAT },
	{ "'base':'accepted'", "'base':true", LW_E_FORMAT },
};

static void what_may_stand_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *text = edit(good, rows[i].at, rows[i].with);

		if (rows[i].code == LW_OK)
			lw_policy_free(policy_taken(text));
		else
			policy_refused(rows[i].code, text);
	}
}

/* "signatures" says what counts in "require". */
static void attestations_alone(void **state)
{
	lw_auto_free char *only = edit(
		good, "'require':[{'threshold':1,'of':['acme']}," GROUP1 "],'attestations'",
		"'attestations'");
	lw_auto_free char *without = edit(only, "'signatures':" TYPES ",", "");
	LW_AUTO(policy) struct lw_policy *p = policy_taken(without);

	(void)state;
	policy_refused(LW_E_FORMAT, only);
	assert_int_equal(p->rules[1].n_require, 0);
	assert_int_equal(p->rules[1].n_attestations, 1);
}

static char *many(const char *before, const char *each, size_t n, const char *after)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_buf_adds(&b, before);
	for (size_t i = 0; i < n; i++) {
		lw_buf_adds(&b, i ? "," : "");
		for (const char *c = each; *c; c++)
			if (*c == '#')
				lw_buf_printf(&b, "%zu", i);
			else
				lw_buf_addc(&b, *c);
	}
	lw_buf_adds(&b, after);
	return (char *)lw_buf_detach(&b);
}

static void too_many(void **state)
{
	static const struct {
		const char *at, *before, *each, *after;
		size_t most;
		enum lw_code code;
	} lists[] = {
		{ "[{'threshold':1,'of':['acme']}," GROUP1 "]", "[",
		  "{'threshold':1,'of':['acme']}", "]", LW_MAX_RULE_GROUPS, LW_E_LIMIT },
		{ "'attestations':[", "'attestations':[", "{" ATTESTED "}", ",",
		  LW_MAX_RULE_GROUPS - 1, LW_E_LIMIT },
		{ TYPES, "[", "'https://a/#'", "]", LW_MAX_RULE_GROUPS, LW_E_LIMIT },
		{ "['a','b']", "[", "'#'", "]", LW_MAX_CONDITIONS, LW_E_FORMAT },
		{ "['git+https://s']", "[", "'#'", "]", LW_MAX_CONDITIONS, LW_E_FORMAT },
		{ "{'/predicate/x~1y/0':['a','b']}", "{", "'/predicate/#':['a']", "}",
		  LW_MAX_CONDITIONS - 3, LW_E_LIMIT },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(lists); i++) {
		lw_auto_free char *fits =
			many(lists[i].before, lists[i].each, lists[i].most, lists[i].after);
		lw_auto_free char *more =
			many(lists[i].before, lists[i].each, lists[i].most + 1, lists[i].after);
		lw_auto_free char *good_text = edit(good, lists[i].at, fits);
		lw_auto_free char *bad_text = edit(good, lists[i].at, more);

		lw_policy_free(policy_taken(good_text));
		policy_refused(lists[i].code, bad_text);
	}
}

/* ---- zones ---- */

#define RULES(zones, rules)                                                                    \
	"{'format':'landwaiter-policy/1','senders':{},'signers':{}," zones "'images':[" rules  \
	"]}"
#define R(match, zone) "{'match':'" match "','zone':'" zone "','evidence':'not-required'}"

static void where_images_enter(void **state)
{
	static const struct {
		const char *image, *zone;
		int want; /* index, or -1 */
	} cases[] = {
		/* the first zone that has a rule, whatever is more specific elsewhere */
		{ "h/a/x:1", NULL, 0 }, { "h/a/x:1", "a", 0 },	{ "h/a/x:1", "b", 1 },
		{ "h/a/x:1", "c", 3 },	{ "h/a:1", NULL, 0 },	{ "h/a:1", "b", -1 },
		{ "h/a:1", "c", 3 },	{ "i/a:1", NULL, 2 },	{ "i/a:1", "b", 2 },
		{ "i/a:1", "a", -1 },	{ "j/a:1", NULL, 4 },	{ "j/a:1", "c", 4 },
		{ "l/a:1", NULL, 6 }, /* though it stands later, and is wider */
		{ "l/a:1", "c", 5 },	{ "k/a:1", NULL, -1 },	{ "h/a/x:1", "", -1 },
		{ "h/a/x:1", "A", -1 }, { "h/a/x:1", "d", -1 },
	};
	static const char text[] = RULES(
		"'zones':['a','b','c'],",
		R("h/**", "a") "," R("h/a/*", "b") "," R("i/**", "b") "," R("h/**", "c") "," R(
			"j/a:1", "c") "," R("l/a:1", "c") "," R("l/**", "a"));
	LW_AUTO(policy) struct lw_policy *p = policy_taken(text);

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
		const struct lw_rule *r = lw_policy_rule(p, cases[i].image, cases[i].zone);

		if (cases[i].want < 0 ? !!r : r != &p->rules[cases[i].want])
			fail_msg("row %zu: %s in %s", i, r ? r->match : "none",
				 r ? r->zone : "none");
	}
}

/* Without zones, a rule's is a label that the image gets. */
static void labels(void **state)
{
	LW_AUTO(policy)
	struct lw_policy *p = policy_taken(RULES("", R("h/**", "a") "," R("h/a/*", "b")));

	(void)state;
	assert_ptr_equal(lw_policy_rule(p, "h/a/x", NULL), &p->rules[1]);
	assert_ptr_equal(lw_policy_rule(p, "h/b/x", NULL), &p->rules[0]);
	assert_ptr_equal(lw_policy_rule(p, "h/a/x", "a"), &p->rules[1]);
	policy_refused(LW_E_CONFLICT, RULES("", R("h/**", "a") "," R("h/**", "b")));
	policy_refused(LW_E_CONFLICT,
		       RULES("'zones':['a'],", R("h/**", "a") "," R("h/**", "a")));
	lw_policy_free(
		policy_taken(RULES("'zones':['a','b'],", R("h/**", "a") "," R("h/**", "b"))));
}

/* ---- patterns about patterns ---- */

/* All of up to n of these letters, as words. */
static size_t words(const char *letters, size_t longest, char (*out)[8], size_t most)
{
	size_t n = 1, first = 0;

	out[0][0] = '\0';
	for (size_t length = 1; length <= longest; length++) {
		size_t end = n;

		for (size_t i = first; i < end; i++)
			for (const char *c = letters; *c && n < most; c++, n++) {
				memcpy(out[n], out[i], sizeof(out[n]));
				out[n][length - 1] = *c;
				out[n][length] = '\0';
			}
		first = end;
	}
	return n;
}

/* Against what the patterns match among short names. */
static void covering_and_overlapping(void **state)
{
	static char patterns[400][8], names[2000][8];
	static bool matches[LW_COUNT_OF(patterns)][LW_COUNT_OF(names)];
	size_t n = words("ab*/", 4, patterns, LW_COUNT_OF(patterns)),
	       names_n = words("ab/", 6, names, LW_COUNT_OF(names)), covered = 0, apart = 0,
	       missed = 0;

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t x = 0; x < names_n; x++)
			matches[i][x] = lw_policy_matches(patterns[i], names[x]);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			bool all = true, any = false;

			for (size_t x = 0; x < names_n; x++) {
				all = all && (matches[i][x] || !matches[k][x]);
				any = any || (matches[i][x] && matches[k][x]);
			}
			if (lw_policy_covers(patterns[i], patterns[k]) && !all)
				fail_msg("'%s' does not cover '%s'", patterns[i], patterns[k]);
			if (lw_policy_overlap(patterns[i], patterns[k]) != any)
				fail_msg("'%s' and '%s': %d", patterns[i], patterns[k], any);
			covered += all;
			apart += !any;
			missed += all && !lw_policy_covers(patterns[i], patterns[k]);
		}
	assert_true(covered > 5000 && apart > 5000);
	/* "**" beside "*" and the like, and what short names cannot tell apart */
	if (missed > covered / 10)
		fail_msg("%zu of %zu missed", missed, covered);
}

static void covering_by_example(void **state)
{
	static const struct {
		const char *wide, *narrow;
		bool covers;
	} cases[] = {
		{ "h/**", "h/a/**", true },
		{ "h/**", "h/*", true },
		{ "h/*", "h/**", false },
		{ "h/*:*", "h/*:1", true },
		{ "h/*:1", "h/*:*", false },
		{ "h/**", "h/a:1", true },
		{ "**", "*.example.com/**", true },
		{ "*.example.com/**", "*.b.example.com/**", true },
		{ "*.b.example.com/**", "*.example.com/**", false },
		{ "h/a", "h/a", true },
		{ "h/a*", "h/a", true },
		{ "h/a*c", "h/a*b*c", true },
		{ "h/a*b*c", "h/a*c", false },
		{ "***", "**", true },
		{ "**", "***", true },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++)
		if (lw_policy_covers(cases[i].wide, cases[i].narrow) != cases[i].covers)
			fail_msg("'%s' and '%s'", cases[i].wide, cases[i].narrow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(defaults),
		cmocka_unit_test(what_may_stand_there),
		cmocka_unit_test(attestations_alone),
		cmocka_unit_test(too_many),
		cmocka_unit_test(where_images_enter),
		cmocka_unit_test(labels),
		cmocka_unit_test(covering_and_overlapping),
		cmocka_unit_test(covering_by_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
