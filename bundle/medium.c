/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/medium.h"

#include "base/fs.h"

#include <sys/stat.h>

int lw_medium_open(const char *path, struct lw_medium *ret, int *ret_fd, struct lw_error *e)
{
	struct stat st;
	uint64_t size = 0;
	int fd = -1;
	int r = lw_fs_open_input(path, &fd, &size, e);

	if (r < 0)
		return r;
	ret->fd = fd;
	ret->size = size;
	ret->exact = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	atomic_init(&ret->bytes_read, 0);
	*ret_fd = fd;
	return 0;
}

int lw_medium_open_beneath(int folder, const char *name, struct lw_medium *ret, int *ret_fd,
			   struct lw_error *e)
{
	uint64_t size = 0;
	int fd = -1;
	int r = lw_fs_open_beneath(folder, name, &fd, &size, e);

	if (r < 0)
		return r;
	ret->fd = fd;
	ret->size = size;
	ret->exact = true;
	atomic_init(&ret->bytes_read, 0);
	*ret_fd = fd;
	return 0;
}

int lw_medium_read(struct lw_medium *m, void *p, size_t n, uint64_t offset, struct lw_error *e)
{
	size_t got;

	return lw_medium_read_some(m, p, n, offset, &got, e);
}

int lw_medium_read_some(struct lw_medium *m, void *p, size_t n, uint64_t offset, size_t *ret_n,
			struct lw_error *e)
{
	int r = lw_fs_pread_some(m->fd, p, n, offset, ret_n, e);

	atomic_fetch_add(&m->bytes_read, *ret_n);
	return r;
}
