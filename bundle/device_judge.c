/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a device may be written over, as far as the kernel says what it is. */
#include "bundle/device.h"

#include "base/fs.h"
#include "base/mem.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* An attribute: whether it begins with that. */
static bool attribute_is(const char *folder, const char *name, char want)
{
	lw_auto_free char *path = lw_asprintf("%s/%s", folder, name);
	lw_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char have = '\0';

	return fd >= 0 && read(fd, &have, 1) == 1 && have == want;
}

/* Disks on USB that are no sticks, and cards in a reader of the machine's own, say that they
 * cannot be taken out. Of the latter, only "MMC" is soldered. */
static bool can_be_taken_out(const char *folder)
{
	char link[PATH_MAX];
	ssize_t n = readlink(folder, link, sizeof(link) - 1);

	link[n < 0 ? 0 : n] = '\0';
	return attribute_is(folder, "removable", '1') || strstr(link, "/usb") ||
	       attribute_is(folder, "device/type", 'S');
}

int lw_device_judge_in(const char *sys_dev_block, unsigned major, unsigned minor, bool fixed,
		       struct lw_error *e)
{
	lw_auto_free char *folder = lw_asprintf("%s/%u:%u", sys_dev_block, major, minor);
	lw_auto_free char *partition = lw_asprintf("%s/partition", folder);

	if (access(folder, F_OK) != 0)
		return lw_fail(e, LW_E_USAGE, "the kernel says nothing of it: no %s", folder);
	if (access(partition, F_OK) == 0)
		return lw_fail(e, LW_E_USAGE,
			       "a partition: want the whole device, which is read without a "
			       "table of partitions");
	if (!attribute_is(folder, "ro", '0'))
		return lw_fail(e, LW_E_USAGE, "it is write-protected");
	if (!fixed && !can_be_taken_out(folder))
		return lw_fail(e, LW_E_USAGE,
			       "it belongs to the machine: it cannot be taken out. If it is "
			       "meant all the same: --fixed");
	return 0;
}
