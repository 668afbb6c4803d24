/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/policy_lint.h"

#include "base/clock.h"
#include "verify/policy_internal.h"

struct lint {
	const struct lw_policy *p;
	int64_t now, horizon;
	struct lw_remarks *remarks;
};

/* ---- people ---- */

static bool ended(const struct lint *l, const struct lw_signer *s)
{
	return s->valid_until <= l->now;
}

static bool in_group(const struct lw_group *g, size_t signer)
{
	for (size_t i = 0; i < g->n_signers; i++)
		if (g->signers[i] == signer)
			return true;
	return false;
}

static bool in_rule(const struct lw_rule *r, size_t signer)
{
	for (size_t i = 0; i < r->n_require; i++)
		if (in_group(&r->require[i], signer))
			return true;
	for (size_t i = 0; i < r->n_attestations; i++)
		if (in_group(&r->attestations[i].of, signer))
			return true;
	return false;
}

static bool is_used(const struct lw_policy *p, size_t signer)
{
	if (in_group(&p->time, signer))
		return true;
	for (size_t i = 0; i < p->n_senders; i++)
		if (in_group(&p->senders[i].approvers, signer))
			return true;
	for (size_t i = 0; i < p->n_rules; i++)
		if (in_rule(&p->rules[i], signer))
			return true;
	return false;
}

static void lint_signer(struct lint *l, size_t index)
{
	const struct lw_signer *s = &l->p->signers[index];
	lw_auto_free char *where = lw_asprintf("signer %s", s->name);
	char time[LW_TIME_TEXT];

	if (s->n_keys == 0)
		lw_remark(l->remarks, LW_REMARK_SIGNER_NO_KEY, where,
			  "none of %zu keys can be checked by this program", s->n_unsupported);
	else if (s->n_unsupported)
		lw_remark(l->remarks, LW_REMARK_SIGNER_KEY_UNSUPPORTED, where,
			  "%zu of %zu keys cannot be checked by this program", s->n_unsupported,
			  s->n_keys + s->n_unsupported);
	if (ended(l, s))
		lw_remark(l->remarks, LW_REMARK_SIGNER_ENDED, where,
			  "valid until %s: counts no longer",
			  lw_time_format(s->valid_until, time));
	else if (s->valid_until != INT64_MAX && s->valid_until - l->now <= l->horizon)
		lw_remark(l->remarks, LW_REMARK_SIGNER_ENDING, where, "valid until %s",
			  lw_time_format(s->valid_until, time));
	if (s->valid_from > l->now)
		lw_remark(l->remarks, LW_REMARK_SIGNER_NOT_YET, where,
			  "valid from %s: does not count yet",
			  lw_time_format(s->valid_from, time));
	if (!is_used(l->p, index))
		lw_remark(l->remarks, LW_REMARK_SIGNER_UNUSED, where,
			  "no sender, no rule and nothing about the time names this signer");
}

/* ---- groups ---- */

/* Those of the group who can sign: seals only with keys of kind "key". */
static size_t able_people(const struct lint *l, const struct lw_group *g, enum lw_key_kind kind)
{
	lw_auto_free size_t *signers = lw_alloc_array(g->n_signers, sizeof(*signers));
	struct lw_group able = { .signers = signers };

	for (size_t i = 0; i < g->n_signers; i++) {
		const struct lw_signer *s = &l->p->signers[g->signers[i]];

		if (!ended(l, s) && (kind == LW_KEY_OWN ? s->n_own_keys : s->n_keys) > 0)
			able.signers[able.n_signers++] = g->signers[i];
	}
	return lw_policy_owners(l->p, &able);
}

/* kind: LW_KEY_OWN where no others count. */
static void lint_group(struct lint *l, const struct lw_group *g, enum lw_key_kind kind,
		       const char *where)
{
	size_t able = able_people(l, g, kind);

	if (able < g->threshold)
		lw_remark(l->remarks, LW_REMARK_GROUP_UNMEETABLE, where,
			  "wants %llu people, and only %zu can sign",
			  (unsigned long long)g->threshold, able);
	if (g->n_signers > 1 && lw_policy_owners(l->p, g) == 1)
		lw_remark(l->remarks, LW_REMARK_GROUP_ONE_OWNER, where,
			  "%zu signers, and all of them are one person", g->n_signers);
}

static void lint_rule_groups(struct lint *l, const struct lw_rule *r, const char *rule)
{
	for (size_t i = 0; i < r->n_require; i++) {
		lw_auto_free char *where = lw_asprintf("%s require[%zu]", rule, i);

		lint_group(l, &r->require[i], LW_KEY_COSIGN, where);
	}
	for (size_t i = 0; i < r->n_attestations; i++) {
		lw_auto_free char *where = lw_asprintf("%s attestations[%zu]", rule, i);

		lint_group(l, &r->attestations[i].of, LW_KEY_COSIGN, where);
	}
}

/* ---- patterns ---- */

static bool compete(const struct lint *l, const struct lw_rule *a, const struct lw_rule *b)
{
	return l->p->n_zones == 0 || a->zone_index == b->zone_index;
}

/* Another rule that is taken before this one wherever this one matches; or, where no pattern
 * is more specific and only their order decides, somewhere. */
static void lint_match(struct lint *l, const struct lw_rule *r, const char *where)
{
	const struct lw_rule *first = NULL;

	for (const struct lw_rule *o = l->p->rules; o < l->p->rules + l->p->n_rules; o++) {
		int more = o == r ? -1 : lw_policy_more_specific(o->match, r->match);

		if (more < 0 || (more == 0 && o > r) || !compete(l, o, r))
			continue;
		if (lw_policy_covers(o->match, r->match)) {
			lw_remark(l->remarks, LW_REMARK_RULE_UNREACHABLE, where,
				  "images[%zu] %s is taken wherever this one matches",
				  (size_t)(o - l->p->rules), o->match);
			return;
		}
		if (more == 0 && !first && lw_policy_overlap(o->match, r->match))
			first = o;
	}
	if (first)
		lw_remark(l->remarks, LW_REMARK_RULE_ORDER, where,
			  "where images[%zu] %s matches too, it is taken only because it "
			  "stands first",
			  (size_t)(first - l->p->rules), first->match);
}

/* A name without its tag is rarely what was meant. */
static void lint_untagged(struct lint *l, const struct lw_rule *r, const char *where)
{
	const char *slash = strrchr(r->match, '/');

	if (strchr(r->match, '*') || (slash && strchr(slash, ':')))
		return;

	lw_auto_free char *tagged = lw_asprintf("%s:*", r->match);

	for (size_t i = 0; i < l->p->n_rules; i++)
		if (compete(l, &l->p->rules[i], r) && strcmp(l->p->rules[i].match, tagged) == 0)
			return;
	lw_remark(l->remarks, LW_REMARK_RULE_UNTAGGED, where,
		  "matches only a name without a tag; '%s' matches every tag", tagged);
}

/* ---- zones ---- */

/* At least so many people of g are among any `threshold` people of h. */
static uint64_t people_within(const struct lw_policy *p, const struct lw_group *h,
			      const struct lw_group *g)
{
	lw_auto_free size_t *signers = lw_alloc_array(h->n_signers, sizeof(*signers));
	struct lw_group outside = { .signers = signers };

	for (size_t i = 0; i < h->n_signers; i++)
		if (!in_group(g, h->signers[i]))
			outside.signers[outside.n_signers++] = h->signers[i];

	size_t n = lw_policy_owners(p, &outside);

	return h->threshold > n ? h->threshold - n : 0;
}

static bool group_implies(const struct lw_policy *p, const struct lw_group *h,
			  const struct lw_group *g)
{
	return people_within(p, h, g) >= g->threshold;
}

static bool subset(const char *const *a, size_t n_a, const char *const *b, size_t n_b)
{
	for (size_t i = 0; i < n_a; i++) {
		size_t k = 0;

		while (k < n_b && strcmp(a[i], b[k]) != 0)
			k++;
		if (k == n_b)
			return false;
	}
	return true;
}

static bool condition_implied(const struct lw_attestation_rule *h, const struct lw_condition *c)
{
	for (size_t i = 0; i < h->n_conditions; i++) {
		const struct lw_condition *d = &h->conditions[i];

		if (d->field == c->field && (c->field || strcmp(d->pointer, c->pointer) == 0) &&
		    subset(d->in, d->n_in, c->in, c->n_in))
			return true;
	}
	return false;
}

static bool attestation_implied(const struct lw_policy *p, const struct lw_rule *h,
				const struct lw_attestation_rule *a)
{
	for (size_t i = 0; i < h->n_attestations; i++) {
		const struct lw_attestation_rule *b = &h->attestations[i];
		size_t c = 0;

		if (strcmp(b->type, a->type) != 0 || !group_implies(p, &b->of, &a->of))
			continue;
		while (c < a->n_conditions && condition_implied(b, &a->conditions[c]))
			c++;
		if (c == a->n_conditions)
			return true;
	}
	return false;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* What the lower zone's rule asks for and the higher one's does not, or NULL. */
static const char *weaker_in(const struct lw_policy *p, const struct lw_rule *high,
			     const struct lw_rule *low)
{
	if (low->evidence_not_required)
		return NULL;
	if (high->evidence_not_required)
		return "requires no evidence";
	for (size_t i = 0; i < low->n_require; i++) {
		size_t k = 0;

		while (k < high->n_require &&
		       !group_implies(p, &high->require[k], &low->require[i]))
			k++;
		if (k == high->n_require)
			return "asks for fewer people, or for others";
	}
	for (size_t i = 0; i < low->n_attestations; i++)
		if (!attestation_implied(p, high, &low->attestations[i]))
			return "does not ask for the same attestations";
	if (low->n_require && !subset(high->signature_types, high->n_signature_types,
				      low->signature_types, low->n_signature_types))
		return "takes more types for signatures";
	if (!(high->identity == LW_IDENTITY_EXACT && low->identity == LW_IDENTITY_REPOSITORY) &&
	    !(high->identity == low->identity &&
	      same_text(high->identity_name, low->identity_name) &&
	      same_text(high->identity_prefix, low->identity_prefix)))
		return "wants signatures for other names";
	if (high->unnamed_by_seal && !low->unnamed_by_seal)
		return "counts signatures that name no repository";
	if (high->report_bad && !low->report_bad)
		return "lets in images with bad signatures";
	if (low->base_accepted && !high->base_accepted)
		return "does not ask for the base image";
	if (low->repository && high->repository != low->repository)
		return "is not bound to the same repository";
	return NULL;
}

/* The rule of a zone that is taken for all names a pattern matches, or NULL. */
static const struct lw_rule *covering(const struct lw_policy *p, const char *match, size_t zone)
{
	const struct lw_rule *best = NULL;

	for (const struct lw_rule *r = p->rules; r < p->rules + p->n_rules; r++)
		if (r->zone_index == zone && lw_policy_covers(r->match, match) &&
		    (!best || lw_policy_more_specific(r->match, best->match) > 0))
			best = r;
	return best;
}

static void compare(struct lint *l, const struct lw_rule *high, const struct lw_rule *low)
{
	const char *weaker = weaker_in(l->p, high, low);

	if (!weaker)
		return;

	lw_auto_free char *where = lw_asprintf(
		"images[%zu] %s (%s)", (size_t)(high - l->p->rules), high->match, high->zone);

	lw_remark(l->remarks, LW_REMARK_ZONE_WEAKER, where, "%s than images[%zu] %s (%s)",
		  weaker, (size_t)(low - l->p->rules), low->match, low->zone);
}

/* Each rule against those of lower zones for the same images, and for part of them. */
static void lint_zones(struct lint *l, const struct lw_rule *r, const char *where)
{
	bool below = r->zone_index == 0;

	for (size_t zone = 0; zone < l->p->n_zones; zone++) {
		const struct lw_rule *o =
			zone == r->zone_index ? NULL : covering(l->p, r->match, zone);

		if (!o)
			continue;
		if (zone < r->zone_index) {
			below = true;
			compare(l, r, o);
		} else if (strcmp(o->match, r->match) != 0) { /* else seen from there */
			compare(l, o, r);
		}
	}
	if (!below)
		lw_remark(l->remarks, LW_REMARK_ZONE_DIRECT, where,
			  "no rule of a lower zone covers this: such images enter zone %s "
			  "directly",
			  r->zone);
}

/* ---- repositories ---- */

static void lint_repository(struct lint *l, const struct lw_repository *repository)
{
	lw_auto_free char *where = lw_asprintf("repository %s", repository->name);

	for (size_t i = 0; i < l->p->n_rules; i++)
		if (l->p->rules[i].repository == repository)
			return;
	lw_remark(l->remarks, LW_REMARK_REPOSITORY_UNUSED, where, "no rule names it");
}

/* ---- all of it ---- */

void lw_policy_lint(const struct lw_policy *p, int64_t now, int64_t horizon_sec,
		    struct lw_remarks *ret)
{
	struct lint l = { p, now, horizon_sec, ret };

	for (size_t i = 0; i < p->n_signers; i++)
		lint_signer(&l, i);
	for (size_t i = 0; i < p->n_senders; i++) {
		lw_auto_free char *where = lw_asprintf("sender %s", p->senders[i].name);

		lint_group(&l, &p->senders[i].approvers, LW_KEY_OWN, where);
	}
	if (p->time.threshold)
		lint_group(&l, &p->time, LW_KEY_OWN, "time");
	for (size_t i = 0; i < p->n_repositories; i++)
		lint_repository(&l, &p->repositories[i]);
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct lw_rule *r = &p->rules[i];
		lw_auto_free char *where = lw_asprintf("images[%zu] %s", i, r->match);

		lint_rule_groups(&l, r, where);
		lint_match(&l, r, where);
		lint_untagged(&l, r, where);
		if (r->evidence_not_required)
			lw_remark(ret, LW_REMARK_RULE_NOT_REQUIRED, where,
				  "lets in images without any evidence");
		lint_zones(&l, r, where);
	}
}
