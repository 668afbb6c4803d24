/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/gather_fixture.h"

/* Evidence. */

static void finds_evidence(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob listed = fx_referrer(fx, "listed", &a);
	struct fx_blob orphan = fx_referrer(fx, "orphan", &a);
	struct fx_blob in_list = fx_referrer(fx, "in the fallback list", &a);
	struct fx_blob sig = fx_manifest(fx, "sig", "");
	struct fx_blob att = fx_manifest(fx, "att", "");
	struct fx_blob sbom = fx_manifest(fx, "sbom", "");
	struct fx_blob other = fx_manifest(fx, "nobody's", "");
	lw_auto_free char *d = fx_descriptor(&in_list, "");
	struct fx_blob fallback = fx_make_index(fx, d, "");
	lw_auto_free char *tag = fx_tag(&a, "");
	lw_auto_free char *sig_tag = fx_tag(&a, ".sig");
	lw_auto_free char *att_tag = fx_tag(&a, ".att");
	lw_auto_free char *att_name = lw_asprintf("registry.example/app:%s", att_tag);
	lw_auto_free char *sbom_tag = fx_tag(&a, ".sbom");
	lw_auto_free char *sbom_name = lw_asprintf("registry.example/app:%s", sbom_tag);
	struct lw_gathered g;
	size_t n;

	fx_list(fx, &a, "v1", NAME);
	fx_list(fx, &listed, NULL, NULL);
	fx_list(fx, &fallback, tag, NULL);
	fx_list(fx, &sig, sig_tag, NULL);
	fx_list(fx, &att, att_name, NULL);
	fx_list(fx, &sbom, sbom_tag, sbom_name);
	fx_list(fx, &other, "other", NULL);
	accepted(fx, "v1", &g);
	assert_true(has_evidence(&g, &a, LW_MECHANISM_REFERRERS, &listed));
	assert_true(has_evidence(&g, &a, LW_MECHANISM_REFERRERS, &orphan));
	assert_true(has_evidence(&g, &a, LW_MECHANISM_REFERRERS, &in_list));
	assert_true(has_evidence(&g, &a, LW_MECHANISM_FALLBACK_TAG, &fallback));
	assert_true(has_evidence(&g, &a, LW_MECHANISM_COSIGN_SIG, &sig));
	assert_true(has_evidence(&g, &a, LW_MECHANISM_COSIGN_ATT, &att));
	assert_true(has_evidence(&g, &a, LW_MECHANISM_COSIGN_SBOM, &sbom));
	assert_int_equal(g.images[0].n_evidence, 7);
	assert_int_equal(g.images[0].n_subjects, 1);
	assert_false(has_blob(&g, &other));
	assert_null(
		lw_image_evidence(&g.images[0], &listed.digest, LW_MECHANISM_REFERRERS, &n));
	assert_int_equal(n, 0);
	for (size_t i = 0; i < g.images[0].n_evidence; i++) {
		const struct lw_evidence *v = &g.images[0].evidence[i];

		assert_string_equal(v->artifact_type, v->mechanism == LW_MECHANISM_REFERRERS
							      ? "application/vnd.example.proof"
							      : "");
		if (i)
			assert_true(lw_evidence_compare(v - 1, v) < 0);
	}
	/* Its parts travel: config and layer of each. */
	struct fx_blob layer = fx_add(fx, "application/vnd.example.signature", "orphan");
	assert_true(has_blob(&g, &layer));
	lw_gathered_free(&g);

	remove_blob(fx, &layer);
	refused_naming(fx, "v1", LW_E_NOTFOUND, &layer);
}

static void finds_evidence_about_children(void **state)
{
	struct fx *fx = *state;
	struct fx_blob child[4];
	struct fx_blob index = three_platforms(fx, child);
	struct fx_blob proof = fx_referrer(fx, "proof", &child[1]);
	struct fx_blob about_proof = fx_referrer(fx, "about the proof", &proof);
	struct fx_blob sig = fx_manifest(fx, "sig", "");
	lw_auto_free char *tag = fx_tag(&about_proof, ".sig");
	struct fx_blob left_out = fx_referrer(fx, "left out", &child[2]);
	const char *wanted = "linux/arm";
	struct lw_gather_options o = { &wanted, 1 };
	struct lw_gathered g = { 0 };

	fx_list(fx, &index, "v1", NAME);
	fx_list(fx, &sig, tag, NULL);
	assert_int_equal(gather_with(fx, "v1", NULL, &o, &g), 0);
	assert_true(has_evidence(&g, &child[1], LW_MECHANISM_REFERRERS, &proof));
	assert_true(has_evidence(&g, &proof, LW_MECHANISM_REFERRERS, &about_proof));
	assert_true(has_evidence(&g, &about_proof, LW_MECHANISM_COSIGN_SIG, &sig));
	assert_int_equal(g.images[0].n_evidence, 3);
	assert_int_equal(g.images[0].n_omitted, 2);
	assert_false(has_blob(&g, &left_out));
	lw_gathered_free(&g);
}

static void finds_indexes_as_evidence(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob part = fx_manifest(fx, "part", "");
	lw_auto_free char *subject = fx_descriptor(&a, "");
	lw_auto_free char *more = lw_asprintf(",\"subject\":%s", subject);
	lw_auto_free char *d = fx_descriptor(&part, "");
	/* It holds the subject too: going round ends. */
	lw_auto_free char *both = lw_asprintf("%s,%s", d, subject);
	struct fx_blob index = fx_make_index(fx, both, more);
	struct fx_blob about_part = fx_referrer(fx, "about a part", &part);
	struct lw_gathered g;

	fx_list(fx, &a, "v1", NAME);
	accepted(fx, "v1", &g);
	assert_true(has_evidence(&g, &a, LW_MECHANISM_REFERRERS, &index));
	assert_true(has_evidence(&g, &part, LW_MECHANISM_REFERRERS, &about_part));
	assert_true(has_blob(&g, &part));
	assert_int_equal(g.images[0].n_subjects, 1);
	lw_gathered_free(&g);
}

static void follows_evidence_so_far(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob last = a;
	struct lw_gathered g;

	fx_list(fx, &a, "v1", NAME);
	for (int i = 0; i < LW_MAX_IMAGE_DEPTH; i++)
		last = fx_referrer(fx, "about", &last);
	accepted(fx, "v1", &g);
	assert_int_equal(g.images[0].n_evidence, LW_MAX_IMAGE_DEPTH);
	lw_gathered_free(&g);
	last = fx_referrer(fx, "about", &last);
	refused_naming(fx, "v1", LW_E_LIMIT, &last);
}

/* A tag counts in the image's repository, under either name, or where it stands alone. */
static void keeps_to_its_repository(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob ours = fx_manifest(fx, "ours", "");
	struct fx_blob theirs = fx_manifest(fx, "theirs", "");
	lw_auto_free char *tag = fx_tag(&a, ".sig");
	lw_auto_free char *our_name = lw_asprintf("registry.example/app:%s", tag);
	lw_auto_free char *their_name = lw_asprintf("registry.example/other:%s", tag);
	struct lw_gathered g;

	fx_list(fx, &a, "v1", NAME);
	fx_list(fx, &theirs, tag, their_name);
	accepted(fx, "v1", &g);
	assert_int_equal(g.images[0].n_evidence, 0);
	lw_gathered_free(&g);

	fx_list(fx, &ours, tag, our_name);
	accepted(fx, "v1", &g);
	assert_true(has_evidence(&g, &a, LW_MECHANISM_COSIGN_SIG, &ours));
	assert_int_equal(g.images[0].n_evidence, 1);
	lw_gathered_free(&g);

	/* Packed as another name: still known by the one it has here. */
	assert_int_equal(gather_with(fx, "v1", "enclave.example/x:v1", NULL, &g), 0);
	assert_true(has_evidence(&g, &a, LW_MECHANISM_COSIGN_SIG, &ours));
	lw_gathered_free(&g);
	/* Packed as one of theirs: both count, and disagree. */
	assert_int_equal(gather_with(fx, "v1", "registry.example/other:v1", NULL, &g),
			 -LW_E_CONFLICT);
	lw_gathered_free(&g);

	fx_list(fx, &theirs, tag, NULL);
	refused(fx, "v1", LW_E_CONFLICT);
}

static void refuses_lying_fallbacks(void **state)
{
	enum { SUBJECT_ITSELF, NO_SUBJECT, OTHER_SUBJECT, NO_INDEX, MISSING, BLOB, KINDS };

	for (int kind = 0; kind < KINDS; kind++) {
		struct fx fx;
		struct fx_blob child[4];

		fx_open(&fx);
		struct fx_blob index = three_platforms(&fx, child);
		struct fx_blob honest = fx_referrer(&fx, "honest", &index);
		struct fx_blob other = fx_referrer(&fx, "other", &child[0]);
		struct fx_blob note = fx_add(&fx, "text/plain", "a note");
		lw_auto_free char *tag = fx_tag(&index, "");
		lw_auto_free char *d1 = fx_descriptor(&honest, "");
		lw_auto_free char *d2 = fx_descriptor(kind == NO_SUBJECT      ? &child[0]
						      : kind == OTHER_SUBJECT ? &other
						      : kind == BLOB	      ? &note
									      : &honest,
						      "");
		lw_auto_free char *both = lw_asprintf("%s,%s", d1, d2);
		struct fx_blob fallback = fx_make_index(&fx, both, "");

		if (kind == MISSING)
			remove_blob(&fx, &honest);
		if (kind == SUBJECT_ITSELF)
			fallback = index; /* oras#2174 */
		if (kind == NO_INDEX)
			fallback = honest;
		fx_list(&fx, &index, "v1", NAME);
		fx_list(&fx, &fallback, tag, NULL);
		refused(&fx, "v1", kind == MISSING ? LW_E_NOTFOUND : LW_E_CONFLICT);
		fx_close(&fx);
	}
	(void)state;
}

static void refuses_lying_tags(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob b = fx_manifest(fx, "b", "");
	struct fx_blob c = fx_manifest(fx, "c", "");
	struct fx_blob sig = fx_manifest(fx, "sig", "");
	struct fx_blob note = fx_add(fx, "text/plain", "a note");
	lw_auto_free char *a_tag = fx_tag(&a, ".sig");
	lw_auto_free char *b_tag = fx_tag(&b, ".att");
	lw_auto_free char *c_tag = fx_tag(&c, ".sbom");

	fx_list(fx, &a, "a", "registry.example/app:a");
	fx_list(fx, &b, "b", "registry.example/app:b");
	fx_list(fx, &c, "c", "registry.example/app:c");
	fx_list(fx, &a, a_tag, NULL);
	fx_list(fx, &note, b_tag, NULL);
	fx_list(fx, &sig, c_tag, NULL);
	fx_list(fx, &b, c_tag, NULL);
	refused(fx, "a", LW_E_CONFLICT);    /* it names its subject */
	refused(fx, "b", LW_E_UNSUPPORTED); /* it names no manifest */
	refused(fx, "c", LW_E_CONFLICT);    /* it names two things */
}

/* Blobs that nothing points at. */
static void looks_through_orphans(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	lw_auto_free char *linked =
		fx_path(fx, "blobs/sha256/"
			    "00000000000000000000000000000000000000000000000000000000000000aa");
	lw_auto_free char *fifo =
		fx_path(fx, "blobs/sha256/"
			    "00000000000000000000000000000000000000000000000000000000000000bb");
	lw_auto_free char *folder =
		fx_path(fx, "blobs/sha256/"
			    "00000000000000000000000000000000000000000000000000000000000000cc");
	struct lw_gathered g;

	fx_list(fx, &a, "v1", NAME);
	/* None of these is evidence, none is an error. */
	(void)fx_add(fx, "", "");
	(void)fx_add(fx, "", "{");
	(void)fx_add(fx, "", "just bytes with \"subject\"");
	(void)fx_add(fx, "", "{\"subject\": broken");
	(void)fx_add(fx, "", "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[]}");
	(void)fx_add(fx, "", "{\"schemaVersion\":2,\"subject\":{}}");
	assert_int_equal(symlink("/etc/hostname", linked), 0);
	assert_int_equal(mkfifo(fifo, 0644), 0);
	assert_int_equal(mkdir(folder, 0755), 0);
	accepted(fx, "v1", &g);
	assert_int_equal(g.images[0].n_evidence, 0);
	assert_int_equal(g.n_blobs, 3);
	lw_gathered_free(&g);

	/* A manifest that does not say so itself, and an index likewise. */
	lw_auto_free char *subject = fx_descriptor(&a, "");
	struct fx_blob config = config_of(fx, "a");
	lw_auto_free char *c = fx_descriptor(&config, "");
	lw_auto_free char *m = lw_asprintf(
		"{\"schemaVersion\":2,\"config\":%s,\"layers\":[],\"subject\":%s}", c, subject);
	lw_auto_free char *i = lw_asprintf(
		"{\"schemaVersion\":2,\"manifests\":[%s],\"subject\":%s}", subject, subject);
	struct fx_blob shy_manifest = fx_add(fx, FX_MANIFEST, m);
	struct fx_blob shy_index = fx_add(fx, FX_INDEX, i);
	accepted(fx, "v1", &g);
	assert_true(has_evidence(&g, &a, LW_MECHANISM_REFERRERS, &shy_manifest));
	assert_true(has_evidence(&g, &a, LW_MECHANISM_REFERRERS, &shy_index));
	lw_gathered_free(&g);

	break_byte(fx, &shy_index, 3);
	refused_naming(fx, "v1", LW_E_DIGEST, &shy_index);
}

static void refuses_withdrawn_kinds(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	lw_auto_free char *subject = fx_descriptor(&a, "");
	lw_auto_free char *text =
		lw_asprintf("{\"mediaType\":\"application/vnd.oci.artifact.manifest.v1+json\","
			    "\"artifactType\":\"a/b\",\"blobs\":[],\"subject\":%s}",
			    subject);
	struct fx_blob old = fx_add(fx, "application/vnd.oci.artifact.manifest.v1+json", text);

	fx_list(fx, &a, "v1", NAME);
	refused_naming(fx, "v1", LW_E_UNSUPPORTED, &old);
	fx_list(fx, &old, NULL, NULL);
	refused_naming(fx, "v1", LW_E_UNSUPPORTED, &old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_evidence),
		TEST(finds_evidence_about_children),
		TEST(finds_indexes_as_evidence),
		TEST(follows_evidence_so_far),
		TEST(keeps_to_its_repository),
		TEST(refuses_lying_fallbacks),
		TEST(refuses_lying_tags),
		TEST(looks_through_orphans),
		TEST(refuses_withdrawn_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
