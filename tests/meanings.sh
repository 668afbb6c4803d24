#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The column "meaning" of docs/findings.md as cmd/console_meaning.c, which the console has its sentences
# from:
#
#	tests/meanings.sh >cmd/console_meaning.c

set -euo pipefail
cd "$(dirname "$0")/.."

cat <<'END'
/* SPDX-License-Identifier: Apache-2.0 */
/* Written by tests/meanings.sh out of docs/findings.md. */
#include "cmd/console_words.h"

#include "base/mem.h"

#include <string.h>

/* clang-format off */
static const struct {
	const char *code, *meaning;
} meanings[] = {
END
# shellcheck disable=SC2016 # backticks as such
awk -F ' \\| ' '/^\| `[a-z0-9.-]+` \| / {
	code = $1
	gsub(/[|` ]/, "", code)
	gsub(/`/, "", $3)
	gsub(/\\/, "\\\\", $3)
	gsub(/"/, "\\\"", $3)
	printf "\t{ \"%s\", \"%s\" },\n", code, $3
}' docs/findings.md
cat <<'END'
};
/* clang-format on */

const char *lw_console_meaning(const char *code)
{
	for (size_t i = 0; i < LW_COUNT_OF(meanings); i++)
		if (strcmp(meanings[i].code, code) == 0)
			return meanings[i].meaning;
	return NULL;
}
END
