/* SPDX-License-Identifier: Apache-2.0 */
/* A device that says something else once it may speak: when "1" is written to an attribute
 * `authorized`, the file `descriptors.after` beside it becomes `descriptors`. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AUTHORIZED "/authorized"

static void turn(int fd)
{
	char link[32], path[PATH_MAX], from[PATH_MAX + 32], to[PATH_MAX + 32];
	ssize_t n;
	size_t folder;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < (ssize_t)strlen(AUTHORIZED))
		return;
	path[n] = '\0';
	folder = (size_t)n - strlen(AUTHORIZED);
	if (strcmp(path + folder, AUTHORIZED) != 0)
		return;
	path[folder] = '\0';
	(void)snprintf(from, sizeof(from), "%s/descriptors.after", path);
	(void)snprintf(to, sizeof(to), "%s/descriptors", path);
	(void)rename(from, to);
}

ssize_t write(int fd, const void *p, size_t n);

ssize_t write(int fd, const void *p, size_t n)
{
	static ssize_t (*real)(int, const void *, size_t);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "write");
	if (n == 1 && *(const char *)p == '1')
		turn(fd);
	return real(fd, p, n);
}
