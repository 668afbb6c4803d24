/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "cmd/explained.h"
#include "cmd/tuf.h"
#include "cmd/verbs.h"
#include "keys/private.h"
#include "tuf/difference.h"

#include <string.h>

static struct lw_list arg_keys;
static const char *arg_expect, *arg_repository, *arg_role;
static bool arg_yes;

static const struct lw_option options[] = {
	{ "key", 0, LW_OPTION_LIST, "FILE", &arg_keys, "the holder's private key" },
	{ "role", 0, LW_OPTION_TEXT, "ROLE", &arg_role, "sign for this role only" },
	{ "repository", 0, LW_OPTION_TEXT, "DIR", &arg_repository,
	  "show what changes against this copy, and sign for no other" },
	{ "expect", 0, LW_OPTION_TEXT, "DIGEST", &arg_expect,
	  "sign without asking if this is the change's digest" },
	{ "yes", 0, LW_OPTION_FLAG, NULL, &arg_yes, "sign what is shown without asking" },
	LW_PASSPHRASE_OPTIONS,
	{ 0 },
};

/* Whether the change was made on the signer's own copy. */
static int compare(const struct lw_change *c, struct lw_error *e)
{
	LW_AUTO(repository) struct lw_repository *repository = NULL;
	LW_AUTO(change) struct lw_change now = { 0 };
	bool done = false;
	int r = lw_repository_open(arg_repository, LW_REPOSITORY_READ, &repository, e);

	if (r == 0)
		r = lw_change_of_repository(repository, &now, e);
	if (r == 0)
		r = lw_change_fits(c, &now, &done, e);
	if (r == 0 && done)
		r = lw_fail(e, LW_E_CONFLICT, "it has been published already");
	return r;
}

static int show(struct lw_change *c, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_digest digest = lw_change_digest(c);
	char shown[LW_DIGEST_TEXT];
	int r;

	lw_buf_printf(&text, "change %s\n", lw_digest_text(&digest, shown));
	r = lw_difference_write(c, &text, e);
	if (r == 0)
		r = lw_difference_signers(c, LW_DIFFERENCE_ALL, &text, e);
	if (r == 0)
		lw_print_explained(&text, stderr);
	if (r == 0 && !arg_repository)
		(void)fprintf(stderr, "what was there before is the change's own word; "
				      "--repository DIR compares it with your copy\n");
	if (r == 0 && arg_expect && strcmp(arg_expect, shown) != 0)
		r = lw_fail(e, LW_E_CONFLICT, "want change %s, have %s", arg_expect, shown);
	return r;
}

static int sign(const char *file, struct lw_change *c, struct lw_error *e)
{
	size_t total = 0;

	for (size_t i = 0; i < arg_keys.n; i++) {
		LW_AUTO(private_key) struct lw_private_key *key = NULL;
		size_t n = 0;
		int r = lw_command_key(arg_keys.list[i], &key, e);

		if (r == 0)
			r = lw_change_sign(c, key, arg_role, &n, e);
		if (r < 0)
			return r;
		total += n;
	}
	(void)fprintf(stderr, "signed; signatures added: %zu\n", total);
	return lw_staging_write(file, c, e);
}

static int run(int n, char **objects)
{
	LW_AUTO(change) struct lw_change c = { 0 };
	struct lw_error e = { 0 };
	int64_t now = 0;
	int r;

	(void)n;
	if (arg_keys.n == 0)
		return lw_command_usage("want --key FILE");
	r = lw_tuf_now(&now, &e);
	if (r == 0)
		r = lw_staging_read(objects[0], &c, &e);
	if (r == 0)
		r = lw_change_check(&c, now, &e);
	if (r == 0 && arg_repository)
		r = compare(&c, &e);
	if (r == 0)
		r = show(&c, &e);
	if (r == 0 && !arg_yes && !arg_expect && !lw_command_confirm("sign this change?"))
		r = lw_fail(&e, LW_E_USAGE,
			    "not signed: answer yes, or give --expect DIGEST or --yes");
	if (r == 0)
		r = sign(objects[0], &c, &e);
	if (r == 0)
		r = lw_tuf_print_pending(&c, objects[0], false, &e);
	return r < 0 ? lw_command_failed(&e) : LW_EXIT_DONE;
}

const struct lw_verb lw_verb_tuf_sign = {
	"tuf sign", "CHANGE", "Show a change, and sign what of it is this holder's.",
	options,    1,	      1,
	run,
};
