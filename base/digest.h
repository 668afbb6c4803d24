/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_DIGEST_H
#define LW_BASE_DIGEST_H

/*
 * Digests: SHA-256 names every blob of ours ("sha256:" and 64 lower-case hex digits, OCI
 * image-spec 1.1 "Digests"); any other spelling or algorithm is refused wherever a digest
 * enters. Hashing goes through OpenSSL's EVP, fetched once per process.
 */

#include "base/error.h"
#include "base/span.h"

#define LW_DIGEST_BYTES 32
#define LW_DIGEST_TEXT	72 /* "sha256:" + 64 + NUL */

struct lw_digest {
	uint8_t sha256[LW_DIGEST_BYTES];
};

/* "sha256:<64 hex>". LW_E_FORMAT; LW_E_UNSUPPORTED for a well-formed digest of another
 * algorithm. */
int lw_digest_parse(struct lw_span text, struct lw_digest *ret,
		    struct lw_error *e) LW_WARN_UNUSED;
/* Returns out. */
char *lw_digest_text(const struct lw_digest *d, char out[static LW_DIGEST_TEXT]);
/* The 64 hex digits alone, NUL-terminated. Returns out. */
char *lw_digest_hex(const struct lw_digest *d, char out[static 65]);

int lw_digest_compare(const struct lw_digest *a, const struct lw_digest *b);
static inline bool lw_digest_equal(const struct lw_digest *a, const struct lw_digest *b)
{
	return lw_digest_compare(a, b) == 0;
}

/* The digest of some bytes. Aborts if the library has no SHA-256. */
struct lw_digest lw_digest_of(struct lw_span bytes);

/* A running digest; reusable after final. One per thread. */
struct lw_hasher;
struct lw_hasher *lw_hasher_new(void);
/* Of an algorithm by its name in foreign documents, "sha256", "sha384", "sha512"; NULL for
 * other names. Such a one ends with lw_hasher_final_named, which returns how many bytes of out
 * it filled. */
struct lw_hasher *lw_hasher_named(const char *algorithm);
size_t lw_hasher_final_named(struct lw_hasher *h, uint8_t out[static 64]);
void lw_hasher_free(struct lw_hasher *h);
void lw_hasher_add(struct lw_hasher *h, const void *p, size_t n);
/* The digest of all added since the last final, and a fresh start. */
struct lw_digest lw_hasher_final(struct lw_hasher *h);

static inline void lw_auto_hasher_(struct lw_hasher **h)
{
	lw_hasher_free(*h);
}

#endif
