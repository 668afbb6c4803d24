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

bool lw_policy_covers(const char *wide, const char *narrow)
{
	struct walk w;

	if (strncmp(wide, narrow, strcspn(wide, "*")) != 0)
		return false; /* seen at once */
	/* The narrow pattern's stars stand for text that the wide one knows nothing of: only a
	 * star of its own that is as deep can take it. */
	cut(wide, &w.a);
	cut(narrow, &w.b);
	for (size_t j = 0; j <= w.b.n; j++) {
		for (size_t i = 0; i <= w.a.n; i++) {
			bool here = i == 0 && j == 0;

			if (i > 0 && is_star(w.a.step[i - 1]))
				here = here || w.next[i - 1] ||
				       (j > 0 && w.row[i] &&
					takes(w.a.step[i - 1], w.b.step[j - 1]));
			else if (i > 0 && j > 0)
				here = w.row[i - 1] && w.a.step[i - 1] == w.b.step[j - 1];
			w.next[i] = here;
		}
		memcpy(w.row, w.next, sizeof(w.row));
	}
	return w.row[w.a.n];
}

bool lw_policy_overlap(const char *a, const char *b)
{
	size_t literal_a = strcspn(a, "*"), literal_b = strcspn(b, "*");
	struct walk w;

	if (strncmp(a, b, literal_a < literal_b ? literal_a : literal_b) != 0)
		return false; /* seen at once */
	cut(a, &w.a);
	cut(b, &w.b);
	for (size_t j = 0; j <= w.b.n; j++) {
		for (size_t i = 0; i <= w.a.n; i++) {
			uint16_t x = i > 0 ? w.a.step[i - 1] : 0,
				 y = j > 0 ? w.b.step[j - 1] : 0;
			bool here = i == 0 && j == 0;

			/* a star takes nothing, or a byte of the other's */
			if (is_star(x))
				here = here || w.next[i - 1] ||
				       (j > 0 && w.row[i] && !is_star(y) && takes(x, y));
			if (is_star(y))
				here = here || w.row[i] ||
				       (i > 0 && w.next[i - 1] && !is_star(x) && takes(y, x));
			if (i > 0 && j > 0 && x == y && !is_star(x))
				here = here || w.row[i - 1];
			w.next[i] = here;
		}
		memcpy(w.row, w.next, sizeof(w.row));
	}
	return w.row[w.a.n];
}
