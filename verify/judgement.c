/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/judgement.h"

#include "base/mem.h"
#include "base/text.h"

#include <stddef.h>
#include <string.h>

const char *lw_worth_name(enum lw_worth w)
{
	static const char *const names[] = { "bad", "unchecked", "aside", "counts" };

	return (unsigned)w < LW_COUNT_OF(names) ? names[w] : "bad";
}

const char *lw_vouched_name(enum lw_vouched v)
{
	static const char *const names[] = { "absent", "bad", "unchecked", "aside", "good" };

	return (unsigned)v < LW_COUNT_OF(names) ? names[v] : "absent";
}

/* ---- names ---- */

/* Docker Hub goes by two names (distribution/reference: "index.docker.io" is "docker.io"). */
static const char *one_hub(const char *name)
{
	static const char alias[] = "index.docker.io/";

	return strncmp(name, alias, sizeof(alias) - 1) == 0 ? name + strlen("index.") : name;
}

/* How much of a name is its repository: up to its digest and its tag. */
static size_t repository_n(const char *name)
{
	const char *at = strchr(name, '@');
	size_t n = at ? (size_t)(at - name) : strlen(name);

	for (size_t i = n; i > 0 && name[i - 1] != '/'; i--)
		if (name[i - 1] == ':')
			return i - 1;
	return n;
}

/* What may follow a repository: nothing, a tag, a digest, or both. What is signed is another's
 * text, and "app:" or "app@" names nothing. */
static bool ends_well(const char *rest)
{
	static const char tag[] =
		"-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
	struct lw_digest ignored;
	struct lw_error e;

	if (*rest == ':') {
		size_t n = strspn(rest + 1, tag);

		if (n == 0 || rest[1] == '-' || rest[1] == '.')
			return false;
		rest += 1 + n;
	}
	return *rest == '\0' ||
	       (*rest == '@' && lw_digest_parse(lw_span_str(rest + 1), &ignored, &e) == 0);
}

static bool same_repository(const char *a, const char *b)
{
	a = one_hub(a);
	b = one_hub(b);
	return repository_n(a) == repository_n(b) && strncmp(a, b, repository_n(a)) == 0 &&
	       ends_well(a + repository_n(a));
}

/* The name that must have been signed under remapIdentity: where the repository is the prefix,
 * or goes on with '/', the other in its place; else the image's own (containers-policy.json.5).
 */
static char *remapped(const struct lw_rule *rule, const char *image)
{
	size_t n = strlen(rule->identity_prefix);

	if (strncmp(image, rule->identity_prefix, n) != 0 ||
	    (n != repository_n(image) && image[n] != '/'))
		return lw_strdup(image);
	return lw_asprintf("%s%s", rule->identity_name, image + n);
}

char *lw_judgement_name_wanted(const struct lw_rule *rule, const char *image)
{
	switch (rule->identity) {
	case LW_IDENTITY_EXACT_REFERENCE:
	case LW_IDENTITY_EXACT_REPOSITORY:
		return lw_strdup(rule->identity_name);
	case LW_IDENTITY_REMAP:
		return remapped(rule, image);
	case LW_IDENTITY_EXACT:
	case LW_IDENTITY_REPOSITORY:
		break;
	}
	return lw_strdup(image);
}

bool lw_judgement_names(const struct lw_rule *rule, const char *image, const char *type,
			const char *signed_name)
{
	lw_auto_free char *want = lw_judgement_name_wanted(rule, image);
	/* An endorsement is of an exact name and digest, tag included. */
	bool exact = strcmp(type, LW_TYPE_ENDORSEMENT) == 0;

	if (rule->identity == LW_IDENTITY_EXACT ||
	    rule->identity == LW_IDENTITY_EXACT_REFERENCE)
		exact = true;
	else if (rule->identity == LW_IDENTITY_EXACT_REPOSITORY)
		exact = false;
	return exact ? strcmp(one_hub(signed_name), one_hub(want)) == 0
		     : same_repository(signed_name, want);
}

/* ---- one testimony ---- */

static void stand(struct lw_standing *s, enum lw_worth worth, enum lw_finding_id finding,
		  const char *fmt, ...) LW_PRINTF(4, 5);
static void stand(struct lw_standing *s, enum lw_worth worth, enum lw_finding_id finding,
		  const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	s->worth = worth;
	s->finding = finding;
	s->signature = s->attestation = false;
	(void)lw_text_escape_str(text, s->why, sizeof(s->why));
}

static bool is_signature_type(const struct lw_rule *rule, const char *type)
{
	for (size_t i = 0; i < rule->n_signature_types; i++)
		if (strcmp(rule->signature_types[i], type) == 0)
			return true;
	return false;
}

/* Our endorsement says for which zone and until when (docs/format/endorsement.md). What cannot
 * be read may be what limits it. Returns whether it counts in this rule, now. */
static bool endorsement_holds(const struct lw_rule *rule, const struct lw_judged *image,
			      const struct lw_testimony *t, struct lw_standing *s)
{
	struct endorsed {
		int64_t created, expires;
		const char *zone;
	} f = { .expires = INT64_MAX };
	static const struct lw_json_field fields[] = {
		{ .name = "created",
		  .reader = LW_JSON_READ_TIME,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct endorsed, created) },
		{ .name = "expires",
		  .reader = LW_JSON_READ_TIME,
		  .offset = offsetof(struct endorsed, expires) },
		{ .name = "zone",
		  .reader = LW_JSON_READ_LABEL,
		  .offset = offsetof(struct endorsed, zone) },
	};
	struct lw_error e = { 0 };

	if (!t->said.predicate)
		stand(s, LW_WORTH_BAD, LW_FINDING_EVIDENCE_MALFORMED,
		      "endorsement without a predicate");
	else if (lw_json_read(t->said.predicate, fields, LW_COUNT_OF(fields),
			      LW_JSON_REFUSE_UNKNOWN, "endorsement", &f, &e) < 0)
		stand(s, LW_WORTH_BAD, LW_FINDING_EVIDENCE_MALFORMED, "%s", e.text);
	else if (f.zone && strcmp(f.zone, rule->zone) != 0)
		stand(s, LW_WORTH_ASIDE, LW_FINDING_EVIDENCE_UNCHECKED,
		      "endorses it for zone %s", f.zone);
	else if (f.expires <= image->now.hi)
		stand(s, LW_WORTH_ASIDE, LW_FINDING_EVIDENCE_UNCHECKED,
		      "endorsement expired at %s",
		      lw_said_string(&t->said, "/predicate/expires"));
	else
		return true;
	return false;
}

/* Signatures, and endorsements whatever policy takes them for: of this name, of the whole. */
static void weigh_named(const struct lw_rule *rule, const struct lw_judged *image,
			const struct lw_testimony *t, const struct lw_said_subject *about,
			struct lw_standing *s)
{
	bool endorses = strcmp(t->said.type, LW_TYPE_ENDORSEMENT) == 0;

	if (about->name && !lw_judgement_names(rule, image->name, t->said.type, about->name))
		stand(s, LW_WORTH_BAD, LW_FINDING_EVIDENCE_NAME, "made for %s", about->name);
	else if (!about->name && (endorses || !rule->unnamed_by_seal))
		stand(s, LW_WORTH_ASIDE, LW_FINDING_EVIDENCE_UNCHECKED,
		      endorses ? "endorses no name"
			       : "names no repository, and policy does not say what else "
				 "binds it");
	else if (!lw_digest_equal(&about->digest, &image->digest))
		stand(s, LW_WORTH_ASIDE, LW_FINDING_EVIDENCE_UNCHECKED,
		      "of a part of the image, not of the whole");
	else if (!endorses || endorsement_holds(rule, image, t, s))
		s->signature = is_signature_type(rule, t->said.type);
}

static void weigh(const struct lw_policy *p, const struct lw_rule *rule,
		  const struct lw_judged *image, const struct lw_testimony *t,
		  struct lw_standing *s)
{
	if (t->state != LW_TESTIMONY_GOOD) {
		stand(s, t->state == LW_TESTIMONY_UNCHECKED ? LW_WORTH_UNCHECKED : LW_WORTH_BAD,
		      t->finding, "%s", t->why);
		return;
	}

	const struct lw_signer *signer = &p->signers[t->signer];
	const struct lw_said_subject *about = lw_said_about(&t->said, &t->subject);

	if (!about) {
		stand(s, LW_WORTH_BAD, LW_FINDING_EVIDENCE_SUBJECT,
		      "signed something else than what it is attached to");
		return;
	}
	stand(s, LW_WORTH_COUNTS, LW_FINDING_EVIDENCE_UNCHECKED, "%s", "");
	s->attestation = t->said.predicate != NULL;
	if (is_signature_type(rule, t->said.type) ||
	    strcmp(t->said.type, LW_TYPE_ENDORSEMENT) == 0)
		weigh_named(rule, image, t, about, s);
	else if (!s->attestation)
		stand(s, LW_WORTH_ASIDE, LW_FINDING_EVIDENCE_UNCHECKED,
		      "of a type that policy does not take for a signature");
	if (s->worth == LW_WORTH_COUNTS &&
	    (image->now.lo < signer->valid_from || image->now.hi >= signer->valid_until))
		stand(s, LW_WORTH_ASIDE, LW_FINDING_EVIDENCE_UNCHECKED,
		      "its signer is not valid now");
}

/* ---- groups ---- */

static void note(enum lw_vouched *v, enum lw_vouched better)
{
	if (better > *v)
		*v = better;
}

static void count_people(const struct lw_policy *p, struct lw_group_result *g)
{
	g->people = 0;
	for (size_t i = 0; i < g->group->n_signers; i++) {
		bool counted = g->by_signer[i] != LW_VOUCHED_GOOD;

		for (size_t j = 0; j < i && !counted; j++)
			counted = g->by_signer[j] == LW_VOUCHED_GOOD &&
				  strcmp(p->signers[g->group->signers[i]].owner,
					 p->signers[g->group->signers[j]].owner) == 0;
		g->people += !counted;
	}
	/* A threshold of 0 is no threshold: such a group is never met. */
	g->met = g->group->threshold > 0 && g->people >= g->group->threshold;
}

/* What cannot be checked may be theirs, where one of their keys cannot be. */
static void note_mute(const struct lw_policy *p, bool unchecked, struct lw_group_result *g)
{
	for (size_t i = 0; i < g->group->n_signers; i++) {
		const struct lw_signer *s = &p->signers[g->group->signers[i]];

		if (s->n_unsupported > 0 && (s->n_keys == 0 || unchecked))
			note(&g->by_signer[i], LW_VOUCHED_UNCHECKED);
	}
}

static void judge_group(const struct lw_policy *p, const struct lw_judged *image,
			const struct lw_judgement *j, const struct lw_group *group,
			struct lw_group_result *g)
{
	bool unchecked = false;

	g->group = group;
	g->by_signer = lw_alloc_array(group->n_signers, sizeof(*g->by_signer));
	for (size_t t = 0; t < image->n_testimonies; t++) {
		const struct lw_standing *s = &j->standings[t];

		unchecked |= s->worth == LW_WORTH_UNCHECKED;
		for (size_t i = 0; i < group->n_signers; i++) {
			if (group->signers[i] != image->testimonies[t].signer)
				continue;
			if (s->worth == LW_WORTH_COUNTS && s->signature)
				note(&g->by_signer[i], LW_VOUCHED_GOOD);
			else if (s->worth == LW_WORTH_ASIDE)
				note(&g->by_signer[i], LW_VOUCHED_ASIDE);
			else if (s->worth == LW_WORTH_UNCHECKED)
				note(&g->by_signer[i], LW_VOUCHED_UNCHECKED);
			else if (s->worth == LW_WORTH_BAD)
				note(&g->by_signer[i], LW_VOUCHED_BAD);
		}
	}
	note_mute(p, unchecked, g);
	count_people(p, g);
}

/* ---- attestations ---- */

static bool condition_met(const struct lw_condition *c, const struct lw_said *said)
{
	const char *value =
		c->pointer ? lw_said_string(said, c->pointer) : lw_said_field(said, c->field);

	for (size_t i = 0; value && i < c->n_in; i++)
		if (strcmp(c->in[i], value) == 0)
			return true;
	return false;
}

static bool attests(const struct lw_attestation_rule *rule, const struct lw_judged *image,
		    const struct lw_judgement *j, size_t t, bool *ret_field_missed)
{
	const struct lw_said *said = &image->testimonies[t].said;

	if (j->standings[t].worth != LW_WORTH_COUNTS || !j->standings[t].attestation ||
	    strcmp(said->type, rule->type) != 0)
		return false;
	for (size_t i = 0; i < rule->n_conditions; i++)
		if (!condition_met(&rule->conditions[i], said)) {
			*ret_field_missed = true;
			return false;
		}
	return true;
}

/* Whether the signer attested this manifest. */
static bool attested(const struct lw_attestation_rule *rule, const struct lw_judged *image,
		     const struct lw_judgement *j, size_t signer, const struct lw_digest *what,
		     bool *ret_field_missed)
{
	for (size_t t = 0; t < image->n_testimonies; t++)
		if (image->testimonies[t].signer == signer &&
		    lw_said_about(&image->testimonies[t].said, what) &&
		    attests(rule, image, j, t, ret_field_missed))
			return true;
	return false;
}

static void judge_attestation(const struct lw_policy *p, const struct lw_judged *image,
			      const struct lw_judgement *j,
			      const struct lw_attestation_rule *rule, struct lw_group_result *g)
{
	bool unchecked = false;

	g->group = &rule->of;
	g->by_signer = lw_alloc_array(rule->of.n_signers, sizeof(*g->by_signer));
	/* What they signed and cannot be read here may be the attestation. */
	for (size_t t = 0; t < image->n_testimonies; t++) {
		if (j->standings[t].worth != LW_WORTH_UNCHECKED)
			continue;
		unchecked = true;
		for (size_t i = 0; i < rule->of.n_signers; i++)
			if (rule->of.signers[i] == image->testimonies[t].signer)
				note(&g->by_signer[i], LW_VOUCHED_UNCHECKED);
	}
	for (size_t i = 0; i < rule->of.n_signers; i++) {
		size_t signer = rule->of.signers[i], n = 0;

		if (attested(rule, image, j, signer, &image->digest, &g->field_missed)) {
			g->by_signer[i] = LW_VOUCHED_GOOD;
			continue;
		}
		while (n < image->n_platforms &&
		       attested(rule, image, j, signer, &image->platforms[n], &g->field_missed))
			n++;
		if (n > 0 && n == image->n_platforms)
			g->by_signer[i] = LW_VOUCHED_GOOD;
	}
	note_mute(p, unchecked, g);
	count_people(p, g);
}

/* ---- findings ---- */

void lw_judgement_describe(const struct lw_policy *p, const struct lw_group_result *g,
			   struct lw_buf *out)
{
	static const char *const words[] = { " absent", " bad", " cannot be checked",
					     " does not count", " \xe2\x9c\x93" };

	lw_buf_printf(out, "%zu of %zu:", g->people, lw_policy_owners(p, g->group));
	for (size_t i = 0; i < g->group->n_signers; i++)
		lw_buf_printf(out, " %s%s", p->signers[g->group->signers[i]].name,
			      words[g->by_signer[i]]);
}

static void wanted(const struct lw_policy *p, const struct lw_group *g, struct lw_buf *out)
{
	lw_buf_printf(out, "%llu of", (unsigned long long)g->threshold);
	for (size_t i = 0; i < g->n_signers; i++)
		lw_buf_printf(out, "%s %s", i ? "," : "", p->signers[g->signers[i]].name);
}

static bool any(const struct lw_group_result *g, enum lw_vouched what)
{
	for (size_t i = 0; i < g->group->n_signers; i++)
		if (g->by_signer[i] == what)
			return true;
	return false;
}

static void report_group(const struct lw_policy *p, const struct lw_judged *image,
			 const struct lw_group_result *g, struct lw_verdict *v)
{
	LW_AUTO(buf) struct lw_buf want = { 0 }, have = { 0 };

	wanted(p, g->group, &want);
	lw_judgement_describe(p, g, &have);
	lw_verdict_add(v,
		       any(g, LW_VOUCHED_UNCHECKED) ? LW_FINDING_POLICY_SIGNER_UNCHECKED
						    : LW_FINDING_POLICY_SIGNER_MISSING,
		       image->name, lw_buf_str(&want), lw_buf_str(&have));
}

static void report_attestation(const struct lw_policy *p, const struct lw_judged *image,
			       const struct lw_attestation_rule *rule,
			       const struct lw_group_result *g, struct lw_verdict *v)
{
	LW_AUTO(buf) struct lw_buf want = { 0 }, have = { 0 };

	lw_buf_printf(&want, "%s by ", rule->type);
	wanted(p, g->group, &want);
	lw_judgement_describe(p, g, &have);
	lw_verdict_add(v,
		       g->field_missed		      ? LW_FINDING_POLICY_ATTESTATION_FIELD
		       : any(g, LW_VOUCHED_UNCHECKED) ? LW_FINDING_POLICY_ATTESTATION_UNCHECKED
						      : LW_FINDING_POLICY_ATTESTATION_MISSING,
		       image->name, lw_buf_str(&want), lw_buf_str(&have));
}

/* What was expected of a signature that was bad in this way. */
static const char *expected(const struct lw_rule *rule, const struct lw_judged *image,
			    enum lw_finding_id id, char want[LW_MAX_REFERENCE + 16])
{
	lw_auto_free char *name = NULL;

	if (id == LW_FINDING_EVIDENCE_SUBJECT)
		return "a statement about what it is attached to";
	if (id == LW_FINDING_EVIDENCE_MALFORMED)
		return "a signature of its kind";
	if (id != LW_FINDING_EVIDENCE_NAME)
		return "a signature by a key of the policy";
	name = lw_judgement_name_wanted(rule, image->name);
	(void)snprintf(want, LW_MAX_REFERENCE + 16, "made for %s", name);
	return want;
}

static void report_standing(const struct lw_policy *p, const struct lw_rule *rule,
			    const struct lw_judged *image, const struct lw_testimony *t,
			    const struct lw_standing *s, struct lw_verdict *v)
{
	const char *who =
		t->signer == SIZE_MAX ? "nobody known here" : p->signers[t->signer].name;
	char evidence[LW_DIGEST_TEXT], want[LW_MAX_REFERENCE + 16];

	if (s->worth == LW_WORTH_COUNTS || s->worth == LW_WORTH_ASIDE)
		return;

	enum lw_finding_id id = s->worth == LW_WORTH_UNCHECKED ? LW_FINDING_EVIDENCE_UNCHECKED
				: rule->report_bad	       ? LW_FINDING_EVIDENCE_REPORTED
							       : s->finding;

	lw_digest_text(&t->evidence, evidence);
	lw_verdict_addf(v, id, image->name, expected(rule, image, s->finding, want),
			"%s signature by %s, in %s: %s", t->kind, who, evidence, s->why);
}

void lw_judgement_make(const struct lw_policy *p, const struct lw_rule *rule,
		       const struct lw_judged *image, struct lw_verdict *v,
		       struct lw_judgement *ret)
{
	ret->rule = rule;
	ret->met = !image->cut;
	ret->base.asked = rule->base_accepted;
	if (rule->base_accepted)
		(void)snprintf(ret->base.text, sizeof(ret->base.text),
			       "not looked at: the rest of the rule is not met");
	ret->tuf.asked = rule->repository;
	if (rule->repository)
		(void)snprintf(ret->tuf.text, sizeof(ret->tuf.text), "%s was not asked",
			       rule->repository->name);
	ret->standings = lw_alloc_array(image->n_testimonies, sizeof(*ret->standings));
	ret->groups = lw_alloc_array(rule->n_require, sizeof(*ret->groups));
	ret->attestations = lw_alloc_array(rule->n_attestations, sizeof(*ret->attestations));
	for (size_t t = 0; t < image->n_testimonies; t++) {
		weigh(p, rule, image, &image->testimonies[t], &ret->standings[t]);
		report_standing(p, rule, image, &image->testimonies[t], &ret->standings[t], v);
		if (ret->standings[t].worth == LW_WORTH_BAD && !rule->report_bad)
			ret->met = false;
	}
	for (size_t i = 0; i < rule->n_require; i++) {
		judge_group(p, image, ret, &rule->require[i], &ret->groups[i]);
		if (!ret->groups[i].met) {
			report_group(p, image, &ret->groups[i], v);
			ret->met = false;
		}
	}
	for (size_t i = 0; i < rule->n_attestations; i++) {
		judge_attestation(p, image, ret, &rule->attestations[i], &ret->attestations[i]);
		if (!ret->attestations[i].met) {
			report_attestation(p, image, &rule->attestations[i],
					   &ret->attestations[i], v);
			ret->met = false;
		}
	}
	/* A rule that asks for nothing lets nothing in, unless it says so. */
	if (rule->n_require == 0 && rule->n_attestations == 0 && !rule->repository &&
	    !rule->evidence_not_required)
		ret->met = false;
}

bool lw_judgement_holds(const struct lw_judgement *j)
{
	return j->rule && j->met && (!j->base.asked || j->base.met) &&
	       (!j->tuf.asked || j->tuf.met);
}

void lw_judgement_release(struct lw_judgement *j)
{
	for (size_t i = 0; j->rule && i < j->rule->n_require; i++)
		free(j->groups[i].by_signer);
	for (size_t i = 0; j->rule && i < j->rule->n_attestations; i++)
		free(j->attestations[i].by_signer);
	free(j->groups);
	free(j->attestations);
	free(j->standings);
	*j = (struct lw_judgement){ 0 };
}
