/* SPDX-License-Identifier: Apache-2.0 */
/* landwaiter-status: hears what `load` and the door report, keeps the present state, and gives
 * it to whoever shows it (docs/format/status.md). Users do not call it: a service does; with
 * --report, scripts do. It decides nothing, and never opens the enclave to be written. */
#include "base/elapsed.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/notify.h"
#include "cmd/reporting.h"
#include "cmd/status_present.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define REPORTS	     "/run/landwaiter/status/report"
#define VIEW	     "/run/landwaiter/status/view"
#define MOST_VIEWERS 8
#define MOST_AT_ONCE 64	 /* reports, before viewers get their turn */
#define CALM_MSEC    100 /* between two lines to the viewers */
#define LOOK_MSEC    60000
#define LOOKS_MSEC   1000 /* between two looks, however many verdicts there are */
#define LINGER_SEC   120

static const char *arg_enclave, *arg_reports, *arg_view = VIEW;
static uint64_t arg_linger_sec = LINGER_SEC;
static bool arg_report;

struct service {
	struct lw_present present;
	int reports, listener, worker; /* worker: a pidfd, or -1 */
	pid_t watched;
	int viewers[MOST_VIEWERS];
	bool changed, look; /* since the last line; at the enclave, before the next one */
	int64_t told_msec, looked_msec;
};

static void auto_service(struct service **p)
{
	struct service *s = *p;

	for (size_t i = 0; i < MOST_VIEWERS; i++)
		lw_auto_fd_(&s->viewers[i]);
	lw_auto_fd_(&s->reports);
	lw_auto_fd_(&s->listener);
	lw_auto_fd_(&s->worker);
	free(s);
}

/* ---- sockets ---- */

/* In the place of one that another service of this kind has left. */
static int open_socket(const char *path, int type, unsigned mode, int *ret, struct lw_error *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t was;
	int r;

	if (strlen(path) >= sizeof(at.sun_path))
		return lw_fail(e, LW_E_USAGE, "%s: a socket's path has %zu bytes at most", path,
			       sizeof(at.sun_path) - 1);
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(path);
	*ret = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*ret < 0)
		return lw_fail_errno(e, "%s", path);
	was = umask(~mode & 0777);
	r = bind(*ret, (struct sockaddr *)&at, sizeof(at));
	(void)umask(was);
	return r < 0 ? lw_fail_errno(e, "%s", path) : 0;
}

static int open_sockets(struct service *s, struct lw_error *e)
{
	const int yes = 1;
	/* Whoever it is may knock: what is heard is only who may speak. */
	int r = open_socket(arg_reports, SOCK_DGRAM, 0666, &s->reports, e);

	if (r == 0 && setsockopt(s->reports, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) < 0)
		r = lw_fail_errno(e, "%s", arg_reports);
	if (r == 0)
		r = open_socket(arg_view, SOCK_STREAM, 0660, &s->listener, e);
	if (r == 0 && listen(s->listener, MOST_VIEWERS) < 0)
		r = lw_fail_errno(e, "%s", arg_view);
	return r;
}

/* ---- reports ---- */

static void watch_worker(struct service *s)
{
	if (s->watched == s->present.worker)
		return;
	lw_auto_fd_(&s->worker);
	s->watched = s->present.worker;
	s->worker = s->watched ? pidfd_open(s->watched, 0) : -1;
}

/* One datagram. False: there is none, or it is to be shown first. What is no report, or
 * nobody's who may speak, is dropped.
 */
static bool hear(struct service *s)
{
	uint8_t bytes[LW_MAX_REPORT_BYTES + 1];
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control = { 0 };
	struct iovec io = { bytes, sizeof(bytes) };
	struct msghdr m = { .msg_iov = &io,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(s->reports, &m, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);
	struct lw_report r;
	struct lw_error ignored;
	struct ucred who;

	if (n < 0)
		return errno == EINTR;
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS ||
	    m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return true;
	memcpy(&who, CMSG_DATA(c), sizeof(who));
	if ((who.uid != 0 && who.uid != geteuid()) ||
	    lw_report_parse(lw_span(bytes, (size_t)n), &r, &ignored) < 0)
		return true;
	lw_present_take(&s->present, &r, who.pid, lw_elapsed_msec());
	watch_worker(s);
	s->changed = true;
	if (r.what == LW_REPORT_VERDICT || r.what == LW_REPORT_NOTICE)
		s->look = true;
	if (r.what == LW_REPORT_VERDICT)
		s->told_msec = 0; /* it does not wait, nor is it passed over */
	return r.what != LW_REPORT_VERDICT;
}

/* ---- viewers ---- */

static void take_viewer(struct service *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (size_t i = 0; i < MOST_VIEWERS; i++)
		if (s->viewers[i] < 0) {
			s->viewers[i] = fd;
			s->changed = true;
			s->told_msec = 0;
			return;
		}
	(void)close(fd);
}

static void drop_viewer(struct service *s, size_t i)
{
	(void)close(s->viewers[i]);
	s->viewers[i] = -1;
}

/* Who does not take a whole line at once is dropped: it would hold up the others. */
static void tell_viewers(struct service *s, int64_t now)
{
	LW_AUTO(buf) struct lw_buf line = { 0 };

	if (now - s->looked_msec >= (s->look ? LOOKS_MSEC : LOOK_MSEC)) {
		lw_present_look(&s->present, arg_enclave);
		s->look = false;
		s->looked_msec = now;
	}
	lw_status_write(&s->present.status, &line);
	lw_buf_addc(&line, '\n');
	for (size_t i = 0; i < MOST_VIEWERS; i++)
		if (s->viewers[i] >= 0 &&
		    send(s->viewers[i], line.p, line.n, MSG_NOSIGNAL) != (ssize_t)line.n)
			drop_viewer(s, i);
	s->changed = false;
	s->told_msec = now;
}

/* ---- the loop ---- */

enum { FD_REPORTS, FD_LISTENER, FD_WORKER, FD_VIEWERS };

static int patience(const struct service *s, int64_t now)
{
	bool still = s->present.status.screen == LW_SCREEN_IDLE && !s->present.held_msec;
	int wait = still ? 10000 : 1000;
	int watchdog = lw_notify_patience();

	if (s->changed)
		wait = now - s->told_msec >= CALM_MSEC ? 0 : CALM_MSEC;
	else if (s->look)
		wait = LOOKS_MSEC;
	return watchdog >= 0 && watchdog < wait ? watchdog : wait;
}

static void wait_for(struct service *s)
{
	struct pollfd fds[FD_VIEWERS + MOST_VIEWERS] = {
		[FD_REPORTS] = { .fd = s->reports, .events = POLLIN },
		[FD_LISTENER] = { .fd = s->listener, .events = POLLIN },
		[FD_WORKER] = { .fd = s->worker, .events = POLLIN },
	};

	for (size_t i = 0; i < MOST_VIEWERS; i++)
		fds[FD_VIEWERS + i] =
			(struct pollfd){ .fd = s->viewers[i], .events = POLLIN | POLLRDHUP };
	if (poll(fds, LW_COUNT_OF(fds), patience(s, lw_elapsed_msec())) < 0)
		return;
	for (unsigned i = 0; fds[FD_REPORTS].revents && i < MOST_AT_ONCE; i++)
		if (!hear(s))
			break;
	/* What it said last was heard before it was seen to end; or it had ended before that.
	 */
	if ((fds[FD_WORKER].revents || s->worker < 0) && s->watched &&
	    s->watched == s->present.worker && !(fds[FD_REPORTS].revents & POLLIN)) {
		lw_present_ended(&s->present, lw_elapsed_msec());
		watch_worker(s);
		s->changed = s->look = true;
	}
	/* A viewer has nothing to say. */
	for (size_t i = 0; i < MOST_VIEWERS; i++)
		if (s->viewers[i] >= 0 && fds[FD_VIEWERS + i].revents)
			drop_viewer(s, i);
	if (fds[FD_LISTENER].revents)
		take_viewer(s);
}

static volatile sig_atomic_t ending;

static void end(int number)
{
	ending = number;
}

static void serve(struct service *s)
{
	const struct sigaction ask = { .sa_handler = end };

	(void)sigaction(SIGTERM, &ask, NULL);
	(void)sigaction(SIGINT, &ask, NULL);
	lw_notify_ready();
	while (!ending) {
		int64_t now = lw_elapsed_msec();
		enum lw_screen before = s->present.status.screen;

		lw_notify_alive();
		lw_present_tick(&s->present, now);
		if (s->present.status.screen != before ||
		    (s->present.status.work.at_work && now - s->told_msec >= 1000) ||
		    now - s->looked_msec >= (s->look ? LOOKS_MSEC : LOOK_MSEC))
			s->changed = true;
		if (s->changed && now - s->told_msec >= CALM_MSEC)
			tell_viewers(s, now);
		wait_for(s);
	}
	(void)unlink(arg_reports);
	(void)unlink(arg_view);
}

static int run(void)
{
	struct service *s __attribute__((cleanup(auto_service))) =
		lw_alloc_array(1, sizeof(*s));
	struct lw_error e = { 0 };

	s->reports = s->listener = s->worker = -1;
	for (size_t i = 0; i < MOST_VIEWERS; i++)
		s->viewers[i] = -1;
	s->present.linger_msec = (int64_t)arg_linger_sec * 1000;
	s->changed = true;
	s->looked_msec = -LOOK_MSEC;
	if (open_sockets(s, &e) < 0) {
		(void)fprintf(stderr, "landwaiter-status: %s\n", e.text);
		return e.code == LW_E_USAGE ? LW_EXIT_USAGE : LW_EXIT_SYSTEM;
	}
	serve(s);
	return LW_EXIT_DONE;
}

/* ---- options ---- */

static int usage(FILE *out, int code)
{
	(void)fputs("usage: landwaiter-status [--enclave DIR] [--reports PATH] [--view PATH] "
		    "[--linger SECONDS]\n"
		    "       landwaiter-status --report SOURCE [TEXT [NEXT]]\n",
		    out);
	return code;
}

static int take_option(int c)
{
	struct lw_error ignored;

	if (c == 'e')
		arg_enclave = optarg;
	else if (c == 'r')
		arg_reports = optarg;
	else if (c == 'v')
		arg_view = optarg;
	else if (c == 'R')
		arg_report = true;
	else if (c != 'l' ||
		 lw_num_u64(lw_span_str(optarg), 0, 86400, &arg_linger_sec, &ignored) < 0)
		return -1;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "enclave", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ "linger", required_argument, NULL, 'l' },
		{ "report", no_argument, NULL, 'R' },
		{ "reports", required_argument, NULL, 'r' },
		{ "view", required_argument, NULL, 'v' },
		{ 0 },
	};

	arg_enclave = getenv("LANDWAITER_ENCLAVE");
	arg_reports = getenv("LANDWAITER_STATUS");
	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;)
		if (c == 'h')
			return usage(stdout, LW_EXIT_DONE);
		else if (take_option(c) < 0)
			return usage(stderr, LW_EXIT_USAGE);
	if (!arg_enclave || !*arg_enclave)
		arg_enclave = "/var/lib/landwaiter";
	if (!arg_reports || !*arg_reports)
		arg_reports = REPORTS;
	argv += optind;
	argc -= optind;
	if (arg_report && argc >= 1 && argc <= 3 && lw_text_is_label(lw_span_str(argv[0]))) {
		lw_reporting_notice(argv[0], argc > 1 ? argv[1] : NULL,
				    argc > 2 ? argv[2] : NULL);
		return LW_EXIT_DONE;
	}
	return arg_report || argc ? usage(stderr, LW_EXIT_USAGE) : run();
}
