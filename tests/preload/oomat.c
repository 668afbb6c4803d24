/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A shared object for LD_PRELOAD: the program's memory runs out at one of its allocations.
 *
 *	OOMAT=N            the Nth place (from 1) fails; 0: none
 *	OOMAT_STICKY=1     and so does everything later
 *	OOMAT_REPORT=FILE  "calls=N fired=N" is written there when the program exits
 *
 * A place is a chain of callers (DEPTH of them) that was not seen before: a program allocates
 * thousands of times in few places. Counted are malloc, calloc, realloc, reallocarray,
 * aligned_alloc and posix_memalign, by whichever library; only with all libraries loaded, and
 * not in what the program executes.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <unwind.h>

#define DEPTH  12
#define PLACES ((size_t)1 << 16)

/* glibc's own, under the names that stay when the others are taken. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_ulong calls, fired;
static unsigned long at;
static bool counting, sticky;

/* Hashes of the places seen; 0: free. */
static _Atomic(uint64_t) seen[PLACES];

struct chain {
	uint64_t hash;
	unsigned depth;
};

static _Unwind_Reason_Code add_caller(struct _Unwind_Context *context, void *data)
{
	struct chain *c = data;

	c->hash = (c->hash ^ _Unwind_GetIP(context)) * 0x9e3779b97f4a7c15;
	c->hash ^= c->hash >> 29;
	return ++c->depth < DEPTH ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static bool is_new(void)
{
	struct chain c = { .hash = 1 };

	(void)_Unwind_Backtrace(add_caller, &c);
	c.hash |= 1;
	for (size_t i = c.hash % PLACES;; i = (i + 1) % PLACES) {
		uint64_t free_slot = 0;

		if (atomic_compare_exchange_strong(&seen[i], &free_slot, c.hash))
			return true;
		if (free_slot == c.hash)
			return false;
	}
}

static bool fails(void)
{
	static __thread bool looking __attribute__((tls_model("initial-exec")));

	if (!counting || looking)
		return false;
	looking = true;

	bool fresh = is_new();
	unsigned long n = fresh ? atomic_fetch_add(&calls, 1) + 1 : atomic_load(&calls);

	looking = false;
	if (at == 0 || n < at || (!sticky && !(fresh && n == at)))
		return false;
	atomic_fetch_add(&fired, 1);
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return size && fails() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
	void *p = fails() ? NULL : __libc_memalign(alignment, size);

	if (!p)
		return ENOMEM;
	*ret = p;
	return 0;
}

static const char *report_path;

/* No allocation of its own. abort() skips it: then there is no report, and none is needed. */
static void report(void)
{
	char text[80];
	int fd = open(report_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int n = snprintf(text, sizeof(text), "calls=%lu fired=%lu\n", atomic_load(&calls),
			 atomic_load(&fired));

	if (fd < 0 || write(fd, text, (size_t)n) != n)
		_exit(125);
	(void)close(fd);
}

__attribute__((constructor)) static void start(void)
{
	const char *n = getenv("OOMAT");

	if (!n)
		return;
	at = strtoul(n, NULL, 10);
	sticky = getenv("OOMAT_STICKY") != NULL;
	report_path = getenv("OOMAT_REPORT");
	if (report_path && atexit(report) != 0)
		_exit(125);
	counting = true;
}
