/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_LIB_RANDOM_H
#define LW_TESTS_LIB_RANDOM_H

/* Numbers that only look random, the same for the same seed everywhere: splitmix64. A test
 * prints its seed; LW_TEST_SEED sets another. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct lw_random {
	uint64_t state;
};

static inline struct lw_random lw_random_from(uint64_t seed)
{
	const char *other = getenv("LW_TEST_SEED");
	struct lw_random r = { other ? strtoull(other, NULL, 0) : seed };

	(void)printf("# seed %#llx\n", (unsigned long long)r.state);
	return r;
}

static inline uint64_t lw_random_next(struct lw_random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 to n - 1; n is small, so that the bias does not matter. */
static inline size_t lw_random_below(struct lw_random *r, size_t n)
{
	return (size_t)(lw_random_next(r) % n);
}

#endif
