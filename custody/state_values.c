/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/state_internal.h"

#include "base/limits.h"
#include "base/text.h"

/* Named values, trust files, senders, bundles, the book's leaves, the queue. */

#define TRUST_VERSION "trust.version"

/* Named values */

int lw_state_get(struct lw_state *s, const char *name, struct lw_buf *ret, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_find(s, "SELECT value FROM value WHERE name = ?1",
			       LW_ARGS(lw_arg_text(name)), &st, &row, e);

	if (rc)
		return rc;
	if (!row)
		return lw_fail(e, LW_E_NOTFOUND, "state.db: no value '%s'", name);
	if (sqlite3_column_type(st, 0) != SQLITE_BLOB)
		return lw_fail(e, LW_E_STATE, "state.db: the value '%s' is not bytes", name);
	struct lw_span b = lw_state_column_blob(st, 0);
	lw_buf_add(ret, b.p, b.n);
	return 0;
}

static const char set_value[] = "INSERT INTO value (name, value) VALUES (?1, ?2) "
				"ON CONFLICT (name) DO UPDATE SET value = excluded.value";

int lw_state_set(struct lw_state *s, const char *name, struct lw_span value, struct lw_error *e)
{
	return lw_state_change(s, set_value, LW_ARGS(lw_arg_text(name), lw_arg_blob(value)),
			       NULL, e);
}

int lw_state_unset(struct lw_state *s, const char *name, struct lw_error *e)
{
	return lw_state_change(s, "DELETE FROM value WHERE name = ?1",
			       LW_ARGS(lw_arg_text(name)), NULL, e);
}

int lw_state_get_integer(struct lw_state *s, const char *name, int64_t *ret, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_find(s, "SELECT value FROM value WHERE name = ?1",
			       LW_ARGS(lw_arg_text(name)), &st, &row, e);

	if (rc)
		return rc;
	if (row && sqlite3_column_type(st, 0) != SQLITE_INTEGER)
		return lw_fail(e, LW_E_STATE, "state.db: the value '%s' is not a number", name);
	*ret = row ? sqlite3_column_int64(st, 0) : 0;
	return 0;
}

int lw_state_set_integer(struct lw_state *s, const char *name, int64_t value,
			 struct lw_error *e)
{
	return lw_state_change(s, set_value, LW_ARGS(lw_arg_text(name), lw_arg_integer(value)),
			       NULL, e);
}

/* Trust files */

int lw_state_trust_get(struct lw_state *s, const char *name, struct lw_buf *ret,
		       struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_find(s, "SELECT bytes FROM trust WHERE name = ?1",
			       LW_ARGS(lw_arg_text(name)), &st, &row, e);
	char shown[128];

	if (rc)
		return rc;
	if (!row)
		return lw_fail(e, LW_E_NOTFOUND, "the enclave has no trust file '%s'",
			       lw_text_escape_str(name, shown, sizeof(shown)));
	struct lw_span b = lw_state_column_blob(st, 0);
	lw_buf_add(ret, b.p, b.n);
	return 0;
}

int lw_state_trust_set(struct lw_state *s, const char *name, struct lw_span bytes,
		       struct lw_error *e)
{
	int64_t version = 0;

	if (!lw_text_is_plain(lw_span_str(name)) || !name[0] || strlen(name) > 255)
		return lw_fail(e, LW_E_USAGE, "a trust file's name is 1 to 255 plain bytes");
	if (bytes.n > LW_MAX_POLICY_BYTES)
		return lw_fail(e, LW_E_LIMIT, "trust file '%s': %zu bytes, at most %zu", name,
			       bytes.n, LW_MAX_POLICY_BYTES);
	int rc = lw_state_change(s,
				 "INSERT INTO trust (name, bytes) VALUES (?1, ?2) "
				 "ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes",
				 LW_ARGS(lw_arg_text(name), lw_arg_blob(bytes)), NULL, e);
	if (!rc)
		rc = lw_state_get_integer(s, TRUST_VERSION, &version, e);
	return rc ? rc : lw_state_set_integer(s, TRUST_VERSION, version + 1, e);
}

int lw_state_trust_replace(struct lw_state *s, const struct lw_trust_file *files, size_t n,
			   struct lw_error *e)
{
	int64_t version = 0;
	int rc = lw_state_get_integer(s, TRUST_VERSION, &version, e);

	if (!rc)
		rc = lw_state_change(s, "DELETE FROM trust", NULL, 0, NULL, e);
	for (size_t i = 0; !rc && i < n; i++)
		rc = lw_state_trust_set(s, files[i].name, files[i].bytes, e);
	return rc ? rc : lw_state_set_integer(s, TRUST_VERSION, version + 1, e);
}

int lw_state_each_trust(struct lw_state *s,
			int (*found)(void *data, const struct lw_trust_file *file,
				     struct lw_error *e),
			void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_walk(s, "SELECT name, bytes FROM trust ORDER BY name", NULL, 0, &st,
			       e);

	while (!rc) {
		char name[256];

		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;
		rc = lw_state_column_text(st, 0, name, sizeof(name), e);

		struct lw_trust_file file = { name, lw_state_column_blob(st, 1) };

		if (!rc)
			rc = found(data, &file, e);
	}
	return rc;
}

/* Senders */

int lw_state_sender_floor(struct lw_state *s, const char *sender, uint64_t *ret,
			  struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_find(s, "SELECT floor FROM sender WHERE name = ?1",
			       LW_ARGS(lw_arg_text(sender)), &st, &row, e);

	if (rc)
		return rc;
	*ret = row ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
	return 0;
}

int lw_state_sender_raise(struct lw_state *s, const char *sender, uint64_t sequence,
			  struct lw_error *e)
{
	int changed = 0;

	if (!lw_text_is_label(lw_span_str(sender)))
		return lw_fail(e, LW_E_INTERNAL, "a sender that is no label");
	if (sequence > LW_MAX_SEQUENCE)
		return lw_fail(e, LW_E_LIMIT, "sequence %llu of sender '%s' is above %llu",
			       (unsigned long long)sequence, sender,
			       (unsigned long long)LW_MAX_SEQUENCE);
	int rc = sequence == 0
			 ? 0
			 : lw_state_change(
				   s,
				   "INSERT INTO sender (name, floor) VALUES (?1, ?2) "
				   "ON CONFLICT (name) DO UPDATE "
				   "SET floor = excluded.floor WHERE excluded.floor > floor",
				   LW_ARGS(lw_arg_text(sender),
					   lw_arg_integer((int64_t)sequence)),
				   &changed, e);
	if (!rc && !changed)
		rc = lw_fail(e, LW_E_STATE,
			     "the floor of sender '%s' would not rise with sequence %llu",
			     sender, (unsigned long long)sequence);
	return rc;
}

/* Accepted bundles */

int lw_state_bundle_get(struct lw_state *s, const struct lw_digest *digest,
			struct lw_state_bundle *ret, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	struct lw_state_bundle b = { .digest = *digest };
	char text[LW_DIGEST_TEXT];
	bool row = false;
	int rc = lw_state_find(s,
			       "SELECT sender, sequence, created, accepted, record "
			       "FROM bundle WHERE digest = ?1",
			       LW_ARGS(lw_arg_digest(digest)), &st, &row, e);

	if (rc)
		return rc;
	if (!row)
		return lw_fail(e, LW_E_NOTFOUND, "no bundle %s was accepted here",
			       lw_digest_text(digest, text));
	rc = lw_state_column_text(st, 0, b.sender, sizeof(b.sender), e);
	if (rc)
		return rc;
	b.sequence = (uint64_t)sqlite3_column_int64(st, 1);
	b.created = sqlite3_column_int64(st, 2);
	b.accepted = sqlite3_column_int64(st, 3);
	b.record = (uint64_t)sqlite3_column_int64(st, 4);
	*ret = b;
	return 0;
}

int lw_state_bundle_add(struct lw_state *s, const struct lw_state_bundle *b, struct lw_error *e)
{
	int changed = 0;
	char text[LW_DIGEST_TEXT];
	int rc = lw_state_change(
		s,
		"INSERT INTO bundle "
		"(digest, sender, sequence, created, accepted, record) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
		LW_ARGS(lw_arg_digest(&b->digest), lw_arg_text(b->sender),
			lw_arg_integer((int64_t)b->sequence), lw_arg_integer(b->created),
			lw_arg_integer(b->accepted), lw_arg_integer((int64_t)b->record)),
		&changed, e);

	if (!rc && !changed)
		rc = lw_fail(e, LW_E_EXISTS,
			     "bundle %s, or another with sequence %llu of sender '%s', was "
			     "accepted before",
			     lw_digest_text(&b->digest, text), (unsigned long long)b->sequence,
			     b->sender);
	return rc;
}

/* The book's leaves */

int lw_state_record_count(struct lw_state *s, uint64_t *ret, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_find(s, "SELECT idx + 1 FROM record ORDER BY idx DESC LIMIT 1", NULL,
			       0, &st, &row, e);

	if (rc)
		return rc;

	int64_t count = row ? sqlite3_column_int64(st, 0) : 0;
	if (count < 0 || count >= (int64_t)1 << 53)
		return lw_fail(e, LW_E_STATE, "state.db: a record of an impossible number");
	*ret = (uint64_t)count;
	return 0;
}

int lw_state_record_get(struct lw_state *s, uint64_t index, struct lw_buf *ret,
			struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_find(s, "SELECT leaf FROM record WHERE idx = ?1",
			       LW_ARGS(lw_arg_integer((int64_t)index)), &st, &row, e);

	if (rc)
		return rc;
	if (!row)
		return lw_fail(e, LW_E_NOTFOUND, "the book has no record %llu",
			       (unsigned long long)index);
	struct lw_span b = lw_state_column_blob(st, 0);
	lw_buf_add(ret, b.p, b.n);
	return 0;
}

int lw_state_record_add(struct lw_state *s, uint64_t index, struct lw_span leaf,
			struct lw_error *e)
{
	int changed = 0;
	int rc = lw_state_change(s,
				 "INSERT INTO record (idx, leaf) SELECT ?1, ?2 WHERE ?1 = "
				 "(SELECT coalesce(max(idx) + 1, 0) FROM record)",
				 LW_ARGS(lw_arg_integer((int64_t)index), lw_arg_blob(leaf)),
				 &changed, e);

	if (!rc && !changed)
		rc = lw_fail(e, LW_E_CONFLICT, "%llu is not the number of the next record",
			     (unsigned long long)index);
	return rc;
}

/* The queue */

int lw_state_queue_add(struct lw_state *s, const char *what, struct lw_error *e)
{
	return lw_state_change(s, "INSERT INTO queue (what) VALUES (?1) ON CONFLICT DO NOTHING",
			       LW_ARGS(lw_arg_text(what)), NULL, e);
}

static int next_work(struct lw_state *s, int64_t after, int64_t *ret_id, struct lw_buf *what,
		     struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc =
		lw_state_find(s, "SELECT id, what FROM queue WHERE id > ?1 ORDER BY id LIMIT 1",
			      LW_ARGS(lw_arg_integer(after)), &st, &row, e);

	if (rc)
		return rc;
	*ret_id = row ? sqlite3_column_int64(st, 0) : 0;
	if (row) {
		struct lw_span b = lw_state_column_blob(st, 1);

		lw_buf_clear(what);
		lw_buf_add(what, b.p, b.n);
	}
	return 0;
}

static int work_done(struct lw_state *s, int64_t id, struct lw_error *e)
{
	int rc = lw_state_begin(s, e);

	if (!rc)
		rc = lw_state_change(s, "DELETE FROM queue WHERE id = ?1",
				     LW_ARGS(lw_arg_integer(id)), NULL, e);
	if (!rc)
		rc = lw_state_commit(s, e);
	if (rc)
		lw_state_rollback(s);
	return rc;
}

int lw_state_queue_drain(struct lw_state *s,
			 int (*work)(void *data, const char *what, struct lw_error *e),
			 void *data, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf what = { 0 };
	struct lw_error first = { 0 };
	int64_t id = 0;

	if (!sqlite3_get_autocommit(s->db))
		return lw_fail(e, LW_E_INTERNAL, "state.db: draining inside a transaction");
	for (;;) {
		struct lw_error now = { 0 };
		int rc = next_work(s, id, &id, &what, e);

		if (rc)
			return rc;
		if (!id)
			break;
		rc = work(data, lw_buf_str(&what), &now);
		if (!rc)
			rc = work_done(s, id, &now);
		if (rc && !first.code)
			first = now;
	}
	if (first.code && e)
		*e = first;
	return -(int)first.code;
}
