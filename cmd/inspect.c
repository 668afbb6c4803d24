/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/approve.h"
#include "cmd/explained.h"
#include "cmd/verbs.h"

static bool arg_slip;
static const char *arg_since;

static const struct lw_option options[] = {
	{ "slip", 0, LW_OPTION_FLAG, NULL, &arg_slip,
	  "one page to print, that travels with the disc" },
	{ "since", 0, LW_OPTION_TEXT, "FILE", &arg_since,
	  "show what changed since this bundle or head" },
	{ 0 },
};

static int run(int n, char **objects)
{
	LW_AUTO(approvable) struct lw_approvable a = { .fd = -1 };
	struct lw_error e = { 0 };
	enum lw_explain_form form = lw_arg_json ? LW_EXPLAIN_JSON
				    : arg_slip	? LW_EXPLAIN_SLIP
						: LW_EXPLAIN_TEXT;

	(void)n;
	if (lw_approve_open(objects[0], false, form, arg_since, NULL, &a, &e) < 0)
		return lw_command_failed(&e);
	lw_print_explained(&a.explained.text, stdout);
	if (form == LW_EXPLAIN_TEXT)
		(void)fprintf(stderr,
			      "this is what the bundle says of itself; no signature was "
			      "judged\n");
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_inspect = {
	"inspect", "FILE", "Explain a bundle or its head. Needs no enclave, gives no verdict.",
	options,   1,	   1,
	run,
};
