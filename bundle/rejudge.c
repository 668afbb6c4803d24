/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/rejudge_internal.h"

#include "base/mem.h"
#include "base/text.h"
#include "bundle/bases.h"

static int read_blob(void *data, const struct lw_digest *digest, uint64_t size, size_t max,
		     struct lw_buf *out, struct lw_error *e)
{
	const struct lw_again *a = data;

	return lw_bases_read(a->enclave, digest, size, max, out, e);
}

/* Bases were accepted on their own: those of theirs are not asked for again. */
static int find_base(void *data, const struct lw_digest *digest, const char *zone,
		     unsigned depth, struct lw_base_found *ret, struct lw_error *e)
{
	const struct lw_again *a = data;

	(void)depth;
	return lw_bases_find_accepted(a->enclave, a->policy, digest, zone, ret, e);
}

static int judge(struct lw_again *a, const struct lw_rule *rule, const struct lw_image *image,
		 struct lw_rejudged *ret, struct lw_error *e)
{
	struct lw_blob_source source = { .read = read_blob, .data = a };
	struct lw_bases bases = { .source = &source, .find = find_base, .data = a };
	LW_AUTO(testimonies) struct lw_testimonies heard = { 0 };
	struct lw_judgement judgement = { 0 };
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_json_writer w = { .out = &text, .canonical = true };
	struct lw_verdict *v = &ret->verdict;
	char name[LW_MAX_REFERENCE + 1];
	int r = 0;

	if (!rule->evidence_not_required)
		r = lw_evidence_hear(&a->boxes, image, &source, v, &heard, e);
	if (r < 0)
		return r;

	struct lw_judged judged = lw_evidence_judged(image, &heard, &ret->interval, name);

	lw_judgement_make(a->policy, rule, &judged, v, &judgement);
	if (rule->repository)
		r = lw_image_bind(a->repositories, &source, image, &judged, v, &judgement, e);
	if (rule->evidence_not_required)
		lw_verdict_add(v, LW_FINDING_POLICY_EVALUATION, name,
			       "vendors' signatures judged by policy", "none required");
	if (r == 0 && judgement.met && judgement.base.asked)
		r = lw_base_judge(image, name, &heard, &bases, 0, v, &judgement, e);
	ret->stands = judgement.base.asked;
	if (r == 0) {
		lw_judgement_write(a->policy, &judged, &judgement, &w);
		lw_json_w_finish(&w);
		ret->judgement = (char *)lw_buf_detach(&text);
		if (lw_judgement_holds(&judgement))
			lw_verdict_pass(v, LW_GATE_EVIDENCE);
	}
	lw_judgement_release(&judgement);
	return r;
}

int lw_again_open(struct lw_enclave *enclave, const struct lw_clock *clock,
		  struct lw_policy *policy, const char *program, bool stale, struct lw_again *a,
		  struct lw_error *e)
{
	struct lw_repositories_options o = {
		.enclave = enclave, .now = &a->interval, .program = program, .stale = stale
	};
	int r = policy ? 0 : lw_intake_policy(enclave, &a->policy, e);

	if (policy)
		a->policy = policy;
	a->borrowed = policy != NULL;

	a->enclave = enclave;
	if (r == 0)
		r = lw_intake_interval(enclave, a->policy, clock, &a->interval, e);
	if (r < 0)
		return r;
	a->boxes = (struct lw_boxes){ .program = program, .policy = a->policy };
	o.policy = a->policy;
	lw_repositories_open(&o, &a->repositories);
	return 0;
}

void lw_again_close(struct lw_again *a)
{
	lw_boxes_close(&a->boxes);
	lw_repositories_close(a->repositories);
	if (!a->borrowed)
		lw_policy_free(a->policy);
}

int lw_again_judge(struct lw_again *a, const struct lw_state_image *row, const char *zone,
		   struct lw_rejudged *ret, struct lw_error *e)
{
	struct lw_proven ours = { .bytes = lw_span_str(row->detail) }; /* of our own state */
	const struct lw_rule *rule = lw_policy_rule(a->policy, row->name, zone);
	struct lw_image image = { 0 };
	int r;

	ret->interval = a->interval;
	lw_intake_judge_time(&ret->interval, row->name, &ret->verdict);
	r = lw_intake_own_trust(a->enclave, &ret->interval, &ret->verdict, e);
	if (r < 0)
		return r;
	if (!rule) {
		lw_verdict_add(&ret->verdict, LW_FINDING_POLICY_NO_MATCH, row->name,
			       "a rule that matches in this zone", zone);
		return 0;
	}
	ret->rule_zone = rule->zone;
	r = lw_contents_parse_image(ours, &image, e);
	if (r == 0)
		r = judge(a, rule, &image, ret, e);
	lw_image_release(&image);
	return r;
}

static int require_zone(const struct lw_policy *p, const char *zone, struct lw_error *e)
{
	char shown[80];

	if (lw_policy_zone(p, zone) > 0)
		return 0;
	return lw_fail(e, LW_E_USAGE, "policy has no zone '%s'",
		       lw_text_escape_str(zone, shown, sizeof(shown)));
}

int lw_rejudge(struct lw_enclave *enclave, const struct lw_clock *clock,
	       const struct lw_state_image *image, const struct lw_rejudge_options *options,
	       struct lw_rejudged *ret, struct lw_error *e)
{
	struct lw_again a __attribute__((cleanup(lw_again_close))) = { 0 };
	const char *zone = options->zone ? options->zone : image->zone;
	int r = lw_again_open(enclave, clock, NULL, options->judge, false, &a, e);

	if (r == 0 && options->zone)
		r = require_zone(a.policy, zone, e);
	if (r == 0)
		r = lw_again_judge(&a, image, zone, ret, e);
	ret->rule_zone = NULL; /* of a policy that goes now */
	if (r == 0)
		(void)lw_verdict_conclude(&ret->verdict, 1u << LW_GATE_EVIDENCE);
	return r;
}

void lw_rejudged_release(struct lw_rejudged *r)
{
	lw_verdict_release(&r->verdict);
	free(lw_steal(r->judgement));
}

/* ---- promote ---- */

/* The zone after the one it is in, of those that have a rule for it; NULL for none. */
static const char *next_zone(const struct lw_policy *p, const struct lw_state_image *image)
{
	/* In a zone that policy does not have (any more): from the first one on. */
	for (size_t i = lw_policy_zone(p, image->zone); i < p->n_zones; i++)
		if (lw_policy_rule(p, image->name, p->zones[i]))
			return p->zones[i];
	return NULL;
}

struct promotion {
	const struct lw_state_image *image;
	const char *zone, *by, *reason;
	const struct lw_rejudged *judged;
};

static void member_claim(struct lw_json_writer *w, const char *key, const char *text)
{
	char safe[512];

	if (text)
		lw_json_w_member(w, key, lw_text_escape_str(text, safe, sizeof(safe)));
}

static void fill(struct lw_json_writer *w, const void *data)
{
	const struct promotion *p = data;
	const char *tree = p->judged->judgement ? p->judged->judgement : "";
	struct lw_digest judgement = lw_digest_of(lw_span_str(tree));
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_error ignored;
	char text[LW_DIGEST_TEXT];

	member_claim(w, "by", p->by);
	lw_json_w_member(w, "digest", lw_digest_text(&p->image->digest, text));
	lw_json_w_member(w, "from", p->image->zone);
	if (strlen(tree) <= 32000 &&
	    lw_json_parse(lw_span_str(tree), &LW_JSON_STRICT, &doc, &ignored) == 0) {
		lw_json_w_key(w, "judgement");
		lw_json_w_node(w, lw_json_root(doc));
	}
	lw_json_w_member(w, "judgementDigest", lw_digest_text(&judgement, text));
	lw_json_w_member(w, "name", p->image->name);
	member_claim(w, "reason", p->reason);
	lw_json_w_member(w, "to", p->zone);
}

static int record(struct lw_enclave *enclave, const struct lw_clock *clock,
		  const struct promotion *p, struct lw_head *ret, struct lw_error *e)
{
	const struct lw_verdict *v = &p->judged->verdict;
	const struct lw_finding *reason = lw_verdict_reason(v);
	struct lw_record_time time = lw_intake_record_time(&p->judged->interval, clock);
	bool accepted = v->outcome == LW_ACCEPTED;
	int r = lw_state_begin(enclave->state, e);

	if (r == 0 && accepted)
		r = lw_state_image_promote(enclave->state, p->image->id, p->zone,
					   p->judged->judgement, e);
	if (r == 0)
		r = lw_record_add(enclave->state, LW_EVENT_PROMOTE,
				  accepted		    ? "accepted"
				  : v->outcome == LW_FAILED ? "error"
							    : "refused",
				  reason ? lw_finding_kind(reason->id)->code : "", &time, fill,
				  p, ret, e);
	if (r == 0)
		r = lw_state_commit(enclave->state, e);
	if (r < 0)
		lw_state_rollback(enclave->state);
	return r;
}

int lw_promote(struct lw_enclave *enclave, const struct lw_clock *clock,
	       const struct lw_state_image *image, const char *zone, const char *by,
	       const char *reason, const char *judge, struct lw_rejudged *ret,
	       struct lw_error *e)
{
	struct lw_again a __attribute__((cleanup(lw_again_close))) = { 0 };
	struct promotion p = {
		.image = image, .zone = zone, .by = by, .reason = reason, .judged = ret
	};
	const char *next;
	int r = lw_again_open(enclave, clock, NULL, judge, false, &a, e);

	if (r == 0)
		r = require_zone(a.policy, zone, e);
	if (r < 0)
		return r;
	next = next_zone(a.policy, image);
	if (!next || strcmp(next, zone) != 0)
		lw_verdict_addf(&ret->verdict, LW_FINDING_POLICY_ZONE_ORDER, image->name,
				next ? next : "no further zone", "%s, from zone %s", zone,
				image->zone);
	if (image->pending)
		lw_verdict_add(&ret->verdict, LW_FINDING_TRUST_WITHHELD, image->name,
			       "an image that holds in its zone", image->zone);
	r = lw_again_judge(&a, image, zone, ret, e);
	ret->rule_zone = NULL;
	if (r < 0)
		return r;
	(void)lw_verdict_conclude(&ret->verdict, 1u << LW_GATE_EVIDENCE);
	return record(enclave, clock, &p, &ret->head, e);
}
