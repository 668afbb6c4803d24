/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_EDIT_H
#define LW_TESTS_EDIT_H

/* Documents made wrong, one thing at a time. Include after cmocka.h. */

#include "base/buf.h"
#include "base/mem.h"

#include <string.h>

/* `text` with its one `from` replaced by `to`. Owned by the caller. */
static inline char *edit(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	if (!at || strstr(at + 1, from))
		fail_msg("'%s' stands not once in %s", from, text);
	return lw_asprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* Without this member, whichever side its comma is on. */
static inline char *edit_remove(const char *text, const char *member)
{
	lw_auto_free char *before = lw_asprintf(",%s", member);
	lw_auto_free char *after = lw_asprintf("%s,", member);

	return edit(text, strstr(text, before) ? before : after, "");
}

static inline char *edit_double(const char *text, const char *member)
{
	lw_auto_free char *twice = lw_asprintf("%s,%s", member, member);

	return edit(text, member, twice);
}

/* The member's value replaced. */
static inline char *edit_value(const char *text, const char *member, const char *value)
{
	const char *colon = strstr(member, "\":");

	assert_non_null(colon);

	lw_auto_free char *other =
		lw_asprintf("%.*s%s", (int)(colon + 2 - member), member, value);

	return edit(text, member, other);
}

#endif
