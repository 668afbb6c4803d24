/* SPDX-License-Identifier: Apache-2.0 */
/* The client workflow: what a repository may do, and what must be refused, by name. */
#include "verify/tuf_client.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/tuf_forge.h"

#define SAYS(code, w, path) assert_string_equal(tuf_try(w, path), code)

/* A second release: targets 2, snapshot 2, timestamp 2. */
static void release(struct tuf_world *w)
{
	lw_auto_free char *target = tuf_target("two/target");

	tuf_give(w, "2.targets.json", tuf_targets(2, target, ""), "6");
	tuf_give(w, "2.snapshot.json", tuf_snapshot(2, "\"targets.json\":{\"version\":2}"),
		 "5");
	tuf_give(w, "timestamp.json", tuf_timestamp(2, 2), "4");
}

static void a_repository_is_followed(void **state)
{
	(void)state;
	TUF_WORLD(w);

	SAYS("", w, "one/target");
	SAYS("tuf.target-unknown", w, "two/target");
	release(w);
	SAYS("", w, "two/target");
	SAYS("tuf.target-unknown", w, "one/target");
	assert_int_equal(tuf_kept(w, "targets"), 2);
	for (int i = 2; i <= 4; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%d.root.json", i);
		tuf_give(w, name, tuf_root(i), "13");
	}
	SAYS("", w, "two/target");
	assert_int_equal(tuf_kept(w, "root"), 4);
}

static void what_is_kept_is_what_came(void **state)
{
	(void)state;
	TUF_WORLD(w);

	lw_buf_adds(&tuf_find(w->served, w->n_served, "timestamp.json")->bytes, " \n");
	SAYS("", w, NULL);
	assert_true(lw_span_equal(
		lw_buf_span(&tuf_find(w->kept, w->n_kept, "timestamp")->bytes),
		lw_buf_span(&tuf_find(w->served, w->n_served, "timestamp.json")->bytes)));
	w->requests = 0;
	SAYS("", w, "one/target");
	assert_int_equal(w->requests, 2); /* the next root, the timestamp */
}

/* ---- each role, wrong in one way, and signed all the same ---- */

struct wrong {
	const char *code, *from, *to;
};

static void refuse_each(const char *name, char *(*good)(void), const char *seeds,
			const char *role, const struct wrong *rows, size_t n)
{
	lw_auto_free char *body = good();

	for (size_t i = 0; i < n; i++) {
		TUF_WORLD(w);
		lw_auto_free char *other = edit(body, rows[i].from, rows[i].to);
		int before = tuf_kept(w, role);
		const char *said;

		tuf_serve(w, name, other, seeds);
		said = tuf_try(w, "one/target");
		if (strcmp(said, rows[i].code) != 0)
			fail_msg("%s: '%s' for %s", name, said, other);
		if (rows[i].code[0])
			assert_int_equal(tuf_kept(w, role), before);
	}
}

static const struct wrong common[] = {
	{ "", "\"spec_version\":\"1.0.34\"",
	  "\"spec_version\":\"1.0.34\",\"x\":{\"y\":[null]}" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"", "\"spec_version\":\"2.0.0\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"", "\"spec_version\":1" },
	{ "", "\"spec_version\":\"1.0.34\"", "\"spec_version\":\"1.0\"" },
	{ "", "\"spec_version\":\"1.0.34\"", "\"spec_version\":\"1.99.1000\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"", "\"spec_version\":\"1\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"", "\"spec_version\":\"1.\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"", "\"spec_version\":\"1..0\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"", "\"spec_version\":\"1.x\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"", "\"spec_version\":\"1.0.34.\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"", "\"spec_version\":\"1.0.34.1\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"", "\"spec_version\":\"1.0.34-rc\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"", "\"spec_version\":\"01.0\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"", "\"spec_version\":\"10.0\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\",", "" },
	{ "tuf.format", "\"expires\":\"" TUF_EXPIRES "\",", "" },
	{ "tuf.format", "\"expires\":\"" TUF_EXPIRES "\"", "\"expires\":\"tomorrow\"" },
	{ "tuf.format", "\"expires\":\"" TUF_EXPIRES "\"", "\"expires\":1900000000" },
	{ "tuf.expired", "\"expires\":\"" TUF_EXPIRES "\"",
	  "\"expires\":\"2027-01-15T08:00:00Z\"" },
	{ "", "\"expires\":\"" TUF_EXPIRES "\"", "\"expires\":\"2027-01-15T08:00:01Z\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"",
	  "\"spec_version\":\"1.0.34\",\"spec_version\":\"1.0.34\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"",
	  "\"spec_version\":\"1.0.34\",\"f\":1.5" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"",
	  "\"spec_version\":\"1.0.34\",\"f\":1e3" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"",
	  "\"spec_version\":\"1.0.34\",\"f\":\"\\u0000\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"",
	  "\"spec_version\":\"1.0.34\",\"f\":\"\\ud800\"" },
	{ "tuf.format", "\"spec_version\":\"1.0.34\"",
	  "\"spec_version\":\"1.0.34\",\"f\":\"\xff\"" },
	{ "tuf.limit", "\"spec_version\":\"1.0.34\"",
	  "\"spec_version\":\"1.0.34\",\"f\":9007199254740993" },
};

static char *good_timestamp(void)
{
	return tuf_timestamp(1, 1);
}

static void timestamps(void **state)
{
	static const struct wrong rows[] = {
		{ "tuf.format", "\"version\":1,", "\"version\":0," },
		{ "tuf.format", "\"version\":1,", "\"version\":-1," },
		{ "tuf.format", "\"version\":1,", "\"version\":true," },
		{ "tuf.format", "\"version\":1,", "\"version\":\"1\"," },
		{ "tuf.format", "\"version\":1,", "\"version\":null," },
		{ "tuf.limit", "\"version\":1,", "\"version\":9223372036854775808," },
		{ "", "\"version\":1,", "\"version\":2147483647," },
		{ "tuf.format", "\"_type\":\"timestamp\"", "\"_type\":\"snapshot\"" },
		{ "tuf.format", "\"_type\":\"timestamp\"", "\"_type\":\"Timestamp\"" },
		{ "tuf.format", "\"snapshot.json\"", "\"snapshot\"" },
		{ "tuf.format", "{\"version\":1}", "{\"version\":0}" },
		{ "tuf.format", "{\"version\":1}", "{}" },
		{ "tuf.format", "{\"version\":1}", "null" },
		{ "tuf.format", "{\"version\":1}", "{\"version\":1,\"hashes\":{}}" },
		{ "tuf.format", "{\"version\":1}",
		  "{\"version\":1,\"hashes\":{\"sha256\":1}}" },
		{ "tuf.hash", "{\"version\":1}",
		  "{\"version\":1,\"hashes\":{\"md5\":\"00\"}}" },
		{ "tuf.hash", "{\"version\":1}",
		  "{\"version\":1,\"hashes\":{\"sha256\":\"00\"}}" },
		{ "tuf.hash", "{\"version\":1}", "{\"version\":1,\"length\":100000}" },
		{ "tuf.hash", "{\"version\":1}", "{\"version\":1,\"length\":10}" },
		{ "tuf.missing", "{\"version\":1}", "{\"version\":2}" },
		{ "tuf.format", "{\"version\":1}}",
		  "{\"version\":1},\"more.json\":{\"version\":1}}" },
	};

	(void)state;
	refuse_each("timestamp.json", good_timestamp, "4", "timestamp", rows,
		    LW_COUNT_OF(rows) - 7);
	refuse_each("timestamp.json", good_timestamp, "4", "snapshot",
		    rows + LW_COUNT_OF(rows) - 7, 7);
	refuse_each("timestamp.json", good_timestamp, "4", "timestamp", common,
		    LW_COUNT_OF(common));
}

static char *good_snapshot(void)
{
	return tuf_snapshot(1, "\"targets.json\":{\"version\":1}");
}

static void snapshots(void **state)
{
	static const struct wrong rows[] = {
		{ "tuf.version", "\"version\":1,", "\"version\":2," },
		{ "tuf.format", "\"_type\":\"snapshot\"", "\"_type\":\"timestamp\"" },
		{ "tuf.format", "\"meta\":{", "\"more\":{" },
		{ "tuf.format", "{\"version\":1}", "{\"version\":\"1\"}" },
		{ "tuf.format", "{\"version\":1}", "[]" },
	};

	(void)state;
	refuse_each("1.snapshot.json", good_snapshot, "5", "snapshot", rows, LW_COUNT_OF(rows));
	refuse_each("1.snapshot.json", good_snapshot, "5", "snapshot", common,
		    LW_COUNT_OF(common));
}

static char *good_targets(void)
{
	lw_auto_free char *target = tuf_target("one/target");

	return tuf_targets(1, target, "");
}

static void targets(void **state)
{
	static const struct wrong rows[] = {
		{ "tuf.version", "\"version\":1,", "\"version\":2," },
		{ "tuf.format", "\"_type\":\"targets\"", "\"_type\":\"root\"" },
		{ "tuf.format", "\"targets\":{", "\"target\":{" },
		{ "tuf.format", "\"length\":10", "\"length\":-1" },
		{ "tuf.format", "\"length\":10", "\"length\":\"10\"" },
		{ "tuf.format", "\"length\":10,", "" },
		{ "tuf.format", "\"hashes\"", "\"hush\"" },
		{ "tuf.format", "\"targets\":{",
		  "\"targets\":{\"empty\":{\"length\":1,\"hashes\":{}}," },
		{ "tuf.format", "\"targets\":{",
		  "\"delegations\":{\"keys\":{},\"roles\":[],\"succinct_roles\":{}},\"targets\":{" },
		{ "tuf.format", "\"targets\":{", "\"delegations\":null,\"targets\":{" },
		{ "tuf.format", "\"targets\":{",
		  "\"delegations\":{\"keys\":{}},\"targets\":{" },
		{ "", "\"targets\":{",
		  "\"delegations\":{\"keys\":{},\"roles\":[]},\"targets\":{" },
	};

	(void)state;
	refuse_each("1.targets.json", good_targets, "6", "targets", rows, LW_COUNT_OF(rows));
	refuse_each("1.targets.json", good_targets, "6", "targets", common,
		    LW_COUNT_OF(common));
}

static char *good_root(void)
{
	return tuf_root(2);
}

/* CVE-2026-23992: a threshold that is none. */
static void roots(void **state)
{
	static const struct wrong rows[] = {
		{ "tuf.format", "\"threshold\":2", "\"threshold\":0" },
		{ "tuf.format", "\"threshold\":2", "\"threshold\":-1" },
		{ "tuf.format", "\"threshold\":2", "\"threshold\":\"2\"" },
		{ "tuf.format", "\"threshold\":2", "\"threshold\":1.5" },
		{ "tuf.format", "\"threshold\":2", "\"threshold\":true" },
		{ "tuf.format", "\"threshold\":2", "\"threshold\":null" },
		{ "tuf.format", ",\"threshold\":2", "" },
		{ "tuf.threshold", "\"threshold\":2", "\"threshold\":2147483648" },
		{ "tuf.threshold", "\"threshold\":2", "\"threshold\":3" },
		{ "tuf.version", "\"version\":2", "\"version\":3" }, /* CVE-2025-2885 */
		{ "tuf.version", "\"version\":2", "\"version\":1" },
		{ "tuf.version", "\"version\":2", "\"version\":2147483647" },
		{ "tuf.format", "\"version\":2", "\"version\":0" },
		{ "tuf.format", "[\"k1\",\"k2\",\"k3\"]", "[\"k1\",\"k2\",\"k2\"]" },
		{ "tuf.format", "[\"k1\",\"k2\",\"k3\"]", "\"k1\"" },
		{ "tuf.threshold", "[\"k1\",\"k2\",\"k3\"]", "[\"k3\"]" },
		{ "tuf.threshold", "[\"k1\",\"k2\",\"k3\"]", "[\"k7\",\"k8\"]" },
		{ "tuf.format", "\"roles\":{", "\"rules\":{" },
		{ "tuf.format", "\"keys\":{", "\"keys\":[],\"locks\":{" },
		{ "tuf.format", "\"keys\":{", "\"keys\":{\"k9\":null," },
		{ "", "\"keys\":{",
		  "\"keys\":{\"k9\":{\"keytype\":\"\",\"scheme\":\"\",\"keyval\":{\"public\":\"\"}}," },
		{ "tuf.format", "\"timestamp\":{\"keyids\"", "\"timestomp\":{\"keyids\"" },
	};

	(void)state;
	refuse_each("2.root.json", good_root, "12", "root", rows, LW_COUNT_OF(rows));
}

/* An expired root is kept, for it authenticates the next, and nothing else is. */
static void a_root_that_expired(void **state)
{
	(void)state;
	TUF_WORLD(w);
	lw_auto_free char *body = tuf_root(2);
	lw_auto_free char *old = edit(body, TUF_EXPIRES, "2026-01-01T00:00:00Z");

	tuf_serve(w, "2.root.json", old, "12");
	SAYS("tuf.expired", w, NULL);
	assert_int_equal(tuf_kept(w, "root"), 2);
	assert_int_equal(tuf_kept(w, "timestamp"), 0);
	tuf_give(w, "3.root.json", tuf_root(3), "12");
	SAYS("", w, "one/target");
}

/* ---- who signed ---- */

static void thresholds(void **state)
{
	static const struct {
		const char *code, *file, *seeds;
	} rows[] = {
		{ "", "2.root.json", "12" },
		{ "", "2.root.json", "123" },
		{ "", "2.root.json", "1279" }, /* and a stranger */
		{ "tuf.threshold", "2.root.json", "1" },
		{ "tuf.threshold", "2.root.json", "" },
		{ "tuf.threshold", "2.root.json", "18" },
		{ "tuf.threshold", "2.root.json", "456" },
		{ "tuf.format", "2.root.json", "1111" }, /* CVE-2020-6174: four times one */
		{ "tuf.format", "2.root.json", "1122" },
		{ "tuf.threshold", "timestamp.json", "5" },
		{ "tuf.threshold", "timestamp.json", "" },
		{ "tuf.threshold", "1.snapshot.json", "4" },
		{ "tuf.threshold", "1.targets.json", "5" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);
		const char *file = rows[i].file;

		tuf_give(w, file,
			 strstr(file, "root")	 ? good_root()
			 : strstr(file, "stamp") ? good_timestamp()
			 : strstr(file, "snap")	 ? good_snapshot()
						 : good_targets(),
			 rows[i].seeds);
		if (strcmp(tuf_try(w, "one/target"), rows[i].code) != 0)
			fail_msg("%s by %s", file, rows[i].seeds);
	}
}

/* GHSA-3633-5h82-39pq: one key under two ids is one key. Of root 2 the ids k1 and k7 are the
 * key of 1 both, who signs under both. */
static void one_key_two_ids(void **state)
{
	static const struct {
		const char *ids, *code;
	} rows[] = { { "[\"k1\",\"k7\"]", "tuf.threshold" }, { "[\"k1\",\"k7\",\"k2\"]", "" } };
	LW_AUTO(buf) struct lw_buf key = { 0 }, der = { 0 }, base64 = { 0 };
	lw_auto_free char *body = tuf_root(2);

	(void)state;
	tuf_keys("1", &key);

	people_public(1, &der);
	lw_base64_encode(&base64, lw_buf_span(&der));

	/* as it is, and as PEM: the same key */
	lw_auto_free char *raw =
		lw_asprintf("%s,\"k7\"%s", lw_buf_str(&key), strchr(lw_buf_str(&key), ':'));
	lw_auto_free char *pem = lw_asprintf(
		"%s,\"k7\":{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{"
		"\"public\":\"-----BEGIN PUBLIC KEY-----\\n%s\\n-----END PUBLIC KEY-----\\n\"}}",
		lw_buf_str(&key), lw_buf_str(&base64));

	for (size_t i = 0; i < LW_COUNT_OF(rows) * 2; i++) {
		const char *twice = i % 2 ? pem : raw;
		TUF_WORLD(w);
		lw_auto_free char *listed = edit(body, lw_buf_str(&key), twice);
		lw_auto_free char *asked =
			edit(listed, "[\"k1\",\"k2\",\"k3\"]", rows[i / 2].ids);
		LW_AUTO(buf) struct lw_buf file = { 0 };
		LW_AUTO(buf) struct lw_buf one = { 0 };

		tuf_sign(asked, "12", &file);
		tuf_sign(asked, "1", &one);

		/* the signature of 1 once more, as k7's */
		const char *sig = strstr(lw_buf_str(&one), "\"sig\"");

		file.n -= 2;
		lw_buf_printf(&file, ",{\"keyid\":\"k7\",%s", sig);
		tuf_put(w->served, &w->n_served, LW_COUNT_OF(w->served), "2.root.json",
			lw_buf_span(&file));
		SAYS(rows[i / 2].code, w, NULL);
	}
}

/* CVE-2020-15093: two signatures of one key id, of other bytes: two of k1's, spelled otherwise,
 * and one that is nobody's. */
static void one_key_twice_otherwise(void **state)
{
	lw_auto_free char *body = tuf_root(2);
	LW_AUTO(buf) struct lw_buf one = { 0 };

	(void)state;
	tuf_sign(body, "1", &one);

	const char *sig = strstr(lw_buf_str(&one), "\"sig\":\"") + 7;

	for (int row = 0; row < 3; row++) {
		TUF_WORLD(w);
		LW_AUTO(buf) struct lw_buf file = { 0 };
		lw_auto_free char *other = row < 2 ? lw_strndup(sig, 128) : lw_strdup("");

		for (char *c = other; *c && row == 0; c++)
			*c = (char)toupper((unsigned char)*c);
		if (row == 1)
			other[0] = other[0] == '0' ? '1' : '0';
		tuf_sign(body, "1", &file);
		file.n -= 2;
		lw_buf_printf(&file, ",{\"keyid\":\"k1\",\"sig\":\"%s\"}]}", other);
		tuf_put(w->served, &w->n_served, LW_COUNT_OF(w->served), "2.root.json",
			lw_buf_span(&file));
		SAYS("tuf.format", w, NULL);
	}
}

/* CVE-2020-15163: what was refused is not there the next time. */
static void refused_twice(void **state)
{
	(void)state;
	TUF_WORLD(w);

	tuf_give(w, "2.root.json", tuf_root(2), "12");
	tuf_give(w, "3.root.json", tuf_root(3), "1");
	for (int i = 0; i < 2; i++) {
		SAYS("tuf.threshold", w, NULL);
		assert_int_equal(tuf_kept(w, "root"), 2);
		assert_int_equal(tuf_kept(w, "timestamp"), 0);
	}
}

/* A new root needs the old threshold and its own. */
static void rotations(void **state)
{
	static const struct {
		const char *code, *keys, *seeds;
	} rows[] = {
		{ "", "789", "1278" },
		{ "", "123", "23" },
		{ "", "278", "127" }, /* 2 speaks for both */
		{ "tuf.threshold", "789", "12" },
		{ "tuf.threshold", "789", "78" },
		{ "tuf.threshold", "789", "178" },
		{ "tuf.threshold", "789", "127" },
		{ "tuf.format", "789", "1277" }, /* python-tuf before 0.16: 7 twice is once */
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);

		tuf_give(w, "2.root.json", tuf_root_of(2, rows[i].keys, '4', '5', '6'),
			 rows[i].seeds);
		SAYS(rows[i].code, w, "one/target");
	}
}

static void a_root_provisioned_without_its_signatures(void **state)
{
	(void)state;
	TUF_WORLD(w);
	LW_AUTO(buf) struct lw_buf file = { 0 };
	lw_auto_free char *body = tuf_root(1);
	struct lw_error e = { 0 };

	tuf_sign(body, "1", &file);
	OK(tuf_save(w, "root", lw_buf_span(&file), NULL, &e));
	SAYS("tuf.threshold", w, NULL);
	assert_int_equal(w->requests, 0);
	tuf_remove(w->kept, w->n_kept, "root");
	SAYS("error", w, NULL);
}

/* An ever-growing chain ends, and the next time goes on. */
static void endless_roots(void **state)
{
	(void)state;
	TUF_WORLD(w);

	for (int i = 2; i <= 300; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%d.root.json", i);
		tuf_give(w, name, tuf_root(i), "12");
	}
	SAYS("", w, NULL);
	assert_int_equal(tuf_kept(w, "root"), 257);
	assert_true(w->requests < 300);
	SAYS("", w, NULL);
	assert_int_equal(tuf_kept(w, "root"), 300);
}

/* CVE-2020-6173: a file of a hundred thousand signatures. */
static void endless_signatures(void **state)
{
	(void)state;
	TUF_WORLD(w);
	LW_AUTO(buf) struct lw_buf file = { 0 };
	lw_auto_free char *body = tuf_root(2);

	lw_buf_printf(&file, "{\"signed\":%s,\"signatures\":[", body);
	for (int i = 0; i < 5000; i++)
		lw_buf_printf(&file, "%s{\"keyid\":\"%d\",\"sig\":\"\"}", i ? "," : "", i);
	lw_buf_adds(&file, "]}");
	tuf_put(w->served, &w->n_served, LW_COUNT_OF(w->served), "2.root.json",
		lw_buf_span(&file));
	SAYS("tuf.limit", w, NULL);
	lw_buf_fill(&file, ' ', 600000);
	tuf_put(w->served, &w->n_served, LW_COUNT_OF(w->served), "2.root.json",
		lw_buf_span(&file));
	SAYS("tuf.limit", w, NULL);
}

/* ---- back in time ---- */

/* CVE-2022-29173, CVE-2025-2888: refused, not kept, and the next good one is taken. */
static void rollbacks(void **state)
{
	static const struct {
		int timestamp, snapshot;
		const char *code;
	} rows[] = {
		{ 1, 1, "tuf.rollback" }, /* a replayed old one */
		{ 3, 1, "tuf.rollback" }, /* a new one of an old snapshot */
		{ 2, 1, "" },		  /* of the same version: says nothing new */
		{ 3, 2, "" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);

		SAYS("", w, NULL);
		release(w);
		SAYS("", w, "two/target");
		tuf_give(w, "timestamp.json",
			 tuf_timestamp(rows[i].timestamp, rows[i].snapshot), "4");
		SAYS(rows[i].code, w, "two/target");
		assert_int_equal(tuf_kept(w, "snapshot"), 2);
		tuf_give(w, "timestamp.json", tuf_timestamp(4, 2), "4");
		SAYS("", w, "two/target");
		assert_int_equal(tuf_kept(w, "timestamp"), 4);
	}
}

static void targets_rolled_back_by_a_snapshot(void **state)
{
	static const struct {
		const char *meta, *code;
	} rows[] = {
		{ "\"targets.json\":{\"version\":1}", "tuf.rollback" },
		{ "\"other.json\":{\"version\":2}", "tuf.rollback" },
		{ "", "tuf.rollback" },
		{ "\"targets.json\":{\"version\":2},\"other.json\":{\"version\":1}", "" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);

		release(w);
		SAYS("", w, NULL);
		tuf_give(w, "3.snapshot.json", tuf_snapshot(3, rows[i].meta), "5");
		tuf_give(w, "timestamp.json", tuf_timestamp(3, 3), "4");
		SAYS(rows[i].code, w, NULL);
		assert_int_equal(tuf_kept(w, "snapshot"), rows[i].code[0] ? 2 : 3);
	}
}

/* Version 2147483647 would lock the repository for good (NCC 3, TUF-01-002): rotating the key
 * that signed it recovers. */
static void fast_forward(void **state)
{
	static const struct {
		char timestamp, snapshot;
		const char *code;
	} rows[] = {
		{ '4', '5', "tuf.rollback" },
		{ '7', '5', "" },
		{ '7', '8', "" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		TUF_WORLD(w);
		char one[2] = { rows[i].timestamp }, two[2] = { rows[i].snapshot };

		tuf_give(w, "timestamp.json", tuf_timestamp(2147483647, 1), "4");
		SAYS("", w, NULL);
		tuf_give(w, "2.root.json",
			 tuf_root_of(2, "123", rows[i].timestamp, rows[i].snapshot, '6'), "12");
		tuf_give(w, "1.snapshot.json", good_snapshot(), two);
		tuf_give(w, "timestamp.json", tuf_timestamp(2, 1), one);
		SAYS(rows[i].code, w, NULL);
	}
}

/* Two releases mixed: a timestamp of one, a snapshot of the other. */
static void mix_and_match(void **state)
{
	(void)state;
	TUF_WORLD(w);
	struct tuf_file *first = tuf_find(w->served, w->n_served, "1.snapshot.json");

	release(w);
	tuf_put(w->served, &w->n_served, LW_COUNT_OF(w->served), "2.snapshot.json",
		lw_buf_span(&first->bytes));
	SAYS("tuf.version", w, NULL);
	assert_int_equal(tuf_kept(w, "snapshot"), 0);
}

/* A box that was broken by a timestamp it was given, and says of it, whenever it is asked, that
 * it is another one: all that it says was signed once. */
struct broken_box {
	const char *marked;    /* what breaks it holds this word */
	struct lw_buf instead; /* halves of an old one */
};

static int broken_split(void *data, struct lw_span file, struct lw_tuf_signed *ret,
			struct lw_error *e)
{
	struct broken_box *b = data;

	if (memmem(file.p, file.n, b->marked, strlen(b->marked)) && b->instead.n > 0) {
		struct lw_span body = lw_buf_span(&b->instead);

		return lw_tuf_signed_take(&body, ret, e);
	}
	return lw_tuf_split(file, ret, e);
}

static void a_box_cannot_take_back_what_it_said(void **state)
{
	(void)state;
	TUF_WORLD(w);
	struct broken_box box = { .marked = "\"version\":9" };
	LW_AUTO(tuf_signed) struct lw_tuf_signed old = { 0 };
	lw_auto_free char *body = tuf_timestamp(9, 1);
	struct lw_error e = { 0 };

	OK(lw_tuf_split(lw_buf_span(&tuf_find(w->served, w->n_served, "timestamp.json")->bytes),
			&old, &e));
	w->boxed = true;
	w->split = broken_split;
	w->split_data = &box;
	tuf_serve(w, "timestamp.json", body, "4");
	SAYS("", w, "one/target"); /* still sound: 9 is trusted now */
	lw_tuf_signed_put(&old, &box.instead);
	tuf_give(w, "timestamp.json", tuf_timestamp(5, 1), "4");
	SAYS("tuf.rollback", w, NULL);
	tuf_serve(w, "timestamp.json", body, "4");
	SAYS("tuf.rollback", w, NULL); /* the box calls this one 1 */
	assert_int_equal(tuf_kept(w, "timestamp"), 9);
	lw_buf_free(&box.instead);
}

/* What cannot be read is not "there is none" (promise 6). */
static void a_fault_is_no_absence(void **state)
{
	static const char *const files[] = { "2.root.json", "timestamp.json", "1.snapshot.json",
					     "1.targets.json" };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(files); i++) {
		TUF_WORLD(w);

		w->fails = files[i];
		SAYS("tuf.fetch", w, NULL);
		w->fails = NULL;
		SAYS("", w, "one/target");
	}
	for (size_t i = 1; i < LW_COUNT_OF(files); i++) {
		TUF_WORLD(w);

		tuf_remove(w->served, w->n_served, files[i]);
		SAYS("tuf.missing", w, NULL);
	}
}

/* A clock that goes back trusts nothing it did not, one that goes forward expires all. */
static void clocks(void **state)
{
	(void)state;
	TUF_WORLD(w);

	SAYS("", w, NULL);
	w->now = 0;
	SAYS("", w, "one/target");
	w->now = LW_TIME_MAX;
	SAYS("tuf.expired", w, NULL);
	w->now = TUF_NOW;
	SAYS("", w, "one/target");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_repository_is_followed),
		cmocka_unit_test(what_is_kept_is_what_came),
		cmocka_unit_test(timestamps),
		cmocka_unit_test(snapshots),
		cmocka_unit_test(targets),
		cmocka_unit_test(roots),
		cmocka_unit_test(a_root_that_expired),
		cmocka_unit_test(thresholds),
		cmocka_unit_test(one_key_two_ids),
		cmocka_unit_test(one_key_twice_otherwise),
		cmocka_unit_test(refused_twice),
		cmocka_unit_test(rotations),
		cmocka_unit_test(a_root_provisioned_without_its_signatures),
		cmocka_unit_test(endless_roots),
		cmocka_unit_test(endless_signatures),
		cmocka_unit_test(rollbacks),
		cmocka_unit_test(targets_rolled_back_by_a_snapshot),
		cmocka_unit_test(fast_forward),
		cmocka_unit_test(mix_and_match),
		cmocka_unit_test(a_box_cannot_take_back_what_it_said),
		cmocka_unit_test(a_fault_is_no_absence),
		cmocka_unit_test(clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
