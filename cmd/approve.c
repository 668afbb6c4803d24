/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/approve.h"

#include "cmd/explained.h"
#include "cmd/verbs.h"

#include <string.h>

static const char *arg_key, *arg_expect, *arg_merge, *arg_since, *arg_file;
static bool arg_yes, arg_extract, arg_entries;

static const struct lw_option options[] = {
	{ "key", 0, LW_OPTION_TEXT, "FILE", &arg_key, "the approver's private key" },
	{ "expect", 0, LW_OPTION_TEXT, "DIGEST", &arg_expect,
	  "approve without asking if this is the bundle's digest" },
	{ "yes", 0, LW_OPTION_FLAG, NULL, &arg_yes, "approve what is shown without asking" },
	{ "since", 0, LW_OPTION_TEXT, "FILE", &arg_since,
	  "show what changed since this bundle or head" },
	{ "extract", 0, LW_OPTION_FLAG, NULL, &arg_extract,
	  "write the head alone (seal and contents) to --file" },
	{ "entries", 0, LW_OPTION_FLAG, NULL, &arg_entries,
	  "with --extract: and the entry list, for `pack --since`" },
	{ "file", 'o', LW_OPTION_TEXT, "FILE", &arg_file, "the head to write (.lwa)" },
	{ "merge", 0, LW_OPTION_TEXT, "FILE", &arg_merge,
	  "copy this head's approvals into it" },
	LW_PASSPHRASE_OPTIONS,
	{ 0 },
};

static int extract(const char *path, struct lw_error *e)
{
	LW_AUTO(approvable) struct lw_approvable a = { .fd = -1 };
	char text[LW_DIGEST_TEXT];
	int r = lw_approve_open(path, false, LW_EXPLAIN_TEXT, NULL, NULL, &a, e);

	if (r == 0)
		r = arg_entries ? lw_approve_extract_lists(&a, arg_file, e)
				: lw_approve_extract(&a, arg_file, e);
	if (r == 0)
		lw_command_say("%s: the head of %s; approve it with `landwaiter approve %s`",
			       arg_file, path, arg_file);
	if (r == 0 && lw_arg_json)
		(void)printf("{\"bundle\":\"%s\",\"format\":\"landwaiter-approve/1\"}\n",
			     lw_digest_text(&a.digest, text));
	return r;
}

static int merge(const char *path, struct lw_error *e)
{
	LW_AUTO(approvable) struct lw_approvable a = { .fd = -1 };
	LW_AUTO(approvable) struct lw_approvable from = { .fd = -1 };
	size_t added = 0;
	int r = lw_approve_open(path, true, LW_EXPLAIN_TEXT, NULL, NULL, &a, e);

	if (r == 0)
		r = lw_approve_open(arg_merge, false, LW_EXPLAIN_TEXT, NULL, NULL, &from, e);
	if (r == 0)
		r = lw_approve_merge(&a, &from, &added, e);
	if (r == 0)
		lw_command_say("%s: approvals added: %zu", path, added);
	if (r == 0 && lw_arg_json)
		(void)printf("{\"added\":%zu,\"format\":\"landwaiter-approve/1\"}\n", added);
	return r;
}

static int expected(const struct lw_approvable *a, struct lw_error *e)
{
	char have[LW_DIGEST_TEXT];

	if (!arg_expect || strcmp(arg_expect, lw_digest_text(&a->digest, have)) == 0)
		return 0;
	return lw_fail(e, LW_E_CONFLICT, "want bundle %s, have %s", arg_expect, have);
}

static int sign(const char *path, struct lw_error *e)
{
	LW_AUTO(approvable) struct lw_approvable a = { .fd = -1 };
	LW_AUTO(private_key) struct lw_private_key *key = NULL;
	char text[LW_DIGEST_TEXT];
	int r = lw_approve_open(path, true, LW_EXPLAIN_TEXT, arg_since, NULL, &a, e);

	if (r < 0)
		return r;
	lw_print_explained(&a.explained.text, stderr);
	r = expected(&a, e);
	if (r == 0 && !arg_yes && !arg_expect && !lw_command_confirm("approve this bundle?"))
		r = lw_fail(e, LW_E_USAGE,
			    "not approved: answer yes, or give --expect DIGEST or --yes");
	if (r == 0)
		r = lw_command_key(arg_key, &key, e);
	if (r == 0)
		r = lw_approve_sign(&a, key, e);
	if (r < 0)
		return r;
	(void)fprintf(stderr, "approved; approvals in the seal: %zu\n",
		      a.explained.seal.n_signatures);
	lw_digest_text(&a.digest, text);
	if (lw_arg_json)
		(void)printf("{\"approvals\":%zu,\"bundle\":\"%s\",\"format\":"
			     "\"landwaiter-approve/1\"}\n",
			     a.explained.seal.n_signatures, text);
	else
		(void)printf("%s\n", text);
	return 0;
}

static int run(int n, char **objects)
{
	struct lw_error e = { 0 };
	int ways = (arg_key != NULL) + arg_extract + (arg_merge != NULL), r;

	(void)n;
	if (ways != 1 || arg_extract != (arg_file != NULL) || (arg_entries && !arg_extract))
		return lw_command_usage(
			"want one of --key FILE, --extract -o FILE, --merge FILE");
	r = arg_extract ? extract(objects[0], &e)
	    : arg_merge ? merge(objects[0], &e)
			: sign(objects[0], &e);
	return r < 0 ? lw_command_failed(&e) : LW_EXIT_DONE;
}

const struct lw_verb lw_verb_approve = {
	"approve", "FILE", "Show a bundle, and sign its statement in place.", options, 1,
	1,	   run,
};
