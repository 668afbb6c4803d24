/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/tuf_client.h"

#include "base/clock.h"
#include "base/text.h"
#include "verify/tuf_client_internal.h"

#include <string.h>

int lw_tuf_refuse(struct lw_tuf_client *c, enum lw_finding_id reason, const char *what,
		  struct lw_error *e)
{
	char shown[LW_MAX_TUF_ROLE * 2];

	if (c->reason == LW_FINDING_COUNT)
		c->reason = reason;
	int r = lw_prefix(e, "%s", lw_text_escape_str(what, shown, sizeof(shown)));

	return r < 0 ? r : -(int)LW_E_INTERNAL; /* never "fine" */
}

void lw_tuf_quote(const char *role, struct lw_buf *out)
{
	for (; *role; role++) {
		unsigned char b = (unsigned char)*role;
		bool plain = (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') ||
			     (b >= '0' && b <= '9') || strchr("_.-~", b);

		if (plain)
			lw_buf_addc(out, (char)b);
		else
			lw_buf_printf(out, "%%%02X", b);
	}
}

/* ---- one file ---- */

static int refuse_halves(struct lw_tuf_client *c, int r, const char *role, struct lw_error *e)
{
	return lw_tuf_refuse(c, r == -LW_E_LIMIT ? LW_FINDING_TUF_LIMIT : LW_FINDING_TUF_FORMAT,
			     role, e);
}

int lw_tuf_read(struct lw_tuf_client *c, const struct lw_tuf_signed *halves,
		const struct lw_tuf_metadata *delegator, const struct lw_tuf_role *role,
		enum lw_tuf_type type, struct lw_tuf_metadata **ret, struct lw_error *e)
{
	struct lw_proven proven;
	int r = lw_tuf_prove(delegator, role, halves, &proven, e);

	if (r < 0)
		return lw_tuf_refuse(c, LW_FINDING_TUF_THRESHOLD, role->name, e);
	r = lw_tuf_metadata_parse(proven, type, ret, e);
	return r < 0 || !*ret ? lw_tuf_refuse(c, LW_FINDING_TUF_FORMAT, role->name, e) : 0;
}

/* `longer` is what it means if there is more of it. */
static int fetch_within(struct lw_tuf_client *c, const char *name, size_t max,
			enum lw_finding_id longer, struct lw_tuf_taken *out, struct lw_error *e)
{
	const struct lw_tuf_transport *t = &c->options.transport;
	int r = t->fetch(t->data, name, max, &out->file, e);

	if (r == 0)
		return 0;
	return lw_tuf_refuse(c,
			     r == -LW_E_NOTFOUND ? LW_FINDING_TUF_MISSING
			     : r == -LW_E_LIMIT	 ? longer
						 : LW_FINDING_TUF_FETCH,
			     name, e);
}

/* What was fetched, by the box where there is one. */
static int take_apart(struct lw_tuf_client *c, const char *role, struct lw_tuf_taken *t,
		      struct lw_error *e)
{
	struct lw_span file = lw_buf_span(&t->file);
	int r = c->options.split ? c->options.split(c->options.split_data, file, &t->halves, e)
				 : lw_tuf_split(file, &t->halves, e);

	return r < 0 ? refuse_halves(c, r, role, e) : 0;
}

static int fetch(struct lw_tuf_client *c, const char *role, const char *name, size_t max,
		 struct lw_tuf_taken *out, struct lw_error *e)
{
	int r = fetch_within(c, name, max, LW_FINDING_TUF_LIMIT, out, e);

	return r < 0 ? r : take_apart(c, role, out, e);
}

static int load(struct lw_tuf_client *c, const char *role, size_t max, struct lw_tuf_taken *out,
		struct lw_error *e)
{
	const struct lw_tuf_store *s = &c->options.store;
	int r = s->load(s->data, role, max, &out->file, &out->halves, e);

	if (r < 0 || out->halves.message.n > 0)
		return r;
	r = lw_tuf_split(lw_buf_span(&out->file), &out->halves, e);
	return r < 0 ? refuse_halves(c, r, role, e) : 0;
}

/* What is kept of a role, where it still is what it must be; *ret NULL otherwise, and that is
 * no refusal: it is fetched again. A store that cannot say what it keeps is an error: floors
 * must not fall because of it. */
static int kept(struct lw_tuf_client *c, const char *name,
		const struct lw_tuf_metadata *delegator, const struct lw_tuf_role *role,
		enum lw_tuf_type type, const struct lw_tuf_file *want,
		struct lw_tuf_metadata **ret, struct lw_error *e)
{
	LW_AUTO(tuf_taken) struct lw_tuf_taken taken = { 0 };
	LW_AUTO(tuf_metadata) struct lw_tuf_metadata *m = NULL;
	enum lw_finding_id before = c->reason;
	struct lw_error ignored = { 0 };
	int r = load(c, name, LW_MAX_TUF_METADATA_BYTES, &taken, e);

	*ret = NULL;
	if (r < 0 && r != -LW_E_NOTFOUND && r != -LW_E_FORMAT && r != -LW_E_LIMIT)
		return r;
	if (r == 0 && want)
		r = lw_tuf_file_check(want, lw_buf_span(&taken.file), &ignored);
	if (r == 0)
		(void)!lw_tuf_read(c, &taken.halves, delegator, role, type, &m, &ignored);
	c->reason = before;
	if (m && (!want || m->version == want->version))
		*ret = lw_steal(m);
	return 0;
}

static int keep(struct lw_tuf_client *c, const char *name, const struct lw_tuf_taken *t,
		struct lw_error *e)
{
	return c->options.store.save(c->options.store.data, name, lw_buf_span(&t->file),
				     &t->halves, e);
}

static int check_expiry(struct lw_tuf_client *c, const struct lw_tuf_metadata *m,
			const char *name, struct lw_error *e)
{
	char was[LW_TIME_TEXT], now[LW_TIME_TEXT];

	if (m->expires > c->options.now)
		return 0;
	(void)lw_fail(e, LW_E_CONFLICT, "version %lld expired at %s, and it is %s",
		      (long long)m->version, lw_time_format(m->expires, was),
		      lw_time_format(c->options.now, now));
	return lw_tuf_refuse(c, LW_FINDING_TUF_EXPIRED, name, e);
}

static int require_version(struct lw_tuf_client *c, const struct lw_tuf_metadata *m,
			   int64_t want, const char *name, struct lw_error *e)
{
	if (m && m->version == want)
		return 0;
	(void)lw_fail(e, LW_E_CONFLICT, "want version %lld, have %lld", (long long)want,
		      (long long)(m ? m->version : 0));
	return lw_tuf_refuse(c, LW_FINDING_TUF_VERSION, name, e);
}

static int roll_back(struct lw_tuf_client *c, const char *name, int64_t have, int64_t was,
		     struct lw_error *e)
{
	(void)lw_fail(e, LW_E_CONFLICT, "version %lld, after %lld was trusted", (long long)have,
		      (long long)was);
	return lw_tuf_refuse(c, LW_FINDING_TUF_ROLLBACK, name, e);
}

static void replace(struct lw_tuf_metadata **place, struct lw_tuf_metadata *m)
{
	lw_tuf_metadata_free(*place);
	*place = m;
}

/* ---- root (5.3) ---- */

/* A root speaks for itself, too. */
static int read_root(struct lw_tuf_client *c, const struct lw_tuf_signed *halves,
		     const struct lw_tuf_metadata *before, struct lw_tuf_metadata **ret,
		     struct lw_error *e)
{
	LW_AUTO(tuf_metadata) struct lw_tuf_metadata *root = NULL;
	struct lw_proven proven;
	int r;

	if (before) {
		r = lw_tuf_prove(before, lw_tuf_root_role(before, "root"), halves, &proven, e);
		if (r < 0)
			return lw_tuf_refuse(c, LW_FINDING_TUF_THRESHOLD,
					     "root, by the one before", e);
	} else {
		/* Provisioned by hand: what it rests on is that somebody put it there. */
		proven.bytes = lw_buf_span(&halves->message);
	}
	r = lw_tuf_metadata_parse(proven, LW_TUF_ROOT, &root, e);
	if (r < 0 || !root)
		return lw_tuf_refuse(c, LW_FINDING_TUF_FORMAT, "root", e);
	r = lw_tuf_prove(root, lw_tuf_root_role(root, "root"), halves, &proven, e);
	if (r < 0)
		return lw_tuf_refuse(c, LW_FINDING_TUF_THRESHOLD, "root, by itself", e);
	*ret = lw_steal(root);
	return 0;
}

static bool has_key(const struct lw_tuf_metadata *root, const struct lw_tuf_role *role,
		    const struct lw_key *key)
{
	for (size_t i = 0; i < role->n_keyids; i++)
		for (size_t k = 0; k < root->n_keys; k++)
			if (root->keys[k].key &&
			    strcmp(root->keys[k].keyid, role->keyids[i]) == 0 &&
			    lw_digest_equal(lw_key_fingerprint(root->keys[k].key),
					    lw_key_fingerprint(key)))
				return true;
	return false;
}

/* Whether a role lost a key: then what it signed before may be what it lost it for. */
static bool is_rotated(const struct lw_tuf_metadata *from, const struct lw_tuf_metadata *to,
		       const char *name)
{
	const struct lw_tuf_role *old = lw_tuf_root_role(from, name);

	for (size_t k = 0; k < from->n_keys; k++)
		if (from->keys[k].key && has_key(from, old, from->keys[k].key) &&
		    !has_key(to, lw_tuf_root_role(to, name), from->keys[k].key))
			return true;
	return false;
}

/* 5.3.11: a version that only attackers made must not be remembered once they were thrown out.
 */
static int forget_rotated(struct lw_tuf_client *c, const struct lw_tuf_metadata *next,
			  struct lw_error *e)
{
	const struct lw_tuf_store *s = &c->options.store;

	if (!is_rotated(c->root, next, "timestamp") && !is_rotated(c->root, next, "snapshot"))
		return 0;

	int r = s->drop(s->data, "timestamp", e);

	return r < 0 ? r : s->drop(s->data, "snapshot", e);
}

static int step_root(struct lw_tuf_client *c, bool *ret_more, struct lw_error *e)
{
	LW_AUTO(tuf_taken) struct lw_tuf_taken taken = { 0 };
	LW_AUTO(tuf_metadata) struct lw_tuf_metadata *next = NULL;
	char name[40];
	int r;

	(void)snprintf(name, sizeof(name), "%lld.root.json", (long long)c->root->version + 1);
	r = fetch(c, "root", name, LW_MAX_TUF_ROOT_BYTES, &taken, e);
	*ret_more = r == 0;
	if (r == -LW_E_NOTFOUND) {
		c->reason = LW_FINDING_COUNT;
		return 0;
	}
	if (r == 0)
		r = read_root(c, &taken.halves, c->root, &next, e);
	if (r == 0)
		r = require_version(c, next, c->root->version + 1, "root", e);
	if (r == 0)
		r = keep(c, "root", &taken, e);
	if (r == 0)
		r = forget_rotated(c, next, e);
	if (r == 0)
		replace(&c->root, lw_steal(next));
	return r;
}

static int walk_roots(struct lw_tuf_client *c, struct lw_error *e)
{
	bool more = true;
	int r = 0;

	for (size_t i = 0; i < LW_MAX_TUF_ROTATIONS && more && r == 0; i++)
		r = step_root(c, &more, e);
	return r < 0 ? r : check_expiry(c, c->root, "root", e);
}

/* ---- timestamp (5.4) ---- */

static int snapshot_of(struct lw_tuf_client *c, const struct lw_tuf_metadata *timestamp,
		       struct lw_tuf_file *ret, struct lw_error *e)
{
	int r = lw_tuf_file(timestamp, "snapshot.json", ret, e);

	return r < 0 ? lw_tuf_refuse(c, LW_FINDING_TUF_FORMAT, "timestamp: snapshot.json", e)
		     : 0;
}

static int compare_timestamps(struct lw_tuf_client *c, const struct lw_tuf_metadata *next,
			      struct lw_error *e)
{
	struct lw_tuf_file was = { 0 }, is = { 0 };
	int r = snapshot_of(c, next, &is, e);

	if (r < 0 || !c->timestamp)
		return r;
	if (next->version < c->timestamp->version)
		return roll_back(c, "timestamp", next->version, c->timestamp->version, e);
	/* The same version says nothing new, whatever it says (5.4.3.1). */
	if (next->version == c->timestamp->version)
		return 0;
	r = snapshot_of(c, c->timestamp, &was, e);
	if (r == 0 && is.version < was.version)
		r = roll_back(c, "snapshot", is.version, was.version, e);
	return r;
}

static int update_timestamp(struct lw_tuf_client *c, struct lw_error *e)
{
	LW_AUTO(tuf_taken) struct lw_tuf_taken taken = { 0 };
	LW_AUTO(tuf_metadata) struct lw_tuf_metadata *next = NULL;
	const struct lw_tuf_role *role = lw_tuf_root_role(c->root, "timestamp");
	int r;

	replace(&c->timestamp, NULL);
	r = kept(c, "timestamp", c->root, role, LW_TUF_TIMESTAMP, NULL, &c->timestamp, e);
	if (r == 0)
		r = fetch(c, "timestamp", "timestamp.json", LW_MAX_TUF_TIMESTAMP_BYTES, &taken,
			  e);
	if (r == 0)
		r = lw_tuf_read(c, &taken.halves, c->root, role, LW_TUF_TIMESTAMP, &next, e);
	if (r == 0)
		r = compare_timestamps(c, next, e);
	if (r != 0)
		return r;
	if (c->timestamp && next->version == c->timestamp->version)
		return check_expiry(c, c->timestamp, "timestamp", e);
	r = check_expiry(c, next, "timestamp", e);
	if (r == 0)
		r = keep(c, "timestamp", &taken, e);
	if (r == 0)
		replace(&c->timestamp, lw_steal(next));
	return r;
}

/* ---- snapshot (5.5) ---- */

static int compare_snapshots(struct lw_tuf_client *c, const struct lw_tuf_metadata *was,
			     const struct lw_tuf_metadata *next, struct lw_error *e)
{
	for (size_t i = 0; was && i < was->n_files; i++) {
		const char *name = lw_json_key(was->files[i]);
		struct lw_tuf_file before = { 0 }, after = { 0 };
		int r = lw_tuf_file(was, name, &before, e);

		if (r == 0)
			r = lw_tuf_file(next, name, &after, e);
		if (r < 0)
			return lw_tuf_refuse(c, LW_FINDING_TUF_ROLLBACK, name, e);
		if (after.version < before.version)
			return roll_back(c, name, after.version, before.version, e);
	}
	return 0;
}

/* Fetches what the file before says of this one. */
static int fetch_said(struct lw_tuf_client *c, const char *role, const struct lw_tuf_file *said,
		      size_t max, struct lw_tuf_taken *out, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf name = { 0 };
	enum lw_finding_id longer = LW_FINDING_TUF_LIMIT;
	int r;

	if (c->root->consistent_snapshot)
		lw_buf_printf(&name, "%lld.", (long long)said->version);
	lw_tuf_quote(role, &name);
	lw_buf_adds(&name, ".json");
	if (said->has_length && said->length < max) {
		max = (size_t)said->length;
		longer = LW_FINDING_TUF_HASH;
	}
	r = fetch_within(c, lw_buf_str(&name), max, longer, out, e);
	if (r < 0)
		return r;
	r = lw_tuf_file_check(said, lw_buf_span(&out->file), e);
	return r < 0 ? lw_tuf_refuse(c, LW_FINDING_TUF_HASH, role, e)
		     : take_apart(c, role, out, e);
}

static int update_snapshot(struct lw_tuf_client *c, struct lw_error *e)
{
	LW_AUTO(tuf_taken) struct lw_tuf_taken taken = { 0 };
	LW_AUTO(tuf_metadata) struct lw_tuf_metadata *was = NULL;
	LW_AUTO(tuf_metadata) struct lw_tuf_metadata *next = NULL;
	const struct lw_tuf_role *role = lw_tuf_root_role(c->root, "snapshot");
	struct lw_tuf_file said = { 0 };
	int r = snapshot_of(c, c->timestamp, &said, e);

	if (r < 0)
		return r;
	replace(&c->snapshot, NULL);
	r = kept(c, "snapshot", c->root, role, LW_TUF_SNAPSHOT, &said, &c->snapshot, e);
	if (r < 0 || c->snapshot)
		return r < 0 ? r : check_expiry(c, c->snapshot, "snapshot", e);
	r = kept(c, "snapshot", c->root, role, LW_TUF_SNAPSHOT, NULL, &was, e);
	if (r == 0)
		r = fetch_said(c, "snapshot", &said, LW_MAX_TUF_SNAPSHOT_BYTES, &taken, e);
	if (r == 0)
		r = lw_tuf_read(c, &taken.halves, c->root, role, LW_TUF_SNAPSHOT, &next, e);
	if (r == 0)
		r = require_version(c, next, said.version, "snapshot", e);
	if (r == 0)
		r = compare_snapshots(c, was, next, e);
	if (r == 0)
		r = check_expiry(c, next, "snapshot", e);
	if (r == 0)
		r = keep(c, "snapshot", &taken, e);
	if (r == 0)
		replace(&c->snapshot, lw_steal(next));
	return r;
}

/* ---- targets (5.6) ---- */

int lw_tuf_load_targets(struct lw_tuf_client *c, const char *name,
			const struct lw_tuf_metadata *delegator, const struct lw_tuf_role *role,
			struct lw_tuf_metadata **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf file_name = { 0 };
	LW_AUTO(tuf_taken) struct lw_tuf_taken taken = { 0 };
	LW_AUTO(tuf_metadata) struct lw_tuf_metadata *m = NULL;
	struct lw_tuf_file said = { 0 };
	int r;

	lw_buf_printf(&file_name, "%s.json", name);
	r = lw_tuf_file(c->snapshot, lw_buf_str(&file_name), &said, e);
	if (r < 0)
		return lw_tuf_refuse(c, LW_FINDING_TUF_MISSING, lw_buf_str(&file_name), e);
	r = kept(c, name, delegator, role, LW_TUF_TARGETS, &said, &m, e);
	if (r == 0 && m && m->expires > c->options.now)
		*ret = lw_steal(m);
	if (r < 0 || *ret)
		return r;
	r = fetch_said(c, name, &said, LW_MAX_TUF_METADATA_BYTES, &taken, e);
	if (r == -LW_E_NOTFOUND && m) { /* it is kept, and has expired: that is why */
		c->reason = LW_FINDING_COUNT;
		return check_expiry(c, m, name, e);
	}
	replace(&m, NULL);
	if (r == 0)
		r = lw_tuf_read(c, &taken.halves, delegator, role, LW_TUF_TARGETS, &m, e);
	if (r == 0)
		r = require_version(c, m, said.version, name, e);
	if (r == 0)
		r = check_expiry(c, m, name, e);
	if (r == 0)
		r = keep(c, name, &taken, e);
	if (r == 0)
		*ret = lw_steal(m);
	return r;
}

/* ---- the client ---- */

static void forget_searches(struct lw_tuf_client *c)
{
	while (c->n_read > 0)
		lw_tuf_metadata_free(c->read[--c->n_read].m);
	c->read_bytes = 0;
}

static int done(struct lw_tuf_client *c, int r, enum lw_finding_id *ret_reason)
{
	if (r < 0)
		*ret_reason = c->reason;
	return r;
}

int lw_tuf_client_open(const struct lw_tuf_options *options, struct lw_tuf_client **ret,
		       enum lw_finding_id *ret_reason, struct lw_error *e)
{
	LW_AUTO(tuf_client) struct lw_tuf_client *c = lw_alloc_array(1, sizeof(*c));
	LW_AUTO(tuf_taken) struct lw_tuf_taken taken = { 0 };
	int r;

	c->options = *options;
	c->reason = LW_FINDING_COUNT;
	r = load(c, "root", LW_MAX_TUF_ROOT_BYTES, &taken, e);
	if (r == 0)
		r = read_root(c, &taken.halves, NULL, &c->root, e);
	if (r < 0)
		return done(c, lw_prefix(e, "the trusted root"), ret_reason);
	*ret = lw_steal(c);
	return 0;
}

int lw_tuf_client_refresh(struct lw_tuf_client *c, enum lw_finding_id *ret_reason,
			  struct lw_error *e)
{
	struct lw_tuf_metadata *targets = NULL;

	c->reason = LW_FINDING_COUNT;
	forget_searches(c);

	int r = walk_roots(c, e);

	if (r == 0)
		r = update_timestamp(c, e);
	if (r == 0)
		r = update_snapshot(c, e);
	if (r == 0)
		r = lw_tuf_load_targets(c, "targets", c->root,
					lw_tuf_root_role(c->root, "targets"), &targets, e);
	if (r == 0)
		replace(&c->targets, targets);
	return done(c, r, ret_reason);
}

void lw_tuf_client_free(struct lw_tuf_client *c)
{
	if (!c)
		return;
	forget_searches(c);
	lw_tuf_metadata_free(c->root);
	lw_tuf_metadata_free(c->timestamp);
	lw_tuf_metadata_free(c->snapshot);
	lw_tuf_metadata_free(c->targets);
	free(c);
}

const struct lw_tuf_metadata *lw_tuf_client_trusted(const struct lw_tuf_client *c,
						    enum lw_tuf_type type)
{
	const struct lw_tuf_metadata *const all[] = { c->root, c->timestamp, c->snapshot,
						      c->targets };

	return all[type];
}

int lw_tuf_client_find(struct lw_tuf_client *c, const char *path, struct lw_tuf_target *ret,
		       enum lw_finding_id *ret_reason, struct lw_error *e)
{
	c->reason = LW_FINDING_COUNT;
	if (c->n_read > LW_MAX_TUF_DELEGATIONS || c->read_bytes > LW_MAX_TUF_SEARCH_BYTES / 2)
		forget_searches(c);
	if (!c->targets)
		return done(c, lw_fail(e, LW_E_INTERNAL, "nothing was refreshed"), ret_reason);
	return done(c, lw_tuf_search(c, path, ret, e), ret_reason);
}
