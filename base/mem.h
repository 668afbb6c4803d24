/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_MEM_H
#define LW_BASE_MEM_H

/*
 * The cleanup kit: resources are released where their scope ends, ownership moves by
 * lw_steal. Out of memory aborts the process: every caller is short-lived, and a process that
 * died has accepted nothing.
 */

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Never NULL. The caller owns the result and frees it with free(). */
void *lw_alloc(size_t size) __attribute__((malloc, returns_nonnull));
/* Zeroed; count * size is checked. */
void *lw_alloc_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *lw_realloc_array(void *old, size_t count, size_t size) __attribute__((returns_nonnull));
char *lw_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *lw_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *lw_asprintf(const char *fmt, ...)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/* Defines the function behind a cleanup attribute for a pointer type. */
#define LW_DEFINE_AUTO(name, type, release)                                                    \
	static inline void lw_auto_##name##_(type *p)                                          \
	{                                                                                      \
		if (*p)                                                                        \
			release(*p);                                                           \
	}                                                                                      \
	struct lw_auto_##name##_semicolon_

#define LW_AUTO(name) __attribute__((cleanup(lw_auto_##name##_)))

static inline void lw_auto_free_(void *p)
{
	free(*(void **)p);
}

static inline void lw_auto_fd_(const int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		(void)close(*fd);
		errno = saved;
	}
}

static inline void lw_auto_file_(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

static inline void lw_auto_dir_(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

#define lw_auto_free __attribute__((cleanup(lw_auto_free_)))
#define lw_auto_fd   __attribute__((cleanup(lw_auto_fd_)))
#define lw_auto_file __attribute__((cleanup(lw_auto_file_)))
#define lw_auto_dir  __attribute__((cleanup(lw_auto_dir_)))

/* Takes the pointer out of its variable, which becomes NULL. */
#define lw_steal(p)                                                                            \
	__extension__({                                                                        \
		__typeof__(p) stolen_ = (p);                                                   \
		(p) = NULL;                                                                    \
		stolen_;                                                                       \
	})

/* The same for a file descriptor, which becomes -1. */
static inline int lw_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

/* qsort, but an empty array may be NULL. */
static inline void lw_sort(void *list, size_t n, size_t size,
			   int (*compare)(const void *, const void *))
{
	if (n > 0)
		qsort(list, n, size, compare);
}

#define LW_COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

#endif
