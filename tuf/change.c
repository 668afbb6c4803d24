/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/change.h"

#include "base/text.h"
#include "tuf/change_internal.h"

#include <string.h>

void lw_change_clear(struct lw_change *c)
{
	free(c->roles);
	free(c->elsewhere);
	lw_arena_free(&c->arena);
	*c = (struct lw_change){ 0 };
}

char *lw_change_keep(struct lw_change *c, const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = lw_arena_alloc(&c->arena, n);

	memcpy(copy, s, n);
	return copy;
}

/* ---- its roles ---- */

static size_t place(const struct lw_change *c, const char *name)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(c->roles[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct lw_change_role *lw_change_find(const struct lw_change *c, const char *name)
{
	size_t at = place(c, name);

	return at < c->n && strcmp(c->roles[at].name, name) == 0 ? &c->roles[at] : NULL;
}

struct lw_change_role *lw_change_role(struct lw_change *c, const char *name)
{
	size_t at = place(c, name);

	if (at < c->n && strcmp(c->roles[at].name, name) == 0)
		return &c->roles[at];
	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 8;
		c->roles = lw_realloc_array(c->roles, c->cap, sizeof(*c->roles));
	}
	memmove(c->roles + at + 1, c->roles + at, (c->n - at) * sizeof(*c->roles));
	c->roles[at] = (struct lw_change_role){ .name = lw_change_keep(c, name) };
	c->n++;
	return &c->roles[at];
}

const struct lw_metafile *lw_change_now(const struct lw_change_role *role)
{
	return role->next ? role->next : role->base;
}

size_t lw_change_count(const struct lw_change *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->roles[i].next != NULL;
	return n;
}

int lw_change_set_base(struct lw_change *c, const char *name, int64_t version,
		       struct lw_span text, struct lw_error *e)
{
	struct lw_metafile *m = NULL;
	struct lw_change_role *role;
	uint8_t *kept;
	int r = lw_metafile_parse(&c->arena, name, text, &m, e);

	if (r == 0 && lw_metafile_version(m) != version)
		r = lw_fail(e, LW_E_FORMAT, "want version %lld, have %lld", (long long)version,
			    (long long)lw_metafile_version(m));
	if (r < 0)
		return lw_prefix(e, "%s %lld", LW_CHANGE_SHOW(name), (long long)version);
	kept = lw_arena_alloc(&c->arena, text.n + 1);
	memcpy(kept, text.p, text.n);
	kept[text.n] = '\0';
	role = lw_change_role(c, name);
	role->base_version = version;
	role->base_digest = lw_digest_of(text);
	role->base_text = lw_span(kept, text.n);
	role->base = m;
	return 0;
}

/* ---- targets without bytes ---- */

static size_t elsewhere_place(const struct lw_change *c, const char *path, bool *ret_there)
{
	size_t at = 0;

	while (at < c->n_elsewhere && strcmp(c->elsewhere[at], path) < 0)
		at++;
	*ret_there = at < c->n_elsewhere && strcmp(c->elsewhere[at], path) == 0;
	return at;
}

bool lw_change_is_elsewhere(const struct lw_change *c, const char *path)
{
	bool there = false;

	(void)elsewhere_place(c, path, &there);
	return there;
}

void lw_change_add_elsewhere(struct lw_change *c, const char *path)
{
	bool there = false;
	size_t at = elsewhere_place(c, path, &there);

	if (there)
		return;
	c->elsewhere =
		lw_realloc_array(c->elsewhere, c->n_elsewhere + 1, sizeof(*c->elsewhere));
	memmove(c->elsewhere + at + 1, c->elsewhere + at,
		(c->n_elsewhere - at) * sizeof(*c->elsewhere));
	c->elsewhere[at] = lw_change_keep(c, path);
	c->n_elsewhere++;
}

/* ---- of a repository ---- */

static int check_line_of_roots(struct lw_change *c, const struct lw_repository *r,
			       struct lw_error *e)
{
	const struct lw_published *old = NULL;
	size_t n = lw_repository_old_roots(r, &old);

	for (size_t i = 0; i < n; i++) {
		LW_AUTO(buf) struct lw_buf message = { 0 };
		LW_AUTO(change) struct lw_change step = { 0 };
		struct lw_metafile *next = NULL;
		struct lw_requirement q;
		bool there = false;
		int code = lw_change_set_base(&step, "root", old[i].version, old[i].text, e);

		/* old[n] is the newest. */
		if (code == 0)
			code = lw_metafile_parse(&step.arena, "root", old[i + 1].text, &next,
						 e);
		if (code == 0)
			code = lw_metafile_message(next, &message, e);
		if (code == 0)
			code = lw_change_requirement(&step, &step.roles[0], step.roles[0].base,
						     "root", &there, &q, e);
		if (code == 0 && there &&
		    lw_requirement_count(&q, next, lw_buf_span(&message)) <
			    (uint64_t)q.threshold)
			code = lw_fail(e, LW_E_SIGNATURE, "want %lld signatures of %s",
				       (long long)q.threshold, q.by);
		if (code < 0)
			return lw_prefix(e, "metadata/%lld.root.json",
					 (long long)old[i + 1].version);
	}
	(void)c;
	return 0;
}

static int check_signed(struct lw_change *c, const struct lw_change_role *role,
			struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf message = { 0 };
	struct lw_requirement *list = NULL;
	size_t n = 0;
	int r = lw_metafile_message(role->base, &message, e);

	if (r == 0)
		r = lw_change_requirements(c, role, &list, &n, e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		size_t have = lw_requirement_count(&list[i], role->base, lw_buf_span(&message));

		if (have < (uint64_t)list[i].threshold)
			r = lw_fail(e, LW_E_SIGNATURE, "%zu of %lld signatures that %s wants",
				    have, (long long)list[i].threshold, list[i].by);
	}
	return r < 0 ? lw_prefix(e, "%s %lld", LW_CHANGE_SHOW(role->name),
				 (long long)role->base_version)
		     : 0;
}

int lw_change_of_repository(const struct lw_repository *r, struct lw_change *ret,
			    struct lw_error *e)
{
	LW_AUTO(change) struct lw_change c = { 0 };
	int code = 0;

	for (size_t i = 0; code == 0 && i < lw_repository_count(r); i++) {
		const struct lw_published *p = lw_repository_role(r, i);
		/* The timestamp's name does not say its version. */
		int64_t version = p->version;

		if (strcmp(p->role, "timestamp") == 0) {
			struct lw_metafile *m = NULL;

			code = lw_metafile_parse(&c.arena, p->role, p->text, &m, e);
			if (code < 0)
				return lw_prefix(e, "timestamp");
			version = lw_metafile_version(m);
		}
		code = lw_change_set_base(&c, p->role, version, p->text, e);
	}
	if (code == 0)
		code = check_line_of_roots(&c, r, e);
	if (code == 0 && c.n > 0)
		code = lw_change_check(&c, 0, e);
	for (size_t i = 0; code == 0 && i < c.n; i++)
		code = check_signed(&c, &c.roles[i], e);
	if (code < 0)
		return lw_prefix(e, "the repository");
	*ret = c;
	c = (struct lw_change){ 0 };
	return 0;
}

/* ---- a change and the repository ---- */

static void add_difference(struct lw_buf *out, const char *name, int64_t made_on, int64_t now)
{
	char shown[128];

	lw_buf_printf(out, "%s%s: made on ", out->n ? ", " : "",
		      lw_text_escape_str(name, shown, sizeof(shown)));
	if (made_on)
		lw_buf_printf(out, "%lld", (long long)made_on);
	else
		lw_buf_adds(out, "none");
	if (now && now != made_on)
		lw_buf_printf(out, ", is %lld now", (long long)now);
	else
		lw_buf_adds(out, now ? ", is another of this version now" : ", is none now");
}

static bool is_done(const struct lw_change *c, const struct lw_change *now)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct lw_change_role *role = &c->roles[i];
		const struct lw_change_role *there = lw_change_find(now, role->name);

		if (role->next && (!there || !there->base ||
				   !lw_value_equal(role->next->body, there->base->body)))
			return false;
	}
	return lw_change_count(c) > 0;
}

int lw_change_fits(const struct lw_change *c, const struct lw_change *now, bool *ret_done,
		   struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf differences = { 0 };

	*ret_done = is_done(c, now);
	if (*ret_done)
		return 0;
	for (size_t i = 0; i < c->n; i++) {
		const struct lw_change_role *a = &c->roles[i];
		const struct lw_change_role *b = lw_change_find(now, a->name);

		if (a->base_version == 0
			    ? b != NULL
			    : !b || !lw_digest_equal(&a->base_digest, &b->base_digest))
			add_difference(&differences, a->name, a->base_version,
				       b ? b->base_version : 0);
	}
	for (size_t i = 0; i < now->n; i++)
		if (!lw_change_find(c, now->roles[i].name))
			add_difference(&differences, now->roles[i].name, 0,
				       now->roles[i].base_version);
	if (differences.n == 0)
		return 0;
	return lw_fail(e, LW_E_CONFLICT, "the change is stale: %.700s",
		       lw_buf_str(&differences));
}

void lw_change_onto(struct lw_change *now, const struct lw_change *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct lw_metafile *next = c->roles[i].next;
		struct lw_metafile *copy;

		if (!next)
			continue;
		copy = lw_metafile_draft(&now->arena, next);
		copy->signatures = lw_value_copy(&now->arena, next->signatures);
		lw_change_role(now, c->roles[i].name)->next = copy;
	}
	for (size_t i = 0; i < c->n_elsewhere; i++)
		lw_change_add_elsewhere(now, c->elsewhere[i]);
}

/* ---- what signatures are about ---- */

struct lw_digest lw_change_digest(const struct lw_change *c)
{
	LW_AUTO(buf) struct lw_buf form = { 0 };
	struct lw_json_writer w = { .out = &form, .canonical = true };

	lw_json_w_object(&w);
	for (size_t i = 0; i < c->n; i++)
		if (c->roles[i].next) {
			lw_json_w_key(&w, c->roles[i].name);
			lw_value_write(&w, c->roles[i].next->body);
		}
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	return lw_digest_of(lw_buf_span(&form));
}

int lw_change_merge(struct lw_change *c, const struct lw_change *copy, size_t *ret_added,
		    struct lw_error *e)
{
	struct lw_digest a = lw_change_digest(c), b = lw_change_digest(copy);
	char want[LW_DIGEST_TEXT], have[LW_DIGEST_TEXT];
	size_t added = 0;

	if (!lw_digest_equal(&a, &b))
		return lw_fail(e, LW_E_CONFLICT, "another change: want %s, have %s",
			       lw_digest_text(&a, want), lw_digest_text(&b, have));
	for (size_t i = 0; i < copy->n; i++) {
		const struct lw_metafile *from = copy->roles[i].next;
		const struct lw_change_role *role = lw_change_find(c, copy->roles[i].name);
		struct lw_metafile *to = role ? role->next : NULL;

		for (size_t j = 0; from && to && j < from->signatures->n; j++) {
			const struct lw_value *s = from->signatures->list[j];
			const char *keyid = lw_value_get_string(s, "keyid");
			LW_AUTO(buf) struct lw_buf old = { 0 }, new = { 0 };

			/* What there is already stays: two good ones of one key may differ. */
			if (!keyid || lw_metafile_signature(to, keyid, &old) ||
			    !lw_metafile_signature(from, keyid, &new))
				continue;
			lw_metafile_sign(&c->arena, to, keyid, lw_buf_span(&new));
			added++;
		}
	}
	*ret_added = added;
	return 0;
}
