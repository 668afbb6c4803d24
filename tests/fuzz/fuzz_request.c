/* SPDX-License-Identifier: Apache-2.0 */

/* What the registry takes a path, a range, credentials and a frame for: what it accepts has the
 * characters of a name; a part is within the blob; a question that is read is the same again.
 */

#include "base/mem.h"
#include "registry/server.h"
#include "registry/wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void path(const char *text)
{
	LW_AUTO(question) struct lw_question q = { 0 };

	if (!lw_server_parse(text, &q))
		return;
	for (const char *s = q.name ? q.name : ""; *s; s++)
		if (*s <= ' ' || *s > '~' || strchr("%?#\\:@", *s))
			abort();
	for (const char *s = q.reference ? q.reference : ""; *s; s++)
		if (*s <= ' ' || *s > '~' || strchr("%?#\\/@", *s))
			abort();
}

static void range(const char *text, size_t size)
{
	uint64_t at = 0, n = 0;

	if (lw_server_range(text, size, &at, &n) > 0 && (n == 0 || at >= size || n > size - at))
		abort();
}

static void credentials(const char *text)
{
	LW_AUTO(question) struct lw_question q = { 0 };

	if (!lw_server_credentials(text, &q)) {
		if (q.user || q.password)
			abort();
		return;
	}
	if (!*q.user || strchr(q.user, ':') || strlen(q.user) >= LW_MAX_REGISTRY_WORD ||
	    strlen(q.password) >= LW_MAX_REGISTRY_WORD)
		abort();
	for (const char *s = q.password; *s; s++)
		if ((*s > 0 && *s < ' ') || *s == 0x7f)
			abort();
}

static void frame(struct lw_span bytes)
{
	LW_AUTO(question) struct lw_question q = { 0 };
	LW_AUTO(request_log) struct lw_request_log l = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_error e;

	if (lw_question_take(bytes, &q, &e) == 0) {
		lw_question_put(&q, &again);
		if (!lw_span_equal(lw_buf_span(&again), bytes))
			abort();
	}
	(void)!lw_request_log_take(bytes, &l, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lw_auto_free char *text = lw_strndup((const char *)data, size);

	path(text);
	range(text, size);
	credentials(text);
	frame(lw_span(data, size));
	return 0;
}
