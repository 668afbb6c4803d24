/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A shared object for LD_PRELOAD: one file is on a slow medium, and each read of it is counted.
 *
 *	SLOW_FILE=FILE     the file; looked up when the program starts
 *	SLOW_RATE=N        bytes a second (30000000)
 *	SLOW_SEEK_MS=N     what it costs to read elsewhere than where the last read ended (120)
 *	SLOW_ROTATING=1    the file's device says that it is a disk, and turns
 *	SLOW_REPORT=FILE   "bytes=N calls=N back=N twice=N" is written there when the program
 *exits: bytes read, reads, seeks back, and bytes read that had been read before
 *
 * There is one device, which does one read at a time and none before it is asked: threads queue
 *for it. Counted are read and pread, which are what we read media with, and not in what the
 *program executes.
 */

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define SEC_NS	  1000000000ULL
#define MAX_SPANS 4096

/* What has been read: [begin, end), sorted, with something unread between any two. */
struct span {
	uint64_t begin, end;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	bool is_there, rotates;
	dev_t dev;
	ino_t ino;
	uint64_t rate, seek_ns;
	uint64_t free_at, head; /* monotonic ns; where the last read ended */
	uint64_t bytes, calls, back, twice;
	struct span spans[MAX_SPANS];
	size_t n_spans;
} medium;

static uint64_t number_in(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

__attribute__((constructor)) static void look(void)
{
	const char *file = getenv("SLOW_FILE");
	struct stat st;

	if (!file || stat(file, &st) < 0)
		return;
	medium.dev = st.st_dev;
	medium.ino = st.st_ino;
	medium.rate = number_in("SLOW_RATE", 30000000);
	medium.seek_ns = number_in("SLOW_SEEK_MS", 120) * 1000000;
	medium.rotates = number_in("SLOW_ROTATING", 0) == 1;
	medium.is_there = medium.rate > 0;
}

static bool is_medium(int fd)
{
	struct stat st;

	return medium.is_there && fstat(fd, &st) == 0 && st.st_dev == medium.dev &&
	       st.st_ino == medium.ino;
}

/* Joins [begin, end) to what has been read; returns how much of it had been. */
static uint64_t add_span(uint64_t begin, uint64_t end)
{
	struct span *s = medium.spans;
	size_t first = 0, after;
	uint64_t known = 0;

	while (first < medium.n_spans && s[first].end < begin)
		first++;
	for (after = first; after < medium.n_spans && s[after].begin <= end; after++) {
		const uint64_t from = s[after].begin > begin ? s[after].begin : begin;
		const uint64_t to = s[after].end < end ? s[after].end : end;

		known += to - from;
	}
	if (after > first) {
		begin = s[first].begin < begin ? s[first].begin : begin;
		end = s[after - 1].end > end ? s[after - 1].end : end;
	} else if (medium.n_spans == MAX_SPANS) {
		abort(); /* no medium of ours is read in so many places */
	}
	memmove(s + first + 1, s + after, (medium.n_spans - after) * sizeof(*s));
	medium.n_spans = medium.n_spans + 1 - (after - first);
	s[first] = (struct span){ .begin = begin, .end = end };
	return known;
}

/* The device reads n bytes there: returns when it is done. */
static void serve(uint64_t offset, uint64_t n)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	const uint64_t now = (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;

	(void)pthread_mutex_lock(&lock);
	if (medium.free_at < now)
		medium.free_at = now;
	medium.free_at +=
		n * SEC_NS / medium.rate + (offset == medium.head ? 0 : medium.seek_ns);
	medium.back += offset < medium.head;
	medium.head = offset + n;
	medium.bytes += n;
	medium.calls++;
	medium.twice += add_span(offset, offset + n);
	t.tv_sec = (time_t)(medium.free_at / SEC_NS);
	t.tv_nsec = (long)(medium.free_at % SEC_NS);
	(void)pthread_mutex_unlock(&lock);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		continue;
}

ssize_t pread(int fd, void *p, size_t n, off_t offset)
{
	ssize_t r = syscall(SYS_pread64, fd, p, n, offset);

	if (r > 0 && is_medium(fd))
		serve((uint64_t)offset, (uint64_t)r);
	return r;
}

ssize_t pread64(int fd, void *p, size_t n, off_t offset)
{
	return pread(fd, p, n, offset);
}

ssize_t read(int fd, void *p, size_t n)
{
	ssize_t r = syscall(SYS_read, fd, p, n);

	if (r > 0 && is_medium(fd))
		serve((uint64_t)lseek(fd, 0, SEEK_CUR) - (uint64_t)r, (uint64_t)r);
	return r;
}

/* What sysfs would say of the medium's device; -1 where it is not asked about that. */
static int sysfs(const char *path)
{
	static const struct {
		const char *file, *text;
	} said[] = { { "device/type", "0\n" }, { "queue/rotational", "1\n" } };
	char name[128];

	for (size_t i = 0; medium.rotates && i < sizeof(said) / sizeof(*said); i++) {
		(void)snprintf(name, sizeof(name), "/sys/dev/block/%u:%u/%s", major(medium.dev),
			       minor(medium.dev), said[i].file);
		if (strcmp(path, name) != 0)
			continue;
		int fd = memfd_create("sysfs", MFD_CLOEXEC);

		if (fd >= 0 && pwrite(fd, said[i].text, 2, 0) == 2)
			return fd;
	}
	return -1;
}

int open(const char *path, int flags, ...)
{
	va_list list;
	int fd = sysfs(path);

	va_start(list, flags);
	const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;
	va_end(list);
	return fd >= 0 ? fd : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

__attribute__((destructor)) static void report(void)
{
	const char *file = medium.is_there ? getenv("SLOW_REPORT") : NULL;
	int fd = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	(void)dprintf(fd, "bytes=%ju calls=%ju back=%ju twice=%ju\n", (uintmax_t)medium.bytes,
		      (uintmax_t)medium.calls, (uintmax_t)medium.back, (uintmax_t)medium.twice);
	(void)close(fd);
}
