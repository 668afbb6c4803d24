/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/catalog.h"
#include "image/document.h"
#include "image/unpack.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define CONFIG	 "application/vnd.oci.image.config.v1+json"
#define LAYER	 "application/vnd.oci.image.layer.v1.tar"
#define BLOBS	 "blobs/sha256/"

/* ---- the file ---- */

static int open_file(const char *path, int *ret_fd, uint64_t *ret_size, struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	struct stat st;
	int r = lw_fs_open_input(path, &fd, ret_size, e);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return lw_fail_errno(e, "the archive");
	if (!S_ISREG(st.st_mode))
		return lw_fail(e, LW_E_FORMAT, "not a regular file");
	*ret_fd = lw_steal_fd(&fd);
	return 0;
}

static int read_form(int fd, uint64_t size, enum lw_unpack_form *ret, struct lw_error *e)
{
	uint8_t magic[6] = { 0 };
	int r = lw_fs_pread(fd, magic, size < sizeof(magic) ? (size_t)size : sizeof(magic), 0,
			    e);

	if (r < 0)
		return r;
	*ret = LW_UNPACK_PLAIN;
	if (memcmp(magic, "\x1f\x8b", 2) == 0)
		*ret = LW_UNPACK_GZIP;
	else if (memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
		*ret = LW_UNPACK_ZSTD;
	else if (memcmp(magic, "\xfd\x37zXZ", 5) == 0 || memcmp(magic, "BZh", 3) == 0)
		return lw_fail(e, LW_E_UNSUPPORTED,
			       "compressed with xz or bzip2: want a tar, plain, or in gzip or "
			       "zstd");
	return 0;
}

/* A file that is gone when it is closed; not all file systems can make one without a name. */
static int make_room(int room, int *ret, struct lw_error *e)
{
	int fd = openat(room, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	lw_auto_free char *name = lw_asprintf(".landwaiter-%ld.tar", (long)getpid());

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
		fd = openat(room, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW,
			    0600);
		if (fd >= 0)
			(void)unlinkat(room, name, 0);
	}
	if (fd < 0)
		return lw_fail_errno(e, "room for what the archive holds");
	*ret = fd;
	return 0;
}

/* l->file: the plain archive. */
static int open_plain(struct lw_layout *l, int room, uint64_t *ret_size, struct lw_error *e)
{
	enum lw_unpack_form form = LW_UNPACK_PLAIN;
	lw_auto_fd int fd = -1, plain = -1;
	uint64_t size = 0;
	struct stat st;
	int r = open_file(l->path, &fd, &size, e);

	if (r == 0)
		r = read_form(fd, size, &form, e);
	if (r == 0 && form == LW_UNPACK_PLAIN) {
		l->file = lw_steal_fd(&fd);
		*ret_size = size;
		return 0;
	}
	if (r == 0)
		r = make_room(room, &plain, e);
	if (r == 0)
		r = lw_unpack_inflate(fd, size, form, plain, e);
	if (r < 0)
		return r;
	if (fstat(plain, &st) < 0)
		return lw_fail_errno(e, "the archive");
	*ret_size = (uint64_t)st.st_size;
	l->file = lw_steal_fd(&plain);
	return 0;
}

static int read_range(const struct lw_layout *l, uint64_t offset, uint64_t size, size_t max,
		      struct lw_buf *out, struct lw_error *e)
{
	if (size > max)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu bytes, have %llu", max,
			       (unsigned long long)size);
	lw_buf_reserve(out, (size_t)size + 1);
	out->n = (size_t)size;
	return lw_fs_pread(l->file, out->p, (size_t)size, offset, e);
}

/* ---- a layout in it ---- */

static int read_member(const struct lw_layout *l, const struct lw_members *m, const char *name,
		       size_t max, struct lw_buf *out, struct lw_error *e)
{
	const struct lw_member *x = lw_members_find(m, name);

	if (!x)
		return lw_fail(e, LW_E_FORMAT, "it has no %s%s", name,
			       lw_members_find(m, "manifest.json")
				       ? ": it is no OCI layout; docker-archive: may be meant"
				       : ": it is no OCI layout");
	return read_range(l, x->offset, x->size, max, out, e) < 0 ? lw_prefix(e, "%s", name)
								  : 0;
}

static void hold_blobs(struct lw_layout *l, const struct lw_members *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct lw_member *x = &m->list[i];
		struct lw_held held = { .offset = x->offset, .size = x->size, .fd = l->file };
		lw_auto_free char *text = NULL;

		if (strncmp(x->name, BLOBS, strlen(BLOBS)) != 0)
			continue;
		text = lw_asprintf("sha256:%s", x->name + strlen(BLOBS));
		if (lw_digest_parse(lw_span_str(text), &held.digest, NULL) == 0)
			lw_layout_hold(l, &held);
	}
}

static int open_oci(struct lw_layout *l, uint64_t size, struct lw_error *e)
{
	LW_AUTO(members) struct lw_members m = { 0 };
	LW_AUTO(buf) struct lw_buf header = { 0 }, index = { 0 };
	int r = lw_unpack_list(l->file, size, &m, e);

	if (r == 0)
		r = read_member(l, &m, LW_LAYOUT_HEADER, LW_MAX_MANIFEST_BYTES, &header, e);
	if (r == 0)
		r = lw_layout_take_header(l, lw_buf_span(&header), e);
	if (r == 0)
		r = read_member(l, &m, LW_LAYOUT_INDEX, LW_MAX_INDEX_BYTES, &index, e);
	if (r == 0)
		r = lw_layout_take_index(l, lw_buf_span(&index), e);
	if (r == 0)
		hold_blobs(l, &m);
	return r;
}

/* ---- Docker's ---- */

static void write_descriptor(struct lw_json_writer *w, const struct lw_digest *d,
			     const char *media_type, uint64_t size)
{
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(w);
	lw_json_w_member(w, "digest", lw_digest_text(d, text));
	lw_json_w_member(w, "mediaType", media_type);
	lw_json_w_member_integer(w, "size", (int64_t)size);
	lw_json_w_end_object(w);
}

/* The manifest of an image that has none: of the same archive always the same. */
static void write_manifest(const struct lw_docker_image *image, const struct lw_digest *config,
			   struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };

	lw_json_w_object(&w);
	lw_json_w_key(&w, "config");
	write_descriptor(&w, config, CONFIG, image->config_size);
	lw_json_w_key(&w, "layers");
	lw_json_w_array(&w);
	for (size_t i = 0; i < image->n_layers; i++)
		write_descriptor(&w, &image->layers[i].digest,
				 image->layers[i].form == LW_UNPACK_GZIP ? LAYER "+gzip"
									 : LAYER,
				 image->layers[i].size);
	lw_json_w_end_array(&w);
	lw_json_w_member(&w, "mediaType", MANIFEST);
	lw_json_w_member_integer(&w, "schemaVersion", 2);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

static void hold_layers(struct lw_layout *l, const struct lw_docker_image *image)
{
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct lw_docker_layer *layer = &image->layers[i];
		struct lw_held held = { .digest = layer->digest,
					.offset = layer->offset,
					.size = layer->size,
					.fd = l->file };

		lw_layout_hold(l, &held);
	}
}

/* One descriptor for each of its names, or one without. */
static void index_image(struct lw_document *index, const struct lw_docker_image *image,
			const struct lw_digest *digest, uint64_t size)
{
	struct lw_descriptor d = { .role = LW_CHILD_MANIFEST,
				   .digest = *digest,
				   .size = size,
				   .media_type = MANIFEST,
				   .artifact_type = "",
				   .platform = "",
				   .ref_name = "",
				   .full_name = "" };

	for (size_t i = 0; i < image->n_tags; i++) {
		d.ref_name = d.full_name =
			lw_document_string(index, lw_span_str(image->tags[i]), NULL);
		index->children[index->n_children++] = d;
	}
	if (image->n_tags == 0)
		index->children[index->n_children++] = d;
}

static int add_image(struct lw_layout *l, const struct lw_docker_image *image,
		     struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf config = { 0 }, manifest = { 0 };
	struct lw_digest digest = { 0 };
	int r = read_range(l, image->config_offset, image->config_size, LW_MAX_ARCHIVE_CONFIG,
			   &config, e);

	if (r == 0)
		r = lw_layout_hold_bytes(l, lw_buf_span(&config), &digest, e);
	if (r < 0)
		return r;
	hold_layers(l, image);
	write_manifest(image, &digest, &manifest);
	r = lw_layout_hold_bytes(l, lw_buf_span(&manifest), &digest, e);
	if (r == 0)
		index_image(l->index, image, &digest, manifest.n);
	return r;
}

static int open_docker(struct lw_layout *l, uint64_t size, struct lw_error *e)
{
	LW_AUTO(docker_images) struct lw_docker_images images = { 0 };
	size_t n = 0;
	int r = lw_unpack_docker(l->file, size, &images, e);

	for (size_t i = 0; i < images.n; i++)
		n += images.list[i].n_tags + 1;
	if (r == 0 && n > LW_MAX_DESCRIPTORS)
		r = lw_fail(e, LW_E_LIMIT, "more than %zu names", LW_MAX_DESCRIPTORS);
	if (r < 0)
		return r;
	l->index = lw_document_new(n);
	l->index->kind = LW_MEDIA_INDEX;
	for (size_t i = 0; i < images.n && r == 0; i++)
		r = add_image(l, &images.list[i], e);
	return r;
}

int lw_layout_open_archive(const struct lw_source *s, int room,
			   const struct lw_document_reader *reader, struct lw_layout **ret,
			   struct lw_error *e)
{
	LW_AUTO(layout) struct lw_layout *l = lw_layout_new(s->kind, s->path, reader);
	uint64_t size = 0;
	char shown[160];
	int r = open_plain(l, room, &size, e);

	if (r == 0)
		r = s->kind == LW_SOURCE_DOCKER_ARCHIVE ? open_docker(l, size, e)
							: open_oci(l, size, e);
	if (r == 0)
		r = lw_layout_hold_done(l, e);
	if (r < 0)
		return lw_prefix(e, "%s:%s", lw_source_kind_name(s->kind),
				 lw_text_escape_str(s->path, shown, sizeof(shown)));
	lw_names_build(l);
	*ret = lw_steal(l);
	return 0;
}
