/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"
#include "cmd/tuf.h"
#include "cmd/verbs.h"

#include <string.h>

static const char *arg_role, *arg_digest, *arg_length;

static const struct lw_option options[] = {
	{ "role", 0, LW_OPTION_TEXT, "ROLE", &arg_role,
	  "the role that names the targets, or the prefix of its bins; targets by default" },
	{ "digest", 0, LW_OPTION_TEXT, "DIGEST", &arg_digest,
	  "of one target whose bytes are elsewhere; then PATH is without FILE" },
	{ "length", 0, LW_OPTION_TEXT, "BYTES", &arg_length, "its length" },
	LW_TUF_EDIT_OPTIONS,
	{ 0 },
};

static int add_file(struct lw_staging *s, const char *role, const char *path, const char *file,
		    struct lw_error *e)
{
	struct lw_digest digest;
	uint64_t length = 0;
	int r = lw_repository_put_target(s->repository, path, file, &digest, &length, e);

	return r < 0 ? r : lw_edit_add(&s->change, role, path, &digest, length, e);
}

static int add_elsewhere(struct lw_staging *s, const char *role, const char *path,
			 struct lw_error *e)
{
	struct lw_digest digest;
	uint64_t length = 0;
	int r = lw_digest_parse(lw_span_str(arg_digest), &digest, e);

	if (r < 0)
		return lw_command_misused(e, "--digest");
	r = lw_num_size(lw_span_str(arg_length), &length, e);
	if (r < 0)
		return lw_command_misused(e, "--length");
	r = lw_edit_add(&s->change, role, path, &digest, length, e);
	if (r == 0)
		lw_change_add_elsewhere(&s->change, path);
	return r;
}

/* PATH=FILE, or PATH that is the file's name, too. */
static int add(struct lw_staging *s, const char *object, struct lw_error *e)
{
	const char *equals = arg_digest ? NULL : strchr(object, '=');
	lw_auto_free char *path =
		equals ? lw_strndup(object, (size_t)(equals - object)) : lw_strdup(object);
	const char *role = NULL;
	int r = lw_edit_choose(&s->change, arg_role ? arg_role : "targets", path, &role, e);

	if (r < 0)
		return r;
	return arg_digest ? add_elsewhere(s, role, path, e)
			  : add_file(s, role, path, equals ? equals + 1 : object, e);
}

static int run(int n, char **objects)
{
	LW_AUTO(staging) struct lw_staging s = { 0 };
	struct lw_error e = { 0 };
	int r;

	if (!arg_digest != !arg_length || (arg_digest && n != 2))
		return lw_command_usage("--digest and --length go together, with one PATH");
	r = lw_staging_open(objects[0], lw_tuf_change_file, &s, &e);
	for (int i = 1; r == 0 && i < n; i++)
		r = add(&s, objects[i], &e);
	return r < 0 ? lw_command_failed(&e) : lw_tuf_finish(&s);
}

const struct lw_verb lw_verb_tuf_add = {
	"tuf add",
	"REPOSITORY PATH[=FILE]...",
	"Name target files, or name them anew.",
	options,
	2,
	-1,
	run,
};
