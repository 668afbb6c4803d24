/* SPDX-License-Identifier: Apache-2.0 */
/* Gate 4, of an increment: what does not travel is taken from the store, by the state's word
 * that it is there, and never without hashing it. */
#include "base/fs.h"
#include "base/mem.h"
#include "base/threads.h"
#include "bundle/bases.h"
#include "bundle/format.h"
#include "bundle/intake_internal.h"

#define CHUNK ((size_t)1 << 20)
/* So many are told of one by one; the result has all of them. */
#define NAMED ((size_t)16)

static bool is_absent(const struct lw_intake *in, const struct lw_entry *entry)
{
	const uint64_t here = LW_ENTRY_KEPT | LW_ENTRY_STAGED;

	if (!(entry->flags & LW_ENTRY_HAVE) || entry->flags & here)
		return false;
	/* Judging alone stages nothing: what was read here does not lack. */
	return in->sitting || !(entry->flags & LW_ENTRY_TAKEN);
}

static bool is_lacking(const struct lw_intake *in, const struct lw_entry *entry)
{
	return is_absent(in, entry) && !(entry->flags & LW_ENTRY_BROUGHT);
}

static size_t count(const struct lw_intake *in,
		    bool (*is)(const struct lw_intake *, const struct lw_entry *))
{
	size_t n = 0;

	for (size_t i = 0; i < in->entries.n && in->entries.n_have > 0; i++)
		n += is(in, &in->entries.list[i]);
	return n;
}

size_t lw_prerequisites_absent(const struct lw_intake *in)
{
	return count(in, is_absent);
}

size_t lw_prerequisites_lacking(const struct lw_intake *in)
{
	return count(in, is_lacking);
}

/* ---- what is found ---- */

void lw_prerequisites_damaged(struct lw_intake *in, size_t i, const char *found)
{
	struct lw_entry *entry = &in->entries.list[i];
	char name[LW_BLOB_NAME], want[64];

	entry->flags &= ~(uint64_t)(LW_ENTRY_KEPT | LW_ENTRY_STAGED);
	if (entry->flags & LW_ENTRY_BROUGHT) /* then nobody relies on it */
		return;
	entry->flags |= LW_ENTRY_TOLD;
	(void)snprintf(want, sizeof(want), "its %llu bytes in the store",
		       (unsigned long long)entry->size);
	(void)pthread_mutex_lock(&in->telling);
	lw_verdict_add(&in->result->verdict, LW_FINDING_CONTENT_PREREQUISITE_DAMAGED,
		       lw_format_blob_name(&entry->digest, name), want, found);
	(void)pthread_mutex_unlock(&in->telling);
}

/* That one of that digest is here, and of another size, no other bundle mends: the list, or the
 * state, is wrong. */
static int report_one(struct lw_intake *in, size_t i, size_t *missing, struct lw_error *e)
{
	const struct lw_entry *entry = &in->entries.list[i];
	char name[LW_BLOB_NAME], text[64];
	uint64_t size = 0;
	bool has = false;
	int r = lw_state_blob_has(in->enclave->state, &entry->digest, &has, &size, e);

	if (r < 0)
		return r;
	if (has && size != entry->size) {
		(void)snprintf(text, sizeof(text), "%llu bytes", (unsigned long long)size);
		lw_prerequisites_damaged(in, i, text);
		return 0;
	}
	if ((*missing)++ >= NAMED)
		return 0;
	(void)snprintf(text, sizeof(text), "a blob of %llu bytes",
		       (unsigned long long)entry->size);
	lw_verdict_add(&in->result->verdict, LW_FINDING_CONTENT_PREREQUISITE_MISSING,
		       lw_format_blob_name(&entry->digest, name), text, "it is not here");
	return 0;
}

int lw_prerequisites_report(struct lw_intake *in, struct lw_error *e)
{
	struct lw_intake_result *result = in->result;
	const size_t n = lw_prerequisites_lacking(in);
	size_t missing = 0; /* the damaged ones have been told */
	int r = 0;

	free(lw_steal(result->lacking));
	result->lacking = lw_alloc_array(n, sizeof(*result->lacking));
	result->n_lacking = 0;
	for (size_t i = 0; i < in->entries.n && n > 0 && r == 0; i++) {
		if (!is_lacking(in, &in->entries.list[i]))
			continue;
		if (!(in->entries.list[i].flags & LW_ENTRY_TOLD))
			r = report_one(in, i, &missing, e);
		result->lacking[result->n_lacking++] = in->entries.list[i];
	}
	if (n == 0 && lw_prerequisites_absent(in) > 0)
		lw_gate_volumes_is_last(in, "all its prerequisites");
	if (r == 0 && missing > NAMED)
		lw_verdict_addf(&result->verdict, LW_FINDING_CONTENT_PREREQUISITE_MISSING,
				in->object, "all its prerequisites",
				"%zu more are not here: -o json names them", missing - NAMED);
	return r;
}

/* ---- what the store has ---- */

int lw_prerequisites_hash(struct lw_intake *in, size_t i, struct lw_error *why, bool *ret_good,
			  struct lw_error *e)
{
	const struct lw_entry *entry = &in->entries.list[i];
	LW_AUTO(hasher) struct lw_hasher *hasher = lw_hasher_new();
	lw_auto_free uint8_t *chunk = lw_alloc(CHUNK);
	lw_auto_fd int fd = -1;
	struct lw_digest have;
	uint64_t size = 0;
	int r = lw_store_open_blob(in->enclave->store, &entry->digest, &fd, &size, why);

	if (r == 0 && size != entry->size)
		r = lw_fail(why, LW_E_DIGEST, "%llu bytes", (unsigned long long)size);
	for (uint64_t at = 0, n; at < entry->size && r == 0; at += n) {
		const atomic_bool *stop = in->options->stop;

		n = entry->size - at < CHUNK ? entry->size - at : CHUNK;
		if (stop && atomic_load(stop))
			return lw_fail(e, LW_E_BUSY, "stopped");
		r = lw_fs_pread(fd, chunk, n, at, why);
		if (r == 0)
			lw_hasher_add(hasher, chunk, n);
	}
	if (r < 0 && lw_error_is_exhaustion(why))
		return lw_fail_of(e, why);
	have = lw_hasher_final(hasher);
	if (r == 0 && !lw_digest_equal(&have, &entry->digest))
		r = lw_fail(why, LW_E_DIGEST, "other bytes");
	*ret_good = r == 0;
	return 0;
}

static int judge_one(void *data, size_t i, struct lw_error *e)
{
	const uint64_t kept = LW_ENTRY_HAVE | LW_ENTRY_KEPT;
	struct lw_intake *in = data;
	struct lw_error why = { 0 };
	bool good = true;
	int r = 0;

	if ((in->entries.list[i].flags & kept) == kept)
		r = lw_prerequisites_hash(in, i, &why, &good, e);
	if (!good)
		lw_prerequisites_damaged(in, i, why.text);
	return r;
}

int lw_prerequisites_judge(struct lw_intake *in, struct lw_error *e)
{
	return in->entries.n_have > 0 ? lw_threads_each(lw_store_readers(in->enclave->store),
							in->entries.n, judge_one, in, e)
				      : 0;
}

static int doubt_one(void *data, size_t i, struct lw_error *e)
{
	struct lw_intake *in = data;
	struct lw_entry *entry = &in->entries.list[i];
	const struct lw_extent *x = &in->extent;
	struct lw_error why = { 0 };
	bool good = true;
	int r = 0;

	if (entry->flags & LW_ENTRY_KEPT && i >= x->first && i < x->end &&
	    lw_extent_has(&in->entries, x, i))
		r = lw_prerequisites_hash(in, i, &why, &good, e);
	if (!good)
		entry->flags &= ~(uint64_t)LW_ENTRY_KEPT;
	return r;
}

int lw_prerequisites_doubt(struct lw_intake *in, struct lw_error *e)
{
	return lw_threads_each(lw_store_readers(in->enclave->store), in->entries.n, doubt_one,
			       in, e);
}

int lw_prerequisites_copy(struct lw_intake *in, uint64_t flags, struct lw_error *e)
{
	const uint64_t kept = LW_ENTRY_HAVE | LW_ENTRY_KEPT;
	size_t damaged = 0;
	int r = 0;

	for (size_t i = 0; i < in->entries.n && in->entries.n_have > 0 && r == 0; i++) {
		LW_AUTO(buf) struct lw_buf bytes = { 0 };
		struct lw_entry *entry = &in->entries.list[i];
		struct lw_error why = { 0 };

		if (!(entry->flags & flags) || entry->flags & LW_ENTRY_COPIED ||
		    (entry->flags & kept) != kept)
			continue;
		if (lw_bases_read(in->enclave, &entry->digest, entry->size, entry->size, &bytes,
				  &why) == 0) {
			r = lw_gate_content_put(in, entry, lw_buf_span(&bytes), e);
			continue;
		}
		if (lw_error_is_exhaustion(&why))
			return lw_fail_of(e, &why);
		lw_prerequisites_damaged(in, i, why.text);
		damaged++;
	}
	if (r == 0 && damaged > 0)
		r = lw_prerequisites_judge(in, e); /* which others are */
	return r == 0 && damaged > 0 ? lw_prerequisites_report(in, e) : r;
}
