/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/mem.h"
#include "bundle/device.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

/* A fresh folder, made the working folder, for each test. In it, what /sys is elsewhere. */
static char top[64];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/lw-device-XXXXXX");
	return mkdtemp(top) && chdir(top) == 0 && mkdir("block", 0700) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
	(void)st;
	(void)flag;
	(void)walk;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return chdir("/") == 0 ? nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS) : -1;
}

static void make_folders(const char *path)
{
	lw_auto_free char *each = lw_strdup(path);

	for (char *slash = strchr(each, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(each, 0700);
		*slash = '/';
	}
}

static void put(const char *folder, const char *name, const char *text)
{
	lw_auto_free char *path = lw_asprintf("%s/%s", folder, name);

	make_folders(path);
	lw_auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* ---- what the kernel says ---- */

struct disk {
	const char *where;     /* below devices/ */
	const char *removable; /* NULL: not said, here as below */
	const char *ro;
	const char *type;
	const char *partition;
	const char *want; /* what is said when it is refused; "": it is not */
	const char *fixed;
};

#define OTHER "it belongs to the machine"

static const struct disk disks[] = {
	{ "pci0/usb1/1-1/host6/block/sdb", "1\n", "0\n", "0\n", NULL, "", "" },
	{ "pci0/usb1/1-2/host7/block/sdc", "0\n", "0\n", "0\n", NULL, "", "" },
	{ "pci0/ata1/host0/block/sda", "0\n", "0\n", "0\n", NULL, OTHER, "" },
	{ "pci0/ata2/host1/block/sdd", "1\n", "0\n", "0\n", NULL, "", "" },
	{ "pci0/ata2/host1/block/sde", NULL, "0\n", NULL, NULL, OTHER, "" },
	{ "pci0/nvme0/nvme0n1", "0\n", "0\n", NULL, NULL, OTHER, "" },
	{ "pci0/mmc_host/mmc0/mmc0:1/block/mmcblk0", "0\n", "0\n", "MMC\n", NULL, OTHER, "" },
	{ "pci0/mmc_host/mmc1/mmc1:1/block/mmcblk1", "0\n", "0\n", "SD\n", NULL, "", "" },
	{ "virtual/block/dm-0", "0\n", "0\n", NULL, NULL, OTHER, "" },
	{ "pci0/usb1/1-1/host6/block/sdb/sdb1", NULL, "0\n", NULL, "1\n", "a partition",
	  "a partition" },
	{ "pci0/usb1/1-1/host6/block/sdf", "1\n", "1\n", "0\n", NULL, "it is write-protected",
	  "it is write-protected" },
	{ "pci0/usb1/1-1/host6/block/sdg", "1\n", NULL, "0\n", NULL, "it is write-protected",
	  "it is write-protected" },
};

static void make_disk(const struct disk *d, unsigned minor)
{
	lw_auto_free char *folder = lw_asprintf("devices/%s", d->where);
	lw_auto_free char *to = lw_asprintf("../devices/%s", d->where);
	lw_auto_free char *link = lw_asprintf("block/8:%u", minor);

	put(folder, "size", "1\n");
	if (d->removable)
		put(folder, "removable", d->removable);
	if (d->ro)
		put(folder, "ro", d->ro);
	if (d->type)
		put(folder, "device/type", d->type);
	if (d->partition)
		put(folder, "partition", d->partition);
	assert_int_equal(symlink(to, link), 0);
}

static void judged_as(unsigned minor, bool fixed, const char *want)
{
	struct lw_error e = { 0 };
	int r = lw_device_judge_in("block", 8, minor, fixed, &e);

	assert_int_equal(r, *want ? -LW_E_USAGE : 0);
	if (r < 0 && strncmp(e.text, want, strlen(want)) != 0)
		fail_msg("%s: want %s, have %s", disks[minor].where, want, e.text);
}

static void disks_are_judged(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LW_COUNT_OF(disks); i++) {
		make_disk(&disks[i], i);
		judged_as(i, false, disks[i].want);
		judged_as(i, true, disks[i].fixed);
	}
}

static void nothing_said_is_a_refusal(void **state)
{
	(void)state;
	struct lw_error e = { 0 };

	assert_int_equal(lw_device_judge_in("block", 8, 99, true, &e), -LW_E_USAGE);
	assert_string_equal(e.text, "the kernel says nothing of it: no block/8:99");
	assert_int_equal(lw_device_judge_in("missing", 8, 0, true, NULL), -LW_E_USAGE);
}

/* ---- what is no device ---- */

static void other_things_are_not_opened(void **state)
{
	(void)state;
	static const char *const others[] = { "file", "fifo", "block", "link", "/dev/zero" };
	struct lw_device *d = NULL;
	struct lw_error e = { 0 };

	put(".", "file", "text");
	assert_int_equal(mkfifo("fifo", 0600), 0); /* whose opening would wait */
	assert_int_equal(symlink("file", "link"), 0);
	for (size_t i = 0; i < LW_COUNT_OF(others); i++) {
		assert_int_equal(lw_device_open(others[i], true, &d, &e), -LW_E_USAGE);
		assert_non_null(strstr(e.text, "no block device: files are written with -o"));
	}
	assert_int_equal(lw_device_open("missing", true, &d, &e), -LW_E_NOTFOUND);
	assert_int_equal(symlink("missing", "dangling"), 0);
	assert_int_equal(lw_device_open("dangling", true, &d, &e), -LW_E_NOTFOUND);
	assert_int_equal(lw_device_open("a\nb", true, &d, &e), -LW_E_NOTFOUND);
	assert_string_equal(e.text, "a\\x0ab: not there");
	assert_null(d);
}

#define FRESH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(disks_are_judged),
		FRESH(nothing_said_is_a_refusal),
		FRESH(other_things_are_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
