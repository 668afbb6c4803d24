/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/blobs.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "registry/wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK_BYTES    LW_MAX_REGISTRY_PART
#define TELL_AGAIN_SEC 5

/* A blob that was asked for, and its file as the file system knew it when it was hashed. */
struct known {
	struct lw_digest digest;
	struct lw_digest *chunks; /* owned; NULL: never seen whole */
	uint64_t size;
	dev_t device;
	ino_t inode;
	struct timespec modified, changed;
	bool hashed; /* and is remembered so */
	bool good;
	char *why;    /* owned: it is not; NULL: nothing to tell */
	bool booked;  /* that is in the book */
	int64_t told; /* when, by the boot clock; 0: not yet */
};

struct lw_blobs {
	struct lw_store *store;
	lw_blobs_alarm *alarm;
	void *data;
	struct lw_hasher *hasher;
	struct known *list; /* owned; ascending by digest */
	size_t n;
	uint8_t *chunk; /* owned: CHUNK_BYTES, of which the last that was good: */
	struct lw_digest chunk_digest;
	uint64_t chunk_at;
	size_t chunk_n; /* 0: none */
	/* Where the part that was handed out last ended, and whether it began where the one
	 * before ended. */
	struct lw_digest last;
	uint64_t next_at;
	bool in_a_row;
};

struct lw_blobs *lw_blobs_new(struct lw_store *store, lw_blobs_alarm *alarm, void *data)
{
	struct lw_blobs *b = lw_alloc_array(1, sizeof(*b));

	*b = (struct lw_blobs){ .store = store,
				.alarm = alarm,
				.data = data,
				.hasher = lw_hasher_new(),
				.chunk = lw_alloc(CHUNK_BYTES) };
	return b;
}

void lw_blobs_free(struct lw_blobs *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++) {
		free(b->list[i].chunks);
		free(b->list[i].why);
	}
	free(b->list);
	free(b->chunk);
	lw_hasher_free(b->hasher);
	free(b);
}

static struct known *find(struct lw_blobs *b, const struct lw_digest *d)
{
	size_t lo = 0, hi = b->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (lw_digest_compare(&b->list[mid].digest, d) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < b->n && lw_digest_equal(&b->list[lo].digest, d))
		return &b->list[lo];
	b->list = lw_realloc_array(b->list, b->n + 1, sizeof(*b->list));
	memmove(b->list + lo + 1, b->list + lo, (b->n - lo) * sizeof(*b->list));
	b->n++;
	b->list[lo] = (struct known){ .digest = *d };
	return &b->list[lo];
}

/* ---- what is wrong ---- */

static void tell(struct lw_blobs *b, struct known *k)
{
	struct lw_clock now = { 0 };
	struct lw_error ignored;

	(void)!lw_clock_system(&now, &ignored);
	if (k->booked || (k->told && now.boot_sec < k->told + TELL_AGAIN_SEC))
		return;
	k->booked = b->alarm && b->alarm(b->data, &k->digest, k->why) == 0;
	k->told = now.boot_sec ? now.boot_sec : 1;
}

/* Something else than what was told is told at once. */
static void mark(struct lw_blobs *b, struct known *k, const char *why)
{
	if (!k->why || strcmp(k->why, why) != 0) {
		free(k->why);
		k->why = lw_strdup(why);
		k->booked = false;
		k->told = 0;
	}
	tell(b, k);
}

static void unmark(struct known *k)
{
	free(lw_steal(k->why));
	k->booked = false;
	k->told = 0;
}

static enum lw_blob_standing bad(struct lw_blobs *b, struct known *k, const char *why)
{
	k->good = false;
	mark(b, k, why);
	return LW_BLOB_BAD;
}

/* It is missing, no file, or too short; or the disk does not give it, which may pass. */
static enum lw_blob_standing unreadable(struct lw_blobs *b, struct known *k,
					const struct lw_error *e)
{
	k->hashed = false;
	if (e->code == LW_E_NOTFOUND)
		return bad(b, k, "missing in the store");
	if (e->code != LW_E_IO)
		return bad(b, k, e->text);
	mark(b, k, e->text);
	return LW_BLOB_UNREADABLE;
}

static enum lw_blob_standing others(struct lw_blobs *b, struct known *k,
				    const struct lw_digest *have)
{
	char text[LW_DIGEST_TEXT];
	lw_auto_free char *why =
		lw_asprintf("its bytes are those of %s", lw_digest_text(have, text));

	return bad(b, k, why);
}

/* ---- hashing ---- */

static bool is_as_it_was(const struct known *k, const struct stat *st)
{
	return k->hashed && k->device == st->st_dev && k->inode == st->st_ino &&
	       k->size == (uint64_t)st->st_size && k->modified.tv_sec == st->st_mtim.tv_sec &&
	       k->modified.tv_nsec == st->st_mtim.tv_nsec &&
	       k->changed.tv_sec == st->st_ctim.tv_sec &&
	       k->changed.tv_nsec == st->st_ctim.tv_nsec;
}

static void remember(struct known *k, const struct stat *st)
{
	k->hashed = true;
	k->device = st->st_dev;
	k->inode = st->st_ino;
	k->size = (uint64_t)st->st_size;
	k->modified = st->st_mtim;
	k->changed = st->st_ctim;
}

static size_t chunk_bytes(uint64_t size, uint64_t at)
{
	return size - at < CHUNK_BYTES ? (size_t)(size - at) : CHUNK_BYTES;
}

/* All of it, and its chunks; *ret_chunks is the caller's. */
static int hash_file(struct lw_blobs *b, int fd, uint64_t size, struct lw_digest *ret,
		     struct lw_digest **ret_chunks, struct lw_error *e)
{
	lw_auto_free struct lw_digest *chunks =
		lw_alloc_array((size_t)(size / CHUNK_BYTES) + 1, sizeof(*chunks));
	int r = 0;

	b->chunk_n = 0;
	for (uint64_t at = 0; at < size && r == 0; at += CHUNK_BYTES) {
		size_t n = chunk_bytes(size, at);

		r = lw_fs_pread(fd, b->chunk, n, at, e);
		if (r == 0) {
			lw_hasher_add(b->hasher, b->chunk, n);
			chunks[at / CHUNK_BYTES] = lw_digest_of(lw_span(b->chunk, n));
		}
	}
	*ret = lw_hasher_final(b->hasher);
	if (r == 0)
		*ret_chunks = lw_steal(chunks);
	return r;
}

static enum lw_blob_standing hash(struct lw_blobs *b, struct known *k, int fd,
				  const struct stat *st)
{
	lw_auto_free struct lw_digest *chunks = NULL;
	struct lw_digest have;
	struct lw_error e = { 0 };

	if (hash_file(b, fd, (uint64_t)st->st_size, &have, &chunks, &e) < 0)
		return unreadable(b, k, &e);
	remember(k, st);
	if (!lw_digest_equal(&have, &k->digest))
		return others(b, k, &have);
	unmark(k);
	free(k->chunks);
	k->chunks = lw_steal(chunks);
	k->good = true;
	return LW_BLOB_GOOD;
}

/* ---- handing out ---- */

static int open_blob(struct lw_blobs *b, const struct lw_digest *d, int *ret_fd,
		     struct stat *ret_st, struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	int r = lw_store_open_blob(b->store, d, &fd, NULL, e);

	if (r == 0 && fstat(fd, ret_st) < 0)
		r = lw_fail_errno(e, "fstat");
	if (r == 0)
		*ret_fd = lw_steal_fd(&fd);
	return r;
}

enum lw_blob_standing lw_blobs_look(struct lw_blobs *b, const struct lw_digest *d,
				    uint64_t size)
{
	struct known *k = find(b, d);
	lw_auto_fd int fd = -1;
	struct lw_error e = { 0 };
	struct stat st = { 0 };
	enum lw_blob_standing standing = LW_BLOB_GOOD;

	b->chunk_n = 0; /* who asks for a blob is answered from the disk */
	if (open_blob(b, d, &fd, &st, &e) < 0)
		return unreadable(b, k, &e);
	if ((uint64_t)st.st_size != size)
		standing = bad(b, k, "it has another size");
	else if (!is_as_it_was(k, &st))
		standing = hash(b, k, fd, &st);
	else if (!k->good)
		standing = bad(b, k, k->why ? k->why : "its bytes are others");
	return standing;
}

/* The chunk at `at`, a multiple of CHUNK_BYTES, into b->chunk. */
static enum lw_blob_standing read_chunk(struct lw_blobs *b, struct known *k, uint64_t at)
{
	size_t n = chunk_bytes(k->size, at);
	lw_auto_fd int fd = -1;
	struct lw_error e = { 0 };
	struct lw_digest have;
	struct stat st = { 0 };
	lw_auto_free char *why = NULL;

	if (b->chunk_n && b->chunk_at == at && lw_digest_equal(&b->chunk_digest, &k->digest))
		return LW_BLOB_GOOD;
	b->chunk_n = 0;
	if (open_blob(b, &k->digest, &fd, &st, &e) < 0 ||
	    lw_fs_pread(fd, b->chunk, n, at, &e) < 0)
		return unreadable(b, k, &e);
	have = lw_digest_of(lw_span(b->chunk, n));
	if (!lw_digest_equal(&have, &k->chunks[at / CHUNK_BYTES])) {
		why = lw_asprintf("the bytes from %llu on became others",
				  (unsigned long long)at);
		return bad(b, k, why);
	}
	b->chunk_digest = k->digest;
	b->chunk_at = at;
	b->chunk_n = n;
	return LW_BLOB_GOOD;
}

enum lw_blob_standing lw_blobs_part(struct lw_blobs *b, const struct lw_digest *d, uint64_t at,
				    size_t most, struct lw_buf *out)
{
	struct known *k = find(b, d);
	uint64_t from = at - at % CHUNK_BYTES;
	enum lw_blob_standing standing;
	size_t n;

	if (!k->good || at >= k->size)
		return LW_BLOB_BAD;
	standing = read_chunk(b, k, from);
	if (standing != LW_BLOB_GOOD)
		return standing;
	n = b->chunk_n - (size_t)(at - from);
	n = n < most ? n : most;
	lw_buf_add(out, b->chunk + (at - from), n);
	b->in_a_row = b->next_at == at && lw_digest_equal(&b->last, d);
	b->last = *d;
	b->next_at = at + n;
	return LW_BLOB_GOOD;
}

void lw_blobs_ahead(struct lw_blobs *b)
{
	struct known *k = b->in_a_row ? find(b, &b->last) : NULL;

	if (k && k->good && b->next_at < k->size && b->next_at % CHUNK_BYTES == 0)
		(void)!read_chunk(b, k, b->next_at);
	b->in_a_row = false; /* once for each part */
}

enum lw_blob_standing lw_blobs_read(struct lw_blobs *b, const struct lw_digest *d, size_t size,
				    struct lw_buf *out)
{
	struct known *k = find(b, d);
	lw_auto_fd int fd = -1;
	struct lw_error e = { 0 };
	struct lw_digest have;
	struct stat st = { 0 };
	size_t from = out->n;

	if (open_blob(b, d, &fd, &st, &e) < 0)
		return unreadable(b, k, &e);
	if ((uint64_t)st.st_size != size)
		return bad(b, k, "it has another size");
	lw_buf_reserve(out, size);
	if (lw_fs_pread(fd, out->p + from, size, 0, &e) < 0)
		return unreadable(b, k, &e);
	have = lw_digest_of(lw_span(out->p + from, size));
	if (!lw_digest_equal(&have, d))
		return others(b, k, &have);
	out->n += size;
	unmark(k);
	return LW_BLOB_GOOD;
}
