/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tuf.h"
#include "cmd/verbs.h"

static struct lw_list arg_root, arg_targets, arg_snapshot, arg_timestamp;
static const char *arg_root_n, *arg_targets_n, *arg_snapshot_n, *arg_timestamp_n;

static const struct lw_option options[] = {
	{ "root", 0, LW_OPTION_LIST, "[NAME=]FILE", &arg_root,
	  "a holder of root: a public key; the name is else that of the file" },
	{ "root-threshold", 0, LW_OPTION_TEXT, "N", &arg_root_n,
	  "of them must sign; else all" },
	{ "targets", 0, LW_OPTION_LIST, "[NAME=]FILE", &arg_targets,
	  "a holder of targets; else those of root" },
	{ "targets-threshold", 0, LW_OPTION_TEXT, "N", &arg_targets_n, "of them must sign" },
	{ "snapshot", 0, LW_OPTION_LIST, "[NAME=]FILE", &arg_snapshot,
	  "a holder of snapshot; else those of targets" },
	{ "snapshot-threshold", 0, LW_OPTION_TEXT, "N", &arg_snapshot_n, "of them must sign" },
	{ "timestamp", 0, LW_OPTION_LIST, "[NAME=]FILE", &arg_timestamp,
	  "a holder of timestamp; else those of snapshot" },
	{ "timestamp-threshold", 0, LW_OPTION_TEXT, "N", &arg_timestamp_n,
	  "of them must sign" },
	LW_TUF_EDIT_OPTIONS,
	{ 0 },
};

/* Those given, or `like`'s; the threshold likewise. */
static int read_role(const struct lw_list *given, const char *threshold,
		     const struct lw_edit_holders *like, struct lw_tuf_holders *ret,
		     struct lw_error *e)
{
	int r = lw_tuf_read_holders(given, threshold, ret, e);

	if (r == 0 && given->n == 0 && like) {
		uint64_t n = ret->holders.threshold;

		ret->like = *like;
		if (n)
			ret->like.threshold = n;
	} else if (r == 0) {
		ret->like = ret->holders;
	}
	return r;
}

static int run(int n, char **objects)
{
	LW_AUTO(tuf_holders) struct lw_tuf_holders root = { 0 }, targets = { 0 };
	LW_AUTO(tuf_holders) struct lw_tuf_holders snapshot = { 0 }, timestamp = { 0 };
	LW_AUTO(staging) struct lw_staging s = { 0 };
	struct lw_error e = { 0 };
	int r;

	(void)n;
	if (arg_root.n == 0)
		return lw_command_usage("want --root [NAME=]FILE, a public key, for each "
					"holder of root");
	r = read_role(&arg_root, arg_root_n, NULL, &root, &e);
	if (r == 0)
		r = read_role(&arg_targets, arg_targets_n, &root.like, &targets, &e);
	if (r == 0)
		r = read_role(&arg_snapshot, arg_snapshot_n, &targets.like, &snapshot, &e);
	if (r == 0)
		r = read_role(&arg_timestamp, arg_timestamp_n, &snapshot.like, &timestamp, &e);
	if (r == 0)
		r = lw_repository_create(objects[0], &e);
	if (r == 0)
		r = lw_staging_open(objects[0], lw_tuf_change_file, &s, &e);
	if (r == 0)
		r = lw_edit_init(&s.change, &root.like, &targets.like, &snapshot.like,
				 &timestamp.like, &e);
	return r < 0 ? lw_command_failed(&e) : lw_tuf_finish(&s);
}

const struct lw_verb lw_verb_tuf_init = {
	"tuf init",
	"REPOSITORY",
	"Stage the first version of a repository: the ceremony.",
	options,
	1,
	1,
	run,
};
