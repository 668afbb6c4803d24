/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/policy_import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/people.h"

/* Single quotes for double ones. */
static char *json(const char *text)
{
	char *copy = lw_strdup(text);

	for (char *c = copy; (c = strchr(c, '\'')); c++)
		*c = '"';
	return copy;
}

static void import(const char *text, const char *registries, struct lw_import *ret)
{
	lw_auto_free char *policy = json(text);
	const struct lw_import_file file = { "a.yaml",
					     lw_span_str(registries ? registries : "") };
	struct lw_error e = { 0 };

	if (lw_policy_import(lw_span_str(policy), registries ? &file : NULL, !!registries, ret,
			     &e) < 0)
		fail_msg("%s for %s", e.text, text);
}

/* Its key files are made up: the n-th signer's is the key of seed n. */
static int read_file(void *data, const char *name, struct lw_buf *out, struct lw_error *e)
{
	const struct lw_import *i = data;

	for (size_t k = 0; k < i->n_keys; k++)
		if (strcmp(i->keys[k].file, name) == 0) {
			people_public((uint8_t)(k + 1), out);
			return 0;
		}
	return lw_fail(e, LW_E_NOTFOUND, "no such file");
}

/* What came out is a policy of ours. */
static struct lw_policy *taken(struct lw_import *i)
{
	const struct lw_policy_files files = { read_file, i };
	struct lw_policy *p = NULL;
	struct lw_error e = { 0 };

	if (lw_policy_parse(lw_buf_span(&i->policy), &files, &p, &e) < 0)
		fail_msg("%s for %s", e.text, lw_buf_str(&i->policy));
	return p;
}

/* The codes of the remarks but for keys and senders, each with its place. */
static void says(const struct lw_import *i, const char *want)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	for (size_t k = 0; k < i->remarks.n; k++)
		if (strcmp(i->remarks.list[k].code, "import.key") != 0 &&
		    strcmp(i->remarks.list[k].code, "import.senders") != 0)
			lw_buf_printf(&b, "%s%s=%s", b.n ? " " : "", i->remarks.list[k].code,
				      i->remarks.list[k].where);
	if (strcmp(lw_buf_str(&b), want) != 0)
		fail_msg("want '%s', have '%s'", want, lw_buf_str(&b));
}

#define REJECT	       "[{'type':'reject'}]"
#define ANYTHING       "[{'type':'insecureAcceptAnything'}]"
#define GPG	       "[{'type':'signedBy','keyType':'GPGKeys','keyPath':'/k.gpg'}]"
#define KEY(path)      "{'type':'sigstoreSigned','keyPath':'" path "'}"
#define DOCKER(scopes) "{'default':" REJECT ",'transports':{'docker':{" scopes "}}}"

/* ---- what is written ---- */

static void one_scope(void **state)
{
	static const char want[] = "{\n"
				   "  'format': 'landwaiter-policy/1',\n"
				   "  'senders': {},\n"
				   "  'images': [\n"
				   "    {\n"
				   "      'match': 'h/p:1',\n"
				   "      'require': [\n"
				   "        {\n"
				   "          'threshold': 1,\n"
				   "          'of': [\n"
				   "            'acme'\n"
				   "          ]\n"
				   "        }\n"
				   "      ],\n"
				   "      'signatures': [\n"
				   "        'simple-signing'\n"
				   "      ],\n"
				   "      'signedIdentity': {\n"
				   "        'type': 'matchExact'\n"
				   "      }\n"
				   "    }\n"
				   "  ],\n"
				   "  'signers': {\n"
				   "    'acme': {\n"
				   "      'keys': [\n"
				   "        {\n"
				   "          'kind': 'cosign-key',\n"
				   "          'file': 'acme.pub'\n"
				   "        }\n"
				   "      ]\n"
				   "    }\n"
				   "  }\n"
				   "}\n";
	LW_AUTO(import) struct lw_import i = { 0 };
	lw_auto_free char *text = json(want);

	(void)state;
	import(DOCKER("'h/p:1':[" KEY("/etc/pki/Acme.pub") "]"), NULL, &i);
	assert_string_equal(lw_buf_str(&i.policy), text);
	says(&i, "import.reject=default");
	assert_int_equal(i.n_keys, 1);
	assert_string_equal(i.keys[0].path, "/etc/pki/Acme.pub");
	assert_string_equal(i.keys[0].file, "acme.pub");
	lw_policy_free(taken(&i));
}

static void identities(void **state)
{
	static const struct {
		const char *identity, *says;
		enum lw_identity want;
		const char *name, *prefix;
	} rows[] = {
		{ "{'type':'matchExact'}", "", LW_IDENTITY_EXACT, NULL, NULL },
		{ "{'type':'matchRepoDigestOrExact'}", "", LW_IDENTITY_EXACT, NULL, NULL },
		{ "{'type':'matchRepository'}", "", LW_IDENTITY_REPOSITORY, NULL, NULL },
		{ "{'type':'exactReference','dockerReference':'i/q:2'}", "",
		  LW_IDENTITY_EXACT_REFERENCE, "i/q:2", NULL },
		{ "{'type':'exactRepository','dockerRepository':'i/q'}", "",
		  LW_IDENTITY_EXACT_REPOSITORY, "i/q", NULL },
		{ "{'type':'remapIdentity','prefix':'h','signedPrefix':'i/q'}",
		  " import.identity=h/p:1", LW_IDENTITY_REMAP, "i/q", "h" },
	};

	(void)state;
	for (size_t k = 0; k < LW_COUNT_OF(rows); k++) {
		LW_AUTO(import) struct lw_import i = { 0 };
		lw_auto_free char *text =
			lw_asprintf(DOCKER("'h/p:1':[{'type':'sigstoreSigned','keyPath':'/a',"
					   "'signedIdentity':%s}]"),
				    rows[k].identity);
		lw_auto_free char *remarks =
			lw_asprintf("%s import.reject=default", rows[k].says);

		import(text, NULL, &i);
		says(&i, remarks + (remarks[0] == ' '));

		LW_AUTO(policy) struct lw_policy *p = taken(&i);
		const struct lw_rule *r = &p->rules[0];

		assert_int_equal(r->identity, rows[k].want);
		assert_true(!r->identity_name == !rows[k].name);
		assert_true(!r->identity_prefix == !rows[k].prefix);
		if (r->identity_name)
			assert_string_equal(r->identity_name, rows[k].name);
		if (r->identity_prefix)
			assert_string_equal(r->identity_prefix, rows[k].prefix);
	}
}

/* Each requirement is a group of one out of its keys, each key a signer. */
static void requirements_and_keys(void **state)
{
	LW_AUTO(import) struct lw_import i = { 0 };

	(void)state;
	import(DOCKER("'h/p:1':[" KEY(
		       "/x/a.pub") ","
				   "{'type':'insecureAcceptAnything'},"
				   "{'type':'sigstoreSigned','keyPaths':['/y/a.pub','/x/a.pub','/y/a.pub']},"
				   "{'type':'sigstoreSigned','keyData':'AAAA'},"
				   "{'type':'sigstoreSigned','keyDatas':['AAAA','AQID','']}],"
				   "'h/p:2':[" KEY("/x/a.pub") "],"
							       "'h/p:3':[" KEY(
								       "../ _.A b%.x.pem") "]"),
	       NULL, &i);

	LW_AUTO(policy) struct lw_policy *p = taken(&i);

	assert_int_equal(p->n_rules, 3);
	assert_int_equal(p->rules[0].n_require, 4);
	for (size_t k = 0; k < 4; k++)
		assert_int_equal(p->rules[0].require[k].threshold, 1);
	assert_int_equal(p->rules[0].require[1].n_signers, 2);
	assert_int_equal(p->rules[0].require[2].n_signers, 1);
	assert_int_equal(p->rules[0].require[3].n_signers, 3);
	assert_string_equal(p->signers[p->rules[0].require[0].signers[0]].name, "a");
	assert_string_equal(p->signers[p->rules[0].require[1].signers[0]].name, "a-2");
	assert_string_equal(p->signers[p->rules[0].require[2].signers[0]].name, "key");
	assert_string_equal(p->signers[p->rules[0].require[3].signers[1]].name, "key-2");
	assert_int_equal(p->rules[1].require[0].signers[0], p->rules[0].require[0].signers[0]);
	assert_string_equal(p->signers[p->rules[2].require[0].signers[0]].name, "a-b-.x");
	assert_int_equal(i.n_keys, 6);
	assert_null(i.keys[2].path);
	assert_int_equal(i.keys[2].bytes.n, 3);
	assert_int_equal(i.keys[3].bytes.p[2], 3);
}

/* ---- scopes ---- */

/* Which scope container tools take for a name (containers/image, docker/policyconfiguration),
 * against which rule ours takes. Rules are told apart by the name their signatures must have.
 */
static void scopes_match_alike(void **state)
{
	static const char *const scopes[] = {
		"h.example.com",      "h.example.com/p",
		"h.example.com/p/q",  "h.example.com:50",
		"h.example.com/p:1",  "h.example.com/p/q:1",
		"*.example.com",      "*.h.example.com",
		"h.example.com:50/p", "",
		"other.example/p",    "h.example.com:50/p:1",
	};
	static const struct {
		const char *image, *scope; /* NULL: the default */
	} rows[] = {
		{ "h.example.com/p:1", "h.example.com/p:1" },
		{ "h.example.com/p:2", "h.example.com/p" },
		{ "h.example.com/p", "h.example.com/p" },
		{ "h.example.com/p/q:1", "h.example.com/p/q:1" },
		{ "h.example.com/p/q:11", "h.example.com/p/q" },
		{ "h.example.com/p/qq:1", "h.example.com/p" },
		{ "h.example.com/p/r/s:1", "h.example.com/p" },
		{ "h.example.com/pp:1", "h.example.com" },
		{ "h.example.com/a/p:1", "h.example.com" },
		{ "h.example.com:50/a:1", "h.example.com:50" },
		{ "h.example.com:50/p:1", "h.example.com:50/p:1" },
		{ "h.example.com:50/p:2", "h.example.com:50/p" },
		{ "h.example.com:51/p:2", "*.example.com" },
		{ "x.example.com/p:1", "*.example.com" },
		{ "x.y.example.com/p:1", "*.example.com" },
		{ "x.h.example.com/p:1", "*.h.example.com" },
		{ "x.h.example.com:1/p:1", "*.h.example.com" },
		{ "example.com/p:1", "" },
		{ "other.example/p:3", "other.example/p" },
		{ "other.example/q:3", "" },
		{ "evil.example/x.example.com/p:1", "" },
		{ "evil-example.com/p:1", "" },
	};
	LW_AUTO(import) struct lw_import i = { 0 };
	LW_AUTO(buf) struct lw_buf text = { 0 };

	(void)state;
	for (size_t k = 0; k < LW_COUNT_OF(scopes); k++)
		lw_buf_printf(&text,
			      "%s'%s':[{'type':'sigstoreSigned','keyPath':'/a',"
			      "'signedIdentity':{'type':'exactRepository','dockerRepository':"
			      "'scope/n%zu'}}]",
			      k ? "," : "{'default':" REJECT ",'transports':{'docker':{",
			      scopes[k], k);
	lw_buf_adds(&text, "}}}");
	import(lw_buf_str(&text), NULL, &i);

	LW_AUTO(policy) struct lw_policy *p = taken(&i);

	for (size_t k = 0; k < LW_COUNT_OF(rows); k++) {
		const struct lw_rule *r = lw_policy_rule(p, rows[k].image, NULL);
		size_t have = (size_t)strtoul(strrchr(r->identity_name, 'n') + 1, NULL, 10);

		if (strcmp(scopes[have], rows[k].scope) != 0)
			fail_msg("%s: want '%s', have '%s'", rows[k].image, rows[k].scope,
				 scopes[have]);
	}
}

/* ---- what is left out, and what with it ---- */

static void left_out(void **state)
{
	static const struct {
		const char *text, *says;
		const char *refused, *taken; /* names; NULL: none */
	} rows[] = {
		{ DOCKER("'h':" ANYTHING), "import.anything=h import.reject=default", "i/p:1",
		  "h/p:1" },
		{ "{'default':" ANYTHING "}", "import.anything=default", NULL, "i/p:1" },
		{ "{'default':" ANYTHING ",'transports':{'docker':{'':" REJECT "}}}",
		  "import.reject=default", "i/p:1", NULL },
		{ "{'default':" REJECT ",'transports':{'dir':{'':" ANYTHING
		  "},'atomic':{'h':" GPG "}}}",
		  "import.transport=dir import.transport=atomic import.reject=default", "h/p:1",
		  NULL },
		{ DOCKER("'h/p':" GPG), "import.left-out=h/p import.reject=default", "h/p:1",
		  NULL },
		/* a wider scope never takes what a narrower one refuses or asks more of */
		{ DOCKER("'h/p':" GPG ",'h':" ANYTHING),
		  "import.wider=h import.left-out=h/p import.reject=default", "h/p:1", NULL },
		{ DOCKER("'h/p:1':" REJECT ",'h/p':[" KEY("/a") "],'h':" ANYTHING
								",'i':" ANYTHING),
		  "import.wider=h/p import.wider=h import.reject=h/p:1 import.anything=i "
		  "import.reject=default",
		  "h/p:2", "i/p:1" },
		{ "{'default':" ANYTHING ",'transports':{'docker':{'h':" GPG "}}}",
		  "import.wider=default import.left-out=h", "i/p:1", NULL },
		{ DOCKER("'a.example.com/p':" REJECT ",'*.example.com':" ANYTHING),
		  "import.wider=*.example.com import.reject=a.example.com/p "
		  "import.reject=default",
		  "b.example.com/p:1", NULL },
		{ DOCKER("'a.example.com:1/p':" REJECT ",'*.example.com':" ANYTHING
			 ",'a.example.com':" ANYTHING),
		  "import.wider=*.example.com import.reject=a.example.com:1/p "
		  "import.anything=a.example.com import.reject=default",
		  "a.example.com:1/p:1", "a.example.com/p:1" },
		{ DOCKER("'h/p':" REJECT ",'h/pp':" ANYTHING),
		  "import.reject=h/p import.anything=h/pp import.reject=default", "h/p:1",
		  "h/pp:1" },
		/* one requirement that cannot be said is the whole scope's */
		{ DOCKER("'h/p':[" KEY("/a") ",{'type':'signedBy','keyType':'GPGKeys',"
					     "'keyPath':'/k.gpg'}]"),
		  "import.left-out=h/p import.reject=default", "h/p:1", NULL },
		{ DOCKER("'h/p':[" KEY("/a") ",{'type':'reject'}]"),
		  "import.reject=h/p import.reject=default", "h/p:1", NULL },
		{ DOCKER("'h/p':[{'type':'signedBaseLayer'}]"),
		  "import.left-out=h/p import.reject=default", "h/p:1", NULL },
		{ DOCKER("'h/p':[{'type':'sigstoreSigned','fulcio':{'caPath':'/a'}}]"),
		  "import.left-out=h/p import.reject=default", "h/p:1", NULL },
		{ DOCKER("'h/p':[{'type':'sigstoreSigned','keyPath':'/a','rekorPublicKeyPath':"
			 "'/b'}]"),
		  "import.left-out=h/p import.reject=default", "h/p:1", NULL },
		{ DOCKER("'h/p':[{'type':'sigstoreSigned','pki':{}}]"),
		  "import.left-out=h/p import.reject=default", "h/p:1", NULL },
		{ DOCKER("'h/p':[{'type':'sigstoreSigned'}]"),
		  "import.left-out=h/p import.reject=default", "h/p:1", NULL },
		{ DOCKER("'h/p':[{'type':'sigstoreSigned','keyPath':'/a','keyData':'AAAA'}]"),
		  "import.left-out=h/p import.reject=default", "h/p:1", NULL },
		{ DOCKER("'h/p':[{'type':'sigstoreSigned','keyPath':'/a','signedIdentity':"
			 "{'type':'matchAll'}}]"),
		  "import.left-out=h/p import.reject=default", "h/p:1", NULL },
		{ DOCKER("'h/p':[{'type':'sigstoreSigned','keyPath':'/a','signedIdentity':"
			 "{'type':'exactReference','dockerReference':'busybox'}}]"),
		  "import.left-out=h/p import.reject=default", "h/p:1", NULL },
		{ DOCKER("'h/p':[" KEY("/a") ",{'type':'sigstoreSigned','keyPath':'/b',"
					     "'signedIdentity':{'type':'matchRepository'}}]"),
		  "import.left-out=h/p import.reject=default", "h/p:1", NULL },
		/* nobody is named by digest: no harm */
		{ DOCKER("'h/p@sha256:aa':" GPG ",'h/p':" ANYTHING),
		  "import.digest=h/p@sha256:aa import.anything=h/p import.reject=default", NULL,
		  "h/p:1" },
	};

	(void)state;
	for (size_t k = 0; k < LW_COUNT_OF(rows); k++) {
		LW_AUTO(import) struct lw_import i = { 0 };

		import(rows[k].text, NULL, &i);
		says(&i, rows[k].says);

		LW_AUTO(policy) struct lw_policy *p = taken(&i);

		if (rows[k].refused && lw_policy_rule(p, rows[k].refused, NULL))
			fail_msg("row %zu: %s is let in", k, rows[k].refused);
		if (rows[k].taken && !lw_policy_rule(p, rows[k].taken, NULL))
			fail_msg("row %zu: %s is not", k, rows[k].taken);
	}
}

static void no_policy(void **state)
{
	static const struct {
		const char *text;
		enum lw_code code;
	} rows[] = {
		{ "", LW_E_FORMAT },
		{ "[]", LW_E_FORMAT },
		{ "{}", LW_E_FORMAT },
		{ "{'default':{}}", LW_E_FORMAT },
		{ "{'default':[]}", LW_E_FORMAT },
		{ "{'default':['reject']}", LW_E_FORMAT },
		{ "{'default':[{}]}", LW_E_FORMAT },
		{ "{'default':[{'type':1}]}", LW_E_FORMAT },
		{ "{'default':" REJECT ",'default':" REJECT "}", LW_E_FORMAT },
		{ "{'default':" REJECT ",'Transports':{}}", LW_E_FORMAT },
		{ "{'default':" REJECT ",'transports':[]}", LW_E_FORMAT },
		{ "{'default':" REJECT ",'transports':{'docker':[]}}", LW_E_FORMAT },
		{ DOCKER("'h':{}"), LW_E_FORMAT },
		{ DOCKER("'h':[]"), LW_E_FORMAT },
		{ DOCKER("'h/':" REJECT), LW_E_FORMAT },
		{ DOCKER("'/h':" REJECT), LW_E_FORMAT },
		{ DOCKER("'h//p':" REJECT), LW_E_FORMAT },
		{ DOCKER("'h/*':" REJECT), LW_E_FORMAT },
		{ DOCKER("'*.*.com':" REJECT), LW_E_FORMAT },
		{ DOCKER("'a.*.com':" REJECT), LW_E_FORMAT },
		{ DOCKER("'*.com/p':" REJECT), LW_E_FORMAT },
		{ DOCKER("'*.com:1':" REJECT), LW_E_FORMAT },
		{ DOCKER("'*.':" REJECT), LW_E_FORMAT },
		{ DOCKER("'*':" REJECT), LW_E_FORMAT },
		{ DOCKER("'h p':" REJECT), LW_E_FORMAT },
		{ DOCKER("'h':[{'type':'sigstoreSigned','keyData':'A'}]"), LW_E_FORMAT },
		{ DOCKER("'h':[{'type':'sigstoreSigned','keyPaths':[1]}]"), LW_E_FORMAT },
		{ DOCKER("'h':[{'type':'sigstoreSigned','keyDatas':['AAAA',null]}]"),
		  LW_E_FORMAT },
	};

	(void)state;
	for (size_t k = 0; k < LW_COUNT_OF(rows); k++) {
		LW_AUTO(import) struct lw_import i = { 0 };
		lw_auto_free char *text = json(rows[k].text);
		struct lw_error e = { 0 };

		if (lw_policy_import(lw_span_str(text), NULL, 0, &i, &e) != -(int)rows[k].code)
			fail_msg("row %zu: %s", k, e.text);
	}
}

/* Three rules a scope: a list that is too long for ours is refused whole. */
static void too_many(void **state)
{
	LW_AUTO(import) struct lw_import i = { 0 };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_error e = { 0 };

	(void)state;
	lw_buf_adds(&b, "{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"docker\":{");
	for (size_t k = 0; k <= LW_MAX_RULES / 3; k++)
		lw_buf_printf(&b, "%s\"h/p%zu\":[{\"type\":\"insecureAcceptAnything\"}]",
			      k ? "," : "", k);
	lw_buf_adds(&b, "}}}");
	FAILS(LW_E_LIMIT, lw_policy_import(lw_buf_span(&b), NULL, 0, &i, &e));
	lw_buf_clear(&b);
	lw_buf_adds(&b, "{\"default\":[{\"type\":\"reject\"}]}");
	lw_buf_fill(&b, ' ', LW_MAX_POLICY_BYTES);
	FAILS(LW_E_LIMIT, lw_policy_import(lw_buf_span(&b), NULL, 0, &i, &e));
}

/* ---- registries.d ---- */

static void registries(void **state)
{
	static const struct {
		const char *yaml, *says; /* besides import.reject=default */
	} rows[] = {
		{ "", "import.attachments=h/p" },
		{ "docker:\n  h/p:\n    use-sigstore-attachments: true\n", "" },
		{ "docker: {h/p: {use-sigstore-attachments: true}}", "" },
		{ "docker:\n  h:\n    use-sigstore-attachments: true\n", "" },
		{ "default-docker:\n  use-sigstore-attachments: true\n", "" },
		{ "default-docker:\n  use-sigstore-attachments: false\n",
		  "import.attachments=h/p" },
		{ "docker:\n  i:\n    use-sigstore-attachments: true\n",
		  "import.attachments=h/p" },
		{ "docker:\n  h/pp:\n    use-sigstore-attachments: true\n",
		  "import.attachments=h/p" },
		/* the nearest section alone counts, whole */
		{ "docker:\n  h:\n    use-sigstore-attachments: true\n  h/p:\n    lookaside: "
		  "https://x\n",
		  "import.lookaside=a.yaml h/p import.attachments=h/p" },
		{ "default-docker:\n  use-sigstore-attachments: true\ndocker:\n  h: {}\n",
		  "import.attachments=h/p" },
		{ "default-docker:\n  use-sigstore-attachments: true\n  lookaside: file:///a\n"
		  "  lookaside-staging: file:///b\n",
		  "import.lookaside=a.yaml  import.lookaside=a.yaml " },
		{ "docker:\n  h/p:\n    sigstore: https://x\n    use-sigstore-attachments: "
		  "true\n",
		  "import.lookaside=a.yaml h/p" },
		/* what is not understood is said */
		{ "docker:\n  h/p:\n    use-sigstore-attachments: yes\n",
		  "import.unknown=a.yaml h/p import.attachments=h/p" },
		{ "docker:\n  h/p:\n    use-sigstore-attachments: [true]\n",
		  "import.unknown=a.yaml h/p import.attachments=h/p" },
		{ "docker:\n  h/p: true\n",
		  "import.unknown=a.yaml h/p import.attachments=h/p" },
		{ "docker:\n  - h/p\n", "import.unknown=a.yaml  import.attachments=h/p" },
		{ "docker:\n  [a]: {}\n",
		  "import.unknown=a.yaml docker import.attachments=h/p" },
		{ "podman: {}\n", "import.unknown=a.yaml  import.attachments=h/p" },
		{ "docker:\n  h/p:\n    mirror: x\n    use-sigstore-attachments: true\n",
		  "import.unknown=a.yaml h/p" },
		/* an alias that holds itself is no place to get lost in */
		{ "docker: &a\n  h/p: *a\n",
		  "import.unknown=a.yaml h/p import.attachments=h/p" },
	};
	static const char *const broken[] = { "- a\n",	     "text",	   "docker: [",
					      "a: b: c",     "\t- x\n\ta", "docker: *nobody\n",
					      "\xff\xfe\xff" };

	(void)state;
	for (size_t k = 0; k < LW_COUNT_OF(rows); k++) {
		LW_AUTO(import) struct lw_import i = { 0 };
		const char *sep = strstr(rows[k].says, "import.attachments");
		LW_AUTO(buf) struct lw_buf want = { 0 };

		/* the files are read first, their outcome told last */
		lw_buf_printf(&want, "%.*simport.reject=default%s%s",
			      (int)(sep ? sep - rows[k].says : (int)strlen(rows[k].says)),
			      rows[k].says, sep ? " " : "", sep ? sep : "");
		if (!sep && rows[k].says[0]) {
			lw_buf_clear(&want);
			lw_buf_printf(&want, "%s import.reject=default", rows[k].says);
		}
		import(DOCKER("'h/p':[" KEY("/a") "]"), rows[k].yaml, &i);
		says(&i, lw_buf_str(&want));
		lw_policy_free(taken(&i));
	}
	for (size_t k = 0; k < LW_COUNT_OF(broken); k++) {
		LW_AUTO(import) struct lw_import i = { 0 };
		lw_auto_free char *policy = json(DOCKER(""));
		const struct lw_import_file file = { "b.yaml", lw_span_str(broken[k]) };
		struct lw_error e = { 0 };

		if (lw_policy_import(lw_span_str(policy), &file, 1, &i, &e) != -LW_E_FORMAT)
			fail_msg("%s", broken[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_scope),
		cmocka_unit_test(identities),
		cmocka_unit_test(requirements_and_keys),
		cmocka_unit_test(scopes_match_alike),
		cmocka_unit_test(left_out),
		cmocka_unit_test(no_policy),
		cmocka_unit_test(too_many),
		cmocka_unit_test(registries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
