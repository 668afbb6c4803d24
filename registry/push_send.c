/* SPDX-License-Identifier: Apache-2.0 */
/* What is queued, into a registry. */
#include "registry/push.h"

#include "base/mem.h"
#include "registry/push_tags.h"

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
	struct lw_digest damaged; /* of the image that is being sent; zero: none */
};

static void auto_sending(struct sending *s)
{
	lw_pusher_close(s->pusher);
	free(s->gone);
	free(s->places);
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
	lw_auto_free char *where = lw_pushed_destination(image);

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

static int send_manifest(struct sending *s, size_t at, const struct lw_state_image *row,
			 const struct lw_push_item *item, enum lw_client_outcome *ret,
			 struct lw_error *e)
{
	LW_AUTO(push_tags) struct lw_push_tags tags = { 0 };
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	struct lw_client_manifest m = { .repository = s->pushed->list[at].queued.repository,
					.digest = item->digest,
					.media_type = item->media_type,
					.tag = item->tag,
					.move = s->o->move_tags };
	int r = lw_push_read(s->enclave, &item->digest, &bytes, e);

	m.bytes = lw_buf_span(&bytes);
	if (r == 0 && *item->tag)
		r = lw_push_tags_find(s->enclave, row, item, &tags, e);
	m.movable = tags.earlier;
	m.n_movable = tags.n_earlier;
	m.newer = tags.newer;
	m.n_newer = tags.n_newer;
	if (r == 0)
		r = item->step == LW_PUSH_STEP_LIST
			    ? lw_pusher_list_referrer(s->pusher, &m, &item->subject, ret, e)
			    : lw_pusher_manifest(s->pusher, &m, ret, e);
	return r;
}

static int send_item(struct sending *s, size_t at, const struct lw_state_image *row,
		     const struct lw_push_item *item, struct lw_error *e)
{
	struct lw_pushed_image *image = &s->pushed->list[at];
	enum lw_client_outcome outcome = LW_CLIENT_THERE;
	uint64_t before = s->done;
	char text[LW_DIGEST_TEXT];
	int r = item->step == LW_PUSH_STEP_BLOB ? send_blob(s, at, item, &outcome, e)
						: send_manifest(s, at, row, item, &outcome, e);

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
	settings.stop = s->o->stop;
	lw_pusher_close(lw_steal(s->pusher));
	s->host = to->registry;
	return lw_pusher_open(&settings, &s->pusher, e);
}

enum standing {
	HOLDS,
	SUPERSEDED,
	WITHHELD,
	REMOVED,
};

/* How it stands with the image now: others load, remove and judge while a push runs. */
static int look_up(struct sending *s, const struct lw_pushed_image *image,
		   struct lw_state_image *ret, enum standing *ret_standing, struct lw_error *e)
{
	char digest[LW_DIGEST_TEXT];
	lw_auto_free char *which = lw_asprintf("%s@%s", image->queued.name,
					       lw_digest_text(&image->queued.digest, digest));
	int r = lw_state_image_get(s->enclave->state, which, ret, e);

	*ret_standing = r < 0		  ? REMOVED
			: ret->pending	  ? WITHHELD
			: ret->superseded ? SUPERSEDED
					  : HOLDS;
	return r == -LW_E_NOTFOUND ? 0 : r;
}

static int look_again(struct sending *s, const struct lw_pushed_image *image,
		      enum standing *ret, struct lw_error *e)
{
	LW_AUTO(image) struct lw_state_image row = { 0 };

	return look_up(s, image, &row, ret, e);
}

static void leave_out(struct sending *s, struct lw_pushed_image *image, enum standing standing)
{
	if (standing == REMOVED)
		image->state = LW_PUSHED_REMOVED;
	lw_verdict_add(&s->pushed->verdict, LW_FINDING_PUSH_WITHHELD, image->queued.name,
		       "an image that holds",
		       standing == REMOVED ? "it was removed meanwhile" : "it is withheld");
}

/* Tags are what others pull by: each only while it is right. *ret_standing: where it ended. */
static int send_items(struct sending *s, size_t at, const struct lw_state_image *row,
		      const struct lw_push_plan *plan, enum standing *ret_standing,
		      struct lw_error *e)
{
	struct lw_pushed_image *image = &s->pushed->list[at];
	int r = 0;

	for (size_t i = 0; i < plan->n && r == 0; i++) {
		const struct lw_push_item *item = &plan->items[i];

		if (is_stopped(s))
			return lw_fail(e, LW_E_BUSY, "told to stop");
		if (*item->tag)
			r = look_again(s, image, ret_standing, e);
		if (r == 0 && *item->tag && *ret_standing != HOLDS)
			break;
		if (r == 0)
			r = send_item(s, at, row, item, e);
		if (r == -LW_E_STATE)
			s->damaged = item->digest;
	}
	return r;
}

/* What is not there any more because the image is not is no damage. */
static int judge_damage(struct sending *s, const struct lw_pushed_image *image,
			enum standing *ret_standing, struct lw_error *e)
{
	struct lw_error ignored = { 0 };

	if (look_again(s, image, ret_standing, &ignored) == 0 && *ret_standing == REMOVED)
		return 0;
	if (!lw_digest_equal(&s->damaged, &(struct lw_digest){ 0 }))
		note_damaged(s, &s->damaged);
	return -(int)e->code;
}

static int send_image(struct sending *s, size_t at, struct lw_error *e)
{
	struct lw_pushed_image *image = &s->pushed->list[at];
	LW_AUTO(push_plan) struct lw_push_plan plan = { 0 };
	LW_AUTO(image) struct lw_state_image row = { 0 };
	enum standing standing = HOLDS;
	int r = look_up(s, image, &row, &standing, e);

	s->damaged = (struct lw_digest){ 0 };
	if (r == 0 && standing <= SUPERSEDED) {
		r = lw_push_plan_make(s->enclave, &row, &plan, &s->damaged, e);
		if (r == 0)
			r = send_items(s, at, &row, &plan, &standing, e);
	}
	if (r == -LW_E_STATE)
		r = judge_damage(s, image, &standing, e);
	if (r < 0)
		return r;
	if (standing == SUPERSEDED)
		image->tag[0] = '\0';
	if (standing > SUPERSEDED)
		leave_out(s, image, standing);
	else
		image->state = image->sent || image->mounted ? LW_PUSHED_NOW : LW_PUSHED_THERE;
	return 0;
}

/* ---- all that is queued ---- */

static int keep_queued(void *data, const struct lw_state_push *p, struct lw_error *e)
{
	struct sending *s = data;
	struct lw_pushed_image *image;
	struct lw_reference name;
	int r;

	if (s->o->destination && strcmp(s->o->destination->host, p->registry) != 0)
		return 0;
	r = lw_reference_parse(lw_span_str(p->name), &name, e);
	if (r < 0)
		return r;
	s->pushed->list =
		lw_realloc_array(s->pushed->list, s->pushed->n + 1, sizeof(*s->pushed->list));
	image = &s->pushed->list[s->pushed->n++];
	*image = (struct lw_pushed_image){ .queued = *p };
	(void)snprintf(image->tag, sizeof(image->tag), "%s", p->superseded ? "" : name.tag);
	s->total += 2 * p->total_bytes;
	return 0;
}

static int compare_places(const void *a, const void *b)
{
	const struct lw_pushed_image *x = *(struct lw_pushed_image *const *)a,
				     *y = *(struct lw_pushed_image *const *)b;
	int r = strcmp(x->queued.registry, y->queued.registry);

	if (r == 0)
		r = strcmp(x->queued.repository, y->queued.repository);
	return r ? r : strcmp(x->tag, y->tag);
}

/* What would be called the same there, and is not: none of them gets the name. */
static void find_contested(struct lw_pushed *p)
{
	struct lw_pushed_image **sorted =
		lw_alloc_array(p->n + 1, sizeof(struct lw_pushed_image *));

	for (size_t i = 0; i < p->n; i++)
		sorted[i] = &p->list[i];
	lw_sort(sorted, p->n, sizeof(*sorted), compare_places);
	for (size_t i = 1, first = 0; i < p->n; i++) {
		if (compare_places(&sorted[first], &sorted[i]) != 0)
			first = i;
		else if (*sorted[i]->tag && !lw_digest_equal(&sorted[first]->queued.digest,
							     &sorted[i]->queued.digest))
			sorted[first]->contested = sorted[i]->contested = true;
	}
	free(sorted);
}

static void refuse_contested(struct sending *s, const struct lw_pushed_image *image)
{
	lw_auto_free char *where = lw_pushed_destination(image);

	lw_verdict_add(&s->pushed->verdict, LW_FINDING_PUSH_NAME, image->queued.name,
		       "a name of its own in the registry", where);
}

int lw_push_send(struct lw_enclave *enclave, const struct lw_push_options *o,
		 struct lw_pushed *ret, struct lw_error *e)
{
	struct sending s __attribute__((
		cleanup(auto_sending))) = { .enclave = enclave, .o = o, .pushed = ret };
	int r = lw_state_each_push(enclave->state, keep_queued, &s, e);

	if (r == 0)
		find_contested(ret);
	for (size_t i = 0; i < ret->n && r == 0; i++) {
		const struct lw_pushed_image *image = &ret->list[i];
		struct lw_error why = { 0 };
		int failed;

		if (s.gone && strcmp(s.gone, image->queued.registry) == 0)
			continue;
		if (image->contested) {
			refuse_contested(&s, image);
			continue;
		}
		r = reach(&s, &image->queued, e);
		if (r < 0)
			return r;
		failed = send_image(&s, i, &why);
		if (failed == -LW_E_BUSY && is_stopped(&s)) {
			lw_verdict_add(&ret->verdict, LW_FINDING_PUSH_STOPPED,
				       image->queued.name, "", why.text);
			break;
		}
		if (failed < 0)
			find(&s, image, &why);
	}
	return r;
}
