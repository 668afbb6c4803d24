/* SPDX-License-Identifier: Apache-2.0 */
/* `incoming`: bundles of which not all volumes, or not all that they need, are in. */
#include "base/num.h"
#include "base/text.h"
#include "cmd/reason.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"
#include "custody/discard.h"

#include <string.h>

static int run(int n, char **objects)
{
	(void)n;
	return lw_command_usage("no such part: %s", objects[0]);
}

const struct lw_verb lw_verb_incoming = {
	"incoming",
	"PART ...",
	"Bundles of which something is missing: list them, discard one.",
	NULL,
	1,
	-1,
	run,
};

/* ---- list ---- */

/* Where the prerequisites of a bundle go: there may be a million of them, and so they are
 * written when the rest is. */
struct gap_for_needs {
	size_t at;
	int64_t pending;
};

struct listing {
	struct lw_enclave *enclave;
	struct lw_json_writer *w; /* NULL: in words */
	struct gap_for_needs gaps[LW_MAX_PENDING_ROWS];
	size_t n;
};

/* "2, 4 to 6", of the volumes that are missing; those of which some is in with how much. */
struct gaps {
	struct lw_buf text;
	uint64_t first, last; /* a run of missing ones; 0: none */
	struct lw_json_writer *w;
};

static void end_run(struct gaps *g)
{
	if (g->first == 0)
		return;
	lw_buf_adds(&g->text, g->text.n ? ", " : "");
	lw_buf_printf(&g->text, "%llu", (unsigned long long)g->first);
	if (g->last > g->first)
		lw_buf_printf(&g->text, "%s%llu", g->last == g->first + 1 ? ", " : " to ",
			      (unsigned long long)g->last);
	g->first = 0;
}

static int add_gap(void *data, uint64_t volume, uint64_t members, uint64_t in,
		   struct lw_error *e)
{
	struct gaps *g = data;

	(void)e;
	if (g->w) {
		lw_json_w_object(g->w);
		lw_json_w_member_integer(g->w, "in", (int64_t)in);
		lw_json_w_member_integer(g->w, "members", (int64_t)members);
		lw_json_w_end_object(g->w);
		return 0;
	}
	if (in == 0) {
		if (g->first == 0)
			g->first = volume;
		g->last = volume;
		return 0;
	}
	end_run(g);
	if (in < members)
		lw_buf_printf(&g->text, "%s%llu (%llu of %llu members are in)",
			      g->text.n ? ", " : "", (unsigned long long)volume,
			      (unsigned long long)in, (unsigned long long)members);
	return 0;
}

/* Of what it needs of earlier bundles. */
struct needs {
	uint64_t n, missing;
	struct lw_buf text; /* of one, as JSON */
};

static int count_need(void *data, const struct lw_digest *d, uint64_t size, bool in,
		      struct lw_error *e)
{
	struct needs *needs = data;

	(void)d;
	(void)size;
	(void)e;
	needs->n++;
	needs->missing += !in;
	return 0;
}

static int print_need(void *data, const struct lw_digest *d, uint64_t size, bool in,
		      struct lw_error *e)
{
	struct needs *needs = data;
	struct lw_json_writer w = { .out = &needs->text, .canonical = true };
	char text[LW_DIGEST_TEXT];

	(void)e;
	lw_buf_clear(&needs->text);
	lw_json_w_object(&w);
	lw_json_w_member(&w, "digest", lw_digest_text(d, text));
	lw_json_w_key(&w, "in");
	lw_json_w_bool(&w, in);
	lw_json_w_member_integer(&w, "size", (int64_t)size);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s%s", needs->n++ ? "," : "", lw_buf_str(&needs->text));
	return 0;
}

static int print_words(struct listing *l, const struct lw_state_pending *p, struct lw_error *e)
{
	struct gaps g = { 0 };
	struct needs needs = { 0 };
	char digest[LW_DIGEST_TEXT], size[16], last[LW_TIME_TEXT], due[LW_TIME_TEXT];
	int r = lw_state_each_pending_volume(l->enclave->state, p->id, add_gap, &g, e);

	if (r == 0)
		r = lw_state_each_pending_need(l->enclave->state, p->id, count_need, &needs, e);

	end_run(&g);
	(void)printf("%s\n", lw_digest_text(&p->digest, digest));
	if (p->sender[0])
		(void)printf("  sender    %s, sequence %llu\n", p->sender,
			     (unsigned long long)p->sequence);
	if (p->volumes == 0)
		(void)printf("  volumes   none yet: too few have approved it\n");
	else
		(void)printf(
			"  volumes   %llu, missing: %s\n", (unsigned long long)p->volumes,
			g.text.n ? lw_buf_str(&g.text)
				 : "none: load any of them again, to see why it was refused");
	if (needs.n > 0)
		(void)printf("  needs     %llu blobs of earlier bundles, missing: %llu\n",
			     (unsigned long long)needs.n, (unsigned long long)needs.missing);
	(void)printf("  staged    %s\n  last      %s\n  until     %s\n",
		     lw_num_human_size(p->staged_bytes, size), lw_time_format(p->last, last),
		     lw_time_format(lw_discard_due(p), due));
	lw_buf_free(&g.text);
	return r;
}

static int print_one(struct listing *l, const struct lw_state_pending *p, struct lw_error *e)
{
	struct gaps g = { .w = l->w };
	char text[LW_DIGEST_TEXT], time[LW_TIME_TEXT];
	int r;

	if (l->n == LW_COUNT_OF(l->gaps))
		return lw_fail(e, LW_E_STATE, "state.db: more than %zu bundles are begun",
			       l->n);
	lw_json_w_object(l->w);
	lw_json_w_member(l->w, "begun", lw_time_format(p->begun, time));
	lw_json_w_member(l->w, "bundle", lw_digest_text(&p->digest, text));
	lw_json_w_member_integer(l->w, "bytes", (int64_t)p->bytes);
	lw_json_w_member(l->w, "last", lw_time_format(p->last, time));
	lw_json_w_key(l->w, "prerequisites");
	lw_json_w_array(l->w);
	l->gaps[l->n] = (struct gap_for_needs){ .at = l->w->out->n, .pending = p->id };
	lw_json_w_end_array(l->w);
	lw_json_w_key(l->w, "sender");
	if (p->sender[0])
		lw_json_w_string(l->w, p->sender);
	else
		lw_json_w_null(l->w);
	lw_json_w_member_integer(l->w, "sequence", (int64_t)p->sequence);
	lw_json_w_member_integer(l->w, "stagedBytes", (int64_t)p->staged_bytes);
	lw_json_w_member(l->w, "until", lw_time_format(lw_discard_due(p), time));
	lw_json_w_key(l->w, "volumes");
	lw_json_w_array(l->w);
	r = lw_state_each_pending_volume(l->enclave->state, p->id, add_gap, &g, e);
	lw_json_w_end_array(l->w);
	lw_json_w_end_object(l->w);
	return r;
}

static int list_one(void *data, const struct lw_state_pending *p, struct lw_error *e)
{
	struct listing *l = data;
	int r = l->w ? print_one(l, p, e) : print_words(l, p, e);

	l->n++;
	return r;
}

static int print_json(const struct listing *l, struct lw_error *e)
{
	const struct lw_buf *b = l->w->out;
	size_t at = 0;
	int r = 0;

	for (size_t i = 0; i < l->n && r == 0; i++) {
		struct needs needs = { 0 };

		(void)fwrite(b->p + at, 1, l->gaps[i].at - at, stdout);
		at = l->gaps[i].at;
		r = lw_state_each_pending_need(l->enclave->state, l->gaps[i].pending,
					       print_need, &needs, e);
		lw_buf_free(&needs.text);
	}
	(void)printf("%s\n", lw_buf_str(b) + at);
	return r;
}

static int run_list(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	struct listing l = { .w = lw_arg_json ? &w : NULL };
	struct lw_error e = { 0 };
	int code = lw_command_enclave(LW_STATE_READ, &enclave), r;

	(void)n;
	(void)objects;
	if (code != LW_EXIT_DONE)
		return code;
	l.enclave = enclave;
	lw_json_w_object(&w);
	lw_json_w_key(&w, "bundles");
	lw_json_w_array(&w);
	r = lw_state_begin(enclave->state, &e); /* one state for all of it */
	if (r == 0)
		r = lw_state_each_pending(enclave->state, list_one, &l, &e);
	lw_json_w_end_array(&w);
	lw_json_w_member(&w, "format", "landwaiter-incoming/1");
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	if (r == 0 && lw_arg_json)
		r = print_json(&l, &e);
	lw_state_rollback(enclave->state);
	if (r < 0)
		return lw_command_failed(&e);
	if (!lw_arg_json && l.n == 0)
		(void)fprintf(stderr, "no bundle is begun\n");
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_incoming_list = {
	"incoming list",
	"",
	"The bundles that are begun, and what of them is missing.",
	NULL,
	0,
	0,
	run_list,
};

/* ---- discard ---- */

static const struct lw_option discard_options[] = {
	LW_REASON_OPTIONS("who discards it"),
	{ 0 },
};

static int run_discard(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_state_pending p = { 0 };
	struct lw_digest digest;
	struct lw_record_time time;
	struct lw_clock clock;
	struct lw_head head;
	struct lw_error e = { 0 };
	int code, r;

	(void)n;
	code = lw_command_require_reason();
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_digest_parse(lw_span_str(objects[0]), &digest, &e);
	if (r < 0)
		return lw_command_usage("want a bundle's digest, as `incoming list` shows it");
	code = lw_command_enclave(LW_STATE_WRITE, &enclave);
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_state_pending_get(enclave->state, &digest, &p, &e);
	if (r == 0)
		r = lw_command_record_time(enclave, &clock, &time, &e);
	if (r == 0)
		r = lw_discard(enclave, &p, lw_arg_reason, lw_arg_by, &time, &head, &e);
	if (r < 0)
		return lw_command_failed(&e);
	lw_print_record(&head);
	lw_print_pending(enclave);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_incoming_discard = {
	"incoming discard", "DIGEST", "Remove what was staged of a bundle. Keeps the record.",
	discard_options,    1,	      1,
	run_discard,
};
