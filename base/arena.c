/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

/* Chunks double, so that a small document costs a page and a large one few calls. */
#define FIRST_CHUNK ((size_t)4096)
#define LAST_CHUNK  ((size_t)1 << 20)

struct lw_arena_chunk {
	struct lw_arena_chunk *next;
	size_t used, size;
	max_align_t data[];
};

static size_t chunk_size(const struct lw_arena *a)
{
#ifdef LW_SANITIZED
	/* One allocation a chunk: the sanitizer sees an overrun of each. */
	(void)a;
	return 0;
#else
	size_t size = a->head ? a->head->size * 2 : FIRST_CHUNK;

	return size < LAST_CHUNK ? size : LAST_CHUNK;
#endif
}

static struct lw_arena_chunk *chunk_new(size_t size)
{
	struct lw_arena_chunk *c = lw_alloc(sizeof(*c) + size);

	c->next = NULL;
	c->used = 0;
	c->size = size;
	return c;
}

void *lw_arena_alloc(struct lw_arena *a, size_t n)
{
	struct lw_arena_chunk *c = a->head;

	if (n > SIZE_MAX / 4)
		abort();
	if (n == 0)
		n = 1;
#ifndef LW_SANITIZED
	n = (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
#endif
	if (!c || c->size - c->used < n) {
		size_t size = chunk_size(a);
		bool large = n > size / 4;

		c = chunk_new(large ? n : size);
		if (large && a->head) {
			/* Its own chunk, behind the one that still has room. */
			c->next = a->head->next;
			a->head->next = c;
		} else {
			c->next = a->head;
			a->head = c;
		}
	}

	void *p = (unsigned char *)c->data + c->used;

	c->used += n;
	return p;
}

size_t lw_arena_bytes(const struct lw_arena *a)
{
	size_t bytes = 0;

	for (const struct lw_arena_chunk *c = a->head; c; c = c->next)
		bytes += sizeof(*c) + c->size;
	return bytes;
}

void lw_arena_free(struct lw_arena *a)
{
	while (a->head) {
		struct lw_arena_chunk *next = a->head->next;

		free(a->head);
		a->head = next;
	}
}
