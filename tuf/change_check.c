/* SPDX-License-Identifier: Apache-2.0 */
/* What a change must be before anybody signs it (docs/format/tuf-repository.md). */
#include "base/clock.h"
#include "base/encode.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/text.h"
#include "tuf/change.h"
#include "tuf/change_internal.h"

#include <inttypes.h>
#include <string.h>

static bool is_targets(const char *role)
{
	return strcmp(role, "targets") == 0 || !lw_path_is_top_level(role);
}

/* ---- one document ---- */

static int check_version(const struct lw_change_role *role, struct lw_error *e)
{
	int64_t have = lw_metafile_version(role->next), want = role->base_version + 1;

	if (have != want)
		return lw_fail(e, LW_E_CONFLICT, "want version %lld, have %lld",
			       (long long)want, (long long)have);
	if (role->base_version && !role->base)
		return lw_fail(e, LW_E_FORMAT, "the change lacks the text of version %lld",
			       (long long)role->base_version);
	return 0;
}

static int check_expires(const struct lw_change_role *role, int64_t now_sec, struct lw_error *e)
{
	const char *period = lw_value_get_string(role->next->body, LW_TUF_PERIOD_KEY);
	int64_t expires = lw_metafile_expires(role->next), sec = 0;
	char text[LW_TIME_TEXT];

	if (expires == 0)
		return lw_fail(e, LW_E_FORMAT, "its expiry is no time");
	if (now_sec && expires <= now_sec)
		return lw_fail(e, LW_E_CONFLICT, "it has expired at %s; renew it",
			       lw_time_format(expires, text));
	if (lw_value_get(role->next->body, LW_TUF_PERIOD_KEY) &&
	    (!period || lw_num_duration(lw_span_str(period), &sec, NULL) < 0 || sec <= 0))
		return lw_fail(e, LW_E_FORMAT, "its period is no duration");
	return 0;
}

/* Whether whoever delegates to the role, all the way from targets, lets it name the path,
 * no further than clients go. `seen`: a role is asked once, however many delegate to it. */
static bool is_covered(const struct lw_change *c, const char *name, const char *path,
		       bool *seen, unsigned depth)
{
	if (strcmp(name, "targets") == 0)
		return true;
	for (size_t i = 0; depth > 0 && i < c->n; i++) {
		const struct lw_metafile *m = lw_change_now(&c->roles[i]);
		struct lw_delegation d;

		if (seen[i] || !m || !m->may_delegate || !is_targets(c->roles[i].name) ||
		    !lw_delegation_find(m, name, &d) || !lw_delegation_covers(&d, name, path))
			continue;
		seen[i] = true;
		if (is_covered(c, c->roles[i].name, path, seen, depth - 1))
			return true;
	}
	return false;
}

static int check_target(const struct lw_change *c, const struct lw_change_role *role,
			const struct lw_value *target, struct lw_error *e)
{
	const struct lw_value *before =
		role->base ? lw_value_get_object(role->base->body, "targets") : NULL;
	const struct lw_value *old = lw_value_get(before, target->key);
	const char *hex;
	struct lw_digest digest;
	int r;

	/* What was let in before, perhaps by another program, stays. */
	if (old && lw_value_equal(old, target))
		return 0;
	r = lw_path_check_target(target->key, e);
	if (r < 0)
		return r;
	hex = lw_value_get_string(lw_value_get_object(target, "hashes"), "sha256");
	if (!hex || strlen(hex) != 64 ||
	    lw_hex_decode(lw_span_str(hex), digest.sha256, sizeof(digest.sha256), NULL) < 0)
		return lw_fail(e, LW_E_FORMAT, "%s: no sha256", target->key);

	lw_auto_free bool *seen = lw_alloc_array(c->n, sizeof(*seen));
	if (!is_covered(c, role->name, target->key, seen, LW_MAX_TUF_DELEGATIONS))
		return lw_fail(e, LW_E_CONFLICT,
			       "%s: no delegation lets %s name it: nobody would find it",
			       target->key, LW_CHANGE_SHOW(role->name));
	return 0;
}

static const char *text_of(const struct lw_value *v)
{
	return v->type == LW_JSON_STRING ? v->string : "";
}

static int check_new_delegation(const struct lw_change_role *role,
				const struct lw_delegation *d, struct lw_error *e)
{
	const struct lw_value *paths = lw_value_get_array(d->role, "paths");
	const struct lw_value *prefixes = lw_value_get_array(d->role, "path_hash_prefixes");
	const char *until = lw_value_get_string(d->role, LW_TUF_UNTIL_KEY);
	int64_t sec = 0;
	int r = lw_path_check_role(lw_delegation_name(d), e);

	if (r == 0 && strcmp(lw_delegation_name(d), role->name) == 0)
		r = lw_fail(e, LW_E_CONFLICT, "%s: a role that delegates to itself",
			    role->name);
	if (r == 0 && (lw_delegation_roles(d) == 0 ||
		       lw_delegation_roles(d) > (uint64_t)1 << LW_MAX_TUF_BIN_BITS))
		r = lw_fail(e, LW_E_LIMIT, "%s: want 2 to %u bins", lw_delegation_name(d),
			    1U << LW_MAX_TUF_BIN_BITS);
	for (size_t i = 0; r == 0 && paths && i < paths->n; i++)
		r = lw_path_check_pattern(text_of(paths->list[i]), e);
	for (size_t i = 0; r == 0 && prefixes && i < prefixes->n; i++)
		r = lw_path_check_hash_prefix(text_of(prefixes->list[i]), e);
	if (r == 0 && lw_value_get(d->role, LW_TUF_UNTIL_KEY) &&
	    (!until || lw_time_parse(lw_span_str(until), &sec, NULL) < 0))
		r = lw_fail(e, LW_E_FORMAT, "%s: its end is no time", lw_delegation_name(d));
	return r;
}

static int check_delegations(const struct lw_change_role *role, struct lw_error *e)
{
	for (size_t i = 0; i < lw_delegation_count(role->next); i++) {
		struct lw_delegation d = lw_delegation_at(role->next, i), old;
		bool same = role->base && i < lw_delegation_count(role->base);
		int r = 0;

		if (same) {
			old = lw_delegation_at(role->base, i);
			same = lw_value_equal(old.role, d.role);
		}
		if (!same)
			r = check_new_delegation(role, &d, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_document(struct lw_change *c, const struct lw_change_role *role,
			  int64_t now_sec, struct lw_error *e)
{
	const struct lw_value *targets = lw_value_get_object(role->next->body, "targets");
	const struct lw_value *consistent =
		lw_value_get(role->next->body, "consistent_snapshot");
	int r = check_version(role, e);

	if (r == 0)
		r = check_expires(role, now_sec, e);
	if (r == 0 && strcmp(role->name, "root") == 0 &&
	    (!consistent || consistent->type != LW_JSON_BOOL || !consistent->boolean))
		r = lw_fail(e, LW_E_UNSUPPORTED, "want consistent snapshots");
	if (r == 0 && is_targets(role->name))
		r = check_delegations(role, e);
	for (size_t i = 0; r == 0 && is_targets(role->name) && targets && i < targets->n; i++)
		r = check_target(c, role, targets->list[i], e);
	return r;
}

/* ---- who signs ---- */

struct person {
	struct lw_digest fingerprint;
	const char *name;
};

struct people {
	struct person *list;
	size_t n;
};

static void lw_auto_people_(struct people *p)
{
	free(p->list);
}

/* One public key has one name in all of the repository, as far as we gave it one. */
static int check_people(struct people *people, const struct lw_requirement *q,
			struct lw_error *e)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct lw_holder *h = &q->list[i];
		bool known = false;

		for (size_t j = 0; h->named && j < people->n && !known; j++) {
			known = lw_digest_equal(&people->list[j].fingerprint, &h->fingerprint);
			if (known && strcmp(people->list[j].name, h->name) != 0)
				return lw_fail(e, LW_E_CONFLICT,
					       "one public key is %s's and %s's",
					       people->list[j].name, h->name);
		}
		if (known || !h->named)
			continue;
		people->list =
			lw_realloc_array(people->list, people->n + 1, sizeof(*people->list));
		people->list[people->n++] = (struct person){ h->fingerprint, h->name };
	}
	return 0;
}

static int check_until(const struct lw_change_role *role, const struct lw_requirement *q,
		       struct lw_error *e)
{
	int64_t until = 0;
	char text[LW_TIME_TEXT];

	if (!q->until || !role->next ||
	    lw_time_parse(lw_span_str(q->until), &until, NULL) < 0 ||
	    lw_metafile_expires(role->next) <= until)
		return 0;
	return lw_fail(e, LW_E_CONFLICT, "it would hold until %s, and %s delegates until %s",
		       lw_time_format(lw_metafile_expires(role->next), text), q->by, q->until);
}

/* Where the published document stays, it must be signed as the new keys want it. */
static int check_still_signed(const struct lw_change_role *role, const struct lw_requirement *q,
			      struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf message = { 0 };
	int r = 0;

	if (role->next || !role->base)
		return 0;
	r = lw_metafile_message(role->base, &message, e);
	if (r == 0 &&
	    lw_requirement_count(q, role->base, lw_buf_span(&message)) < (uint64_t)q->threshold)
		r = lw_fail(e, LW_E_CONFLICT,
			    "its keys or threshold have changed in %s: it needs a new version",
			    q->by);
	return r;
}

static int check_signers(struct lw_change *c, struct people *people,
			 struct lw_change_role *role, struct lw_error *e)
{
	struct lw_requirement *list = NULL;
	size_t n = 0;
	int r = lw_change_requirements(c, role, &list, &n, e);

	if (r == 0 && n == 0 && role->next)
		r = lw_fail(e, LW_E_CONFLICT, "nobody delegates to it");
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = check_people(people, &list[i], e);
		if (r == 0)
			r = check_until(role, &list[i], e);
		if (r == 0 && lw_change_count(c) > 0)
			r = check_still_signed(role, &list[i], e);
	}
	return r;
}

/* ---- what lists the others ---- */

static const struct lw_value *meta(const struct lw_change *c, const char *name)
{
	const struct lw_change_role *role = lw_change_find(c, name);
	const struct lw_metafile *m = role ? lw_change_now(role) : NULL;

	return m ? lw_value_get_object(m->body, "meta") : NULL;
}

/* Lengths and hashes that others have listed. */
static int check_bytes(const struct lw_value *entry, const struct lw_change_role *role,
		       struct lw_error *e)
{
	const struct lw_value *length = lw_value_get(entry, "length");
	const char *want = lw_value_get_string(lw_value_get_object(entry, "hashes"), "sha256");
	char have[65];

	if (role->next && (length || lw_value_get(entry, "hashes")))
		return lw_fail(e, LW_E_CONFLICT,
			       "%s: a length or hash is listed before it is signed",
			       LW_CHANGE_SHOW(role->name));
	if (!role->base || role->next)
		return 0;
	if ((length && (length->type != LW_JSON_INTEGER || length->integer < 0 ||
			(uint64_t)length->integer != role->base_text.n)) ||
	    (want && strcmp(want, lw_digest_hex(&role->base_digest, have)) != 0))
		return lw_fail(e, LW_E_CONFLICT, "%s is not the file that is listed",
			       LW_CHANGE_SHOW(role->name));
	return 0;
}

static int check_listed(const struct lw_value *list, const struct lw_change_role *role,
			struct lw_error *e)
{
	lw_auto_free char *file = lw_asprintf("%s.json", role->name);
	const struct lw_value *entry = lw_value_get_object(list, file);
	int64_t want = role->next ? lw_metafile_version(role->next) : role->base_version;
	int64_t have = lw_value_get_integer(entry, "version");

	if (have != want)
		return lw_fail(e, LW_E_CONFLICT, "want %s in version %lld, have %lld",
			       LW_CHANGE_SHOW(file), (long long)want, (long long)have);
	return check_bytes(entry, role, e);
}

/* The snapshot lists every targets role in its version, and no file that nobody knows; the
 * timestamp lists the snapshot. What only the bases say was checked when they were published.
 */
static int check_lists(const struct lw_change *c, struct lw_error *e)
{
	const struct lw_value *snapshot = meta(c, "snapshot"),
			      *timestamp = meta(c, "timestamp");
	const struct lw_change_role *role = lw_change_find(c, "snapshot");
	size_t listed = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && snapshot && i < c->n; i++) {
		if (!is_targets(c->roles[i].name))
			continue;
		listed++;
		r = check_listed(snapshot, &c->roles[i], e);
	}
	if (r == 0 && snapshot && role->next && snapshot->n != listed)
		r = lw_fail(e, LW_E_CONFLICT, "it lists %zu files, and there are %zu",
			    snapshot->n, listed);
	if (r < 0)
		return lw_prefix(e, "snapshot");
	if (timestamp && role)
		r = check_listed(timestamp, role, e);
	return r < 0 ? lw_prefix(e, "timestamp") : 0;
}

/* A document without which the change would leave the repository broken. */
static int check_needed(const struct lw_change *c, struct lw_error *e)
{
	const struct lw_change_role *snapshot = lw_change_find(c, "snapshot");
	const struct lw_change_role *timestamp = lw_change_find(c, "timestamp");

	for (size_t i = 0; i < c->n; i++) {
		const struct lw_change_role *role = &c->roles[i];

		if (role->next && is_targets(role->name) && (!snapshot || !snapshot->next))
			return lw_fail(e, LW_E_CONFLICT,
				       "%s is new, and the snapshot that must list it is not",
				       LW_CHANGE_SHOW(role->name));
	}
	if (snapshot && snapshot->next && (!timestamp || !timestamp->next))
		return lw_fail(
			e, LW_E_CONFLICT,
			"the snapshot is new, and the timestamp that must list it is not");
	for (size_t i = 0; i < 4; i++) {
		static const char *const top[] = { "root", "targets", "snapshot", "timestamp" };
		const struct lw_change_role *role = lw_change_find(c, top[i]);

		if (!role || (!role->base_version && !role->next))
			return lw_fail(e, LW_E_CONFLICT, "there is no %s", top[i]);
	}
	return 0;
}

/* Every role that is delegated to has metadata. */
static int check_delegated_exist(const struct lw_change *c, struct lw_error *e)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct lw_metafile *m = c->roles[i].next;
		size_t n = m && is_targets(c->roles[i].name) ? lw_delegation_count(m) : 0;

		for (size_t j = 0; j < n; j++) {
			struct lw_delegation d = lw_delegation_at(m, j);

			for (uint64_t k = 0; k < lw_delegation_roles(&d); k++) {
				LW_AUTO(buf) struct lw_buf name = { 0 };

				lw_delegation_role_name(&d, k, &name);
				if (!lw_change_find(c, lw_buf_str(&name)))
					return lw_fail(e, LW_E_CONFLICT,
						       "%s delegates to %s, which there is not",
						       LW_CHANGE_SHOW(c->roles[i].name),
						       LW_CHANGE_SHOW(lw_buf_str(&name)));
			}
		}
	}
	return 0;
}

int lw_change_check(struct lw_change *c, int64_t now_sec, struct lw_error *e)
{
	LW_AUTO(people) struct people people = { 0 };
	int r = check_needed(c, e);

	if (r == 0)
		r = check_lists(c, e);
	if (r == 0)
		r = check_delegated_exist(c, e);
	for (size_t i = 0; r == 0 && i < c->n; i++) {
		struct lw_change_role *role = &c->roles[i];

		if (role->next)
			r = check_document(c, role, now_sec, e);
		if (r == 0)
			r = check_signers(c, &people, role, e);
		if (r < 0)
			return lw_prefix(e, "%s", LW_CHANGE_SHOW(role->name));
	}
	return r;
}
