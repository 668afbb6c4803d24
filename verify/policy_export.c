/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/policy_export.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct scope {
	char *name; /* owned; "": the default */
	const struct lw_rule *rule;
	bool below;	    /* it is what stands above repositories */
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

/* What a pattern is there: a repository, a tag, or all below a path. False: nothing there
 * matches just that; then `out` is the nearest that is wider. */
static bool scope_of(const char *match, char out[LW_MAX_REFERENCE + 1])
{
	size_t n = strcspn(match, "*");
	const char *rest = match + n;
	bool same = !*rest || strcmp(match, "**") == 0 ||
		    (n > 0 &&
		     (match[n - 1] == '/' ? strcmp(rest, "**") == 0
					  : match[n - 1] == ':' && strcmp(rest, "*") == 0));

	(void)snprintf(out, LW_MAX_REFERENCE + 1, "%.*s", (int)n, match);
	if (*rest && !(n > 0 && match[n - 1] == ':' && same)) /* up to the last whole part */
		while (n > 0 && out[n - 1] != '/')
			out[--n] = '\0';
	while (n > 0 && (out[n - 1] == '/' || out[n - 1] == ':'))
		out[--n] = '\0';
	return same;
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
static const char *group_fault(const struct lw_policy *p, const struct lw_group *g)
{
	if (g->threshold != g->n_signers || g->threshold != lw_policy_owners(p, g))
		return "it asks for some of a group";
	for (size_t i = 0; i < g->n_signers; i++) {
		const struct lw_signer *s = &p->signers[g->signers[i]];

		if (s->n_keys != 1 || s->n_unsupported > 0)
			return "a signer has another number of keys than one";
	}
	return NULL;
}

static const char *rule_fault(const struct exporting *x, const struct lw_rule *rule)
{
	bool simple = false;

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
		const char *fault = group_fault(x->policy, &rule->require[i]);

		if (fault)
			return fault;
	}
	return NULL;
}

static void add_rule(struct exporting *x, const struct lw_rule *rule)
{
	char name[LW_MAX_REFERENCE + 1];
	bool same = scope_of(rule->match, name);
	struct scope *s = find(x, name);
	const char *fault =
		same ? rule_fault(x, rule) : "there is no scope of just these images";

	/* Two rules in one scope: who of them counts depends on the name. */
	if (s->rule || (s->reject && !fault))
		fault = s->reject ? s->reject : "another rule has the same scope";
	s->rule = rule;
	s->below = strstr(rule->match, "**") != NULL;
	s->reject = fault;
	if (fault)
		lw_remark(&x->to->remarks, LW_REMARK_EXPORT_REJECT, rule->match, "%s: rejected",
			  fault);
	else if (rule->evidence_not_required)
		lw_remark(&x->to->remarks, LW_REMARK_EXPORT_ANYTHING, rule->match,
			  "nothing is asked for there either");
	else if (rule->n_attestations || rule->repository || rule->base_accepted)
		lw_remark(&x->to->remarks, LW_REMARK_EXPORT_LESS, rule->match,
			  "attestations, TUF and bases are judged by this enclave alone");
}

static bool is_of_zone(const struct exporting *x, const struct lw_rule *rule)
{
	const struct lw_policy *p = x->policy;

	if (p->n_zones == 0)
		return true;
	if (x->options->zone)
		return strcmp(rule->zone, x->options->zone) == 0;
	/* the first zone that has a rule of this pattern */
	for (size_t i = 0; i < p->n_rules; i++)
		if (strcmp(p->rules[i].match, rule->match) == 0 &&
		    p->rules[i].zone_index < rule->zone_index)
			return false;
	return true;
}

/* The repository of an image that is in, below a path whose rule covers it. */
static void add_image(struct exporting *x, const char *image)
{
	const struct lw_rule *rule = lw_policy_rule(x->policy, image, x->options->zone);
	lw_auto_free char *repository = lw_strdup(image);
	char *tag = strrchr(repository, ':');
	struct scope *s;

	if (!rule || !tag || rule_fault(x, rule))
		return;
	*tag = '\0';
	s = find(x, repository);
	if (s->rule && s->rule != rule)
		s->reject = "its images fall under several rules";
	else if (!s->rule)
		*s = (struct scope){ .name = s->name, .rule = rule, .reject = s->reject };
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

static void write_identity(struct exporting *x, const struct scope *s, struct lw_json_writer *w)
{
	const struct lw_rule *rule = s->rule;
	const char *registry = x->options->registry;
	const char *tag = strrchr(s->name, ':'), *slash = strrchr(s->name, '/');
	lw_auto_free char *repository =
		lw_strndup(s->name, tag && slash && tag > slash ? (size_t)(tag - s->name)
								: strlen(s->name));
	lw_auto_free char *host = lw_strndup(s->name, strcspn(s->name, "/"));
	const char *type = "matchRepository", *key = NULL, *value = NULL, *prefix = NULL;
	lw_auto_free char *here = NULL;

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
		type = "remapIdentity", key = "signedPrefix", value = rule->identity_name;
		prefix = rule->identity_prefix;
		break;
	case LW_IDENTITY_REPOSITORY:
		/* A remapped name is compared with its tag, which cosign does not sign: above
		 * repositories that lets in what is pulled by digest. */
		if (registry && !s->below) {
			type = "exactRepository", key = "dockerRepository", value = repository;
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
	write_requirements(x, !registry && x->n && !x->list[0].name[0] ? &x->list[0] : NULL,
			   &w);
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

		if (!name[0])
			continue;
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
		if (is_of_zone(&x, &p->rules[i]))
			add_rule(&x, &p->rules[i]);
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
