/* SPDX-License-Identifier: Apache-2.0 */
/* A change as a file: landwaiter-tuf-change/1. */
#include "base/limits.h"
#include "base/text.h"
#include "tuf/change.h"
#include "tuf/change_internal.h"

#include <string.h>

/* ---- reading ---- */

struct base {
	int64_t version;
	struct lw_digest digest;
	const char *text;
};

static const struct lw_json_field base_fields[] = {
	{ "digest", LW_JSON_READ_DIGEST, LW_JSON_REQUIRED,
	  .offset = offsetof(struct base, digest) },
	{ "text", LW_JSON_READ_STRING, 0, .offset = offsetof(struct base, text) },
	{ "version", LW_JSON_READ_U64, LW_JSON_REQUIRED,
	  .offset = offsetof(struct base, version), .min = 1 },
};

static int read_base(struct lw_change *c, const struct lw_json *node, struct lw_error *e)
{
	const char *name = lw_json_key(node);
	struct base b = { 0 };
	struct lw_digest have;
	struct lw_change_role *role;
	int r = lw_json_read(node, base_fields, LW_COUNT_OF(base_fields),
			     LW_JSON_REFUSE_UNKNOWN, "base", &b, e);

	if (r == 0 && b.text) {
		have = lw_digest_of(lw_span_str(b.text));
		if (!lw_digest_equal(&have, &b.digest))
			r = lw_fail(e, LW_E_FORMAT, "its text has another digest");
	}
	if (r == 0 && b.text)
		r = lw_change_set_base(c, name, b.version, lw_span_str(b.text), e);
	if (r < 0)
		return lw_prefix(e, "base: %s", LW_CHANGE_SHOW(name));
	role = lw_change_role(c, name);
	role->base_version = b.version;
	role->base_digest = b.digest;
	return 0;
}

/* A signature is { "keyid", "sig" }; that no id stands twice, lw_metafile_take has seen. */
static int check_signatures(const struct lw_value *list, struct lw_error *e)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *id = lw_value_get_string(list->list[i], "keyid");
		const char *sig = lw_value_get_string(list->list[i], "sig");

		if (!id || !sig || list->list[i]->n != 2)
			return lw_fail(e, LW_E_FORMAT,
				       "signatures[%zu]: want \"keyid\" and \"sig\"", i);
	}
	return 0;
}

static int read_next(struct lw_change *c, const struct lw_json *node, struct lw_error *e)
{
	const char *name = lw_json_key(node);
	struct lw_value *tree = NULL;
	struct lw_metafile *m = NULL;
	int r = lw_value_read(&c->arena, node, &tree, e);

	if (r == 0)
		r = lw_metafile_take(&c->arena, name, tree, &m, e);
	if (r == 0 && m->signatures->n > LW_MAX_TUF_SIGNATURES)
		r = lw_fail(e, LW_E_LIMIT, "%zu signatures, want at most %zu", m->signatures->n,
			    LW_MAX_TUF_SIGNATURES);
	if (r == 0)
		r = check_signatures(m->signatures, e);
	if (r < 0)
		return lw_prefix(e, "next: %s", LW_CHANGE_SHOW(name));
	lw_change_role(c, name)->next = m;
	return 0;
}

static int read_elsewhere(struct lw_change *c, const struct lw_json *list, struct lw_error *e)
{
	for (const struct lw_json *p = lw_json_first(list); p; p = lw_json_next(p)) {
		int r = lw_json_type(p) == LW_JSON_STRING
				? lw_path_check_target(lw_json_string(p), e)
				: lw_fail(e, LW_E_FORMAT, "want target paths");

		if (r < 0)
			return lw_prefix(e, "elsewhere");
		lw_change_add_elsewhere(c, lw_json_string(p));
	}
	return 0;
}

struct top {
	const struct lw_json *base, *next, *elsewhere;
};

static const struct lw_json_field top_fields[] = {
	{ "base", LW_JSON_READ_OBJECT, LW_JSON_REQUIRED, .offset = offsetof(struct top, base) },
	{ "elsewhere", LW_JSON_READ_ARRAY, LW_JSON_REQUIRED,
	  .offset = offsetof(struct top, elsewhere), .max = LW_MAX_TUF_CHANGE_ROLES },
	{ "format", LW_JSON_IS, LW_JSON_REQUIRED, .is = LW_CHANGE_FORMAT },
	{ "next", LW_JSON_READ_OBJECT, LW_JSON_REQUIRED, .offset = offsetof(struct top, next) },
};

static int read_top(struct lw_change *c, const struct lw_json *root, struct lw_error *e)
{
	struct top t = { 0 };
	int r = lw_json_read(root, top_fields, LW_COUNT_OF(top_fields), LW_JSON_REFUSE_UNKNOWN,
			     "change", &t, e);

	if (r == 0 && lw_json_count(t.next) == 0)
		r = lw_fail(e, LW_E_FORMAT, "nothing is new in it");
	if (r == 0 && (lw_json_count(t.base) > LW_MAX_TUF_CHANGE_ROLES ||
		       lw_json_count(t.next) > LW_MAX_TUF_CHANGE_ROLES))
		r = lw_fail(e, LW_E_LIMIT, "more than %zu roles", LW_MAX_TUF_CHANGE_ROLES);
	if (r < 0)
		return r;
	for (const struct lw_json *p = lw_json_first(t.base); r == 0 && p; p = lw_json_next(p))
		r = read_base(c, p, e);
	for (const struct lw_json *p = lw_json_first(t.next); r == 0 && p; p = lw_json_next(p))
		r = read_next(c, p, e);
	return r < 0 ? r : read_elsewhere(c, t.elsewhere, e);
}

int lw_change_parse(struct lw_span bytes, struct lw_change *ret, struct lw_error *e)
{
	LW_AUTO(change) struct lw_change c = { 0 };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r = bytes.n > LW_MAX_TUF_CHANGE_BYTES
			? lw_fail(e, LW_E_LIMIT, "%zu bytes, want at most %zu", bytes.n,
				  LW_MAX_TUF_CHANGE_BYTES)
			: 0;

	if (r == 0)
		r = lw_json_parse(bytes, &LW_JSON_STRICT, &doc, e);
	if (r == 0)
		r = read_top(&c, lw_json_root(doc), e);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct lw_change){ 0 };
	return 0;
}

/* ---- writing ---- */

/* Whoever signs away from the repository needs the old text of what is replaced, of root, and
 * of each role that says who must sign. */
static bool is_needed(const struct lw_change *c, const struct lw_change_role *role)
{
	struct lw_delegation d;

	if (role->next || strcmp(role->name, "root") == 0)
		return true;
	if (!role->base || lw_delegation_count(role->base) == 0)
		return false;
	for (size_t i = 0; i < c->n; i++)
		if (c->roles[i].next && lw_delegation_find(role->base, c->roles[i].name, &d))
			return true;
	return false;
}

static void print_base(const struct lw_change *c, struct lw_json_writer *w)
{
	char digest[LW_DIGEST_TEXT];

	lw_json_w_object(w);
	for (size_t i = 0; i < c->n; i++) {
		const struct lw_change_role *role = &c->roles[i];

		if (role->base_version == 0)
			continue;
		lw_json_w_key(w, role->name);
		lw_json_w_object(w);
		lw_json_w_member(w, "digest", lw_digest_text(&role->base_digest, digest));
		if (role->base_text.n && is_needed(c, role))
			lw_json_w_member(w, "text", (const char *)role->base_text.p);
		lw_json_w_member_integer(w, "version", role->base_version);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_object(w);
}

void lw_change_print(const struct lw_change *c, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };

	lw_json_w_object(&w);
	lw_json_w_key(&w, "base");
	print_base(c, &w);
	lw_json_w_key(&w, "elsewhere");
	lw_json_w_array(&w);
	for (size_t i = 0; i < c->n_elsewhere; i++)
		lw_json_w_string(&w, c->elsewhere[i]);
	lw_json_w_end_array(&w);
	lw_json_w_member(&w, "format", LW_CHANGE_FORMAT);
	lw_json_w_key(&w, "next");
	lw_json_w_object(&w);
	for (size_t i = 0; i < c->n; i++) {
		const struct lw_metafile *m = c->roles[i].next;

		if (!m)
			continue;
		lw_json_w_key(&w, c->roles[i].name);
		lw_json_w_object(&w);
		lw_json_w_key(&w, "signatures");
		lw_value_write(&w, m->signatures);
		lw_json_w_key(&w, "signed");
		lw_value_write(&w, m->body);
		lw_json_w_end_object(&w);
	}
	lw_json_w_end_object(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	lw_buf_addc(out, '\n');
}
