/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verbs.h"

static int run(int n, char **objects)
{
	(void)n;
	(void)objects;
	if (lw_arg_json)
		(void)printf(
			"{\"format\":\"landwaiter-version/1\",\"released\":\"%s\",\"version\":"
			"\"%s\"}\n",
			LW_RELEASED, LW_VERSION);
	else
		(void)printf("landwaiter %s, released %s\n", LW_VERSION, LW_RELEASED);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_version = {
	"version", "", "Print the version.", NULL, 0, 0, run,
};
