/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/limits.h"
#include "custody/state.h"
#include "custody/state_internal.h" /* the database under it, to damage it */

#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "tests/lib/state_fixture.h"

#define DB "state.db"

static void close_state(struct fixture *f)
{
	lw_state_close(lw_steal(f->state));
}

static int reopen(struct fixture *f, enum lw_state_mode mode)
{
	close_state(f);
	return lw_state_open(f->at.dir, mode, &f->state, &f->e);
}

#define OK(call)	  assert_int_equal(call, 0)
#define FAILS(code, call) assert_int_equal(call, -(int)(code))

static void begin(struct fixture *f)
{
	OK(lw_state_begin(f->state, &f->e));
}

static void commit(struct fixture *f)
{
	OK(lw_state_commit(f->state, &f->e));
}

static struct lw_digest digest(const char *text)
{
	return lw_digest_of(lw_span_str(text));
}

/* Runs SQL on the closed database as an outsider would. */
static void tamper(struct fixture *f, const char *sql)
{
	char path[512];
	sqlite3 *db = NULL;
	char *why = NULL;

	(void)snprintf(path, sizeof(path), "%s/" DB, f->at.path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void refused_both(struct fixture *f)
{
	FAILS(LW_E_STATE, reopen(f, LW_STATE_WRITE));
	assert_null(f->state);
	FAILS(LW_E_STATE, reopen(f, LW_STATE_READ));
	assert_null(f->state);
}

static struct lw_state_image image(const char *name, const char *content)
{
	struct lw_state_image i = { .digest = digest(content),
				    .size = strlen(content),
				    .media_type = "application/vnd.oci.image.manifest.v1+json",
				    .platforms = "linux/amd64",
				    .zone = "production",
				    .bundle = digest("bundle"),
				    .record = 3,
				    .accepted = 1790000000,
				    .total_bytes = 12345,
				    .detail = (char *)(uintptr_t) "{\"evidence\":[]}" };

	(void)snprintf(i.name, sizeof(i.name), "%s", name);
	return i;
}

static int count_blob(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	(void)d, (void)size, (void)e;
	++*(size_t *)data;
	return 0;
}

static size_t blobs(struct fixture *f, bool unreferenced)
{
	size_t n = 0;

	OK(lw_state_each_blob(f->state, unreferenced, count_blob, &n, &f->e));
	return n;
}

/* Opening */

static void test_files(void **state)
{
	struct fixture *f = *state;
	struct lw_state *second = NULL;
	struct stat st;

	OK(fstatat(f->at.dir, DB, &st, 0));
	assert_int_equal(st.st_mode & 07777, 0600);
	OK(fstatat(f->at.dir, "lock", &st, 0));
	assert_int_equal(st.st_mode & 07777, 0600);
	FAILS(LW_E_BUSY, lw_state_open(f->at.dir, LW_STATE_CREATE, &second, &f->e));
	FAILS(LW_E_EXISTS, reopen(f, LW_STATE_CREATE));
	OK(reopen(f, LW_STATE_WRITE));
	assert_true(scratch_has(f->at.dir, DB));
	close_state(f);
	/* The log is folded in when the last one leaves. */
	assert_false(scratch_has(f->at.dir, DB "-wal"));
	OK(unlinkat(f->at.dir, DB, 0));
	FAILS(LW_E_NOTFOUND, reopen(f, LW_STATE_WRITE));
	FAILS(LW_E_NOTFOUND, reopen(f, LW_STATE_READ));
	assert_false(scratch_has(f->at.dir, DB));
}

static void test_pragmas(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *pragma, *want;
	} rows[] = {
		{ "PRAGMA journal_mode", "wal" },
		{ "PRAGMA synchronous", "2" },
		{ "PRAGMA foreign_keys", "1" },
		{ "PRAGMA trusted_schema", "0" },
		{ "PRAGMA cell_size_check", "1" },
		{ "PRAGMA temp_store", "2" },
		{ "PRAGMA application_id", "1282894693" },
		{ "PRAGMA user_version", "6" },
	};

	for (int mode = 0; mode < 2; mode++) {
		OK(reopen(f, mode ? LW_STATE_READ : LW_STATE_WRITE));
		for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
			LW_AUTO(statement) sqlite3_stmt *st = NULL;

			OK(sqlite3_prepare_v2(f->state->db, rows[i].pragma, -1, &st, NULL));
			assert_int_equal(sqlite3_step(st), SQLITE_ROW);
			assert_string_equal((const char *)sqlite3_column_text(st, 0),
					    rows[i].want);
		}
		int on = -1;
		OK(sqlite3_db_config(f->state->db, SQLITE_DBCONFIG_DEFENSIVE, -1, &on));
		assert_int_equal(on, 1);
		assert_int_not_equal(sqlite3_exec(f->state->db,
						  "PRAGMA writable_schema = ON; "
						  "DELETE FROM sqlite_schema",
						  NULL, NULL, NULL),
				     SQLITE_OK);
	}
}

static void test_tampered(void **state)
{
	static const char *const sql[] = {
		"PRAGMA journal_mode = DELETE",
		"PRAGMA user_version = 1",
		"PRAGMA user_version = 0",
		"PRAGMA user_version = -1",
		"PRAGMA application_id = 1",
		"CREATE TABLE another (x)",
		"CREATE VIEW seen AS SELECT * FROM record",
		"CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record; END",
		"CREATE INDEX extra ON image (zone)",
		"DROP INDEX image_current",
		"DROP INDEX image_current; CREATE INDEX image_current ON image (name) "
		"WHERE superseded = 0",
		"DROP TABLE queue",
		"DROP TABLE value",
		"ALTER TABLE blob ADD COLUMN y INTEGER",
		"ALTER TABLE blob RENAME TO blobs",
		"ALTER TABLE sender RENAME COLUMN floor TO ceiling",
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET "
		"sql = replace(sql, '>= 0', '>= -1') WHERE name = 'blob'",
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET "
		"sql = replace(sql, 'STRICT, ', '') WHERE name = 'trust'",
		"PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'image_digest'",
		"DROP TABLE image_blob; DROP TABLE image; DROP TABLE blob; DROP TABLE bundle; "
		"DROP TABLE queue; DROP TABLE record; DROP TABLE sender; DROP TABLE trust; "
		"DROP TABLE value",
	};

	for (size_t i = 0; i < LW_COUNT_OF(sql); i++) {
		struct fixture *f;
		void *fresh = NULL;

		OK(setup(&fresh));
		f = fresh;
		close_state(f);
		tamper(f, sql[i]);
		refused_both(f);
		OK(teardown(&fresh));
	}
	(void)state;
}

static void test_not_a_database(void **state)
{
	struct fixture *f = *state;
	char page[4096];
	size_t n = 0;

	for (unsigned i = 0; i < 200; i++) {
		char name[32];

		begin(f);
		(void)snprintf(name, sizeof(name), "name.%u", i);
		OK(lw_state_set(f->state, name, lw_span_str("a value of some length"), &f->e));
		commit(f);
	}
	close_state(f);
	lw_auto_free char *whole = scratch_read(f->at.dir, DB, &n);

	memset(page, 'x', sizeof(page));
	scratch_write(f->at.dir, DB, lw_span(page, sizeof(page)));
	refused_both(f);
	scratch_write(f->at.dir, DB, lw_span(page, 0));
	refused_both(f);
	scratch_write(f->at.dir, DB, lw_span(whole, 50));
	refused_both(f);
	scratch_write(f->at.dir, DB, lw_span(whole, 4096));
	FAILS(LW_E_STATE, reopen(f, LW_STATE_WRITE));

	/* Any page but the first that is torn is found by the writer's check. */
	size_t found = 0;
	for (size_t at = 4096; at < n; at += 4096) {
		lw_auto_free char *torn = lw_alloc(n);

		memcpy(torn, whole, n);
		memset(torn + at, 0x5a, 512);
		scratch_write(f->at.dir, DB, lw_span(torn, n));
		FAILS(LW_E_STATE, reopen(f, LW_STATE_WRITE));
		found++;
	}
	assert_true(found > 10);
	scratch_write(f->at.dir, DB, lw_span(whole, n));
	OK(reopen(f, LW_STATE_WRITE));
}

static void test_odd_files(void **state)
{
	struct fixture *f = *state;
	struct lw_state *s = NULL;

	close_state(f);
	OK(linkat(f->at.dir, DB, f->at.dir, "second", 0));
	refused_both(f);
	OK(unlinkat(f->at.dir, DB, 0));
	OK(symlinkat("second", f->at.dir, DB));
	refused_both(f);
	OK(unlinkat(f->at.dir, DB, 0));
	OK(mkdirat(f->at.dir, DB, 0700));
	refused_both(f);
	OK(unlinkat(f->at.dir, DB, AT_REMOVEDIR));
	OK(mkfifoat(f->at.dir, DB, 0600));
	refused_both(f);
	OK(unlinkat(f->at.dir, DB, 0));
	OK(renameat(f->at.dir, "second", f->at.dir, DB));

	OK(unlinkat(f->at.dir, "lock", 0));
	OK(symlinkat("elsewhere", f->at.dir, "lock"));
	FAILS(LW_E_IO, reopen(f, LW_STATE_WRITE));
	assert_false(scratch_has(f->at.dir, "elsewhere"));
	OK(unlinkat(f->at.dir, "lock", 0));
	OK(reopen(f, LW_STATE_WRITE));

	if (geteuid() != 0)
		return;
	close_state(f);
	OK(fchownat(f->at.dir, DB, 12345, 12345, 0));
	refused_both(f);
	OK(fchownat(f->at.dir, DB, 0, 0, 0));
	OK(fchown(f->at.dir, 12345, 12345));
	FAILS(LW_E_USAGE, lw_state_open(f->at.dir, LW_STATE_READ, &s, &f->e));
	assert_non_null(strstr(f->e.text, "12345"));
	FAILS(LW_E_USAGE, lw_state_open(f->at.dir, LW_STATE_WRITE, &s, &f->e));
	FAILS(LW_E_USAGE, lw_state_open(f->at.dir, LW_STATE_CREATE, &s, &f->e));
	OK(fchown(f->at.dir, 0, 0));
	OK(reopen(f, LW_STATE_WRITE));
}

/* The writer and the others */

static void test_second_writer(void **state)
{
	struct fixture *f = *state;
	struct lw_state *second = NULL;
	char pid[32];

	(void)snprintf(pid, sizeof(pid), "process %ld ", (long)getpid());
	FAILS(LW_E_BUSY, lw_state_open(f->at.dir, LW_STATE_WRITE, &second, &f->e));
	assert_null(second);
	assert_non_null(strstr(f->e.text, pid));
	assert_non_null(strstr(f->e.text, "since 20"));

	/* Words that are not ours are shown harmlessly, none as "another process". */
	scratch_write_str(f->at.dir, "lock", "1 \x1b[31mhost 2026\n");
	FAILS(LW_E_BUSY, lw_state_open(f->at.dir, LW_STATE_WRITE, &second, &f->e));
	assert_null(strchr(f->e.text, '\x1b'));
	scratch_write_str(f->at.dir, "lock", "");
	FAILS(LW_E_BUSY, lw_state_open(f->at.dir, LW_STATE_WRITE, &second, &f->e));

	close_state(f);
	scratch_write_str(f->at.dir, "lock", "1 host 2026\n"); /* left by one that died */
	OK(lw_state_open(f->at.dir, LW_STATE_WRITE, &second, &f->e));
	lw_state_close(second);
}

static void test_killed_writer(void **state)
{
	struct fixture *f = *state;
	int ready[2];
	char c = 0;
	uint64_t count = 7;

	close_state(f);
	OK(pipe(ready));
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct lw_state *s = NULL;

		if (lw_state_open(f->at.dir, LW_STATE_WRITE, &s, NULL) == 0 &&
		    lw_state_begin(s, NULL) == 0 &&
		    lw_state_record_add(s, 0, lw_span_str("kept"), NULL) == 0 &&
		    lw_state_commit(s, NULL) == 0 && lw_state_begin(s, NULL) == 0 &&
		    lw_state_record_add(s, 1, lw_span_str("lost"), NULL) == 0)
			c = 1;
		(void)!write(ready[1], &c, 1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, 1);
	FAILS(LW_E_BUSY, lw_state_open(f->at.dir, LW_STATE_WRITE, &f->state, &f->e));
	OK(kill(child, SIGKILL));
	assert_int_equal(waitpid(child, NULL, 0), child);
	(void)close(ready[0]);
	(void)close(ready[1]);

	OK(lw_state_open(f->at.dir, LW_STATE_WRITE, &f->state, &f->e));
	OK(lw_state_record_count(f->state, &count, &f->e));
	assert_int_equal(count, 1);
}

static void test_readers(void **state)
{
	struct fixture *f = *state;
	struct lw_state *reader = NULL, *other = NULL;
	uint64_t count = 7;

	begin(f);
	OK(lw_state_record_add(f->state, 0, lw_span_str("zero"), &f->e));
	OK(lw_state_open(f->at.dir, LW_STATE_READ, &reader, &f->e));
	OK(lw_state_open(f->at.dir, LW_STATE_READ, &other, &f->e));
	OK(lw_state_record_count(reader, &count, &f->e));
	assert_int_equal(count, 0);
	commit(f);
	OK(lw_state_record_count(reader, &count, &f->e));
	assert_int_equal(count, 1);

	/* One transaction sees one state, however the writer goes on. */
	OK(lw_state_begin(other, &f->e));
	OK(lw_state_record_count(other, &count, &f->e));
	begin(f);
	OK(lw_state_record_add(f->state, 1, lw_span_str("one"), &f->e));
	commit(f);
	OK(lw_state_record_count(other, &count, &f->e));
	assert_int_equal(count, 1);
	lw_state_rollback(other);
	OK(lw_state_record_count(other, &count, &f->e));
	assert_int_equal(count, 2);

	/* Readers change nothing. */
	OK(lw_state_begin(reader, &f->e));
	assert_true(lw_state_set(reader, "x", lw_span_str("y"), &f->e) < 0);
	assert_true(lw_state_record_add(reader, 2, lw_span_str("two"), &f->e) < 0);
	lw_state_close(reader);
	lw_state_close(other);
	OK(lw_state_record_count(f->state, &count, &f->e));
	assert_int_equal(count, 2);
}

/* Transactions */

static void test_outside_transaction(void **state)
{
	struct fixture *f = *state;
	struct lw_state *s = f->state;
	struct lw_digest d = digest("d");
	struct lw_state_image i = image("host.example/app:1", "m");
	struct lw_state_bundle b = { .digest = d, .sender = "acme", .sequence = 1 };
	int64_t id = 4711;

	FAILS(LW_E_INTERNAL, lw_state_set(s, "x", lw_span_str("y"), &f->e));
	FAILS(LW_E_INTERNAL, lw_state_unset(s, "x", &f->e));
	FAILS(LW_E_INTERNAL, lw_state_set_integer(s, "x", 1, &f->e));
	FAILS(LW_E_INTERNAL, lw_state_trust_set(s, "x", lw_span_str("y"), &f->e));
	FAILS(LW_E_INTERNAL, lw_state_sender_raise(s, "acme", 1, &f->e));
	FAILS(LW_E_INTERNAL, lw_state_bundle_add(s, &b, &f->e));
	FAILS(LW_E_INTERNAL, lw_state_blob_add(s, &d, 1, &f->e));
	FAILS(LW_E_INTERNAL, lw_state_blob_remove(s, &d, &f->e));
	FAILS(LW_E_INTERNAL, lw_state_image_add(s, &i, &id, &f->e));
	FAILS(LW_E_INTERNAL, lw_state_image_blob(s, 1, &d, &f->e));
	FAILS(LW_E_INTERNAL, lw_state_image_remove(s, 1, &f->e));
	FAILS(LW_E_INTERNAL, lw_state_record_add(s, 0, lw_span_str("x"), &f->e));
	FAILS(LW_E_INTERNAL, lw_state_queue_add(s, "x", &f->e));
	FAILS(LW_E_INTERNAL, lw_state_commit(s, &f->e));
	assert_int_equal(id, 4711);
	begin(f);
	FAILS(LW_E_INTERNAL, lw_state_begin(s, &f->e));
	commit(f);
}

static void change_everything(struct fixture *f)
{
	struct lw_state *s = f->state;
	struct lw_digest d = digest("blob");
	struct lw_state_image i = image("host.example/app:1", "m");
	struct lw_state_bundle b = { .digest = d, .sender = "acme", .sequence = 1 };
	int64_t id = 0;

	begin(f);
	OK(lw_state_set(s, "x", lw_span_str("y"), &f->e));
	OK(lw_state_set_integer(s, "n", 1, &f->e));
	OK(lw_state_trust_set(s, "policy.json", lw_span_str("{}"), &f->e));
	OK(lw_state_sender_raise(s, "acme", 1, &f->e));
	OK(lw_state_bundle_add(s, &b, &f->e));
	OK(lw_state_blob_add(s, &d, 4, &f->e));
	OK(lw_state_image_add(s, &i, &id, &f->e));
	OK(lw_state_image_blob(s, id, &d, &f->e));
	OK(lw_state_record_add(s, 0, lw_span_str("leaf"), &f->e));
	OK(lw_state_queue_add(s, "index", &f->e));
}

static int no_work(void *data, const char *what, struct lw_error *e)
{
	(void)data, (void)what;
	return lw_fail(e, LW_E_INTERNAL, "nothing should be queued");
}

static void expect_nothing(struct fixture *f)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_state *s = f->state;
	struct lw_digest d = digest("blob");
	struct lw_state_bundle bundle;
	struct lw_state_image i;
	uint64_t n = 7;
	int64_t v = 7;

	FAILS(LW_E_NOTFOUND, lw_state_get(s, "x", &b, &f->e));
	OK(lw_state_get_integer(s, "n", &v, &f->e));
	assert_int_equal(v, 0);
	OK(lw_state_get_integer(s, "trust.version", &v, &f->e));
	assert_int_equal(v, 0);
	FAILS(LW_E_NOTFOUND, lw_state_trust_get(s, "policy.json", &b, &f->e));
	OK(lw_state_sender_floor(s, "acme", &n, &f->e));
	assert_int_equal(n, 0);
	FAILS(LW_E_NOTFOUND, lw_state_bundle_get(s, &d, &bundle, &f->e));
	assert_int_equal(blobs(f, false), 0);
	FAILS(LW_E_NOTFOUND, lw_state_image_get(s, "host.example/app:1", &i, &f->e));
	OK(lw_state_record_count(s, &n, &f->e));
	assert_int_equal(n, 0);
	OK(lw_state_queue_drain(s, no_work, NULL, &f->e));
	assert_int_equal(b.n, 0);
}

static void test_rollback(void **state)
{
	struct fixture *f = *state;

	change_everything(f);
	lw_state_rollback(f->state);
	expect_nothing(f);
	lw_state_rollback(f->state); /* no harm */
	change_everything(f);
	OK(reopen(f, LW_STATE_WRITE)); /* closing rolls back */
	expect_nothing(f);
	change_everything(f);
	commit(f);
	OK(reopen(f, LW_STATE_READ));
	assert_int_equal(blobs(f, false), 1);
}

/* What is kept */

static void test_values(void **state)
{
	struct fixture *f = *state;
	struct lw_state *s = f->state;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	int64_t n = 7;
	char long_name[66];

	begin(f);
	OK(lw_state_set(s, "x", lw_span("a\0b", 3), &f->e));
	OK(lw_state_set(s, "empty", lw_span(NULL, 0), &f->e));
	OK(lw_state_set_integer(s, "n", INT64_MIN, &f->e));
	OK(lw_state_get(s, "x", &b, &f->e));
	assert_true(lw_span_equal(lw_buf_span(&b), lw_span("a\0b", 3)));
	OK(lw_state_get(s, "empty", &b, &f->e)); /* appends */
	assert_int_equal(b.n, 3);
	OK(lw_state_get_integer(s, "n", &n, &f->e));
	assert_true(n == INT64_MIN);
	FAILS(LW_E_STATE, lw_state_get(s, "n", &b, &f->e));
	FAILS(LW_E_STATE, lw_state_get_integer(s, "x", &n, &f->e));
	OK(lw_state_set_integer(s, "x", 5, &f->e));
	OK(lw_state_get_integer(s, "x", &n, &f->e));
	assert_int_equal(n, 5);
	OK(lw_state_unset(s, "x", &f->e));
	OK(lw_state_unset(s, "x", &f->e));
	OK(lw_state_get_integer(s, "x", &n, &f->e));
	assert_int_equal(n, 0);
	FAILS(LW_E_NOTFOUND, lw_state_get(s, "x", &b, &f->e));
	memset(long_name, 'n', sizeof(long_name));
	long_name[65] = '\0';
	FAILS(LW_E_STATE, lw_state_set_integer(s, long_name, 1, &f->e));
	FAILS(LW_E_STATE, lw_state_set_integer(s, "", 1, &f->e));
	FAILS(LW_E_NOTFOUND, lw_state_get(s, "' OR 1=1 --", &b, &f->e));
	commit(f);
}

static void test_trust(void **state)
{
	struct fixture *f = *state;
	struct lw_state *s = f->state;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(buf) struct lw_buf big = { 0 };
	int64_t version = 7;

	lw_buf_fill(&big, 'x', LW_MAX_POLICY_BYTES + 1);
	begin(f);
	OK(lw_state_trust_set(s, "policy.json", lw_span_str("{}"), &f->e));
	OK(lw_state_trust_set(s, "keys/alice.pub", lw_span(big.p, big.n - 1), &f->e));
	OK(lw_state_trust_set(s, "policy.json", lw_span_str("{ }"), &f->e));
	OK(lw_state_get_integer(s, "trust.version", &version, &f->e));
	assert_int_equal(version, 3);
	OK(lw_state_trust_get(s, "policy.json", &b, &f->e));
	assert_string_equal(lw_buf_str(&b), "{ }");
	FAILS(LW_E_NOTFOUND, lw_state_trust_get(s, "policy", &b, &f->e));
	FAILS(LW_E_LIMIT, lw_state_trust_set(s, "big", lw_buf_span(&big), &f->e));
	FAILS(LW_E_USAGE, lw_state_trust_set(s, "", lw_span_str("x"), &f->e));
	FAILS(LW_E_USAGE, lw_state_trust_set(s, "a\nb", lw_span_str("x"), &f->e));
	FAILS(LW_E_USAGE, lw_state_trust_set(s, "\xff", lw_span_str("x"), &f->e));
	FAILS(LW_E_USAGE, lw_state_trust_set(s, (const char *)big.p, lw_span_str("x"), &f->e));
	OK(lw_state_get_integer(s, "trust.version", &version, &f->e));
	assert_int_equal(version, 3);
	commit(f);
}

static void test_floor(void **state)
{
	struct fixture *f = *state;
	struct lw_state *s = f->state;
	static const struct {
		uint64_t sequence;
		int code;
		uint64_t floor;
	} rows[] = {
		{ 0, -LW_E_STATE, 0 },
		{ 5, 0, 5 },
		{ 5, -LW_E_STATE, 5 },
		{ 4, -LW_E_STATE, 5 },
		{ 0, -LW_E_STATE, 5 },
		{ 1, -LW_E_STATE, 5 },
		{ 6, 0, 6 },
		{ LW_MAX_SEQUENCE + 1, -LW_E_LIMIT, 6 },
		{ UINT64_MAX, -LW_E_LIMIT, 6 },
		{ (uint64_t)INT64_MAX + 1, -LW_E_LIMIT, 6 },
		{ LW_MAX_SEQUENCE, 0, LW_MAX_SEQUENCE },
		{ LW_MAX_SEQUENCE, -LW_E_STATE, LW_MAX_SEQUENCE },
		{ LW_MAX_SEQUENCE - 1, -LW_E_STATE, LW_MAX_SEQUENCE },
	};
	uint64_t floor = 7;

	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		begin(f);
		assert_int_equal(lw_state_sender_raise(s, "acme", rows[i].sequence, &f->e),
				 rows[i].code);
		commit(f);
		OK(lw_state_sender_floor(s, "acme", &floor, &f->e));
		assert_true(floor == rows[i].floor);
		OK(lw_state_sender_floor(s, "globex", &floor, &f->e));
		assert_int_equal(floor, 0);
	}
	begin(f);
	FAILS(LW_E_INTERNAL, lw_state_sender_raise(s, "Not A Label", 1, &f->e));
	FAILS(LW_E_INTERNAL, lw_state_sender_raise(s, "", 1, &f->e));
	commit(f);
}

static void test_bundles(void **state)
{
	struct fixture *f = *state;
	struct lw_state *s = f->state;
	struct lw_state_bundle b = { .digest = digest("b1"),
				     .sender = "acme",
				     .sequence = 9,
				     .created = 100,
				     .accepted = 200,
				     .record = 3 };
	struct lw_state_bundle other = b, back;

	begin(f);
	OK(lw_state_bundle_add(s, &b, &f->e));
	FAILS(LW_E_EXISTS, lw_state_bundle_add(s, &b, &f->e));
	other.digest = digest("b2"); /* the same number twice */
	FAILS(LW_E_EXISTS, lw_state_bundle_add(s, &other, &f->e));
	other.sequence = 10;
	OK(lw_state_bundle_add(s, &other, &f->e));
	other.digest = digest("b3");
	(void)snprintf(other.sender, sizeof(other.sender), "globex");
	OK(lw_state_bundle_add(s, &other, &f->e));
	other.digest = digest("b4");
	other.sequence = 0;
	FAILS(LW_E_STATE, lw_state_bundle_add(s, &other, &f->e));
	other.sequence = 11;
	other.created = -1;
	FAILS(LW_E_STATE, lw_state_bundle_add(s, &other, &f->e));
	commit(f);
	OK(lw_state_bundle_get(s, &b.digest, &back, &f->e));
	assert_string_equal(back.sender, "acme");
	assert_int_equal(back.sequence, 9);
	assert_int_equal(back.created, 100);
	assert_int_equal(back.accepted, 200);
	assert_int_equal(back.record, 3);
	assert_true(lw_digest_equal(&back.digest, &b.digest));
	FAILS(LW_E_NOTFOUND, lw_state_bundle_get(s, &other.digest, &back, &f->e));
}

static void test_blobs(void **state)
{
	struct fixture *f = *state;
	struct lw_state *s = f->state;
	struct lw_digest a = digest("a"), b = digest("b"), c = digest("c");
	struct lw_state_image i = image("host.example/app:1", "m");
	uint64_t size = 7;
	int64_t id = 0;
	bool has = true;
	size_t n = 0;

	begin(f);
	OK(lw_state_blob_has(s, &a, &has, &size, &f->e));
	assert_false(has);
	assert_int_equal(size, 7);
	OK(lw_state_blob_add(s, &a, 1, &f->e));
	OK(lw_state_blob_add(s, &a, 1, &f->e));
	FAILS(LW_E_CONFLICT, lw_state_blob_add(s, &a, 2, &f->e));
	OK(lw_state_blob_add(s, &b, 0, &f->e));
	FAILS(LW_E_STATE, lw_state_blob_add(s, &c, UINT64_MAX, &f->e));
	OK(lw_state_blob_has(s, &a, &has, &size, &f->e));
	assert_true(has);
	assert_int_equal(size, 1);

	OK(lw_state_image_add(s, &i, &id, &f->e));
	OK(lw_state_image_blob(s, id, &a, &f->e));
	OK(lw_state_image_blob(s, id, &a, &f->e));
	FAILS(LW_E_STATE, lw_state_image_blob(s, id, &c, &f->e));
	FAILS(LW_E_STATE, lw_state_image_blob(s, id + 1, &a, &f->e));
	FAILS(LW_E_CONFLICT, lw_state_blob_remove(s, &a, &f->e));
	FAILS(LW_E_NOTFOUND, lw_state_blob_remove(s, &c, &f->e));
	assert_int_equal(blobs(f, false), 2);
	assert_int_equal(blobs(f, true), 1);
	OK(lw_state_each_image_blob(s, id, count_blob, &n, &f->e));
	assert_int_equal(n, 1);
	OK(lw_state_image_remove(s, id, &f->e));
	FAILS(LW_E_NOTFOUND, lw_state_image_remove(s, id, &f->e));
	assert_int_equal(blobs(f, true), 2);
	OK(lw_state_blob_remove(s, &a, &f->e));
	assert_int_equal(blobs(f, false), 1);
	commit(f);
}

struct order {
	struct lw_digest last;
	size_t n;
	struct lw_state *s;
};

static int in_order(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	struct order *o = data;
	bool has = false;

	/* A walk may look around: the same table, by the same words. */
	if (lw_state_blob_has(o->s, d, &has, NULL, e) < 0 || !has || size != 1 ||
	    lw_digest_compare(d, &o->last) <= 0)
		return lw_fail(e, LW_E_INTERNAL, "out of order");
	o->last = *d;
	return ++o->n == 60 ? lw_fail(e, LW_E_LIMIT, "enough") : 0;
}

static void test_walk_order(void **state)
{
	struct fixture *f = *state;
	struct order o = { .s = f->state };

	begin(f);
	for (unsigned i = 0; i < 50; i++) {
		struct lw_digest d = lw_digest_of(lw_span(&i, sizeof(i)));

		OK(lw_state_blob_add(f->state, &d, 1, &f->e));
	}
	OK(lw_state_each_blob(f->state, false, in_order, &o, &f->e));
	assert_int_equal(o.n, 50);
	o.last = (struct lw_digest){ 0 };
	FAILS(LW_E_LIMIT, lw_state_each_blob(f->state, true, in_order, &o, &f->e));
	assert_int_equal(o.n, 60);
	commit(f);
}

static int64_t add(struct fixture *f, const char *name, const char *content)
{
	struct lw_state_image i = image(name, content);
	int64_t id = 0;

	OK(lw_state_image_add(f->state, &i, &id, &f->e));
	assert_true(id > 0);
	return id;
}

static int list_image(void *data, const struct lw_state_image *i, struct lw_error *e)
{
	(void)e;
	lw_buf_printf(data, "%s%s%s;", i->name, i->superseded ? " old " : " ", i->detail);
	return 0;
}

static void test_images(void **state)
{
	struct fixture *f = *state;
	struct lw_state *s = f->state;
	LW_AUTO(buf) struct lw_buf list = { 0 };
	struct lw_state_image got = { 0 };
	char which[700], text[LW_DIGEST_TEXT];
	struct lw_digest one = digest("one"), two = digest("two");

	begin(f);
	int64_t a1 = add(f, "host.example/app:1", "one");
	int64_t b = add(f, "host.example/bpp:1", "one");
	int64_t a2 = add(f, "host.example/app:1", "two");
	assert_int_not_equal(a1, a2);
	commit(f);

	OK(lw_state_image_get(s, "host.example/app:1", &got, &f->e));
	assert_int_equal(got.id, a2);
	assert_false(got.superseded);
	assert_string_equal(got.zone, "production");
	assert_string_equal(got.platforms, "linux/amd64");
	assert_string_equal(got.media_type, "application/vnd.oci.image.manifest.v1+json");
	assert_string_equal(got.detail, "{\"evidence\":[]}");
	assert_int_equal(got.total_bytes, 12345);
	assert_int_equal(got.accepted, 1790000000);
	assert_int_equal(got.record, 3);
	assert_int_equal(got.size, 3);
	lw_state_image_release(&got);

	(void)snprintf(which, sizeof(which), "host.example/app:1@%s",
		       lw_digest_text(&one, text));
	OK(lw_state_image_get(s, which, &got, &f->e));
	assert_int_equal(got.id, a1);
	assert_true(got.superseded);
	lw_state_image_release(&got);
	OK(lw_state_image_get(s, lw_digest_text(&two, text), &got, &f->e));
	assert_int_equal(got.id, a2);
	lw_state_image_release(&got);

	got = (struct lw_state_image){ .id = 4711 };
	FAILS(LW_E_CONFLICT, lw_state_image_get(s, lw_digest_text(&one, text), &got, &f->e));
	assert_non_null(strstr(f->e.text, "host.example/app:1@"));
	assert_non_null(strstr(f->e.text, "host.example/bpp:1@"));
	static const char *const absent[] = {
		"",
		"host.example/app",
		"host.example/app:2",
		"app:1",
		"%",
		"host.example/%",
		"HOST.example/app:1",
		"host.example/app:1 ",
		"' OR 1=1 --",
		"\xff\x1b[31m",
	};
	for (size_t i = 0; i < LW_COUNT_OF(absent); i++)
		FAILS(LW_E_NOTFOUND, lw_state_image_get(s, absent[i], &got, &f->e));
	assert_null(strchr(f->e.text, '\x1b'));
	FAILS(LW_E_FORMAT, lw_state_image_get(s, "host.example/app:1@sha256:12", &got, &f->e));
	FAILS(LW_E_FORMAT, lw_state_image_get(s, "sha256:zz", &got, &f->e));
	FAILS(LW_E_FORMAT, lw_state_image_get(s, "@", &got, &f->e));
	(void)snprintf(which, sizeof(which), "host.example/bpp:1@%s",
		       lw_digest_text(&two, text));
	FAILS(LW_E_NOTFOUND, lw_state_image_get(s, which, &got, &f->e));
	assert_int_equal(got.id, 4711);

	/* Accepted again: the old row is current again, and keeps its number. */
	begin(f);
	assert_int_equal(add(f, "host.example/app:1", "one"), a1);
	commit(f);
	OK(lw_state_image_get(s, "host.example/app:1", &got, &f->e));
	assert_int_equal(got.id, a1);
	lw_state_image_release(&got);

	OK(lw_state_each_image(s, list_image, &list, &f->e));
	assert_string_equal(lw_buf_str(&list), "host.example/app:1 {\"evidence\":[]};"
					       "host.example/app:1 old {\"evidence\":[]};"
					       "host.example/bpp:1 {\"evidence\":[]};");
	begin(f);
	OK(lw_state_image_remove(s, a1, &f->e));
	commit(f);
	FAILS(LW_E_NOTFOUND, lw_state_image_get(s, "host.example/app:1", &got, &f->e));
	(void)b;
}

static void test_bad_rows(void **state)
{
	/* Rows that no program of ours wrote; the constraints are switched off for it. */
	static const char *const sql[] = {
		"UPDATE image SET digest = x'00'",
		"UPDATE image SET name = replace(hex(zeroblob(400)), '0', 'n')",
		"UPDATE image SET media_type = replace(hex(zeroblob(400)), '0', 'n')",
		"UPDATE image SET zone = replace(hex(zeroblob(400)), '0', 'n')",
		"UPDATE image SET bundle = x''",
		"UPDATE image SET platforms = 'a' || char(0) || 'b'",
	};

	for (size_t i = 0; i < LW_COUNT_OF(sql); i++) {
		struct fixture *f;
		void *fresh = NULL;
		char text[512];
		LW_AUTO(buf) struct lw_buf list = { 0 };

		OK(setup(&fresh));
		f = fresh;
		begin(f);
		(void)add(f, "host.example/app:1", "one");
		commit(f);
		close_state(f);
		(void)snprintf(text, sizeof(text), "PRAGMA ignore_check_constraints = ON; %s",
			       sql[i]);
		tamper(f, text);
		OK(reopen(f, LW_STATE_READ));
		FAILS(LW_E_STATE, lw_state_each_image(f->state, list_image, &list, &f->e));
		OK(teardown(&fresh));
	}
	(void)state;
}

static void test_records(void **state)
{
	struct fixture *f = *state;
	struct lw_state *s = f->state;
	LW_AUTO(buf) struct lw_buf leaf = { 0 };
	LW_AUTO(buf) struct lw_buf big = { 0 };
	uint64_t n = 7;

	lw_buf_fill(&big, 'x', LW_MAX_RECORD_BYTES + 1);
	begin(f);
	FAILS(LW_E_CONFLICT, lw_state_record_add(s, 1, lw_span_str("one"), &f->e));
	OK(lw_state_record_add(s, 0, lw_span_str("zero"), &f->e));
	FAILS(LW_E_CONFLICT, lw_state_record_add(s, 0, lw_span_str("again"), &f->e));
	FAILS(LW_E_CONFLICT, lw_state_record_add(s, 2, lw_span_str("two"), &f->e));
	FAILS(LW_E_CONFLICT, lw_state_record_add(s, UINT64_MAX, lw_span_str("x"), &f->e));
	FAILS(LW_E_CONFLICT, lw_state_record_add(s, INT64_MAX, lw_span_str("x"), &f->e));
	FAILS(LW_E_STATE, lw_state_record_add(s, 1, lw_span(NULL, 0), &f->e));
	FAILS(LW_E_STATE, lw_state_record_add(s, 1, lw_buf_span(&big), &f->e));
	OK(lw_state_record_add(s, 1, lw_span(big.p, LW_MAX_RECORD_BYTES), &f->e));
	commit(f);
	OK(lw_state_record_count(s, &n, &f->e));
	assert_int_equal(n, 2);
	OK(lw_state_record_get(s, 0, &leaf, &f->e));
	assert_string_equal(lw_buf_str(&leaf), "zero");
	FAILS(LW_E_NOTFOUND, lw_state_record_get(s, 2, &leaf, &f->e));
	FAILS(LW_E_NOTFOUND, lw_state_record_get(s, UINT64_MAX, &leaf, &f->e));
}

struct worker {
	struct lw_buf done;
	const char *failing;
};

static int work(void *data, const char *what, struct lw_error *e)
{
	struct worker *w = data;

	lw_buf_printf(&w->done, "%s;", what);
	return w->failing && !strcmp(what, w->failing) ? lw_fail(e, LW_E_NOSPACE, "no") : 0;
}

static void test_queue(void **state)
{
	struct fixture *f = *state;
	struct worker w = { .failing = "b" };
	static const char *const added[] = { "a", "b", "c", "a", "b" };
	char long_one[257];

	begin(f);
	for (size_t i = 0; i < LW_COUNT_OF(added); i++)
		OK(lw_state_queue_add(f->state, added[i], &f->e));
	memset(long_one, 'q', 256);
	long_one[256] = '\0';
	FAILS(LW_E_STATE, lw_state_queue_add(f->state, long_one, &f->e));
	FAILS(LW_E_INTERNAL, lw_state_queue_drain(f->state, work, &w, &f->e));
	commit(f);
	FAILS(LW_E_NOSPACE, lw_state_queue_drain(f->state, work, &w, &f->e));
	assert_int_equal(f->e.code, LW_E_NOSPACE);
	assert_string_equal(lw_buf_str(&w.done), "a;b;c;");
	lw_buf_clear(&w.done);
	w.failing = NULL;
	OK(reopen(f, LW_STATE_WRITE));
	OK(lw_state_queue_drain(f->state, work, &w, &f->e));
	assert_string_equal(lw_buf_str(&w.done), "b;");
	OK(lw_state_queue_drain(f->state, work, &w, &f->e));
	assert_string_equal(lw_buf_str(&w.done), "b;");
	lw_buf_free(&w.done);
}

static void test_many(void **state)
{
	struct fixture *f = *state;
	struct lw_state_image i = image("host.example/app:1", "m");
	struct timespec from, to;
	int64_t id = 0;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &from), 0);
	begin(f);
	OK(lw_state_image_add(f->state, &i, &id, &f->e));
	for (unsigned k = 0; k < 18000; k++) {
		struct lw_digest d = lw_digest_of(lw_span(&k, sizeof(k)));

		OK(lw_state_blob_add(f->state, &d, k, &f->e));
		OK(lw_state_image_blob(f->state, id, &d, &f->e));
	}
	commit(f);
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &to), 0);
	print_message("18,000 blobs and links in %.3f s\n",
		      (double)(to.tv_sec - from.tv_sec) +
			      (double)(to.tv_nsec - from.tv_nsec) / 1e9);
	assert_int_equal(blobs(f, false), 18000);
	assert_int_equal(blobs(f, true), 0);
}

/* File systems that say no: in a mount namespace of their own */

/* Runs `inside` in a child that has a fresh tmpfs of this size at f->at.path/mnt. */
static void on_tmpfs(struct fixture *f, const char *options, int (*inside)(const char *path))
{
	char path[512];
	int status = -1;

	if (geteuid() != 0)
		skip();
	(void)snprintf(path, sizeof(path), "%s/mnt", f->at.path);
	OK(mkdir(path, 0700));
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("tmpfs", path, "tmpfs", 0, options) < 0)
			_exit(77);
		_exit(inside(path));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define MUST(condition)                                                                        \
	do {                                                                                   \
		if (!(condition)) {                                                            \
			print_error("line %d: %s (%s)\n", __LINE__, #condition, e.text);       \
			return 1;                                                              \
		}                                                                              \
	} while (0)

static int read_only_inside(const char *path)
{
	struct lw_error e = { 0 };
	struct lw_state *s = NULL;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t n = 0;

	MUST(dir >= 0);
	MUST(lw_state_open(dir, LW_STATE_CREATE, &s, &e) == 0);
	MUST(lw_state_begin(s, &e) == 0);
	MUST(lw_state_record_add(s, 0, lw_span_str("zero"), &e) == 0);
	MUST(lw_state_commit(s, &e) == 0);
	lw_state_close(lw_steal(s));
	MUST(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	MUST(lw_state_open(dir, LW_STATE_READ, &s, &e) == 0);
	MUST(lw_state_record_count(s, &n, &e) == 0 && n == 1);
	lw_state_close(lw_steal(s));
	MUST(lw_state_open(dir, LW_STATE_WRITE, &s, &e) == -LW_E_IO);
	return 0;
}

static void test_read_only(void **state)
{
	on_tmpfs(*state, "size=8m", read_only_inside);
}

static int left_log_inside(const char *path)
{
	struct lw_error e = { 0 };
	struct lw_state *s = NULL;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n = 0;

	MUST(dir >= 0);
	MUST(lw_state_open(dir, LW_STATE_CREATE, &s, &e) == 0);
	MUST(lw_state_begin(s, &e) == 0);
	MUST(lw_state_record_add(s, 0, lw_span_str("zero"), &e) == 0);
	MUST(lw_state_commit(s, &e) == 0);
	/* What a power cut leaves: the log, and no shared memory. */
	lw_auto_free char *log = scratch_read(dir, DB "-wal", &n);
	MUST(n > 0);
	lw_state_close(lw_steal(s));
	scratch_write(dir, DB "-wal", lw_span(log, n));
	MUST(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	MUST(lw_state_open(dir, LW_STATE_READ, &s, &e) == -LW_E_STATE);
	MUST(s == NULL && strstr(e.text, DB "-wal"));
	MUST(mount(NULL, path, NULL, MS_REMOUNT, NULL) == 0);
	MUST(lw_state_open(dir, LW_STATE_READ, &s, &e) == 0);
	lw_state_close(s);
	return 0;
}

static void test_left_log(void **state)
{
	on_tmpfs(*state, "size=8m", left_log_inside);
}

static int full_inside(const char *path)
{
	static char block[65536];
	struct lw_error e = { 0 };
	struct lw_state *s = NULL;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t n = 0;
	int rc = 0;

	MUST(dir >= 0);
	MUST(lw_state_open(dir, LW_STATE_CREATE, &s, &e) == 0);
	memset(block, 'x', sizeof(block));
	for (; n < 1000 && rc == 0; n++) {
		MUST(lw_state_begin(s, &e) == 0);
		rc = lw_state_record_add(s, n, lw_span(block, LW_MAX_RECORD_BYTES), &e);
		if (rc == 0)
			rc = lw_state_commit(s, &e);
		lw_state_rollback(s);
	}
	MUST(rc == -LW_E_NOSPACE);
	MUST(e.code == LW_E_NOSPACE);

	/* What failed left nothing; what was said to be committed is there; room mends it. */
	uint64_t count = 0, again = 0;
	MUST(lw_state_record_count(s, &count, &e) == 0 && count == n - 1 && count > 3);
	MUST(mount(NULL, path, NULL, MS_REMOUNT, "size=64m") == 0);
	MUST(lw_state_begin(s, &e) == 0);
	MUST(lw_state_record_add(s, count, lw_span_str("small"), &e) == 0);
	MUST(lw_state_commit(s, &e) == 0);
	lw_state_close(lw_steal(s));
	MUST(lw_state_open(dir, LW_STATE_WRITE, &s, &e) == 0);
	MUST(lw_state_record_count(s, &again, &e) == 0 && again == count + 1);
	lw_state_close(s);
	return 0;
}

static void test_full_disk(void **state)
{
	on_tmpfs(*state, "size=1m", full_inside);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_files),	   TEST(test_pragmas),	 TEST(test_tampered),
		TEST(test_not_a_database), TEST(test_odd_files), TEST(test_second_writer),
		TEST(test_killed_writer),  TEST(test_readers),	 TEST(test_outside_transaction),
		TEST(test_rollback),	   TEST(test_values),	 TEST(test_trust),
		TEST(test_floor),	   TEST(test_bundles),	 TEST(test_blobs),
		TEST(test_walk_order),	   TEST(test_images),	 TEST(test_bad_rows),
		TEST(test_records),	   TEST(test_queue),	 TEST(test_many),
		TEST(test_read_only),	   TEST(test_left_log),	 TEST(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
