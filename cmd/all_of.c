/* SPDX-License-Identifier: Apache-2.0 */
/* `load --all-of`: each bundle at a medium's root, one after the other. */
#include "base/buf.h"
#include "base/text.h"
#include "bundle/folder.h"
#include "cmd/reporting.h"
#include "cmd/verdict.h"
#include "cmd/verbs.h"

/* What a file ended in. */
struct ended {
	struct lw_intake_end judged;
	int code;
};

struct tally {
	struct ended *list; /* owned */
	size_t n;
	size_t accepted, others; /* bundles */
	uint64_t ignored;	 /* entries */
	int code;
};

static void auto_tally(struct tally *t)
{
	free(t->list);
}

/* Several at once: 3, 6, 4, 5 in this order (DESIGN 11). */
static int graver(int a, int b)
{
	static const int order[] = { LW_EXIT_REFUSED, LW_EXIT_TIME, LW_EXIT_DAMAGED,
				     LW_EXIT_INCOMPLETE };

	for (size_t i = 0; i < LW_COUNT_OF(order); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return LW_EXIT_DONE;
}

/* Whether another part of the same bundle says more: it was accepted then, or comes later. */
static bool is_part(const struct tally *t, size_t at)
{
	const struct ended *x = &t->list[at];
	/* for other volumes, or for a supplement: a prerequisite may be missing or damaged */
	const bool waits = x->code == LW_EXIT_INCOMPLETE ||
			   (x->code == LW_EXIT_DAMAGED && x->judged.lacking);

	for (size_t i = 0; i < t->n; i++) {
		const struct ended *other = &t->list[i];

		if (i == at || !lw_digest_equal(&other->judged.bundle, &x->judged.bundle))
			continue;
		if (waits && (other->code == LW_EXIT_DONE || i > at))
			return true;
		if (x->judged.late && other->code == LW_EXIT_DONE &&
		    (x->judged.parts || other->judged.parts))
			return true;
	}
	return false;
}

/* Parts of a bundle that others complete, or completed, or that is incomplete as before, are
 * one.
 */
static void sum_up(struct tally *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct ended *x = &t->list[i];

		if (x->code == LW_EXIT_DONE) {
			t->accepted++;
		} else if (!is_part(t, i)) {
			t->others++;
			t->code = graver(t->code, x->code);
		}
	}
}

static void print(const struct tally *t)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };

	if (!lw_arg_json) {
		(void)printf(
			"bundles %zu: accepted %zu, not %zu; other entries %llu, ignored\n",
			t->accepted + t->others, t->accepted, t->others,
			(unsigned long long)t->ignored);
		return;
	}
	lw_json_w_object(&w);
	lw_json_w_member_integer(&w, "accepted", (int64_t)t->accepted);
	lw_json_w_member_integer(&w, "bundles", (int64_t)(t->accepted + t->others));
	lw_json_w_member_integer(&w, "exit", t->code);
	lw_json_w_member(&w, "format", "landwaiter-folder/1");
	lw_json_w_member_integer(&w, "ignored", (int64_t)t->ignored);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&b));
}

static void print_name(const char *name)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_text_append(&b, lw_span_str(name));
	if (!lw_arg_json)
		(void)printf("bundle \"%s\"\n", lw_buf_str(&b));
}

static bool is_over(int code)
{
	return code == LW_EXIT_SYSTEM || code == LW_EXIT_USAGE;
}

static int judge(struct lw_intake_options *o, const struct lw_folder *f, size_t i,
		 struct ended *ret)
{
	o->path = f->names[i];
	print_name(o->path);
	lw_reporting_bundle(o->path, i + 1, f->n);
	ret->code = lw_command_intake(o, &ret->judged);
	(void)fflush(stdout);
	return ret->code;
}

/* Of those that lack something, the next by sequence: a later one would overtake it. */
static struct ended *next_lacking(const struct tally *t, const struct ended *last)
{
	struct ended *next = NULL;

	for (size_t i = 0; i < t->n; i++) {
		struct ended *x = &t->list[i];
		const uint64_t sequence = x->judged.sequence;

		if (x->code != LW_EXIT_INCOMPLETE || !x->judged.lacking)
			continue;
		if (last && (sequence < last->judged.sequence ||
			     (sequence == last->judged.sequence && x <= last)))
			continue;
		if (!next || sequence < next->judged.sequence)
			next = x;
	}
	return next;
}

/* What builds on a bundle whose name comes later: once more, for as long as that accepts any.
 */
static int judge_again(struct lw_intake_options *o, const struct lw_folder *f, struct tally *t)
{
	for (bool more = true; more;) {
		more = false;
		for (struct ended *x = next_lacking(t, NULL); x; x = next_lacking(t, x)) {
			if (is_over(judge(o, f, (size_t)(x - t->list), x)))
				return x->code;
			more = more || x->code == LW_EXIT_DONE;
		}
	}
	return LW_EXIT_DONE;
}

static int judge_all(struct lw_intake_options *o, const struct lw_folder *f, struct tally *t)
{
	bool any = false;

	for (size_t i = 0; i < f->n; i++) {
		if (is_over(judge(o, f, i, &t->list[t->n++])))
			return t->list[i].code;
		any = any || t->list[i].code == LW_EXIT_DONE;
	}
	return any ? judge_again(o, f, t) : LW_EXIT_DONE;
}

int lw_command_intake_all(const struct lw_intake_options *options, const char *path,
			  bool *ret_any)
{
	LW_AUTO(folder) struct lw_folder f = { .fd = -1 };
	struct lw_intake_options o = *options;
	int code;
	struct tally t __attribute__((cleanup(auto_tally))) = { 0 };
	struct lw_error e = { 0 };

	if (lw_folder_open(path, &f, &e) < 0) {
		lw_reporting_failed(e.text, "see whether the medium is broken; try another");
		return lw_command_failed(&e);
	}
	o.folder = &f.fd;
	t.ignored = f.others;
	t.list = lw_alloc_array(f.n, sizeof(*t.list));
	code = judge_all(&o, &f, &t);
	lw_reporting_end();
	if (is_over(code))
		return code;
	if (f.n == 0) {
		lw_reporting_nothing("there is no bundle (*.lwb) at the medium's root",
				     "see whether it is the right medium; ask who packed it");
		return lw_command_usage("%s: no bundle (*.lwb) there; other entries: %llu",
					path, (unsigned long long)f.others);
	}
	sum_up(&t);
	*ret_any = t.accepted > 0;
	print(&t);
	return t.code;
}
