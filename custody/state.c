/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/state_internal.h"

#include "base/fs.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define DATABASE "state.db"
#define BUSY_MS	 10000
/* KiB: a load touches many pages at random. */
#define READER_CACHE "PRAGMA cache_size = -8192"
#define WRITER_CACHE "PRAGMA cache_size = -16384"

/* Who failed leaves the log to whoever opens the state next. SQLite was seen to delete one that
 * held a committed transaction, as it closed a database whose shared memory it could not make:
 * tests/sweep/crash.sh "killed, then". */
static void keep_log(struct lw_state *s)
{
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

int lw_state_fail(struct lw_state *s, int sqlite_code, const char *doing, struct lw_error *e)
{
	enum lw_code code = LW_E_STATE;
	int sys = 0;

	switch (sqlite_code & 0xff) {
	case SQLITE_FULL:
		code = LW_E_NOSPACE;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		code = LW_E_BUSY;
		break;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		sys = s->db ? sqlite3_system_errno(s->db) : 0;
		code = sys == ENOSPC || sys == EDQUOT ? LW_E_NOSPACE : LW_E_IO;
		break;
	case SQLITE_NOMEM:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
	case SQLITE_TOOBIG:
		code = LW_E_INTERNAL;
		break;
	default: /* damaged, not a database, a constraint broken */
		break;
	}
	(void)lw_fail(e, code, "state.db: %s: %s", doing,
		      s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(sqlite_code));
	if (e)
		e->sys_errno = sys;
	if (s->db && code != LW_E_BUSY)
		keep_log(s);
	return -(int)code;
}

/* Statements */

static int bind(struct lw_state *s, sqlite3_stmt *st, const struct lw_arg *args, size_t n,
		struct lw_error *e)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
		const struct lw_arg *a = &args[i];
		const char *p = a->bytes.p ? (const char *)a->bytes.p : "";
		int column = (int)i + 1;

		if (a->kind == LW_ARG_INTEGER)
			rc = sqlite3_bind_int64(st, column, a->integer);
		else if (a->kind == LW_ARG_TEXT)
			rc = sqlite3_bind_text64(st, column, p, a->bytes.n, SQLITE_STATIC,
						 SQLITE_UTF8);
		else
			rc = sqlite3_bind_blob64(st, column, p, a->bytes.n, SQLITE_STATIC);
	}
	return rc == SQLITE_OK ? 0 : lw_state_fail(s, rc, "bind", e);
}

static int prepare(struct lw_state *s, const char *sql, unsigned flags, sqlite3_stmt **ret,
		   struct lw_error *e)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v3(s->db, sql, -1, flags, &st, NULL);

	if (rc != SQLITE_OK)
		return lw_state_fail(s, rc, "prepare", e);
	*ret = st;
	return 0;
}

static int cached(struct lw_state *s, const char *sql, sqlite3_stmt **ret, struct lw_error *e)
{
	for (size_t i = 0; i < s->n_cache; i++) {
		if (s->cache[i].sql == sql) {
			*ret = s->cache[i].stmt;
			return 0;
		}
	}
	if (s->n_cache == LW_COUNT_OF(s->cache))
		return lw_fail(e, LW_E_INTERNAL, "state.db: too many statements");

	sqlite3_stmt *st = NULL;
	int rc = prepare(s, sql, SQLITE_PREPARE_PERSISTENT, &st, e);
	if (rc)
		return rc;
	s->cache[s->n_cache].sql = sql;
	s->cache[s->n_cache++].stmt = st;
	*ret = st;
	return 0;
}

int lw_state_query(struct lw_state *s, const char *sql, const struct lw_arg *args, size_t n,
		   sqlite3_stmt **ret, struct lw_error *e)
{
	sqlite3_stmt *st = NULL;
	int rc = cached(s, sql, &st, e);

	if (!rc)
		rc = bind(s, st, args, n, e);
	if (!rc)
		*ret = st;
	return rc;
}

int lw_state_walk(struct lw_state *s, const char *sql, const struct lw_arg *args, size_t n,
		  sqlite3_stmt **ret, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	int rc = prepare(s, sql, 0, &st, e);

	if (!rc)
		rc = bind(s, st, args, n, e);
	if (!rc)
		*ret = lw_steal(st);
	return rc;
}

int lw_state_step(struct lw_state *s, sqlite3_stmt *st, bool *ret_row, struct lw_error *e)
{
	int rc = sqlite3_step(st);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return lw_state_fail(s, rc, "step", e);
	*ret_row = rc == SQLITE_ROW;
	return 0;
}

int lw_state_find(struct lw_state *s, const char *sql, const struct lw_arg *args, size_t n,
		  sqlite3_stmt **ret, bool *ret_row, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_query(s, sql, args, n, &st, e);

	if (!rc)
		rc = lw_state_step(s, st, &row, e);
	if (rc)
		return rc;
	*ret = lw_steal(st);
	*ret_row = row;
	return 0;
}

int lw_state_change(struct lw_state *s, const char *sql, const struct lw_arg *args, size_t n,
		    int *ret_changed, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row;

	if (sqlite3_get_autocommit(s->db))
		return lw_fail(e, LW_E_INTERNAL, "state.db: a change outside a transaction");
	int rc = lw_state_query(s, sql, args, n, &st, e);
	if (!rc)
		rc = lw_state_step(s, st, &row, e);
	if (!rc && ret_changed)
		*ret_changed = sqlite3_changes(s->db);
	return rc;
}

struct lw_span lw_state_column_blob(sqlite3_stmt *st, int column)
{
	const void *p = sqlite3_column_blob(st, column);

	return lw_span(p, (size_t)sqlite3_column_bytes(st, column));
}

int lw_state_column_digest(sqlite3_stmt *st, int column, struct lw_digest *ret,
			   struct lw_error *e)
{
	struct lw_span b = lw_state_column_blob(st, column);

	if (b.n != sizeof(ret->sha256))
		return lw_fail(e, LW_E_STATE, "state.db: a digest of %zu bytes", b.n);
	memcpy(ret->sha256, b.p, b.n);
	return 0;
}

int lw_state_column_text(sqlite3_stmt *st, int column, char *out, size_t size,
			 struct lw_error *e)
{
	struct lw_span b = lw_state_column_blob(st, column);

	if (b.n >= size || (b.n && memchr(b.p, 0, b.n)))
		return lw_fail(e, LW_E_STATE, "state.db: a text of %zu bytes, at most %zu fit",
			       b.n, size - 1);
	if (b.n)
		memcpy(out, b.p, b.n);
	out[b.n] = '\0';
	return 0;
}

/* Transactions */

int lw_state_begin(struct lw_state *s, struct lw_error *e)
{
	if (!sqlite3_get_autocommit(s->db))
		return lw_fail(e, LW_E_INTERNAL, "state.db: a transaction in a transaction");
	return lw_state_exec(s, s->mode == LW_STATE_READ ? "BEGIN" : "BEGIN IMMEDIATE", e);
}

int lw_state_commit(struct lw_state *s, struct lw_error *e)
{
	if (sqlite3_get_autocommit(s->db))
		return lw_fail(e, LW_E_INTERNAL, "state.db: no transaction to commit");
	int rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 0;
	rc = lw_state_fail(s, rc, "commit", e);
	lw_state_rollback(s);
	return rc;
}

void lw_state_rollback(struct lw_state *s)
{
	/* Of statements that are still open nothing is lost: rows read from now on fail. */
	if (s->db && !sqlite3_get_autocommit(s->db))
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Opening */

static int set_switches(struct lw_state *s, struct lw_error *e)
{
	static const struct {
		int option;
		int on;
	} switches[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },	{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 }, { SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
	};

	for (size_t i = 0; i < LW_COUNT_OF(switches); i++) {
		int have = -1;
		int rc = sqlite3_db_config(s->db, switches[i].option, switches[i].on, &have);

		if (rc != SQLITE_OK || have != switches[i].on)
			return lw_fail(e, LW_E_STATE, "state.db: SQLite's switch %d is stuck",
				       switches[i].option);
	}
	return 0;
}

/* The first column of a pragma's first row against what it must be. */
static int expect(struct lw_state *s, const char *pragma, const char *want, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_walk(s, pragma, NULL, 0, &st, e);

	if (!rc)
		rc = lw_state_step(s, st, &row, e);
	if (rc)
		return rc;
	const char *have = row ? (const char *)sqlite3_column_text(st, 0) : NULL;
	if (!have || strcmp(have, want) != 0)
		return lw_fail(e, LW_E_STATE, "state.db: %s: want %s, have %s", pragma, want,
			       have ? have : "nothing");
	return 0;
}

/* Every setting that durability or safety hangs on is read back. */
static int set_pragmas(struct lw_state *s, bool immutable, struct lw_error *e)
{
	static const struct {
		const char *set, *get, *want;
	} pragmas[] = {
		{ "PRAGMA synchronous = FULL", "PRAGMA synchronous", "2" },
		{ "PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", "1" },
		{ "PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", "0" },
		{ "PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", "1" },
		{ "PRAGMA temp_store = MEMORY", "PRAGMA temp_store", "2" },
		{ "PRAGMA mmap_size = 0", "PRAGMA mmap_size", "0" },
	};
	int rc = 0;

	for (size_t i = 0; !rc && i < LW_COUNT_OF(pragmas); i++) {
		rc = lw_state_exec(s, pragmas[i].set, e);
		if (!rc)
			rc = expect(s, pragmas[i].get, pragmas[i].want, e);
	}
	if (!rc)
		rc = lw_state_exec(s, s->mode == LW_STATE_READ ? READER_CACHE : WRITER_CACHE,
				   e);
	if (!rc && s->mode == LW_STATE_READ)
		rc = lw_state_exec(s, "PRAGMA query_only = ON", e);
	/* Made once, when the database is created; one that was changed is not ours any more.
	 */
	if (!rc && s->mode == LW_STATE_CREATE)
		rc = lw_state_exec(s, "PRAGMA journal_mode = WAL", e);
	if (!rc && !immutable)
		rc = expect(s, "PRAGMA journal_mode", "wal", e);
	return rc;
}

static void close_database(struct lw_state *s)
{
	for (size_t i = 0; i < s->n_cache; i++)
		(void)sqlite3_finalize(s->cache[i].stmt);
	s->n_cache = 0;
	(void)sqlite3_close_v2(s->db);
	s->db = NULL;
}

static int connect(struct lw_state *s, bool immutable, struct lw_error *e)
{
	int flags = SQLITE_OPEN_URI | SQLITE_OPEN_PRIVATECACHE |
		    (s->mode == LW_STATE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
	char name[96];

	/* By way of the descriptor: the folder that was checked is the folder that is used. */
	(void)snprintf(name, sizeof(name), "file:/proc/self/fd/%d/" DATABASE "%s", s->dir,
		       immutable ? "?immutable=1" : "");
	int rc = sqlite3_open_v2(name, &s->db, flags, NULL);
	if (rc != SQLITE_OK)
		return lw_state_fail(s, rc, "open", e);
	(void)sqlite3_extended_result_codes(s->db, 1);
	(void)sqlite3_busy_timeout(s->db, BUSY_MS);
	return set_switches(s, e);
}

/*
 * Whether the database must be opened as one that nobody can change: on a read-only file
 * system WAL's shared memory cannot be made, and none is needed if no log is left. A log that
 * is left holds transactions that state.db lacks: then it must be readable or nothing is.
 */
static int needs_immutable(struct lw_state *s, bool *ret, struct lw_error *e)
{
	struct statvfs fs;
	struct stat wal;
	int rc = sqlite3_exec(s->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);

	*ret = false;
	if ((rc & 0xff) != SQLITE_CANTOPEN && (rc & 0xff) != SQLITE_READONLY)
		return rc == SQLITE_OK ? 0 : lw_state_fail(s, rc, "read", e);
	int failed = lw_state_fail(s, rc, "read", e);
	if (fstatvfs(s->dir, &fs) < 0 || !(fs.f_flag & ST_RDONLY))
		return failed;
	if (fstatat(s->dir, DATABASE "-wal", &wal, AT_SYMLINK_NOFOLLOW) == 0 && wal.st_size > 0)
		return lw_fail(
			e, LW_E_STATE,
			"state.db-wal holds transactions that state.db lacks, and cannot "
			"be read on a read-only file system: open the enclave once where "
			"it may be written");
	*ret = true;
	return 0;
}

static int open_database(struct lw_state *s, struct lw_error *e)
{
	bool immutable = false;
	int rc = connect(s, false, e);

	if (!rc && s->mode == LW_STATE_READ)
		rc = needs_immutable(s, &immutable, e);
	if (!rc && immutable) {
		close_database(s);
		rc = connect(s, true, e);
	}
	if (!rc)
		rc = set_pragmas(s, immutable, e);
	if (!rc && s->mode == LW_STATE_CREATE)
		rc = lw_state_schema_create(s, e);
	if (!rc)
		rc = lw_state_schema_check(s, e);
	if (!rc && s->mode == LW_STATE_WRITE)
		rc = expect(s, "PRAGMA quick_check(1)", "ok", e);
	if (!rc && s->mode != LW_STATE_READ)
		rc = lw_state_schema_raise(s, e);
	return rc;
}

/* Nothing but a plain file of ours may stand where the database is. */
static int find_file(int dir, struct lw_error *e)
{
	struct stat st;

	if (fstatat(dir, DATABASE, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return lw_fail(e, LW_E_NOTFOUND, "there is no state.db");
		return lw_fail_errno(e, "state.db");
	}
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1 ||
	    st.st_mode & (S_IWGRP | S_IWOTH))
		return lw_fail(e, LW_E_STATE, "state.db is not a plain file of its owner's");
	return 0;
}

static int make_file(int dir, struct lw_error *e)
{
	lw_auto_fd int fd =
		openat(dir, DATABASE, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return lw_fail(e, LW_E_EXISTS, "there is a state.db already");
	return fd < 0 ? lw_fail_errno(e, "create state.db") : 0;
}

int lw_state_require_owner(unsigned owner, struct lw_error *e)
{
	struct passwd entry, *found = NULL;
	char storage[4096];
	uid_t me = geteuid();

	if (owner == me)
		return 0;
	if (getpwuid_r(owner, &entry, storage, sizeof(storage), &found) != 0 || !found)
		return lw_fail(e, LW_E_USAGE,
			       "this enclave belongs to user %u; you are user %u", owner, me);
	return lw_fail(e, LW_E_USAGE, "this enclave belongs to user %s (%u); you are user %u",
		       entry.pw_name, owner, me);
}

int lw_state_open(int dir, enum lw_state_mode mode, struct lw_state **ret, struct lw_error *e)
{
	LW_AUTO(state) struct lw_state *s = lw_alloc_array(1, sizeof(*s));
	struct stat st;
	int rc = 0;

	s->dir = dir;
	s->lock = -1;
	s->mode = mode;
	if (fstat(dir, &st) < 0)
		return lw_fail_errno(e, "the enclave's folder");
	rc = lw_state_require_owner(st.st_uid, e);
	if (!rc && mode != LW_STATE_CREATE)
		rc = find_file(dir, e);
	if (!rc && mode != LW_STATE_READ)
		rc = lw_state_lock_take(dir, &s->lock, e);
	if (!rc && mode == LW_STATE_CREATE)
		rc = make_file(dir, e);
	if (!rc)
		rc = open_database(s, e);
	if (!rc && mode == LW_STATE_CREATE)
		rc = lw_fs_sync(dir, "the enclave's folder", e);
	if (!rc)
		*ret = lw_steal(s);
	return rc;
}

void lw_state_close(struct lw_state *s)
{
	if (!s)
		return;
	lw_state_rollback(s);
	close_database(s);
	lw_state_lock_release(s->lock);
	free(s);
}
