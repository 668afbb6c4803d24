/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For tests: bundles as a hostile sender would make them.
 *
 *	forge layout DIR SEED
 *		A small OCI layout with an index of two platforms, its signature (cosign's tag),
 *		an attestation (a referrer), and a plain image. All sizes are the same for all
 *		seeds.
 *	forge list
 *		The forgeries: name, exit status and finding that must come.
 *	forge make NAME IN.lwb OUT.lwb KEY...
 *		IN (packed from such a layout), forged, with good signatures by the keys.
 *	forge sparse BYTES IN.lwb OUT.lwb KEY...
 *		IN with a blob of so many zeros more.
 *	forge volumes HOW IN.lwb OUT KEY...
 *		IN in the volumes OUT.1of3.lwb ... (tests/lib/forge_volumes.h).
 *	forge increment HOW IN.lwb OUT.lwb KEY...
 *		IN as an increment (tests/lib/forge_increments.h).
 *	forge tuf NEWEST DIR IN.lwb OUT.lwb KEY...
 *		The first repository that IN brings, its files those of DIR, NEWEST the newest
 *		root that the sender says it saw. With NEWEST "lost:NAME" as it was, and without
 *		the bytes of that file.
 */

#include "tests/lib/forge_increments.h"
#include "tests/lib/forge_volumes.h"
#include "tests/lib/forgeries.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#define CONFIG "application/vnd.oci.image.config.v1+json"

static struct lw_error error;

static void make_file(int dir, const char *name, struct lw_span bytes)
{
	lw_auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		err(1, "%s", name);
	forge_must(lw_fs_write(fd, bytes.p, bytes.n, &error), name, &error);
}

struct layout {
	int dir;
	struct lw_buf index;
	unsigned long seed;
};

struct part {
	char digest[LW_DIGEST_TEXT];
	size_t size;
};

static struct part add(struct layout *l, struct lw_span bytes)
{
	struct lw_digest d = lw_digest_of(bytes);
	char name[LW_BLOB_NAME];
	struct part p = { .size = bytes.n };

	make_file(l->dir, lw_format_blob_name(&d, name), bytes);
	lw_digest_text(&d, p.digest);
	return p;
}

static struct part add_text(struct layout *l, const char *what)
{
	lw_auto_free char *text = lw_asprintf("{\"%s\":\"%08lx\"}", what, l->seed);

	return add(l, lw_span_str(text));
}

static struct part manifest(struct layout *l, const char *more, const struct part *config,
			    const char *config_type, const struct part *layers, size_t n)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_buf_printf(&b,
		      "{\"schemaVersion\":2,\"mediaType\":\"%s\",%s\"config\":{\"mediaType\":"
		      "\"%s\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[",
		      OCI_MANIFEST, more, config_type, config->digest, config->size);
	for (size_t i = 0; i < n; i++)
		lw_buf_printf(&b,
			      "%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
			      "\"digest\":\"%s\",\"size\":%zu}",
			      i ? "," : "", layers[i].digest, layers[i].size);
	lw_buf_adds(&b, "]}");
	return add(l, lw_buf_span(&b));
}

static void list(struct layout *l, const char *type, const struct part *p, const char *more)
{
	lw_buf_printf(&l->index, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s}",
		      l->index.p[l->index.n - 1] == '[' ? "" : ",", type, p->digest, p->size,
		      more);
}

static void tag(struct layout *l, const char *type, const struct part *p, const char *name)
{
	lw_auto_free char *more = lw_asprintf(
		",\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}", name);

	list(l, type, p, more);
}

/* An index of two platforms, one layer shared. */
static struct part add_multi(struct layout *l, const struct part *shared)
{
	static const char *const architectures[] = { "amd64", "arm64" };
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_buf_printf(&b, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[",
		      OCI_INDEX);
	for (size_t i = 0; i < 2; i++) {
		struct part layers[2] = { *shared, add_text(l, architectures[i]) };
		lw_auto_free char *text = lw_asprintf(
			"{\"architecture\":\"%s\",\"os\":\"linux\",\"made\":\"%08lx\"}",
			architectures[i], l->seed);
		struct part config = add(l, lw_span_str(text));
		struct part m = manifest(l, "", &config, CONFIG, layers, 2);

		lw_buf_printf(&b,
			      "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu,"
			      "\"platform\":{\"architecture\":\"%s\",\"os\":\"linux\"}}",
			      i ? "," : "", OCI_MANIFEST, m.digest, m.size, architectures[i]);
	}
	lw_buf_adds(&b, "]}");
	return add(l, lw_buf_span(&b));
}

static void add_evidence(struct layout *l, const struct part *about)
{
	const struct part empty = add(l, lw_span_str("{}"));
	const struct part claim = add_text(l, "attestation");
	const struct part sig = add_text(l, "signature");
	lw_auto_free char *more = lw_asprintf(
		"\"artifactType\":\"application/vnd.example.sbom\",\"subject\":{\"mediaType\":\"%s\","
		"\"digest\":\"%s\",\"size\":%zu},",
		OCI_INDEX, about->digest, about->size);
	struct part referrer =
		manifest(l, more, &empty, "application/vnd.oci.empty.v1+json", &claim, 1);
	const struct part about_it = add_text(l, "cosign");
	struct part cosign = manifest(l, "", &about_it, CONFIG, &sig, 1);
	lw_auto_free char *name = lw_asprintf("registry.example/app/multi:sha256-%s.sig",
					      about->digest + strlen("sha256:"));

	list(l, OCI_MANIFEST, &referrer, "");
	tag(l, OCI_MANIFEST, &cosign, name);
}

static void make_layout(const char *path, unsigned long seed)
{
	struct layout l = { .dir = -1, .seed = seed };

	if (mkdir(path, 0755) < 0)
		err(1, "%s", path);
	forge_must(lw_fs_open_dir(path, &l.dir, &error), path, &error);
	if (mkdirat(l.dir, "blobs", 0755) < 0 || mkdirat(l.dir, "blobs/sha256", 0755) < 0)
		err(1, "%s", path);
	lw_buf_printf(&l.index, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[",
		      OCI_INDEX);

	struct part shared = add_text(&l, "shared");
	struct part multi = add_multi(&l, &shared);
	struct part config = add_text(&l, "config");
	struct part plain = manifest(&l, "", &config,
				     "application/vnd.oci.image.config.v1+json", &shared, 1);

	tag(&l, OCI_INDEX, &multi, "registry.example/app/multi:1");
	tag(&l, OCI_MANIFEST, &plain, "registry.example/app/plain:1");
	add_evidence(&l, &multi);
	lw_buf_adds(&l.index, "]}");
	make_file(l.dir, "index.json", lw_buf_span(&l.index));
	make_file(l.dir, "oci-layout", lw_span_str(LW_OCI_LAYOUT));
	lw_buf_free(&l.index);
	(void)close(l.dir);
}

static struct lw_digest digest_of_zeros(uint64_t size)
{
	static const uint8_t zeros[1 << 20];
	LW_AUTO(hasher) struct lw_hasher *h = lw_hasher_new();

	for (uint64_t left = size; left;) {
		size_t n = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);

		lw_hasher_add(h, zeros, n);
		left -= n;
	}
	return lw_hasher_final(h);
}

/* The plain image gets a last layer, which is not in memory. */
static void list_zeros(struct forge *f, const struct lw_digest *d, uint64_t size)
{
	char text[LW_DIGEST_TEXT];
	lw_auto_free char *row = lw_asprintf(
		"\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":"
		"\"%s\",\"size\":%llu},",
		lw_digest_text(d, text), (unsigned long long)size);

	edit_manifest(f, FROM_LAYERS, row);
	forge_texts(f);
	lw_buf_printf(&f->entries, "%s %llu\n", text, (unsigned long long)size);
	for (size_t i = 0; i < f->n_blobs; i++)
		f->listed_bytes += lw_format_member(f->blobs[i].bytes.n);
	f->listed_bytes += lw_format_member(size);
	f->keep |= FORGE_KEEP_ENTRIES;
}

static void read_forge(struct forge *f, const char *in, char **keys, int n_keys)
{
	LW_AUTO(buf) struct lw_buf file = { 0 };

	forge_must(lw_fs_read_path(in, (size_t)64 << 20, &file, &error), in, &error);
	for (int i = 0; i < n_keys && i < FORGE_KEYS; i++)
		forge_key(f, keys[i]);
	forge_open(f, lw_buf_span(&file));
}

static void drop_forge(struct forge *f)
{
	forge_release(f);
	while (f->n_keys > 0)
		lw_private_key_free(f->keys[--f->n_keys]);
}

static void make_sparse(const char *bytes, const char *in, const char *out, char **keys, int n)
{
	const uint64_t size = strtoull(bytes, NULL, 10);
	const struct lw_digest d = digest_of_zeros(size);
	LW_AUTO(buf) struct lw_buf b = { 0 };
	uint8_t header[LW_TAR_BLOCK];
	char name[LW_BLOB_NAME];
	struct forge f = { 0 };

	read_forge(&f, in, keys, n);
	list_zeros(&f, &d, size);
	forge_build(&f, &b);
	b.n -= LW_TAR_END;
	lw_format_header(lw_format_blob_name(&d, name), size, header);
	lw_buf_add(&b, header, sizeof(header));
	make_file(AT_FDCWD, out, lw_buf_span(&b));
	if (truncate(out, (off_t)(b.n + size + lw_format_padding(size) + LW_TAR_END)) < 0)
		err(1, "%s", out);
	drop_forge(&f);
}

static void make_volumes(const char *how, const char *in, const char *out, char **keys, int n)
{
	struct forge_volumes v = { .how = how };
	struct forge f = { 0 };

	read_forge(&f, in, keys, n);
	forge_volumes(&f, &v);
	const uint64_t volumes = lw_volumes_count(&v.entries);

	for (uint64_t i = 1; i <= volumes; i++) {
		LW_AUTO(buf) struct lw_buf b = { 0 };
		lw_auto_free char *name =
			lw_asprintf("%s.%lluof%llu.lwb", out, (unsigned long long)i,
				    (unsigned long long)volumes);

		forge_volume(&f, &v, i, &b);
		make_file(AT_FDCWD, name, lw_buf_span(&b));
	}
	lw_entries_release(&v.entries);
	drop_forge(&f);
}

static void make_increment(const char *how, const char *in, const char *out, char **keys, int n)
{
	struct forge_increment v = { .how = how };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct forge f = { 0 };

	read_forge(&f, in, keys, n);
	forge_increment(&f, &v, &b);
	make_file(AT_FDCWD, out, lw_buf_span(&b));
	drop_forge(&f);
}

static void drop_carried(struct forge *f, struct lw_carried *c)
{
	for (size_t i = 0; i < c->n_files; i++) {
		for (size_t b = f->n_blobs; b-- > 0;)
			if (lw_digest_equal(&f->blobs[b].digest, &c->files[i].digest))
				forge_drop_blob(f, b);
		free(c->files[i].name);
	}
	free(c->files);
	c->files = NULL;
	c->n_files = 0;
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void make_carried(char **words, int n)
{
	const char *newest = words[0], *dir = words[1], *in = words[2], *out = words[3];
	lw_auto_fd int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	LW_AUTO(buf) struct lw_buf whole = { 0 };
	struct forge f = { 0 };
	struct dirent **names = NULL;
	const char *lost = strncmp(newest, "lost:", 5) == 0 ? newest + 5 : NULL;

	read_forge(&f, in, words + 4, n - 4);

	struct lw_carried *c = &f.c.carried[0];
	int files = scandir(dir, &names, visible, alphasort);

	if (f.c.n_carried == 0 || folder < 0 || files < 0)
		err(1, "%s", dir);
	drop_carried(&f, c);
	if (!lost)
		c->newest_root = atoll(newest);
	c->files = lw_alloc_array((size_t)files, sizeof(*c->files));
	for (int i = 0; i < files; i++) {
		LW_AUTO(buf) struct lw_buf bytes = { 0 };
		struct lw_digest d;

		forge_must(lw_fs_read_beneath(folder, names[i]->d_name, (size_t)64 << 20,
					      &bytes, &error),
			   names[i]->d_name, &error);
		d = lw_digest_of(lw_buf_span(&bytes));
		if (!lost || strcmp(names[i]->d_name, lost) != 0)
			(void)forge_add_blob(&f, lw_buf_span(&bytes));
		c->files[c->n_files++] = (struct lw_carried_file){
			.name = lw_strdup(names[i]->d_name), .digest = d, .size = bytes.n
		};
		free(names[i]);
	}
	free(names);
	forge_build(&f, &whole);
	make_file(AT_FDCWD, out, lw_buf_span(&whole));
	drop_forge(&f);
}

static void make(const char *name, const char *in, const char *out, char **keys, int n_keys)
{
	LW_AUTO(buf) struct lw_buf file = { 0 };
	struct forge f = { 0 };

	read_forge(&f, in, keys, n_keys);
	for (size_t i = 0; i < LW_COUNT_OF(forgeries); i++) {
		if (strcmp(forgeries[i].name, name) != 0)
			continue;
		forgeries[i].make(&f);
		forge_build(&f, &file);
		make_file(AT_FDCWD, out, lw_buf_span(&file));
		drop_forge(&f);
		return;
	}
	errx(2, "no such forgery: %s", name);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "layout") == 0) {
		make_layout(argv[2], strtoul(argv[3], NULL, 0));
	} else if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < LW_COUNT_OF(forgeries); i++)
			(void)printf("%s %d %s\n", forgeries[i].name, forgeries[i].exit,
				     forgeries[i].code);
	} else if (argc >= 6 && strcmp(argv[1], "make") == 0) {
		make(argv[2], argv[3], argv[4], argv + 5, argc - 5);
	} else if (argc >= 6 && strcmp(argv[1], "volumes") == 0) {
		make_volumes(argv[2], argv[3], argv[4], argv + 5, argc - 5);
	} else if (argc >= 6 && strcmp(argv[1], "increment") == 0) {
		make_increment(argv[2], argv[3], argv[4], argv + 5, argc - 5);
	} else if (argc >= 7 && strcmp(argv[1], "tuf") == 0) {
		make_carried(argv + 2, argc - 2);
	} else if (argc >= 6 && strcmp(argv[1], "sparse") == 0) {
		make_sparse(argv[2], argv[3], argv[4], argv + 5, argc - 5);
	} else {
		errx(2,
		     "usage: forge layout DIR SEED | list | make NAME IN OUT KEY... | "
		     "volumes HOW IN OUT KEY... | increment HOW IN OUT KEY... | sparse BYTES IN OUT KEY... | tuf NEWEST DIR IN OUT KEY...");
	}
	return 0;
}
