/* SPDX-License-Identifier: Apache-2.0 */
/* The search for a target through delegations. */
#include "verify/tuf_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/tuf_forge.h"

#define SAYS(code, w, path) assert_string_equal(tuf_try(w, path), code)

/* A delegated role as targets metadata names it. */
#define ROLE(name, key, rest)                                                                  \
	"{\"name\":\"" name "\",\"keyids\":[\"" key                                            \
	"\"],\"threshold\":1,\"terminating\":" rest "}"
#define PATHS(pattern) "false,\"paths\":[\"" pattern "\"]"
#define LAST(pattern)  "true,\"paths\":[\"" pattern "\"]"

static char *delegations(const char *roles)
{
	struct lw_buf b = { 0 };

	lw_buf_adds(&b, ",\"delegations\":{\"keys\":{");
	tuf_keys("789", &b);
	lw_buf_printf(&b, "},\"roles\":[%s]}", roles);
	return (char *)lw_buf_detach(&b);
}

/* A role's targets file, version 1: one target (none for "") and whom it delegates to. */
static void give_role(struct tuf_world *w, const char *role, const char *target,
		      const char *roles, const char *seeds)
{
	LW_AUTO(buf) struct lw_buf name = { 0 };
	lw_auto_free char *listed = target[0] ? tuf_target(target) : lw_strdup("");
	lw_auto_free char *below = roles[0] ? delegations(roles) : lw_strdup("");

	lw_buf_adds(&name, "1.");
	lw_tuf_quote(role, &name);
	lw_buf_adds(&name, ".json");
	tuf_give(w, lw_buf_str(&name), tuf_targets(1, listed, below), seeds);
}

/* The snapshot lists these, all of version 1. */
static void list(struct tuf_world *w, const char *const *roles, size_t n)
{
	LW_AUTO(buf) struct lw_buf meta = { 0 };

	lw_buf_adds(&meta, "\"targets.json\":{\"version\":1}");
	for (size_t i = 0; i < n; i++)
		lw_buf_printf(&meta, ",\"%s.json\":{\"version\":1}", roles[i]);
	tuf_give(w, "1.snapshot.json", tuf_snapshot(1, lw_buf_str(&meta)), "5");
}

static void patterns(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} rows[] = {
		{ "a", "a", true },
		{ "a", "b", false },
		{ "*", "a", true },
		{ "*", "a/b", false },
		{ "*/*", "a/b", true },
		{ "a/*", "a/b/c", false },
		{ "*.md", "README.md", true },
		{ "*.md", "README.MD", false },
		{ "?", "a", true },
		{ "?", "/", false },
		{ "a?c", "abc", true },
		{ "*a*b", "xxaxxb", true },
		{ "*a*b", "xxaxxc", false },
		{ "**", "ab", true },
		{ "a*", "a", true },
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "a/*/c", "a/b/c", true },
		{ "a/*/c", "a//c", true },
		{ "*aab", "aaab", true },
		{ "x*/y", "x/a/y", false },
		/* a question mark is a character, however many bytes that has */
		{ "?", "\xc3\xa9", true },
		{ "??", "\xc3\xa9", false },
		{ "a?c",
		  "a\xe2\x82\xac"
		  "c",
		  true },
		{ "*?x", "\xc3\xa9x", true },
		{ "*??x", "\xc3\xa9x", false },
		{ "*\xa9", "\xc3\xa9", false },
		{ "?", "?", true },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++)
		if (lw_tuf_path_matches(rows[i].pattern, rows[i].path) != rows[i].matches)
			fail_msg("%s against %s", rows[i].pattern, rows[i].path);

	/* Many stars cost no more than pattern times path. */
	LW_AUTO(buf) struct lw_buf stars = { 0 }, letters = { 0 };

	for (int i = 0; i < 200; i++)
		lw_buf_adds(&stars, "*a");
	lw_buf_adds(&stars, "b");
	lw_buf_fill(&letters, 'a', 1000);
	assert_false(lw_tuf_path_matches(lw_buf_str(&stars), lw_buf_str(&letters)));
}

static void delegated(void **state)
{
	static const struct {
		const char *roles, *path, *code;
	} rows[] = {
		{ ROLE("a", "k7", PATHS("a/*")), "a/x", "" },
		{ ROLE("a", "k7", PATHS("a/?")), "a/x", "" },
		{ ROLE("a", "k7", PATHS("A/*")), "a/x", "tuf.target-unknown" },
		{ ROLE("a", "k7", PATHS("b/*")), "a/x", "tuf.target-unknown" },
		{ ROLE("a", "k7", PATHS("*")), "a/x", "tuf.target-unknown" },
		{ ROLE("a", "k8", PATHS("a/*")), "a/x", "tuf.threshold" },
		{ ROLE("a", "k3", PATHS("a/*")), "a/x", "tuf.threshold" },
		{ ROLE("b", "k7", PATHS("a/*")), "a/x", "tuf.missing" },
		{ ROLE("a", "k7", "false,\"path_hash_prefixes\":[\"\"]"), "a/x", "tuf.format" },
		{ ROLE("a", "k7", "false,\"path_hash_prefixes\":[\"ZZ\"]"), "a/x",
		  "tuf.format" },
		{ ROLE("a", "k7", "false"), "a/x", "tuf.format" },
		{ ROLE("a", "k7", "false,\"paths\":[\"a/*\"],\"path_hash_prefixes\":[\"00\"]"),
		  "a/x", "tuf.format" },
		{ ROLE("a", "k7", PATHS("[a]/*")), "a/x", "tuf.format" },
		{ ROLE("a", "k7", PATHS("a/*") ",\"x\":{}"), "a/x", "" },
		{ ROLE("root", "k7", PATHS("a/*")), "a/x", "tuf.format" },
		{ ROLE("", "k7", PATHS("a/*")), "a/x", "tuf.format" },
		{ ROLE("a", "k7", PATHS("a/*")) "," ROLE("a", "k8", PATHS("b/*")), "a/x",
		  "tuf.format" },
		{ "null", "a/x", "tuf.format" },
		{ "{\"name\":\"a\",\"keyids\":[\"k7\"],\"threshold\":0,\"terminating\":false,\"paths\":[\"a/*\"]}",
		  "a/x", "tuf.format" }, /* CVE-2026-23992 */
		/* terminating (CVE-2025-2886) */
		{ ROLE("empty", "k8", PATHS("a/*")) "," ROLE("a", "k7", PATHS("a/*")), "a/x",
		  "" },
		{ ROLE("empty", "k8", LAST("a/*")) "," ROLE("a", "k7", PATHS("a/*")), "a/x",
		  "tuf.target-unknown" },
		{ ROLE("empty", "k8", LAST("b/*")) "," ROLE("a", "k7", PATHS("a/*")), "a/x",
		  "" },
	};
	static const char *const roles[] = { "a", "empty" };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);
		lw_auto_free char *below = delegations(rows[i].roles);
		const char *said;

		list(w, roles, 2);
		tuf_give(w, "1.targets.json", tuf_targets(1, "", below), "6");
		give_role(w, "a", "a/x", "", "7");
		give_role(w, "empty", "", "", "8");
		said = tuf_try(w, rows[i].path);
		if (strcmp(said, rows[i].code) != 0)
			fail_msg("row %zu: %s", i, said);
	}
}

/* CVE-2024-47534: in pre-order, a's children before b. Both list the target; a's child wins. */
static void in_order(void **state)
{
	static const char *const roles[] = { "a", "b", "c" };

	(void)state;
	TUF_WORLD(w);
	lw_auto_free char *below =
		delegations(ROLE("a", "k7", PATHS("x/*")) "," ROLE("b", "k8", PATHS("x/*")));
	struct lw_tuf_options options = tuf_options(w);
	LW_AUTO(tuf_client) struct lw_tuf_client *c = NULL;
	enum lw_finding_id reason;
	struct lw_tuf_target found;
	struct lw_error e;

	list(w, roles, 3);
	tuf_give(w, "1.targets.json", tuf_targets(1, "", below), "6");
	give_role(w, "a", "", ROLE("c", "k9", PATHS("x/*")), "7");
	give_role(w, "b", "x/y", "", "8");
	give_role(w, "c", "x/y", "", "9");
	OK(lw_tuf_client_open(&options, &c, &reason, &e));
	OK(lw_tuf_client_refresh(c, &reason, &e));
	OK(lw_tuf_client_find(c, "x/y", &found, &reason, &e));
	assert_string_equal(found.role, "c");
	assert_int_equal(found.file.length, 3);

	LW_AUTO(buf) struct lw_buf name = { 0 };

	lw_tuf_client_target_name(c, "x/y", &found, &name);
	assert_true(lw_span_starts(lw_buf_span(&name), "x/"));
	assert_int_equal(name.n, 2 + 64 + 2);
}

/* The same role through another delegator is judged by that one's keys, kept or not. */
static void through_two_delegators(void **state)
{
	static const char *const roles[] = { "a", "b", "shared" };

	(void)state;
	for (int second = 0; second < 2; second++) {
		TUF_WORLD(w);
		lw_auto_free char *below = delegations(
			ROLE("a", "k7", PATHS("a/*")) "," ROLE("b", "k8", PATHS("b/*")));

		list(w, roles, 3);
		tuf_give(w, "1.targets.json", tuf_targets(1, "", below), "6");
		give_role(w, "a", "", ROLE("shared", "k9", PATHS("a/*")), "7");
		give_role(w, "b", "", ROLE("shared", "k7", PATHS("b/*")), "8");

		lw_auto_free char *one = tuf_target("a/x");
		lw_auto_free char *two = tuf_target("b/x");
		lw_auto_free char *listed = lw_asprintf("%s,%s", one, two);

		tuf_give(w, "1.shared.json", tuf_targets(1, listed, ""), second ? "97" : "9");
		SAYS("", w, "a/x");
		SAYS(second ? "" : "tuf.threshold", w, "b/x");
		SAYS("", w, "a/x");
	}
}

static void circles(void **state)
{
	static const char *const roles[] = { "a", "b" };

	(void)state;
	TUF_WORLD(w);
	lw_auto_free char *below = delegations(ROLE("a", "k7", PATHS("x")));

	list(w, roles, 2);
	tuf_give(w, "1.targets.json", tuf_targets(1, "", below), "6");
	give_role(w, "a", "", ROLE("b", "k8", PATHS("x")), "7");
	give_role(w, "b", "", ROLE("a", "k7", PATHS("x")), "8");
	SAYS("tuf.target-unknown", w, "x");
	assert_true(w->requests < 20);
}

static void too_deep(void **state)
{
	(void)state;
	TUF_WORLD(w);
	LW_AUTO(buf) struct lw_buf meta = { 0 };
	lw_auto_free char *below = delegations(ROLE("r0", "k7", PATHS("x")));

	lw_buf_adds(&meta, "\"targets.json\":{\"version\":1}");
	tuf_give(w, "1.targets.json", tuf_targets(1, "", below), "6");
	for (int i = 0; i < 100; i++) {
		char name[16];
		lw_auto_free char *next = lw_asprintf(ROLE("r%d", "k7", PATHS("x")), i + 1);

		(void)snprintf(name, sizeof(name), "r%d", i);
		lw_buf_printf(&meta, ",\"r%d.json\":{\"version\":1}", i);
		give_role(w, name, "", next, "7");
	}
	tuf_give(w, "1.snapshot.json", tuf_snapshot(1, lw_buf_str(&meta)), "5");
	SAYS("tuf.limit", w, "x");
}

/* Roles that take all there is of memory once they are read: what was read of them stays until
 * the search ends. */
#ifndef LW_SANITIZED /* which needs several times as much */
static void too_large(void **state)
{
	(void)state;
	TUF_WORLD(w);
	LW_AUTO(buf) struct lw_buf meta = { 0 }, large = { 0 };
	lw_auto_free char *below = delegations(ROLE("r0", "k7", PATHS("x")));

	lw_buf_adds(&meta, "\"targets.json\":{\"version\":1}");
	tuf_give(w, "1.targets.json", tuf_targets(1, "", below), "6");
	lw_buf_adds(&large, ",\"x\":[0");
	while (large.n < 2900000)
		lw_buf_adds(&large, ",0");
	lw_buf_adds(&large, "]");
	for (int i = 0; i < 4; i++) {
		char name[32];
		lw_auto_free char *next = lw_asprintf(ROLE("r%d", "k7", PATHS("x")), i + 1);
		lw_auto_free char *role = delegations(next);
		lw_auto_free char *all = lw_asprintf("%s%s", role, lw_buf_str(&large));

		(void)snprintf(name, sizeof(name), "1.r%d.json", i);
		lw_buf_printf(&meta, ",\"r%d.json\":{\"version\":1}", i);
		tuf_give(w, name, tuf_targets(1, "", all), "7");
	}
	tuf_give(w, "1.snapshot.json", tuf_snapshot(1, lw_buf_str(&meta)), "5");
	w->requests = 0;
	SAYS("tuf.limit", w, "x");
	assert_true(w->requests < 4 + 4);
}
#endif

/* CVE-2026-6967, rust-tuf #275: a delegated role is held to all that targets are. */
static void a_delegated_role_that_is_wrong(void **state)
{
	static const struct {
		const char *from, *to, *seeds, *code;
	} rows[] = {
		{ TUF_EXPIRES, "2026-01-01T00:00:00Z", "7", "tuf.expired" },
		{ "\"version\":1", "\"version\":2", "7", "tuf.version" },
		{ "\"_type\":\"targets\"", "\"_type\":\"snapshot\"", "7", "tuf.format" },
		{ "\"_type\":\"targets\"", "\"_type\":\"targets\"", "", "tuf.threshold" },
		{ "\"_type\":\"targets\"", "\"_type\":\"targets\"", "6", "tuf.threshold" },
		{ "\"_type\":\"targets\"", "\"_type\":\"targets\"", "77",
		  "tuf.format" }, /* CVE-2026-6966 */
	};
	static const char *const roles[] = { "a" };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);
		lw_auto_free char *below = delegations(ROLE("a", "k7", PATHS("a/*")));
		lw_auto_free char *target = tuf_target("a/x");
		lw_auto_free char *good = tuf_targets(1, target, "");

		list(w, roles, 1);
		tuf_give(w, "1.targets.json", tuf_targets(1, "", below), "6");
		tuf_give(w, "1.a.json", edit(good, rows[i].from, rows[i].to), rows[i].seeds);
		for (int again = 0; again < 2; again++) {
			SAYS(rows[i].code, w, "a/x");
			assert_int_equal(tuf_kept(w, "a"), 0);
		}
		tuf_serve(w, "1.a.json", good, "7");
		SAYS("", w, "a/x");
	}
}

/* CVE-2026-6967: other bytes than the snapshot lists. */
static void a_delegated_role_of_other_bytes(void **state)
{
	static const struct {
		const char *code, *format;
	} rows[] = {
		{ "", "{\"version\":1}" },
		{ "", "{\"version\":1,\"length\":N}" },
		{ "", "{\"version\":1,\"length\":N,\"hashes\":{\"sha256\":\"H\"}}" },
		{ "tuf.hash", "{\"version\":1,\"length\":1}" },
		{ "tuf.hash", "{\"version\":1,\"length\":N0}" },
		{ "tuf.hash", "{\"version\":1,\"hashes\":{\"sha256\":\"H0\"}}" },
		{ "tuf.hash", "{\"version\":1,\"hashes\":{\"sha256\":\"\"}}" },
		{ "tuf.hash",
		  "{\"version\":1,\"hashes\":{\"sha256\":\"H\",\"sha512\":\"H\"}}" },
		{ "tuf.hash", "{\"version\":1,\"hashes\":{\"sha1\":\"H\"}}" },
		{ "tuf.version", "{\"version\":2,\"hashes\":{\"sha256\":\"H\"}}" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);
		lw_auto_free char *below = delegations(ROLE("a", "k7", PATHS("a/*")));
		LW_AUTO(buf) struct lw_buf meta = { 0 };
		const struct tuf_file *role;
		char hex[65];

		tuf_give(w, "1.targets.json", tuf_targets(1, "", below), "6");
		give_role(w, "a", "a/x", "", "7");
		role = tuf_find(w->served, w->n_served, "1.a.json");
		tuf_put(w->served, &w->n_served, LW_COUNT_OF(w->served), "2.a.json",
			lw_buf_span(&role->bytes));

		struct lw_digest d = lw_digest_of(lw_buf_span(&role->bytes));

		lw_buf_adds(&meta, "\"targets.json\":{\"version\":1},\"a.json\":");
		for (const char *at = rows[i].format; *at; at++) {
			if (*at == 'N')
				lw_buf_printf(&meta, "%zu", role->bytes.n);
			else if (*at == 'H')
				lw_buf_adds(&meta, lw_digest_hex(&d, hex));
			else
				lw_buf_addc(&meta, *at);
		}
		tuf_give(w, "1.snapshot.json", tuf_snapshot(1, lw_buf_str(&meta)), "5");
		if (strcmp(tuf_try(w, "a/x"), rows[i].code) != 0)
			fail_msg("not '%s': %s", rows[i].code, lw_buf_str(&meta));
		assert_int_equal(tuf_kept(w, "a"), rows[i].code[0] ? 0 : 1);
	}
}

/* CVE-2025-2887: a snapshot takes a delegated role back, or away. */
static void a_delegated_role_that_goes_back(void **state)
{
	static const struct {
		const char *code, *meta;
	} rows[] = {
		{ "", ",\"a.json\":{\"version\":2}" },
		{ "", ",\"a.json\":{\"version\":2},\"b.json\":{\"version\":1}" },
		{ "tuf.rollback", ",\"a.json\":{\"version\":1}" },
		{ "tuf.rollback", "" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);
		lw_auto_free char *below = delegations(ROLE("a", "k7", PATHS("a/*")));
		lw_auto_free char *meta =
			lw_asprintf("\"targets.json\":{\"version\":1}%s", rows[i].meta);
		lw_auto_free char *target = tuf_target("a/x");

		tuf_give(w, "1.targets.json", tuf_targets(1, "", below), "6");
		give_role(w, "a", "a/x", "", "7");
		tuf_give(w, "2.a.json", tuf_targets(2, target, ""), "7");
		tuf_give(w, "1.snapshot.json",
			 tuf_snapshot(1, "\"targets.json\":{\"version\":1},"
					 "\"a.json\":{\"version\":2}"),
			 "5");
		SAYS("", w, "a/x");
		tuf_give(w, "2.snapshot.json", tuf_snapshot(2, meta), "5");
		tuf_give(w, "timestamp.json", tuf_timestamp(2, 2), "4");
		SAYS(rows[i].code, w, "a/x");
		assert_int_equal(tuf_kept(w, "a"), 2);
		assert_int_equal(tuf_kept(w, "snapshot"), rows[i].code[0] ? 1 : 2);
	}
}

/* CVE-2021-41131: what a role is called goes nowhere but into a quoted name. */
static void names_that_climb(void **state)
{
	static const char *const names[] = {
		"../../etc/x", "/etc/x", "a/b", ".", "..", "a b?#%"
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(names); i++) {
		TUF_WORLD(w);
		lw_auto_free char *role = lw_asprintf(ROLE("%s", "k7", PATHS("a/*")), names[i]);
		lw_auto_free char *below = delegations(role);
		LW_AUTO(buf) struct lw_buf quoted = { 0 };

		list(w, &names[i], 1);
		tuf_give(w, "1.targets.json", tuf_targets(1, "", below), "6");
		give_role(w, names[i], "a/x", "", "7");
		SAYS("", w, "a/x");
		lw_tuf_quote(names[i], &quoted);
		assert_null(strchr(lw_buf_str(&quoted), '/'));
	}
}

static void bins(void **state)
{
	(void)state;
	for (unsigned bits = 1; bits <= 4; bits++) {
		TUF_WORLD(w);
		LW_AUTO(buf) struct lw_buf below = { 0 };
		LW_AUTO(buf) struct lw_buf meta = { 0 };
		struct lw_tuf_bins b = { .bits = bits, .prefix = "bin" };
		char name[LW_MAX_TUF_ROLE + 1];

		lw_buf_adds(&below, ",\"delegations\":{\"keys\":{");
		tuf_keys("7", &below);
		lw_buf_printf(&below,
			      "},\"succinct_roles\":{\"keyids\":[\"k7\"],\"threshold\":1,"
			      "\"bit_length\":%u,\"name_prefix\":\"bin\"}}",
			      bits);
		lw_tuf_bin_name(&b, "some/target", name, sizeof(name));
		lw_buf_printf(&meta,
			      "\"targets.json\":{\"version\":1},\"%s.json\":{\"version\":1}",
			      name);
		tuf_give(w, "1.snapshot.json", tuf_snapshot(1, lw_buf_str(&meta)), "5");
		tuf_give(w, "1.targets.json", tuf_targets(1, "", lw_buf_str(&below)), "6");
		give_role(w, name, "some/target", "", "7");
		SAYS("", w, "some/target");

		static const char *const wrong[] = { "0", "15", "33", "-1", "true", "\"4\"" };

		for (size_t i = 0; i < LW_COUNT_OF(wrong); i++) {
			char from[32];
			lw_auto_free char *to = lw_asprintf("\"bit_length\":%s", wrong[i]);

			(void)snprintf(from, sizeof(from), "\"bit_length\":%u", bits);

			lw_auto_free char *other = edit(lw_buf_str(&below), from, to);
			TUF_WORLD(x);

			tuf_give(x, "1.targets.json", tuf_targets(1, "", other), "6");
			SAYS("tuf.format", x, "some/target");
		}
	}
}

static void hash_prefixes(void **state)
{
	static const char *const roles[] = { "a" };

	(void)state;
	for (size_t digits = 1; digits <= 64; digits += 21) {
		struct lw_digest d = lw_digest_of(lw_span_str("some/target"));
		char hex[65];
		TUF_WORLD(w);

		lw_digest_hex(&d, hex);
		hex[digits] = '\0';

		lw_auto_free char *role = lw_asprintf(
			ROLE("a", "k7", "false,\"path_hash_prefixes\":[\"%s\"]"), hex);
		lw_auto_free char *below = delegations(role);

		list(w, roles, 1);
		tuf_give(w, "1.targets.json", tuf_targets(1, "", below), "6");
		give_role(w, "a", "some/target", "", "7");
		SAYS("", w, "some/target");
		hex[0] = hex[0] == '0' ? '1' : '0';

		lw_auto_free char *elsewhere = lw_asprintf(
			ROLE("a", "k7", "false,\"path_hash_prefixes\":[\"%s\"]"), hex);
		lw_auto_free char *other = delegations(elsewhere);

		tuf_give(w, "1.targets.json", tuf_targets(1, "", other), "6");
		tuf_remove(w->kept, w->n_kept, "targets");
		SAYS("tuf.target-unknown", w, "some/target");
	}
}

/* CVE-2026-24137, CVE-2021-41149: a listed hash becomes a part of a file's name, where it is
 * one. */
static void names_of_files(void **state)
{
	static const struct {
		const char *path, *hashes, *name;
	} rows[] = {
		{ "foo", "\"sha256\":\"../../../x\"", "foo" },
		{ "foo",
		  "\"sha256\":\"2C26B46B68FFC68FF99B453C1D30413413422D706483BFA0F98A5E886266E7AE\"",
		  "foo" },
		{ "a/b/foo",
		  "\"sha256\":\"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"",
		  "a/b/2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae.foo" },
		{ "foo", "\"md5\":\"acbd18db4cc2f85cedef654fccc4a4d8\"", "foo" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);
		LW_AUTO(tuf_client) struct lw_tuf_client *c = NULL;
		LW_AUTO(buf) struct lw_buf name = { 0 };
		lw_auto_free char *listed = lw_asprintf("\"%s\":{\"length\":3,\"hashes\":{%s}}",
							rows[i].path, rows[i].hashes);
		struct lw_tuf_options options = tuf_options(w);
		enum lw_finding_id reason = LW_FINDING_COUNT;
		struct lw_tuf_target target;
		struct lw_error e = { 0 };

		tuf_give(w, "1.targets.json", tuf_targets(1, listed, ""), "6");
		OK(lw_tuf_client_open(&options, &c, &reason, &e));
		OK(lw_tuf_client_refresh(c, &reason, &e));
		OK(lw_tuf_client_find(c, rows[i].path, &target, &reason, &e));
		lw_tuf_client_target_name(c, rows[i].path, &target, &name);
		assert_string_equal(lw_buf_str(&name), rows[i].name);
	}
}

static void bytes_are_held_against_what_is_listed(void **state)
{
	static const struct {
		const char *hashes;
		int code;
	} rows[] = {
		{ "\"sha256\":\"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"",
		  0 },
		{ "\"sha256\":\"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7af\"",
		  LW_E_DIGEST },
		{ "\"sha256\":\"2C26B46B68FFC68FF99B453C1D30413413422D706483BFA0F98A5E886266E7AE\"",
		  LW_E_DIGEST },
		{ "\"sha256\":\"\"", LW_E_DIGEST },
		{ "\"md5\":\"acbd18db4cc2f85cedef654fccc4a4d8\"", LW_E_UNSUPPORTED },
		{ "\"md5\":\"00\",\"sha256\":\"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"",
		  0 },
		{ "\"sha512\":\"00\",\"sha256\":\"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"",
		  LW_E_DIGEST }, /* all that are given must match */
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *listed =
			lw_asprintf("\"foo\":{\"length\":3,\"hashes\":{%s}}", rows[i].hashes);
		lw_auto_free char *body = tuf_targets(1, listed, "");
		LW_AUTO(tuf_metadata) struct lw_tuf_metadata *m = NULL;
		LW_AUTO(tuf_signed) struct lw_tuf_signed s = { 0 };
		LW_AUTO(buf) struct lw_buf file = { 0 };
		struct lw_tuf_file f;
		struct lw_error e;

		tuf_sign(body, "", &file);
		OK(lw_tuf_split(lw_buf_span(&file), &s, &e));
		OK(lw_tuf_metadata_parse(lw_unproven_in_the_box(lw_buf_span(&s.message)),
					 LW_TUF_TARGETS, &m, &e));
		OK(lw_tuf_file(m, "foo", &f, &e));
		FAILS(rows[i].code, lw_tuf_file_check(&f, lw_span_str("foo"), &e));
		FAILS(LW_E_DIGEST, lw_tuf_file_check(&f, lw_span_str("fo"), &e));
		FAILS(LW_E_DIGEST, lw_tuf_file_check(&f, lw_span_str("foo "), &e));
		FAILS(LW_E_NOTFOUND, lw_tuf_file(m, "Foo", &f, &e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(delegated),
		cmocka_unit_test(in_order),
		cmocka_unit_test(through_two_delegators),
		cmocka_unit_test(circles),
		cmocka_unit_test(too_deep),
#ifndef LW_SANITIZED
		cmocka_unit_test(too_large),
#endif
		cmocka_unit_test(a_delegated_role_that_is_wrong),
		cmocka_unit_test(a_delegated_role_of_other_bytes),
		cmocka_unit_test(a_delegated_role_that_goes_back),
		cmocka_unit_test(names_that_climb),
		cmocka_unit_test(bins),
		cmocka_unit_test(hash_prefixes),
		cmocka_unit_test(names_of_files),
		cmocka_unit_test(bytes_are_held_against_what_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
