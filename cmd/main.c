/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/verbs.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

const struct lw_verb *const lw_verbs[] = {
	&lw_verb_keygen,  &lw_verb_init,       &lw_verb_pack,
	&lw_verb_endorse, &lw_verb_promote,    &lw_verb_approve,
	&lw_verb_inspect, &lw_verb_verify,     &lw_verb_load,
	&lw_verb_request, &lw_verb_incoming,   &lw_verb_have,
	&lw_verb_list,	  &lw_verb_show,       &lw_verb_export,
	&lw_verb_serve,	  &lw_verb_push,       &lw_verb_remove,
	&lw_verb_gc,	  &lw_verb_repair,     &lw_verb_policy,
	&lw_verb_check,	  &lw_verb_trust,      &lw_verb_tuf,
	&lw_verb_time,	  &lw_verb_log,	       &lw_verb_version,
	&lw_verb_help,	  &lw_verb_completion, NULL,
};

const struct lw_verb *const lw_parts[] = {
	&lw_verb_request_list,
	&lw_verb_request_cancel,
	&lw_verb_request_key,
	&lw_verb_incoming_list,
	&lw_verb_incoming_discard,
	&lw_verb_export_trust,
	&lw_verb_trust_show,
	&lw_verb_trust_update,
	&lw_verb_trust_diff,
	&lw_verb_trust_rejudge,
	&lw_verb_tuf_init,
	&lw_verb_tuf_add,
	&lw_verb_tuf_remove,
	&lw_verb_tuf_key,
	&lw_verb_tuf_rotate,
	&lw_verb_tuf_delegate,
	&lw_verb_tuf_renew,
	&lw_verb_tuf_sign,
	&lw_verb_tuf_publish,
	&lw_verb_tuf_show,
	&lw_verb_tuf_refresh,
	&lw_verb_tuf_download,
	NULL,
};

/* Whoever starts us with a standard stream closed must not have its words written into the
 * bundle or the lock that was opened in its place. What is written to one that was not there
 * fails, and is told. */
static bool fill_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_NOCTTY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd >= 0 && close(fd) == 0;
}

static int run(int argc, char **argv)
{
	const struct lw_verb *verb, *part;
	int n, words = 2;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return lw_verb_help.run(0, NULL) == 0 && argc >= 2 ? LW_EXIT_DONE
								   : LW_EXIT_USAGE;
	if (strcmp(argv[1], "--version") == 0)
		return lw_verb_version.run(0, NULL);
	verb = lw_command_find(argv[1]);
	if (!verb)
		return lw_command_usage("no such verb: %s", argv[1]);
	part = argc > 2 ? lw_command_find_part(verb, argv[2]) : NULL;
	if (part) {
		verb = part;
		words = 3;
	}
	lw_command_name = verb->name;
	lw_command_words = lw_alloc_array((size_t)argc + 1, sizeof(*lw_command_words));
	memcpy(lw_command_words, argv, (size_t)argc * sizeof(*argv));
	for (int i = words; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			lw_command_help(verb, stdout);
			return LW_EXIT_DONE;
		}
	n = lw_command_parse(verb, argc - words, argv + words);
	return n < 0 ? LW_EXIT_USAGE : verb->run(n, argv + words);
}

int main(int argc, char **argv)
{
	if (!fill_standard_streams())
		return LW_EXIT_SYSTEM;
	/* A file that may not grow is an error like a full disk, with its record, not a death.
	 */
	lw_command_ignore(SIGXFSZ);
	(void)umask(022);

	int code = run(argc, argv);

	/* What was promised on standard output must have got there. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fprintf(stderr, "landwaiter%s%s: writing the output failed\n",
			      lw_command_name[0] ? " " : "", lw_command_name);
		return code == LW_EXIT_DONE ? LW_EXIT_SYSTEM : code;
	}
	return code;
}
