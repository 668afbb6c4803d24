/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/json.h"
#include "image/index.h"
#include "image/store.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/scratch.h"

#define BLOBS	   "store/blobs/sha256"
#define INCOMING   "store/incoming"
#define UNFINISHED "store/" LW_FS_TEMP_PREFIX "0123456789abcdef"

struct fixture {
	struct scratch at;
	struct lw_store *store;
	struct lw_error e;
};

static int setup(void **state)
{
	struct fixture *f = lw_alloc_array(1, sizeof(*f));

	scratch_make(&f->at);
	assert_int_equal(lw_store_open(f->at.dir, true, &f->store, &f->e), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	lw_store_close(f->store);
	scratch_drop(&f->at);
	free(f);
	return 0;
}

static struct lw_digest digest(const char *text)
{
	return lw_digest_of(lw_span_str(text));
}

/* "store/blobs/sha256/<hex>" */
static const char *in(const char *folder, const struct lw_digest *d, char out[static 128])
{
	char hex[65];

	(void)snprintf(out, 128, "%s/%s", folder, lw_digest_hex(d, hex));
	return out;
}

static void stage(struct fixture *f, const char *text)
{
	struct lw_digest d = digest(text);
	int fd = -1;

	assert_int_equal(lw_store_stage(f->store, &d, &fd, &f->e), 0);
	assert_int_equal(lw_fs_write(fd, text, strlen(text), &f->e), 0);
	(void)close(fd);
}

static void put(struct fixture *f, const char *text)
{
	struct lw_digest d = digest(text);

	stage(f, text);
	assert_int_equal(lw_store_sync_staged(f->store, &f->e), 0);
	assert_int_equal(lw_store_publish(f->store, &d, &f->e), 0);
	assert_int_equal(lw_store_sync_published(f->store, &f->e), 0);
}

static void test_new_store(void **state)
{
	struct fixture *f = *state;
	struct lw_store *again = NULL;
	lw_auto_free char *layout = scratch_read(f->at.dir, "store/oci-layout", NULL);
	lw_auto_free char *index = scratch_read(f->at.dir, "store/index.json", NULL);
	uint64_t bytes = 0;
	struct stat st;

	assert_string_equal(layout, "{\"imageLayoutVersion\":\"1.0.0\"}");
	assert_string_equal(
		index,
		"{\"manifests\":[],\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
		"\"schemaVersion\":2}");
	assert_int_equal(fstatat(f->at.dir, INCOMING, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(lw_store_open(f->at.dir, false, &again, &f->e), 0);
	lw_store_close(again);
	assert_int_equal(lw_store_free_bytes(f->store, &bytes, &f->e), 0);
	assert_true(bytes > 0);
}

static void test_broken_store(void **state)
{
	static const char *const folders[] = { "store", "store/blobs", BLOBS, INCOMING };
	struct fixture *f = *state;

	for (size_t i = 0; i < LW_COUNT_OF(folders); i++) {
		for (int how = 0; how < 3; how++) {
			struct lw_store *s = NULL;

			assert_int_equal(renameat(f->at.dir, folders[i], f->at.dir, "away"), 0);
			if (how == 1)
				scratch_write_str(f->at.dir, folders[i], "a file");
			if (how == 2) /* even to the right place: never through a link */
				assert_int_equal(symlinkat(f->at.path, f->at.dir, folders[i]),
						 0);
			if (how == 0 && i == 3) { /* what was empty is made again */
				assert_int_equal(lw_store_open(f->at.dir, false, &s, &f->e), 0);
				lw_store_close(s);
			} else {
				assert_int_equal(lw_store_open(f->at.dir, false, &s, &f->e),
						 -LW_E_STATE);
				assert_null(s);
			}
			if (how || i == 3)
				assert_int_equal(
					unlinkat(f->at.dir, folders[i], how ? 0 : AT_REMOVEDIR),
					0);
			assert_int_equal(renameat(f->at.dir, "away", f->at.dir, folders[i]), 0);
		}
	}
}

static void test_stage_and_publish(void **state)
{
	struct fixture *f = *state;
	struct lw_digest d = digest("one"), other = digest("two");
	char path[128];
	struct stat st;
	uint64_t size = 0;
	int fd = -1;

	stage(f, "one");
	assert_int_equal(fstatat(f->at.dir, in(INCOMING, &d, path), &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0444);
	assert_int_equal(lw_store_open_blob(f->store, &d, &fd, &size, &f->e), -LW_E_NOTFOUND);
	assert_int_equal(fd, -1);

	assert_int_equal(lw_store_sync_staged(f->store, &f->e), 0);
	assert_int_equal(lw_store_publish(f->store, &d, &f->e), 0);
	assert_int_equal(lw_store_sync_published(f->store, &f->e), 0);
	assert_int_equal(scratch_count(f->at.dir, INCOMING), 0);
	assert_int_equal(fstatat(f->at.dir, in(BLOBS, &d, path), &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0444);
	assert_int_equal(lw_store_open_blob(f->store, &d, &fd, &size, &f->e), 0);
	assert_int_equal(size, 3);
	(void)close(fd);

	assert_int_equal(lw_store_publish(f->store, &d, &f->e), -LW_E_NOTFOUND);
	assert_int_equal(lw_store_publish(f->store, &other, &f->e), -LW_E_NOTFOUND);

	/* A damaged blob is replaced by a whole one. */
	assert_int_equal(unlinkat(f->at.dir, path, 0), 0);
	scratch_write_str(f->at.dir, path, "damaged");
	put(f, "one");
	lw_auto_free char *bytes = scratch_read(f->at.dir, path, NULL);
	assert_string_equal(bytes, "one");

	assert_int_equal(lw_store_remove(f->store, &d, &f->e), 0);
	assert_false(scratch_has(f->at.dir, path));
	assert_int_equal(lw_store_remove(f->store, &d, &f->e), 0);
}

static void test_stage_over_leftovers(void **state)
{
	struct fixture *f = *state;
	struct lw_digest d = digest("x");
	char path[128], deeper[160];
	struct stat st;

	in(INCOMING, &d, path);
	for (int how = 0; how < 4; how++) {
		scratch_write_str(f->at.dir, "victim", "untouched");
		if (how == 0)
			scratch_write_str(f->at.dir, path, "longer than it will be");
		if (how == 1)
			assert_int_equal(symlinkat("../../victim", f->at.dir, path), 0);
		if (how == 2)
			assert_int_equal(linkat(f->at.dir, "victim", f->at.dir, path, 0), 0);
		if (how == 3) {
			assert_int_equal(mkdirat(f->at.dir, path, 0700), 0);
			(void)snprintf(deeper, sizeof(deeper), "%s/inside", path);
			scratch_write_str(f->at.dir, deeper, "x");
		}
		stage(f, "x");
		assert_int_equal(fstatat(f->at.dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(S_ISREG(st.st_mode));
		assert_int_equal(st.st_size, 1);
		assert_int_equal(st.st_nlink, 1);
		lw_auto_free char *victim = scratch_read(f->at.dir, "victim", NULL);
		assert_string_equal(victim, "untouched");
		assert_int_equal(unlinkat(f->at.dir, path, 0), 0);
	}
}

/* Beneath blobs/ nothing is ever written over. */
static void test_place(void **state)
{
	struct fixture *f = *state;
	struct lw_digest d = digest("one");
	char path[128];
	struct stat st;
	int fd = -1, again = -1;

	assert_int_equal(lw_store_place(f->store, &d, &fd, &f->e), 0);
	assert_int_equal(lw_fs_write(fd, "one", 3, &f->e), 0);
	assert_int_equal(fstatat(f->at.dir, in(BLOBS, &d, path), &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, 0444);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(scratch_count(f->at.dir, INCOMING), 0);
	assert_int_equal(lw_store_sync_staged(f->store, &f->e), 0);
	assert_int_equal(lw_store_place(f->store, &d, &again, &f->e), -LW_E_EXISTS);
	assert_int_equal(lw_store_require_placed(f->store, &d, 3, &f->e), 0);
	assert_int_equal(lw_store_require_placed(f->store, &d, 4, &f->e), -LW_E_STATE);
	assert_int_equal(lw_store_clear_staged(f->store, &f->e), 0);
	lw_auto_free char *bytes = scratch_read(f->at.dir, path, NULL);
	assert_string_equal(bytes, "one");
	assert_int_equal(lw_store_remove(f->store, &d, &f->e), 0);
	assert_false(scratch_has(f->at.dir, path));
	(void)close(fd);
	assert_int_equal(lw_store_require_placed(f->store, &d, 3, &f->e), -LW_E_IO);

	scratch_write_str(f->at.dir, "victim", "untouched");
	assert_int_equal(symlinkat("../../../victim", f->at.dir, path), 0);
	assert_int_equal(lw_store_require_placed(f->store, &d, 9, &f->e), -LW_E_STATE);
	assert_int_equal(lw_store_place(f->store, &d, &again, &f->e), -LW_E_EXISTS);
	assert_int_equal(unlinkat(f->at.dir, path, 0), 0);
	assert_int_equal(mkdirat(f->at.dir, path, 0700), 0);
	assert_int_equal(lw_store_place(f->store, &d, &again, &f->e), -LW_E_EXISTS);
	assert_int_equal(again, -1);
	lw_auto_free char *victim = scratch_read(f->at.dir, "victim", NULL);
	assert_string_equal(victim, "untouched");
}

/* Things that are no blobs, in any folder of the store. */
static void litter(int dir, const char *folder)
{
	static const char *const files[] = {
		".hidden",
		"a b\nc",
		"sha256:00",
		"index.json",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",   /* 63 */
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555", /* 65 */
		"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
		"g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85\x80",
	};
	char path[256];

	for (size_t i = 0; i < LW_COUNT_OF(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		scratch_write_str(dir, path, "litter");
	}
	for (char c = '0'; c < '4'; c++) {
		char hex[65];

		memset(hex, c, 64);
		hex[64] = '\0';
		(void)snprintf(path, sizeof(path), "%s/%s", folder, hex);
		if (c == '0')
			assert_int_equal(mkdirat(dir, path, 0700), 0);
		if (c == '1')
			assert_int_equal(symlinkat("../../../../victim", dir, path), 0);
		if (c == '2')
			assert_int_equal(mkfifoat(dir, path, 0600), 0);
		if (c == '3') {
			assert_int_equal(mkdirat(dir, path, 0700), 0);
			(void)snprintf(path, sizeof(path), "%s/%s/deep", folder, hex);
			assert_int_equal(mkdirat(dir, path, 0700), 0);
			(void)snprintf(path, sizeof(path), "%s/%s/deep/link", folder, hex);
			assert_int_equal(symlinkat("/", dir, path), 0);
		}
	}
}

static void test_clear_staged(void **state)
{
	struct fixture *f = *state;

	scratch_write_str(f->at.dir, "victim", "untouched");
	scratch_write_str(f->at.dir, UNFINISHED, "half an index.json");
	litter(f->at.dir, INCOMING);
	stage(f, "one");
	put(f, "two");
	assert_int_equal(lw_store_clear_staged(f->store, &f->e), 0);
	assert_false(scratch_has(f->at.dir, UNFINISHED));
	assert_true(scratch_has(f->at.dir, "store/index.json"));
	assert_int_equal(scratch_count(f->at.dir, INCOMING), 0);
	assert_int_equal(scratch_count(f->at.dir, BLOBS), 1);
	assert_true(scratch_has(f->at.dir, "victim"));
	assert_int_equal(lw_store_clear_staged(f->store, &f->e), 0);
}

struct seen {
	size_t n;
	uint64_t bytes;
	struct lw_digest fail_at;
};

static int see(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	struct seen *seen = data;

	if (lw_digest_equal(d, &seen->fail_at))
		return lw_fail(e, LW_E_CONFLICT, "asked to");
	seen->n++;
	seen->bytes += size;
	return 0;
}

static void test_each(void **state)
{
	struct fixture *f = *state;
	struct seen seen = { 0 };

	assert_int_equal(lw_store_each(f->store, see, &seen, &f->e), 0);
	assert_int_equal(seen.n, 0);

	scratch_write_str(f->at.dir, "victim", "untouched");
	litter(f->at.dir, BLOBS);
	put(f, "one");
	put(f, "three");
	put(f, "");
	assert_int_equal(lw_store_each(f->store, see, &seen, &f->e), 0);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.bytes, 8);
	assert_int_equal(scratch_count(f->at.dir, BLOBS), 3);
	assert_true(scratch_has(f->at.dir, "victim"));

	seen.fail_at = digest("three");
	assert_int_equal(lw_store_each(f->store, see, &seen, &f->e), -LW_E_CONFLICT);
}

static void test_open_blob_refuses(void **state)
{
	struct fixture *f = *state;
	struct lw_digest d = digest("x");
	char path[128];
	int fd = -1;

	in(BLOBS, &d, path);
	scratch_write_str(f->at.dir, "victim", "x");
	assert_int_equal(symlinkat("../../../victim", f->at.dir, path), 0);
	assert_true(lw_store_open_blob(f->store, &d, &fd, NULL, &f->e) < 0);
	assert_int_equal(unlinkat(f->at.dir, path, 0), 0);
	assert_int_equal(mkdirat(f->at.dir, path, 0700), 0);
	assert_true(lw_store_open_blob(f->store, &d, &fd, NULL, &f->e) < 0);
	assert_int_equal(unlinkat(f->at.dir, path, AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(f->at.dir, path, 0600), 0);
	assert_true(lw_store_open_blob(f->store, &d, &fd, NULL, &f->e) < 0);
	assert_int_equal(fd, -1);
}

#define THREADS 4
#define EACH	100

struct stager {
	struct lw_store *store;
	int number, failed;
};

static void *stage_many(void *data)
{
	struct stager *s = data;

	for (int i = 0; i < EACH; i++) {
		char text[32];
		int fd = -1;

		(void)snprintf(text, sizeof(text), "%d of %d", i, s->number);
		struct lw_digest d = digest(text);
		if (lw_store_stage(s->store, &d, &fd, NULL) < 0 ||
		    lw_fs_write(fd, text, strlen(text), NULL) < 0)
			s->failed++;
		if (fd >= 0)
			(void)close(fd);
		if (lw_store_publish(s->store, &d, NULL) < 0)
			s->failed++;
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct fixture *f = *state;
	struct stager stagers[THREADS];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		stagers[i] = (struct stager){ f->store, i, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, stage_many, &stagers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(stagers[i].failed, 0);
	}
	assert_int_equal(scratch_count(f->at.dir, BLOBS), THREADS * EACH);
	assert_int_equal(scratch_count(f->at.dir, INCOMING), 0);
}

static void test_index(void **state)
{
	struct fixture *f = *state;
	const struct lw_digest a = digest("a"), b = digest("b");
	const char *manifest = "application/vnd.oci.image.manifest.v1+json";
	lw_auto_free char *sig =
		lw_index_evidence_name("host.example/app", LW_MECHANISM_COSIGN_SIG, &a);
	lw_auto_free char *none =
		lw_index_evidence_name("host.example/app", LW_MECHANISM_REFERRERS, &a);
	struct lw_index_row rows[] = {
		{ manifest, b, 7, "", "host.example/app:1" },
		{ manifest, a, 8, "application/spdx+json", "" },
		{ manifest, b, 7, "", "host.example/app:1" },
		{ manifest, b, 7, "", "host.example/app:2" },
		{ manifest, a, 8, "", sig },
		{ manifest, a, 8, "application/spdx+json", "" },
	};
	LW_AUTO(buf) struct lw_buf out = { 0 };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;

	assert_string_equal(none, "");
	size_t n = lw_index_unique(rows, LW_COUNT_OF(rows));
	assert_int_equal(n, 4);
	lw_index_write(&out, rows, 2);
	assert_string_equal(
		lw_buf_str(&out),
		"{\"manifests\":[{\"annotations\":{"
		"\"io.containerd.image.name\":\"host.example/app:1\","
		"\"org.opencontainers.image.ref.name\":\"host.example/app:1\"},\"digest\":"
		"\"sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d\","
		"\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"size\":7},"
		"{\"artifactType\":\"application/spdx+json\",\"digest\":"
		"\"sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\","
		"\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"size\":8}],"
		"\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"schemaVersion\":2}");
	assert_string_equal(
		rows[3].name,
		"host.example/app:sha256-"
		"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb.sig");
	lw_buf_clear(&out);
	lw_index_write(&out, rows, n);
	assert_int_equal(lw_json_parse(lw_buf_span(&out), &LW_JSON_STRICT, &doc, &f->e), 0);
	assert_int_equal(lw_json_require_canonical(doc, lw_buf_span(&out), &f->e), 0);

	assert_int_equal(lw_store_write_index(f->store, lw_buf_span(&out), &f->e), 0);
	lw_auto_free char *file = scratch_read(f->at.dir, "store/index.json", NULL);
	assert_string_equal(file, lw_buf_str(&out));
	assert_int_equal(lw_index_unique(rows, 0), 0);
}

static void test_tree(void **state)
{
	struct fixture *f = *state;

	scratch_write_str(f->at.dir, "victim", "untouched");
	assert_int_equal(lw_tree_remove(f->at.dir, "nothing", &f->e), 0);
	assert_int_equal(symlinkat("store", f->at.dir, "link"), 0);
	assert_int_equal(lw_tree_remove(f->at.dir, "link", &f->e), 0);
	assert_false(scratch_has(f->at.dir, "link"));
	assert_true(scratch_has(f->at.dir, "store/oci-layout"));
	assert_int_equal(lw_tree_remove(f->at.dir, "store", &f->e), 0);
	assert_false(scratch_has(f->at.dir, "store"));
	assert_true(scratch_has(f->at.dir, "victim"));

	/* Deeper than anything of ours: refused, not followed for ever. */
	char path[256] = "d";
	for (int i = 0; i < 40; i++) {
		assert_int_equal(mkdirat(f->at.dir, path, 0700), 0);
		strcat(path, "/d");
	}
	assert_int_equal(lw_tree_remove(f->at.dir, "d", &f->e), -LW_E_IO);
	assert_int_equal(lw_tree_remove(f->at.dir, "d/d/d/d/d/d/d/d/d/d/d", &f->e), 0);
	assert_int_equal(lw_tree_remove(f->at.dir, "d", &f->e), 0);
}

/* What the living build stays, and what only looks like a builder's. */
static void test_dead_builders(void **state)
{
	struct fixture *f = *state;
	static const char *const stay[] = { "new-0b",  "new-",	 "new-0g", "new-0a.part",
					    "a-new-1", "new-0c", "new-0d" };

	for (size_t i = 0; i < 5; i++)
		scratch_write_str(f->at.dir, stay[i], "x");
	assert_int_equal(symlinkat("store", f->at.dir, "new-0c"), 0);
	assert_int_equal(mkdirat(f->at.dir, "new-0d", 0700), 0);
	assert_int_equal(mkdirat(f->at.dir, "new-0e", 0700), 0);
	scratch_write_str(f->at.dir, "new-0e/file", "x");
	scratch_write_str(f->at.dir, "new-17", "x");

	lw_auto_fd int file = openat(f->at.dir, "new-0b", O_WRONLY | O_CLOEXEC);
	lw_auto_fd int folder = openat(f->at.dir, "new-0d", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lw_tree_claim(file, &f->e), 0);
	assert_int_equal(lw_tree_claim(folder, &f->e), 0);
	lw_tree_clear_dead(f->at.dir, "new-", "");
	assert_false(scratch_has(f->at.dir, "new-0e"));
	assert_false(scratch_has(f->at.dir, "new-17"));
	for (size_t i = 0; i < LW_COUNT_OF(stay); i++)
		assert_int_equal(faccessat(f->at.dir, stay[i], F_OK, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(scratch_has(f->at.dir, "store/oci-layout"));

	/* Whoever died claims nothing any more; who comes second claims nothing. */
	lw_auto_fd int again = openat(f->at.dir, "new-0d", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lw_tree_claim(again, &f->e), -LW_E_BUSY);
	(void)close(lw_steal_fd(&again));
	(void)close(lw_steal_fd(&folder));
	lw_tree_clear_dead(f->at.dir, "new-", "");
	assert_false(scratch_has(f->at.dir, "new-0d"));
	lw_tree_clear_dead(f->at.dir, "new-", ".part");
	assert_false(scratch_has(f->at.dir, "new-0a.part"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stage_and_publish, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stage_over_leftovers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clear_staged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_blob_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_index, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dead_builders, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
