/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/state_internal.h"

#include "base/text.h"

/* Blobs and accepted images. */

typedef int (*blob_found)(void *data, const struct lw_digest *d, uint64_t size,
			  struct lw_error *e);

int lw_state_blob_has(struct lw_state *s, const struct lw_digest *d, bool *ret,
		      uint64_t *ret_size, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_find(s, "SELECT size FROM blob WHERE digest = ?1",
			       LW_ARGS(lw_arg_digest(d)), &st, &row, e);

	if (rc)
		return rc;
	*ret = row;
	if (row && ret_size)
		*ret_size = (uint64_t)sqlite3_column_int64(st, 0);
	return 0;
}

int lw_state_blob_add(struct lw_state *s, const struct lw_digest *d, uint64_t size,
		      struct lw_error *e)
{
	int changed = 0;
	bool has = false;
	uint64_t have = 0;
	char text[LW_DIGEST_TEXT];
	int rc = lw_state_change(
		s, "INSERT INTO blob (digest, size) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
		LW_ARGS(lw_arg_digest(d), lw_arg_integer((int64_t)size)), &changed, e);

	if (rc || changed)
		return rc;
	rc = lw_state_blob_has(s, d, &has, &have, e);
	if (!rc && have != size)
		rc = lw_fail(e, LW_E_CONFLICT, "blob %s: %llu bytes, the state says %llu",
			     lw_digest_text(d, text), (unsigned long long)size,
			     (unsigned long long)have);
	return rc;
}

int lw_state_blob_remove(struct lw_state *s, const struct lw_digest *d, struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];
	int changed = 0;
	int rc = lw_state_change(s,
				 "DELETE FROM blob WHERE digest = ?1 AND NOT EXISTS "
				 "(SELECT 1 FROM image_blob WHERE image_blob.digest = ?1) "
				 "AND NOT EXISTS "
				 "(SELECT 1 FROM pending_need WHERE pending_need.digest = ?1)",
				 LW_ARGS(lw_arg_digest(d)), &changed, e);
	bool has = false;

	if (rc || changed)
		return rc;
	rc = lw_state_blob_has(s, d, &has, NULL, e);
	if (rc)
		return rc;
	return lw_fail(e, has ? LW_E_CONFLICT : LW_E_NOTFOUND, "blob %s %s",
		       lw_digest_text(d, text),
		       has ? "belongs to an image, or is awaited by a bundle" : "is not here");
}

/* Rows of digest and size. */
static int walk_blobs(struct lw_state *s, const char *sql, const struct lw_arg *args, size_t n,
		      blob_found found, void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	struct lw_digest d;
	bool row = false;
	int rc = lw_state_walk(s, sql, args, n, &st, e);

	while (!rc) {
		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;
		rc = lw_state_column_digest(st, 0, &d, e);
		if (!rc)
			rc = found(data, &d, (uint64_t)sqlite3_column_int64(st, 1), e);
	}
	return rc;
}

int lw_state_each_blob(struct lw_state *s, bool unreferenced_only, blob_found found, void *data,
		       struct lw_error *e)
{
	return walk_blobs(s,
			  unreferenced_only
				  ? "SELECT digest, size FROM blob WHERE NOT EXISTS "
				    "(SELECT 1 FROM image_blob WHERE digest = blob.digest) "
				    "AND NOT EXISTS "
				    "(SELECT 1 FROM pending_need WHERE digest = blob.digest) "
				    "ORDER BY digest"
				  : "SELECT digest, size FROM blob ORDER BY digest",
			  NULL, 0, found, data, e);
}

int lw_state_each_held(struct lw_state *s, const char *sender, blob_found found, void *data,
		       struct lw_error *e)
{
	return sender ? walk_blobs(s,
				   "SELECT digest, size FROM blob WHERE EXISTS "
				   "(SELECT 1 FROM image_blob AS b "
				   "JOIN image ON image.id = b.image "
				   "JOIN bundle ON bundle.digest = image.bundle "
				   "WHERE b.digest = blob.digest AND bundle.sender = ?1) "
				   "ORDER BY size, digest",
				   LW_ARGS(lw_arg_text(sender)), found, data, e)
		      : walk_blobs(s,
				   "SELECT digest, size FROM blob WHERE EXISTS "
				   "(SELECT 1 FROM image_blob WHERE digest = blob.digest) "
				   "ORDER BY size, digest",
				   NULL, 0, found, data, e);
}

int lw_state_each_image_blob(struct lw_state *s, int64_t image, blob_found found, void *data,
			     struct lw_error *e)
{
	return walk_blobs(s,
			  "SELECT image_blob.digest, size FROM image_blob "
			  "JOIN blob ON blob.digest = image_blob.digest "
			  "WHERE image = ?1 ORDER BY image_blob.digest",
			  LW_ARGS(lw_arg_integer(image)), found, data, e);
}

int lw_state_image_blob(struct lw_state *s, int64_t image, const struct lw_digest *d,
			struct lw_error *e)
{
	return lw_state_change(s,
			       "INSERT INTO image_blob (image, digest) VALUES (?1, ?2) "
			       "ON CONFLICT DO NOTHING",
			       LW_ARGS(lw_arg_integer(image), lw_arg_digest(d)), NULL, e);
}

/* Images */

#define LIST_BYTES 600 /* of names in an error */

static int insert_image(struct lw_state *s, const struct lw_state_image *i, struct lw_error *e)
{
	return lw_state_change(
		s,
		"INSERT INTO image (name, digest, size, media_type, platforms, zone, bundle, "
		"record, accepted, superseded, total_bytes, detail, judgement, pending) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?11, ?12, 0) "
		"ON CONFLICT (name, digest) DO UPDATE SET size = excluded.size, "
		"media_type = excluded.media_type, platforms = excluded.platforms, "
		"zone = excluded.zone, bundle = excluded.bundle, record = excluded.record, "
		"accepted = excluded.accepted, superseded = 0, "
		"total_bytes = excluded.total_bytes, detail = excluded.detail, "
		"judgement = excluded.judgement, pending = 0",
		LW_ARGS(lw_arg_text(i->name), lw_arg_digest(&i->digest),
			lw_arg_integer((int64_t)i->size), lw_arg_text(i->media_type),
			lw_arg_text(i->platforms), lw_arg_text(i->zone),
			lw_arg_digest(&i->bundle), lw_arg_integer((int64_t)i->record),
			lw_arg_integer(i->accepted), lw_arg_integer((int64_t)i->total_bytes),
			lw_arg_text(i->detail ? i->detail : ""),
			lw_arg_text(i->judgement ? i->judgement : "")),
		NULL, e);
}

int lw_state_image_add(struct lw_state *s, const struct lw_state_image *i, int64_t *ret_id,
		       struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_change(s,
				 "UPDATE image SET superseded = 1 "
				 "WHERE name = ?1 AND superseded = 0 AND digest <> ?2",
				 LW_ARGS(lw_arg_text(i->name), lw_arg_digest(&i->digest)), NULL,
				 e);

	if (!rc)
		rc = insert_image(s, i, e);
	if (!rc)
		rc = lw_state_find(s, "SELECT id FROM image WHERE name = ?1 AND digest = ?2",
				   LW_ARGS(lw_arg_text(i->name), lw_arg_digest(&i->digest)),
				   &st, &row, e);
	if (!rc && !row)
		rc = lw_fail(e, LW_E_INTERNAL,
			     "state.db: an image that was added is not there");
	if (!rc)
		*ret_id = sqlite3_column_int64(st, 0);
	return rc;
}

static char *column_string(sqlite3_stmt *st, int column)
{
	struct lw_span text = lw_state_column_blob(st, column);

	return lw_strndup(text.p ? (const char *)text.p : "", text.n);
}

int lw_state_read_image(sqlite3_stmt *st, struct lw_state_image *ret, struct lw_error *e)
{
	int rc = lw_state_column_text(st, 1, ret->name, sizeof(ret->name), e);

	if (!rc)
		rc = lw_state_column_digest(st, 2, &ret->digest, e);
	if (!rc)
		rc = lw_state_column_text(st, 4, ret->media_type, sizeof(ret->media_type), e);
	if (!rc)
		rc = lw_state_column_text(st, 5, ret->platforms, sizeof(ret->platforms), e);
	if (!rc)
		rc = lw_state_column_text(st, 6, ret->zone, sizeof(ret->zone), e);
	if (!rc)
		rc = lw_state_column_digest(st, 7, &ret->bundle, e);
	if (rc)
		return rc;

	ret->id = sqlite3_column_int64(st, 0);
	ret->size = (uint64_t)sqlite3_column_int64(st, 3);
	ret->record = (uint64_t)sqlite3_column_int64(st, 8);
	ret->accepted = sqlite3_column_int64(st, 9);
	ret->superseded = sqlite3_column_int64(st, 10) != 0;
	ret->total_bytes = (uint64_t)sqlite3_column_int64(st, 11);
	ret->detail = column_string(st, 12);
	ret->judgement = column_string(st, 13);
	ret->pending = sqlite3_column_int64(st, 14) != 0;
	return 0;
}

void lw_state_image_release(struct lw_state_image *i)
{
	free(lw_steal(i->detail));
	free(lw_steal(i->judgement));
}

static int each_image(struct lw_state *s, const char *sql, const struct lw_arg *args, size_t n,
		      int (*found)(void *data, const struct lw_state_image *i,
				   struct lw_error *e),
		      void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = lw_state_walk(s, sql, args, n, &st, e);

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

int lw_state_each_image(struct lw_state *s,
			int (*found)(void *data, const struct lw_state_image *i,
				     struct lw_error *e),
			void *data, struct lw_error *e)
{
	return each_image(s,
			  "SELECT " LW_STATE_IMAGE_COLUMNS " FROM image "
			  "ORDER BY name, superseded, accepted DESC, id DESC",
			  NULL, 0, found, data, e);
}

int lw_state_each_image_named(struct lw_state *s, const char *name,
			      int (*found)(void *data, const struct lw_state_image *i,
					   struct lw_error *e),
			      void *data, struct lw_error *e)
{
	return each_image(s,
			  "SELECT " LW_STATE_IMAGE_COLUMNS " FROM image WHERE name = ?1 "
			  "ORDER BY superseded, accepted DESC, id DESC",
			  LW_ARGS(lw_arg_text(name)), found, data, e);
}

/* The only row of a query, or why there is none. */
static int only_image(struct lw_state *s, const char *which, const char *sql,
		      const struct lw_arg *args, size_t n, struct lw_state_image *ret,
		      struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	LW_AUTO(buf) struct lw_buf list = { 0 };
	LW_AUTO(image) struct lw_state_image image = { 0 };
	char shown[256], text[LW_DIGEST_TEXT];
	size_t rows = 0;
	bool row = false;
	int rc = lw_state_query(s, sql, args, n, &st, e);

	while (!rc) {
		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;
		LW_AUTO(image) struct lw_state_image next = { 0 };
		rc = lw_state_read_image(st, &next, e);
		if (!rc && list.n < LIST_BYTES)
			lw_buf_printf(&list, " %s@%s", next.name,
				      lw_digest_text(&next.digest, text));
		if (!rc && rows++ == 0) {
			image = next;
			next.detail = next.judgement = NULL;
		}
	}
	if (rc)
		return rc;
	lw_text_escape_str(which, shown, sizeof(shown));
	if (rows == 0)
		return lw_fail(e, LW_E_NOTFOUND, "no image '%s' was accepted here", shown);
	if (rows > 1)
		return lw_fail(e, LW_E_CONFLICT, "%zu images are '%s':%s", rows, shown,
			       lw_buf_str(&list));
	*ret = image;
	image.detail = image.judgement = NULL;
	return 0;
}

int lw_state_image_get(struct lw_state *s, const char *which, struct lw_state_image *ret,
		       struct lw_error *e)
{
	const char *at = strrchr(which, '@');
	const char *digest = at ? at + 1 : which;
	struct lw_digest d;

	if (!at && !lw_span_starts(lw_span_str(which), "sha256:"))
		return only_image(s, which,
				  "SELECT " LW_STATE_IMAGE_COLUMNS
				  " FROM image WHERE name = ?1 AND superseded = 0",
				  LW_ARGS(lw_arg_text(which)), ret, e);

	int rc = lw_digest_parse(lw_span_str(digest), &d, e);
	if (rc)
		return rc;
	if (!at)
		return only_image(s, which,
				  "SELECT " LW_STATE_IMAGE_COLUMNS
				  " FROM image WHERE digest = ?1 ORDER BY name",
				  LW_ARGS(lw_arg_digest(&d)), ret, e);
	lw_auto_free char *name = lw_strndup(which, (size_t)(at - which));
	return only_image(s, which,
			  "SELECT " LW_STATE_IMAGE_COLUMNS
			  " FROM image WHERE name = ?1 AND digest = ?2",
			  LW_ARGS(lw_arg_text(name), lw_arg_digest(&d)), ret, e);
}

int lw_state_image_promote(struct lw_state *s, int64_t image, const char *zone,
			   const char *judgement, struct lw_error *e)
{
	int changed = 0;
	int rc = lw_state_change(
		s, "UPDATE image SET zone = ?2, judgement = ?3, pending = 0 WHERE id = ?1",
		LW_ARGS(lw_arg_integer(image), lw_arg_text(zone), lw_arg_text(judgement)),
		&changed, e);

	if (!rc && !changed)
		rc = lw_fail(e, LW_E_NOTFOUND, "no such image in the state");
	return rc;
}

int lw_state_images_mark(struct lw_state *s, struct lw_error *e)
{
	return lw_state_change(s, "UPDATE image SET pending = 1", NULL, 0, NULL, e);
}

int lw_state_image_withhold(struct lw_state *s, int64_t image, struct lw_error *e)
{
	int changed = 0;
	int rc = lw_state_change(s, "UPDATE image SET pending = 1 WHERE id = ?1",
				 LW_ARGS(lw_arg_integer(image)), &changed, e);

	if (!rc && !changed)
		rc = lw_fail(e, LW_E_NOTFOUND, "no such image in the state");
	return rc;
}

int lw_state_image_remove(struct lw_state *s, int64_t image, struct lw_error *e)
{
	int changed = 0;
	int rc = lw_state_change(s, "DELETE FROM image WHERE id = ?1",
				 LW_ARGS(lw_arg_integer(image)), &changed, e);

	if (!rc && !changed)
		rc = lw_fail(e, LW_E_NOTFOUND, "no such image in the state");
	return rc;
}
