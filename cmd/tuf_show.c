/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "cmd/explained.h"
#include "cmd/tuf.h"
#include "cmd/verbs.h"
#include "tuf/difference.h"
#include "tuf/tree.h"

#include <sys/stat.h>

static const struct lw_option options[] = {
	{ 0 },
};

static int show_repository(const char *path, int64_t now, struct lw_error *e)
{
	LW_AUTO(repository) struct lw_repository *repository = NULL;
	LW_AUTO(change) struct lw_change c = { 0 };
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_json_writer w = { .out = &text, .canonical = true };
	struct lw_tree tree = { 0 };
	struct lw_digest first;
	int r = lw_repository_open(path, LW_REPOSITORY_READ, &repository, e);

	if (r == 0)
		r = lw_change_of_repository(repository, &c, e);
	if (r == 0)
		r = lw_tree_build(&c, &tree, e);
	if (r < 0)
		return r;
	tree.first_root = lw_repository_first_root(repository, &first) ? &first : NULL;
	if (lw_arg_json) {
		lw_tree_json(&tree, &w);
		(void)printf("%s\n", lw_buf_str(&text));
	} else {
		lw_tree_write(&tree, now, &text);
		lw_print_explained(&text, stdout);
	}
	return 0;
}

static int show_change(const char *path, int64_t now, struct lw_error *e)
{
	LW_AUTO(change) struct lw_change c = { 0 };
	LW_AUTO(buf) struct lw_buf text = { 0 };
	int r = lw_staging_read(path, &c, e);

	if (r == 0)
		r = lw_change_check(&c, now, e);
	if (r < 0)
		return r;
	if (lw_arg_json)
		return lw_tuf_print_pending(&c, path, false, e);
	r = lw_difference_write(&c, &text, e);
	if (r == 0)
		r = lw_difference_signers(&c, LW_DIFFERENCE_ALL, &text, e);
	if (r == 0)
		r = lw_tuf_print_pending(&c, path, false, e);
	if (r == 0)
		lw_print_explained(&text, stdout);
	return r;
}

static int run(int n, char **objects)
{
	struct lw_error e = { 0 };
	struct stat st;
	int64_t now = 0;
	int r = lw_tuf_now(&now, &e);

	(void)n;
	if (r == 0)
		r = stat(objects[0], &st) == 0 && S_ISREG(st.st_mode)
			    ? show_change(objects[0], now, &e)
			    : show_repository(objects[0], now, &e);
	return r < 0 ? lw_command_failed(&e) : LW_EXIT_DONE;
}

const struct lw_verb lw_verb_tuf_show = {
	"tuf show",
	"REPOSITORY|CHANGE",
	"Draw the tree of roles, or show a change and who has signed it.",
	options,
	1,
	1,
	run,
};
