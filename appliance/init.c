/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Process 1 of the appliance's initrd, and all there is in it but drivers. It loads those of
 *the disks (the paths in /modules, in order), finds the partition that the command line names,
 *puts dm-verity over it, reads every block of it once, and only then starts what is in there.
 *What it goes by was signed with the kernel:
 *
 *	landwaiter.root=NAME landwaiter.verity=HASH landwaiter.salt=HEX landwaiter.blocks=COUNT
 *
 * the GPT name of the partition, the root hash of its tree, and how many blocks of 4096 bytes
 *it has before that tree. Drivers of USB are not among those of the initrd, so that no medium
 *is taken for the disk; /run/landwaiter/disk names the disk that was. If anything is not as it
 *must be, it says so on every console and halts: there is no other way on, and no shell.
 *
 *	landwaiter.disc=BYTES
 *
 * says that this is the initrd of a disc: the image's disk is in it, as far as there is
 *something on that one, and has so many bytes when whole. No other disk is looked at then, and
 *what names it is /run/landwaiter/disc.
 */

#include "base/mem.h"
#include "base/num.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/loop.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define BLOCK_BYTES   4096
#define WAIT_NSEC     5000000L
#define WAIT_COUNT    6000 /* half a minute: disks that spin up */
#define READ_BYTES    (1 << 20)
#define NAME_BYTES    64
#define CMDLINE_BYTES 4096
#define IMAGE	      "/disk.img" /* of a disc's initrd, */
#define IMAGE_DRIVER  "/loop.ko"  /* by this */
#define IMAGE_DISK    "loop0"

struct root {
	char name[NAME_BYTES]; /* of the partition */
	char hash[130], salt[130];
	uint64_t blocks;
	uint64_t image_bytes; /* of a disc's image; 0: this is no disc */
	char partition[NAME_BYTES], disk[NAME_BYTES]; /* kernel's names: vda2, vda */
	unsigned dm_minor;
};

static void say(const char *level, const char *fmt, va_list args)
{
	char line[1280];
	int n = snprintf(line, sizeof(line), "<%s>landwaiter: ", level);
	(void)vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, args);

	lw_auto_fd int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, line, strlen(line)) < 0)
		return; /* nowhere to say that */
}

static void tell(const char *fmt, ...) LW_PRINTF(1, 2);
static void tell(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("4", fmt, args);
	va_end(args);
}

/* A value of /proc/cmdline. */
static int find_word(const char *words, const char *key, char *out, size_t size,
		     struct lw_error *e)
{
	size_t n = strlen(key);

	for (const char *p = words; (p = strstr(p, key)); p += n) {
		if ((p != words && p[-1] != ' ') || p[n] != '=')
			continue;
		const char *value = p + n + 1;
		size_t length = strcspn(value, " \n");
		if (length == 0 || length >= size)
			return lw_fail(e, LW_E_LIMIT, "command line: %s: empty, or too long",
				       key);
		memcpy(out, value, length);
		out[length] = '\0';
		return 0;
	}
	return lw_fail(e, LW_E_NOTFOUND, "command line: no %s", key);
}

static int read_file(const char *path, char *out, size_t size, struct lw_error *e)
{
	lw_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	if (n < 0)
		return lw_fail_errno(e, "%s", path);
	out[n] = '\0';
	return 0;
}

static int read_cmdline(struct root *ret, struct lw_error *e)
{
	char words[CMDLINE_BYTES], blocks[32], bytes[32];

	int r = read_file("/proc/cmdline", words, sizeof(words), e);
	if (r == 0)
		r = find_word(words, "landwaiter.root", ret->name, sizeof(ret->name), e);
	if (r == 0)
		r = find_word(words, "landwaiter.verity", ret->hash, sizeof(ret->hash), e);
	if (r == 0)
		r = find_word(words, "landwaiter.salt", ret->salt, sizeof(ret->salt), e);
	if (r == 0)
		r = find_word(words, "landwaiter.blocks", blocks, sizeof(blocks), e);
	if (r == 0)
		r = lw_num_u64(lw_span_str(blocks), 1, INT32_MAX, &ret->blocks, e);
	if (r == 0 && find_word(words, "landwaiter.disc", bytes, sizeof(bytes), NULL) == 0)
		r = lw_num_u64(lw_span_str(bytes), 1, INT64_MAX, &ret->image_bytes, e);
	return r;
}

/* --- devices ------------------------------------------------------------------------------ */

static int mount_kernel(struct lw_error *e)
{
	static const struct {
		const char *where, *type, *options;
		unsigned long flags;
	} mounts[] = {
		{ "/dev", "devtmpfs", "mode=0755", MS_NOSUID | MS_NOEXEC },
		{ "/proc", "proc", "", MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "/sys", "sysfs", "", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	};

	for (size_t i = 0; i < LW_COUNT_OF(mounts); i++) {
		(void)mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, mounts[i].flags,
			  mounts[i].options) != 0)
			return lw_fail_errno(e, "mount %s", mounts[i].where);
	}
	return 0;
}

/* Those of which the machine has no device say so, which is no fault; what is missing in
 * earnest shows when the disk is not found. */
static void load_driver(const char *path)
{
	lw_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 ||
	    (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST && errno != ENODEV))
		tell("driver %s: %s", path, strerror(errno));
	(void)unlink(path); /* the memory is wanted */
}

static void load_drivers(void)
{
	char path[256];
	lw_auto_file FILE *list = fopen("/modules", "re");

	while (list && fgets(path, sizeof(path), list)) {
		path[strcspn(path, "\n")] = '\0';
		load_driver(path);
	}
}

/* Makes a disk of a disc's image, which nobody can write to. What lacks of the file is what is
 * empty on a new disk. */
static int attach_image(const struct root *root, struct lw_error *e)
{
	struct loop_config config = {
		.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_PARTSCAN,
	};

	load_driver(IMAGE_DRIVER);
	lw_auto_fd int image = open(IMAGE, O_RDWR | O_CLOEXEC);
	if (image < 0 || ftruncate(image, (off_t)root->image_bytes) != 0)
		return lw_fail_errno(e, "the disc is damaged: " IMAGE);
	lw_auto_fd int disk = open("/dev/" IMAGE_DISK, O_RDONLY | O_CLOEXEC);
	config.fd = (uint32_t)image;
	if (disk < 0 || ioctl(disk, LOOP_CONFIGURE, &config) != 0)
		return lw_fail_errno(e, IMAGE_DISK);
	return 0;
}

/* Whether the kernel's partition `device` has the name; then the disk it is on, from
 * .../block/vda/vda2. */
static bool is_named(struct root *root, const char *device)
{
	char path[320], text[1024], wanted[NAME_BYTES + 16], link[512];

	if (root->image_bytes > 0 && strncmp(device, IMAGE_DISK, strlen(IMAGE_DISK)) != 0)
		return false;
	(void)snprintf(path, sizeof(path), "/sys/class/block/%s/uevent", device);
	(void)snprintf(wanted, sizeof(wanted), "\nPARTNAME=%s\n", root->name);
	if (read_file(path, text, sizeof(text), NULL) < 0 || !strstr(text, wanted))
		return false;

	(void)snprintf(path, sizeof(path), "/sys/class/block/%s", device);
	ssize_t n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return false;
	link[n] = '\0';
	char *partition = strrchr(link, '/');
	if (!partition)
		return false;
	*partition = '\0';
	const char *disk = strrchr(link, '/');
	if (!disk || strlen(disk + 1) >= sizeof(root->disk) ||
	    strlen(device) >= sizeof(root->partition))
		return false;
	(void)snprintf(root->disk, sizeof(root->disk), "%.63s", disk + 1);
	(void)snprintf(root->partition, sizeof(root->partition), "%.63s", device);
	return true;
}

static bool look_for_partition(struct root *root)
{
	struct dirent *entry;
	lw_auto_dir DIR *devices = opendir("/sys/class/block");

	while (devices && (entry = readdir(devices)))
		if (entry->d_name[0] != '.' && is_named(root, entry->d_name))
			return true;
	return false;
}

static void wait_a_little(void)
{
	const struct timespec a_little = { .tv_nsec = WAIT_NSEC };

	(void)nanosleep(&a_little, NULL);
}

/* The kernel does not say when it has seen all disks. */
static int find_partition(struct root *root, struct lw_error *e)
{
	for (int i = 0; i < WAIT_COUNT; i++) {
		if (look_for_partition(root))
			return 0;
		wait_a_little();
	}
	return lw_fail(e, LW_E_NOTFOUND, "no disk has a partition named %s", root->name);
}

/* --- dm-verity ---------------------------------------------------------------------------- */

union dm_message {
	struct dm_ioctl head;
	char bytes[2048];
};

static int ask_dm(int dm, unsigned long what, union dm_message *m, unsigned targets,
		  struct lw_error *e)
{
	m->head.version[0] = DM_VERSION_MAJOR;
	m->head.data_size = sizeof(*m);
	m->head.data_start = sizeof(m->head);
	m->head.flags = DM_READONLY_FLAG;
	m->head.target_count = targets;
	(void)snprintf(m->head.name, sizeof(m->head.name), "root");
	if (ioctl(dm, what, m) != 0)
		return lw_fail_errno(e, "dm-verity");
	return 0;
}

/* Puts a table over the device and makes it the one in force. `options`: for what is not what
 * was signed; none: a read error. */
static int put_table(int dm, struct root *root, const char *options, struct lw_error *e)
{
	union dm_message m = { .bytes = { 0 } };
	size_t room = sizeof(m) - sizeof(m.head) - sizeof(struct dm_target_spec);
	struct dm_target_spec target = { .length = root->blocks * (BLOCK_BYTES / 512),
					 .target_type = "verity" };
	char *words = m.bytes + sizeof(m.head) + sizeof(target);

	int n = snprintf(words, room, "1 /dev/%s /dev/%s %d %d %llu %llu sha256 %s %s %s",
			 root->partition, root->partition, BLOCK_BYTES, BLOCK_BYTES,
			 (unsigned long long)root->blocks, (unsigned long long)root->blocks + 1,
			 root->hash, root->salt, options);
	target.next = (uint32_t)(sizeof(target) + (((size_t)n + 8) & ~(size_t)7));
	memcpy(m.bytes + sizeof(m.head), &target, sizeof(target));
	int r = ask_dm(dm, DM_TABLE_LOAD, &m, 1, e);
	if (r < 0)
		return r;

	union dm_message resume = { .bytes = { 0 } };
	r = ask_dm(dm, DM_DEV_SUSPEND, &resume, 0, e);
	if (r == 0)
		root->dm_minor = minor(resume.head.dev);
	return r;
}

/* Each block is held against the tree when it is read; so that nothing of a root runs that is
 * not whole, all are read before. */
static int read_all(const char *device, uint64_t bytes, struct lw_error *e)
{
	lw_auto_free char *buf = lw_alloc(READ_BYTES);
	lw_auto_fd int fd = -1;
	uint64_t done = 0;

	for (int i = 0; i < WAIT_COUNT && fd < 0; i++) {
		fd = open(device, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			wait_a_little();
	}
	while (done < bytes) {
		ssize_t n = fd < 0 ? -1 : read(fd, buf, READ_BYTES);
		if (n < 0)
			return lw_fail_errno(
				e,
				"the root is not what was signed, near byte %llu of "
				"%llu",
				(unsigned long long)done, (unsigned long long)bytes);
		if (n == 0)
			return lw_fail(e, LW_E_TRUNCATED,
				       "the root ends after %llu bytes of %llu",
				       (unsigned long long)done, (unsigned long long)bytes);
		done += (uint64_t)n;
	}
	return 0;
}

static int prove_root(struct root *root, struct lw_error *e)
{
	union dm_message m = { .bytes = { 0 } };
	char device[32];

	lw_auto_fd int dm = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	if (dm < 0)
		return lw_fail_errno(e, "dm-verity");
	int r = ask_dm(dm, DM_DEV_CREATE, &m, 0, e);
	if (r == 0)
		r = put_table(dm, root, "0", e);
	if (r < 0)
		return r;
	(void)snprintf(device, sizeof(device), "/dev/dm-%u", root->dm_minor);
	r = read_all(device, root->blocks * BLOCK_BYTES, e);
	/* A disk that changes its mind later stops the machine. */
	if (r == 0)
		r = put_table(dm, root, "1 panic_on_corruption", e);
	return r;
}

/* --- on to the root ----------------------------------------------------------------------- */

static int leave_word(const struct root *root, struct lw_error *e)
{
	char device[NAME_BYTES + 8];
	const char *path = root->image_bytes > 0 ? "/root/run/landwaiter/disc"
						 : "/root/run/landwaiter/disk";

	(void)snprintf(device, sizeof(device), "/dev/%s", root->disk);
	if (mkdir("/root/run/landwaiter", 0755) != 0 || symlink(device, path) != 0)
		return lw_fail_errno(e, "%s", path);
	return 0;
}

static int enter_root(const struct root *root, struct lw_error *e)
{
	static const char *const moved[] = { "/dev", "/proc", "/sys" };
	char device[32], target[32];

	(void)mkdir("/root", 0755);
	(void)snprintf(device, sizeof(device), "/dev/dm-%u", root->dm_minor);
	if (mount(device, "/root", "erofs", MS_RDONLY, NULL) != 0)
		return lw_fail_errno(e, "mount the root");
	if (mount("run", "/root/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0)
		return lw_fail_errno(e, "mount /run");
	int r = leave_word(root, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < LW_COUNT_OF(moved); i++) {
		(void)snprintf(target, sizeof(target), "/root%s", moved[i]);
		if (mount(moved[i], target, NULL, MS_MOVE, NULL) != 0)
			return lw_fail_errno(e, "move %s", moved[i]);
	}
	if (chdir("/root") != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 ||
	    chroot(".") != 0 || chdir("/") != 0)
		return lw_fail_errno(e, "enter the root");
	return 0;
}

static int start(struct lw_error *e)
{
	char name[] = "init";
	char *const argv[] = { name, NULL };
	char *const none[] = { NULL };
	struct root root = { .dm_minor = 0 };

	int r = mount_kernel(e);
	if (r == 0)
		r = read_cmdline(&root, e);
	if (r < 0)
		return r;
	load_drivers();
	if (root.image_bytes > 0)
		r = attach_image(&root, e);
	if (r == 0)
		r = find_partition(&root, e);
	if (r == 0)
		r = prove_root(&root, e);
	if (r == 0)
		r = enter_root(&root, e);
	if (r < 0)
		return r;
	tell("the root is what was signed: %s on %s, %llu blocks", root.name, root.disk,
	     (unsigned long long)root.blocks);
	(void)execve("/sbin/init", argv, none);
	return lw_fail_errno(e, "start /sbin/init");
}

static void refuse(const char *fmt, ...) LW_PRINTF(1, 2);
static void refuse(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("0", fmt, args);
	va_end(args);
}

int main(void)
{
	struct lw_error e = { .code = LW_OK };

	if (getpid() != 1)
		return 2;
	if (start(&e) < 0)
		refuse("BOOT REFUSED: %s. Nothing was started. Write the image to the disk again, or "
		       "burn another disc; if it says so again, keep it and tell security.",
		       e.text);
	for (;;)
		(void)reboot((int)RB_HALT_SYSTEM);
}
