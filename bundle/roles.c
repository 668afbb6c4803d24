/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/roles.h"

#include "base/mem.h"

#include <string.h>

struct lw_role *lw_roles_find(const struct lw_roles *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->list[i].name, name) == 0)
			return &r->list[i];
	return NULL;
}

static struct lw_role *emptied(struct lw_roles *r, const char *name)
{
	struct lw_role *role = lw_roles_find(r, name);

	if (!role) {
		r->list = lw_realloc_array(r->list, r->n + 1, sizeof(*r->list));
		role = &r->list[r->n++];
		*role = (struct lw_role){ .name = lw_strdup(name) };
	}
	lw_buf_free(&role->file);
	lw_buf_free(&role->halves);
	return role;
}

void lw_roles_save(struct lw_roles *r, const char *name, struct lw_span file,
		   const struct lw_tuf_signed *halves)
{
	struct lw_role *role = emptied(r, name);

	role->dropped = false;
	lw_buf_add(&role->file, file.p, file.n);
	lw_tuf_signed_put(halves, &role->halves);
}

int lw_roles_begin(struct lw_roles *r, struct lw_span root, struct lw_error *e)
{
	LW_AUTO(tuf_signed) struct lw_tuf_signed halves = { 0 };
	int rc = lw_tuf_split(root, &halves, e);

	if (rc < 0)
		return lw_prefix(e, "the first root");
	lw_roles_save(r, "root", root, &halves);
	return 0;
}

void lw_roles_drop(struct lw_roles *r, const char *name)
{
	emptied(r, name)->dropped = true;
}

void lw_roles_release(struct lw_roles *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->list[i].name);
		lw_buf_free(&r->list[i].file);
		lw_buf_free(&r->list[i].halves);
	}
	free(r->list);
	*r = (struct lw_roles){ 0 };
}

static int load(void *data, const char *name, size_t max, struct lw_buf *file,
		struct lw_tuf_signed *halves, struct lw_error *e)
{
	const struct lw_role *role = lw_roles_find(data, name);
	struct lw_span body;

	if (!role || role->dropped)
		return lw_fail(e, LW_E_NOTFOUND, "%s", name);
	if (role->file.n > max)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu bytes, have %zu", max,
			       role->file.n);
	lw_buf_add(file, role->file.p, role->file.n);
	body = lw_buf_span(&role->halves);
	return lw_tuf_signed_take(&body, halves, e);
}

static int save(void *data, const char *name, struct lw_span file,
		const struct lw_tuf_signed *halves, struct lw_error *e)
{
	(void)e;
	lw_roles_save(data, name, file, halves);
	return 0;
}

static int drop(void *data, const char *name, struct lw_error *e)
{
	(void)e;
	lw_roles_drop(data, name);
	return 0;
}

struct lw_tuf_store lw_roles_store(struct lw_roles *r)
{
	return (struct lw_tuf_store){ .load = load, .save = save, .drop = drop, .data = r };
}
