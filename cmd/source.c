/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/source.h"

#include "base/mem.h"

#include <string.h>

int lw_command_source(const char *word, char **ret_name, struct lw_source *ret,
		      struct lw_error *e)
{
	const char *equals = lw_source_is(word) ? NULL : strchr(word, '=');
	int r = lw_source_split(equals ? equals + 1 : word, ret, e);

	if (r == 0)
		*ret_name = equals ? lw_strndup(word, (size_t)(equals - word)) : NULL;
	return r;
}
