/* SPDX-License-Identifier: Apache-2.0 */
/* The policy's rules for images: which signatures and attestations one must have. */
#include "verify/policy_internal.h"

#include "base/text.h"

#define FIELD(member, kind, ...) LW_POLICY_FIELD(struct fields, member, kind, __VA_ARGS__)

/* ---- words ---- */

/* A predicate type is a URI: here, something after a scheme. Ours but for endorsements are
 * never about an image. */
bool lw_policy_is_type(const char *s)
{
	size_t scheme =
		strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

	return scheme > 0 && s[scheme] == ':' && s[scheme + 1] &&
	       strlen(s) <= LW_MAX_TYPE_URI && !strchr(s, ' ') &&
	       lw_text_is_plain(lw_span_str(s)) &&
	       (strncmp(s, "urn:landwaiter:", 15) != 0 || strcmp(s, LW_TYPE_ENDORSEMENT) == 0);
}

bool lw_policy_is_pointer(const char *s)
{
	if (strncmp(s, "/predicate/", 11) != 0 || !lw_text_is_plain(lw_span_str(s)))
		return false;
	while ((s = strchr(s, '~'))) {
		if (s[1] != '0' && s[1] != '1')
			return false;
		s++;
	}
	return true;
}

enum name {
	NAME_PREFIX,	 /* host[:port][/path] */
	NAME_REPOSITORY, /* host[:port]/path */
	NAME_REFERENCE,	 /* host[:port]/path:tag */
};

/* Catches slips: a name that is wrong in another way is one that no signature has. */
static bool is_name(const char *s, enum name what)
{
	const char *slash = strrchr(s, '/');
	bool tagged = slash && strchr(slash, ':');

	if (!*s || strlen(s) > LW_MAX_REFERENCE || s[0] == '/' || strstr(s, "//") ||
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/-")])
		return false;
	if (slash && !slash[1])
		return false;
	return (slash || what == NAME_PREFIX) && tagged == (what == NAME_REFERENCE);
}

/* ---- what is required ---- */

static int read_group(const struct lw_policy *p, const struct lw_json *node, struct lw_group *g,
		      struct lw_error *e)
{
	struct fields {
		uint64_t threshold;
		const struct lw_json *of;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		FIELD(of, LW_JSON_READ_ARRAY, .flags = LW_JSON_REQUIRED, .min = 1,
		      .max = LW_MAX_SIGNERS),
		FIELD(threshold, LW_JSON_READ_U64, .flags = LW_JSON_REQUIRED, .min = 1,
		      .max = LW_MAX_SIGNERS),
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN, "group",
			     &f, e);

	return r < 0 ? r : lw_policy_read_group(p, f.threshold, f.of, g, e);
}

static int read_require(const struct lw_policy *p, struct lw_rule *rule,
			const struct lw_json *groups, struct lw_error *e)
{
	rule->require = lw_alloc_array(lw_json_count(groups), sizeof(*rule->require));
	for (const struct lw_json *n = lw_json_first(groups); n; n = lw_json_next(n)) {
		size_t i = rule->n_require++;
		int r = read_group(p, n, &rule->require[i], e);

		if (r < 0)
			return lw_prefix(e, "require[%zu]", i);
	}
	return 0;
}

static int read_condition(struct lw_attestation_rule *a, enum lw_said_field field,
			  const char *pointer, const struct lw_json *values, struct lw_error *e)
{
	size_t n = lw_json_type(values) == LW_JSON_ARRAY ? lw_json_count(values) : 0;

	if (n < 1 || n > LW_MAX_CONDITIONS)
		return lw_fail(e, LW_E_FORMAT, "a condition: want a list of 1 to %zu texts",
			       LW_MAX_CONDITIONS);

	struct lw_condition *c = &a->conditions[a->n_conditions++];

	c->field = field;
	c->pointer = pointer;
	return lw_policy_read_texts(values, pointer ? pointer : "a condition", &c->in, &c->n_in,
				    e);
}

static int read_where(struct lw_attestation_rule *a, const struct lw_json *where,
		      struct lw_error *e)
{
	int r = 0;

	if (lw_json_count(where) == 0)
		return lw_fail(e, LW_E_FORMAT, "where: names no place");
	for (const struct lw_json *n = lw_json_first(where); n && r == 0; n = lw_json_next(n))
		r = lw_policy_is_pointer(lw_json_key(n))
			    ? read_condition(a, 0, lw_json_key(n), n, e)
			    : lw_fail(e, LW_E_FORMAT,
				      "where: want a JSON pointer as \"/predicate/...\"");
	return r;
}

static int read_attestation(const struct lw_policy *p, struct lw_attestation_rule *a,
			    const struct lw_json *node, struct lw_error *e)
{
	struct fields {
		const char *type;
		const struct lw_json *of, *builder, *source, *build_type, *where;
		uint64_t threshold;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		FIELD(build_type, LW_JSON_READ_ARRAY),
		FIELD(builder, LW_JSON_READ_ARRAY),
		FIELD(of, LW_JSON_READ_ARRAY, .flags = LW_JSON_REQUIRED, .min = 1,
		      .max = LW_MAX_SIGNERS),
		FIELD(source, LW_JSON_READ_ARRAY),
		FIELD(threshold, LW_JSON_READ_U64, .flags = LW_JSON_REQUIRED, .min = 1,
		      .max = LW_MAX_SIGNERS),
		FIELD(type, LW_JSON_READ_STRING, .flags = LW_JSON_REQUIRED),
		FIELD(where, LW_JSON_READ_OBJECT),
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			     "attestation", &f, e);

	if (r == 0 && !lw_policy_is_type(f.type))
		r = lw_fail(e, LW_E_FORMAT, "type: want the URI of a predicate");
	if (r < 0)
		return r;

	const struct lw_json *const by_field[] = {
		[LW_SAID_BUILDER] = f.builder,
		[LW_SAID_SOURCE] = f.source,
		[LW_SAID_BUILD_TYPE] = f.build_type,
	};
	size_t n = (size_t) !!f.builder + !!f.source + !!f.build_type +
		   (f.where ? lw_json_count(f.where) : 0);

	if (n > LW_MAX_CONDITIONS)
		return lw_fail(e, LW_E_LIMIT, "more than %zu conditions", LW_MAX_CONDITIONS);
	a->type = f.type;
	a->conditions = lw_alloc_array(n, sizeof(*a->conditions));
	for (enum lw_said_field i = LW_SAID_BUILDER; i <= LW_SAID_BUILD_TYPE && r == 0; i++)
		if (by_field[i])
			r = read_condition(a, i, NULL, by_field[i], e);
	if (r == 0 && f.where)
		r = read_where(a, f.where, e);
	return r < 0 ? r : lw_policy_read_group(p, f.threshold, f.of, &a->of, e);
}

static int read_attestations(const struct lw_policy *p, struct lw_rule *rule,
			     const struct lw_json *list, struct lw_error *e)
{
	rule->attestations = lw_alloc_array(lw_json_count(list), sizeof(*rule->attestations));
	for (const struct lw_json *n = lw_json_first(list); n; n = lw_json_next(n)) {
		size_t i = rule->n_attestations++;
		int r = read_attestation(p, &rule->attestations[i], n, e);

		if (r < 0)
			return lw_prefix(e, "attestations[%zu]", i);
	}
	return 0;
}

/* ---- what counts ---- */

static int read_signature_types(struct lw_rule *rule, const struct lw_json *list,
				struct lw_error *e)
{
	int r = 0;

	if (!list) {
		rule->signature_types = lw_alloc_array(2, sizeof(*rule->signature_types));
		rule->signature_types[rule->n_signature_types++] = LW_TYPE_SIMPLE_SIGNING;
		rule->signature_types[rule->n_signature_types++] = LW_TYPE_ENDORSEMENT;
		return 0;
	}
	r = lw_policy_read_texts(list, "signatures", &rule->signature_types,
				 &rule->n_signature_types, e);
	for (size_t i = 0; i < rule->n_signature_types && r == 0; i++)
		if (strcmp(rule->signature_types[i], LW_TYPE_SIMPLE_SIGNING) != 0 &&
		    !lw_policy_is_type(rule->signature_types[i]))
			r = lw_fail(e, LW_E_FORMAT,
				    "signatures: want \"" LW_TYPE_SIMPLE_SIGNING
				    "\" or the URI of a predicate");
	return r;
}

/* signedIdentity, in the words of containers-policy.json.5: each type has its own members. */
static const struct identity {
	const char *type, *name, *prefix; /* the latter two: members */
	enum lw_identity identity;
	enum name name_is;
} identities[] = {
	{ "matchRepository", NULL, NULL, LW_IDENTITY_REPOSITORY, 0 },
	{ "matchExact", NULL, NULL, LW_IDENTITY_EXACT, 0 },
	{ "exactReference", "dockerReference", NULL, LW_IDENTITY_EXACT_REFERENCE,
	  NAME_REFERENCE },
	{ "exactRepository", "dockerRepository", NULL, LW_IDENTITY_EXACT_REPOSITORY,
	  NAME_REPOSITORY },
	{ "remapIdentity", "signedPrefix", "prefix", LW_IDENTITY_REMAP, NAME_PREFIX },
};

static int read_identity_name(const struct lw_json *node, const char *member, enum name what,
			      const char **ret, struct lw_error *e)
{
	const struct lw_json_field field = { .name = member,
					     .reader = LW_JSON_READ_STRING,
					     .flags = LW_JSON_REQUIRED };
	int r = lw_json_read(node, &field, 1, LW_JSON_IGNORE_UNKNOWN, "signedIdentity", ret, e);

	if (r == 0 && !is_name(*ret, what))
		r = lw_fail(e, LW_E_FORMAT, "%s: want a full %s", member,
			    what == NAME_REFERENCE    ? "name with a tag"
			    : what == NAME_REPOSITORY ? "name without a tag"
						      : "host or path, without a tag");
	return r;
}

int lw_policy_read_identity(struct lw_rule *rule, const struct lw_json *node,
			    struct lw_error *e)
{
	const struct lw_json_field type = { .name = "type",
					    .reader = LW_JSON_READ_STRING,
					    .flags = LW_JSON_REQUIRED };
	const struct identity *identity = NULL;
	const char *word = NULL;
	int r = lw_json_read(node, &type, 1, LW_JSON_IGNORE_UNKNOWN, "signedIdentity", &word,
			     e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < LW_COUNT_OF(identities); i++)
		if (strcmp(word, identities[i].type) == 0)
			identity = &identities[i];
	if (!identity)
		return lw_fail(e,
			       strcmp(word, "matchRepoDigestOrExact") == 0 ? LW_E_UNSUPPORTED
									   : LW_E_FORMAT,
			       "signedIdentity: want matchRepository, matchExact (for "
			       "matchRepoDigestOrExact: no image here is named by digest), "
			       "exactReference, exactRepository or remapIdentity");
	if (lw_json_count(node) != 1 + (size_t) !!identity->name + !!identity->prefix)
		return lw_fail(e, LW_E_FORMAT, "signedIdentity: %s has members of its own",
			       word);
	rule->identity = identity->identity;
	if (identity->name)
		r = read_identity_name(node, identity->name, identity->name_is,
				       &rule->identity_name, e);
	if (r == 0 && identity->prefix)
		r = read_identity_name(node, identity->prefix, identity->name_is,
				       &rule->identity_prefix, e);
	return r;
}

/* ---- a rule ---- */

struct fields {
	const char *match, *zone, *evidence, *unnamed, *bad_signatures, *base, *tuf;
	const struct lw_json *require, *attestations, *signatures, *signedIdentity;
};

static const struct lw_json_field rule_fields[] = {
	FIELD(attestations, LW_JSON_READ_ARRAY, .min = 1, .max = LW_MAX_RULE_GROUPS),
	FIELD(bad_signatures, LW_JSON_READ_STRING),
	FIELD(base, LW_JSON_READ_STRING),
	FIELD(evidence, LW_JSON_READ_STRING),
	FIELD(match, LW_JSON_READ_PLAIN, .flags = LW_JSON_REQUIRED, .min = 1,
	      .max = LW_MAX_REFERENCE),
	FIELD(require, LW_JSON_READ_ARRAY, .min = 1, .max = LW_MAX_RULE_GROUPS),
	FIELD(signatures, LW_JSON_READ_ARRAY, .min = 1, .max = LW_MAX_RULE_GROUPS),
	FIELD(signedIdentity, LW_JSON_READ_OBJECT),
	FIELD(tuf, LW_JSON_READ_LABEL),
	FIELD(unnamed, LW_JSON_READ_STRING),
	FIELD(zone, LW_JSON_READ_LABEL),
};

/* Whether a member says `yes`; absent or `no` (which may be NULL): it does not. */
static int read_word(const char *member, const char *have, const char *no, const char *yes,
		     bool *ret, struct lw_error *e)
{
	*ret = have && strcmp(have, yes) == 0;
	if (!have || *ret || (no && strcmp(have, no) == 0))
		return 0;
	return lw_fail(e, LW_E_FORMAT, "%s: want \"%s\"%s%s%s", member, yes, no ? " or \"" : "",
		       no ? no : "", no ? "\"" : "");
}

static int read_words(struct lw_rule *rule, const struct fields *f, struct lw_error *e)
{
	int r = read_word("evidence", f->evidence, NULL, "not-required",
			  &rule->evidence_not_required, e);

	if (r == 0)
		r = read_word("unnamed", f->unnamed, "refuse", "seal", &rule->unnamed_by_seal,
			      e);
	if (r == 0)
		r = read_word("bad_signatures", f->bad_signatures, "refuse", "report",
			      &rule->report_bad, e);
	if (r == 0)
		r = read_word("base", f->base, NULL, "accepted", &rule->base_accepted, e);
	return r;
}

/* What says nothing, or two things, is a slip. */
static int require_sense(const struct fields *f, struct lw_error *e)
{
	bool asks = f->require || f->attestations || f->tuf;

	if (!f->evidence == !asks)
		return lw_fail(e, LW_E_FORMAT,
			       "want either \"evidence\", or \"require\", \"attestations\" or "
			       "\"tuf\"");
	if (!asks &&
	    (f->signatures || f->signedIdentity || f->unnamed || f->bad_signatures || f->base))
		return lw_fail(
			e, LW_E_FORMAT,
			"where no evidence is required, nothing else can be asked of it");
	if (f->signatures && !f->require)
		return lw_fail(e, LW_E_FORMAT, "\"signatures\" belongs to \"require\"");
	return 0;
}

static int place(const struct lw_policy *p, struct lw_rule *rule, const char *zone,
		 struct lw_error *e)
{
	rule->zone = zone ? zone : "default";
	if (p->n_zones && !zone)
		return lw_fail(e, LW_E_FORMAT, "want a zone, for the policy has zones");
	while (rule->zone_index < p->n_zones &&
	       strcmp(p->zones[rule->zone_index], rule->zone) != 0)
		rule->zone_index++;
	if (p->n_zones && rule->zone_index == p->n_zones)
		return lw_fail(e, LW_E_NOTFOUND, "no zone '%s'", rule->zone);
	for (const struct lw_rule *r = p->rules; r < rule; r++)
		if (r->zone_index == rule->zone_index && strcmp(r->match, rule->match) == 0)
			return lw_fail(e, LW_E_CONFLICT, "two rules match '%s'", rule->match);
	return 0;
}

int lw_policy_read_rule(struct lw_policy *p, const struct lw_json *node, struct lw_error *e)
{
	struct lw_rule *rule = &p->rules[p->n_rules++];
	struct fields f = { 0 };
	int r = lw_json_read(node, rule_fields, LW_COUNT_OF(rule_fields),
			     LW_JSON_REFUSE_UNKNOWN, "image rule", &f, e);

	if (r == 0)
		r = require_sense(&f, e);
	if (r == 0)
		r = read_words(rule, &f, e);
	if (r != 0)
		return r;
	rule->match = f.match;
	rule->repository = f.tuf ? lw_policy_repository(p, f.tuf) : NULL;
	if (f.tuf && !rule->repository)
		return lw_fail(e, LW_E_NOTFOUND, "no repository '%s' under \"tuf\"", f.tuf);
	r = place(p, rule, f.zone, e);
	if (r == 0)
		r = read_signature_types(rule, f.signatures, e);
	if (r == 0 && f.signedIdentity)
		r = lw_policy_read_identity(rule, f.signedIdentity, e);
	if (r == 0 && f.require)
		r = read_require(p, rule, f.require, e);
	if (r == 0 && f.attestations)
		r = read_attestations(p, rule, f.attestations, e);
	return r;
}

void lw_policy_release_rule(struct lw_rule *r)
{
	for (size_t i = 0; i < r->n_require; i++)
		free(r->require[i].signers);
	for (size_t i = 0; i < r->n_attestations; i++) {
		struct lw_attestation_rule *a = &r->attestations[i];

		for (size_t c = 0; c < a->n_conditions; c++)
			free(a->conditions[c].in);
		free(a->conditions);
		free(a->of.signers);
	}
	free(r->require);
	free(r->attestations);
	free(r->signature_types);
}
