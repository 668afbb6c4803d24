/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/policy.h"
#include "cmd/verbs.h"

#include <string.h>

static const char *arg_within, *arg_registries, *arg_keys, *arg_zone, *arg_policy;
static struct lw_list arg_trust;

static const struct lw_option options[] = {
	{ "policy", 0, LW_OPTION_TEXT, "FILE", &arg_policy,
	  "test: a policy in a file, instead of the enclave's" },
	{ "trust", 0, LW_OPTION_LIST, "NAME=FILE", &arg_trust,
	  "check, test: a key file the policy names, where it does not lie beside it" },
	{ "within", 0, LW_OPTION_TEXT, "P30D", &arg_within,
	  "check: how far ahead the ends of validity are told; P30D by default" },
	{ "registries", 0, LW_OPTION_TEXT, "DIR", &arg_registries,
	  "import: the registries.d that belongs to the policy" },
	{ "keys", 0, LW_OPTION_TEXT, "DIR", &arg_keys,
	  "import: put the keys that the policy names there" },
	{ "zone", 0, LW_OPTION_TEXT, "Z", &arg_zone,
	  "explain: by the rule of this zone instead of the image's own" },
	{ 0 },
};

static int run(int n, char **objects)
{
	const char *what = objects[0];
	bool check = strcmp(what, "check") == 0, test = strcmp(what, "test") == 0;
	bool import = strcmp(what, "import") == 0, explain = strcmp(what, "explain") == 0;

	if (!check && !test && !import && !explain)
		return lw_command_usage("want check, test, import or explain, have '%s'", what);
	if (!check && n != 2)
		return lw_command_usage("want: policy %s %s", what, explain ? "IMAGE" : "FILE");
	if ((!check && arg_within) || (!check && !test && arg_trust.n) ||
	    (!test && arg_policy) || (!import && (arg_registries || arg_keys)) ||
	    (!explain && arg_zone))
		return lw_command_usage("policy %s: an option that belongs to another", what);
	if (arg_trust.n && (check ? n == 1 : !arg_policy))
		return lw_command_usage("--trust goes with a policy file");
	if (check)
		return lw_policy_check(n == 2 ? objects[1] : NULL, &arg_trust, arg_within);
	if (test)
		return lw_policy_test_file(objects[1], arg_policy, &arg_trust);
	return import ? lw_policy_import_file(objects[1], arg_registries, arg_keys)
		      : lw_policy_explain_image(objects[1], arg_zone);
}

const struct lw_verb lw_verb_policy = {
	"policy",
	"check [FILE] | test FILE | import FILE | explain IMAGE",
	"What is odd about a policy; what it says; one of other tools in our words; why an image is in.",
	options,
	1,
	2,
	run,
};
