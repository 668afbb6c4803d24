/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line does with a terminal: progress, passphrases, questions. */
#include "cmd/command.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/text.h"
#include "keys/private.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <time.h>

const char *lw_arg_passphrase_file, *lw_arg_passphrase_fd;

/* ---- progress ---- */

static struct {
	const char *what;
	struct timespec start;
	bool shown;
} progress;

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void tell(void *data, uint64_t done, uint64_t total)
{
	double sec = seconds_since(&progress.start), rate = sec > 0 ? (double)done / sec : 0;
	uint64_t eta = rate > 0 ? (uint64_t)((double)(total - done) / rate) : 0;
	char a[16], b[16], c[16];

	(void)data;
	(void)fprintf(stderr, "\r%s: %s of %s, %s/s, %llu:%02llu left   ", progress.what,
		      lw_num_human_size(done, a), lw_num_human_size(total, b),
		      lw_num_human_size((uint64_t)rate, c), (unsigned long long)(eta / 60),
		      (unsigned long long)(eta % 60));
	progress.shown = true;
}

struct lw_content_progress lw_command_progress(const char *what)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	struct lw_content_progress p = { 0 };

	if (lw_arg_no_progress || !isatty(STDERR_FILENO) || (no_color && no_color[0]) ||
	    (term && strcmp(term, "dumb") == 0))
		return p;
	progress.what = what;
	(void)clock_gettime(CLOCK_MONOTONIC, &progress.start);
	p.tell = tell;
	return p;
}

void lw_command_progress_end(void)
{
	if (progress.shown)
		(void)fputs("\n", stderr);
	progress.shown = false;
}

/* ---- passphrases ---- */

#define MAX_PASSPHRASE ((size_t)1024)

static void wipe_buf(struct lw_buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	lw_buf_free(b);
}

static int read_line(int fd, struct lw_buf *out, struct lw_error *e)
{
	lw_buf_reserve(out, MAX_PASSPHRASE + 1); /* it never moves: no copy stays behind */
	for (;;) {
		char c;
		ssize_t n = read(fd, &c, 1);

		if (n < 0)
			return lw_fail_errno(e, "passphrase");
		if (n == 0 || c == '\n')
			return 0;
		if (out->n == MAX_PASSPHRASE)
			return lw_fail(e, LW_E_USAGE, "passphrase: longer than %zu bytes",
				       MAX_PASSPHRASE);
		lw_buf_addc(out, c);
	}
}

/* Who breaks off at a prompt gets a terminal back that shows what is typed. */
static const int breaking[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static volatile sig_atomic_t broken;

static void take_note(int number)
{
	broken = number;
}

/* Nothing restarts the read. */
static void watch(struct sigaction was[static LW_COUNT_OF(breaking)])
{
	struct sigaction note = { .sa_handler = take_note };

	broken = 0;
	for (size_t i = 0; i < LW_COUNT_OF(breaking); i++) {
		(void)sigaction(breaking[i], NULL, &was[i]);
		if (was[i].sa_handler != SIG_IGN)
			(void)sigaction(breaking[i], &note, NULL);
	}
}

/* Has what came in the meantime do what it does. */
static void unwatch(const struct sigaction was[static LW_COUNT_OF(breaking)])
{
	for (size_t i = 0; i < LW_COUNT_OF(breaking); i++)
		(void)sigaction(breaking[i], &was[i], NULL);
	if (broken)
		(void)raise(broken);
}

static int prompt(const char *question, struct lw_buf *out, struct lw_error *e)
{
	lw_auto_fd int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct sigaction signals[LW_COUNT_OF(breaking)];
	struct termios was, quiet;

	if (tty < 0)
		return lw_fail(e, LW_E_USAGE,
			       "a passphrase is wanted and there is no terminal: give "
			       "--passphrase-file or --passphrase-fd");
	(void)!write(tty, question, strlen(question));
	if (tcgetattr(tty, &was) < 0)
		return lw_fail_errno(e, "terminal");
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	watch(signals);
	(void)tcsetattr(tty, TCSAFLUSH, &quiet);

	int r = read_line(tty, out, e);

	(void)tcsetattr(tty, TCSAFLUSH, &was);
	(void)!write(tty, "\n", 1);
	unwatch(signals);
	return r;
}

/* From the options, if they say where. *ret_given tells. */
static int given_passphrase(struct lw_buf *out, bool *ret_given, struct lw_error *e)
{
	*ret_given = lw_arg_passphrase_file || lw_arg_passphrase_fd;
	if (lw_arg_passphrase_file && lw_arg_passphrase_fd)
		return lw_fail(e, LW_E_USAGE,
			       "--passphrase-file and --passphrase-fd: give one of them");
	if (lw_arg_passphrase_file) {
		lw_auto_fd int fd = open(lw_arg_passphrase_file, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return lw_fail_errno(e, "%s", lw_arg_passphrase_file);
		return read_line(fd, out, e);
	}
	if (lw_arg_passphrase_fd) {
		uint64_t fd = 0;
		int r = lw_num_u64(lw_span_str(lw_arg_passphrase_fd), 0, 65535, &fd, e);

		return r < 0 ? lw_command_misused(e, "--passphrase-fd")
			     : read_line((int)fd, out, e);
	}
	return 0;
}

int lw_command_key(const char *path, struct lw_private_key **ret, struct lw_error *e)
{
	struct lw_buf pem __attribute__((cleanup(wipe_buf))) = { 0 };
	struct lw_buf word __attribute__((cleanup(wipe_buf))) = { 0 };
	LW_AUTO(secret) struct lw_secret *secret = NULL;
	bool given = false;
	int r = lw_fs_read_path(path, LW_MAX_KEY_BYTES, &pem, e);

	if (r < 0)
		return r;
	if (lw_private_key_is_encrypted(lw_buf_span(&pem))) {
		char shown[300];
		lw_auto_free char *question = lw_asprintf(
			"passphrase for %s: ", lw_text_escape_str(path, shown, sizeof(shown)));

		r = given_passphrase(&word, &given, e);
		if (r == 0 && !given)
			r = prompt(question, &word, e);
		if (r < 0)
			return r;
		secret = lw_secret_new(lw_buf_span(&word));
	}
	r = lw_private_key_parse(lw_buf_span(&pem), secret, ret, e);
	return r < 0 ? lw_prefix(e, "%s", path) : 0;
}

int lw_command_new_passphrase(struct lw_secret **ret, struct lw_error *e)
{
	struct lw_buf one __attribute__((cleanup(wipe_buf))) = { 0 };
	struct lw_buf two __attribute__((cleanup(wipe_buf))) = { 0 };
	bool given = false;
	int r = given_passphrase(&one, &given, e);

	if (r == 0 && !given) {
		r = prompt("new passphrase: ", &one, e);
		if (r == 0)
			r = prompt("the same again: ", &two, e);
		if (r == 0 && !lw_span_equal(lw_buf_span(&one), lw_buf_span(&two)))
			r = lw_fail(e, LW_E_USAGE, "the two passphrases differ");
	}
	if (r == 0 && one.n == 0)
		r = lw_fail(e, LW_E_USAGE,
			    "an empty passphrase; --no-passphrase leaves the key unencrypted");
	if (r == 0)
		*ret = lw_secret_new(lw_buf_span(&one));
	return r;
}

bool lw_command_confirm(const char *question)
{
	char answer[16];

	if (!isatty(STDIN_FILENO))
		return false;
	(void)fprintf(stderr, "%s [yes/no] ", question);
	(void)fflush(stderr);
	return fgets(answer, sizeof(answer), stdin) && strcmp(answer, "yes\n") == 0;
}
