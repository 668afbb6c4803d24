/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A shared object for LD_PRELOAD: somebody sets the clock while the program runs.
 *
 *	STEPAT=N           from the Nth look at it (from 1) it is another time; 0: never
 *	STEPAT_TIME=T      seconds since 1970
 *	STEPAT_REPORT=FILE "calls=N fired=N" is written there when the program exits
 *
 * The time since the machine was started goes on as it did.
 */

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static atomic_ulong calls, fired;

static unsigned long long number_in(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : 0;
}

static void look(struct timespec *t)
{
	const unsigned long long at = number_in("STEPAT");
	const unsigned long n = atomic_fetch_add(&calls, 1) + 1;

	if (!at || n < at)
		return;
	(void)atomic_fetch_add(&fired, 1);
	t->tv_sec = (time_t)number_in("STEPAT_TIME");
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, clock, t);

	if (r == 0 && clock == CLOCK_REALTIME)
		look(t);
	return r;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	struct timespec now;
	int r = clock_gettime(CLOCK_REALTIME, &now);

	(void)zone;
	t->tv_sec = now.tv_sec;
	t->tv_usec = now.tv_nsec / 1000;
	return r;
}

time_t time(time_t *ret)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

__attribute__((destructor)) static void report(void)
{
	const char *file = getenv("STEPAT_REPORT");
	int fd = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	(void)dprintf(fd, "calls=%lu fired=%lu\n", atomic_load(&calls), atomic_load(&fired));
	(void)close(fd);
}
