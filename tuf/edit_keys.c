/* SPDX-License-Identifier: Apache-2.0 */
/* Editing who may sign: holders, thresholds, delegations. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "tuf/edit_internal.h"

#include <string.h>

/* ---- where keys are named ---- */

/* Of bins, by the name of one or by their prefix. */
static bool entry_in(const struct lw_metafile *m, const char *role, struct lw_delegation *ret)
{
	if (lw_delegation_find(m, role, ret))
		return true;
	for (size_t i = 0; i < lw_delegation_count(m); i++) {
		*ret = lw_delegation_at(m, i);
		if (ret->succinct && strcmp(lw_delegation_name(ret), role) == 0)
			return true;
	}
	return false;
}

static bool names_role(const struct lw_metafile *m, const char *role)
{
	struct lw_delegation d;

	return entry_in(m, role, &d);
}

int lw_edit_entry(struct lw_change *c, const char *role, struct lw_delegation *ret,
		  struct lw_metafile **ret_by, struct lw_error *e)
{
	const struct lw_change_role *by = NULL;
	struct lw_metafile *m = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct lw_metafile *now = lw_change_now(&c->roles[i]);

		if (!now || !names_role(now, role))
			continue;
		if (by)
			return lw_fail(e, LW_E_CONFLICT,
				       "%s and %s both delegate to %s: edit the one you mean "
				       "by ending its delegation and making another",
				       by->name, c->roles[i].name, LW_CHANGE_SHOW(role));
		by = &c->roles[i];
	}
	if (!by)
		return lw_fail(e, LW_E_NOTFOUND, "no such role: %s", LW_CHANGE_SHOW(role));

	int r = lw_edit_touch(c, by->name, &m, e);
	if (r < 0)
		return r;
	if (!entry_in(m, role, ret))
		return lw_fail(e, LW_E_INTERNAL, "the role is gone");
	if (ret_by)
		*ret_by = m;
	return 0;
}

/* ---- holders ---- */

static int add_holder(struct lw_change *c, struct lw_value *keys, struct lw_value *ids,
		      const struct lw_edit_holder *h, struct lw_error *e)
{
	struct lw_value *key = NULL;
	const char *id = NULL;
	int r = lw_requirement_make_key(&c->arena, h->name, h->pem, &key, &id, e);

	if (r < 0)
		return lw_prefix(e, "%s", LW_CHANGE_SHOW(h->name));
	for (size_t i = 0; i < ids->n; i++)
		if (ids->list[i]->type == LW_JSON_STRING &&
		    strcmp(ids->list[i]->string, id) == 0)
			return lw_fail(e, LW_E_EXISTS, "%s has this key there already",
				       h->name);
	lw_value_set(&c->arena, keys, id, key);
	lw_value_append(&c->arena, ids, lw_value_string(&c->arena, id));
	return 0;
}

int lw_edit_add_holders(struct lw_change *c, const struct lw_delegation *to,
			const struct lw_edit_holders *holders, struct lw_error *e)
{
	struct lw_value *ids = lw_value_get_array(to->role, "keyids");
	int r = 0;

	if (!to->keys || !ids)
		return lw_fail(e, LW_E_FORMAT, "no keys are there");
	for (size_t i = 0; r == 0 && i < holders->n; i++)
		r = add_holder(c, to->keys, ids, &holders->list[i], e);
	if (r == 0 && holders->threshold)
		lw_value_set(&c->arena, to->role, "threshold",
			     lw_value_integer(&c->arena, (int64_t)holders->threshold));
	return r;
}

int lw_edit_new_role(struct lw_change *c, struct lw_value *keys,
		     const struct lw_edit_holders *holders, struct lw_value **ret,
		     struct lw_error *e)
{
	struct lw_value *role = lw_value_object(&c->arena);
	struct lw_delegation d = { .keys = keys, .role = role };
	struct lw_edit_holders all = *holders;

	if (holders->n == 0)
		return lw_fail(e, LW_E_USAGE, "nobody may sign it: name holders");
	if (all.threshold == 0)
		all.threshold = all.n;
	lw_value_set(&c->arena, role, "keyids", lw_value_array(&c->arena));

	int r = lw_edit_add_holders(c, &d, &all, e);
	if (r == 0)
		*ret = role;
	return r;
}

/* The key ids of a person in a role; at most one, since names do not stand twice. */
static size_t place_of(struct lw_change *c, const struct lw_delegation *d, const char *name)
{
	const struct lw_value *ids = lw_value_get_array(d->role, "keyids");
	struct lw_requirement q;

	if (!ids || lw_requirement_read(&c->arena, "", d->keys, d->role, &q, NULL) < 0)
		return SIZE_MAX;
	for (size_t i = 0; i < q.n; i++)
		if (strcmp(q.list[i].name, name) == 0 || strcmp(q.list[i].keyid, name) == 0)
			return i;
	return SIZE_MAX;
}

int lw_edit_key(struct lw_change *c, const char *role, const struct lw_edit_holders *add,
		const char *const *drop, size_t n_drop, struct lw_error *e)
{
	struct lw_delegation d = { 0 };
	struct lw_metafile *by = NULL;
	int r = lw_edit_entry(c, role, &d, &by, e);

	for (size_t i = 0; r == 0 && i < n_drop; i++) {
		size_t at = place_of(c, &d, drop[i]);

		if (at == SIZE_MAX)
			r = lw_fail(e, LW_E_NOTFOUND, "%s is no holder of %s",
				    LW_CHANGE_SHOW(drop[i]), LW_CHANGE_SHOW(role));
		else
			lw_value_take_out(lw_value_get_array(d.role, "keyids"), at);
	}
	if (r == 0)
		r = lw_edit_add_holders(c, &d, add, e);
	if (r == 0)
		lw_delegation_forget_keys(by);
	return r;
}

/* ---- rotation ---- */

static int rotate_in(struct lw_change *c, const struct lw_delegation *d,
		     const struct lw_edit_holder *who, size_t at, struct lw_error *e)
{
	struct lw_value *ids = lw_value_get_array(d->role, "keyids"), *key = NULL;
	const char *id = NULL;
	int r = lw_requirement_make_key(&c->arena, who->name, who->pem, &key, &id, e);

	if (r == 0 && strcmp(ids->list[at]->string, id) == 0)
		r = lw_fail(e, LW_E_EXISTS, "%s has this key already", who->name);
	if (r < 0)
		return r;
	lw_value_set(&c->arena, d->keys, id, key);
	ids->list[at] = lw_value_string(&c->arena, id);
	return 0;
}

/* In every role that a document names; *ret_n counts. `only`: in that one. */
static int rotate_document(struct lw_change *c, const char *by, const char *only,
			   const struct lw_edit_holder *who, size_t *ret_n, struct lw_error *e)
{
	static const char *const top[] = { "root", "targets", "snapshot", "timestamp" };
	bool is_root = strcmp(by, "root") == 0;
	const struct lw_metafile *now = lw_change_now(lw_change_find(c, by));
	size_t n = is_root ? LW_COUNT_OF(top) : lw_delegation_count(now);

	for (size_t i = 0; i < n; i++) {
		struct lw_delegation d = { 0 };
		struct lw_metafile *m = NULL;
		size_t at;
		int r = 0;

		now = lw_change_now(lw_change_find(c, by));
		if (is_root && !lw_delegation_find(now, top[i], &d))
			continue;
		if (!is_root)
			d = lw_delegation_at(now, i);
		if (only && strcmp(only, is_root ? top[i] : lw_delegation_name(&d)) != 0)
			continue;
		at = place_of(c, &d, who->name);
		if (at == SIZE_MAX)
			continue;
		/* The same place, in the draft. */
		r = lw_edit_touch(c, by, &m, e);
		if (r == 0 && is_root)
			(void)lw_delegation_find(m, top[i], &d);
		else if (r == 0)
			d = lw_delegation_at(m, i);
		if (r == 0)
			r = rotate_in(c, &d, who, at, e);
		if (r < 0)
			return r;
		(*ret_n)++;
		lw_delegation_forget_keys(m);
	}
	return 0;
}

int lw_edit_rotate(struct lw_change *c, const char *role, const struct lw_edit_holder *who,
		   struct lw_error *e)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		const char *by = c->roles[i].name;
		int r = 0;

		if (!lw_change_now(&c->roles[i]) || strcmp(by, "snapshot") == 0 ||
		    strcmp(by, "timestamp") == 0)
			continue;
		r = rotate_document(c, by, role, who, &n, e);
		if (r < 0)
			return r;
	}
	if (n == 0)
		return lw_fail(e, LW_E_NOTFOUND, "%s is no holder of %s",
			       LW_CHANGE_SHOW(who->name),
			       role ? LW_CHANGE_SHOW(role) : "any role");
	return 0;
}

/* ---- delegations ---- */

static struct lw_value *strings(struct lw_change *c, const char *const *list, size_t n)
{
	struct lw_value *array = lw_value_array(&c->arena);

	for (size_t i = 0; i < n; i++)
		lw_value_append(&c->arena, array, lw_value_string(&c->arena, list[i]));
	return array;
}

static int bits_of(uint64_t bins, int64_t *ret, struct lw_error *e)
{
	int64_t bits = 0;

	while (((uint64_t)1 << bits) < bins && bits < 32)
		bits++;
	if (bins < 2 || bins > (uint64_t)1 << LW_MAX_TUF_BIN_BITS ||
	    ((uint64_t)1 << bits) != bins)
		return lw_fail(e, LW_E_USAGE, "want bins by a power of two, 2 to %u",
			       1U << LW_MAX_TUF_BIN_BITS);
	*ret = bits;
	return 0;
}

static int check_wanted(const struct lw_change *c, const struct lw_edit_delegation *d,
			struct lw_error *e)
{
	int ways = (d->n_paths > 0) + (d->n_prefixes > 0) + (d->bins > 0);
	int r = lw_path_check_role(d->name, e);

	if (r == 0 && ways != 1)
		r = lw_fail(e, LW_E_USAGE,
			    "want one of paths, prefixes of path hashes, and bins");
	if (r == 0 && d->bins && d->terminating)
		r = lw_fail(e, LW_E_USAGE, "bins are terminating without being told");
	if (r == 0 && lw_path_is_top_level(d->by) && strcmp(d->by, "targets") != 0)
		r = lw_fail(e, LW_E_USAGE, "%s cannot delegate", d->by);
	for (size_t i = 0; r == 0 && i < c->n; i++) {
		const struct lw_metafile *m = lw_change_now(&c->roles[i]);

		if (m && names_role(m, d->name))
			r = lw_fail(e, LW_E_EXISTS, "%s delegates to %s already",
				    LW_CHANGE_SHOW(c->roles[i].name), d->name);
	}
	return r;
}

/* "delegations" of a document, made where it is missing. A document has bins or roles. */
static int delegations_of(struct lw_change *c, struct lw_metafile *m, bool bins,
			  struct lw_value **ret, struct lw_error *e)
{
	struct lw_value *in = lw_value_get_object(m->body, "delegations");
	const struct lw_value *roles;

	m->may_delegate = true;
	if (!in) {
		in = lw_value_object(&c->arena);
		lw_value_set(&c->arena, m->body, "delegations", in);
		lw_value_set(&c->arena, in, "keys", lw_value_object(&c->arena));
	}
	roles = lw_value_get_array(in, "roles");
	if (lw_value_get(in, "succinct_roles") || (bins && roles && roles->n > 0))
		return lw_fail(e, LW_E_USAGE,
			       "a role delegates to bins or to roles, not to both: delegate to "
			       "a role that delegates to the bins");
	if (bins)
		(void)lw_value_unset(in, "roles");
	else if (!roles)
		lw_value_set(&c->arena, in, "roles", lw_value_array(&c->arena));
	*ret = in;
	return 0;
}

static void describe(struct lw_change *c, struct lw_value *role,
		     const struct lw_edit_delegation *d, int64_t bits)
{
	struct lw_arena *a = &c->arena;
	char text[LW_TIME_TEXT];

	if (d->until_sec)
		lw_value_set(a, role, LW_TUF_UNTIL_KEY,
			     lw_value_string(a, lw_time_format(d->until_sec, text)));
	if (d->bins) {
		lw_value_set(a, role, "bit_length", lw_value_integer(a, bits));
		lw_value_set(a, role, "name_prefix", lw_value_string(a, d->name));
		return;
	}
	lw_value_set(a, role, "name", lw_value_string(a, d->name));
	lw_value_set(a, role, "terminating", lw_value_bool(a, d->terminating));
	if (d->n_paths)
		lw_value_set(a, role, "paths", strings(c, d->paths, d->n_paths));
	else
		lw_value_set(a, role, "path_hash_prefixes",
			     strings(c, d->prefixes, d->n_prefixes));
}

int lw_edit_delegate(struct lw_change *c, const struct lw_edit_delegation *d,
		     struct lw_error *e)
{
	struct lw_metafile *m = NULL;
	struct lw_value *in = NULL, *role = NULL;
	int64_t bits = 0;
	int r = check_wanted(c, d, e);

	if (r == 0 && d->bins)
		r = bits_of(d->bins, &bits, e);
	if (r == 0)
		r = lw_edit_touch(c, d->by, &m, e);
	if (r == 0)
		r = delegations_of(c, m, d->bins > 0, &in, e);
	if (r == 0)
		r = lw_edit_new_role(c, lw_value_get_object(in, "keys"), &d->holders, &role, e);
	if (r < 0)
		return r;
	describe(c, role, d, bits);
	if (d->bins)
		lw_value_set(&c->arena, in, "succinct_roles", role);
	else
		lw_value_append(&c->arena, lw_value_get_array(in, "roles"), role);

	struct lw_delegation made = { .role = role, .succinct = d->bins > 0 };

	for (uint64_t i = 0; i < lw_delegation_roles(&made); i++) {
		LW_AUTO(buf) struct lw_buf name = { 0 };

		lw_delegation_role_name(&made, i, &name);
		lw_edit_new_targets(c, lw_buf_str(&name));
	}
	return 0;
}

/* A role that the change itself has made is no more; one that was published stays, as it was.
 */
static void forget(struct lw_change *c, const char *name)
{
	struct lw_change_role *role = lw_change_find(c, name);
	bool wanted = false;

	for (size_t i = 0; i < c->n; i++) {
		const struct lw_metafile *m = lw_change_now(&c->roles[i]);

		wanted = wanted || (m && names_role(m, name));
	}
	if (!role || wanted)
		return;
	role->next = NULL;
	if (role->base_version)
		return;

	size_t at = (size_t)(role - c->roles);

	memmove(c->roles + at, c->roles + at + 1, (c->n - at - 1) * sizeof(*c->roles));
	c->n--;
}

int lw_edit_revoke(struct lw_change *c, const char *by, const char *name, struct lw_error *e)
{
	struct lw_metafile *m = NULL;
	struct lw_value *in, *roles;
	struct lw_delegation d;
	int r = lw_edit_touch(c, by, &m, e);

	if (r < 0)
		return r;
	if (lw_path_is_top_level(name) || !entry_in(m, name, &d) ||
	    strcmp(lw_delegation_name(&d), name) != 0)
		return lw_fail(e, LW_E_NOTFOUND, "%s does not delegate to %s",
			       LW_CHANGE_SHOW(by), LW_CHANGE_SHOW(name));
	in = lw_value_get_object(m->body, "delegations");
	roles = lw_value_get_array(in, "roles");
	if (d.succinct)
		(void)lw_value_unset(in, "succinct_roles");
	else
		for (size_t i = roles->n; i-- > 0;)
			if (roles->list[i] == d.role)
				lw_value_take_out(roles, i);
	lw_delegation_forget_keys(m);
	/* No member is better than an empty one. */
	if (d.succinct || roles->n == 0)
		(void)lw_value_unset(m->body, "delegations");
	for (uint64_t i = 0; i < lw_delegation_roles(&d); i++) {
		LW_AUTO(buf) struct lw_buf role = { 0 };

		lw_delegation_role_name(&d, i, &role);
		forget(c, lw_buf_str(&role));
	}
	return 0;
}
