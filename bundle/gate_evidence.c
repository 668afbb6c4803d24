/* SPDX-License-Identifier: Apache-2.0 */
/* Gate 5: per image, which rule of the policy covers it, and does its evidence meet that rule?
 */
#include "base/mem.h"
#include "bundle/intake_internal.h"

static void judge_image(struct lw_intake *in, size_t i)
{
	const struct lw_image *image = &in->result->contents.images[i];
	struct lw_verdict *v = &in->result->verdict;
	char name[LW_MAX_REFERENCE + 1];
	const struct lw_rule *rule =
		lw_policy_rule(in->policy, lw_reference_text(&image->name, name), NULL);

	if (!rule)
		lw_verdict_add(v, LW_FINDING_POLICY_NO_MATCH, name, "a rule that matches",
			       "none");
	else if (!rule->evidence_not_required) /* no other rule parses in this version */
		lw_verdict_add(v, LW_FINDING_POLICY_NO_MATCH, name,
			       "a rule this version judges", rule->match);
}

/* One note for all images that the rule lets in without evidence: it must not drown the rest.
 */
static void note_evaluation(struct lw_intake *in)
{
	lw_verdict_addf(&in->result->verdict, LW_FINDING_POLICY_EVALUATION, in->object,
			"vendors' signatures judged by policy", "none required for %zu image%s",
			in->result->contents.n_images,
			in->result->contents.n_images == 1 ? "" : "s");
}

static int compare_with_accepted(struct lw_intake *in, size_t i, struct lw_error *e)
{
	const struct lw_image *image = &in->result->contents.images[i];
	struct lw_state_image here = { 0 };
	char name[LW_MAX_REFERENCE + 1], was[LW_DIGEST_TEXT], is[LW_DIGEST_TEXT];
	int r = lw_state_image_get(in->enclave->state, lw_reference_text(&image->name, name),
				   &here, e);

	in->result->new_image[i] = r == -LW_E_NOTFOUND;
	if (r == -LW_E_NOTFOUND)
		return 0;
	if (r < 0)
		return r;
	if (!lw_digest_equal(&here.digest, &image->digest)) {
		in->result->moved[i] = true;
		lw_verdict_add(&in->result->verdict, LW_FINDING_IMAGE_MOVED, name,
			       lw_digest_text(&here.digest, was),
			       lw_digest_text(&image->digest, is));
	}
	lw_state_image_release(&here);
	return 0;
}

void lw_gate_evidence(struct lw_intake *in)
{
	size_t n = in->result->contents.n_images;
	struct lw_error e = { 0 };

	in->result->moved = lw_alloc_array(n, sizeof(*in->result->moved));
	in->result->new_image = lw_alloc_array(n, sizeof(*in->result->new_image));

	int r = lw_state_begin(in->enclave->state, &e); /* to look, not to change */

	for (size_t i = 0; i < n && r == 0; i++) {
		judge_image(in, i);
		r = compare_with_accepted(in, i, &e);
	}
	lw_state_rollback(in->enclave->state);
	if (r < 0) {
		lw_intake_failed(in, &e);
		return;
	}
	note_evaluation(in);
	lw_verdict_pass(&in->result->verdict, LW_GATE_EVIDENCE);
}
