/* SPDX-License-Identifier: Apache-2.0 */
/* Gate 6: everything that changes, in one transaction. The blobs are durable in blobs/ before
 * it is committed, and with it the rows that make them exist; the record is part of the same
 * transaction (bundle/intake.c). */
#include "base/mem.h"
#include "bundle/intake_internal.h"
#include "bundle/sitting.h"
#include "custody/state_requests.h"

#include <pthread.h>

/* The device works while the rows are made. What a sitting staged it has synced. */
struct syncing {
	struct lw_store *store; /* NULL: nothing to do */
	pthread_t thread;
	bool running;
	int r;
	struct lw_error error;
};

static void *sync_main(void *data)
{
	struct syncing *s = data;

	s->r = lw_store_sync_staged(s->store, &s->error);
	return NULL;
}

static void begin_sync(struct syncing *s, struct lw_intake *in)
{
	*s = (struct syncing){ .store = in->sitting ? NULL : in->enclave->store };
	s->running = s->store && pthread_create(&s->thread, NULL, sync_main, s) == 0;
}

/* What the rows came to, or the device. */
static int end_sync(struct syncing *s, int r, struct lw_error *e)
{
	if (s->running)
		(void)pthread_join(s->thread, NULL);
	else if (s->store)
		(void)sync_main(s);
	if (r == 0 && s->r < 0)
		*e = s->error;
	return r < 0 ? r : s->r;
}

/* A row is for a file that is there: also of those that need no other name. */
static int publish_one(struct lw_store *store, const struct lw_entry *entry, struct lw_error *e)
{
	if (!(entry->flags & LW_ENTRY_STAGED))
		return 0;
	if (entry->flags & LW_ENTRY_PLACED)
		return lw_store_require_placed(store, &entry->digest, entry->size, e);
	return lw_store_publish(store, &entry->digest, e);
}

static int publish_blobs(struct lw_intake *in, struct lw_error *e)
{
	int r = in->sitting ? lw_gate_volumes_publish(in, e) : 0;

	for (size_t i = 0; i < in->entries.n && r == 0 && !in->sitting; i++)
		r = publish_one(in->enclave->store, &in->entries.list[i], e);
	return r < 0 ? r : lw_store_sync_published(in->enclave->store, e);
}

static int compare_digests(const void *a, const void *b)
{
	const struct lw_entry *const *x = a, *const *y = b;

	return lw_digest_compare(&(*x)->digest, &(*y)->digest);
}

/* In the order of the table, where each row then follows the last. */
static int add_blobs(struct lw_intake *in, struct lw_error *e)
{
	lw_auto_free const struct lw_entry **rows =
		lw_alloc_array(in->entries.n, sizeof(*rows));
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < in->entries.n; i++)
		if (!(in->entries.list[i].flags & (LW_ENTRY_KEPT | LW_ENTRY_TUF_ALONE)))
			rows[n++] = &in->entries.list[i];
	if (n)
		lw_sort(rows, n, sizeof(*rows), compare_digests);
	for (size_t i = 0; i < n && r == 0; i++)
		r = lw_state_blob_add(in->enclave->state, &rows[i]->digest, rows[i]->size, e);
	return r;
}

static void join_platforms(const struct lw_image *image, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < image->n_platforms && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? "," : "",
					 image->platforms[i]);
}

/* What it is to be called in the registry: LW_E_LIMIT, LW_E_FORMAT where that is no name. */
static int queue_push(struct lw_intake *in, size_t i, int64_t id, struct lw_error *e)
{
	const struct lw_destination *to = in->options->push;
	char repository[LW_MAX_REPOSITORY + 1];
	int r = lw_destination_map(to, in->result->contents.images[i].name.repository,
				   repository, e);

	return r < 0 ? r : lw_state_push_add(in->enclave->state, id, to->host, repository, e);
}

/* Who asks for both gets both, or neither. */
static bool may_be_pushed(struct lw_intake *in)
{
	struct lw_verdict *v = &in->result->verdict;

	for (size_t i = 0; in->options->push && i < in->result->contents.n_images; i++) {
		const char *name = in->result->contents.images[i].name.repository;
		char repository[LW_MAX_REPOSITORY + 1];
		struct lw_error e = { 0 };

		if (lw_destination_map(in->options->push, name, repository, &e) < 0)
			lw_verdict_add(v, LW_FINDING_PUSH_NAME, name,
				       "a name that a registry takes", e.text);
	}
	return lw_verdict_clear(v);
}

static int add_image(struct lw_intake *in, size_t i, struct lw_error *e)
{
	const struct lw_image *image = &in->result->contents.images[i];
	const struct lw_needs *needs = &in->needs[i];
	LW_AUTO(buf) struct lw_buf detail = { 0 };
	struct lw_state_image row = {
		.digest = image->digest,
		.size = image->size,
		.bundle = in->result->bundle,
		.record = in->result->record,
		.accepted = in->result->interval.hi,
	};
	int64_t id = 0;
	int r;

	lw_contents_write_image(image, &detail);
	row.detail = (char *)detail.p;
	row.judgement = in->result->judgements[i];
	lw_reference_text(&image->name, row.name);
	(void)snprintf(row.media_type, sizeof(row.media_type), "%s", image->media_type);
	(void)snprintf(row.zone, sizeof(row.zone), "%s", in->zones[i]);
	join_platforms(image, row.platforms, sizeof(row.platforms));
	for (size_t k = 0; k < needs->n; k++)
		row.total_bytes += in->entries.list[needs->entries[k]].size;
	r = lw_state_image_add(in->enclave->state, &row, &id, e);
	for (size_t k = 0; k < needs->n && r == 0; k++)
		r = lw_state_image_blob(in->enclave->state, id,
					&in->entries.list[needs->entries[k]].digest, e);
	if (r == 0 && in->options->push)
		r = queue_push(in, i, id, e);
	return r;
}

static int raise_floors(struct lw_intake *in, struct lw_error *e)
{
	const struct lw_statement *s = &in->result->statement;
	/* The threshold vouches for `created`. Gate 3 let it be ahead of hi by policy's skew:
	 * the floor is not, or a sender's fast clock would make ours "behind" for as long. */
	int64_t proven =
		s->created < in->result->interval.hi ? s->created : in->result->interval.hi;
	int64_t floor = 0;
	int r = lw_state_sender_raise(in->enclave->state, s->sender, s->sequence, e);

	if (r == 0)
		r = lw_state_get_integer(in->enclave->state, "time.floor", &floor, e);
	if (r == 0 && proven > floor)
		r = lw_state_set_integer(in->enclave->state, "time.floor", proven, e);
	return r;
}

static int add_bundle(struct lw_intake *in, struct lw_error *e)
{
	struct lw_state_bundle b = {
		.digest = in->result->bundle,
		.sequence = in->result->statement.sequence,
		.created = in->result->statement.created,
		.accepted = in->result->interval.hi,
		.record = in->result->record,
	};

	(void)snprintf(b.sender, sizeof(b.sender), "%s", in->result->statement.sender);
	return lw_state_bundle_add(in->enclave->state, &b, e);
}

/* Once: what is not open any more, whatever gate 3 saw, takes the commit with it. */
static int spend_nonce(struct lw_intake *in, struct lw_error *e)
{
	const struct lw_statement *s = &in->result->statement;

	if (!s->has_nonce)
		return 0;
	return lw_state_request_close(in->enclave->state, &s->nonce, LW_REQUEST_ANSWERED,
				      in->result->record, e);
}

static int add_rows(struct lw_intake *in, struct lw_error *e)
{
	int r = add_blobs(in, e);

	for (size_t i = 0; i < in->result->contents.n_images && r == 0; i++)
		r = add_image(in, i, e);
	if (r == 0)
		r = add_bundle(in, e);
	if (r == 0)
		r = spend_nonce(in, e);
	if (r == 0)
		r = raise_floors(in, e);
	if (r == 0)
		r = lw_repositories_commit(in->repositories, e);
	if (r == 0)
		r = lw_state_queue_add(in->enclave->state, "index", e);
	return r == 0 && in->sitting ? lw_sitting_end(in, e) : r;
}

void lw_gate_commit(struct lw_intake *in)
{
	int64_t trust_version = 0;
	struct lw_error e = { 0 };
	struct syncing syncing;
	int r = lw_state_get_integer(in->enclave->state, "trust.version", &trust_version, &e);

	if (r == 0 && trust_version != in->trust_version) {
		lw_verdict_addf(&in->result->verdict, LW_FINDING_COMMIT_CHANGED, in->object,
				"the trust it was judged by", "version %lld instead of %lld",
				(long long)trust_version, (long long)in->trust_version);
		return;
	}
	if (!may_be_pushed(in))
		return;
	if (r == 0) {
		begin_sync(&syncing, in);
		r = end_sync(&syncing, add_rows(in, &e), &e);
	}
	if (r == 0)
		r = publish_blobs(in, &e);
	if (r < 0) {
		lw_intake_failed(in, &e);
		return;
	}
	in->staged = false;
	lw_verdict_pass(&in->result->verdict, LW_GATE_COMMIT);
}
