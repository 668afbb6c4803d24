/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/policy.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#define DEFAULT_SKEW_SEC 300
#define FIELD(type, member, kind, ...)                                                         \
	{                                                                                      \
		.name = #member, .reader = kind, .offset = offsetof(type, member), __VA_ARGS__ \
	}

static int no_later_members(const struct lw_json *object, const char *const *later,
			    const char *what, struct lw_error *e)
{
	for (const struct lw_json *m = lw_json_first(object); m; m = lw_json_next(m))
		for (size_t i = 0; later[i]; i++)
			if (strcmp(lw_json_key(m), later[i]) == 0)
				return lw_fail(e, LW_E_UNSUPPORTED,
					       "%s: '%s' is not supported by this version",
					       what, later[i]);
	return 0;
}

/* n_signers if there is none of that name. */
static size_t signer_index(const struct lw_policy *p, const char *name)
{
	size_t i = 0;

	while (i < p->n_signers && strcmp(p->signers[i].name, name) != 0)
		i++;
	return i;
}

size_t lw_policy_owners(const struct lw_policy *p, const struct lw_group *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_signers; i++) {
		size_t j = 0;

		while (j < i && strcmp(p->signers[g->signers[i]].owner,
				       p->signers[g->signers[j]].owner) != 0)
			j++;
		n += j == i;
	}
	return n;
}

static int read_group(struct lw_policy *p, uint64_t threshold, const struct lw_json *names,
		      struct lw_group *g, struct lw_error *e)
{
	g->threshold = threshold;
	g->signers = lw_alloc_array(lw_json_count(names), sizeof(*g->signers));
	for (const struct lw_json *n = lw_json_first(names); n; n = lw_json_next(n)) {
		const char *name = lw_json_string(n);
		char shown[80];

		if (!name)
			return lw_fail(e, LW_E_FORMAT, "signers: want names");

		size_t index = signer_index(p, name);
		if (index == p->n_signers)
			return lw_fail(e, LW_E_NOTFOUND, "no signer '%s'",
				       lw_text_escape_str(name, shown, sizeof(shown)));
		for (size_t i = 0; i < g->n_signers; i++)
			if (g->signers[i] == index)
				return lw_fail(e, LW_E_CONFLICT, "signer '%s' stands twice",
					       name);
		g->signers[g->n_signers++] = index;
	}
	if (lw_policy_owners(p, g) < threshold)
		return lw_fail(e, LW_E_CONFLICT, "threshold %llu, but only %zu people",
			       (unsigned long long)threshold, lw_policy_owners(p, g));
	return 0;
}

/* One key under two signers would let one signature speak for two. */
static int refuse_shared_key(const struct lw_policy *p, const struct lw_key *key,
			     struct lw_error *e)
{
	for (size_t i = 0; i < p->n_signers; i++)
		for (size_t k = 0; k < p->signers[i].n_keys; k++)
			if (lw_digest_equal(lw_key_fingerprint(p->signers[i].keys[k]),
					    lw_key_fingerprint(key)))
				return lw_fail(e, LW_E_CONFLICT,
					       "this key is already signer '%s''s",
					       p->signers[i].name);
	return 0;
}

static int read_key(struct lw_policy *p, struct lw_signer *s, const struct lw_json *node,
		    const struct lw_policy_files *files, struct lw_error *e)
{
	struct key_fields {
		const char *file, *kind;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		FIELD(struct key_fields, kind, LW_JSON_READ_STRING, .flags = LW_JSON_REQUIRED),
		FIELD(struct key_fields, file, LW_JSON_READ_PLAIN, .flags = LW_JSON_REQUIRED,
		      .min = 1, .max = 255),
	};
	static const char *const later[] = { "identity", "purposes", "store", NULL };
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	LW_AUTO(key) struct lw_key *key = NULL;
	int r = no_later_members(node, later, "key", e);

	if (r == 0)
		r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
				 "key", &f, e);
	if (r == 0 && strcmp(f.kind, "key") != 0)
		r = lw_fail(e, LW_E_UNSUPPORTED,
			    "key: this version knows only the kind \"key\"");
	if (r < 0)
		return r;
	r = files->read(files->data, f.file, &bytes, e);
	if (r < 0)
		return lw_prefix(e, "key file '%s'", f.file);
	r = lw_key_parse(lw_buf_span(&bytes), &key, e);
	if (r == -LW_E_UNSUPPORTED) {
		s->n_unsupported++;
		return 0;
	}
	if (r < 0)
		return lw_prefix(e, "key file '%s'", f.file);
	r = refuse_shared_key(p, key, e);
	if (r < 0)
		return lw_prefix(e, "key file '%s'", f.file);
	s->keys[s->n_keys++] = lw_steal(key);
	return 0;
}

static int read_signer(struct lw_policy *p, const struct lw_json *node,
		       const struct lw_policy_files *files, struct lw_error *e)
{
	struct signer_fields {
		const char *owner;
		const struct lw_json *keys;
	} f = { .owner = lw_json_key(node) };
	static const char *const later[] = { "valid", "purposes", NULL };
	static const struct lw_json_field fields[] = {
		FIELD(struct signer_fields, owner, LW_JSON_READ_LABEL),
		FIELD(struct signer_fields, keys, LW_JSON_READ_ARRAY, .flags = LW_JSON_REQUIRED,
		      .min = 1, .max = LW_MAX_SIGNER_KEYS),
	};

	if (!lw_text_is_label(lw_span_str(lw_json_key(node))))
		return lw_fail(e, LW_E_FORMAT, "a signer's name is not a label");

	int r = no_later_members(node, later, "signer", e);
	if (r == 0)
		r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
				 "signer", &f, e);
	if (r < 0)
		return r;

	struct lw_signer *s = &p->signers[p->n_signers++];
	s->name = lw_json_key(node);
	s->owner = f.owner;
	for (const struct lw_json *k = lw_json_first(f.keys); k && r == 0; k = lw_json_next(k))
		r = read_key(p, s, k, files, e);
	return r;
}

static int read_sender(struct lw_policy *p, const struct lw_json *node, struct lw_error *e)
{
	struct sender_fields {
		uint64_t threshold, sequence_window;
		const struct lw_json *signers;
		const char *max_age, *audience, *challenge;
	} f = { .max_age = "P30D", .audience = "this", .challenge = "optional" };
	static const struct lw_json_field fields[] = {
		FIELD(struct sender_fields, audience, LW_JSON_READ_STRING),
		FIELD(struct sender_fields, challenge, LW_JSON_READ_STRING),
		FIELD(struct sender_fields, max_age, LW_JSON_READ_STRING),
		FIELD(struct sender_fields, sequence_window, LW_JSON_READ_U64, .max = 1000),
		FIELD(struct sender_fields, signers, LW_JSON_READ_ARRAY,
		      .flags = LW_JSON_REQUIRED, .min = 1, .max = LW_MAX_SIGNERS),
		FIELD(struct sender_fields, threshold, LW_JSON_READ_U64,
		      .flags = LW_JSON_REQUIRED, .min = 1, .max = LW_MAX_APPROVALS),
	};

	if (!lw_text_is_label(lw_span_str(lw_json_key(node))))
		return lw_fail(e, LW_E_FORMAT, "a sender's name is not a label");

	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			     "sender", &f, e);
	if (r < 0)
		return r;
	if (strcmp(f.challenge, "optional") != 0 || f.sequence_window != 0)
		return lw_fail(
			e, LW_E_UNSUPPORTED,
			"challenge other than \"optional\" and a sequence_window are not "
			"supported by this version");
	if (strcmp(f.audience, "any") != 0 && strcmp(f.audience, "this") != 0)
		return lw_fail(e, LW_E_FORMAT, "audience: want \"this\" or \"any\"");

	struct lw_sender *s = &p->senders[p->n_senders++];
	s->name = lw_json_key(node);
	s->any_audience = strcmp(f.audience, "any") == 0;
	r = lw_num_duration(lw_span_str(f.max_age), &s->max_age_sec, e);
	if (r < 0)
		return lw_prefix(e, "max_age");
	return read_group(p, f.threshold, f.signers, &s->approvers, e);
}

static int read_rule(struct lw_policy *p, const struct lw_json *node, struct lw_error *e)
{
	struct lw_rule f = { .zone = "default" };
	struct rule_fields {
		const char *match, *zone;
	} g = { .zone = "default" };
	static const char *const later[] = { "require", "tuf", "base", "attestations", NULL };
	static const struct lw_json_field fields[] = {
		{ .name = "evidence",
		  .reader = LW_JSON_IS,
		  .flags = LW_JSON_REQUIRED,
		  .is = "not-required" },
		FIELD(struct rule_fields, match, LW_JSON_READ_PLAIN, .flags = LW_JSON_REQUIRED,
		      .min = 1, .max = LW_MAX_REFERENCE),
		FIELD(struct rule_fields, zone, LW_JSON_READ_LABEL),
	};
	int r = no_later_members(node, later, "image rule", e);

	if (r == 0)
		r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
				 "image rule", &g, e);
	if (r != 0)
		return r;
	for (size_t i = 0; i < p->n_rules; i++)
		if (strcmp(p->rules[i].match, g.match) == 0)
			return lw_fail(e, LW_E_CONFLICT, "two rules match '%s'", g.match);
	f.match = g.match;
	f.zone = g.zone;
	f.evidence_not_required = true;
	p->rules[p->n_rules++] = f;
	return 0;
}

static int read_time(struct lw_policy *p, const struct lw_json *node, struct lw_error *e)
{
	struct time_fields {
		const char *clock, *skew;
		uint64_t threshold;
		const struct lw_json *signers;
	} f = { .clock = "trusted" };
	static const struct lw_json_field fields[] = {
		FIELD(struct time_fields, clock, LW_JSON_READ_STRING),
		FIELD(struct time_fields, signers, LW_JSON_READ_ARRAY, .min = 2,
		      .max = LW_MAX_SIGNERS),
		FIELD(struct time_fields, skew, LW_JSON_READ_STRING),
		/* Two people at least: one person's word is the clock's word. */
		FIELD(struct time_fields, threshold, LW_JSON_READ_U64, .min = 2,
		      .max = LW_MAX_APPROVALS),
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN, "time",
			     &f, e);

	if (r < 0)
		return r;
	if (strcmp(f.clock, "trusted") != 0 && strcmp(f.clock, "attested") != 0)
		return lw_fail(e, LW_E_FORMAT, "clock: want \"trusted\" or \"attested\"");
	p->clock_trusted = strcmp(f.clock, "trusted") == 0;
	if (f.skew && (r = lw_num_duration(lw_span_str(f.skew), &p->skew_sec, e)) < 0)
		return lw_prefix(e, "skew");
	if (p->skew_sec > 86400)
		return lw_fail(e, LW_E_LIMIT, "skew: want at most one day");
	if (!f.signers != !f.threshold)
		return lw_fail(e, LW_E_FORMAT, "threshold and signers belong together");
	if (!f.signers)
		return p->clock_trusted
			       ? 0
			       : lw_fail(e, LW_E_FORMAT,
					 "clock \"attested\" needs threshold and signers");
	return read_group(p, f.threshold, f.signers, &p->time, e);
}

struct policy_fields {
	const struct lw_json *signers, *senders, *images, *time;
};

static int read_policy(struct lw_policy *p, const struct policy_fields *f,
		       const struct lw_policy_files *files, struct lw_error *e)
{
	int r = 0;

	p->signers = lw_alloc_array(lw_json_count(f->signers), sizeof(*p->signers));
	p->senders = lw_alloc_array(lw_json_count(f->senders), sizeof(*p->senders));
	p->rules = lw_alloc_array(lw_json_count(f->images), sizeof(*p->rules));
	for (const struct lw_json *n = lw_json_first(f->signers); n; n = lw_json_next(n))
		if ((r = read_signer(p, n, files, e)) < 0)
			return lw_prefix(e, "signer '%s'", lw_json_key(n));
	for (const struct lw_json *n = lw_json_first(f->senders); n; n = lw_json_next(n))
		if ((r = read_sender(p, n, e)) < 0)
			return lw_prefix(e, "sender '%s'", lw_json_key(n));
	for (const struct lw_json *n = lw_json_first(f->images); n; n = lw_json_next(n))
		if ((r = read_rule(p, n, e)) < 0)
			return lw_prefix(e, "images[%zu]", p->n_rules);
	if (f->time && (r = read_time(p, f->time, e)) < 0)
		return lw_prefix(e, "time");
	return 0;
}

int lw_policy_parse(struct lw_span bytes, const struct lw_policy_files *files,
		    struct lw_policy **ret, struct lw_error *e)
{
	struct policy_fields f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "format",
		  .reader = LW_JSON_IS,
		  .flags = LW_JSON_REQUIRED,
		  .is = "landwaiter-policy/1" },
		FIELD(struct policy_fields, images, LW_JSON_READ_ARRAY,
		      .flags = LW_JSON_REQUIRED, .max = LW_MAX_RULES),
		FIELD(struct policy_fields, senders, LW_JSON_READ_OBJECT,
		      .flags = LW_JSON_REQUIRED),
		FIELD(struct policy_fields, signers, LW_JSON_READ_OBJECT,
		      .flags = LW_JSON_REQUIRED),
		FIELD(struct policy_fields, time, LW_JSON_READ_OBJECT),
	};
	LW_AUTO(policy) struct lw_policy *p = lw_alloc_array(1, sizeof(*p));

	if (bytes.n > LW_MAX_POLICY_BYTES)
		return lw_fail(e, LW_E_LIMIT, "policy: want at most %zu bytes, have %zu",
			       LW_MAX_POLICY_BYTES, bytes.n);
	p->clock_trusted = true;
	p->skew_sec = DEFAULT_SKEW_SEC;

	int r = lw_json_parse(bytes, &LW_JSON_STRICT, &p->doc, e);
	if (r == 0)
		r = lw_json_read(lw_json_root(p->doc), fields, LW_COUNT_OF(fields),
				 LW_JSON_REFUSE_UNKNOWN, "top level", &f, e);
	if (r == 0 && (lw_json_count(f.senders) > LW_MAX_SENDERS ||
		       lw_json_count(f.signers) > LW_MAX_SIGNERS))
		r = lw_fail(e, LW_E_LIMIT, "more than %zu senders or %zu signers",
			    LW_MAX_SENDERS, LW_MAX_SIGNERS);
	if (r == 0)
		r = read_policy(p, &f, files, e);
	if (r < 0)
		return lw_prefix(e, "policy");
	*ret = lw_steal(p);
	return 0;
}

void lw_policy_free(struct lw_policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_signers; i++)
		for (size_t k = 0; k < p->signers[i].n_keys; k++)
			lw_key_free(p->signers[i].keys[k]);
	for (size_t i = 0; i < p->n_senders; i++)
		free(p->senders[i].approvers.signers);
	free(p->time.signers);
	free(p->signers);
	free(p->senders);
	free(p->rules);
	lw_json_free(p->doc);
	free(p);
}

const struct lw_sender *lw_policy_sender(const struct lw_policy *p, const char *name)
{
	for (size_t i = 0; i < p->n_senders; i++)
		if (strcmp(p->senders[i].name, name) == 0)
			return &p->senders[i];
	return NULL;
}

bool lw_policy_matches(const char *pattern, const char *name)
{
	/* The usual two-pointer glob: on a mismatch, the last star takes one character more. A
	 * single star stops at '/', so a double star before it is kept to fall back to. */
	const char *star = NULL, *star_at = NULL, *deep = NULL, *deep_at = NULL;

	for (;;) {
		if (pattern[0] == '*' && pattern[1] == '*') {
			deep = pattern += 2;
			deep_at = name;
			star = NULL;
		} else if (pattern[0] == '*') {
			star = ++pattern;
			star_at = name;
		} else if (*pattern && *pattern == *name) {
			pattern++;
			name++;
		} else if (!*pattern && !*name) {
			return true;
		} else if (star && *star_at && *star_at != '/') {
			pattern = star;
			name = ++star_at;
		} else if (deep && *deep_at) {
			pattern = deep;
			name = ++deep_at;
			star = NULL;
		} else {
			return false;
		}
	}
}

/* Above 0 if pattern a is more specific than b: more literal text before the first wildcard,
 * then no wildcard before `*` before `**`, then the longer pattern. */
static int more_specific(const char *a, const char *b)
{
	size_t literal_a = strcspn(a, "*"), literal_b = strcspn(b, "*");
	size_t wild_a = strspn(a + literal_a, "*"), wild_b = strspn(b + literal_b, "*");

	if (literal_a != literal_b)
		return literal_a > literal_b ? 1 : -1;
	if (wild_a != wild_b)
		return wild_a < wild_b ? 1 : -1;
	return (strlen(a) > strlen(b)) - (strlen(a) < strlen(b));
}

const struct lw_rule *lw_policy_rule(const struct lw_policy *p, const char *image)
{
	const struct lw_rule *best = NULL;

	for (size_t i = 0; i < p->n_rules; i++)
		if (lw_policy_matches(p->rules[i].match, image) &&
		    (!best || more_specific(p->rules[i].match, best->match) > 0))
			best = &p->rules[i];
	return best;
}
