/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/reporting.h"

#include "base/elapsed.h"
#include "base/text.h"

#include <stdlib.h>

#define SET(to, from) lw_report_set(to, sizeof(to), from)

#define QUIET_MSEC 250 /* between two reports of bytes */

/* The load at work; there is one at a time. Its gates and its bytes are told of by one thread
 * at a time. */
static struct {
	char bundle[LW_REPORT_TEXT];
	size_t index, of;
	enum lw_gate gate;
	struct lw_content_progress inner;
	int64_t told_msec;
} work;

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

static void at_gate(void *data, enum lw_gate gate, const struct lw_intake_result *so_far)
{
	struct lw_report r;

	(void)data;
	work.gate = gate;
	r = begin(LW_REPORT_GATE);
	add_statement(&r, so_far);
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

void lw_reporting_verdict(const struct lw_intake_result *result)
{
	struct lw_report r = begin(LW_REPORT_VERDICT);

	r.outcome = result->verdict.outcome;
	add_statement(&r, result);
	add_reason(&r, &result->verdict);
	r.record = result->record;
	(void)lw_head_text(&result->head, r.head);
	lw_reporting_send(&r);
}

static void without_verdict(enum lw_outcome outcome, const char *why, const char *next)
{
	struct lw_report r = begin(LW_REPORT_VERDICT);

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
