/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/gather_fixture.h"

/* Sources. */

static void splits(void **state)
{
	const struct fx *fx = *state;
	static const char *const bad[] = { "",	   "oci",     "oci:",	      "oci::v1",
					   "dir:", "OCI:dir", "oci:nowhere:", "docker://x" };
	lw_auto_free char *colons = fx_path(fx, "with:colon");
	const struct {
		char *source, *dir;
		const char *ref;
	} good[] = {
		{ lw_strdup("oci:nowhere"), lw_strdup("nowhere"), "" },
		{ lw_strdup("oci:nowhere:v1"), lw_strdup("nowhere"), "v1" },
		{ lw_strdup("oci:nowhere:r.example:5000/a:v1"), lw_strdup("nowhere"),
		  "r.example:5000/a:v1" },
		{ lw_asprintf("oci:%s", fx->dir), lw_strdup(fx->dir), "" },
		{ lw_asprintf("oci:%s:r.example:5000/a:v1", fx->dir), lw_strdup(fx->dir),
		  "r.example:5000/a:v1" },
		{ lw_asprintf("oci:%s", colons), lw_strdup(colons), "" },
		{ lw_asprintf("oci:%s:r.example/a:v1", colons), lw_strdup(colons),
		  "r.example/a:v1" },
		{ lw_asprintf("oci:%s/without:colon", fx->dir),
		  lw_asprintf("%s/without", fx->dir), "colon" },
	};

	assert_int_equal(mkdir(colons, 0755), 0);
	for (size_t i = 0; i < LW_COUNT_OF(good); i++) {
		LW_AUTO(source) struct lw_source source = { 0 };

		assert_int_equal(lw_source_split(good[i].source, &source, &said), 0);
		assert_int_equal(source.kind, LW_SOURCE_OCI);
		assert_string_equal(source.path, good[i].dir);
		assert_string_equal(source.ref, good[i].ref);
		free(good[i].source);
		free(good[i].dir);
	}
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++) {
		struct lw_source source = { 0 };

		assert_int_equal(lw_source_split(bad[i], &source, &said), -LW_E_USAGE);
		assert_null(source.path);
		assert_null(source.ref);
	}
}

static int open_only(const struct fx *fx)
{
	LW_AUTO(layout) struct lw_layout *l = NULL;
	int r = lw_layout_open(fx->dir, &fx_reader, &l, &said);

	assert_true((r == 0) == (l != NULL));
	return r;
}

static void opens(void **state)
{
	struct fx *fx = *state;
	lw_auto_free char *header = fx_path(fx, "oci-layout");
	lw_auto_free char *index = fx_path(fx, "index.json");
	lw_auto_free char *moved = fx_path(fx, "moved");

	assert_int_equal(open_only(fx), -LW_E_NOTFOUND); /* no index.json */
	fx_index(fx);
	fx_file(fx, "extra", "nobody minds");
	fx_file(fx, "blobs/extra", "nobody minds");
	fx_file(fx, "blobs/sha256/extra", "nobody minds");
	assert_int_equal(open_only(fx), 0);

	fx_file(fx, "index.json", "{}");
	assert_int_equal(open_only(fx), -LW_E_FORMAT);
	fx_file(fx, "index.json", "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}");
	assert_int_equal(open_only(fx), -LW_E_FORMAT);
	fx_file(fx, "index.json", "{\"schemaVersion\":2,\"manifests\":[],\"manifests\":[]}");
	assert_int_equal(open_only(fx), -LW_E_FORMAT);
	fx_file(fx, "index.json", "{\"schemaVersion\":2,\"manifests\":[]}");
	assert_int_equal(open_only(fx), 0);

	assert_int_equal(rename(index, moved), 0);
	assert_int_equal(symlink("moved", index), 0);
	assert_int_equal(open_only(fx), -LW_E_FORMAT);
	assert_int_equal(unlink(index), 0);
	assert_int_equal(mkfifo(index, 0644), 0);
	assert_int_equal(open_only(fx), -LW_E_FORMAT);
	assert_int_equal(unlink(index), 0);
	assert_int_equal(rename(moved, index), 0);

	fx_file(fx, "oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}");
	assert_int_equal(open_only(fx), -LW_E_UNSUPPORTED);
	fx_file(fx, "oci-layout", "1.0.0");
	assert_int_equal(open_only(fx), -LW_E_FORMAT);
	assert_int_equal(unlink(header), 0);
	assert_int_equal(open_only(fx), -LW_E_NOTFOUND);

	struct lw_layout *l = NULL;
	assert_true(lw_layout_open("/nowhere/at/all", &fx_reader, &l, &said) < 0);
	assert_null(l);
}

/* CVE-2023-25153: sizes that are only claimed cost nothing. */
static void opens_no_sparse_giant(void **state)
{
	struct fx *fx = *state;
	lw_auto_free char *index = fx_path(fx, "index.json");
	struct timespec before, after;

	fx_index(fx);
	assert_int_equal(truncate(index, (off_t)4 << 30), 0);
	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before), 0);
	assert_int_equal(open_only(fx), -LW_E_LIMIT);
	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after), 0);
	assert_true(after.tv_sec - before.tv_sec < 2);
}

static void opens_no_linked_folder(void **state)
{
	struct fx *fx = *state;
	lw_auto_free char *blobs = fx_path(fx, "blobs");
	lw_auto_free char *moved = fx_path(fx, "moved");

	fx_index(fx);
	assert_int_equal(rename(blobs, moved), 0);
	assert_int_equal(open_only(fx), 0); /* no blobs at all */
	refused(fx, "v1", LW_E_NOTFOUND);
	assert_int_equal(symlink("moved", blobs), 0);
	assert_int_equal(open_only(fx), -LW_E_FORMAT);
	assert_int_equal(unlink(blobs), 0);
	fx_file(fx, "blobs", "a file");
	assert_int_equal(open_only(fx), -LW_E_FORMAT);
}

static void opens_blobs(void **state)
{
	struct fx *fx = *state;
	struct fx_blob b = fx_add(fx, FX_LAYER, "some bytes");
	struct lw_digest none = { { 0 } };
	LW_AUTO(layout) struct lw_layout *l = NULL;
	char bytes[16];
	uint64_t offset = 7;
	int fd = -1;

	fx_index(fx);
	assert_int_equal(lw_layout_open(fx->dir, &fx_reader, &l, &said), 0);
	assert_int_equal(lw_layout_open_blob(l, &b.digest, b.size, &fd, &offset, &said), 0);
	assert_int_equal(offset, 0);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), b.size);
	assert_int_equal(close(fd), 0);

	fd = -1;
	assert_int_equal(lw_layout_open_blob(l, &b.digest, b.size + 1, &fd, &offset, &said),
			 -LW_E_TRUNCATED);
	assert_int_equal(lw_layout_open_blob(l, &b.digest, b.size - 1, &fd, &offset, &said),
			 -LW_E_DIGEST);
	assert_int_equal(lw_layout_open_blob(l, &none, 0, &fd, &offset, &said), -LW_E_NOTFOUND);
	assert_non_null(strstr(said.text, "sha256:00000000"));
	assert_int_equal(fd, -1);
}

/* Finding an image. */

static void finds(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob b = fx_manifest(fx, "b", "");
	struct fx_blob c = fx_manifest(fx, "c", "");
	static const char *const refs[] = { "v1", "registry.example/app:v1", "v2",
					    "registry.example/app:v2", "other.example/x:v3" };
	const struct fx_blob *want[] = { &a, &a, &b, &b, &c };
	struct lw_gathered g;

	fx_list(fx, &a, "v1", "registry.example/app:v1");
	fx_list(fx, &b, "registry.example/app:v2", NULL);
	fx_list(fx, &b, "v2", "registry.example/app:v2");
	fx_list(fx, &c, "v3", NULL);
	for (size_t i = 0; i < LW_COUNT_OF(refs); i++) {
		accepted(fx, refs[i], &g);
		assert_true(lw_digest_equal(&g.images[0].digest, &want[i]->digest));
		assert_int_equal(g.n_blobs, 3);
		lw_gathered_free(&g);
	}

	refused(fx, "v4", LW_E_NOTFOUND);
	refused(fx, "V1", LW_E_NOTFOUND);
	refused(fx, "app:v1", LW_E_NOTFOUND);
	refused(fx, "registry.example/app", LW_E_NOTFOUND);
	/* The tag is there, but under another full name. */
	refused(fx, "other.example/app:v1", LW_E_NOTFOUND);
	refused(fx, "", LW_E_CONFLICT);
	assert_non_null(strstr(said.text, "registry.example/app:v1"));
}

static void describes(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	lw_auto_free char *source = lw_asprintf("oci:%s:v1", fx->dir);
	struct lw_gathered g;
	char text[LW_MAX_REFERENCE + 1];

	fx_list(fx, &a, "v1", NAME);
	accepted(fx, "v1", &g);
	assert_int_equal(g.n_images, 1);

	const struct lw_image *image = &g.images[0];
	assert_string_equal(lw_reference_text(&image->name, text), NAME);
	assert_string_equal(image->source, source);
	assert_string_equal(image->media_type, FX_MANIFEST);
	assert_int_equal(image->size, a.size);
	assert_int_equal(image->n_platforms, 0);
	assert_int_equal(image->n_omitted, 0);
	assert_int_equal(image->n_evidence, 0);
	assert_int_equal(image->n_subjects, 1);
	assert_true(lw_digest_equal(&image->subjects[0], &a.digest));
	for (size_t i = 1; i < g.n_blobs; i++)
		assert_true(g.blobs[i - 1].size <= g.blobs[i].size);
	lw_gathered_free(&g);
}

static void finds_the_only_one(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob sig = fx_manifest(fx, "sig", "");
	struct fx_blob att = fx_manifest(fx, "att", "");
	struct fx_blob proof = fx_referrer(fx, "proof", &a);
	struct fx_blob note = fx_add(fx, "text/plain", "a note");
	lw_auto_free char *sig_tag = fx_tag(&a, ".sig");
	lw_auto_free char *att_tag = fx_tag(&a, ".att");
	lw_auto_free char *att_name = lw_asprintf("registry.example/app:%s", att_tag);
	struct lw_gathered g;

	refused(fx, "", LW_E_NOTFOUND); /* no index.json yet */
	fx_index(fx);
	refused(fx, "", LW_E_NOTFOUND);
	fx_list(fx, &proof, NULL, NULL);
	fx_list(fx, &sig, sig_tag, NULL);
	fx_list(fx, &att, NULL, att_name);
	fx_list(fx, &note, "note", NULL);
	refused(fx, "", LW_E_NOTFOUND);
	fx_list(fx, &a, "v1", NAME);
	accepted(fx, "", &g);
	assert_true(lw_digest_equal(&g.images[0].digest, &a.digest));
	assert_int_equal(g.images[0].n_evidence, 3);
	assert_false(has_blob(&g, &note));
	lw_gathered_free(&g);

	fx_list(fx, &a, "v1", NAME);
	accepted(fx, "", &g);
	lw_gathered_free(&g);
	refused(fx, "note", LW_E_UNSUPPORTED);
}

static void refuses_ambiguity(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob b = fx_manifest(fx, "b", "");
	struct lw_gathered g;

	fx_list(fx, &a, "v1", NULL);
	fx_list(fx, &a, "v1", NULL);
	accepted(fx, "registry.example/app:v1", &g);
	lw_gathered_free(&g);
	fx_list(fx, &b, "v1", NULL);
	refused(fx, "v1", LW_E_CONFLICT);
	refused(fx, "registry.example/app:v1", LW_E_CONFLICT);
	/* An exact name counts before a tag. */
	fx_list(fx, &b, "v2", "registry.example/app:v1");
	accepted(fx, "registry.example/app:v1", &g);
	assert_true(lw_digest_equal(&g.images[0].digest, &b.digest));
	lw_gathered_free(&g);
	fx_list(fx, &a, "registry.example/app:v1", NULL);
	refused(fx, "registry.example/app:v1", LW_E_CONFLICT);
}

static void names(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob b = fx_manifest(fx, "b", "");
	struct lw_gathered g = { 0 };
	char text[LW_MAX_REFERENCE + 1];

	fx_list(fx, &a, "v1", NULL);
	fx_list(fx, &b, "busybox", "busybox:latest");
	refused(fx, "v1", LW_E_USAGE);
	refused(fx, "busybox", LW_E_USAGE);
	assert_int_equal(gather_with(fx, "v1", "other.example/x:y", NULL, &g), 0);
	assert_string_equal(lw_reference_text(&g.images[0].name, text), "other.example/x:y");
	assert_int_equal(gather_with(fx, "busybox", "other.example/x:z", NULL, &g), 0);
	assert_int_equal(g.n_images, 2);
	lw_gathered_free(&g);

	/* One thing with two full names. */
	fx_list(fx, &a, "v2", "registry.example/app:v2");
	fx_list(fx, &a, "v2", "registry.example/more:v2");
	refused(fx, "v2", LW_E_CONFLICT);
	accepted(fx, "registry.example/more:v2", &g);
	assert_string_equal(g.images[0].name.repository, "registry.example/more");
	lw_gathered_free(&g);
}

/* Indexes and platforms. */

static void takes_indexes(void **state)
{
	struct fx *fx = *state;
	struct fx_blob child[4];
	struct fx_blob index = three_platforms(fx, child);
	struct lw_gathered g;

	fx_list(fx, &index, "v1", NAME);
	accepted(fx, "v1", &g);
	assert_string_equal(g.images[0].media_type, FX_INDEX);
	assert_int_equal(g.images[0].n_platforms, 3);
	assert_string_equal(g.images[0].platforms[0], "linux/amd64");
	assert_string_equal(g.images[0].platforms[1], "linux/arm/v7");
	assert_string_equal(g.images[0].platforms[2], "linux/s390x");
	assert_int_equal(g.images[0].n_subjects, 5);
	assert_int_equal(g.n_blobs, 1 + 4 * 3);
	lw_gathered_free(&g);
}

static void narrows(void **state)
{
	struct fx *fx = *state;
	struct fx_blob child[4];
	struct fx_blob index = three_platforms(fx, child);
	static const char *const wanted[] = { "linux/amd64", "linux/arm" };
	struct lw_gather_options o = { wanted, 2 };
	struct lw_gathered g = { 0 };

	fx_list(fx, &index, "v1", NAME);
	remove_blob(fx, &child[2]); /* what is left out may be missing */
	refused_naming(fx, "v1", LW_E_NOTFOUND, &child[2]);
	assert_int_equal(gather_with(fx, "v1", NULL, &o, &g), 0);
	assert_int_equal(g.images[0].n_platforms, 2);
	assert_int_equal(g.images[0].n_omitted, 1);
	assert_true(lw_digest_equal(&g.images[0].omitted[0], &child[2].digest));
	assert_true(has_blob(&g, &index));
	assert_true(has_blob(&g, &child[0]));
	assert_true(has_blob(&g, &child[1]));
	assert_true(has_blob(&g, &child[3])); /* says no platform */
	assert_false(has_blob(&g, &child[2]));
	assert_int_equal(g.images[0].n_subjects, 4);
	lw_gathered_free(&g);
}

static void narrows_no_further(void **state)
{
	struct fx *fx = *state;
	struct fx_blob child[4];
	struct fx_blob index = three_platforms(fx, child);
	struct fx_blob plain = fx_manifest(fx, "plain", "");
	static const struct {
		const char *platform;
		int code;
	} tries[] = {
		{ "linux/arm/v7", 0 },
		{ "linux/arm", 0 },
		{ "linux/arm/v6", -LW_E_NOTFOUND },
		{ "linux/ar", -LW_E_NOTFOUND },
		{ "linux/amd64/v2", -LW_E_NOTFOUND },
		{ "windows/amd64", -LW_E_NOTFOUND },
		{ "unknown/unknown", -LW_E_NOTFOUND },
		{ "linux", -LW_E_USAGE },
		{ "", -LW_E_USAGE },
		{ "linux/", -LW_E_USAGE },
		{ "/amd64", -LW_E_USAGE },
		{ "linux/arm/v7/x", -LW_E_USAGE },
		{ "linux/amd 64", -LW_E_USAGE },
	};

	fx_list(fx, &index, "v1", NAME);
	fx_list(fx, &plain, "plain", "registry.example/plain:v1");
	for (size_t i = 0; i < LW_COUNT_OF(tries); i++) {
		struct lw_gather_options o = { &tries[i].platform, 1 };
		struct lw_gathered g = { 0 };

		assert_int_equal(gather_with(fx, "v1", NULL, &o, &g), tries[i].code);
		lw_gathered_free(&g);
		if (tries[i].code != -LW_E_USAGE) {
			assert_int_equal(gather_with(fx, "plain", NULL, &o, &g), 0);
			lw_gathered_free(&g);
		}
	}
}

/* One that stands twice in an index, once wanted and once not, is wanted. */
static void omits_nothing_it_takes(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	lw_auto_free char *one = fx_platform(&a, "linux", "arm");
	lw_auto_free char *two = fx_platform(&a, "linux", "arm64");
	lw_auto_free char *both = lw_asprintf("%s,%s", one, two);
	struct fx_blob index = fx_make_index(fx, both, "");
	const char *wanted = "linux/arm64";
	struct lw_gather_options o = { &wanted, 1 };
	struct lw_gathered g = { 0 };

	fx_list(fx, &index, "v1", NAME);
	assert_int_equal(gather_with(fx, "v1", NULL, &o, &g), 0);
	assert_int_equal(g.images[0].n_omitted, 0);
	assert_true(has_blob(&g, &a));
	lw_gathered_free(&g);
}

static struct fx_blob nest(const struct fx *fx, struct fx_blob inner, int depth)
{
	for (int i = 0; i < depth; i++) {
		lw_auto_free char *d = fx_descriptor(&inner, "");

		inner = fx_make_index(fx, d, "");
	}
	return inner;
}

static void nests(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob eight = nest(fx, a, LW_MAX_IMAGE_DEPTH);
	struct fx_blob nine = nest(fx, a, LW_MAX_IMAGE_DEPTH + 1);
	struct fx_blob many = nest(fx, a, 500);
	struct lw_gathered g;

	fx_list(fx, &eight, "eight", "registry.example/app:eight");
	fx_list(fx, &nine, "nine", "registry.example/app:nine");
	fx_list(fx, &many, "many", "registry.example/app:many");
	accepted(fx, "eight", &g);
	assert_int_equal(g.images[0].n_subjects, LW_MAX_IMAGE_DEPTH + 1);
	lw_gathered_free(&g);
	refused(fx, "nine", LW_E_LIMIT);
	refused(fx, "many", LW_E_LIMIT);
}

static void carries_other_kinds(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob note = fx_add(fx, "text/plain", "a note");
	lw_auto_free char *one = fx_platform(&a, "linux", "amd64");
	lw_auto_free char *two = fx_descriptor(&note, "");
	lw_auto_free char *both = lw_asprintf("%s,%s", one, two);
	struct fx_blob index = fx_make_index(fx, both, "");
	struct lw_gathered g;

	fx_list(fx, &index, "v1", NAME);
	accepted(fx, "v1", &g);
	assert_true(has_blob(&g, &note));
	assert_int_equal(g.images[0].n_subjects, 2);
	lw_gathered_free(&g);
	remove_blob(fx, &note);
	refused_naming(fx, "v1", LW_E_NOTFOUND, &note);
}

static void takes_docker(void **state)
{
	struct fx *fx = *state;
	struct fx_blob config = config_of(fx, "x");
	struct fx_blob layer = layer_of(fx, "x");
	lw_auto_free char *c = fx_descriptor(&config, "");
	lw_auto_free char *l = fx_descriptor(&layer, "");
	lw_auto_free char *text = lw_asprintf("{\"schemaVersion\":2,\"mediaType\":\"" FX_DOCKER
					      "\",\"config\":%s,\"layers\":[%s]}",
					      c, l);
	struct fx_blob m = fx_add(fx, FX_DOCKER, text);
	lw_auto_free char *d = fx_platform(&m, "linux", "amd64");
	lw_auto_free char *list_text = lw_asprintf(
		"{\"schemaVersion\":2,\"mediaType\":\"" FX_DOCKER_LIST "\",\"manifests\":[%s]}",
		d);
	struct fx_blob list = fx_add(fx, FX_DOCKER_LIST, list_text);
	struct lw_gathered g;

	fx_list(fx, &list, "v1", NAME);
	accepted(fx, "v1", &g);
	assert_string_equal(g.images[0].media_type, FX_DOCKER_LIST);
	assert_int_equal(g.n_blobs, 4);
	lw_gathered_free(&g);
}

/* Several images. */

static void gathers_several(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "same", "");
	struct fx_blob b = fx_manifest(fx, "same", ",\"annotations\":{\"x\":\"y\"}");
	LW_AUTO(layout) struct lw_layout *l = NULL;
	struct lw_gathered g = { 0 };

	fx_list(fx, &a, "v1", "registry.example/b:v1");
	fx_list(fx, &b, "v2", "registry.example/a:v1");
	assert_int_equal(lw_layout_open(fx->dir, &fx_reader, &l, &said), 0);
	assert_int_equal(lw_gather_image(l, "v1", NULL, NULL, &g, &said), 0);
	assert_int_equal(lw_gather_image(l, "v2", NULL, NULL, &g, &said), 0);
	assert_int_equal(lw_gather_image(l, "v3", NULL, NULL, &g, &said), -LW_E_NOTFOUND);
	assert_int_equal(lw_gather_finish(&g, &said), 0);
	assert_int_equal(g.n_images, 2);
	assert_string_equal(g.images[0].name.repository, "registry.example/a");
	assert_string_equal(g.images[1].name.repository, "registry.example/b");
	assert_int_equal(g.n_blobs, 4); /* config and layer are shared */
	for (size_t i = 1; i < g.n_blobs; i++)
		assert_true(
			g.blobs[i - 1].size < g.blobs[i].size ||
			(g.blobs[i - 1].size == g.blobs[i].size &&
			 lw_digest_compare(&g.blobs[i - 1].digest, &g.blobs[i].digest) < 0));

	/* The same name again, whatever it names. */
	assert_int_equal(lw_gather_image(l, "v1", NULL, NULL, &g, &said), 0);
	assert_int_equal(lw_gather_finish(&g, &said), -LW_E_CONFLICT);
	lw_gathered_free(&g);
}

/* Each manifest is read once, however many images are packed and whoever refers to it. */
static void reads_once(void **state)
{
	struct fx *fx = *state;
	enum { N = 200 };
	size_t reads = 0;
	const struct lw_document_reader reader = { fx_read, &reads };
	LW_AUTO(layout) struct lw_layout *l = NULL;
	LW_AUTO(gathered) struct lw_gathered g = { 0 };
	char text[64], name[64];

	for (int i = 0; i < N; i++) {
		(void)snprintf(text, sizeof(text), "v%d", i);
		(void)snprintf(name, sizeof(name), "registry.example/app:v%d", i);

		struct fx_blob a = fx_manifest(fx, text, "");
		(void)fx_referrer(fx, text, &a);
		fx_list(fx, &a, text, name);
	}
	assert_int_equal(lw_layout_open(fx->dir, &reader, &l, &said), 0);
	assert_int_equal(reads, 2);
	for (int i = 0; i < N; i++) {
		(void)snprintf(text, sizeof(text), "v%d", i);
		assert_int_equal(lw_gather_image(l, text, NULL, NULL, &g, &said), 0);
		assert_int_equal(g.images[i].n_evidence, 1);
	}
	assert_int_equal(reads, 2 + 2 * N);
	assert_int_equal(lw_gather_finish(&g, &said), 0);
	assert_int_equal(g.n_images, N);
	/* manifest, config, layer; the proof's manifest, whose layer is the same; the empty
	 * config of all */
	assert_int_equal(g.n_blobs, 4 * N + 1);
}

static int compare_gathered(const struct lw_gathered *x, const struct lw_gathered *y)
{
	const struct lw_image *a = &x->images[0], *b = &y->images[0];

	if (x->n_blobs != y->n_blobs || a->n_evidence != b->n_evidence ||
	    a->n_subjects != b->n_subjects)
		return 1;
	for (size_t i = 0; i < x->n_blobs; i++)
		if (!lw_digest_equal(&x->blobs[i].digest, &y->blobs[i].digest))
			return 1;
	for (size_t i = 0; i < a->n_evidence; i++)
		if (lw_evidence_compare(&a->evidence[i], &b->evidence[i]) != 0)
			return 1;
	return memcmp(a->subjects, b->subjects, a->n_subjects * sizeof(*a->subjects));
}

/* The order in which files were made, and so the order of the folder, makes no difference. */
static void depends_on_no_order(void **state)
{
	struct lw_gathered g[2];

	for (int turn = 0; turn < 2; turn++) {
		struct fx fx;
		char seed[16];

		fx_open(&fx);
		struct fx_blob a = fx_manifest(&fx, "a", "");
		for (int i = 0; i < 64; i++) {
			(void)snprintf(seed, sizeof(seed), "%d", turn ? 63 - i : i);
			(void)fx_referrer(&fx, seed, &a);
		}
		fx_list(&fx, &a, "v1", NAME);
		accepted(&fx, "v1", &g[turn]);
		assert_int_equal(g[turn].images[0].n_evidence, 64);
		fx_close(&fx);
	}
	assert_int_equal(compare_gathered(&g[0], &g[1]), 0);
	lw_gathered_free(&g[0]);
	lw_gathered_free(&g[1]);
	(void)state;
}

static void mechanisms(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LW_MECHANISM_COUNT; i++) {
		enum lw_mechanism m = LW_MECHANISM_COUNT;
		const char *name = lw_mechanism_name((enum lw_mechanism)i);

		assert_int_equal(lw_mechanism_parse(lw_span_str(name), &m, &said), 0);
		assert_int_equal(m, i);
	}
	enum lw_mechanism m = LW_MECHANISM_COUNT;
	assert_int_equal(lw_mechanism_parse(lw_span_str("Referrers"), &m, &said), -LW_E_FORMAT);
	assert_int_equal(lw_mechanism_parse(lw_span_str(""), &m, &said), -LW_E_FORMAT);
	assert_int_equal(m, LW_MECHANISM_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(splits),
		TEST(opens),
		TEST(opens_no_sparse_giant),
		TEST(opens_no_linked_folder),
		TEST(opens_blobs),
		TEST(finds),
		TEST(describes),
		TEST(finds_the_only_one),
		TEST(refuses_ambiguity),
		TEST(names),
		TEST(takes_indexes),
		TEST(narrows),
		TEST(narrows_no_further),
		TEST(omits_nothing_it_takes),
		TEST(nests),
		TEST(carries_other_kinds),
		TEST(takes_docker),
		TEST(gathers_several),
		TEST(reads_once),
		TEST(depends_on_no_order),
		TEST(mechanisms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
