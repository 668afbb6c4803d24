/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/export.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/tree.h"
#include "bundle/archive.h"
#include "bundle/contents.h"
#include "bundle/format.h"
#include "bundle/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TELL_BYTES ((uint64_t)16 << 20)

/* Where members go: into an archive, or beneath a folder. */
struct sink {
	struct lw_archive *archive; /* NULL: the folder */
	int folder;
	int file; /* of the member at hand */
};

struct exporting {
	struct lw_enclave *enclave;
	const struct lw_export_options *options;
	struct sink sink;
	struct lw_lane *lane;
	struct lw_export_result *result;
	uint64_t total, told;
};

static void auto_exporting(struct exporting *x)
{
	lw_archive_free(x->sink.archive);
	lw_lane_free(x->lane);
	if (x->sink.file >= 0)
		(void)close(x->sink.file);
	if (x->sink.folder >= 0)
		(void)close(x->sink.folder);
}

/* ---- members ---- */

static int begin(struct sink *s, const char *name, uint64_t size, struct lw_error *e)
{
	if (s->archive)
		return lw_archive_member(s->archive, name, size, e);
	s->file = openat(s->folder, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
			 0644);
	return s->file < 0 ? lw_fail_errno(e, "%s", name) : 0;
}

static int write_some(void *data, struct lw_span bytes, struct lw_error *e)
{
	struct sink *s = data;

	return s->archive ? lw_archive_data(s->archive, bytes, e)
			  : lw_fs_write(s->file, bytes.p, bytes.n, e);
}

static int end(struct sink *s, struct lw_error *e)
{
	int file = s->file;

	s->file = -1;
	return file >= 0 && close(file) < 0 ? lw_fail_errno(e, "closing a file") : 0;
}

static int put(struct sink *s, const char *name, struct lw_span bytes, struct lw_error *e)
{
	int r = begin(s, name, bytes.n, e);

	if (r == 0)
		r = write_some(s, bytes, e);
	return r == 0 ? end(s, e) : r;
}

/* ---- blobs ---- */

static int copy(struct exporting *x, const struct lw_digest *d, uint64_t size,
		struct lw_error *e)
{
	char name[LW_BLOB_NAME], have[LW_DIGEST_TEXT];
	lw_auto_fd int fd = -1;
	uint64_t found = 0;
	int r = lw_store_open_blob(x->enclave->store, d, &fd, &found, e);

	if (r == -LW_E_NOTFOUND)
		return lw_fail(e, LW_E_DIGEST, "it is missing in the store");
	if (r == 0 && found != size)
		return lw_fail(e, LW_E_DIGEST, "want %llu bytes, the store has %llu",
			       (unsigned long long)size, (unsigned long long)found);
	if (r == 0)
		r = begin(&x->sink, lw_format_blob_name(d, name), size, e);
	if (r < 0)
		return r;

	struct lw_medium medium = { .fd = fd, .size = size, .exact = true };
	struct lw_lane_read read = {
		.medium = &medium, .bytes = size, .write = write_some, .sink = &x->sink
	};

	r = lw_lane_run(x->lane, &read, e);
	if (r == 0 && !lw_digest_equal(&read.digest, d))
		r = lw_fail(e, LW_E_DIGEST, "its bytes are those of %s",
			    lw_digest_text(&read.digest, have));
	return r == 0 ? end(&x->sink, e) : r;
}

static int export_blob(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	struct exporting *x = data;
	const struct lw_content_progress *p = &x->options->progress;
	char text[LW_DIGEST_TEXT];
	int r = copy(x, d, size, e);

	if (r < 0)
		return lw_prefix(e, "blob %s", lw_digest_text(d, text));
	x->result->blobs++;
	x->result->bytes += size;
	if (p->tell && x->result->bytes >= x->told + TELL_BYTES) {
		x->told = x->result->bytes;
		p->tell(p->data, x->told, x->total);
	}
	return 0;
}

/* ---- the layout ---- */

static int write_index(struct exporting *x, const struct lw_state_image *row,
		       struct lw_error *e)
{
	struct lw_proven ours = { .bytes = lw_span_str(row->detail) }; /* of our own state */
	struct lw_image image = { 0 };
	const struct lw_contents contents = { .images = &image, .n_images = 1 };
	LW_AUTO(buf) struct lw_buf index = { 0 };
	int r = lw_contents_parse_image(ours, &image, e);

	if (r == 0) {
		lw_contents_write_index(&contents, &index);
		r = put(&x->sink, LW_NAME_INDEX, lw_buf_span(&index), e);
	}
	lw_image_release(&image);
	return r;
}

static int write_layout(struct exporting *x, const struct lw_state_image *image,
			struct lw_error *e)
{
	int r = put(&x->sink, LW_NAME_OCI_LAYOUT, lw_span_str(LW_OCI_LAYOUT), e);

	if (r == 0)
		r = write_index(x, image, e);
	if (r == 0)
		r = lw_state_each_image_blob(x->enclave->state, image->id, export_blob, x, e);
	return r;
}

static int write_folder(struct exporting *x, int dir, const char *name,
			const struct lw_state_image *image, struct lw_error *e)
{
	if (mkdirat(dir, name, 0755) < 0)
		return lw_fail_errno(e, "%s", name);
	x->sink.folder = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (x->sink.folder < 0 || mkdirat(x->sink.folder, "blobs", 0755) < 0 ||
	    mkdirat(x->sink.folder, "blobs/sha256", 0755) < 0)
		return lw_fail_errno(e, "%s", name);

	int r = lw_tree_claim(x->sink.folder, e);
	if (r == 0)
		r = write_layout(x, image, e);
	if (r == 0 && syncfs(x->sink.folder) < 0)
		r = lw_fail_errno(e, "making it durable");
	return r;
}

static int write_archive(struct exporting *x, int dir, const char *name,
			 const struct lw_state_image *image, struct lw_error *e)
{
	lw_auto_fd int fd =
		openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
	int r = fd < 0 ? lw_fail_errno(e, "%s", name) : lw_tree_claim(fd, e);

	if (r == 0)
		r = lw_archive_new(fd, &x->sink.archive, e);
	if (r == 0)
		r = write_layout(x, image, e);
	if (r == 0)
		r = lw_archive_finish(x->sink.archive, e);
	return r == 0 ? lw_fs_sync(fd, "archive", e) : r;
}

static int withheld(const struct lw_state_image *image, struct lw_error *e)
{
	return lw_fail(e, LW_E_CONFLICT,
		       "%s is withheld: when it was last judged it did not hold; see "
		       "`landwaiter policy explain`",
		       image->name);
}

/* A copy takes its time. */
static int require_still(struct exporting *x, const struct lw_state_image *image,
			 struct lw_error *e)
{
	struct lw_state_image now = { 0 };
	char text[LW_DIGEST_TEXT];
	lw_auto_free char *which =
		lw_asprintf("%s@%s", image->name, lw_digest_text(&image->digest, text));
	int r = lw_state_image_get(x->enclave->state, which, &now, e);

	if (r == 0 && now.pending)
		r = withheld(image, e);
	lw_state_image_release(&now);
	return r;
}

static int make(struct exporting *x, const struct lw_state_image *image, struct lw_error *e)
{
	lw_auto_fd int dir = -1;
	const char *name = NULL;
	int r = lw_fs_open_parent(x->options->path, &dir, &name, e);

	if (r < 0)
		return r;
	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return lw_fail(e, LW_E_EXISTS,
			       "something is there already; an export never overwrites");

	lw_auto_free char *prefix = lw_asprintf(".%s.", name);
	lw_auto_free char *temporary = lw_asprintf("%s%ld.part", prefix, (long)getpid());

	lw_tree_clear_dead(dir, prefix, ".part");
	r = x->options->form == LW_EXPORT_ARCHIVE ? write_archive(x, dir, temporary, image, e)
						  : write_folder(x, dir, temporary, image, e);
	if (r == 0)
		r = require_still(x, image, e);
	if (r == 0 && renameat2(dir, temporary, dir, name, RENAME_NOREPLACE) < 0)
		r = lw_fail_errno(e, "naming it");
	if (r == 0)
		return lw_fs_sync(dir, "folder", e);

	struct lw_error ignored;

	(void)!lw_tree_remove(dir, temporary, &ignored);
	return r;
}

int lw_export_image(struct lw_enclave *enclave, const struct lw_state_image *image,
		    const struct lw_export_options *options, struct lw_export_result *ret,
		    struct lw_error *e)
{
	struct exporting x __attribute__((cleanup(auto_exporting))) = {
		.enclave = enclave,
		.options = options,
		.sink = { .folder = -1, .file = -1 },
		.lane = lw_lane_new(),
		.result = ret,
		.total = image->total_bytes,
	};

	*ret = (struct lw_export_result){ 0 };
	if (image->pending)
		return withheld(image, e);

	int r = make(&x, image, e);
	return r < 0 ? lw_prefix(e, "%s", options->path) : 0;
}
