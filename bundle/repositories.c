/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/repositories.h"

#include "base/clock.h"
#include "base/mem.h"
#include "bundle/box.h"
#include "bundle/carried_source.h"
#include "bundle/kept.h"
#include "verify/binding.h"

#include <string.h>

/* One repository. */
struct followed {
	struct lw_repositories *all;
	const struct lw_repository *repository;
	const struct lw_carried *carried; /* NULL: the bundle brings nothing of it */
	struct lw_kept kept;
	char key[65]; /* what the state calls it: its pin, whatever policy calls it */
	struct lw_box_tuf *box;
	bool broken; /* the box, and what it said */
	bool tried, refused;
	struct lw_tuf_client *client;
};

struct lw_repositories {
	struct lw_repositories_options options;
	struct followed *list; /* one for each of the policy's */
	size_t n;
};

/* ---- the transport ---- */

/* Of a repository that the bundle does not bring, what is kept stands as it is: it has not
 * changed, until it expires. */
static int fetch_kept(struct followed *f, const char *name, struct lw_buf *out,
		      struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf halves = { 0 };
	int r;

	if (strcmp(name, "timestamp.json") != 0)
		return lw_fail(e, LW_E_NOTFOUND, "not in this bundle");
	r = lw_kept_get(&f->kept, "timestamp", out, &halves, e);
	return r == -LW_E_NOTFOUND
		       ? lw_fail(e, LW_E_NOTFOUND, "not in this bundle, nor kept from before")
		       : r;
}

static int fetch(void *data, const char *name, size_t max, struct lw_buf *out,
		 struct lw_error *e)
{
	struct followed *f = data;
	const struct lw_repositories_options *o = &f->all->options;
	struct lw_carried_source carried = { f->carried, o->read, o->data };

	return f->carried ? lw_carried_fetch(&carried, name, max, out, e)
			  : fetch_kept(f, name, out, e);
}

static int split(void *data, struct lw_span file, struct lw_tuf_signed *ret, struct lw_error *e)
{
	struct followed *f = data;
	int r = f->box ? 0 : lw_box_tuf_open(f->all->options.program, &f->box, e);

	if (r == 0)
		r = lw_box_tuf_split(f->box, file, ret, e);
	f->broken = r == -LW_E_JAIL || r == -LW_E_STATE;
	return r;
}

/* ---- following ---- */

static const char *object(const struct followed *f, char text[LW_MAX_LABEL + 16])
{
	(void)snprintf(text, LW_MAX_LABEL + 16, "repository %s", f->repository->name);
	return text;
}

/* What the client would not take. LW_E_STATE from the box: there can be none, whatever the
 * file. */
static int refuse(struct followed *f, enum lw_finding_id reason, struct lw_verdict *v,
		  struct lw_error *e)
{
	char text[LW_MAX_LABEL + 16];

	if (reason == LW_FINDING_COUNT || (f->broken && e->code == LW_E_STATE))
		return -(int)e->code;
	lw_verdict_add(v, f->broken ? LW_FINDING_EVIDENCE_BOX : reason, object(f, text),
		       "metadata to be followed from what is trusted", e->text);
	f->refused = true;
	return 0;
}

/* What the bundle brings as the root that policy pins must be that one: two repositories of one
 * vendor may have the same keys. */
static int compare_with_pin(struct followed *f, struct lw_verdict *v, struct lw_error *e)
{
	LW_AUTO(tuf_signed) struct lw_tuf_signed halves = { 0 };
	LW_AUTO(buf) struct lw_buf file = { 0 };
	char name[40], text[LW_MAX_LABEL + 16], want[LW_DIGEST_TEXT], have[LW_DIGEST_TEXT];
	struct lw_digest digest;
	int r;

	(void)snprintf(name, sizeof(name), "%lld.root.json",
		       (long long)f->repository->root_version);
	if (!f->carried || !lw_carried_find(f->carried, name))
		return 0;
	r = fetch(f, name, LW_MAX_TUF_ROOT_BYTES, &file, e);
	if (r == 0)
		r = split(f, lw_buf_span(&file), &halves, e);
	if (r < 0)
		return refuse(f, LW_FINDING_TUF_FORMAT, v, e);
	digest = lw_digest_of(lw_buf_span(&halves.message));
	if (lw_digest_equal(&digest, &f->repository->root_signed))
		return 0;
	lw_verdict_add(v, LW_FINDING_TUF_OTHER_ROOT, object(f, text),
		       lw_digest_text(&f->repository->root_signed, want),
		       lw_digest_text(&digest, have));
	f->refused = true;
	return 0;
}

/* That a newer root is not here proves nothing: the sender says how far it could see. */
static void compare_with_said(struct followed *f, struct lw_verdict *v)
{
	const struct lw_tuf_metadata *root = lw_tuf_client_trusted(f->client, LW_TUF_ROOT);
	char text[LW_MAX_LABEL + 16], want[64], have[64];

	if (!f->carried || root->version >= f->carried->newest_root)
		return;
	(void)snprintf(want, sizeof(want), "root %lld, which the sender saw",
		       (long long)f->carried->newest_root);
	(void)snprintf(have, sizeof(have), "roots up to %lld", (long long)root->version);
	lw_verdict_add(v, LW_FINDING_TUF_MISSING, object(f, text), want, have);
	f->refused = true;
}

/* What is taken by policy's grace alone is told in every verdict. */
static void tell_grace(const struct followed *f, struct lw_verdict *v)
{
	int64_t hi = f->all->options.now->hi;

	for (unsigned t = LW_TUF_ROOT; t <= LW_TUF_TARGETS; t++) {
		const struct lw_tuf_metadata *m =
			lw_tuf_client_trusted(f->client, (enum lw_tuf_type)t);
		char text[LW_MAX_LABEL + 16], end[LW_TIME_TEXT], was[LW_TIME_TEXT];

		if (m->expires > hi)
			continue;
		lw_verdict_addf(v, LW_FINDING_TUF_GRACE, object(f, text),
				"metadata that has not expired",
				"%s %lld, expired at %s; by policy taken until %s",
				lw_tuf_type_name((enum lw_tuf_type)t), (long long)m->version,
				lw_time_format(m->expires, was),
				lw_time_format(m->expires + f->repository->grace_sec, end));
	}
}

static int follow(struct followed *f, struct lw_verdict *v, struct lw_error *e)
{
	const struct lw_tuf_options options = {
		.transport = { .fetch = fetch, .data = f },
		.store = lw_kept_store(&f->kept),
		.split = split,
		.split_data = f,
		.now = f->all->options.stale
			       ? INT64_MIN
			       : f->all->options.now->hi - f->repository->grace_sec,
	};
	enum lw_finding_id reason = LW_FINDING_COUNT;
	int r = compare_with_pin(f, v, e);

	if (r < 0 || f->refused)
		return r;
	r = lw_tuf_client_open(&options, &f->client, &reason, e);
	/* What is kept was proven before: if it is not that any more, the state is at fault. */
	if (r < 0)
		return r;
	r = lw_tuf_client_refresh(f->client, &reason, e);
	if (r < 0)
		return refuse(f, reason, v, e);
	compare_with_said(f, v);
	tell_grace(f, v);
	return 0;
}

/* A kept root that is what policy pins now: the vendor's next one, most likely. */
static int is_pin(void *data, const char *repository, const struct lw_digest *first,
		  struct lw_span halves, struct lw_error *e)
{
	struct followed *f = data;
	LW_AUTO(tuf_signed) struct lw_tuf_signed root = { 0 };
	struct lw_digest digest;

	if (strcmp(repository, LW_OWN_REPOSITORY) == 0 ||
	    lw_tuf_signed_take(&halves, &root, e) < 0)
		return 0;
	digest = lw_digest_of(lw_buf_span(&root.message));
	if (!lw_digest_equal(&digest, &f->repository->root_signed))
		return 0;
	(void)snprintf(f->key, sizeof(f->key), "%s", repository);
	f->kept.first = *first;
	f->kept.known = true;
	return 0;
}

/* What is kept under this pin; else what has come to be it. */
static int find_kept(struct followed *f, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf file = { 0 }, halves = { 0 };
	int r = lw_state_tuf_get(f->kept.state, f->key, &f->kept.first, "timestamp", &file,
				 &halves, e);

	f->kept.known = r == 0;
	return r == -LW_E_NOTFOUND ? lw_state_each_tuf_root(f->kept.state, is_pin, f, e) : r;
}

int lw_repositories_known(struct lw_repositories *r, const struct lw_repository *which,
			  bool *ret, struct lw_error *e)
{
	struct followed *f = &r->list[which - r->options.policy->repositories];
	int rc = find_kept(f, e);

	*ret = f->kept.known;
	return rc;
}

int lw_repositories_follow(struct lw_repositories *r, const struct lw_repository *which,
			   struct lw_verdict *v, struct lw_tuf_client **ret, struct lw_error *e)
{
	struct followed *f = &r->list[which - r->options.policy->repositories];
	int rc = f->tried ? 0 : find_kept(f, e);

	if (!f->tried && rc == 0)
		rc = follow(f, v, e);
	f->tried = true;
	if (rc < 0 || f->refused) /* it may have stopped anywhere: nothing is read from it */
		lw_tuf_client_free(lw_steal(f->client));
	*ret = rc < 0 || f->refused ? NULL : f->client;
	return rc;
}

/* The accepted images that stand on a repository. */
struct standing {
	struct followed *f;
	char **paths; /* owned; their targets */
	size_t n;
};

static int note_standing(void *data, const struct lw_state_image *image, struct lw_error *e)
{
	struct standing *s = data;
	const struct lw_rule *rule =
		lw_policy_rule(s->f->all->options.policy, image->name, image->zone);
	char *path;

	(void)e;
	if (image->superseded || !rule || rule->repository != s->f->repository)
		return 0;
	path = lw_binding_path(rule->repository, image->name);
	if (!path)
		return 0;
	s->paths = lw_realloc_array(s->paths, s->n + 1, sizeof(char *));
	s->paths[s->n++] = path;
	return 0;
}

/* The roles that list what is here already are asked for while they are at hand: a next
 * snapshot would not take the old ones. That one is not listed any more is for those who judge
 * it again. */
static int ask_for_standing(struct followed *f, struct lw_error *e)
{
	struct standing s = { .f = f };
	int r = lw_state_each_image(f->all->options.enclave->state, note_standing, &s, e);

	for (size_t i = 0; i < s.n; i++) {
		enum lw_finding_id reason = LW_FINDING_COUNT;
		struct lw_tuf_target ignored;
		struct lw_error why = { 0 };

		if (r == 0 &&
		    lw_tuf_client_find(f->client, s.paths[i], &ignored, &reason, &why) < 0 &&
		    reason == LW_FINDING_COUNT) {
			*e = why;
			r = -(int)e->code;
		}
		free(s.paths[i]);
	}
	free(s.paths);
	return r;
}

int lw_repositories_follow_carried(struct lw_repositories *r, struct lw_verdict *v,
				   struct lw_error *e)
{
	struct lw_tuf_client *client;
	int rc = 0;

	for (size_t i = 0; i < r->options.n_carried && rc == 0; i++) {
		const char *name = r->options.carried[i].repository;
		const struct lw_repository *known =
			lw_policy_repository(r->options.policy, name);

		if (r->options.own && strcmp(name, LW_OWN_REPOSITORY) == 0)
			continue; /* was followed before all others (bundle/gate_trust.c) */
		if (known) {
			rc = lw_repositories_follow(r, known, v, &client, e);
			if (rc == 0 && client)
				rc = ask_for_standing(
					&r->list[known - r->options.policy->repositories], e);
		} else {
			lw_verdict_add(v, LW_FINDING_TUF_UNUSED, name,
				       "a repository that policy knows",
				       "metadata that nothing here asks for");
		}
	}
	return rc;
}

int lw_image_bind(struct lw_repositories *r, const struct lw_blob_source *source,
		  const struct lw_image *image, const struct lw_judged *judged,
		  struct lw_verdict *v, struct lw_judgement *j, struct lw_error *e)
{
	const struct lw_repository *which = j->rule->repository;
	LW_AUTO(buf) struct lw_buf manifest = { 0 };
	struct lw_tuf_client *client = NULL;
	int rc = lw_repositories_follow(r, which, v, &client, e);

	if (rc < 0)
		return rc;
	if (!client) {
		(void)snprintf(j->tuf.text, sizeof(j->tuf.text),
			       "%s could not be followed: see its finding", which->name);
		j->met = false;
		return 0;
	}
	rc = source->read(source->data, &image->digest, image->size, LW_MAX_MANIFEST_BYTES,
			  &manifest, e);
	return rc < 0 ? rc
		      : lw_binding_judge(client, which, judged, lw_buf_span(&manifest), v, j,
					 e);
}

/* ---- outcome ---- */

void lw_repositories_list(const struct lw_repositories *r, struct lw_followed **ret,
			  size_t *ret_n)
{
	*ret = lw_alloc_array(r->n, sizeof(**ret));
	*ret_n = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct followed *f = &r->list[i];
		struct lw_followed *out = &(*ret)[*ret_n];

		if (!f->tried || f->refused || !f->client)
			continue;
		(void)snprintf(out->repository, sizeof(out->repository), "%s",
			       f->repository->name);
		for (unsigned t = LW_TUF_ROOT; t <= LW_TUF_TARGETS; t++) {
			const struct lw_tuf_metadata *m =
				lw_tuf_client_trusted(f->client, (enum lw_tuf_type)t);

			out->roles[t] = (struct lw_followed_role){ m->version, m->expires };
		}
		++*ret_n;
	}
}

void lw_followed_write(const struct lw_followed *list, size_t n, struct lw_json_writer *w)
{
	static const enum lw_tuf_type sorted[] = { LW_TUF_ROOT, LW_TUF_SNAPSHOT, LW_TUF_TARGETS,
						   LW_TUF_TIMESTAMP };
	char time[LW_TIME_TEXT];

	lw_json_w_array(w);
	for (size_t i = 0; i < n; i++) {
		lw_json_w_object(w);
		lw_json_w_member(w, "repository", list[i].repository);
		for (size_t k = 0; k < LW_COUNT_OF(sorted); k++) {
			const struct lw_followed_role *role = &list[i].roles[sorted[k]];

			lw_json_w_key(w, lw_tuf_type_name(sorted[k]));
			lw_json_w_object(w);
			lw_json_w_member(w, "expires", lw_time_format(role->expires, time));
			lw_json_w_member_integer(w, "version", role->version);
			lw_json_w_end_object(w);
		}
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

int lw_repositories_commit(const struct lw_repositories *r, struct lw_error *e)
{
	int rc = 0;

	for (size_t i = 0; i < r->n && rc == 0; i++)
		rc = lw_kept_commit(&r->list[i].kept, e);
	return rc;
}

/* ---- opening ---- */

void lw_repositories_open(const struct lw_repositories_options *options,
			  struct lw_repositories **ret)
{
	struct lw_repositories *r = lw_alloc_array(1, sizeof(*r));
	const struct lw_policy *p = options->policy;

	r->options = *options;
	r->n = p->n_repositories;
	r->list = lw_alloc_array(r->n, sizeof(*r->list));
	for (size_t i = 0; i < r->n; i++) {
		struct followed *f = &r->list[i];

		f->all = r;
		f->repository = &p->repositories[i];
		f->kept = (struct lw_kept){
			.state = options->enclave->state,
			.repository = f->key,
			.root = lw_buf_span(&f->repository->root),
			.first = f->repository->root_signed,
		};
		(void)lw_digest_hex(&f->kept.first, f->key);
		for (size_t k = 0; k < options->n_carried; k++)
			if (strcmp(options->carried[k].repository, f->repository->name) == 0)
				f->carried = &options->carried[k];
	}
	*ret = r;
}

static void release(struct followed *f)
{
	lw_tuf_client_free(f->client);
	lw_box_tuf_close(f->box);
	lw_kept_release(&f->kept);
}

void lw_repositories_close(struct lw_repositories *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		release(&r->list[i]);
	free(r->list);
	free(r);
}
