/* SPDX-License-Identifier: Apache-2.0 */
/* Repair: an approved bundle gives back what the store has lost. Its age does not matter, since
 * every byte taken is pinned by the digest of an image that was accepted; the seal's threshold
 * still does, so that nobody can make the store read a medium at will. */
#include "base/fs.h"
#include "base/mem.h"
#include "bundle/intake_internal.h"

struct repair {
	struct lw_intake in; /* first: gate functions take its address */
	struct lw_hasher *hasher;
	/* the damaged blobs, ascending by size then digest, as the entries are */
	struct lw_entries wanted;
};

/* ---- what is wrong here ---- */

static int blob_is_good(struct repair *rep, const struct lw_digest *d, uint64_t size,
			bool *ret_good, struct lw_error *e)
{
	enum { CHUNK = 1 << 20 };
	lw_auto_fd int fd = -1;
	lw_auto_free uint8_t *chunk = lw_alloc(CHUNK);
	struct lw_digest have;
	uint64_t found = 0;
	int r = lw_store_open_blob(rep->in.enclave->store, d, &fd, &found, e);

	*ret_good = false;
	if (r < 0 || found != size)
		return r == -LW_E_NOTFOUND || r == -LW_E_FORMAT || r == 0 ? 0 : r;
	for (uint64_t at = 0; at < size;) {
		size_t n = size - at < CHUNK ? (size_t)(size - at) : CHUNK;

		if (lw_fs_pread(fd, chunk, n, at, e) < 0) {
			(void)lw_hasher_final(rep->hasher); /* a fresh start for the next */
			return 0;			    /* what cannot be read is damaged */
		}
		lw_hasher_add(rep->hasher, chunk, n);
		at += n;
	}
	have = lw_hasher_final(rep->hasher);
	*ret_good = lw_digest_equal(&have, d);
	return 0;
}

static int check_blob(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	struct repair *rep = data;
	bool good = false;
	int r = blob_is_good(rep, d, size, &good, e);

	if (r < 0 || good)
		return r;
	rep->wanted.list = lw_realloc_array(rep->wanted.list, rep->wanted.n + 1,
					    sizeof(*rep->wanted.list));
	rep->wanted.list[rep->wanted.n++] = (struct lw_entry){ .digest = *d, .size = size };
	rep->in.damaged++;
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct lw_entry *x = a, *y = b;

	return lw_entry_compare(&x->digest, x->size, &y->digest, y->size);
}

/* ---- what the bundle has of it ---- */

static int open_sink(void *data, struct lw_entry *entry, int *ret_fd, uint64_t *ret_offset,
		     struct lw_error *e)
{
	struct repair *rep = data;

	(void)ret_offset;
	/* Of a blob in pieces a volume may have a part: that mends nothing. */
	if (!lw_extent_is_whole(&rep->in.entries, &rep->in.extent,
				(size_t)(entry - rep->in.entries.list)))
		return 0;
	if (!lw_entries_find(&rep->wanted, &entry->digest, entry->size))
		return 0;
	return lw_store_stage(rep->in.enclave->store, &entry->digest, ret_fd, e);
}

static int close_sink(void *data, struct lw_entry *entry, int fd, bool good, struct lw_error *e)
{
	lw_auto_fd int mine = fd;
	int r = 0;

	(void)data;
	if (mine >= 0 && good) {
		r = lw_fs_sync(mine, "staged blob", e);
		if (r == 0)
			entry->flags |= LW_ENTRY_STAGED;
	}
	return r;
}

static int publish(struct repair *rep, struct lw_error *e)
{
	struct lw_store *store = rep->in.enclave->store;

	for (size_t i = 0; i < rep->in.entries.n; i++) {
		const struct lw_entry *entry = &rep->in.entries.list[i];
		int r;

		if (!(entry->flags & LW_ENTRY_STAGED))
			continue;
		r = lw_store_publish(store, &entry->digest, e);
		if (r < 0)
			return r;
		rep->in.repaired++;
	}
	return lw_store_sync_published(store, e);
}

static void repair_from(struct repair *rep)
{
	struct lw_content_job job = { .open_sink = open_sink,
				      .close_sink = close_sink,
				      .sink = rep };
	struct lw_verdict *v = &rep->in.result->verdict;
	struct lw_error e = { 0 };

	lw_gate_seal(&rep->in);
	if (lw_verdict_clear(v))
		lw_gate_content_lists(&rep->in);
	if (!lw_verdict_clear(v))
		return;
	rep->in.staged = true;
	/* A damaged bundle still gives what is good in it. */
	if (lw_gate_content_blobs(&rep->in, &job, &e) < 0 || publish(rep, &e) < 0) {
		lw_intake_failed(&rep->in, &e);
		return;
	}
	lw_verdict_pass(v, LW_GATE_CONTENT);
}

static int record(struct repair *rep, struct lw_error *e)
{
	struct lw_state *s = rep->in.enclave->state;
	int r = lw_state_begin(s, e);

	if (r == 0)
		r = lw_intake_record(&rep->in, LW_EVENT_REPAIR, e);
	if (r == 0)
		r = lw_state_commit(s, e);
	if (r < 0)
		lw_state_rollback(s);
	return r;
}

int lw_intake_repair(struct lw_enclave *enclave, const struct lw_clock *clock,
		     const struct lw_intake_options *options, struct lw_repair_result *ret,
		     struct lw_error *e)
{
	struct repair rep = { .in = { .enclave = enclave,
				      .options = options,
				      .clock = *clock,
				      .fd = -1,
				      .documents = -1,
				      .repairing = true,
				      .telling = PTHREAD_MUTEX_INITIALIZER,
				      .result = &ret->intake } };
	struct lw_verdict *v = &ret->intake.verdict;
	int r = lw_record_head(enclave->state, &ret->intake.head, e);

	ret->intake.record = ret->intake.head.count;
	rep.hasher = lw_hasher_new();
	if (r == 0)
		r = lw_intake_open(&rep.in, e);
	if (r == 0)
		r = lw_state_each_blob(enclave->state, false, check_blob, &rep, e);
	if (r == 0 && lw_verdict_clear(v) && !lw_intake_stopped(&rep.in)) {
		lw_sort(rep.wanted.list, rep.wanted.n, sizeof(*rep.wanted.list),
			compare_entries);
		repair_from(&rep);
	}
	(void)lw_verdict_conclude(v, 1u << LW_GATE_SEAL | 1u << LW_GATE_CONTENT);
	ret->intake.bytes_read = atomic_load(&rep.in.medium.bytes_read);
	ret->damaged = rep.in.damaged;
	ret->repaired = rep.in.repaired;
	if (r == 0)
		r = record(&rep, e);
	lw_hasher_free(rep.hasher);
	lw_entries_release(&rep.wanted);
	lw_intake_close(&rep.in);
	if (r < 0)
		v->outcome = LW_FAILED;
	return r;
}
