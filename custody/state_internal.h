/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CUSTODY_STATE_INTERNAL_H
#define LW_CUSTODY_STATE_INTERNAL_H

/* What custody/state*.c share, and nobody else includes: the one place that sees sqlite3.h. */

#include "base/mem.h"
#include "custody/state.h"

#include <sqlite3.h>

#define LW_STATE_APPLICATION 0x4c776b65 /* "Lwke", in the database's header */
#define LW_STATE_VERSION     6		/* of the schema, in user_version */
#define LW_STATE_OLDEST	     4		/* that a writer takes over */
#define LW_STATE_STATEMENTS  80

struct lw_state {
	sqlite3 *db;
	int dir;  /* borrowed */
	int lock; /* the writer's, held; -1 for readers */
	enum lw_state_mode mode;
	int64_t version; /* of the schema as it was found: older only for readers */
	/* Prepared once each, found again by the address of their text. */
	struct {
		const char *sql;
		sqlite3_stmt *stmt;
	} cache[LW_STATE_STATEMENTS];
	size_t n_cache;
};

/* An SQLite result code as ours: full disk NOSPACE, locked BUSY, damaged STATE ... */
int lw_state_fail(struct lw_state *s, int sqlite_code, const char *doing,
		  struct lw_error *e) LW_WARN_UNUSED;

/* Statement parameters ?1, ?2 ... in order; borrowed until the statement is reset. */
struct lw_arg {
	enum { LW_ARG_INTEGER, LW_ARG_TEXT, LW_ARG_BLOB } kind;
	int64_t integer;
	struct lw_span bytes;
};

static inline struct lw_arg lw_arg_integer(int64_t v)
{
	return (struct lw_arg){ .kind = LW_ARG_INTEGER, .integer = v };
}

static inline struct lw_arg lw_arg_text(const char *s)
{
	return (struct lw_arg){ .kind = LW_ARG_TEXT, .bytes = lw_span_str(s) };
}

static inline struct lw_arg lw_arg_blob(struct lw_span bytes)
{
	return (struct lw_arg){ .kind = LW_ARG_BLOB, .bytes = bytes };
}

static inline struct lw_arg lw_arg_digest(const struct lw_digest *d)
{
	return lw_arg_blob(lw_span(d->sha256, sizeof(d->sha256)));
}

#define LW_ARGS(...)                                                                           \
	(const struct lw_arg[]){ __VA_ARGS__ },                                                \
		LW_COUNT_OF(((const struct lw_arg[]){ __VA_ARGS__ }))

/* A cached statement with its parameters bound, before its first row. `sql` is a literal. The
 * result is the state's: declare it `LW_AUTO(reset)`; one use of a literal at a time. */
int lw_state_query(struct lw_state *s, const char *sql, const struct lw_arg *args, size_t n,
		   sqlite3_stmt **ret, struct lw_error *e) LW_WARN_UNUSED;
/* The same, prepared afresh and owned by the caller (`LW_AUTO(statement)`): for walks whose
 * callback may come back here. */
int lw_state_walk(struct lw_state *s, const char *sql, const struct lw_arg *args, size_t n,
		  sqlite3_stmt **ret, struct lw_error *e) LW_WARN_UNUSED;
/* The next row, if there is one. */
int lw_state_step(struct lw_state *s, sqlite3_stmt *st, bool *ret_row,
		  struct lw_error *e) LW_WARN_UNUSED;
/* A query with its first row, if there is one. *ret as lw_state_query. */
int lw_state_find(struct lw_state *s, const char *sql, const struct lw_arg *args, size_t n,
		  sqlite3_stmt **ret, bool *ret_row, struct lw_error *e) LW_WARN_UNUSED;
/* Runs a statement that changes something, within a transaction (else LW_E_INTERNAL).
 * ret_changed (may be NULL): rows. */
int lw_state_change(struct lw_state *s, const char *sql, const struct lw_arg *args, size_t n,
		    int *ret_changed, struct lw_error *e) LW_WARN_UNUSED;

/* Columns, checked: LW_E_STATE when the row holds something else than what we ever write. */
int lw_state_column_digest(sqlite3_stmt *st, int column, struct lw_digest *ret,
			   struct lw_error *e) LW_WARN_UNUSED;
int lw_state_column_text(sqlite3_stmt *st, int column, char *out, size_t size,
			 struct lw_error *e) LW_WARN_UNUSED;
struct lw_span lw_state_column_blob(sqlite3_stmt *st, int column);

/* custody/state_images.c: a row of these; detail and judgement are owned by *ret. */
#define LW_STATE_IMAGE_COLUMNS                                                                 \
	"image.id, name, image.digest, size, media_type, platforms, zone, bundle, record, "    \
	"accepted, superseded, total_bytes, detail, judgement, pending"
int lw_state_read_image(sqlite3_stmt *st, struct lw_state_image *ret,
			struct lw_error *e) LW_WARN_UNUSED;

/* custody/state_schema.c: makes the tables in an empty database; or checks that the tables
 * that are there are those, to the letter. */
int lw_state_schema_create(struct lw_state *s, struct lw_error *e) LW_WARN_UNUSED;
int lw_state_schema_check(struct lw_state *s, struct lw_error *e) LW_WARN_UNUSED;
/* Adds what an older version lacks, in one transaction; then its tables are those of now. */
int lw_state_schema_raise(struct lw_state *s, struct lw_error *e) LW_WARN_UNUSED;
/* One statement without parameters or rows, not cached. */
int lw_state_exec(struct lw_state *s, const char *sql, struct lw_error *e) LW_WARN_UNUSED;

/* custody/state_lock.c */
int lw_state_lock_take(int dir, int *ret_fd, struct lw_error *e) LW_WARN_UNUSED;
void lw_state_lock_release(int fd);

static inline void lw_auto_reset_(sqlite3_stmt **st)
{
	if (*st) {
		(void)sqlite3_reset(*st);
		(void)sqlite3_clear_bindings(*st);
	}
}

LW_DEFINE_AUTO(statement, sqlite3_stmt *, (void)sqlite3_finalize);

#endif
