/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/tree.h"

#include "base/clock.h"
#include "base/text.h"
#include "base/words.h"
#include "tuf/change_internal.h"

#include <stdarg.h>
#include <string.h>

#define DAY_SEC ((int64_t)86400)

struct builder {
	struct lw_change *c;
	struct lw_tree *t;
	size_t cap;
	bool *seen; /* for each role of the change */
};

static struct lw_tree_row *new_row(struct builder *b)
{
	if (b->t->n == b->cap) {
		size_t cap = b->cap ? 2 * b->cap : 16;
		struct lw_tree_row *rows = lw_arena_alloc(&b->c->arena, cap * sizeof(*rows));

		if (b->t->n)
			memcpy(rows, b->t->rows, b->t->n * sizeof(*rows));
		b->t->rows = rows;
		b->cap = cap;
	}
	b->t->rows[b->t->n] = (struct lw_tree_row){ .by = "", .n_roles = 1 };
	return &b->t->rows[b->t->n++];
}

/* ---- building ---- */

/* What one document says of itself into the row of it, or of its bins. */
static int add_document(struct lw_tree_row *row, const struct lw_change_role *role,
			bool is_first, struct lw_error *e)
{
	const struct lw_value *targets = lw_value_get_object(role->base->body, "targets");
	int64_t expires = lw_metafile_expires(role->base);
	LW_AUTO(buf) struct lw_buf message = { 0 };
	int r = lw_metafile_message(role->base, &message, e);

	if (r < 0)
		return r;
	row->n_targets += targets ? targets->n : 0;
	if (role->base_version > row->version)
		row->version = role->base_version;
	if (is_first || expires < row->expires_sec)
		row->expires_sec = expires;
	for (size_t i = 0; i < row->signers.n; i++) {
		bool good = lw_requirement_check(&row->signers.list[i], role->base,
						 lw_buf_span(&message)) == LW_SIGNED_GOOD;

		row->has_signed[i] = good && (is_first || row->has_signed[i]);
	}
	return 0;
}

static int set_signers(struct lw_change *c, struct lw_tree_row *row,
		       const struct lw_delegation *d, struct lw_error *e)
{
	int r = lw_requirement_read(&c->arena, row->by, d->keys, d->role, &row->signers, e);

	if (r < 0)
		return lw_prefix(e, "%s", LW_CHANGE_SHOW(row->role));
	row->has_signed =
		lw_arena_alloc(&c->arena, (row->signers.n + 1) * sizeof(*row->has_signed));
	memset(row->has_signed, 0, (row->signers.n + 1) * sizeof(*row->has_signed));
	return 0;
}

static int add_top(struct builder *b, const char *name, struct lw_error *e)
{
	const struct lw_change_role *root = lw_change_find(b->c, "root");
	const struct lw_change_role *role = lw_change_find(b->c, name);
	struct lw_tree_row *row = new_row(b);
	struct lw_delegation d;
	int r;

	row->role = name;
	row->delegated = true;
	if (!lw_delegation_find(root->base, name, &d))
		return lw_fail(e, LW_E_FORMAT, "root names no keys for %s", name);
	r = set_signers(b->c, row, &d, e);
	return r < 0 ? r : add_document(row, role, true, e);
}

static int add_delegation(struct builder *b, const struct lw_change_role *by,
			  const struct lw_delegation *d, unsigned depth, struct lw_error *e)
{
	struct lw_tree_row *row = new_row(b);
	int r;

	row->role = lw_delegation_name(d);
	row->by = by->name;
	row->depth = depth;
	row->delegated = true;
	row->delegation = *d;
	row->n_roles = lw_delegation_roles(d);
	r = set_signers(b->c, row, d, e);
	for (uint64_t i = 0; r == 0 && i < row->n_roles; i++) {
		LW_AUTO(buf) struct lw_buf name = { 0 };
		const struct lw_change_role *role;

		lw_delegation_role_name(d, i, &name);
		role = lw_change_find(b->c, lw_buf_str(&name));
		if (!role || !role->base)
			continue;
		b->seen[role - b->c->roles] = true;
		r = add_document(row, role, i == 0, e);
	}
	return r;
}

/* Pre-order, as clients search; a role that two delegate to has a row for each, and what is
 * below it is shown once. */
static int add_below(struct builder *b, const struct lw_change_role *by, unsigned depth,
		     struct lw_error *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < lw_delegation_count(by->base); i++) {
		struct lw_delegation d = lw_delegation_at(by->base, i);
		const struct lw_change_role *role =
			d.succinct ? NULL : lw_change_find(b->c, lw_delegation_name(&d));
		bool again = role && b->seen[role - b->c->roles];

		r = add_delegation(b, by, &d, depth, e);
		if (r == 0 && role && role->base && !again)
			r = add_below(b, role, depth + 1, e);
	}
	return r;
}

static int add_rest(struct builder *b, struct lw_error *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->c->n; i++) {
		const struct lw_change_role *role = &b->c->roles[i];
		struct lw_tree_row *row;

		if (b->seen[i] || lw_path_is_top_level(role->name) || !role->base)
			continue;
		row = new_row(b);
		row->role = role->name;
		r = add_document(row, role, true, e);
	}
	return r;
}

int lw_tree_build(struct lw_change *c, struct lw_tree *ret, struct lw_error *e)
{
	struct lw_tree t = { 0 };
	lw_auto_free bool *seen = lw_alloc_array(c->n + 1, sizeof(*seen));
	struct builder b = { .c = c, .t = &t, .seen = seen };
	int r = 0;

	if (c->n == 0)
		return lw_fail(e, LW_E_NOTFOUND, "nothing has been published there yet");
	r = add_top(&b, "root", e);
	if (r == 0)
		r = add_top(&b, "targets", e);
	if (r == 0)
		r = add_below(&b, lw_change_find(c, "targets"), 1, e);
	if (r == 0)
		r = add_top(&b, "snapshot", e);
	if (r == 0)
		r = add_top(&b, "timestamp", e);
	if (r == 0)
		r = add_rest(&b, e);
	if (r == 0)
		*ret = t;
	return r;
}

const struct lw_tree_row *lw_tree_next_to_expire(const struct lw_tree *t)
{
	const struct lw_tree_row *first = NULL;

	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].delegated &&
		    (!first || t->rows[i].expires_sec < first->expires_sec))
			first = &t->rows[i];
	return first;
}

/* ---- for people ---- */

static void line(struct lw_buf *out, const char *text)
{
	lw_text_append(out, lw_span_str(text));
	lw_buf_addc(out, '\n');
}

static void list_of(struct lw_buf *out, const struct lw_value *list)
{
	for (size_t i = 0; list && i < list->n; i++)
		lw_buf_printf(out, "%s%s", i ? ", " : "",
			      list->list[i]->type == LW_JSON_STRING ? list->list[i]->string
								    : "?");
}

static void expiry(struct lw_buf *out, int64_t expires, int64_t now)
{
	char text[LW_TIME_TEXT];
	int64_t days = (expires - now) / DAY_SEC;

	lw_time_format(expires, text);
	if (expires <= now)
		lw_buf_printf(out, "expired %s", text);
	else
		lw_buf_printf(out, "until %s (%lld day%s)", text, (long long)days,
			      days == 1 ? "" : "s");
}

static bool is_true(const struct lw_value *v)
{
	return v && v->type == LW_JSON_BOOL && v->boolean;
}

static void write_scope(const struct lw_tree_row *row, unsigned indent, struct lw_buf *out)
{
	const struct lw_value *role = row->delegation.role;
	const char *until = lw_value_get_string(role, LW_TUF_UNTIL_KEY);
	LW_AUTO(buf) struct lw_buf text = { 0 };

	if (!role)
		return;
	lw_buf_fill(&text, ' ', indent + 4);
	if (row->delegation.succinct)
		lw_buf_printf(&text, "%llu bins", (unsigned long long)row->n_roles);
	else if (lw_value_get_array(role, "paths"))
		list_of(&text, lw_value_get_array(role, "paths"));
	else {
		lw_buf_adds(&text, "path hashes ");
		list_of(&text, lw_value_get_array(role, "path_hash_prefixes"));
	}
	if (is_true(lw_value_get(role, "terminating")))
		lw_buf_adds(&text, "; terminating");
	if (until)
		lw_buf_printf(&text, "; delegated until %s", until);
	line(out, lw_buf_str(&text));
}

static void write_row(const struct lw_tree_row *row, int64_t now, struct lw_buf *out)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };

	lw_buf_fill(&text, ' ', 2 * (size_t)row->depth);
	lw_buf_printf(&text, "%s %lld  ", row->role, (long long)row->version);
	if (row->delegated) {
		lw_buf_printf(&text, "%lld of %zu:", (long long)row->signers.threshold,
			      row->signers.n);
		for (size_t i = 0; i < row->signers.n; i++)
			lw_buf_printf(&text, "%s %s%s", i ? "," : "", row->signers.list[i].name,
				      row->has_signed[i] ? " (signed)" : "");
	} else {
		lw_buf_adds(&text, "nobody delegates to it any more");
	}
	lw_buf_adds(&text, "  ");
	expiry(&text, row->expires_sec, now);
	if (row->n_targets)
		lw_buf_printf(&text, "  %llu target%s", (unsigned long long)row->n_targets,
			      row->n_targets == 1 ? "" : "s");
	line(out, lw_buf_str(&text));
	write_scope(row, 2 * row->depth, out);
}

static void write_first_root(const struct lw_digest *d, struct lw_buf *out)
{
	char digest[LW_DIGEST_TEXT], words[LW_WORDS_TEXT];

	lw_buf_printf(out, "first root: %s\n  in words: %s\n", lw_digest_text(d, digest),
		      lw_words_text(d, words));
}

void lw_tree_write(const struct lw_tree *t, int64_t now_sec, struct lw_buf *out)
{
	const struct lw_tree_row *next = lw_tree_next_to_expire(t);
	LW_AUTO(buf) struct lw_buf text = { 0 };

	for (size_t i = 0; i < t->n; i++)
		write_row(&t->rows[i], now_sec, out);
	if (!next)
		return;
	lw_buf_printf(&text, "next to expire: %s, ", next->role);
	expiry(&text, next->expires_sec, now_sec);
	line(out, lw_buf_str(&text));
	if (t->first_root)
		write_first_root(t->first_root, out);
}

/* ---- for programs ---- */

static void json_strings(struct lw_json_writer *w, const char *key, const struct lw_value *list)
{
	if (!list)
		return;
	lw_json_w_key(w, key);
	lw_json_w_array(w);
	for (size_t i = 0; i < list->n; i++)
		if (list->list[i]->type == LW_JSON_STRING)
			lw_json_w_string(w, list->list[i]->string);
	lw_json_w_end_array(w);
}

static void json_holders(const struct lw_tree_row *row, struct lw_json_writer *w)
{
	char text[LW_DIGEST_TEXT];

	lw_json_w_key(w, "holders");
	lw_json_w_array(w);
	for (size_t i = 0; i < row->signers.n; i++) {
		const struct lw_holder *h = &row->signers.list[i];

		lw_json_w_object(w);
		lw_json_w_member(w, "fingerprint", lw_digest_text(&h->fingerprint, text));
		lw_json_w_member(w, "keyid", h->keyid);
		lw_json_w_member(w, "name", h->name);
		lw_json_w_key(w, "signed");
		lw_json_w_bool(w, row->has_signed[i]);
		lw_json_w_key(w, "supported");
		lw_json_w_bool(w, h->supported);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

static void json_first_root(const struct lw_digest *d, struct lw_json_writer *w)
{
	char digest[LW_DIGEST_TEXT], words[LW_WORDS_TEXT];

	lw_json_w_key(w, "firstRoot");
	lw_json_w_object(w);
	lw_json_w_member(w, "digest", lw_digest_text(d, digest));
	lw_json_w_member(w, "words", lw_words_text(d, words));
	lw_json_w_end_object(w);
}

/* Members in byte order. */
static void json_row(const struct lw_tree_row *row, struct lw_json_writer *w)
{
	const struct lw_value *role = row->delegation.role;
	const char *until = lw_value_get_string(role, LW_TUF_UNTIL_KEY);
	char text[LW_TIME_TEXT];

	lw_json_w_object(w);
	if (row->delegation.succinct)
		lw_json_w_member_integer(w, "bins", (int64_t)row->n_roles);
	lw_json_w_member(w, "by", row->by);
	lw_json_w_key(w, "delegated");
	lw_json_w_bool(w, row->delegated);
	lw_json_w_member_integer(w, "depth", row->depth);
	lw_json_w_member(w, "expires", lw_time_format(row->expires_sec, text));
	json_holders(row, w);
	json_strings(w, "pathHashPrefixes", lw_value_get_array(role, "path_hash_prefixes"));
	json_strings(w, "paths", lw_value_get_array(role, "paths"));
	lw_json_w_member(w, "role", row->role);
	lw_json_w_member_integer(w, "targets", (int64_t)row->n_targets);
	lw_json_w_key(w, "terminating");
	lw_json_w_bool(w,
		       row->delegation.succinct || is_true(lw_value_get(role, "terminating")));
	lw_json_w_member_integer(w, "threshold", row->signers.threshold);
	if (until)
		lw_json_w_member(w, "until", until);
	lw_json_w_member_integer(w, "version", row->version);
	lw_json_w_end_object(w);
}

void lw_tree_json(const struct lw_tree *t, struct lw_json_writer *w)
{
	const struct lw_tree_row *next = lw_tree_next_to_expire(t);
	char text[LW_TIME_TEXT];

	lw_json_w_object(w);
	if (next) {
		lw_json_w_key(w, "expiresNext");
		lw_json_w_object(w);
		lw_json_w_member(w, "expires", lw_time_format(next->expires_sec, text));
		lw_json_w_member(w, "role", next->role);
		lw_json_w_end_object(w);
	}
	if (t->first_root)
		json_first_root(t->first_root, w);
	lw_json_w_member(w, "format", "landwaiter-tuf/1");
	lw_json_w_key(w, "roles");
	lw_json_w_array(w);
	for (size_t i = 0; i < t->n; i++)
		json_row(&t->rows[i], w);
	lw_json_w_end_array(w);
	lw_json_w_end_object(w);
	lw_json_w_finish(w);
}
