/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/difference.h"

#include "base/text.h"
#include "tuf/change_internal.h"

#include <stdarg.h>
#include <string.h>

static void line(struct lw_buf *out, const char *fmt, ...) LW_PRINTF(2, 3);
static void line(struct lw_buf *out, const char *fmt, ...)
{
	lw_auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	lw_text_append(out, lw_span_str(text));
	lw_buf_addc(out, '\n');
}

/* A member of two objects, whatever it is, where it differs. */
static void raw(struct lw_buf *out, const char *what, const struct lw_value *old,
		const struct lw_value *new)
{
	LW_AUTO(buf) struct lw_buf a = { 0 }, b = { 0 };

	if (lw_value_equal(old, new))
		return;
	if (old)
		lw_value_print(&a, old);
	if (new)
		lw_value_print(&b, new);
	line(out, "  %c %s: %s%s%s",
	     !old  ? '+'
	     : new ? '~'
		   : '-',
	     what, lw_buf_str(&a), old && new ? " -> " : "", lw_buf_str(&b));
}

/* ---- people ---- */

/* "2 of 3: alice, bob, carol" */
static void people(struct lw_buf *out, struct lw_arena *a, const struct lw_value *keys,
		   const struct lw_value *role)
{
	struct lw_requirement q;

	if (!role || lw_requirement_read(a, "", keys, role, &q, NULL) < 0) {
		lw_buf_adds(out, role ? "keys that make no sense" : "nobody");
		return;
	}
	lw_buf_printf(out, "%lld of %zu:", (long long)q.threshold, q.n);
	for (size_t i = 0; i < q.n; i++)
		lw_buf_printf(out, "%s %s", i ? "," : "", q.list[i].name);
}

static void new_keys(struct lw_buf *out, struct lw_arena *a, const struct lw_value *old,
		     const struct lw_value *new)
{
	for (size_t i = 0; new &&i < new->n; i++) {
		const struct lw_value *before = lw_value_get(old, new->list[i]->key);
		LW_AUTO(buf) struct lw_buf key = { 0 };
		struct lw_requirement q;
		struct lw_value *role = lw_value_object(a), *ids = lw_value_array(a);
		char text[LW_DIGEST_TEXT];

		if (before && lw_value_equal(before, new->list[i]))
			continue;
		lw_value_append(a, ids, lw_value_string(a, new->list[i]->key));
		lw_value_set(a, role, "keyids", ids);
		lw_value_set(a, role, "threshold", lw_value_integer(a, 1));
		if (lw_requirement_read(a, "", new, role, &q, NULL) == 0 &&
		    q.list[0].supported) {
			line(out, "  + key of %s: %s", q.list[0].name,
			     lw_digest_text(&q.list[0].fingerprint, text));
			continue;
		}
		lw_value_print(&key, new->list[i]);
		line(out, "  + key that this program cannot use: %s", lw_buf_str(&key));
	}
}

static void root_roles(struct lw_buf *out, struct lw_arena *a, const struct lw_value *old,
		       const struct lw_value *new)
{
	const struct lw_value *before = lw_value_get_object(old, "roles");
	const struct lw_value *roles = lw_value_get_object(new, "roles");

	new_keys(out, a, lw_value_get_object(old, "keys"), lw_value_get_object(new, "keys"));
	for (size_t i = 0; roles && i < roles->n; i++) {
		const char *name = roles->list[i]->key;
		const struct lw_value *was = lw_value_get(before, name);
		LW_AUTO(buf) struct lw_buf x = { 0 }, y = { 0 };

		people(&x, a, lw_value_get_object(old, "keys"), was);
		people(&y, a, lw_value_get_object(new, "keys"), roles->list[i]);
		if (!was)
			line(out, "  + %s: %s", name, lw_buf_str(&y));
		else if (strcmp(lw_buf_str(&x), lw_buf_str(&y)) != 0)
			line(out, "  ~ %s: %s -> %s", name, lw_buf_str(&x), lw_buf_str(&y));
		else
			raw(out, name, was, roles->list[i]);
	}
	for (size_t i = 0; before && i < before->n; i++)
		if (!lw_value_get(roles, before->list[i]->key))
			line(out, "  - %s", before->list[i]->key);
}

/* ---- targets ---- */

static void target(struct lw_buf *out, char sign, const struct lw_value *t)
{
	const char *hex = lw_value_get_string(lw_value_get_object(t, "hashes"), "sha256");
	const struct lw_value *custom = lw_value_get(t, "custom");
	LW_AUTO(buf) struct lw_buf more = { 0 };

	if (custom) {
		lw_buf_adds(&more, ", custom ");
		lw_value_print(&more, custom);
	}
	line(out, "  %c %s sha256:%s, %lld bytes%s", sign, t->key, hex ? hex : "?",
	     (long long)lw_value_get_integer(t, "length"), lw_buf_str(&more));
}

static void targets(struct lw_buf *out, const struct lw_value *old, const struct lw_value *new)
{
	for (size_t i = 0; old && i < old->n; i++)
		if (!lw_value_get(new, old->list[i]->key))
			line(out, "  - %s", old->list[i]->key);
	for (size_t i = 0; new &&i < new->n; i++) {
		const struct lw_value *before = lw_value_get(old, new->list[i]->key);

		if (!before || !lw_value_equal(before, new->list[i]))
			target(out, before ? '~' : '+', new->list[i]);
	}
}

/* ---- delegations ---- */

static void list_of(struct lw_buf *out, const char *word, const struct lw_value *list)
{
	for (size_t i = 0; list && i < list->n; i++)
		lw_buf_printf(out, "%s%s", i ? ", " : word,
			      list->list[i]->type == LW_JSON_STRING ? list->list[i]->string
								    : "?");
}

static void delegation(struct lw_buf *out, struct lw_arena *a, char sign,
		       const struct lw_delegation *d)
{
	const struct lw_value *terminating = lw_value_get(d->role, "terminating");
	const char *until = lw_value_get_string(d->role, LW_TUF_UNTIL_KEY);
	LW_AUTO(buf) struct lw_buf who = { 0 }, what = { 0 };

	people(&who, a, d->keys, d->role);
	if (d->succinct)
		lw_buf_printf(&what, "; %llu bins", (unsigned long long)lw_delegation_roles(d));
	list_of(&what, "; paths ", lw_value_get_array(d->role, "paths"));
	list_of(&what, "; path hashes ", lw_value_get_array(d->role, "path_hash_prefixes"));
	if (terminating && terminating->type == LW_JSON_BOOL && terminating->boolean)
		lw_buf_adds(&what, "; terminating");
	line(out, "  %c delegation to %s: %s%s%s%s", sign, lw_delegation_name(d),
	     lw_buf_str(&who), lw_buf_str(&what), until ? "; until " : "", until ? until : "");
}

static bool find_delegation(const struct lw_metafile *m, const struct lw_delegation *like,
			    struct lw_delegation *ret)
{
	for (size_t i = 0; m && i < lw_delegation_count(m); i++) {
		*ret = lw_delegation_at(m, i);
		if (ret->succinct == like->succinct &&
		    strcmp(lw_delegation_name(ret), lw_delegation_name(like)) == 0)
			return true;
	}
	return false;
}

static void delegations(struct lw_buf *out, struct lw_arena *a,
			const struct lw_change_role *role)
{
	const struct lw_value *was =
		role->base ? lw_value_get_object(role->base->body, "delegations") : NULL;
	const struct lw_value *is = lw_value_get_object(role->next->body, "delegations");
	struct lw_delegation d, other;
	bool told = false;

	if (lw_value_equal(was, is))
		return;
	new_keys(out, a, lw_value_get_object(was, "keys"), lw_value_get_object(is, "keys"));
	for (size_t i = 0; role->base && i < lw_delegation_count(role->base); i++) {
		d = lw_delegation_at(role->base, i);
		if (!find_delegation(role->next, &d, &other)) {
			delegation(out, a, '-', &d);
			told = true;
		}
	}
	for (size_t i = 0; i < lw_delegation_count(role->next); i++) {
		d = lw_delegation_at(role->next, i);
		if (!find_delegation(role->base, &d, &other)) {
			delegation(out, a, '+', &d);
			told = true;
		} else if (!lw_value_equal(d.role, other.role)) {
			delegation(out, a, '~', &d);
			raw(out, lw_delegation_name(&d), other.role, d.role);
			told = true;
		}
	}
	/* Their order counts; and there may be what we do not know. */
	if (!told)
		raw(out, "delegations", was, is);
}

/* ---- a document ---- */

static void lists(struct lw_buf *out, const struct lw_value *old, const struct lw_value *new)
{
	for (size_t i = 0; new &&i < new->n; i++) {
		const struct lw_value *before = lw_value_get(old, new->list[i]->key);
		int64_t was = lw_value_get_integer(before, "version");
		int64_t is = lw_value_get_integer(new->list[i], "version");

		if (!before)
			line(out, "  + lists %s %lld", new->list[i]->key, (long long)is);
		else if (was != is)
			line(out, "  ~ lists %s: %lld -> %lld", new->list[i]->key,
			     (long long)was, (long long)is);
		else
			raw(out, new->list[i]->key, before, new->list[i]);
	}
	for (size_t i = 0; old && i < old->n; i++)
		if (!lw_value_get(new, old->list[i]->key))
			line(out, "  - lists %s no longer", old->list[i]->key);
}

/* Members that the lines above do not tell. */
static void others(struct lw_buf *out, const struct lw_value *old, const struct lw_value *new)
{
	static const char *const told[] = { "_type", "version", "expires",     "keys",
					    "roles", "targets", "delegations", "meta" };

	for (int side = 0; side < 2; side++) {
		const struct lw_value *from = side ? old : new;

		for (size_t i = 0; from && i < from->n; i++) {
			const char *key = from->list[i]->key;
			bool known = side == 1 && lw_value_get(new, key);

			for (size_t j = 0; j < LW_COUNT_OF(told); j++)
				known = known || strcmp(told[j], key) == 0;
			if (!known)
				raw(out, key, lw_value_get(old, key), lw_value_get(new, key));
		}
	}
}

static void document(struct lw_buf *out, struct lw_arena *a, const struct lw_change_role *role)
{
	const struct lw_value *old = role->base ? role->base->body : NULL;
	const struct lw_value *new = role->next->body;
	const char *expires = lw_value_get_string(new, "expires");
	bool top = lw_path_is_top_level(role->name);

	if (old)
		line(out, "%s %lld -> %lld, until %s", role->name,
		     (long long)role->base_version, (long long)lw_metafile_version(role->next),
		     expires ? expires : "?");
	else
		line(out, "%s, new, until %s", role->name, expires ? expires : "?");
	if (strcmp(role->name, "root") == 0)
		root_roles(out, a, old, new);
	if (!top || strcmp(role->name, "targets") == 0) {
		targets(out, lw_value_get_object(old, "targets"),
			lw_value_get_object(new, "targets"));
		delegations(out, a, role);
	}
	if (strcmp(role->name, "snapshot") == 0 || strcmp(role->name, "timestamp") == 0)
		lists(out, lw_value_get_object(old, "meta"), lw_value_get_object(new, "meta"));
	others(out, old, new);
}

int lw_difference_write(struct lw_change *c, struct lw_buf *out, struct lw_error *e)
{
	(void)e;
	for (size_t i = 0; i < c->n; i++)
		if (c->roles[i].next)
			document(out, &c->arena, &c->roles[i]);
	for (size_t i = 0; i < c->n_elsewhere; i++)
		line(out, "elsewhere: %s", c->elsewhere[i]);
	return 0;
}

/* ---- who signed ---- */

static void signer_line(const struct lw_change_role *role, const struct lw_requirement *q,
			struct lw_span message, enum lw_difference_state which,
			struct lw_buf *out)
{
	LW_AUTO(buf) struct lw_buf have = { 0 }, missing = { 0 };
	uint64_t n = 0;

	for (size_t i = 0; i < q->n; i++) {
		bool signed_it = lw_requirement_check(&q->list[i], role->next, message) ==
				 LW_SIGNED_GOOD;
		struct lw_buf *to = signed_it ? &have : &missing;

		n += signed_it;
		lw_buf_printf(to, "%s%s", to->n ? ", " : "", q->list[i].name);
	}
	if (n >= (uint64_t)q->threshold && which == LW_DIFFERENCE_MISSING)
		return;
	if (n >= (uint64_t)q->threshold)
		line(out, "%s %lld: %llu of %lld that %s wants: %s", role->name,
		     (long long)lw_metafile_version(role->next), (unsigned long long)n,
		     (long long)q->threshold, q->by, lw_buf_str(&have));
	else
		line(out, "%s %lld: %llu of %lld that %s wants%s%s; missing %llu of: %s",
		     role->name, (long long)lw_metafile_version(role->next),
		     (unsigned long long)n, (long long)q->threshold, q->by, n ? ": " : "",
		     lw_buf_str(&have), (unsigned long long)((uint64_t)q->threshold - n),
		     lw_buf_str(&missing));
}

int lw_difference_signers(struct lw_change *c, enum lw_difference_state which,
			  struct lw_buf *out, struct lw_error *e)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct lw_change_role *role = &c->roles[i];
		LW_AUTO(buf) struct lw_buf message = { 0 };
		struct lw_requirement *list = NULL;
		size_t n = 0;
		int r = 0;

		if (!role->next)
			continue;
		r = lw_change_asked(c, role, &message, &list, &n, e);
		if (r < 0)
			return r;
		for (size_t j = 0; j < n; j++)
			signer_line(role, &list[j], lw_buf_span(&message), which, out);
	}
	return 0;
}

static void signer_json(const struct lw_change_role *role, const struct lw_requirement *q,
			struct lw_span message, struct lw_json_writer *w)
{
	lw_json_w_object(w);
	lw_json_w_member(w, "by", q->by);
	for (int side = 0; side < 2; side++) {
		lw_json_w_key(w, side ? "signed" : "missing");
		lw_json_w_array(w);
		for (size_t i = 0; i < q->n; i++)
			if ((lw_requirement_check(&q->list[i], role->next, message) ==
			     LW_SIGNED_GOOD) == (side == 1))
				lw_json_w_string(w, q->list[i].name);
		lw_json_w_end_array(w);
	}
	lw_json_w_member_integer(w, "threshold", q->threshold);
	lw_json_w_end_object(w);
}

int lw_difference_json(struct lw_change *c, struct lw_json_writer *w, struct lw_error *e)
{
	lw_json_w_key(w, "documents");
	lw_json_w_array(w);
	for (size_t i = 0; i < c->n; i++) {
		const struct lw_change_role *role = &c->roles[i];
		LW_AUTO(buf) struct lw_buf message = { 0 };
		struct lw_requirement *list = NULL;
		const char *expires;
		size_t n = 0;
		int r = 0;

		if (!role->next)
			continue;
		r = lw_change_asked(c, role, &message, &list, &n, e);
		if (r < 0)
			return r;
		expires = lw_value_get_string(role->next->body, "expires");
		lw_json_w_object(w);
		lw_json_w_member(w, "expires", expires ? expires : "");
		lw_json_w_key(w, "requirements");
		lw_json_w_array(w);
		for (size_t j = 0; j < n; j++)
			signer_json(role, &list[j], lw_buf_span(&message), w);
		lw_json_w_end_array(w);
		lw_json_w_member(w, "role", role->name);
		lw_json_w_member_integer(w, "version", lw_metafile_version(role->next));
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
	return 0;
}
