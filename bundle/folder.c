/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/folder.h"

#include "base/fs.h"
#include "base/mem.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>

#define SUFFIX ".lwb"

void lw_folder_release(struct lw_folder *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->names[i]);
	free(f->names);
	if (f->fd >= 0)
		(void)close(f->fd);
	*f = (struct lw_folder){ .fd = -1 };
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_bundle(const char *name)
{
	size_t n = strlen(name), suffix = strlen(SUFFIX);

	return name[0] != '.' && n > suffix && strcasecmp(name + n - suffix, SUFFIX) == 0;
}

static int add_entry(struct lw_folder *f, const char *name, struct lw_error *e)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (f->n + f->others >= LW_MAX_FOLDER_ENTRIES)
		return lw_fail(e, LW_E_LIMIT, "more than %llu entries",
			       (unsigned long long)LW_MAX_FOLDER_ENTRIES);
	if (!is_bundle(name)) {
		f->others++;
		return 0;
	}
	if (f->n == LW_MAX_FOLDER_BUNDLES)
		return lw_fail(e, LW_E_LIMIT, "more than %zu bundles", LW_MAX_FOLDER_BUNDLES);
	if (f->n % 64 == 0)
		f->names = lw_realloc_array(f->names, f->n + 64, sizeof(*f->names));
	f->names[f->n++] = lw_strdup(name);
	return 0;
}

static int list(struct lw_folder *f, const char *path, struct lw_error *e)
{
	lw_auto_dir DIR *d = NULL;
	lw_auto_fd int fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d)
		return lw_fail_errno(e, "%s", path);
	(void)lw_steal_fd(&fd);
	while (r == 0) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(d);
		if (!entry)
			return errno ? lw_fail_errno(e, "%s", path) : 0;
		r = add_entry(f, entry->d_name, e);
	}
	return lw_prefix(e, "%s", path);
}

int lw_folder_open(const char *path, struct lw_folder *ret, struct lw_error *e)
{
	LW_AUTO(folder) struct lw_folder f = { .fd = -1 };
	int r = lw_fs_open_dir(path, &f.fd, e);

	if (r == 0)
		r = list(&f, path, e);
	if (r < 0)
		return r;
	lw_sort(f.names, f.n, sizeof(*f.names), by_bytes);
	*ret = f;
	f = (struct lw_folder){ .fd = -1 };
	return 0;
}
