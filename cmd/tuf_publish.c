/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tuf.h"
#include "cmd/verbs.h"

static const struct lw_option options[] = {
	{ 0 },
};

static int run(int n, char **objects)
{
	LW_AUTO(staging) struct lw_staging s = { 0 };
	struct lw_error e = { 0 };
	bool done = false, published = false;
	int64_t now = 0;
	lw_auto_free const char **files = lw_alloc_array((size_t)n, sizeof(*files));
	int r = lw_tuf_now(&now, &e);

	for (int i = 1; i < n; i++)
		files[i - 1] = objects[i];
	if (r == 0)
		r = lw_staging_open_copies(objects[0], files, (size_t)n - 1, &s, &done, &e);
	if (r == 0 && done) {
		(void)fprintf(stderr, "nothing to do: it has been published already\n");
		return LW_EXIT_DONE;
	}
	if (r == 0)
		r = lw_staging_publish(&s, now, &published, &e);
	if (r == 0 && !published)
		return lw_tuf_incomplete(&s.change, NULL);
	if (r == 0)
		r = lw_tuf_print_pending(&s.change, NULL, true, &e);
	if (r < 0)
		return lw_command_failed(&e);
	lw_tuf_say_published(&s.change);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_tuf_publish = {
	"tuf publish",
	"REPOSITORY [CHANGE...]",
	"Merge the copies of a change, and publish it if enough have signed.",
	options,
	1,
	-1,
	run,
};
