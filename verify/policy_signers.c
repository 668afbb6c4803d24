/* SPDX-License-Identifier: Apache-2.0 */
/* The policy's people: signers and their keys, groups of them, senders, who attests the time.
 */
#include "verify/policy_internal.h"

#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"

/* n_signers if there is none of that name. */
static size_t signer_index(const struct lw_policy *p, const char *name)
{
	size_t i = 0;

	while (i < p->n_signers && strcmp(p->signers[i].name, name) != 0)
		i++;
	return i;
}

size_t lw_policy_owners(const struct lw_policy *p, const struct lw_group *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_signers; i++) {
		size_t j = 0;

		while (j < i && strcmp(p->signers[g->signers[i]].owner,
				       p->signers[g->signers[j]].owner) != 0)
			j++;
		n += j == i;
	}
	return n;
}

int lw_policy_read_signers(const struct lw_policy *p, const struct lw_json *names, size_t **ret,
			   size_t *ret_n, struct lw_error *e)
{
	*ret = lw_alloc_array(lw_json_count(names), sizeof(**ret));
	for (const struct lw_json *n = lw_json_first(names); n; n = lw_json_next(n)) {
		const char *name = lw_json_string(n);
		char shown[80];

		if (!name)
			return lw_fail(e, LW_E_FORMAT, "signers: want names");

		size_t index = signer_index(p, name);
		if (index == p->n_signers)
			return lw_fail(e, LW_E_NOTFOUND, "no signer '%s'",
				       lw_text_escape_str(name, shown, sizeof(shown)));
		for (size_t i = 0; i < *ret_n; i++)
			if ((*ret)[i] == index)
				return lw_fail(e, LW_E_CONFLICT, "signer '%s' stands twice",
					       name);
		(*ret)[(*ret_n)++] = index;
	}
	return 0;
}

int lw_policy_read_group(const struct lw_policy *p, uint64_t threshold,
			 const struct lw_json *names, struct lw_group *g, struct lw_error *e)
{
	int r = lw_policy_read_signers(p, names, &g->signers, &g->n_signers, e);

	g->threshold = threshold;
	if (r == 0 && lw_policy_owners(p, g) < threshold)
		r = lw_fail(e, LW_E_CONFLICT, "threshold %llu, but only %zu people",
			    (unsigned long long)threshold, lw_policy_owners(p, g));
	return r;
}

/* A group that signs statements of ours: seals, and what time it is. */
static int read_own_group(const struct lw_policy *p, uint64_t threshold,
			  const struct lw_json *names, struct lw_group *g, struct lw_error *e)
{
	int r = lw_policy_read_group(p, threshold, names, g, e);

	for (size_t i = 0; i < g->n_signers && r == 0; i++) {
		const struct lw_signer *s = &p->signers[g->signers[i]];

		if (s->n_own_keys + s->n_own_unsupported == 0)
			r = lw_fail(e, LW_E_CONFLICT,
				    "signer '%s' has no key of kind \"key\", and no other "
				    "signs this",
				    s->name);
		else if (s->valid_from != 0 || s->valid_until != INT64_MAX)
			/* Better refused than not looked at. */
			r = lw_fail(
				e, LW_E_UNSUPPORTED,
				"signer '%s': 'valid' is not supported here by this version",
				s->name);
	}
	return r;
}

/* One key under two signers would let one signature speak for two. */
static int refuse_shared_key(const struct lw_policy *p, const struct lw_key *key,
			     struct lw_error *e)
{
	for (size_t i = 0; i < p->n_signers; i++)
		for (size_t k = 0; k < p->signers[i].n_keys; k++)
			if (lw_digest_equal(lw_key_fingerprint(p->signers[i].keys[k]),
					    lw_key_fingerprint(key)))
				return lw_fail(e, LW_E_CONFLICT,
					       "this key is already signer '%s''s",
					       p->signers[i].name);
	return 0;
}

static int read_key(struct lw_policy *p, struct lw_signer *s, const struct lw_json *node,
		    const struct lw_policy_files *files, struct lw_error *e)
{
	struct key_fields {
		const char *file, *kind;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		LW_POLICY_FIELD(struct key_fields, kind, LW_JSON_READ_STRING,
				.flags = LW_JSON_REQUIRED),
		LW_POLICY_FIELD(struct key_fields, file, LW_JSON_READ_PLAIN,
				.flags = LW_JSON_REQUIRED, .min = 1, .max = 255),
	};
	static const char *const later[] = { "identity", "purposes", "store", NULL };
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	LW_AUTO(key) struct lw_key *key = NULL;
	int r = lw_policy_no_later(node, later, "key", e);

	if (r == 0)
		r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
				 "key", &f, e);
	if (r != 0)
		return r;

	enum lw_key_kind kind = strcmp(f.kind, "key") == 0 ? LW_KEY_OWN : LW_KEY_COSIGN;

	if (kind == LW_KEY_COSIGN && strcmp(f.kind, "cosign-key") != 0)
		return lw_fail(e, LW_E_UNSUPPORTED,
			       "key: this version knows the kinds \"key\" and \"cosign-key\"");
	r = files->read(files->data, f.file, &bytes, e);
	if (r < 0)
		return lw_prefix(e, "key file '%s'", f.file);
	r = lw_key_parse_as(kind, lw_buf_span(&bytes), &key, e);
	if (r == -LW_E_UNSUPPORTED) {
		s->n_unsupported++;
		s->n_own_unsupported += kind == LW_KEY_OWN;
		return 0;
	}
	if (r < 0)
		return lw_prefix(e, "key file '%s'", f.file);
	r = refuse_shared_key(p, key, e);
	if (r < 0)
		return lw_prefix(e, "key file '%s'", f.file);
	if (kind == LW_KEY_OWN) {
		memmove(&s->keys[s->n_own_keys + 1], &s->keys[s->n_own_keys],
			(s->n_keys - s->n_own_keys) * sizeof(s->keys[0]));
		s->keys[s->n_own_keys++] = lw_steal(key);
		s->n_keys++;
	} else {
		s->keys[s->n_keys++] = lw_steal(key);
	}
	return 0;
}

/* [from, until): a time or null each. */
static int read_valid(struct lw_signer *s, const struct lw_json *valid, struct lw_error *e)
{
	const struct lw_json *end = lw_json_first(valid);
	int64_t *const into[] = { &s->valid_from, &s->valid_until };
	int r = 0;

	for (size_t i = 0; i < 2 && r == 0; i++, end = lw_json_next(end)) {
		const char *text = lw_json_string(end);

		if (text)
			r = lw_time_parse(lw_span_str(text), into[i], e);
		else if (lw_json_type(end) != LW_JSON_NULL)
			r = lw_fail(e, LW_E_FORMAT, "want a time or null");
	}
	if (r == 0 && s->valid_from >= s->valid_until)
		r = lw_fail(e, LW_E_CONFLICT, "ends before it begins");
	return r < 0 ? lw_prefix(e, "valid") : 0;
}

int lw_policy_read_signer(struct lw_policy *p, const struct lw_json *node,
			  const struct lw_policy_files *files, struct lw_error *e)
{
	struct signer_fields {
		const char *owner;
		const struct lw_json *keys, *valid;
	} f = { .owner = lw_json_key(node) };
	static const char *const later[] = { "purposes", NULL };
	static const struct lw_json_field fields[] = {
		LW_POLICY_FIELD(struct signer_fields, owner, LW_JSON_READ_LABEL),
		LW_POLICY_FIELD(struct signer_fields, keys, LW_JSON_READ_ARRAY,
				.flags = LW_JSON_REQUIRED, .min = 1, .max = LW_MAX_SIGNER_KEYS),
		LW_POLICY_FIELD(struct signer_fields, valid, LW_JSON_READ_ARRAY, .min = 2,
				.max = 2),
	};

	if (!lw_text_is_label(lw_span_str(lw_json_key(node))))
		return lw_fail(e, LW_E_FORMAT, "a signer's name is not a label");

	int r = lw_policy_no_later(node, later, "signer", e);
	if (r == 0)
		r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
				 "signer", &f, e);
	if (r < 0)
		return r;

	struct lw_signer *s = &p->signers[p->n_signers++];
	s->name = lw_json_key(node);
	s->owner = f.owner;
	s->valid_until = INT64_MAX;
	if (f.valid)
		r = read_valid(s, f.valid, e);
	for (const struct lw_json *k = lw_json_first(f.keys); k && r == 0; k = lw_json_next(k))
		r = read_key(p, s, k, files, e);
	return r;
}

int lw_policy_read_sender(struct lw_policy *p, const struct lw_json *node, struct lw_error *e)
{
	struct sender_fields {
		uint64_t threshold, sequence_window;
		const struct lw_json *signers;
		const char *max_age, *audience, *challenge;
	} f = { .max_age = "P30D", .audience = "this", .challenge = "optional" };
	static const struct lw_json_field fields[] = {
		LW_POLICY_FIELD(struct sender_fields, audience, LW_JSON_READ_STRING),
		LW_POLICY_FIELD(struct sender_fields, challenge, LW_JSON_READ_STRING),
		LW_POLICY_FIELD(struct sender_fields, max_age, LW_JSON_READ_STRING),
		LW_POLICY_FIELD(struct sender_fields, sequence_window, LW_JSON_READ_U64,
				.max = 1000),
		LW_POLICY_FIELD(struct sender_fields, signers, LW_JSON_READ_ARRAY,
				.flags = LW_JSON_REQUIRED, .min = 1, .max = LW_MAX_SIGNERS),
		LW_POLICY_FIELD(struct sender_fields, threshold, LW_JSON_READ_U64,
				.flags = LW_JSON_REQUIRED, .min = 1, .max = LW_MAX_APPROVALS),
	};

	if (!lw_text_is_label(lw_span_str(lw_json_key(node))))
		return lw_fail(e, LW_E_FORMAT, "a sender's name is not a label");

	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			     "sender", &f, e);
	if (r < 0)
		return r;
	if (f.sequence_window != 0)
		return lw_fail(e, LW_E_UNSUPPORTED,
			       "a sequence_window is not supported by this version");
	if (strcmp(f.challenge, "optional") != 0 && strcmp(f.challenge, "required") != 0)
		return lw_fail(e, LW_E_FORMAT, "challenge: want \"optional\" or \"required\"");
	if (strcmp(f.audience, "any") != 0 && strcmp(f.audience, "this") != 0)
		return lw_fail(e, LW_E_FORMAT, "audience: want \"this\" or \"any\"");

	struct lw_sender *s = &p->senders[p->n_senders++];
	s->name = lw_json_key(node);
	s->any_audience = strcmp(f.audience, "any") == 0;
	s->challenge_required = strcmp(f.challenge, "required") == 0;
	r = lw_num_duration(lw_span_str(f.max_age), &s->max_age_sec, e);
	if (r < 0)
		return lw_prefix(e, "max_age");
	return read_own_group(p, f.threshold, f.signers, &s->approvers, e);
}

int lw_policy_read_time(struct lw_policy *p, const struct lw_json *node, struct lw_error *e)
{
	struct time_fields {
		const char *clock, *skew;
		uint64_t threshold;
		const struct lw_json *signers;
	} f = { .clock = "trusted" };
	static const struct lw_json_field fields[] = {
		LW_POLICY_FIELD(struct time_fields, clock, LW_JSON_READ_STRING),
		LW_POLICY_FIELD(struct time_fields, signers, LW_JSON_READ_ARRAY, .min = 2,
				.max = LW_MAX_SIGNERS),
		LW_POLICY_FIELD(struct time_fields, skew, LW_JSON_READ_STRING),
		/* Two people at least: one person's word is the clock's word. */
		LW_POLICY_FIELD(struct time_fields, threshold, LW_JSON_READ_U64, .min = 2,
				.max = LW_MAX_APPROVALS),
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN, "time",
			     &f, e);

	if (r < 0)
		return r;
	if (strcmp(f.clock, "trusted") != 0 && strcmp(f.clock, "attested") != 0)
		return lw_fail(e, LW_E_FORMAT, "clock: want \"trusted\" or \"attested\"");
	p->clock_trusted = strcmp(f.clock, "trusted") == 0;
	if (f.skew && (r = lw_num_duration(lw_span_str(f.skew), &p->skew_sec, e)) < 0)
		return lw_prefix(e, "skew");
	if (p->skew_sec > 86400)
		return lw_fail(e, LW_E_LIMIT, "skew: want at most one day");
	if (!f.signers != !f.threshold)
		return lw_fail(e, LW_E_FORMAT, "threshold and signers belong together");
	if (!f.signers)
		return p->clock_trusted
			       ? 0
			       : lw_fail(e, LW_E_FORMAT,
					 "clock \"attested\" needs threshold and signers");
	return read_own_group(p, f.threshold, f.signers, &p->time, e);
}
