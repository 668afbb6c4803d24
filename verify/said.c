/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/said.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

static const struct lw_json_limits document = {
	.bytes = LW_MAX_EVIDENCE_BYTES,
	.nodes = LW_MAX_JSON_NODES,
	.keys = LW_MAX_JSON_KEYS,
	.string = LW_MAX_JSON_STRING,
	.depth = LW_MAX_JSON_DEPTH,
	.floats = true,
};

const struct lw_said_subject *lw_said_about(const struct lw_said *s, const struct lw_digest *d)
{
	for (size_t i = 0; i < s->n_subjects; i++)
		if (lw_digest_equal(&s->subjects[i].digest, d))
			return &s->subjects[i];
	return NULL;
}

void lw_said_release(struct lw_said *s)
{
	free(s->subjects);
	lw_json_free(s->doc);
	*s = (struct lw_said){ 0 };
}

/* ---- in-toto ---- */

static int check_statement_type(const struct lw_json *root, struct lw_error *e)
{
	const char *type = NULL;
	char shown[96];
	static const struct lw_json_field fields[] = {
		{ .name = "_type", .reader = LW_JSON_READ_STRING, .flags = LW_JSON_REQUIRED },
	};
	int r = lw_json_read(root, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "statement", &type, e);

	if (r < 0 || strcmp(type, "https://in-toto.io/Statement/v1") == 0 ||
	    strcmp(type, "https://in-toto.io/Statement/v0.1") == 0)
		return r;
	return lw_fail(e, LW_E_UNSUPPORTED, "statement: type '%s'",
		       lw_text_escape_str(type, shown, sizeof(shown)));
}

/* Adds it if its digest set has a SHA-256. */
static int add_subject(const struct lw_json *node, struct lw_said *s, struct lw_error *e)
{
	struct {
		const char *name;
		const struct lw_json *digests;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "name",
		  .reader = LW_JSON_READ_STRING,
		  .offset = offsetof(__typeof__(f), name) },
		{ .name = "digest",
		  .reader = LW_JSON_READ_OBJECT,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), digests) },
	};
	const char *hex = NULL;
	static const struct lw_json_field digests[] = {
		{ .name = "sha256", .reader = LW_JSON_READ_STRING },
	};
	struct lw_said_subject *to = &s->subjects[s->n_subjects];
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "subject", &f, e);

	if (r == 0)
		r = lw_json_read(f.digests, digests, LW_COUNT_OF(digests),
				 LW_JSON_IGNORE_UNKNOWN, "digest", &hex, e);
	if (r < 0 || !hex)
		return r;
	r = lw_hex_decode(lw_span_str(hex), to->digest.sha256, sizeof(to->digest.sha256), e);
	if (r < 0)
		return lw_prefix(e, "subject: sha256");
	to->name = f.name && f.name[0] ? f.name : NULL;
	s->n_subjects++;
	return 0;
}

static int read_statement(struct lw_said *s, struct lw_error *e)
{
	struct {
		const char *type;
		const struct lw_json *subjects, *predicate;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "subject",
		  .reader = LW_JSON_READ_ARRAY,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), subjects),
		  .min = 1,
		  .max = LW_MAX_SUBJECTS },
		{ .name = "predicateType",
		  .reader = LW_JSON_READ_PLAIN,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), type),
		  .max = LW_MAX_TYPE_URI },
		{ .name = "predicate",
		  .reader = LW_JSON_READ_OBJECT,
		  .offset = offsetof(__typeof__(f), predicate) },
	};
	int r = lw_json_read(lw_json_root(s->doc), fields, LW_COUNT_OF(fields),
			     LW_JSON_IGNORE_UNKNOWN, "statement", &f, e);
	if (r < 0)
		return r;
	if (!strchr(f.type, ':')) /* nor a name of ours */
		return lw_fail(e, LW_E_FORMAT, "predicate type: want a URI");
	s->type = f.type;
	s->predicate = f.predicate;
	s->subjects = lw_alloc_array(lw_json_count(f.subjects), sizeof(*s->subjects));

	size_t i = 0;

	for (const struct lw_json *m = lw_json_first(f.subjects); m; m = lw_json_next(m), i++) {
		r = add_subject(m, s, e);
		if (r < 0)
			return lw_prefix(e, "statement: subject %zu", i);
	}
	return 0;
}

int lw_said_in_toto(struct lw_proven statement, struct lw_said *ret, struct lw_error *e)
{
	LW_AUTO(said) struct lw_said s = { 0 };
	int r = lw_json_parse(statement.bytes, &document, &s.doc, e);

	if (r == 0)
		r = check_statement_type(lw_json_root(s.doc), e);
	if (r == 0)
		r = read_statement(&s, e);
	if (r < 0)
		return r;
	*ret = s;
	s = (struct lw_said){ 0 };
	return 0;
}

/* ---- simple signing ---- */

struct critical {
	const struct lw_json *image, *identity;
	struct lw_digest digest;
	const char *reference;
};

static int read_critical(const struct lw_json *node, struct critical *c, struct lw_error *e)
{
	static const struct lw_json_field critical[] = {
		{ .name = "type",
		  .reader = LW_JSON_IS,
		  .flags = LW_JSON_REQUIRED,
		  .is = "cosign container image signature" },
		{ .name = "image",
		  .reader = LW_JSON_READ_OBJECT,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct critical, image) },
		{ .name = "identity",
		  .reader = LW_JSON_READ_OBJECT,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct critical, identity) },
	};
	static const struct lw_json_field image[] = {
		{ .name = "docker-manifest-digest",
		  .reader = LW_JSON_READ_DIGEST,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct critical, digest) },
	};
	static const struct lw_json_field identity[] = {
		{ .name = "docker-reference",
		  .reader = LW_JSON_READ_PLAIN,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct critical, reference),
		  .min = 1,
		  .max = LW_MAX_REFERENCE },
	};
	int r = lw_json_read(node, critical, LW_COUNT_OF(critical), LW_JSON_REFUSE_UNKNOWN,
			     "critical", c, e);

	if (r == 0)
		r = lw_json_read(c->image, image, LW_COUNT_OF(image), LW_JSON_REFUSE_UNKNOWN,
				 "critical.image", c, e);
	if (r == 0)
		r = lw_json_read(c->identity, identity, LW_COUNT_OF(identity),
				 LW_JSON_REFUSE_UNKNOWN, "critical.identity", c, e);
	return r;
}

static int read_payload(struct lw_said *s, struct lw_error *e)
{
	struct {
		const struct lw_json *critical, *optional;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "critical",
		  .reader = LW_JSON_READ_OBJECT,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), critical) },
		{ .name = "optional",
		  .reader = LW_JSON_READ_ANY,
		  .offset = offsetof(__typeof__(f), optional) },
	};
	struct critical c = { 0 };
	int r = lw_json_read(lw_json_root(s->doc), fields, LW_COUNT_OF(fields),
			     LW_JSON_REFUSE_UNKNOWN, "payload", &f, e);

	if (r == 0 && f.optional && lw_json_type(f.optional) != LW_JSON_OBJECT &&
	    lw_json_type(f.optional) != LW_JSON_NULL)
		r = lw_fail(e, LW_E_FORMAT, "payload: optional: want an object");
	if (r == 0)
		r = read_critical(f.critical, &c, e);
	if (r < 0)
		return r;
	s->type = LW_TYPE_SIMPLE_SIGNING;
	s->subjects = lw_alloc_array(1, sizeof(*s->subjects));
	s->subjects[0] = (struct lw_said_subject){ .name = c.reference, .digest = c.digest };
	s->n_subjects = 1;
	return 0;
}

int lw_said_simple_signing(struct lw_proven payload, struct lw_said *ret, struct lw_error *e)
{
	LW_AUTO(said) struct lw_said s = { 0 };
	int r = lw_json_parse(payload.bytes, &document, &s.doc, e);

	if (r == 0)
		r = read_payload(&s, e);
	if (r < 0)
		return r;
	*ret = s;
	s = (struct lw_said){ 0 };
	return 0;
}

/* ---- places ---- */

/* Whether a step of a pointer, escaped, names this key (RFC 6901: "~1" is '/', "~0" is '~'). */
static bool names(struct lw_span step, const char *key)
{
	size_t i = 0;

	for (; i < step.n && *key; key++) {
		char c = (char)step.p[i++];

		if (c == '~') {
			if (i == step.n || (step.p[i] != '0' && step.p[i] != '1'))
				return false;
			c = step.p[i++] == '0' ? '~' : '/';
		}
		if (c != *key)
			return false;
	}
	return i == step.n && !*key;
}

static const struct lw_json *child(const struct lw_json *node, struct lw_span step)
{
	const struct lw_json *m = NULL;
	uint64_t i = 0;

	if (lw_json_type(node) == LW_JSON_OBJECT) {
		m = lw_json_first(node);
		while (m && !names(step, lw_json_key(m)))
			m = lw_json_next(m);
	} else if (lw_json_type(node) == LW_JSON_ARRAY &&
		   lw_num_u64(step, 0, LW_MAX_JSON_NODES, &i, NULL) == 0) {
		m = lw_json_first(node);
		while (m && i-- > 0)
			m = lw_json_next(m);
	}
	return m;
}

const char *lw_said_string(const struct lw_said *s, const char *pointer)
{
	const struct lw_json *node = lw_json_root(s->doc);

	while (node && *pointer == '/') {
		size_t n = strcspn(++pointer, "/");

		node = child(node, lw_span(pointer, n));
		pointer += n;
	}
	return node ? lw_json_string(node) : NULL;
}

/* Where SLSA says what, the first that is there; docs/format/evidence.md has the same table. */
static const struct {
	const char *type;
	enum lw_said_field field;
	const char *pointer;
} places[] = {
#define V0 "https://slsa.dev/provenance/v0.2"
#define V1 "https://slsa.dev/provenance/v1"
	{ V0, LW_SAID_BUILDER, "/predicate/builder/id" },
	{ V0, LW_SAID_SOURCE, "/predicate/invocation/configSource/uri" },
	{ V0, LW_SAID_BUILD_TYPE, "/predicate/buildType" },
	{ V1, LW_SAID_BUILDER, "/predicate/runDetails/builder/id" },
	{ V1, LW_SAID_SOURCE, "/predicate/buildDefinition/externalParameters/source" },
	{ V1, LW_SAID_SOURCE,
	  "/predicate/buildDefinition/externalParameters/workflow/repository" },
	{ V1, LW_SAID_SOURCE, "/predicate/buildDefinition/resolvedDependencies/0/uri" },
	{ V1, LW_SAID_BUILD_TYPE, "/predicate/buildDefinition/buildType" },
#undef V0
#undef V1
};

const char *lw_said_field(const struct lw_said *s, enum lw_said_field field)
{
	const char *found = NULL;

	for (size_t i = 0; i < LW_COUNT_OF(places) && !found; i++)
		if (places[i].field == field && strcmp(places[i].type, s->type) == 0)
			found = lw_said_string(s, places[i].pointer);
	return found;
}

const char *lw_said_place(const char *type, enum lw_said_field field)
{
	for (size_t i = 0; i < LW_COUNT_OF(places); i++)
		if (places[i].field == field && strcmp(places[i].type, type) == 0)
			return places[i].pointer;
	return NULL;
}
