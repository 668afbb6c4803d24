/* SPDX-License-Identifier: Apache-2.0 */
/* landwaiter-console: shows what landwaiter-status(8) says, on a terminal as a screen,
 * elsewhere as lines. It decides nothing and asks for no key. */
#include "base/elapsed.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/console_lines.h"
#include "cmd/console_screen.h"
#include "cmd/notify.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define VIEW	    "/run/landwaiter/status/view"
#define TICK_MSEC   1000
#define SILENT_MSEC 180000 /* a service that turns says something each minute */

static const char *arg_view = VIEW;
static bool arg_plain;

struct console {
	int fd; /* -1: not connected */
	struct lw_buf in;
	struct lw_status now, shown;
	bool known, down_told;
	char why[128];
	int64_t heard_msec, told_msec;
};

static volatile sig_atomic_t ending;

static void end(int number)
{
	ending = number;
}

/* ---- the service ---- */

static void hang_up(struct console *c, const char *why)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
	lw_buf_clear(&c->in);
	c->known = false;
	(void)snprintf(c->why, sizeof(c->why), "%s", why);
}

static void call(struct console *c)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(arg_view) >= sizeof(to.sun_path)) {
		hang_up(c, "the socket's path is too long");
		return;
	}
	memcpy(to.sun_path, arg_view, strlen(arg_view) + 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		hang_up(c, strerror(errno));
	c->heard_msec = lw_elapsed_msec();
}

/* All but how many bytes were read, which is for the tick to tell. */
static void tell_lines(struct console *c, const struct lw_status *s)
{
	uint64_t told = c->shown.work.done;

	if (c->down_told)
		lw_lines_print_up(stdout);
	c->down_told = false;
	if (lw_lines_print(&c->shown, s, false, stdout))
		c->told_msec = lw_elapsed_msec();
	c->shown = *s;
	c->shown.work.done = told <= s->work.done ? told : 0;
}

/* Of several lines the last one counts: it is the state, not what happened. But no verdict is
 * left out in lines. */
static int take_lines(struct console *c, struct lw_error *e)
{
	uint8_t *start = c->in.p, *newline;
	size_t left = c->in.n;

	while ((newline = memchr(start, '\n', left))) {
		struct lw_status s;
		size_t n = (size_t)(newline - start);
		int r = lw_status_parse(lw_span(start, n), &s, e);

		if (r < 0)
			return r;
		if (arg_plain)
			tell_lines(c, &s);
		c->now = s;
		c->known = true;
		start = newline + 1;
		left -= n + 1;
	}
	memmove(c->in.p, start, left);
	c->in.n = left;
	return left > LW_MAX_STATUS_BYTES ? lw_fail(e, LW_E_LIMIT, "a line too long") : 0;
}

static void hear(struct console *c)
{
	struct lw_error e = { 0 };
	ssize_t n;

	lw_buf_reserve(&c->in, LW_MAX_STATUS_BYTES);
	n = recv(c->fd, c->in.p + c->in.n, LW_MAX_STATUS_BYTES, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(c, n < 0 ? strerror(errno) : "it has ended");
		return;
	}
	c->in.n += (size_t)n;
	c->heard_msec = lw_elapsed_msec();
	if (take_lines(c, &e) < 0)
		hang_up(c, "it says what this console does not understand");
}

/* ---- showing ---- */

static void show_lines(struct console *c)
{
	int64_t now = lw_elapsed_msec();

	if (!c->known) {
		if (!c->down_told && c->fd < 0) {
			lw_lines_print_down(c->why, stdout);
			c->down_told = true;
		}
		return;
	}
	if (now - c->told_msec < TICK_MSEC)
		return;
	if (lw_lines_print(&c->shown, &c->now, true, stdout)) {
		c->told_msec = now;
		c->shown.work.done = c->now.work.done;
	}
}

static void show_screen(const struct console *c)
{
	struct lw_page page;
	int64_t now = (int64_t)time(NULL);

	if (c->known)
		lw_page_draw(&c->now, now, &page);
	else
		lw_page_draw_down(c->why, now, &page);
	lw_screen_show(&page);
}

/* ---- the loop ---- */

static void wait_for(struct console *c)
{
	struct pollfd fds[] = { { .fd = c->fd, .events = POLLIN },
				{ .fd = arg_plain ? -1 : STDIN_FILENO, .events = POLLIN } };

	if (poll(fds, LW_COUNT_OF(fds), TICK_MSEC) <= 0)
		return;
	if (fds[1].revents & (POLLHUP | POLLERR))
		ending = SIGHUP; /* the terminal is gone */
	if (fds[0].revents)
		hear(c);
}

static void run(struct console *c)
{
	const struct sigaction ask = { .sa_handler = end };
	int64_t called_msec = 0;

	(void)sigaction(SIGTERM, &ask, NULL);
	(void)sigaction(SIGINT, &ask, NULL);
	(void)sigaction(SIGHUP, &ask, NULL);
	lw_notify_ready();
	while (!ending && !ferror(stdout)) {
		int64_t now = lw_elapsed_msec();

		lw_notify_alive();
		if (c->fd < 0 && (called_msec == 0 || now - called_msec >= TICK_MSEC)) {
			called_msec = now;
			call(c);
		} else if (c->fd >= 0 && now - c->heard_msec > SILENT_MSEC) {
			hang_up(c, "it has been silent for minutes");
		}
		if (arg_plain)
			show_lines(c);
		else
			show_screen(c);
		wait_for(c);
	}
}

static bool is_screen(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

static int usage(FILE *out, int code)
{
	(void)fputs("usage: landwaiter-console [--plain] [--view PATH]\n", out);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "plain", no_argument, NULL, 'p' },
		{ "view", required_argument, NULL, 'v' },
		{ 0 },
	};
	static struct console c = { .fd = -1 };

	for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (o == 'p')
			arg_plain = true;
		else if (o == 'v')
			arg_view = optarg;
		else
			return o == 'h' ? usage(stdout, LW_EXIT_DONE)
					: usage(stderr, LW_EXIT_USAGE);
	}
	if (optind < argc)
		return usage(stderr, LW_EXIT_USAGE);
	arg_plain = arg_plain || !is_screen() || !lw_screen_open();
	run(&c);
	if (!arg_plain)
		lw_screen_close();
	lw_auto_fd_(&c.fd);
	lw_buf_free(&c.in);
	return ferror(stdout) ? LW_EXIT_SYSTEM : LW_EXIT_DONE;
}
