/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/state_internal.h"

#include "base/limits.h"
#include "base/text.h"

/* What is trusted of TUF repositories. */

int lw_state_tuf_get(struct lw_state *s, const char *repository, const struct lw_digest *first,
		     const char *role, struct lw_buf *ret_file, struct lw_buf *ret_halves,
		     struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_find(
		s,
		"SELECT file, halves FROM tuf "
		"WHERE repository = ?1 AND role = ?2 AND first = ?3",
		LW_ARGS(lw_arg_text(repository), lw_arg_text(role), lw_arg_digest(first)), &st,
		&row, e);

	if (rc)
		return rc;
	if (!row)
		return lw_fail(e, LW_E_NOTFOUND, "nothing is trusted of it yet");

	struct lw_span file = lw_state_column_blob(st, 0);
	struct lw_span halves = lw_state_column_blob(st, 1);

	lw_buf_add(ret_file, file.p, file.n);
	lw_buf_add(ret_halves, halves.p, halves.n);
	return 0;
}

int lw_state_tuf_set(struct lw_state *s, const char *repository, const struct lw_digest *first,
		     const char *role, struct lw_span file, struct lw_span halves,
		     struct lw_error *e)
{
	if (!lw_text_is_label(lw_span_str(repository)) || !role[0] ||
	    strlen(role) > LW_MAX_TUF_ROLE)
		return lw_fail(e, LW_E_INTERNAL, "no repository or no role");

	int rc = lw_state_change(s, "DELETE FROM tuf WHERE repository = ?1 AND first <> ?2",
				 LW_ARGS(lw_arg_text(repository), lw_arg_digest(first)), NULL,
				 e);

	return rc ? rc
		  : lw_state_change(
			    s,
			    "INSERT INTO tuf (repository, role, first, file, halves) "
			    "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (repository, role) "
			    "DO UPDATE SET file = excluded.file, halves = excluded.halves",
			    LW_ARGS(lw_arg_text(repository), lw_arg_text(role),
				    lw_arg_digest(first), lw_arg_blob(file),
				    lw_arg_blob(halves)),
			    NULL, e);
}

int lw_state_each_tuf_root(struct lw_state *s,
			   int (*found)(void *data, const char *repository,
					const struct lw_digest *first, struct lw_span halves,
					struct lw_error *e),
			   void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_walk(s,
			       "SELECT repository, first, halves FROM tuf WHERE role = 'root' "
			       "ORDER BY repository",
			       NULL, 0, &st, e);

	while (!rc) {
		char repository[65];
		struct lw_digest first;

		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;
		rc = lw_state_column_text(st, 0, repository, sizeof(repository), e);
		if (!rc)
			rc = lw_state_column_digest(st, 1, &first, e);
		if (!rc)
			rc = found(data, repository, &first, lw_state_column_blob(st, 2), e);
	}
	return rc;
}

int lw_state_tuf_remove(struct lw_state *s, const char *repository, const char *role,
			struct lw_error *e)
{
	return lw_state_change(s, "DELETE FROM tuf WHERE repository = ?1 AND role = ?2",
			       LW_ARGS(lw_arg_text(repository), lw_arg_text(role)), NULL, e);
}
