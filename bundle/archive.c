/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/archive.h"

#include "base/mem.h"
#include "base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

/* libarchive's default of 10 KiB costs more than three times the wall time. */
#define BLOCK_BYTES (1 << 20)

struct lw_archive {
	struct archive *archive;
	struct archive_entry *entry;
	int (*write)(void *data, struct lw_span bytes, struct lw_error *e);
	void *data;
	struct lw_error why; /* of write */
};

static int failed(struct lw_archive *a, struct lw_error *e)
{
	const char *why = archive_error_string(a->archive);
	int code = archive_errno(a->archive);
	char shown[256];

	if (a->why.code) {
		*e = a->why;
		return -(int)e->code;
	}
	if (code == ENOSPC || code == EDQUOT || code == EIO) {
		errno = code;
		return lw_fail_errno(e, "writing the archive");
	}
	return lw_fail(e, LW_E_IO, "writing the archive: %s",
		       lw_text_escape_str(why ? why : "unknown", shown, sizeof(shown)));
}

static la_ssize_t hand_on(struct archive *archive, void *data, const void *p, size_t n)
{
	struct lw_archive *a = data;

	if (a->write(a->data, lw_span(p, n), &a->why) == 0)
		return (la_ssize_t)n;
	archive_set_error(archive, EIO, "%s", a->why.text);
	return -1;
}

static int open_archive(struct lw_archive *a, int fd)
{
	return a->write ? archive_write_open(a->archive, a, NULL, hand_on, NULL)
			: archive_write_open_fd(a->archive, fd);
}

static int new_archive(struct lw_archive *a, int fd, struct lw_error *e)
{
	a->archive = archive_write_new();
	a->entry = archive_entry_new();
	if (!a->archive || !a->entry)
		abort();
	if (archive_write_set_format_ustar(a->archive) != ARCHIVE_OK ||
	    archive_write_add_filter_none(a->archive) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(a->archive, BLOCK_BYTES) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(a->archive, 1) != ARCHIVE_OK ||
	    open_archive(a, fd) != ARCHIVE_OK)
		return failed(a, e);
	return 0;
}

int lw_archive_new(int fd, struct lw_archive **ret, struct lw_error *e)
{
	LW_AUTO(archive) struct lw_archive *a = lw_alloc_array(1, sizeof(*a));
	int r = new_archive(a, fd, e);

	if (r == 0)
		*ret = lw_steal(a);
	return r;
}

int lw_archive_new_to(int (*write)(void *data, struct lw_span bytes, struct lw_error *e),
		      void *data, struct lw_archive **ret, struct lw_error *e)
{
	LW_AUTO(archive) struct lw_archive *a = lw_alloc_array(1, sizeof(*a));

	a->write = write;
	a->data = data;

	int r = new_archive(a, -1, e);

	if (r == 0)
		*ret = lw_steal(a);
	return r;
}

void lw_archive_free(struct lw_archive *a)
{
	if (!a)
		return;
	archive_entry_free(a->entry);
	(void)archive_write_free(a->archive);
	free(a);
}

int lw_archive_member(struct lw_archive *a, const char *name, uint64_t size, struct lw_error *e)
{
	archive_entry_clear(a->entry);
	archive_entry_set_pathname(a->entry, name);
	archive_entry_set_filetype(a->entry, AE_IFREG);
	archive_entry_set_perm(a->entry, 0644);
	archive_entry_set_size(a->entry, (la_int64_t)size);
	archive_entry_set_mtime(a->entry, 0, 0);
	return archive_write_header(a->archive, a->entry) == ARCHIVE_OK ? 0 : failed(a, e);
}

int lw_archive_data(struct lw_archive *a, struct lw_span bytes, struct lw_error *e)
{
	la_ssize_t n = bytes.n ? archive_write_data(a->archive, bytes.p, bytes.n) : 0;

	if (n < 0)
		return failed(a, e);
	if ((size_t)n != bytes.n)
		return lw_fail(e, LW_E_INTERNAL, "archive: more bytes than the member's size");
	return 0;
}

int lw_archive_put(struct lw_archive *a, const char *name, struct lw_span bytes,
		   struct lw_error *e)
{
	int r = lw_archive_member(a, name, bytes.n, e);

	return r < 0 ? r : lw_archive_data(a, bytes, e);
}

int lw_archive_finish(struct lw_archive *a, struct lw_error *e)
{
	return archive_write_close(a->archive) == ARCHIVE_OK ? 0 : failed(a, e);
}
