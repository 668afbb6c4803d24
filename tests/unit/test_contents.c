/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/contents.h"

#include "base/limits.h"
#include "image/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/edit.h"
#include "tests/lib/people.h"

#define HEX(c) c c c c c c c c c c c c c c c c
#define D1     "sha256:" HEX("1111")
#define D2     "sha256:" HEX("2222")
#define D3     "sha256:" HEX("3333")
#define D4     "sha256:" HEX("4444")
#define D5     "sha256:" HEX("5555")
#define INDEX  "application/vnd.oci.image.index.v1+json"
#define IMAGE  "application/vnd.oci.image.manifest.v1+json"

/* The evidence of the second image. */
#define EV_REFERRER                                                                            \
	"{\"artifactType\":\"application/x\",\"digest\":\"" D3                                 \
	"\",\"mechanism\":\"referrers\",\"mediaType\":\"" IMAGE                                \
	"\",\"size\":300,\"subject\":\"" D1 "\"}"
#define EV_SIG                                                                                 \
	"{\"digest\":\"" D4 "\",\"mechanism\":\"cosign-sig\",\"mediaType\":\"" IMAGE           \
	"\",\"size\":400,\"subject\":\"" D1 "\"}"
#define EV_FALLBACK                                                                            \
	"{\"digest\":\"" D5 "\",\"mechanism\":\"fallback-tag\",\"mediaType\":\"" INDEX         \
	"\",\"size\":500,\"subject\":\"" D2 "\"}"
#define ROW1                                                                                   \
	"{\"absent\":[\"fallback-tag\",\"cosign-att\",\"cosign-sbom\"],\"subject\":\"" D1 "\"}"
#define ROW2                                                                                   \
	"{\"absent\":[\"referrers\",\"cosign-sig\",\"cosign-att\",\"cosign-sbom\"],"           \
	"\"subject\":\"" D2 "\"}"
#define ROW5                                                                                   \
	"{\"absent\":[\"referrers\",\"fallback-tag\",\"cosign-sig\",\"cosign-att\","           \
	"\"cosign-sbom\"],\"subject\":\"" D5 "\"}"
#define PLAIN                                                                                  \
	"{\"digest\":\"" D5 "\",\"evidence\":[],\"ledger\":[" ROW5 "],\"mediaType\":\"" IMAGE  \
	"\",\"name\":\"a.example/plain:1\",\"omitted\":[],\"platforms\":[],\"size\":501,"      \
	"\"source\":\"\"}"
#define RICH                                                                                   \
	"{\"digest\":\"" D1 "\",\"evidence\":[" EV_REFERRER "," EV_SIG "," EV_FALLBACK         \
	"],\"ledger\":[" ROW1 "," ROW2 "],\"mediaType\":\"" INDEX                              \
	"\",\"name\":\"b.example:5000/rich/app\",\"omitted\":[\"" D3 "\",\"" D4                \
	"\"],\"platforms\":[\"linux/amd64\",\"linux/arm/v7\"],\"size\":101,"                   \
	"\"source\":\"oci:images:rich\"}"
#define ENTRIES "{\"blobs\":9,\"bytes\":700,\"digest\":\"" D2 "\"}"
#define TOP(images)                                                                            \
	"{\"entries\":" ENTRIES ",\"format\":\"landwaiter-contents/1\",\"images\":[" images "]}"

static const char good[] = TOP(PLAIN "," RICH);
static const char alone[] = TOP(RICH);

static int parse(const char *text, struct lw_contents *c, struct lw_error *e)
{
	return lw_contents_parse(lw_unproven_in_the_box(lw_span_str(text)), c, e);
}

static void refused(enum lw_code code, const char *text)
{
	LW_AUTO(contents) struct lw_contents c = { 0 };
	struct lw_error e = { 0 };
	int r = parse(text, &c, &e);

	if (r != -(int)code)
		print_message("%d (%s) for %.2500s\n", r, e.text, text);
	assert_int_equal(r, -(int)code);
	assert_null(c.images);
}

static void taken(const char *text)
{
	LW_AUTO(contents) struct lw_contents c = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_error e = { 0 };

	if (parse(text, &c, &e) < 0)
		fail_msg("%s for %.2500s", e.text, text);
	lw_contents_write(&c, &again);
	assert_string_equal(lw_buf_str(&again), text);
}

static void roundtrip(void **state)
{
	LW_AUTO(contents) struct lw_contents c = { 0 };
	LW_AUTO(buf) struct lw_buf one = { 0 };
	struct lw_error e;
	char hex[65], name[LW_MAX_REFERENCE + 1];

	(void)state;
	taken(good);
	taken(alone);
	taken(TOP(PLAIN));
	OK(parse(good, &c, &e));
	assert_int_equal(c.n_images, 2);
	assert_int_equal(c.entries_blobs, 9);
	assert_int_equal(c.entries_bytes, 700);
	assert_string_equal(lw_digest_hex(&c.entries_digest, hex), HEX("2222"));

	const struct lw_image *rich = &c.images[1];

	assert_string_equal(lw_reference_text(&rich->name, name), "b.example:5000/rich/app");
	assert_string_equal(rich->source, "oci:images:rich");
	assert_int_equal(rich->n_evidence, 3);
	assert_int_equal(rich->n_subjects, 2);
	assert_int_equal(rich->n_omitted, 2);
	assert_int_equal(rich->n_platforms, 2);
	assert_int_equal(rich->evidence[0].mechanism, LW_MECHANISM_REFERRERS);
	assert_string_equal(rich->evidence[0].artifact_type, "application/x");
	assert_string_equal(rich->evidence[1].artifact_type, "");
	assert_int_equal(rich->size, 101);
	lw_contents_write_image(rich, &one);
	assert_string_equal(lw_buf_str(&one), RICH);
}

/* Section 6, literally. */
static void index_is_a_function_of_contents(void **state)
{
	LW_AUTO(contents) struct lw_contents c = { 0 };
	LW_AUTO(buf) struct lw_buf index = { 0 };
	struct lw_error e;
	static const char want[] =
		"{\"manifests\":["
		"{\"annotations\":{\"io.containerd.image.name\":\"a.example/plain:1\","
		"\"org.opencontainers.image.ref.name\":\"a.example/plain:1\"},\"digest\":\"" D5
		"\",\"mediaType\":\"" IMAGE "\",\"size\":501},"
		"{\"annotations\":{\"io.containerd.image.name\":\"b.example:5000/rich/app\","
		"\"org.opencontainers.image.ref.name\":\"b.example:5000/rich/app\"},\"digest\":\"" D1
		"\",\"mediaType\":\"" INDEX "\",\"size\":101},"
		"{\"artifactType\":\"application/x\",\"digest\":\"" D3
		"\",\"mediaType\":\"" IMAGE "\",\"size\":300},"
		"{\"annotations\":{\"io.containerd.image.name\":\"b.example:5000/rich/app:sha256-" HEX(
			"1111") ".sig\",\"org.opencontainers.image.ref.name\":"
				"\"b.example:5000/rich/app:sha256-" HEX(
					"1111") ".sig\"},"
						"\"digest\":\"" D4 "\",\"mediaType\":\"" IMAGE
						"\",\"size\":400},"
						"{\"annotations\":{\"io.containerd.image.name\":\"b.example:5000/rich/app:sha256-" HEX(
							"2222") "\",\"org.opencontainers.image.ref.name\":"
								"\"b.example:5000/rich/app:sha256-" HEX(
									"2222") "\"},\"digest\":"
										"\"" D5
										"\",\"mediaType\":\"" INDEX
										"\",\"size\":500}],"
										"\"mediaType\":\"" INDEX
										"\",\"schemaVersion\":2}";

	(void)state;
	OK(parse(good, &c, &e));
	lw_contents_write_index(&c, &index);
	assert_string_equal(lw_buf_str(&index), want);

	/* The names of evidence are those the store gives it. */
	for (unsigned m = 0; m < LW_MECHANISM_COUNT; m++) {
		struct lw_image *image = &c.images[1];
		lw_auto_free char *name =
			lw_index_evidence_name(image->name.repository, (enum lw_mechanism)m,
					       &image->evidence[1].subject);
		LW_AUTO(buf) struct lw_buf text = { 0 };

		image->evidence[1].mechanism = (enum lw_mechanism)m;
		lw_contents_write_index(&c, &text);
		if (name[0]) {
			lw_auto_free char *quoted = lw_asprintf("\"%s\"", name);

			assert_non_null(strstr(lw_buf_str(&text), quoted));
		} else {
			assert_null(strstr(lw_buf_str(&text), HEX("1111") ".sig"));
		}
	}
}

static void every_member_once(void **state)
{
	static const struct {
		const char *member;
		bool optional;
	} members[] = {
		{ "\"entries\":" ENTRIES, false },
		{ "\"format\":\"landwaiter-contents/1\"", false },
		{ "\"images\":[" RICH "]", false },
		{ "\"blobs\":9", false },
		{ "\"bytes\":700", false },
		{ "\"digest\":\"" D2 "\"", false },
		{ "\"evidence\":[" EV_REFERRER "," EV_SIG "," EV_FALLBACK "]", false },
		{ "\"ledger\":[" ROW1 "," ROW2 "]", false },
		{ "\"name\":\"b.example:5000/rich/app\"", false },
		{ "\"omitted\":[\"" D3 "\",\"" D4 "\"]", false },
		{ "\"platforms\":[\"linux/amd64\",\"linux/arm/v7\"]", false },
		{ "\"size\":101", false },
		{ "\"source\":\"oci:images:rich\"", false },
		{ "\"artifactType\":\"application/x\"", true },
		{ "\"digest\":\"" D4 "\"", false },
		{ "\"mechanism\":\"cosign-sig\"", false },
		{ "\"size\":400", false },
		{ "\"absent\":[\"fallback-tag\",\"cosign-att\",\"cosign-sbom\"]", false },
	};
	static const char *const wrong[] = { "null", "true",	  "[null]",
					     "[1]",  "{\"a\":1}", "-1.5" };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(members); i++) {
		lw_auto_free char *without = edit_remove(alone, members[i].member);
		lw_auto_free char *twice = edit_double(alone, members[i].member);

		if (members[i].optional)
			taken(without);
		else
			refused(LW_E_FORMAT, without);
		refused(LW_E_FORMAT, twice);
		for (size_t w = 0; w < LW_COUNT_OF(wrong); w++) {
			lw_auto_free char *text =
				edit_value(alone, members[i].member, wrong[w]);

			refused(LW_E_FORMAT, text);
		}
	}
}

/* {what stands there, what instead, the refusal} */
struct edit_row {
	const char *at, *with;
	enum lw_code code;
};

static void all_refused(const struct edit_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		lw_auto_free char *text = edit(alone, rows[i].at, rows[i].with);

		refused(rows[i].code, text);
	}
}

static void no_other_members_or_numbers(void **state)
{
	static const struct edit_row rows[] = {
		/* unknown members, on each level */
		{ "{\"entries\"", "{\"a\":1,\"entries\"", LW_E_FORMAT },
		{ "{\"blobs\"", "{\"a\":1,\"blobs\"", LW_E_FORMAT },
		{ "\"omitted\":", "\"notes\":\"\",\"omitted\":", LW_E_FORMAT },
		{ "\"size\":400", "\"signed\":true,\"size\":400", LW_E_FORMAT },
		{ "{\"absent\":[\"fallback", "{\"a\":0,\"absent\":[\"fallback", LW_E_FORMAT },
		/* numbers */
		{ "\"blobs\":9", "\"blobs\":0", LW_E_LIMIT },
		{ "\"blobs\":9", "\"blobs\":1000001", LW_E_LIMIT },
		{ "\"bytes\":700", "\"bytes\":0", LW_E_LIMIT },
		{ "\"bytes\":700", "\"bytes\":96000001", LW_E_LIMIT },
		{ "\"size\":101", "\"size\":0", LW_E_LIMIT },
		{ "\"size\":101", "\"size\":1", LW_E_LIMIT },
		{ "\"size\":101", "\"size\":4194305", LW_E_LIMIT },
		{ "\"size\":101", "\"size\":9007199254740992", LW_E_LIMIT },
		{ "\"size\":400", "\"size\":1", LW_E_LIMIT },
		{ "\"size\":400", "\"size\":4194305", LW_E_LIMIT },
	};

	(void)state;
	all_refused(rows, LW_COUNT_OF(rows));
}

static void no_other_words_or_digests(void **state)
{
	static const struct edit_row rows[] = {
		{ "landwaiter-contents/1", "landwaiter-contents/2", LW_E_FORMAT },
		{ "\"name\":\"b.example:5000/rich/app\"", "\"name\":\"app\"", LW_E_FORMAT },
		{ "\"name\":\"b.example:5000/rich/app\"", "\"name\":\"\"", LW_E_LIMIT },
		{ "\"name\":\"b.example:5000/rich/app\"",
		  "\"name\":\"b.example:5000/rich/app@" D1 "\"", LW_E_FORMAT },
		{ "\"name\":\"b.example:5000/rich/app\"",
		  "\"name\":\"b.example:5000/rich/../app\"", LW_E_FORMAT },
		{ "\"name\":\"b.example:5000/rich/app\"",
		  "\"name\":\"b.example:5000/rich/app:\"", LW_E_FORMAT },
		{ "\"name\":\"b.example:5000/rich/app\"",
		  "\"name\":\"b.example:5000/Rich/app\"", LW_E_FORMAT },
		{ "\"mediaType\":\"" INDEX "\",\"name\"",
		  "\"mediaType\":\"text/plain\",\"name\"", LW_E_FORMAT },
		{ "\"mediaType\":\"" INDEX "\",\"name\"", "\"mediaType\":\"\",\"name\"",
		  LW_E_LIMIT },
		{ "\"artifactType\":\"application/x\"", "\"artifactType\":\"\"", LW_E_LIMIT },
		{ "\"artifactType\":\"application/x\"", "\"artifactType\":\"a\\u001b\"",
		  LW_E_FORMAT },
		{ "\"mechanism\":\"cosign-sig\"", "\"mechanism\":\"Cosign-sig\"", LW_E_FORMAT },
		{ "\"mechanism\":\"cosign-sig\"", "\"mechanism\":\"notation\"", LW_E_FORMAT },
		{ "linux/amd64", "linux/amd64 ", LW_E_FORMAT },
		{ "linux/amd64", "linux\\u0000amd64", LW_E_FORMAT },
		{ "oci:images:rich", "oci:images\\u000arich", LW_E_FORMAT },
		{ "oci:images:rich", "oci:images:\xe2\x80\xaerich", LW_E_FORMAT },
		/* digests */
		{ "\"digest\":\"" D2 "\"", "\"digest\":\"sha256:2\"", LW_E_FORMAT },
		{ "\"digest\":\"" D2 "\"", "\"digest\":\"sha512:" HEX("22222222") "\"",
		  LW_E_UNSUPPORTED },
		{ "\"omitted\":[\"" D3 "\"", "\"omitted\":[\"sha256:3\"", LW_E_FORMAT },
	};

	(void)state;
	all_refused(rows, LW_COUNT_OF(rows));
}

static void one_order_and_each_once(void **state)
{
	static const struct edit_row rows[] = {
		{ "[\"" D3 "\",\"" D4 "\"]", "[\"" D4 "\",\"" D3 "\"]", LW_E_FORMAT },
		{ "[\"" D3 "\",\"" D4 "\"]", "[\"" D3 "\",\"" D3 "\"]", LW_E_FORMAT },
		{ "[\"linux/amd64\",\"linux/arm/v7\"]", "[\"linux/arm/v7\",\"linux/amd64\"]",
		  LW_E_FORMAT },
		{ "[\"linux/amd64\",\"linux/arm/v7\"]", "[\"linux/amd64\",\"linux/amd64\"]",
		  LW_E_FORMAT },
		{ EV_REFERRER "," EV_SIG, EV_SIG "," EV_REFERRER, LW_E_FORMAT },
		{ EV_REFERRER "," EV_SIG, EV_SIG "," EV_SIG, LW_E_FORMAT },
		{ EV_SIG "," EV_FALLBACK, EV_FALLBACK "," EV_SIG, LW_E_FORMAT },
		{ ROW1 "," ROW2, ROW2 "," ROW1, LW_E_FORMAT },
		{ ROW1 "," ROW2, ROW1 "," ROW1, LW_E_FORMAT },
		{ "[\"fallback-tag\",\"cosign-att\",\"cosign-sbom\"]",
		  "[\"fallback-tag\",\"cosign-sbom\",\"cosign-att\"]", LW_E_FORMAT },
		{ "[\"fallback-tag\",\"cosign-att\",\"cosign-sbom\"]",
		  "[\"fallback-tag\",\"fallback-tag\",\"cosign-att\",\"cosign-sbom\"]",
		  LW_E_FORMAT },
	};

	(void)state;
	all_refused(rows, LW_COUNT_OF(rows));
}

/* Neither found nor absent, both, or nothing said of any subject. */
static void the_ledger_is_complete(void **state)
{
	static const struct edit_row rows[] = {
		{ "[\"fallback-tag\",\"cosign-att\",\"cosign-sbom\"]",
		  "[\"fallback-tag\",\"cosign-att\"]", LW_E_CONFLICT },
		{ "[\"fallback-tag\",\"cosign-att\",\"cosign-sbom\"]", "[]", LW_E_CONFLICT },
		{ "[\"fallback-tag\",\"cosign-att\",\"cosign-sbom\"]",
		  "[\"referrers\",\"fallback-tag\",\"cosign-att\",\"cosign-sbom\"]",
		  LW_E_CONFLICT },
		{ "\"evidence\":[" EV_REFERRER "," EV_SIG "," EV_FALLBACK "]",
		  "\"evidence\":[]", LW_E_CONFLICT },
		{ "\"ledger\":[" ROW1 "," ROW2 "]", "\"ledger\":[]", LW_E_LIMIT },
		{ "\"images\":[" RICH "]", "\"images\":[]", LW_E_FORMAT },
		{ "\"images\":[" RICH "]", "\"images\":[" RICH "," RICH "]", LW_E_FORMAT },
		{ "\"images\":[" RICH "]", "\"images\":[" RICH "," PLAIN "]", LW_E_FORMAT },
	};

	(void)state;
	all_refused(rows, LW_COUNT_OF(rows));
}

static void one_spelling(void **state)
{
	static const struct edit_row rows[] = {
		{ "{\"entries\"", " {\"entries\"", LW_E_FORMAT },
		{ "\"blobs\":9", "\"blobs\": 9", LW_E_FORMAT },
		{ "\"blobs\":9", "\"blobs\":9.0", LW_E_FORMAT },
		{ "\"blobs\":9,\"bytes\":700", "\"bytes\":700,\"blobs\":9", LW_E_FORMAT },
		{ "oci:images:rich", "oci:\\u0069mages:rich", LW_E_FORMAT },
		{ "b.example:5000/rich", "b.example:5000\\/rich", LW_E_FORMAT },
		{ "\"}]}", "\"}]}\n", LW_E_FORMAT },
		{ "\"}]}", "\"}]} x", LW_E_FORMAT },
	};

	(void)state;
	all_refused(rows, LW_COUNT_OF(rows));
}

static void nothing_may_be_cut_off(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(alone) - 1; n++) {
		lw_auto_free char *cut = lw_strndup(alone, n);

		refused(LW_E_FORMAT, cut);
	}
}

/* Numbers at the far end of what is allowed. */
static void extremes(void **state)
{
	static const char *const rows[][2] = {
		{ "\"blobs\":9", "\"blobs\":1000000" },
		{ "\"bytes\":700", "\"bytes\":96000000" },
		{ "\"blobs\":9", "\"blobs\":1" },
		{ "\"bytes\":700", "\"bytes\":1" },
		{ "\"size\":101", "\"size\":2" },
		{ "\"size\":101", "\"size\":4194304" },
		{ "\"source\":\"oci:images:rich\"", "\"source\":\"\"" },
		{ "\"platforms\":[\"linux/amd64\",\"linux/arm/v7\"]", "\"platforms\":[]" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *text = edit(alone, rows[i][0], rows[i][1]);

		taken(text);
	}
}

/* The most images a bundle holds are read, in reasonable time; one more is refused. */
static void many_images(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(contents) struct lw_contents c = { 0 };
	struct lw_error e;
	size_t n = 0;

	(void)state;
	lw_buf_adds(&b, "{\"entries\":" ENTRIES ",\"format\":\"landwaiter-contents/1\","
			"\"images\":[");
	for (; n < 12000; n++)
		lw_buf_printf(&b,
			      "%s{\"digest\":\"" D5 "\",\"evidence\":[],\"ledger\":[" ROW5
			      "],\"mediaType\":\"" IMAGE "\",\"name\":\"a.example/i%05zu\","
			      "\"omitted\":[],\"platforms\":[],\"size\":501,\"source\":\"\"}",
			      n ? "," : "", n);
	lw_buf_adds(&b, "]}");
	assert_true(b.n < LW_MAX_CONTENTS_BYTES);
	OK(parse(lw_buf_str(&b), &c, &e));
	assert_int_equal(c.n_images, n);
}

static void every_mutation(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_error e;

	(void)state;
	lw_buf_adds(&b, alone);
	for (size_t i = 0; i < b.n; i++)
		for (unsigned c = 1; c < 256; c += 11) {
			LW_AUTO(buf) struct lw_buf again = { 0 };
			LW_AUTO(contents) struct lw_contents got = { 0 };
			uint8_t was = b.p[i];

			b.p[i] = (uint8_t)c;
			if (parse(lw_buf_str(&b), &got, &e) == 0) {
				lw_contents_write(&got, &again);
				assert_string_equal(lw_buf_str(&again), lw_buf_str(&b));
			}
			b.p[i] = was;
		}
}

#define NEEDS(blobs, bytes, since)                                                             \
	"{\"entries\":" ENTRIES ",\"format\":\"landwaiter-contents/1\",\"images\":[" PLAIN     \
	"],\"prerequisites\":{\"blobs\":" blobs ",\"bytes\":" bytes ",\"since\":[" since "]}}"

/* Of an increment. */
static void prerequisites(void **state)
{
	static const char increment[] = NEEDS("3", "12", "\"" D1 "\",\"" D2 "\"");
	static const char *const wrong[] = {
		NEEDS("0", "12", ""),
		NEEDS("-1", "12", ""),
		NEEDS("1000001", "12", ""),
		NEEDS("1", "-1", ""),
		NEEDS("1", "\"1\"", ""),
		NEEDS("1", "1", "1"),
		NEEDS("1", "1", "\"" D2 "\",\"" D1 "\""),
		NEEDS("1", "1", "\"" D1 "\",\"" D1 "\""),
		NEEDS("1", "1", "],\"x\":["),
	};
	LW_AUTO(contents) struct lw_contents c = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_error e = { 0 };

	(void)state;
	OK(parse(increment, &c, &e));
	assert_int_equal(c.have_blobs, 3);
	assert_int_equal(c.have_bytes, 12);
	assert_int_equal(c.n_since, 2);
	assert_true(lw_contents_is_marked(&c, 1));
	lw_contents_write(&c, &again);
	assert_string_equal(lw_buf_str(&again), increment);
	for (size_t i = 0; i < LW_COUNT_OF(wrong); i++) {
		LW_AUTO(contents) struct lw_contents got = { 0 };

		assert_int_not_equal(parse(wrong[i], &got, &e), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prerequisites),
		cmocka_unit_test(roundtrip),
		cmocka_unit_test(index_is_a_function_of_contents),
		cmocka_unit_test(every_member_once),
		cmocka_unit_test(no_other_members_or_numbers),
		cmocka_unit_test(no_other_words_or_digests),
		cmocka_unit_test(one_order_and_each_once),
		cmocka_unit_test(the_ledger_is_complete),
		cmocka_unit_test(one_spelling),
		cmocka_unit_test(nothing_may_be_cut_off),
		cmocka_unit_test(extremes),
		cmocka_unit_test(many_images),
		cmocka_unit_test(every_mutation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
