/* SPDX-License-Identifier: Apache-2.0 */

/* TUF metadata in contents (docs/format/bundle.md section 4.1). */

#include "bundle/contents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/edit.h"
#include "tests/lib/people.h"

#define HEX(c) c c c c c c c c c c c c c c c c
#define D1     "sha256:" HEX("1111")
#define D2     "sha256:" HEX("2222")
#define ROOT   "{\"digest\":\"" D1 "\",\"name\":\"1.root.json\",\"size\":300}"
#define STAMP  "{\"digest\":\"" D2 "\",\"name\":\"timestamp.json\",\"size\":301}"
#define ACME                                                                                   \
	"{\"files\":[" ROOT "," STAMP                                                          \
	"],\"looked\":\"2026-11-27T12:00:00Z\",\"newestRoot\":1,"                              \
	"\"repository\":\"acme\"}"
#define GLOBEX                                                                                 \
	"{\"files\":[" ROOT "],\"looked\":\"2026-11-27T12:00:00Z\",\"newestRoot\":7,"          \
	"\"repository\":\"globex\"}"
#define TOP(tuf)                                                                               \
	"{\"entries\":{\"blobs\":2,\"bytes\":150,\"digest\":\"" D2                             \
	"\"},\"format\":\"landwaiter-contents/1\",\"images\":[],\"tuf\":[" tuf "]}"

static const char good[] = TOP(ACME "," GLOBEX);

static int parse(const char *text, struct lw_contents *c, struct lw_error *e)
{
	return lw_contents_parse(lw_unproven_in_the_box(lw_span_str(text)), c, e);
}

static void what_is_read_is_written(void **state)
{
	LW_AUTO(contents) struct lw_contents c = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_error e;

	(void)state;
	OK(parse(good, &c, &e));
	assert_int_equal(c.n_carried, 2);
	assert_string_equal(c.carried[0].repository, "acme");
	assert_int_equal(c.carried[0].n_files, 2);
	assert_int_equal(c.carried[1].newest_root, 7);
	assert_int_equal(lw_carried_find(&c.carried[0], "timestamp.json")->size, 301);
	assert_null(lw_carried_find(&c.carried[0], "2.root.json"));
	assert_null(lw_carried_find(&c.carried[1], "timestamp.json"));
	lw_contents_write(&c, &again);
	assert_string_equal(lw_buf_str(&again), good);
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *at, *with;
	} rows[] = {
		{ ACME "," GLOBEX, "" },
		{ ACME "," GLOBEX, GLOBEX "," ACME },
		{ ACME "," GLOBEX, ACME "," ACME },
		{ "[" ROOT "," STAMP "]", "[]" },
		{ "[" ROOT "," STAMP "]", "[" STAMP "," ROOT "]" },
		{ "[" ROOT "," STAMP "]", "[" ROOT "," ROOT "]" },
		{ "\"looked\":\"2026-11-27T12:00:00Z\",\"newestRoot\":1,",
		  "\"newestRoot\":1," },
		{ "\"newestRoot\":1,", "" },
		{ "\"newestRoot\":1,", "\"newestRoot\":0," },
		{ "\"newestRoot\":1,", "\"newestRoot\":-1," },
		{ "\"newestRoot\":1,", "\"newestRoot\":1.5," },
		{ "\"newestRoot\":1,", "\"newestRoot\":9007199254740993," },
		{ "\"newestRoot\":1,", "\"newestRoot\":\"1\"," },
		{ "\"newestRoot\":1,", "\"newestRoot\":1,\"other\":1," },
		{ "\"acme\"", "\"ACME\"" },
		{ "\"acme\"", "\"\"" },
		{ "\"acme\"", "\"a/b\"" },
		{ "\"timestamp.json\"", "\"../timestamp.json\"" },
		{ "\"timestamp.json\"", "\".timestamp.json\"" },
		{ "\"timestamp.json\"", "\"x/timestamp.json\"" },
		{ "\"timestamp.json\"", "\"time stamp.json\"" },
		{ "\"timestamp.json\"", "\"time\\u0000stamp.json\"" },
		{ "\"timestamp.json\"", "\"\"" },
		{ "\"timestamp.json\"", "7" },
		{ "301", "1" },
		{ "301", "-1" },
		{ "301", "20971521" },
		{ "\"size\":301", "\"size\":301,\"x\":null" },
		{ "\"name\":\"timestamp.json\",", "" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *text = edit(good, rows[i].at, rows[i].with);
		LW_AUTO(contents) struct lw_contents c = { 0 };
		struct lw_error e;

		if (parse(text, &c, &e) == 0)
			fail_msg("taken: %s", text);
		assert_true(e.code == LW_E_FORMAT || e.code == LW_E_LIMIT);
		assert_null(c.carried);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_is_written),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
