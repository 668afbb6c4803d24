/* SPDX-License-Identifier: Apache-2.0 */
/* `trust update`, `trust diff`, `trust rejudge`. */
#include "bundle/own_bundle.h"
#include "bundle/trust_update.h"

#include "cmd/own_folder.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

#include <sys/stat.h>

static const char *arg_by;

static const struct lw_option update_options[] = {
	{ "by", 0, LW_OPTION_TEXT, "NAME", &arg_by, "who brings it; goes into the book" },
	{ 0 },
};

static void print_json(const struct lw_trust_updated *u, bool recorded)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_json_writer w = { .out = &text, .canonical = true };
	char head[LW_HEAD_TEXT], time[LW_TIME_TEXT];

	lw_json_w_object(&w);
	lw_json_trust_changes(&w, u);
	lw_json_w_member_integer(&w, "exit", lw_outcome_exit(u->verdict.outcome));
	lw_json_findings(&w, &u->verdict);
	lw_json_w_member(&w, "format", "landwaiter-trust-update/1");
	lw_json_w_key(&w, "head");
	if (recorded)
		lw_json_w_string(&w, lw_head_text(&u->head, head));
	else
		lw_json_w_null(&w);
	lw_json_w_member_integer(&w, "images", (int64_t)u->judged.images);
	lw_json_w_key(&w, "tuf");
	lw_followed_write(&u->now, u->now.repository[0] != '\0', &w);
	lw_json_w_key(&w, "until");
	if (u->verdict.outcome == LW_ACCEPTED)
		lw_json_w_string(&w, lw_time_format(u->until, time));
	else
		lw_json_w_null(&w);
	lw_json_w_member(&w, "verdict", lw_outcome_name(u->verdict.outcome));
	lw_json_w_member_integer(&w, "withheld", (int64_t)u->judged.withheld);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&text));
}

static void print_text(const struct lw_trust_updated *u, bool look)
{
	lw_print_outcome(&u->verdict, stdout);
	if (u->verdict.outcome == LW_ACCEPTED) {
		lw_print_roles(&u->now);
		for (size_t i = 0; i < u->n; i++)
			(void)printf("  %-9s %s\n", lw_trust_change_name(u->list[i].change),
				     u->list[i].name);
		if (u->n == 0)
			(void)printf("  no file is another than before\n");
		if (u->judged.images)
			(void)printf(look ? "  images    %zu would be judged again, %zu of "
					    "them withheld at least\n"
					  : "  images    %zu judged again, %zu of them "
					    "withheld\n",
				     u->judged.images, u->judged.withheld);
	}
	lw_print_findings(&u->verdict, stdout);
}

/* A folder as the repository tool leaves it, or a bundle. */
struct place {
	struct lw_own_folder folder;
	struct lw_own_bundle bundle;
};

static void auto_place(struct place *p)
{
	lw_own_folder_close(&p->folder);
	lw_own_bundle_close(&p->bundle);
}

static int open_place(const char *path, struct place *p, struct lw_own_source *ret,
		      struct lw_error *e)
{
	struct stat st;
	bool folder = stat(path, &st) < 0 || S_ISDIR(st.st_mode);
	int r = folder ? lw_own_folder_open(path, &p->folder, e)
		       : lw_own_bundle_open(path, NULL, &p->bundle, e);

	if (r < 0 && !folder && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		(void)lw_fail_as(e, LW_E_USAGE); /* no bundle could be that */
	*ret = folder ? p->folder.source : p->bundle.source;
	return r;
}

static int update(const char *path, bool look)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct place place __attribute__((cleanup(auto_place))) = { 0 };
	LW_AUTO(trust_updated) struct lw_trust_updated updated = { 0 };
	struct lw_trust_update_options options = { .look = look, .claims = { .by = arg_by } };
	struct lw_clock clock;
	struct lw_error e = { 0 };
	int code = lw_command_enclave(look ? LW_STATE_READ : LW_STATE_WRITE, &enclave), r;

	if (code != LW_EXIT_DONE)
		return code;
	r = lw_clock_system(&clock, &e);
	if (r == 0)
		r = open_place(path, &place, &options.source, &e);
	if (r == 0)
		r = lw_trust_update(enclave, &clock, &options, &updated, &e);
	if (r < 0)
		return lw_command_failed(&e);
	if (lw_arg_json)
		print_json(&updated, !look);
	else
		print_text(&updated, look);
	lw_print_pending(enclave);
	if (!look && !lw_arg_json)
		lw_print_head(&updated.head);
	return lw_outcome_exit(updated.verdict.outcome);
}

static int run_update(int n, char **objects)
{
	(void)n;
	return update(objects[0], false);
}

static int run_diff(int n, char **objects)
{
	(void)n;
	return update(objects[0], true);
}

static int run_rejudge(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_rejudged_marked judged = { 0 };
	struct lw_clock clock;
	struct lw_error e = { 0 };
	int code = lw_command_enclave(LW_STATE_WRITE, &enclave), r;

	(void)n;
	(void)objects;
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_clock_system(&clock, &e);
	if (r == 0)
		r = lw_rejudge_marked(enclave, &clock, NULL, &judged, &e);
	if (r < 0)
		return lw_command_failed(&e);
	if (lw_arg_json)
		(void)printf("{\"format\":\"landwaiter-trust-rejudge/1\",\"images\":%zu,"
			     "\"withheld\":%zu}\n",
			     judged.images, judged.withheld);
	else
		(void)printf("%zu judged again, %zu of them withheld\n", judged.images,
			     judged.withheld);
	lw_print_pending(enclave);
	lw_print_head(&judged.head);
	return judged.withheld ? LW_EXIT_REFUSED : LW_EXIT_DONE;
}

const struct lw_verb lw_verb_trust_update = {
	"trust update",
	"FOLDER|BUNDLE",
	"Take what the enclave's own repository says now; accepted images are judged again.",
	update_options,
	1,
	1,
	run_update,
};
const struct lw_verb lw_verb_trust_diff = {
	"trust diff",
	"FOLDER|BUNDLE",
	"What `trust update` would change. Changes and records nothing.",
	NULL,
	1,
	1,
	run_diff,
};
const struct lw_verb lw_verb_trust_rejudge = {
	"trust rejudge", "", "Judge again what an update left to be judged.", NULL, 0, 0,
	run_rejudge,
};
