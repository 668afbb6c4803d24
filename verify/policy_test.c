/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/policy_test.h"

#include "base/text.h"
#include "verify/policy_internal.h"

static int read_field(const struct lw_json *node, struct lw_case_field *f, struct lw_error *e)
{
	static const char *const words[] = {
		[LW_SAID_BUILDER] = "builder",
		[LW_SAID_SOURCE] = "source",
		[LW_SAID_BUILD_TYPE] = "build_type",
	};

	f->value = lw_json_string(node);
	if (!f->value)
		return lw_fail(e, LW_E_FORMAT, "fields: want texts");
	for (enum lw_said_field i = LW_SAID_BUILDER; i <= LW_SAID_BUILD_TYPE; i++)
		if (strcmp(lw_json_key(node), words[i]) == 0)
			f->field = i;
	if (!f->field && !lw_policy_is_pointer(lw_json_key(node)))
		return lw_fail(
			e, LW_E_FORMAT,
			"fields: want builder, source, build_type or \"/predicate/...\"");
	f->pointer = f->field ? NULL : lw_json_key(node);
	return 0;
}

static int read_attestation(const struct lw_policy *p, const struct lw_json *node,
			    struct lw_case_attestation *a, struct lw_error *e)
{
	struct fields {
		const char *type;
		const struct lw_json *by, *fields;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		LW_POLICY_FIELD(struct fields, by, LW_JSON_READ_ARRAY,
				.flags = LW_JSON_REQUIRED, .min = 1, .max = LW_MAX_SIGNERS),
		LW_POLICY_FIELD(struct fields, fields, LW_JSON_READ_OBJECT),
		LW_POLICY_FIELD(struct fields, type, LW_JSON_READ_STRING,
				.flags = LW_JSON_REQUIRED),
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			     "attestation", &f, e);

	if (r == 0 && !lw_policy_is_type(f.type))
		r = lw_fail(e, LW_E_FORMAT, "type: want the URI of a predicate");
	if (r == 0)
		r = lw_policy_read_signers(p, f.by, &a->by, &a->n_by, e);
	if (r < 0)
		return r;
	a->type = f.type;
	a->fields = lw_alloc_array(f.fields ? lw_json_count(f.fields) : 0, sizeof(*a->fields));
	for (const struct lw_json *n = f.fields ? lw_json_first(f.fields) : NULL; n && r == 0;
	     n = lw_json_next(n))
		r = read_field(n, &a->fields[a->n_fields++], e);
	return r;
}

static int read_verdict(const char *expect, const char *because, struct lw_policy_case *c,
			struct lw_error *e)
{
	c->accepted = strcmp(expect, "accepted") == 0;
	if (!c->accepted && strcmp(expect, "refused") != 0)
		return lw_fail(e, LW_E_FORMAT, "expect: want \"accepted\" or \"refused\"");
	if (!because)
		return 0;
	if (c->accepted)
		return lw_fail(e, LW_E_FORMAT, "because: only what is refused has a reason");
	for (unsigned id = 0; id < LW_FINDING_COUNT; id++)
		if (strcmp(lw_finding_kind((enum lw_finding_id)id)->code, because) == 0) {
			c->has_because = true;
			c->because = (enum lw_finding_id)id;
			return 0;
		}
	return lw_fail(e, LW_E_NOTFOUND, "because: no such finding");
}

static int require_zone(const struct lw_policy *p, const char *zone, struct lw_error *e)
{
	for (size_t i = 0; i < p->n_zones; i++)
		if (strcmp(p->zones[i], zone) == 0)
			return 0;
	for (size_t i = 0; i < p->n_rules && p->n_zones == 0; i++)
		if (strcmp(p->rules[i].zone, zone) == 0)
			return 0;
	return lw_fail(e, LW_E_NOTFOUND, "no zone '%s'", zone);
}

struct case_fields {
	const char *image, *zone, *expect, *because;
	const struct lw_json *signed_by, *attestations;
	int64_t at;
	bool listed;
};

static int read_case(const struct lw_policy *p, const struct lw_json *node,
		     struct lw_policy_case *c, struct lw_error *e)
{
	struct case_fields f = { .at = -1 };
	static const struct lw_json_field fields[] = {
		LW_POLICY_FIELD(struct case_fields, at, LW_JSON_READ_TIME),
		LW_POLICY_FIELD(struct case_fields, attestations, LW_JSON_READ_ARRAY,
				.max = LW_MAX_RULE_GROUPS),
		LW_POLICY_FIELD(struct case_fields, because, LW_JSON_READ_STRING),
		LW_POLICY_FIELD(struct case_fields, expect, LW_JSON_READ_STRING,
				.flags = LW_JSON_REQUIRED),
		LW_POLICY_FIELD(struct case_fields, image, LW_JSON_READ_PLAIN,
				.flags = LW_JSON_REQUIRED, .min = 1, .max = LW_MAX_REFERENCE),
		LW_POLICY_FIELD(struct case_fields, listed, LW_JSON_READ_BOOL),
		LW_POLICY_FIELD(struct case_fields, signed_by, LW_JSON_READ_ARRAY,
				.max = LW_MAX_SIGNERS),
		LW_POLICY_FIELD(struct case_fields, zone, LW_JSON_READ_LABEL),
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN, "case",
			     &f, e);

	if (r == 0)
		r = read_verdict(f.expect, f.because, c, e);
	if (r == 0 && f.zone)
		r = require_zone(p, f.zone, e);
	if (r == 0 && f.signed_by)
		r = lw_policy_read_signers(p, f.signed_by, &c->signed_by, &c->n_signed_by, e);
	if (r < 0)
		return r;
	c->image = f.image;
	c->zone = f.zone;
	c->at = f.at;
	c->listed = f.listed;
	c->attestations = lw_alloc_array(f.attestations ? lw_json_count(f.attestations) : 0,
					 sizeof(*c->attestations));
	for (const struct lw_json *n = f.attestations ? lw_json_first(f.attestations) : NULL;
	     n && r == 0; n = lw_json_next(n)) {
		size_t i = c->n_attestations++;

		r = read_attestation(p, n, &c->attestations[i], e);
		if (r < 0)
			r = lw_prefix(e, "attestations[%zu]", i);
	}
	return r;
}

int lw_policy_test_parse(struct lw_span bytes, const struct lw_policy *p,
			 struct lw_policy_test **ret, struct lw_error *e)
{
	struct table {
		const struct lw_json *cases;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		LW_POLICY_FIELD(struct table, cases, LW_JSON_READ_ARRAY,
				.flags = LW_JSON_REQUIRED, .max = LW_MAX_POLICY_CASES),
		{ .name = "format",
		  .reader = LW_JSON_IS,
		  .flags = LW_JSON_REQUIRED,
		  .is = "landwaiter-policy-test/1" },
	};
	LW_AUTO(policy_test) struct lw_policy_test *t = lw_alloc_array(1, sizeof(*t));

	if (bytes.n > LW_MAX_POLICY_BYTES)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu bytes", LW_MAX_POLICY_BYTES);

	int r = lw_json_parse(bytes, &LW_JSON_STRICT, &t->doc, e);

	if (r == 0)
		r = lw_json_read(lw_json_root(t->doc), fields, LW_COUNT_OF(fields),
				 LW_JSON_REFUSE_UNKNOWN, "top level", &f, e);
	if (r < 0)
		return r;
	t->cases = lw_alloc_array(lw_json_count(f.cases), sizeof(*t->cases));
	for (const struct lw_json *n = lw_json_first(f.cases); n; n = lw_json_next(n)) {
		size_t i = t->n_cases++;

		if ((r = read_case(p, n, &t->cases[i], e)) < 0)
			return lw_prefix(e, "cases[%zu]", i);
	}
	*ret = lw_steal(t);
	return 0;
}

void lw_policy_test_free(struct lw_policy_test *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_cases; i++) {
		struct lw_policy_case *c = &t->cases[i];

		for (size_t k = 0; k < c->n_attestations; k++) {
			free(c->attestations[k].by);
			free(c->attestations[k].fields);
		}
		free(c->attestations);
		free(c->signed_by);
	}
	free(t->cases);
	lw_json_free(t->doc);
	free(t);
}
