/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[LW_E_COUNT] = {
	[LW_OK] = "ok",
	[LW_E_USAGE] = "usage",
	[LW_E_IO] = "io",
	[LW_E_FORMAT] = "format",
	[LW_E_LIMIT] = "limit",
	[LW_E_UNSUPPORTED] = "unsupported",
	[LW_E_DIGEST] = "digest",
	[LW_E_TRUNCATED] = "truncated",
	[LW_E_SIGNATURE] = "signature",
	[LW_E_NOTFOUND] = "not-found",
	[LW_E_EXISTS] = "exists",
	[LW_E_CONFLICT] = "conflict",
	[LW_E_BUSY] = "busy",
	[LW_E_NOSPACE] = "no-space",
	[LW_E_STATE] = "state",
	[LW_E_JAIL] = "jail",
	[LW_E_KEY] = "key",
	[LW_E_INTERNAL] = "internal",
};

const char *lw_code_name(enum lw_code code)
{
	return (unsigned)code < LW_E_COUNT ? code_names[code] : "internal";
}

static void set_text(struct lw_error *e, const char *fmt, va_list ap)
{
	if (vsnprintf(e->text, sizeof(e->text), fmt, ap) < 0)
		e->text[0] = '\0';
}

int lw_fail(struct lw_error *e, enum lw_code code, const char *fmt, ...)
{
	if (e) {
		va_list ap;

		e->code = code;
		e->sys_errno = 0;
		va_start(ap, fmt);
		set_text(e, fmt, ap);
		va_end(ap);
	}
	return -(int)code;
}

int lw_fail_errno(struct lw_error *e, const char *fmt, ...)
{
	int saved = errno;
	enum lw_code code = saved == ENOSPC || saved == EDQUOT ? LW_E_NOSPACE : LW_E_IO;

	if (e) {
		va_list ap;

		e->code = code;
		e->sys_errno = saved;
		va_start(ap, fmt);
		set_text(e, fmt, ap);
		va_end(ap);

		size_t used = strlen(e->text);
		(void)snprintf(e->text + used, sizeof(e->text) - used, ": %s", strerror(saved));
	}
	return -(int)code;
}

int lw_fail_of(struct lw_error *e, const struct lw_error *why)
{
	if (e)
		*e = *why;
	return -(int)why->code;
}

int lw_fail_as(struct lw_error *e, enum lw_code code)
{
	e->code = code;
	return -(int)code;
}

bool lw_error_is_exhaustion(const struct lw_error *e)
{
	return e->sys_errno == EMFILE || e->sys_errno == ENFILE || e->sys_errno == ENOMEM;
}

int lw_prefix(struct lw_error *e, const char *fmt, ...)
{
	if (!e)
		return -(int)LW_E_INTERNAL;

	char tail[sizeof(e->text)];
	va_list ap;

	memcpy(tail, e->text, sizeof(tail));
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);

	size_t used = strlen(e->text);
	(void)snprintf(e->text + used, sizeof(e->text) - used, ": %s", tail);
	return -(int)e->code;
}
