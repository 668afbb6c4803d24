/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/contents_internal.h"

#include "base/json.h"
#include "base/mem.h"
#include "image/index.h"

#define FORMAT "landwaiter-contents/1"

/* ---- writing ---- */

static void member_digest(struct lw_json_writer *w, const char *key, const struct lw_digest *d)
{
	char text[LW_DIGEST_TEXT];

	lw_json_w_member(w, key, lw_digest_text(d, text));
}

static void write_evidence(struct lw_json_writer *w, const struct lw_evidence *ev)
{
	lw_json_w_object(w);
	if (ev->artifact_type[0])
		lw_json_w_member(w, "artifactType", ev->artifact_type);
	member_digest(w, "digest", &ev->digest);
	lw_json_w_member(w, "mechanism", lw_mechanism_name(ev->mechanism));
	lw_json_w_member(w, "mediaType", ev->media_type);
	lw_json_w_member_integer(w, "size", (int64_t)ev->size);
	member_digest(w, "subject", &ev->subject);
	lw_json_w_end_object(w);
}

/* A bit for each mechanism that has evidence about this subject. */
static unsigned found_mechanisms(const struct lw_image *image, const struct lw_digest *subject)
{
	size_t lo = 0, hi = image->n_evidence;
	unsigned found = 0;

	/* The evidence is in order of its subjects. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (lw_digest_compare(&image->evidence[mid].subject, subject) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < image->n_evidence && lw_digest_equal(&image->evidence[lo].subject, subject);
	     lo++)
		found |= 1u << image->evidence[lo].mechanism;
	return found;
}

static void write_ledger(struct lw_json_writer *w, const struct lw_image *image)
{
	lw_json_w_array(w);
	for (size_t i = 0; i < image->n_subjects; i++) {
		unsigned found = found_mechanisms(image, &image->subjects[i]);

		lw_json_w_object(w);
		lw_json_w_key(w, "absent");
		lw_json_w_array(w);
		for (unsigned m = 0; m < LW_MECHANISM_COUNT; m++)
			if (!(found & 1u << m))
				lw_json_w_string(w, lw_mechanism_name((enum lw_mechanism)m));
		lw_json_w_end_array(w);
		member_digest(w, "subject", &image->subjects[i]);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

static void write_image(struct lw_json_writer *w, const struct lw_image *image)
{
	char text[LW_MAX_REFERENCE + 1];

	lw_json_w_object(w);
	member_digest(w, "digest", &image->digest);
	lw_json_w_key(w, "evidence");
	lw_json_w_array(w);
	for (size_t i = 0; i < image->n_evidence; i++)
		write_evidence(w, &image->evidence[i]);
	lw_json_w_end_array(w);
	lw_json_w_key(w, "ledger");
	write_ledger(w, image);
	if (image->made) {
		lw_json_w_key(w, "made");
		lw_json_w_bool(w, true);
	}
	lw_json_w_member(w, "mediaType", image->media_type);
	lw_json_w_member(w, "name", lw_reference_text(&image->name, text));
	lw_json_w_key(w, "omitted");
	lw_json_w_array(w);
	for (size_t i = 0; i < image->n_omitted; i++)
		lw_json_w_string(w, lw_digest_text(&image->omitted[i], text));
	lw_json_w_end_array(w);
	lw_json_w_key(w, "platforms");
	lw_json_w_array(w);
	for (size_t i = 0; i < image->n_platforms; i++)
		lw_json_w_string(w, image->platforms[i]);
	lw_json_w_end_array(w);
	lw_json_w_member_integer(w, "size", (int64_t)image->size);
	lw_json_w_member(w, "source", image->source);
	lw_json_w_end_object(w);
}

void lw_contents_write_image(const struct lw_image *image, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };

	write_image(&w, image);
	lw_json_w_finish(&w);
}

bool lw_contents_is_made(const char *detail)
{
	/* Within a string its quotes would have a backslash before them. */
	return strstr(detail, "\"made\":true") != NULL;
}

static void write_prerequisites(struct lw_json_writer *w, const struct lw_contents *c)
{
	char text[LW_DIGEST_TEXT];

	lw_json_w_key(w, "prerequisites");
	lw_json_w_object(w);
	lw_json_w_member_integer(w, "blobs", (int64_t)c->have_blobs);
	lw_json_w_member_integer(w, "bytes", (int64_t)c->have_bytes);
	lw_json_w_key(w, "since");
	lw_json_w_array(w);
	for (size_t i = 0; i < c->n_since; i++)
		lw_json_w_string(w, lw_digest_text(&c->since[i], text));
	lw_json_w_end_array(w);
	lw_json_w_end_object(w);
}

void lw_contents_write(const struct lw_contents *c, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };

	lw_json_w_object(&w);
	lw_json_w_key(&w, "entries");
	lw_json_w_object(&w);
	lw_json_w_member_integer(&w, "blobs", (int64_t)c->entries_blobs);
	lw_json_w_member_integer(&w, "bytes", (int64_t)c->entries_bytes);
	member_digest(&w, "digest", &c->entries_digest);
	lw_json_w_end_object(&w);
	lw_json_w_member(&w, "format", FORMAT);
	lw_json_w_key(&w, "images");
	lw_json_w_array(&w);
	for (size_t i = 0; i < c->n_images; i++)
		write_image(&w, &c->images[i]);
	lw_json_w_end_array(&w);
	if (c->have_blobs > 0)
		write_prerequisites(&w, c);
	lw_carried_write(c, &w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

/* ---- reading ---- */

struct image_fields {
	struct lw_digest digest;
	const struct lw_json *evidence, *ledger, *made, *omitted, *platforms;
	const char *media_type, *name, *source;
	uint64_t size;
};

struct evidence_fields {
	const char *artifact_type, *mechanism, *media_type;
	struct lw_digest digest, subject;
	uint64_t size;
};

#define I(field) offsetof(struct image_fields, field)
#define E(field) offsetof(struct evidence_fields, field)

static const struct lw_json_field image_table[] = {
	{ .name = "digest",
	  .reader = LW_JSON_READ_DIGEST,
	  .flags = LW_JSON_REQUIRED,
	  .offset = I(digest) },
	{ .name = "evidence",
	  .reader = LW_JSON_READ_ARRAY,
	  .flags = LW_JSON_REQUIRED,
	  .offset = I(evidence),
	  .max = LW_MAX_DESCRIPTORS },
	{ .name = "ledger",
	  .reader = LW_JSON_READ_ARRAY,
	  .flags = LW_JSON_REQUIRED,
	  .offset = I(ledger),
	  .min = 1,
	  .max = LW_MAX_DESCRIPTORS },
	{ .name = "mediaType",
	  .reader = LW_JSON_READ_PLAIN,
	  .flags = LW_JSON_REQUIRED,
	  .offset = I(media_type),
	  .min = 1,
	  .max = LW_MAX_MEDIA_TYPE },
	{ .name = "name",
	  .reader = LW_JSON_READ_PLAIN,
	  .flags = LW_JSON_REQUIRED,
	  .offset = I(name),
	  .min = 1,
	  .max = LW_MAX_REFERENCE },
	{ .name = "made", .reader = LW_JSON_READ_ANY, .offset = I(made) },
	{ .name = "omitted",
	  .reader = LW_JSON_READ_ARRAY,
	  .flags = LW_JSON_REQUIRED,
	  .offset = I(omitted),
	  .max = LW_MAX_DESCRIPTORS },
	{ .name = "platforms",
	  .reader = LW_JSON_READ_ARRAY,
	  .flags = LW_JSON_REQUIRED,
	  .offset = I(platforms),
	  .max = 256 },
	{ .name = "size",
	  .reader = LW_JSON_READ_U64,
	  .flags = LW_JSON_REQUIRED,
	  .offset = I(size),
	  .min = 2,
	  .max = LW_MAX_MANIFEST_BYTES },
	{ .name = "source",
	  .reader = LW_JSON_READ_PLAIN,
	  .flags = LW_JSON_REQUIRED,
	  .offset = I(source),
	  .max = 4096 },
};

static const struct lw_json_field evidence_table[] = {
	{ .name = "artifactType",
	  .reader = LW_JSON_READ_PLAIN,
	  .offset = E(artifact_type),
	  .min = 1,
	  .max = LW_MAX_MEDIA_TYPE },
	{ .name = "digest",
	  .reader = LW_JSON_READ_DIGEST,
	  .flags = LW_JSON_REQUIRED,
	  .offset = E(digest) },
	{ .name = "mechanism",
	  .reader = LW_JSON_READ_LABEL,
	  .flags = LW_JSON_REQUIRED,
	  .offset = E(mechanism) },
	{ .name = "mediaType",
	  .reader = LW_JSON_READ_PLAIN,
	  .flags = LW_JSON_REQUIRED,
	  .offset = E(media_type),
	  .min = 1,
	  .max = LW_MAX_MEDIA_TYPE },
	{ .name = "size",
	  .reader = LW_JSON_READ_U64,
	  .flags = LW_JSON_REQUIRED,
	  .offset = E(size),
	  .min = 2,
	  .max = LW_MAX_MANIFEST_BYTES },
	{ .name = "subject",
	  .reader = LW_JSON_READ_DIGEST,
	  .flags = LW_JSON_REQUIRED,
	  .offset = E(subject) },
};

/* As image documents hold it: it goes into index.json as it is. */
static bool is_artifact_type(const char *s)
{
	while (*s > ' ' && *s <= '~')
		s++;
	return *s == '\0';
}

static int parse_mechanism(const char *name, enum lw_mechanism *ret, struct lw_error *e)
{
	for (unsigned m = 0; m < LW_MECHANISM_COUNT; m++)
		if (name && strcmp(name, lw_mechanism_name((enum lw_mechanism)m)) == 0) {
			*ret = (enum lw_mechanism)m;
			return 0;
		}
	return lw_fail(e, LW_E_FORMAT, "no such mechanism");
}

static int evidence_order(const struct lw_evidence *a, const struct lw_evidence *b)
{
	int c = lw_digest_compare(&a->subject, &b->subject);

	if (c == 0)
		c = (a->mechanism > b->mechanism) - (a->mechanism < b->mechanism);
	return c ? c : lw_digest_compare(&a->digest, &b->digest);
}

static int parse_evidence(const struct lw_json *array, struct lw_image *image,
			  struct lw_error *e)
{
	image->evidence = lw_alloc_array(lw_json_count(array), sizeof(*image->evidence));
	for (const struct lw_json *n = lw_json_first(array); n; n = lw_json_next(n)) {
		struct evidence_fields f = { .artifact_type = "" };
		struct lw_evidence *ev = &image->evidence[image->n_evidence];
		int r = lw_json_read(n, evidence_table, LW_COUNT_OF(evidence_table),
				     LW_JSON_REFUSE_UNKNOWN, "evidence", &f, e);

		if (r == 0)
			r = parse_mechanism(f.mechanism, &ev->mechanism, e);
		if (r < 0)
			return r;
		if (lw_media_kind(f.media_type) == LW_MEDIA_OTHER)
			return lw_fail(e, LW_E_FORMAT,
				       "evidence: mediaType '%s' is no manifest", f.media_type);
		if (!is_artifact_type(f.artifact_type))
			return lw_fail(e, LW_E_FORMAT, "evidence: artifactType is no type");
		ev->digest = f.digest;
		ev->subject = f.subject;
		ev->size = f.size;
		ev->media_type = lw_strdup(f.media_type);
		ev->artifact_type = lw_strdup(f.artifact_type);
		image->n_evidence++;
		if (image->n_evidence > 1 && evidence_order(ev - 1, ev) >= 0)
			return lw_fail(e, LW_E_FORMAT, "evidence is out of order");
	}
	return 0;
}

/* Digests in strictly ascending order. */
static int parse_digests(const struct lw_json *array, struct lw_digest **ret, size_t *ret_n,
			 struct lw_error *e)
{
	*ret = lw_alloc_array(lw_json_count(array), sizeof(**ret));
	for (const struct lw_json *n = lw_json_first(array); n; n = lw_json_next(n)) {
		const char *text = lw_json_string(n);
		int r = text ? lw_digest_parse(lw_span_str(text), &(*ret)[*ret_n], e)
			     : lw_fail(e, LW_E_FORMAT, "want digests");

		if (r < 0)
			return r;
		if (*ret_n > 0 && lw_digest_compare(&(*ret)[*ret_n - 1], &(*ret)[*ret_n]) >= 0)
			return lw_fail(e, LW_E_FORMAT, "digests are out of order");
		++*ret_n;
	}
	return 0;
}

static int parse_ledger_row(const struct lw_json *node, struct lw_image *image,
			    struct lw_error *e)
{
	struct ledger_fields {
		const struct lw_json *absent;
		struct lw_digest subject;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "absent",
		  .reader = LW_JSON_READ_ARRAY,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct ledger_fields, absent),
		  .max = LW_MECHANISM_COUNT },
		{ .name = "subject",
		  .reader = LW_JSON_READ_DIGEST,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct ledger_fields, subject) },
	};
	unsigned absent = 0;
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			     "ledger", &f, e);

	if (r < 0)
		return r;
	for (const struct lw_json *n = lw_json_first(f.absent); n; n = lw_json_next(n)) {
		enum lw_mechanism m;

		r = parse_mechanism(lw_json_string(n), &m, e);
		if (r < 0)
			return r;
		if (absent >> m)
			return lw_fail(e, LW_E_FORMAT, "ledger: mechanisms are out of order");
		absent |= 1u << m;
	}
	if (absent != (~found_mechanisms(image, &f.subject) & ((1u << LW_MECHANISM_COUNT) - 1)))
		return lw_fail(e, LW_E_CONFLICT,
			       "ledger: a mechanism is neither found nor absent, or both");
	image->subjects[image->n_subjects++] = f.subject;
	if (image->n_subjects > 1 &&
	    lw_digest_compare(&image->subjects[image->n_subjects - 2], &f.subject) >= 0)
		return lw_fail(e, LW_E_FORMAT, "ledger is out of order");
	return 0;
}

static int parse_platforms(const struct lw_json *array, struct lw_image *image,
			   struct lw_error *e)
{
	image->platforms = lw_alloc_array(lw_json_count(array), sizeof(*image->platforms));
	for (const struct lw_json *n = lw_json_first(array); n; n = lw_json_next(n)) {
		const char *text = lw_json_string(n);

		if (!text || strlen(text) > 64 ||
		    strspn(text,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			   "/._-") != strlen(text))
			return lw_fail(e, LW_E_FORMAT, "want platforms such as linux/amd64");
		if (image->n_platforms > 0 &&
		    strcmp(image->platforms[image->n_platforms - 1], text) >= 0)
			return lw_fail(e, LW_E_FORMAT, "platforms are out of order");
		image->platforms[image->n_platforms++] = lw_strdup(text);
	}
	return 0;
}

static int parse_image(const struct lw_json *node, struct lw_image *image, struct lw_error *e)
{
	struct image_fields f = { 0 };
	int r = lw_json_read(node, image_table, LW_COUNT_OF(image_table),
			     LW_JSON_REFUSE_UNKNOWN, "image", &f, e);

	if (r == 0)
		r = lw_reference_parse(lw_span_str(f.name), &image->name, e);
	if (r == 0 && lw_referrers_is_tag(image->name.tag))
		r = lw_fail(e, LW_E_FORMAT, "name '%s' is an evidence tag", f.name);
	if (r < 0)
		return r;
	if (f.made && !(lw_json_type(f.made) == LW_JSON_BOOL && lw_json_bool(f.made)))
		return lw_fail(e, LW_E_FORMAT, "made: want true, or nothing");
	image->made = f.made != NULL;
	image->digest = f.digest;
	image->size = f.size;
	image->media_type = lw_strdup(f.media_type);
	image->source = lw_strdup(f.source);
	if (lw_media_kind(f.media_type) == LW_MEDIA_OTHER)
		return lw_fail(e, LW_E_FORMAT, "mediaType '%s' is no image", f.media_type);

	r = parse_evidence(f.evidence, image, e);
	if (r == 0)
		r = parse_platforms(f.platforms, image, e);
	if (r == 0)
		r = parse_digests(f.omitted, &image->omitted, &image->n_omitted, e);
	if (r < 0)
		return r;
	image->subjects = lw_alloc_array(lw_json_count(f.ledger), sizeof(*image->subjects));
	for (const struct lw_json *n = lw_json_first(f.ledger); n && r == 0;
	     n = lw_json_next(n))
		r = parse_ledger_row(n, image, e);
	return r;
}

static int parse_images(const struct lw_json *array, struct lw_contents *c, struct lw_error *e)
{
	char a[LW_MAX_REFERENCE + 1], b[LW_MAX_REFERENCE + 1];

	c->images = lw_alloc_array(lw_json_count(array), sizeof(*c->images));
	for (const struct lw_json *n = lw_json_first(array); n; n = lw_json_next(n)) {
		struct lw_image *image = &c->images[c->n_images++];
		int r = parse_image(n, image, e);

		if (r < 0)
			return lw_prefix(e, "images[%zu]", c->n_images - 1);
		if (c->n_images > 1 && strcmp(lw_reference_text(&(image - 1)->name, a),
					      lw_reference_text(&image->name, b)) >= 0)
			return lw_fail(e, LW_E_FORMAT, "images[%zu]: names are out of order",
				       c->n_images - 1);
	}
	return 0;
}

static int parse_prerequisites(const struct lw_json *node, struct lw_contents *c,
			       struct lw_error *e)
{
	struct fields {
		const struct lw_json *since;
		uint64_t blobs, bytes;
	} f = { 0 };
	static const struct lw_json_field table[] = {
		{ .name = "blobs",
		  .reader = LW_JSON_READ_U64,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct fields, blobs),
		  .min = 1,
		  .max = LW_MAX_ENTRIES },
		{ .name = "bytes",
		  .reader = LW_JSON_READ_U64,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct fields, bytes),
		  .max = LW_JSON_INTEGER_MAX },
		{ .name = "since",
		  .reader = LW_JSON_READ_ARRAY,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct fields, since),
		  .max = LW_MAX_SINCE },
	};
	int r = lw_json_read(node, table, LW_COUNT_OF(table), LW_JSON_REFUSE_UNKNOWN,
			     "prerequisites", &f, e);

	c->have_blobs = f.blobs;
	c->have_bytes = f.bytes;
	return r < 0 ? r : parse_digests(f.since, &c->since, &c->n_since, e);
}

static int parse_top(const struct lw_json *root, struct lw_contents *c, struct lw_error *e)
{
	struct top_fields {
		const struct lw_json *entries, *images, *prerequisites, *tuf;
	} f = { 0 };
	static const struct lw_json_field top[] = {
		{ .name = "entries",
		  .reader = LW_JSON_READ_OBJECT,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct top_fields, entries) },
		{ .name = "format",
		  .reader = LW_JSON_IS,
		  .flags = LW_JSON_REQUIRED,
		  .is = FORMAT },
		{ .name = "images",
		  .reader = LW_JSON_READ_ARRAY,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct top_fields, images),
		  .max = LW_MAX_BUNDLE_IMAGES },
		{ .name = "prerequisites",
		  .reader = LW_JSON_READ_OBJECT,
		  .offset = offsetof(struct top_fields, prerequisites) },
		{ .name = "tuf",
		  .reader = LW_JSON_READ_ARRAY,
		  .offset = offsetof(struct top_fields, tuf),
		  .min = 1,
		  .max = LW_MAX_CARRIED },
	};
	static const struct lw_json_field entries[] = {
		{ .name = "blobs",
		  .reader = LW_JSON_READ_U64,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct lw_contents, entries_blobs),
		  .min = 1,
		  .max = LW_MAX_ENTRIES },
		{ .name = "bytes",
		  .reader = LW_JSON_READ_U64,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct lw_contents, entries_bytes),
		  .min = 1,
		  .max = LW_MAX_ENTRIES_BYTES },
		{ .name = "digest",
		  .reader = LW_JSON_READ_DIGEST,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct lw_contents, entries_digest) },
	};
	int r = lw_json_read(root, top, LW_COUNT_OF(top), LW_JSON_REFUSE_UNKNOWN, "top level",
			     &f, e);

	if (r == 0)
		r = lw_json_read(f.entries, entries, LW_COUNT_OF(entries),
				 LW_JSON_REFUSE_UNKNOWN, "entries", c, e);
	if (r == 0)
		r = parse_images(f.images, c, e);
	if (r == 0 && f.prerequisites)
		r = parse_prerequisites(f.prerequisites, c, e);
	if (r == 0 && f.tuf)
		r = lw_carried_parse(f.tuf, c, e);
	if (r == 0 && c->n_images == 0 && c->n_carried == 0)
		r = lw_fail(e, LW_E_FORMAT, "neither images nor metadata");
	return r;
}

int lw_contents_parse_image(struct lw_proven proven, struct lw_image *ret, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r = lw_json_parse(proven.bytes, &LW_JSON_STRICT, &doc, e);

	return r < 0 ? r : parse_image(lw_json_root(doc), ret, e);
}

int lw_contents_parse(struct lw_proven proven, struct lw_contents *ret, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	LW_AUTO(contents) struct lw_contents c = { 0 };
	int r = lw_json_parse(proven.bytes, &LW_JSON_STRICT, &doc, e);

	if (r == 0)
		r = parse_top(lw_json_root(doc), &c, e);
	if (r == 0)
		r = lw_json_require_canonical(doc, proven.bytes, e);
	if (r < 0)
		return lw_prefix(e, "contents");
	*ret = c;
	c = (struct lw_contents){ 0 };
	return 0;
}

void lw_contents_release(struct lw_contents *c)
{
	for (size_t i = 0; i < c->n_images; i++)
		lw_image_release(&c->images[i]);
	for (size_t i = 0; i < c->n_carried; i++)
		lw_carried_release(&c->carried[i]);
	free(c->images);
	free(c->carried);
	free(c->since);
	*c = (struct lw_contents){ 0 };
}

/* ---- index.json ---- */

void lw_contents_write_index(const struct lw_contents *c, struct lw_buf *out)
{
	size_t n = 0, cap = c->n_images;

	for (size_t i = 0; i < c->n_images; i++)
		cap += c->images[i].n_evidence;

	lw_auto_free struct lw_index_row *rows = lw_alloc_array(cap, sizeof(*rows));
	lw_auto_free char **names = lw_alloc_array(cap, sizeof(*names));

	for (size_t i = 0; i < c->n_images; i++) {
		const struct lw_image *image = &c->images[i];
		char text[LW_MAX_REFERENCE + 1];

		names[n] = lw_strdup(lw_reference_text(&image->name, text));
		rows[n] = (struct lw_index_row){ .media_type = image->media_type,
						 .digest = image->digest,
						 .size = image->size,
						 .artifact_type = "",
						 .name = names[n] };
		n++;
		for (size_t k = 0; k < image->n_evidence; k++, n++) {
			const struct lw_evidence *ev = &image->evidence[k];

			names[n] = lw_index_evidence_name(image->name.repository, ev->mechanism,
							  &ev->subject);
			rows[n] = (struct lw_index_row){ .media_type = ev->media_type,
							 .digest = ev->digest,
							 .size = ev->size,
							 .artifact_type = ev->artifact_type,
							 .name = names[n] };
		}
	}
	lw_index_write(out, rows, lw_index_unique(rows, n));
	for (size_t i = 0; i < n; i++)
		free(names[i]);
}
