/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack_docker.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

struct job {
	int fd;
	const struct lw_tar_members *members;
};

/* A member that must be there. */
static int find(const struct job *j, const char *name, const struct lw_tar_member **ret,
		struct lw_error *e)
{
	char shown[160];

	*ret = lw_tar_find(j->members, name);
	return *ret ? 0
		    : lw_fail(e, LW_E_FORMAT, "'%s' is not there",
			      lw_text_escape_str(name, shown, sizeof(shown)));
}

static int read_json(const struct job *j, const struct lw_tar_member *m, size_t max,
		     struct lw_json_doc **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	int r;

	if (m->size > max)
		return lw_fail(e, LW_E_LIMIT, "%s: want at most %zu bytes, have %llu", m->name,
			       max, (unsigned long long)m->size);
	lw_buf_reserve(&bytes, (size_t)m->size + 1);
	r = lw_fs_pread(j->fd, bytes.p, (size_t)m->size, m->offset, e);
	bytes.n = (size_t)m->size;
	if (r == 0)
		r = lw_json_parse(lw_buf_span(&bytes), &LW_JSON_FOREIGN, ret, e);
	return r < 0 ? lw_prefix(e, "%s", m->name) : 0;
}

struct config {
	const struct lw_json *rootfs, *diff_ids;
};

static int read_diff_ids(const struct lw_json_doc *doc, const struct lw_json **ret,
			 struct lw_error *e)
{
	static const struct lw_json_field outer[] = {
		{ .name = "rootfs",
		  .reader = LW_JSON_READ_OBJECT,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct config, rootfs) },
	};
	static const struct lw_json_field inner[] = {
		{ .name = "diff_ids",
		  .reader = LW_JSON_READ_ARRAY,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct config, diff_ids),
		  .max = LW_MAX_ARCHIVE_LAYERS },
	};
	struct config c = { 0 };
	int r = lw_json_read(lw_json_root(doc), outer, LW_COUNT_OF(outer),
			     LW_JSON_IGNORE_UNKNOWN, "the configuration", &c, e);

	if (r == 0)
		r = lw_json_read(c.rootfs, inner, LW_COUNT_OF(inner), LW_JSON_IGNORE_UNKNOWN,
				 "its rootfs", &c, e);
	if (r == 0)
		*ret = c.diff_ids;
	return r;
}

/* crane calls a layer HEX.tar.gz by the digest of what stands there, compressed. */
static bool is_called_by_digest(const char *name, struct lw_digest *ret)
{
	static const char tail[] = ".tar.gz";
	lw_auto_free char *text = NULL;

	if (strlen(name) != 64 + strlen(tail) || strcmp(name + 64, tail) != 0)
		return false;
	text = lw_asprintf("sha256:%.64s", name);
	return lw_digest_parse(lw_span_str(text), ret, NULL) == 0;
}

/* A layer's digest is that of its bytes, for which the configuration vouches; whether it is
 * told true is seen when they are packed. */
static int read_layer(const struct job *j, const struct lw_json *file,
		      const struct lw_json *diff_id, struct lw_docker_layer *ret,
		      struct lw_error *e)
{
	const char *name = lw_json_string(file), *id = lw_json_string(diff_id);
	const struct lw_tar_member *m = NULL;
	int r;

	if (!name || !id)
		return lw_fail(e, LW_E_FORMAT, "a layer without a name or without a digest");
	r = find(j, name, &m, e);
	if (r == 0)
		r = lw_digest_parse(lw_span_str(id), &ret->digest, e);
	if (r < 0 || !m)
		return r;
	ret->form =
		is_called_by_digest(m->name, &ret->digest) ? LW_UNPACK_GZIP : LW_UNPACK_PLAIN;
	ret->offset = m->offset;
	ret->size = m->size;
	return 0;
}

static int read_layers(const struct job *j, const struct lw_json *files,
		       const struct lw_json *diff_ids, struct lw_docker_image *image,
		       struct lw_error *e)
{
	const struct lw_json *file = lw_json_first(files), *id = lw_json_first(diff_ids);
	int r = 0;

	if (lw_json_count(files) != lw_json_count(diff_ids))
		return lw_fail(e, LW_E_CONFLICT,
			       "manifest.json names %zu layers, the configuration %zu",
			       lw_json_count(files), lw_json_count(diff_ids));
	image->layers = lw_alloc_array(lw_json_count(files), sizeof(*image->layers));
	for (; file && id && r == 0; file = lw_json_next(file), id = lw_json_next(id))
		r = read_layer(j, file, id, &image->layers[image->n_layers++], e);
	return r;
}

static int read_tags(const struct lw_json *tags, struct lw_docker_image *image,
		     struct lw_error *e)
{
	if (!tags || lw_json_type(tags) == LW_JSON_NULL)
		return 0;
	if (lw_json_type(tags) != LW_JSON_ARRAY || lw_json_count(tags) > LW_MAX_ARCHIVE_IMAGES)
		return lw_fail(e, LW_E_FORMAT, "RepoTags: want an array of names");
	image->tags = lw_alloc_array(lw_json_count(tags), sizeof(*image->tags));
	for (const struct lw_json *t = lw_json_first(tags); t; t = lw_json_next(t)) {
		const char *text = lw_json_string(t);

		if (!text || !*text || strlen(text) > LW_MAX_REFERENCE ||
		    !lw_text_is_plain(lw_span_str(text)))
			return lw_fail(e, LW_E_FORMAT, "RepoTags: want names");
		image->tags[image->n_tags++] = lw_strdup(text);
	}
	return 0;
}

struct entry {
	const char *config;
	const struct lw_json *layers, *tags;
};

static int read_image(const struct job *j, const struct lw_json *node,
		      struct lw_docker_image *image, struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		{ .name = "Config",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct entry, config) },
		{ .name = "Layers",
		  .reader = LW_JSON_READ_ARRAY,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct entry, layers),
		  .max = LW_MAX_ARCHIVE_LAYERS },
		{ .name = "RepoTags",
		  .reader = LW_JSON_READ_ANY,
		  .offset = offsetof(struct entry, tags) },
	};
	LW_AUTO(json) struct lw_json_doc *config = NULL;
	const struct lw_tar_member *m = NULL;
	const struct lw_json *diff_ids = NULL;
	struct entry f = { 0 };
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "an image", &f, e);

	if (r == 0)
		r = read_tags(f.tags, image, e);
	if (r == 0)
		r = find(j, f.config, &m, e);
	if (r < 0 || !m)
		return r;
	image->config_offset = m->offset;
	image->config_size = m->size;
	r = read_json(j, m, LW_MAX_ARCHIVE_CONFIG, &config, e);
	if (r == 0)
		r = read_diff_ids(config, &diff_ids, e);
	if (r == 0)
		r = read_layers(j, f.layers, diff_ids, image, e);
	return r;
}

static int read_images(const struct job *j, const struct lw_json *root,
		       struct lw_docker_images *ret, struct lw_error *e)
{
	size_t n = lw_json_count(root), i = 0;

	if (lw_json_type(root) != LW_JSON_ARRAY || n == 0 || n > LW_MAX_ARCHIVE_IMAGES)
		return lw_fail(e, LW_E_FORMAT, "want an array of 1 to %zu images",
			       LW_MAX_ARCHIVE_IMAGES);
	ret->list = lw_alloc_array(n, sizeof(*ret->list));
	for (const struct lw_json *node = lw_json_first(root); node;
	     node = lw_json_next(node)) {
		ret->n++;
		if (read_image(j, node, &ret->list[i], e) < 0)
			return lw_prefix(e, "image %zu", i + 1);
		i++;
	}
	return 0;
}

int lw_docker_read(int fd, const struct lw_tar_members *m, struct lw_docker_images *ret,
		   struct lw_error *e)
{
	const struct job j = { fd, m };
	const struct lw_tar_member *manifest = lw_tar_find(m, "manifest.json");
	LW_AUTO(docker_images) struct lw_docker_images images = { 0 };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r;

	if (lw_tar_find(m, "index.json"))
		return lw_fail(e, LW_E_CONFLICT,
			       "it is an OCI layout as well, whose digests are the images' "
			       "own: say oci-archive:");
	if (!manifest || manifest->link)
		return lw_fail(e, LW_E_FORMAT, "it has no manifest.json");
	r = read_json(&j, manifest, LW_MAX_MANIFEST_BYTES, &doc, e);
	if (r < 0)
		return r;
	r = read_images(&j, lw_json_root(doc), &images, e);
	if (r < 0)
		return lw_prefix(e, "manifest.json");
	*ret = images;
	images = (struct lw_docker_images){ 0 };
	return 0;
}
