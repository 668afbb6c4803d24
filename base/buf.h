/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_BUF_H
#define LW_BASE_BUF_H

/*
 * A growing byte buffer. Invariants (after git's strbuf): `p` is NULL only while `cap` is 0;
 * whenever `p` is not NULL, p[n] is NUL (not counted in n); the bytes may hold NULs.
 * Zero-initialise it: `LW_AUTO(buf) struct lw_buf b = { 0 };`.
 */

#include "base/error.h"
#include "base/span.h"

#include <stdarg.h>

struct lw_buf {
	uint8_t *p;
	size_t n;
	size_t cap;
};

void lw_buf_free(struct lw_buf *b);
void lw_buf_clear(struct lw_buf *b);
void lw_buf_reserve(struct lw_buf *b, size_t extra);
void lw_buf_add(struct lw_buf *b, const void *p, size_t n);
void lw_buf_adds(struct lw_buf *b, const char *s);
void lw_buf_addc(struct lw_buf *b, char c);
void lw_buf_fill(struct lw_buf *b, uint8_t byte, size_t n);
void lw_buf_printf(struct lw_buf *b, const char *fmt, ...) LW_PRINTF(2, 3);

static inline struct lw_span lw_buf_span(const struct lw_buf *b)
{
	return lw_span(b->p, b->n);
}

/* The bytes as a C string; "" while empty. Borrowed until the next change. */
static inline const char *lw_buf_str(const struct lw_buf *b)
{
	return b->p ? (const char *)b->p : "";
}

/* Gives the bytes away (NUL-terminated, never NULL) and leaves the buffer empty. */
uint8_t *lw_buf_detach(struct lw_buf *b);

static inline void lw_auto_buf_(struct lw_buf *b)
{
	lw_buf_free(b);
}

#endif
