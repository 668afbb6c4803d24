/* SPDX-License-Identifier: Apache-2.0 */
/* `tuf`: its parts are verbs of their own (cmd/tuf_*.c). */
#include "cmd/verbs.h"

static int run(int n, char **objects)
{
	(void)n;
	return lw_command_usage("no such part: %s", objects[0]);
}

const struct lw_verb lw_verb_tuf = {
	"tuf", "PART ...", "Keep a TUF repository whose key holders never meet; follow one.",
	NULL,  1,	   -1,
	run,
};
