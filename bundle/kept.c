/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/kept.h"

#include <string.h>

int lw_kept_get(const struct lw_kept *k, const char *role, struct lw_buf *file,
		struct lw_buf *halves, struct lw_error *e)
{
	const struct lw_role *c = lw_roles_find(&k->changed, role);

	if (!c)
		return lw_state_tuf_get(k->state, k->repository, &k->first, role, file, halves,
					e);
	if (c->dropped)
		return lw_fail(e, LW_E_NOTFOUND, "%s", role);
	lw_buf_add(file, c->file.p, c->file.n);
	lw_buf_add(halves, c->halves.p, c->halves.n);
	return 0;
}

static int load(void *data, const char *role, size_t max, struct lw_buf *file,
		struct lw_tuf_signed *halves, struct lw_error *e)
{
	const struct lw_kept *k = data;
	LW_AUTO(buf) struct lw_buf kept = { 0 };
	int r = lw_kept_get(k, role, file, &kept, e);

	if (r == -LW_E_NOTFOUND && strcmp(role, "root") == 0) {
		lw_buf_add(file, k->root.p, k->root.n);
		return 0;
	}
	if (r < 0)
		return r;
	if (file->n > max)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu bytes, have %zu", max, file->n);

	struct lw_span body = lw_buf_span(&kept);

	r = lw_tuf_signed_take(&body, halves, e);
	return r < 0 ? lw_fail(e, LW_E_STATE, "state.db: what is kept of '%s' is damaged", role)
		     : 0;
}

static int save(void *data, const char *role, struct lw_span file,
		const struct lw_tuf_signed *halves, struct lw_error *e)
{
	struct lw_kept *k = data;

	(void)e;
	lw_roles_save(&k->changed, role, file, halves);
	return 0;
}

static int drop(void *data, const char *role, struct lw_error *e)
{
	struct lw_kept *k = data;

	(void)e;
	lw_roles_drop(&k->changed, role);
	return 0;
}

struct lw_tuf_store lw_kept_store(struct lw_kept *k)
{
	return (struct lw_tuf_store){ .load = load, .save = save, .drop = drop, .data = k };
}

int lw_kept_is_changed(const struct lw_kept *k, bool *ret, struct lw_error *e)
{
	*ret = false;
	for (size_t i = 0; i < k->changed.n && !*ret; i++) {
		const struct lw_role *c = &k->changed.list[i];
		LW_AUTO(buf) struct lw_buf file = { 0 }, halves = { 0 };
		int r = lw_state_tuf_get(k->state, k->repository, &k->first, c->name, &file,
					 &halves, e);

		if (r < 0 && r != -LW_E_NOTFOUND)
			return r;
		*ret = r == 0 ? c->dropped || !lw_span_equal(lw_buf_span(&file),
							     lw_buf_span(&c->file))
			      : !c->dropped;
	}
	return 0;
}

int lw_kept_commit(const struct lw_kept *k, struct lw_error *e)
{
	int r = 0;

	for (size_t i = 0; i < k->changed.n && r == 0; i++) {
		const struct lw_role *c = &k->changed.list[i];

		r = c->dropped ? lw_state_tuf_remove(k->state, k->repository, c->name, e)
			       : lw_state_tuf_set(k->state, k->repository, &k->first, c->name,
						  lw_buf_span(&c->file),
						  lw_buf_span(&c->halves), e);
	}
	return r;
}

void lw_kept_release(struct lw_kept *k)
{
	lw_roles_release(&k->changed);
}
