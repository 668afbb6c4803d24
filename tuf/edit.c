/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/edit.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/text.h"
#include "tuf/edit_internal.h"

#include <string.h>

static const char *default_period(const char *role)
{
	if (strcmp(role, "root") == 0)
		return "P365D";
	return strcmp(role, "snapshot") == 0 || strcmp(role, "timestamp") == 0 ? "P30D"
									       : "P90D";
}

/* ---- documents ---- */

static int no_role(struct lw_error *e, const char *role)
{
	return lw_fail(e, LW_E_NOTFOUND, "no such role: %s", LW_CHANGE_SHOW(role));
}

/* What is edited again was signed for nothing. */
static void drop_signatures(struct lw_change *c, struct lw_metafile *m)
{
	c->signatures_dropped += m->signatures->n;
	m->signatures = lw_value_array(&c->arena);
}

static void begin(struct lw_change *c, struct lw_change_role *role, struct lw_metafile *m)
{
	lw_value_set(&c->arena, m->body, "version",
		     lw_value_integer(&c->arena, role->base_version + 1));
	/* The settling sets another. */
	(void)lw_value_unset(m->body, "expires");
	role->next = m;
}

int lw_edit_touch(struct lw_change *c, const char *name, struct lw_metafile **ret,
		  struct lw_error *e)
{
	struct lw_change_role *role = lw_change_find(c, name);

	c->last_role = NULL;
	if (!role || (!role->base && !role->next))
		return no_role(e, name);
	if (!role->next)
		begin(c, role, lw_metafile_draft(&c->arena, role->base));
	else
		drop_signatures(c, role->next);
	*ret = role->next;
	return 0;
}

static void begin_new(struct lw_change *c, const char *name, const char *type)
{
	begin(c, lw_change_role(c, name), lw_metafile_new(&c->arena, type));
}

void lw_edit_new_targets(struct lw_change *c, const char *name)
{
	begin_new(c, name, "targets");
	lw_value_set(&c->arena, lw_change_find(c, name)->next->body, "targets",
		     lw_value_object(&c->arena));
}

/* ---- the first version ---- */

static int first_root(struct lw_change *c, const struct lw_edit_holders *const holders[4],
		      struct lw_error *e)
{
	static const char *const names[] = { "root", "targets", "snapshot", "timestamp" };
	struct lw_value *keys = lw_value_object(&c->arena), *roles = lw_value_object(&c->arena);
	struct lw_value *body;

	for (size_t i = 0; i < LW_COUNT_OF(names); i++) {
		struct lw_value *role = NULL;
		int r = lw_edit_new_role(c, keys, holders[i], &role, e);

		if (r < 0)
			return lw_prefix(e, "%s", names[i]);
		lw_value_set(&c->arena, roles, names[i], role);
	}
	begin_new(c, "root", "root");
	body = lw_change_find(c, "root")->next->body;
	lw_value_set(&c->arena, body, "consistent_snapshot", lw_value_bool(&c->arena, true));
	lw_value_set(&c->arena, body, "keys", keys);
	lw_value_set(&c->arena, body, "roles", roles);
	return 0;
}

int lw_edit_init(struct lw_change *c, const struct lw_edit_holders *root,
		 const struct lw_edit_holders *targets, const struct lw_edit_holders *snapshot,
		 const struct lw_edit_holders *timestamp, struct lw_error *e)
{
	const struct lw_edit_holders *const holders[] = { root, targets, snapshot, timestamp };

	if (c->n > 0)
		return lw_fail(e, LW_E_EXISTS, "the repository has its first root already");

	int r = first_root(c, holders, e);
	if (r < 0)
		return r;
	lw_edit_new_targets(c, "targets");
	for (size_t i = 0; i < 2; i++) {
		const char *name = i == 0 ? "snapshot" : "timestamp";

		begin_new(c, name, name);
		lw_value_set(&c->arena, lw_change_find(c, name)->next->body, "meta",
			     lw_value_object(&c->arena));
	}
	return 0;
}

/* ---- targets ---- */

static bool can_have_targets(const char *role)
{
	return strcmp(role, "targets") == 0 || !lw_path_is_top_level(role);
}

int lw_edit_choose(struct lw_change *c, const char *role, const char *path, const char **ret,
		   struct lw_error *e)
{
	const struct lw_change_role *found = lw_change_find(c, role);

	if (found && lw_change_now(found) && can_have_targets(role)) {
		*ret = found->name;
		return 0;
	}
	for (size_t i = 0; i < c->n; i++) {
		const struct lw_metafile *m = lw_change_now(&c->roles[i]);

		for (size_t j = 0; m && j < lw_delegation_count(m); j++) {
			struct lw_delegation d = lw_delegation_at(m, j);
			LW_AUTO(buf) struct lw_buf name = { 0 };

			if (!d.succinct || strcmp(lw_delegation_name(&d), role) != 0)
				continue;
			lw_delegation_bin(&d, path, &name);
			*ret = lw_change_keep(c, lw_buf_str(&name));
			return 0;
		}
	}
	return no_role(e, role);
}

static int touch_targets(struct lw_change *c, const char *role, struct lw_value **ret,
			 struct lw_error *e)
{
	struct lw_metafile *m = NULL;
	int r = can_have_targets(role) ? lw_edit_touch(c, role, &m, e) : no_role(e, role);

	if (r < 0 || !m)
		return r;
	*ret = lw_value_get_object(m->body, "targets");
	return *ret ? 0 : lw_fail(e, LW_E_FORMAT, "%s: no \"targets\"", LW_CHANGE_SHOW(role));
}

int lw_edit_add(struct lw_change *c, const char *role, const char *path,
		const struct lw_digest *digest, uint64_t length, struct lw_error *e)
{
	struct lw_value *targets = NULL, *entry, *old, *hashes = lw_value_object(&c->arena);
	char hex[65];
	int r = lw_path_check_target(path, e);

	if (r == 0 && length > (uint64_t)LW_JSON_INTEGER_MAX)
		r = lw_fail(e, LW_E_LIMIT, "a target of more than 2^53 bytes");
	if (r == 0)
		r = touch_targets(c, role, &targets, e);
	if (r < 0)
		return r;
	lw_value_set(&c->arena, hashes, "sha256",
		     lw_value_string(&c->arena, lw_digest_hex(digest, hex)));
	entry = lw_value_object(&c->arena);
	/* What others say of it stays: "custom". */
	old = lw_value_get_object(targets, path);
	if (old)
		entry = lw_value_copy(&c->arena, old);
	lw_value_set(&c->arena, entry, "hashes", hashes);
	lw_value_set(&c->arena, entry, "length", lw_value_integer(&c->arena, (int64_t)length));
	lw_value_set(&c->arena, targets, path, entry);
	return 0;
}

int lw_edit_remove(struct lw_change *c, const char *role, const char *path, struct lw_error *e)
{
	struct lw_value *targets = NULL;
	int r = touch_targets(c, role, &targets, e);

	if (r == 0 && !lw_value_unset(targets, path))
		r = lw_fail(e, LW_E_NOTFOUND, "%s names no target '%s'", LW_CHANGE_SHOW(role),
			    LW_CHANGE_SHOW(path));
	return r;
}

/* ---- time ---- */

int lw_edit_renew(struct lw_change *c, const char *role, struct lw_error *e)
{
	struct lw_metafile *m = NULL;
	int r = lw_edit_touch(c, role, &m, e);

	if (m)
		(void)lw_value_unset(m->body, "expires");
	return r;
}

int lw_edit_renew_all(struct lw_change *c, struct lw_error *e)
{
	bool something = lw_change_count(c) > 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		struct lw_change_role *role = &c->roles[i];
		struct lw_requirement *list = NULL;
		size_t n = 0;

		if (something ? role->next == NULL : strcmp(role->name, "root") == 0)
			continue;
		r = lw_change_requirements(c, role, &list, &n, e);
		/* One that nobody delegates to stays as it is. */
		if (r == 0 && n > 0)
			r = lw_edit_renew(c, role->name, e);
	}
	return r;
}

int lw_edit_period(struct lw_change *c, const char *role, const char *period,
		   struct lw_error *e)
{
	struct lw_metafile *m = NULL;
	int64_t sec = 0;
	int r = lw_num_duration(lw_span_str(period), &sec, e);

	if (r == 0 && sec == 0)
		r = lw_fail(e, LW_E_FORMAT, "a period of no time");
	if (r == 0)
		r = lw_edit_touch(c, role, &m, e);
	if (r < 0 || !m)
		return r;
	lw_value_set(&c->arena, m->body, LW_TUF_PERIOD_KEY, lw_value_string(&c->arena, period));
	(void)lw_value_unset(m->body, "expires");
	return 0;
}

/* The end that all who delegate to the role set; 0: none. */
static int end_of(struct lw_change *c, const struct lw_change_role *role, int64_t *ret,
		  struct lw_error *e)
{
	struct lw_requirement *list = NULL;
	size_t n = 0;
	int r = lw_change_requirements(c, role, &list, &n, e);

	*ret = 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		int64_t end = 0;

		if (list[i].until)
			r = lw_time_parse(lw_span_str(list[i].until), &end, e);
		if (end && (*ret == 0 || end < *ret))
			*ret = end;
	}
	return r;
}

static int set_expiry(struct lw_change *c, struct lw_change_role *role, int64_t now_sec,
		      struct lw_error *e)
{
	struct lw_metafile *m = role->next;
	const char *period = lw_value_get_string(m->body, LW_TUF_PERIOD_KEY);
	int64_t sec = 0, end = 0;
	char text[LW_TIME_TEXT];
	int r;

	if (lw_value_get(m->body, "expires"))
		return 0;
	if (!period) {
		period = default_period(role->name);
		lw_value_set(&c->arena, m->body, LW_TUF_PERIOD_KEY,
			     lw_value_string(&c->arena, period));
	}
	r = lw_num_duration(lw_span_str(period), &sec, e);
	if (r == 0)
		r = end_of(c, role, &end, e);
	if (r < 0)
		return r;
	sec = now_sec > LW_TIME_MAX - sec ? LW_TIME_MAX : now_sec + sec;
	if (end && end <= now_sec)
		return lw_fail(e, LW_E_CONFLICT, "its delegation has ended at %s",
			       lw_time_format(end, text));
	if (end && end < sec)
		sec = end;
	lw_value_set(&c->arena, m->body, "expires",
		     lw_value_string(&c->arena, lw_time_format(sec, text)));
	return 0;
}

/* ---- what follows ---- */

static bool keys_changed(struct lw_change *c, const struct lw_change_role *by, const char *role)
{
	struct lw_requirement old, new;
	bool was = false, is = false;

	if (!by->base || !by->next ||
	    lw_change_requirement(c, by, by->base, role, &was, &old, NULL) < 0 ||
	    lw_change_requirement(c, by, by->next, role, &is, &new, NULL) < 0)
		return false; /* the check says so */
	return is && (!was || !lw_requirement_equal(&old, &new));
}

/* New versions of the roles whose keys have changed, until there are no more. */
static int follow_keys(struct lw_change *c, struct lw_error *e)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < c->n; i++)
			for (size_t j = 0; j < c->n; j++) {
				struct lw_change_role *role = &c->roles[j];
				struct lw_metafile *m = NULL;

				if (i == j || role->next || !role->base || !c->roles[i].next ||
				    !keys_changed(c, &c->roles[i], role->name))
					continue;

				int r = lw_edit_touch(c, role->name, &m, e);
				if (r < 0)
					return r;
				again = true;
			}
	}
	return 0;
}

/* A list of { "NAME.json": { "version" } } into a role's document, which is touched only where
 * that makes a difference. */
static int set_list(struct lw_change *c, const char *name, struct lw_value *list,
		    struct lw_error *e)
{
	struct lw_change_role *role = lw_change_find(c, name);
	struct lw_metafile *m = NULL;
	int r = 0;

	if (role->next && lw_value_equal(lw_value_get(role->next->body, "meta"), list))
		return 0;
	if (!role->next && lw_value_equal(lw_value_get(role->base->body, "meta"), list))
		return 0;
	r = lw_edit_touch(c, name, &m, e);
	if (m)
		lw_value_set(&c->arena, m->body, "meta", list);
	return r;
}

/* What is listed in the version it has stays as it is listed: others add lengths and hashes. */
static void list_one(struct lw_change *c, struct lw_value *list,
		     const struct lw_change_role *role, const struct lw_value *before)
{
	lw_auto_free char *file = lw_asprintf("%s.json", role->name);
	const struct lw_value *old = lw_value_get_object(before, file);
	int64_t version = role->next ? lw_metafile_version(role->next) : role->base_version;
	struct lw_value *entry;

	if (old && lw_value_get_integer(old, "version") == version) {
		lw_value_set(&c->arena, list, file, lw_value_copy(&c->arena, old));
		return;
	}
	entry = lw_value_object(&c->arena);
	lw_value_set(&c->arena, entry, "version", lw_value_integer(&c->arena, version));
	lw_value_set(&c->arena, list, file, entry);
}

static const struct lw_value *base_list(const struct lw_change_role *role)
{
	return role->base ? lw_value_get_object(role->base->body, "meta") : NULL;
}

static int follow_lists(struct lw_change *c, struct lw_error *e)
{
	struct lw_value *files = lw_value_object(&c->arena);
	struct lw_value *snapshot = lw_value_object(&c->arena);
	const struct lw_value *before = base_list(lw_change_find(c, "snapshot"));
	int r;

	for (size_t i = 0; i < c->n; i++)
		if (can_have_targets(c->roles[i].name))
			list_one(c, files, &c->roles[i], before);
	/* Where only other programs' odd entries differ, nothing is new. */
	r = set_list(c, "snapshot", files, e);
	if (r < 0)
		return r;
	list_one(c, snapshot, lw_change_find(c, "snapshot"),
		 base_list(lw_change_find(c, "timestamp")));
	return set_list(c, "timestamp", snapshot, e);
}

int lw_edit_settle(struct lw_change *c, int64_t now_sec, struct lw_error *e)
{
	int r = 0;

	c->last_role = NULL;
	if (lw_change_count(c) == 0)
		return lw_fail(e, LW_E_USAGE, "nothing would change");
	r = follow_keys(c, e);
	if (r == 0)
		r = follow_lists(c, e);
	for (size_t i = 0; r == 0 && i < c->n; i++)
		if (c->roles[i].next) {
			r = set_expiry(c, &c->roles[i], now_sec, e);
			if (r < 0)
				(void)lw_prefix(e, "%s", LW_CHANGE_SHOW(c->roles[i].name));
		}
	return r < 0 ? r : lw_change_check(c, now_sec, e);
}
