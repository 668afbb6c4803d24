/* SPDX-License-Identifier: Apache-2.0 */
/* Who must sign what is new, and who has. */
#include "base/text.h"
#include "keys/private.h"
#include "tuf/change.h"
#include "tuf/change_internal.h"

#include <string.h>

/* ---- requirements ---- */

int lw_change_requirement(struct lw_change *c, const struct lw_change_role *by,
			  const struct lw_metafile *m, const char *role, bool *ret_there,
			  struct lw_requirement *ret, struct lw_error *e)
{
	struct lw_delegation d;
	char who[256];
	int r;

	*ret_there = lw_delegation_find(m, role, &d);
	if (!*ret_there)
		return 0;
	if (d.role == c->last_role && lw_metafile_version(m) == c->last_version) {
		*ret = c->last;
		return 0;
	}
	(void)snprintf(who, sizeof(who), "%s %lld", LW_CHANGE_SHOW(by->name),
		       (long long)lw_metafile_version(m));
	r = lw_requirement_read(&c->arena, lw_change_keep(c, who), d.keys, d.role, ret, e);
	if (r < 0)
		return lw_prefix(e, "%s: the keys of %s", who, LW_CHANGE_SHOW(role));
	c->last_role = d.role;
	c->last_version = lw_metafile_version(m);
	c->last = *ret;
	return 0;
}

struct list {
	struct lw_requirement *list;
	size_t n;
};

static int add(struct lw_change *c, const struct lw_change_role *by,
	       const struct lw_metafile *m, const char *role, struct list *to,
	       struct lw_error *e)
{
	struct lw_requirement q, *list;
	bool there = false;
	int r = lw_change_requirement(c, by, m, role, &there, &q, e);

	if (r < 0 || !there)
		return r;
	list = lw_arena_alloc(&c->arena, (to->n + 1) * sizeof(*list));
	if (to->n)
		memcpy(list, to->list, to->n * sizeof(*list));
	list[to->n++] = q;
	to->list = list;
	return 0;
}

static bool may_delegate_to(const struct lw_change_role *by, const char *role)
{
	if (lw_path_is_top_level(role))
		return strcmp(by->name, "root") == 0;
	/* Nobody delegates to himself, and of the top level only targets does. */
	return strcmp(by->name, role) != 0 &&
	       (strcmp(by->name, "targets") == 0 || !lw_path_is_top_level(by->name));
}

int lw_change_requirements(struct lw_change *c, const struct lw_change_role *role,
			   struct lw_requirement **ret, size_t *ret_n, struct lw_error *e)
{
	bool is_root = strcmp(role->name, "root") == 0;
	struct list list = { 0 };
	int r = 0;

	if (is_root && role->next && role->base)
		r = add(c, role, role->base, "root", &list, e);
	for (size_t i = 0; r == 0 && i < c->n; i++) {
		const struct lw_metafile *m = lw_change_now(&c->roles[i]);

		if (m && m->may_delegate && may_delegate_to(&c->roles[i], role->name))
			r = add(c, &c->roles[i], m, role->name, &list, e);
	}
	if (r < 0)
		return r;
	*ret = list.list;
	*ret_n = list.n;
	return 0;
}

/* ---- signing ---- */

struct signing {
	struct lw_change *c;
	const struct lw_private_key *key;
	struct lw_digest fingerprint;
	size_t asked, signed_now;
};

static int sign_one(struct signing *s, struct lw_change_role *role, const struct lw_holder *h,
		    struct lw_span message, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf signature = { 0 };
	int r = 0;

	s->asked++;
	if (lw_requirement_check(h, role->next, message) == LW_SIGNED_GOOD)
		return 0;
	r = lw_private_key_sign(s->key, message, &signature, e);
	if (r < 0)
		return r;
	lw_metafile_sign(&s->c->arena, role->next, h->keyid, lw_buf_span(&signature));
	s->signed_now++;
	if (lw_requirement_check(h, role->next, message) != LW_SIGNED_GOOD)
		return lw_fail(e, LW_E_KEY, "%s: what the key signed does not verify",
			       LW_CHANGE_SHOW(role->name));
	return 0;
}

int lw_change_asked(struct lw_change *c, const struct lw_change_role *role,
		    struct lw_buf *message, struct lw_requirement **ret, size_t *ret_n,
		    struct lw_error *e)
{
	int r = lw_metafile_message(role->next, message, e);

	return r == 0 ? lw_change_requirements(c, role, ret, ret_n, e) : r;
}

static int sign_role(struct signing *s, struct lw_change_role *role, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf message = { 0 };
	struct lw_requirement *list = NULL;
	size_t n = 0;
	int r = lw_change_asked(s->c, role, &message, &list, &n, e);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; r == 0 && j < list[i].n; j++)
			if (list[i].list[j].supported &&
			    lw_digest_equal(&list[i].list[j].fingerprint, &s->fingerprint))
				r = sign_one(s, role, &list[i].list[j], lw_buf_span(&message),
					     e);
	return r;
}

int lw_change_sign(struct lw_change *c, const struct lw_private_key *key, const char *role,
		   size_t *ret_signed, struct lw_error *e)
{
	struct signing s = { .c = c, .key = key };
	LW_AUTO(buf) struct lw_buf der = { 0 };
	char text[LW_DIGEST_TEXT];
	int r = lw_private_key_public(key, &der, e);

	if (r < 0)
		return r;
	s.fingerprint = lw_digest_of(lw_buf_span(&der));
	for (size_t i = 0; r == 0 && i < c->n; i++)
		if (c->roles[i].next && (!role || strcmp(role, c->roles[i].name) == 0))
			r = sign_role(&s, &c->roles[i], e);
	if (r == 0 && s.asked == 0)
		r = lw_fail(e, LW_E_CONFLICT,
			    "nothing that is new is for this key to sign (%s)",
			    lw_digest_text(&s.fingerprint, text));
	if (r == 0 && s.signed_now == 0)
		r = lw_fail(e, LW_E_EXISTS, "this key has signed already (%s)",
			    lw_digest_text(&s.fingerprint, text));
	if (r == 0)
		*ret_signed = s.signed_now;
	return r;
}

/* ---- counting ---- */

/* Each signature must be good, and of a key that a requirement names. */
static int check_each(const struct lw_change_role *role, const struct lw_requirement *list,
		      size_t n, struct lw_span message, struct lw_error *e)
{
	for (size_t k = 0; k < role->next->signatures->n; k++) {
		const char *id = lw_value_get_string(role->next->signatures->list[k], "keyid");
		bool asked = false;

		for (size_t i = 0; id && i < n; i++)
			for (size_t j = 0; j < list[i].n; j++) {
				const struct lw_holder *h = &list[i].list[j];

				if (strcmp(h->keyid, id) != 0)
					continue;
				asked = true;
				switch (lw_requirement_check(h, role->next, message)) {
				case LW_SIGNED_GOOD:
					break;
				case LW_SIGNED_UNSUPPORTED:
					return lw_fail(e, LW_E_UNSUPPORTED,
						       "the signature of %s cannot be checked "
						       "by this program",
						       h->name);
				case LW_SIGNED_NOT:
				case LW_SIGNED_BAD:
				default:
					return lw_fail(e, LW_E_SIGNATURE,
						       "the signature of %s does not verify",
						       h->name);
				}
			}
		if (!asked)
			return lw_fail(e, LW_E_SIGNATURE,
				       "a signature by key %.64s, which nobody asks for",
				       LW_CHANGE_SHOW(id ? id : ""));
	}
	return 0;
}

int lw_change_complete(struct lw_change *c, bool *ret_complete, struct lw_error *e)
{
	bool complete = true;

	for (size_t i = 0; i < c->n; i++) {
		struct lw_change_role *role = &c->roles[i];
		LW_AUTO(buf) struct lw_buf message = { 0 };
		struct lw_requirement *list = NULL;
		size_t n = 0;
		int r = 0;

		if (!role->next)
			continue;
		r = lw_change_asked(c, role, &message, &list, &n, e);
		if (r == 0)
			r = check_each(role, list, n, lw_buf_span(&message), e);
		if (r < 0)
			return lw_prefix(e, "%s", LW_CHANGE_SHOW(role->name));
		/* What nobody must sign, nobody can publish. */
		complete = complete && n > 0;
		for (size_t j = 0; j < n; j++)
			complete = complete && lw_requirement_count(&list[j], role->next,
								    lw_buf_span(&message)) >=
						       (uint64_t)list[j].threshold;
	}
	*ret_complete = complete;
	return 0;
}
