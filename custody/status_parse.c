/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/status.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

static const struct lw_json_limits limits = {
	.bytes = LW_MAX_STATUS_BYTES,
	.nodes = 256,
	.keys = 64,
	.string = LW_REPORT_TEXT,
	.depth = 4,
};

/* Objects are read through these; what is missing stays empty, so that a viewer shows what it
 * can of a newer service. */
#define PLAIN(key, type, member)                                                               \
	{                                                                                      \
		.name = key, .reader = LW_JSON_READ_PLAIN, .max = LW_REPORT_TEXT - 1,          \
		.offset = offsetof(type, member)                                               \
	}
#define NUMBER(key, type, member)                                                              \
	{                                                                                      \
		.name = key, .reader = LW_JSON_READ_U64, .offset = offsetof(type, member)      \
	}
#define NODE(key, type, member)                                                                \
	{                                                                                      \
		.name = key, .reader = LW_JSON_READ_ANY, .offset = offsetof(type, member)      \
	}

static bool is_object(const struct lw_json *n)
{
	return n && lw_json_type(n) == LW_JSON_OBJECT;
}

/* A time or null. */
static int64_t take_time(const struct lw_json *n)
{
	const char *text = n ? lw_json_string(n) : NULL;
	struct lw_error ignored;
	int64_t at = 0;

	return text && lw_time_parse(lw_span_str(text), &at, &ignored) == 0 ? at : 0;
}

static int find(const char *name, const char *const *names, unsigned n)
{
	for (unsigned i = 0; name && i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return (int)i;
	return 0;
}

static enum lw_gate take_gate(const char *name)
{
	const char *names[LW_GATE_COMMIT + 1];

	for (unsigned i = 0; i < LW_COUNT_OF(names); i++)
		names[i] = lw_gate_name((enum lw_gate)i);
	return (enum lw_gate)find(name, names, LW_COUNT_OF(names));
}

static enum lw_word take_word(const char *name)
{
	const char *names[LW_WORD_COUNT];

	for (unsigned i = 0; i < LW_COUNT_OF(names); i++)
		names[i] = lw_word_name((enum lw_word)i);
	return (enum lw_word)find(name, names, LW_COUNT_OF(names));
}

static enum lw_screen take_screen(const char *name)
{
	const char *names[LW_SCREEN_COUNT];

	for (unsigned i = 0; i < LW_COUNT_OF(names); i++)
		names[i] = lw_screen_name((enum lw_screen)i);
	return (enum lw_screen)find(name, names, LW_COUNT_OF(names));
}

#define SET(to, from) lw_report_set(to, sizeof(to), from)

/* ---- the enclave ---- */

struct enclave {
	const char *why, *name, *trust, *time, *head;
	struct lw_digest identity;
	const struct lw_json *expires, *until;
	uint64_t version, images, withheld, records, expiring;
};

static int take_expiry(const struct lw_json *n, struct lw_status_expiry *ret,
		       struct lw_error *e)
{
	struct fields {
		const char *what;
		const struct lw_json *until;
	} f = { 0 };
	static const struct lw_json_field table[] = {
		PLAIN("what", struct fields, what),
		NODE("until", struct fields, until),
	};
	int r = lw_json_read(n, table, LW_COUNT_OF(table), LW_JSON_IGNORE_UNKNOWN, "expires",
			     &f, e);

	if (r < 0)
		return r;
	SET(ret->what, f.what);
	ret->until = take_time(f.until);
	return 0;
}

static int take_enclave(const struct lw_json *n, struct lw_status_enclave *ret,
			struct lw_error *e)
{
	static const struct lw_json_field table[] = {
		NODE("expires", struct enclave, expires),
		NUMBER("expiring", struct enclave, expiring),
		PLAIN("head", struct enclave, head),
		{ .name = "identity",
		  .reader = LW_JSON_READ_DIGEST,
		  .offset = offsetof(struct enclave, identity) },
		NUMBER("images", struct enclave, images),
		PLAIN("name", struct enclave, name),
		NUMBER("records", struct enclave, records),
		PLAIN("time", struct enclave, time),
		PLAIN("trust", struct enclave, trust),
		NODE("until", struct enclave, until),
		NUMBER("version", struct enclave, version),
		PLAIN("why", struct enclave, why),
		NUMBER("withheld", struct enclave, withheld),
	};
	struct enclave f = { 0 };
	size_t i = 0;
	int r = lw_json_read(n, table, LW_COUNT_OF(table), LW_JSON_IGNORE_UNKNOWN, "enclave",
			     &f, e);

	if (r < 0)
		return r;
	ret->known = !f.why;
	SET(ret->why, f.why);
	SET(ret->name, f.name);
	SET(ret->trust, f.trust);
	SET(ret->time, f.time);
	SET(ret->head, f.head);
	ret->identity = f.identity;
	ret->trust_version = f.version;
	ret->trust_until = take_time(f.until);
	ret->images = f.images;
	ret->withheld = f.withheld;
	ret->records = f.records;
	ret->n_expires = f.expiring;
	if (!f.expires || lw_json_type(f.expires) != LW_JSON_ARRAY)
		return 0;
	for (const struct lw_json *x = lw_json_first(f.expires);
	     x && r == 0 && i < LW_MAX_STATUS_EXPIRES; x = lw_json_next(x))
		r = take_expiry(x, &ret->expires[i++], e);
	return r;
}

/* ---- medium, work, the last verdict ---- */

static int take_medium(const struct lw_json *n, struct lw_status_medium *ret,
		       struct lw_error *e)
{
	struct fields {
		const char *label, *port;
	} f = { 0 };
	static const struct lw_json_field table[] = {
		PLAIN("label", struct fields, label),
		PLAIN("port", struct fields, port),
	};
	int r = lw_json_read(n, table, LW_COUNT_OF(table), LW_JSON_IGNORE_UNKNOWN, "medium", &f,
			     e);

	if (r < 0)
		return r;
	ret->in = true;
	SET(ret->label, f.label);
	SET(ret->port, f.port);
	return 0;
}

struct work {
	const char *bundle, *sender, *marking, *gate;
	uint64_t sequence, index, bundles, volume, volumes, done, total, rate, to_go, seconds;
};

static int take_work(const struct lw_json *n, struct lw_status_work *ret, struct lw_error *e)
{
	static const struct lw_json_field table[] = {
		PLAIN("bundle", struct work, bundle),
		NUMBER("bundles", struct work, bundles),
		NUMBER("done", struct work, done),
		PLAIN("gate", struct work, gate),
		NUMBER("index", struct work, index),
		PLAIN("marking", struct work, marking),
		NUMBER("rate", struct work, rate),
		NUMBER("seconds", struct work, seconds),
		PLAIN("sender", struct work, sender),
		NUMBER("sequence", struct work, sequence),
		NUMBER("toGo", struct work, to_go),
		NUMBER("total", struct work, total),
		NUMBER("volume", struct work, volume),
		NUMBER("volumes", struct work, volumes),
	};
	struct work f = { 0 };
	int r = lw_json_read(n, table, LW_COUNT_OF(table), LW_JSON_IGNORE_UNKNOWN, "work", &f,
			     e);

	if (r < 0)
		return r;
	*ret = (struct lw_status_work){
		.at_work = true,
		.gate = take_gate(f.gate),
		.sequence = f.sequence,
		.index = f.index,
		.bundles = f.bundles,
		.volume = f.volume,
		.volumes = f.volumes,
		.done = f.done < f.total ? f.done : f.total,
		.total = f.total,
		.rate = f.rate,
		.to_go = f.to_go,
		.for_sec = f.seconds,
	};
	SET(ret->bundle, f.bundle);
	SET(ret->sender, f.sender);
	SET(ret->marking, f.marking);
	return 0;
}

struct verdict {
	const char *bundle, *code, *expected, *found, *gate, *head, *marking, *medium, *next,
		*object, *port, *sender, *text, *word;
	const struct lw_json *at;
	uint64_t accepted, hold, incomplete, number, refused, record, sequence;
};

static const struct lw_json_field verdict_table[] = {
	NUMBER("accepted", struct verdict, accepted),
	NODE("at", struct verdict, at),
	PLAIN("bundle", struct verdict, bundle),
	PLAIN("code", struct verdict, code),
	PLAIN("expected", struct verdict, expected),
	PLAIN("found", struct verdict, found),
	PLAIN("gate", struct verdict, gate),
	PLAIN("head", struct verdict, head),
	NUMBER("hold", struct verdict, hold),
	NUMBER("incomplete", struct verdict, incomplete),
	PLAIN("marking", struct verdict, marking),
	PLAIN("medium", struct verdict, medium),
	PLAIN("next", struct verdict, next),
	NUMBER("number", struct verdict, number),
	PLAIN("object", struct verdict, object),
	PLAIN("port", struct verdict, port),
	NUMBER("record", struct verdict, record),
	NUMBER("refused", struct verdict, refused),
	PLAIN("sender", struct verdict, sender),
	NUMBER("sequence", struct verdict, sequence),
	PLAIN("text", struct verdict, text),
	PLAIN("word", struct verdict, word),
};

static int take_verdict(const struct lw_json *n, struct lw_status_verdict *ret,
			struct lw_error *e)
{
	struct verdict f = { 0 };
	struct lw_report *to = &ret->report;
	int r = lw_json_read(n, verdict_table, LW_COUNT_OF(verdict_table),
			     LW_JSON_IGNORE_UNKNOWN, "last", &f, e);

	if (r < 0)
		return r;
	*ret = (struct lw_status_verdict){
		.there = true,
		.number = f.number,
		.word = take_word(f.word),
		.at = take_time(f.at),
		.counts = { [LW_WORD_HOLD] = f.hold,
			    [LW_WORD_REFUSED] = f.refused,
			    [LW_WORD_INCOMPLETE] = f.incomplete,
			    [LW_WORD_ACCEPTED] = f.accepted },
		.report = { .what = LW_REPORT_VERDICT,
			    .gate = take_gate(f.gate),
			    .record = f.record,
			    .sequence = f.sequence },
	};
	SET(ret->medium, f.medium);
	SET(to->bundle, f.bundle);
	SET(to->code, f.code);
	SET(to->expected, f.expected);
	SET(to->found, f.found);
	SET(to->head, f.head);
	SET(to->marking, f.marking);
	SET(to->next, f.next);
	SET(to->object, f.object);
	SET(to->port, f.port);
	SET(to->sender, f.sender);
	SET(to->text, f.text);
	return 0;
}

/* ---- the whole ---- */

static int take_notice(const struct lw_json *n, struct lw_status_notice *ret,
		       struct lw_error *e)
{
	struct fields {
		const char *next, *source, *text;
	} f = { 0 };
	static const struct lw_json_field table[] = {
		PLAIN("next", struct fields, next),
		PLAIN("source", struct fields, source),
		PLAIN("text", struct fields, text),
	};
	int r = lw_json_read(n, table, LW_COUNT_OF(table), LW_JSON_IGNORE_UNKNOWN, "notices",
			     &f, e);

	if (r < 0)
		return r;
	SET(ret->next, f.next);
	SET(ret->source, f.source);
	SET(ret->text, f.text);
	return 0;
}

struct top {
	const char *screen;
	const struct lw_json *enclave, *last, *medium, *notices, *now, *work;
};

static const struct lw_json_field top_table[] = {
	{ .name = "enclave",
	  .reader = LW_JSON_READ_OBJECT,
	  .flags = LW_JSON_REQUIRED,
	  .offset = offsetof(struct top, enclave) },
	{ .name = "format",
	  .reader = LW_JSON_IS,
	  .flags = LW_JSON_REQUIRED,
	  .is = "landwaiter-status/1" },
	NODE("last", struct top, last),
	NODE("medium", struct top, medium),
	{ .name = "notices",
	  .reader = LW_JSON_READ_ARRAY,
	  .flags = LW_JSON_REQUIRED,
	  .offset = offsetof(struct top, notices) },
	NODE("now", struct top, now),
	{ .name = "screen",
	  .reader = LW_JSON_READ_LABEL,
	  .flags = LW_JSON_REQUIRED,
	  .offset = offsetof(struct top, screen) },
	NODE("work", struct top, work),
};

static int take(const struct top *t, struct lw_status *s, struct lw_error *e)
{
	int r = take_enclave(t->enclave, &s->enclave, e);

	s->screen = take_screen(t->screen);
	s->now = take_time(t->now);
	if (r == 0 && is_object(t->medium))
		r = take_medium(t->medium, &s->medium, e);
	if (r == 0 && is_object(t->work))
		r = take_work(t->work, &s->work, e);
	if (r == 0 && is_object(t->last))
		r = take_verdict(t->last, &s->last, e);
	for (const struct lw_json *n = lw_json_first(t->notices);
	     n && r == 0 && s->n_notices < LW_MAX_STATUS_NOTICES; n = lw_json_next(n))
		r = take_notice(n, &s->notices[s->n_notices++], e);
	return r;
}

int lw_status_parse(struct lw_span line, struct lw_status *ret, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct top t = { 0 };
	struct lw_status s = { 0 };
	int r = lw_json_parse(line, &limits, &doc, e);

	if (r == 0)
		r = lw_json_read(lw_json_root(doc), top_table, LW_COUNT_OF(top_table),
				 LW_JSON_IGNORE_UNKNOWN, "status", &t, e);
	if (r == 0)
		r = take(&t, &s, e);
	if (r == 0)
		*ret = s;
	return r;
}
