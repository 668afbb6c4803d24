/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/text.h"
#include "cmd/tuf_follow.h"
#include "cmd/verbs.h"
#include "fetch/landing.h"

static struct {
	const char *targets, *to;
} arguments;

static const struct lw_option options[] = {
	LW_TUF_FOLLOW_OPTIONS,
	{ "targets", 0, LW_OPTION_TEXT, "PLACE", &arguments.targets,
	  "where the targets are; else `targets` beside METADATA, or in it" },
	{ "to", 0, LW_OPTION_TEXT, "DIR", &arguments.to, "the folder to write to; else ." },
	{ 0 },
};

struct download {
	struct lw_tuf_following following;
	struct lw_place *targets;
	int to;
	struct lw_json_writer *json;
};

static void print(const struct download *d, const char *path, const struct lw_tuf_target *t,
		  bool there)
{
	LW_AUTO(buf) struct lw_buf shown = { 0 };

	if (lw_arg_json) {
		lw_json_w_object(d->json);
		lw_json_w_member(d->json, "by", t->role);
		lw_json_w_key(d->json, "fetched");
		lw_json_w_bool(d->json, !there);
		lw_json_w_member_integer(d->json, "length", (int64_t)t->file.length);
		lw_json_w_member(d->json, "path", path);
		lw_json_w_end_object(d->json);
		return;
	}
	lw_text_append(&shown, lw_span_str(path));
	lw_buf_printf(&shown, "  %llu bytes, listed by ", (unsigned long long)t->file.length);
	lw_text_append(&shown, lw_span_str(t->role));
	(void)printf("%s%s\n", lw_buf_str(&shown), there ? "; was there" : "");
}

/* Which rule a failed transfer broke, where it is one: what the disk says is none. */
static enum lw_finding_id reason_of(const struct lw_error *e)
{
	switch ((int)e->code) {
	case LW_E_DIGEST:
		return LW_FINDING_TUF_TARGET_MISMATCH;
	case LW_E_NOTFOUND:
		return LW_FINDING_TUF_MISSING;
	case LW_E_TRUNCATED:
		return LW_FINDING_TUF_FETCH;
	case LW_E_FORMAT:
	case LW_E_UNSUPPORTED:
		return LW_FINDING_TUF_FORMAT;
	default:
		return LW_FINDING_COUNT;
	}
}

static int bring(struct download *d, const char *path, struct lw_error *e)
{
	struct lw_tuf_following *f = &d->following;
	LW_AUTO(buf) struct lw_buf name = { 0 };
	struct lw_tuf_target target;
	char shown[256];
	int r = lw_tuf_client_find(f->client, path, &target, &f->reason, e);

	if (r < 0)
		return r;

	struct lw_landing landing = { d->to, path, &target.file };
	bool there = lw_landing_is_there(&landing);

	lw_tuf_client_target_name(f->client, path, &target, &name);
	if (!there)
		r = lw_landing_bring(&landing, d->targets, lw_buf_str(&name), e);
	if (r < 0) {
		f->reason = reason_of(e);
		return lw_prefix(e, "%s", lw_text_escape_str(path, shown, sizeof(shown)));
	}
	print(d, path, &target, there);
	return 0;
}

static int open_places(struct download *d, const char *metadata, struct lw_error *e)
{
	lw_auto_free char *beside = lw_place_of_targets(metadata);
	int r = lw_tuf_open_place(&d->following, arguments.targets ? arguments.targets : beside,
				  &d->targets, e);

	return r < 0 ? r : lw_fs_open_dir(arguments.to ? arguments.to : ".", &d->to, e);
}

static int download(struct download *d, int n, char **objects, struct lw_error *e)
{
	int r = lw_tuf_follow(&d->following, objects[0], e);

	if (r == 0)
		r = open_places(d, objects[0], e);
	for (int i = 1; i < n && r == 0; i++)
		r = bring(d, objects[i], e);
	return r;
}

static int run(int n, char **objects)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_json_writer w = { .out = &text, .canonical = true };
	struct download d = { .following = LW_TUF_FOLLOWING, .to = -1, .json = &w };
	struct lw_error e = { 0 };
	int code;

	lw_json_w_object(&w);
	lw_json_w_key(&w, "files");
	lw_json_w_array(&w);
	if (download(&d, n, objects, &e) < 0) {
		code = lw_tuf_follow_failed(&d.following, &e);
	} else {
		lw_json_w_end_array(&w);
		lw_json_w_member(&w, "format", "landwaiter-tuf-download/1");
		lw_json_w_end_object(&w);
		lw_json_w_finish(&w);
		if (lw_arg_json)
			(void)printf("%s\n", lw_buf_str(&text));
		code = LW_EXIT_DONE;
	}
	lw_place_close(d.targets);
	if (d.to >= 0)
		(void)close(d.to);
	lw_tuf_following_release(&d.following);
	return code;
}

const struct lw_verb lw_verb_tuf_download = {
	"tuf download",
	"METADATA PATH...",
	"Follow somebody's repository, and fetch the targets that it lists.",
	options,
	2,
	-1,
	run,
};
