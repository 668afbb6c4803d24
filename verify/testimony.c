/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/testimony.h"

#include "base/encode.h"
#include "base/mem.h"
#include "base/text.h"

const char *lw_testimony_state_name(enum lw_testimony_state s)
{
	static const char *const names[] = { "bad", "unchecked", "good" };

	return (unsigned)s < LW_COUNT_OF(names) ? names[s] : "bad";
}

static void set(struct lw_testimony *t, enum lw_testimony_state state,
		enum lw_finding_id finding, const char *why)
{
	t->state = state;
	t->finding = finding;
	(void)lw_text_escape_str(why, t->why, sizeof(t->why));
}

/* The digest that a hint spells in hex or in base64; false for any other hint. */
static bool hint_digest(const char *hint, struct lw_digest *ret)
{
	LW_AUTO(buf) struct lw_buf raw = { 0 };
	struct lw_error ignored;

	if (lw_hex_decode(lw_span_str(hint), ret->sha256, sizeof(ret->sha256), &ignored) == 0)
		return true;
	if (lw_base64_decode(lw_span_str(hint), LW_BASE64_STANDARD, &raw, &ignored) < 0 ||
	    raw.n != sizeof(ret->sha256))
		return false;
	memcpy(ret->sha256, raw.p, raw.n);
	return true;
}

/* Nothing fits. Whom does it claim to be by? A key we trust, or nobody: it is bad. A key that
 * the policy does not have: it cannot be checked. */
static void unfitting(const struct lw_policy *p, const char *hint, struct lw_testimony *t)
{
	size_t n = lw_policy_key_count(p, LW_KEYS_ALL), signer = 0;
	struct lw_digest named;

	for (size_t i = 0; !hint[0] && i < p->n_signers; i++)
		if (p->signers[i].n_unsupported > 0) {
			set(t, LW_TESTIMONY_UNCHECKED, LW_FINDING_EVIDENCE_UNCHECKED,
			    "fits no key that this program can check");
			return;
		}
	if (!hint[0]) {
		set(t, LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_SIGNATURE_BAD,
		    "fits no key of the policy");
		return;
	}
	if (hint_digest(hint, &named))
		for (size_t i = 0; i < n; i++) {
			const struct lw_key *k = lw_policy_key_at(p, LW_KEYS_ALL, i, &signer);

			if (!lw_digest_equal(lw_key_fingerprint(k), &named))
				continue;
			t->signer = signer;
			t->key = k;
			set(t, LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_SIGNATURE_BAD,
			    "does not verify with the key it names");
			return;
		}
	set(t, LW_TESTIMONY_UNCHECKED, LW_FINDING_EVIDENCE_UNCHECKED,
	    "by a key that the policy does not have");
}

/* The one signer whose key verifies the signature; false where there is none, or two. */
static bool find_signer(const struct lw_policy *p, struct lw_span message, struct lw_span sig,
			const size_t *matches, size_t n_matches, struct lw_testimony *t)
{
	for (size_t m = 0; m < n_matches; m++) {
		size_t signer = 0;
		const struct lw_key *k = lw_policy_key_at(p, LW_KEYS_ALL, matches[m], &signer);

		if (!k || lw_key_confirm(k, message, sig) != LW_KEY_GOOD)
			continue;
		if (t->key && t->signer != signer) {
			t->key = NULL;
			t->signer = SIZE_MAX;
			set(t, LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_SIGNATURE_AMBIGUOUS,
			    "fits two signers");
			return false;
		}
		t->key = k;
		t->signer = signer;
	}
	return t->key != NULL;
}

void lw_testimony_hear(const struct lw_policy *p, const struct lw_judge *judge,
		       const struct lw_extracted *x, size_t i, struct lw_span piece,
		       const size_t *matches, size_t n_matches, struct lw_testimony *ret)
{
	const struct lw_extracted_signature *s = &x->signatures[i];
	LW_AUTO(buf) struct lw_buf message = { 0 };
	struct lw_proven proven;
	struct lw_error e = { 0 };

	ret->kind = judge->kind;
	ret->signer = SIZE_MAX;
	ret->key = NULL;
	set(ret, LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_SIGNATURE_BAD, "");
	lw_extracted_message(x, piece, &message);
	if (!find_signer(p, lw_buf_span(&message), lw_buf_span(&s->sig), matches, n_matches,
			 ret)) {
		if (ret->finding != LW_FINDING_EVIDENCE_SIGNATURE_AMBIGUOUS)
			unfitting(p, s->key_hint, ret);
		return;
	}

	/* From here on the bytes are those of a person the policy knows. */
	proven.bytes = x->detached ? piece : lw_buf_span(&x->payload);
	int r = judge->read(x->detached ? "" : x->payload_type, proven, &ret->said, &e);
	if (r == 0)
		set(ret, LW_TESTIMONY_GOOD, LW_FINDING_EVIDENCE_UNCHECKED, "");
	else if (r == -LW_E_UNSUPPORTED)
		set(ret, LW_TESTIMONY_UNCHECKED, LW_FINDING_EVIDENCE_UNCHECKED, e.text);
	else
		set(ret, LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_MALFORMED, e.text);
}

void lw_testimony_refuse(const struct lw_judge *judge, const struct lw_extracted *x,
			 struct lw_testimony *ret)
{
	ret->kind = judge->kind;
	ret->signer = SIZE_MAX;
	ret->key = NULL;
	if (x->state == LW_EXTRACTED_UNSUPPORTED)
		set(ret, LW_TESTIMONY_UNCHECKED, LW_FINDING_EVIDENCE_UNCHECKED, x->why);
	else
		set(ret, LW_TESTIMONY_BAD, LW_FINDING_EVIDENCE_MALFORMED, x->why);
}

void lw_testimony_release(struct lw_testimony *t)
{
	lw_said_release(&t->said);
	*t = (struct lw_testimony){ 0 };
}
