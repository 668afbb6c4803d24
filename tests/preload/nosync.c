/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is never asked to keep anything: every sync does nothing, and says that it was
 * done. Planted, so that tests/sweep/power.sh shows that it would see such a thing. */
#include <fcntl.h>
#include <unistd.h>

int fsync(int fd)
{
	(void)fd;
	return 0;
}

int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

int syncfs(int fd)
{
	(void)fd;
	return 0;
}
