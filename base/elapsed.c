/* SPDX-License-Identifier: Apache-2.0 */
#include "base/elapsed.h"

#include <time.h>

int64_t lw_elapsed_msec(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
