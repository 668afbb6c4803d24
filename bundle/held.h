/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_HELD_H
#define LW_BUNDLE_HELD_H

/*
 * What a sender supposes the enclave to have (docs/format/bundle.md section 9): by bundles that
 * were sent before, by a list of the enclave's own (`landwaiter have`). And the lists of
 * digests that it turned out to lack. None of it is proven; whoever loads the bundle finds out.
 */

#include "bundle/earlier.h"

struct lw_held_blob {
	struct lw_digest digest;
	uint64_t size;
};

struct lw_held {
	struct lw_held_blob *list; /* owned; in the order of entries after lw_held_finish */
	size_t n, cap;
	struct lw_digest since[LW_MAX_SINCE]; /* ascending after lw_held_finish */
	size_t n_since;
};

/* Every blob of that bundle, its own prerequisites too, but no TUF metadata. LW_E_LIMIT: more
 * bundles than an increment may name. */
int lw_held_add_bundle(struct lw_held *h, const struct lw_earlier *bundle,
		       struct lw_error *e) LW_WARN_UNUSED;
/* The lines of a `landwaiter-have/1`, a file of that size; *ret_enclave: whose it says it is.
 * What is held already takes no more room. LW_E_FORMAT, LW_E_LIMIT, LW_E_TRUNCATED (no end),
 * LW_E_DIGEST (altered). */
int lw_held_add_list(struct lw_held *h, int fd, uint64_t size, struct lw_digest *ret_enclave,
		     struct lw_error *e) LW_WARN_UNUSED;
/* Digests that are lacking, of size 0: a verdict ("landwaiter-verdict/1") as JSON, or lines
 * that each begin with one. *ret_bundle: which the verdict is about; zeros of lines.
 * LW_E_FORMAT, LW_E_LIMIT. */
int lw_held_read_lacking(int fd, uint64_t size, struct lw_held *ret,
			 struct lw_digest *ret_bundle, struct lw_error *e) LW_WARN_UNUSED;
void lw_held_add(struct lw_held *h, const struct lw_digest *d, uint64_t size);
/* Of struct lw_held_blob: the order of entries. */
int lw_held_compare(const void *a, const void *b);
/* Sorts; each once. */
void lw_held_finish(struct lw_held *h);
/* After that. */
bool lw_held_has(const struct lw_held *h, const struct lw_digest *d, uint64_t size);
void lw_held_release(struct lw_held *h);

/* The list an enclave gives: begun with its identity, then blobs in the order of entries, then
 * closed. */
#define LW_HELD_FORMAT "landwaiter-have/1 "
#define LW_HELD_END    "end "
struct lw_held_writer {
	struct lw_buf *out;
	uint64_t n;
};
void lw_held_write_begin(struct lw_held_writer *w, const struct lw_digest *enclave);
void lw_held_write(struct lw_held_writer *w, const struct lw_digest *d, uint64_t size);
void lw_held_write_end(struct lw_held_writer *w);

static inline void lw_auto_held_(struct lw_held *h)
{
	lw_held_release(h);
}

#endif
