/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/carried_source.h"

#include <string.h>

int lw_carried_fetch(void *data, const char *name, size_t max, struct lw_buf *out,
		     struct lw_error *e)
{
	const struct lw_carried_source *s = data;
	const struct lw_carried_file *file = lw_carried_find(s->carried, name);

	if (!file)
		return lw_fail(e, LW_E_NOTFOUND, "not in this bundle");
	if (file->size > max)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu bytes, have %llu", max,
			       (unsigned long long)file->size);
	return s->read(s->data, file, out, e);
}

void lw_carried_target_name(const char *path, struct lw_buf *out)
{
	lw_buf_adds(out, "targets%2F");
	lw_tuf_quote(path, out);
}

static int target(void *data, const char *path, uint64_t max, struct lw_buf *out,
		  struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf name = { 0 };

	lw_carried_target_name(path, &name);
	return lw_carried_fetch(data, lw_buf_str(&name), max, out, e);
}

struct lw_own_source lw_carried_own(struct lw_carried_source *s)
{
	return (struct lw_own_source){ .metadata = { .fetch = lw_carried_fetch, .data = s },
				       .target = target,
				       .data = s };
}

const struct lw_carried *lw_carried_of(const struct lw_contents *c, const char *repository)
{
	for (size_t i = 0; i < c->n_carried; i++)
		if (strcmp(c->carried[i].repository, repository) == 0)
			return &c->carried[i];
	return NULL;
}
