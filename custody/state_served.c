/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/state_internal.h"

/* What a registry asks: images by repository. */

/* A repository is a range of names, of which there is an index; ?1 and ?2 are its ends, ?3 the
 * name without a tag. */
#define IN_REPOSITORY "pending = 0 AND (name = ?3 OR (name >= ?1 AND name < ?2))"
#define BY_NAME	      "FROM image WHERE " IN_REPOSITORY
/* With a blob that is needed: what is common, a layer that thousands stand on or a repository
 * of thousands of tags, is looked through from the other side. */
#define BY_NAME_WITH_BLOB                                                                      \
	BY_NAME " AND EXISTS (SELECT 1 FROM image_blob WHERE image_blob.image = image.id "     \
		"AND image_blob.digest = ?4)"
#define BY_BLOB                                                                                \
	"FROM image_blob AS b CROSS JOIN image ON image.id = b.image "                         \
	"WHERE b.digest = ?4 AND " IN_REPOSITORY
#define COMMON "64"

/* ':' ends a repository in a name, and ';' comes after it. */
#define REPOSITORY_ARGS(repository)                                                            \
	lw_auto_free char *from_ = lw_asprintf("%s:", repository);                             \
	lw_auto_free char *to_ = lw_asprintf("%s;", repository);                               \
	const struct lw_arg args[] = { lw_arg_text(from_), lw_arg_text(to_),                   \
				       lw_arg_text(repository),                                \
				       needs ? lw_arg_digest(needs) : lw_arg_integer(0) };     \
	const size_t n_args = needs ? 4 : 3

int lw_state_each_served_name(struct lw_state *s,
			      int (*found)(void *data, const char *name, struct lw_error *e),
			      void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	char name[sizeof(((struct lw_state_image *)0)->name)];
	bool row = false;
	int rc = lw_state_walk(s, "SELECT name FROM image WHERE pending = 0 ORDER BY name",
			       NULL, 0, &st, e);

	while (!rc) {
		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;
		rc = lw_state_column_text(st, 0, name, sizeof(name), e);
		if (!rc)
			rc = found(data, name, e);
	}
	return rc;
}

/* Whether the only row of a query is there. */
static int is_there(struct lw_state *s, const char *sql, const struct lw_arg *args, size_t n,
		    bool *ret, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;

	return lw_state_find(s, sql, args, n, &st, ret, e);
}

static int is_common(struct lw_state *s, const struct lw_digest *d, bool *ret,
		     struct lw_error *e)
{
	return is_there(s, "SELECT 1 FROM image_blob WHERE digest = ?1 LIMIT 1 OFFSET " COMMON,
			LW_ARGS(lw_arg_digest(d)), ret, e);
}

int lw_state_each_served(struct lw_state *s, const char *repository,
			 const struct lw_digest *needs,
			 int (*found)(void *data, const struct lw_state_image *i,
				      struct lw_error *e),
			 void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	REPOSITORY_ARGS(repository);
	bool row = false, common = false;
	int rc = needs ? is_common(s, needs, &common, e) : 0;

	if (!rc)
		rc = lw_state_walk(s,
				   !needs   ? "SELECT " LW_STATE_IMAGE_COLUMNS " " BY_NAME
				   : common ? "SELECT " LW_STATE_IMAGE_COLUMNS
					      " " BY_NAME_WITH_BLOB
					    : "SELECT " LW_STATE_IMAGE_COLUMNS " " BY_BLOB,
				   args, n_args, &st, e);
	while (!rc) {
		LW_AUTO(image) struct lw_state_image image = { 0 };

		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;
		rc = lw_state_read_image(st, &image, e);
		if (!rc)
			rc = found(data, &image, e);
	}
	return rc;
}

int lw_state_is_served(struct lw_state *s, const char *repository,
		       const struct lw_digest *needs, bool *ret, struct lw_error *e)
{
	REPOSITORY_ARGS(repository);
	bool common = false;
	int rc = needs ? is_common(s, needs, &common, e) : 0;

	return rc ? rc
		  : is_there(s,
			     !needs   ? "SELECT 1 " BY_NAME " LIMIT 1"
			     : common ? "SELECT 1 " BY_NAME_WITH_BLOB " LIMIT 1"
				      : "SELECT 1 " BY_BLOB " LIMIT 1",
			     args, n_args, ret, e);
}

int lw_state_served_get(struct lw_state *s, const char *name, struct lw_state_image *ret,
			struct lw_error *e)
{
	LW_AUTO(image) struct lw_state_image image = { 0 };
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_find(s,
			       "SELECT " LW_STATE_IMAGE_COLUMNS " FROM image "
			       "WHERE name = ?1 AND superseded = 0 AND pending = 0",
			       LW_ARGS(lw_arg_text(name)), &st, &row, e);

	if (!rc && !row)
		rc = lw_fail(e, LW_E_NOTFOUND, "no such image");
	if (!rc)
		rc = lw_state_read_image(st, &image, e);
	if (rc)
		return rc;
	*ret = image;
	image.detail = image.judgement = NULL;
	return 0;
}

int lw_state_data_version(struct lw_state *s, int64_t *ret, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_find(s, "PRAGMA data_version", NULL, 0, &st, &row, e);

	if (!rc && !row)
		rc = lw_fail(e, LW_E_STATE, "state.db: no data_version");
	if (!rc)
		*ret = sqlite3_column_int64(st, 0);
	return rc;
}

int lw_state_require_same(struct lw_state *s, struct lw_error *e)
{
	int moved = 1;
	int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);

	if (rc != SQLITE_OK || moved)
		return lw_fail(e, LW_E_STATE,
			       "state.db is gone, or another file since it was opened");
	return 0;
}
