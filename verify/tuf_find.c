/* SPDX-License-Identifier: Apache-2.0 */
/* The search for a target through the delegations, in pre-order (TUF 1.0.34 section 5.6.7). */
#include "verify/tuf_client_internal.h"

#include <string.h>

/* A role that is still to be asked, by the metadata that delegates to it. */
struct pending {
	const struct lw_tuf_metadata *delegator;
	struct lw_tuf_role role; /* its lists are the delegator's */
	char name[LW_MAX_TUF_ROLE + 1], by[LW_MAX_TUF_ROLE + 1];
};

struct search {
	struct lw_tuf_client *c;
	const char *path;
	struct pending *stack;
	size_t n, cap;
	/* who was asked, each with who delegated to it: through another delegator a role has
	 * other keys, and is another one */
	struct asked {
		char name[LW_MAX_TUF_ROLE + 1], by[LW_MAX_TUF_ROLE + 1];
	} asked[LW_MAX_TUF_DELEGATIONS];
	size_t n_asked;
	size_t bytes; /* of memory: what was read stays until the search ends */
};

static struct pending *push(struct search *s)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 16;
		s->stack = lw_realloc_array(s->stack, s->cap, sizeof(*s->stack));
	}
	return &s->stack[s->n++];
}

static void push_role(struct search *s, const struct lw_tuf_metadata *m, const char *by,
		      const struct lw_tuf_role *role, const char *name)
{
	struct pending *p = push(s);

	p->delegator = m;
	p->role = *role;
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	(void)snprintf(p->by, sizeof(p->by), "%s", by);
}

/* The roles that may list the path, so that the first is asked next. A terminating one cuts off
 * all that stand after it, here and above. */
static void push_children(struct search *s, const struct lw_tuf_metadata *m, const char *by)
{
	size_t last = 0;
	bool any = false;

	if (m->bins.bits) {
		char name[LW_MAX_TUF_ROLE + 1];

		lw_tuf_bin_name(&m->bins, s->path, name, sizeof(name));
		push_role(s, m, by, &m->bins.role, name);
		return;
	}
	for (size_t i = 0; i < m->n_roles; i++) {
		if (!lw_tuf_role_covers(&m->roles[i], s->path))
			continue;
		last = i;
		any = true;
		if (m->roles[i].terminating) {
			s->n = 0;
			break;
		}
	}
	for (size_t i = last + 1; any && i-- > 0;)
		if (lw_tuf_role_covers(&m->roles[i], s->path))
			push_role(s, m, by, &m->roles[i], m->roles[i].name);
}

static bool was_asked(const struct search *s, const struct pending *p)
{
	for (size_t i = 0; i < s->n_asked; i++)
		if (strcmp(s->asked[i].by, p->by) == 0 &&
		    strcmp(s->asked[i].name, p->name) == 0)
			return true;
	return false;
}

static bool is_listed(const struct search *s, const struct lw_tuf_metadata *m, const char *role,
		      struct lw_tuf_target *ret)
{
	struct lw_error ignored = { 0 };

	if (lw_tuf_file(m, s->path, &ret->file, &ignored) < 0)
		return false;
	(void)snprintf(s->c->found_role, sizeof(s->c->found_role), "%s", role);
	ret->role = s->c->found_role;
	return true;
}

static int ask(struct search *s, const struct pending *p, const struct lw_tuf_metadata **ret,
	       struct lw_error *e)
{
	struct lw_tuf_client *c = s->c;
	struct lw_tuf_role role = p->role;

	if (s->n_asked == LW_MAX_TUF_DELEGATIONS) {
		(void)lw_fail(e, LW_E_LIMIT, "want at most %zu roles asked",
			      LW_MAX_TUF_DELEGATIONS);
		return lw_tuf_refuse(c, LW_FINDING_TUF_LIMIT, "delegations", e);
	}

	struct asked *asked = &s->asked[s->n_asked++];

	memcpy(asked->name, p->name, sizeof(p->name));
	memcpy(asked->by, p->by, sizeof(p->by));
	role.name = p->name;

	for (size_t i = 0; i < c->n_read; i++)
		if (c->read[i].delegator == p->delegator &&
		    strcmp(c->read[i].name, p->name) == 0) {
			*ret = c->read[i].m;
			return 0;
		}

	struct lw_tuf_read_role *read = &c->read[c->n_read];
	int r = lw_tuf_load_targets(c, p->name, p->delegator, &role, &read->m, e);

	if (r < 0)
		return r;
	read->delegator = p->delegator;
	memcpy(read->name, p->name, sizeof(p->name));
	*ret = read->m;
	c->n_read++;
	c->read_bytes += lw_json_bytes(read->m->doc);
	s->bytes += lw_json_bytes(read->m->doc);
	if (s->bytes > LW_MAX_TUF_SEARCH_BYTES) {
		(void)lw_fail(e, LW_E_LIMIT,
			      "want at most %zu bytes of memory for them, have %zu",
			      LW_MAX_TUF_SEARCH_BYTES, s->bytes);
		return lw_tuf_refuse(c, LW_FINDING_TUF_LIMIT, "delegations", e);
	}
	return 0;
}

static int search(struct search *s, struct lw_tuf_target *ret, struct lw_error *e)
{
	const struct lw_tuf_metadata *m = s->c->targets;

	ret->expires = m->expires;
	if (is_listed(s, m, "targets", ret))
		return 0;
	push_children(s, m, "targets");
	while (s->n > 0) {
		struct pending p = s->stack[--s->n];

		if (was_asked(s, &p))
			continue;

		int r = ask(s, &p, &m, e);

		if (r == 0 && m->expires < ret->expires)
			ret->expires = m->expires;
		if (r < 0 || is_listed(s, m, p.name, ret))
			return r;
		push_children(s, m, p.name);
	}
	(void)lw_fail(e, LW_E_NOTFOUND, "no role lists it that may");
	return lw_tuf_refuse(s->c, LW_FINDING_TUF_TARGET_UNKNOWN, s->path, e);
}

int lw_tuf_search(struct lw_tuf_client *c, const char *path, struct lw_tuf_target *ret,
		  struct lw_error *e)
{
	lw_auto_free struct search *s = lw_alloc_array(1, sizeof(*s));

	*s = (struct search){ .c = c, .path = path };

	int r = search(s, ret, e);

	free(s->stack);
	return r;
}

/* One that is what it should be, for it becomes a part of a name; NULL: none. */
static const char *hash_for_a_name(const struct lw_json *hashes)
{
	static const struct {
		const char *algorithm;
		size_t digits;
	} known[] = { { "sha256", 64 }, { "sha512", 128 }, { "sha384", 96 } };

	for (size_t i = 0; i < LW_COUNT_OF(known); i++)
		for (const struct lw_json *h = lw_json_first(hashes); h; h = lw_json_next(h)) {
			const char *hex = lw_json_string(h);

			if (strcmp(lw_json_key(h), known[i].algorithm) == 0 &&
			    strlen(hex) == known[i].digits &&
			    strspn(hex, "0123456789abcdef") == known[i].digits)
				return hex;
		}
	return NULL;
}

void lw_tuf_client_target_name(const struct lw_tuf_client *c, const char *path,
			       const struct lw_tuf_target *t, struct lw_buf *out)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	const char *hash =
		c->root->consistent_snapshot ? hash_for_a_name(t->file.hashes) : NULL;

	lw_buf_add(out, path, (size_t)(file - path));
	if (hash)
		lw_buf_printf(out, "%s.", hash);
	lw_buf_adds(out, file);
}
