/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns over image names: `*` is any text within a component of the path, `**` also across.
 */
#include "verify/policy_internal.h"

bool lw_policy_matches(const char *pattern, const char *name)
{
	/* The usual two-pointer glob: on a mismatch, the last star takes one character more. A
	 * single star stops at '/', so a double star before it is kept to fall back to. */
	const char *star = NULL, *star_at = NULL, *deep = NULL, *deep_at = NULL;

	for (;;) {
		if (pattern[0] == '*' && pattern[1] == '*') {
			deep = pattern += 2;
			deep_at = name;
			star = NULL;
		} else if (pattern[0] == '*') {
			star = ++pattern;
			star_at = name;
		} else if (*pattern && *pattern == *name) {
			pattern++;
			name++;
		} else if (!*pattern && !*name) {
			return true;
		} else if (star && *star_at && *star_at != '/') {
			pattern = star;
			name = ++star_at;
		} else if (deep && *deep_at) {
			pattern = deep;
			name = ++deep_at;
			star = NULL;
		} else {
			return false;
		}
	}
}

int lw_policy_more_specific(const char *a, const char *b)
{
	size_t literal_a = strcspn(a, "*"), literal_b = strcspn(b, "*");
	size_t wild_a = strspn(a + literal_a, "*"), wild_b = strspn(b + literal_b, "*");

	if (literal_a != literal_b)
		return literal_a > literal_b ? 1 : -1;
	if (wild_a != wild_b)
		return wild_a < wild_b ? 1 : -1;
	return (strlen(a) > strlen(b)) - (strlen(a) < strlen(b));
}

/* Patterns about patterns: both are cut into steps, a byte or a star each, and every pair of
 * places is looked at once. */

enum { STAR = 256, DEEP };

struct steps {
	uint16_t step[LW_MAX_REFERENCE + 1];
	size_t n;
};

static void cut(const char *pattern, struct steps *s)
{
	for (s->n = 0; *pattern && s->n <= LW_MAX_REFERENCE; s->n++) {
		bool star = pattern[0] == '*', deep = star && pattern[1] == '*';

		s->step[s->n] = deep ? DEEP : star ? STAR : (unsigned char)*pattern;
		pattern += 1 + deep;
	}
}

/* Whether a star takes this step of the other pattern whole. */
static bool takes(uint16_t star, uint16_t step)
{
	return star == DEEP || (star == STAR && step != '/' && step != DEEP);
}

/* Two patterns, and whether the first i steps of one can stand for the first j of the other:
 * all i at once, for one j after another. */
struct walk {
	struct steps a, b;
	bool row[LW_MAX_REFERENCE + 2], next[LW_MAX_REFERENCE + 2];
};

static bool is_star(uint16_t step)
{
	return step == STAR || step == DEEP;
}

/* A wide pattern's star takes nothing, or the next step of the narrow one, whose stars stand
 * for text of which nothing is known: only a star as deep can take them. */
static bool covers_at(const struct walk *w, size_t i, size_t j)
{
	uint16_t x = i > 0 ? w->a.step[i - 1] : 0;

	if (is_star(x))
		return w->next[i - 1] || (j > 0 && w->row[i] && takes(x, w->b.step[j - 1]));
	return i > 0 && j > 0 && w->row[i - 1] && x == w->b.step[j - 1];
}

/* A star of either takes nothing, or a byte of the other's; bytes stand for themselves. */
static bool overlap_at(const struct walk *w, size_t i, size_t j)
{
	uint16_t x = i > 0 ? w->a.step[i - 1] : 0, y = j > 0 ? w->b.step[j - 1] : 0;

	if (is_star(x) && (w->next[i - 1] || (y && !is_star(y) && w->row[i] && takes(x, y))))
		return true;
	if (is_star(y) && (w->row[i] || (x && !is_star(x) && w->next[i - 1] && takes(y, x))))
		return true;
	return x && x == y && !is_star(x) && w->row[i - 1];
}

static bool walk(const char *a, const char *b,
		 bool (*at)(const struct walk *w, size_t i, size_t j))
{
	struct walk w;

	cut(a, &w.a);
	cut(b, &w.b);
	for (size_t j = 0; j <= w.b.n; j++) {
		for (size_t i = 0; i <= w.a.n; i++)
			w.next[i] = (i == 0 && j == 0) || at(&w, i, j);
		memcpy(w.row, w.next, sizeof(w.row));
	}
	return w.row[w.a.n];
}

bool lw_policy_covers(const char *wide, const char *narrow)
{
	return strncmp(wide, narrow, strcspn(wide, "*")) == 0 && /* seen at once */
	       walk(wide, narrow, covers_at);
}

bool lw_policy_overlap(const char *a, const char *b)
{
	size_t literal_a = strcspn(a, "*"), literal_b = strcspn(b, "*");

	return strncmp(a, b, literal_a < literal_b ? literal_a : literal_b) == 0 &&
	       walk(a, b, overlap_at);
}

/* A signer's own keys stand before the others. */
static size_t keys_of(const struct lw_signer *s, enum lw_key_scope scope)
{
	return scope == LW_KEYS_OWN ? s->n_own_keys : s->n_keys;
}

size_t lw_policy_key_count(const struct lw_policy *p, enum lw_key_scope scope)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_signers; i++)
		n += keys_of(&p->signers[i], scope);
	return n;
}

const struct lw_key *lw_policy_key_at(const struct lw_policy *p, enum lw_key_scope scope,
				      size_t index, size_t *ret_signer)
{
	for (size_t i = 0; i < p->n_signers; i++) {
		if (index < keys_of(&p->signers[i], scope)) {
			*ret_signer = i;
			return p->signers[i].keys[index];
		}
		index -= keys_of(&p->signers[i], scope);
	}
	return NULL;
}
