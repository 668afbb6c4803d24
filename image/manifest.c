/* SPDX-License-Identifier: Apache-2.0 */
#include "image/manifest.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/document.h"

#define OCI_EMPTY "application/vnd.oci.empty.v1+json"

static const struct handled {
	const char *media_type;
	enum lw_media kind;
	bool docker;
} handled[] = {
	{ "application/vnd.oci.image.manifest.v1+json", LW_MEDIA_MANIFEST, false },
	{ "application/vnd.oci.image.index.v1+json", LW_MEDIA_INDEX, false },
	{ "application/vnd.docker.distribution.manifest.v2+json", LW_MEDIA_MANIFEST, true },
	{ "application/vnd.docker.distribution.manifest.list.v2+json", LW_MEDIA_INDEX, true },
};

/* What is known by name and cannot be judged: to say why. */
static const struct {
	const char *media_type;
	const char *what;
} refused[] = {
	{ LW_MEDIA_TYPE_ARTIFACT,
	  "OCI artifact manifests, which OCI 1.1 withdrew before its release" },
	{ "application/vnd.docker.distribution.manifest.v1+json", "Docker schema 1" },
	{ "application/vnd.docker.distribution.manifest.v1+prettyjws", "Docker schema 1" },
};

static const struct handled *find_handled(const char *media_type)
{
	for (size_t i = 0; i < LW_COUNT_OF(handled); i++)
		if (strcmp(handled[i].media_type, media_type) == 0)
			return &handled[i];
	return NULL;
}

enum lw_media lw_media_kind(const char *media_type)
{
	const struct handled *h = find_handled(media_type);

	return h ? h->kind : LW_MEDIA_OTHER;
}

const char *lw_media_constant(const char *media_type)
{
	const struct handled *h = find_handled(media_type);

	return h ? h->media_type : NULL;
}

/* What documents of this type are, if they are known and can never be handled, else NULL. */
static const char *refusal(const char *media_type)
{
	for (size_t i = 0; i < LW_COUNT_OF(refused); i++)
		if (strcmp(refused[i].media_type, media_type) == 0)
			return refused[i].what;
	return NULL;
}

/* What a document is read into before it is judged. */
struct raw {
	const char *media_type;
	const char *artifact_type;
	const char *layout_version;
	uint64_t schema_version;
	const struct lw_json *config, *layers, *manifests, *subject, *annotations;
	const struct lw_json *foreign[2]; /* fields of kinds that are not handled */
};

static const struct lw_json_field raw_fields[] = {
	{ "schemaVersion", LW_JSON_READ_U64, 0, offsetof(struct raw, schema_version), 0, 0,
	  NULL },
	{ "mediaType", LW_JSON_READ_STRING, 0, offsetof(struct raw, media_type), 0,
	  LW_MAX_MEDIA_TYPE, NULL },
	{ "artifactType", LW_JSON_READ_STRING, 0, offsetof(struct raw, artifact_type), 0,
	  LW_MAX_MEDIA_TYPE, NULL },
	{ "config", LW_JSON_READ_ANY, 0, offsetof(struct raw, config), 0, 0, NULL },
	{ "layers", LW_JSON_READ_ARRAY, 0, offsetof(struct raw, layers), 0, LW_MAX_DESCRIPTORS,
	  NULL },
	{ "manifests", LW_JSON_READ_ANY, 0, offsetof(struct raw, manifests), 0, 0, NULL },
	{ "subject", LW_JSON_READ_ANY, 0, offsetof(struct raw, subject), 0, 0, NULL },
	{ "annotations", LW_JSON_READ_OBJECT, 0, offsetof(struct raw, annotations), 0, 0,
	  NULL },
	{ "blobs", LW_JSON_READ_ANY, 0, offsetof(struct raw, foreign[0]), 0, 0, NULL },
	{ "fsLayers", LW_JSON_READ_ANY, 0, offsetof(struct raw, foreign[1]), 0, 0, NULL },
};

struct raw_descriptor {
	const char *media_type, *artifact_type, *digest;
	uint64_t size;
	const struct lw_json *platform, *annotations, *ignored;
};

/* `urls` and `data` are named to be guarded against look-alikes; nothing is fetched from the
 * one, and content is taken from the blob, not from the other. */
static const struct lw_json_field descriptor_fields[] = {
	{ "mediaType", LW_JSON_READ_STRING, LW_JSON_REQUIRED,
	  offsetof(struct raw_descriptor, media_type), 0, LW_MAX_MEDIA_TYPE, NULL },
	{ "digest", LW_JSON_READ_STRING, LW_JSON_REQUIRED,
	  offsetof(struct raw_descriptor, digest), 0, 0, NULL },
	{ "size", LW_JSON_READ_U64, LW_JSON_REQUIRED, offsetof(struct raw_descriptor, size), 0,
	  LW_MAX_BLOB_BYTES, NULL },
	{ "artifactType", LW_JSON_READ_STRING, 0,
	  offsetof(struct raw_descriptor, artifact_type), 0, LW_MAX_MEDIA_TYPE, NULL },
	{ "platform", LW_JSON_READ_ANY, 0, offsetof(struct raw_descriptor, platform), 0, 0,
	  NULL },
	{ "annotations", LW_JSON_READ_OBJECT, 0, offsetof(struct raw_descriptor, annotations),
	  0, 0, NULL },
	{ "urls", LW_JSON_READ_ANY, 0, offsetof(struct raw_descriptor, ignored), 0, 0, NULL },
	{ "data", LW_JSON_READ_ANY, 0, offsetof(struct raw_descriptor, ignored), 0, 0, NULL },
};

struct raw_platform {
	const char *os, *architecture, *variant;
};

static const struct lw_json_field platform_fields[] = {
	{ "os", LW_JSON_READ_STRING, LW_JSON_REQUIRED, offsetof(struct raw_platform, os), 0,
	  LW_MAX_LABEL, NULL },
	{ "architecture", LW_JSON_READ_STRING, LW_JSON_REQUIRED,
	  offsetof(struct raw_platform, architecture), 0, LW_MAX_LABEL, NULL },
	{ "variant", LW_JSON_READ_STRING, 0, offsetof(struct raw_platform, variant), 0,
	  LW_MAX_LABEL, NULL },
};

static int ascii_lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/*
 * Whether Go's encoding/json, in which most other container tools are written, takes `key` for
 * `name` although they differ: it matches without regard to case, U+017F to s and U+212A to k.
 */
static bool looks_like(const char *key, const char *name)
{
	const char *k = key, *n = name;

	while (*n) {
		int c = (unsigned char)*k;

		if (strncmp(k, "\xc5\xbf", 2) == 0) {
			c = 's';
			k += 2;
		} else if (strncmp(k, "\xe2\x84\xaa", 3) == 0) {
			c = 'k';
			k += 3;
		} else {
			k++;
		}
		if (ascii_lower(c) != ascii_lower((unsigned char)*n++))
			return false;
	}
	return *k == '\0' && strcmp(key, name) != 0;
}

/* A key that others would read as one of ours would make one document two. */
static int read_object(const struct lw_json *object, const struct lw_json_field *fields,
		       size_t n, const char *what, void *out, struct lw_error *e)
{
	int r = lw_json_read(object, fields, n, LW_JSON_IGNORE_UNKNOWN, what, out, e);

	if (r < 0)
		return r;
	for (const struct lw_json *m = lw_json_first(object); m; m = lw_json_next(m))
		for (size_t i = 0; i < n; i++)
			if (looks_like(lw_json_key(m), fields[i].name))
				return lw_fail(e, LW_E_FORMAT,
					       "%s: a field that others read as '%s'", what,
					       fields[i].name);
	return 0;
}

/* Annotations are strings (image-spec "annotations.md"); two of them name things. */
static int read_annotations(struct lw_document *d, const struct lw_json *object,
			    struct lw_descriptor *child, const char *what, struct lw_error *e)
{
	if (!object)
		return 0;
	for (const struct lw_json *m = lw_json_first(object); m; m = lw_json_next(m)) {
		const char *value = lw_json_string(m);

		if (!value)
			return lw_fail(e, LW_E_FORMAT, "%s: an annotation is not a string",
				       what);

		struct lw_span text = lw_span_str(value);
		if (text.n > LW_MAX_ANNOTATION)
			return lw_fail(e, LW_E_LIMIT, "%s: an annotation is larger than %zu",
				       what, LW_MAX_ANNOTATION);
		if (!child) {
			struct lw_error ignored;

			if (strcmp(lw_json_key(m), "org.opencontainers.image.base.digest") == 0)
				d->has_base = lw_digest_parse(text, &d->base, &ignored) == 0;
			continue;
		}
		if (strcmp(lw_json_key(m), "org.opencontainers.image.ref.name") == 0)
			child->ref_name = lw_document_string(d, text, NULL);
		else if (strcmp(lw_json_key(m), "io.containerd.image.name") == 0)
			child->full_name = lw_document_string(d, text, NULL);
		else if (strcmp(lw_json_key(m), "kind") == 0)
			child->kind = lw_document_string(d, text, NULL);
	}
	return 0;
}

static int read_platform(struct lw_document *d, const struct lw_json *object,
			 struct lw_descriptor *child, const char *last, const char *what,
			 struct lw_error *e)
{
	struct raw_platform p = { "", "", "" };
	char text[3 * LW_MAX_LABEL + 3];

	if (!object)
		return 0;

	int r = read_object(object, platform_fields, LW_COUNT_OF(platform_fields), what, &p, e);
	if (r < 0)
		return r;
	if (!*p.os && !*p.architecture && !*p.variant)
		return 0; /* as some tools write it where they do not know */

	(void)snprintf(text, sizeof(text), "%s/%s%s%s", p.os, p.architecture,
		       *p.variant ? "/" : "", p.variant);
	if (strchr(p.os, '/') || strchr(p.architecture, '/') ||
	    !lw_document_is_platform(lw_span_str(text)))
		return lw_fail(e, LW_E_FORMAT, "%s: this is no platform", what);
	child->platform = lw_document_string(d, lw_span_str(text), last);
	return 0;
}

static int check_types(const struct raw_descriptor *raw, const char *what, struct lw_error *e)
{
	char shown[96];

	if (!lw_document_is_media_type(lw_span_str(raw->media_type)))
		return lw_fail(e, LW_E_FORMAT, "%s: '%s' is no media type", what,
			       lw_text_escape_str(raw->media_type, shown, sizeof(shown)));
	if (*raw->artifact_type &&
	    !lw_document_is_artifact_type(lw_span_str(raw->artifact_type)))
		return lw_fail(e, LW_E_FORMAT, "%s: '%s' is no artifact type", what,
			       lw_text_escape_str(raw->artifact_type, shown, sizeof(shown)));
	return 0;
}

/* Appends one child. */
static int read_descriptor(struct lw_document *d, const struct lw_json *node,
			   enum lw_child_role role, const char *what, struct lw_error *e)
{
	const struct lw_descriptor *last =
		d->n_children ? &d->children[d->n_children - 1] : NULL;
	struct lw_descriptor child = {
		.role = role, .platform = "", .ref_name = "", .full_name = ""
	};
	struct raw_descriptor raw = { .artifact_type = "" };
	int r = read_object(node, descriptor_fields, LW_COUNT_OF(descriptor_fields), what, &raw,
			    e);

	if (r < 0 || (r = check_types(&raw, what, e)) < 0)
		return r;

	r = lw_digest_parse(lw_span_str(raw.digest), &child.digest, e);
	if (r < 0) {
		(void)lw_prefix(e, "%s: field 'digest'", what);
		return r;
	}
	if ((r = read_annotations(d, raw.annotations, &child, what, e)) < 0)
		return r;
	if (role == LW_CHILD_MANIFEST &&
	    (r = read_platform(d, raw.platform, &child, last ? last->platform : NULL, what,
			       e)) < 0)
		return r;
	child.size = raw.size;
	child.media_type = lw_document_string(d, lw_span_str(raw.media_type),
					      last ? last->media_type : NULL);
	child.artifact_type = lw_document_string(d, lw_span_str(raw.artifact_type),
						 last ? last->artifact_type : NULL);
	d->children[d->n_children++] = child;
	return 0;
}

static int read_descriptors(struct lw_document *d, const struct lw_json *array,
			    enum lw_child_role role, const char *name, struct lw_error *e)
{
	const struct lw_json *m = lw_json_first(array);
	char what[48];
	size_t i = 0;

	for (; m && read_descriptor(d, m, role, name, e) == 0; i++)
		m = lw_json_next(m);
	/* Once more, for the error to say which: printing it for each costs much. */
	(void)snprintf(what, sizeof(what), "%s[%zu]", name, i);
	return m ? read_descriptor(d, m, role, what, e) : 0;
}

/* Which kind of document this is: what its descriptor says and what it says itself must agree,
 * and one of them must speak. */
static int establish(const struct raw *raw, const char *said, const struct handled **ret,
		     struct lw_error *e)
{
	const char *type = raw->media_type ? raw->media_type : said;
	const char *what = refusal(type) ? refusal(type) : refusal(said);
	char shown[96], shown_said[96];

	(void)lw_text_escape_str(type, shown, sizeof(shown));
	if (what)
		return lw_fail(e, LW_E_UNSUPPORTED, "%s cannot be handled", what);
	if (*said && strcmp(type, said) != 0)
		return lw_fail(e, LW_E_FORMAT,
			       "its descriptor says media type '%s', it says '%s' itself",
			       lw_text_escape_str(said, shown_said, sizeof(shown_said)), shown);
	if (raw->schema_version == 1)
		return lw_fail(e, LW_E_UNSUPPORTED, "Docker schema 1 cannot be handled");
	if (raw->schema_version != 2)
		return lw_fail(e, LW_E_FORMAT, "want schemaVersion 2, have %llu",
			       (unsigned long long)raw->schema_version);
	if (!*type)
		return lw_fail(e, LW_E_FORMAT,
			       "neither the document nor its descriptor says its media type");

	const struct handled *h = find_handled(type);
	if (!h)
		return lw_fail(e, LW_E_UNSUPPORTED, "media type '%s' is no manifest or index",
			       shown);
	if (h->docker && !raw->media_type)
		return lw_fail(e, LW_E_FORMAT, "a Docker manifest that does not say it is one");
	*ret = h;
	return 0;
}

/* The fields of this kind are there, those of every other are not (CVE-2021-41190). */
static int check_shape(const struct raw *raw, enum lw_media kind, struct lw_error *e)
{
	for (size_t i = 0; i < LW_COUNT_OF(raw->foreign); i++)
		if (raw->foreign[i])
			return lw_fail(
				e, LW_E_FORMAT,
				"a field of another kind of document (blobs or fsLayers)");
	if (kind == LW_MEDIA_MANIFEST && raw->manifests)
		return lw_fail(e, LW_E_FORMAT, "a manifest with the field 'manifests'");
	if (kind == LW_MEDIA_MANIFEST && (!raw->config || !raw->layers))
		return lw_fail(e, LW_E_FORMAT, "a manifest without 'config' or 'layers'");
	if (kind == LW_MEDIA_INDEX && (raw->config || raw->layers))
		return lw_fail(e, LW_E_FORMAT, "an index with the field 'config' or 'layers'");
	if (kind == LW_MEDIA_INDEX && !raw->manifests)
		return lw_fail(e, LW_E_FORMAT, "an index without 'manifests'");
	return 0;
}

static int read_children(struct lw_document *d, const struct raw *raw, struct lw_error *e)
{
	int r;

	if (d->kind == LW_MEDIA_MANIFEST &&
	    ((r = read_descriptor(d, raw->config, LW_CHILD_CONFIG, "config", e)) < 0 ||
	     (r = read_descriptors(d, raw->layers, LW_CHILD_LAYER, "layers", e)) < 0))
		return r;
	if (d->kind == LW_MEDIA_INDEX &&
	    (r = read_descriptors(d, raw->manifests, LW_CHILD_MANIFEST, "manifests", e)) < 0)
		return r;
	return raw->subject ? read_descriptor(d, raw->subject, LW_CHILD_SUBJECT, "subject", e)
			    : 0;
}

static int build(const struct raw *raw, const struct handled *h, struct lw_document **ret,
		 struct lw_error *e)
{
	int r = check_shape(raw, h->kind, e);

	if (r < 0)
		return r;

	const struct lw_json *many = h->kind == LW_MEDIA_INDEX ? raw->manifests : raw->layers;
	LW_AUTO(document) struct lw_document *d = lw_document_new(lw_json_count(many) + 2);

	d->kind = h->kind;
	d->media_type = h->media_type;
	if (*raw->artifact_type &&
	    !lw_document_is_artifact_type(lw_span_str(raw->artifact_type)))
		return lw_fail(e, LW_E_FORMAT, "field 'artifactType' is no artifact type");
	d->artifact_type = lw_document_string(d, lw_span_str(raw->artifact_type), NULL);

	if ((r = read_annotations(d, raw->annotations, NULL, "the document", e)) < 0 ||
	    (r = read_children(d, raw, e)) < 0)
		return r;

	const struct lw_descriptor *config = lw_document_child(d, LW_CHILD_CONFIG);
	if (config && strcmp(config->media_type, OCI_EMPTY) == 0 && !*d->artifact_type)
		return lw_fail(e, LW_E_FORMAT, "an empty config and no 'artifactType'");
	*ret = lw_steal(d);
	return 0;
}

/* The `oci-layout` file: nothing but its version matters. */
static int build_layout_header(const struct raw *raw, struct lw_document **ret,
			       struct lw_error *e)
{
	char shown[64];

	if (!raw->layout_version)
		return lw_fail(e, LW_E_FORMAT, "field 'imageLayoutVersion' is missing");
	if (strcmp(raw->layout_version, "1.0.0") != 0)
		return lw_fail(e, LW_E_UNSUPPORTED,
			       "want image layout version 1.0.0, have '%s'",
			       lw_text_escape_str(raw->layout_version, shown, sizeof(shown)));

	struct lw_document *d = lw_document_new(0);

	d->media_type = LW_MEDIA_TYPE_LAYOUT;
	*ret = d;
	return 0;
}

static int read_root(struct lw_span bytes, size_t max, const struct lw_json_field *fields,
		     size_t n_fields, struct lw_json_doc **ret, struct raw *raw,
		     struct lw_error *e)
{
	struct lw_json_limits limits = LW_JSON_FOREIGN;
	LW_AUTO(json) struct lw_json_doc *json = NULL;

	limits.bytes = max;
	limits.string = max;
	int r = lw_json_parse(bytes, &limits, &json, e);
	if (r < 0)
		return r;
	*raw = (struct raw){ .artifact_type = "" };
	r = read_object(lw_json_root(json), fields, n_fields, "the document", raw, e);
	if (r < 0)
		return r;
	*ret = lw_steal(json);
	return 0;
}

static int parse_layout_header(struct lw_span bytes, struct lw_document **ret,
			       struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		{ "imageLayoutVersion", LW_JSON_READ_STRING, 0,
		  offsetof(struct raw, layout_version), 0, 0, NULL },
	};
	LW_AUTO(json) struct lw_json_doc *json = NULL;
	struct raw raw;
	int r = read_root(bytes, LW_MAX_MANIFEST_BYTES, fields, LW_COUNT_OF(fields), &json,
			  &raw, e);

	return r < 0 ? r : build_layout_header(&raw, ret, e);
}

enum place { SOMEWHERE, LAYOUT_INDEX };

/* Some write null for a layout without images (umoci init): only there it is an empty list. */
static int check_manifests(const struct lw_json *manifests, enum place place,
			   struct lw_error *e)
{
	enum lw_json_type type = manifests ? lw_json_type(manifests) : LW_JSON_ARRAY;

	if (type == LW_JSON_NULL && place == LAYOUT_INDEX)
		return 0;
	if (type != LW_JSON_ARRAY)
		return lw_fail(e, LW_E_FORMAT, "field 'manifests' is not an array");
	if (manifests && lw_json_count(manifests) > LW_MAX_DESCRIPTORS)
		return lw_fail(e, LW_E_LIMIT, "field 'manifests': more than %zu elements",
			       LW_MAX_DESCRIPTORS);
	return 0;
}

/* Reads the document as what it and its descriptor say it is. */
static int parse(struct lw_span bytes, enum place place, const char *media_type,
		 struct lw_document **ret, struct lw_error *e)
{
	size_t max = place == LAYOUT_INDEX ? LW_MAX_INDEX_BYTES : LW_MAX_MANIFEST_BYTES;
	LW_AUTO(json) struct lw_json_doc *json = NULL;
	const struct handled *h = NULL;
	struct raw raw;
	int r = read_root(bytes, max, raw_fields, LW_COUNT_OF(raw_fields), &json, &raw, e);

	if (r == 0)
		r = check_manifests(raw.manifests, place, e);
	if (r == 0)
		r = establish(&raw, media_type, &h, e);
	return h ? build(&raw, h, ret, e) : r;
}

int lw_document_parse(struct lw_span bytes, const char *media_type, struct lw_document **ret,
		      struct lw_error *e)
{
	if (strcmp(media_type, LW_MEDIA_TYPE_LAYOUT) == 0)
		return parse_layout_header(bytes, ret, e);
	return parse(bytes, SOMEWHERE, media_type, ret, e);
}

int lw_document_parse_layout_index(struct lw_span bytes, struct lw_document **ret,
				   struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *d = NULL;
	int r = parse(bytes, LAYOUT_INDEX, "application/vnd.oci.image.index.v1+json", &d, e);

	if (r == 0 && d)
		r = lw_hauler_rename(d, e);
	if (r == 0)
		*ret = lw_steal(d);
	return r;
}
