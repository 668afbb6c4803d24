/* SPDX-License-Identifier: Apache-2.0 */
#include "image/layout.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/catalog.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

int lw_layout_take_header(struct lw_layout *l, struct lw_span bytes, struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *d = NULL;
	int r = l->reader->read(l->reader->data, bytes, LW_MEDIA_TYPE_LAYOUT, &d, e);

	if (r < 0 || !d)
		return lw_prefix(e, LW_LAYOUT_HEADER);
	if (strcmp(d->media_type, LW_MEDIA_TYPE_LAYOUT) != 0)
		return lw_fail(e, LW_E_JAIL, LW_LAYOUT_HEADER " was read as something else");
	return 0;
}

int lw_layout_take_index(struct lw_layout *l, struct lw_span bytes, struct lw_error *e)
{
	int r = l->reader->read(l->reader->data, bytes, NULL, &l->index, e);

	if (r < 0)
		return lw_prefix(e, LW_LAYOUT_INDEX);
	if (l->index->kind != LW_MEDIA_INDEX)
		return lw_fail(e, LW_E_JAIL, LW_LAYOUT_INDEX " was read as something else");
	return 0;
}

/* The files of the layout itself. */
static int read_files(struct lw_layout *l, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf header = { 0 }, index = { 0 };
	int r = lw_fs_read_beneath(l->dir, LW_LAYOUT_HEADER, LW_MAX_MANIFEST_BYTES, &header, e);

	if (r == 0)
		r = lw_layout_take_header(l, lw_buf_span(&header), e);
	if (r == 0)
		r = lw_fs_read_beneath(l->dir, LW_LAYOUT_INDEX, LW_MAX_INDEX_BYTES, &index, e);
	return r < 0 ? r : lw_layout_take_index(l, lw_buf_span(&index), e);
}

/* A folder beneath, not through a link; -1 where there is none. */
static int open_folder(int dir, const char *name, const char *shown, int *ret,
		       struct lw_error *e)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return lw_fail(e, LW_E_FORMAT, "%s is not a folder", shown);
	if (fd < 0 && errno != ENOENT)
		return lw_fail_errno(e, "%s", shown);
	*ret = fd;
	return 0;
}

static int open_blobs(struct lw_layout *l, struct lw_error *e)
{
	lw_auto_fd int blobs = -1;
	int r = open_folder(l->dir, "blobs", "blobs", &blobs, e);

	return r < 0 || blobs < 0 ? r
				  : open_folder(blobs, "sha256", "blobs/sha256", &l->blobs, e);
}

struct lw_layout *lw_layout_new(enum lw_source_kind kind, const char *path,
				const struct lw_document_reader *reader)
{
	struct lw_layout *l = lw_alloc_array(1, sizeof(*l));

	l->kind = kind;
	l->path = lw_strdup(path);
	l->dir = l->blobs = l->file = l->made = -1;
	l->reader = reader;
	return l;
}

int lw_layout_open(const char *dir, const struct lw_document_reader *reader,
		   struct lw_layout **ret, struct lw_error *e)
{
	LW_AUTO(layout) struct lw_layout *l = lw_layout_new(LW_SOURCE_OCI, dir, reader);
	char shown[160];
	int r = lw_fs_open_dir(dir, &l->dir, e);

	if (r < 0)
		return r;
	if ((r = read_files(l, e)) < 0 || (r = open_blobs(l, e)) < 0)
		return lw_prefix(e, "image layout %s",
				 lw_text_escape_str(dir, shown, sizeof(shown)));
	lw_names_build(l);
	*ret = lw_steal(l);
	return 0;
}

int lw_layout_open_source(const struct lw_source *s, int room,
			  const struct lw_document_reader *reader, struct lw_layout **ret,
			  struct lw_error *e)
{
	switch (s->kind) {
	case LW_SOURCE_DIR:
		return lw_layout_open_dir(s->path, reader, ret, e);
	case LW_SOURCE_OCI_ARCHIVE:
	case LW_SOURCE_DOCKER_ARCHIVE:
		return lw_layout_open_archive(s, room, reader, ret, e);
	case LW_SOURCE_OCI:
	case LW_SOURCE_COUNT:
		break;
	}
	return lw_layout_open(s->path, reader, ret, e);
}

void lw_layout_close(struct lw_layout *l)
{
	if (!l)
		return;
	lw_auto_fd_(&l->dir);
	lw_auto_fd_(&l->blobs);
	lw_auto_fd_(&l->file);
	lw_auto_fd_(&l->made);
	lw_catalog_free(l->catalog);
	lw_document_free(l->index);
	free(l->held);
	free(l->names);
	free(l->path);
	free(l);
}

/* Ranges. */

static int compare_held(const void *a, const void *b)
{
	return lw_digest_compare(&((const struct lw_held *)a)->digest,
				 &((const struct lw_held *)b)->digest);
}

void lw_layout_hold(struct lw_layout *l, const struct lw_held *held)
{
	l->held = lw_catalog_grow(l->held, l->n_held, &l->cap_held, sizeof(*l->held));
	l->held[l->n_held++] = *held;
}

int lw_layout_hold_done(struct lw_layout *l, struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];
	size_t n = 0;

	if (l->n_held)
		lw_sort(l->held, l->n_held, sizeof(*l->held), compare_held);
	for (size_t i = 0; i < l->n_held; i++) {
		if (n == 0 || compare_held(&l->held[n - 1], &l->held[i]) != 0)
			l->held[n++] = l->held[i];
		else if (l->held[n - 1].size != l->held[i].size)
			return lw_fail(e, LW_E_CONFLICT,
				       "blob %s is there twice, with %llu bytes and with %llu",
				       lw_digest_text(&l->held[i].digest, text),
				       (unsigned long long)l->held[n - 1].size,
				       (unsigned long long)l->held[i].size);
	}
	l->n_held = n;
	return 0;
}

int lw_layout_hold_bytes(struct lw_layout *l, struct lw_span bytes, struct lw_digest *ret,
			 struct lw_error *e)
{
	struct lw_held held = { .digest = lw_digest_of(bytes), .size = bytes.n };
	off_t end;

	if (l->made < 0)
		l->made = memfd_create("landwaiter-documents", MFD_CLOEXEC);
	end = l->made < 0 ? -1 : lseek(l->made, 0, SEEK_END);
	if (end < 0)
		return lw_fail_errno(e, "memory for documents");
	held.fd = l->made;
	held.offset = (uint64_t)end;

	int r = lw_fs_pwrite(l->made, bytes.p, bytes.n, held.offset, e);

	if (r < 0)
		return r;
	lw_layout_hold(l, &held);
	*ret = held.digest;
	return 0;
}

const struct lw_held *lw_layout_held(const struct lw_layout *l, const struct lw_digest *d)
{
	const struct lw_held key = { .digest = *d };

	return l->n_held ? bsearch(&key, l->held, l->n_held, sizeof(key), compare_held) : NULL;
}

int lw_layout_reach(struct lw_layout *l, const struct lw_digest *d, int *ret_fd,
		    uint64_t *ret_offset, uint64_t *ret_size, struct lw_error *e)
{
	const struct lw_held *held = lw_layout_held(l, d);
	char hex[65];

	if (!held) {
		*ret_offset = 0;
		return l->blobs < 0 ? lw_fail(e, LW_E_NOTFOUND, "it is not there")
				    : lw_fs_open_beneath(l->blobs, lw_digest_hex(d, hex),
							 ret_fd, ret_size, e);
	}

	int fd = fcntl(held->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return lw_fail_errno(e, "a descriptor");
	*ret_fd = fd;
	*ret_offset = held->offset;
	*ret_size = held->size;
	return 0;
}

int lw_layout_open_blob(struct lw_layout *l, const struct lw_digest *d, uint64_t size,
			int *ret_fd, uint64_t *ret_offset, struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	uint64_t have = 0, offset = 0;
	char text[LW_DIGEST_TEXT];
	int r = lw_layout_reach(l, d, &fd, &offset, &have, e);

	(void)lw_digest_text(d, text);
	if (r == -LW_E_NOTFOUND)
		return lw_fail(e, LW_E_NOTFOUND, "blob %s is not in the layout", text);
	if (r < 0)
		return lw_prefix(e, "blob %s", text);
	if (have != size)
		return lw_fail(e, have < size ? LW_E_TRUNCATED : LW_E_DIGEST,
			       "blob %s: want %llu bytes, have %llu", text,
			       (unsigned long long)size, (unsigned long long)have);
	*ret_fd = lw_steal_fd(&fd);
	*ret_offset = offset;
	return 0;
}
