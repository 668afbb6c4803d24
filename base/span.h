/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_SPAN_H
#define LW_BASE_SPAN_H

/* Borrowed bytes. Hostile input travels as a span, never as a C string: it need not end in
 * NUL and may hold any byte. A span owns nothing and must not outlive what it points into. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct lw_span {
	const uint8_t *p;
	size_t n;
};

static inline struct lw_span lw_span(const void *p, size_t n)
{
	return (struct lw_span){ p, n };
}

static inline struct lw_span lw_span_str(const char *s)
{
	return (struct lw_span){ (const uint8_t *)s, strlen(s) };
}

static inline bool lw_span_equal(struct lw_span a, struct lw_span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool lw_span_is(struct lw_span a, const char *s)
{
	return lw_span_equal(a, lw_span_str(s));
}

static inline bool lw_span_starts(struct lw_span a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.n >= n && memcmp(a.p, prefix, n) == 0;
}

#endif
