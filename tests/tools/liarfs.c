/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A medium that lies, as a file system: the kernel hands its answers to the program under test,
 * past the page cache, so that whatever is asked for again is asked of us.
 *
 *	liarfs MOUNTPOINT FILE HOW [AT]
 *
 * MOUNTPOINT/bundle.lwb is FILE, told in one of these ways:
 *
 *	honest		as it is
 *	second		each byte as it is when first asked for, another ever after
 *	open		as it is for the first that opens it, with another byte AT for the next
 *	error		reads that touch the byte AT fail (EIO)
 *	short		reads get less than was asked for
 *	grow, shrink	once it is being read it goes on behind its end, or ends at AT
 *	more, less	it says it has a byte more, or less, than it has
 *
 * MOUNTPOINT/report, read, gives "OPENS BYTES MOST" and begins anew: how often the bundle was
 * opened, the bytes that were handed out, and how often the one was that was asked for most.
 */

#define FUSE_USE_VERSION 31

#include "base/fs.h"
#include "base/mem.h"

#include <err.h>
#include <fuse3/fuse.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define MORE ((size_t)1 << 20) /* behind the end, of what grows */

static const char *const names[] = { "honest", "second", "open", "error", "short",
				     "grow",   "shrink", "more", "less" };
enum how { HONEST, SECOND, OPEN, ERROR, SHORT, GROW, SHRINK, SAYS_MORE, SAYS_LESS };

static struct {
	enum how how;
	size_t at;
	struct lw_buf file;
	uint8_t *asked; /* one a byte: how often it was handed out */
	uint64_t opens, bytes;
	uint64_t opened; /* ever */
	bool begun;
	char report[64];
} fs;

static size_t end_now(void)
{
	if (fs.begun && fs.how == GROW)
		return fs.file.n + MORE;
	return fs.begun && fs.how == SHRINK ? fs.at : fs.file.n;
}

static bool is_report(const char *path)
{
	return strcmp(path, "/report") == 0;
}

static void *init(struct fuse_conn_info *connection, struct fuse_config *config)
{
	(void)connection;
	config->attr_timeout = 0;
	config->entry_timeout = 0;
	return NULL;
}

static int get_attributes(const char *path, struct stat *st, struct fuse_file_info *file)
{
	(void)file;
	if (strcmp(path, "/") == 0) {
		st->st_mode = S_IFDIR | 0755;
		st->st_nlink = 2;
		return 0;
	}
	if (strcmp(path, "/bundle.lwb") != 0 && !is_report(path))
		return -ENOENT;
	st->st_mode = S_IFREG | 0444;
	st->st_nlink = 1;
	if (!is_report(path))
		st->st_size = (off_t)end_now() + (fs.how == SAYS_MORE) - (fs.how == SAYS_LESS);
	return 0;
}

static void make_report(void)
{
	uint8_t most = 0;

	for (size_t i = 0; i < fs.file.n + MORE; i++)
		most = fs.asked[i] > most ? fs.asked[i] : most;
	(void)snprintf(fs.report, sizeof(fs.report), "%llu %llu %u\n",
		       (unsigned long long)fs.opens, (unsigned long long)fs.bytes, most);
	memset(fs.asked, 0, fs.file.n + MORE);
	fs.opens = fs.bytes = 0;
	fs.begun = false;
}

static int open_file(const char *path, struct fuse_file_info *file)
{
	file->direct_io = 1;
	if (is_report(path)) {
		make_report();
	} else {
		fs.opens++;
		file->fh = fs.opened++;
	}
	return 0;
}

static char answer(size_t at, uint64_t opened)
{
	char honest = at < fs.file.n ? (char)fs.file.p[at] : 'x';
	bool lie = (fs.how == SECOND && fs.asked[at]) ||
		   (fs.how == OPEN && opened > 0 && at == fs.at);

	if (fs.asked[at] < UINT8_MAX)
		fs.asked[at]++;
	return (char)(lie ? honest ^ 0x5a : honest);
}

static int read_file(const char *path, char *p, size_t n, off_t offset,
		     struct fuse_file_info *file)
{
	const size_t at = (size_t)offset;

	if (is_report(path)) {
		size_t length = strlen(fs.report), left = at < length ? length - at : 0;

		n = n < left ? n : left;
		memcpy(p, fs.report + (at < length ? at : length), n);
		return (int)n;
	}
	if (at >= end_now())
		return 0;
	n = n < end_now() - at ? n : end_now() - at;
	if (fs.how == ERROR && at <= fs.at && fs.at < at + n)
		return -EIO;
	if (fs.how == SHORT)
		n -= n / 2;
	for (size_t i = 0; i < n; i++)
		p[i] = answer(at + i, file->fh);
	fs.begun = true;
	fs.bytes += n;
	return (int)n;
}

int main(int argc, char **argv)
{
	static const struct fuse_operations operations = {
		.init = init, .getattr = get_attributes, .open = open_file, .read = read_file
	};
	struct lw_error error;

	if (argc != 4 && argc != 5)
		errx(2, "usage: liarfs MOUNTPOINT FILE HOW [AT]");
	while (strcmp(names[fs.how], argv[3]) != 0)
		if (++fs.how == LW_COUNT_OF(names))
			errx(2, "no such lie: %s", argv[3]);
	fs.at = argc == 5 ? strtoull(argv[4], NULL, 10) : 0;
	if (lw_fs_read_path(argv[2], (size_t)256 << 20, &fs.file, &error) < 0)
		errx(2, "%s", error.text);
	fs.asked = lw_alloc_array(fs.file.n + MORE, 1);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0) /* no mount outlives its test */
		err(2, "prctl");

	/* In the foreground, one request after the other. */
	char *options[] = { argv[0], (char[]){ "-f" }, (char[]){ "-s" }, argv[1], NULL };
	return fuse_main((int)LW_COUNT_OF(options) - 1, options, &operations, NULL);
}
