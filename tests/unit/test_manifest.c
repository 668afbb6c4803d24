/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ipc.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/document.h"
#include "image/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define OCI_M	 "application/vnd.oci.image.manifest.v1+json"
#define OCI_I	 "application/vnd.oci.image.index.v1+json"
#define DOCKER_M "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_L "application/vnd.docker.distribution.manifest.list.v2+json"

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "\"digest\":\"sha256:" HEX "\""
#define CONFIG                                                                                 \
	"{\"mediaType\":\"application/vnd.oci.image.config.v1+json\"," DIGEST ",\"size\":7}"
#define EMPTY "{\"mediaType\":\"application/vnd.oci.empty.v1+json\"," DIGEST ",\"size\":2}"
#define LAYER                                                                                  \
	"{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\"," DIGEST ",\"size\":9}"
#define CHILD "{\"mediaType\":\"" OCI_M "\"," DIGEST ",\"size\":500}"

/* The beginning of a document, without its closing brace. */
#define V2		"{\"schemaVersion\":2"
#define TYPE(t)		",\"mediaType\":\"" t "\""
#define MANIFEST(more)	V2 TYPE(OCI_M) ",\"config\":" CONFIG ",\"layers\":[" LAYER "]" more "}"
#define INDEX(more)	V2 TYPE(OCI_I) ",\"manifests\":[" CHILD "]" more "}"
#define LAYER_WITH(d)	V2 TYPE(OCI_M) ",\"config\":" CONFIG ",\"layers\":[" d "]}"
#define CHILD_WITH(d)	V2 TYPE(OCI_I) ",\"manifests\":[" d "]}"
#define LAYER_DIGEST(d) LAYER_WITH("{\"mediaType\":\"a/b\",\"digest\":\"" d "\",\"size\":1}")
#define LAYER_SIZE(s)	LAYER_WITH("{\"mediaType\":\"a/b\"," DIGEST ",\"size\":" s "}")
#define LAYER_TYPE(t)	LAYER_WITH("{\"mediaType\":\"" t "\"," DIGEST ",\"size\":1}")
#define PLATFORM(p)                                                                            \
	CHILD_WITH("{\"mediaType\":\"" OCI_M "\"," DIGEST ",\"size\":1,\"platform\":" p "}")

static int parse(const char *text, const char *media_type, struct lw_document **ret)
{
	struct lw_error e = { 0 };
	int r = media_type ? lw_document_parse(lw_span_str(text), media_type, ret, &e)
			   : lw_document_parse_layout_index(lw_span_str(text), ret, &e);

	assert_int_equal(r, -(int)e.code);
	return r;
}

/* What is put, taken and put again is the same, and nothing is left over. */
static void assert_crosses(const struct lw_document *d)
{
	LW_AUTO(document) struct lw_document *again = NULL;
	LW_AUTO(buf) struct lw_buf one = { 0 };
	LW_AUTO(buf) struct lw_buf two = { 0 };
	struct lw_error e = { 0 };

	lw_document_put(d, &one);
	struct lw_span body = lw_buf_span(&one);
	assert_int_equal(lw_document_take(&body, &again, &e), 0);
	assert_int_equal(body.n, 0);
	lw_document_put(again, &two);
	assert_true(lw_span_equal(lw_buf_span(&one), lw_buf_span(&two)));
}

static void accepts(void **state)
{
	static const struct {
		const char *text, *media_type;
		enum lw_media kind;
		const char *established;
		size_t children;
	} good[] = {
		{ MANIFEST(""), OCI_M, LW_MEDIA_MANIFEST, OCI_M, 2 },
		{ MANIFEST(""), "", LW_MEDIA_MANIFEST, OCI_M, 2 },
		{ MANIFEST("") "\n", OCI_M, LW_MEDIA_MANIFEST, OCI_M, 2 },
		{ MANIFEST(",\"subject\":" CHILD), OCI_M, LW_MEDIA_MANIFEST, OCI_M, 3 },
		{ MANIFEST(",\"x\":[1.5,{\"layers\":1e9}]"), OCI_M, LW_MEDIA_MANIFEST, OCI_M,
		  2 },
		{ MANIFEST(",\"annotations\":{\"a\":\"b\",\"Layers\":\"\"}"), OCI_M,
		  LW_MEDIA_MANIFEST, OCI_M, 2 },
		{ V2 ",\"config\":" CONFIG ",\"layers\":[]}", OCI_M, LW_MEDIA_MANIFEST, OCI_M,
		  1 },
		{ V2 TYPE(DOCKER_M) ",\"config\":" CONFIG ",\"layers\":[" LAYER "]}", DOCKER_M,
		  LW_MEDIA_MANIFEST, DOCKER_M, 2 },
		{ V2 TYPE(OCI_M) ",\"artifactType\":\"a/b\",\"config\":" EMPTY
				 ",\"layers\":[]}",
		  OCI_M, LW_MEDIA_MANIFEST, OCI_M, 1 },
		{ INDEX(""), OCI_I, LW_MEDIA_INDEX, OCI_I, 1 },
		{ INDEX(",\"subject\":" CHILD ",\"artifactType\":\"a/b\""), OCI_I,
		  LW_MEDIA_INDEX, OCI_I, 2 },
		{ V2 ",\"manifests\":[]}", OCI_I, LW_MEDIA_INDEX, OCI_I, 0 },
		{ V2 ",\"manifests\":[]}", NULL, LW_MEDIA_INDEX, OCI_I, 0 },
		{ V2 ",\"manifests\":null}", NULL, LW_MEDIA_INDEX, OCI_I, 0 },
		{ INDEX(""), NULL, LW_MEDIA_INDEX, OCI_I, 1 },
		{ CHILD_WITH(LAYER), NULL, LW_MEDIA_INDEX, OCI_I, 1 },
		{ V2 TYPE(DOCKER_L) ",\"manifests\":[" CHILD "," CHILD "]}", DOCKER_L,
		  LW_MEDIA_INDEX, DOCKER_L, 2 },
		{ LAYER_WITH("{\"mediaType\":\"a/b\"," DIGEST ",\"size\":0,"
			     "\"urls\":[\"http://x/\"],\"data\":\"bm8=\",\"platform\":3}"),
		  OCI_M, LW_MEDIA_MANIFEST, OCI_M, 2 },
		{ LAYER_SIZE("1099511627776"), OCI_M, LW_MEDIA_MANIFEST, OCI_M, 2 },
		{ LAYER_TYPE("text/spdx+json"), OCI_M, LW_MEDIA_MANIFEST, OCI_M, 2 },
		{ LAYER_TYPE("text/plain; charset=utf-8"), OCI_M, LW_MEDIA_MANIFEST, OCI_M, 2 },
		{ "{\"imageLayoutVersion\":\"1.0.0\"}", LW_MEDIA_TYPE_LAYOUT, LW_MEDIA_OTHER,
		  LW_MEDIA_TYPE_LAYOUT, 0 },
		{ "{\"imageLayoutVersion\":\"1.0.0\",\"more\":{}}\n", LW_MEDIA_TYPE_LAYOUT,
		  LW_MEDIA_OTHER, LW_MEDIA_TYPE_LAYOUT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(good); i++) {
		LW_AUTO(document) struct lw_document *d = NULL;

		if (parse(good[i].text, good[i].media_type, &d) != 0)
			fail_msg("refused: %s", good[i].text);
		assert_int_equal(d->kind, good[i].kind);
		assert_string_equal(d->media_type, good[i].established);
		assert_int_equal(d->n_children, good[i].children);
		assert_crosses(d);
	}
}

static const struct refusal {
	const char *text, *media_type;
	enum lw_code code;
} refusals[] = {
	/* No document at all. */
	{ "", OCI_M, LW_E_FORMAT },
	{ "null", OCI_M, LW_E_FORMAT },
	{ "[]", OCI_M, LW_E_FORMAT },
	{ "\"\"", OCI_M, LW_E_FORMAT },
	{ "{}", OCI_M, LW_E_FORMAT },
	{ "{}", "", LW_E_FORMAT },
	{ "{}", NULL, LW_E_FORMAT },
	{ MANIFEST("") "x", OCI_M, LW_E_FORMAT },
	{ MANIFEST("") "{}", OCI_M, LW_E_FORMAT },
	{ "\xef\xbb\xbf" MANIFEST(""), OCI_M, LW_E_FORMAT },

	/* One document read as two (CVE-2021-41190). */
	{ MANIFEST(",\"manifests\":[]"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"manifests\":[" CHILD "]"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"manifests\":null"), OCI_M, LW_E_FORMAT },
	{ INDEX(",\"layers\":[]"), OCI_I, LW_E_FORMAT },
	{ INDEX(",\"layers\":null"), OCI_I, LW_E_FORMAT },
	{ INDEX(",\"config\":" CONFIG), OCI_I, LW_E_FORMAT },
	{ INDEX(",\"config\":" CONFIG ",\"layers\":[" LAYER "]"), OCI_I, LW_E_FORMAT },
	{ INDEX(",\"config\":null"), NULL, LW_E_FORMAT },
	{ INDEX(",\"layers\":[]"), NULL, LW_E_FORMAT },
	{ MANIFEST(""), OCI_I, LW_E_FORMAT },
	{ MANIFEST(""), DOCKER_M, LW_E_FORMAT },
	{ MANIFEST(""), NULL, LW_E_FORMAT },
	{ INDEX(""), OCI_M, LW_E_FORMAT },
	{ INDEX(""), DOCKER_L, LW_E_FORMAT },
	{ V2 ",\"config\":" CONFIG ",\"layers\":[]}", OCI_I, LW_E_FORMAT },
	{ V2 ",\"config\":" CONFIG ",\"layers\":[]}", "", LW_E_FORMAT },
	{ V2 ",\"config\":" CONFIG ",\"layers\":[]}", DOCKER_M, LW_E_FORMAT },
	{ V2 ",\"manifests\":[]}", OCI_M, LW_E_FORMAT },
	{ V2 ",\"manifests\":[]}", "", LW_E_FORMAT },
	{ V2 ",\"manifests\":[]}", DOCKER_L, LW_E_FORMAT },
	{ V2 TYPE("") ",\"manifests\":[]}", OCI_I, LW_E_FORMAT },
	{ V2 TYPE("") ",\"manifests\":[]}", "", LW_E_FORMAT },
	{ V2 ",\"mediaType\":null,\"manifests\":[]}", OCI_I, LW_E_FORMAT },
	{ V2 ",\"mediaType\":[\"" OCI_I "\"],\"manifests\":[]}", OCI_I, LW_E_FORMAT },
	{ V2 TYPE("application/vnd.OCI.image.index.v1+json") ",\"manifests\":[]}", OCI_I,
	  LW_E_FORMAT },
	{ V2 TYPE(OCI_I " ") ",\"manifests\":[]}", OCI_I, LW_E_FORMAT },
	{ MANIFEST(",\"blobs\":[]"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"fsLayers\":[]"), OCI_M, LW_E_FORMAT },
	{ INDEX(",\"blobs\":[]"), OCI_I, LW_E_FORMAT },

	/* Keys twice, or twice for others. */
	{ MANIFEST(",\"layers\":[]"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"l\\u0061yers\":[]"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"mediaType\":\"" OCI_M "\""), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"Layers\":[]"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"MANIFESTS\":[]"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"manifest\xc5\xbf\":[]"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"manifest\\u017f\":[]"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"blob\\u017F\":[]"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"mediatype\":\"" OCI_I "\""), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"Subject\":" CHILD), OCI_M, LW_E_FORMAT },
	{ LAYER_WITH("{\"mediaType\":\"a/b\"," DIGEST ",\"size\":1,\"Size\":2}"), OCI_M,
	  LW_E_FORMAT },
	{ LAYER_WITH("{\"mediaType\":\"a/b\"," DIGEST ",\"size\":1,\"size\":1}"), OCI_M,
	  LW_E_FORMAT },
	{ LAYER_WITH("{\"mediaType\":\"a/b\"," DIGEST ",\"size\":1,\"DIGEST\":\"\"}"), OCI_M,
	  LW_E_FORMAT },
	{ LAYER_WITH("{\"mediaType\":\"a/b\"," DIGEST ",\"size\":1,\"URLs\":[]}"), OCI_M,
	  LW_E_FORMAT },
	{ PLATFORM("{\"os\":\"a\",\"OS\":\"b\",\"architecture\":\"c\"}"), OCI_I, LW_E_FORMAT },

	/* Versions and kinds that are known and not handled. */
	{ "{\"schemaVersion\":1,\"fsLayers\":[],\"history\":[]}", "", LW_E_UNSUPPORTED },
	{ "{\"schemaVersion\":1}", "application/vnd.docker.distribution.manifest.v1+json",
	  LW_E_UNSUPPORTED },
	{ "{\"schemaVersion\":1}", "application/vnd.docker.distribution.manifest.v1+prettyjws",
	  LW_E_UNSUPPORTED },
	{ "{\"mediaType\":\"application/vnd.oci.artifact.manifest.v1+json\","
	  "\"artifactType\":\"a/b\",\"blobs\":[]}",
	  "application/vnd.oci.artifact.manifest.v1+json", LW_E_UNSUPPORTED },
	{ "{\"mediaType\":\"application/vnd.oci.artifact.manifest.v1+json\",\"blobs\":[]}", "",
	  LW_E_UNSUPPORTED },
	{ V2 TYPE("application/json") ",\"manifests\":[]}", "", LW_E_UNSUPPORTED },
	{ V2 ",\"manifests\":[]}", "application/json", LW_E_UNSUPPORTED },
	{ "{\"schemaVersion\":3" TYPE(OCI_I) ",\"manifests\":[]}", OCI_I, LW_E_FORMAT },
	{ "{\"schemaVersion\":2.0" TYPE(OCI_I) ",\"manifests\":[]}", OCI_I, LW_E_FORMAT },
	{ "{\"schemaVersion\":\"2\"" TYPE(OCI_I) ",\"manifests\":[]}", OCI_I, LW_E_FORMAT },
	{ "{\"schemaVersion\":-2" TYPE(OCI_I) ",\"manifests\":[]}", OCI_I, LW_E_LIMIT },
	{ "{\"mediaType\":\"" OCI_I "\",\"manifests\":[]}", OCI_I, LW_E_FORMAT },
	{ "{}", LW_MEDIA_TYPE_LAYOUT, LW_E_FORMAT },
	{ "{\"imageLayoutVersion\":\"1.1.0\"}", LW_MEDIA_TYPE_LAYOUT, LW_E_UNSUPPORTED },
	{ "{\"imageLayoutVersion\":1}", LW_MEDIA_TYPE_LAYOUT, LW_E_FORMAT },
	{ "{\"ImageLayoutVersion\":\"1.0.0\"}", LW_MEDIA_TYPE_LAYOUT, LW_E_FORMAT },
	{ "{\"imageLayoutVersion\":\"1.0.0\"}", "", LW_E_FORMAT },

	/* Shapes. */
	{ V2 TYPE(OCI_M) ",\"config\":" CONFIG "}", OCI_M, LW_E_FORMAT },
	{ V2 TYPE(OCI_M) ",\"layers\":[" LAYER "]}", OCI_M, LW_E_FORMAT },
	{ V2 TYPE(OCI_M) ",\"config\":null,\"layers\":[]}", OCI_M, LW_E_FORMAT },
	{ V2 TYPE(OCI_M) ",\"config\":[],\"layers\":[]}", OCI_M, LW_E_FORMAT },
	{ V2 TYPE(OCI_M) ",\"config\":{},\"layers\":[]}", OCI_M, LW_E_FORMAT },
	{ V2 TYPE(OCI_M) ",\"config\":" CONFIG ",\"layers\":{}}", OCI_M, LW_E_FORMAT },
	{ V2 TYPE(OCI_M) ",\"config\":" CONFIG ",\"layers\":[[]]}", OCI_M, LW_E_FORMAT },
	{ V2 TYPE(OCI_M) ",\"config\":" CONFIG ",\"layers\":[null]}", OCI_M, LW_E_FORMAT },
	{ V2 TYPE(OCI_I) "}", OCI_I, LW_E_FORMAT },
	{ V2 TYPE(OCI_I) ",\"manifests\":{}}", OCI_I, LW_E_FORMAT },
	{ V2 TYPE(OCI_I) ",\"manifests\":null}", OCI_I, LW_E_FORMAT },
	{ V2 ",\"manifests\":false}", NULL, LW_E_FORMAT },
	{ V2 ",\"manifests\":{}}", NULL, LW_E_FORMAT },
	{ V2 ",\"manifests\":\"\"}", NULL, LW_E_FORMAT },
	{ MANIFEST(",\"subject\":null"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"subject\":[" CHILD "]"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"subject\":\"sha256:" HEX "\""), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"annotations\":[]"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"annotations\":{\"a\":1}"), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"artifactType\":\"a b\""), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"artifactType\":\"\\u001b[1m\""), OCI_M, LW_E_FORMAT },
	{ MANIFEST(",\"artifactType\":7"), OCI_M, LW_E_FORMAT },
	{ V2 TYPE(OCI_M) ",\"config\":" EMPTY ",\"layers\":[]}", OCI_M, LW_E_FORMAT },
	{ V2 TYPE(OCI_M) ",\"artifactType\":\"\",\"config\":" EMPTY ",\"layers\":[]}", OCI_M,
	  LW_E_FORMAT },

	/* Digests (CVE-2024-3727). */
	{ LAYER_DIGEST(""), OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST("sha256:"), OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST("sha256:../../x"), OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST("sha256:" HEX "0"), OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST(
		  "sha256:123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
	  OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST("sha256:"
		       "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"),
	  OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST("SHA256:" HEX), OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST("sha256-" HEX), OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST(" sha256:" HEX), OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST("sha256:" HEX "\\n"), OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST("sha256:" HEX "\\u0000"), OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST("sha999:" HEX), OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST(HEX), OCI_M, LW_E_FORMAT },
	{ LAYER_DIGEST("sha512:" HEX HEX), OCI_M, LW_E_UNSUPPORTED },
	{ LAYER_DIGEST("sha384:" HEX "0123456789abcdef0123456789abcdef"), OCI_M,
	  LW_E_UNSUPPORTED },
	{ LAYER_WITH("{\"mediaType\":\"a/b\",\"digest\":null,\"size\":1}"), OCI_M,
	  LW_E_FORMAT },
	{ LAYER_WITH("{\"mediaType\":\"a/b\",\"size\":1}"), OCI_M, LW_E_FORMAT },
	{ V2 ",\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":\"sha512:" HEX HEX
	     "\",\"size\":1}]}",
	  NULL, LW_E_UNSUPPORTED },

	/* Sizes. */
	{ LAYER_SIZE("-1"), OCI_M, LW_E_LIMIT },
	{ LAYER_SIZE("1099511627777"), OCI_M, LW_E_LIMIT },
	{ LAYER_SIZE("9007199254740991"), OCI_M, LW_E_LIMIT },
	{ LAYER_SIZE("9007199254740993"), OCI_M, LW_E_FORMAT },
	{ LAYER_SIZE("18446744073709551616"), OCI_M, LW_E_FORMAT },
	{ LAYER_SIZE("1.5"), OCI_M, LW_E_FORMAT },
	{ LAYER_SIZE("1e3"), OCI_M, LW_E_FORMAT },
	{ LAYER_SIZE("\"1\""), OCI_M, LW_E_FORMAT },
	{ LAYER_SIZE("null"), OCI_M, LW_E_FORMAT },
	{ LAYER_SIZE("01"), OCI_M, LW_E_FORMAT },
	{ LAYER_WITH("{\"mediaType\":\"a/b\"," DIGEST "}"), OCI_M, LW_E_FORMAT },

	/* Media types of children. */
	{ LAYER_TYPE(""), OCI_M, LW_E_FORMAT },
	{ LAYER_TYPE("a"), OCI_M, LW_E_FORMAT },
	{ LAYER_TYPE("/a"), OCI_M, LW_E_FORMAT },
	{ LAYER_TYPE("a/"), OCI_M, LW_E_FORMAT },
	{ LAYER_TYPE("a/b/c"), OCI_M, LW_E_FORMAT },
	{ LAYER_TYPE("a b/c"), OCI_M, LW_E_FORMAT },
	{ LAYER_TYPE("a/b c"), OCI_M, LW_E_FORMAT },
	{ LAYER_TYPE("-a/b"), OCI_M, LW_E_FORMAT },
	{ LAYER_TYPE("a/\xc3\xa9"), OCI_M, LW_E_FORMAT },
	{ LAYER_TYPE("a/b;\\u001b[2J"), OCI_M, LW_E_FORMAT },
	{ LAYER_TYPE("a/b\\n"), OCI_M, LW_E_FORMAT },
	{ LAYER_WITH("{" DIGEST ",\"size\":1}"), OCI_M, LW_E_FORMAT },
	{ LAYER_WITH("{\"mediaType\":\"a/b\",\"artifactType\":\"x y\"," DIGEST ",\"size\":1}"),
	  OCI_M, LW_E_FORMAT },
	{ LAYER_WITH("{\"mediaType\":\"a/b\"," DIGEST ",\"size\":1,\"annotations\":7}"), OCI_M,
	  LW_E_FORMAT },
	{ LAYER_WITH("{\"mediaType\":\"a/b\"," DIGEST
		     ",\"size\":1,\"annotations\":{\"a\":{}}}"),
	  OCI_M, LW_E_FORMAT },

	/* Platforms. */
	{ PLATFORM("\"linux/amd64\""), OCI_I, LW_E_FORMAT },
	{ PLATFORM("null"), OCI_I, LW_E_FORMAT },
	{ PLATFORM("{}"), OCI_I, LW_E_FORMAT },
	{ PLATFORM("{\"os\":\"linux\"}"), OCI_I, LW_E_FORMAT },
	{ PLATFORM("{\"os\":\"linux\",\"architecture\":\"\"}"), OCI_I, LW_E_FORMAT },
	{ PLATFORM("{\"os\":\"\",\"architecture\":\"amd64\"}"), OCI_I, LW_E_FORMAT },
	{ PLATFORM("{\"os\":\"\",\"architecture\":\"\",\"variant\":\"v7\"}"), OCI_I,
	  LW_E_FORMAT },
	{ PLATFORM("{\"os\":\"a/b\",\"architecture\":\"c\"}"), OCI_I, LW_E_FORMAT },
	{ PLATFORM("{\"os\":\"a\",\"architecture\":\"b/c\"}"), OCI_I, LW_E_FORMAT },
	{ PLATFORM("{\"os\":\"a\",\"architecture\":\"b\",\"variant\":\"c/d\"}"), OCI_I,
	  LW_E_FORMAT },
	{ PLATFORM("{\"os\":\"a\\u202e\",\"architecture\":\"b\"}"), OCI_I, LW_E_FORMAT },
	{ PLATFORM("{\"os\":7,\"architecture\":\"b\"}"), OCI_I, LW_E_FORMAT },
};

static void refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(refusals); i++) {
		struct lw_document *d = (void *)&refusals;
		int r = parse(refusals[i].text, refusals[i].media_type, &d);

		if (r != -(int)refusals[i].code)
			fail_msg("want %d, have %d: %s", refusals[i].code, -r,
				 refusals[i].text);
		assert_ptr_equal(d, &refusals);
	}
}

/* Which of them, and what of it. */
static void says_where(void **state)
{
	static const struct {
		const char *text, *type, *where;
	} bad[] = {
		{ LAYER_WITH("{\"mediaType\":\"a/b\"}"), OCI_M, "layers[0]: " },
		{ LAYER_WITH(LAYER "," LAYER ",{\"mediaType\":\"a/b\"}," LAYER), OCI_M,
		  "layers[2]: " },
		{ CHILD_WITH(CHILD ",7"), OCI_I, "manifests[1]: " },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++) {
		LW_AUTO(document) struct lw_document *d = NULL;
		struct lw_error e = { 0 };

		assert_true(lw_document_parse(lw_span_str(bad[i].text), bad[i].type, &d, &e) <
			    0);
		assert_null(d);
		if (strncmp(e.text, bad[i].where, strlen(bad[i].where)) != 0)
			fail_msg("%s: %s", bad[i].where, e.text);
	}
}

static void reads_descriptors(void **state)
{
	static const char text[] =
		V2 ",\"manifests\":[{\"mediaType\":\"" OCI_M "\"," DIGEST ",\"size\":500,"
		   "\"artifactType\":\"application/x\","
		   "\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\","
		   "\"os.features\":[\"x\"]},"
		   "\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\","
		   "\"io.containerd.image.name\":\"r.example/a:v1\",\"x\":\"y\"}},"
		   "{\"mediaType\":\"" DOCKER_M "\"," DIGEST ",\"size\":1,"
		   "\"platform\":{\"os\":\"\",\"architecture\":\"\"}}]}";
	LW_AUTO(document) struct lw_document *d = NULL;
	char digest[LW_DIGEST_TEXT];

	(void)state;
	assert_int_equal(parse(text, NULL, &d), 0);
	assert_int_equal(d->n_children, 2);

	const struct lw_descriptor *c = &d->children[0];
	assert_int_equal(c->role, LW_CHILD_MANIFEST);
	assert_string_equal(lw_digest_text(&c->digest, digest), "sha256:" HEX);
	assert_int_equal(c->size, 500);
	assert_string_equal(c->media_type, OCI_M);
	assert_string_equal(c->artifact_type, "application/x");
	assert_string_equal(c->platform, "linux/arm/v7");
	assert_string_equal(c->ref_name, "v1");
	assert_string_equal(c->full_name, "r.example/a:v1");

	c = &d->children[1];
	assert_string_equal(c->media_type, DOCKER_M);
	assert_string_equal(c->artifact_type, "");
	assert_string_equal(c->platform, "");
	assert_string_equal(c->ref_name, "");
	assert_string_equal(c->full_name, "");
	assert_crosses(d);
}

static void reads_roles(void **state)
{
	LW_AUTO(document) struct lw_document *d = NULL;

	(void)state;
	/* The subject comes last, wherever it stands. */
	assert_int_equal(parse(V2 ",\"subject\":" CHILD TYPE(
				       OCI_M) ",\"layers\":[" LAYER "],"
					      "\"artifactType\":\"a/b\",\"config\":" EMPTY "}",
			       OCI_M, &d),
			 0);
	assert_int_equal(d->n_children, 3);
	assert_int_equal(d->children[0].role, LW_CHILD_CONFIG);
	assert_int_equal(d->children[1].role, LW_CHILD_LAYER);
	assert_int_equal(d->children[2].role, LW_CHILD_SUBJECT);
	assert_string_equal(d->artifact_type, "a/b");
	assert_ptr_equal(lw_document_child(d, LW_CHILD_SUBJECT), &d->children[2]);
	assert_ptr_equal(lw_document_child(d, LW_CHILD_CONFIG), &d->children[0]);
	assert_null(lw_document_child(d, LW_CHILD_MANIFEST));
}

/* An index of so many children, in as few bytes as there can be. */
static void many_children(struct lw_buf *out, size_t n)
{
	lw_buf_adds(out, V2 ",\"manifests\":[");
	for (size_t i = 0; i < n; i++)
		lw_buf_printf(out, "%s{\"mediaType\":\"a/b\"," DIGEST ",\"size\":1}",
			      i ? "," : "");
	lw_buf_adds(out, "]}");
}

static void limits(void **state)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	LW_AUTO(document) struct lw_document *d = NULL;

	(void)state;
	many_children(&text, LW_MAX_DESCRIPTORS);
	assert_int_equal(parse(lw_buf_str(&text), NULL, &d), 0);
	assert_int_equal(d->n_children, LW_MAX_DESCRIPTORS);
	assert_crosses(d);
	lw_document_free(lw_steal(d));
	assert_int_equal(parse(lw_buf_str(&text), OCI_I, &d), -LW_E_LIMIT); /* its bytes */

	lw_buf_clear(&text);
	many_children(&text, LW_MAX_DESCRIPTORS + 1);
	assert_int_equal(parse(lw_buf_str(&text), NULL, &d), -LW_E_LIMIT);

	/* A document one byte too long, all of it white space. */
	lw_buf_clear(&text);
	lw_buf_adds(&text, INDEX(""));
	text.n--;
	lw_buf_fill(&text, ' ', LW_MAX_MANIFEST_BYTES - text.n - 1);
	lw_buf_addc(&text, '}');
	assert_int_equal(text.n, LW_MAX_MANIFEST_BYTES);
	assert_int_equal(parse(lw_buf_str(&text), OCI_I, &d), 0);
	text.n--;
	lw_buf_adds(&text, " }");
	assert_int_equal(parse(lw_buf_str(&text), OCI_I, NULL), -LW_E_LIMIT);

	lw_buf_clear(&text);
	lw_buf_adds(&text, V2 TYPE(OCI_M) ",\"config\":" CONFIG ",\"layers\":[],\"x\":");
	for (int i = 0; i < 100000; i++)
		lw_buf_addc(&text, '[');
	assert_int_equal(parse(lw_buf_str(&text), OCI_M, NULL), -LW_E_LIMIT);
}

static void limits_of_strings(void **state)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		LW_AUTO(document) struct lw_document *d = NULL;

		lw_buf_clear(&text);
		lw_buf_adds(&text,
			    V2 TYPE(OCI_I) ",\"manifests\":[],\"annotations\":{\"a\":\"");
		lw_buf_fill(&text, 'x', LW_MAX_ANNOTATION + over);
		lw_buf_adds(&text, "\"}}");
		assert_int_equal(parse(lw_buf_str(&text), OCI_I, &d), over ? -LW_E_LIMIT : 0);
	}
	for (size_t over = 0; over < 2; over++) {
		LW_AUTO(document) struct lw_document *d = NULL;

		lw_buf_clear(&text);
		lw_buf_adds(&text, V2 TYPE(OCI_M) ",\"config\":" CONFIG
						  ",\"layers\":[{\"mediaType\":\"a/");
		lw_buf_fill(&text, 'x', LW_MAX_MEDIA_TYPE - 2 + over);
		lw_buf_adds(&text, "\"," DIGEST ",\"size\":1}]}");
		assert_int_equal(parse(lw_buf_str(&text), OCI_M, &d), over ? -LW_E_LIMIT : 0);
	}
	lw_buf_clear(&text);
	lw_buf_adds(&text, V2 ",\"manifests\":[{\"mediaType\":\"" OCI_M "\"," DIGEST
			      ",\"size\":1,\"platform\":{\"os\":\"");
	lw_buf_fill(&text, 'x', LW_MAX_LABEL + 1);
	lw_buf_adds(&text, "\",\"architecture\":\"a\"}}]}");
	assert_int_equal(parse(lw_buf_str(&text), OCI_I, NULL), -LW_E_LIMIT);
}

static void kinds(void **state)
{
	(void)state;
	assert_int_equal(lw_media_kind(OCI_M), LW_MEDIA_MANIFEST);
	assert_int_equal(lw_media_kind(DOCKER_M), LW_MEDIA_MANIFEST);
	assert_int_equal(lw_media_kind(OCI_I), LW_MEDIA_INDEX);
	assert_int_equal(lw_media_kind(DOCKER_L), LW_MEDIA_INDEX);
	assert_int_equal(lw_media_kind(""), LW_MEDIA_OTHER);
	assert_int_equal(lw_media_kind("application/json"), LW_MEDIA_OTHER);
	assert_int_equal(lw_media_kind("Application/vnd.oci.image.index.v1+json"),
			 LW_MEDIA_OTHER);
	assert_int_equal(lw_media_kind(LW_MEDIA_TYPE_LAYOUT), LW_MEDIA_OTHER);
}

/* What a broken box could say. */

struct said {
	uint32_t kind;
	const char *media_type, *artifact_type;
	uint32_t n;
	struct child {
		uint32_t role;
		size_t digest_n;
		uint64_t size;
		const char *media_type, *artifact_type, *platform, *ref_name, *full_name;
	} child[3];
};

#define A_CONFIG                                                                               \
	{                                                                                      \
		LW_CHILD_CONFIG, 32, 1, "a/b", "", "", "", ""                                  \
	}
#define A_LAYER                                                                                \
	{                                                                                      \
		LW_CHILD_LAYER, 32, 1, "a/b", "", "", "", ""                                   \
	}
#define A_CHILD                                                                                \
	{                                                                                      \
		LW_CHILD_MANIFEST, 32, 1, OCI_M, "", "linux/amd64", "v1", ""                   \
	}
#define ABOUT                                                                                  \
	{                                                                                      \
		LW_CHILD_SUBJECT, 32, 1, OCI_M, "", "", "", ""                                 \
	}

static void put_said(struct lw_buf *out, const struct said *s)
{
	static const uint8_t digest[40];

	lw_ipc_put_u32(out, s->kind);
	lw_ipc_put_str(out, s->media_type);
	lw_ipc_put_str(out, s->artifact_type);
	lw_ipc_put_u32(out, s->n);
	for (size_t i = 0; i < LW_COUNT_OF(s->child) && i < s->n && s->child[i].media_type;
	     i++) {
		const struct child *c = &s->child[i];

		lw_ipc_put_u32(out, c->role);
		lw_ipc_put_bytes(out, lw_span(digest, c->digest_n));
		lw_ipc_put_u64(out, c->size);
		lw_ipc_put_str(out, c->media_type);
		lw_ipc_put_str(out, c->artifact_type);
		lw_ipc_put_str(out, c->platform);
		lw_ipc_put_str(out, c->ref_name);
		lw_ipc_put_str(out, c->full_name);
	}
}

static int take_said(const struct said *s)
{
	LW_AUTO(document) struct lw_document *d = NULL;
	LW_AUTO(buf) struct lw_buf out = { 0 };
	struct lw_error e = { 0 };

	put_said(&out, s);
	struct lw_span body = lw_buf_span(&out);
	const struct lw_span before = body;
	int r = lw_document_take(&body, &d, &e);
	assert_int_equal(r, -(int)e.code);
	assert_int_equal(body.n, r < 0 ? before.n : 0);
	return r;
}

static void takes_no_lies(void **state)
{
	static const struct said good[] = {
		{ LW_MEDIA_MANIFEST, OCI_M, "", 3, { A_CONFIG, A_LAYER, ABOUT } },
		{ LW_MEDIA_MANIFEST, DOCKER_M, "x", 1, { A_CONFIG } },
		{ LW_MEDIA_INDEX, OCI_I, "", 2, { A_CHILD, ABOUT } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { ABOUT } },
		{ LW_MEDIA_INDEX, DOCKER_L, "", 0, { A_CHILD } },
		{ LW_MEDIA_OTHER, LW_MEDIA_TYPE_LAYOUT, "", 0, { A_CHILD } },
	};
	static const struct said lies[] = {
		{ LW_MEDIA_INDEX, OCI_M, "", 1, { A_CONFIG } },
		{ LW_MEDIA_MANIFEST, OCI_I, "", 1, { A_CONFIG } },
		{ LW_MEDIA_OTHER, OCI_I, "", 0, { A_CHILD } },
		{ LW_MEDIA_OTHER, "a/b", "", 0, { A_CHILD } },
		{ LW_MEDIA_OTHER, "", "", 0, { A_CHILD } },
		{ LW_MEDIA_MANIFEST, "", "", 1, { A_CONFIG } },
		{ 7, OCI_M, "", 1, { A_CONFIG } },
		{ LW_MEDIA_OTHER, LW_MEDIA_TYPE_LAYOUT, "", 1, { A_CHILD } },
		{ LW_MEDIA_MANIFEST, OCI_M, "a b", 1, { A_CONFIG } },
		{ LW_MEDIA_MANIFEST, OCI_M, "\x1b", 1, { A_CONFIG } },
		{ LW_MEDIA_MANIFEST, OCI_M, "", 0, { A_CONFIG } },
		{ LW_MEDIA_MANIFEST, OCI_M, "", 1, { A_LAYER } },
		{ LW_MEDIA_MANIFEST, OCI_M, "", 1, { ABOUT } },
		{ LW_MEDIA_MANIFEST, OCI_M, "", 2, { A_LAYER, A_CONFIG } },
		{ LW_MEDIA_MANIFEST, OCI_M, "", 2, { A_CONFIG, A_CONFIG } },
		{ LW_MEDIA_MANIFEST, OCI_M, "", 2, { A_CONFIG, A_CHILD } },
		{ LW_MEDIA_MANIFEST, OCI_M, "", 3, { A_CONFIG, ABOUT, A_LAYER } },
		{ LW_MEDIA_MANIFEST, OCI_M, "", 3, { A_CONFIG, ABOUT, ABOUT } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { A_CONFIG } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { A_LAYER } },
		{ LW_MEDIA_INDEX, OCI_I, "", 2, { ABOUT, A_CHILD } },
		{ LW_MEDIA_INDEX, OCI_I, "", 3, { A_CHILD } },
		{ LW_MEDIA_INDEX, OCI_I, "", UINT32_MAX, { A_CHILD, A_CHILD, A_CHILD } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { { 0, 32, 1, OCI_M, "", "", "", "" } } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { { 5, 32, 1, OCI_M, "", "", "", "" } } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { { 3, 31, 1, OCI_M, "", "", "", "" } } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { { 3, 33, 1, OCI_M, "", "", "", "" } } },
		{ LW_MEDIA_INDEX,
		  OCI_I,
		  "",
		  1,
		  { { 3, 32, LW_MAX_BLOB_BYTES + 1, OCI_M, "", "", "", "" } } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { { 3, 32, 1, "", "", "", "", "" } } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { { 3, 32, 1, "a", "", "", "", "" } } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { { 3, 32, 1, "a/b", " ", "", "", "" } } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { { 3, 32, 1, "a/b", "", "a", "", "" } } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { { 3, 32, 1, "a/b", "", "a/", "", "" } } },
		{ LW_MEDIA_INDEX,
		  OCI_I,
		  "",
		  1,
		  { { 3, 32, 1, "a/b", "", "a/b/c/d", "", "" } } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { { 3, 32, 1, "a/b", "", "", "\xff", "" } } },
		{ LW_MEDIA_INDEX, OCI_I, "", 1, { { 3, 32, 1, "a/b", "", "", "", "\xff" } } },
		{ LW_MEDIA_MANIFEST,
		  OCI_M,
		  "",
		  1,
		  { { LW_CHILD_CONFIG, 32, 1, "a/b", "", "linux/amd64", "", "" } } },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(good); i++)
		assert_int_equal(take_said(&good[i]), 0);
	for (size_t i = 0; i < LW_COUNT_OF(lies); i++)
		if (take_said(&lies[i]) != -LW_E_JAIL)
			fail_msg("took lie %zu", i);
}

static void takes_no_part(void **state)
{
	const struct said s = { LW_MEDIA_INDEX, OCI_I, "", 2, { A_CHILD, ABOUT } };
	LW_AUTO(buf) struct lw_buf out = { 0 };
	struct lw_document *d = NULL;

	(void)state;
	put_said(&out, &s);
	for (size_t n = 0; n < out.n; n++) {
		struct lw_span body = lw_span(out.p, n);

		assert_int_equal(lw_document_take(&body, &d, NULL), -LW_E_JAIL);
		assert_null(d);
	}

	/* A NUL in a string. */
	uint8_t *v1 = memmem(out.p, out.n, "linux", 5);
	assert_non_null(v1);
	v1[2] = '\0';
	struct lw_span body = lw_buf_span(&out);
	assert_int_equal(lw_document_take(&body, &d, NULL), -LW_E_JAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts),	     cmocka_unit_test(refuses),
		cmocka_unit_test(says_where),	     cmocka_unit_test(reads_descriptors),
		cmocka_unit_test(reads_roles),	     cmocka_unit_test(limits),
		cmocka_unit_test(limits_of_strings), cmocka_unit_test(kinds),
		cmocka_unit_test(takes_no_lies),     cmocka_unit_test(takes_no_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
