/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/report.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

static const struct lw_json_limits limits = {
	.bytes = LW_MAX_REPORT_BYTES,
	.nodes = 64,
	.keys = 32,
	.string = LW_REPORT_TEXT,
	.depth = 1,
};

struct fields {
	const char *what, *source, *text, *label, *port, *bundle, *sender, *marking, *gate,
		*outcome, *code, *object, *expected, *found, *next, *head;
	uint64_t sequence, index, bundles, volume, volumes, done, total, record;
};

#define TEXT(key, member)                                                                      \
	{                                                                                      \
		.name = key, .reader = LW_JSON_READ_PLAIN, .max = LW_REPORT_TEXT - 1,          \
		.offset = offsetof(struct fields, member)                                      \
	}
#define WORD(key, member, flag)                                                                \
	{                                                                                      \
		.name = key, .reader = LW_JSON_READ_LABEL, .flags = (flag),                    \
		.offset = offsetof(struct fields, member)                                      \
	}
#define NUMBER(key, member)                                                                    \
	{                                                                                      \
		.name = key, .reader = LW_JSON_READ_U64,                                       \
		.offset = offsetof(struct fields, member)                                      \
	}

static const struct lw_json_field table[] = {
	{ .name = "format",
	  .reader = LW_JSON_IS,
	  .flags = LW_JSON_REQUIRED,
	  .is = "landwaiter-report/1" },
	WORD("what", what, LW_JSON_REQUIRED),
	TEXT("bundle", bundle),
	NUMBER("bundles", bundles),
	WORD("code", code, 0),
	NUMBER("done", done),
	TEXT("expected", expected),
	TEXT("found", found),
	WORD("gate", gate, 0),
	{ .name = "head",
	  .reader = LW_JSON_READ_PLAIN,
	  .max = LW_HEAD_TEXT - 1,
	  .offset = offsetof(struct fields, head) },
	NUMBER("index", index),
	TEXT("label", label),
	TEXT("marking", marking),
	TEXT("next", next),
	TEXT("object", object),
	{ .name = "port",
	  .reader = LW_JSON_READ_PLAIN,
	  .max = LW_REPORT_WORD - 1,
	  .offset = offsetof(struct fields, port) },
	NUMBER("record", record),
	WORD("sender", sender, 0),
	NUMBER("sequence", sequence),
	WORD("source", source, 0),
	TEXT("text", text),
	NUMBER("total", total),
	WORD("verdict", outcome, 0),
	NUMBER("volume", volume),
	NUMBER("volumes", volumes),
};

/* One of so many names, or -1. */
static int find_name(const char *name, const char *(*name_of)(unsigned), unsigned count)
{
	for (unsigned i = 0; name && i < count; i++)
		if (strcmp(name, name_of(i)) == 0)
			return (int)i;
	return -1;
}

static const char *name_of_what(unsigned i)
{
	return lw_report_name((enum lw_report_what)i);
}

static const char *name_of_gate(unsigned i)
{
	return lw_gate_name((enum lw_gate)i);
}

static const char *name_of_outcome(unsigned i)
{
	return lw_outcome_name((enum lw_outcome)i);
}

/* What a kind cannot do without. */
static bool is_complete(const struct lw_report *r, const struct fields *f)
{
	switch (r->what) {
	case LW_REPORT_MEDIUM:
	case LW_REPORT_PULLED:
		return f->port;
	case LW_REPORT_GATE:
		return f->gate;
	case LW_REPORT_BYTES:
		return f->total > 0 && f->done <= f->total;
	case LW_REPORT_VERDICT:
		return f->outcome;
	case LW_REPORT_NOTICE:
		return f->source;
	case LW_REPORT_COUNT:
	default:
		return false;
	}
}

static int take(const struct fields *f, struct lw_report *r, struct lw_error *e)
{
	int what = find_name(f->what, name_of_what, LW_REPORT_COUNT);
	int gate = find_name(f->gate, name_of_gate, LW_GATE_COMMIT + 1);
	int outcome = find_name(f->outcome, name_of_outcome, LW_ACCEPTED + 1);

	if (what < 0 || (f->gate && gate < 0) || (f->outcome && outcome < 0))
		return lw_fail(e, LW_E_FORMAT, "report: a word that is none");
	*r = (struct lw_report){ .what = (enum lw_report_what)what,
				 .gate = f->gate ? (enum lw_gate)gate : LW_GATE_NONE,
				 .outcome = f->outcome ? (enum lw_outcome)outcome : LW_REFUSED,
				 .sequence = f->sequence,
				 .index = f->index,
				 .bundles = f->bundles,
				 .volume = f->volume,
				 .volumes = f->volumes,
				 .done = f->done,
				 .total = f->total,
				 .record = f->record };
	return is_complete(r, f) ? 0 : lw_fail(e, LW_E_FORMAT, "report: a member is missing");
}

static void copy_texts(const struct fields *f, struct lw_report *r)
{
	const struct {
		const char *from;
		char *to;
		size_t size;
	} texts[] = {
		{ f->source, r->source, sizeof(r->source) },
		{ f->text, r->text, sizeof(r->text) },
		{ f->label, r->label, sizeof(r->label) },
		{ f->port, r->port, sizeof(r->port) },
		{ f->bundle, r->bundle, sizeof(r->bundle) },
		{ f->sender, r->sender, sizeof(r->sender) },
		{ f->marking, r->marking, sizeof(r->marking) },
		{ f->code, r->code, sizeof(r->code) },
		{ f->object, r->object, sizeof(r->object) },
		{ f->expected, r->expected, sizeof(r->expected) },
		{ f->found, r->found, sizeof(r->found) },
		{ f->next, r->next, sizeof(r->next) },
		{ f->head, r->head, sizeof(r->head) },
	};

	for (size_t i = 0; i < LW_COUNT_OF(texts); i++)
		lw_report_set(texts[i].to, texts[i].size, texts[i].from);
}

int lw_report_parse(struct lw_span bytes, struct lw_report *ret, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct fields f = { 0 };
	struct lw_report report = { 0 };
	int r = lw_json_parse(bytes, &limits, &doc, e);

	if (r == 0)
		r = lw_json_read(lw_json_root(doc), table, LW_COUNT_OF(table),
				 LW_JSON_REFUSE_UNKNOWN, "report", &f, e);
	if (r == 0)
		r = take(&f, &report, e);
	if (r < 0)
		return r;
	copy_texts(&f, &report);
	*ret = report;
	return 0;
}
