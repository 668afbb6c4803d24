/* SPDX-License-Identifier: Apache-2.0 */
/* TUF metadata at the ends of what can be written: numbers, times, names, repeated members, any
 * member as anything else. The rest of the workflow is in test_tuf_client.c. */
#include "verify/tuf_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fetch/folder.h"
#include "fetch/landing.h"
#include "tests/lib/scratch.h"
#include "tests/lib/tuf_forge.h"

#include <jansson.h>

#define SAYS(code, w, path) assert_string_equal(tuf_try(w, path), code)

/* ---- whom targets delegate to ---- */

#define DELEGATION                                                                             \
	"\"roles\":[{\"name\":\"a\",\"keyids\":[\"k7\",\"k8\"],\"threshold\":2,"               \
	"\"terminating\":false,\"paths\":[\"a/*\"]}]"
#define BINS                                                                                   \
	"\"succinct_roles\":{\"keyids\":[\"k7\",\"k8\"],\"threshold\":2,\"bit_length\":1,"     \
	"\"name_prefix\":\"bin\"}"

static char *delegations(const char *to)
{
	struct lw_buf b = { 0 };

	lw_buf_adds(&b, ",\"delegations\":{\"keys\":{");
	tuf_keys("78", &b);
	lw_buf_printf(&b, "},%s}", to);
	return (char *)lw_buf_detach(&b);
}

/* Targets that delegate so, and the delegated role by 7 and 8, which lists a/x. */
static void delegate(struct tuf_world *w, const char *to, const char *role)
{
	lw_auto_free char *below = delegations(to);
	lw_auto_free char *target = tuf_target("a/x");
	lw_auto_free char *meta = lw_asprintf(
		"\"targets.json\":{\"version\":1},\"%s.json\":{\"version\":1}", role);
	LW_AUTO(buf) struct lw_buf name = { 0 };

	lw_buf_adds(&name, "1.");
	lw_tuf_quote(role, &name);
	lw_buf_adds(&name, ".json");
	tuf_give(w, "1.targets.json", tuf_targets(1, "", below), "6");
	tuf_give(w, "1.snapshot.json", tuf_snapshot(1, meta), "5");
	tuf_give(w, lw_buf_str(&name), tuf_targets(1, target, ""), "78");
}

/* The bin of a/x, out of two. */
static const char *bin(void)
{
	static const struct lw_tuf_bins bins = { .bits = 1, .prefix = "bin" };
	static char name[LW_MAX_TUF_ROLE + 1];

	lw_tuf_bin_name(&bins, "a/x", name, sizeof(name));
	return name;
}

/* CVE-2026-23992: also of delegated roles and of bins. */
static void thresholds(void **state)
{
	static const struct {
		const char *code, *threshold;
	} rows[] = {
		{ "", "2" },
		{ "", "1" },
		{ "tuf.threshold", "3" },
		{ "tuf.threshold", "2147483648" },
		{ "tuf.threshold", "4294967296" },
		{ "tuf.threshold", "4294967297" },
		{ "tuf.threshold", "9007199254740991" },
		{ "tuf.limit", "9007199254740993" },
		{ "tuf.limit", "9223372036854775808" },
		{ "tuf.limit", "18446744073709551617" },
		{ "tuf.format", "0" },
		{ "tuf.format", "-0" },
		{ "tuf.format", "-1" },
		{ "tuf.format", "-2147483648" },
		{ "tuf.format", "02" },
		{ "tuf.format", "2.0" },
		{ "tuf.format", "1.5" },
		{ "tuf.format", "2e0" },
		{ "tuf.format", "\"2\"" },
		{ "tuf.format", "true" },
		{ "tuf.format", "null" },
		{ "tuf.format", "[2]" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows) * 2; i++) {
		const char *to = i % 2 ? BINS : DELEGATION, *said;
		lw_auto_free char *wrong =
			edit_value(to, "\"threshold\":2", rows[i / 2].threshold);
		TUF_WORLD(w);

		delegate(w, wrong, i % 2 ? bin() : "a");
		said = tuf_try(w, "a/x");
		if (strcmp(said, rows[i / 2].code) != 0)
			fail_msg("'%s' for %s", said, wrong);
	}
}

/* ---- versions ---- */

static const struct wrong_version {
	const char *code, *version;
} wrong_versions[] = {
	{ "tuf.format", "0" },
	{ "tuf.format", "-0" },
	{ "tuf.format", "-1" },
	{ "tuf.format", "-9007199254740991" },
	{ "tuf.format", "1.0" },
	{ "tuf.format", "1e0" },
	{ "tuf.format", "01" },
	{ "tuf.format", "\"1\"" },
	{ "tuf.format", "true" },
	{ "tuf.format", "null" },
	{ "tuf.limit", "-9007199254740993" },
	{ "tuf.limit", "9007199254740992" },
	{ "tuf.limit", "9007199254740993" },
	{ "tuf.limit", "9223372036854775807" },
	{ "tuf.limit", "9223372036854775808" },
	{ "tuf.limit", "18446744073709551617" },
};

static void versions_that_are_none(void **state)
{
	static const struct {
		const char *file, *seeds;
	} files[] = { { "2.root.json", "12" },
		      { "timestamp.json", "4" },
		      { "1.snapshot.json", "5" },
		      { "1.targets.json", "6" } };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(files) * LW_COUNT_OF(wrong_versions); i++) {
		const struct wrong_version *row = &wrong_versions[i / LW_COUNT_OF(files)];
		size_t f = i % LW_COUNT_OF(files);
		lw_auto_free char *good = f == 0   ? tuf_root(1)
					  : f == 1 ? tuf_timestamp(1, 7)
					  : f == 2 ? tuf_snapshot(1, "\"targets.json\":{}")
						   : tuf_targets(1, "", "");
		lw_auto_free char *body = edit_value(good, "\"version\":1", row->version);
		TUF_WORLD(w);
		const char *said;

		tuf_serve(w, files[f].file, body, files[f].seeds);
		said = tuf_try(w, NULL);
		if (strcmp(said, row->code) != 0)
			fail_msg("'%s' for %s", said, body);
	}
	/* and where a list says it */
	for (size_t i = 0; i < LW_COUNT_OF(wrong_versions); i++) {
		lw_auto_free char *timestamp = tuf_timestamp(7, 1);
		lw_auto_free char *snapshot =
			tuf_snapshot(7, "\"targets.json\":{\"version\":1}");
		lw_auto_free char *one =
			edit_value(timestamp, "\"version\":1", wrong_versions[i].version);
		lw_auto_free char *two =
			edit_value(snapshot, "\"version\":1", wrong_versions[i].version);
		TUF_WORLD(w);

		tuf_give(w, "timestamp.json", tuf_timestamp(7, 7), "4");
		tuf_serve(w, "7.snapshot.json", two, "5");
		SAYS(wrong_versions[i].code, w, NULL);
		tuf_serve(w, "timestamp.json", one, "4");
		SAYS(wrong_versions[i].code, w, NULL);
	}
}

/* Served as NAME, behind the version where it begins with a dot. Frees the body. */
static void of_version(struct tuf_world *w, const char *name, char *body, const char *version,
		       const char *seeds)
{
	lw_auto_free char *file = lw_asprintf("%s%s", name[0] == '.' ? version : "", name);

	tuf_give(w, file, edit_value(body, "\"version\":1", version), seeds);
	free(body);
}

/* As large as they may be, in each place. */
static void large_versions(void **state)
{
	static const char *const versions[] = { "2147483647", "2147483648", "4294967297",
						"9007199254740991" };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(versions); i++) {
		TUF_WORLD(w);
		const char *v = versions[i];
		lw_auto_free char *target = tuf_target("one/target");
		lw_auto_free char *meta = lw_asprintf("\"targets.json\":{\"version\":%s}", v);
		lw_auto_free char *timestamp = tuf_timestamp(1, 7);
		struct lw_error e = { 0 };

		of_version(w, ".targets.json", tuf_targets(1, target, ""), v, "6");
		of_version(w, ".snapshot.json", tuf_snapshot(1, meta), v, "5");
		of_version(w, "timestamp.json", edit_value(timestamp, "\"version\":7", v), v,
			   "4");
		SAYS("", w, "one/target");
		/* a root of that version, given by hand: none is newer */
		of_version(w, ".root.json", tuf_root(1), v, "12");
		OK(tuf_save(w, "root", lw_buf_span(&w->served[w->n_served - 1].bytes), NULL,
			    &e));
		SAYS("", w, "one/target");
		/* and older ones of the others are refused */
		tuf_give(w, "timestamp.json", tuf_timestamp(1, 1), "4");
		SAYS("tuf.rollback", w, NULL);
	}
}

/* ---- times ---- */

static void expiries(void **state)
{
	static const struct {
		const char *code, *expires;
	} rows[] = {
		{ "", "9999-12-31T23:59:59Z" },
		{ "", "9999-12-31T23:59:59.999999999999-23:59" },
		{ "", "2027-01-15T08:00:01+00:00" },
		{ "", "2027-01-15T10:00:01+02:00" },
		{ "", "2027-01-14T08:01:01-23:59" },
		{ "tuf.expired", "2027-01-15T08:00:00.999Z" },
		{ "tuf.expired", "2027-01-15T10:00:00+02:00" },
		{ "tuf.expired", "1970-01-01T00:00:00Z" },
		{ "tuf.expired", "1970-01-01T00:00:00+23:59" },
		{ "tuf.format", "1969-12-31T23:59:59Z" },
		{ "tuf.format", "0000-00-00T00:00:00Z" },
		{ "tuf.format", "10000-01-01T00:00:00Z" },
		{ "tuf.format", "99999999999999999999-01-01T00:00:00Z" },
		{ "tuf.format", "-9999-01-01T00:00:00Z" },
		{ "tuf.format", "2099-13-01T00:00:00Z" },
		{ "tuf.format", "2099-02-29T00:00:00Z" },
		{ "tuf.format", "2099-01-01T24:00:00Z" },
		{ "tuf.format", "2099-01-01T00:00:60Z" },
		{ "tuf.format", "2099-01-01T00:00:00" },
		{ "tuf.format", "2099-01-01T00:00:00z" },
		{ "tuf.format", "2099-01-01t00:00:00Z" },
		{ "tuf.format", "2099-01-01 00:00:00Z" },
		{ "tuf.format", "2099-01-01T00:00:00.Z" },
		{ "tuf.format", "2099-01-01T00:00:00,5Z" },
		{ "tuf.format", "2099-01-01T00:00:00+24:00" },
		{ "tuf.format", "2099-01-01T00:00:00+00:60" },
		{ "tuf.format", "2099-01-01T00:00:00+0000" },
		{ "tuf.format", "2099-01-01T00:00:00+-1:00" },
		{ "tuf.format", "2099-01-01T00:00:00ZZ" },
		{ "tuf.format", "2099-01-01T00:00:00Z " },
		{ "tuf.format", "2099-01-01" },
		{ "tuf.format", "" },
		{ "tuf.format", "2099-01-01T00:00:00.00000000000000000000000000000000000Z" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);
		lw_auto_free char *good = tuf_timestamp(1, 1);
		const char *said;

		tuf_give(w, "timestamp.json", edit(good, TUF_EXPIRES, rows[i].expires), "4");
		said = tuf_try(w, NULL);
		if (strcmp(said, rows[i].code) != 0)
			fail_msg("'%s' for %s", said, rows[i].expires);
	}
}

/* A delegated role that is kept is no fresher for that (CVE-2026-6967); nor are the others. */
static void what_is_kept_expires(void **state)
{
	static const char *const files[] = { "timestamp.json", "1.snapshot.json",
					     "1.targets.json", "1.a.json" };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(files); i++) {
		TUF_WORLD(w);
		lw_auto_free char *target = tuf_target("a/x");
		lw_auto_free char *below = delegations(DELEGATION);
		lw_auto_free char *good =
			i == 0	 ? tuf_timestamp(1, 1)
			: i == 1 ? tuf_snapshot(1, "\"targets.json\":{\"version\":1},"
						   "\"a.json\":{\"version\":1}")
			: i == 2 ? tuf_targets(1, "", below)
				 : tuf_targets(1, target, "");

		delegate(w, DELEGATION, "a");
		tuf_give(w, files[i], edit(good, TUF_EXPIRES, "2027-01-16T08:00:00Z"),
			 i == 3 ? "78" : (const char[2]){ (char)('4' + i) });
		SAYS("", w, "a/x");
		w->now += 86399;
		SAYS("", w, "a/x");
		w->now++;
		SAYS("tuf.expired", w, "a/x");
		w->now = INT64_MAX;
		SAYS("tuf.expired", w, "a/x");
		w->now = INT64_MIN; /* and back before all of them: it was valid then */
		SAYS("", w, "a/x");
	}
}

/* ---- a member twice ---- */

static void duplicates(void **state)
{
	static const struct {
		const char *file, *seeds, *from, *to;
	} rows[] = {
		{ "2.root.json", "12", "\"version\":2", "\"version\":2,\"version\":3" },
		{ "2.root.json", "12", "\"version\":2", "\"version\":2,\"v\\u0065rsion\":2" },
		{
			"2.root.json",
			"12",
			"\"keys\":{",
			"\"keys\":{\"k1\":{},",
		},
		{ "2.root.json", "12", "\"roles\":{", "\"roles\":{\"root\":{}," },
		{ "2.root.json", "12", "\"threshold\":2", "\"threshold\":2,\"threshold\":1" },
		{ "2.root.json", "12", "\"k1\":{", "\"k1\":{\"scheme\":\"ed25519\"," },
		{ "2.root.json", "12", "\"roles\":{", "\"x\":{\"y\":1,\"y\":1},\"roles\":{" },
		{ "timestamp.json", "4",
		  "\"snapshot.json\":", "\"snapshot.json\":{},\"snapshot.json\":" },
		{ "timestamp.json", "4", "{\"version\":1}", "{\"version\":1,\"version\":1}" },
		{ "1.snapshot.json", "5",
		  "\"targets.json\":", "\"targets.json\":{},\"targets.json\":" },
		{ "1.targets.json", "6",
		  "\"one/target\":", "\"one/target\":{},\"one/target\":" },
		{ "1.targets.json", "6",
		  "\"one/target\":", "\"one\\/target\":{},\"one/target\":" },
		{ "1.targets.json", "6", "\"length\":10", "\"length\":10,\"length\":11" },
		{ "1.targets.json", "6", "\"sha256\":", "\"sha256\":\"00\",\"sha256\":" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);
		lw_auto_free char *target = tuf_target("one/target");
		lw_auto_free char *good =
			strstr(rows[i].file, "root")	? tuf_root(2)
			: strstr(rows[i].file, "stamp") ? tuf_timestamp(1, 1)
			: strstr(rows[i].file, "snap")
				? tuf_snapshot(1, "\"targets.json\":{\"version\":1}")
				: tuf_targets(1, target, "");
		LW_AUTO(buf) struct lw_buf file = { 0 };

		/* signed as it should be; no client can say what else would have been signed */
		tuf_sign(good, rows[i].seeds, &file);

		const char *at = strstr(lw_buf_str(&file), rows[i].from);
		assert_non_null(at);
		lw_auto_free char *other =
			lw_asprintf("%.*s%s%s", (int)(at - lw_buf_str(&file)),
				    lw_buf_str(&file), rows[i].to, at + strlen(rows[i].from));

		tuf_put(w->served, &w->n_served, LW_COUNT_OF(w->served), rows[i].file,
			lw_span_str(other));
		if (strcmp(tuf_try(w, "one/target"), "tuf.format") != 0)
			fail_msg("row %zu: %s", i, other);
	}
}

/* "signed" or "signatures" twice, and what else there may be beside them. */
static void halves(void **state)
{
	/* B: the body, S: the signatures */
	static const struct {
		const char *code, *file;
	} rows[] = {
		{ "", "{\"signed\":B,\"signatures\":S}" },
		{ "", "\n\t {\"signatures\":S , \"signed\":B }\r\n" },
		{ "", "{\"x\":[],\"signed\":B,\"signatures\":S}" },
		{ "tuf.format", "{\"signed\":B,\"signed\":B,\"signatures\":S}" },
		{ "tuf.format", "{\"signed\":B,\"signatures\":S,\"signatures\":S}" },
		{ "tuf.format", "{\"signed\":B,\"signatures\":S}{}" },
		{ "tuf.format", "\xef\xbb\xbf{\"signed\":B,\"signatures\":S}" },
		{ "tuf.format", "[{\"signed\":B,\"signatures\":S}]" },
		{ "tuf.format", "{\"signed\":[B],\"signatures\":S}" },
		{ "tuf.format", "{\"signed\":B,\"signatures\":{\"x\":S}}" },
		{ "tuf.format", "{\"signed\":B,\"signatures\":null,\"x\":S}" },
		{ "tuf.format", "{\"signed\":B,\"x\":S}" },
		{ "tuf.format", "{\"signed\":null,\"x\":B,\"signatures\":S}" },
		{ "tuf.threshold", "{\"signed\":B,\"signatures\":[],\"x\":S}" },
		{ "tuf.format", "{\"signed\":B,\"signatures\":[S]}" },
		{ "tuf.format", "{\"signed\":B,\"signatures\":S" },
		{ "tuf.format", "" },
		{ "tuf.format", " " },
	};
	lw_auto_free char *body = tuf_timestamp(1, 1);
	LW_AUTO(buf) struct lw_buf whole = { 0 };

	(void)state;
	tuf_sign(body, "4", &whole);

	const char *signatures = strstr(lw_buf_str(&whole), "\"signatures\":") + 13;

	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);
		LW_AUTO(buf) struct lw_buf file = { 0 };

		for (const char *at = rows[i].file; *at; at++) {
			if (*at == 'B')
				lw_buf_adds(&file, body);
			else if (*at == 'S')
				lw_buf_add(&file, signatures, strlen(signatures) - 1);
			else
				lw_buf_addc(&file, *at);
		}
		tuf_put(w->served, &w->n_served, LW_COUNT_OF(w->served), "timestamp.json",
			lw_buf_span(&file));
		if (strcmp(tuf_try(w, "one/target"), rows[i].code) != 0)
			fail_msg("not '%s': %s", rows[i].code, lw_buf_str(&file));
	}
}

/* CVE-2020-6173: a hundred thousand signatures in the largest of files. */
static void endless_signatures(void **state)
{
	(void)state;
	TUF_WORLD(w);
	LW_AUTO(buf) struct lw_buf file = { 0 };
	lw_auto_free char *body = tuf_targets(1, "", "");

	lw_buf_printf(&file, "{\"signed\":%s,\"signatures\":[", body);
	for (int i = 0; i < 100000; i++)
		lw_buf_printf(&file, "%s{\"keyid\":\"%d\",\"sig\":\"%0128d\"}", i ? "," : "", i,
			      i);
	lw_buf_adds(&file, "]}");
	assert_true(file.n < LW_MAX_TUF_METADATA_BYTES);
	tuf_put(w->served, &w->n_served, LW_COUNT_OF(w->served), "1.targets.json",
		lw_buf_span(&file));
	SAYS("tuf.limit", w, NULL);
	assert_int_equal(tuf_kept(w, "targets"), 0);
}

/* ---- names ---- */

static char *long_name(size_t n)
{
	char *name = lw_alloc(n + 1);

	memset(name, 'x', n);
	name[n] = '\0';
	return name;
}

/* CVE-2021-41131: whatever a delegated role is called, one file more is kept, in the folder. */
static void names_of_roles(void **state)
{
	lw_auto_free char *longest = long_name(LW_MAX_TUF_ROLE);
	lw_auto_free char *longer = long_name(LW_MAX_TUF_ROLE + 1);
	const struct {
		const char *code, *name;
	} rows[] = {
		{ "", "../x" },
		{ "", "/x" },
		{ "", "a/../b" },
		{ "", "%2e%2e" },
		{ "", "%2e%2e%2fx" },
		{ "", "..%2fx" },
		{ "", "." },
		{ "", ".." },
		{ "", "..." },
		{ "", "a." },
		{ "", "CON" },
		{ "", "Root" },
		{ "", "root.json" },
		{ "", "1.root" },
		{ "", " " },
		{ "", "a:b*?<>|" },
		{ "", "\xc3\xa9\xe2\x80\xae" },
		{ "", longest },
		{ "tuf.format", longer },
		{ "tuf.format", "" },
		{ "tuf.format", "a\\u0000b" },
		{ "tuf.format", "\xff" },
		{ "tuf.format", "\\ud800" },
		{ "tuf.format", "snapshot" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);
		struct scratch s;
		struct lw_error e = { 0 };
		enum lw_finding_id reason = LW_FINDING_COUNT;
		struct lw_tuf_target found;
		lw_auto_free char *name = lw_asprintf("\"name\":\"%s\"", rows[i].name);
		lw_auto_free char *to = edit(DELEGATION, "\"name\":\"a\"", name);
		const struct tuf_file *root = tuf_find(w->served, w->n_served, "1.root.json");

		scratch_make(&s);
		assert_int_equal(mkdirat(s.dir, "trust", 0755), 0);
		{
			lw_auto_fd int dir = openat(s.dir, "trust", O_RDONLY | O_DIRECTORY);
			LW_AUTO(tuf_client) struct lw_tuf_client *c = NULL;
			struct lw_tuf_options options = tuf_options(w);

			options.store = lw_folder_store(&dir);
			scratch_write(dir, "root.json", lw_buf_span(&root->bytes));
			delegate(w, to, rows[i].code[0] ? "a" : rows[i].name);
			OK(lw_tuf_client_open(&options, &c, &reason, &e));

			int r = lw_tuf_client_refresh(c, &reason, &e);

			if (r == 0)
				r = lw_tuf_client_find(c, "a/x", &found, &reason, &e);
			if (rows[i].code[0] ? r == 0 || strcmp(lw_finding_kind(reason)->code,
							       rows[i].code) != 0
					    : r != 0)
				fail_msg("'%s': %s", rows[i].name, r ? e.text : "accepted");
			assert_int_equal(scratch_count(s.dir, "trust"), r < 0 ? 3 : 5);
			assert_int_equal(scratch_count(s.dir, "."), 1);
		}
		scratch_drop(&s);
	}
}

/* CVE-2026-6968, CVE-2026-24137: a target lands where its path says, below the folder, or not
 * at all. */
static void names_of_targets(void **state)
{
	lw_auto_free char *long_part = long_name(300);
	const struct {
		bool lands;
		const char *path;
	} rows[] = {
		{ true, "x" },		 { true, "a/b/x" },	   { true, "%2e%2e/x" },
		{ true, "..%2fx" },	 { true, "..x" },	   { true, "x.." },
		{ true, "a/..x/..y/z" }, { true, "CON" },	   { false, "../x" },
		{ false, "/x" },	 { false, "//x" },	   { false, "a/../b" },
		{ false, "a/../../x" },	 { false, "../../etc/x" }, { false, "a/./b" },
		{ false, "./x" },	 { false, "a//b" },	   { false, "a/" },
		{ false, "." },		 { false, ".." },	   { false, "a/.." },
		{ false, "" },		 { false, "/" },	   { false, long_part },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		struct scratch s;
		struct lw_error e = { 0 };
		const struct lw_fetch_settings settings = { 0 };
		struct lw_fetcher *fetcher = NULL;

		scratch_make(&s);
		assert_int_equal(mkdirat(s.dir, "in", 0755), 0);
		assert_int_equal(mkdirat(s.dir, "from", 0755), 0);
		{
			LW_AUTO(place) struct lw_place *from = NULL;
			lw_auto_free char *where = lw_asprintf("%s/from", s.path);
			lw_auto_fd int in = openat(s.dir, "in", O_RDONLY | O_DIRECTORY);
			lw_auto_fd int place = openat(s.dir, "from", O_RDONLY | O_DIRECTORY);
			const struct lw_tuf_file file = { .has_length = true, .length = 4 };
			const struct lw_landing l = { in, rows[i].path, &file };
			int r;

			scratch_write_str(place, "bytes", "four");
			OK(lw_place_open(where, &settings, &fetcher, &from, &e));
			assert_false(lw_landing_is_there(&l));
			r = lw_landing_bring(&l, from, "bytes", &e);
			if ((r == 0) != rows[i].lands || lw_landing_is_there(&l) != (r == 0))
				fail_msg("'%s': %s", rows[i].path, r ? e.text : "lands");
			assert_int_equal(scratch_count(s.dir, "."), 2);
			assert_int_equal(scratch_count(s.dir, "from"), 1);
		}
		scratch_drop(&s);
	}
}

/* ---- keys ---- */

/* CVE-2015-9258, go-tuf #739: what is no key of its type and scheme counts for nobody. Of the
 * two who must sign root 2, this is one. */
static void keys_that_are_none(void **state)
{
	static const struct {
		const char *code, *from, *to;
	} rows[] = {
		{ "", "\"scheme\":\"ed25519\"", "\"scheme\":\"ed25519\",\"x\":{\"y\":null}" },
		{ "tuf.threshold", "\"scheme\":\"ed25519\"",
		  "\"scheme\":\"ecdsa-sha2-nistp256\"" },
		{ "tuf.threshold", "\"scheme\":\"ed25519\"",
		  "\"scheme\":\"rsassa-pss-sha256\"" },
		{ "tuf.threshold", "\"scheme\":\"ed25519\"", "\"scheme\":\"Ed25519\"" },
		{ "tuf.threshold", "\"scheme\":\"ed25519\"", "\"scheme\":\"\"" },
		{ "tuf.threshold", "\"scheme\":\"ed25519\"", "\"scheme\":null" },
		{ "tuf.threshold", "\"scheme\":\"ed25519\",", "" },
		{ "tuf.threshold", "\"keytype\":\"ed25519\"", "\"keytype\":\"ecdsa\"" },
		{ "tuf.threshold", "\"keytype\":\"ed25519\"", "\"keytype\":\"rsa\"" },
		{ "tuf.threshold", "\"keytype\":\"ed25519\"", "\"keytype\":\"hmac\"" },
		{ "tuf.threshold", "\"keytype\":\"ed25519\",", "" },
		{ "tuf.threshold", "\"public\":\"", "\"public\":\"00" },
		{ "tuf.threshold", "\"public\":\"", "\"public\":\" " },
		{ "tuf.threshold", "\"public\":\"", "\"public\":\"-----BEGIN PUBLIC KEY-----" },
		{ "tuf.threshold", "\"public\":\"", "\"public\":\"\",\"private\":\"" },
		{ "tuf.threshold", "\"keyval\":{", "\"keyval\":[],\"x\":{" },
	};
	lw_auto_free char *body = tuf_root(2);
	LW_AUTO(buf) struct lw_buf key = { 0 };

	(void)state;
	tuf_keys("1", &key);
	for (size_t i = 0; i < LW_COUNT_OF(rows) + 1; i++) {
		TUF_WORLD(w);
		bool more = i < LW_COUNT_OF(rows);
		lw_auto_free char *other =
			more ? edit(lw_buf_str(&key), rows[i].from, rows[i].to)
			     : lw_strdup(lw_buf_str(&key));

		if (!more) /* a digit short */
			memmove(other + strlen(other) - 4, other + strlen(other) - 3, 4);
		tuf_give(w, "2.root.json", edit(body, lw_buf_str(&key), other), "12");
		if (strcmp(tuf_try(w, NULL), more ? rows[i].code : "tuf.threshold") != 0)
			fail_msg("row %zu: %s", i, other);
	}
}

/* The same as PEM: what it is called must be what it is. */
static void keys_called_otherwise(void **state)
{
	static const struct {
		const char *code, *keytype, *scheme;
	} rows[] = {
		{ "", "ed25519", "ed25519" },
		{ "tuf.threshold", "rsa", "ed25519" },
		{ "tuf.threshold", "ecdsa", "ed25519" },
		{ "tuf.threshold", "ecdsa-sha2-nistp256", "ed25519" },
		{ "tuf.threshold", "", "ed25519" },
		{ "tuf.threshold", "ed25519", "rsa-pkcs1v15-sha256" },
		{ "tuf.threshold", "rsa", "rsa-pkcs1v15-sha256" },
		{ "tuf.threshold", "ecdsa", "ecdsa-sha2-nistp256" },
	};
	lw_auto_free char *body = tuf_root(2);
	LW_AUTO(buf) struct lw_buf key = { 0 }, der = { 0 }, base64 = { 0 };

	(void)state;
	tuf_keys("1", &key);
	people_public(1, &der);
	lw_base64_encode(&base64, lw_buf_span(&der));
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);
		lw_auto_free char *pem = lw_asprintf(
			"\"k1\":{\"keytype\":\"%s\",\"scheme\":\"%s\",\"keyval\":{\"public\":"
			"\"-----BEGIN PUBLIC KEY-----\\n%s\\n-----END PUBLIC KEY-----\\n\"}}",
			rows[i].keytype, rows[i].scheme, lw_buf_str(&base64));

		tuf_give(w, "2.root.json", edit(body, lw_buf_str(&key), pem), "12");
		if (strcmp(tuf_try(w, NULL), rows[i].code) != 0)
			fail_msg("not '%s': %s", rows[i].code, pem);
	}
}

/* ---- any member as anything else (CVE-2026-23991) ---- */

static const char *const others[] = { NULL,    "null", "true", "-1", "9007199254740991",
				      "\"x\"", "[]",   "{}" };

struct sweep {
	struct tuf_world *w;
	json_t *root;
	const char *file, *role, *seeds;
	size_t tried, refused;
};

static void try_one(struct sweep *s)
{
	lw_auto_free char *body = json_dumps(s->root, JSON_COMPACT);
	struct tuf_world *w = s->w;
	struct lw_error e = { 0 };
	const char *said;

	tuf_serve(w, s->file, body, s->seeds);
	for (size_t i = 0; i < w->n_kept; i++)
		lw_buf_clear(&w->kept[i].bytes);
	OK(tuf_save(w, "root",
		    lw_buf_span(&tuf_find(w->served, w->n_served, "1.root.json")->bytes), NULL,
		    &e));
	said = tuf_try(w, "a/x");
	if (said[0] && strncmp(said, "tuf.", 4) != 0)
		fail_msg("'%s' for %s", said, body);
	s->tried++;
	s->refused += said[0] != '\0';
	if (strcmp(said, "tuf.format") == 0) {
		const struct tuf_file *kept = tuf_find(w->kept, w->n_kept, s->role);
		const struct tuf_file *served = tuf_find(w->served, w->n_served, s->file);

		if (kept &&
		    lw_span_equal(lw_buf_span(&kept->bytes), lw_buf_span(&served->bytes)))
			fail_msg("kept: %s", body);
	}
}

static void sweep(struct sweep *s, json_t *at)
{
	const char *key;
	json_t *child, *saved;
	void *next;
	size_t i;

	if (json_is_object(at)) {
		saved = json_copy(at);
		json_object_foreach_safe(saved, next, key, child)
		{
			for (i = 0; i < LW_COUNT_OF(others); i++) {
				if (others[i])
					(void)json_object_set_new(
						at, key,
						json_loads(others[i], JSON_DECODE_ANY, NULL));
				else
					(void)json_object_del(at, key);
				try_one(s);
			}
			(void)json_object_set(at, key, child);
			sweep(s, child);
		}
		json_decref(saved);
	}
	if (json_is_array(at))
		json_array_foreach(at, i, child)
		{
			json_incref(child);
			for (size_t k = 1; k < LW_COUNT_OF(others); k++) {
				(void)json_array_set_new(
					at, i, json_loads(others[k], JSON_DECODE_ANY, NULL));
				try_one(s);
			}
			(void)json_array_set_new(at, i, child);
			sweep(s, child);
		}
}

/* Frees the body. */
static void sweep_file(struct sweep s, char *body, size_t least)
{
	s.root = json_loads(body, 0, NULL);
	assert_non_null(s.root);
	sweep(&s, s.root);
	if (s.tried < least || s.refused < least / 2 || s.refused >= s.tried)
		fail_msg("%s: %zu of %zu refused", s.file, s.refused, s.tried);
	json_decref(s.root);
	free(body);
}

__attribute__((unused)) static void any_member_as_anything(void **state)
{
	lw_auto_free char *target = tuf_target("a/x");
	lw_auto_free char *plain = delegations(DELEGATION);
	lw_auto_free char *bins = delegations(BINS);
	TUF_WORLD(w);
	TUF_WORLD(b);

	(void)state;
	delegate(w, DELEGATION, "a");
	delegate(b, BINS, bin());
	sweep_file((struct sweep){ w, NULL, "timestamp.json", "timestamp", "4", 0, 0 },
		   tuf_timestamp(1, 1), 50);
	tuf_give(w, "timestamp.json", tuf_timestamp(1, 1), "4");
	sweep_file((struct sweep){ w, NULL, "1.snapshot.json", "snapshot", "5", 0, 0 },
		   tuf_snapshot(1, "\"targets.json\":{\"version\":1,\"length\":9000},"
				   "\"a.json\":{\"version\":1},"
				   "\"b.json\":{\"version\":1,\"hashes\":{\"md5\":\"\"}}"),
		   80);
	delegate(w, DELEGATION, "a");
	sweep_file((struct sweep){ w, NULL, "1.targets.json", "targets", "6", 0, 0 },
		   tuf_targets(1, target, plain), 220);
	sweep_file((struct sweep){ b, NULL, "1.targets.json", "targets", "6", 0, 0 },
		   tuf_targets(1, "", bins), 180);
	delegate(w, DELEGATION, "a");
	sweep_file((struct sweep){ w, NULL, "2.root.json", "root", "12", 0, 0 }, tuf_root(2),
		   400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds),
		cmocka_unit_test(versions_that_are_none),
		cmocka_unit_test(large_versions),
		cmocka_unit_test(expiries),
		cmocka_unit_test(what_is_kept_expires),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(halves),
		cmocka_unit_test(endless_signatures),
		cmocka_unit_test(names_of_roles),
		cmocka_unit_test(names_of_targets),
		cmocka_unit_test(keys_that_are_none),
		cmocka_unit_test(keys_called_otherwise),
#if !defined(                                                                                  \
	__SANITIZE_ADDRESS__) /* a quarter of a minute there, where fuzz_tuf does the same */
		cmocka_unit_test(any_member_as_anything),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
