/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/policy_export.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "verify/policy_internal.h"

#include <stdlib.h>
#include <string.h>

/* What a scope takes in, there: a tag is one; a repository's has those below it, too. */
enum extent { EXTENT_NONE, EXTENT_TAG, EXTENT_REPOSITORY, EXTENT_BELOW };

struct scope {
	char *name; /* owned; "": all of the transport */
	const struct lw_rule *rule;
	enum extent extent;
	const char *reject; /* why nothing else can be said; NULL: it can */
};

struct exporting {
	const struct lw_policy *policy;
	const struct lw_policy_export_options *options;
	struct lw_policy_export *to;
	struct scope *list;
	size_t n;
};

/* ---- scopes ---- */

/* What a pattern is there. EXTENT_NONE: no scope has just its images; then `out` is the nearest
 * that has all of them. */
static enum extent scope_of(const char *match, char out[LW_MAX_REFERENCE + 1])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789.:/_-[]";
	size_t n = strcspn(match, "*");
	const char *rest = match + n, *slash = memchr(match, '/', n);
	size_t host = slash ? (size_t)(slash - match) : n;
	size_t colon = host + strcspn(match + host, ":"); /* before a tag */
	enum extent extent = strcmp(match, "**") == 0 ? EXTENT_BELOW : EXTENT_NONE;

	colon = colon < n ? colon : n;
	if (slash && strspn(match, plain) >= colon && !memchr(match + colon, '/', n - colon)) {
		if (colon == n && match[n - 1] == '/' && strcmp(rest, "**") == 0)
			extent = EXTENT_BELOW;
		else if (colon + 1 == n && strcmp(rest, "*") == 0)
			extent = EXTENT_REPOSITORY;
		else if (colon < n && !*rest)
			extent = EXTENT_TAG;
	}
	/* Else to the repository, or to the last whole part. */
	if (extent == EXTENT_REPOSITORY || (extent == EXTENT_NONE && colon < n))
		n = colon;
	else if (extent == EXTENT_NONE && *rest)
		while (n > 0 && match[n - 1] != '/')
			n--;
	while (n > 0 && match[n - 1] == '/')
		n--;
	(void)snprintf(out, LW_MAX_REFERENCE + 1, "%.*s", (int)n, match);
	return extent;
}

static struct scope *find(struct exporting *x, const char *name)
{
	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->list[i].name, name) == 0)
			return &x->list[i];
	x->list = lw_realloc_array(x->list, x->n + 1, sizeof(*x->list));
	x->list[x->n] = (struct scope){ .name = lw_strdup(name) };
	return &x->list[x->n++];
}

/* Every signer must sign, each by one key: there is no "m of n" and no "one of these keys" that
 * all versions of those tools read. */
static const char *group_fault(const struct exporting *x, const struct lw_group *g)
{
	const struct lw_policy *p = x->policy;

	if (g->threshold != g->n_signers || g->threshold != lw_policy_owners(p, g))
		return "it asks for some of a group";
	for (size_t i = 0; i < g->n_signers; i++) {
		const struct lw_signer *s = &p->signers[g->signers[i]];

		if (s->n_keys != 1 || s->n_unsupported > 0)
			return "a signer has another number of keys than one";
		if (x->options->lo < s->valid_from || x->options->hi >= s->valid_until)
			return "what a signer signs does not count now";
	}
	return NULL;
}

static const char *rule_fault(const struct exporting *x, const struct lw_rule *rule,
			      enum extent extent)
{
	bool simple = false;

	if (extent == EXTENT_NONE)
		return "there is no scope of just these images";
	/* Below a repository another rule counts: there only a signature's own name can tell.
	 */
	if (extent == EXTENT_REPOSITORY &&
	    (rule->evidence_not_required || rule->identity == LW_IDENTITY_EXACT))
		return "a scope of a repository has those below it, too";
	if (rule->evidence_not_required)
		return NULL;
	for (size_t i = 0; i < rule->n_signature_types; i++)
		simple |= strcmp(rule->signature_types[i], LW_TYPE_SIMPLE_SIGNING) == 0;
	if (rule->n_require == 0 || !simple)
		return "it asks for no cosign signature";
	if (x->options->registry && strchr(rule->match, ':') < strchr(rule->match, '/') &&
	    strchr(rule->match, ':'))
		return "its host has a port, which no path has";
	if (rule->identity == LW_IDENTITY_EXACT && x->options->registry)
		return "it asks for the exact name, which is another here";
	for (size_t i = 0; i < rule->n_require; i++) {
		const char *fault = group_fault(x, &rule->require[i]);

		if (fault)
			return fault;
	}
	return NULL;
}

/* Until when its signers count: the least; INT64_MAX: for good. */
static int64_t valid_until(const struct lw_policy *p, const struct lw_rule *rule)
{
	int64_t until = INT64_MAX;

	for (size_t i = 0; i < rule->n_require; i++)
		for (size_t k = 0; k < rule->require[i].n_signers; k++) {
			int64_t its = p->signers[rule->require[i].signers[k]].valid_until;

			until = its < until ? its : until;
		}
	return until;
}

/* What of a rule that is there is said no more. */
static void remark_less(struct exporting *x, const struct lw_rule *rule)
{
	int64_t until = valid_until(x->policy, rule);
	char time[LW_TIME_TEXT];

	if (rule->evidence_not_required) {
		lw_remark(&x->to->remarks, LW_REMARK_EXPORT_ANYTHING, rule->match,
			  "nothing is asked for there either");
		return;
	}
	if (rule->n_attestations || rule->repository || rule->base_accepted)
		lw_remark(&x->to->remarks, LW_REMARK_EXPORT_LESS, rule->match,
			  "attestations, TUF and bases are judged by this enclave alone");
	if (until != INT64_MAX)
		lw_remark(&x->to->remarks, LW_REMARK_EXPORT_LESS, rule->match,
			  "a signer counts until %s, which is not said there: make it again "
			  "before",
			  lw_time_format(until, time));
}

static void add_rule(struct exporting *x, const struct lw_rule *rule, const char *fault)
{
	char name[LW_MAX_REFERENCE + 1];
	enum extent extent = scope_of(rule->match, name);
	struct scope *s = find(x, name);

	if (!fault)
		fault = rule_fault(x, rule, extent);
	/* Two rules in one scope: who of them counts depends on the name. */
	if (s->rule)
		fault = s->reject ? s->reject : "another rule has the same scope";
	s->rule = rule;
	s->extent = extent;
	s->reject = fault;
	if (fault)
		lw_remark(&x->to->remarks, LW_REMARK_EXPORT_REJECT, rule->match, "%s: rejected",
			  fault);
	else
		remark_less(x, rule);
}

/* Rules of one zone count: the one that was asked for, or, for each name, the first that has
 * one. */
static void add_rule_of_zone(struct exporting *x, const struct lw_rule *rule)
{
	const struct lw_policy *p = x->policy;
	const char *fault = NULL;

	if (p->n_zones && x->options->zone && strcmp(rule->zone, x->options->zone) != 0)
		return;
	for (size_t i = 0; i < p->n_rules && p->n_zones && !x->options->zone; i++) {
		const struct lw_rule *o = &p->rules[i];

		if (o->zone_index >= rule->zone_index)
			continue;
		if (lw_policy_covers(o->match, rule->match))
			return;
		if (lw_policy_overlap(o->match, rule->match) &&
		    !lw_policy_covers(rule->match, o->match))
			fault = "some of its images enter by another zone's rule";
	}
	add_rule(x, rule, fault);
}

/* The repository of an image that is in, below a path whose rule covers it. */
static void add_image(struct exporting *x, const char *image)
{
	const struct lw_rule *rule = lw_policy_rule(x->policy, image, x->options->zone);
	lw_auto_free char *repository = lw_strdup(image);
	char above[LW_MAX_REFERENCE + 1];
	char *tag = strrchr(repository, ':');
	struct scope *s;

	if (!rule || !tag || scope_of(rule->match, above) != EXTENT_BELOW ||
	    find(x, above)->rule != rule || find(x, above)->reject)
		return;
	*tag = '\0';
	s = find(x, repository);
	if (!s->rule)
		*s = (struct scope){ .name = s->name,
				     .rule = rule,
				     .extent = EXTENT_REPOSITORY };
}

/* ---- keys ---- */

static void take_key(struct exporting *x, const struct lw_signer *s)
{
	struct lw_policy_export *to = x->to;
	struct lw_exported_key *k;
	LW_AUTO(buf) struct lw_buf base64 = { 0 };

	for (size_t i = 0; i < to->n_keys; i++)
		if (to->keys[i].signer == s->name)
			return;
	to->keys = lw_realloc_array(to->keys, to->n_keys + 1, sizeof(*to->keys));
	k = &to->keys[to->n_keys++];
	*k = (struct lw_exported_key){ .signer = s->name };
	lw_base64_encode(&base64, lw_key_der(s->keys[0]));
	lw_buf_adds(&k->pem, "-----BEGIN PUBLIC KEY-----\n");
	for (size_t at = 0; at < base64.n; at += 64)
		lw_buf_printf(&k->pem, "%.*s\n", (int)(base64.n - at < 64 ? base64.n - at : 64),
			      (const char *)base64.p + at);
	lw_buf_adds(&k->pem, "-----END PUBLIC KEY-----\n");
}

/* ---- writing ---- */

/* The name that a repository's signatures must be for; the caller frees it. */
static char *signed_repository(const struct scope *s)
{
	const struct lw_rule *rule = s->rule;
	const char *slash = strchr(s->name, '/'), *tag = slash ? strchr(slash, ':') : NULL;
	lw_auto_free char *repository =
		lw_strndup(s->name, tag ? (size_t)(tag - s->name) : strlen(s->name));
	const char *prefix = rule->identity == LW_IDENTITY_REMAP ? rule->identity_prefix : "";
	size_t n = strlen(prefix);

	if (n > 0 && strncmp(repository, prefix, n) == 0 &&
	    (!repository[n] || repository[n] == '/'))
		return lw_asprintf("%s%s", rule->identity_name, repository + n);
	return lw_steal(repository);
}

static void write_identity(struct exporting *x, const struct scope *s, struct lw_json_writer *w)
{
	const struct lw_rule *rule = s->rule;
	const char *registry = x->options->registry;
	lw_auto_free char *repository = signed_repository(s);
	lw_auto_free char *host = lw_strndup(s->name, strcspn(s->name, "/"));
	const char *type = "matchRepository", *key = NULL, *value = NULL, *prefix = NULL;
	lw_auto_free char *here = NULL;
	bool one =
		s->extent == EXTENT_REPOSITORY ||
		(s->extent == EXTENT_TAG && (registry || rule->identity == LW_IDENTITY_REMAP));

	switch (rule->identity) {
	case LW_IDENTITY_EXACT:
		type = "matchExact";
		break;
	case LW_IDENTITY_EXACT_REFERENCE:
		type = "exactReference", key = "dockerReference", value = rule->identity_name;
		break;
	case LW_IDENTITY_EXACT_REPOSITORY:
		type = "exactRepository", key = "dockerRepository", value = rule->identity_name;
		break;
	case LW_IDENTITY_REMAP:
	case LW_IDENTITY_REPOSITORY:
		/* A remapped name is compared with its tag, which cosign does not sign: above
		 * repositories that lets in what is pulled by digest. */
		if (one) {
			type = "exactRepository", key = "dockerRepository", value = repository;
		} else if (rule->identity == LW_IDENTITY_REMAP) {
			type = "remapIdentity", key = "signedPrefix",
			value = rule->identity_name;
			prefix = rule->identity_prefix;
		} else if (registry && host[0]) {
			type = "remapIdentity", key = "signedPrefix", value = host;
			prefix = host;
		}
		break;
	}
	if (prefix)
		here = registry ? lw_asprintf("%s/%s", registry, prefix) : lw_strdup(prefix);
	lw_json_w_key(w, "signedIdentity");
	lw_json_w_object(w);
	if (key && strcmp(key, "signedPrefix") != 0)
		lw_json_w_member(w, key, value);
	if (here)
		lw_json_w_member(w, "prefix", here);
	if (key && strcmp(key, "signedPrefix") == 0)
		lw_json_w_member(w, key, value);
	lw_json_w_member(w, "type", type);
	lw_json_w_end_object(w);
}

static void write_signed(struct exporting *x, const struct scope *s,
			 const struct lw_signer *signer, struct lw_json_writer *w)
{
	lw_auto_free char *path = lw_asprintf("%s/%s.pub", x->options->keys, signer->name);

	take_key(x, signer);
	lw_json_w_object(w);
	lw_json_w_member(w, "keyPath", path);
	write_identity(x, s, w);
	lw_json_w_member(w, "type", "sigstoreSigned");
	lw_json_w_end_object(w);
}

static void write_type(struct lw_json_writer *w, const char *type)
{
	lw_json_w_object(w);
	lw_json_w_member(w, "type", type);
	lw_json_w_end_object(w);
}

static void write_requirements(struct exporting *x, const struct scope *s,
			       struct lw_json_writer *w)
{
	lw_json_w_array(w);
	if (!s || !s->rule || s->reject) {
		write_type(w, "reject");
	} else if (s->rule->evidence_not_required) {
		write_type(w, "insecureAcceptAnything");
	} else {
		for (size_t i = 0; i < s->rule->n_require; i++)
			for (size_t k = 0; k < s->rule->require[i].n_signers; k++)
				write_signed(
					x, s,
					&x->policy->signers[s->rule->require[i].signers[k]], w);
	}
	lw_json_w_end_array(w);
}

static int compare_scopes(const void *a, const void *b)
{
	return strcmp(((const struct scope *)a)->name, ((const struct scope *)b)->name);
}

static void write_policy(struct exporting *x)
{
	struct lw_json_writer w = { .out = &x->to->policy, .canonical = true };
	const char *registry = x->options->registry;

	lw_sort(x->list, x->n, sizeof(*x->list), compare_scopes);
	lw_json_w_object(&w);
	lw_json_w_key(&w, "default");
	write_requirements(x, NULL, &w); /* of other transports, too: nothing */
	lw_json_w_key(&w, "transports");
	lw_json_w_object(&w);
	lw_json_w_key(&w, "docker");
	lw_json_w_object(&w);
	for (size_t i = 0; i < x->n; i++) {
		const struct scope *s = &x->list[i];
		lw_auto_free char *name = !registry ? lw_strdup(s->name)
					  : !s->name[0]
						  ? lw_strdup(registry)
						  : lw_asprintf("%s/%s", registry, s->name);

		lw_json_w_key(&w, name);
		write_requirements(x, s, &w);
	}
	lw_json_w_end_object(&w);
	lw_json_w_end_object(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	lw_buf_addc(&x->to->policy, '\n');
}

static void write_registries(struct exporting *x)
{
	if (x->options->registry)
		lw_buf_printf(&x->to->registries,
			      "docker:\n  \"%s\":\n    use-sigstore-attachments: true\n",
			      x->options->registry);
	else
		lw_buf_adds(&x->to->registries,
			    "default-docker:\n  use-sigstore-attachments: true\n");
}

void lw_policy_export(const struct lw_policy *p, const struct lw_policy_export_options *options,
		      struct lw_policy_export *ret)
{
	struct exporting x = { .policy = p, .options = options, .to = ret };

	for (size_t i = 0; i < p->n_rules; i++)
		add_rule_of_zone(&x, &p->rules[i]);
	for (size_t i = 0; options->registry && i < options->n_images; i++)
		add_image(&x, options->images[i]);
	write_policy(&x);
	write_registries(&x);
	for (size_t i = 0; i < x.n; i++)
		free(x.list[i].name);
	free(x.list);
}

void lw_policy_export_release(struct lw_policy_export *x)
{
	for (size_t i = 0; i < x->n_keys; i++)
		lw_buf_free(&x->keys[i].pem);
	free(x->keys);
	lw_buf_free(&x->policy);
	lw_buf_free(&x->registries);
	lw_remarks_release(&x->remarks);
}
