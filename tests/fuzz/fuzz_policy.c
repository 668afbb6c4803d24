/* SPDX-License-Identifier: Apache-2.0 */

/* Policies, with key files that are what their names say. What parses can be met, by people
 * that are there, with keys of which none is two people's; and its rules match as a slow and
 * obvious matcher says. */

#include "base/mem.h"
#include "verify/policy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "1" to "9": an Ed25519 key each; "rsa": one that cannot be checked; "bad": noise. */
static int read_file(void *data, const char *name, struct lw_buf *out, struct lw_error *e)
{
	/* SubjectPublicKeyInfo of Ed25519 (RFC 8410), and the points of RFC 8032's tests. */
	static const uint8_t head[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
					0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
	static const uint8_t points[][32] = {
		{ 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
		  0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
		  0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a },
		{ 0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a,
		  0xa7, 0x4d, 0x1b, 0x7e, 0xbc, 0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4,
		  0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c },
		{ 0xfc, 0x51, 0xcd, 0x8e, 0x62, 0x18, 0xa1, 0xa3, 0x8d, 0xa4, 0x7e,
		  0xd0, 0x02, 0x30, 0xf0, 0x58, 0x08, 0x16, 0xed, 0x13, 0xba, 0x33,
		  0x03, 0xac, 0x5d, 0xeb, 0x91, 0x15, 0x48, 0x90, 0x80, 0x25 },
	};
	unsigned i = (unsigned)(unsigned char)name[0] - '1';

	(void)data;
	if (i < LW_COUNT_OF(points) && !name[1]) {
		lw_buf_add(out, head, sizeof(head));
		lw_buf_add(out, points[i], sizeof(points[i]));
	} else if (strcmp(name, "other") == 0) {
		lw_buf_add(out, head, sizeof(head));
		out->p[8] = 0x71; /* Ed448 */
		lw_buf_fill(out, 7, 32);
	} else if (strcmp(name, "bad") == 0) {
		lw_buf_adds(out, "-----BEGIN PUBLIC KEY-----\n");
	} else {
		return lw_fail(e, LW_E_NOTFOUND, "no such file");
	}
	return 0;
}

/* By trying every way. */
static bool slow_match(const char *p, const char *s, unsigned *fuel)
{
	if ((*fuel)-- == 0)
		return false;
	if (p[0] == '*') {
		bool deep = p[1] == '*';

		for (;; s++) {
			if (slow_match(p + 1 + deep, s, fuel))
				return true;
			if (!*s || (!deep && *s == '/') || *fuel == 0)
				return false;
		}
	}
	return *p == *s && (!*p || slow_match(p + 1, s + 1, fuel));
}

static void check_rules(const struct lw_policy *p)
{
	static const char *const names[] = { "registry.example/a/b:1", "a", "a/b/c/d",
					     "registry.example/aaaaaaaaaaaaaaaaaaaaaaaa/x" };

	for (size_t i = 0; i < p->n_rules; i++)
		for (size_t k = 0; k < LW_COUNT_OF(names); k++) {
			unsigned fuel = 20000;
			bool slow = slow_match(p->rules[i].match, names[k], &fuel);

			if (fuel && fuel < 20000 &&
			    slow != lw_policy_matches(p->rules[i].match, names[k]))
				abort();
			if (!slow)
				continue;

			const struct lw_rule *first = lw_policy_rule(p, names[k], NULL);
			const struct lw_rule *here =
				lw_policy_rule(p, names[k], p->rules[i].zone);

			if (!first || !here || first->zone_index > p->rules[i].zone_index ||
			    here->zone_index != p->rules[i].zone_index)
				abort();
		}
}

static void must(bool promise)
{
	if (!promise)
		abort();
}

static void check_group(const struct lw_policy *p, const struct lw_group *g)
{
	for (size_t i = 0; i < g->n_signers; i++)
		if (g->signers[i] >= p->n_signers)
			abort();
	must(g->threshold <= lw_policy_owners(p, g));
}

/* Seals and the time: counted are keys of kind "key", of signers without an end. */
static void check_own_group(const struct lw_policy *p, const struct lw_group *g)
{
	check_group(p, g);
	must(g->threshold <= LW_MAX_APPROVALS);
	for (size_t i = 0; i < g->n_signers; i++) {
		const struct lw_signer *s = &p->signers[g->signers[i]];

		must(s->n_own_keys + s->n_own_unsupported > 0);
		must(s->valid_from == 0 && s->valid_until == INT64_MAX);
	}
}

static void check_requirements(const struct lw_policy *p, const struct lw_rule *r)
{
	must(r->evidence_not_required == (r->n_require + r->n_attestations == 0));
	must(p->n_zones ? strcmp(p->zones[r->zone_index], r->zone) == 0 : r->zone_index == 0);
	must(r->n_signature_types > 0);
	must((r->identity < LW_IDENTITY_EXACT_REFERENCE) == !r->identity_name);
	must((r->identity == LW_IDENTITY_REMAP) == !!r->identity_prefix);
	for (size_t i = 0; i < r->n_require; i++) {
		check_group(p, &r->require[i]);
		must(r->require[i].threshold > 0);
	}
	for (size_t i = 0; i < r->n_attestations; i++) {
		const struct lw_attestation_rule *a = &r->attestations[i];

		check_group(p, &a->of);
		must(a->of.threshold > 0 && strchr(a->type, ':'));
		must(a->n_conditions <= LW_MAX_CONDITIONS);
		for (size_t c = 0; c < a->n_conditions; c++) {
			must(!a->conditions[c].field == !!a->conditions[c].pointer);
			must(a->conditions[c].n_in > 0);
		}
	}
}

static void check_keys(const struct lw_policy *p)
{
	for (size_t i = 0; i < p->n_signers; i++)
		for (size_t k = 0; k < i; k++)
			for (size_t x = 0; x < p->signers[i].n_keys; x++)
				for (size_t y = 0; y < p->signers[k].n_keys; y++)
					if (lw_digest_equal(
						    lw_key_fingerprint(p->signers[i].keys[x]),
						    lw_key_fingerprint(p->signers[k].keys[y])))
						abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LW_AUTO(policy) struct lw_policy *p = NULL;
	struct lw_policy_files files = { .read = read_file };
	struct lw_error e = { 0 };
	int r = lw_policy_parse(lw_span(data, size), &files, &p, &e);

	if (r < 0) {
		if (-r != (int)e.code || e.code == LW_E_INTERNAL || p)
			abort();
		return 0;
	}
	for (size_t i = 0; i < p->n_senders; i++) {
		check_own_group(p, &p->senders[i].approvers);
		if (p->senders[i].approvers.threshold == 0 || p->senders[i].max_age_sec < 0)
			abort();
	}
	check_own_group(p, &p->time);
	if (p->skew_sec < 0 || p->skew_sec > 86400 || (!p->clock_trusted && !p->time.threshold))
		abort();
	for (size_t i = 0; i < p->n_rules; i++)
		check_requirements(p, &p->rules[i]);
	check_keys(p);
	check_rules(p);
	return 0;
}
