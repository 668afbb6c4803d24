/* SPDX-License-Identifier: Apache-2.0 */
/* A TUF repository that we keep: its parts, and that our own client follows it. */
#include "tuf/delegation.h"
#include "tuf/edit.h"
#include "tuf/path.h"
#include "tuf/staging.h"
#include "tuf/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/fs.h"
#include "fetch/folder.h"
#include "tests/lib/people.h"
#include "tests/lib/scratch.h"

#define NOW ((int64_t)1800000000)
#define DAY ((int64_t)86400)

/* ---- parts ---- */

static void paths(void **state)
{
	static const char *const good[] = { "a",   "a/b",	   "a.b",	  "..a",
					    "a..", "A b/\xc3\xa4", "a=b:c@sha256" };
	static const char *const bad[] = { "",
					   "/",
					   "/a",
					   "a/",
					   "a//b",
					   ".",
					   "..",
					   "a/.",
					   "a/../b",
					   "./a",
					   "a\\b",
					   "a\nb",
					   "a\x7f",
					   "\xc2\x80",
					   "a\xff",
					   "\xe2\x80\xae",
					   "\xef\xbb\xbf"
					   "a",
					   ".lw-tmp-1" };
	struct lw_error e = { 0 };
	char longest[LW_TUF_COMPONENT_BYTES + 2];

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(good); i++)
		OK(lw_path_check_target(good[i], &e));
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++)
		FAILS(LW_E_FORMAT, lw_path_check_target(bad[i], &e));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	FAILS(LW_E_FORMAT, lw_path_check_target(longest, &e));
	longest[sizeof(longest) - 2] = '\0';
	OK(lw_path_check_target(longest, &e));
	OK(lw_path_check_pattern("a/*.b?", &e));
	FAILS(LW_E_FORMAT, lw_path_check_pattern("a/[bc]", &e));
	FAILS(LW_E_FORMAT, lw_path_check_pattern("a/{b,c}", &e));
	OK(lw_path_check_hash_prefix("0", &e));
	FAILS(LW_E_FORMAT, lw_path_check_hash_prefix("", &e));
	FAILS(LW_E_FORMAT, lw_path_check_hash_prefix("0A", &e));
	FAILS(LW_E_FORMAT, lw_path_check_role("Release", &e));
	FAILS(LW_E_FORMAT, lw_path_check_role("snapshot", &e));
	FAILS(LW_E_FORMAT, lw_path_check_role("mirrors", &e));
	OK(lw_path_check_role("release", &e));
}

static struct lw_value *value(struct lw_arena *a, const char *text)
{
	struct lw_value *v = NULL;
	struct lw_error e;

	OK(lw_value_parse(a, lw_span_str(text), &v, &e));
	return v;
}

static void is_printed(const struct lw_value *v, const char *text)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_value_print(&b, v);
	assert_string_equal(lw_buf_str(&b), text);
}

static void values(void **state)
{
	LW_AUTO(arena) struct lw_arena a = { 0 };
	struct lw_value *v = value(&a, "{\"b\":[1,null,true,\"x\"],\"a\":{},\"c\":-5}"), *copy;
	struct lw_error e = { 0 };

	(void)state;
	is_printed(v, "{\"a\":{},\"b\":[1,null,true,\"x\"],\"c\":-5}");
	copy = lw_value_copy(&a, v);
	assert_true(lw_value_equal(v, copy));
	lw_value_set(&a, copy, "aa", lw_value_integer(&a, 7));
	lw_value_set(&a, copy, "c", lw_value_string(&a, "y"));
	lw_value_set(&a, copy, "d", lw_value_bool(&a, false));
	assert_false(lw_value_equal(v, copy));
	is_printed(copy,
		   "{\"a\":{},\"aa\":7,\"b\":[1,null,true,\"x\"],\"c\":\"y\",\"d\":false}");
	assert_true(lw_value_unset(copy, "b"));
	assert_false(lw_value_unset(copy, "b"));
	lw_value_take_out(copy, 0);
	is_printed(copy, "{\"aa\":7,\"c\":\"y\",\"d\":false}");
	is_printed(v, "{\"a\":{},\"b\":[1,null,true,\"x\"],\"c\":-5}");
	assert_null(lw_value_get(NULL, "a"));
	assert_null(lw_value_get_string(v, "c"));
	assert_int_equal(lw_value_get_integer(v, "b"), 0);
	FAILS(LW_E_FORMAT, lw_value_parse(&a, lw_span_str("{\"a\":1,\"a\":1}"), &v, &e));
	FAILS(LW_E_FORMAT, lw_value_parse(&a, lw_span_str("{\"a\":1.0}"), &v, &e));
}

/* Our bins are the client's. */
static void bins(void **state)
{
	LW_AUTO(arena) struct lw_arena a = { 0 };

	(void)state;
	for (unsigned bits = 1; bits <= 14; bits++) {
		char text[256], want[64], path[32];
		const struct lw_tuf_bins as_client = { .bits = bits, .prefix = "p" };
		struct lw_metafile m = { 0 };
		struct lw_delegation d, found;

		(void)snprintf(text, sizeof(text),
			       "{\"_type\":\"targets\",\"delegations\":{\"keys\":{},"
			       "\"succinct_roles\":{\"bit_length\":%u,\"name_prefix\":\"p\"}}}",
			       bits);
		m.body = value(&a, text);
		assert_int_equal(lw_delegation_count(&m), 1);
		d = lw_delegation_at(&m, 0);
		assert_int_equal(lw_delegation_roles(&d), 1 << bits);
		for (int i = 0; i < 100; i++) {
			LW_AUTO(buf) struct lw_buf have = { 0 };

			(void)snprintf(path, sizeof(path), "path/%d", i);
			lw_tuf_bin_name(&as_client, path, want, sizeof(want));
			lw_delegation_bin(&d, path, &have);
			assert_string_equal(lw_buf_str(&have), want);
			assert_true(lw_delegation_find(&m, want, &found));
			assert_true(lw_delegation_covers(&d, want, path));
			assert_false(lw_delegation_covers(&d, "p-none", path));
		}
	}
}

static void names_that_are_no_bins(void **state)
{
	static const char *const no[] = { "p",	  "p-",	  "p-0",  "p-000", "p-20", "p-0A",
					  "p-1g", "q-00", "pp-0", "p--0",  "p-+1", "P-00" };
	LW_AUTO(arena) struct lw_arena a = { 0 };
	struct lw_metafile m = { .body = value(&a, "{\"_type\":\"targets\",\"delegations\":{"
						   "\"succinct_roles\":{\"bit_length\":5,"
						   "\"name_prefix\":\"p\"}}}") };
	struct lw_delegation d;

	(void)state;
	assert_true(lw_delegation_find(&m, "p-00", &d));
	assert_true(lw_delegation_find(&m, "p-1f", &d));
	for (size_t i = 0; i < LW_COUNT_OF(no); i++)
		assert_false(lw_delegation_find(&m, no[i], &d));
}

/* ---- a repository ---- */

struct world {
	struct scratch scratch;
	char repo[300];
	struct lw_buf der[10]; /* public keys by seed */
	struct lw_edit_holder person[10];
};

static const char *const names[] = { "",     "alice", "bob",   "carol", "dave",
				     "erin", "frank", "grace", "heidi", "ivan" };

static int make_world(void **state)
{
	struct world *w = lw_alloc_array(1, sizeof(*w));
	struct lw_error e;

	scratch_make(&w->scratch);
	(void)snprintf(w->repo, sizeof(w->repo), "%s/repo", w->scratch.path);
	for (uint8_t i = 1; i < 10; i++) {
		people_public(i, &w->der[i]);
		w->person[i] = (struct lw_edit_holder){ names[i], lw_buf_span(&w->der[i]) };
	}
	OK(lw_repository_create(w->repo, &e));
	*state = w;
	return 0;
}

static int drop_world(void **state)
{
	struct world *w = *state;

	scratch_drop(&w->scratch);
	for (uint8_t i = 1; i < 10; i++)
		lw_buf_free(&w->der[i]);
	free(w);
	return 0;
}

static struct lw_edit_holders people(struct world *w, int first, int n, uint64_t threshold)
{
	return (struct lw_edit_holders){ &w->person[first], (size_t)n, threshold };
}

/* Root: 2 of alice, bob; targets, snapshot: carol; timestamp: dave. */
static void begin(struct world *w, struct lw_staging *s)
{
	struct lw_edit_holders root = people(w, 1, 2, 2), one = people(w, 3, 1, 1);
	struct lw_edit_holders timestamp = people(w, 4, 1, 0);
	struct lw_error e = { 0 };

	OK(lw_staging_open(w->repo, NULL, s, &e));
	OK(lw_edit_init(&s->change, &root, &one, &one, &timestamp, &e));
	OK(lw_edit_settle(&s->change, NOW, &e));
}

static void sign(struct lw_change *c, const char *seeds)
{
	for (; *seeds; seeds++) {
		LW_AUTO(private_key)
		struct lw_private_key *k = people_key((uint8_t)(*seeds - '0'));
		struct lw_error e = { 0 };
		size_t n = 0;

		OK(lw_change_sign(c, k, NULL, &n, &e));
	}
}

static bool publish(struct lw_staging *s, int64_t now)
{
	struct lw_error e = { 0 };
	bool published = false;

	OK(lw_staging_publish(s, now, &published, &e));
	lw_staging_close(s);
	return published;
}

static void begin_published(struct world *w)
{
	LW_AUTO(staging) struct lw_staging s = { 0 };

	begin(w, &s);
	sign(&s.change, "1234");
	assert_true(publish(&s, NOW));
}

static void thresholds(void **state)
{
	LW_AUTO(staging) struct lw_staging s = { 0 };
	struct lw_digest before, after;
	struct lw_error e = { 0 };
	bool complete = true;

	begin(*state, &s);
	before = lw_change_digest(&s.change);
	OK(lw_change_complete(&s.change, &complete, &e));
	assert_false(complete);
	sign(&s.change, "134");
	OK(lw_change_complete(&s.change, &complete, &e));
	assert_false(complete);
	sign(&s.change, "2");
	OK(lw_change_complete(&s.change, &complete, &e));
	assert_true(complete);
	after = lw_change_digest(&s.change);
	assert_true(lw_digest_equal(&before, &after));

	LW_AUTO(private_key) struct lw_private_key *alice = people_key(1);
	LW_AUTO(private_key) struct lw_private_key *stranger = people_key(9);
	size_t n = 0;

	FAILS(LW_E_EXISTS, lw_change_sign(&s.change, alice, NULL, &n, &e));
	FAILS(LW_E_CONFLICT, lw_change_sign(&s.change, stranger, NULL, &n, &e));
	FAILS(LW_E_CONFLICT, lw_change_sign(&s.change, alice, "targets", &n, &e));
}

/* One key under two ids, with signatures by both: a person. */
static void one_key_two_ids(void **state)
{
	LW_AUTO(staging) struct lw_staging s = { 0 };
	struct lw_value *body, *role, *keys, *copy;
	struct lw_error e = { 0 };

	begin(*state, &s);
	body = lw_change_find(&s.change, "root")->next->body;
	keys = lw_value_get_object(body, "keys");
	role = lw_value_get_object(lw_value_get_object(body, "roles"), "timestamp");
	copy = lw_value_copy(
		&s.change.arena,
		lw_value_get(keys, lw_value_get_array(role, "keyids")->list[0]->string));
	lw_value_set(&s.change.arena, copy, LW_TUF_NAME_KEY,
		     lw_value_string(&s.change.arena, "other"));
	lw_value_set(&s.change.arena, keys, "another", copy);
	lw_value_append(&s.change.arena, lw_value_get_array(role, "keyids"),
			lw_value_string(&s.change.arena, "another"));
	lw_value_set(&s.change.arena, role, "threshold", lw_value_integer(&s.change.arena, 2));
	FAILS(LW_E_CONFLICT, lw_change_check(&s.change, NOW, &e));
	assert_non_null(strstr(e.text, "one public key stands twice"));
}

static void travels_as_a_file(void **state)
{
	LW_AUTO(staging) struct lw_staging s = { 0 };
	LW_AUTO(change) struct lw_change read = { 0 }, other = { 0 };
	LW_AUTO(buf) struct lw_buf file = { 0 }, again = { 0 };
	struct lw_digest a, b;
	struct lw_error e = { 0 };
	size_t added = 0;

	begin(*state, &s);
	lw_change_print(&s.change, &file);
	OK(lw_change_parse(lw_buf_span(&file), &read, &e));
	OK(lw_change_check(&read, NOW, &e));
	lw_change_print(&read, &again);
	assert_true(lw_span_equal(lw_buf_span(&file), lw_buf_span(&again)));
	a = lw_change_digest(&s.change);
	b = lw_change_digest(&read);
	assert_true(lw_digest_equal(&a, &b));

	sign(&read, "13");
	OK(lw_change_merge(&s.change, &read, &added, &e));
	assert_int_equal(added, 3); /* root, targets, snapshot */
	OK(lw_change_merge(&s.change, &read, &added, &e));
	assert_int_equal(added, 0);
	OK(lw_change_parse(lw_buf_span(&file), &other, &e));
	OK(lw_edit_period(&other, "targets", "P10D", &e));
	OK(lw_edit_settle(&other, NOW, &e));
	FAILS(LW_E_CONFLICT, lw_change_merge(&s.change, &other, &added, &e));
}

static void settling(void **state)
{
	static const struct {
		const char *role;
		int64_t days;
	} lasts[] = {
		{ "root", 365 }, { "targets", 90 }, { "snapshot", 30 }, { "timestamp", 30 }
	};
	struct world *w = *state;
	struct lw_digest none = { { 0 } };
	struct lw_error e = { 0 };

	begin_published(w);

	LW_AUTO(staging) struct lw_staging s = { 0 };
	OK(lw_staging_open(w->repo, NULL, &s, &e));
	for (size_t i = 0; i < LW_COUNT_OF(lasts); i++)
		assert_int_equal(
			lw_metafile_expires(lw_change_find(&s.change, lasts[i].role)->base),
			NOW + lasts[i].days * DAY);
	FAILS(LW_E_USAGE, lw_edit_settle(&s.change, NOW, &e));
	OK(lw_edit_add(&s.change, "targets", "a", &none, 1, &e));
	OK(lw_edit_settle(&s.change, NOW + 5, &e));
	assert_int_equal(lw_change_count(&s.change), 3);
	sign(&s.change, "3");

	/* Again: the same versions and times, and what was signed for another is dropped. */
	OK(lw_edit_add(&s.change, "targets", "b", &none, 1, &e));
	OK(lw_edit_settle(&s.change, NOW + 9, &e));
	assert_int_equal(s.change.signatures_dropped, 1);
	assert_int_equal(lw_metafile_version(lw_change_find(&s.change, "targets")->next), 2);
	assert_int_equal(lw_metafile_expires(lw_change_find(&s.change, "targets")->next),
			 NOW + 5 + 90 * DAY);
	assert_int_equal(lw_change_find(&s.change, "snapshot")->next->signatures->n, 1);
}

static void ends(void **state)
{
	struct world *w = *state;
	struct lw_error e = { 0 };
	const char *const patterns[] = { "x/*" };
	struct lw_edit_delegation d = { .name = "release",
					.by = "targets",
					.holders = people(w, 5, 1, 1),
					.paths = patterns,
					.n_paths = 1,
					.until_sec = NOW + 3 * DAY };

	begin_published(w);

	LW_AUTO(staging) struct lw_staging s = { 0 };
	OK(lw_staging_open(w->repo, NULL, &s, &e));
	OK(lw_edit_delegate(&s.change, &d, &e));
	OK(lw_edit_settle(&s.change, NOW, &e));
	assert_int_equal(lw_metafile_expires(lw_change_find(&s.change, "release")->next),
			 NOW + 3 * DAY);
	sign(&s.change, "345");
	assert_true(publish(&s, NOW));
	OK(lw_staging_open(w->repo, NULL, &s, &e));
	OK(lw_edit_renew(&s.change, "release", &e));
	FAILS(LW_E_CONFLICT, lw_edit_settle(&s.change, NOW + 3 * DAY, &e));
	assert_non_null(strstr(e.text, "has ended"));
}

/* ---- our client follows ---- */

struct follower {
	int state, metadata;
	struct lw_tuf_client *client;
};

static void follow(struct world *w, const char *state_name, int64_t now, struct follower *f)
{
	lw_auto_free char *metadata = lw_asprintf("%s/metadata", w->repo);
	enum lw_finding_id reason = LW_FINDING_COUNT;
	struct lw_tuf_options o = { .now = now };
	struct lw_error e = { 0 };

	if (!scratch_has(w->scratch.dir, state_name)) {
		lw_auto_free char *root =
			scratch_read(w->scratch.dir, "repo/metadata/1.root.json", NULL);
		lw_auto_free char *to = lw_asprintf("%s/root.json", state_name);

		OK(mkdirat(w->scratch.dir, state_name, 0700));
		scratch_write_str(w->scratch.dir, to, root);
	}
	f->state = openat(w->scratch.dir, state_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OK(lw_fs_open_dir(metadata, &f->metadata, &e));
	o.transport = lw_folder_transport(&f->metadata);
	o.store = lw_folder_store(&f->state);
	OK(lw_tuf_client_open(&o, &f->client, &reason, &e));
	if (lw_tuf_client_refresh(f->client, &reason, &e) < 0)
		fail_msg("%s", e.text);
}

static void stop(struct follower *f)
{
	lw_tuf_client_free(f->client);
	(void)close(f->state);
	(void)close(f->metadata);
}

/* One that has been here before and one that has not, and whom they find. */
static void followed(struct world *w, int64_t now, const char *path, const char *role)
{
	static const char *const states[] = { "since", "new" };
	struct lw_error e = { 0 };

	OK(lw_tree_remove(w->scratch.dir, "new", &e));
	for (size_t i = 0; i < 2; i++) {
		enum lw_finding_id reason = LW_FINDING_COUNT;
		struct lw_tuf_target target;
		struct follower f = { 0 };

		follow(w, states[i], now, &f);
		if (role) {
			OK(lw_tuf_client_find(f.client, path, &target, &reason, &e));
			assert_string_equal(target.role, role);
		} else {
			FAILS(LW_E_NOTFOUND,
			      lw_tuf_client_find(f.client, path, &target, &reason, &e));
		}
		stop(&f);
	}
}

static void add(struct lw_staging *s, const char *role, const char *path)
{
	struct lw_digest none = { { 0 } };
	const char *chosen = NULL;
	struct lw_error e = { 0 };

	OK(lw_edit_choose(&s->change, role, path, &chosen, &e));
	OK(lw_edit_add(&s->change, chosen, path, &none, 1, &e));
	lw_change_add_elsewhere(&s->change, path);
}

static void our_client_follows(void **state)
{
	struct world *w = *state;
	struct lw_error e = { 0 };
	const char *const patterns[] = { "x/*" }, *const all[] = { "*" };
	struct lw_edit_delegation path = { .name = "release",
					   .by = "targets",
					   .holders = people(w, 5, 2, 1),
					   .paths = patterns,
					   .n_paths = 1,
					   .terminating = true };
	struct lw_edit_delegation rest = { .name = "rest",
					   .by = "targets",
					   .holders = people(w, 5, 1, 1),
					   .paths = all,
					   .n_paths = 1 };
	struct lw_edit_delegation spread = {
		.name = "bin", .by = "rest", .holders = people(w, 6, 1, 1), .bins = 8
	};
	LW_AUTO(staging) struct lw_staging s = { 0 };

	begin_published(w);
	followed(w, NOW, "a", NULL);
	OK(lw_staging_open(w->repo, NULL, &s, &e));
	OK(lw_edit_delegate(&s.change, &path, &e));
	OK(lw_edit_delegate(&s.change, &rest, &e));
	OK(lw_edit_delegate(&s.change, &spread, &e));
	add(&s, "targets", "a");
	add(&s, "release", "x/a");
	add(&s, "bin", "b");
	OK(lw_edit_settle(&s.change, NOW, &e));
	sign(&s.change, "345");
	sign(&s.change, "6");
	assert_true(publish(&s, NOW));
	followed(w, NOW, "a", "targets");
	followed(w, NOW, "x/a", "release");
	followed(w, NOW, "x/b", NULL);
	followed(w, NOW, "b", "bin-1"); /* 3e23..: the second of eight */

	/* Every role of the top level has another key, twice. */
	for (int i = 0; i < 2; i++) {
		struct lw_edit_holder who[] = { { "alice", lw_buf_span(&w->der[i ? 1 : 7]) },
						{ "carol", lw_buf_span(&w->der[i ? 3 : 8]) },
						{ "dave", lw_buf_span(&w->der[i ? 4 : 9]) } };

		OK(lw_staging_open(w->repo, NULL, &s, &e));
		for (size_t j = 0; j < LW_COUNT_OF(who); j++)
			OK(lw_edit_rotate(&s.change, NULL, &who[j], &e));
		OK(lw_edit_settle(&s.change, NOW, &e));
		sign(&s.change, i ? "21734" : "21789");
		assert_true(publish(&s, NOW));
		followed(w, NOW, "x/a", "release");
	}
	OK(lw_staging_open(w->repo, NULL, &s, &e));
	OK(lw_edit_revoke(&s.change, "targets", "release", &e));
	OK(lw_edit_settle(&s.change, NOW, &e));
	sign(&s.change, "34");
	assert_true(publish(&s, NOW));
	followed(w, NOW, "x/a", NULL);
	followed(w, NOW, "b", "bin-1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(values),
		cmocka_unit_test(bins),
		cmocka_unit_test(names_that_are_no_bins),
		cmocka_unit_test_setup_teardown(thresholds, make_world, drop_world),
		cmocka_unit_test_setup_teardown(one_key_two_ids, make_world, drop_world),
		cmocka_unit_test_setup_teardown(travels_as_a_file, make_world, drop_world),
		cmocka_unit_test_setup_teardown(settling, make_world, drop_world),
		cmocka_unit_test_setup_teardown(ends, make_world, drop_world),
		cmocka_unit_test_setup_teardown(our_client_follows, make_world, drop_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
