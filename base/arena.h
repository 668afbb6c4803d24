/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_ARENA_H
#define LW_BASE_ARENA_H

/* Memory that is released all at once. Zero-initialise it. Aborts when memory is out. */

#include <stddef.h>

struct lw_arena_chunk;

struct lw_arena {
	/* private */
	struct lw_arena_chunk *head;
};

/* Not zeroed, aligned for any type; lives until lw_arena_free. */
void *lw_arena_alloc(struct lw_arena *a, size_t n) __attribute__((returns_nonnull));
void lw_arena_free(struct lw_arena *a);
/* What it takes of memory. */
size_t lw_arena_bytes(const struct lw_arena *a);

static inline void lw_auto_arena_(struct lw_arena *a)
{
	lw_arena_free(a);
}

#endif
