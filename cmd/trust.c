/* SPDX-License-Identifier: Apache-2.0 */
/* `trust`: its parts are verbs of their own (cmd/trust_*.c). */
#include "cmd/verbs.h"

static int run(int n, char **objects)
{
	(void)n;
	return lw_command_usage("no such part: %s", objects[0]);
}

const struct lw_verb lw_verb_trust = {
	"trust", "PART ...", "What the enclave believes: look at it, bring it up to date.",
	NULL,	 1,	     -1,
	run,
};
