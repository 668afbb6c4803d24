/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "custody/enclave.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/lib/scratch.h"

#define OK(call)	  assert_int_equal(call, 0)
#define FAILS(code, call) assert_int_equal(call, -(int)(code))

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"

static const struct lw_clock now = { .wall_sec = 1790000000, .boot_sec = 100, .boot_id = "" };
static const struct lw_record_time when = { .utc = 1790000000,
					    .source = "clock",
					    .boot_id = "" };

struct fixture {
	struct scratch at;
	char path[300];
	int dir; /* of the enclave */
	struct lw_enclave *enclave;
	struct lw_digest identity;
	struct lw_head head;
	struct lw_error e;
};

static struct lw_digest digest(const char *text)
{
	return lw_digest_of(lw_span_str(text));
}

static void open_enclave(struct fixture *f)
{
	OK(lw_enclave_open(f->path, LW_STATE_WRITE, &now, &f->enclave, &f->e));
}

static void close_enclave(struct fixture *f)
{
	lw_enclave_close(lw_steal(f->enclave));
}

static void reopen(struct fixture *f)
{
	close_enclave(f);
	open_enclave(f);
}

/* By hand, under a name. */
static int create(const char *path, const char *name, const struct lw_trust_file *trust,
		  size_t n, struct fixture *f, struct lw_digest *identity, struct lw_head *head)
{
	const struct lw_birth_options options = { .name = name, .trust = trust, .n_trust = n };

	return lw_enclave_create(path, &options, &now, identity, head, &f->e);
}

static int setup(void **state)
{
	struct fixture *f = lw_alloc_array(1, sizeof(*f));
	const struct lw_trust_file trust[] = { { "policy.json", lw_span_str("{}") },
					       { "keys/alice.pub", lw_span_str("key") } };

	scratch_make(&f->at);
	(void)snprintf(f->path, sizeof(f->path), "%s/plant", f->at.path);
	OK(create(f->path, "plant-7", trust, LW_COUNT_OF(trust), f, &f->identity, &f->head));
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->dir >= 0);
	open_enclave(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	lw_enclave_close(f->enclave);
	(void)close(f->dir);
	scratch_drop(&f->at);
	free(f);
	return 0;
}

static const char *blob_path(const char *folder, const char *text, char out[static 128])
{
	struct lw_digest d = digest(text);
	char hex[65];

	(void)snprintf(out, 128, "store/%s/%s", folder, lw_digest_hex(&d, hex));
	return out;
}

static bool has_blob(struct fixture *f, const char *text)
{
	char path[128];

	return scratch_has(f->dir, blob_path("blobs/sha256", text, path));
}

/* Puts a file into the store, as a load does before its commit. */
static void put_file(struct fixture *f, const char *text)
{
	struct lw_digest d = digest(text);
	int fd = -1;

	OK(lw_store_stage(f->enclave->store, &d, &fd, &f->e));
	OK(lw_fs_write(fd, text, strlen(text), &f->e));
	(void)close(fd);
	OK(lw_store_publish(f->enclave->store, &d, &f->e));
}

/* Accepts an image of these blobs (the first is its manifest); one transaction. */
static int64_t accept(struct fixture *f, const char *name, const char *detail, uint64_t record,
		      const char *const *blobs)
{
	struct lw_state *s = f->enclave->state;
	struct lw_state_image i = { .digest = digest(blobs[0]),
				    .size = strlen(blobs[0]),
				    .media_type = MANIFEST,
				    .bundle = digest("bundle"),
				    .record = record };
	lw_auto_free char *owned = lw_strdup(detail);
	int64_t id = 0;

	i.detail = owned;
	(void)snprintf(i.name, sizeof(i.name), "%s", name);
	for (size_t k = 0; blobs[k]; k++)
		put_file(f, blobs[k]);
	OK(lw_state_begin(s, &f->e));
	OK(lw_state_image_add(s, &i, &id, &f->e));
	for (size_t k = 0; blobs[k]; k++) {
		struct lw_digest d = digest(blobs[k]);

		OK(lw_state_blob_add(s, &d, strlen(blobs[k]), &f->e));
		OK(lw_state_image_blob(s, id, &d, &f->e));
	}
	OK(lw_state_queue_add(s, "index", &f->e));
	OK(lw_state_commit(s, &f->e));
	OK(lw_enclave_drain(f->enclave, &f->e));
	return id;
}

static uint64_t records(struct fixture *f)
{
	uint64_t n = 0;

	OK(lw_state_record_count(f->enclave->state, &n, &f->e));
	return n;
}

static void last_record(struct fixture *f, struct lw_buf *out)
{
	lw_buf_clear(out);
	OK(lw_state_record_get(f->enclave->state, records(f) - 1, out, &f->e));
}

static void whole_book(struct fixture *f)
{
	struct lw_log_check sum;

	OK(lw_log_check_state(f->enclave->state, &sum, &f->e));
	assert_int_equal(sum.head.count, records(f));
}

/* Making and opening */

static void test_new(void **state)
{
	struct fixture *f = *state;
	struct lw_enclave *reader = NULL, *second = NULL;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	lw_auto_free char *identity = scratch_read(f->dir, "identity.json", NULL);
	struct lw_digest d = digest(identity);
	struct stat st;

	assert_int_equal(scratch_count(f->at.dir, "."), 1);
	OK(fstat(f->dir, &st));
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(lw_digest_equal(&d, &f->identity));
	assert_true(lw_digest_equal(&d, &f->enclave->identity));
	assert_string_equal(f->enclave->name, "plant-7");
	assert_int_equal(f->enclave->alarms, 0);
	assert_int_equal(f->enclave->pending.code, 0);
	assert_non_null(strstr(identity, "{\"created\":\"2026-09-21T14:13:20Z\",\"format\":"
					 "\"landwaiter-enclave/1\",\"name\":\"plant-7\","
					 "\"random\":\""));
	OK(lw_state_trust_get(f->enclave->state, "keys/alice.pub", &b, &f->e));
	assert_string_equal(lw_buf_str(&b), "key");
	assert_int_equal(records(f), 1);
	assert_int_equal(f->head.count, 1);
	last_record(f, &b);
	d = lw_digest_of(lw_buf_span(&b));
	assert_true(lw_digest_equal(&d, &f->head.digest));
	assert_non_null(strstr(lw_buf_str(&b), "\"event\":\"init\""));
	assert_non_null(strstr(lw_buf_str(&b), "\"name\":\"keys/alice.pub\",\"size\":3"));
	whole_book(f);

	OK(lw_enclave_open(f->path, LW_STATE_READ, NULL, &reader, &f->e));
	assert_true(lw_digest_equal(&reader->identity, &f->identity));
	lw_enclave_close(reader);
	FAILS(LW_E_BUSY, lw_enclave_open(f->path, LW_STATE_WRITE, &now, &second, &f->e));
	FAILS(LW_E_INTERNAL, lw_enclave_open(f->path, LW_STATE_CREATE, &now, &second, &f->e));
	FAILS(LW_E_INTERNAL, lw_enclave_open(f->path, LW_STATE_WRITE, NULL, &second, &f->e));
	assert_null(second);
}

static void test_create_refuses(void **state)
{
	struct fixture *f = *state;
	const struct lw_trust_file twice[] = { { "a", lw_span_str("1") },
					       { "b", lw_span_str("2") },
					       { "a", lw_span_str("3") } };
	const struct lw_trust_file bad = { "a\nb", lw_span_str("1") };
	static const char *const names[] = { "",    "Plant",	"-plant", "a b",
					     "a/b", "\xc3\xa9", ".." };
	struct lw_digest id = { 0 };
	struct lw_head head = { .count = 7 };
	char path[400];

	FAILS(LW_E_EXISTS, create(f->path, "x", NULL, 0, f, &id, &head));
	(void)snprintf(path, sizeof(path), "%s/empty", f->at.path);
	OK(mkdir(path, 0700));
	FAILS(LW_E_EXISTS, create(path, "x", NULL, 0, f, &id, &head));
	OK(rmdir(path));
	OK(symlink("/nowhere", path));
	FAILS(LW_E_EXISTS, create(path, "x", NULL, 0, f, &id, &head));
	OK(unlink(path));
	for (size_t i = 0; i < LW_COUNT_OF(names); i++)
		FAILS(LW_E_USAGE, create(path, names[i], NULL, 0, f, &id, &head));
	FAILS(LW_E_USAGE, create(path, "x", twice, 3, f, &id, &head));
	FAILS(LW_E_USAGE, create(path, "x", &bad, 1, f, &id, &head));
	(void)snprintf(path, sizeof(path), "%s/none/empty", f->at.path);
	assert_true(create(path, "x", NULL, 0, f, &id, &head) < 0);

	/* Nothing is left of them, and the one that was there is as it was. */
	assert_int_equal(scratch_count(f->at.dir, "."), 1);
	assert_int_equal(head.count, 7);
	reopen(f);
	assert_string_equal(f->enclave->name, "plant-7");
}

static void test_open_refuses(void **state)
{
	struct fixture *f = *state;
	struct lw_enclave *x = NULL;
	lw_auto_free char *identity = scratch_read(f->dir, "identity.json", NULL);
	char path[400];

	close_enclave(f);
	(void)snprintf(path, sizeof(path), "%s/none", f->at.path);
	FAILS(LW_E_NOTFOUND, lw_enclave_open(path, LW_STATE_READ, NULL, &x, &f->e));
	assert_non_null(strstr(f->e.text, "landwaiter init"));
	FAILS(LW_E_NOTFOUND, lw_enclave_open(path, LW_STATE_WRITE, &now, &x, &f->e));
	FAILS(LW_E_NOTFOUND, lw_enclave_open(f->at.path, LW_STATE_WRITE, &now, &x, &f->e));
	FAILS(LW_E_NOTFOUND, lw_enclave_open("", LW_STATE_READ, NULL, &x, &f->e));
	assert_false(scratch_has(f->at.dir, "lock")); /* somebody else's folder stays clean */

	(void)snprintf(path, sizeof(path), "%s/identity.json", f->path);
	OK(unlink(path));
	FAILS(LW_E_STATE, lw_enclave_open(f->path, LW_STATE_READ, NULL, &x, &f->e));
	for (size_t at = 0, n = strlen(identity); at < n; at += 5) {
		identity[at] ^= 1;
		scratch_write_str(f->dir, "identity.json", identity);
		FAILS(LW_E_STATE, lw_enclave_open(f->path, LW_STATE_READ, NULL, &x, &f->e));
		FAILS(LW_E_STATE, lw_enclave_open(f->path, LW_STATE_WRITE, &now, &x, &f->e));
		identity[at] ^= 1;
	}
	scratch_write_str(f->dir, "identity.json", "");
	FAILS(LW_E_STATE, lw_enclave_open(f->path, LW_STATE_READ, NULL, &x, &f->e));
	scratch_write_str(f->dir, "identity.json", identity);
	OK(renameat(f->dir, "store", f->dir, "away"));
	FAILS(LW_E_STATE, lw_enclave_open(f->path, LW_STATE_WRITE, &now, &x, &f->e));
	OK(renameat(f->dir, "away", f->dir, "store"));
	assert_null(x);
	open_enclave(f);
}

static void test_other_owner(void **state)
{
	struct fixture *f = *state;
	struct lw_enclave *x = NULL;

	if (geteuid() != 0)
		skip();
	close_enclave(f);
	OK(fchown(f->dir, 12345, 12345));
	FAILS(LW_E_USAGE, lw_enclave_open(f->path, LW_STATE_READ, NULL, &x, &f->e));
	assert_non_null(strstr(f->e.text, "12345"));
	FAILS(LW_E_USAGE, lw_enclave_open(f->path, LW_STATE_WRITE, &now, &x, &f->e));
	OK(fchown(f->dir, 0, 0));

	/* The other way round: a user who may not even look inside is told whose it is. */
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct lw_error e = { 0 };

		if (chmod(f->at.path, 0755) < 0 || setgid(12345) < 0 || setuid(12345) < 0)
			_exit(1);
		int rc = lw_enclave_open(f->path, LW_STATE_READ, NULL, &x, &e);
		_exit(rc == -LW_E_USAGE && strstr(e.text, "root") ? 0 : 2);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* After a crash */

static void test_leftovers(void **state)
{
	struct fixture *f = *state;
	static const char *const blobs[] = { "manifest", "layer", NULL };
	char path[128];

	(void)accept(f, "host.example/app:1", "", 1, blobs);
	put_file(f, "published, not committed");
	scratch_write_str(f->dir, blob_path("incoming", "half", path), "ha");
	scratch_write_str(f->dir, "store/incoming/odd name", "x");
	OK(mkdirat(f->dir, "store/incoming/folder", 0700));
	scratch_write_str(f->dir, "store/incoming/folder/file", "x");
	scratch_write_str(f->dir, "store/blobs/sha256/README", "x");
	OK(mkdirat(f->dir, blob_path("blobs/sha256", "a folder", path), 0700));
	OK(symlinkat("../../../identity.json", f->dir,
		     blob_path("blobs/sha256", "a link", path)));

	/* Readers mend nothing. */
	struct lw_enclave *reader = NULL;
	OK(lw_enclave_open(f->path, LW_STATE_READ, NULL, &reader, &f->e));
	lw_enclave_close(reader);
	assert_int_equal(scratch_count(f->dir, "store/blobs/sha256"), 6);
	assert_int_equal(scratch_count(f->dir, "store/incoming"), 3);

	reopen(f);
	assert_int_equal(f->enclave->alarms, 0);
	assert_int_equal(records(f), 1);
	assert_int_equal(scratch_count(f->dir, "store/blobs/sha256"), 2);
	assert_int_equal(scratch_count(f->dir, "store/incoming"), 0);
	assert_true(has_blob(f, "manifest"));
	assert_true(has_blob(f, "layer"));
	assert_true(scratch_has(f->dir, "identity.json"));
}

static void replace(struct fixture *f, const char *blob, const char *with)
{
	char path[128];

	(void)unlinkat(f->dir, blob_path("blobs/sha256", blob, path), 0);
	if (with)
		scratch_write_str(f->dir, path, with);
}

static void test_alarms(void **state)
{
	struct fixture *f = *state;
	static const char *const blobs[] = { "manifest", "layer 1", "layer 2", "layer 3",
					     NULL };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	char path[128];

	(void)accept(f, "host.example/app:1", "", 1, blobs);
	replace(f, "layer 1", NULL);
	replace(f, "layer 2", "lay");
	replace(f, "layer 3", "layer 3 and more");
	reopen(f);
	assert_int_equal(f->enclave->alarms, 3);
	assert_int_equal(records(f), 2);
	last_record(f, &b);
	assert_non_null(strstr(lw_buf_str(&b), "\"event\":\"alarm\""));
	assert_non_null(strstr(lw_buf_str(&b), "\"result\":\"alarm\""));
	assert_non_null(strstr(lw_buf_str(&b), "\"count\":3"));
	assert_non_null(strstr(lw_buf_str(&b), "\"expected\":7,\"found\":null"));
	assert_non_null(strstr(lw_buf_str(&b), "\"expected\":7,\"found\":3"));
	assert_non_null(strstr(lw_buf_str(&b), "\"expected\":7,\"found\":16"));
	/* What is damaged stays what it is, row and file: repair decides. */
	assert_true(has_blob(f, "layer 2"));

	/* The same again is counted, not recorded again. */
	reopen(f);
	assert_int_equal(f->enclave->alarms, 3);
	assert_int_equal(records(f), 2);

	/* Another picture is another record; a folder in a blob's place is no blob. */
	replace(f, "manifest", NULL);
	OK(mkdirat(f->dir, blob_path("blobs/sha256", "manifest", path), 0700));
	reopen(f);
	assert_int_equal(f->enclave->alarms, 4);
	assert_int_equal(records(f), 3);

	/* Mended, and broken again in the same way: that is news. */
	for (size_t i = 0; blobs[i]; i++)
		put_file(f, blobs[i]);
	reopen(f);
	assert_int_equal(f->enclave->alarms, 0);
	assert_int_equal(records(f), 3);
	replace(f, "manifest", NULL);
	reopen(f);
	assert_int_equal(records(f), 4);
	whole_book(f);
}

static void test_many_alarms(void **state)
{
	struct fixture *f = *state;
	LW_AUTO(buf) struct lw_buf b = { 0 };

	OK(lw_state_begin(f->enclave->state, &f->e));
	for (unsigned i = 0; i < 1000; i++) {
		struct lw_digest d = lw_digest_of(lw_span(&i, sizeof(i)));

		OK(lw_state_blob_add(f->enclave->state, &d, (uint64_t)1 << 40, &f->e));
	}
	OK(lw_state_commit(f->enclave->state, &f->e));
	reopen(f);
	assert_int_equal(f->enclave->alarms, 1000);
	last_record(f, &b);
	assert_non_null(strstr(lw_buf_str(&b), "\"count\":1000"));
	whole_book(f);
}

/* remove, gc */

static void remove_image(struct fixture *f, const char *name)
{
	struct lw_state_image i = { 0 };

	OK(lw_state_image_get(f->enclave->state, name, &i, &f->e));
	OK(lw_enclave_remove(f->enclave, &i, "no longer needed", "alice", &when, &f->head,
			     &f->e));
	lw_state_image_release(&i);
}

static void test_remove_and_gc(void **state)
{
	struct fixture *f = *state;
	static const char *const one[] = { "manifest 1", "shared layer", "layer 1", NULL };
	static const char *const two[] = { "manifest 2", "shared layer", "layer 2", NULL };
	struct lw_gc_result sum = { 0 };
	struct lw_state_image i = { 0 };
	LW_AUTO(buf) struct lw_buf b = { 0 };

	(void)accept(f, "host.example/app:1", "", 1, one);
	(void)accept(f, "host.example/app:2", "", 2, two);
	OK(lw_enclave_gc(f->enclave, &when, &sum, &f->head, &f->e));
	assert_int_equal(sum.blobs, 0);
	assert_int_equal(f->head.count, 2);

	remove_image(f, "host.example/app:1");
	assert_int_equal(f->head.count, 3);
	last_record(f, &b);
	assert_non_null(strstr(lw_buf_str(&b), "\"event\":\"remove\""));
	assert_non_null(strstr(lw_buf_str(&b), "\"by\":\"alice\""));
	assert_non_null(strstr(lw_buf_str(&b), "\"name\":\"host.example/app:1\","
					       "\"reason\":\"no longer needed\""));
	lw_auto_free char *index = scratch_read(f->dir, "store/index.json", NULL);
	assert_null(strstr(index, "app:1"));
	assert_non_null(strstr(index, "app:2"));
	assert_true(has_blob(f, "layer 1")); /* until gc */

	OK(lw_enclave_gc(f->enclave, &when, &sum, &f->head, &f->e));
	assert_int_equal(sum.blobs, 2);
	assert_int_equal(sum.bytes, strlen("manifest 1") + strlen("layer 1"));
	assert_false(has_blob(f, "manifest 1"));
	assert_false(has_blob(f, "layer 1"));
	assert_true(has_blob(f, "shared layer"));
	assert_true(has_blob(f, "manifest 2"));
	assert_true(has_blob(f, "layer 2"));
	last_record(f, &b);
	assert_non_null(strstr(lw_buf_str(&b), "\"detail\":{\"blobs\":2,\"bytes\":17}"));

	/* A name's older digest keeps its blobs as long as its row. */
	(void)accept(f, "host.example/app:2", "", 3, one);
	OK(lw_enclave_gc(f->enclave, &when, &sum, &f->head, &f->e));
	assert_int_equal(sum.blobs, 0);
	remove_image(f, "host.example/app:2");
	FAILS(LW_E_NOTFOUND,
	      lw_state_image_get(f->enclave->state, "host.example/app:2", &i, &f->e));
	OK(lw_enclave_gc(f->enclave, &when, &sum, &f->head, &f->e));
	assert_int_equal(sum.blobs, 2);
	reopen(f);
	assert_int_equal(f->enclave->alarms, 0);
	assert_int_equal(scratch_count(f->dir, "store/blobs/sha256"), 3);
	whole_book(f);
}

static void test_remove_refuses(void **state)
{
	struct fixture *f = *state;
	static const char *const one[] = { "manifest 1", NULL };
	struct lw_state_image i = { 0 };
	char long_text[1100];
	uint64_t before;

	(void)accept(f, "host.example/app:1", "", 1, one);
	OK(lw_state_image_get(f->enclave->state, "host.example/app:1", &i, &f->e));
	before = records(f);
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	const char *const bad[] = { "",
				    "a\nb",
				    "\x1b[31m",
				    "\xff",
				    "a\xe2\x80\xae"
				    "b",
				    long_text };
	for (size_t k = 0; k < LW_COUNT_OF(bad); k++) {
		FAILS(LW_E_USAGE, lw_enclave_remove(f->enclave, &i, bad[k], "alice", &when,
						    &f->head, &f->e));
		FAILS(LW_E_USAGE,
		      lw_enclave_remove(f->enclave, &i, "why", bad[k], &when, &f->head, &f->e));
	}
	i.id += 100;
	FAILS(LW_E_NOTFOUND,
	      lw_enclave_remove(f->enclave, &i, "why", "alice", &when, &f->head, &f->e));
	i.id -= 100;

	/* If the book cannot be written, nothing is removed. */
	struct lw_record_time nonsense = when;
	nonsense.source = "hearsay";
	FAILS(LW_E_INTERNAL,
	      lw_enclave_remove(f->enclave, &i, "why", "alice", &nonsense, &f->head, &f->e));
	struct lw_gc_result sum = { .blobs = 7 };
	FAILS(LW_E_INTERNAL, lw_enclave_gc(f->enclave, &nonsense, &sum, &f->head, &f->e));
	assert_int_equal(sum.blobs, 7);
	assert_int_equal(records(f), before);
	lw_state_image_release(&i);
	OK(lw_state_image_get(f->enclave->state, "host.example/app:1", &i, &f->e));
	OK(lw_enclave_remove(f->enclave, &i, "why", "alice", &when, &f->head, &f->e));
	FAILS(LW_E_NOTFOUND,
	      lw_enclave_remove(f->enclave, &i, "why", "alice", &when, &f->head, &f->e));
	lw_state_image_release(&i);
	assert_int_equal(records(f), before + 1);
}

/* index.json */

static char *evidence(const char *digest_of, const char *mechanism, const char *subject_of)
{
	struct lw_digest d = digest(digest_of), s = digest(subject_of);
	char a[LW_DIGEST_TEXT], b[LW_DIGEST_TEXT];

	return lw_asprintf("{\"artifactType\":\"application/spdx+json\",\"digest\":\"%s\","
			   "\"mechanism\":\"%s\",\"mediaType\":\"" MANIFEST "\","
			   "\"size\":9,\"subject\":\"%s\"}",
			   lw_digest_text(&d, a), mechanism, lw_digest_text(&s, b));
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

static void test_index(void **state)
{
	struct fixture *f = *state;
	static const char *const one[] = { "manifest 1", NULL };
	static const char *const two[] = { "manifest 2", NULL };
	lw_auto_free char *sbom = evidence("sbom", "referrers", "manifest 1");
	lw_auto_free char *old = evidence("old signature", "cosign-sig", "manifest 1");
	lw_auto_free char *new = evidence("new signature", "cosign-sig", "manifest 1");
	lw_auto_free char *both = lw_asprintf("{\"evidence\":[%s,%s,%s]}", sbom, old, sbom);
	lw_auto_free char *later = lw_asprintf("{\"evidence\":[%s,%s]}", sbom, new);
	struct lw_digest d1 = digest("manifest 1"), d = digest("new signature");
	char tag[200], hex[65], text[LW_DIGEST_TEXT], want[400];

	/* One image under two names; the second brings another signature for the same tag. */
	(void)accept(f, "host.example/app:1", both, 1, one);
	lw_auto_free char *index = scratch_read(f->dir, "store/index.json", NULL);
	(void)snprintf(tag, sizeof(tag), "\"host.example/app:sha256-%s.sig\"",
		       lw_digest_hex(&d1, hex));
	assert_int_equal(count(index, tag), 2); /* in two annotations of one row */
	assert_int_equal(count(index, "\"digest\""), 3);
	assert_int_equal(count(index, "\"artifactType\":\"application/spdx+json\""), 2);

	(void)accept(f, "host.example/app:latest", later, 2, one);
	lw_auto_free char *both_named = scratch_read(f->dir, "store/index.json", NULL);
	assert_int_equal(count(both_named, "\"digest\""), 5);
	assert_int_equal(count(both_named, "\"host.example/app:1\""), 2);
	assert_int_equal(count(both_named, "\"host.example/app:latest\""), 2);
	assert_int_equal(count(both_named, tag), 2);
	(void)snprintf(want, sizeof(want),
		       "\"org.opencontainers.image.ref.name\":%s},\"artifactType\":"
		       "\"application/spdx+json\",\"digest\":\"%s\"",
		       tag, lw_digest_text(&d, text));
	assert_int_equal(count(both_named, want), 1);

	/* Replaced under its name, it is not listed any more. */
	(void)accept(f, "host.example/app:1", "", 3, two);
	lw_auto_free char *replaced = scratch_read(f->dir, "store/index.json", NULL);
	assert_int_equal(count(replaced, "\"digest\""), 4);
	assert_int_equal(count(replaced, "\"host.example/app:1\""), 2);
	remove_image(f, "host.example/app:1");
	remove_image(f, "host.example/app:latest");
	lw_auto_free char *none = scratch_read(f->dir, "store/index.json", NULL);
	assert_non_null(strstr(none, "\"manifests\":[]"));
}

static void test_index_refuses(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {
		"{", "[]", "{\"evidence\":{}}", "{\"evidence\":[{}]}", "{\"evidence\":[7]}",
	};
	static const char *const one[] = { "manifest 1", NULL };
	lw_auto_free char *unknown = evidence("x", "hearsay", "manifest 1");
	lw_auto_free char *strange = lw_asprintf("{\"evidence\":[%s]}", unknown);
	struct lw_state *s = f->enclave->state;

	(void)accept(f, "host.example/app:1", "{\"evidence\":[]}", 1, one);
	for (size_t i = 0; i <= LW_COUNT_OF(bad); i++) {
		struct lw_state_image image = { 0 };
		int64_t id;

		OK(lw_state_image_get(s, "host.example/app:1", &image, &f->e));
		free(image.detail);
		image.detail = lw_strdup(i < LW_COUNT_OF(bad) ? bad[i] : strange);
		OK(lw_state_begin(s, &f->e));
		OK(lw_state_image_add(s, &image, &id, &f->e));
		OK(lw_state_queue_add(s, "index", &f->e));
		OK(lw_state_commit(s, &f->e));
		lw_state_image_release(&image);
		FAILS(LW_E_STATE, lw_enclave_drain(f->enclave, &f->e));
		assert_int_equal(f->enclave->pending.code, LW_E_STATE);
		/* The enclave still opens, so that the image can be removed. */
		reopen(f);
		assert_int_equal(f->enclave->pending.code, LW_E_STATE);
		s = f->enclave->state;
	}
	remove_image(f, "host.example/app:1");
	assert_int_equal(f->enclave->pending.code, 0);
}

static void test_pending(void **state)
{
	struct fixture *f = *state;
	static const char *const one[] = { "manifest 1", NULL };
	struct lw_gc_result sum;

	/* Committed, but what follows cannot be done: said, kept, done next time. */
	(void)accept(f, "host.example/app:1", "", 1, one);
	OK(unlinkat(f->dir, "store/index.json", 0));
	OK(mkdirat(f->dir, "store/index.json", 0700));
	remove_image(f, "host.example/app:1");
	assert_int_not_equal(f->enclave->pending.code, 0);
	/* One kind of work that fails does not keep another from being done. */
	OK(lw_enclave_gc(f->enclave, &when, &sum, &f->head, &f->e));
	assert_int_equal(sum.blobs, 1);
	assert_int_not_equal(f->enclave->pending.code, 0);
	assert_false(has_blob(f, "manifest 1"));
	reopen(f);
	assert_int_not_equal(f->enclave->pending.code, 0);
	OK(unlinkat(f->dir, "store/index.json", AT_REMOVEDIR));
	reopen(f);
	assert_int_equal(f->enclave->pending.code, 0);
	lw_auto_free char *index = scratch_read(f->dir, "store/index.json", NULL);
	assert_non_null(strstr(index, "\"manifests\":[]"));

	OK(lw_state_begin(f->enclave->state, &f->e));
	OK(lw_state_queue_add(f->enclave->state, "dance", &f->e));
	OK(lw_state_commit(f->enclave->state, &f->e));
	FAILS(LW_E_STATE, lw_enclave_drain(f->enclave, &f->e));
	reopen(f);
	assert_int_equal(f->enclave->pending.code, LW_E_STATE);
}

/* A gc that died between its commit and the last file. */
static void test_half_gc(void **state)
{
	struct fixture *f = *state;
	static const char *const one[] = { "manifest 1", "layer 1", NULL };
	static const char *const two[] = { "manifest 2", "layer 2", NULL };
	struct lw_state *s = f->enclave->state;

	int64_t id = accept(f, "host.example/app:1", "", 1, one);
	(void)accept(f, "host.example/app:2", "", 2, two);
	OK(lw_state_begin(s, &f->e));
	OK(lw_state_image_remove(s, id, &f->e));
	for (size_t i = 0; one[i]; i++) {
		struct lw_digest d = digest(one[i]);

		OK(lw_state_blob_remove(s, &d, &f->e));
	}
	OK(lw_state_queue_add(s, "sweep", &f->e));
	OK(lw_state_commit(s, &f->e));
	assert_true(has_blob(f, "layer 1"));
	reopen(f);
	assert_false(has_blob(f, "layer 1"));
	assert_true(has_blob(f, "layer 2"));
	assert_int_equal(f->enclave->alarms, 0);
}

/* What a gc left to be done, and a load that has trust taken before its own rows are there. */
static void test_staging(void **state)
{
	struct fixture *f = *state;
	struct lw_digest d = digest("placed");
	lw_auto_fd int fd = -1;

	OK(lw_store_place(f->enclave->store, &d, &fd, &f->e));
	f->enclave->staging = true;
	OK(lw_state_begin(f->enclave->state, &f->e));
	OK(lw_state_queue_add(f->enclave->state, "sweep", &f->e));
	OK(lw_state_commit(f->enclave->state, &f->e));
	FAILS(LW_E_BUSY, lw_enclave_drain(f->enclave, &f->e));
	assert_true(has_blob(f, "placed"));
	f->enclave->staging = false;
	OK(lw_enclave_drain(f->enclave, &f->e));
	assert_false(has_blob(f, "placed"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_new),		TEST(test_create_refuses), TEST(test_open_refuses),
		TEST(test_other_owner), TEST(test_leftovers),	   TEST(test_alarms),
		TEST(test_many_alarms), TEST(test_remove_and_gc),  TEST(test_remove_refuses),
		TEST(test_index),	TEST(test_index_refuses),  TEST(test_pending),
		TEST(test_half_gc),	TEST(test_staging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
