/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/trust_update.h"

#include "base/mem.h"
#include "base/text.h"
#include "bundle/kept.h"
#include "bundle/standing.h"

#include <string.h>

#define OBJECT	    "the enclave's repository"
#define MOST_LISTED 64 /* in a record */

struct lw_trust_update {
	struct lw_enclave *enclave;
	struct lw_clock clock;
	struct lw_trust_update_options options;
	struct lw_trust_updated *to;
	struct lw_interval interval;
	struct lw_kept kept;
	struct lw_own_trust trust;
};

/* ---- what is different ---- */

const char *lw_trust_change_name(enum lw_trust_change c)
{
	static const char *const names[] = { "added", "removed", "changed" };

	return names[c];
}

static void differ(struct lw_trust_updated *u, const char *name, enum lw_trust_change change)
{
	u->list = lw_realloc_array(u->list, u->n + 1, sizeof(*u->list));
	u->list[u->n++] =
		(struct lw_trust_difference){ .name = lw_strdup(name), .change = change };
}

static int compare_old(void *data, const struct lw_trust_file *old, struct lw_error *e)
{
	struct lw_trust_update *u = data;

	(void)e;
	for (size_t i = 0; i < u->trust.n_files; i++)
		if (strcmp(u->trust.files[i].name, old->name) == 0) {
			if (!lw_span_equal(u->trust.files[i].bytes, old->bytes))
				differ(u->to, old->name, LW_TRUST_CHANGED);
			return 0;
		}
	differ(u->to, old->name, LW_TRUST_REMOVED);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct lw_trust_difference *)a)->name,
		      ((const struct lw_trust_difference *)b)->name);
}

static int compare(struct lw_trust_update *u, struct lw_error *e)
{
	struct lw_error ignored;
	int r = lw_state_each_trust(u->enclave->state, compare_old, u, e);

	for (size_t i = 0; r == 0 && i < u->trust.n_files; i++) {
		LW_AUTO(buf) struct lw_buf old = { 0 };
		const char *name = u->trust.files[i].name;

		if (lw_state_trust_get(u->enclave->state, name, &old, &ignored) ==
		    -LW_E_NOTFOUND)
			differ(u->to, name, LW_TRUST_ADDED);
	}
	lw_sort(u->to->list, u->to->n, sizeof(*u->to->list), compare_names);
	return r;
}

/* ---- following it ---- */

/* The pin that `init` left, and the root itself, which is kept beside it. */
static int open_kept(struct lw_trust_update *u, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf pin = { 0 };
	int r = lw_state_get(u->enclave->state, "trust.root", &pin, e);

	if (r == -LW_E_NOTFOUND)
		return lw_fail(e, LW_E_USAGE,
			       "this enclave has no repository of its own; its trust stays");
	u->kept =
		(struct lw_kept){ .state = u->enclave->state, .repository = LW_OWN_REPOSITORY };
	return r < 0 ? r : lw_digest_parse(lw_buf_span(&pin), &u->kept.first, e);
}

static int follow(struct lw_trust_update *u, struct lw_error *e)
{
	const struct lw_tuf_store store = lw_kept_store(&u->kept);
	struct lw_trust_updated *to = u->to;
	int r = lw_own_trust_read(&u->options.source, &store, u->interval.hi, &u->trust, e);

	if (r < 0 && u->trust.reason == LW_FINDING_COUNT)
		return r;
	if (r < 0) {
		lw_verdict_add(&to->verdict, u->trust.reason, OBJECT,
			       "metadata and a policy to be followed from what is trusted",
			       e->text);
		return 0;
	}
	(void)snprintf(to->now.repository, sizeof(to->now.repository), LW_OWN_REPOSITORY);
	for (unsigned t = LW_TUF_ROOT; t <= LW_TUF_TARGETS; t++) {
		const struct lw_tuf_metadata *m =
			lw_tuf_client_trusted(u->trust.client, (enum lw_tuf_type)t);

		to->now.roles[t] = (struct lw_followed_role){ m->version, m->expires };
	}
	to->until = u->trust.until;
	return compare(u, e);
}

/* What comes of it that the files do not show. */
static int note_consequences(struct lw_trust_update *u, const struct lw_policy *old,
			     struct lw_error *e)
{
	const struct lw_policy *p = u->trust.policy;
	struct lw_verdict *v = &u->to->verdict;
	const struct lw_repositories_options options = { .enclave = u->enclave, .policy = p };
	LW_AUTO(repositories) struct lw_repositories *repositories = NULL;
	struct lw_interval then;
	int r = lw_intake_interval(u->enclave, p, &u->clock, &then, e);

	if (r == 0 && then.source == LW_HI_UNKNOWN)
		lw_verdict_add(v, LW_FINDING_TRUST_TIME, OBJECT, "a time to judge by",
			       "none, until it is attested");
	lw_repositories_open(&options, &repositories);
	for (size_t i = 0; i < p->n_repositories && r == 0; i++) {
		const struct lw_repository *now = &p->repositories[i];
		const struct lw_repository *was = lw_policy_repository(old, now->name);
		char a[LW_DIGEST_TEXT], b[LW_DIGEST_TEXT];
		bool known = false;

		r = lw_repositories_known(repositories, now, &known, e);
		if (r == 0 && was && !known &&
		    !lw_digest_equal(&was->root_signed, &now->root_signed))
			lw_verdict_add(v, LW_FINDING_TRUST_ANEW, now->name,
				       lw_digest_text(&was->root_signed, a),
				       lw_digest_text(&now->root_signed, b));
	}
	return r;
}

/* ---- the transaction ---- */

static void fill(struct lw_json_writer *w, const void *data)
{
	const struct lw_trust_update *u = data;
	const struct lw_trust_updated *to = u->to;
	char safe[512], digest[LW_DIGEST_TEXT];

	if (u->options.bundle)
		lw_json_w_member(w, "bundle", lw_digest_text(u->options.bundle, digest));
	lw_json_w_member_integer(w, "changeCount", (int64_t)to->n);
	lw_json_w_key(w, "changes");
	lw_json_w_array(w);
	for (size_t i = 0; i < to->n && i < MOST_LISTED; i++) {
		lw_json_w_object(w);
		lw_json_w_member(w, "change", lw_trust_change_name(to->list[i].change));
		lw_json_w_member(w, "name", to->list[i].name);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
	lw_claims_write(w, &u->options.claims);
	lw_json_w_key(w, "tuf");
	lw_followed_write(&to->now, to->now.repository[0] != '\0', w);
	for (size_t i = 0; i < to->verdict.n_findings && i < 1; i++)
		lw_json_w_member(
			w, "why",
			lw_text_escape_str(to->verdict.findings[i].found, safe, sizeof(safe)));
}

static int change_trust(struct lw_trust_update *u, struct lw_error *e)
{
	struct lw_state *s = u->enclave->state;
	int r = lw_kept_commit(&u->kept, e);

	if (r == 0)
		r = lw_state_set_integer(s, "trust.until", u->to->until, e);
	if (r == 0 && u->to->n > 0)
		r = lw_state_trust_replace(s, u->trust.files, u->trust.n_files, e);
	if (r == 0 && u->to->n > 0)
		r = lw_state_images_mark(s, e);
	if (r == 0 && u->to->n > 0)
		r = lw_state_set_integer(s, LW_TRUST_UNJUDGED, 1, e);
	if (r == 0 && u->to->n > 0)
		r = lw_state_queue_add(s, "index", e);
	return r;
}

int lw_trust_update_commit(struct lw_trust_update *u, struct lw_error *e)
{
	const struct lw_verdict *v = &u->to->verdict;
	const struct lw_finding *reason = lw_verdict_reason(v);
	struct lw_record_time time = lw_intake_record_time(&u->interval, &u->clock);
	bool accepted = v->outcome == LW_ACCEPTED;
	int r = lw_state_begin(u->enclave->state, e);

	if (r == 0 && accepted)
		r = change_trust(u, e);
	if (r == 0)
		r = lw_record_add(u->enclave->state, LW_EVENT_TRUST,
				  accepted		    ? "done"
				  : v->outcome == LW_FAILED ? "error"
							    : "refused",
				  reason ? lw_finding_kind(reason->id)->code : "", &time, fill,
				  u, &u->to->head, e);
	if (r == 0)
		r = lw_state_commit(u->enclave->state, e);
	if (r < 0)
		lw_state_rollback(u->enclave->state);
	return r;
}

/* ---- the steps ---- */

static int judge(struct lw_trust_update *u, struct lw_error *e)
{
	LW_AUTO(policy) struct lw_policy *old = NULL;
	struct lw_verdict *v = &u->to->verdict;
	int r = open_kept(u, e);

	if (r == 0)
		r = lw_intake_policy(u->enclave, &old, e);
	if (r == 0)
		r = lw_intake_interval(u->enclave, old, &u->clock, &u->interval, e);
	if (r < 0)
		return r;
	lw_intake_judge_time(&u->interval, OBJECT, v);
	if (lw_verdict_clear(v))
		r = follow(u, e);
	if (r == 0 && lw_verdict_clear(v))
		r = note_consequences(u, old, e);
	if (r < 0)
		return r;
	if (lw_verdict_clear(v))
		lw_verdict_pass(v, LW_GATE_EVIDENCE);
	(void)lw_verdict_conclude(v, 1u << LW_GATE_EVIDENCE);
	return lw_kept_is_changed(&u->kept, &u->to->news, e);
}

int lw_trust_update_open(struct lw_enclave *enclave, const struct lw_clock *clock,
			 const struct lw_trust_update_options *options,
			 struct lw_trust_updated *to, struct lw_trust_update **ret,
			 struct lw_error *e)
{
	LW_AUTO(trust_update) struct lw_trust_update *u = lw_alloc_array(1, sizeof(*u));

	u->enclave = enclave;
	u->clock = *clock;
	u->options = *options;
	u->to = to;

	int r = judge(u, e);
	if (r == 0)
		*ret = lw_steal(u);
	return r;
}

void lw_trust_update_close(struct lw_trust_update *u)
{
	if (!u)
		return;
	lw_own_trust_release(&u->trust);
	lw_kept_release(&u->kept);
	free(u);
}

struct lw_policy *lw_trust_update_policy(struct lw_trust_update *u)
{
	return lw_steal(u->trust.policy);
}

int lw_trust_update_rejudge(struct lw_trust_update *u, struct lw_error *e)
{
	struct lw_error ignored;

	/* What is marked is offered no longer; then also what an update that was cut off has
	 * left to be judged. */
	(void)!lw_enclave_drain(u->enclave, &ignored);

	int r = lw_rejudge_marked(u->enclave, &u->clock, u->options.source.program,
				  &u->to->judged, e);
	u->to->head = u->to->judged.head;
	return r;
}

int lw_trust_update(struct lw_enclave *enclave, const struct lw_clock *clock,
		    const struct lw_trust_update_options *options, struct lw_trust_updated *ret,
		    struct lw_error *e)
{
	LW_AUTO(trust_update) struct lw_trust_update *u = NULL;
	int r = lw_trust_update_open(enclave, clock, options, ret, &u, e);

	if (r == 0 && !options->look)
		r = lw_trust_update_commit(u, e);
	if (r == 0 && !options->look && ret->verdict.outcome == LW_ACCEPTED)
		r = lw_trust_update_rejudge(u, e);
	if (r == 0 && options->look && ret->verdict.outcome == LW_ACCEPTED && ret->n > 0)
		r = lw_standing_foresee(enclave, clock, u->trust.policy,
					options->source.program, &ret->judged.images,
					&ret->judged.withheld, e);
	return r;
}

void lw_trust_updated_release(struct lw_trust_updated *u)
{
	for (size_t i = 0; i < u->n; i++)
		free(u->list[i].name);
	free(u->list);
	lw_verdict_release(&u->verdict);
}
