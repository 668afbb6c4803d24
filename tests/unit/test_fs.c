/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/fs_internal.h"
#include "base/mem.h"
#include "tests/lib/refuse_call.h"

#include <fcntl.h>
#include <ftw.h>
#include <linux/loop.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <cmocka.h>

/* A fresh folder, made the working folder, for each test. */
static char top[64];
static int dir = -1;

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/lw-fs-XXXXXX");
	if (!mkdtemp(top) || chdir(top) != 0)
		return -1;
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir >= 0 ? 0 : -1;
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
	(void)close(dir);
	return chdir("/") == 0 ? nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS) : -1;
}

static void put(const char *name, const char *text)
{
	lw_auto_fd int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Whether the file at a path holds exactly this; with plain calls. */
static bool holds(const char *name, const char *text)
{
	lw_auto_fd int fd = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char have[256];
	ssize_t n = fd < 0 ? -1 : read(fd, have, sizeof(have));

	return n == (ssize_t)strlen(text) && memcmp(have, text, (size_t)n) == 0;
}

/* How many names the folder has. */
static int names(void)
{
	lw_auto_dir DIR *d = opendir(".");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	return n - 2;
}

static unsigned mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(name, &st), 0);
	return st.st_mode & 07777;
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* ---- opening ---- */

static void folders_are_opened(void **state)
{
	(void)state;
	struct lw_error e = { 0 };
	int fd = -7;

	put("file", "x");
	assert_int_equal(lw_fs_open_dir("file", &fd, &e), -LW_E_IO);
	assert_int_equal(e.sys_errno, ENOTDIR);
	assert_int_equal(lw_fs_open_dir("missing", &fd, &e), -LW_E_IO);
	assert_int_equal(e.sys_errno, ENOENT);
	assert_int_equal(lw_fs_open_dir("", &fd, &e), -LW_E_IO);
	assert_int_equal(fd, -7);
	assert_int_equal(lw_fs_open_dir(top, &fd, &e), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(lw_fs_sync(fd, "folder", &e), 0);
	(void)close(fd);
}

static void files_are_opened_beneath(void **state)
{
	(void)state;
	static const char *const good[] = { "file", "./file", "in/file", "in/../file",
					    "in/deep/../file" };
	uint64_t size;
	int fd;

	assert_int_equal(mkdir("in", 0700), 0);
	assert_int_equal(mkdir("in/deep", 0700), 0);
	put("file", "four");
	put("in/file", "four");
	for (size_t i = 0; i < LW_COUNT_OF(good); i++) {
		size = 99;
		assert_int_equal(lw_fs_open_beneath(dir, good[i], &fd, &size, NULL), 0);
		assert_int_equal(size, 4);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		(void)close(fd);
	}
	assert_int_equal(lw_fs_open_beneath(dir, "file", &fd, NULL, NULL), 0);
	(void)close(fd);
}

static void make_socket(const char *path)
{
	lw_auto_fd int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
}

static void nothing_else_is_opened_beneath(void **state)
{
	(void)state;
	char long_name[302] = { 0 };
	const struct {
		const char *name;
		enum lw_code code;
	} rows[] = {
		{ "missing", LW_E_NOTFOUND },	 { "", LW_E_NOTFOUND },
		{ "file/x", LW_E_NOTFOUND },	 { "missing/file", LW_E_NOTFOUND },
		{ "file/", LW_E_NOTFOUND },	 { ".", LW_E_FORMAT },
		{ "in", LW_E_FORMAT },		 { "fifo", LW_E_FORMAT },
		{ "socket", LW_E_FORMAT },	 { "link", LW_E_FORMAT },
		{ "dangling", LW_E_FORMAT },	 { "absolute", LW_E_FORMAT },
		{ "in-link/file", LW_E_FORMAT }, { "loop", LW_E_FORMAT },
		{ "..", LW_E_FORMAT },		 { "../x", LW_E_FORMAT },
		{ "in/../../x", LW_E_FORMAT },	 { "/etc/passwd", LW_E_FORMAT },
		{ "//etc/passwd", LW_E_FORMAT }, { "out/passwd", LW_E_FORMAT },
		{ long_name, LW_E_FORMAT },
	};
	int before;

	memset(long_name, 'n', sizeof(long_name) - 1);
	assert_int_equal(mkdir("in", 0700), 0);
	put("file", "four");
	put("in/file", "four");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	make_socket("socket");
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(symlink("/etc/passwd", "absolute"), 0);
	assert_int_equal(symlink("in", "in-link"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(symlink("/etc", "out"), 0);
	before = open_fds();
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		struct lw_error e = { 0 };
		LW_AUTO(buf) struct lw_buf b = { 0 };
		uint64_t size = 99;
		int fd = -7;
		int r = lw_fs_open_beneath(dir, rows[i].name, &fd, &size, &e);

		if (r != -(int)rows[i].code || fd != -7 || size != 99)
			fail_msg("%s: %d", rows[i].name, r);
		assert_int_equal(e.code, rows[i].code);
		assert_int_equal(lw_fs_read_beneath(dir, rows[i].name, 100, &b, &e), r);
		assert_int_equal(b.n, 0);
	}
	assert_int_equal(open_fds(), before);
}

static void devices_and_magic_links_are_not_files(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "/dev", "null" },
		{ "/dev", "zero" },
		{ "/proc/self", "exe" },
		{ "/proc/self", "cwd" },
		{ "/proc/self", "root/etc/passwd" },
		{ "/proc/self", "fd/0" },
		{ "/proc", "self/status" },
	};

	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_fd int d = open(rows[i][0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int fd = -7;

		assert_int_equal(lw_fs_open_beneath(d, rows[i][1], &fd, NULL, NULL),
				 -LW_E_FORMAT);
		assert_int_equal(fd, -7);
	}
}

static void names_in_errors_are_harmless(void **state)
{
	(void)state;
	static const char name[] = "x\x1b[31m\n\xff";
	struct lw_error e;
	int fd;
	uint64_t size;

	assert_int_equal(lw_fs_open_beneath(dir, name, &fd, NULL, &e), -LW_E_NOTFOUND);
	assert_null(strpbrk(e.text, "\x1b\n\xff"));
	assert_int_equal(lw_fs_open_input(name, &fd, &size, &e), -LW_E_NOTFOUND);
	assert_null(strpbrk(e.text, "\x1b\n\xff"));
	assert_int_equal(lw_fs_open_dir(name, &fd, &e), -LW_E_IO);
	assert_null(strpbrk(e.text, "\x1b\n\xff"));
}

static void inputs_are_files_and_block_devices(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum lw_code code;
	} rows[] = {
		{ "missing", LW_E_NOTFOUND }, { "", LW_E_NOTFOUND },
		{ "file/x", LW_E_NOTFOUND },  { "dangling", LW_E_NOTFOUND },
		{ "/dev/null", LW_E_FORMAT }, { "/dev/zero", LW_E_FORMAT },
		{ "fifo", LW_E_FORMAT },      { "socket", LW_E_FORMAT },
		{ ".", LW_E_FORMAT },	      { "loop", LW_E_IO },
	};
	uint64_t size = 99;
	int fd = -7;
	int before = open_fds();

	put("file", "four");
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	make_socket("socket");
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		int r = lw_fs_open_input(rows[i].name, &fd, &size, NULL);

		if (r != -(int)rows[i].code || fd != -7 || size != 99)
			fail_msg("%s: %d", rows[i].name, r);
	}
	assert_int_equal(open_fds(), before);
	assert_int_equal(lw_fs_open_input("link", &fd, &size, NULL), 0);
	assert_int_equal(size, 4);
	(void)close(fd);
	assert_int_equal(lw_fs_open_input("file", &fd, NULL, NULL), 0);
	(void)close(fd);
}

/* A block device over a file of the test's, gone with the descriptor; -1 where there is none to
 * be had. */
static int make_device(const char *file, char path[static 32])
{
	lw_auto_fd int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	lw_auto_fd int back = open(file, O_RDONLY | O_CLOEXEC);
	int n = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	struct loop_config config = {
		.fd = (uint32_t)back,
		.info = { .lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR },
	};

	if (n < 0)
		return -1;
	(void)snprintf(path, 32, "/dev/loop%d", n);
	lw_auto_fd int device = open(path, O_RDONLY | O_CLOEXEC);
	if (device < 0 || ioctl(device, LOOP_CONFIGURE, &config) != 0)
		return -1;
	return lw_steal_fd(&device);
}

static void a_block_device_has_its_size(void **state)
{
	(void)state;
	static char text[70 * 512 + 1];
	char path[32];
	char two[2];
	uint64_t size = 0;
	int fd = -7;

	memset(text, 'x', sizeof(text) - 1);
	put("disk", text);
	lw_auto_fd int device = make_device("disk", path);
	if (device < 0)
		skip();
	assert_int_equal(lw_fs_open_input(path, &fd, &size, NULL), 0);
	lw_auto_fd int held = fd;
	assert_int_equal(size, 70 * 512);
	assert_int_equal(fcntl(held, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(lw_fs_pread(held, two, 1, size - 1, NULL), 0);
	assert_int_equal(lw_fs_pread(held, two, 2, size - 1, NULL), -LW_E_TRUNCATED);
	(void)lw_fs_is_slow_seek(held);
	LW_AUTO(buf) struct lw_buf b = { 0 };
	assert_int_equal(lw_fs_read_path(path, 70 * 512 - 1, &b, NULL), -LW_E_LIMIT);
	assert_int_equal(lw_fs_read_path(path, 70 * 512, &b, NULL), 0);
	assert_int_equal(b.n, 70 * 512);
}

/* ---- reading and writing ---- */

static void whole_files_are_read(void **state)
{
	(void)state;
	LW_AUTO(buf) struct lw_buf b = { 0 };

	put("file", "hello");
	lw_buf_adds(&b, "> ");
	assert_int_equal(lw_fs_read_beneath(dir, "file", 5, &b, NULL), 0);
	assert_string_equal(lw_buf_str(&b), "> hello");
	assert_int_equal(lw_fs_read_path("file", SIZE_MAX, &b, NULL), 0);
	assert_string_equal(lw_buf_str(&b), "> hellohello");
	for (size_t max = 0; max < 5; max++) {
		assert_int_equal(lw_fs_read_beneath(dir, "file", max, &b, NULL), -LW_E_LIMIT);
		assert_int_equal(lw_fs_read_path("file", max, &b, NULL), -LW_E_LIMIT);
		assert_string_equal(lw_buf_str(&b), "> hellohello");
	}
	put("empty", "");
	assert_int_equal(lw_fs_read_beneath(dir, "empty", 0, &b, NULL), 0);
	assert_int_equal(b.n, 12);
	assert_int_equal(lw_fs_read_path("missing", 5, &b, NULL), -LW_E_NOTFOUND);
	assert_int_equal(lw_fs_read_path(".", 5, &b, NULL), -LW_E_FORMAT);

	/* files that say they are empty, and are not; more than they say is too much too */
	lw_buf_clear(&b);
	assert_int_equal(lw_fs_read_path("/proc/self/status", 65536, &b, NULL), 0);
	assert_true(b.n > 100);
	size_t n = b.n;
	assert_int_equal(lw_fs_read_path("/proc/self/status", 10, &b, NULL), -LW_E_LIMIT);
	assert_int_equal(b.n, n);
	assert_int_equal(b.p[n], 0);
}

static void large_files_are_read(void **state)
{
	(void)state;
	LW_AUTO(buf) struct lw_buf want = { 0 };
	LW_AUTO(buf) struct lw_buf have = { 0 };
	lw_auto_fd int fd = open("big", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	for (uint32_t i = 0; i < 300000; i++)
		lw_buf_add(&want, &i, sizeof(i));
	assert_int_equal(lw_fs_write(fd, want.p, want.n, NULL), 0);
	assert_int_equal(lw_fs_read_beneath(dir, "big", want.n, &have, NULL), 0);
	assert_true(lw_span_equal(lw_buf_span(&want), lw_buf_span(&have)));
	assert_int_equal(lw_fs_read_beneath(dir, "big", want.n - 1, &have, NULL), -LW_E_LIMIT);
	assert_int_equal(have.n, want.n);
}

static void exactly_n_bytes_are_read(void **state)
{
	(void)state;
	char b[8] = "-------";
	struct lw_error e;

	put("file", "abcdef");
	lw_auto_fd int fd = open("file", O_RDONLY | O_CLOEXEC);
	lw_auto_fd int out = open("file", O_WRONLY | O_CLOEXEC);
	assert_int_equal(lw_fs_pread(fd, b, 6, 0, &e), 0);
	assert_string_equal(b, "abcdef-");
	assert_int_equal(lw_fs_pread(fd, b, 2, 4, &e), 0);
	assert_string_equal(b, "efcdef-");
	assert_int_equal(lw_fs_pread(fd, b, 0, 0, &e), 0);
	assert_int_equal(lw_fs_pread(fd, b, 0, 100, &e), 0);

	static const struct {
		size_t n;
		uint64_t offset;
	} rows[] = {
		{ 7, 0 },	   { 2, 5 },	     { 1, 6 },
		{ 1, 100 },	   { 1, INT64_MAX }, { 1, (uint64_t)INT64_MAX + 1 },
		{ 1, UINT64_MAX }, { SIZE_MAX, 1 },  { 2, INT64_MAX - 1 },
	};
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++)
		assert_int_equal(lw_fs_pread(fd, b, rows[i].n, rows[i].offset, &e),
				 -LW_E_TRUNCATED);
	assert_int_equal(lw_fs_pread(out, b, 1, 0, &e), -LW_E_IO);
	assert_int_equal(e.sys_errno, EBADF);
	assert_int_equal(lw_fs_pread(-1, b, 1, 0, &e), -LW_E_IO);
}

static void all_bytes_are_written_or_an_error(void **state)
{
	(void)state;
	struct lw_error e;
	lw_auto_fd int fd = open("out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	lw_auto_fd int in = open("out", O_RDONLY | O_CLOEXEC);
	lw_auto_fd int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_int_equal(lw_fs_write(fd, "abc", 3, &e), 0);
	assert_int_equal(lw_fs_write(fd, NULL, 0, &e), 0);
	assert_int_equal(lw_fs_pwrite(fd, "XY", 2, 1, &e), 0);
	assert_int_equal(lw_fs_pwrite(fd, "Z", 1, 5, &e), 0);
	assert_int_equal(lw_fs_write(fd, "d", 1, &e), 0);
	char b[6];
	assert_int_equal(lw_fs_pread(fd, b, 6, 0, &e), 0);
	assert_memory_equal(b, "aXYd\0Z", 6);

	assert_int_equal(lw_fs_write(full, "x", 1, &e), -LW_E_NOSPACE);
	assert_int_equal(e.sys_errno, ENOSPC);
	assert_int_equal(lw_fs_pwrite(full, "x", 1, 0, &e), -LW_E_NOSPACE);
	assert_int_equal(lw_fs_write(in, "x", 1, &e), -LW_E_IO);
	assert_int_equal(lw_fs_write(-1, "x", 1, &e), -LW_E_IO);
	assert_int_equal(lw_fs_pwrite(in, "x", 1, 0, &e), -LW_E_IO);
	assert_int_equal(lw_fs_pwrite(fd, "x", 1, INT64_MAX, &e), -LW_E_IO);
	assert_int_equal(lw_fs_pwrite(fd, "x", 1, UINT64_MAX, &e), -LW_E_IO);
	assert_int_equal(lw_fs_sync(-1, "nothing", &e), -LW_E_IO);
	int pipe[2];
	assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
	assert_int_equal(lw_fs_sync(pipe[1], "pipe", &e), -LW_E_IO);
	(void)close(pipe[0]);
	(void)close(pipe[1]);
}

/* ---- publishing ---- */

static void what_is_published_is_there(void **state)
{
	(void)state;
	struct lw_error e = { 0 };
	mode_t old = umask(077);

	assert_int_equal(lw_fs_publish(dir, "new", lw_span_str("one"), 0644, &e), 0);
	assert_true(holds("new", "one"));
	assert_int_equal(mode_of("new"), 0644);
	assert_int_equal(lw_fs_publish(dir, "new", lw_span_str("two"), 0600, &e), 0);
	assert_true(holds("new", "two"));
	assert_int_equal(mode_of("new"), 0600);
	assert_int_equal(lw_fs_publish(dir, "empty", lw_span(NULL, 0), 0400, &e), 0);
	assert_true(holds("empty", ""));
	assert_int_equal(mode_of("empty"), 0400);
	assert_int_equal(names(), 2);
	(void)umask(old);

	/* in the place of a link, not through it */
	put("target", "untouched");
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(lw_fs_publish(dir, "link", lw_span_str("mine"), 0600, &e), 0);
	assert_true(holds("link", "mine"));
	assert_true(holds("target", "untouched"));
	assert_int_equal(names(), 4);
}

static void what_is_no_name_is_not_published(void **state)
{
	(void)state;
	static const char *const bad[] = { "",	 ".",  "..",   "/",   "a/b",
					   "/a", "a/", "../a", "./a", "//" };
	char long_name[300] = { 0 };
	struct lw_error e;

	for (size_t i = 0; i < LW_COUNT_OF(bad); i++) {
		assert_int_equal(lw_fs_publish(dir, bad[i], lw_span_str("x"), 0600, &e),
				 -LW_E_USAGE);
		assert_int_equal(lw_fs_ensure_dir(dir, bad[i], 0700, &e), -LW_E_USAGE);
	}
	memset(long_name, 'n', sizeof(long_name) - 1);
	assert_int_equal(lw_fs_publish(dir, long_name, lw_span_str("x"), 0600, &e), -LW_E_IO);
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(lw_fs_publish(dir, "folder", lw_span_str("x"), 0600, &e), -LW_E_IO);
	assert_int_equal(lw_fs_publish(-1, "x", lw_span_str("x"), 0600, &e), -LW_E_IO);
	assert_int_equal(names(), 1);
}

static void users_files_are_created_once(void **state)
{
	(void)state;
	static const char *const bad[] = { "", ".", "..", "/", "new/", "in/..", "in/.", "//" };
	static const char *const taken[] = { "file", "in", "dangling", "fifo" };
	struct lw_error e;
	mode_t old = umask(027);

	assert_int_equal(mkdir("in", 0700), 0);
	put("file", "old");
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++)
		assert_int_equal(lw_fs_create_path(bad[i], lw_span_str("x"), 0600, &e),
				 -LW_E_USAGE);
	for (size_t i = 0; i < LW_COUNT_OF(taken); i++) {
		assert_int_equal(lw_fs_create_path(taken[i], lw_span_str("x"), 0600, &e),
				 -LW_E_EXISTS);
		assert_int_equal(e.code, LW_E_EXISTS);
	}
	assert_int_equal(lw_fs_create_path("missing/x", lw_span_str("x"), 0600, &e), -LW_E_IO);
	assert_int_equal(lw_fs_create_path("file/x", lw_span_str("x"), 0600, &e), -LW_E_IO);
	assert_int_equal(names(), 4);
	assert_true(holds("file", "old"));
	assert_int_equal(access("nowhere", F_OK), -1);

	assert_int_equal(lw_fs_create_path("in/new", lw_span_str("x"), 0666, &e), 0);
	assert_int_equal(mode_of("in/new"), 0640);
	lw_auto_free char *absolute = lw_asprintf("%s/abs", top);
	assert_int_equal(lw_fs_create_path(absolute, lw_span_str("y"), 0600, &e), 0);
	assert_int_equal(mode_of("abs"), 0600);
	assert_true(holds("abs", "y"));
	assert_int_equal(names(), 5);
	(void)umask(old);
}

static void folders_are_ensured(void **state)
{
	(void)state;
	struct lw_error e = { 0 };
	mode_t old = umask(077);

	assert_int_equal(lw_fs_ensure_dir(dir, "new", 0755, &e), 0);
	assert_int_equal(mode_of("new"), 0755);
	/* one that is there keeps its mode */
	assert_int_equal(lw_fs_ensure_dir(dir, "new", 0700, &e), 0);
	assert_int_equal(mode_of("new"), 0755);
	(void)umask(old);

	put("file", "x");
	assert_int_equal(symlink("new", "link"), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	static const char *const bad[] = { "file", "link", "dangling" };
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++)
		assert_int_equal(lw_fs_ensure_dir(dir, bad[i], 0700, &e), -LW_E_FORMAT);
	assert_int_equal(lw_fs_ensure_dir(-1, "x", 0700, &e), -LW_E_IO);
}

/* ---- when the system says no ---- */

/* The result of body() in a child where these calls fail. */
static int result_without(const struct refuse_call *calls, size_t count, int (*body)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(refuse_calls(calls, count) == 0 ? -body() : 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static int publish_over(void)
{
	return lw_fs_publish(dir, "file", lw_span_str("new"), 0644, NULL);
}

static int create_new(void)
{
	return lw_fs_create_path("created", lw_span_str("new"), 0644, NULL);
}

static int ensure_new(void)
{
	return lw_fs_ensure_dir(dir, "ensured", 0755, NULL);
}

static void each_failed_step_leaves_the_old(void **state)
{
	(void)state;
	static const long steps[] = { SYS_getrandom, SYS_openat, SYS_write, SYS_fsync,
				      SYS_close };
	static const int answers[] = { EIO, ENOSPC, EDQUOT, EACCES, EROFS };

	put("file", "old");
	for (size_t i = 0; i < LW_COUNT_OF(steps); i++) {
		for (size_t j = 0; j < LW_COUNT_OF(answers); j++) {
			const struct refuse_call call = { steps[i], REFUSE_ANY, answers[j] };
			bool full = answers[j] == ENOSPC || answers[j] == EDQUOT;
			int want = full ? -LW_E_NOSPACE : -LW_E_IO;

			assert_int_equal(result_without(&call, 1, publish_over), want);
			assert_int_equal(result_without(&call, 1, create_new), want);
			assert_true(holds("file", "old"));
			assert_int_equal(names(), 1);
		}
	}
	/* write that takes nothing, rename, fchmod */
	const struct refuse_call nothing = { SYS_write, REFUSE_ANY, 0 };
	assert_int_equal(result_without(&nothing, 1, publish_over), -LW_E_IO);
	const struct refuse_call renames[] = {
#ifdef SYS_rename
		{ SYS_rename, REFUSE_ANY, EIO },
		{ SYS_renameat, REFUSE_ANY, EIO },
#endif
		{ SYS_renameat2, REFUSE_ANY, EIO },
	};
	assert_int_equal(result_without(renames, LW_COUNT_OF(renames), publish_over), -LW_E_IO);
	assert_int_equal(result_without(renames, LW_COUNT_OF(renames), create_new), -LW_E_IO);
	const struct refuse_call mode = { SYS_fchmod, REFUSE_ANY, EPERM };
	assert_int_equal(result_without(&mode, 1, publish_over), -LW_E_IO);
	assert_true(holds("file", "old"));
	assert_int_equal(names(), 1);
}

/* An unsynced folder can forget the name: the caller must hear of it. */
static void the_folder_is_synced_too(void **state)
{
	(void)state;
	const struct refuse_call call = { SYS_fsync, (uint32_t)dir, EIO };

	put("file", "old");
	assert_int_equal(result_without(&call, 1, publish_over), -LW_E_IO);
	assert_true(holds("file", "new"));
	assert_int_equal(names(), 1);
	assert_int_equal(result_without(&call, 1, ensure_new), -LW_E_IO);
	/* there already: synced all the same */
	assert_int_equal(result_without(&call, 1, ensure_new), -LW_E_IO);
	assert_int_equal(result_without(NULL, 0, ensure_new), 0);
	assert_int_equal(mode_of("ensured"), 0755);

	const struct refuse_call make = { SYS_mkdirat, REFUSE_ANY, ENOSPC };
	assert_int_equal(rmdir("ensured"), 0);
	assert_int_equal(result_without(&make, 1, ensure_new), -LW_E_NOSPACE);
}

/* A file system without RENAME_NOREPLACE. */
static void links_serve_where_rename_cannot(void **state)
{
	(void)state;
	const struct refuse_call call = { SYS_renameat2, REFUSE_ANY, EINVAL };
	const struct refuse_call both[] = {
		{ SYS_renameat2, REFUSE_ANY, EINVAL },
		{ SYS_linkat, REFUSE_ANY, EPERM },
	};

	assert_int_equal(result_without(both, 2, create_new), -LW_E_IO);
	assert_int_equal(names(), 0);
	assert_int_equal(result_without(&call, 1, create_new), 0);
	assert_true(holds("created", "new"));
	assert_int_equal(names(), 1);
	put("created", "theirs");
	assert_int_equal(result_without(&call, 1, create_new), -LW_E_EXISTS);
	assert_true(holds("created", "theirs"));
	assert_int_equal(names(), 1);
}

static int open_file_beneath(void)
{
	int fd;

	return lw_fs_open_beneath(dir, "file", &fd, NULL, NULL);
}

/* openat2 failing is never a reason to open in another way. */
static void without_openat2_nothing_is_opened(void **state)
{
	(void)state;
	static const int answers[] = { ENOSYS, EPERM, EAGAIN, EIO, EINVAL };

	put("file", "x");
	for (size_t i = 0; i < LW_COUNT_OF(answers); i++) {
		const struct refuse_call call = { SYS_openat2, REFUSE_ANY, answers[i] };
		assert_int_equal(result_without(&call, 1, open_file_beneath), -LW_E_IO);
	}
	assert_int_equal(result_without(NULL, 0, open_file_beneath), 0);
}

static int publish_too_much(void)
{
	static char much[100000];
	const struct rlimit r = { 50000, 50000 };

	(void)signal(SIGXFSZ, SIG_IGN);
	(void)setrlimit(RLIMIT_FSIZE, &r);
	return lw_fs_publish(dir, "file", lw_span(much, sizeof(much)), 0600, NULL);
}

/* The first write is cut short, the second refused. */
static void a_half_written_file_is_taken_away(void **state)
{
	(void)state;
	put("file", "old");
	assert_int_equal(result_without(NULL, 0, publish_too_much), -LW_E_IO);
	assert_true(holds("file", "old"));
	assert_int_equal(names(), 1);
}

static atomic_bool done;

static void *publish_in_turns(void *arg)
{
	LW_AUTO(buf) struct lw_buf a = { 0 };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	int r = 0;

	(void)arg;
	lw_buf_fill(&a, 'a', 5000);
	lw_buf_fill(&b, 'b', 50000);
	for (int i = 0; i < 50 && r == 0; i++)
		r = lw_fs_publish(dir, "file", lw_buf_span(i % 2 ? &b : &a), 0600, NULL);
	atomic_store(&done, true);
	return r == 0 ? &done : NULL;
}

static void readers_see_the_old_or_the_new(void **state)
{
	(void)state;
	pthread_t t;
	void *result = NULL;

	atomic_store(&done, false);
	assert_int_equal(lw_fs_publish(dir, "file", lw_span_str("a"), 0600, NULL), 0);
	assert_int_equal(pthread_create(&t, NULL, publish_in_turns, NULL), 0);
	while (!atomic_load(&done)) {
		LW_AUTO(buf) struct lw_buf b = { 0 };

		assert_int_equal(lw_fs_read_beneath(dir, "file", 60000, &b, NULL), 0);
		assert_true(b.n == 1 || b.n == 5000 || b.n == 50000);
		for (size_t i = 0; i < b.n; i++)
			if (b.p[i] != (b.n == 50000 ? 'b' : 'a'))
				fail_msg("mixed at %zu", i);
	}
	assert_int_equal(pthread_join(t, &result), 0);
	assert_non_null(result);
	assert_int_equal(names(), 1);
}

/* ---- where things are ---- */

static void parents_are_opened(void **state)
{
	(void)state;
	static const struct {
		const char *path, *parent, *name;
	} rows[] = {
		{ "x", ".", "x" },	 { "in/x", "in", "x" }, { "./x", ".", "x" },
		{ "/x", "/", "x" },	 { "//x", "/", "x" },	{ "in//x", "in", "x" },
		{ "in/../x", ".", "x" }, { "...", ".", "..." }, { "in/.x", "in", ".x" },
	};
	static const char *const bad[] = { "", "/", "in/", ".", "..", "in/.", "in/..", "//" };

	assert_int_equal(mkdir("in", 0700), 0);
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		const char *name = NULL;
		struct stat want, have;
		int fd = -1;

		assert_int_equal(lw_fs_open_parent(rows[i].path, &fd, &name, NULL), 0);
		assert_string_equal(name, rows[i].name);
		assert_true(name >= rows[i].path);
		assert_int_equal(stat(rows[i].parent, &want), 0);
		assert_int_equal(fstat(fd, &have), 0);
		assert_int_equal(want.st_ino, have.st_ino);
		(void)close(fd);
	}
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++) {
		const char *name = NULL;
		int fd = -7;

		assert_int_equal(lw_fs_open_parent(bad[i], &fd, &name, NULL), -LW_E_USAGE);
		assert_true(fd == -7 && !name);
	}
	const char *name = NULL;
	int fd = -7;
	assert_int_equal(lw_fs_open_parent("missing/x", &fd, &name, NULL), -LW_E_IO);
	assert_true(fd == -7 && !name);
}

static void free_space_is_known(void **state)
{
	(void)state;
	uint64_t bytes = 0;

	assert_int_equal(lw_fs_free_bytes(dir, &bytes, NULL), 0);
	assert_true(bytes > 4096);
	bytes = 7;
	assert_int_equal(lw_fs_free_bytes(-1, &bytes, NULL), -LW_E_IO);
	assert_int_equal(bytes, 7);
}

/* A tree as sysfs has it: links to disks, partitions below their disk. */
static void make_disk(const char *name, const char *rotational, const char *type)
{
	static const char *const folders[] = { "", "/queue", "/device", "/part" };

	for (size_t i = 0; i < LW_COUNT_OF(folders); i++) {
		lw_auto_free char *path = lw_asprintf("%s%s", name, folders[i]);

		assert_int_equal(mkdir(path, 0700), 0);
	}
	lw_auto_free char *queue = lw_asprintf("%s/queue/rotational", name);
	lw_auto_free char *device = lw_asprintf("%s/device/type", name);
	if (rotational)
		put(queue, rotational);
	if (type)
		put(device, type);
}

static void devices_that_pay_for_seeks_are_known(void **state)
{
	(void)state;
	static const struct {
		const char *rotational, *type;
		bool slow;
	} rows[] = {
		/* a disk that turns, one that does not; virtio has no type and says 1 */
		{ "1\n", "0\n", true },
		{ "0\n", "0\n", false },
		{ "1\n", NULL, false },
		{ "0\n", NULL, false },
		{ NULL, "0\n", false },
		/* optical; another kind of device; nothing; nonsense */
		{ "0\n", "5\n", true },
		{ "1\n", "5\n", true },
		{ NULL, "5\n", true },
		{ "1\n", "1\n", false },
		{ NULL, NULL, false },
		{ "", "", false },
		{ "x\n", "x\n", false },
		{ "1\n", "50\n", false },
		{ "10\n", "0\n", false },
		{ "0", "5", true },
		{ "-1\n", "0\n", false },
		{ "1", "0", true },
	};

	assert_int_equal(mkdir("block", 0700), 0);
	for (unsigned i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_auto_free char *disk = lw_asprintf("disk%u", i);
		lw_auto_free char *link = lw_asprintf("block/8:%u", i);
		lw_auto_free char *to = lw_asprintf("../disk%u", i);
		lw_auto_free char *part = lw_asprintf("block/9:%u", i);
		lw_auto_free char *part_to = lw_asprintf("../disk%u/part", i);

		make_disk(disk, rows[i].rotational, rows[i].type);
		assert_int_equal(symlink(to, link), 0);
		assert_int_equal(symlink(part_to, part), 0);
		assert_int_equal(lw_fs_slow_seek_in("block", 8, i), rows[i].slow);
		assert_int_equal(lw_fs_slow_seek_in("block", 9, i), rows[i].slow);
	}
	assert_false(lw_fs_slow_seek_in("block", 10, 0));
	assert_false(lw_fs_slow_seek_in("missing", 8, 0));
}

static void unknown_devices_are_not_slow(void **state)
{
	(void)state;
	int pipe[2];
	lw_auto_fd int proc = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
	assert_false(lw_fs_is_slow_seek(pipe[0]));
	assert_false(lw_fs_is_slow_seek(proc));
	assert_false(lw_fs_is_slow_seek(-1));
	(void)close(pipe[0]);
	(void)close(pipe[1]);
}

#define FRESH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(folders_are_opened),
		FRESH(files_are_opened_beneath),
		FRESH(nothing_else_is_opened_beneath),
		FRESH(devices_and_magic_links_are_not_files),
		FRESH(names_in_errors_are_harmless),
		FRESH(inputs_are_files_and_block_devices),
		FRESH(a_block_device_has_its_size),
		FRESH(whole_files_are_read),
		FRESH(large_files_are_read),
		FRESH(exactly_n_bytes_are_read),
		FRESH(all_bytes_are_written_or_an_error),
		FRESH(what_is_published_is_there),
		FRESH(what_is_no_name_is_not_published),
		FRESH(users_files_are_created_once),
		FRESH(folders_are_ensured),
		FRESH(each_failed_step_leaves_the_old),
		FRESH(the_folder_is_synced_too),
		FRESH(links_serve_where_rename_cannot),
		FRESH(without_openat2_nothing_is_opened),
		FRESH(a_half_written_file_is_taken_away),
		FRESH(readers_see_the_old_or_the_new),
		FRESH(parents_are_opened),
		FRESH(free_space_is_known),
		FRESH(devices_that_pay_for_seeks_are_known),
		FRESH(unknown_devices_are_not_slow),
	};

	return cmocka_run_group_tests_name("fs", tests, NULL, NULL);
}
