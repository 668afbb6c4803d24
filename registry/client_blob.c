/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs into a registry: seen there, mounted, or sent in one piece or several, and read back.
 */
#include "registry/client_internal.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/text.h"
#include "fetch/url.h"

#include <string.h>
#include <strings.h>

#define READ_BYTES   ((size_t)1 << 20)
#define MOST_STALLS  4 /* that a session may be asked where it is, without getting on */
#define MOST_SESSION 3 /* begun for one blob */
#define OCTETS	     "Content-Type: application/octet-stream"

struct pushing {
	struct lw_registry_client *c;
	const struct lw_client_blob *b;
	struct lw_client_scope scope;
	char digest[LW_DIGEST_TEXT];
	char *location; /* owned; where the session goes on */
	uint64_t chunk;
};

static void auto_pushing(struct pushing *p)
{
	free(p->location);
}

static void tell(const struct lw_client_blob *b, uint64_t bytes)
{
	if (b->tell)
		b->tell(b->data, bytes);
}

/* ---- hashing ---- */

struct hashing {
	struct lw_hasher *hasher;
	const struct lw_client_blob *b;
	uint64_t bytes;
};

static int into_hash(void *data, struct lw_span bytes, struct lw_error *e)
{
	struct hashing *h = data;

	(void)e;
	lw_hasher_add(h->hasher, bytes.p, bytes.n);
	h->bytes += bytes.n;
	tell(h->b, bytes.n);
	return 0;
}

/* Nothing is sent that is not what it is called. */
static int require_own(const struct lw_client_blob *b, struct lw_error *e)
{
	lw_auto_free uint8_t *chunk = lw_alloc(READ_BYTES);
	struct lw_hasher *hasher = lw_hasher_new();
	struct lw_digest have;
	char text[LW_DIGEST_TEXT];
	int r = 0;

	for (uint64_t at = 0; at < b->size && r == 0;) {
		size_t n = b->size - at < READ_BYTES ? (size_t)(b->size - at) : READ_BYTES;

		r = lw_fs_pread(b->fd, chunk, n, at, e);
		if (r == 0)
			lw_hasher_add(hasher, chunk, n);
		at += n;
	}
	have = lw_hasher_final(hasher);
	lw_hasher_free(hasher);
	if (r < 0)
		return lw_fail_as(e, LW_E_STATE);
	if (!lw_digest_equal(&have, &b->digest))
		return lw_fail(e, LW_E_STATE, "in the store its bytes are those of %s",
			       lw_digest_text(&have, text));
	return 0;
}

static int hash_answer(struct pushing *p, const char *url, struct lw_digest *ret,
		       uint64_t *ret_bytes, struct lw_error *e)
{
	LW_AUTO(http_answer) struct lw_http_answer a = { 0 };
	struct hashing h = { .hasher = lw_hasher_new(), .b = p->b };
	const struct lw_http_sink sink = { into_hash, &h };
	int r = lw_client_read(p->c, p->b->repository, url, NULL, p->b->size, &sink, &a, e);

	*ret = lw_hasher_final(h.hasher);
	*ret_bytes = h.bytes;
	lw_hasher_free(h.hasher);
	return r == 0 && a.status != 200 ? lw_client_refused(&a, "reading it back", e) : r;
}

static int read_back(struct pushing *p, struct lw_error *e)
{
	lw_auto_free char *what = lw_asprintf("blobs/%s", p->digest);
	lw_auto_free char *url = lw_client_url(p->c, p->b->repository, what);
	struct lw_digest have;
	char text[LW_DIGEST_TEXT];
	uint64_t bytes = 0;
	int r = 0;

	for (unsigned attempt = 0; attempt < LW_CLIENT_TRIES; attempt++) {
		const struct lw_http_answer none = { 0 };

		if (attempt > 0)
			lw_client_wait(attempt - 1, &none);
		r = hash_answer(p, url, &have, &bytes, e);
		if (r != -LW_E_IO)
			break;
	}
	if (r == -LW_E_LIMIT)
		return lw_fail_as(e, LW_E_DIGEST);
	if (r < 0)
		return r;
	if (bytes != p->b->size || !lw_digest_equal(&have, &p->b->digest))
		return lw_fail(e, LW_E_DIGEST,
			       "read back: want %llu bytes, have %llu of digest %s",
			       (unsigned long long)p->b->size, (unsigned long long)bytes,
			       lw_digest_text(&have, text));
	return 0;
}

/* Whether the registry says it has it. */
static int is_there(struct pushing *p, bool *ret, struct lw_error *e)
{
	LW_AUTO(http_answer) struct lw_http_answer a = { 0 };
	lw_auto_free char *what = lw_asprintf("blobs/%s", p->digest);
	lw_auto_free char *url = lw_client_url(p->c, p->b->repository, what);
	struct lw_http_request q = { .method = "HEAD", .url = url };
	const char *length;
	uint64_t size = 0;
	int r = lw_client_ask(p->c, &p->scope, &q, true, &a, e);

	if (r < 0)
		return r;
	if (a.status == 404) {
		*ret = false;
		return 0;
	}
	/* What is somewhere else is read there. */
	if (a.status >= 300 && a.status < 400) {
		*ret = true;
		return 0;
	}
	if (a.status != 200)
		return lw_client_refused(&a, "asking for it", e);
	length = lw_http_header(&a, "Content-Length");
	if (length && (lw_num_u64(lw_span_str(length), 0, UINT64_MAX, &size, e) < 0 ||
		       size != p->b->size))
		return lw_fail(e, LW_E_DIGEST, "the registry has it with another length");
	*ret = true;
	return 0;
}

/* ---- a session ---- */

/* Where the session goes on: on the same registry, or not at all. */
static int take_location(struct pushing *p, const char *from, const struct lw_http_answer *a,
			 struct lw_error *e)
{
	const char *location = lw_http_header(a, "Location");
	char *next = NULL;
	char shown[256];
	int r;

	if (!location)
		return lw_fail(e, LW_E_FORMAT, "the registry does not say where to send it");
	r = lw_url_resolve(from, location, &next, e);
	if (r < 0)
		return lw_fail_as(e, LW_E_FORMAT);
	if (!lw_url_is_same_origin(next, p->c->origin)) {
		(void)lw_text_escape_str(next, shown, sizeof(shown));
		free(next);
		return lw_fail(e, LW_E_FORMAT,
			       "the registry wants it sent elsewhere, which is not done: %s",
			       shown);
	}
	free(p->location);
	p->location = next;
	return 0;
}

static int take_chunk_length(struct pushing *p, const struct lw_http_answer *a,
			     struct lw_error *e)
{
	const char *least = lw_http_header(a, "OCI-Chunk-Min-Length");
	uint64_t bytes = 0;

	if (!least)
		return 0;
	if (lw_num_u64(lw_span_str(least), 0, LW_MAX_BLOB_BYTES, &bytes, e) < 0)
		return lw_fail(e, LW_E_FORMAT, "OCI-Chunk-Min-Length makes no sense");
	if (bytes > p->chunk)
		p->chunk = bytes;
	return 0;
}

/* Begins one, unless the registry has it in another repository. */
static int begin(struct pushing *p, bool *ret_mounted, struct lw_error *e)
{
	LW_AUTO(http_answer) struct lw_http_answer a = { 0 };
	lw_auto_free char *what = *p->scope.from
					  ? lw_asprintf("blobs/uploads/?mount=%s&from=%s",
							p->digest, p->scope.from)
					  : lw_strdup("blobs/uploads/");
	lw_auto_free char *url = lw_client_url(p->c, p->b->repository, what);
	struct lw_http_request q = { .method = "POST", .url = url };
	int r = lw_client_ask(p->c, &p->scope, &q, true, &a, e);

	/* Who may not read there, or finds nothing there, may still send it. */
	if (*p->scope.from &&
	    (r == -LW_E_USAGE || (r == 0 && a.status >= 400 && a.status < 500))) {
		p->scope.from = "";
		return begin(p, ret_mounted, e);
	}
	if (r < 0)
		return r;
	*ret_mounted = a.status == 201 && *p->scope.from;
	if (*ret_mounted)
		return 0;
	if (a.status != 202)
		return lw_client_refused(&a, "beginning to send it", e);
	r = take_location(p, url, &a, e);
	return r == 0 ? take_chunk_length(p, &a, e) : r;
}

struct piece {
	const struct lw_client_blob *b;
	uint64_t from, told;
};

static int give(void *data, uint8_t *bytes, size_t n, uint64_t at, struct lw_error *e)
{
	struct piece *piece = data;

	if (at + n > piece->told) { /* not what is sent a second time */
		tell(piece->b, at + n - piece->told);
		piece->told = at + n;
	}
	return lw_fs_pread(piece->b->fd, bytes, n, piece->from + at, e);
}

/* The end of what it has: "0-<last>", which may also stand for nothing. */
static int take_range(const struct lw_http_answer *a, uint64_t *ret_end, struct lw_error *e)
{
	const char *range = lw_http_header(a, "Range");
	uint64_t last = 0;
	char shown[64];

	if (range && strncasecmp(range, "bytes=", 6) == 0)
		range += 6;
	if (!range || strncmp(range, "0-", 2) != 0 ||
	    lw_num_u64(lw_span_str(range + 2), 0, LW_MAX_BLOB_BYTES, &last, e) < 0)
		return lw_fail(e, LW_E_FORMAT, "the registry's Range makes no sense: '%s'",
			       lw_text_escape_str(range ? range : "", shown, sizeof(shown)));
	*ret_end = last + 1;
	return 0;
}

/* One piece; what the registry then says it has must be what was sent. */
static int send_piece(struct pushing *p, uint64_t at, uint64_t n, struct lw_http_answer *a,
		      struct lw_error *e)
{
	lw_auto_free char *range =
		lw_asprintf("Content-Range: %llu-%llu", (unsigned long long)at,
			    (unsigned long long)(at + n - 1));
	const char *headers[] = { OCTETS, range };
	struct piece piece = { .b = p->b, .from = at };
	struct lw_http_request q = { .method = "PATCH",
				     .url = p->location,
				     .headers = headers,
				     .n_headers = LW_COUNT_OF(headers),
				     .give = give,
				     .data = &piece,
				     .bytes = n };
	uint64_t end = 0, want = at + n;
	int r = lw_client_ask(p->c, &p->scope, &q, false, a, e);

	if (r < 0)
		return r;
	if (a->status != 202)
		return lw_client_refused(a, "sending a piece of it", e);
	r = take_range(a, &end, e);
	if (r == 0 && end != want)
		r = lw_fail(e, LW_E_FORMAT,
			    "the registry says it has %llu bytes, %llu were sent",
			    (unsigned long long)end, (unsigned long long)want);
	return r == 0 ? take_location(p, q.url, a, e) : r;
}

/* After a piece that broke off: how far the registry got. LW_E_NOTFOUND: the session is gone.
 */
static int where(struct pushing *p, uint64_t at, uint64_t n, uint64_t *ret, struct lw_error *e)
{
	LW_AUTO(http_answer) struct lw_http_answer a = { 0 };
	struct lw_http_request q = { .method = "GET", .url = p->location };
	uint64_t end = 0;
	int r = lw_client_ask(p->c, &p->scope, &q, true, &a, e);

	if (r < 0)
		return r;
	if (a.status != 204 && a.status != 202)
		return lw_fail(e, LW_E_NOTFOUND, "the upload is gone");
	r = take_range(&a, &end, e);
	if (r < 0)
		return r;
	if (at == 0 && end == 1)
		end = 0; /* "0-0" is also what an empty session says; a byte is soon sent again
			  */
	if (end < at || end > at + n)
		return lw_fail(e, LW_E_NOTFOUND, "the upload went astray");
	if (lw_http_header(&a, "Location")) {
		lw_auto_free char *from = lw_strdup(p->location);

		r = take_location(p, from, &a, e);
	}
	*ret = end;
	return r;
}

static int send_pieces(struct pushing *p, struct lw_error *e)
{
	uint64_t size = p->b->size, at = 0;
	unsigned stalls = 0;

	while (at < size) {
		LW_AUTO(http_answer) struct lw_http_answer a = { 0 };
		uint64_t n = size - at < p->chunk ? size - at : p->chunk, got = at;
		int r = send_piece(p, at, n, &a, e);

		if (r == 0) {
			at += n;
			stalls = 0;
			continue;
		}
		/* 416: it has another idea of where we are. */
		if (r != -LW_E_IO && a.status != 416 && a.status != 404)
			return r;
		if (a.status == 404)
			return lw_fail(e, LW_E_NOTFOUND, "the upload is gone");
		lw_client_wait(stalls, &a);
		r = where(p, at, n, &got, e);
		if (r < 0)
			return r;
		stalls = got > at ? 0 : stalls + 1;
		if (stalls == MOST_STALLS)
			return lw_fail(e, LW_E_IO, "the registry takes no more of it");
		at = got;
	}
	return 0;
}

/* Says that it is whole; with the bytes where none were sent before. */
static int finish(struct pushing *p, bool with_bytes, struct lw_error *e)
{
	LW_AUTO(http_answer) struct lw_http_answer a = { 0 };
	lw_auto_free char *url = lw_asprintf("%s%sdigest=%s", p->location,
					     strchr(p->location, '?') ? "&" : "?", p->digest);
	const char *octets = OCTETS, *have;
	struct piece piece = { .b = p->b };
	struct lw_http_request q = {
		.method = "PUT", .url = url, .headers = &octets, .n_headers = 1
	};
	char shown[LW_DIGEST_TEXT];
	int r;

	if (with_bytes) {
		q.give = give;
		q.data = &piece;
		q.bytes = p->b->size;
	}
	r = lw_client_ask(p->c, &p->scope, &q, false, &a, e);
	if (r < 0)
		return r;
	if (a.status == 404)
		return lw_fail(e, LW_E_NOTFOUND, "the upload is gone");
	if (a.status != 201)
		return lw_client_refused(&a, "ending it", e);
	have = lw_http_header(&a, "Docker-Content-Digest");
	if (have && strcmp(have, p->digest) != 0)
		return lw_fail(e, LW_E_DIGEST, "the registry calls it %s",
			       lw_text_escape_str(have, shown, sizeof(shown)));
	return 0;
}

static int send_all(struct pushing *p, bool *ret_mounted, struct lw_error *e)
{
	int r = begin(p, ret_mounted, e);

	if (r < 0 || *ret_mounted)
		return r;
	if (p->b->size <= p->chunk)
		return finish(p, true, e);
	r = send_pieces(p, e);
	return r == 0 ? finish(p, false, e) : r;
}

/* ---- a blob ---- */

/* A session that went away, with a registry that was started again perhaps, is begun anew. */
static int bring(struct pushing *p, enum lw_client_outcome *ret, struct lw_error *e)
{
	const struct lw_http_answer none = { 0 };
	bool there = false, mounted = false;
	int r = 0;

	for (unsigned session = 0; session < MOST_SESSION; session++) {
		if (session > 0)
			lw_client_wait(session, &none);
		r = is_there(p, &there, e);
		if (r < 0)
			return r;
		if (there) {
			*ret = session > 0 ? LW_CLIENT_PUSHED : LW_CLIENT_THERE;
			return 0;
		}
		r = session > 0 ? 0 : require_own(p->b, e);
		if (r == 0)
			r = send_all(p, &mounted, e);
		if (r == 0) {
			*ret = mounted ? LW_CLIENT_MOUNTED : LW_CLIENT_PUSHED;
			return 0;
		}
		if ((r != -LW_E_IO && r != -LW_E_NOTFOUND) || !p->c->reached)
			return r;
	}
	return lw_fail_as(e, LW_E_IO);
}

int lw_client_push_blob(struct lw_registry_client *c, const struct lw_client_blob *b,
			enum lw_client_outcome *ret, struct lw_error *e)
{
	struct pushing p __attribute__((cleanup(auto_pushing))) = {
		.c = c,
		.b = b,
		.scope = { b->repository, b->mount_from },
		.chunk = c->chunk_bytes,
	};
	bool there = false;
	int r;

	(void)lw_digest_text(&b->digest, p.digest);
	r = bring(&p, ret, e);
	if (r == 0 && *ret == LW_CLIENT_MOUNTED) {
		/* It was read back where it was mounted from. */
		r = is_there(&p, &there, e);
		if (r == 0 && !there)
			r = lw_fail(e, LW_E_FORMAT,
				    "the registry mounted it and does not have it");
		return r;
	}
	return r == 0 ? read_back(&p, e) : r;
}
