/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/status.h"

#include "base/json.h"

const char *lw_screen_name(enum lw_screen s)
{
	static const char *const names[] = { "idle", "work", "verdict" };

	return names[s];
}

const char *lw_word_name(enum lw_word w)
{
	static const char *const names[] = { "HOLD", "REFUSED", "INCOMPLETE", "ACCEPTED" };

	return names[w];
}

enum lw_word lw_word_of(enum lw_outcome o)
{
	switch (o) {
	case LW_ACCEPTED:
		return LW_WORD_ACCEPTED;
	case LW_INCOMPLETE_SO_FAR:
		return LW_WORD_INCOMPLETE;
	case LW_REFUSED:
	case LW_DAMAGED:
		return LW_WORD_REFUSED;
	case LW_TIME_UNTRUSTED:
	case LW_FAILED:
	default:
		return LW_WORD_HOLD;
	}
}

static void number(struct lw_json_writer *w, const char *key, uint64_t n)
{
	lw_json_w_member_integer(
		w, key, n > (uint64_t)LW_JSON_INTEGER_MAX ? LW_JSON_INTEGER_MAX : (int64_t)n);
}

/* null where there is none. */
static void time_or_null(struct lw_json_writer *w, const char *key, int64_t at)
{
	char text[LW_TIME_TEXT];

	lw_json_w_key(w, key);
	if (at)
		lw_json_w_string(w, lw_time_format(at, text));
	else
		lw_json_w_null(w);
}

static void write_enclave(struct lw_json_writer *w, const struct lw_status_enclave *x)
{
	char text[LW_DIGEST_TEXT];
	size_t n = x->n_expires < LW_MAX_STATUS_EXPIRES ? x->n_expires : LW_MAX_STATUS_EXPIRES;

	lw_json_w_object(w);
	if (!x->known) {
		lw_json_w_member(w, "why", x->why);
		lw_json_w_end_object(w);
		return;
	}
	lw_json_w_key(w, "expires");
	lw_json_w_array(w);
	for (size_t i = 0; i < n; i++) {
		lw_json_w_object(w);
		time_or_null(w, "until", x->expires[i].until);
		lw_json_w_member(w, "what", x->expires[i].what);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
	number(w, "expiring", x->n_expires);
	lw_json_w_member(w, "head", x->head);
	lw_json_w_member(w, "identity", lw_digest_text(&x->identity, text));
	number(w, "images", x->images);
	lw_json_w_member(w, "name", x->name);
	number(w, "records", x->records);
	lw_json_w_member(w, "time", x->time);
	lw_json_w_member(w, "trust", x->trust);
	time_or_null(w, "until", x->trust_until);
	number(w, "version", x->trust_version);
	number(w, "withheld", x->withheld);
	lw_json_w_end_object(w);
}

static void write_verdict(struct lw_json_writer *w, const struct lw_status_verdict *v)
{
	const struct lw_report *r = &v->report;

	if (!v->there) {
		lw_json_w_null(w);
		return;
	}
	lw_json_w_object(w);
	number(w, "accepted", v->counts[LW_WORD_ACCEPTED]);
	time_or_null(w, "at", v->at);
	lw_json_w_member(w, "bundle", r->bundle);
	lw_json_w_member(w, "code", r->code);
	lw_json_w_member(w, "expected", r->expected);
	lw_json_w_member(w, "found", r->found);
	lw_json_w_member(w, "gate", lw_gate_name(r->gate));
	lw_json_w_member(w, "head", r->head);
	number(w, "hold", v->counts[LW_WORD_HOLD]);
	number(w, "incomplete", v->counts[LW_WORD_INCOMPLETE]);
	lw_json_w_member(w, "marking", r->marking);
	lw_json_w_member(w, "medium", v->medium);
	lw_json_w_member(w, "next", r->next);
	number(w, "number", v->number);
	lw_json_w_member(w, "object", r->object);
	lw_json_w_member(w, "port", r->port);
	number(w, "record", r->record);
	number(w, "refused", v->counts[LW_WORD_REFUSED]);
	lw_json_w_member(w, "sender", r->sender);
	number(w, "sequence", r->sequence);
	lw_json_w_member(w, "text", r->text);
	lw_json_w_member(w, "word", lw_word_name(v->word));
	lw_json_w_end_object(w);
}

static void write_medium(struct lw_json_writer *w, const struct lw_status_medium *m)
{
	if (!m->in) {
		lw_json_w_null(w);
		return;
	}
	lw_json_w_object(w);
	lw_json_w_member(w, "label", m->label);
	lw_json_w_member(w, "port", m->port);
	lw_json_w_end_object(w);
}

static void write_work(struct lw_json_writer *w, const struct lw_status_work *x)
{
	if (!x->at_work) {
		lw_json_w_null(w);
		return;
	}
	lw_json_w_object(w);
	lw_json_w_member(w, "bundle", x->bundle);
	number(w, "bundles", x->bundles);
	number(w, "done", x->done);
	lw_json_w_member(w, "gate", lw_gate_name(x->gate));
	number(w, "index", x->index);
	lw_json_w_member(w, "marking", x->marking);
	number(w, "rate", x->rate);
	number(w, "seconds", x->for_sec);
	lw_json_w_member(w, "sender", x->sender);
	number(w, "sequence", x->sequence);
	number(w, "toGo", x->to_go);
	number(w, "total", x->total);
	number(w, "volume", x->volume);
	number(w, "volumes", x->volumes);
	lw_json_w_end_object(w);
}

static void write_notices(struct lw_json_writer *w, const struct lw_status *s)
{
	lw_json_w_array(w);
	for (size_t i = 0; i < s->n_notices; i++) {
		lw_json_w_object(w);
		lw_json_w_member(w, "next", s->notices[i].next);
		lw_json_w_member(w, "source", s->notices[i].source);
		lw_json_w_member(w, "text", s->notices[i].text);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

void lw_status_write(const struct lw_status *s, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };

	lw_json_w_object(&w);
	lw_json_w_key(&w, "enclave");
	write_enclave(&w, &s->enclave);
	lw_json_w_member(&w, "format", "landwaiter-status/1");
	lw_json_w_key(&w, "last");
	write_verdict(&w, &s->last);
	lw_json_w_key(&w, "medium");
	write_medium(&w, &s->medium);
	lw_json_w_key(&w, "notices");
	write_notices(&w, s);
	time_or_null(&w, "now", s->now);
	lw_json_w_member(&w, "screen", lw_screen_name(s->screen));
	lw_json_w_key(&w, "work");
	write_work(&w, &s->work);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}
