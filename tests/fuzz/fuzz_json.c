/* SPDX-License-Identifier: Apache-2.0 */

/* The JSON gate, the tree, the table reader and the canonical form, against jansson. */

#include "base/digest.h"
#include "base/mem.h"
#include "tests/lib/json_oracle.h"

#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise, const char *what)
{
	if (!promise) {
		(void)fprintf(stderr, "broken: %s\n", what);
		abort();
	}
}

struct read {
	const char *string, *label, *plain;
	uint64_t number;
	const struct lw_json *array, *object, *any;
	int64_t time;
	struct lw_digest digest;
	bool truth;
};

static const struct lw_json_field fields[] = {
	{ "a", LW_JSON_READ_STRING, LW_JSON_REQUIRED, .offset = offsetof(struct read, string),
	  .min = 1, .max = 9 },
	{ "b", LW_JSON_READ_LABEL, .offset = offsetof(struct read, label) },
	{ "c", LW_JSON_READ_PLAIN, .offset = offsetof(struct read, plain) },
	{ "d", LW_JSON_READ_U64, .offset = offsetof(struct read, number), .min = 1, .max = 99 },
	{ "e", LW_JSON_READ_ARRAY, .offset = offsetof(struct read, array), .max = 3 },
	{ "f", LW_JSON_READ_OBJECT, .offset = offsetof(struct read, object) },
	{ "g", LW_JSON_READ_ANY, .offset = offsetof(struct read, any) },
	{ "h", LW_JSON_READ_TIME, .offset = offsetof(struct read, time) },
	{ "i", LW_JSON_READ_DIGEST, .offset = offsetof(struct read, digest) },
	{ "j", LW_JSON_READ_BOOL, .offset = offsetof(struct read, truth) },
	{ "k", LW_JSON_IS, .is = "fuzz/1" },
};

static void read_table(const struct lw_json *root)
{
	struct read got, untouched;
	struct lw_error e = { 0 };

	memset(&got, 0xa5, sizeof(got));
	memcpy(&untouched, &got, sizeof(got));
	for (int unknown = LW_JSON_REFUSE_UNKNOWN; unknown <= LW_JSON_IGNORE_UNKNOWN;
	     unknown++) {
		int r = lw_json_read(root, fields, LW_COUNT_OF(fields),
				     (enum lw_json_unknown)unknown, "fuzz", &got, &e);

		must(r == 0 || memcmp(&got, &untouched, sizeof(got)) == 0,
		     "a failed read leaves its output alone");
		must(r != 0 || (strlen(got.string) >= 1 && strlen(got.string) <= 9),
		     "a required string within its bounds");
	}
}

static void canonical(const struct lw_json_doc *doc, const struct lw_json_limits *limits)
{
	LW_AUTO(buf) struct lw_buf once = { 0 };
	LW_AUTO(buf) struct lw_buf twice = { 0 };
	LW_AUTO(json) struct lw_json_doc *again = NULL;
	struct lw_error e = { 0 };
	int r = lw_json_canonical(lw_json_root(doc), &once, &e);

	if (r < 0) {
		must(r == -LW_E_UNSUPPORTED && limits->floats && once.n == 0,
		     "only floats have no canonical form");
		return;
	}
	must(lw_json_parse(lw_buf_span(&once), &LW_JSON_STRICT, &again, &e) == 0,
	     "the canonical form passes the gate");
	must(lw_json_require_canonical(again, lw_buf_span(&once), &e) == 0,
	     "the canonical form is canonical");
	must(lw_json_canonical(lw_json_root(again), &twice, &e) == 0 &&
		     lw_span_equal(lw_buf_span(&once), lw_buf_span(&twice)),
	     "the canonical form of the canonical form is itself");

	LW_AUTO(jansson)
	json_t *j = json_loadb((const char *)once.p, once.n, LW_ORACLE_FLAGS, NULL);
	must(j && lw_oracle_same(lw_json_root(doc), j), "the canonical form says the same");
}

static void one(struct lw_span in, const struct lw_json_limits *limits)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	const char *wrong = lw_oracle_judge(in, limits, &doc);
	size_t nodes = 0;

	must(!wrong, wrong);
	must((lw_json_check(in, limits, &nodes, NULL) == 0) == (doc != NULL),
	     "the gate alone says the same");
	if (!doc)
		return;
	canonical(doc, limits);
	read_table(lw_json_root(doc));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Also with caps so low that each of them is met. */
	static const struct lw_json_limits tight = {
		.bytes = 4096, .nodes = 12, .keys = 3, .string = 8, .depth = 3, .floats = true
	};
	struct lw_span in = lw_span(data, size);
	size_t nodes = 0;

	one(in, &LW_JSON_STRICT);
	one(in, &LW_JSON_FOREIGN);
	if (lw_json_check(in, &tight, &nodes, NULL) == 0) {
		must(nodes <= tight.nodes, "the count of values is capped");
		must(lw_json_check(in, &LW_JSON_FOREIGN, &nodes, NULL) == 0,
		     "higher caps take what lower caps take");
	}
	return 0;
}
