/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/source.h"

#include "base/mem.h"
#include "image/layout.h"

#include <string.h>

int lw_command_source(const char *word, char **ret_name, char **ret_dir, char **ret_ref,
		      struct lw_error *e)
{
	const char *oci = strncmp(word, "oci:", 4) == 0 ? word : strstr(word, "=oci:");
	int r;

	if (!oci)
		return lw_fail(e, LW_E_USAGE, "want [NAME=]oci:DIR[:REF], have '%s'", word);
	r = lw_layout_split(*oci == '=' ? oci + 1 : oci, ret_dir, ret_ref, e);
	if (r == 0)
		*ret_name = *oci == '=' ? lw_strndup(word, (size_t)(oci - word)) : NULL;
	return r;
}
