/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/archive.h"

#include "base/fs.h"
#include "base/mem.h"
#include "bundle/format.h"

/* Many members are small. */
#define BLOCK_BYTES ((size_t)1 << 20)

struct lw_archive {
	int fd;
	uint64_t left, padding; /* what the member at hand has to come */
	size_t n;		/* bytes in the block */
	uint8_t block[BLOCK_BYTES];
};

struct lw_archive *lw_archive_new(int fd)
{
	struct lw_archive *a = lw_alloc_array(1, sizeof(*a));

	a->fd = fd;
	return a;
}

void lw_archive_free(struct lw_archive *a)
{
	free(a);
}

static int flush(struct lw_archive *a, struct lw_error *e)
{
	int r = lw_fs_write(a->fd, a->block, a->n, e);

	a->n = 0;
	return r < 0 ? lw_prefix(e, "the archive") : 0;
}

static int add(struct lw_archive *a, struct lw_span bytes, struct lw_error *e)
{
	int r = 0;

	while (bytes.n > 0 && r == 0) {
		size_t room = BLOCK_BYTES - a->n, n = bytes.n < room ? bytes.n : room;

		memcpy(a->block + a->n, bytes.p, n);
		bytes = lw_span(bytes.p + n, bytes.n - n);
		a->n += n;
		if (a->n == BLOCK_BYTES)
			r = flush(a, e);
	}
	return r;
}

/* The padding of the member before, whose bytes must all have come. */
static int end_member(struct lw_archive *a, struct lw_error *e)
{
	static const uint8_t zeros[LW_TAR_BLOCK];
	size_t padding = (size_t)a->padding;

	if (a->left > 0)
		return lw_fail(e, LW_E_INTERNAL, "archive: fewer bytes than the member's size");
	a->padding = 0;
	return add(a, lw_span(zeros, padding), e);
}

int lw_archive_member(struct lw_archive *a, const char *name, uint64_t size, struct lw_error *e)
{
	uint8_t header[LW_TAR_BLOCK];
	int r = end_member(a, e);

	if (r < 0)
		return r;
	lw_format_header(name, size, header);
	a->left = size;
	a->padding = lw_format_padding(size);
	return add(a, lw_span(header, sizeof(header)), e);
}

int lw_archive_data(struct lw_archive *a, struct lw_span bytes, struct lw_error *e)
{
	if (bytes.n > a->left)
		return lw_fail(e, LW_E_INTERNAL, "archive: more bytes than the member's size");
	a->left -= bytes.n;
	return add(a, bytes, e);
}

int lw_archive_put(struct lw_archive *a, const char *name, struct lw_span bytes,
		   struct lw_error *e)
{
	int r = lw_archive_member(a, name, bytes.n, e);

	return r < 0 ? r : lw_archive_data(a, bytes, e);
}

int lw_archive_finish(struct lw_archive *a, struct lw_error *e)
{
	static const uint8_t end[LW_TAR_END];
	int r = end_member(a, e);

	if (r == 0)
		r = add(a, lw_span(end, sizeof(end)), e);
	return r < 0 ? r : flush(a, e);
}
