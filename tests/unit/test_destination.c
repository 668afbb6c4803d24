/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "image/destination.h"
#include "registry/credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/lib/people.h"

static const char *map(const char *where, const char *const *rules, size_t n, const char *name)
{
	static char path[LW_MAX_REPOSITORY + 1];
	LW_AUTO(destination) struct lw_destination d = { 0 };
	struct lw_error e = { 0 };

	OK(lw_destination_parse(where, rules, n, &d, &e));
	return lw_destination_map(&d, name, path, &e) < 0 ? lw_code_name(e.code) : path;
}

static void maps(void **state)
{
	const char *const rules[] = { "r.example/prod=acme", "r.example/prod/app=main/it",
				      "r.example=r" };
	char long_prefix[LW_MAX_REPOSITORY + 1] = "h:1/";

	(void)state;
	assert_string_equal(map("h:1", NULL, 0, "r.example/a"), "r.example/a");
	assert_string_equal(map("h:1/x/y", NULL, 0, "r.example/a"), "x/y/r.example/a");
	assert_string_equal(map("h.example", NULL, 0, "localhost:5000/a"), "localhost_5000/a");
	/* whole components, and the longest */
	assert_string_equal(map("h:1", rules, 3, "r.example/prod"), "acme");
	assert_string_equal(map("h:1", rules, 3, "r.example/prod/b"), "acme/b");
	assert_string_equal(map("h:1/p", rules, 3, "r.example/prod/app"), "p/main/it");
	assert_string_equal(map("h:1", rules, 3, "r.example/prod/app/x"), "main/it/x");
	assert_string_equal(map("h:1", rules, 3, "r.example/prod/apple"), "acme/apple");
	assert_string_equal(map("h:1", rules, 3, "r.example/production"), "r/production");
	assert_string_equal(map("h:1", rules, 3, "r.example.org/a"), "r.example.org/a");
	/* no name that a registry takes */
	assert_string_equal(map("h:1", NULL, 0, "[::1]:5000/a"), "format");
	memset(long_prefix + 4, 'a', 245);
	assert_string_equal(map(long_prefix, NULL, 0, "r.example/a"), "limit");
}

static void refuses(void **state)
{
	static const char *const where[] = { "",	  "/",	      "h",	 "h:1/",
					     "h:1//a",	  "h:0",      "h:1:2",	 "h:1/a:1",
					     "h:1/A",	  "H:1",      "u@h:1",	 "h:1?a",
					     "https://h", "h:1/../a", "h:1/a@b", "h:99999",
					     "h:1 ",	  "h:1/a b" };
	static const char *const rules[] = { "=",     "a=",	   "=a",       "a",
					     "a/=b",  "a.b/c=d:1", "a.b/c=D",  "a.b/c=/d",
					     "a=b=c", "a.b/c=d/",  "a.b/c=d e" };
	struct lw_error e = { 0 };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(where); i++) {
		LW_AUTO(destination) struct lw_destination d = { 0 };

		assert_int_equal(lw_destination_parse(where[i], NULL, 0, &d, &e), -LW_E_USAGE);
	}
	for (size_t i = 0; i < LW_COUNT_OF(rules); i++) {
		LW_AUTO(destination) struct lw_destination d = { 0 };

		assert_int_equal(lw_destination_parse("h:1", &rules[i], 1, &d, &e),
				 -LW_E_USAGE);
	}
}

static void knows_this_machine(void **state)
{
	static const char *const here[] = { "localhost:1", "127.0.0.1:5000", "[::1]:5000" };
	static const char *const there[] = { "localhost.example", "127.0.0.1.example",
					     "127.0.0.10:1", "[::2]:5000", "10.0.0.1" };
	struct lw_error e = { 0 };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(here) + LW_COUNT_OF(there); i++) {
		LW_AUTO(destination) struct lw_destination d = { 0 };
		bool is = i < LW_COUNT_OF(here);

		OK(lw_destination_parse(is ? here[i] : there[i - LW_COUNT_OF(here)], NULL, 0,
					&d, &e));
		assert_int_equal(lw_destination_is_here(&d), is);
	}
}

/* ---- credentials ---- */

static int helper(const char *name, const char *server, struct lw_credential *ret,
		  struct lw_error *e)
{
	if (strcmp(name, "none") == 0)
		return lw_fail(e, LW_E_NOTFOUND, "none");
	ret->username = lw_strdup(name);
	ret->password = lw_strdup(server);
	return 0;
}

static int find(const char *text, const char *where, struct lw_credential *ret,
		struct lw_error *e)
{
	char path[] = "/tmp/landwaiter-auth-XXXXXX";
	const char *const files[] = { "/nonexistent/auth.json", path };
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	r = lw_credentials_find(files, 2, false, where, helper, ret, e);
	(void)unlink(path);
	return r;
}

#define ENTRY(key, auth) "{\"auths\":{\"" key "\":{\"auth\":\"" auth "\"}}}"
#define A_B		 "YTpi"	    /* a:b */
#define C_D		 "YzpkOmU=" /* c:d:e */

static void finds_credentials(void **state)
{
	static const struct {
		const char *file, *where, *username, *password;
	} cases[] = {
		{ ENTRY("h:1", A_B), "h:1/x", "a", "b" },
		{ ENTRY("h:1", C_D), "h:1/x", "c", "d:e" },
		{ ENTRY("https://h/v1/", A_B), "h/x", "a", "b" },
		{ ENTRY("h:1/x", A_B), "h:1/x/y", "a", "b" },
		{ ENTRY("h:1/x", A_B), "h:1/xy", "", "" },
		{ ENTRY("h", A_B), "h:1/x", "", "" },
		{ ENTRY("h:1", A_B), "h:10/x", "", "" },
		{ ENTRY("", A_B), "h:1/x", "", "" },
		{ "{\"auths\":{\"h\":{\"auth\":\"" A_B "\"},\"h/x\":{\"auth\":\"" C_D "\"}}}",
		  "h/x/y", "c", "d:e" },
		{ "{\"credHelpers\":{\"h\":\"tool\"}}", "h/x", "tool", "h" },
		{ "{\"credHelpers\":{\"h\":\"none\"},\"credsStore\":\"tool\"}", "h/x", "tool",
		  "h" },
		{ "{\"credsStore\":\"tool\",\"auths\":{\"h\":{\"auth\":\"" A_B "\"}}}", "h/x",
		  "a", "b" },
		{ "{\"auths\":{\"h\":{}},\"credsStore\":\"tool\"}", "h/x", "tool", "h" },
		{ "{}", "h/x", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
		LW_AUTO(credential) struct lw_credential c = { 0 };
		struct lw_error e = { 0 };

		OK(find(cases[i].file, cases[i].where, &c, &e));
		assert_string_equal(c.username, cases[i].username);
		assert_string_equal(c.password, cases[i].password);
	}
}

static void refuses_credentials(void **state)
{
	static const char *const files[] = {
		"",
		"[]",
		"{\"auths\":[]}",
		ENTRY("h", "?"),
		ENTRY("h", "YQ=="),	/* no colon */
		ENTRY("h", "YTpiAA=="), /* a NUL */
		"{\"auths\":{\"h\":{\"auth\":5}}}",
		"{\"auths\":{\"h\":{\"auth\":\"" A_B "\"},\"h\":{}}}",
		"{\"credHelpers\":{\"h\":\"../x\"}}",
		"{\"credsStore\":\"a b\"}",
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(files); i++) {
		LW_AUTO(credential) struct lw_credential c = { 0 };
		struct lw_error e = { 0 };

		assert_true(find(files[i], "h/x", &c, &e) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps),
		cmocka_unit_test(refuses),
		cmocka_unit_test(knows_this_machine),
		cmocka_unit_test(finds_credentials),
		cmocka_unit_test(refuses_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
