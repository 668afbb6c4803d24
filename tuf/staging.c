/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/staging.h"

#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/text.h"
#include "tuf/change_internal.h"

#include <string.h>

void lw_staging_close(struct lw_staging *s)
{
	lw_change_clear(&s->change);
	lw_repository_close(s->repository);
	free(s->file);
	*s = (struct lw_staging){ 0 };
}

/* ---- files ---- */

int lw_staging_read(const char *file, struct lw_change *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	int r = lw_fs_read_path(file, LW_MAX_TUF_CHANGE_BYTES, &text, e);

	if (r < 0)
		return r;
	r = lw_change_parse(lw_buf_span(&text), ret, e);
	return r < 0 ? lw_prefix(e, "%s", LW_CHANGE_SHOW(file)) : 0;
}

int lw_staging_write(const char *file, const struct lw_change *c, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	lw_auto_fd int folder = -1;
	const char *name = NULL;
	int r = lw_fs_open_parent(file, &folder, &name, e);

	for (size_t i = 0; r == 0 && i < c->n; i++)
		if (c->roles[i].base_text.n > LW_MAX_JSON_STRING)
			r = lw_fail(e, LW_E_LIMIT, "%s: %zu bytes, want at most %zu",
				    LW_CHANGE_SHOW(c->roles[i].name), c->roles[i].base_text.n,
				    LW_MAX_JSON_STRING);
	lw_change_print(c, &text);
	if (r == 0 && text.n > LW_MAX_TUF_CHANGE_BYTES)
		r = lw_fail(e, LW_E_LIMIT, "a change of %zu bytes, want at most %zu", text.n,
			    LW_MAX_TUF_CHANGE_BYTES);
	if (r == 0)
		r = lw_fs_publish(folder, name, lw_buf_span(&text), 0644, e);
	return r < 0 ? lw_prefix(e, "%s", LW_CHANGE_SHOW(file)) : 0;
}

/* ---- opening ---- */

static int open_repository(const char *repository, const char *file, struct lw_staging *s,
			   struct lw_error *e)
{
	int r = lw_repository_open(repository, LW_REPOSITORY_WRITE, &s->repository, e);

	if (r == 0)
		r = lw_change_of_repository(s->repository, &s->change, e);
	if (r < 0)
		return r;
	s->file = file ? lw_strdup(file) : lw_asprintf("%s/%s", repository, LW_CHANGE_FILE);
	return 0;
}

/* The default file, where it holds what has been published: a copy may have been named. Where
 * it cannot be removed, the next to open it sees that it is done. */
static void forget_default(struct lw_staging *s, const struct lw_change *done)
{
	LW_AUTO(change) struct lw_change there = { 0 };
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_digest published = lw_change_digest(done), staged;

	if (lw_repository_read(s->repository, LW_CHANGE_FILE, LW_MAX_TUF_CHANGE_BYTES, &text,
			       NULL) < 0 ||
	    lw_change_parse(lw_buf_span(&text), &there, NULL) < 0)
		return;
	staged = lw_change_digest(&there);
	if (lw_digest_equal(&published, &staged))
		(void)!lw_repository_forget(s->repository, LW_CHANGE_FILE, NULL);
}

/* The change onto the repository, if it was made on that. */
static int put_on(struct lw_staging *s, const struct lw_change *staged, bool *ret_done,
		  struct lw_error *e)
{
	int r = lw_change_fits(staged, &s->change, ret_done, e);

	if (r < 0)
		return lw_prefix(e, "%s", LW_CHANGE_SHOW(s->file));
	if (*ret_done)
		forget_default(s, staged);
	else
		lw_change_onto(&s->change, staged);
	s->is_staged = !*ret_done;
	return 0;
}

int lw_staging_open(const char *repository, const char *file, struct lw_staging *ret,
		    struct lw_error *e)
{
	LW_AUTO(staging) struct lw_staging s = { 0 };
	LW_AUTO(change) struct lw_change staged = { 0 };
	bool done = false;
	int r = open_repository(repository, file, &s, e);

	if (r < 0)
		return r;
	r = lw_staging_read(s.file, &staged, e);
	if (r == 0)
		r = put_on(&s, &staged, &done, e);
	else if (r == -LW_E_NOTFOUND)
		r = 0;
	if (r == 0 && done && file)
		r = lw_fail(e, LW_E_CONFLICT,
			    "%s: this change has been published: name another file",
			    LW_CHANGE_SHOW(file));
	if (r < 0)
		return r;
	*ret = s;
	s = (struct lw_staging){ 0 };
	return 0;
}

int lw_staging_open_copies(const char *repository, const char *const *files, size_t n,
			   struct lw_staging *ret, bool *ret_done, struct lw_error *e)
{
	LW_AUTO(staging) struct lw_staging s = { 0 };
	LW_AUTO(change) struct lw_change first = { 0 };
	int r = open_repository(repository, n ? files[0] : NULL, &s, e);

	if (r == 0)
		r = lw_staging_read(s.file, &first, e);
	for (size_t i = 1; r == 0 && i < n; i++) {
		LW_AUTO(change) struct lw_change copy = { 0 };
		size_t added = 0;

		r = lw_staging_read(files[i], &copy, e);
		if (r < 0)
			break;
		r = lw_change_merge(&first, &copy, &added, e);
		if (r < 0)
			(void)lw_prefix(e, "%s", LW_CHANGE_SHOW(files[i]));
	}
	if (r == 0)
		r = put_on(&s, &first, ret_done, e);
	if (r < 0)
		return r;
	*ret = s;
	s = (struct lw_staging){ 0 };
	return 0;
}

int lw_staging_save(struct lw_staging *s, struct lw_error *e)
{
	return lw_staging_write(s->file, &s->change, e);
}

/* ---- publishing ---- */

/* The bytes of all that is newly named. */
static int check_targets(struct lw_staging *s, const struct lw_change_role *role,
			 struct lw_error *e)
{
	const struct lw_value *targets = lw_value_get_object(role->next->body, "targets");
	const struct lw_value *before =
		role->base ? lw_value_get_object(role->base->body, "targets") : NULL;

	for (size_t i = 0; targets && i < targets->n; i++) {
		const struct lw_value *t = targets->list[i];
		const char *hex =
			lw_value_get_string(lw_value_get_object(t, "hashes"), "sha256");
		struct lw_digest digest;
		int r = 0;

		if (lw_change_is_elsewhere(&s->change, t->key) ||
		    lw_value_equal(lw_value_get(before, t->key), t))
			continue;
		r = hex ? lw_hex_decode(lw_span_str(hex), digest.sha256, sizeof(digest.sha256),
					e)
			: lw_fail(e, LW_E_FORMAT, "%s: no sha256", LW_CHANGE_SHOW(t->key));
		if (r == 0)
			r = lw_repository_check_target(
				s->repository, t->key, &digest,
				(uint64_t)lw_value_get_integer(t, "length"), e);
		if (r < 0)
			return r;
	}
	return 0;
}

static size_t most_bytes(const char *role)
{
	return strcmp(role, "root") == 0	? LW_MAX_TUF_ROOT_BYTES
	       : strcmp(role, "timestamp") == 0 ? LW_MAX_TUF_TIMESTAMP_BYTES
	       : strcmp(role, "snapshot") == 0	? LW_MAX_TUF_OUR_SNAPSHOT_BYTES
						: LW_MAX_TUF_OUR_TARGETS_BYTES;
}

static int write_documents(struct lw_staging *s, struct lw_error *e)
{
	struct lw_change *c = &s->change;
	size_t n = 0;
	lw_auto_free struct lw_published *files = lw_alloc_array(c->n + 1, sizeof(*files));

	for (size_t i = 0; i < c->n; i++) {
		LW_AUTO(buf) struct lw_buf text = { 0 };
		uint8_t *kept;

		if (!c->roles[i].next)
			continue;
		lw_metafile_print(c->roles[i].next, &text);
		if (text.n > most_bytes(c->roles[i].name))
			return lw_fail(e, LW_E_LIMIT,
				       "%s: %zu bytes, and clients take %zu: delegate to bins",
				       LW_CHANGE_SHOW(c->roles[i].name), text.n,
				       most_bytes(c->roles[i].name));
		kept = lw_arena_alloc(&c->arena, text.n);
		memcpy(kept, text.p, text.n);
		files[n++] = (struct lw_published){
			.role = c->roles[i].name,
			.version = lw_metafile_version(c->roles[i].next),
			.text = lw_span(kept, text.n),
		};
	}
	return lw_repository_publish(s->repository, files, n, e);
}

int lw_staging_publish(struct lw_staging *s, int64_t now_sec, bool *ret_published,
		       struct lw_error *e)
{
	struct lw_change *c = &s->change;
	bool complete = false;
	int r = lw_change_check(c, now_sec, e);

	if (r == 0)
		r = lw_change_complete(c, &complete, e);
	for (size_t i = 0; r == 0 && i < c->n; i++)
		if (complete && c->roles[i].next)
			r = check_targets(s, &c->roles[i], e);
	if (r == 0 && complete)
		r = write_documents(s, e);
	if (r == 0 && complete)
		forget_default(s, c);
	if (r == 0)
		*ret_published = complete;
	return r;
}
