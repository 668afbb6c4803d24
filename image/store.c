/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store.h"

#include "base/encode.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/threads.h"
#include "base/tree.h"
#include "image/index.h"
#include "image/store_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define BLOB_HEX 64

static int open_folder(int parent, const char *name, int *ret_fd, struct lw_error *e)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return lw_fail(e, LW_E_STATE, "store: the folder %s is missing", name);
	if (fd < 0)
		return lw_fail_errno(e, "store: open %s", name);
	*ret_fd = fd;
	return 0;
}

static int make_folder(int parent, const char *name, unsigned mode, int *ret_fd,
		       struct lw_error *e)
{
	int rc = lw_fs_ensure_dir(parent, name, mode, e);

	return rc ? rc : open_folder(parent, name, ret_fd, e);
}

static int make_store(struct lw_store *s, int enclave_dir, struct lw_error *e)
{
	lw_auto_fd int all = -1;
	LW_AUTO(buf) struct lw_buf index = { 0 };
	int rc = make_folder(enclave_dir, "store", 0755, &s->root, e);

	if (!rc)
		rc = make_folder(s->root, "blobs", 0755, &all, e);
	if (!rc)
		rc = make_folder(all, "sha256", 0755, &s->blobs, e);
	if (!rc)
		rc = make_folder(s->root, "incoming", 0700, &s->incoming, e);
	if (!rc)
		rc = make_folder(s->root, "pending", 0700, &s->pending, e);
	if (!rc)
		rc = lw_fs_publish(s->root, "oci-layout", lw_span_str(LW_INDEX_OCI_LAYOUT),
				   0644, e);
	if (!rc) {
		lw_index_write(&index, NULL, 0);
		rc = lw_fs_publish(s->root, "index.json", lw_buf_span(&index), 0644, e);
	}
	return rc;
}

/* An empty folder that many a backup leaves out: made again, or done without where nothing can
 * be written, and so nothing staged. */
static int find_staging(struct lw_store *s, const char *name, int *ret_fd, struct lw_error *e)
{
	struct lw_error ignored;
	struct stat st;

	if (fstatat(s->root, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT &&
	    lw_fs_ensure_dir(s->root, name, 0700, &ignored) < 0)
		return 0;
	return open_folder(s->root, name, ret_fd, e);
}

static int find_store(struct lw_store *s, int enclave_dir, struct lw_error *e)
{
	lw_auto_fd int all = -1;
	int rc = open_folder(enclave_dir, "store", &s->root, e);

	if (!rc)
		rc = open_folder(s->root, "blobs", &all, e);
	if (!rc)
		rc = open_folder(all, "sha256", &s->blobs, e);
	if (!rc)
		rc = find_staging(s, "incoming", &s->incoming, e);
	if (!rc)
		rc = find_staging(s, "pending", &s->pending, e);
	return rc;
}

int lw_store_open(int enclave_dir, bool create, struct lw_store **ret, struct lw_error *e)
{
	LW_AUTO(store) struct lw_store *s = lw_alloc(sizeof(*s));

	*s = (struct lw_store){ .root = -1, .blobs = -1, .incoming = -1, .pending = -1 };
	int rc = create ? make_store(s, enclave_dir, e) : find_store(s, enclave_dir, e);
	if (!rc)
		*ret = lw_steal(s);
	return rc;
}

void lw_store_close(struct lw_store *s)
{
	if (!s)
		return;
	lw_auto_fd_(&s->pending);
	lw_auto_fd_(&s->incoming);
	lw_auto_fd_(&s->blobs);
	lw_auto_fd_(&s->root);
	free(s);
}

#define STAGE_FLAGS (O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

int lw_store_place(struct lw_store *s, const struct lw_digest *d, int *ret_fd,
		   struct lw_error *e)
{
	char hex[BLOB_HEX + 1];
	int fd = openat(s->blobs, lw_digest_hex(d, hex), STAGE_FLAGS, 0444);

	if (fd < 0 && errno == EEXIST)
		return lw_fail(e, LW_E_EXISTS, "sha256:%s stands there already", hex);
	if (fd < 0)
		return lw_fail_errno(e, "stage sha256:%s", hex);
	*ret_fd = fd;
	return 0;
}

int lw_store_stage(struct lw_store *s, const struct lw_digest *d, int *ret_fd,
		   struct lw_error *e)
{
	char hex[BLOB_HEX + 1];
	int fd = openat(s->incoming, lw_digest_hex(d, hex), STAGE_FLAGS, 0444);

	if (fd < 0 && errno == EEXIST) {
		/* Never written over: somebody may still hold the old one open. */
		int rc = lw_tree_remove(s->incoming, hex, e);

		if (rc)
			return lw_prefix(e, "stage");
		fd = openat(s->incoming, hex, STAGE_FLAGS, 0444);
	}
	if (fd < 0)
		return lw_fail_errno(e, "stage sha256:%s", hex);
	*ret_fd = fd;
	return 0;
}

int lw_store_open_staged(struct lw_store *s, const struct lw_digest *d, int *ret_fd,
			 struct lw_error *e)
{
	char hex[BLOB_HEX + 1];
	uint64_t size;
	return lw_fs_open_beneath(s->incoming, lw_digest_hex(d, hex), ret_fd, &size, e);
}

int lw_store_sync_staged(struct lw_store *s, struct lw_error *e)
{
	/* By the folder that all end in. Where that is another file system than store/incoming,
	 * nothing can be renamed into it, but small ones are made there. */
	if (syncfs(s->blobs) < 0)
		return lw_fail_errno(e, "make the staged files durable");
	return 0;
}

int lw_store_publish(struct lw_store *s, const struct lw_digest *d, struct lw_error *e)
{
	char hex[BLOB_HEX + 1];

	lw_digest_hex(d, hex);
	if (renameat(s->incoming, hex, s->blobs, hex) < 0) {
		if (errno == ENOENT)
			return lw_fail(e, LW_E_NOTFOUND, "sha256:%s is not staged", hex);
		return lw_fail_errno(e, "publish sha256:%s", hex);
	}
	return 0;
}

int lw_store_require_placed(struct lw_store *s, const struct lw_digest *d, uint64_t size,
			    struct lw_error *e)
{
	char hex[BLOB_HEX + 1];
	struct stat st;

	if (fstatat(s->blobs, lw_digest_hex(d, hex), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return lw_fail_errno(e, "sha256:%s, which was staged", hex);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
		return lw_fail(e, LW_E_STATE, "sha256:%s is not what was staged", hex);
	return 0;
}

int lw_store_sync_published(struct lw_store *s, struct lw_error *e)
{
	return lw_fs_sync(s->blobs, "store/blobs/sha256", e);
}

size_t lw_store_readers(const struct lw_store *s)
{
	return lw_fs_is_slow_seek(s->blobs) ? 1 : LW_THREADS;
}

DIR *lw_store_list(int folder)
{
	lw_auto_fd int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d)
		(void)lw_steal_fd(&fd);
	return d;
}

const struct dirent *lw_store_next(DIR *d)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(d);
	} while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
	return entry;
}

/* Removes what stands in a folder under a name that begins like this. */
static int clear(int folder, const char *shown, const char *prefix, struct lw_error *e)
{
	lw_auto_dir DIR *d = lw_store_list(folder);
	const struct dirent *entry;

	if (!d)
		return lw_fail_errno(e, "list %s", shown);
	while ((entry = lw_store_next(d)) != NULL) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		int rc = lw_tree_remove(folder, entry->d_name, e);
		if (rc)
			return lw_prefix(e, "%s", shown);
	}
	return errno ? lw_fail_errno(e, "list %s", shown) : 0;
}

int lw_store_clear_staged(struct lw_store *s, struct lw_error *e)
{
	int rc = clear(s->incoming, "store/incoming", "", e);

	/* An index.json that was being written. */
	return rc ? rc : clear(s->root, "store", LW_FS_TEMP_PREFIX, e);
}

int lw_store_open_blob(struct lw_store *s, const struct lw_digest *d, int *ret_fd,
		       uint64_t *ret_size, struct lw_error *e)
{
	char hex[BLOB_HEX + 1];
	int rc = lw_fs_open_beneath(s->blobs, lw_digest_hex(d, hex), ret_fd, ret_size, e);

	return rc ? lw_prefix(e, "store") : 0;
}

int lw_store_remove(struct lw_store *s, const struct lw_digest *d, struct lw_error *e)
{
	char hex[BLOB_HEX + 1];

	return lw_tree_remove(s->blobs, lw_digest_hex(d, hex), e);
}

enum entry_kind { ENTRY_BLOB, ENTRY_OTHER, ENTRY_GONE };

/* A blob's file is a regular one, named like a digest. */
static int look_at(int folder, const char *name, enum entry_kind *ret, struct lw_digest *ret_d,
		   uint64_t *ret_size, struct lw_error *e)
{
	struct stat st;

	*ret = ENTRY_OTHER;
	if (lw_hex_decode(lw_span_str(name), ret_d->sha256, sizeof(ret_d->sha256), NULL) < 0)
		return 0;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return lw_fail_errno(e, "store: look at sha256:%s", name);
		*ret = ENTRY_GONE;
	} else if (S_ISREG(st.st_mode)) {
		*ret = ENTRY_BLOB;
		*ret_size = (uint64_t)st.st_size;
	}
	return 0;
}

int lw_store_each(struct lw_store *s,
		  int (*found)(void *data, const struct lw_digest *d, uint64_t size,
			       struct lw_error *e),
		  void *data, struct lw_error *e)
{
	lw_auto_dir DIR *d = lw_store_list(s->blobs);
	const struct dirent *entry;

	if (!d)
		return lw_fail_errno(e, "list store/blobs/sha256");
	while ((entry = lw_store_next(d)) != NULL) {
		struct lw_digest digest;
		enum entry_kind kind;
		uint64_t size = 0;

		int rc = look_at(s->blobs, entry->d_name, &kind, &digest, &size, e);
		if (!rc && kind == ENTRY_BLOB)
			rc = found(data, &digest, size, e);
		else if (!rc && kind == ENTRY_OTHER)
			rc = lw_tree_remove(s->blobs, entry->d_name, e);
		if (rc)
			return rc;
	}
	return errno ? lw_fail_errno(e, "list store/blobs/sha256") : 0;
}

int lw_store_write_index(struct lw_store *s, struct lw_span index, struct lw_error *e)
{
	return lw_fs_publish(s->root, "index.json", index, 0644, e);
}

int lw_store_free_bytes(struct lw_store *s, uint64_t *ret, struct lw_error *e)
{
	return lw_fs_free_bytes(s->root, ret, e);
}
