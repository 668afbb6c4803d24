/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/format/bundle.md section 10: everything in tests/vectors/bundle/VECTORS.json computed
 * anew, from the bundle's bytes and from what it means, and compared. Runs in the top folder.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "bundle/contents.h"
#include "bundle/entries.h"
#include "bundle/format.h"
#include "bundle/seal.h"
#include "bundle/statement.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/people.h"

struct vectors {
	int dir;
	struct lw_buf bundle;
	struct lw_json_doc *doc;
	struct lw_error e;
};

static int setup(void **state)
{
	struct vectors *v = lw_alloc_array(1, sizeof(*v));
	LW_AUTO(buf) struct lw_buf text = { 0 };

	OK(lw_fs_open_dir("tests/vectors/bundle", &v->dir, &v->e));
	OK(lw_fs_read_beneath(v->dir, "bundle.lwb", 1 << 20, &v->bundle, &v->e));
	OK(lw_fs_read_beneath(v->dir, "VECTORS.json", 1 << 20, &text, &v->e));
	OK(lw_json_parse(lw_buf_span(&text), &LW_JSON_STRICT, &v->doc, &v->e));
	*state = v;
	return 0;
}

static int teardown(void **state)
{
	struct vectors *v = *state;

	(void)close(v->dir);
	lw_buf_free(&v->bundle);
	lw_json_free(v->doc);
	free(v);
	return 0;
}

/* The value at a path of member names and indices: "members.0.size". */
static const struct lw_json *at(const struct vectors *v, const char *path)
{
	const struct lw_json *n = lw_json_root(v->doc);

	while (*path) {
		size_t len = strcspn(path, ".");
		lw_auto_free char *name = lw_strndup(path, len);

		if (lw_json_type(n) == LW_JSON_ARRAY) {
			n = lw_json_first(n);
			for (long i = strtol(name, NULL, 10); n && i > 0; i--)
				n = lw_json_next(n);
		} else {
			n = lw_json_first(n);
			while (n && strcmp(lw_json_key(n), name) != 0)
				n = lw_json_next(n);
		}
		if (!n)
			fail_msg("no %s", path);
		path += len + (path[len] == '.');
	}
	return n;
}

static const char *string(const struct vectors *v, const char *path)
{
	const char *s = lw_json_string(at(v, path));

	assert_non_null(s);
	return s;
}

static uint64_t number(const struct vectors *v, const char *path)
{
	assert_int_equal(lw_json_type(at(v, path)), LW_JSON_INTEGER);
	return (uint64_t)lw_json_integer(at(v, path));
}

static void is_digest_of(const char *want, struct lw_span bytes)
{
	struct lw_digest d = lw_digest_of(bytes);
	char text[LW_DIGEST_TEXT];

	assert_string_equal(lw_digest_text(&d, text), want);
}

static struct lw_span slice(const struct vectors *v, uint64_t from, uint64_t n)
{
	assert_true(from <= v->bundle.n && n <= v->bundle.n - from);
	return lw_span(v->bundle.p + from, n);
}

/* The bytes of member i, and its number there. */
static struct lw_span member(const struct vectors *v, size_t i, const char **ret_name)
{
	char path[64];
	uint64_t data, size;

	(void)snprintf(path, sizeof(path), "members.%zu.name", i);
	*ret_name = string(v, path);
	(void)snprintf(path, sizeof(path), "members.%zu.data", i);
	data = number(v, path);
	(void)snprintf(path, sizeof(path), "members.%zu.size", i);
	size = number(v, path);
	return slice(v, data, size);
}

/* {"bytes","digest","text"} tells of these bytes. */
static void tells_of(const struct vectors *v, const char *what, struct lw_span bytes)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s.bytes", what);
	assert_int_equal(number(v, path), bytes.n);
	(void)snprintf(path, sizeof(path), "%s.digest", what);
	is_digest_of(string(v, path), bytes);
	(void)snprintf(path, sizeof(path), "%s.text", what);
	assert_true(lw_span_is(bytes, string(v, path)));
}

static void the_archive(void **state)
{
	struct vectors *v = *state;
	size_t n = lw_json_count(at(v, "members"));
	uint64_t offset = 0;
	static const char *const first[] = { "landwaiter/seal.json", "landwaiter/contents.json",
					     "landwaiter/entries", "oci-layout", "index.json" };

	assert_string_equal(string(v, "format"), "landwaiter-vectors/1");
	assert_int_equal(number(v, "bundle.bytes"), v->bundle.n);
	is_digest_of(string(v, "bundle.fileDigest"), lw_buf_span(&v->bundle));
	assert_int_equal(n, 10);
	for (size_t i = 0; i < n; i++) {
		const char *name;
		struct lw_span bytes = member(v, i, &name);
		struct lw_span header = slice(v, offset, 512);
		uint8_t want[512];
		char path[64];

		if (i < LW_COUNT_OF(first))
			assert_string_equal(name, first[i]);
		(void)snprintf(path, sizeof(path), "members.%zu.header", i);
		assert_int_equal(number(v, path), offset);
		assert_ptr_equal(bytes.p, header.p + 512);
		lw_format_header(name, bytes.n, want);
		assert_memory_equal(header.p, want, 512);
		(void)snprintf(path, sizeof(path), "members.%zu.headerDigest", i);
		is_digest_of(string(v, path), header);
		(void)snprintf(path, sizeof(path), "members.%zu.checksum", i);
		assert_memory_equal(header.p + 148, string(v, path), 6);
		(void)snprintf(path, sizeof(path), "members.%zu.padding", i);
		assert_int_equal(number(v, path), (512 - bytes.n % 512) % 512);
		for (uint64_t k = 0; k < number(v, path); k++)
			assert_int_equal(bytes.p[bytes.n + k], 0);
		offset += 512 + bytes.n + number(v, path);
	}
	assert_int_equal(offset + 1024, v->bundle.n);
	for (uint64_t i = offset; i < v->bundle.n; i++)
		assert_int_equal(v->bundle.p[i], 0);
}

static void the_seal(void **state)
{
	struct vectors *v = *state;
	const char *name;
	struct lw_span seal = member(v, 0, &name);
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	LW_AUTO(buf) struct lw_buf envelope = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	LW_AUTO(buf) struct lw_buf pae = { 0 };
	LW_AUTO(buf) struct lw_buf by_hand = { 0 };
	const char *text = string(v, "statement.text");

	assert_int_equal(seal.n, 262144);
	is_digest_of(string(v, "seal.digest"), seal);
	OK(lw_seal_parse(seal, &d, &v->e));
	lw_dsse_write(&d, &envelope);
	assert_int_equal(envelope.n, number(v, "seal.envelopeBytes"));
	OK(lw_seal_write(&d, &again, &v->e));
	assert_true(lw_span_equal(lw_buf_span(&again), seal));
	tells_of(v, "statement", lw_buf_span(&d.payload));
	lw_dsse_pae(LW_DSSE_IN_TOTO, lw_buf_span(&d.payload), &pae);
	tells_of(v, "pae", lw_buf_span(&pae));
	lw_buf_printf(&by_hand, "DSSEv1 28 application/vnd.in-toto+json %zu %s", strlen(text),
		      text);
	assert_string_equal(lw_buf_str(&by_hand), lw_buf_str(&pae));
	assert_int_equal(d.n_signatures, lw_json_count(at(v, "signatures")));
}

static void the_signatures(void **state)
{
	struct vectors *v = *state;
	struct lw_span message = lw_span_str(string(v, "pae.text"));
	size_t n = lw_json_count(at(v, "keys"));
	const char *name;
	LW_AUTO(dsse) struct lw_dsse d = { 0 };

	OK(lw_seal_parse(member(v, 0, &name), &d, &v->e));
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		LW_AUTO(buf) struct lw_buf pem = { 0 };
		LW_AUTO(buf) struct lw_buf public = { 0 };
		LW_AUTO(buf) struct lw_buf sig = { 0 };
		LW_AUTO(buf) struct lw_buf text = { 0 };
		LW_AUTO(private_key) struct lw_private_key *key = NULL;
		LW_AUTO(key) struct lw_key *pub = NULL;
		char path[64], hex[65];

		(void)snprintf(path, sizeof(path), "keys.%zu.private", i);
		OK(lw_fs_read_beneath(v->dir, string(v, path), 4096, &pem, &v->e));
		OK(lw_private_key_parse(lw_buf_span(&pem), NULL, &key, &v->e));
		(void)snprintf(path, sizeof(path), "keys.%zu.public", i);
		OK(lw_fs_read_beneath(v->dir, string(v, path), 4096, &public, &v->e));
		OK(lw_key_parse(lw_buf_span(&public), &pub, &v->e));
		(void)snprintf(path, sizeof(path), "keys.%zu.spki", i);

		struct lw_span der = lw_key_der(pub);
		lw_auto_free char *spki = lw_alloc(2 * der.n + 1);

		assert_string_equal(lw_hex_encode(der, spki), string(v, path));
		(void)snprintf(path, sizeof(path), "keys.%zu.keyid", i);
		assert_string_equal(lw_digest_hex(lw_key_fingerprint(pub), hex),
				    string(v, path));
		(void)snprintf(path, sizeof(path), "signatures.%zu.keyid", i);
		assert_string_equal(hex, string(v, path));

		/* Ed25519 has one signature for one message. */
		OK(lw_private_key_sign(key, message, &sig, &v->e));
		lw_base64_encode(&text, lw_buf_span(&sig));
		(void)snprintf(path, sizeof(path), "signatures.%zu.sig", i);
		assert_string_equal(lw_buf_str(&text), string(v, path));
		assert_true(
			lw_span_equal(lw_buf_span(&sig), lw_buf_span(&d.signatures[i].sig)));
		assert_int_equal(lw_key_verify(pub, message, lw_buf_span(&sig)), LW_KEY_GOOD);
	}
}

static void the_statement(void **state)
{
	struct vectors *v = *state;
	struct lw_span text = lw_span_str(string(v, "statement.text"));
	struct lw_statement s = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	char hex[LW_DIGEST_TEXT], time[LW_TIME_TEXT];

	OK(lw_statement_parse(lw_unproven_in_the_box(text), &s, &v->e));
	assert_int_equal(s.bytes, v->bundle.n);
	assert_int_equal(s.contents_bytes, number(v, "contents.bytes"));
	assert_string_equal(lw_digest_text(&s.contents, hex), string(v, "contents.digest"));
	assert_true(s.any_audience);
	assert_false(s.has_previous);
	assert_string_equal(s.sender, "vectors");
	assert_string_equal(s.marking, "UNCLASSIFIED");
	assert_int_equal(s.sequence, 1);
	assert_string_equal(lw_time_format(s.created, time), "2026-11-23T00:00:00Z");
	assert_string_equal(lw_time_format(s.expires, time), "2027-02-21T00:00:00Z");
	lw_statement_write(&s, &again);
	assert_true(lw_span_equal(lw_buf_span(&again), text));
}

static void the_lists(void **state)
{
	struct vectors *v = *state;
	const char *name;
	struct lw_span contents = member(v, 1, &name), list = member(v, 2, &name);
	struct lw_span layout = member(v, 3, &name), index = member(v, 4, &name);
	LW_AUTO(contents) struct lw_contents c = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	LW_AUTO(buf) struct lw_buf lines = { 0 };
	LW_AUTO(buf) struct lw_buf listed = { 0 };
	LW_AUTO(buf) struct lw_buf computed = { 0 };
	struct lw_entries entries = { 0 };
	char text[LW_DIGEST_TEXT];

	tells_of(v, "contents", contents);
	tells_of(v, "entries", list);
	tells_of(v, "index", index);
	assert_true(lw_span_is(layout, "{\"imageLayoutVersion\":\"1.0.0\"}"));

	OK(lw_contents_parse(lw_unproven_in_the_box(contents), &c, &v->e));
	lw_contents_write(&c, &again);
	assert_true(lw_span_equal(lw_buf_span(&again), contents));
	assert_string_equal(lw_digest_text(&c.entries_digest, text),
			    string(v, "entries.digest"));
	assert_int_equal(c.entries_bytes, list.n);
	lw_contents_write_index(&c, &computed);
	assert_true(lw_span_equal(lw_buf_span(&computed), index));

	lw_buf_add(&lines, list.p, list.n);
	OK(lw_entries_parse(lw_unproven_in_the_box(lw_buf_span(&lines)), &lines, &entries,
			    &v->e));
	assert_int_equal(entries.n, c.entries_blobs);
	lw_entries_write(&entries, &listed);
	assert_true(lw_span_equal(lw_buf_span(&listed), list));
	for (size_t i = 0; i < entries.n; i++) {
		struct lw_span blob = member(v, 5 + i, &name);
		char want[LW_BLOB_NAME];

		assert_string_equal(name, lw_format_blob_name(&entries.list[i].digest, want));
		assert_int_equal(blob.n, entries.list[i].size);
		is_digest_of(lw_digest_text(&entries.list[i].digest, text), blob);
	}
	/* the image and its evidence are among them */
	assert_non_null(lw_entries_find(&entries, &c.images[0].digest, c.images[0].size));
	assert_non_null(lw_entries_find(&entries, &c.images[0].evidence[0].digest,
					c.images[0].evidence[0].size));
	lw_entries_release(&entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_archive),	  cmocka_unit_test(the_seal),
		cmocka_unit_test(the_signatures), cmocka_unit_test(the_statement),
		cmocka_unit_test(the_lists),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
