/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/state_internal.h"

#include <stdio.h>

/*
 * The tables, in the order of their names, each exactly as sqlite_schema keeps it: opening
 * compares letter by letter, so that a column, index, view or trigger that somebody added is
 * refused. A change here needs a new LW_STATE_VERSION.
 */
static const struct {
	const char *name;
	const char *sql;
} schema[] = {
	{ "blob", "CREATE TABLE blob ("
		  "digest BLOB PRIMARY KEY CHECK (length(digest) = 32), "
		  "size INTEGER NOT NULL CHECK (size >= 0)"
		  ") STRICT, WITHOUT ROWID" },
	{ "bundle", "CREATE TABLE bundle ("
		    "digest BLOB PRIMARY KEY CHECK (length(digest) = 32), "
		    "sender TEXT NOT NULL CHECK (length(sender) BETWEEN 1 AND 64), "
		    "sequence INTEGER NOT NULL CHECK (sequence >= 1), "
		    "created INTEGER NOT NULL CHECK (created >= 0), "
		    "accepted INTEGER NOT NULL CHECK (accepted >= 0), "
		    "record INTEGER NOT NULL CHECK (record >= 0), "
		    "UNIQUE (sender, sequence)"
		    ") STRICT, WITHOUT ROWID" },
	{ "image", "CREATE TABLE image ("
		   "id INTEGER PRIMARY KEY, "
		   "name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 511), "
		   "digest BLOB NOT NULL CHECK (length(digest) = 32), "
		   "size INTEGER NOT NULL CHECK (size >= 0), "
		   "media_type TEXT NOT NULL CHECK (length(media_type) <= 255), "
		   "platforms TEXT NOT NULL CHECK (length(platforms) <= 511), "
		   "zone TEXT NOT NULL CHECK (length(zone) <= 64), "
		   "bundle BLOB NOT NULL CHECK (length(bundle) = 32), "
		   "record INTEGER NOT NULL CHECK (record >= 0), "
		   "accepted INTEGER NOT NULL CHECK (accepted >= 0), "
		   "superseded INTEGER NOT NULL CHECK (superseded IN (0, 1)), "
		   "total_bytes INTEGER NOT NULL CHECK (total_bytes >= 0), "
		   "detail TEXT NOT NULL, "
		   "judgement TEXT NOT NULL, "
		   "pending INTEGER NOT NULL CHECK (pending IN (0, 1)), "
		   "UNIQUE (name, digest)"
		   ") STRICT" },
	{ "image_blob", "CREATE TABLE image_blob ("
			"image INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE, "
			"digest BLOB NOT NULL REFERENCES blob (digest), "
			"PRIMARY KEY (image, digest)"
			") STRICT, WITHOUT ROWID" },
	{ "image_blob_digest", "CREATE INDEX image_blob_digest ON image_blob (digest)" },
	{ "image_current",
	  "CREATE UNIQUE INDEX image_current ON image (name) WHERE superseded = 0" },
	{ "image_digest", "CREATE INDEX image_digest ON image (digest)" },
	{ "pending", "CREATE TABLE pending ("
		     "id INTEGER PRIMARY KEY, "
		     "digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), "
		     "sender TEXT NOT NULL CHECK (length(sender) <= 64), "
		     "sequence INTEGER NOT NULL CHECK (sequence >= 0), "
		     "bytes INTEGER NOT NULL CHECK (bytes >= 0), "
		     "expires INTEGER NOT NULL CHECK (expires >= 0), "
		     "begun INTEGER NOT NULL CHECK (begun >= 0), "
		     "last INTEGER NOT NULL CHECK (last >= 0)"
		     ") STRICT" },
	{ "pending_member",
	  "CREATE TABLE pending_member ("
	  "pending INTEGER NOT NULL REFERENCES pending (id) ON DELETE CASCADE, "
	  "entry INTEGER NOT NULL CHECK (entry >= 0), "
	  "piece INTEGER NOT NULL CHECK (piece >= 0), "
	  "volume INTEGER NOT NULL CHECK (volume >= 1), "
	  "size INTEGER NOT NULL CHECK (size >= 0), "
	  "kept INTEGER NOT NULL CHECK (kept IN (0, 1)), "
	  "PRIMARY KEY (pending, entry, piece)"
	  ") STRICT, WITHOUT ROWID" },
	{ "pending_need", "CREATE TABLE pending_need ("
			  "pending INTEGER NOT NULL REFERENCES pending (id) ON DELETE CASCADE, "
			  "entry INTEGER NOT NULL CHECK (entry >= 0), "
			  "digest BLOB NOT NULL CHECK (length(digest) = 32), "
			  "size INTEGER NOT NULL CHECK (size >= 0), "
			  "PRIMARY KEY (pending, entry)"
			  ") STRICT, WITHOUT ROWID" },
	{ "pending_need_digest", "CREATE INDEX pending_need_digest ON pending_need (digest)" },
	{ "pending_seal", "CREATE TABLE pending_seal ("
			  "pending INTEGER NOT NULL REFERENCES pending (id) ON DELETE CASCADE, "
			  "seal BLOB NOT NULL CHECK (length(seal) BETWEEN 1 AND 262144), "
			  "PRIMARY KEY (pending, seal)"
			  ") STRICT" },
	{ "pending_volume",
	  "CREATE TABLE pending_volume ("
	  "pending INTEGER NOT NULL REFERENCES pending (id) ON DELETE CASCADE, "
	  "volume INTEGER NOT NULL CHECK (volume >= 1), "
	  "members INTEGER NOT NULL CHECK (members >= 0), "
	  "PRIMARY KEY (pending, volume)"
	  ") STRICT, WITHOUT ROWID" },
	{ "push", "CREATE TABLE push ("
		  "image INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE, "
		  "registry TEXT NOT NULL CHECK (length(registry) BETWEEN 1 AND 255), "
		  "repository TEXT NOT NULL CHECK (length(repository) BETWEEN 1 AND 255), "
		  "PRIMARY KEY (image, registry, repository)"
		  ") STRICT, WITHOUT ROWID" },
	{ "queue", "CREATE TABLE queue ("
		   "id INTEGER PRIMARY KEY, "
		   "what TEXT NOT NULL UNIQUE CHECK (length(what) BETWEEN 1 AND 255)"
		   ") STRICT" },
	{ "record", "CREATE TABLE record ("
		    "idx INTEGER PRIMARY KEY CHECK (idx >= 0), "
		    "leaf BLOB NOT NULL CHECK (length(leaf) BETWEEN 1 AND 65535)"
		    ") STRICT" },
	{ "request",
	  "CREATE TABLE request ("
	  "nonce BLOB PRIMARY KEY CHECK (length(nonce) = 16), "
	  "asked INTEGER NOT NULL CHECK (asked >= 0), "
	  "expires INTEGER NOT NULL CHECK (expires > asked), "
	  "record INTEGER NOT NULL CHECK (record >= 0), "
	  "state INTEGER NOT NULL CHECK (state IN (0, 1, 2)), "
	  "closed INTEGER NOT NULL CHECK ((closed = 0) = (state = 0) AND closed >= 0)"
	  ") STRICT, WITHOUT ROWID" },
	{ "sender", "CREATE TABLE sender ("
		    "name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64), "
		    "floor INTEGER NOT NULL CHECK (floor BETWEEN 1 AND 9007199254740992)"
		    ") STRICT, WITHOUT ROWID" },
	{ "trust", "CREATE TABLE trust ("
		   "name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255), "
		   "bytes BLOB NOT NULL"
		   ") STRICT, WITHOUT ROWID" },
	{ "tuf", "CREATE TABLE tuf ("
		 "repository TEXT NOT NULL CHECK (length(repository) BETWEEN 1 AND 64), "
		 "role TEXT NOT NULL CHECK (length(role) BETWEEN 1 AND 128), "
		 "first BLOB NOT NULL CHECK (length(first) = 32), "
		 "file BLOB NOT NULL, "
		 "halves BLOB NOT NULL, "
		 "PRIMARY KEY (repository, role)"
		 ") STRICT" },
	{ "value", "CREATE TABLE value ("
		   "name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64), "
		   "value ANY NOT NULL CHECK (typeof(value) IN ('blob', 'integer'))"
		   ") STRICT, WITHOUT ROWID" },
};

/* What came, or became another, after the oldest version; `was`: what stood there before. */
static const struct {
	const char *name;
	int64_t version;
	const char *was;
} later[] = {
	{ "pending_need", 5, NULL },
	{ "pending_need_digest", 5, NULL },
	{ "pending_volume", 5,
	  "CREATE TABLE pending_volume ("
	  "pending INTEGER NOT NULL REFERENCES pending (id) ON DELETE CASCADE, "
	  "volume INTEGER NOT NULL CHECK (volume >= 1), "
	  "members INTEGER NOT NULL CHECK (members >= 1), "
	  "PRIMARY KEY (pending, volume)"
	  ") STRICT, WITHOUT ROWID" },
	{ "request", 6, NULL },
};

/* What stands in the place of schema[i] in that version; NULL: nothing. */
static const char *sql_of(size_t i, int64_t version)
{
	for (size_t k = 0; k < LW_COUNT_OF(later); k++)
		if (strcmp(later[k].name, schema[i].name) == 0 && version < later[k].version)
			return later[k].was;
	return schema[i].sql;
}

#define STRING_(x) #x
#define STRING(x)  STRING_(x)

int lw_state_exec(struct lw_state *s, const char *sql, struct lw_error *e)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : lw_state_fail(s, rc, "state", e);
}

int lw_state_schema_create(struct lw_state *s, struct lw_error *e)
{
	int rc = lw_state_exec(s, "BEGIN IMMEDIATE", e);

	for (size_t i = 0; !rc && i < LW_COUNT_OF(schema); i++)
		rc = lw_state_exec(s, schema[i].sql, e);
	if (!rc)
		rc = lw_state_exec(s, "PRAGMA application_id = " STRING(LW_STATE_APPLICATION),
				   e);
	if (!rc)
		rc = lw_state_exec(s, "PRAGMA user_version = " STRING(LW_STATE_VERSION), e);
	if (!rc)
		rc = lw_state_exec(s, "COMMIT", e);
	return rc;
}

static int read_number(struct lw_state *s, const char *sql, int64_t *ret, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_walk(s, sql, NULL, 0, &st, e);

	if (!rc)
		rc = lw_state_step(s, st, &row, e);
	if (!rc)
		*ret = row ? sqlite3_column_int64(st, 0) : -1;
	return rc;
}

static int fail_number(const char *what, int64_t have, int64_t want, struct lw_error *e)
{
	return lw_fail(e, LW_E_STATE,
		       "state.db: %s is %lld, this program knows %lld only: use the "
		       "program that wrote it, or `init` a new enclave",
		       what, (long long)have, (long long)want);
}

/* The next of ours that the version has, from i on. */
static size_t next_object(const struct lw_state *s, size_t i)
{
	while (i < LW_COUNT_OF(schema) && !sql_of(i, s->version))
		i++;
	return i;
}

/* One row of sqlite_schema against the next of ours. */
static int same_object(const struct lw_state *s, sqlite3_stmt *st, size_t i, struct lw_error *e)
{
	struct lw_span name = lw_state_column_blob(st, 0);
	struct lw_span sql = lw_state_column_blob(st, 1);

	if (i < LW_COUNT_OF(schema) && lw_span_is(name, schema[i].name) &&
	    lw_span_is(sql, sql_of(i, s->version)))
		return 0;
	return lw_fail(
		e, LW_E_STATE,
		"state.db: its tables were changed by somebody (at '%s'): do not trust it",
		i < LW_COUNT_OF(schema) ? schema[i].name : "the end");
}

static int check_objects(struct lw_state *s, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	size_t i = next_object(s, 0);
	int rc = lw_state_walk(s,
			       "SELECT name, sql FROM sqlite_schema "
			       "WHERE sql IS NOT NULL ORDER BY name COLLATE BINARY",
			       NULL, 0, &st, e);

	while (!rc) {
		bool row;

		rc = lw_state_step(s, st, &row, e);
		if (rc)
			return rc;
		if (!row)
			break;
		rc = same_object(s, st, i, e);
		i = next_object(s, i + 1);
	}
	if (!rc && i < LW_COUNT_OF(schema))
		rc = lw_fail(e, LW_E_STATE, "state.db: the table '%s' is missing",
			     schema[i].name);
	return rc;
}

int lw_state_schema_check(struct lw_state *s, struct lw_error *e)
{
	int64_t application = 0;
	int rc = read_number(s, "PRAGMA application_id", &application, e);

	if (!rc && application != LW_STATE_APPLICATION)
		rc = fail_number("the application id", application, LW_STATE_APPLICATION, e);
	if (!rc)
		rc = read_number(s, "PRAGMA user_version", &s->version, e);
	if (!rc && (s->version < LW_STATE_OLDEST || s->version > LW_STATE_VERSION))
		rc = fail_number("the schema version", s->version, LW_STATE_VERSION, e);
	return rc ? rc : check_objects(s, e);
}

/* A table that became another: its rows go through memory. */
static int replace_table(struct lw_state *s, size_t i, struct lw_error *e)
{
	const char *name = schema[i].name;
	lw_auto_free char *keep = lw_asprintf(
		"CREATE TEMP TABLE kept AS SELECT * FROM main.%s; DROP TABLE main.%s", name,
		name);
	lw_auto_free char *back = lw_asprintf(
		"INSERT INTO main.%s SELECT * FROM temp.kept; DROP TABLE temp.kept", name);
	int rc = lw_state_exec(s, keep, e);

	if (!rc)
		rc = lw_state_exec(s, schema[i].sql, e);
	return rc ? rc : lw_state_exec(s, back, e);
}

static int raise_object(struct lw_state *s, size_t i, struct lw_error *e)
{
	const char *was = sql_of(i, s->version);

	if (!was)
		return lw_state_exec(s, schema[i].sql, e);
	return was == schema[i].sql ? 0 : replace_table(s, i, e);
}

int lw_state_schema_raise(struct lw_state *s, struct lw_error *e)
{
	int rc;

	if (s->version == LW_STATE_VERSION)
		return 0;
	rc = lw_state_exec(s, "BEGIN IMMEDIATE", e);
	for (size_t i = 0; !rc && i < LW_COUNT_OF(schema); i++)
		rc = raise_object(s, i, e);
	if (!rc)
		rc = lw_state_exec(s, "PRAGMA user_version = " STRING(LW_STATE_VERSION), e);
	if (!rc)
		rc = lw_state_commit(s, e);
	if (rc) {
		lw_state_rollback(s);
		return rc;
	}
	return lw_state_schema_check(s, e);
}
