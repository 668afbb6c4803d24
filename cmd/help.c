/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verbs.h"

static int run(int n, char **objects)
{
	if (n > 0) {
		const struct lw_verb *verb = lw_command_find(objects[0]);

		if (verb && n == 2)
			verb = lw_command_find_part(verb, objects[1]);
		if (!verb)
			return lw_command_usage("no such verb: %s%s%s", objects[0],
						n == 2 ? " " : "", n == 2 ? objects[1] : "");
		lw_command_help(verb, stdout);
		return LW_EXIT_DONE;
	}
	(void)printf("landwaiter VERB [options] OBJECT...\n"
		     "Carries container images across an air gap, and lets in only what was "
		     "approved.\n\n");
	for (size_t i = 0; lw_verbs[i]; i++)
		(void)printf("  %-11s %s\n", lw_verbs[i]->name, lw_verbs[i]->summary);
	(void)printf(
		"\nlandwaiter help VERB lists its options.\n"
		"Exit: 0 accepted or done, 1 system error, 2 usage, 3 refused, 4 damaged,\n"
		"      5 incomplete, 6 time not trusted.\n");
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_help = {
	"help", "[VERB [PART]]", "Explain a verb, or list them.", NULL, 0, 2, run,
};
