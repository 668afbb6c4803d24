/* SPDX-License-Identifier: Apache-2.0 */
#include "image/layout.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/catalog.h"

#include <fcntl.h>
#include <sys/stat.h>

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Where the folder's name ends: at the last colon (or the end) before which there is a folder,
 * else at the first colon. */
static size_t folder_length(const char *text)
{
	lw_auto_free char *path = lw_strdup(text);
	size_t n = strlen(path);

	for (;;) {
		if (is_folder(path))
			return n;

		char *colon = strrchr(path, ':');
		if (!colon)
			return strcspn(text, ":");
		*colon = '\0';
		n = (size_t)(colon - path);
	}
}

int lw_layout_split(const char *source, char **ret_dir, char **ret_ref, struct lw_error *e)
{
	char shown[160];

	(void)lw_text_escape_str(source, shown, sizeof(shown));
	if (strncmp(source, "oci:", 4) != 0)
		return lw_fail(e, LW_E_USAGE, "source '%s': want oci:DIR[:REF]", shown);

	const char *text = source + 4;
	size_t n = folder_length(text);
	const char *ref = text[n] ? text + n + 1 : text + n;

	if (n == 0)
		return lw_fail(e, LW_E_USAGE, "source '%s': the folder is missing", shown);
	if (text[n] && !*ref)
		return lw_fail(e, LW_E_USAGE, "source '%s': nothing after the colon", shown);
	if (strlen(ref) > LW_MAX_REFERENCE)
		return lw_fail(e, LW_E_USAGE, "source '%s': the name is longer than %zu bytes",
			       shown, LW_MAX_REFERENCE);
	*ret_dir = lw_strndup(text, n);
	*ret_ref = lw_strdup(ref);
	return 0;
}

/* A file of the layout itself through the reader. */
static int read_file(struct lw_layout *l, const char *name, size_t max, const char *media_type,
		     struct lw_document **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	int r = lw_fs_read_beneath(l->dir, name, max, &bytes, e);

	if (r < 0)
		return r;
	r = l->reader->read(l->reader->data, lw_buf_span(&bytes), media_type, ret, e);
	if (r < 0)
		(void)lw_prefix(e, "%s", name);
	return r;
}

static int read_header(struct lw_layout *l, struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *d = NULL;
	int r = read_file(l, "oci-layout", LW_MAX_MANIFEST_BYTES, LW_MEDIA_TYPE_LAYOUT, &d, e);

	if (r < 0)
		return r;
	if (strcmp(d->media_type, LW_MEDIA_TYPE_LAYOUT) != 0)
		return lw_fail(e, LW_E_JAIL, "oci-layout was read as something else");
	return 0;
}

static int read_index(struct lw_layout *l, struct lw_error *e)
{
	int r = read_file(l, "index.json", LW_MAX_INDEX_BYTES, NULL, &l->index, e);

	if (r < 0)
		return r;
	if (l->index->kind != LW_MEDIA_INDEX)
		return lw_fail(e, LW_E_JAIL, "index.json was read as something else");
	return 0;
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

int lw_layout_open(const char *dir, const struct lw_document_reader *reader,
		   struct lw_layout **ret, struct lw_error *e)
{
	LW_AUTO(layout) struct lw_layout *l = lw_alloc_array(1, sizeof(*l));
	char shown[160];
	int r;

	l->path = lw_strdup(dir);
	l->dir = l->blobs = -1;
	l->reader = reader;
	(void)lw_text_escape_str(dir, shown, sizeof(shown));
	r = lw_fs_open_dir(dir, &l->dir, e);
	if (r < 0)
		return r;
	if ((r = read_header(l, e)) < 0 || (r = read_index(l, e)) < 0 ||
	    (r = open_blobs(l, e)) < 0) {
		(void)lw_prefix(e, "image layout %s", shown);
		return r;
	}
	lw_names_build(l);
	*ret = lw_steal(l);
	return 0;
}

void lw_layout_close(struct lw_layout *l)
{
	if (!l)
		return;
	if (l->dir >= 0)
		(void)close(l->dir);
	if (l->blobs >= 0)
		(void)close(l->blobs);
	lw_catalog_free(l->catalog);
	lw_document_free(l->index);
	free(l->names);
	free(l->path);
	free(l);
}

int lw_layout_open_blob(struct lw_layout *l, const struct lw_digest *d, uint64_t size,
			int *ret_fd, struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	uint64_t have = 0;
	char text[LW_DIGEST_TEXT];
	int r;

	(void)lw_digest_text(d, text);
	if (l->blobs < 0)
		return lw_fail(e, LW_E_NOTFOUND, "blob %s is not in the layout", text);
	r = lw_fs_open_beneath(l->blobs, text + 7, &fd, &have, e);
	if (r == -LW_E_NOTFOUND)
		return lw_fail(e, LW_E_NOTFOUND, "blob %s is not in the layout", text);
	if (r < 0) {
		(void)lw_prefix(e, "blob %s", text);
		return r;
	}
	if (have != size)
		return lw_fail(e, have < size ? LW_E_TRUNCATED : LW_E_DIGEST,
			       "blob %s: want %llu bytes, have %llu", text,
			       (unsigned long long)size, (unsigned long long)have);
	*ret_fd = lw_steal_fd(&fd);
	return 0;
}
