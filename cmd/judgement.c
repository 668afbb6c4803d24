/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/judgement.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define LABEL "            "

struct group {
	const char *text, *type;
	uint64_t threshold;
};

struct signature {
	const char *algorithm, *claimed, *evidence, *kind, *owner, *signer, *state, *type, *why;
	const struct lw_json *checked;
};

struct base {
	const char *text;
	bool met;
};

struct tree {
	const struct lw_json *attestations, *base, *groups, *signatures, *tuf;
	const char *match, *zone;
};

#define TEXT(type, member, key)                                                                \
	{                                                                                      \
		.name = key, .reader = LW_JSON_READ_STRING, .offset = offsetof(type, member)   \
	}

static const struct lw_json_field group_table[] = {
	TEXT(struct group, text, "text"),
	{ .name = "threshold",
	  .reader = LW_JSON_READ_U64,
	  .offset = offsetof(struct group, threshold) },
	TEXT(struct group, type, "type"),
};
static const struct lw_json_field signature_table[] = {
	TEXT(struct signature, algorithm, "algorithm"),
	{ .name = "checked",
	  .reader = LW_JSON_READ_ARRAY,
	  .offset = offsetof(struct signature, checked) },
	TEXT(struct signature, claimed, "claimedTime"),
	TEXT(struct signature, evidence, "evidence"),
	TEXT(struct signature, kind, "kind"),
	TEXT(struct signature, owner, "owner"),
	TEXT(struct signature, signer, "signer"),
	TEXT(struct signature, state, "state"),
	TEXT(struct signature, type, "type"),
	TEXT(struct signature, why, "why"),
};
static const struct lw_json_field base_table[] = {
	{ .name = "met", .reader = LW_JSON_READ_BOOL, .offset = offsetof(struct base, met) },
	TEXT(struct base, text, "text"),
};
static const struct lw_json_field tree_table[] = {
	{ .name = "attestations",
	  .reader = LW_JSON_READ_ARRAY,
	  .offset = offsetof(struct tree, attestations) },
	{ .name = "base", .reader = LW_JSON_READ_ANY, .offset = offsetof(struct tree, base) },
	{ .name = "groups",
	  .reader = LW_JSON_READ_ARRAY,
	  .offset = offsetof(struct tree, groups) },
	TEXT(struct tree, match, "match"),
	{ .name = "signatures",
	  .reader = LW_JSON_READ_ARRAY,
	  .offset = offsetof(struct tree, signatures) },
	{ .name = "tuf", .reader = LW_JSON_READ_ANY, .offset = offsetof(struct tree, tuf) },
	TEXT(struct tree, zone, "zone"),
};

#define READ(node, table, out)                                                                 \
	(lw_json_read(node, table, LW_COUNT_OF(table), LW_JSON_IGNORE_UNKNOWN, "judgement",    \
		      out, &e) == 0)

/* Text of others, made safe, in one of eight places by turns. */
static const char *safe(const char *text)
{
	static char shown[8][400];
	static size_t next;

	next = (next + 1) % LW_COUNT_OF(shown);
	return lw_text_escape_str(text ? text : "", shown[next], sizeof(shown[next]));
}

static void print_groups(const struct lw_json *groups, const char *label, FILE *out)
{
	struct lw_error e;

	for (const struct lw_json *n = lw_json_first(groups); n; n = lw_json_next(n)) {
		struct group g = { 0 };

		if (!READ(n, group_table, &g))
			continue;
		(void)fprintf(out, "  %-9s %s%s%s (%llu needed)\n", label,
			      g.type ? safe(g.type) : "", g.type ? ": " : "", safe(g.text),
			      (unsigned long long)g.threshold);
	}
}

static void print_signature(const struct signature *s, FILE *out)
{
	const char *comma = "; checked: ";

	(void)fprintf(out, "  evidence  %s%s%s by %s: %s%s%s", safe(s->kind),
		      s->algorithm && *s->algorithm ? ", " : "", safe(s->algorithm),
		      s->signer ? safe(s->signer) : "nobody known here", safe(s->state),
		      s->why ? ": " : "", safe(s->why));
	for (const struct lw_json *c = lw_json_first(s->checked); c; c = lw_json_next(c)) {
		(void)fprintf(out, "%s%s", comma, safe(lw_json_string(c)));
		comma = ", ";
	}
	(void)fprintf(out, "\n" LABEL "%s\n", safe(s->evidence));
	if (s->type)
		(void)fprintf(out, LABEL "says %s%s%s\n", safe(s->type),
			      s->claimed ? ", claims to be of " : "", safe(s->claimed));
}

void lw_print_judgement(const char *json, bool whole, FILE *out)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_error e = { 0 };
	struct tree t = { 0 };
	struct base b = { 0 };

	if (!json || !*json ||
	    lw_json_parse(lw_span_str(json), &LW_JSON_STRICT, &doc, &e) < 0 ||
	    !READ(lw_json_root(doc), tree_table, &t))
		return;
	(void)fprintf(out, "  rule      %s, zone %s\n", safe(t.match), safe(t.zone));
	print_groups(t.groups, "signed", out);
	print_groups(t.attestations, "attested", out);
	if (t.base && lw_json_type(t.base) == LW_JSON_OBJECT && READ(t.base, base_table, &b))
		(void)fprintf(out, "  base      %s%s\n",
			      b.met ? "" : "NOT PROVEN: ", safe(b.text));
	b = (struct base){ 0 };
	if (t.tuf && lw_json_type(t.tuf) == LW_JSON_OBJECT && READ(t.tuf, base_table, &b))
		(void)fprintf(out, "  tuf       %s%s\n",
			      b.met ? "" : "NOT BOUND: ", safe(b.text));
	for (const struct lw_json *n = whole && t.signatures ? lw_json_first(t.signatures)
							     : NULL;
	     n; n = lw_json_next(n)) {
		struct signature s = { 0 };

		if (READ(n, signature_table, &s))
			print_signature(&s, out);
	}
}
