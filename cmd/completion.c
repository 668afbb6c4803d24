/* SPDX-License-Identifier: Apache-2.0 */
/* Bash completion, generated from the option tables. */
#include "cmd/verbs.h"

#include <string.h>

static void words(const struct lw_option *options)
{
	for (; options && options->name; options++)
		(void)printf(" --%s", options->name);
}

static void verb_case(const struct lw_verb *verb)
{
	(void)printf("\t%s) words='", verb->name);
	words(verb->options);
	for (size_t i = 0; lw_parts[i]; i++)
		if (lw_command_is_part(lw_parts[i], verb))
			words(lw_parts[i]->options);
	words(lw_common_options);
	(void)printf("' ;;\n");
}

static int run(int n, char **objects)
{
	(void)n;
	if (strcmp(objects[0], "bash") != 0)
		return lw_command_usage("want bash, have '%s'", objects[0]);
	(void)printf("# bash completion for landwaiter, made by `landwaiter completion bash`\n"
		     "_landwaiter() {\n"
		     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n"
		     "\tCOMPREPLY=()\n"
		     "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
		     "\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (size_t i = 0; lw_verbs[i]; i++)
		(void)printf("%s%s", i ? " " : "", lw_verbs[i]->name);
	(void)printf(
		"' -- \"$cur\")\n\t\treturn\n\tfi\n"
		"\tcase $cur in\n\t-*) ;;\n"
		"\t*) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n\tesac\n"
		"\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; lw_verbs[i]; i++)
		verb_case(lw_verbs[i]);
	(void)printf("\tesac\n"
		     "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		     "}\n"
		     "complete -o filenames -F _landwaiter landwaiter\n");
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_completion = {
	"completion", "bash", "Print the completion script for a shell.", NULL, 1, 1, run,
};
