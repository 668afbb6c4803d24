/* SPDX-License-Identifier: Apache-2.0 */

/* What a registry's requests are taken for, and what passes between its two processes. */

#include "base/limits.h"
#include "base/mem.h"
#include "registry/server.h"
#include "registry/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void paths(void **state)
{
	static const struct {
		const char *path;
		enum lw_registry_kind kind;
		const char *name, *reference;
	} cases[] = {
		{ "/v2/", LW_REGISTRY_BASE, NULL, NULL },
		{ "/v2", LW_REGISTRY_BASE, NULL, NULL },
		{ "/v2/_catalog", LW_REGISTRY_CATALOG, NULL, NULL },
		{ "/v2/a.example/b/tags/list", LW_REGISTRY_TAGS, "a.example/b", NULL },
		{ "/v2/tags/list/tags/list", LW_REGISTRY_TAGS, "tags/list", NULL },
		{ "/v2/a/manifests/1.0_x-Y", LW_REGISTRY_MANIFEST, "a", "1.0_x-Y" },
		{ "/v2/a/manifests/sha256:00", LW_REGISTRY_MANIFEST, "a", "sha256:00" },
		{ "/v2/a/manifests/manifests/x", LW_REGISTRY_MANIFEST, "a/manifests", "x" },
		{ "/v2/a/blobs/blobs/sha256:ab", LW_REGISTRY_BLOB, "a/blobs", "sha256:ab" },
		{ "/v2/a/referrers/sha256:ab", LW_REGISTRY_REFERRERS, "a", "sha256:ab" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
		LW_AUTO(question) struct lw_question q = { 0 };

		assert_true(lw_server_parse(cases[i].path, &q));
		assert_int_equal(q.kind, cases[i].kind);
		if (cases[i].name)
			assert_string_equal(q.name, cases[i].name);
		if (cases[i].reference)
			assert_string_equal(q.reference, cases[i].reference);
	}
}

static void paths_that_are_none(void **state)
{
	static const char *const cases[] = {
		"",
		"/",
		"/v1/_catalog",
		"/v2x",
		"/v2//",
		"/v2/_catalogue",
		"/v2/_catalog/",
		"/v2/tags/list",
		"/v2//tags/list",
		"/v2/a//tags/list",
		"/v2/A/tags/list",
		"/v2/a/tags/list/",
		"/v2/a/tags",
		"/v2/manifests/1",
		"/v2//manifests/1",
		"/v2/a/manifests/",
		"/v2/a/manifests/1/2",
		"/v2/a/manifests/../1",
		"/v2/a/manifests/1 2",
		"/v2/a/manifests/1\n",
		"/v2/a/manifests/\xc3\xa9",
		"/v2/a/blobs/uploads/",
		"/v2/a b/blobs/sha256:00",
		"/v2/a/blob/sha256:00",
	};
	LW_AUTO(buf) struct lw_buf l = { 0 };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
		LW_AUTO(question) struct lw_question q = { 0 };

		assert_false(lw_server_parse(cases[i], &q));
	}
	lw_buf_adds(&l, "/v2/");
	lw_buf_fill(&l, 'a', LW_MAX_REGISTRY_WORD);
	lw_buf_adds(&l, "/tags/list");

	LW_AUTO(question) struct lw_question q = { 0 };

	assert_false(lw_server_parse(lw_buf_str(&l), &q));
}

static void ranges(void **state)
{
	static const struct {
		const char *value;
		uint64_t size;
		int part;
		uint64_t at, n;
	} cases[] = {
		{ NULL, 10, 0, 0, 0 },
		{ "bytes=0-0", 10, 1, 0, 1 },
		{ "bytes=2-5", 10, 1, 2, 4 },
		{ "bytes=2-", 10, 1, 2, 8 },
		{ "bytes=-3", 10, 1, 7, 3 },
		{ "bytes=-30", 10, 1, 0, 10 },
		{ "bytes=9-100", 10, 1, 9, 1 },
		{ "bytes=0-18446744073709551614", 10, 1, 0, 10 },
		{ "bytes=10-", 10, -1, 0, 0 },
		{ "bytes=-0", 10, -1, 0, 0 },
		{ "bytes=0-", 0, -1, 0, 0 },
		{ "bytes=-1", 0, -1, 0, 0 },
		{ "bytes=5-2", 10, 0, 0, 0 },
		{ "bytes=", 10, 0, 0, 0 },
		{ "bytes=-", 10, 0, 0, 0 },
		{ "bytes=1", 10, 0, 0, 0 },
		{ "bytes= 1-2", 10, 0, 0, 0 },
		{ "bytes=+1-2", 10, 0, 0, 0 },
		{ "bytes=1-2-3", 10, 0, 0, 0 },
		{ "bytes=0-1,3-4", 10, 0, 0, 0 },
		{ "bytes=0-18446744073709551616", 10, 0, 0, 0 },
		{ "BYTES=0-1", 10, 0, 0, 0 },
		{ "rows=0-1", 10, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
		uint64_t at = 0, n = 0;

		assert_int_equal(lw_server_range(cases[i].value, cases[i].size, &at, &n),
				 cases[i].part);
		assert_int_equal(at, cases[i].at);
		assert_int_equal(n, cases[i].n);
	}
}

static void credentials(void **state)
{
	static const struct {
		const char *value, *user, *password;
	} cases[] = {
		{ "Basic Y2Fyb2w6Y2Fyb2xzLXdvcmQ=", "carol", "carols-word" },
		{ "basic   Y2Fyb2w6Y2Fyb2xzLXdvcmQ=", "carol", "carols-word" },
		{ "Basic YTo=", "a", "" },
		{ "Basic YTpiOmM=", "a", "b:c" },
		{ "Basic YTrDpA==", "a", "\xc3\xa4" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
		LW_AUTO(question) struct lw_question q = { 0 };

		assert_true(lw_server_credentials(cases[i].value, &q));
		assert_string_equal(q.user, cases[i].user);
		assert_string_equal(q.password, cases[i].password);
	}
}

static void credentials_that_are_none(void **state)
{
	static const char *const cases[] = {
		NULL,
		"",
		"Basic",
		"Basic ",
		"Basic Og==",			   /* : */
		"Basic OmI=",			   /* :b */
		"Basic Y2Fyb2w=",		   /* carol */
		"BasicY2Fyb2w6Y2Fyb2xzLXdvcmQ=",   /* no space */
		"Basic Y2Fyb2w6Y2Fyb2xzLXdvcmQ",   /* not padded */
		"Basic Y2Fyb2w6Y2Fyb2xzLXdvcmQ= ", /* something after it */
		"Basic Y2Fyb2w6Y2Fyb2xzLXdvcmR=",  /* bits that are not zero */
		"Basic Y2Fyb2w6Y2Fy\nb2xzLXdvcmQ=",
		"Basic !",
		"Basic YQBjOmI=", /* a NUL in the name */
		"Basic YTpiAGM=", /* in the password */
		"Basic YTpiCmM=", /* a line end */
		"Basic YX86Yg==", /* DEL */
		"Bearer Y2Fyb2w6Y2Fyb2xzLXdvcmQ=",
		"Digest username=\"carol\"",
		"Negotiate YII",
	};
	LW_AUTO(buf) struct lw_buf l = { 0 };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
		LW_AUTO(question) struct lw_question q = { 0 };

		assert_false(lw_server_credentials(cases[i], &q));
		assert_null(q.user);
		assert_null(q.password);
	}
	lw_buf_adds(&l, "Basic YTpi"); /* a:b, and more than may come from one part */
	lw_buf_fill(&l, 'Y', 4 * (LW_MAX_REGISTRY_WORD / 3) + 4);

	LW_AUTO(question) struct lw_question q = { 0 };

	assert_false(lw_server_credentials(lw_buf_str(&l), &q));
	lw_buf_fill(&l, 'Y', (size_t)65536);
	assert_false(lw_server_credentials(lw_buf_str(&l), &q));
}

/* How to listen, and what is said of it: each frame whole, or none. */
static void beginnings(void **state)
{
	char certificate[] = "cert", key[] = "key", why[] = "so";
	const struct lw_listen listen = { .certificate = certificate, .key = key };
	const struct lw_ready ready = { .level = 2, .until_sec = 7 };
	const struct lw_refused refused = { .part = LW_LISTEN_KEY, .why = why };
	struct lw_buf b[3] = { { 0 }, { 0 }, { 0 } };
	struct lw_error e = { 0 };

	(void)state;
	lw_listen_put(&listen, &b[0]);
	lw_ready_put(&ready, &b[1]);
	lw_refused_put(&refused, &b[2]);
	for (size_t n = 0; n <= b[0].n; n++) {
		LW_AUTO(listen) struct lw_listen l = { 0 };

		assert_int_equal(lw_listen_take(lw_span(b[0].p, n), &l, &e),
				 n == b[0].n ? 0 : -LW_E_JAIL);
	}
	for (size_t n = 0; n <= b[1].n; n++) {
		struct lw_ready r = { 0 };

		assert_int_equal(lw_ready_take(lw_span(b[1].p, n), &r, &e),
				 n == b[1].n ? 0 : -LW_E_JAIL);
	}
	for (size_t n = 0; n <= b[2].n; n++) {
		LW_AUTO(refused) struct lw_refused r = { 0 };

		assert_int_equal(lw_refused_take(lw_span(b[2].p, n), &r, &e),
				 n == b[2].n ? 0 : -LW_E_JAIL);
	}
	b[2].p[0] = LW_LISTEN_CLIENT_CA + 1;

	LW_AUTO(refused) struct lw_refused r = { 0 };

	assert_int_equal(lw_refused_take(lw_buf_span(&b[2]), &r, &e), -LW_E_JAIL);
	for (size_t i = 0; i < LW_COUNT_OF(b); i++)
		lw_buf_free(&b[i]);
}

/* The server is no friend: what it says is a question, or nothing. */
static void frames(void **state)
{
	char name[] = "a/b", reference[] = "sha256:00", user[] = "carol", password[] = "x";
	const struct lw_question asked = {
		.kind = LW_REGISTRY_BLOB,
		.name = name,
		.reference = reference,
		.most = 7,
		.user = user,
		.password = password,
	};
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_error e = { 0 };

	(void)state;
	lw_question_put(&asked, &b);
	for (size_t n = 0; n <= b.n; n++) {
		LW_AUTO(question) struct lw_question q = { 0 };
		int r = lw_question_take(lw_span(b.p, n), &q, &e);

		assert_int_equal(r, n == b.n ? 0 : -LW_E_JAIL);
	}
	for (uint8_t kind = 0; kind < 9; kind++) {
		LW_AUTO(question) struct lw_question q = { 0 };

		b.p[0] = kind;
		assert_int_equal(lw_question_take(lw_buf_span(&b), &q, &e),
				 kind >= 1 && kind <= 7 ? 0 : -LW_E_JAIL);
	}
	b.p[0] = LW_REGISTRY_BLOB;
	lw_buf_addc(&b, 'x');

	LW_AUTO(question) struct lw_question q = { 0 };

	assert_int_equal(lw_question_take(lw_buf_span(&b), &q, &e), -LW_E_JAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(paths_that_are_none),
		cmocka_unit_test(ranges),
		cmocka_unit_test(credentials),
		cmocka_unit_test(credentials_that_are_none),
		cmocka_unit_test(beginnings),
		cmocka_unit_test(frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
