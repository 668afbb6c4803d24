/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/reporting.h"

#include "base/elapsed.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/verdict.h"

#include <stdlib.h>

#define SET(to, from) lw_report_set(to, sizeof(to), from)

#define QUIET_MSEC 250 /* between two reports of bytes */

/* The load at work; there is one at a time. Its gates and its bytes are told of by one thread
 * at a time. */
static struct {
	char bundle[LW_REPORT_TEXT];
	size_t index, of;
	enum lw_gate gate;
	const struct lw_intake_result *so_far; /* while there are bytes to tell of */
	struct lw_content_progress inner;
	int64_t told_msec;
} work;

/* Of a folder's bundles in parts, what is said at its end: one that comes later may complete
 * what is incomplete, and after what is accepted others come that were not needed. */
struct waiting {
	struct lw_digest bundle;
	struct lw_report report;
};
static struct {
	struct waiting *list;
	size_t n;
	char head[sizeof(((struct lw_report *)NULL)->head)]; /* the book's, by now */
} waiting;

void lw_reporting_send(const struct lw_report *r)
{
	const char *path = getenv("LANDWAITER_STATUS");

	if (path && *path)
		lw_report_send(r, path);
}

void lw_reporting_bundle(const char *name, size_t index, size_t of)
{
	(void)lw_text_escape_str(name, work.bundle, sizeof(work.bundle));
	work.index = index;
	work.of = of;
	work.gate = LW_GATE_NONE;
	work.so_far = NULL;
}

static struct lw_report begin(enum lw_report_what what)
{
	struct lw_report r = {
		.what = what, .index = work.index, .bundles = work.of, .gate = work.gate
	};

	SET(r.bundle, work.bundle);
	return r;
}

static void add_statement(struct lw_report *r, const struct lw_intake_result *so_far)
{
	if (!so_far->proven)
		return;
	SET(r->sender, so_far->statement.sender);
	SET(r->marking, so_far->statement.marking);
	r->sequence = so_far->statement.sequence;
}

static void add_volume(struct lw_report *r, const struct lw_intake_result *so_far)
{
	if (!so_far->proven || so_far->volume == 0)
		return;
	r->volume = so_far->volume;
	r->volumes = so_far->statement.volumes;
}

static void at_gate(void *data, enum lw_gate gate, const struct lw_intake_result *so_far)
{
	struct lw_report r;

	(void)data;
	work.gate = gate;
	work.so_far = so_far;
	r = begin(LW_REPORT_GATE);
	add_statement(&r, so_far);
	add_volume(&r, so_far);
	lw_reporting_send(&r);
}

static void tell(void *data, uint64_t done, uint64_t total)
{
	int64_t now = lw_elapsed_msec();

	(void)data;
	if (work.inner.tell)
		work.inner.tell(work.inner.data, done, total);
	if (total == 0 || (done < total && now - work.told_msec < QUIET_MSEC))
		return;
	work.told_msec = now;

	struct lw_report r = begin(LW_REPORT_BYTES);

	if (work.so_far)
		add_volume(&r, work.so_far);
	r.done = done < total ? done : total;
	r.total = total;
	lw_reporting_send(&r);
}

void lw_reporting_watch(struct lw_intake_options *o)
{
	const char *path = getenv("LANDWAITER_STATUS");

	if (!path || !*path)
		return;
	work.inner = o->progress;
	o->progress = (struct lw_content_progress){ .tell = tell };
	o->at_gate = at_gate;
}

static void add_reason(struct lw_report *r, const struct lw_verdict *v)
{
	const struct lw_finding *reason = lw_verdict_reason(v);
	const struct lw_finding_kind *kind = reason ? lw_finding_kind(reason->id) : NULL;

	r->gate = LW_GATE_NONE;
	if (!kind || kind->gravity == LW_NOTE)
		return;
	r->gate = kind->gate;
	SET(r->code, kind->code);
	SET(r->next, kind->next);
	SET(r->object, reason->object);
	SET(r->expected, reason->expected);
	SET(r->found, reason->found);
}

static struct waiting *find_waiting(const struct lw_digest *bundle)
{
	for (size_t i = 0; i < waiting.n; i++)
		if (lw_digest_equal(&waiting.list[i].bundle, bundle))
			return &waiting.list[i];
	return NULL;
}

static void wait_for_more(const struct lw_digest *bundle, const struct lw_report *r)
{
	waiting.list = lw_realloc_array(waiting.list, waiting.n + 1, sizeof(*waiting.list));
	waiting.list[waiting.n++] = (struct waiting){ .bundle = *bundle, .report = *r };
}

void lw_reporting_end(void)
{
	for (size_t i = 0; i < waiting.n; i++) {
		SET(waiting.list[i].report.head, waiting.head);
		lw_reporting_send(&waiting.list[i].report);
	}
	waiting.n = 0;
	free(lw_steal(waiting.list));
}

/* Whether another part in the same folder may say more. */
static bool may_go_on(const struct lw_intake_result *result)
{
	const enum lw_outcome outcome = result->verdict.outcome;

	return work.of > 1 && (outcome == LW_INCOMPLETE_SO_FAR ||
			       (outcome == LW_DAMAGED && result->n_lacking > 0) ||
			       (outcome == LW_ACCEPTED && lw_intake_has_parts(result)));
}

void lw_reporting_verdict(const struct lw_intake_result *result)
{
	struct lw_report r = begin(LW_REPORT_VERDICT);
	struct waiting *before = find_waiting(&result->bundle);
	bool accepted = before && before->report.outcome == LW_ACCEPTED;

	work.so_far = NULL;
	r.outcome = result->verdict.outcome;
	add_statement(&r, result);
	add_reason(&r, &result->verdict);
	r.record = result->record;
	SET(waiting.head, lw_head_text(&result->head, r.head));
	if (accepted && lw_intake_is_late(result))
		return;
	if (before && !accepted)
		*before = waiting.list[--waiting.n];
	if (may_go_on(result))
		wait_for_more(&result->bundle, &r);
	else
		lw_reporting_send(&r);
}

static void without_verdict(enum lw_outcome outcome, const char *why, const char *next)
{
	struct lw_report r = begin(LW_REPORT_VERDICT);

	work.so_far = NULL;
	r.gate = LW_GATE_NONE;
	r.outcome = outcome;
	SET(r.text, why);
	SET(r.next, next);
	lw_reporting_send(&r);
}

void lw_reporting_failed(const char *why, const char *next)
{
	without_verdict(LW_FAILED, why, next);
}

void lw_reporting_nothing(const char *why, const char *next)
{
	without_verdict(LW_REFUSED, why, next);
}

void lw_reporting_notice(const char *source, const char *text, const char *next)
{
	struct lw_report r = { .what = LW_REPORT_NOTICE };

	SET(r.source, source);
	SET(r.text, text);
	SET(r.next, next);
	lw_reporting_send(&r);
}
