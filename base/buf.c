/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/mem.h"

void lw_buf_free(struct lw_buf *b)
{
	free(b->p);
	*b = (struct lw_buf){ 0 };
}

void lw_buf_clear(struct lw_buf *b)
{
	b->n = 0;
	if (b->p)
		b->p[0] = '\0';
}

void lw_buf_reserve(struct lw_buf *b, size_t extra)
{
	size_t need;

	if (__builtin_add_overflow(b->n, extra, &need) || need >= SIZE_MAX / 2)
		abort();
	if (b->p && need < b->cap)
		return;

	size_t cap = b->cap ? b->cap : 64;
	while (cap <= need)
		cap *= 2;
	b->p = lw_realloc_array(b->p, cap, 1);
	b->cap = cap;
	b->p[b->n] = '\0';
}

void lw_buf_add(struct lw_buf *b, const void *p, size_t n)
{
	lw_buf_reserve(b, n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void lw_buf_adds(struct lw_buf *b, const char *s)
{
	lw_buf_add(b, s, strlen(s));
}

void lw_buf_addc(struct lw_buf *b, char c)
{
	lw_buf_add(b, &c, 1);
}

void lw_buf_fill(struct lw_buf *b, uint8_t byte, size_t n)
{
	lw_buf_reserve(b, n);
	memset(b->p + b->n, byte, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void lw_buf_printf(struct lw_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	lw_buf_reserve(b, (size_t)n);
	va_start(ap, fmt);
	(void)vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

uint8_t *lw_buf_detach(struct lw_buf *b)
{
	lw_buf_reserve(b, 0);
	uint8_t *p = b->p;

	*b = (struct lw_buf){ 0 };
	return p;
}
