/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/num.h"
#include "base/limits.h"
#include "cmd/judgement.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

static int count_blob(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	uint64_t *n = data;

	(void)d;
	(void)size;
	(void)e;
	++*n;
	return 0;
}

static int show_json(const struct lw_state_image *i, uint64_t blobs, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *detail = NULL;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	char text[LW_DIGEST_TEXT], time[LW_TIME_TEXT];
	int r = lw_json_parse(lw_span_str(i->detail), &LW_JSON_STRICT, &detail, e);

	if (r < 0)
		return r;
	lw_json_w_object(&w);
	lw_json_w_member(&w, "accepted", lw_time_format(i->accepted, time));
	lw_json_w_member_integer(&w, "blobs", (int64_t)blobs);
	lw_json_w_member(&w, "bundle", lw_digest_text(&i->bundle, text));
	lw_json_w_member_integer(&w, "bytes", (int64_t)i->total_bytes);
	lw_json_w_member(&w, "format", "landwaiter-show/1");
	lw_json_w_key(&w, "image");
	lw_json_w_node(&w, lw_json_root(detail));
	lw_json_judgement(&w, i->judgement);
	lw_json_w_key(&w, "pending");
	lw_json_w_bool(&w, i->pending);
	lw_json_w_member_integer(&w, "record", (int64_t)i->record);
	lw_json_w_key(&w, "superseded");
	lw_json_w_bool(&w, i->superseded);
	lw_json_w_member(&w, "zone", i->zone);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&b));
	return 0;
}

struct evidence_fields {
	const char *mechanism, *artifact_type, *media_type;
	struct lw_digest digest;
};

static int show_evidence(const struct lw_state_image *i, struct lw_error *e)
{
	struct {
		const struct lw_json *evidence;
	} top = { 0 };
	static const struct lw_json_field image[] = {
		{ .name = "evidence", .reader = LW_JSON_READ_ARRAY, .flags = LW_JSON_REQUIRED },
	};
	static const struct lw_json_field row[] = {
		{ .name = "artifactType",
		  .reader = LW_JSON_READ_STRING,
		  .offset = offsetof(struct evidence_fields, artifact_type) },
		{ .name = "digest",
		  .reader = LW_JSON_READ_DIGEST,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct evidence_fields, digest) },
		{ .name = "mechanism",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct evidence_fields, mechanism) },
		{ .name = "mediaType",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct evidence_fields, media_type) },
	};
	LW_AUTO(json) struct lw_json_doc *detail = NULL;
	int r = lw_json_parse(lw_span_str(i->detail), &LW_JSON_STRICT, &detail, e);

	if (r == 0)
		r = lw_json_read(lw_json_root(detail), image, LW_COUNT_OF(image),
				 LW_JSON_IGNORE_UNKNOWN, "detail", &top, e);
	if (r < 0)
		return r;
	(void)printf("evidence    %zu\n", lw_json_count(top.evidence));
	for (const struct lw_json *n = lw_json_first(top.evidence); n; n = lw_json_next(n)) {
		struct evidence_fields f = { 0 };
		char text[LW_DIGEST_TEXT];

		r = lw_json_read(n, row, LW_COUNT_OF(row), LW_JSON_IGNORE_UNKNOWN, "evidence",
				 &f, e);
		if (r < 0)
			return r;
		(void)printf("  %-12s %s\n               %s\n", f.mechanism,
			     lw_digest_text(&f.digest, text),
			     f.artifact_type ? f.artifact_type : f.media_type);
	}
	return 0;
}

static int show_text(const struct lw_state_image *i, uint64_t blobs, struct lw_error *e)
{
	char text[LW_DIGEST_TEXT], time[LW_TIME_TEXT], size[16];

	(void)printf("name        %s%s\n", i->name, i->superseded ? " (superseded)" : "");
	if (i->pending)
		(void)printf(
			"WITHHELD    when it was last judged it did not hold in its zone\n");
	(void)printf("digest      %s\n", lw_digest_text(&i->digest, text));
	(void)printf("type        %s\n", i->media_type);
	if (i->platforms[0])
		(void)printf("platforms   %s\n", i->platforms);
	(void)printf("zone        %s\n", i->zone);
	(void)printf("blobs       %llu, %s\n", (unsigned long long)blobs,
		     lw_num_human_size(i->total_bytes, size));
	(void)printf("bundle      %s\n", lw_digest_text(&i->bundle, text));
	(void)printf("accepted    %s, record %llu\n", lw_time_format(i->accepted, time),
		     (unsigned long long)i->record);
	lw_print_judgement(i->judgement, true, stdout);
	return show_evidence(i, e);
}

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_state_image image = { 0 };
	struct lw_error e = { 0 };
	uint64_t blobs = 0;
	int code = lw_command_enclave(LW_STATE_READ, &enclave), r;

	(void)n;
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_state_image_get(enclave->state, objects[0], &image, &e);
	if (r < 0)
		return lw_command_failed(&e);
	r = lw_state_each_image_blob(enclave->state, image.id, count_blob, &blobs, &e);
	if (r == 0)
		r = lw_arg_json ? show_json(&image, blobs, &e) : show_text(&image, blobs, &e);
	lw_state_image_release(&image);
	return r < 0 ? lw_command_failed(&e) : LW_EXIT_DONE;
}

const struct lw_verb lw_verb_show = {
	"show", "IMAGE", "Show one accepted image: NAME, NAME@sha256:... or sha256:...",
	NULL,	1,	 1,
	run,
};
