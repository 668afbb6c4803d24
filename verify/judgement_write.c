/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of a judgement as JSON (docs/format/output.md). */
#include "verify/judgement.h"

#include "base/mem.h"

static void member_bool(struct lw_json_writer *w, const char *key, bool v)
{
	lw_json_w_key(w, key);
	lw_json_w_bool(w, v);
}

static void write_group(const struct lw_policy *p, const struct lw_group_result *g,
			const char *type, struct lw_json_writer *w)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };

	lw_judgement_describe(p, g, &text);
	lw_json_w_object(w);
	member_bool(w, "met", g->met);
	lw_json_w_member_integer(w, "people", (int64_t)g->people);
	lw_json_w_key(w, "signers");
	lw_json_w_array(w);
	for (size_t i = 0; i < g->group->n_signers; i++) {
		const struct lw_signer *s = &p->signers[g->group->signers[i]];

		lw_json_w_object(w);
		lw_json_w_member(w, "name", s->name);
		lw_json_w_member(w, "owner", s->owner);
		lw_json_w_member(w, "state", lw_vouched_name(g->by_signer[i]));
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
	lw_json_w_member(w, "text", lw_buf_str(&text));
	lw_json_w_member_integer(w, "threshold", (int64_t)g->group->threshold);
	if (type)
		lw_json_w_member(w, "type", type);
	lw_json_w_end_object(w);
}

/* What was really checked, no more. */
static void write_checked(const struct lw_testimony *t, const struct lw_standing *s,
			  const struct lw_rule *rule, const char *name,
			  struct lw_json_writer *w)
{
	const struct lw_said_subject *about =
		t->state == LW_TESTIMONY_GOOD ? lw_said_about(&t->said, &t->subject) : NULL;

	lw_json_w_key(w, "checked");
	lw_json_w_array(w);
	if (t->state == LW_TESTIMONY_GOOD)
		lw_json_w_string(w, "signature");
	if (about)
		lw_json_w_string(w, "digest");
	if (about && about->name && s->signature &&
	    lw_judgement_names(rule, name, t->said.type, about->name))
		lw_json_w_string(w, "name");
	lw_json_w_end_array(w);
}

static void write_testimony(const struct lw_policy *p, const struct lw_judged *image,
			    const struct lw_judgement *j, size_t i, struct lw_json_writer *w)
{
	const struct lw_testimony *t = &image->testimonies[i];
	const struct lw_standing *s = &j->standings[i];
	const char *claimed = t->state == LW_TESTIMONY_GOOD
				      ? lw_said_string(&t->said, "/predicate/created")
				      : NULL;
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(w);
	lw_json_w_member(w, "algorithm", t->key ? lw_key_algorithm(t->key) : "");
	write_checked(t, s, j->rule, image->name, w);
	if (claimed) /* by the signer: a key alone proves no time */
		lw_json_w_member(w, "claimedTime", claimed);
	lw_json_w_member(w, "evidence", lw_digest_text(&t->evidence, text));
	if (t->key)
		lw_json_w_member(w, "key", lw_digest_text(lw_key_fingerprint(t->key), text));
	lw_json_w_member(w, "kind", t->kind);
	if (t->signer != SIZE_MAX) {
		lw_json_w_member(w, "owner", p->signers[t->signer].owner);
		lw_json_w_member(w, "signer", p->signers[t->signer].name);
	}
	lw_json_w_member(w, "state", lw_worth_name(s->worth));
	lw_json_w_member(w, "subject", lw_digest_text(&t->subject, text));
	if (t->state == LW_TESTIMONY_GOOD)
		lw_json_w_member(w, "type", t->said.type);
	if (s->why[0])
		lw_json_w_member(w, "why", s->why);
	lw_json_w_end_object(w);
}

void lw_judgement_write(const struct lw_policy *p, const struct lw_judged *image,
			const struct lw_judgement *j, struct lw_json_writer *w)
{
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(w);
	lw_json_w_key(w, "attestations");
	lw_json_w_array(w);
	for (size_t i = 0; i < j->rule->n_attestations; i++)
		write_group(p, &j->attestations[i], j->rule->attestations[i].type, w);
	lw_json_w_end_array(w);
	lw_json_w_key(w, "base");
	if (j->base.asked) {
		lw_json_w_object(w);
		lw_json_w_member(w, "digest", lw_digest_text(&j->base.digest, text));
		member_bool(w, "met", j->base.met);
		lw_json_w_member(w, "text", j->base.text);
		lw_json_w_end_object(w);
	} else {
		lw_json_w_null(w);
	}
	lw_json_w_member(w, "format", "landwaiter-judgement/1");
	lw_json_w_key(w, "groups");
	lw_json_w_array(w);
	for (size_t i = 0; i < j->rule->n_require; i++)
		write_group(p, &j->groups[i], NULL, w);
	lw_json_w_end_array(w);
	lw_json_w_member(w, "match", j->rule->match);
	member_bool(w, "met", lw_judgement_holds(j));
	lw_json_w_key(w, "signatures");
	lw_json_w_array(w);
	for (size_t i = 0; i < image->n_testimonies; i++)
		write_testimony(p, image, j, i, w);
	lw_json_w_end_array(w);
	lw_json_w_key(w, "tuf");
	if (j->tuf.asked) {
		lw_json_w_object(w);
		member_bool(w, "met", j->tuf.met);
		lw_json_w_member(w, "repository", j->rule->repository->name);
		lw_json_w_member(w, "text", j->tuf.text);
		lw_json_w_end_object(w);
	} else {
		lw_json_w_null(w);
	}
	lw_json_w_member(w, "zone", j->rule->zone);
	lw_json_w_end_object(w);
}
