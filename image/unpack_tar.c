/* SPDX-License-Identifier: Apache-2.0 */
/* libarchive at work, in landwaiter-unpack alone. */
#include "image/unpack_tar.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 << 10)

/* How libarchive gets at the file: it opens nothing. */
struct input {
	int fd;
	uint64_t at, size;
	uint8_t *buffer;
};

static la_ssize_t give(struct archive *a, void *data, const void **ret)
{
	struct input *in = data;
	size_t n = in->size - in->at < READ_BYTES ? (size_t)(in->size - in->at) : READ_BYTES;
	struct lw_error e;

	if (lw_fs_pread(in->fd, in->buffer, n, in->at, &e) < 0) {
		archive_set_error(a, EIO, "%s", e.text);
		return -1;
	}
	in->at += n;
	*ret = in->buffer;
	return (la_ssize_t)n;
}

static la_int64_t skip(struct archive *a, void *data, la_int64_t n)
{
	struct input *in = data;

	(void)a;
	if (n < 0 || (uint64_t)n > in->size - in->at)
		return 0;
	in->at += (uint64_t)n;
	return n;
}

struct reader {
	struct input input;
	struct archive *archive;
};

static void close_reader(struct reader *r)
{
	(void)archive_read_free(r->archive);
	free(r->input.buffer);
}

static int fail_archive(struct reader *r, const char *what, struct lw_error *e)
{
	const char *why = archive_error_string(r->archive);
	char shown[256];

	return lw_fail(e, LW_E_FORMAT, "%s: %s", what,
		       lw_text_escape_str(why ? why : "unknown", shown, sizeof(shown)));
}

static int begin(struct reader *r, int fd, struct lw_error *e)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size < 0)
		return lw_fail_errno(e, "the archive");
	r->input = (struct input){ .fd = fd,
				   .size = (uint64_t)size,
				   .buffer = lw_alloc(READ_BYTES) };
	r->archive = archive_read_new();
	if (!r->archive)
		abort();
	return 0;
}

static int open_reader(struct reader *r, struct lw_error *e)
{
	if (archive_read_set_read_callback(r->archive, give) != ARCHIVE_OK ||
	    archive_read_set_skip_callback(r->archive, skip) != ARCHIVE_OK ||
	    archive_read_set_callback_data(r->archive, &r->input) != ARCHIVE_OK ||
	    archive_read_open1(r->archive) != ARCHIVE_OK)
		return fail_archive(r, "not an archive", e);
	return 0;
}

/* ---- members ---- */

void lw_tar_members_release(struct lw_tar_members *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->list[i].name);
		free(m->list[i].link);
	}
	free(m->list);
	*m = (struct lw_tar_members){ 0 };
}

static bool is_plain_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-:/";
	size_t n = strlen(name);

	if (n == 0 || n > LW_MAX_ARCHIVE_NAME || *name == '/' || strspn(name, letters) != n)
		return false;
	for (const char *part = name; part; part = strchr(part, '/')) {
		part += *part == '/';

		size_t length = strcspn(part, "/");

		if (length == 0 || (length <= 2 && strspn(part, ".") >= length))
			return false;
	}
	return true;
}

/* The name without "./" and without a folder's "/". NULL in *ret: the archive's own folder. */
static int plain_name(const struct lw_tar_header *h, char **ret, struct lw_error *e)
{
	const char *name = strncmp(h->name, "./", 2) == 0 ? h->name + 2 : h->name;
	size_t n = strlen(name);
	char shown[160];

	*ret = NULL;
	if (h->type == LW_TAR_FOLDER && n > 0 && name[n - 1] == '/')
		n--;
	if (h->type == LW_TAR_FOLDER && (n == 0 || strcmp(h->name, ".") == 0))
		return 0;

	lw_auto_free char *plain = lw_strndup(name, n);

	if (!is_plain_name(plain))
		return lw_fail(e, LW_E_FORMAT,
			       "a member called '%s': want plain relative names",
			       lw_text_escape_str(h->name, shown, sizeof(shown)));
	*ret = lw_steal(plain);
	return 0;
}

/* Both readers saw the same. */
static int compare(struct reader *r, const struct lw_tar_header *h, uint64_t at,
		   struct archive_entry *entry, struct lw_error *e)
{
	const char *name = archive_entry_pathname(entry);
	const char *link = archive_entry_symlink(entry);
	mode_t type = archive_entry_filetype(entry);
	mode_t want = h->type == LW_TAR_FILE	 ? AE_IFREG
		      : h->type == LW_TAR_FOLDER ? AE_IFDIR
						 : AE_IFLNK;
	char shown[160];

	if ((archive_format(r->archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR &&
	    archive_read_header_position(r->archive) == (la_int64_t)at && type == want &&
	    archive_entry_size(entry) == (la_int64_t)h->size && name &&
	    strcmp(name, h->name) == 0 && !archive_entry_hardlink(entry) &&
	    (link != NULL) == (h->type == LW_TAR_LINK) &&
	    (!link || strcmp(link, h->link) == 0) && archive_entry_sparse_count(entry) == 0 &&
	    archive_entry_xattr_count(entry) == 0 && archive_entry_acl_types(entry) == 0)
		return 0;
	return lw_fail(e, LW_E_FORMAT, "two readers read '%s' in two ways",
		       lw_text_escape_str(h->name, shown, sizeof(shown)));
}

static int add_member(struct lw_tar_members *m, const struct lw_tar_header *h,
		      struct lw_error *e)
{
	char *name = NULL;
	int r = plain_name(h, &name, e);

	if (r < 0 || !name)
		return r;
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 64;
		m->list = lw_realloc_array(m->list, m->cap, sizeof(*m->list));
	}
	m->list[m->n++] = (struct lw_tar_member){
		.name = name,
		.link = h->type == LW_TAR_LINK ? lw_strdup(h->link) : NULL,
		.folder = h->type == LW_TAR_FOLDER,
		.offset = h->offset,
		.size = h->size,
	};
	return 0;
}

static int read_members(struct reader *r, struct lw_tar_members *m, struct lw_error *e)
{
	struct archive_entry *entry = NULL;
	uint64_t at = 0;
	int rc = 0;

	for (size_t n = 0; rc == 0; n++) {
		struct lw_tar_header h;
		bool end = false;

		if (n == LW_MAX_ARCHIVE_MEMBERS)
			return lw_fail(e, LW_E_LIMIT, "more than %zu members",
				       LW_MAX_ARCHIVE_MEMBERS);
		rc = lw_tar_header(r->input.fd, at, r->input.size, &h, &end, e);
		if (rc < 0)
			break;

		int said = archive_read_next_header(r->archive, &entry);

		if (end)
			return said == ARCHIVE_EOF
				       ? 0
				       : lw_fail(e, LW_E_FORMAT,
						 "one reader finds an end where another does not");
		if (said != ARCHIVE_OK)
			return fail_archive(r, "a header that not all readers take", e);
		rc = compare(r, &h, at, entry, e);
		if (rc == 0)
			rc = add_member(m, &h, e);
		at = h.end;
	}
	return rc < 0 ? lw_prefix(e, "at byte %llu", (unsigned long long)at) : 0;
}

static int compare_members(const void *a, const void *b)
{
	const struct lw_tar_member *x = a, *y = b;
	int r = strcasecmp(x->name, y->name);

	return r ? r : strcmp(x->name, y->name);
}

/* What one file system takes for two names is one on another. */
static int check_twice(const struct lw_tar_members *m, struct lw_error *e)
{
	for (size_t i = 1; i < m->n; i++) {
		const struct lw_tar_member *x = &m->list[i - 1], *y = &m->list[i];

		if (strcasecmp(x->name, y->name) == 0 &&
		    !(x->folder && y->folder && strcmp(x->name, y->name) == 0))
			return lw_fail(e, LW_E_CONFLICT, "'%s' and '%s' are one name", x->name,
				       y->name);
	}
	return 0;
}

int lw_tar_list(int fd, struct lw_tar_members *ret, struct lw_error *e)
{
	struct reader reader __attribute__((cleanup(close_reader))) = { 0 };
	LW_AUTO(tar_members) struct lw_tar_members m = { 0 };
	int r = begin(&reader, fd, e);

	if (r == 0 && archive_read_support_format_tar(reader.archive) != ARCHIVE_OK)
		r = fail_archive(&reader, "libarchive", e);
	if (r == 0)
		r = open_reader(&reader, e);
	if (r == 0)
		r = read_members(&reader, &m, e);
	if (r == 0 && m.n > 0) {
		lw_sort(m.list, m.n, sizeof(*m.list), compare_members);
		r = check_twice(&m, e);
	}
	if (r == 0) {
		*ret = m;
		m = (struct lw_tar_members){ 0 };
	}
	return r;
}

static const struct lw_tar_member *find(const struct lw_tar_members *m, const char *name)
{
	const struct lw_tar_member key = { .name = (char *)(uintptr_t)name };
	const struct lw_tar_member *found =
		m->n ? bsearch(&key, m->list, m->n, sizeof(key), compare_members) : NULL;

	return found && !found->folder ? found : NULL;
}

const struct lw_tar_member *lw_tar_find(const struct lw_tar_members *m, const char *name)
{
	const struct lw_tar_member *x = find(m, name);

	if (!x || !x->link)
		return x;
	x = strncmp(x->link, "../", 3) == 0 ? find(m, x->link + 3) : NULL;
	return x && !x->link ? x : NULL;
}

/* ---- compressed ---- */

/* What one reader leaves unread behind the end, another may read. */
static int check_all_read(struct reader *r, struct lw_error *e)
{
	if (archive_filter_bytes(r->archive, -1) == (la_int64_t)r->input.size)
		return 0;
	return lw_fail(e, LW_E_FORMAT, "bytes behind the end of the compressed file");
}

int lw_tar_inflate(int fd, enum lw_unpack_form form,
		   int (*write)(void *sink, struct lw_span bytes, struct lw_error *e),
		   void *sink, struct lw_error *e)
{
	struct reader reader __attribute__((cleanup(close_reader))) = { 0 };
	const int filter = form == LW_UNPACK_GZIP ? ARCHIVE_FILTER_GZIP : ARCHIVE_FILTER_ZSTD;
	struct archive_entry *entry = NULL;
	uint64_t at = 0;
	int r = begin(&reader, fd, e);

	if (r < 0)
		return r;
	if (archive_read_support_format_raw(reader.archive) != ARCHIVE_OK ||
	    archive_read_append_filter(reader.archive, filter) != ARCHIVE_OK)
		return fail_archive(&reader, "libarchive", e);
	r = open_reader(&reader, e);
	if (r == 0 && archive_read_next_header(reader.archive, &entry) != ARCHIVE_OK)
		r = fail_archive(&reader, "a damaged compressed file", e);
	while (r == 0) {
		const void *p = NULL;
		size_t n = 0;
		la_int64_t offset = 0;
		int said = archive_read_data_block(reader.archive, &p, &n, &offset);

		if (said == ARCHIVE_EOF)
			return check_all_read(&reader, e);
		if (said == ARCHIVE_OK && (uint64_t)offset != at)
			return lw_fail(e, LW_E_FORMAT, "a compressed file with a hole");
		r = said == ARCHIVE_OK ? write(sink, lw_span(p, n), e)
				       : fail_archive(&reader, "a damaged compressed file", e);
		at += n;
	}
	return r;
}
