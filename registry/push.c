/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/push.h"

#include "base/mem.h"
#include "bundle/intake.h"
#include "registry/push_plan.h"

#include <stdlib.h>
#include <string.h>

/* Where blobs are that this run has seen in the registry: they are mounted from there. */
struct place {
	struct lw_digest digest;
	size_t image; /* whose repository */
};

struct sending {
	struct lw_enclave *enclave;
	const struct lw_push_options *o;
	struct lw_pushed *pushed;
	struct lw_pusher *pusher;
	const char *host; /* that it speaks to; borrowed from the list */
	char *gone;	  /* owned: a host that is not asked any more */
	struct place *places;
	size_t n_places;
	uint64_t done, total;
};

static void auto_sending(struct sending *s)
{
	lw_pusher_close(s->pusher);
	free(s->gone);
	free(s->places);
}

void lw_pushed_release(struct lw_pushed *p)
{
	free(p->list);
	free(p->damaged);
	lw_verdict_release(&p->verdict);
	*p = (struct lw_pushed){ 0 };
}

/* "hub.enclave:5000/mirror/host/app:1" */
static char *destination_text(const struct lw_pushed_image *i)
{
	char digest[LW_DIGEST_TEXT];

	return *i->tag ? lw_asprintf("%s/%s:%s", i->queued.registry, i->queued.repository,
				     i->tag)
		       : lw_asprintf("%s/%s@%s", i->queued.registry, i->queued.repository,
				     lw_digest_text(&i->queued.digest, digest));
}

/* ---- queueing ---- */

struct queueing {
	struct lw_enclave *enclave;
	const struct lw_push_options *o;
	struct lw_pushed *pushed;
};

static int queue_image(void *data, const struct lw_state_image *image, struct lw_error *e)
{
	struct queueing *q = data;
	struct lw_reference name;
	char repository[LW_MAX_REPOSITORY + 1];
	struct lw_error why = { 0 };
	int r;

	if (image->superseded && q->o->n_images == 0)
		return 0;
	if (image->pending) {
		lw_verdict_add(&q->pushed->verdict, LW_FINDING_PUSH_WITHHELD, image->name,
			       "an image that holds", "it is withheld");
		return 0;
	}
	r = lw_reference_parse(lw_span_str(image->name), &name, e);
	if (r == 0 &&
	    lw_destination_map(q->o->destination, name.repository, repository, &why) < 0) {
		lw_verdict_add(&q->pushed->verdict, LW_FINDING_PUSH_NAME, image->name,
			       "a name that a registry takes", why.text);
		return 0;
	}
	return r < 0 ? r
		     : lw_state_push_add(q->enclave->state, image->id, q->o->destination->host,
					 repository, e);
}

static int queue_named(struct queueing *q, const char *which, struct lw_error *e)
{
	struct lw_state_image image = { 0 };
	int r = lw_state_image_get(q->enclave->state, which, &image, e);

	if (r == 0)
		r = queue_image(q, &image, e);
	lw_state_image_release(&image);
	return r;
}

int lw_push_queue(struct lw_enclave *enclave, const struct lw_push_options *o,
		  struct lw_pushed *ret, struct lw_error *e)
{
	struct queueing q = { enclave, o, ret };
	int r;

	if (!o->destination || o->queued_only)
		return 0;
	r = lw_state_begin(enclave->state, e);
	for (size_t i = 0; i < o->n_images && r == 0; i++)
		r = queue_named(&q, o->images[i], e);
	if (r == 0 && o->n_images == 0)
		r = lw_state_each_image(enclave->state, queue_image, &q, e);
	if (r == 0)
		r = lw_state_commit(enclave->state, e);
	if (r < 0)
		lw_state_rollback(enclave->state);
	return r;
}

/* ---- what was found on the way ---- */

static enum lw_finding_id finding_of(enum lw_code code)
{
	switch ((int)code) {
	case LW_E_IO:
		return LW_FINDING_PUSH_UNREACHABLE;
	case LW_E_USAGE:
		return LW_FINDING_PUSH_DENIED;
	case LW_E_UNSUPPORTED:
		return LW_FINDING_PUSH_REFUSED;
	case LW_E_FORMAT:
	case LW_E_LIMIT:
		return LW_FINDING_PUSH_ANSWER;
	case LW_E_DIGEST:
		return LW_FINDING_PUSH_DIGEST;
	case LW_E_EXISTS:
		return LW_FINDING_PUSH_TAG;
	case LW_E_STATE:
		return LW_FINDING_PUSH_STORE;
	default:
		return LW_FINDING_SYSTEM_ERROR;
	}
}

static const char *expected_of(enum lw_code code)
{
	switch ((int)code) {
	case LW_E_IO:
		return "an answer of the registry";
	case LW_E_USAGE:
		return "a registry that lets us";
	case LW_E_UNSUPPORTED:
		return "a registry that takes it as it is";
	case LW_E_FORMAT:
	case LW_E_LIMIT:
		return "an answer as the distribution specification has it";
	case LW_E_DIGEST:
		return "the bytes that were pushed";
	case LW_E_EXISTS:
		return "a tag that is free, or stands for an earlier image of this name";
	default:
		return "";
	}
}

static void find(struct sending *s, const struct lw_pushed_image *image, struct lw_error *e)
{
	lw_auto_free char *where = destination_text(image);

	lw_verdict_add(&s->pushed->verdict, finding_of(e->code), where, expected_of(e->code),
		       e->text);
	/* Who cannot be reached, or lets us not in, is not asked about each image. */
	if (e->code == LW_E_IO || e->code == LW_E_USAGE) {
		free(s->gone);
		s->gone = lw_strdup(image->queued.registry);
	}
}

static void note_damaged(struct sending *s, const struct lw_digest *d)
{
	struct lw_pushed *p = s->pushed;

	p->damaged = lw_realloc_array(p->damaged, p->n_damaged + 1, sizeof(*p->damaged));
	p->damaged[p->n_damaged++] = *d;
}

/* ---- where blobs are ---- */

static size_t find_place(const struct sending *s, const struct lw_digest *d)
{
	size_t lo = 0, hi = s->n_places;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (lw_digest_compare(&s->places[mid].digest, d) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Whose repository of this registry has it; -1: none that we know. */
static ssize_t place_of(const struct sending *s, const struct lw_digest *d)
{
	size_t at = find_place(s, d);

	return at < s->n_places && lw_digest_equal(&s->places[at].digest, d)
		       ? (ssize_t)s->places[at].image
		       : -1;
}

static void put_place(struct sending *s, const struct lw_digest *d, size_t image)
{
	size_t at = find_place(s, d);

	if (at < s->n_places && lw_digest_equal(&s->places[at].digest, d))
		return;
	s->places = lw_realloc_array(s->places, s->n_places + 1, sizeof(*s->places));
	memmove(s->places + at + 1, s->places + at, (s->n_places - at) * sizeof(*s->places));
	s->places[at] = (struct place){ *d, image };
	s->n_places++;
}

/* ---- sending ---- */

static void tell(void *data, uint64_t bytes)
{
	struct sending *s = data;
	const struct lw_content_progress *p = &s->o->progress;

	s->done += bytes;
	if (p->tell)
		p->tell(p->data, s->done, s->done > s->total ? s->done : s->total);
}

static bool is_stopped(const struct sending *s)
{
	return s->o->stop && atomic_load(s->o->stop);
}

static int send_blob(struct sending *s, size_t at, const struct lw_push_item *item,
		     enum lw_client_outcome *ret, struct lw_error *e)
{
	const struct lw_state_push *to = &s->pushed->list[at].queued;
	ssize_t place = place_of(s, &item->digest);
	const char *from = place < 0 ? "" : s->pushed->list[place].queued.repository;
	lw_auto_fd int fd = -1;
	uint64_t size = 0;
	int r;

	if (place >= 0 && strcmp(from, to->repository) == 0) {
		*ret = LW_CLIENT_THERE;
		return 0;
	}
	r = lw_store_open_blob(s->enclave->store, &item->digest, &fd, &size, e);
	if (r == 0 && size != item->size)
		r = lw_fail(e, LW_E_STATE, "want %llu bytes, the store has %llu",
			    (unsigned long long)item->size, (unsigned long long)size);
	if (r < 0)
		return lw_fail_as(e, LW_E_STATE);

	const struct lw_client_blob b = { .repository = to->repository,
					  .digest = item->digest,
					  .size = size,
					  .fd = fd,
					  .mount_from = from,
					  .tell = tell,
					  .data = s };

	r = lw_pusher_blob(s->pusher, &b, ret, e);
	if (r == 0)
		put_place(s, &item->digest, at);
	return r;
}

/* The image's own tag may leave an earlier image of its name; one of evidence what this image
 * had before. */
struct earlier {
	struct lw_digest *list; /* owned */
	size_t n;
};

static int keep_earlier(void *data, const struct lw_state_image *i, struct lw_error *e)
{
	struct earlier *x = data;

	(void)e;
	x->list = lw_realloc_array(x->list, x->n + 1, sizeof(*x->list));
	x->list[x->n++] = i->digest;
	return 0;
}

static int send_manifest(struct sending *s, size_t at, const struct lw_push_plan *plan,
			 const struct lw_push_item *item, enum lw_client_outcome *ret,
			 struct lw_error *e)
{
	const struct lw_pushed_image *image = &s->pushed->list[at];
	bool own = *item->tag && lw_digest_equal(&item->digest, &image->queued.digest);
	struct earlier earlier = { 0 };
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	struct lw_client_manifest m = { .repository = image->queued.repository,
					.digest = item->digest,
					.media_type = item->media_type,
					.tag = item->tag,
					.movable = plan->known,
					.n_movable = *item->tag ? plan->n_known : 0,
					.move = s->o->move_tags };
	int r = lw_push_read(s->enclave, &item->digest, &bytes, e);

	m.bytes = lw_buf_span(&bytes);
	if (r == 0 && own) {
		r = lw_state_each_image_named(s->enclave->state, image->queued.name,
					      keep_earlier, &earlier, e);
		m.movable = earlier.list;
		m.n_movable = earlier.n;
	}
	if (r == 0)
		r = item->step == LW_PUSH_STEP_LIST
			    ? lw_pusher_list_referrer(s->pusher, &m, &item->subject, ret, e)
			    : lw_pusher_manifest(s->pusher, &m, ret, e);
	free(earlier.list);
	return r;
}

static int send_item(struct sending *s, size_t at, const struct lw_push_plan *plan,
		     const struct lw_push_item *item, struct lw_error *e)
{
	struct lw_pushed_image *image = &s->pushed->list[at];
	enum lw_client_outcome outcome = LW_CLIENT_THERE;
	uint64_t before = s->done;
	char text[LW_DIGEST_TEXT];
	int r = item->step == LW_PUSH_STEP_BLOB ? send_blob(s, at, item, &outcome, e)
						: send_manifest(s, at, plan, item, &outcome, e);

	if (r == -LW_E_STATE)
		note_damaged(s, &item->digest);
	if (r < 0)
		return lw_prefix(e, "%s %s",
				 item->step == LW_PUSH_STEP_BLOB ? "blob" : "manifest",
				 lw_digest_text(&item->digest, text));
	if (item->step == LW_PUSH_STEP_BLOB && s->done < before + 2 * item->size)
		tell(s, before + 2 * item->size - s->done);
	image->sent += outcome == LW_CLIENT_PUSHED;
	image->mounted += outcome == LW_CLIENT_MOUNTED;
	image->there += outcome == LW_CLIENT_THERE;
	if (outcome == LW_CLIENT_PUSHED)
		s->pushed->bytes += item->size;
	return 0;
}

/* The process speaks to one registry, with what there is for this repository. */
static int reach(struct sending *s, const struct lw_state_push *to, struct lw_error *e)
{
	struct lw_pusher_settings settings = { 0 };
	int r;

	if (!s->host || strcmp(s->host, to->registry) != 0)
		s->n_places = 0;
	r = s->o->reach(s->o->data, to->registry, to->repository, &settings, e);
	if (r == -LW_E_EXISTS && s->pusher && s->host && strcmp(s->host, to->registry) == 0)
		return 0; /* as before */
	if (r < 0)
		return r;
	lw_pusher_close(lw_steal(s->pusher));
	s->host = to->registry;
	return lw_pusher_open(&settings, &s->pusher, e);
}

static int send_image(struct sending *s, size_t at, struct lw_error *e)
{
	struct lw_pushed_image *image = &s->pushed->list[at];
	LW_AUTO(push_plan) struct lw_push_plan plan = { 0 };
	struct lw_state_image row = { 0 };
	struct lw_digest damaged = { 0 };
	char digest[LW_DIGEST_TEXT];
	lw_auto_free char *which = lw_asprintf("%s@%s", image->queued.name,
					       lw_digest_text(&image->queued.digest, digest));
	int r = lw_state_image_get(s->enclave->state, which, &row, e);

	if (r == 0 && row.pending) {
		lw_verdict_add(&s->pushed->verdict, LW_FINDING_PUSH_WITHHELD,
			       image->queued.name, "an image that holds", "it is withheld");
		lw_state_image_release(&row);
		return 0;
	}
	if (r == 0) {
		r = lw_push_plan_make(s->enclave, &row, &plan, &damaged, e);
		if (r < 0 && !lw_digest_equal(&damaged, &(struct lw_digest){ 0 }))
			note_damaged(s, &damaged);
	}
	if (r == 0 && plan.n && *plan.items[plan.n - 1].tag)
		(void)snprintf(image->tag, sizeof(image->tag), "%s",
			       plan.items[plan.n - 1].tag);
	for (size_t i = 0; i < plan.n && r == 0; i++)
		r = is_stopped(s) ? lw_fail(e, LW_E_BUSY, "told to stop")
				  : send_item(s, at, &plan, &plan.items[i], e);
	if (r == 0)
		image->state = image->sent || image->mounted ? LW_PUSHED_NOW : LW_PUSHED_THERE;
	lw_state_image_release(&row);
	return r;
}

static int keep_queued(void *data, const struct lw_state_push *p, struct lw_error *e)
{
	struct sending *s = data;

	(void)e;
	if (s->o->destination && strcmp(s->o->destination->host, p->registry) != 0)
		return 0;
	s->pushed->list =
		lw_realloc_array(s->pushed->list, s->pushed->n + 1, sizeof(*s->pushed->list));
	s->pushed->list[s->pushed->n++] = (struct lw_pushed_image){ .queued = *p };
	s->total += 2 * p->total_bytes;
	return 0;
}

int lw_push_send(struct lw_enclave *enclave, const struct lw_push_options *o,
		 struct lw_pushed *ret, struct lw_error *e)
{
	struct sending s __attribute__((
		cleanup(auto_sending))) = { .enclave = enclave, .o = o, .pushed = ret };
	int r = lw_state_each_push(enclave->state, keep_queued, &s, e);

	for (size_t i = 0; i < ret->n && r == 0; i++) {
		const struct lw_pushed_image *image = &ret->list[i];
		struct lw_error why = { 0 };
		int failed;

		if (s.gone && strcmp(s.gone, image->queued.registry) == 0)
			continue;
		r = reach(&s, &image->queued, e);
		if (r < 0)
			return r;
		failed = send_image(&s, i, &why);
		if (failed == -LW_E_BUSY) {
			lw_verdict_add(&ret->verdict, LW_FINDING_PUSH_STOPPED,
				       image->queued.name, "", why.text);
			break;
		}
		if (failed < 0)
			find(&s, image, &why);
	}
	return r;
}

/* ---- the end ---- */

#define MOST_LISTED 64 /* in a record */

static const char *state_name(enum lw_pushed_state state)
{
	return state == LW_PUSHED_NOW	  ? "pushed"
	       : state == LW_PUSHED_THERE ? "there"
					  : "failed";
}

static void fill(struct lw_json_writer *w, const void *data)
{
	const struct lw_pushed *p = data;
	char digest[LW_DIGEST_TEXT];
	size_t done = 0;

	for (size_t i = 0; i < p->n; i++)
		done += p->list[i].state != LW_PUSHED_NOT;
	lw_json_w_member_integer(w, "bytes", (int64_t)p->bytes);
	lw_json_w_member_integer(w, "done", (int64_t)done);
	lw_intake_record_findings(w, &p->verdict);
	lw_json_w_member_integer(w, "imageCount", (int64_t)p->n);
	lw_json_w_key(w, "images");
	lw_json_w_array(w);
	for (size_t i = 0; i < p->n && i < MOST_LISTED; i++) {
		const struct lw_pushed_image *image = &p->list[i];
		lw_auto_free char *where = destination_text(image);

		lw_json_w_object(w);
		lw_json_w_member(w, "destination", where);
		lw_json_w_member(w, "digest", lw_digest_text(&image->queued.digest, digest));
		lw_json_w_member(w, "name", image->queued.name);
		lw_json_w_member(w, "state", state_name(image->state));
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

static int raise_alarms(struct lw_enclave *enclave, const struct lw_clock *clock,
			const struct lw_pushed *p, struct lw_error *e)
{
	int r = 0;

	for (size_t i = 0; i < p->n_damaged && r == 0; i++)
		r = lw_enclave_alarm(enclave, &p->damaged[i],
				     "found missing or damaged when it was to be pushed", clock,
				     e);
	return r;
}

int lw_push_end(struct lw_enclave *enclave, const struct lw_clock *clock,
		const struct lw_record_time *time, struct lw_pushed *ret, struct lw_error *e)
{
	struct lw_state *state = enclave->state;
	const struct lw_finding *reason;
	const char *result;
	int r = raise_alarms(enclave, clock, ret, e);

	if (r < 0)
		return r;
	lw_verdict_pass(&ret->verdict, LW_GATE_NONE);
	result = lw_verdict_conclude(&ret->verdict, 1u << LW_GATE_NONE) == LW_ACCEPTED
			 ? "done"
			 : lw_outcome_name(ret->verdict.outcome);
	reason = lw_verdict_reason(&ret->verdict);
	r = lw_state_begin(state, e);
	for (size_t i = 0; i < ret->n && r == 0; i++)
		if (ret->list[i].state != LW_PUSHED_NOT)
			r = lw_state_push_done(state, &ret->list[i].queued, e);
	if (r == 0)
		r = lw_record_add(state, LW_EVENT_PUSH, result,
				  reason ? lw_finding_kind(reason->id)->code : "", time, fill,
				  ret, &ret->head, e);
	if (r == 0)
		r = lw_state_commit(state, e);
	if (r < 0)
		lw_state_rollback(state);
	return r;
}

static void fill_forgotten(struct lw_json_writer *w, const void *data)
{
	lw_json_w_member_integer(w, "forgotten", (int64_t) * (const size_t *)data);
}

int lw_push_forget(struct lw_enclave *enclave, const char *host,
		   const struct lw_record_time *time, size_t *ret, struct lw_head *ret_head,
		   struct lw_error *e)
{
	struct lw_destination of = { 0 };
	const struct lw_push_options o = { .destination = host ? &of : NULL };
	LW_AUTO(pushed) struct lw_pushed queued = { 0 };
	struct sending s = { .o = &o, .pushed = &queued };
	struct lw_state *state = enclave->state;
	int r;

	(void)snprintf(of.host, sizeof(of.host), "%s", host ? host : "");
	r = lw_state_each_push(state, keep_queued, &s, e);
	if (r == 0)
		r = lw_state_begin(state, e);
	for (size_t i = 0; i < queued.n && r == 0; i++)
		r = lw_state_push_done(state, &queued.list[i].queued, e);
	*ret = queued.n;
	if (r == 0)
		r = lw_record_add(state, LW_EVENT_PUSH, "done", "", time, fill_forgotten, ret,
				  ret_head, e);
	if (r == 0)
		r = lw_state_commit(state, e);
	if (r < 0)
		lw_state_rollback(state);
	return r;
}
