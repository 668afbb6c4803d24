/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/gather_fixture.h"

/* Damage. */

static void refuses_missing_parts(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob layer = layer_of(fx, "a");
	struct fx_blob config = config_of(fx, "a");
	struct lw_gathered g;

	fx_list(fx, &a, "v1", NAME);
	remove_blob(fx, &layer);
	refused_naming(fx, "v1", LW_E_NOTFOUND, &layer);
	(void)layer_of(fx, "a");
	remove_blob(fx, &config);
	refused_naming(fx, "v1", LW_E_NOTFOUND, &config);
	(void)config_of(fx, "a");
	accepted(fx, "v1", &g);
	lw_gathered_free(&g);
	remove_blob(fx, &a);
	refused_naming(fx, "v1", LW_E_NOTFOUND, &a);
}

/* A layer that may not be distributed must be here; its address is nobody's business. */
static void fetches_nothing(void **state)
{
	struct fx *fx = *state;
	struct fx_blob config = config_of(fx, "a");
	struct fx_blob layer = fx_add(
		fx, "application/vnd.oci.image.layer.nondistributable.v1.tar", "foreign");
	lw_auto_free char *c = fx_descriptor(&config, "");
	lw_auto_free char *l =
		fx_descriptor(&layer, ",\"urls\":[\"http://127.0.0.1:1/x\"],\"data\":\"eA==\"");
	lw_auto_free char *text =
		lw_asprintf("{\"schemaVersion\":2,\"mediaType\":\"" FX_MANIFEST
			    "\",\"config\":%s,\"layers\":[%s]}",
			    c, l);
	struct fx_blob a = fx_add(fx, FX_MANIFEST, text);
	struct lw_gathered g;

	fx_list(fx, &a, "v1", NAME);
	accepted(fx, "v1", &g);
	assert_true(has_blob(&g, &layer));
	lw_gathered_free(&g);
	remove_blob(fx, &layer);
	refused_naming(fx, "v1", LW_E_NOTFOUND, &layer);
}

static void refuses_wrong_sizes(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "aaaa", "");
	struct fx_blob layer = layer_of(fx, "aaaa");
	lw_auto_free char *path = fx_blob_path(fx, &layer);
	lw_auto_free char *manifest_path = fx_blob_path(fx, &a);

	fx_list(fx, &a, "v1", NAME);
	assert_int_equal(truncate(path, 3), 0);
	refused_naming(fx, "v1", LW_E_TRUNCATED, &layer);
	assert_int_equal(truncate(path, 5), 0);
	refused_naming(fx, "v1", LW_E_DIGEST, &layer);
	assert_int_equal(truncate(path, (off_t)1 << 42), 0);
	refused_naming(fx, "v1", LW_E_DIGEST, &layer);
	assert_int_equal(truncate(manifest_path, (off_t)1 << 42), 0);
	refused_naming(fx, "v1", LW_E_DIGEST, &a);
	assert_int_equal(truncate(manifest_path, 0), 0);
	refused_naming(fx, "v1", LW_E_TRUNCATED, &a);
}

static void refuses_flipped_bytes(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob b = fx_manifest(fx, "b", "");
	struct lw_gathered g;

	fx_list(fx, &a, "v1", NAME);
	fx_list(fx, &b, "v2", "registry.example/app:v2");
	for (size_t at = 0; at < a.size; at++) {
		break_byte(fx, &a, (long)at);
		refused_naming(fx, "v1", LW_E_DIGEST, &a);
		break_byte(fx, &a, (long)at);
	}
	accepted(fx, "v1", &g);
	lw_gathered_free(&g);
	/* Another manifest's damage could hide evidence about this one. */
	break_byte(fx, &b, 0);
	refused_naming(fx, "v1", LW_E_DIGEST, &b);
}

static void refuses_irregular_blobs(void **state)
{
	enum { LINK, FIFO, FOLDER, KINDS };

	for (int kind = 0; kind < KINDS; kind++)
		for (int part = 0; part < 3; part++) {
			struct fx fx;

			fx_open(&fx);
			struct fx_blob a = fx_manifest(&fx, "a", "");
			struct fx_blob b = part == 0   ? a
					   : part == 1 ? config_of(&fx, "a")
						       : layer_of(&fx, "a");
			lw_auto_free char *path = fx_blob_path(&fx, &b);
			lw_auto_free char *moved = fx_path(&fx, "moved");

			fx_list(&fx, &a, "v1", NAME);
			assert_int_equal(rename(path, moved), 0);
			assert_int_equal(kind == LINK	? symlink("../../moved", path)
					 : kind == FIFO ? mkfifo(path, 0644)
							: mkdir(path, 0755),
					 0);
			refused_naming(&fx, "v1", LW_E_FORMAT, &b);
			fx_close(&fx);
		}
	(void)state;
}

static void refuses_what_descriptors_deny(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	struct fx_blob as_index = a, as_docker = a, short_one = a;

	as_index.media_type = FX_INDEX;
	as_docker.media_type = FX_DOCKER;
	short_one.size--;

	fx_list(fx, &as_index, "v1", NAME);
	refused_naming(fx, "v1", LW_E_FORMAT, &a);
	lw_buf_clear(&fx->index);
	fx_list(fx, &as_docker, "v1", NAME);
	refused_naming(fx, "v1", LW_E_FORMAT, &a);
	lw_buf_clear(&fx->index);
	fx_list(fx, &short_one, "v1", NAME);
	refused_naming(fx, "v1", LW_E_DIGEST, &a);

	/* One blob, two words about it. */
	lw_buf_clear(&fx->index);
	fx_list(fx, &a, "v1", NAME);
	fx_list(fx, &as_docker, "v2", NULL);
	refused_naming(fx, "v1", LW_E_FORMAT, &a);
	lw_buf_clear(&fx->index);
	fx_list(fx, &a, "v1", NAME);
	fx_list(fx, &short_one, "v2", NULL);
	refused_naming(fx, "v1", LW_E_CONFLICT, &a);
}

static void refuses_what_is_not_json(void **state)
{
	static const struct {
		const char *text;
		enum lw_code code;
	} bad[] = {
		{ "", LW_E_FORMAT },
		{ "{}", LW_E_FORMAT },
		{ "\x1f\x8b", LW_E_FORMAT },
		{ "{\"schemaVersion\":2,\"mediaType\":\"" FX_MANIFEST
		  "\",\"manifests\":[],\"config\":{},\"layers\":[]}",
		  LW_E_FORMAT },
		{ "{\"schemaVersion\":2,\"mediaType\":\"" FX_MANIFEST
		  "\",\"config\":{\"mediaType\":\"a/b\",\"digest\":\"sha256:../../x\","
		  "\"size\":1},\"layers\":[]}",
		  LW_E_FORMAT },
		{ "{\"schemaVersion\":1,\"fsLayers\":[]}", LW_E_UNSUPPORTED },
		{ "{\"schemaVersion\":2,\"mediaType\":\"" FX_MANIFEST
		  "\",\"config\":{\"mediaType\":\"a/b\",\"digest\":\"sha512:" HEX128
		  "\",\"size\":1},"
		  "\"layers\":[]}",
		  LW_E_UNSUPPORTED },
	};

	for (size_t i = 0; i < LW_COUNT_OF(bad); i++) {
		struct fx fx;

		fx_open(&fx);
		struct fx_blob b = fx_add(&fx, FX_MANIFEST, bad[i].text);
		fx_list(&fx, &b, "v1", NAME);
		refused_naming(&fx, "v1", bad[i].code, &b);
		fx_close(&fx);
	}
	(void)state;
}

static void refuses_giant_manifests(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");

	a.size = (size_t)LW_MAX_MANIFEST_BYTES + 1;
	lw_auto_free char *path = fx_blob_path(fx, &a);
	assert_int_equal(truncate(path, (off_t)a.size), 0);
	fx_list(fx, &a, "v1", NAME);
	refused_naming(fx, "v1", LW_E_LIMIT, &a);
}

/* A box that says something else than it was asked. */
static int lie(void *data, struct lw_span bytes, const char *media_type,
	       struct lw_document **ret, struct lw_error *e)
{
	static const char other[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" FX_DOCKER_LIST "\",\"manifests\":[]}";
	const char *about = data;
	const char *asked = media_type ? media_type : "index.json";

	if (strcmp(about, asked) == 0)
		return lw_document_parse(lw_span_str(other), FX_DOCKER_LIST, ret, e);
	return fx_read(NULL, bytes, media_type, ret, e);
}

static int refuse_all(void *data, struct lw_span bytes, const char *media_type,
		      struct lw_document **ret, struct lw_error *e)
{
	(void)data;
	(void)bytes;
	(void)media_type;
	(void)ret;
	return lw_fail(e, LW_E_JAIL, "the box broke");
}

static int gather_through(const struct fx *fx, const struct lw_document_reader *reader)
{
	LW_AUTO(layout) struct lw_layout *l = NULL;
	LW_AUTO(gathered) struct lw_gathered g = { 0 };
	int r = lw_layout_open(fx->dir, reader, &l, &said);

	return r < 0 ? r : lw_gather_image(l, "v1", NULL, NULL, &g, &said);
}

static void refuses_broken_readers(void **state)
{
	struct fx *fx = *state;
	struct fx_blob a = fx_manifest(fx, "a", "");
	static char layout[] = LW_MEDIA_TYPE_LAYOUT, manifest[] = FX_MANIFEST, none[] = "none";

	fx_list(fx, &a, "v1", NAME);
	assert_int_equal(gather_through(fx, &(struct lw_document_reader){ lie, none }), 0);
	assert_int_equal(gather_through(fx, &(struct lw_document_reader){ lie, layout }),
			 -LW_E_JAIL);
	assert_int_equal(gather_through(fx, &(struct lw_document_reader){ lie, manifest }),
			 -LW_E_JAIL);
	assert_int_equal(gather_through(fx, &(struct lw_document_reader){ refuse_all, NULL }),
			 -LW_E_JAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_missing_parts),	TEST(fetches_nothing),
		TEST(refuses_wrong_sizes),	TEST(refuses_flipped_bytes),
		TEST(refuses_irregular_blobs),	TEST(refuses_what_descriptors_deny),
		TEST(refuses_what_is_not_json), TEST(refuses_giant_manifests),
		TEST(refuses_broken_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
