/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Makes an OCI image layout to measure with: always the same bytes for the same words.
 *
 *	mklayout small DIR N
 *		N artifacts (empty config, one layer of 300 B to 64 KiB):
 *		registry.example/artifacts:a0, a1, ...
 *	mklayout big DIR COUNT BYTES [SHARED]
 *		COUNT images, each with a first layer of SHARED bytes that is the same for all
 *(as many as BYTES where not said, none with 0), and a layer of BYTES of its own:
 *		registry.example/images:b0, b1, ...
 *
 *	mklayout layered DIR COUNT LAYERS
 *		COUNT images of LAYERS layers (300 B to 8 KiB), no two the same:
 *		registry.example/layered:l0, l1, ...
 *	mklayout signed DIR COUNT KEY.pem...
 *		COUNT small images: registry.example/signed/i0:1, i1:1, ... each signed with
 *every key as `cosign sign --key` does
 *
 * Each has its tag as ref.name and its full name as io.containerd.image.name. BYTES and SHARED
 *may be written 64MiB. DIR must not exist yet.
 */

#include "base/digest.h"
#include "base/encode.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "keys/private.h"

#include <err.h>
#include <fcntl.h>
#include <sys/stat.h>

#define CHUNK ((size_t)1 << 20)

static struct lw_error error;

/* Ends the program unless r says that all went well. */
static void must(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, error.text);
}

/* splitmix64: no cryptography, only bytes that do not compress. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

struct part {
	const char *media_type;
	struct lw_digest digest;
	uint64_t size;
};

struct layout {
	int dir, blobs;
	uint8_t *chunk; /* CHUNK bytes */
	struct lw_hasher *hasher;
	struct lw_buf index;
	struct lw_json_writer writer;
};

static int open_new(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		err(1, "%s", name);
	return fd;
}

static void make_file(int dir, const char *name, struct lw_span bytes)
{
	lw_auto_fd int fd = open_new(dir, name);

	must(lw_fs_write(fd, bytes.p, bytes.n, &error), name);
}

static struct part add_blob(struct layout *l, const char *media_type, struct lw_span bytes)
{
	struct part p = { media_type, lw_digest_of(bytes), bytes.n };
	char hex[65];
	struct stat st;

	if (fstatat(l->blobs, lw_digest_hex(&p.digest, hex), &st, 0) < 0)
		make_file(l->blobs, hex, bytes);
	return p;
}

/* A blob of pseudo-random bytes. */
static struct part add_random(struct layout *l, const char *media_type, uint64_t seed,
			      uint64_t size)
{
	lw_auto_fd int fd = open_new(l->blobs, "part");
	char hex[65];

	for (uint64_t left = size; left;) {
		size_t n = left < CHUNK ? (size_t)left : CHUNK;

		for (size_t i = 0; i < n; i += 8) {
			uint64_t word = next_random(&seed);

			memcpy(l->chunk + i, &word, 8);
		}
		lw_hasher_add(l->hasher, l->chunk, n);
		must(lw_fs_write(fd, l->chunk, n, &error), "layer");
		left -= n;
	}

	struct part p = { media_type, lw_hasher_final(l->hasher), size };
	if (renameat(l->blobs, "part", l->blobs, lw_digest_hex(&p.digest, hex)) < 0)
		err(1, "%s", hex);
	return p;
}

static void write_descriptor(struct lw_json_writer *w, const struct part *p)
{
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(w);
	lw_json_w_member(w, "mediaType", p->media_type);
	lw_json_w_member(w, "digest", lw_digest_text(&p->digest, text));
	lw_json_w_member_integer(w, "size", (int64_t)p->size);
	lw_json_w_end_object(w);
}

/* In index.json, under its tag or full name. */
static void list_manifest(struct layout *l, const struct part *p, const char *ref_name,
			  const char *full_name)
{
	struct lw_json_writer *w = &l->writer;
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(w);
	lw_json_w_member(w, "mediaType", p->media_type);
	lw_json_w_member(w, "digest", lw_digest_text(&p->digest, text));
	lw_json_w_member_integer(w, "size", (int64_t)p->size);
	lw_json_w_key(w, "annotations");
	lw_json_w_object(w);
	lw_json_w_member(w, "org.opencontainers.image.ref.name", ref_name);
	if (full_name)
		lw_json_w_member(w, "io.containerd.image.name", full_name);
	lw_json_w_end_object(w);
	lw_json_w_end_object(w);
}

static struct lw_digest add_manifest(struct layout *l, const char *artifact_type,
				     const struct part *config, const struct part *layers,
				     size_t n, const char *repository, const char *tag)
{
	static const char type[] = "application/vnd.oci.image.manifest.v1+json";
	LW_AUTO(buf) struct lw_buf out = { 0 };
	struct lw_json_writer w = { .out = &out };

	lw_json_w_object(&w);
	lw_json_w_member_integer(&w, "schemaVersion", 2);
	lw_json_w_member(&w, "mediaType", type);
	if (artifact_type)
		lw_json_w_member(&w, "artifactType", artifact_type);
	lw_json_w_key(&w, "config");
	write_descriptor(&w, config);
	lw_json_w_key(&w, "layers");
	lw_json_w_array(&w);
	for (size_t i = 0; i < n; i++)
		write_descriptor(&w, &layers[i]);
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);

	struct part p = add_blob(l, type, lw_buf_span(&out));
	lw_auto_free char *name = lw_asprintf("%s:%s", repository, tag);
	list_manifest(l, &p, tag, name);
	return p.digest;
}

static void make_small(struct layout *l, uint64_t count)
{
	const struct part config =
		add_blob(l, "application/vnd.oci.empty.v1+json", lw_span_str("{}"));
	uint64_t state = 6000;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t size = 300 + next_random(&state) % (64 * LW_KIB - 300 + 1);
		struct part layer = add_random(l, "application/vnd.example.data", i + 1, size);
		char tag[32];

		(void)snprintf(tag, sizeof(tag), "a%llu", (unsigned long long)i);
		add_manifest(l, "application/vnd.example.artifact", &config, &layer, 1,
			     "registry.example/artifacts", tag);
	}
}

static struct part add_config(struct layout *l, const struct part *layers, size_t n)
{
	LW_AUTO(buf) struct lw_buf out = { 0 };
	struct lw_json_writer w = { .out = &out };
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(&w);
	lw_json_w_member(&w, "architecture", "amd64");
	lw_json_w_member(&w, "os", "linux");
	lw_json_w_key(&w, "config");
	lw_json_w_object(&w);
	lw_json_w_end_object(&w);
	lw_json_w_key(&w, "rootfs");
	lw_json_w_object(&w);
	lw_json_w_member(&w, "type", "layers");
	lw_json_w_key(&w, "diff_ids");
	lw_json_w_array(&w);
	for (size_t i = 0; i < n; i++)
		lw_json_w_string(&w, lw_digest_text(&layers[i].digest, text));
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	return add_blob(l, "application/vnd.oci.image.config.v1+json", lw_buf_span(&out));
}

static void make_big(struct layout *l, uint64_t count, uint64_t size, uint64_t shared)
{
	static const char type[] = "application/vnd.oci.image.layer.v1.tar";
	struct part layers[2];
	const size_t n = shared ? 2 : 1;

	if (shared)
		layers[0] = add_random(l, type, 1, shared);
	for (uint64_t i = 0; i < count; i++) {
		char tag[32];

		layers[n - 1] = add_random(l, type, (i + 2) << 40, size);

		struct part config = add_config(l, layers, n);
		(void)snprintf(tag, sizeof(tag), "b%llu", (unsigned long long)i);
		add_manifest(l, NULL, &config, layers, n, "registry.example/images", tag);
	}
}

static void make_layered(struct layout *l, uint64_t count, size_t n)
{
	lw_auto_free struct part *layers = lw_alloc_array(n, sizeof(*layers));
	uint64_t state = 6000;

	for (uint64_t i = 0; i < count; i++) {
		char tag[32];

		for (size_t k = 0; k < n; k++) {
			uint64_t size = 300 + next_random(&state) % (8 * LW_KIB - 300 + 1);

			layers[k] = add_random(l, "application/vnd.oci.image.layer.v1.tar",
					       next_random(&state), size);
		}

		struct part config = add_config(l, layers, n);
		(void)snprintf(tag, sizeof(tag), "l%llu", (unsigned long long)i);
		add_manifest(l, NULL, &config, layers, n, "registry.example/layered", tag);
	}
}

/* The manifest of the tag sha256-<hex>.sig: one layer for each signature (cosign
 * SIGNATURE_SPEC.md). */
static void add_signatures(struct layout *l, const char *repository,
			   const struct lw_digest *image, struct lw_private_key **keys,
			   size_t n)
{
	static const char type[] = "application/vnd.oci.image.manifest.v1+json";
	LW_AUTO(buf) struct lw_buf out = { 0 }, payload = { 0 };
	struct lw_json_writer w = { .out = &out };
	char text[LW_DIGEST_TEXT], hex[65];

	lw_buf_printf(&payload,
		      "{\"critical\":{\"identity\":{\"docker-reference\":\"%s\"},\"image\":{"
		      "\"docker-manifest-digest\":\"%s\"},\"type\":\"cosign container image "
		      "signature\"},\"optional\":null}",
		      repository, lw_digest_text(image, text));

	struct part config = add_blob(l, "application/vnd.oci.image.config.v1+json",
				      lw_span_str("{\"rootfs\":{}}"));
	struct part layer = add_blob(l, "application/vnd.dev.cosign.simplesigning.v1+json",
				     lw_buf_span(&payload));

	lw_json_w_object(&w);
	lw_json_w_member_integer(&w, "schemaVersion", 2);
	lw_json_w_member(&w, "mediaType", type);
	lw_json_w_key(&w, "config");
	write_descriptor(&w, &config);
	lw_json_w_key(&w, "layers");
	lw_json_w_array(&w);
	for (size_t i = 0; i < n; i++) {
		LW_AUTO(buf) struct lw_buf sig = { 0 }, base64 = { 0 };

		must(lw_private_key_sign(keys[i], lw_buf_span(&payload), &sig, &error), "key");
		lw_base64_encode(&base64, lw_buf_span(&sig));
		lw_json_w_object(&w);
		lw_json_w_member(&w, "mediaType", layer.media_type);
		lw_json_w_member(&w, "digest", lw_digest_text(&layer.digest, text));
		lw_json_w_member_integer(&w, "size", (int64_t)layer.size);
		lw_json_w_key(&w, "annotations");
		lw_json_w_object(&w);
		lw_json_w_member(&w, "dev.cosignproject.cosign/signature", lw_buf_str(&base64));
		lw_json_w_end_object(&w);
		lw_json_w_end_object(&w);
	}
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);

	struct part p = add_blob(l, type, lw_buf_span(&out));
	lw_auto_free char *name =
		lw_asprintf("%s:sha256-%s.sig", repository, lw_digest_hex(image, hex));
	list_manifest(l, &p, name, NULL);
}

static struct lw_private_key *read_key(const char *path)
{
	LW_AUTO(buf) struct lw_buf pem = { 0 };
	struct lw_private_key *key = NULL;

	must(lw_fs_read_path(path, LW_MAX_KEY_BYTES, &pem, &error), path);
	must(lw_private_key_parse(lw_buf_span(&pem), NULL, &key, &error), path);
	return key;
}

static void make_signed(struct layout *l, uint64_t count, char **paths, size_t n)
{
	lw_auto_free struct lw_private_key **keys = lw_alloc_array(n, sizeof(*keys));

	for (size_t i = 0; i < n; i++)
		keys[i] = read_key(paths[i]);
	for (uint64_t i = 0; i < count; i++) {
		lw_auto_free char *repository =
			lw_asprintf("registry.example/signed/i%llu", (unsigned long long)i);
		struct part layer = add_random(l, "application/vnd.oci.image.layer.v1.tar",
					       (i + 2) << 40, 512);
		struct part config = add_config(l, &layer, 1);
		struct lw_digest image =
			add_manifest(l, NULL, &config, &layer, 1, repository, "1");

		add_signatures(l, repository, &image, keys, n);
	}
	for (size_t i = 0; i < n; i++)
		lw_private_key_free(keys[i]);
}

static void begin(struct layout *l, const char *path)
{
	if (mkdir(path, 0755) < 0)
		err(1, "%s", path);
	must(lw_fs_open_dir(path, &l->dir, &error), path);
	if (mkdirat(l->dir, "blobs", 0755) < 0 || mkdirat(l->dir, "blobs/sha256", 0755) < 0)
		err(1, "%s", path);
	l->blobs = openat(l->dir, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->blobs < 0)
		err(1, "%s", path);
	make_file(l->dir, "oci-layout", lw_span_str("{\"imageLayoutVersion\":\"1.0.0\"}"));
	l->chunk = lw_alloc(CHUNK);
	l->hasher = lw_hasher_new();
	l->writer.out = &l->index;
	lw_json_w_object(&l->writer);
	lw_json_w_member_integer(&l->writer, "schemaVersion", 2);
	lw_json_w_member(&l->writer, "mediaType", "application/vnd.oci.image.index.v1+json");
	lw_json_w_key(&l->writer, "manifests");
	lw_json_w_array(&l->writer);
}

static void end(struct layout *l)
{
	lw_json_w_end_array(&l->writer);
	lw_json_w_end_object(&l->writer);
	lw_json_w_finish(&l->writer);
	make_file(l->dir, "index.json", lw_buf_span(&l->index));
	lw_buf_free(&l->index);
	lw_hasher_free(l->hasher);
	free(l->chunk);
	(void)close(l->blobs);
	(void)close(l->dir);
}

static uint64_t number(const char *text, uint64_t min, uint64_t max)
{
	uint64_t v;

	must(lw_num_size(lw_span_str(text), &v, &error), text);
	if (v < min || v > max)
		errx(2, "%s: want %llu to %llu", text, (unsigned long long)min,
		     (unsigned long long)max);
	return v;
}

int main(int argc, char **argv)
{
	const bool small = argc == 4 && strcmp(argv[1], "small") == 0;
	const bool big = (argc == 5 || argc == 6) && strcmp(argv[1], "big") == 0;
	const bool layered = argc == 5 && strcmp(argv[1], "layered") == 0;
	const bool with_keys = argc >= 5 && strcmp(argv[1], "signed") == 0;
	struct layout l = { .dir = -1 };

	if (!small && !big && !layered && !with_keys)
		errx(2, "usage: mklayout small DIR N | big DIR COUNT BYTES [SHARED] | "
			"layered DIR COUNT LAYERS | signed DIR COUNT KEY.pem...");

	const uint64_t count = number(argv[3], 1, 50000);
	const uint64_t size = big ? number(argv[4], 1, LW_MAX_BLOB_BYTES) : 0;
	const uint64_t shared = argc == 6 ? number(argv[5], 0, LW_MAX_BLOB_BYTES) : size;

	begin(&l, argv[2]);
	if (small)
		make_small(&l, count);
	else if (layered)
		make_layered(&l, count, (size_t)number(argv[4], 1, 1000));
	else if (with_keys)
		make_signed(&l, count, argv + 4, (size_t)argc - 4);
	else
		make_big(&l, count, size, shared);
	end(&l);
	return 0;
}
