/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdarg.h>
#include <string.h>

static void *must(void *p)
{
	if (!p) {
		static const char msg[] = "landwaiter: out of memory\n";

		(void)!write(STDERR_FILENO, msg, sizeof(msg) - 1);
		abort();
	}
	return p;
}

void *lw_alloc(size_t size)
{
	return must(malloc(size ? size : 1));
}

void *lw_alloc_array(size_t count, size_t size)
{
	return must(calloc(count ? count : 1, size ? size : 1));
}

void *lw_realloc_array(void *old, size_t count, size_t size)
{
	return must(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *lw_strdup(const char *s)
{
	return must(strdup(s));
}

char *lw_strndup(const char *s, size_t n)
{
	return must(strndup(s, n));
}

char *lw_asprintf(const char *fmt, ...)
{
	char *out = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&out, fmt, ap);
	va_end(ap);
	return must(n < 0 ? NULL : out);
}
