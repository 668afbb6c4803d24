/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_UNIT_GATHER_FIXTURE_H
#define LW_TESTS_UNIT_GATHER_FIXTURE_H

/* Gathering from a layout of layout_fixture.h, for cmocka tests; what was said is in `said`. */

#include "base/limits.h"
#include "tests/unit/layout_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <cmocka.h>

#define HEX16  "0123456789abcdef"
#define HEX128 HEX16 HEX16 HEX16 HEX16 HEX16 HEX16 HEX16 HEX16
#define NAME   "registry.example/app:v1"

static inline int begin(void **state)
{
	struct fx *fx = lw_alloc(sizeof(*fx));

	fx_open(fx);
	*state = fx;
	return 0;
}

static inline int end(void **state)
{
	fx_close(*state);
	free(*state);
	return 0;
}

/* What the last gather said. */
static struct lw_error said;

static inline int gather_with(const struct fx *fx, const char *ref, const char *name,
			      const struct lw_gather_options *options, struct lw_gathered *g)
{
	LW_AUTO(layout) struct lw_layout *l = NULL;
	const size_t before = g->n_images;
	struct lw_reference full;
	int r;

	said = (struct lw_error){ 0 };
	if (name)
		assert_int_equal(lw_reference_parse(lw_span_str(name), &full, NULL), 0);
	r = lw_layout_open(fx->dir, &fx_reader, &l, &said);
	if (r == 0)
		r = lw_gather_image(l, ref, name ? &full : NULL, options, g, &said);
	assert_int_equal(r, -(int)said.code);
	assert_int_equal(g->n_images, before + (r == 0));
	return r == 0 ? lw_gather_finish(g, &said) : r;
}

/* One image, named as it is in its layout, on its own. */
static inline int gather(const struct fx *fx, const char *ref, struct lw_gathered *g)
{
	*g = (struct lw_gathered){ 0 };
	return gather_with(fx, ref, NULL, NULL, g);
}

static inline void refused(const struct fx *fx, const char *ref, enum lw_code code)
{
	struct lw_gathered g;

	if (gather(fx, ref, &g) != -(int)code)
		fail_msg("want %s, have %s: %s", lw_code_name(code), lw_code_name(said.code),
			 said.text);
	assert_int_equal(g.n_images, 0);
	assert_int_equal(g.n_blobs, 0);
	lw_gathered_free(&g);
}

static inline void refused_naming(const struct fx *fx, const char *ref, enum lw_code code,
				  const struct fx_blob *b)
{
	refused(fx, ref, code);
	if (!strstr(said.text, b->text))
		fail_msg("does not name %s: %s", b->text, said.text);
}

static inline void accepted(const struct fx *fx, const char *ref, struct lw_gathered *g)
{
	if (gather(fx, ref, g) != 0)
		fail_msg("refused: %s", said.text);
}

static inline bool has_blob(const struct lw_gathered *g, const struct fx_blob *b)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_blobs; i++)
		if (lw_digest_equal(&g->blobs[i].digest, &b->digest)) {
			assert_int_equal(g->blobs[i].size, b->size);
			n++;
		}
	assert_true(n <= 1);
	return n == 1;
}

static inline bool has_evidence(const struct lw_gathered *g, const struct fx_blob *subject,
				enum lw_mechanism mechanism, const struct fx_blob *b)
{
	size_t n;
	const struct lw_evidence *v =
		lw_image_evidence(&g->images[0], &subject->digest, mechanism, &n);

	for (size_t i = 0; i < n; i++)
		if (lw_digest_equal(&v[i].digest, &b->digest)) {
			assert_int_equal(v[i].size, b->size);
			assert_string_equal(v[i].media_type, b->media_type);
			assert_true(has_blob(g, b));
			return true;
		}
	return false;
}

static inline void break_byte(const struct fx *fx, const struct fx_blob *b, long at)
{
	lw_auto_free char *path = fx_blob_path(fx, b);
	lw_auto_file FILE *f = fopen(path, "r+");

	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	int c = getc(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	assert_int_not_equal(putc(c ^ 1, f), EOF);
}

static inline void remove_blob(const struct fx *fx, const struct fx_blob *b)
{
	lw_auto_free char *path = fx_blob_path(fx, b);

	assert_int_equal(remove(path), 0);
}

/* The config and the layer fx_manifest makes of a seed. */
static inline struct fx_blob config_of(const struct fx *fx, const char *seed)
{
	lw_auto_free char *text = lw_asprintf("{\"seed\":\"%s\"}", seed);

	return fx_add(fx, FX_CONFIG, text);
}

static inline struct fx_blob layer_of(const struct fx *fx, const char *seed)
{
	return fx_add(fx, FX_LAYER, seed);
}

static inline struct fx_blob three_platforms(const struct fx *fx, struct fx_blob child[4])
{
	child[0] = fx_manifest(fx, "amd64", "");
	child[1] = fx_manifest(fx, "arm-v7", "");
	child[2] = fx_manifest(fx, "s390x", "");
	child[3] = fx_manifest(fx, "attestation", "");

	lw_auto_free char *amd64 = fx_platform(&child[0], "linux", "amd64");
	lw_auto_free char *arm = fx_descriptor(
		&child[1],
		",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\"}");
	lw_auto_free char *s390x = fx_platform(&child[2], "linux", "s390x");
	lw_auto_free char *unknown = fx_platform(&child[3], "unknown", "unknown");
	lw_auto_free char *all = lw_asprintf("%s,%s,%s,%s", amd64, arm, s390x, unknown);

	return fx_make_index(fx, all, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
