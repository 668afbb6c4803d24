/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A medium that lies, fails or is pulled out, at every place of a load: the program's own reads
 *of the bundle come through here (pread is ours), in process and thousands of times.
 *
 *	medium [-f] ENCLAVE WORK JUDGE BUNDLE
 *
 * ENCLAVE is copied into the folder WORK, which must not exist. -f: every place, not a sample.
 *
 *	second   the first read of a byte is honest, every later one is not: from the Nth on
 *	late     honest up to the Nth read, then other bytes for all
 *	error    EIO at the Nth read; and from the Nth read on
 *	pulled   from the Nth read on there is no more medium (ENXIO), or it has ended
 *	short    a read gets one byte, or is interrupted: no harm must come of it
 *
 * A load either is accepted, and then each stored blob is what its name says and the bundle's
 *own; or it is not, for a reason with a code, and trust and store are as they were. Each is one
 *record. And no byte was asked for twice.
 */

#include "base/fs.h"
#include "base/mem.h"
#include "base/tree.h"
#include "bundle/intake.h"
#include "tests/lib/random.h"

#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct lw_error error;

static struct {
	const char *template, *judge, *bundle;
	char *enclave_path;
	int work;
	struct lw_enclave *enclave;
	struct lw_clock clock;
	bool full;
	struct lw_buf original;
	struct stat st; /* of the bundle */
} t;

/* ---- the medium ---- */

enum fault { HONEST, SECOND, LATE, ERROR_ONCE, ERROR_ON, PULLED, ENDED, SHORT, FAULTS };

static const char *const fault_names[FAULTS] = {
	[SECOND] = "other bytes when asked again",
	[LATE] = "other bytes from one read on",
	[ERROR_ONCE] = "one read fails",
	[ERROR_ON] = "reads fail from one on",
	[PULLED] = "pulled out",
	[ENDED] = "ends early",
	[SHORT] = "reads that get less than asked",
};

static struct {
	enum fault fault;
	size_t at; /* the read, from 0, at which it begins */
	size_t reads;
	size_t twice;  /* bytes asked for again */
	uint8_t *seen; /* one a byte of the bundle */
	pthread_mutex_t lock;
} medium = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool is_bundle(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == t.st.st_dev && st.st_ino == t.st.st_ino;
}

static ssize_t honest(int fd, void *p, size_t n, off_t offset)
{
	return syscall(SYS_pread64, fd, p, n, offset);
}

static ssize_t lie(uint8_t *p, ssize_t n, off_t offset, size_t nth)
{
	for (ssize_t i = 0; i < n; i++) {
		uint8_t *seen = &medium.seen[offset + i];

		medium.twice += *seen;
		if ((medium.fault == SECOND && *seen) ||
		    (medium.fault == LATE && nth >= medium.at))
			p[i] ^= 0x5a;
		*seen = 1;
	}
	return n;
}

static ssize_t read_medium(int fd, void *p, size_t n, off_t offset)
{
	const size_t nth = medium.reads++;

	switch (medium.fault) {
	case ERROR_ONCE:
	case ERROR_ON:
	case PULLED:
		if (nth == medium.at || (medium.fault != ERROR_ONCE && nth > medium.at)) {
			errno = medium.fault == PULLED ? ENXIO : EIO;
			return -1;
		}
		break;
	case ENDED:
		if (nth >= medium.at)
			return 0;
		break;
	case SHORT:
		if (nth % 3 == 1) {
			errno = EINTR;
			return -1;
		}
		n = n > 1 ? n - n / 2 : n;
		break;
	case HONEST:
	case SECOND:
	case LATE:
	case FAULTS:
		break;
	}

	ssize_t got = honest(fd, p, n, offset);
	return got > 0 ? lie(p, got, offset, nth) : got;
}

/* In the place of the C library's, for all of this program. */
ssize_t pread(int fd, void *p, size_t n, off_t offset)
{
	ssize_t got;

	if (!medium.seen || !is_bundle(fd))
		return honest(fd, p, n, offset);
	(void)pthread_mutex_lock(&medium.lock);
	got = read_medium(fd, p, n, offset);
	(void)pthread_mutex_unlock(&medium.lock);
	return got;
}

ssize_t pread64(int fd, void *p, size_t n, off_t offset) __attribute__((alias("pread")));
ssize_t __pread_chk(int fd, void *p, size_t n, off_t offset, size_t room);
ssize_t __pread_chk(int fd, void *p, size_t n, off_t offset, size_t room)
{
	if (n > room)
		abort();
	return pread(fd, p, n, offset);
}
ssize_t __pread64_chk(int fd, void *p, size_t n, off_t offset, size_t room)
	__attribute__((alias("__pread_chk")));

/* ---- one load ---- */

static void must(int r, const char *what)
{
	if (r < 0)
		errx(2, "%s: %s", what, error.text);
}

static void fresh_enclave(void)
{
	pid_t pid;
	int status = 0;

	if (t.enclave)
		lw_enclave_close(t.enclave);
	must(lw_tree_remove(t.work, "enclave", &error), "enclave");
	pid = fork();
	if (pid == 0) {
		(void)execlp("cp", "cp", "-a", t.template, t.enclave_path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "copying the enclave failed");
	must(lw_enclave_open(t.enclave_path, LW_STATE_WRITE, &t.clock, &t.enclave, &error),
	     "enclave");
}

static struct {
	size_t tried, accepted, failed, blobs;
	size_t by[LW_FINDING_COUNT];
} sum;

static void wrong(size_t at, const char *why, const char *more)
{
	if (sum.failed++ < 10)
		(void)printf("# %s, at read %zu: %s %s\n", fault_names[medium.fault], at, why,
			     more);
}

/* What is stored is what its name says, and stands in the bundle as it was carried. */
static int check_blob(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	lw_auto_fd int fd = -1;
	struct lw_digest have;

	(void)data;
	lw_buf_reserve(&bytes, size);
	if (lw_store_open_blob(t.enclave->store, d, &fd, NULL, e) < 0 ||
	    lw_fs_pread(fd, bytes.p, size, 0, e) < 0) {
		wrong(medium.at, "a stored blob cannot be read", e->text);
		return 0;
	}
	bytes.n = size;
	have = lw_digest_of(lw_buf_span(&bytes));
	if (!lw_digest_equal(&have, d))
		wrong(medium.at, "a stored blob is not what its name says", "");
	else if (size > 0 && !memmem(t.original.p, t.original.n, bytes.p, bytes.n))
		wrong(medium.at, "a stored blob is not the bundle's", "");
	sum.blobs++;
	return 0;
}

static size_t files_in(const char *name)
{
	int fd = openat(t.enclave->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lw_auto_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0;

	if (!d)
		err(1, "%s", name);
	for (const struct dirent *entry; (entry = readdir(d));)
		n += entry->d_name[0] != '.';
	return n;
}

static void judge_refused(const struct lw_intake_result *r)
{
	const struct lw_finding *reason = lw_verdict_reason(&r->verdict);
	uint64_t floor = 0;

	if (!reason || lw_finding_kind(reason->id)->gravity == LW_NOTE) {
		wrong(medium.at, "refused without a reason", "");
		return;
	}
	sum.by[reason->id]++;
	if (reason->id == LW_FINDING_SYSTEM_ERROR || reason->id == LW_FINDING_COMMIT_CHANGED)
		wrong(medium.at, "not judged:", reason->found);
	must(lw_state_sender_floor(t.enclave->state, "acme", &floor, &error), "floor");
	if (floor != 0 || files_in("store/blobs/sha256") != 0 ||
	    files_in("store/incoming") != 0)
		wrong(medium.at, "refused, but something stayed", "");
}

/* Loads; returns how many reads there were. */
static size_t load(enum fault fault, size_t at, bool in_order)
{
	struct lw_intake_options o = { .purpose = LW_INTAKE_LOAD,
				       .path = t.bundle,
				       .judge = t.judge,
				       .in_order = in_order };
	struct lw_intake_result r = { 0 };
	struct lw_head before = { 0 }, after = { 0 };

	medium.fault = fault;
	medium.at = at;
	medium.reads = medium.twice = 0;
	medium.seen = lw_alloc_array(t.original.n, 1);
	sum.tried++;
	(void)alarm(60);
	must(lw_record_head(t.enclave->state, &before, &error), "book");
	if (lw_intake_run(t.enclave, &t.clock, &o, &r, &error) < 0)
		wrong(at, "no verdict:", error.text);
	(void)alarm(0);
	free(medium.seen);
	medium.seen = NULL;
	must(lw_record_head(t.enclave->state, &after, &error), "book");
	if (after.count != before.count + 1)
		wrong(at, "not one record", "");
	if (medium.twice)
		wrong(at, "bytes were asked for twice", "");
	if (r.verdict.outcome == LW_ACCEPTED) {
		size_t blobs = sum.blobs;

		sum.accepted++;
		must(lw_state_each_blob(t.enclave->state, false, check_blob, NULL, &error),
		     "blobs");
		if (sum.blobs == blobs)
			wrong(at, "accepted, but nothing is stored", "");
		fresh_enclave();
	} else {
		judge_refused(&r);
	}
	lw_intake_release(&r);
	return medium.reads;
}

static unsigned tap;

static void run(enum fault fault, size_t reads)
{
	const size_t failed = sum.failed, tried = sum.tried, accepted = sum.accepted;
	const size_t step = t.full ? 1 : 3;

	for (size_t at = 0; at < (fault == SECOND || fault == SHORT ? 1 : reads); at += step)
		for (unsigned in_order = 0; in_order < 2; in_order++)
			(void)load(fault, at, in_order);
	const bool harmless = fault == SECOND || fault == SHORT;
	if (harmless != (sum.accepted > accepted) || (harmless && sum.accepted - accepted != 2))
		wrong(0, "accepted, or not, is not what must be", "");
	(void)printf(
		"%sok %u - %s: %zu loads, %zu accepted with every byte as it was carried\n",
		sum.failed > failed ? "not " : "", ++tap, fault_names[fault], sum.tried - tried,
		sum.accepted - accepted);
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	size_t reads;

	t.full = argc == 6 && strcmp(argv[1], "-f") == 0;
	if (argc != 5 + t.full)
		errx(2, "usage: medium [-f] ENCLAVE WORK JUDGE BUNDLE");
	argv += t.full;
	t.template = argv[1];
	t.judge = argv[3];
	t.bundle = argv[4];
	if (mkdir(argv[2], 0700) < 0 || stat(t.bundle, &t.st) < 0)
		err(1, "%s", argv[2]);
	must(lw_fs_open_dir(argv[2], &t.work, &error), argv[2]);
	t.enclave_path = lw_asprintf("%s/enclave", argv[2]);
	must(lw_fs_read_path(t.bundle, (size_t)256 << 20, &t.original, &error), t.bundle);
	must(lw_clock_system(&t.clock, &error), "clock");
	fresh_enclave();
	reads = load(HONEST, 0, true);
	(void)printf("%sok %u - an honest medium: accepted, in %zu reads\n",
		     sum.failed || sum.accepted != 1 ? "not " : "", ++tap, reads);
	for (enum fault fault = SECOND; fault < FAULTS; fault++)
		run(fault, reads);
	lw_enclave_close(t.enclave);
	(void)printf("# %zu loads, %zu accepted, %zu wrong\n", sum.tried, sum.accepted,
		     sum.failed);
	for (unsigned i = 0; i < LW_FINDING_COUNT; i++)
		if (sum.by[i])
			(void)printf("# %8zu %s\n", sum.by[i],
				     lw_finding_kind((enum lw_finding_id)i)->code);
	(void)printf("1..%u\n", tap);
	return sum.failed > 0;
}
