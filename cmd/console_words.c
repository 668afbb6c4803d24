/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/console_words.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define SPELT 16

/* One character; returns how many bytes of the text it took. */
static size_t spell(struct lw_span text, char out[static SPELT])
{
	uint32_t point = 0;
	size_t took = lw_text_decode(text, &point);

	if (took == 0)
		(void)snprintf(out, SPELT, "\\x%02x", (unsigned)text.p[0]);
	else if (point == 0x2713) /* our own mark beside who counts */
		(void)snprintf(out, SPELT, "OK");
	else if (point >= 0x20 && point < 0x7f)
		(void)snprintf(out, SPELT, "%c", (char)point);
	else
		(void)snprintf(out, SPELT, "\\u{%04x}", (unsigned)point);
	return took ? took : 1;
}

const char *lw_console_ascii(const char *text, char *out, size_t size)
{
	struct lw_span rest = lw_span_str(text);
	size_t n = 0, fits = 0; /* fits: with the dots of a cut behind it */
	char spelt[SPELT];

	while (rest.n) {
		size_t took = spell(rest, spelt), more = strlen(spelt);

		if (n + more >= size)
			break;
		memcpy(out + n, spelt, more);
		n += more;
		fits = n + sizeof("...") <= size ? n : fits;
		rest = lw_span(rest.p + took, rest.n - took);
	}
	if (rest.n) {
		memcpy(out + fits, "...", sizeof("..."));
		return out;
	}
	out[n] = '\0';
	return out;
}

const char *lw_console_head(const char *head, char out[static 48])
{
	const char *hash = strchr(head, ':');

	if (!hash || strlen(hash) < 17)
		(void)snprintf(out, 48, "none");
	else
		(void)snprintf(out, 48, "%.*s:%.4s %.4s %.4s %.4s", (int)(hash - head), head,
			       hash + 1, hash + 5, hash + 9, hash + 13);
	return out;
}

const char *lw_console_reason(const struct lw_status_verdict *v,
			      char out[static LW_CONSOLE_TEXT])
{
	const struct lw_report *r = &v->report;
	const char *meaning = lw_console_meaning(r->code);

	if (*r->text)
		meaning = r->text;
	else if (v->word == LW_WORD_ACCEPTED)
		meaning = "every gate passed; it is loaded";
	else if (!meaning)
		meaning = "it did not pass";
	(void)snprintf(out, LW_CONSOLE_TEXT, "%c%s.%s%s%s%s%s%s",
		       toupper((unsigned char)meaning[0]), meaning + 1,
		       *r->expected ? " Expected: " : "", r->expected, *r->expected ? "." : "",
		       *r->found ? " Found: " : "", r->found, *r->found ? "." : "");
	return out;
}

const char *lw_console_next(const struct lw_status_verdict *v, char out[static LW_CONSOLE_TEXT])
{
	const char *next = v->report.next;

	if (v->word == LW_WORD_ACCEPTED && !*next)
		next = "pull the medium out; write the record and the head into the log";
	else if (!*next)
		next = "see the record in the book";
	(void)snprintf(out, LW_CONSOLE_TEXT, "%s", next);
	return out;
}

const char *lw_console_counts(const struct lw_status_verdict *v, char out[static 128])
{
	unsigned long long c[LW_WORD_COUNT], all = 0;

	for (size_t i = 0; i < LW_WORD_COUNT; i++)
		all += c[i] = (unsigned long long)v->counts[i];
	if (all > 1)
		(void)snprintf(out, 128,
			       "%llu bundles: accepted %llu, refused %llu, incomplete %llu, "
			       "on hold %llu",
			       all, c[LW_WORD_ACCEPTED], c[LW_WORD_REFUSED],
			       c[LW_WORD_INCOMPLETE], c[LW_WORD_HOLD]);
	else
		out[0] = '\0';
	return out;
}

const char *lw_console_bundle(const struct lw_report *r, char out[static LW_CONSOLE_TEXT])
{
	char sequence[48] = "";

	if (*r->sender)
		(void)snprintf(sequence, sizeof(sequence), ", sequence %llu",
			       (unsigned long long)r->sequence);
	(void)snprintf(out, LW_CONSOLE_TEXT, "%s%s%s%s%s%s%s%s", r->bundle,
		       *r->bundle && *r->sender ? ", " : "", *r->sender ? "from " : "",
		       r->sender, sequence, *r->marking ? ", marked " : "", r->marking,
		       *r->bundle || *r->sender ? "" : r->object);
	return out;
}

unsigned lw_console_percent(const struct lw_status_work *w)
{
	return w->total ? (unsigned)((double)w->done * 100 / (double)w->total) : 0;
}

const char *lw_console_progress(const struct lw_status_work *w, char out[static 128])
{
	char done[16], total[16], rate[16];

	if (!w->total)
		(void)snprintf(out, 128, "at work for %llu s", (unsigned long long)w->for_sec);
	else if (!w->rate)
		(void)snprintf(out, 128, "%s of %s, %u%%", lw_num_human_size(w->done, done),
			       lw_num_human_size(w->total, total), lw_console_percent(w));
	else
		(void)snprintf(out, 128, "%s of %s, %u%%, %s/s, %llu:%02llu left",
			       lw_num_human_size(w->done, done),
			       lw_num_human_size(w->total, total), lw_console_percent(w),
			       lw_num_human_size(w->rate, rate),
			       (unsigned long long)(w->to_go / 60),
			       (unsigned long long)(w->to_go % 60));
	return out;
}

const char *lw_console_question(enum lw_gate gate)
{
	static const char *const questions[] = {
		[LW_GATE_NONE] = "",
		[LW_GATE_DOOR] = "may this medium speak?",
		[LW_GATE_SEAL] = "do enough approvers vouch, and is it for us?",
		[LW_GATE_FRESHNESS] = "is it new, and the time known?",
		[LW_GATE_CONTENT] = "is each byte what the sealed list says?",
		[LW_GATE_EVIDENCE] = "who signed the images, and is that enough?",
		[LW_GATE_COMMIT] = "all of it, or nothing",
	};

	return questions[gate];
}
