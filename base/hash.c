/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

static uint8_t key[crypto_shorthash_KEYBYTES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void draw(void)
{
	if (sodium_init() < 0)
		abort();
	randombytes_buf(key, sizeof(key));
}

void lw_hash_prepare(void)
{
	(void)pthread_once(&once, draw);
}

uint64_t lw_hash(struct lw_span bytes)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t v;

	_Static_assert(sizeof(out) == sizeof(v), "a hash is 64 bits");
	lw_hash_prepare();
	if (crypto_shorthash(out, bytes.p, bytes.n, key) != 0)
		abort();
	memcpy(&v, out, sizeof(v));
	return v;
}
