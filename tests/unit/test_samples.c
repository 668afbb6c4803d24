/* SPDX-License-Identifier: Apache-2.0 */

/* Genuine signatures by cosign (tests/samples/cosign): what the judges make of each, held
 * against what cosign said (answers.tsv); and none of them altered says anything else. Runs in
 * the top folder. */

#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"
#include "verify/judge.h"
#include "verify/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/people.h"

#define ACME "registry.acme.example/"

static int samples = -1; /* the folder */
static struct lw_json_doc *layout;

static void read_sample(const char *path, struct lw_buf *out)
{
	struct lw_error e;

	OK(lw_fs_read_beneath(samples, path, LW_MAX_EVIDENCE_BYTES, out, &e));
}

static const struct lw_json *member(const struct lw_json *object, const char *key)
{
	const struct lw_json *m = object ? lw_json_first(object) : NULL;

	while (m && strcmp(lw_json_key(m), key) != 0)
		m = lw_json_next(m);
	return m;
}

static const char *text(const struct lw_json *object, const char *key)
{
	const struct lw_json *m = member(object, key);

	return m ? lw_json_string(m) : NULL;
}

static void read_blob(const char *digest, struct lw_buf *out)
{
	lw_auto_free char *path = lw_asprintf("layout/blobs/sha256/%s", digest + 7);

	read_sample(path, out);
}

static struct lw_json_doc *parse_blob(const char *digest)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_doc *doc = NULL;
	struct lw_error e;

	read_blob(digest, &b);
	OK(lw_json_parse(lw_buf_span(&b), &LW_JSON_FOREIGN, &doc, &e));
	return doc;
}

/* The digest that a name of the layout stands for, or NULL. */
static const char *lookup(const char *name)
{
	const struct lw_json *m = member(lw_json_root(layout), "manifests");

	for (m = lw_json_first(m); m; m = lw_json_next(m)) {
		const char *have =
			text(member(m, "annotations"), "org.opencontainers.image.ref.name");

		if (have && strcmp(have, name) == 0)
			return text(m, "digest");
	}
	return NULL;
}

static struct lw_key *read_key(const char *name)
{
	lw_auto_free char *path = lw_asprintf("keys/%s.pub", name);
	LW_AUTO(buf) struct lw_buf pem = { 0 };
	struct lw_key *k = NULL;
	struct lw_error e;

	read_sample(path, &pem);
	OK(lw_key_parse_as(LW_KEY_COSIGN, lw_buf_span(&pem), &k, &e));
	return k;
}

/* ---- walking what is attached ---- */

typedef void visitor(const struct lw_piece *piece, void *data);

static void visit_manifest(const char *digest, visitor *visit, void *data)
{
	LW_AUTO(json) struct lw_json_doc *doc = parse_blob(digest);
	const struct lw_json *layer = member(lw_json_root(doc), "layers");

	assert_non_null(layer);
	for (layer = lw_json_first(layer); layer; layer = lw_json_next(layer)) {
		LW_AUTO(buf) struct lw_buf bytes = { 0 };
		struct lw_piece piece = { .media_type = text(layer, "mediaType"),
					  .annotations = member(layer, "annotations") };

		read_blob(text(layer, "digest"), &bytes);
		piece.bytes = lw_buf_span(&bytes);
		visit(&piece, data);
	}
}

/* What has the tag of cosign "sha256-<hex>SUFFIX": a manifest, or the list of referrers. */
static void visit_tag(const char *repository, const char *digest, const char *suffix,
		      visitor *visit, void *data)
{
	lw_auto_free char *name = lw_asprintf("%s:sha256-%s%s", repository, digest + 7, suffix);
	const char *found = lookup(name);

	if (!found)
		return;
	if (suffix[0]) {
		visit_manifest(found, visit, data);
		return;
	}

	LW_AUTO(json) struct lw_json_doc *doc = parse_blob(found);
	const struct lw_json *m = member(lw_json_root(doc), "manifests");

	for (m = lw_json_first(m); m; m = lw_json_next(m))
		visit_manifest(text(m, "digest"), visit, data);
}

/* ---- the answers ---- */

struct question {
	const struct lw_key *key;
	struct lw_digest digest;
	const char *type; /* NULL: a signature of the image */
	size_t pieces, accepted;
};

static bool is_type(const struct lw_said *said, const char *type)
{
	return type ? strcmp(said->type, type) == 0
		    : strcmp(said->type, LW_TYPE_SIMPLE_SIGNING) == 0 ||
			       strcmp(said->type, LW_TYPE_COSIGN_SIGN) == 0;
}

/* Whether the key signed it; then what it says. */
static bool believed(const struct lw_piece *piece, const struct lw_key *key,
		     struct lw_extracted *x, struct lw_buf *message, struct lw_said *said)
{
	const struct lw_judge *judge = lw_judge_for(piece->media_type);
	struct lw_error e;

	assert_non_null(judge);
	judge->extract(piece, x);
	if (x->state != LW_EXTRACTED_SIGNED)
		return false;
	lw_extracted_message(x, piece->bytes, message);
	if (lw_key_verify(key, lw_buf_span(message), lw_buf_span(&x->signatures[0].sig)) !=
	    LW_KEY_GOOD)
		return false;
	return judge->read(x->payload_type,
			   lw_unproven_in_the_box(x->detached ? piece->bytes
							      : lw_buf_span(&x->payload)),
			   said, &e) == 0;
}

static void ask(const struct lw_piece *piece, void *data)
{
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	LW_AUTO(buf) struct lw_buf message = { 0 };
	LW_AUTO(said) struct lw_said said = { 0 };
	struct question *q = data;

	q->pieces++;
	q->accepted += believed(piece, q->key, &x, &message, &said) &&
		       is_type(&said, q->type) && lw_said_about(&said, &q->digest);
	assert_int_equal(x.state, LW_EXTRACTED_SIGNED);
	assert_int_equal(x.n_signatures, 1);
}

static const char *predicate_type(const char *name)
{
	static const char *const types[][2] = {
		{ "slsaprovenance", "https://slsa.dev/provenance/v0.2" },
		{ "slsaprovenance1", "https://slsa.dev/provenance/v1" },
		{ "spdxjson", "https://spdx.dev/Document" },
		{ "cyclonedx", "https://cyclonedx.org/bom" },
		{ "vuln", "https://cosign.sigstore.dev/attestation/vuln/v1" },
		{ "openvex", "https://openvex.dev/ns" },
		{ "custom", "https://cosign.sigstore.dev/attestation/v1" },
	};

	for (size_t i = 0; i < LW_COUNT_OF(types); i++)
		if (strcmp(types[i][0], name) == 0)
			return types[i][1];
	fail_msg("no type %s", name);
	return NULL;
}

/* How many we take of what this version of cosign looks at. */
static size_t ours(const char *repository, const char *key, const char *program,
		   const char *command)
{
	const char *type = strstr(command, "--type ");
	LW_AUTO(key) struct lw_key *k = read_key(key);
	lw_auto_free char *name = lw_asprintf("%s:1", repository);
	const char *digest = lookup(name);
	struct question q = { .key = k };
	struct lw_error e;

	assert_non_null(digest);
	OK(lw_digest_parse(lw_span_str(digest), &q.digest, &e));
	if (type)
		q.type = predicate_type(type + 7);
	if (strcmp(program, "cosign-3") == 0 || strstr(command, "--new-bundle-format"))
		visit_tag(repository, digest, "", ask, &q);
	if (q.pieces == 0) /* where there is a bundle, version 3 looks at nothing else */
		visit_tag(repository, digest, type ? ".att" : ".sig", ask, &q);
	return q.accepted;
}

/* Where cosign 3 takes an attestation for a signature, and we take none. */
static const char *const laxer[] = {
	ACME "bundle-attested",
	ACME "bundle-attested-rsa2048",
	ACME "bundle-sbom",
	ACME "early-attested-p256",
	ACME "early-attested-p384",
	ACME "early-attested-ed25519",
	ACME "early-attested-rsa2048",
};

/* Which of these was seen, as a bit. */
static uint32_t hold(char *line)
{
	char *field[6] = { 0 };

	for (size_t i = 0; i < LW_COUNT_OF(field); i++) {
		field[i] = strsep(&line, "\t");
		assert_non_null(field[i]);
	}
	/* what cosign would not make; and what it asks of members that we do not look at */
	if (strncmp(field[3], "verify", 6) != 0 || strstr(field[3], " -a "))
		return 0;

	size_t cosign = (size_t)(field[5][0] - '0'), i = 0,
	       have = ours(field[0], field[1], field[2], field[3]);

	if (have == cosign && !field[5][1])
		return 0;
	while (i < LW_COUNT_OF(laxer) && strcmp(laxer[i], field[0]) != 0)
		i++;
	if (i == LW_COUNT_OF(laxer) || have != 0 || strcmp(field[3], "verify") != 0 ||
	    strcmp(field[2], "cosign-3") != 0)
		fail_msg("%s %s %s %s: cosign %zu, we %zu", field[0], field[1], field[2],
			 field[3], cosign, have);
	return 1u << i;
}

static void cosign_says_so_too(void **state)
{
	LW_AUTO(buf) struct lw_buf answers = { 0 };
	uint32_t seen = 0;
	size_t lines = 0;

	(void)state;
	read_sample("answers.tsv", &answers);

	char *rest = (char *)answers.p;

	assert_non_null(strsep(&rest, "\n")); /* the head */
	for (char *line; (line = strsep(&rest, "\n")) && line[0]; lines++)
		seen |= hold(line);
	assert_true(lines > 200);
	/* all that are listed: a list that is too long would hide one */
	assert_int_equal(seen, (1u << LW_COUNT_OF(laxer)) - 1);
}

/* cosign's statements say of a build what its predicates say. */
static void provenance(const struct lw_piece *piece, void *data)
{
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	LW_AUTO(buf) struct lw_buf message = { 0 };
	LW_AUTO(said) struct lw_said said = { 0 };
	struct question *q = data;

	assert_true(believed(piece, q->key, &x, &message, &said));
	q->pieces++;
	if (strncmp(said.type, "https://slsa.dev/provenance/", 28) != 0)
		return;
	for (int f = LW_SAID_BUILDER; f <= LW_SAID_BUILD_TYPE; f++)
		assert_non_null(lw_said_field(&said, (enum lw_said_field)f));
	q->accepted++;
}

static void fields_are_found(void **state)
{
	LW_AUTO(key) struct lw_key *key = read_key("p256");
	static const char *const from[][2] = { { ACME "classic-attested", ".att" },
					       { ACME "bundle-attested", "" } };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(from); i++) {
		lw_auto_free char *name = lw_asprintf("%s:1", from[i][0]);
		struct question q = { .key = key };

		visit_tag(from[i][0], lookup(name), from[i][1], provenance, &q);
		assert_int_equal(q.pieces, 7);
		assert_int_equal(q.accepted, 2);
	}
}

/* ---- altered ---- */

struct mutation {
	const struct lw_key *key;
	size_t tried, believed;
};

/* A mutant is believed only where it signs the same bytes. */
static void try_mutant(struct mutation *m, const struct lw_piece *mutant,
		       const struct lw_buf *message)
{
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	LW_AUTO(buf) struct lw_buf other = { 0 };
	LW_AUTO(said) struct lw_said said = { 0 };

	m->tried++;
	if (!believed(mutant, m->key, &x, &other, &said))
		return;
	m->believed++;
	assert_true(lw_span_equal(lw_buf_span(message), lw_buf_span(&other)));
}

static void mutate(const struct lw_piece *piece, void *data)
{
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	LW_AUTO(buf) struct lw_buf message = { 0 };
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	LW_AUTO(said) struct lw_said said = { 0 };
	struct mutation *m = data;

	if (!believed(piece, m->key, &x, &message, &said))
		return; /* another's */
	lw_buf_add(&bytes, piece->bytes.p, piece->bytes.n);
	for (size_t i = 0; i < bytes.n; i++) {
		struct lw_piece mutant = *piece;

		bytes.p[i] ^= (uint8_t)(1u << i % 8);
		mutant.bytes = lw_buf_span(&bytes);
		try_mutant(m, &mutant, &message);
		bytes.p[i] ^= (uint8_t)(1u << i % 8);
	}
}

/* The annotation of a classic signature: every byte of its base64. */
static void mutate_annotation(const struct lw_piece *piece, void *data)
{
	static const char name[] = "dev.cosignproject.cosign/signature";
	LW_AUTO(buf) struct lw_buf sig = { 0 };
	struct mutation *m = data;

	lw_buf_adds(&sig, text(piece->annotations, name));
	for (size_t i = 0; i < sig.n; i++) {
		LW_AUTO(json) struct lw_json_doc *doc = NULL;
		LW_AUTO(buf) struct lw_buf json = { 0 };
		struct lw_piece mutant = *piece;
		struct lw_error e;

		sig.p[i] ^= (uint8_t)(1u << i % 7);
		lw_buf_printf(&json, "{\"%s\":\"%s\"}", name, lw_buf_str(&sig));
		sig.p[i] ^= (uint8_t)(1u << i % 7);
		if (lw_json_parse(lw_buf_span(&json), &LW_JSON_FOREIGN, &doc, &e) < 0)
			continue;
		mutant.annotations = lw_json_root(doc);
		try_mutant(m, &mutant, &(const struct lw_buf){ 0 });
	}
}

static void no_altered_sample_says_another_thing(void **state)
{
	static const struct {
		const char *image, *key, *tag;
	} rows[] = {
		{ ACME "classic-p256", "p256", ".sig" },
		{ ACME "classic-p521", "p521", ".sig" },
		{ ACME "classic-ed25519", "ed25519", ".sig" },
		{ ACME "classic-rsa2048", "rsa2048", ".sig" },
		{ ACME "classic-attested-ed25519", "ed25519", ".att" },
		{ ACME "classic-attested-rsa2048", "rsa2048", ".att" },
		{ ACME "classic-sbom", "p256", ".att" },
		{ ACME "bundle-p256", "p256", "" },
		{ ACME "bundle-rsa2048", "rsa2048", "" },
		{ ACME "bundle-sbom", "p256", "" },
		{ ACME "early-attested-ed25519", "ed25519", "" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		LW_AUTO(key) struct lw_key *key = read_key(rows[i].key);
		lw_auto_free char *name = lw_asprintf("%s:1", rows[i].image);
		struct mutation m = { .key = key };

		visit_tag(rows[i].image, lookup(name), rows[i].tag, mutate, &m);
		assert_true(m.tried > 200);
		/* a letter of a hint, or of the name of a member beside */
		assert_true(m.believed < 100);
		if (strcmp(rows[i].tag, ".sig") != 0)
			continue;
		assert_int_equal(m.believed, 0);
		m = (struct mutation){ .key = key };
		visit_tag(rows[i].image, lookup(name), rows[i].tag, mutate_annotation, &m);
		assert_true(m.tried > 60);
		assert_int_equal(m.believed, 0);
	}
}

static int setup(void **state)
{
	LW_AUTO(buf) struct lw_buf index = { 0 };
	struct lw_error e;

	(void)state;
	lw_key_prepare();
	OK(lw_fs_open_dir("tests/samples/cosign", &samples, &e));
	read_sample("layout/index.json", &index);
	return lw_json_parse(lw_buf_span(&index), &LW_JSON_STRICT, &layout, &e);
}

static int teardown(void **state)
{
	(void)state;
	lw_json_free(layout);
	return close(samples);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cosign_says_so_too),
		cmocka_unit_test(fields_are_found),
		cmocka_unit_test(no_altered_sample_says_another_thing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
