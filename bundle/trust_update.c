/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/trust_update.h"

#include "base/mem.h"
#include "base/text.h"
#include "bundle/kept.h"
#include "bundle/rejudge.h"

#include <string.h>

#define OBJECT	    "the enclave's repository"
#define MOST_LISTED 64 /* in a record */

struct update {
	struct lw_enclave *enclave;
	const struct lw_clock *clock;
	const struct lw_trust_update_options *options;
	struct lw_trust_updated *to;
	struct lw_interval interval;
	struct lw_kept kept;
	struct lw_own_trust trust;
};

/* ---- what is different ---- */

static void differ(struct lw_trust_updated *u, const char *name, enum lw_trust_change change)
{
	u->list = lw_realloc_array(u->list, u->n + 1, sizeof(*u->list));
	u->list[u->n++] =
		(struct lw_trust_difference){ .name = lw_strdup(name), .change = change };
}

static int compare_old(void *data, const struct lw_trust_file *old, struct lw_error *e)
{
	struct update *u = data;

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

static int compare(struct update *u, struct lw_error *e)
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
static int open_kept(struct update *u, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf pin = { 0 };
	int r = lw_state_get(u->enclave->state, "trust.root", &pin, e);

	if (r == -LW_E_NOTFOUND)
		return lw_fail(e, LW_E_USAGE,
			       "this enclave has no repository of its own: its trust was set "
			       "by hand, with `init`, and stays");
	u->kept =
		(struct lw_kept){ .state = u->enclave->state, .repository = LW_OWN_REPOSITORY };
	return r < 0 ? r : lw_digest_parse(lw_buf_span(&pin), &u->kept.first, e);
}

static void judge_time(const struct update *u, struct lw_verdict *v)
{
	char lo[LW_TIME_TEXT], hi[LW_TIME_TEXT];

	if (u->interval.source == LW_HI_UNKNOWN)
		lw_verdict_add(v, LW_FINDING_TIME_UNKNOWN, OBJECT, "a time to judge by",
			       "none");
	else if (u->interval.behind)
		lw_verdict_add(v, LW_FINDING_TIME_BEHIND_FLOOR, OBJECT,
			       lw_time_format(u->interval.lo, lo),
			       lw_time_format(u->interval.hi, hi));
}

static int follow(struct update *u, struct lw_error *e)
{
	const struct lw_tuf_store store = lw_kept_store(&u->kept);
	struct lw_trust_updated *to = u->to;
	int r = lw_own_trust_read(&u->options->source, &store, u->interval.hi, &u->trust, e);

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

/* ---- the transaction ---- */

static void fill(struct lw_json_writer *w, const void *data)
{
	static const char *const words[] = { "added", "removed", "changed" };
	const struct update *u = data;
	const struct lw_trust_updated *to = u->to;
	char safe[512];

	if (u->options->by)
		lw_json_w_member(w, "by",
				 lw_text_escape_str(u->options->by, safe, sizeof(safe)));
	lw_json_w_member_integer(w, "changeCount", (int64_t)to->n);
	lw_json_w_key(w, "changes");
	lw_json_w_array(w);
	for (size_t i = 0; i < to->n && i < MOST_LISTED; i++) {
		lw_json_w_object(w);
		lw_json_w_member(w, "change", words[to->list[i].change]);
		lw_json_w_member(w, "name", to->list[i].name);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
	lw_json_w_key(w, "tuf");
	lw_followed_write(&to->now, to->now.repository[0] != '\0', w);
	for (size_t i = 0; i < to->verdict.n_findings && i < 1; i++)
		lw_json_w_member(
			w, "why",
			lw_text_escape_str(to->verdict.findings[i].found, safe, sizeof(safe)));
}

static int change_trust(struct update *u, struct lw_error *e)
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
		r = lw_state_queue_add(s, "index", e);
	return r;
}

static int record(struct update *u, struct lw_error *e)
{
	const struct lw_verdict *v = &u->to->verdict;
	const struct lw_finding *reason = lw_verdict_reason(v);
	struct lw_record_time time = lw_intake_record_time(&u->interval, u->clock);
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

static int update(struct update *u, struct lw_error *e)
{
	LW_AUTO(policy) struct lw_policy *old = NULL;
	struct lw_verdict *v = &u->to->verdict;
	int r = open_kept(u, e);

	if (r == 0)
		r = lw_intake_policy(u->enclave, &old, e);
	if (r == 0)
		r = lw_intake_interval(u->enclave, old, u->clock, &u->interval, e);
	if (r < 0)
		return r;
	judge_time(u, v);
	if (lw_verdict_clear(v))
		r = follow(u, e);
	if (r < 0)
		return r;
	if (lw_verdict_clear(v))
		lw_verdict_pass(v, LW_GATE_EVIDENCE);
	(void)lw_verdict_conclude(v, 1u << LW_GATE_EVIDENCE);
	return u->options->look ? 0 : record(u, e);
}

int lw_trust_update(struct lw_enclave *enclave, const struct lw_clock *clock,
		    const struct lw_trust_update_options *options, struct lw_trust_updated *ret,
		    struct lw_error *e)
{
	struct update u = { .enclave = enclave, .clock = clock, .options = options, .to = ret };
	int r = update(&u, e);

	lw_own_trust_release(&u.trust);
	lw_kept_release(&u.kept);
	/* Also what an update that was cut off has left to be judged. */
	if (r == 0 && !options->look && ret->verdict.outcome == LW_ACCEPTED)
		r = lw_trust_rejudge(enclave, clock, options->source.program, &ret->images,
				     &ret->withheld, &ret->head, e);
	return r;
}

void lw_trust_updated_release(struct lw_trust_updated *u)
{
	for (size_t i = 0; i < u->n; i++)
		free(u->list[i].name);
	free(u->list);
	lw_verdict_release(&u->verdict);
}

/* ---- judging again ---- */

struct marked {
	char **which; /* NAME@DIGEST */
	bool *holds;
	size_t n, withheld;
};

static int collect(void *data, const struct lw_state_image *image, struct lw_error *e)
{
	struct marked *m = data;
	char digest[LW_DIGEST_TEXT];

	(void)e;
	if (!image->pending)
		return 0;
	m->which = lw_realloc_array(m->which, m->n + 1, sizeof(char *));
	m->which[m->n++] =
		lw_asprintf("%s@%s", image->name, lw_digest_text(&image->digest, digest));
	return 0;
}

/* What holds is marked no longer; it stays in its zone. */
static int judge_again(struct lw_enclave *enclave, const struct lw_clock *clock,
		       const char *program, const char *which, bool *ret_holds,
		       struct lw_error *e)
{
	const struct lw_rejudge_options options = { .judge = program };
	LW_AUTO(rejudged) struct lw_rejudged judged = { 0 };
	struct lw_state_image image = { 0 };
	int r = lw_state_image_get(enclave->state, which, &image, e);

	if (r < 0)
		return r;
	r = lw_rejudge(enclave, clock, &image, &options, &judged, e);
	*ret_holds = r == 0 && judged.verdict.outcome == LW_ACCEPTED;
	if (*ret_holds)
		r = lw_state_begin(enclave->state, e);
	if (*ret_holds && r == 0) {
		r = lw_state_image_promote(enclave->state, image.id, image.zone,
					   judged.judgement ? judged.judgement : "", e);
		if (r == 0)
			r = lw_state_queue_add(enclave->state, "index", e);
		if (r == 0)
			r = lw_state_commit(enclave->state, e);
		if (r < 0)
			lw_state_rollback(enclave->state);
	}
	lw_state_image_release(&image);
	return r;
}

static void fill_rejudged(struct lw_json_writer *w, const void *data)
{
	const struct marked *m = data;

	lw_json_w_member_integer(w, "images", (int64_t)m->n);
	lw_json_w_key(w, "withheld");
	lw_json_w_array(w);
	for (size_t i = 0, listed = 0; i < m->n && listed < MOST_LISTED; i++)
		if (!m->holds[i] && ++listed)
			lw_json_w_string(w, m->which[i]);
	lw_json_w_end_array(w);
	lw_json_w_member_integer(w, "withheldCount", (int64_t)m->withheld);
}

static int record_rejudged(struct lw_enclave *enclave, const struct lw_clock *clock,
			   const struct marked *m, struct lw_head *ret_head, struct lw_error *e)
{
	LW_AUTO(policy) struct lw_policy *policy = NULL;
	struct lw_interval interval;
	int r = lw_intake_policy(enclave, &policy, e);

	if (r == 0)
		r = lw_intake_interval(enclave, policy, clock, &interval, e);
	if (r == 0)
		r = lw_state_begin(enclave->state, e);
	if (r < 0)
		return r;

	struct lw_record_time time = lw_intake_record_time(&interval, clock);

	r = lw_record_add(enclave->state, LW_EVENT_REJUDGE, m->withheld ? "incomplete" : "done",
			  "", &time, fill_rejudged, m, ret_head, e);
	if (r == 0)
		r = lw_state_commit(enclave->state, e);
	if (r < 0)
		lw_state_rollback(enclave->state);
	return r;
}

int lw_trust_rejudge(struct lw_enclave *enclave, const struct lw_clock *clock,
		     const char *program, size_t *ret_images, size_t *ret_withheld,
		     struct lw_head *ret_head, struct lw_error *e)
{
	struct marked m = { 0 };
	int r = lw_state_each_image(enclave->state, collect, &m, e);
	bool more = true;

	m.holds = lw_alloc_array(m.n, sizeof(*m.holds));
	/* What stands on another image holds once that does. */
	while (more && r == 0) {
		more = false;
		for (size_t i = 0; i < m.n && r == 0; i++) {
			if (m.holds[i])
				continue;
			r = judge_again(enclave, clock, program, m.which[i], &m.holds[i], e);
			more |= m.holds[i];
		}
	}
	for (size_t i = 0; i < m.n; i++)
		m.withheld += !m.holds[i];
	if (r == 0)
		r = m.n ? record_rejudged(enclave, clock, &m, ret_head, e)
			: lw_record_head(enclave->state, ret_head, e);
	*ret_images = m.n;
	*ret_withheld = m.withheld;
	for (size_t i = 0; i < m.n; i++)
		free(m.which[i]);
	free(m.which);
	free(m.holds);
	return r;
}
