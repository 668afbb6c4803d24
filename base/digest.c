/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include "base/encode.h"
#include "base/mem.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <pthread.h>

static EVP_MD *sha256;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
	/* Once: an implicit fetch per digest doubles the cost of small blobs. */
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!sha256)
		abort();
}

static const EVP_MD *md(void)
{
	(void)pthread_once(&once, fetch);
	return sha256;
}

/* A well-formed digest of the other algorithms that OCI registers. */
static bool is_other_algorithm(struct lw_span text)
{
	uint8_t raw[64];
	size_t n = lw_span_starts(text, "sha512:")   ? 64
		   : lw_span_starts(text, "sha384:") ? 48
						     : 0;

	return n && lw_hex_decode(lw_span(text.p + 7, text.n - 7), raw, n, NULL) == 0;
}

int lw_digest_parse(struct lw_span text, struct lw_digest *ret, struct lw_error *e)
{
	static const char prefix[] = "sha256:";
	struct lw_digest d;
	char shown[96];

	if (is_other_algorithm(text))
		return lw_fail(e, LW_E_UNSUPPORTED, "digest '%s' is not SHA-256",
			       lw_text_escape(text, shown, sizeof(shown)));
	if (!lw_span_starts(text, prefix) ||
	    lw_hex_decode(lw_span(text.p + sizeof(prefix) - 1, text.n - sizeof(prefix) + 1),
			  d.sha256, sizeof(d.sha256), NULL) < 0)
		return lw_fail(e, LW_E_FORMAT, "want sha256: and 64 hex digits, have '%s'",
			       lw_text_escape(text, shown, sizeof(shown)));
	*ret = d;
	return 0;
}

char *lw_digest_hex(const struct lw_digest *d, char out[static 65])
{
	return lw_hex_encode(lw_span(d->sha256, sizeof(d->sha256)), out);
}

char *lw_digest_text(const struct lw_digest *d, char out[static LW_DIGEST_TEXT])
{
	memcpy(out, "sha256:", 7);
	lw_digest_hex(d, out + 7);
	return out;
}

int lw_digest_compare(const struct lw_digest *a, const struct lw_digest *b)
{
	return memcmp(a->sha256, b->sha256, sizeof(a->sha256));
}

struct lw_hasher {
	EVP_MD_CTX *ctx;
	const EVP_MD *md;
};

static void start(struct lw_hasher *h)
{
	if (EVP_DigestInit_ex2(h->ctx, h->md, NULL) != 1)
		abort();
}

static struct lw_hasher *hasher_of(const EVP_MD *algorithm)
{
	struct lw_hasher *h = lw_alloc(sizeof(*h));

	h->md = algorithm;
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx)
		abort();
	start(h);
	return h;
}

struct lw_hasher *lw_hasher_new(void)
{
	return hasher_of(md());
}

void lw_hasher_free(struct lw_hasher *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void lw_hasher_add(struct lw_hasher *h, const void *p, size_t n)
{
	if (n && EVP_DigestUpdate(h->ctx, p, n) != 1)
		abort();
}

struct lw_digest lw_hasher_final(struct lw_hasher *h)
{
	struct lw_digest d;
	unsigned n = 0;

	if (EVP_DigestFinal_ex(h->ctx, d.sha256, &n) != 1 || n != sizeof(d.sha256))
		abort();
	start(h);
	return d;
}

size_t lw_hasher_final_named(struct lw_hasher *h, uint8_t out[static 64])
{
	unsigned n = 0;

	if (EVP_DigestFinal_ex(h->ctx, out, &n) != 1)
		abort();
	start(h);
	return n;
}

struct lw_digest lw_digest_of(struct lw_span bytes)
{
	struct lw_digest d;
	unsigned n = 0;

	if (EVP_Digest(bytes.p, bytes.n, d.sha256, &n, md(), NULL) != 1 ||
	    n != sizeof(d.sha256))
		abort();
	return d;
}

/* What OpenSSL calls it; NULL: none of ours. */
static const char *evp_name(const char *algorithm)
{
	static const struct {
		const char *name, *evp;
	} known[] = {
		{ "sha256", "SHA256" },
		{ "sha384", "SHA384" },
		{ "sha512", "SHA512" },
	};

	for (size_t i = 0; i < LW_COUNT_OF(known); i++)
		if (strcmp(algorithm, known[i].name) == 0)
			return known[i].evp;
	return NULL;
}

struct lw_hasher *lw_hasher_named(const char *algorithm)
{
	const char *name = evp_name(algorithm);
	const EVP_MD *found = name ? EVP_get_digestbyname(name) : NULL;

	if (name && !found)
		abort();
	return name ? hasher_of(found) : NULL;
}
