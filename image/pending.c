/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pending.h"

#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/tree.h"
#include "image/store_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

struct lw_pending {
	struct lw_store *store;
	int dir;
};

#define BUNDLE_HEX 64
#define ENTRY_NAME 24

static const char *entry_name(size_t entry, char out[static ENTRY_NAME])
{
	(void)snprintf(out, ENTRY_NAME, "%zu", entry);
	return out;
}

int lw_pending_open(struct lw_store *s, const struct lw_digest *bundle, bool create,
		    struct lw_pending **ret, struct lw_error *e)
{
	char hex[BUNDLE_HEX + 1];
	int fd, r = 0;

	lw_digest_hex(bundle, hex);
	if (create)
		r = lw_fs_ensure_dir(s->pending, hex, 0700, e);
	if (r < 0)
		return r;
	fd = openat(s->pending, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return lw_fail(e, LW_E_NOTFOUND, "nothing is staged of sha256:%s", hex);
	if (fd < 0)
		return lw_fail_errno(e, "store/pending/%s", hex);

	struct lw_pending *p = lw_alloc(sizeof(*p));

	*p = (struct lw_pending){ .store = s, .dir = fd };
	*ret = p;
	return 0;
}

void lw_pending_close(struct lw_pending *p)
{
	if (!p)
		return;
	(void)close(p->dir);
	free(p);
}

int lw_pending_stage(struct lw_pending *p, size_t entry, bool fresh, int *ret_fd,
		     struct lw_error *e)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_CREAT | (fresh ? O_EXCL : 0);
	char name[ENTRY_NAME];
	int fd, r = 0;

	entry_name(entry, name);
	if (fresh) /* what a dead one left: never written over */
		r = lw_tree_remove(p->dir, name, e);
	if (r < 0)
		return r;
	if (!fresh) /* it was published, and the commit failed */
		(void)!fchmodat(p->dir, name, 0600, 0);
	fd = openat(p->dir, name, flags, 0600);
	if (fd < 0)
		return lw_fail_errno(e, "stage entry %s", name);
	*ret_fd = fd;
	return 0;
}

int lw_pending_read(struct lw_pending *p, size_t entry, int *ret_fd, uint64_t *ret_size,
		    struct lw_error *e)
{
	char name[ENTRY_NAME];

	return lw_fs_open_beneath(p->dir, entry_name(entry, name), ret_fd, ret_size, e);
}

int lw_pending_size(struct lw_pending *p, size_t entry, uint64_t *ret, struct lw_error *e)
{
	char name[ENTRY_NAME];
	struct stat st;

	if (fstatat(p->dir, entry_name(entry, name), &st, AT_SYMLINK_NOFOLLOW) == 0)
		*ret = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	else if (errno == ENOENT)
		*ret = 0;
	else
		return lw_fail_errno(e, "look at staged entry %s", name);
	return 0;
}

int lw_pending_sync(struct lw_pending *p, struct lw_error *e)
{
	int r;

	if (syncfs(p->dir) < 0)
		return lw_fail_errno(e, "make what is staged durable");
	r = lw_fs_sync(p->dir, "store/pending/...", e);
	return r < 0 ? r : lw_fs_sync(p->store->pending, "store/pending", e);
}

int lw_pending_publish(struct lw_pending *p, size_t entry, const struct lw_digest *d,
		       uint64_t size, struct lw_error *e)
{
	char name[ENTRY_NAME], hex[BUNDLE_HEX + 1];
	int r;

	entry_name(entry, name);
	r = lw_tree_remove(p->store->blobs, lw_digest_hex(d, hex), e);
	if (r < 0)
		return r;
	if (fchmodat(p->dir, name, 0444, 0) < 0 ||
	    linkat(p->dir, name, p->store->blobs, hex, 0) < 0) {
		if (errno == ENOENT)
			return lw_fail(e, LW_E_NOTFOUND, "sha256:%s is not staged", hex);
		return lw_fail_errno(e, "publish sha256:%s", hex);
	}
	return lw_store_require_placed(p->store, d, size, e);
}

/* ---- sweeping ---- */

static int sweep_files(int parent, const char *name, const struct lw_digest *bundle,
		       const struct lw_pending_keep *keep, struct lw_error *e)
{
	lw_auto_fd int dir =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	lw_auto_dir DIR *d = dir < 0 ? NULL : lw_store_list(dir);
	const struct dirent *entry;

	if (!d)
		return lw_fail_errno(e, "list store/pending/%s", name);
	while ((entry = lw_store_next(d)) != NULL) {
		uint64_t number = 0;
		bool stay = false;
		int r = 0;

		if (lw_num_u64(lw_span_str(entry->d_name), 0, LW_MAX_ENTRIES, &number, NULL) ==
		    0)
			r = keep->entry(keep->data, bundle, number, &stay, e);
		if (r == 0 && !stay)
			r = lw_tree_remove(dir, entry->d_name, e);
		if (r < 0)
			return r;
	}
	return errno ? lw_fail_errno(e, "list store/pending/%s", name) : 0;
}

static int sweep_folder(struct lw_store *s, const char *name,
			const struct lw_pending_keep *keep, struct lw_error *e)
{
	struct lw_digest bundle;
	struct stat st;
	bool stay = false;
	int r = 0;

	if (lw_hex_decode(lw_span_str(name), bundle.sha256, sizeof(bundle.sha256), NULL) == 0 &&
	    fstatat(s->pending, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		r = keep->bundle(keep->data, &bundle, &stay, e);
	if (r < 0)
		return r;
	return stay ? sweep_files(s->pending, name, &bundle, keep, e)
		    : lw_tree_remove(s->pending, name, e);
}

int lw_pending_sweep(struct lw_store *s, const struct lw_pending_keep *keep, struct lw_error *e)
{
	lw_auto_dir DIR *d = lw_store_list(s->pending);
	const struct dirent *entry;

	if (!d)
		return lw_fail_errno(e, "list store/pending");
	while ((entry = lw_store_next(d)) != NULL) {
		int r = sweep_folder(s, entry->d_name, keep, e);

		if (r < 0)
			return r;
	}
	return errno ? lw_fail_errno(e, "list store/pending") : 0;
}
