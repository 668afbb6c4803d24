/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/base_image.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/manifest.h"

static void say(struct lw_judgement *j, const char *fmt, ...) LW_PRINTF(2, 3);
static void say(struct lw_judgement *j, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	(void)lw_text_escape_str(text, j->base.text, sizeof(j->base.text));
}

static int read_document(const struct lw_bases *b, const struct lw_digest *d, uint64_t size,
			 const char *media_type, struct lw_document **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	int r = b->source->read(b->source->data, d, size, LW_MAX_MANIFEST_BYTES, &bytes, e);

	return r < 0 ? r : lw_document_parse(lw_buf_span(&bytes), media_type, ret, e);
}

static size_t layers(const struct lw_document *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_children; i++)
		n += d->children[i].role == LW_CHILD_LAYER;
	return n;
}

static const struct lw_descriptor *layer(const struct lw_document *d, size_t n)
{
	for (size_t i = 0; i < d->n_children; i++)
		if (d->children[i].role == LW_CHILD_LAYER && n-- == 0)
			return &d->children[i];
	return NULL;
}

/* How many layers of `image` are those of `base`; 0 where base is no strict prefix of it. */
static size_t shared_layers(const struct lw_document *image, const struct lw_document *base)
{
	size_t n = layers(base);

	if (n >= layers(image))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!lw_digest_equal(&layer(image, i)->digest, &layer(base, i)->digest))
			return 0;
	return n;
}

/* rootfs.diff_ids of a manifest's configuration (image-spec "config.md"). *ret borrows from
 * *ret_doc; NULL where there is none. */
static int read_diff_ids(const struct lw_bases *b, const struct lw_document *d,
			 struct lw_json_doc **ret_doc, const struct lw_json **ret,
			 struct lw_error *e)
{
	struct {
		const struct lw_json *list;
	} f = { 0 };
	static const struct lw_json_field config[] = {
		{ .name = "rootfs", .reader = LW_JSON_READ_OBJECT },
	};
	static const struct lw_json_field rootfs[] = {
		{ .name = "diff_ids", .reader = LW_JSON_READ_ARRAY },
	};
	const struct lw_descriptor *c = lw_document_child(d, LW_CHILD_CONFIG);
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	struct lw_error bad = { 0 };

	if (!c || c->size > LW_MAX_CONFIG_BYTES)
		return 0;

	int r = b->source->read(b->source->data, &c->digest, c->size, LW_MAX_CONFIG_BYTES,
				&bytes, e);
	if (r < 0)
		return r;
	/* A configuration that cannot be read names no diff_ids. */
	if (lw_json_parse(lw_buf_span(&bytes), &LW_JSON_FOREIGN, ret_doc, &bad) < 0 ||
	    lw_json_read(lw_json_root(*ret_doc), config, 1, LW_JSON_IGNORE_UNKNOWN, "config",
			 &f, &bad) < 0 ||
	    !f.list)
		return 0;

	const struct lw_json *node = f.list;

	f.list = NULL;
	if (lw_json_read(node, rootfs, 1, LW_JSON_IGNORE_UNKNOWN, "rootfs", &f, &bad) == 0)
		*ret = f.list;
	return 0;
}

/* The same by what the layers are when unpacked, for layers that were compressed anew. */
static int shared_diff_ids(const struct lw_bases *b, const struct lw_document *image,
			   const struct lw_document *base, size_t *ret, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *image_doc = NULL;
	LW_AUTO(json) struct lw_json_doc *base_doc = NULL;
	const struct lw_json *x = NULL, *y = NULL;
	int r = read_diff_ids(b, image, &image_doc, &x, e);

	if (r == 0)
		r = read_diff_ids(b, base, &base_doc, &y, e);
	if (r < 0 || !x || !y || lw_json_count(y) == 0 ||
	    lw_json_count(y) >= lw_json_count(x) || lw_json_count(x) != layers(image) ||
	    lw_json_count(y) != layers(base))
		return r;
	x = lw_json_first(x);
	for (const struct lw_json *n = lw_json_first(y); n; n = lw_json_next(n)) {
		const char *of_base = lw_json_string(n), *of_image = lw_json_string(x);

		if (!of_base || !of_image || strcmp(of_base, of_image) != 0)
			return 0;
		x = lw_json_next(x);
	}
	*ret = layers(base);
	return 0;
}

/* Whether this manifest is built on that of the base. */
static int built_on(const struct lw_bases *b, const struct lw_document *image,
		    const struct lw_document *base, const char *base_name,
		    struct lw_judgement *j, bool *ret, struct lw_error *e)
{
	const char *how = "layers";
	size_t n = shared_layers(image, base);
	int r = 0;

	if (n == 0) {
		r = shared_diff_ids(b, image, base, &n, e);
		how = "diff_ids only";
	}
	*ret = n > 0;
	if (n > 0)
		say(j, "%s: %zu of %zu layers (%s)", base_name, n, layers(image), how);
	return r;
}

/* The base may be an index: one of its manifests is what the image is built on. Those that did
 * not travel are none. */
static int built_on_any(const struct lw_bases *b, const struct lw_document *image,
			const struct lw_digest *digest, const struct lw_base_found *found,
			struct lw_judgement *j, bool *ret, struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *base = NULL;
	int r = read_document(b, digest, found->size, found->media_type, &base, e);

	if (r < 0 || base->kind == LW_MEDIA_MANIFEST)
		return r < 0 ? r : built_on(b, image, base, found->name, j, ret, e);
	for (size_t i = 0; i < base->n_children && r == 0 && !*ret; i++) {
		const struct lw_descriptor *c = &base->children[i];
		LW_AUTO(document) struct lw_document *child = NULL;

		if (c->role != LW_CHILD_MANIFEST ||
		    lw_media_kind(c->media_type) != LW_MEDIA_MANIFEST)
			continue;
		r = read_document(b, &c->digest, c->size, c->media_type, &child, e);
		if (r == -LW_E_NOTFOUND)
			r = 0;
		else if (r == 0)
			r = built_on(b, image, child, found->name, j, ret, e);
	}
	return r;
}

static int judge_manifest(const char *name, const struct lw_rule *rule,
			  const struct lw_document *d, const struct lw_bases *b, unsigned depth,
			  struct lw_verdict *v, struct lw_judgement *j, struct lw_error *e)
{
	struct lw_base_found found = { .met = false };
	char text[LW_DIGEST_TEXT];
	bool built = false;

	if (!d->has_base) {
		say(j, "names no base");
		lw_verdict_add(v, LW_FINDING_BASE_UNNAMED, name,
			       "org.opencontainers.image.base.digest", "none");
		return -LW_E_NOTFOUND;
	}
	lw_digest_text(&d->base, text);
	j->base.digest = d->base;

	int r = b->find(b->data, &d->base, rule->zone, depth, &found, e);
	if (r == -LW_E_LIMIT) {
		say(j, "%s: too many bases upon each other", text);
		lw_verdict_addf(v, LW_FINDING_BASE_DEPTH, name,
				"at most 8 bases upon each other", "more, at %s", text);
		return -LW_E_NOTFOUND;
	}
	if (r == -LW_E_NOTFOUND || (r == 0 && !found.met)) {
		say(j, "%s: %s", text,
		    r == 0 ? "does not meet its own rule" : "not accepted here");
		lw_verdict_addf(v, LW_FINDING_BASE_NOT_ACCEPTED, name,
				"a base that is accepted here, or in this bundle", "%s",
				j->base.text);
		return -LW_E_NOTFOUND;
	}
	if (r == 0)
		r = built_on_any(b, d, &d->base, &found, j, &built, e);
	if (r == 0 && !built) {
		say(j, "%s: its layers are not the first of this image", found.name);
		lw_verdict_add(v, LW_FINDING_BASE_LAYERS, name,
			       "the layers of its base, and more", j->base.text);
		return -LW_E_NOTFOUND;
	}
	return r;
}

static bool is_platform(const struct lw_testimonies *heard, const struct lw_digest *d)
{
	for (size_t i = 0; i < heard->n_platforms; i++)
		if (lw_digest_equal(&heard->platforms[i], d))
			return true;
	return false;
}

/* Every platform of an index must hold. */
static int judge_platforms(const struct lw_document *index, const char *name,
			   const struct lw_rule *rule, const struct lw_testimonies *heard,
			   const struct lw_bases *bases, unsigned depth, struct lw_verdict *v,
			   struct lw_judgement *j, struct lw_error *e)
{
	int r = 0;

	for (size_t i = 0; i < index->n_children && r == 0; i++) {
		const struct lw_descriptor *c = &index->children[i];
		LW_AUTO(document) struct lw_document *d = NULL;

		if (!is_platform(heard, &c->digest))
			continue;
		r = read_document(bases, &c->digest, c->size, c->media_type, &d, e);
		if (r == 0)
			r = judge_manifest(name, rule, d, bases, depth, v, j, e);
	}
	if (r == 0 && heard->n_platforms == 0) {
		say(j, "an index without platforms");
		lw_verdict_add(v, LW_FINDING_BASE_UNNAMED, name, "manifests that name a base",
			       "none");
		return -LW_E_NOTFOUND;
	}
	return r;
}

int lw_base_judge(const struct lw_image *image, const char *name,
		  const struct lw_testimonies *heard, const struct lw_bases *bases,
		  unsigned depth, struct lw_verdict *v, struct lw_judgement *j,
		  struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *d = NULL;
	int r = read_document(bases, &image->digest, image->size, image->media_type, &d, e);

	if (r < 0)
		return r;
	if (d->kind == LW_MEDIA_INDEX)
		r = judge_platforms(d, name, j->rule, heard, bases, depth, v, j, e);
	else
		r = judge_manifest(name, j->rule, d, bases, depth, v, j, e);
	j->base.met = r == 0;
	/* Of a base that does not hold, a finding has told. */
	return r == -LW_E_NOTFOUND ? 0 : r;
}
