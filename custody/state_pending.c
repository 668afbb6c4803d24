/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/state_pending.h"

#include "custody/state_internal.h"

#define NEEDS_SINCE 5 /* the version of the tables that has them */

#define COLUMNS                                                                                \
	"id, digest, sender, sequence, bytes, expires, begun, last, "                          \
	"(SELECT count(*) FROM pending_volume WHERE pending = id), "                           \
	"(SELECT coalesce(sum(size), 0) FROM pending_member WHERE pending = id AND kept = 0)"

static int read_pending(sqlite3_stmt *st, struct lw_state_pending *ret, struct lw_error *e)
{
	struct lw_state_pending p = {
		.id = sqlite3_column_int64(st, 0),
		.sequence = (uint64_t)sqlite3_column_int64(st, 3),
		.bytes = (uint64_t)sqlite3_column_int64(st, 4),
		.expires = sqlite3_column_int64(st, 5),
		.begun = sqlite3_column_int64(st, 6),
		.last = sqlite3_column_int64(st, 7),
		.volumes = (uint64_t)sqlite3_column_int64(st, 8),
		.staged_bytes = (uint64_t)sqlite3_column_int64(st, 9),
	};
	int rc = lw_state_column_digest(st, 1, &p.digest, e);

	if (!rc)
		rc = lw_state_column_text(st, 2, p.sender, sizeof(p.sender), e);
	if (!rc)
		*ret = p;
	return rc;
}

int lw_state_pending_get(struct lw_state *s, const struct lw_digest *digest,
			 struct lw_state_pending *ret, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	char text[LW_DIGEST_TEXT];
	bool row = false;
	int rc = lw_state_find(s, "SELECT " COLUMNS " FROM pending WHERE digest = ?1",
			       LW_ARGS(lw_arg_digest(digest)), &st, &row, e);

	if (rc)
		return rc;
	if (!row)
		return lw_fail(e, LW_E_NOTFOUND, "no volume of bundle %s is in",
			       lw_digest_text(digest, text));
	return read_pending(st, ret, e);
}

/* What was proven once is of that digest, whoever has approved the copy that is read now. */
#define KEEP(column)                                                                           \
	column " = iif(excluded.sender = '', pending." column ", excluded." column "), "
#define KEEP_PROVEN KEEP("sender") KEEP("sequence") KEEP("bytes") KEEP("expires")

int lw_state_pending_put(struct lw_state *s, const struct lw_state_pending *p, int64_t *ret_id,
			 struct lw_error *e)
{
	struct lw_state_pending now = { 0 };
	int rc = lw_state_change(
		s,
		"INSERT INTO pending "
		"(digest, sender, sequence, bytes, expires, begun, last) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (digest) DO UPDATE SET " KEEP_PROVEN
		"last = excluded.last",
		LW_ARGS(lw_arg_digest(&p->digest), lw_arg_text(p->sender),
			lw_arg_integer((int64_t)p->sequence), lw_arg_integer((int64_t)p->bytes),
			lw_arg_integer(p->expires), lw_arg_integer(p->begun),
			lw_arg_integer(p->last)),
		NULL, e);

	if (!rc)
		rc = lw_state_pending_get(s, &p->digest, &now, e);
	if (!rc)
		*ret_id = now.id;
	return rc;
}

int lw_state_pending_remove(struct lw_state *s, const struct lw_digest *digest,
			    struct lw_error *e)
{
	return lw_state_change(s, "DELETE FROM pending WHERE digest = ?1",
			       LW_ARGS(lw_arg_digest(digest)), NULL, e);
}

int lw_state_each_pending(struct lw_state *s,
			  int (*found)(void *data, const struct lw_state_pending *p,
				       struct lw_error *e),
			  void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_walk(s, "SELECT " COLUMNS " FROM pending ORDER BY begun, id", NULL, 0,
			       &st, e);

	while (!rc) {
		struct lw_state_pending p = { 0 };

		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;
		rc = read_pending(st, &p, e);
		if (!rc)
			rc = found(data, &p, e);
	}
	return rc;
}

/* Volumes */

int lw_state_pending_volume_add(struct lw_state *s, int64_t id, uint64_t volume,
				uint64_t members, struct lw_error *e)
{
	return lw_state_change(s,
			       "INSERT INTO pending_volume (pending, volume, members) "
			       "VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
			       LW_ARGS(lw_arg_integer(id), lw_arg_integer((int64_t)volume),
				       lw_arg_integer((int64_t)members)),
			       NULL, e);
}

int lw_state_each_pending_volume(struct lw_state *s, int64_t id,
				 int (*found)(void *data, uint64_t volume, uint64_t members,
					      uint64_t in, struct lw_error *e),
				 void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_walk(
		s,
		"SELECT v.volume, v.members, count(m.entry) FROM pending_volume AS v "
		"LEFT JOIN pending_member AS m ON m.pending = v.pending AND m.volume = v.volume "
		"WHERE v.pending = ?1 GROUP BY v.volume ORDER BY v.volume",
		LW_ARGS(lw_arg_integer(id)), &st, e);

	while (!rc) {
		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;
		rc = found(data, (uint64_t)sqlite3_column_int64(st, 0),
			   (uint64_t)sqlite3_column_int64(st, 1),
			   (uint64_t)sqlite3_column_int64(st, 2), e);
	}
	return rc;
}

/* Members */

int lw_state_pending_member_put(struct lw_state *s, int64_t id, const struct lw_state_member *m,
				struct lw_error *e)
{
	return lw_state_change(
		s,
		"INSERT INTO pending_member (pending, entry, piece, volume, size, kept) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (pending, entry, piece) "
		"DO UPDATE SET kept = min(kept, excluded.kept)",
		LW_ARGS(lw_arg_integer(id), lw_arg_integer((int64_t)m->entry),
			lw_arg_integer((int64_t)m->piece), lw_arg_integer((int64_t)m->volume),
			lw_arg_integer((int64_t)m->size), lw_arg_integer(m->kept)),
		NULL, e);
}

int lw_state_pending_member_remove(struct lw_state *s, int64_t id, uint64_t entry,
				   uint64_t piece, struct lw_error *e)
{
	return lw_state_change(
		s,
		"DELETE FROM pending_member WHERE pending = ?1 AND entry = ?2 AND piece = ?3",
		LW_ARGS(lw_arg_integer(id), lw_arg_integer((int64_t)entry),
			lw_arg_integer((int64_t)piece)),
		NULL, e);
}

int lw_state_pending_kept_forget(struct lw_state *s, struct lw_error *e)
{
	return lw_state_change(s, "DELETE FROM pending_member WHERE kept = 1", NULL, 0, NULL,
			       e);
}

int lw_state_each_pending_member(struct lw_state *s, int64_t id,
				 int (*found)(void *data, const struct lw_state_member *m,
					      struct lw_error *e),
				 void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_walk(s,
			       "SELECT entry, piece, volume, size, kept FROM pending_member "
			       "WHERE pending = ?1 ORDER BY entry, piece",
			       LW_ARGS(lw_arg_integer(id)), &st, e);

	while (!rc) {
		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;

		const struct lw_state_member m = {
			.entry = (uint64_t)sqlite3_column_int64(st, 0),
			.piece = (uint64_t)sqlite3_column_int64(st, 1),
			.volume = (uint64_t)sqlite3_column_int64(st, 2),
			.size = (uint64_t)sqlite3_column_int64(st, 3),
			.kept = sqlite3_column_int64(st, 4) != 0,
		};

		rc = found(data, &m, e);
	}
	return rc;
}

int lw_state_pending_is_staged(struct lw_state *s, const struct lw_digest *digest,
			       uint64_t entry, bool *ret, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_find(s,
			       "SELECT 1 FROM pending_member, pending WHERE digest = ?1 "
			       "AND pending = id AND entry = ?2 AND kept = 0 LIMIT 1",
			       LW_ARGS(lw_arg_digest(digest), lw_arg_integer((int64_t)entry)),
			       &st, &row, e);

	if (!rc)
		*ret = row;
	return rc;
}

/* Prerequisites */

int lw_state_pending_need_add(struct lw_state *s, int64_t id, uint64_t entry,
			      const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	return lw_state_change(s,
			       "INSERT INTO pending_need (pending, entry, digest, size) "
			       "VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
			       LW_ARGS(lw_arg_integer(id), lw_arg_integer((int64_t)entry),
				       lw_arg_digest(d), lw_arg_integer((int64_t)size)),
			       NULL, e);
}

int lw_state_each_pending_need(struct lw_state *s, int64_t id,
			       int (*found)(void *data, const struct lw_digest *d,
					    uint64_t size, bool in, struct lw_error *e),
			       void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	struct lw_digest d;
	bool row = false;
	int rc;

	if (s->version < NEEDS_SINCE)
		return 0;
	rc = lw_state_walk(
		s,
		"SELECT digest, size, "
		"EXISTS (SELECT 1 FROM blob AS b WHERE b.digest = n.digest AND b.size = n.size) "
		"OR EXISTS (SELECT 1 FROM pending_member AS m WHERE m.pending = n.pending "
		"AND m.entry = n.entry AND m.piece = 0) "
		"FROM pending_need AS n WHERE pending = ?1 ORDER BY entry",
		LW_ARGS(lw_arg_integer(id)), &st, e);
	while (!rc) {
		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;
		rc = lw_state_column_digest(st, 0, &d, e);
		if (!rc)
			rc = found(data, &d, (uint64_t)sqlite3_column_int64(st, 1),
				   sqlite3_column_int64(st, 2) != 0, e);
	}
	return rc;
}

/* Seals */

int lw_state_pending_seal_add(struct lw_state *s, int64_t id, struct lw_span seal,
			      struct lw_error *e)
{
	return lw_state_change(s,
			       "INSERT INTO pending_seal (pending, seal) VALUES (?1, ?2) "
			       "ON CONFLICT DO NOTHING",
			       LW_ARGS(lw_arg_integer(id), lw_arg_blob(seal)), NULL, e);
}

int lw_state_each_pending_seal(struct lw_state *s, int64_t id,
			       int (*found)(void *data, struct lw_span seal,
					    struct lw_error *e),
			       void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_walk(s, "SELECT seal FROM pending_seal WHERE pending = ?1",
			       LW_ARGS(lw_arg_integer(id)), &st, e);

	while (!rc) {
		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;
		rc = found(data, lw_state_column_blob(st, 0), e);
	}
	return rc;
}
