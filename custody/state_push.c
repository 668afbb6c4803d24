/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/state_internal.h"

/* What is still to be pushed to registries. */

int lw_state_push_add(struct lw_state *s, int64_t image, const char *registry,
		      const char *repository, struct lw_error *e)
{
	return lw_state_change(
		s,
		"INSERT INTO push (image, registry, repository) "
		"VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
		LW_ARGS(lw_arg_integer(image), lw_arg_text(registry), lw_arg_text(repository)),
		NULL, e);
}

int lw_state_push_done(struct lw_state *s, const struct lw_state_push *p, struct lw_error *e)
{
	return lw_state_change(s,
			       "DELETE FROM push WHERE image = ?1 AND registry = ?2 "
			       "AND repository = ?3",
			       LW_ARGS(lw_arg_integer(p->image), lw_arg_text(p->registry),
				       lw_arg_text(p->repository)),
			       NULL, e);
}

int lw_state_each_push(struct lw_state *s,
		       int (*found)(void *data, const struct lw_state_push *p,
				    struct lw_error *e),
		       void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc =
		lw_state_walk(s,
			      "SELECT push.image, push.registry, push.repository, "
			      "image.name, image.digest, image.total_bytes, "
			      "image.superseded FROM push "
			      "JOIN image ON image.id = push.image "
			      "ORDER BY push.registry, image.name, push.image, push.repository",
			      NULL, 0, &st, e);

	while (!rc) {
		struct lw_state_push p = { 0 };

		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;
		p.image = sqlite3_column_int64(st, 0);
		rc = lw_state_column_text(st, 1, p.registry, sizeof(p.registry), e);
		if (!rc)
			rc = lw_state_column_text(st, 2, p.repository, sizeof(p.repository), e);
		if (!rc)
			rc = lw_state_column_text(st, 3, p.name, sizeof(p.name), e);
		if (!rc)
			rc = lw_state_column_digest(st, 4, &p.digest, e);
		p.total_bytes = (uint64_t)sqlite3_column_int64(st, 5);
		p.superseded = sqlite3_column_int64(st, 6) != 0;
		if (!rc)
			rc = found(data, &p, e);
	}
	return rc;
}
