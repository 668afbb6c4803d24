/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_UNIT_LAYOUT_FIXTURE_H
#define LW_TESTS_UNIT_LAYOUT_FIXTURE_H

/* An OCI image layout in a temporary folder, built piece by piece; for tests. A step that fails
 * ends the test program. */

#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"
#include "image/gather.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#define FX_MANIFEST    "application/vnd.oci.image.manifest.v1+json"
#define FX_INDEX       "application/vnd.oci.image.index.v1+json"
#define FX_CONFIG      "application/vnd.oci.image.config.v1+json"
#define FX_LAYER       "application/vnd.oci.image.layer.v1.tar"
#define FX_EMPTY       "application/vnd.oci.empty.v1+json"
#define FX_DOCKER      "application/vnd.docker.distribution.manifest.v2+json"
#define FX_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"

struct fx {
	char dir[64];
	struct lw_buf index; /* elements of index.json's manifests, with commas */
};

/* A blob's descriptor. */
struct fx_blob {
	struct lw_digest digest;
	size_t size;
	const char *media_type;
	char text[LW_DIGEST_TEXT];
};

static inline void fx_must(bool ok, const char *what)
{
	if (!ok) {
		perror(what);
		abort();
	}
}

static inline void fx_write(const char *path, struct lw_span bytes)
{
	lw_auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	fx_must(fd >= 0, path);
	fx_must(write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n, path);
}

/* The path of something in the layout; owned by the caller. */
static inline char *fx_path(const struct fx *fx, const char *name)
{
	return lw_asprintf("%s/%s", fx->dir, name);
}

static inline char *fx_blob_path(const struct fx *fx, const struct fx_blob *b)
{
	return lw_asprintf("%s/blobs/sha256/%s", fx->dir, b->text + 7);
}

static inline void fx_file(const struct fx *fx, const char *name, const char *text)
{
	lw_auto_free char *path = fx_path(fx, name);

	fx_write(path, lw_span_str(text));
}

static inline void fx_open(struct fx *fx)
{
	*fx = (struct fx){ .dir = "/tmp/lw-layout.XXXXXX" };
	fx_must(mkdtemp(fx->dir) != NULL, "mkdtemp");

	lw_auto_free char *blobs = fx_path(fx, "blobs");
	lw_auto_free char *sha256 = fx_path(fx, "blobs/sha256");
	fx_must(mkdir(blobs, 0755) == 0, blobs);
	fx_must(mkdir(sha256, 0755) == 0, sha256);
	fx_file(fx, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
}

static inline int fx_remove_(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void fx_close(struct fx *fx)
{
	fx_must(nftw(fx->dir, fx_remove_, 16, FTW_DEPTH | FTW_PHYS) == 0, fx->dir);
	lw_buf_free(&fx->index);
}

/* Writes index.json: what fx_list has gathered so far. */
static inline void fx_index(struct fx *fx)
{
	lw_auto_free char *text = lw_asprintf("{\"schemaVersion\":2,\"mediaType\":\"" FX_INDEX
					      "\",\"manifests\":[%s]}",
					      lw_buf_str(&fx->index));

	fx_file(fx, "index.json", text);
}

static inline struct fx_blob fx_add(const struct fx *fx, const char *media_type,
				    const char *text)
{
	struct fx_blob b = { .digest = lw_digest_of(lw_span_str(text)),
			     .size = strlen(text),
			     .media_type = media_type };

	(void)lw_digest_text(&b.digest, b.text);
	lw_auto_free char *path = fx_blob_path(fx, &b);
	fx_write(path, lw_span_str(text));
	return b;
}

/* A descriptor's JSON, owned by the caller; `more` stands before the closing brace. */
static inline char *fx_descriptor(const struct fx_blob *b, const char *more)
{
	return lw_asprintf("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s}",
			   b->media_type, b->text, b->size, more);
}

/* A descriptor with a platform: os/architecture. */
static inline char *fx_platform(const struct fx_blob *b, const char *os, const char *arch)
{
	lw_auto_free char *more =
		lw_asprintf(",\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\"}", os, arch);

	return fx_descriptor(b, more);
}

/* Puts an element into index.json; NULL names are left out. */
static inline void fx_list(struct fx *fx, const struct fx_blob *b, const char *ref_name,
			   const char *full_name)
{
	lw_auto_free char *more =
		lw_asprintf(",\"annotations\":{%s%s%s%s%s%s%s}",
			    ref_name ? "\"org.opencontainers.image.ref.name\":\"" : "",
			    ref_name ? ref_name : "", ref_name ? "\"" : "",
			    ref_name && full_name ? "," : "",
			    full_name ? "\"io.containerd.image.name\":\"" : "",
			    full_name ? full_name : "", full_name ? "\"" : "");
	lw_auto_free char *d = fx_descriptor(b, more);

	lw_buf_printf(&fx->index, "%s%s", fx->index.n ? "," : "", d);
	fx_index(fx);
}

/* An image manifest of one layer, whose content is `seed`; `more` stands before the end. */
static inline struct fx_blob fx_manifest(const struct fx *fx, const char *seed,
					 const char *more)
{
	lw_auto_free char *config_text = lw_asprintf("{\"seed\":\"%s\"}", seed);
	struct fx_blob config = fx_add(fx, FX_CONFIG, config_text);
	struct fx_blob layer = fx_add(fx, FX_LAYER, seed);
	lw_auto_free char *c = fx_descriptor(&config, "");
	lw_auto_free char *l = fx_descriptor(&layer, "");
	lw_auto_free char *text =
		lw_asprintf("{\"schemaVersion\":2,\"mediaType\":\"" FX_MANIFEST
			    "\",\"config\":%s,\"layers\":[%s]%s}",
			    c, l, more);

	return fx_add(fx, FX_MANIFEST, text);
}

/* An artifact about a subject: empty config, one layer. */
static inline struct fx_blob fx_referrer(const struct fx *fx, const char *seed,
					 const struct fx_blob *subject)
{
	struct fx_blob config = fx_add(fx, FX_EMPTY, "{}");
	struct fx_blob layer = fx_add(fx, "application/vnd.example.signature", seed);
	lw_auto_free char *c = fx_descriptor(&config, "");
	lw_auto_free char *l = fx_descriptor(&layer, "");
	lw_auto_free char *s = fx_descriptor(subject, "");
	lw_auto_free char *text =
		lw_asprintf("{\"schemaVersion\":2,\"mediaType\":\"" FX_MANIFEST
			    "\",\"artifactType\":\"application/vnd.example.proof\","
			    "\"config\":%s,\"layers\":[%s],\"subject\":%s}",
			    c, l, s);

	return fx_add(fx, FX_MANIFEST, text);
}

/* An index of elements already written as JSON with commas. */
static inline struct fx_blob fx_make_index(const struct fx *fx, const char *elements,
					   const char *more)
{
	lw_auto_free char *text = lw_asprintf("{\"schemaVersion\":2,\"mediaType\":\"" FX_INDEX
					      "\",\"manifests\":[%s]%s}",
					      elements, more);

	return fx_add(fx, FX_INDEX, text);
}

/* The tag under which something about this blob is kept; owned by the caller. */
static inline char *fx_tag(const struct fx_blob *b, const char *ending)
{
	return lw_asprintf("sha256-%s%s", b->text + 7, ending);
}

/* Reads documents in this process. `data`: NULL, or a size_t that counts them. */
static inline int fx_read(void *data, struct lw_span bytes, const char *media_type,
			  struct lw_document **ret, struct lw_error *e)
{
	if (data)
		++*(size_t *)data;
	return media_type ? lw_document_parse(bytes, media_type, ret, e)
			  : lw_document_parse_layout_index(bytes, ret, e);
}

static const struct lw_document_reader fx_reader = { .read = fx_read };

#endif
