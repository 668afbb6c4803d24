/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/console_page.h"

#include "base/mem.h"
#include "cmd/console_words.h"

#include <stdarg.h>
#include <string.h>

/* ---- lines ---- */

static void put(struct lw_page *p, enum lw_page_tone tone, const char *text)
{
	if (p->n == LW_PAGE_ROWS)
		return;
	p->tones[p->n] = tone;
	(void)lw_console_ascii(text, p->rows[p->n], sizeof(p->rows[0]));
	p->n++;
}

static void add(struct lw_page *p, enum lw_page_tone tone, const char *fmt, ...)
	LW_PRINTF(3, 4);
static void add(struct lw_page *p, enum lw_page_tone tone, const char *fmt, ...)
{
	char text[LW_CONSOLE_TEXT];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(p, tone, text);
}

static void gap(struct lw_page *p)
{
	put(p, LW_TONE_PLAIN, "");
}

/* How much of a text goes on a line: up to a space, if there is one not too far back. */
static size_t line_length(const char *text, size_t most)
{
	size_t n = strlen(text), at = most;

	if (n <= most)
		return n;
	while (at > most / 2 && text[at] != ' ')
		at--;
	return text[at] == ' ' ? at : most;
}

/* A text behind a word in the first of at most `most` lines. */
static void add_wrapped(struct lw_page *p, enum lw_page_tone tone, const char *word,
			const char *text, unsigned most)
{
	char ascii[LW_CONSOLE_TEXT];
	const size_t width = LW_PAGE_COLS - 14;
	const char *rest = lw_console_ascii(text, ascii, sizeof(ascii));

	for (unsigned i = 0; i < most && (*rest || i == 0); i++) {
		size_t n = line_length(rest, width);
		bool cut = i + 1 == most && rest[n];

		add(p, tone, "  %-10s %.*s%s", i ? "" : word, (int)(cut ? n - 3 : n), rest,
		    cut ? "..." : "");
		rest += n;
		rest += strspn(rest, " ");
	}
}

static void add_rule(struct lw_page *p)
{
	char text[LW_PAGE_COLS - 1];

	memset(text, '-', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	put(p, LW_TONE_PLAIN, text);
}

/* ---- the one word, to be read from across the room ---- */

#define GLYPH_ROWS 5

static const struct glyph {
	char letter;
	const char *rows[GLYPH_ROWS];
} glyphs[] = {
	{ 'A', { " ### ", "#   #", "#####", "#   #", "#   #" } },
	{ 'C', { " ####", "#    ", "#    ", "#    ", " ####" } },
	{ 'D', { "#### ", "#   #", "#   #", "#   #", "#### " } },
	{ 'E', { "#####", "#    ", "###  ", "#    ", "#####" } },
	{ 'F', { "#####", "#    ", "###  ", "#    ", "#    " } },
	{ 'H', { "#   #", "#   #", "#####", "#   #", "#   #" } },
	{ 'I', { "#####", "  #  ", "  #  ", "  #  ", "#####" } },
	{ 'L', { "#    ", "#    ", "#    ", "#    ", "#####" } },
	{ 'M', { "#   #", "## ##", "# # #", "#   #", "#   #" } },
	{ 'N', { "#   #", "##  #", "# # #", "#  ##", "#   #" } },
	{ 'O', { " ### ", "#   #", "#   #", "#   #", " ### " } },
	{ 'P', { "#### ", "#   #", "#### ", "#    ", "#    " } },
	{ 'R', { "#### ", "#   #", "#### ", "#  # ", "#   #" } },
	{ 'S', { " ####", "#    ", " ### ", "    #", "#### " } },
	{ 'T', { "#####", "  #  ", "  #  ", "  #  ", "  #  " } },
	{ 'U', { "#   #", "#   #", "#   #", "#   #", " ### " } },
};

static const char *glyph_row(char letter, size_t row)
{
	for (size_t i = 0; i < LW_COUNT_OF(glyphs); i++)
		if (glyphs[i].letter == letter)
			return glyphs[i].rows[row];
	return "     ";
}

static enum lw_page_tone tone_of(enum lw_word w)
{
	static const enum lw_page_tone tones[] = { [LW_WORD_HOLD] = LW_TONE_WAIT,
						   [LW_WORD_REFUSED] = LW_TONE_BAD,
						   [LW_WORD_INCOMPLETE] = LW_TONE_WAIT,
						   [LW_WORD_ACCEPTED] = LW_TONE_GOOD };

	return tones[w];
}

static void add_big(struct lw_page *p, enum lw_word w)
{
	const char *word = lw_word_name(w);

	for (size_t row = 0; row < GLYPH_ROWS; row++) {
		char text[LW_PAGE_COLS + 1] = "    ";
		size_t n = 4;

		for (const char *c = word; *c && n + 7 < sizeof(text); c++, n += 7)
			(void)snprintf(text + n, sizeof(text) - n, "%s  ", glyph_row(*c, row));
		put(p, tone_of(w), text);
	}
}

/* ---- parts ---- */

static void add_title(struct lw_page *p, const struct lw_status *s, int64_t now)
{
	char time[LW_TIME_TEXT], text[LW_DIGEST_TEXT];
	const char *name = s && s->enclave.known ? s->enclave.name : "";

	add(p, LW_TONE_TITLE, " Landwaiter  %-44.44s  %s", name, lw_time_format(now, time));
	if (s && s->enclave.known)
		add(p, LW_TONE_PLAIN, "enclave %s", lw_digest_text(&s->enclave.identity, text));
	else
		gap(p);
	add_rule(p);
}

static void add_notices(struct lw_page *p, const struct lw_status *s)
{
	for (size_t i = 0; i < s->n_notices; i++) {
		add_wrapped(p, LW_TONE_LOUD, "!", s->notices[i].text, 2);
		if (*s->notices[i].next)
			add_wrapped(p, LW_TONE_PLAIN, "", s->notices[i].next, 2);
	}
}

static void add_reason(struct lw_page *p, const struct lw_status_verdict *v, unsigned lines)
{
	char text[LW_CONSOLE_TEXT], head[48];

	add_wrapped(p, LW_TONE_PLAIN, "reason", lw_console_reason(v, text), lines);
	add_wrapped(p, LW_TONE_LOUD, "next", lw_console_next(v, text), 2);
	if (v->report.record)
		add(p, LW_TONE_LOUD, "  %-10s record %llu    head %s", "log",
		    (unsigned long long)v->report.record,
		    lw_console_head(v->report.head, head));
	else
		add(p, LW_TONE_PLAIN, "  %-10s no record was made", "log");
}

static void add_last(struct lw_page *p, const struct lw_status_verdict *v)
{
	char time[LW_TIME_TEXT], text[LW_CONSOLE_TEXT];

	if (!v->there)
		return;
	add_rule(p);
	add(p, tone_of(v->word), "  last       %s%s%s, %s", lw_word_name(v->word),
	    *v->report.code ? ": " : "", v->report.code, lw_time_format(v->at, time));
	add_wrapped(p, LW_TONE_PLAIN, "bundle", lw_console_bundle(&v->report, text), 1);
	if (*lw_console_counts(v, text))
		add_wrapped(p, LW_TONE_PLAIN, "", text, 1);
	add_reason(p, v, 3);
}

/* ---- the screens ---- */

static void add_enclave(struct lw_page *p, const struct lw_status_enclave *x)
{
	char time[LW_TIME_TEXT], head[48];

	if (!x->known) {
		add_wrapped(p, LW_TONE_BAD, "NO ENCLAVE", x->why, 3);
		add_wrapped(p, LW_TONE_PLAIN, "", "Nothing can be loaded or served.", 1);
		return;
	}
	if (x->trust_until)
		add(p, strcmp(x->trust, "holds") == 0 ? LW_TONE_PLAIN : LW_TONE_LOUD,
		    "  %-10s version %llu, %s, until %s", "trust",
		    (unsigned long long)x->trust_version, x->trust,
		    lw_time_format(x->trust_until, time));
	else
		add(p, LW_TONE_PLAIN, "  %-10s version %llu, no repository of its own", "trust",
		    (unsigned long long)x->trust_version);
	add(p, strcmp(x->time, "trusted") == 0 ? LW_TONE_PLAIN : LW_TONE_LOUD, "  %-10s %s",
	    "time", x->time);
	add(p, LW_TONE_PLAIN, "  %-10s %llu accepted, %llu of them withheld", "images",
	    (unsigned long long)x->images, (unsigned long long)x->withheld);
	add(p, LW_TONE_PLAIN, "  %-10s %llu records    head %s", "book",
	    (unsigned long long)x->records, lw_console_head(x->head, head));
	for (size_t i = 0; i < x->n_expires && i < LW_MAX_STATUS_EXPIRES; i++)
		add(p, LW_TONE_LOUD, "  %-10s %s: until %s", i ? "" : "expires",
		    x->expires[i].what, lw_time_format(x->expires[i].until, time));
	if (x->n_expires > LW_MAX_STATUS_EXPIRES)
		add(p, LW_TONE_LOUD, "  %-10s and %llu more", "",
		    (unsigned long long)(x->n_expires - LW_MAX_STATUS_EXPIRES));
}

static void draw_idle(struct lw_page *p, const struct lw_status *s)
{
	const struct lw_status_medium *m = &s->medium;

	if (m->in)
		add(p, LW_TONE_LOUD, "  A medium is in port %s: %s", m->port,
		    *m->label ? m->label : "not on the media list");
	else if (s->enclave.known)
		add(p, LW_TONE_LOUD, "  Ready: plug in one medium.");
	add_enclave(p, &s->enclave);
	add_notices(p, s);
	add_last(p, &s->last);
}

static void add_bar(struct lw_page *p, const struct lw_status_work *w)
{
	char bar[61], text[128];
	size_t full = lw_console_percent(w) * (sizeof(bar) - 1) / 100;

	memset(bar, '.', sizeof(bar) - 1);
	memset(bar, '#', full < sizeof(bar) ? full : sizeof(bar) - 1);
	bar[sizeof(bar) - 1] = '\0';
	if (w->total)
		add(p, LW_TONE_LOUD, "  [%s]", bar);
	add(p, LW_TONE_LOUD, "  %s", lw_console_progress(w, text));
}

static void draw_work(struct lw_page *p, const struct lw_status *s)
{
	const struct lw_status_work *w = &s->work;
	struct lw_report shown = { .sequence = w->sequence };
	char text[LW_CONSOLE_TEXT];

	lw_report_set(shown.bundle, sizeof(shown.bundle), w->bundle);
	lw_report_set(shown.sender, sizeof(shown.sender), w->sender);
	lw_report_set(shown.marking, sizeof(shown.marking), w->marking);
	if (s->medium.in)
		add(p, LW_TONE_PLAIN, "  %-10s %s, port %s", "medium",
		    *s->medium.label ? s->medium.label : "not on the media list",
		    s->medium.port);
	add(p, LW_TONE_PLAIN, "  %-10s %llu of %llu, volume %llu of %llu", "bundle",
	    (unsigned long long)(w->index ? w->index : 1),
	    (unsigned long long)(w->bundles ? w->bundles : 1),
	    (unsigned long long)(w->volume ? w->volume : 1),
	    (unsigned long long)(w->volumes ? w->volumes : 1));
	add_wrapped(p, LW_TONE_PLAIN, "", lw_console_bundle(&shown, text), 2);
	gap(p);
	for (unsigned g = LW_GATE_DOOR; g <= LW_GATE_COMMIT; g++)
		add(p, w->gate == (enum lw_gate)g ? LW_TONE_LOUD : LW_TONE_PLAIN,
		    "  %s gate %u of 6  %-10s %s", w->gate == (enum lw_gate)g ? "==>" : "   ",
		    g, lw_gate_name((enum lw_gate)g), lw_console_question((enum lw_gate)g));
	gap(p);
	add_bar(p, w);
	gap(p);
	add(p, LW_TONE_LOUD, "  Leave the medium in.");
	add_notices(p, s);
}

static void draw_verdict(struct lw_page *p, const struct lw_status *s)
{
	const struct lw_status_verdict *v = &s->last;
	char time[LW_TIME_TEXT], text[LW_CONSOLE_TEXT];

	gap(p);
	add_big(p, v->word);
	gap(p);
	add(p, tone_of(v->word), "  %-10s %s%s%s", "verdict", lw_word_name(v->word),
	    *v->report.code ? ": " : "", v->report.code);
	add_wrapped(p, LW_TONE_PLAIN, "bundle", lw_console_bundle(&v->report, text), 2);
	if (*lw_console_counts(v, text))
		add_wrapped(p, LW_TONE_PLAIN, "", text, 1);
	add_reason(p, v, 4);
	add(p, LW_TONE_PLAIN, "  %-10s %s%s%s", "at", lw_time_format(v->at, time),
	    *v->medium ? ", medium " : "", v->medium);
	if (s->medium.in)
		add(p, LW_TONE_LOUD, "  You may pull the medium out.");
	add_notices(p, s);
}

void lw_page_draw(const struct lw_status *s, int64_t now, struct lw_page *ret)
{
	*ret = (struct lw_page){ 0 };
	add_title(ret, s, now);
	if (s->screen == LW_SCREEN_WORK)
		draw_work(ret, s);
	else if (s->screen == LW_SCREEN_VERDICT)
		draw_verdict(ret, s);
	else
		draw_idle(ret, s);
}

void lw_page_draw_down(const char *why, int64_t now, struct lw_page *ret)
{
	*ret = (struct lw_page){ 0 };
	add_title(ret, NULL, now);
	add_wrapped(ret, LW_TONE_BAD, "DOWN", "The status service is down.", 1);
	add_wrapped(ret, LW_TONE_PLAIN, "", why, 3);
	add_wrapped(ret, LW_TONE_PLAIN, "",
		    "Loading goes on without it: what happens stands in the book.", 2);
}
