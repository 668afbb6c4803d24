/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/policy.h"
#include "cmd/verbs.h"

#include <string.h>

static const char *arg_within, *arg_registries, *arg_keys, *arg_zone;
static struct lw_list arg_trust;

static const struct lw_option options[] = {
	{ "trust", 0, LW_OPTION_LIST, "NAME=FILE", &arg_trust,
	  "check: a key file the policy names, where it does not lie beside it" },
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
	bool check = strcmp(objects[0], "check") == 0,
	     import = strcmp(objects[0], "import") == 0;
	bool explain = strcmp(objects[0], "explain") == 0;

	if (!check && !import && !explain)
		return lw_command_usage("want check, import or explain, have '%s'", objects[0]);
	if (!check && n != 2)
		return lw_command_usage("want: policy %s %s", objects[0],
					import ? "FILE" : "IMAGE");
	if ((!check && (arg_trust.n || arg_within)) ||
	    (!import && (arg_registries || arg_keys)) || (!explain && arg_zone))
		return lw_command_usage("policy %s: an option that belongs to another",
					objects[0]);
	if (check && n == 1 && arg_trust.n)
		return lw_command_usage("--trust goes with a policy file");
	return check	? lw_policy_check(n == 2 ? objects[1] : NULL, &arg_trust, arg_within)
	       : import ? lw_policy_import_file(objects[1], arg_registries, arg_keys)
			: lw_policy_explain_image(objects[1], arg_zone);
}

const struct lw_verb lw_verb_policy = {
	"policy",
	"check [FILE] | import FILE | explain IMAGE",
	"What is odd about a policy; one of other tools in our words; why an image is in.",
	options,
	1,
	2,
	run,
};
