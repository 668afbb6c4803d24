/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/standing.h"

#include "base/mem.h"
#include "bundle/lane.h"
#include "bundle/rejudge_internal.h"

#include <stdlib.h>
#include <string.h>

#define MOST_LISTED 64 /* in a record */
#define TELL_BYTES  ((uint64_t)64 << 20)

struct standing {
	struct lw_state_image row; /* owned */
	bool held, holds;	   /* in the state; as judged last */
	bool again;		   /* to be judged in this round */
	bool stands;		   /* on a base */
	bool waits;		   /* for its base to hold */
	size_t damaged;
	char *judgement, *zone, *code, *why; /* owned; as judged last */
};

struct standings {
	struct lw_again again;
	struct standing *list;
	size_t n;
	bool all; /* not only what is withheld */
	/* of a check: blobs that are not as they should be, and how many were hashed */
	struct lw_digest *damaged;
	size_t n_damaged;
	uint64_t blobs, bytes;
	const char *unjudged; /* why not: a code; NULL: they were */
};

static void forget(struct standing *s)
{
	free(lw_steal(s->judgement));
	free(lw_steal(s->zone));
	free(lw_steal(s->code));
	free(lw_steal(s->why));
}

static void auto_standings(struct standings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		forget(&s->list[i]);
		lw_state_image_release(&s->list[i].row);
	}
	free(s->list);
	free(s->damaged);
	lw_again_close(&s->again);
}

static void add(struct standings *s, const struct lw_state_image *image)
{
	struct standing *at;

	s->list = lw_realloc_array(s->list, s->n + 1, sizeof(*s->list));
	at = &s->list[s->n++];
	*at = (struct standing){ .row = *image, .held = !image->pending, .again = true };
	at->row.detail = lw_strdup(image->detail);
	at->row.judgement = NULL;
}

static int collect(void *data, const struct lw_state_image *image, struct lw_error *e)
{
	struct standings *s = data;

	(void)e;
	if (s->all || image->pending)
		add(s, image);
	return 0;
}

/* ---- judging ---- */

/* What cannot be judged (a blob of its evidence is lost) does not hold, and keeps nobody else
 * from being judged. */
static void judge(struct standings *s, struct standing *at)
{
	LW_AUTO(rejudged) struct lw_rejudged judged = { 0 };
	struct lw_error e = { 0 };
	const struct lw_verdict *v = &judged.verdict;
	const struct lw_finding *reason;
	int r = lw_again_judge(&s->again, &at->row, at->row.zone, &judged, &e);

	forget(at);
	at->again = at->waits = false;
	at->holds = r == 0 &&
		    lw_verdict_conclude(&judged.verdict, 1u << LW_GATE_EVIDENCE) == LW_ACCEPTED;
	at->stands = judged.stands;
	for (size_t k = 0; k < v->n_findings; k++)
		at->waits |= v->findings[k].id == LW_FINDING_BASE_NOT_ACCEPTED;
	if (at->holds) {
		at->judgement = lw_strdup(judged.judgement ? judged.judgement : "");
		at->zone = lw_strdup(judged.rule_zone ? judged.rule_zone : at->row.zone);
		return;
	}
	reason = lw_verdict_reason(v);
	at->code = lw_strdup(r < 0 || !reason ? lw_finding_kind(LW_FINDING_SYSTEM_ERROR)->code
					      : lw_finding_kind(reason->id)->code);
	at->why = lw_strdup(r < 0 ? e.text : reason ? reason->found : "");
}

/* What came out otherwise than the state has it; *ret_more, *ret_less: something holds now, or
 * no more. */
static int apply(struct standings *s, bool *ret_more, bool *ret_less, struct lw_error *e)
{
	struct lw_state *state = s->again.enclave->state;
	int r = lw_state_begin(state, e);

	*ret_more = *ret_less = false;
	for (size_t i = 0; i < s->n && r == 0; i++) {
		struct standing *at = &s->list[i];

		if (at->holds == at->held)
			continue;
		*ret_more |= at->holds;
		*ret_less |= !at->holds;
		r = at->holds ? lw_state_image_promote(state, at->row.id, at->zone,
						       at->judgement, e)
			      : lw_state_image_withhold(state, at->row.id, e);
		at->held = at->holds;
	}
	if (r == 0 && (*ret_more || *ret_less))
		r = lw_state_queue_add(state, "index", e);
	if (r == 0)
		r = lw_state_commit(state, e);
	if (r < 0)
		lw_state_rollback(state);
	return r;
}

/* What stands on another image holds once that does, and no longer than that. */
static int judge_rounds(struct standings *s, struct lw_error *e)
{
	bool more = s->n > 0, less = false;
	int r = 0;

	while (r == 0 && (more || less)) {
		for (size_t i = 0; i < s->n; i++)
			if (s->list[i].again)
				judge(s, &s->list[i]);
		r = apply(s, &more, &less, e);
		for (size_t i = 0; i < s->n; i++) {
			struct standing *at = &s->list[i];

			at->again = at->holds ? less && at->stands : more && at->waits;
		}
	}
	return r;
}

/* ---- the record ---- */

static void list_withheld(const struct standings *s, struct lw_json_writer *w)
{
	size_t withheld = 0;

	lw_json_w_key(w, "withheld");
	lw_json_w_array(w);
	for (size_t i = 0; i < s->n; i++) {
		const struct lw_state_image *row = &s->list[i].row;
		char digest[LW_DIGEST_TEXT];
		lw_auto_free char *which =
			lw_asprintf("%s@%s", row->name, lw_digest_text(&row->digest, digest));

		if (!s->list[i].holds && withheld++ < MOST_LISTED)
			lw_json_w_string(w, which);
	}
	lw_json_w_end_array(w);
	lw_json_w_member_integer(w, "withheldCount", (int64_t)withheld);
}

static void fill_rejudge(struct lw_json_writer *w, const void *data)
{
	const struct standings *s = data;

	lw_json_w_member_integer(w, "images", (int64_t)s->n);
	list_withheld(s, w);
}

static void fill_check(struct lw_json_writer *w, const void *data)
{
	const struct standings *s = data;
	char digest[LW_DIGEST_TEXT];

	lw_json_w_member_integer(w, "blobs", (int64_t)s->blobs);
	lw_json_w_member_integer(w, "bytes", (int64_t)s->bytes);
	lw_json_w_key(w, "damaged");
	lw_json_w_array(w);
	for (size_t i = 0; i < s->n_damaged && i < MOST_LISTED; i++)
		lw_json_w_string(w, lw_digest_text(&s->damaged[i], digest));
	lw_json_w_end_array(w);
	lw_json_w_member_integer(w, "damagedCount", (int64_t)s->n_damaged);
	lw_json_w_member_integer(w, "images", (int64_t)s->n);
	list_withheld(s, w);
}

static bool all_hold(const struct standings *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->list[i].holds)
			return false;
	return true;
}

static int record(struct standings *s, enum lw_event event, const struct lw_clock *clock,
		  struct lw_head *ret, struct lw_error *e)
{
	struct lw_state *state = s->again.enclave->state;
	struct lw_record_time time = lw_intake_record_time(&s->again.interval, clock);
	bool check = event == LW_EVENT_CHECK;
	const char *result = s->unjudged    ? "error"
			     : !all_hold(s) ? "incomplete"
			     : s->n_damaged ? "damaged"
					    : "done";
	int r = lw_state_begin(state, e);

	if (r == 0 && !s->unjudged && (!check || s->all))
		r = lw_state_set_integer(state, LW_TRUST_UNJUDGED, 0, e);
	if (r == 0 && (check || s->n > 0))
		r = lw_record_add(state, event, result, s->unjudged ? s->unjudged : "", &time,
				  check ? fill_check : fill_rejudge, s, ret, e);
	else if (r == 0)
		r = lw_record_head(state, ret, e);
	if (r == 0)
		r = lw_state_commit(state, e);
	if (r < 0)
		lw_state_rollback(state);
	return r;
}

/* ---- what trust left to be judged ---- */

int lw_rejudge_marked(struct lw_enclave *enclave, const struct lw_clock *clock,
		      const char *judge, struct lw_rejudged_marked *ret, struct lw_error *e)
{
	struct standings s __attribute__((cleanup(auto_standings))) = { 0 };
	struct lw_error left;
	int r = lw_again_open(enclave, clock, NULL, judge, true, &s.again, e);

	if (r == 0)
		r = lw_state_each_image(enclave->state, collect, &s, e);
	if (r == 0)
		r = judge_rounds(&s, e);
	for (size_t i = 0; i < s.n && r == 0; i++) {
		ret->images += !s.list[i].row.superseded;
		ret->withheld += !s.list[i].row.superseded && !s.list[i].holds;
	}
	if (r == 0)
		r = record(&s, LW_EVENT_REJUDGE, clock, &ret->head, e);
	if (r == 0)
		(void)!lw_enclave_drain(enclave, &left); /* what holds is offered again */
	return r;
}

int lw_standing_foresee(struct lw_enclave *enclave, const struct lw_clock *clock,
			struct lw_policy *policy, const char *judge_program, size_t *ret_images,
			size_t *ret_withheld, struct lw_error *e)
{
	struct standings s __attribute__((cleanup(auto_standings))) = { .all = true };
	int r = lw_again_open(enclave, clock, policy, judge_program, true, &s.again, e);

	if (r == 0)
		r = lw_state_each_image(enclave->state, collect, &s, e);
	for (size_t i = 0; i < s.n && r == 0; i++) {
		if (s.list[i].row.superseded)
			continue;
		judge(&s, &s.list[i]);
		++*ret_images;
		*ret_withheld += !s.list[i].holds;
	}
	return r;
}

/* ---- check ---- */

struct hashing {
	struct standings *s;
	struct lw_lane *lane;
	const struct lw_content_progress *progress;
	uint64_t told;
};

static void auto_hashing(struct hashing *h)
{
	lw_lane_free(h->lane);
}

static int compare_digests(const void *a, const void *b)
{
	return lw_digest_compare(a, b);
}

static bool is_good(struct hashing *h, const struct lw_digest *d, uint64_t size)
{
	struct lw_error ignored;
	lw_auto_fd int fd = -1;
	uint64_t found = 0;

	if (lw_store_open_blob(h->s->again.enclave->store, d, &fd, &found, &ignored) < 0 ||
	    found != size)
		return false;

	struct lw_medium medium = { .fd = fd, .size = size, .exact = true };
	struct lw_lane_read read = { .medium = &medium, .bytes = size };

	return lw_lane_run(h->lane, &read, &ignored) == 0 && lw_digest_equal(&read.digest, d);
}

static int hash_blob(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	struct hashing *h = data;
	struct standings *s = h->s;

	(void)e;
	if (!is_good(h, d, size)) {
		s->damaged =
			lw_realloc_array(s->damaged, s->n_damaged + 1, sizeof(*s->damaged));
		s->damaged[s->n_damaged++] = *d;
	}
	s->blobs++;
	s->bytes += size;
	if (h->progress->tell && s->bytes >= h->told + TELL_BYTES) {
		h->told = s->bytes;
		h->progress->tell(h->progress->data, s->bytes, s->bytes);
	}
	return 0;
}

struct counting {
	const struct standings *s;
	size_t damaged;
};

static int count_damaged(void *data, const struct lw_digest *d, uint64_t size,
			 struct lw_error *e)
{
	struct counting *c = data;

	(void)size;
	(void)e;
	c->damaged +=
		bsearch(d, c->s->damaged, c->s->n_damaged, sizeof(*d), compare_digests) != NULL;
	return 0;
}

static int hash_all(struct standings *s, const struct lw_check_options *o, struct lw_error *e)
{
	struct hashing h __attribute__((cleanup(auto_hashing))) = { .s = s,
								    .lane = lw_lane_new(),
								    .progress = &o->progress };
	struct lw_state *state = s->again.enclave->state;
	int r = o->image ? lw_state_each_image_blob(state, s->list[0].row.id, hash_blob, &h, e)
			 : lw_state_each_blob(state, false, hash_blob, &h, e);

	lw_sort(s->damaged, s->n_damaged, sizeof(*s->damaged), compare_digests);
	for (size_t i = 0; i < s->n && r == 0 && s->n_damaged > 0; i++) {
		struct counting c = { .s = s };

		r = lw_state_each_image_blob(state, s->list[i].row.id, count_damaged, &c, e);
		s->list[i].damaged = c.damaged;
	}
	return r;
}

static int choose(struct standings *s, const struct lw_check_options *o, struct lw_error *e)
{
	struct lw_state_image image = { 0 };
	int r;

	s->all = !o->image;
	if (s->all)
		return lw_state_each_image(s->again.enclave->state, collect, s, e);
	r = lw_state_image_get(s->again.enclave->state, o->image, &image, e);
	if (r == 0)
		add(s, &image);
	lw_state_image_release(&image);
	return r;
}

static int collect_others(void *data, const struct lw_state_image *image, struct lw_error *e)
{
	struct standings *s = data;

	(void)e;
	if (image->id != s->list[0].row.id)
		add(s, image);
	return 0;
}

/* Of one image: when it holds no more, those that stand on it do not either. */
static int judge_others(struct standings *s, struct lw_error *e)
{
	int r;

	if (s->all || s->list[0].holds || s->list[0].row.pending)
		return 0;
	r = lw_state_each_image(s->again.enclave->state, collect_others, s, e);
	return r == 0 ? judge_rounds(s, e) : r;
}

/* Without a time, or by trust that has expired, nothing is judged: that must not take away what
 * was let in. */
static int judge_where_possible(struct standings *s, struct lw_verdict *v, struct lw_error *e)
{
	const struct lw_interval *now = &s->again.interval;
	int r;

	lw_intake_judge_time(now, "the enclave", v);
	r = lw_intake_own_trust(s->again.enclave, now, v, e);
	if (r < 0)
		return r;
	if (lw_verdict_clear(v))
		lw_verdict_pass(v, LW_GATE_FRESHNESS);
	if (lw_verdict_conclude(v, 1u << LW_GATE_FRESHNESS) == LW_ACCEPTED) {
		r = judge_rounds(s, e);
		return r == 0 ? judge_others(s, e) : r;
	}
	s->unjudged = lw_finding_kind(lw_verdict_reason(v)->id)->code;
	for (size_t i = 0; i < s->n; i++)
		s->list[i].holds = s->list[i].held;
	return 0;
}

static void take_over(struct standings *s, struct lw_checked *ret)
{
	ret->list = lw_alloc_array(s->n, sizeof(*ret->list));
	ret->n = s->n;
	ret->blobs = s->blobs;
	ret->bytes = s->bytes;
	ret->damaged_blobs = s->n_damaged;
	ret->at = s->again.interval.hi;
	for (size_t i = 0; i < s->n; i++) {
		struct standing *from = &s->list[i];
		struct lw_checked_image *to = &ret->list[i];

		(void)snprintf(to->name, sizeof(to->name), "%s", from->row.name);
		to->digest = from->row.digest;
		to->superseded = from->row.superseded;
		to->holds = from->holds;
		to->held = !from->row.pending;
		to->damaged = from->damaged;
		to->code = lw_steal(from->code);
		to->why = lw_steal(from->why);
		ret->withheld += !to->holds;
		ret->damaged += to->damaged > 0;
	}
}

int lw_check(struct lw_enclave *enclave, const struct lw_clock *clock,
	     const struct lw_check_options *options, struct lw_checked *ret, struct lw_error *e)
{
	struct standings s __attribute__((cleanup(auto_standings))) = { 0 };
	int r = lw_again_open(enclave, clock, NULL, options->judge, true, &s.again, e);

	if (r == 0)
		r = choose(&s, options, e);
	if (r == 0)
		r = hash_all(&s, options, e);
	if (r == 0)
		r = judge_where_possible(&s, &ret->verdict, e);
	if (r == 0)
		r = record(&s, LW_EVENT_CHECK, clock, &ret->head, e);
	if (r == 0)
		take_over(&s, ret);
	return r;
}

void lw_checked_release(struct lw_checked *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->list[i].code);
		free(c->list[i].why);
	}
	free(c->list);
	lw_verdict_release(&c->verdict);
}
