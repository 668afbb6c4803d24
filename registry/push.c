/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/push.h"

#include "base/mem.h"
#include "bundle/intake.h"

#include <stdlib.h>
#include <string.h>

void lw_pushed_release(struct lw_pushed *p)
{
	free(p->list);
	free(p->damaged);
	lw_verdict_release(&p->verdict);
	*p = (struct lw_pushed){ 0 };
}

/* "hub.enclave:5000/mirror/host/app:1" */
char *lw_pushed_destination(const struct lw_pushed_image *i)
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

/* ---- the end ---- */

#define MOST_LISTED 64 /* in a record */

const char *lw_pushed_state_name(enum lw_pushed_state state)
{
	return state == LW_PUSHED_NOW	    ? "pushed"
	       : state == LW_PUSHED_THERE   ? "there"
	       : state == LW_PUSHED_REMOVED ? "removed"
					    : "failed";
}

size_t lw_pushed_count(const struct lw_pushed *p)
{
	size_t done = 0;

	for (size_t i = 0; i < p->n; i++)
		done += p->list[i].state == LW_PUSHED_NOW ||
			p->list[i].state == LW_PUSHED_THERE;
	return done;
}

static void fill(struct lw_json_writer *w, const void *data)
{
	const struct lw_pushed *p = data;
	char digest[LW_DIGEST_TEXT];

	lw_json_w_member_integer(w, "bytes", (int64_t)p->bytes);
	lw_json_w_member_integer(w, "done", (int64_t)lw_pushed_count(p));
	lw_intake_record_findings(w, &p->verdict);
	lw_json_w_member_integer(w, "imageCount", (int64_t)p->n);
	lw_json_w_key(w, "images");
	lw_json_w_array(w);
	for (size_t i = 0; i < p->n && i < MOST_LISTED; i++) {
		const struct lw_pushed_image *image = &p->list[i];
		lw_auto_free char *where = lw_pushed_destination(image);

		lw_json_w_object(w);
		lw_json_w_member(w, "destination", where);
		lw_json_w_member(w, "digest", lw_digest_text(&image->queued.digest, digest));
		lw_json_w_member(w, "name", image->queued.name);
		lw_json_w_member(w, "state", lw_pushed_state_name(image->state));
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

struct forgetting {
	const char *host;	    /* NULL: any */
	struct lw_state_push *list; /* owned */
	size_t n;
};

static void auto_forgetting(struct forgetting *f)
{
	free(f->list);
}

static int keep_unwanted(void *data, const struct lw_state_push *p, struct lw_error *e)
{
	struct forgetting *f = data;

	(void)e;
	if (f->host && strcmp(f->host, p->registry) != 0)
		return 0;
	f->list = lw_realloc_array(f->list, f->n + 1, sizeof(*f->list));
	f->list[f->n++] = *p;
	return 0;
}

int lw_push_forget(struct lw_enclave *enclave, const char *host,
		   const struct lw_record_time *time, size_t *ret, struct lw_head *ret_head,
		   struct lw_error *e)
{
	struct forgetting f __attribute__((cleanup(auto_forgetting))) = { .host = host };
	struct lw_state *state = enclave->state;
	int r = lw_state_each_push(state, keep_unwanted, &f, e);

	if (r == 0)
		r = lw_state_begin(state, e);
	for (size_t i = 0; i < f.n && r == 0; i++)
		r = lw_state_push_done(state, &f.list[i], e);
	*ret = f.n;
	if (r == 0)
		r = lw_record_add(state, LW_EVENT_PUSH, "done", "", time, fill_forgotten, ret,
				  ret_head, e);
	if (r == 0)
		r = lw_state_commit(state, e);
	if (r < 0)
		lw_state_rollback(state);
	return r;
}
