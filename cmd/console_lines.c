/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/console_lines.h"

#include "cmd/console_words.h"

#include <stdarg.h>
#include <string.h>

static bool said;

static void say(FILE *out, const char *fmt, ...) LW_PRINTF(2, 3);
static void say(FILE *out, const char *fmt, ...)
{
	char text[2 * LW_CONSOLE_TEXT], ascii[3 * LW_CONSOLE_TEXT];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)fprintf(out, "console: %s\n", lw_console_ascii(text, ascii, sizeof(ascii)));
	said = true;
}

/* What does not change with every load. */
static bool is_same_enclave(const struct lw_status_enclave *a,
			    const struct lw_status_enclave *b)
{
	return a->known == b->known && strcmp(a->why, b->why) == 0 &&
	       lw_digest_equal(&a->identity, &b->identity) &&
	       a->trust_version == b->trust_version && a->trust_until == b->trust_until &&
	       strcmp(a->trust, b->trust) == 0 && strcmp(a->time, b->time) == 0 &&
	       a->n_expires == b->n_expires;
}

static void say_enclave(const struct lw_status_enclave *x, FILE *out)
{
	char text[LW_DIGEST_TEXT], time[LW_TIME_TEXT], head[48];

	if (!x->known) {
		say(out, "NO ENCLAVE: %s", x->why);
		return;
	}
	say(out, "enclave %s %s", x->name, lw_digest_text(&x->identity, text));
	if (x->trust_until)
		say(out, "trust version %llu, %s, until %s; time %s",
		    (unsigned long long)x->trust_version, x->trust,
		    lw_time_format(x->trust_until, time), x->time);
	else
		say(out, "trust version %llu, no repository of its own; time %s",
		    (unsigned long long)x->trust_version, x->time);
	for (size_t i = 0; i < x->n_expires && i < LW_MAX_STATUS_EXPIRES; i++)
		say(out, "expires: %s: until %s", x->expires[i].what,
		    lw_time_format(x->expires[i].until, time));
	say(out, "images %llu, withheld %llu; records %llu, head %s",
	    (unsigned long long)x->images, (unsigned long long)x->withheld,
	    (unsigned long long)x->records, lw_console_head(x->head, head));
}

static bool has_notice(const struct lw_status *s, const struct lw_status_notice *n)
{
	for (size_t i = 0; i < s->n_notices; i++)
		if (strcmp(s->notices[i].source, n->source) == 0 &&
		    strcmp(s->notices[i].text, n->text) == 0)
			return true;
	return false;
}

static void say_notices(const struct lw_status *before, const struct lw_status *now, FILE *out)
{
	for (size_t i = 0; i < before->n_notices; i++)
		if (!has_notice(now, &before->notices[i]))
			say(out, "no longer: %s", before->notices[i].text);
	for (size_t i = 0; i < now->n_notices; i++)
		if (!has_notice(before, &now->notices[i]))
			say(out, "%s%s%s", now->notices[i].text,
			    *now->notices[i].next ? "; next: " : "", now->notices[i].next);
}

static void say_medium(const struct lw_status_medium *m, FILE *out)
{
	if (m->in)
		say(out, "medium %s in port %s",
		    *m->label ? m->label : "that is not on the media list", m->port);
	else
		say(out, "no medium");
}

static void say_gate(const struct lw_status_work *w, FILE *out)
{
	struct lw_report shown = { .sequence = w->sequence };
	char text[LW_CONSOLE_TEXT];

	lw_report_set(shown.bundle, sizeof(shown.bundle), w->bundle);
	lw_report_set(shown.sender, sizeof(shown.sender), w->sender);
	say(out, "bundle %llu of %llu, %s: gate %u of 6, %s",
	    (unsigned long long)(w->index ? w->index : 1),
	    (unsigned long long)(w->bundles ? w->bundles : 1), lw_console_bundle(&shown, text),
	    (unsigned)w->gate, lw_gate_name(w->gate));
}

static void say_verdict(const struct lw_status_verdict *v, FILE *out)
{
	char text[LW_CONSOLE_TEXT], head[48], time[LW_TIME_TEXT];

	say(out, "%s%s%s: %s", lw_word_name(v->word), *v->report.code ? " " : "",
	    v->report.code, lw_console_bundle(&v->report, text));
	if (*lw_console_counts(v, text))
		say(out, "  %s", text);
	say(out, "  reason: %s", lw_console_reason(v, text));
	say(out, "  next: %s", lw_console_next(v, text));
	if (v->report.record)
		say(out, "  record %llu, head %s, at %s", (unsigned long long)v->report.record,
		    lw_console_head(v->report.head, head), lw_time_format(v->at, time));
	else
		say(out, "  no record was made, at %s", lw_time_format(v->at, time));
}

static bool is_same_verdict(const struct lw_status_verdict *a,
			    const struct lw_status_verdict *b)
{
	return a->there == b->there && a->number == b->number && a->at == b->at;
}

bool lw_lines_print(const struct lw_status *before, const struct lw_status *now, bool progress,
		    FILE *out)
{
	const struct lw_status_work *was = &before->work, *is = &now->work;
	char text[128];

	said = false;
	if (!is_same_enclave(&before->enclave, &now->enclave))
		say_enclave(&now->enclave, out);
	say_notices(before, now, out);
	if (before->medium.in != now->medium.in ||
	    strcmp(before->medium.port, now->medium.port) != 0)
		say_medium(&now->medium, out);
	if (now->last.there && !is_same_verdict(&before->last, &now->last))
		say_verdict(&now->last, out);
	if (is->at_work && (!was->at_work || was->gate != is->gate || was->index != is->index ||
			    strcmp(was->bundle, is->bundle) != 0))
		say_gate(is, out);
	if (is->at_work && progress && is->done > was->done)
		say(out, "  %s", lw_console_progress(is, text));
	(void)fflush(out);
	return said;
}

void lw_lines_print_up(FILE *out)
{
	say(out, "the status service is up");
}

void lw_lines_print_down(const char *why, FILE *out)
{
	say(out, "THE STATUS SERVICE IS DOWN: %s; loading goes on without it", why);
	(void)fflush(out);
}
