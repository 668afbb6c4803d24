/* SPDX-License-Identifier: Apache-2.0 */
#include "image/attach.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define EMPTY	 "application/vnd.oci.empty.v1+json"

static void descriptor(struct lw_json_writer *w, const char *media_type,
		       const struct lw_digest *d, uint64_t size)
{
	char text[LW_DIGEST_TEXT];

	lw_json_w_member(w, "digest", lw_digest_text(d, text));
	lw_json_w_member(w, "mediaType", media_type);
	lw_json_w_member_integer(w, "size", (int64_t)size);
}

void lw_attach_manifest(const struct lw_attach *a, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };
	struct lw_digest empty = lw_digest_of(lw_span_str(LW_ATTACH_EMPTY));
	struct lw_digest layer = lw_digest_of(a->layer);

	lw_json_w_object(&w);
	lw_json_w_member(&w, "artifactType", a->artifact_type);
	lw_json_w_key(&w, "config");
	lw_json_w_object(&w);
	descriptor(&w, EMPTY, &empty, strlen(LW_ATTACH_EMPTY));
	lw_json_w_end_object(&w);
	lw_json_w_key(&w, "layers");
	lw_json_w_array(&w);
	lw_json_w_object(&w);
	if (a->annotation) {
		lw_json_w_key(&w, "annotations");
		lw_json_w_object(&w);
		lw_json_w_member(&w, a->annotation, a->annotation_value);
		lw_json_w_end_object(&w);
	}
	descriptor(&w, a->layer_media_type, &layer, a->layer.n);
	lw_json_w_end_object(&w);
	lw_json_w_end_array(&w);
	lw_json_w_member(&w, "mediaType", MANIFEST);
	lw_json_w_member_integer(&w, "schemaVersion", 2);
	lw_json_w_key(&w, "subject");
	lw_json_w_object(&w);
	descriptor(&w, a->subject_media_type, &a->subject, a->subject_size);
	lw_json_w_end_object(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

/* Whether a descriptor of the list names this digest. */
static bool names(const struct lw_json *list, const char *digest)
{
	for (const struct lw_json *n = list ? lw_json_first(list) : NULL; n;
	     n = lw_json_next(n)) {
		if (lw_json_type(n) != LW_JSON_OBJECT)
			continue;
		for (const struct lw_json *m = lw_json_first(n); m; m = lw_json_next(m))
			if (strcmp(lw_json_key(m), "digest") == 0 && lw_json_string(m) &&
			    strcmp(lw_json_string(m), digest) == 0)
				return true;
	}
	return false;
}

static void write_manifests(struct lw_json_writer *w, const struct lw_json *list,
			    const struct lw_digest *manifest, uint64_t size,
			    const char *artifact_type)
{
	lw_json_w_array(w);
	for (const struct lw_json *n = list ? lw_json_first(list) : NULL; n;
	     n = lw_json_next(n))
		lw_json_w_node(w, n);
	lw_json_w_object(w);
	lw_json_w_member(w, "artifactType", artifact_type);
	descriptor(w, MANIFEST, manifest, size);
	lw_json_w_end_object(w);
	lw_json_w_end_array(w);
}

int lw_attach_index(struct lw_span index, const struct lw_digest *manifest, uint64_t size,
		    const char *artifact_type, struct lw_buf *out, struct lw_error *e)
{
	struct {
		const struct lw_json *manifests;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "manifests",
		  .reader = LW_JSON_READ_ARRAY,
		  .flags = LW_JSON_REQUIRED,
		  .max = LW_MAX_DESCRIPTORS - 1 },
	};
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_json_writer w = { .out = out };
	char text[LW_DIGEST_TEXT];
	int r = lw_json_parse(index, &LW_JSON_STRICT, &doc, e);

	if (r == 0)
		r = lw_json_read(lw_json_root(doc), fields, LW_COUNT_OF(fields),
				 LW_JSON_IGNORE_UNKNOWN, "index.json", &f, e);
	if (r < 0)
		return r;
	if (names(f.manifests, lw_digest_text(manifest, text))) {
		lw_buf_add(out, index.p, index.n);
		return 0;
	}
	lw_json_w_object(&w);
	for (const struct lw_json *m = lw_json_first(lw_json_root(doc)); m;
	     m = lw_json_next(m)) {
		lw_json_w_key(&w, lw_json_key(m));
		if (strcmp(lw_json_key(m), "manifests") == 0)
			write_manifests(&w, m, manifest, size, artifact_type);
		else
			lw_json_w_node(&w, m);
	}
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	return 0;
}
