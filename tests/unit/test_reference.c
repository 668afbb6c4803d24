/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "image/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int parse(const char *text, struct lw_reference *r)
{
	struct lw_error e = { 0 };
	int code = lw_reference_parse(lw_span_str(text), r, &e);

	assert_int_equal(code, -(int)e.code);
	return code;
}

static void accepts(void **state)
{
	static const struct {
		const char *text, *repository, *tag;
	} good[] = {
		{ "registry.example/a:1", "registry.example/a", "1" },
		{ "registry.example/a", "registry.example/a", "" },
		{ "docker.io/library/busybox:1.37", "docker.io/library/busybox", "1.37" },
		{ "localhost/a:latest", "localhost/a", "latest" },
		{ "localhost:5000/a:latest", "localhost:5000/a", "latest" },
		{ "r:5000/a/b/c:x", "r:5000/a/b/c", "x" },
		{ "r:65535/a", "r:65535/a", "" },
		{ "10.0.0.1:443/a:b", "10.0.0.1:443/a", "b" },
		{ "[2001:db8::1]/a:b", "[2001:db8::1]/a", "b" },
		{ "[::1]:5000/a", "[::1]:5000/a", "" },
		{ "r.example/a.b/c_d/e__f/g-h/i---j/0:T", "r.example/a.b/c_d/e__f/g-h/i---j/0",
		  "T" },
		{ "x--y.example/a:_", "x--y.example/a", "_" },
		{ "r.example/a:A.b-c_9", "r.example/a", "A.b-c_9" },
		{ "r.example/a:sha256-00.sig", "r.example/a", "sha256-00.sig" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(good); i++) {
		struct lw_reference r;
		char text[LW_MAX_REFERENCE + 1];

		assert_int_equal(parse(good[i].text, &r), 0);
		assert_string_equal(r.repository, good[i].repository);
		assert_string_equal(r.tag, good[i].tag);
		assert_string_equal(lw_reference_text(&r, text), good[i].text);
	}
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"/a",
		"a",
		"busybox",
		"busybox:1",
		"library/busybox",
		"library/busybox:1",
		"r.example",
		"r.example/",
		"r.example/:1",
		"r.example//a",
		"r.example/a/",
		"r.example/a//b",
		"r.example/a/:1",
		"r.example/A",
		"r.example/a/B:1",
		"R.example/a",
		"index.docker.io/library/busybox:1",
		"docker.io/busybox",
		"docker.io/busybox:1",
		"LOCALHOST/a",
		"r.example/.a",
		"r.example/a.",
		"r.example/a..b",
		"r.example/a._b",
		"r.example/a___b",
		"r.example/_a",
		"r.example/-a",
		"r.example/a-",
		"r.example/..",
		"r.example/../a",
		"r.example/a/../b",
		"r.example/./a",
		"r.example/a b",
		"r.example/a%2f",
		"r.example/a\\b",
		"r.example/a?b",
		"r.example/a#b",
		"r.example/a:",
		"r.example/a:.x",
		"r.example/a:-x",
		"r.example/a:x y",
		"r.example/a:x/y",
		"r.example/a:x:y",
		"r.example/a:\xc3\xa9",
		"r.example/a:x\n",
		"r.example/\xc3\xa9",
		"r.example/a\x1b[31m",
		"r.example/a@sha256:"
		"0000000000000000000000000000000000000000000000000000000000000000",
		"r.example/a:1@sha256:"
		"0000000000000000000000000000000000000000000000000000000000000000",
		"user@r.example/a",
		"https://r.example/a",
		"oci:r.example/a",
		".example/a",
		"r..example/a",
		"r.example./a",
		"-r.example/a",
		"r-.example/a",
		"r_x.example/a",
		"r.example:/a",
		"r.example:0/a",
		"r.example:00443/a",
		"r.example:65536/a",
		"r.example:-1/a",
		"r.example:443:443/a",
		"r.example:x/a",
		"r.example:18446744073709551616/a",
		"[]/a",
		"[::1/a",
		"::1/a",
		"[::1]x/a",
		"[::1]5000/a",
		"[0:0:0:0:0:0:0:1]/a",
		"[2001:DB8::1]/a",
		"[fe80::1%eth0]/a",
		"[1.2.3.4]/a",
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++) {
		struct lw_reference r, before;

		memset(&r, 0x5a, sizeof(r));
		before = r;
		if (parse(bad[i], &r) != -LW_E_FORMAT)
			fail_msg("accepted: %s", bad[i]);
		assert_memory_equal(&r, &before, sizeof(r));
	}
}

static void refuses_nul(void **state)
{
	static const char nul[] = "r.example/a\0b:1";
	static const char in_host[] = "[::1\0]/a";
	struct lw_reference r;

	(void)state;
	assert_int_equal(lw_reference_parse(lw_span(nul, sizeof(nul) - 1), &r, NULL),
			 -LW_E_FORMAT);
	assert_int_equal(lw_reference_parse(lw_span(in_host, sizeof(in_host) - 1), &r, NULL),
			 -LW_E_FORMAT);
	assert_int_equal(lw_reference_parse(lw_span(NULL, 0), &r, NULL), -LW_E_FORMAT);
}

/* host "r.example/" and a path so that the repository has n bytes, then ":" and a tag of m. */
static char *long_name(size_t n, size_t m)
{
	char *s = lw_alloc(n + m + 2);

	memset(s, 'a', n);
	memcpy(s, "r.example/", 10);
	s[n] = ':';
	memset(s + n + 1, 't', m);
	s[n + 1 + m] = '\0';
	return s;
}

static void lengths(void **state)
{
	struct lw_reference r;
	char text[LW_MAX_REFERENCE + 1];

	(void)state;
	for (size_t n = 254; n <= 257; n++)
		for (size_t m = 127; m <= 130; m++) {
			lw_auto_free char *s = long_name(n, m);
			bool good = n <= LW_MAX_REPOSITORY && m <= LW_MAX_TAG;

			assert_int_equal(parse(s, &r), good ? 0 : -LW_E_FORMAT);
			if (good)
				assert_string_equal(lw_reference_text(&r, text), s);
		}

	lw_auto_free char *huge = long_name(LW_MAX_REFERENCE, 100000);
	assert_int_equal(parse(huge, &r), -LW_E_FORMAT);
}

static void tags(void **state)
{
	(void)state;
	assert_true(lw_reference_is_tag(lw_span_str("latest")));
	assert_true(lw_reference_is_tag(lw_span_str("_")));
	assert_true(lw_reference_is_tag(lw_span_str("v1.0-rc_1")));
	assert_false(lw_reference_is_tag(lw_span_str("")));
	assert_false(lw_reference_is_tag(lw_span_str(".a")));
	assert_false(lw_reference_is_tag(lw_span_str("-a")));
	assert_false(lw_reference_is_tag(lw_span_str("a:b")));
	assert_false(lw_reference_is_tag(lw_span_str("a/b")));
	assert_false(lw_reference_is_tag(lw_span_str("a b")));
	assert_false(lw_reference_is_tag(lw_span_str("a@b")));
	assert_false(lw_reference_is_tag(lw_span_str("a\x7f")));
	assert_false(lw_reference_is_tag(lw_span("a\0b", 3)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts),     cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_nul), cmocka_unit_test(lengths),
		cmocka_unit_test(tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
