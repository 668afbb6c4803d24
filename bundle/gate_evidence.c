/* SPDX-License-Identifier: Apache-2.0 */
/* Gate 5: per image, which rule of the policy covers it, and does its evidence meet that rule?
 */
#include "base/mem.h"
#include "bundle/base_image.h"
#include "bundle/bases.h"
#include "bundle/intake_internal.h"

/* One image at this gate. */
struct at_gate {
	char name[LW_MAX_REFERENCE + 1];
	const struct lw_rule *rule;
	struct lw_testimonies heard;
	struct lw_judgement judgement;
	bool base_judged;
	unsigned stands_on; /* how many bases */
};

struct gate {
	struct lw_intake *in;
	struct at_gate *images;
	struct lw_blob_source source;
	struct lw_boxes boxes;
	struct lw_bases bases;
	struct at_gate *standing; /* the one whose base is looked for */
};

/* Bytes of the bundle where it has them, else of accepted images. */
static int read_blob(void *data, const struct lw_digest *digest, uint64_t size, size_t max,
		     struct lw_buf *out, struct lw_error *e)
{
	struct lw_intake *in = data;
	const struct lw_entry *entry = lw_entries_find(&in->entries, digest, size);

	if (!entry || !lw_gate_content_has(in, entry))
		return lw_bases_read(in->enclave, digest, size, max, out, e);
	if (entry->size > max)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu bytes", max);
	return lw_gate_content_document(in, entry, out, e);
}

static void open_repositories(struct lw_intake *in)
{
	const struct lw_contents *c = &in->result->contents;
	struct lw_repositories_options o = { .enclave = in->enclave,
					     .policy = in->policy,
					     .now = &in->result->interval,
					     .program = in->options->judge,
					     .carried = c->carried,
					     .n_carried = c->n_carried,
					     .own = in->own,
					     .read = lw_gate_content_carried,
					     .data = in };

	lw_repositories_open(&o, &in->repositories);
}

/* ---- each image by its own rule ---- */

/* Images enter by the rule of the first zone that has one: so does what its name stood for
 * before. What was promoted and comes again while its name stands for it stays where it is: so
 * it must hold there, by what came now (docs/decisions/0015-judged-where-it-is.md). *ret_zone:
 * NULL, or that zone, as policy spells it. */
static int zone_kept(struct gate *g, const struct at_gate *at, const struct lw_digest *digest,
		     const char **ret_zone, struct lw_error *e)
{
	const struct lw_policy *p = g->in->policy;
	struct lw_state_image here = { 0 };
	char text[LW_DIGEST_TEXT];
	lw_auto_free char *which = lw_asprintf("%s@%s", at->name, lw_digest_text(digest, text));
	int r = lw_state_image_get(g->in->enclave->state, which, &here, e);
	size_t zone = r == 0 ? lw_policy_zone(p, here.zone) : 0;

	if (!here.superseded && zone > lw_policy_zone(p, at->rule->zone))
		*ret_zone = p->zones[zone - 1];
	lw_state_image_release(&here);
	return r == -LW_E_NOTFOUND ? 0 : r;
}

static int find_rule(struct gate *g, struct at_gate *at, const struct lw_digest *digest,
		     struct lw_error *e)
{
	struct lw_verdict *v = &g->in->result->verdict;
	const char *zone = NULL;
	int r = 0;

	at->rule = lw_policy_rule(g->in->policy, at->name, NULL);
	if (at->rule)
		r = zone_kept(g, at, digest, &zone, e);
	if (zone)
		at->rule = lw_policy_rule(g->in->policy, at->name, zone);
	if (r == 0 && !at->rule && zone)
		lw_verdict_add(v, LW_FINDING_POLICY_NO_MATCH, at->name,
			       "a rule that matches in the zone where the image is", zone);
	else if (r == 0 && !at->rule)
		lw_verdict_add(v, LW_FINDING_POLICY_NO_MATCH, at->name, "a rule that matches",
			       "none");
	return r;
}

static int judge_image(struct gate *g, size_t i, struct lw_error *e)
{
	struct lw_intake *in = g->in;
	const struct lw_image *image = &in->result->contents.images[i];
	struct at_gate *at = &g->images[i];
	struct lw_verdict *v = &in->result->verdict;
	char name[LW_MAX_REFERENCE + 1];

	lw_reference_text(&image->name, at->name);

	int r = find_rule(g, at, &image->digest, e);
	if (r < 0 || !at->rule)
		return r;
	in->zones[i] = at->rule->zone;
	if (!at->rule->evidence_not_required) {
		r = lw_evidence_hear(&g->boxes, image, &g->source, v, &at->heard, e);
		if (r < 0)
			return r;
	}

	struct lw_judged judged =
		lw_evidence_judged(image, &at->heard, &in->result->interval, name);
	lw_judgement_make(in->policy, at->rule, &judged, v, &at->judgement);
	return at->rule->repository ? lw_image_bind(in->repositories, &g->source, image,
						    &judged, v, &at->judgement, e)
				    : 0;
}

/* One note for all images that the rule lets in without evidence: it must not drown the rest.
 */
static void note_evaluation(struct gate *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->in->result->contents.n_images; i++)
		n += g->images[i].rule && g->images[i].rule->evidence_not_required;
	if (n > 0)
		lw_verdict_addf(&g->in->result->verdict, LW_FINDING_POLICY_EVALUATION,
				g->in->object, "vendors' signatures judged by policy",
				"none required for %zu image%s", n, n == 1 ? "" : "s");
}

/* ---- then their bases ---- */

static int judge_base(struct gate *g, size_t i, unsigned depth, struct lw_error *e)
{
	struct at_gate *at = &g->images[i], *above = g->standing;

	if (at->base_judged || !at->judgement.met || !at->judgement.base.asked)
		return 0;
	at->base_judged = true;
	g->standing = at;

	int r = lw_base_judge(&g->in->result->contents.images[i], at->name, &at->heard,
			      &g->bases, depth, &g->in->result->verdict, &at->judgement, e);

	g->standing = above;
	return r;
}

static bool has_manifest(const struct lw_image *image, const struct lw_digest *digest)
{
	for (size_t k = 0; k < image->n_subjects; k++)
		if (lw_digest_equal(&image->subjects[k], digest))
			return true;
	return false;
}

/* Image i of this bundle as a base, judged for it. */
static int try_base(struct gate *g, size_t i, const struct lw_digest *digest, unsigned depth,
		    struct lw_base_found *ret, struct lw_error *e)
{
	const struct lw_image *image = &g->in->result->contents.images[i];
	struct at_gate *at = &g->images[i];
	int r = judge_base(g, i, depth + 1, e);

	if (r < 0)
		return r;
	/* However deep they were begun: those below may have been judged before. */
	if (at->stands_on >= LW_MAX_BASE_DEPTH)
		return lw_fail(e, LW_E_LIMIT, "too many bases");
	if (g->standing->stands_on <= at->stands_on)
		g->standing->stands_on = at->stands_on + 1;
	(void)snprintf(ret->name, sizeof(ret->name), "%s", at->name);
	ret->met = lw_judgement_holds(&at->judgement);
	return lw_bases_describe(&g->source, &image->digest, image->size, image->media_type,
				 digest, ret, e);
}

/* It may be here under several names, each with a rule and a zone: one that holds is enough. */
static int find_base(void *data, const struct lw_digest *digest, const char *zone,
		     unsigned depth, struct lw_base_found *ret, struct lw_error *e)
{
	struct gate *g = data;
	const struct lw_policy *p = g->in->policy;
	const struct lw_contents *c = &g->in->result->contents;
	bool found = false;

	if (depth >= LW_MAX_BASE_DEPTH)
		return lw_fail(e, LW_E_LIMIT, "too many bases");
	for (size_t i = 0; i < c->n_images && !ret->met; i++) {
		const struct lw_rule *rule = g->images[i].rule;

		if (!rule || !has_manifest(&c->images[i], digest) ||
		    lw_policy_zone(p, rule->zone) < lw_policy_zone(p, zone))
			continue;
		found = true;

		int r = try_base(g, i, digest, depth, ret, e);
		if (r < 0)
			return r;
	}
	return found ? 0 : lw_bases_find_accepted(g->in->enclave, p, digest, zone, ret, e);
}

/* ---- the outcome ---- */

static int compare_with_accepted(struct gate *g, size_t i, struct lw_error *e)
{
	struct lw_intake *in = g->in;
	const struct lw_image *image = &in->result->contents.images[i];
	struct lw_state_image here = { 0 };
	char was[LW_DIGEST_TEXT], is[LW_DIGEST_TEXT];
	int r = lw_state_image_get(in->enclave->state, g->images[i].name, &here, e);

	in->result->new_image[i] = r == -LW_E_NOTFOUND;
	if (r == -LW_E_NOTFOUND)
		return 0;
	if (r < 0)
		return r;
	if (!lw_digest_equal(&here.digest, &image->digest)) {
		in->result->moved[i] = true;
		lw_verdict_add(&in->result->verdict, LW_FINDING_IMAGE_MOVED, g->images[i].name,
			       lw_digest_text(&here.digest, was),
			       lw_digest_text(&image->digest, is));
	}
	lw_state_image_release(&here);
	return 0;
}

/* The trees, for people, for the record and for `show`. */
static void write_judgement(struct gate *g, size_t i)
{
	struct lw_intake *in = g->in;
	struct at_gate *at = &g->images[i];
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_json_writer w = { .out = &text, .canonical = true };
	char name[LW_MAX_REFERENCE + 1];

	if (!at->rule)
		return;

	struct lw_judged judged = lw_evidence_judged(&in->result->contents.images[i],
						     &at->heard, &in->result->interval, name);
	lw_judgement_write(in->policy, &judged, &at->judgement, &w);
	lw_json_w_finish(&w);
	in->result->judgements[i] = (char *)lw_buf_detach(&text);
}

/* What the verdict rests on must be what the judgements say: a finding that was forgotten
 * somewhere must not let an image in. */
static bool all_met(const struct gate *g)
{
	for (size_t i = 0; i < g->in->result->contents.n_images; i++)
		if (!g->images[i].rule || !lw_judgement_holds(&g->images[i].judgement))
			return false;
	return true;
}

static int judge_all(struct gate *g, struct lw_error *e)
{
	size_t n = g->in->result->contents.n_images;
	int r = lw_repositories_follow_carried(g->in->repositories, &g->in->result->verdict, e);

	for (size_t i = 0; i < n && r == 0; i++)
		r = judge_image(g, i, e);
	for (size_t i = 0; i < n && r == 0; i++)
		r = judge_base(g, i, 0, e);
	for (size_t i = 0; i < n && r == 0; i++)
		r = compare_with_accepted(g, i, e);
	return r;
}

void lw_gate_evidence(struct lw_intake *in)
{
	size_t n = in->result->contents.n_images;
	struct lw_verdict *v = &in->result->verdict;
	struct gate g = { .in = in,
			  .images = lw_alloc_array(n, sizeof(*g.images)),
			  .source = { .read = read_blob, .data = in },
			  .boxes = { .program = in->options->judge, .policy = in->policy } };
	struct lw_error e = { 0 };

	g.bases = (struct lw_bases){ .source = &g.source, .find = find_base, .data = &g };
	in->zones = lw_alloc_array(n, sizeof(*in->zones));
	in->result->moved = lw_alloc_array(n, sizeof(*in->result->moved));
	in->result->new_image = lw_alloc_array(n, sizeof(*in->result->new_image));
	in->result->judgements = lw_alloc_array(n, sizeof(*in->result->judgements));

	open_repositories(in);

	int r = lw_state_begin(in->enclave->state, &e); /* to look, not to change */

	if (r == 0)
		r = judge_all(&g, &e);
	lw_boxes_close(&g.boxes);
	lw_state_rollback(in->enclave->state);
	lw_repositories_list(in->repositories, &in->result->followed, &in->result->n_followed);
	if (r < 0) {
		lw_intake_failed(in, &e);
	} else {
		note_evaluation(&g);
		for (size_t i = 0; i < n; i++)
			write_judgement(&g, i);
		if (all_met(&g))
			lw_verdict_pass(v, LW_GATE_EVIDENCE);
	}
	for (size_t i = 0; i < n; i++) {
		lw_judgement_release(&g.images[i].judgement);
		lw_testimonies_release(&g.images[i].heard);
	}
	free(g.images);
}
