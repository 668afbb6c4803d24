/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/status_present.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define HELD_MSEC 5000

#define SET(to, from) lw_report_set(to, sizeof(to), from)

/* ---- notices ---- */

void lw_present_notice(struct lw_present *p, const char *source, const char *text,
		       const char *next)
{
	struct lw_status *s = &p->status;
	size_t i = 0;

	while (i < s->n_notices && strcmp(s->notices[i].source, source) != 0)
		i++;
	if (!text || !*text) {
		if (i < s->n_notices)
			s->notices[i] = s->notices[--s->n_notices];
		return;
	}
	if (i == LW_MAX_STATUS_NOTICES)
		return;
	if (i == s->n_notices)
		s->n_notices++;
	SET(s->notices[i].source, source);
	SET(s->notices[i].text, text);
	SET(s->notices[i].next, next);
}

/* ---- a load ---- */

/* A bundle that was not at work before. Where no door tells of media, another process is at
 * another one. */
static void begin_bundle(struct lw_present *p, const struct lw_report *r, pid_t from,
			 int64_t now_msec)
{
	struct lw_status_work *w = &p->status.work;

	if (p->worker != from) {
		p->worker = from;
		p->first = p->first || !p->status.medium.in;
	}
	if (w->at_work && w->index == r->index && strcmp(w->bundle, r->bundle) == 0)
		return;
	*w = (struct lw_status_work){ .at_work = true };
	SET(w->bundle, r->bundle);
	w->index = r->index;
	w->bundles = r->bundles;
	p->began_msec = p->sample_msec = now_msec;
}

static void take_gate(struct lw_present *p, const struct lw_report *r, pid_t from,
		      int64_t now_msec)
{
	struct lw_status_work *w = &p->status.work;

	begin_bundle(p, r, from, now_msec);
	w->gate = r->gate;
	w->volume = r->volume;
	w->volumes = r->volumes;
	if (*r->sender) {
		SET(w->sender, r->sender);
		SET(w->marking, r->marking);
		w->sequence = r->sequence;
	}
	p->sample_msec = now_msec; /* what another gate took is not the medium's slowness */
}

static void take_bytes(struct lw_present *p, const struct lw_report *r, pid_t from,
		       int64_t now_msec)
{
	struct lw_status_work *w = &p->status.work;
	int64_t msec = now_msec - p->sample_msec;

	begin_bundle(p, r, from, now_msec);
	if (r->gate != LW_GATE_NONE)
		w->gate = r->gate;
	if (r->done > w->done && msec > 0) {
		uint64_t now = (uint64_t)((double)(r->done - w->done) * 1000 / (double)msec);

		w->rate = w->rate ? (w->rate * 3 + now) / 4 : now;
		p->sample_msec = now_msec;
	}
	if (r->volume) { /* which one it is says the content */
		w->volume = r->volume;
		w->volumes = r->volumes;
	}
	w->done = r->done;
	w->total = r->total;
	w->to_go = w->rate ? (w->total - w->done) / w->rate : 0;
}

/* ---- verdicts ---- */

/* Several at once: refused, hold, incomplete, accepted in this order. */
static int gravity(enum lw_word w)
{
	static const int of[] = { [LW_WORD_ACCEPTED] = 0,
				  [LW_WORD_INCOMPLETE] = 1,
				  [LW_WORD_HOLD] = 2,
				  [LW_WORD_REFUSED] = 3 };

	return of[w];
}

static void show_verdict(struct lw_present *p, const struct lw_report *r, int64_t now_msec)
{
	struct lw_status *s = &p->status;
	struct lw_status_verdict *v = &s->last;
	enum lw_word word = lw_word_of(r->outcome);

	if (p->first)
		memset(v->counts, 0, sizeof(v->counts));
	if (p->first || gravity(word) > gravity(v->word)) {
		v->report = *r;
		v->word = word;
		SET(v->medium, *r->label ? r->label : s->medium.label);
	} else if (*r->head) {
		SET(v->report.head, r->head);
	}
	v->there = true;
	v->number++;
	v->at = (int64_t)time(NULL);
	v->counts[word]++;
	p->verdict_msec = now_msec;
	p->verdict_is_new = true;
}

/* Of another device, or of a part of the medium: it never stands in the place of what became of
 * its bundles. */
static void note_refusal(struct lw_present *p, const struct lw_report *r)
{
	char text[sizeof(p->status.notices[0].text)];

	(void)snprintf(text, sizeof(text), "%.200s: refused, %s", r->object, r->code);
	lw_present_notice(p, "refused", text, r->next);
}

static void take_refusal(struct lw_present *p, const struct lw_report *r, int64_t now_msec)
{
	const struct lw_status *s = &p->status;

	if (s->medium.in && strcmp(r->port, s->medium.port) == 0 && p->first) {
		p->held = *r;
		p->held_msec = now_msec;
	} else if (s->work.at_work || (s->medium.in && !p->first)) {
		note_refusal(p, r);
	} else {
		p->first = true;
		show_verdict(p, r, now_msec);
	}
}

/* Whoever looks sees the gravest of a medium's bundles, and the book's last head. */
static void take_verdict(struct lw_present *p, const struct lw_report *r, pid_t from,
			 int64_t now_msec)
{
	bool nothing = !*r->bundle; /* there was no bundle */

	begin_bundle(p, r, from, now_msec);
	p->status.work = (struct lw_status_work){ 0 };
	if (nothing && !p->first)
		return;
	show_verdict(p, r, now_msec);
	p->first = p->first && nothing;
	if (p->held_msec && !nothing) {
		p->held_msec = 0;
		note_refusal(p, &p->held);
	}
}

void lw_present_ended(struct lw_present *p, int64_t now_msec)
{
	struct lw_report r = { .what = LW_REPORT_VERDICT, .outcome = LW_FAILED };
	const struct lw_status_work *w = &p->status.work;

	if (w->at_work) {
		SET(r.bundle, w->bundle);
		r.index = w->index;
		r.bundles = w->bundles;
		SET(r.text, "the load was ended before it could say its verdict");
		SET(r.next, "plug the medium in again: what was taken in is refused as a "
			    "replay, nothing else is lost");
		take_verdict(p, &r, p->worker, now_msec);
	}
	p->worker = 0;
}

/* ---- media ---- */

static void take_medium(struct lw_present *p, const struct lw_report *r)
{
	struct lw_status_medium *m = &p->status.medium;

	m->in = true;
	p->first = true;
	p->held_msec = 0;
	lw_present_notice(p, "refused", NULL, NULL);
	SET(m->label, r->label);
	SET(m->port, r->port);
	p->verdict_is_new = false;
}

static void take_pulled(struct lw_present *p, const struct lw_report *r, int64_t now_msec)
{
	if (!p->status.medium.in || strcmp(p->status.medium.port, r->port) != 0)
		return;
	p->status.medium = (struct lw_status_medium){ 0 };
	lw_present_notice(p, "refused", NULL, NULL);
	p->pulled_msec = now_msec;
}

/* ---- all of it ---- */

void lw_present_take(struct lw_present *p, const struct lw_report *r, pid_t from,
		     int64_t now_msec)
{
	switch (r->what) {
	case LW_REPORT_MEDIUM:
		take_medium(p, r);
		break;
	case LW_REPORT_PULLED:
		take_pulled(p, r, now_msec);
		break;
	case LW_REPORT_GATE:
		take_gate(p, r, from, now_msec);
		break;
	case LW_REPORT_BYTES:
		take_bytes(p, r, from, now_msec);
		break;
	case LW_REPORT_VERDICT:
		if (r->gate == LW_GATE_DOOR)
			take_refusal(p, r, now_msec);
		else
			take_verdict(p, r, from, now_msec);
		break;
	case LW_REPORT_NOTICE:
		if (!lw_present_is_own(r->source))
			lw_present_notice(p, r->source, r->text, r->next);
		break;
	case LW_REPORT_COUNT:
	default:
		break;
	}
	lw_present_tick(p, now_msec);
}

void lw_present_tick(struct lw_present *p, int64_t now_msec)
{
	struct lw_status *s = &p->status;
	int64_t since = p->pulled_msec > p->verdict_msec ? p->pulled_msec : p->verdict_msec;

	s->now = (int64_t)time(NULL);
	if (p->held_msec && now_msec - p->held_msec >= HELD_MSEC && !s->work.at_work) {
		p->held_msec = 0;
		show_verdict(p, &p->held, now_msec);
	}
	if (s->work.at_work) {
		s->work.for_sec = (uint64_t)(now_msec - p->began_msec) / 1000;
		s->screen = LW_SCREEN_WORK;
	} else if (s->last.there && p->verdict_is_new &&
		   (s->medium.in || now_msec - since < p->linger_msec)) {
		s->screen = LW_SCREEN_VERDICT;
	} else {
		s->screen = LW_SCREEN_IDLE;
	}
}
