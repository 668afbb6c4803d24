/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/repository.h"

#include "base/limits.h"
#include "base/num.h"
#include "base/text.h"
#include "base/tree.h"
#include "tuf/path.h"
#include "tuf/repository_internal.h"
#include "tuf/value.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#define TRIES 3 /* a reader whose folder is exchanged under it looks again */

int lw_repository_temp_name(char out[static LW_REPOSITORY_TEMP_NAME], struct lw_error *e)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return lw_fail_errno(e, "random name");
	(void)snprintf(out, LW_REPOSITORY_TEMP_NAME, "%s%016llx", LW_FS_TEMP_PREFIX,
		       (unsigned long long)random);
	return 0;
}

/* ---- making one ---- */

static int is_empty(int fd, bool *ret, struct lw_error *e)
{
	lw_auto_fd int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lw_auto_dir DIR *folder = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (!folder)
		return lw_fail_errno(e, "looking into the folder");
	(void)lw_steal_fd(&copy);
	*ret = true;
	while ((entry = readdir(folder)) != NULL)
		/* What one that died here may have left. */
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, "targets") != 0 &&
		    strncmp(entry->d_name, LW_FS_TEMP_PREFIX, strlen(LW_FS_TEMP_PREFIX)) != 0)
			*ret = false;
	return 0;
}

int lw_repository_create(const char *path, struct lw_error *e)
{
	lw_auto_fd int parent = -1, fd = -1;
	const char *name = NULL;
	bool empty = false;
	int r = lw_fs_open_parent(path, &parent, &name, e);

	if (r == 0)
		r = lw_fs_ensure_dir(parent, name, 0755, e);
	if (r == 0)
		r = lw_fs_open_dir(path, &fd, e);
	if (r == 0)
		r = is_empty(fd, &empty, e);
	if (r == 0 && !empty)
		r = lw_fail(e, LW_E_EXISTS, "there is something in it already");
	if (r == 0)
		r = lw_fs_ensure_dir(fd, "targets", 0755, e);
	return r < 0 ? lw_prefix(e, "%s", path) : 0;
}

/* ---- reading ---- */

static int read_file(struct lw_repository *r, const char *role, int64_t version,
		     struct lw_published *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf name = { 0 }, text = { 0 };
	uint8_t *kept;

	lw_path_metadata(role, version, &name);

	int code = lw_fs_read_beneath(r->metadata, lw_buf_str(&name), LW_MAX_TUF_METADATA_BYTES,
				      &text, e);

	if (code == -LW_E_NOTFOUND)
		return lw_fail(e, LW_E_STATE, "metadata/%s: not there, and it must be",
			       lw_buf_str(&name));
	if (code < 0)
		return lw_prefix(e, "metadata");
	kept = lw_arena_alloc(&r->arena, text.n + 1);
	memcpy(kept, lw_buf_str(&text), text.n);
	*ret = (struct lw_published){ .role = role,
				      .version = version,
				      .text = lw_span(kept, text.n) };
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* "12.root.json": 12; else 0. */
static uint64_t root_number(const char *name)
{
	size_t n = strspn(name, "0123456789");
	uint64_t number = 0;

	if (strcmp(name + n, ".root.json") != 0 ||
	    lw_num_u64(lw_span(name, n), 1, (uint64_t)LW_JSON_INTEGER_MAX, &number, NULL) < 0)
		return 0;
	return number;
}

static int read_roots(struct lw_repository *r, struct lw_error *e)
{
	lw_auto_fd int copy = openat(r->metadata, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lw_auto_dir DIR *folder = copy < 0 ? NULL : fdopendir(copy);
	lw_auto_free uint64_t *numbers = NULL;
	const struct dirent *entry;
	size_t n = 0;

	if (!folder)
		return lw_fail_errno(e, "metadata");
	(void)lw_steal_fd(&copy);
	while ((entry = readdir(folder)) != NULL) {
		uint64_t number = root_number(entry->d_name);

		if (number == 0)
			continue;
		numbers = lw_realloc_array(numbers, n + 1, sizeof(*numbers));
		numbers[n++] = number;
	}
	if (n == 0)
		return lw_fail(e, LW_E_NOTFOUND,
			       "metadata: no file like 1.root.json; want a repository with "
			       "consistent snapshots");
	lw_sort(numbers, n, sizeof(*numbers), by_number);
	r->roots = lw_arena_alloc(&r->arena, n * sizeof(*r->roots));
	for (size_t i = 0; i < n; i++) {
		int code = read_file(r, "root", (int64_t)(numbers[0] + i), &r->roots[i], e);

		if (code < 0)
			return code;
		r->n_roots++;
	}
	return 0;
}

static const struct lw_value *meta_of(struct lw_repository *r, const struct lw_published *file,
				      int *ret_code, struct lw_error *e)
{
	struct lw_value *tree = NULL;

	*ret_code = lw_value_parse(&r->arena, file->text, &tree, e);
	if (*ret_code < 0) {
		(void)lw_prefix(e, "metadata: %s", file->role);
		return NULL;
	}

	const struct lw_value *meta =
		lw_value_get_object(lw_value_get_object(tree, "signed"), "meta");
	if (!meta)
		*ret_code = lw_fail(e, LW_E_FORMAT, "metadata: %s: no \"meta\"", file->role);
	return meta;
}

static void add_role(struct lw_repository *r, const struct lw_published *p)
{
	r->roles[r->n_roles++] = *p;
}

/* The roles that the snapshot lists: "releases.json". */
static int read_listed(struct lw_repository *r, const struct lw_value *meta, struct lw_error *e)
{
	for (size_t i = 0; i < meta->n; i++) {
		size_t n = strlen(meta->list[i]->key);
		struct lw_published file;
		char *role, shown[128];

		if (n < 6 || strcmp(meta->list[i]->key + n - 5, ".json") != 0)
			return lw_fail(
				e, LW_E_FORMAT, "metadata: snapshot: lists '%s'",
				lw_text_escape_str(meta->list[i]->key, shown, sizeof(shown)));
		role = lw_arena_alloc(&r->arena, n - 4);
		memcpy(role, meta->list[i]->key, n - 5);
		role[n - 5] = '\0';
		/* Its place is elsewhere. */
		if (strcmp(role, "root") == 0 || strcmp(role, "timestamp") == 0 ||
		    strcmp(role, "snapshot") == 0)
			continue;

		int code = read_file(r, role, lw_value_get_integer(meta->list[i], "version"),
				     &file, e);
		if (code < 0)
			return code;
		add_role(r, &file);
	}
	return 0;
}

static int read_all(struct lw_repository *r, struct lw_error *e)
{
	struct lw_published timestamp = { 0 }, snapshot = { 0 };
	const struct lw_value *meta;
	int code = read_roots(r, e);

	if (code == 0)
		code = read_file(r, "timestamp", 0, &timestamp, e);
	meta = code == 0 ? meta_of(r, &timestamp, &code, e) : NULL;
	if (meta)
		code = read_file(r, "snapshot",
				 lw_value_get_integer(
					 lw_value_get_object(meta, "snapshot.json"), "version"),
				 &snapshot, e);
	meta = meta && code == 0 ? meta_of(r, &snapshot, &code, e) : NULL;
	if (!meta)
		return code;
	r->roles = lw_arena_alloc(&r->arena, (meta->n + 3) * sizeof(*r->roles));
	add_role(r, &r->roots[r->n_roots - 1]);
	add_role(r, &snapshot);
	add_role(r, &timestamp);
	return read_listed(r, meta, e);
}

/* Whether what was opened as metadata/ is metadata/ still. */
static bool is_current(const struct lw_repository *r)
{
	struct stat opened, now;

	return fstat(r->metadata, &opened) == 0 &&
	       fstatat(r->fd, "metadata", &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_ino == now.st_ino;
}

static int read_current(struct lw_repository *r, struct lw_error *e)
{
	int code = 0;

	for (int i = 0; i < TRIES; i++) {
		lw_arena_free(&r->arena);
		r->n_roots = r->n_roles = 0;
		if (r->metadata >= 0)
			(void)close(r->metadata);
		r->metadata = openat(r->fd, "metadata",
				     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (r->metadata < 0 && errno == ENOENT)
			return 0;
		if (r->metadata < 0)
			return lw_fail_errno(e, "metadata");
		code = read_all(r, e);
		if (code == 0 || is_current(r))
			return code;
	}
	return code;
}

static int open_as(const char *path, enum lw_repository_use use, struct lw_repository *r,
		   struct lw_error *e)
{
	struct stat st;

	r->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return lw_fail(e, LW_E_NOTFOUND, "no such folder");
	if (r->fd < 0)
		return lw_fail_errno(e, "open");
	if (fstatat(r->fd, "metadata", &st, AT_SYMLINK_NOFOLLOW) != 0 &&
	    fstatat(r->fd, "targets", &st, AT_SYMLINK_NOFOLLOW) != 0)
		return lw_fail(e, LW_E_NOTFOUND,
			       "no TUF repository: neither metadata/ nor "
			       "targets/ is in it");
	if (use == LW_REPOSITORY_WRITE) {
		if (flock(r->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
			return lw_fail(e, LW_E_BUSY, "another process writes there now");
		lw_tree_clear_dead(r->fd, LW_FS_TEMP_PREFIX, "");
	}
	return read_current(r, e);
}

int lw_repository_open(const char *path, enum lw_repository_use use, struct lw_repository **ret,
		       struct lw_error *e)
{
	LW_AUTO(repository) struct lw_repository *r = lw_alloc_array(1, sizeof(*r));

	r->fd = r->metadata = -1;
	if (open_as(path, use, r, e) < 0)
		return lw_prefix(e, "%s", path);
	*ret = lw_steal(r);
	return 0;
}

void lw_repository_close(struct lw_repository *r)
{
	if (!r)
		return;
	if (r->metadata >= 0)
		(void)close(r->metadata);
	if (r->fd >= 0)
		(void)close(r->fd);
	lw_arena_free(&r->arena);
	free(r);
}

size_t lw_repository_count(const struct lw_repository *r)
{
	return r->n_roles;
}

const struct lw_published *lw_repository_role(const struct lw_repository *r, size_t i)
{
	return &r->roles[i];
}

const struct lw_published *lw_repository_find(const struct lw_repository *r, const char *role)
{
	for (size_t i = 0; i < r->n_roles; i++)
		if (strcmp(r->roles[i].role, role) == 0)
			return &r->roles[i];
	return NULL;
}

size_t lw_repository_old_roots(const struct lw_repository *r, const struct lw_published **ret)
{
	*ret = r->roots;
	return r->n_roots ? r->n_roots - 1 : 0;
}

bool lw_repository_first_root(const struct lw_repository *r, struct lw_digest *ret)
{
	if (r->n_roots == 0 || r->roots[0].version != 1)
		return false;
	*ret = lw_digest_of(r->roots[0].text);
	return true;
}

int lw_repository_read(const struct lw_repository *r, const char *name, size_t max,
		       struct lw_buf *out, struct lw_error *e)
{
	return lw_fs_read_beneath(r->fd, name, max, out, e);
}

int lw_repository_forget(struct lw_repository *r, const char *name, struct lw_error *e)
{
	if (unlinkat(r->fd, name, 0) != 0 && errno != ENOENT)
		return lw_fail_errno(e, "%s", name);
	return lw_fs_sync(r->fd, name, e);
}
