/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/policy_case.h"

#include "base/encode.h"
#include "base/mem.h"

#include <string.h>

struct stage {
	const struct lw_policy *p;
	const struct lw_rule *rule;
	struct lw_digest digest; /* of the image that is supposed */
	struct lw_testimony *list;
	size_t n;
};

/* The signer's word over these bytes, read as a signed statement is. */
static int testify(struct stage *s, size_t signer, struct lw_span bytes, bool simple,
		   struct lw_error *e)
{
	struct lw_testimony *t = &s->list[s->n++];
	const struct lw_signer *who = &s->p->signers[signer];
	struct lw_digest own = lw_digest_of(bytes);
	struct lw_proven proven;
	int r = lw_prove_by_digest(bytes, &own, &proven, e);

	*t = (struct lw_testimony){ .kind = "supposed",
				    .state = LW_TESTIMONY_GOOD,
				    .subject = s->digest,
				    .signer = signer,
				    .key = who->n_keys ? who->keys[0] : NULL };
	if (who->n_keys == 0) /* nothing of theirs could be verified */
		t->state = LW_TESTIMONY_UNCHECKED;
	if (r == 0)
		r = simple ? lw_said_simple_signing(proven, &t->said, e)
			   : lw_said_in_toto(proven, &t->said, e);
	return r;
}

static void write_simple(const struct stage *s, const char *name, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out };
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(&w);
	lw_json_w_key(&w, "critical");
	lw_json_w_object(&w);
	lw_json_w_key(&w, "identity");
	lw_json_w_object(&w);
	lw_json_w_member(&w, "docker-reference", name);
	lw_json_w_end_object(&w);
	lw_json_w_key(&w, "image");
	lw_json_w_object(&w);
	lw_json_w_member(&w, "docker-manifest-digest", lw_digest_text(&s->digest, text));
	lw_json_w_end_object(&w);
	lw_json_w_member(&w, "type", "cosign container image signature");
	lw_json_w_end_object(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

/* One step of a JSON pointer; *rest is what follows it, "" at the end. */
static char *step(const char *pointer, const char **rest)
{
	size_t n = strcspn(pointer + 1, "/");
	char *text = lw_strndup(pointer + 1, n), *to = text;

	*rest = pointer + 1 + n;
	for (const char *from = text; *from; from++) {
		if (from[0] == '~' && (from[1] == '0' || from[1] == '1'))
			*to++ = *++from == '0' ? '~' : '/';
		else
			*to++ = *from;
	}
	*to = '\0';
	return text;
}

struct place {
	const char *pointer; /* what is left of it */
	const char *value;
};

/* Writes an object that has each value at its place; of two that exclude each other the first
 * stands. */
static void write_places(struct lw_json_writer *w, const struct place *places, size_t n)
{
	lw_auto_free struct place *below = lw_alloc_array(n, sizeof(*below));
	lw_auto_free bool *done = lw_alloc_array(n, sizeof(*done));

	lw_json_w_object(w);
	for (size_t i = 0; i < n; i++) {
		const char *rest = NULL;
		lw_auto_free char *key = done[i] ? NULL : step(places[i].pointer, &rest);
		size_t m = 0;

		if (!key)
			continue;
		for (size_t k = i; k < n; k++) {
			const char *other = NULL;
			lw_auto_free char *same = step(places[k].pointer, &other);

			if (done[k] || strcmp(same, key) != 0)
				continue;
			done[k] = true;
			if (*other)
				below[m++] = (struct place){ other, places[k].value };
		}
		lw_json_w_key(w, key);
		if (*rest)
			write_places(w, below, m);
		else
			lw_json_w_string(w, places[i].value);
	}
	lw_json_w_end_object(w);
}

static void write_statement(const struct stage *s, const char *type, const char *name,
			    const struct lw_case_attestation *a, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out };
	size_t n = a ? a->n_fields : 0, k = 0;
	lw_auto_free struct place *places = lw_alloc_array(n, sizeof(*places));
	char hex[2 * LW_DIGEST_BYTES + 1];

	for (size_t i = 0; i < n; i++) {
		const char *at = a->fields[i].pointer ? a->fields[i].pointer
						      : lw_said_place(type, a->fields[i].field);

		if (at && strncmp(at, "/predicate/", 11) == 0)
			places[k++] =
				(struct place){ at + strlen("/predicate"), a->fields[i].value };
	}
	lw_json_w_object(&w);
	lw_json_w_member(&w, "_type", "https://in-toto.io/Statement/v1");
	lw_json_w_key(&w, "predicate");
	write_places(&w, places, k);
	lw_json_w_member(&w, "predicateType", type);
	lw_json_w_key(&w, "subject");
	lw_json_w_array(&w);
	lw_json_w_object(&w);
	lw_json_w_key(&w, "digest");
	lw_json_w_object(&w);
	lw_json_w_member(
		&w, "sha256",
		lw_hex_encode(lw_span(s->digest.sha256, sizeof(s->digest.sha256)), hex));
	lw_json_w_end_object(&w);
	if (name)
		lw_json_w_member(&w, "name", name);
	lw_json_w_end_object(&w);
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

/* Each signs as the rule wants it: the first type it takes, for the name it wants. */
static int sign(struct stage *s, const struct lw_policy_case *c, struct lw_error *e)
{
	lw_auto_free char *name = lw_judgement_name_wanted(s->rule, c->image);
	const char *type = s->rule->n_signature_types ? s->rule->signature_types[0] : "";
	bool simple = strcmp(type, LW_TYPE_SIMPLE_SIGNING) == 0;
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	int r = 0;

	if (simple)
		write_simple(s, name, &bytes);
	else
		write_statement(s, type, strcmp(type, LW_TYPE_COSIGN_SIGN) == 0 ? NULL : name,
				NULL, &bytes);
	for (size_t i = 0; i < c->n_signed_by && r == 0; i++)
		r = testify(s, c->signed_by[i], lw_buf_span(&bytes), simple, e);
	return r;
}

static int attest(struct stage *s, const struct lw_policy_case *c,
		  const struct lw_case_attestation *a, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	int r = 0;

	write_statement(s, a->type, c->image, a, &bytes);
	for (size_t i = 0; i < a->n_by && r == 0; i++)
		r = testify(s, a->by[i], lw_buf_span(&bytes), false, e);
	return r;
}

static int judge(struct stage *s, const struct lw_policy_case *c, int64_t now,
		 struct lw_verdict *v, struct lw_error *e)
{
	struct lw_judgement j = { 0 };
	struct lw_judged image = { .name = c->image,
				   .digest = s->digest,
				   .now = { .lo = now, .hi = now, .source = LW_HI_CLOCK } };
	int r = sign(s, c, e);

	for (size_t i = 0; i < c->n_attestations && r == 0; i++)
		r = attest(s, c, &c->attestations[i], e);
	if (r < 0)
		return r;
	image.testimonies = s->list;
	image.n_testimonies = s->n;
	lw_judgement_make(s->p, s->rule, &image, v, &j);
	if (s->rule->repository && !c->listed) {
		lw_verdict_add(v, LW_FINDING_TUF_TARGET_UNKNOWN, c->image,
			       "a target that the repository lists",
			       "the case does not say so");
		j.met = false;
	}
	if (j.met)
		lw_verdict_pass(v, LW_GATE_EVIDENCE);
	lw_judgement_release(&j);
	return 0;
}

int lw_policy_case_judge(const struct lw_policy *p, const struct lw_policy_case *c, int64_t now,
			 struct lw_verdict *v, struct lw_error *e)
{
	struct stage s = { .p = p,
			   .rule = lw_policy_rule(p, c->image, c->zone),
			   .digest = lw_digest_of(lw_span_str(c->image)) };
	size_t most = c->n_signed_by;
	int r = 0;

	for (size_t i = 0; i < c->n_attestations; i++)
		most += c->attestations[i].n_by;
	s.list = lw_alloc_array(most, sizeof(*s.list));
	if (!s.rule)
		lw_verdict_add(v, LW_FINDING_POLICY_NO_MATCH, c->image, "a rule that matches",
			       "none");
	else
		r = judge(&s, c, c->at < 0 ? now : c->at, v, e);
	for (size_t i = 0; i < s.n; i++)
		lw_testimony_release(&s.list[i]);
	free(s.list);
	(void)lw_verdict_conclude(v, 1u << LW_GATE_EVIDENCE);
	return r;
}

bool lw_policy_case_holds(const struct lw_policy_case *c, const struct lw_verdict *v)
{
	if (c->accepted)
		return v->outcome == LW_ACCEPTED;
	if (v->outcome != LW_REFUSED)
		return false;
	for (size_t i = 0; i < v->n_findings && c->has_because; i++)
		if (v->findings[i].id == c->because)
			return true;
	return !c->has_because;
}
