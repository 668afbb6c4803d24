/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/policy_internal.h"

#include "base/text.h"

#define DEFAULT_SKEW_SEC 300

int lw_policy_no_later(const struct lw_json *object, const char *const *later, const char *what,
		       struct lw_error *e)
{
	for (const struct lw_json *m = lw_json_first(object); m; m = lw_json_next(m))
		for (size_t i = 0; later[i]; i++)
			if (strcmp(lw_json_key(m), later[i]) == 0)
				return lw_fail(e, LW_E_UNSUPPORTED,
					       "%s: '%s' is not supported by this version",
					       what, later[i]);
	return 0;
}

int lw_policy_read_texts(const struct lw_json *list, const char *what, const char ***ret,
			 size_t *ret_n, struct lw_error *e)
{
	*ret = lw_alloc_array(lw_json_count(list), sizeof(**ret));
	for (const struct lw_json *m = lw_json_first(list); m; m = lw_json_next(m)) {
		const char *text = lw_json_string(m);

		if (!text || !*text || !lw_text_is_plain(lw_span_str(text)))
			return lw_fail(e, LW_E_FORMAT, "%s: want plain texts", what);
		for (size_t i = 0; i < *ret_n; i++)
			if (strcmp((*ret)[i], text) == 0)
				return lw_fail(e, LW_E_CONFLICT, "%s: '%s' stands twice", what,
					       text);
		(*ret)[(*ret_n)++] = text;
	}
	return 0;
}

struct policy_fields {
	const struct lw_json *signers, *senders, *images, *time, *tuf, *zones;
};

static int read_zones(struct lw_policy *p, const struct lw_json *zones, struct lw_error *e)
{
	int r = lw_policy_read_texts(zones, "zones", &p->zones, &p->n_zones, e);

	for (size_t i = 0; i < p->n_zones && r == 0; i++)
		if (!lw_text_is_label(lw_span_str(p->zones[i])))
			r = lw_fail(e, LW_E_FORMAT, "zones: '%s' is not a label", p->zones[i]);
	return r;
}

static int read_repositories(struct lw_policy *p, const struct lw_json *tuf,
			     const struct lw_policy_files *files, struct lw_error *e)
{
	if (lw_json_count(tuf) > LW_MAX_REPOSITORIES)
		return lw_fail(e, LW_E_LIMIT, "more than %zu repositories",
			       LW_MAX_REPOSITORIES);
	p->repositories = lw_alloc_array(lw_json_count(tuf), sizeof(*p->repositories));
	for (const struct lw_json *n = lw_json_first(tuf); n; n = lw_json_next(n))
		if (lw_policy_read_repository(p, n, files, e) < 0)
			return lw_prefix(e, "repository '%s'", lw_json_key(n));
	return 0;
}

static int read_policy(struct lw_policy *p, const struct policy_fields *f,
		       const struct lw_policy_files *files, struct lw_error *e)
{
	int r = f->zones ? read_zones(p, f->zones, e) : 0;

	if (r < 0)
		return r;
	p->signers = lw_alloc_array(lw_json_count(f->signers), sizeof(*p->signers));
	p->senders = lw_alloc_array(lw_json_count(f->senders), sizeof(*p->senders));
	p->rules = lw_alloc_array(lw_json_count(f->images), sizeof(*p->rules));
	for (const struct lw_json *n = lw_json_first(f->signers); n; n = lw_json_next(n))
		if ((r = lw_policy_read_signer(p, n, files, e)) < 0)
			return lw_prefix(e, "signer '%s'", lw_json_key(n));
	for (const struct lw_json *n = lw_json_first(f->senders); n; n = lw_json_next(n))
		if ((r = lw_policy_read_sender(p, n, e)) < 0)
			return lw_prefix(e, "sender '%s'", lw_json_key(n));
	r = f->tuf ? read_repositories(p, f->tuf, files, e) : 0;
	if (r < 0)
		return r;
	for (const struct lw_json *n = lw_json_first(f->images); n; n = lw_json_next(n)) {
		size_t i = p->n_rules;

		if ((r = lw_policy_read_rule(p, n, e)) < 0)
			return lw_prefix(e, "images[%zu]", i);
	}
	if (f->time && (r = lw_policy_read_time(p, f->time, e)) < 0)
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
		LW_POLICY_FIELD(struct policy_fields, images, LW_JSON_READ_ARRAY,
				.flags = LW_JSON_REQUIRED, .max = LW_MAX_RULES),
		LW_POLICY_FIELD(struct policy_fields, senders, LW_JSON_READ_OBJECT,
				.flags = LW_JSON_REQUIRED),
		LW_POLICY_FIELD(struct policy_fields, signers, LW_JSON_READ_OBJECT,
				.flags = LW_JSON_REQUIRED),
		LW_POLICY_FIELD(struct policy_fields, time, LW_JSON_READ_OBJECT),
		LW_POLICY_FIELD(struct policy_fields, tuf, LW_JSON_READ_OBJECT),
		LW_POLICY_FIELD(struct policy_fields, zones, LW_JSON_READ_ARRAY, .min = 1,
				.max = LW_MAX_ZONES),
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
	for (size_t i = 0; i < p->n_rules; i++)
		lw_policy_release_rule(&p->rules[i]);
	for (size_t i = 0; i < p->n_repositories; i++)
		lw_buf_free(&p->repositories[i].root);
	free(p->repositories);
	free(p->time.signers);
	free(p->signers);
	free(p->senders);
	free(p->rules);
	free(p->zones);
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

const struct lw_repository *lw_policy_repository(const struct lw_policy *p, const char *name)
{
	for (size_t i = 0; i < p->n_repositories; i++)
		if (strcmp(p->repositories[i].name, name) == 0)
			return &p->repositories[i];
	return NULL;
}

const struct lw_rule *lw_policy_rule(const struct lw_policy *p, const char *image,
				     const char *zone)
{
	const struct lw_rule *best = NULL;

	for (size_t i = 0; i < p->n_rules; i++) {
		const struct lw_rule *r = &p->rules[i];

		/* Without zones a rule's zone is a mere label, and all rules compete. */
		if ((zone && p->n_zones && strcmp(r->zone, zone) != 0) ||
		    !lw_policy_matches(r->match, image))
			continue;
		if (!best || r->zone_index < best->zone_index ||
		    (r->zone_index == best->zone_index &&
		     lw_policy_more_specific(r->match, best->match) > 0))
			best = r;
	}
	return best;
}

size_t lw_policy_zone(const struct lw_policy *p, const char *zone)
{
	for (size_t i = 0; i < p->n_zones; i++)
		if (strcmp(p->zones[i], zone) == 0)
			return i + 1;
	return 0;
}
