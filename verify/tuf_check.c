/* SPDX-License-Identifier: Apache-2.0 */
/* Whether bytes are what signed metadata says of a file. */
#include "base/encode.h"
#include "base/mem.h"
#include "verify/tuf_metadata.h"

#include <string.h>

#define ALGORITHMS 3 /* that are known here; a name stands once in an object */

struct lw_tuf_file_running {
	const struct lw_tuf_file *file;
	uint64_t length;
	struct {
		const struct lw_json *said;
		struct lw_hasher *hasher;
	} hashes[ALGORITHMS];
	size_t n;
};

struct lw_tuf_file_running *lw_tuf_file_check_begin(const struct lw_tuf_file *f)
{
	struct lw_tuf_file_running *c = lw_alloc_array(1, sizeof(*c));

	c->file = f;
	for (const struct lw_json *h = f->hashes ? lw_json_first(f->hashes) : NULL;
	     h && c->n < ALGORITHMS; h = lw_json_next(h)) {
		struct lw_hasher *hasher = lw_hasher_named(lw_json_key(h));

		if (!hasher)
			continue;
		c->hashes[c->n].said = h;
		c->hashes[c->n++].hasher = hasher;
	}
	return c;
}

int lw_tuf_file_check_add(struct lw_tuf_file_running *c, struct lw_span bytes,
			  struct lw_error *e)
{
	const struct lw_tuf_file *f = c->file;

	if (f->has_length && bytes.n > f->length - c->length)
		return lw_fail(e, LW_E_DIGEST, "want %llu bytes, have more",
			       (unsigned long long)f->length);
	c->length += bytes.n;
	for (size_t i = 0; i < c->n; i++)
		lw_hasher_add(c->hashes[i].hasher, bytes.p, bytes.n);
	return 0;
}

static int compare(const struct lw_json *said, struct lw_hasher *hasher, struct lw_error *e)
{
	uint8_t have[64], want[64];
	size_t n = lw_hasher_final_named(hasher, have);

	if (lw_hex_decode(lw_span_str(lw_json_string(said)), want, n, NULL) < 0 ||
	    memcmp(want, have, n) != 0)
		return lw_fail(e, LW_E_DIGEST, "not of the %s that is said", lw_json_key(said));
	return 0;
}

int lw_tuf_file_check_end(struct lw_tuf_file_running *c, struct lw_error *e)
{
	const struct lw_tuf_file *f = c->file;
	int r = 0;

	if (f->has_length && f->length != c->length)
		r = lw_fail(e, LW_E_DIGEST, "want %llu bytes, have %llu",
			    (unsigned long long)f->length, (unsigned long long)c->length);
	for (size_t i = 0; i < c->n && r == 0; i++)
		r = compare(c->hashes[i].said, c->hashes[i].hasher, e);
	if (r == 0 && f->hashes && c->n == 0)
		r = lw_fail(e, LW_E_UNSUPPORTED, "hashes of algorithms unknown here");
	for (size_t i = 0; i < c->n; i++)
		lw_hasher_free(c->hashes[i].hasher);
	free(c);
	return r;
}

int lw_tuf_file_check(const struct lw_tuf_file *f, struct lw_span bytes, struct lw_error *e)
{
	struct lw_tuf_file_running *c = lw_tuf_file_check_begin(f);
	struct lw_error ignored = { 0 };
	int r = lw_tuf_file_check_add(c, bytes, e);

	if (r < 0) {
		(void)!lw_tuf_file_check_end(c, &ignored);
		return r;
	}
	return lw_tuf_file_check_end(c, e);
}
