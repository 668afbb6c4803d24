/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/num.h"
#include "cmd/tuf.h"
#include "cmd/verbs.h"

static struct lw_list arg_holders, arg_paths, arg_prefixes;
static const char *arg_threshold, *arg_by, *arg_bins, *arg_until;
static bool arg_terminating, arg_end;

static const struct lw_option options[] = {
	{ "by", 0, LW_OPTION_TEXT, "ROLE", &arg_by, "who delegates; targets by default" },
	{ "holder", 0, LW_OPTION_LIST, "[NAME=]FILE", &arg_holders,
	  "who may sign for it: a public key" },
	{ "threshold", 0, LW_OPTION_TEXT, "N", &arg_threshold, "of them must sign; else all" },
	{ "path", 0, LW_OPTION_LIST, "PATTERN", &arg_paths,
	  "target paths it may name; * and ? stop at a slash" },
	{ "path-hash", 0, LW_OPTION_LIST, "HEX", &arg_prefixes,
	  "or those whose SHA-256 begins so" },
	{ "bins", 0, LW_OPTION_TEXT, "N", &arg_bins,
	  "or all, spread over so many roles ROLE-0, ROLE-1 ... (TAP 15)" },
	{ "terminating", 0, LW_OPTION_FLAG, NULL, &arg_terminating,
	  "nobody after it is asked for such a path" },
	{ "until", 0, LW_OPTION_TEXT, "TIME|P90D", &arg_until,
	  "no version of it lasts longer than that" },
	{ "end", 0, LW_OPTION_FLAG, NULL, &arg_end, "delegate to it no longer" },
	LW_TUF_EDIT_OPTIONS,
	{ 0 },
};

static int read_until(int64_t *ret_sec, struct lw_error *e)
{
	int64_t now = 0, sec = 0;
	int r;

	*ret_sec = 0;
	if (!arg_until)
		return 0;
	if (arg_until[0] != 'P') {
		r = lw_time_parse(lw_span_str(arg_until), ret_sec, e);
		return r < 0 ? lw_command_misused(e, "--until") : 0;
	}
	r = lw_num_duration(lw_span_str(arg_until), &sec, e);
	if (r < 0)
		return lw_command_misused(e, "--until");
	r = lw_tuf_now(&now, e);
	*ret_sec = now + sec;
	return r;
}

static int delegate(struct lw_change *c, const char *role, const struct lw_tuf_holders *holders,
		    struct lw_error *e)
{
	struct lw_edit_delegation d = {
		.name = role,
		.by = arg_by ? arg_by : "targets",
		.holders = holders->holders,
		.paths = arg_paths.list,
		.n_paths = arg_paths.n,
		.prefixes = arg_prefixes.list,
		.n_prefixes = arg_prefixes.n,
		.terminating = arg_terminating,
	};
	int r = read_until(&d.until_sec, e);

	if (r == 0 && arg_bins && lw_num_u64(lw_span_str(arg_bins), 2, 1 << 30, &d.bins, e) < 0)
		r = lw_command_misused(e, "--bins");
	return r < 0 ? r : lw_edit_delegate(c, &d, e);
}

static int run(int n, char **objects)
{
	LW_AUTO(tuf_holders) struct lw_tuf_holders holders = { 0 };
	LW_AUTO(staging) struct lw_staging s = { 0 };
	struct lw_error e = { 0 };
	int r;

	(void)n;
	if (arg_end && (arg_holders.n || arg_threshold || arg_paths.n || arg_prefixes.n ||
			arg_bins || arg_until || arg_terminating))
		return lw_command_usage("--end goes with --by only");
	r = lw_tuf_read_holders(&arg_holders, arg_threshold, &holders, &e);
	if (r == 0)
		r = lw_staging_open(objects[0], lw_tuf_change_file, &s, &e);
	if (r == 0 && arg_end)
		r = lw_edit_revoke(&s.change, arg_by ? arg_by : "targets", objects[1], &e);
	else if (r == 0)
		r = delegate(&s.change, objects[1], &holders, &e);
	return r < 0 ? lw_command_failed(&e) : lw_tuf_finish(&s);
}

const struct lw_verb lw_verb_tuf_delegate = {
	"tuf delegate",
	"REPOSITORY ROLE",
	"Let others name some of the targets, or let them no longer.",
	options,
	2,
	2,
	run,
};
