/* SPDX-License-Identifier: Apache-2.0 */
/* landwaiter-door: gate 1. Closes the USB ports, judges what is plugged in (udev/door.h),
 * writes each event into the book, and only then lets a device speak. Users do not call it: a
 * service does, once the enclave has a door.json. */
#include "cmd/command.h"
#include "cmd/door_session.h"
#include "cmd/notify.h"
#include "cmd/reporting.h"
#include "cmd/verdict.h"

#include <getopt.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MARKS	   "/run/landwaiter/door"
#define RETRY_MSEC 1000 /* and how often it is looked whether there is an enclave now */
#define ONCE_SEC   60

const char *lw_arg_enclave = "/var/lib/landwaiter";
bool lw_arg_json;

static bool arg_once, arg_shut;
static const char *arg_kind;

static bool has_enclave(void)
{
	return access(lw_arg_enclave, F_OK) == 0;
}

/* ---- the start ---- */

struct present {
	struct lw_usb_device *list;
	size_t n;
	bool failed;
	struct lw_error error;
};

static void auto_present(struct present *p)
{
	for (size_t i = 0; i < p->n; i++)
		lw_usb_device_release(&p->list[i]);
	free(p->list);
}

static void add_present(void *data, const char *path)
{
	struct present *p = data;
	int r;

	if (p->failed)
		return;
	if (lw_usb_is_root_hub(path)) {
		p->failed = lw_usb_bus_close(path, &p->error) < 0;
		return;
	}
	p->list = lw_realloc_array(p->list, p->n + 1, sizeof(*p->list));
	r = lw_usb_device_read(path, &p->list[p->n], &p->error);
	p->n += r == 0;
	p->failed = r < 0 && r != -LW_E_NOTFOUND;
}

static int start(struct lw_door_session *s, struct lw_error *e)
{
	struct present p __attribute__((cleanup(auto_present))) = { 0 };
	size_t media = 0;
	int r = lw_door_session_read_trust(s, e);

	if (r == 0)
		r = lw_door_session_clear_marks(s, e);
	if (r == 0)
		r = lw_monitor_open(&s->monitor, e);
	if (r == 0)
		r = lw_monitor_each(s->monitor, add_present, &p, e);
	if (r < 0)
		return r;
	if (p.failed) {
		*e = p.error;
		return lw_prefix(e, "the door cannot be closed");
	}
	for (size_t i = 0; i < p.n; i++)
		media += p.list[i].shape.kind == LW_USB_STORAGE &&
			 lw_commission_has_media_port(&s->commission, p.list[i].port);
	lw_door_crowd(&s->door, media);
	for (size_t i = 0; i < p.n; i++)
		lw_door_session_judge(s, &p.list[i], LW_DOOR_AT_START);
	lw_door_crowd(&s->door, 0);
	return 0;
}

/* ---- the loop ---- */

/* Something was missed: what is there is looked at again, and whether the medium still is. */
static void look_again(struct lw_door_session *s)
{
	struct present p __attribute__((cleanup(auto_present))) = { 0 };
	struct lw_error e = { 0 };

	if (s->medium.device.path && !lw_usb_device_is_there(&s->medium.device)) {
		lw_auto_free char *path = lw_strdup(s->medium.device.path);

		lw_door_session_pulled(s, path);
	}
	if (lw_monitor_each(s->monitor, add_present, &p, &e) < 0)
		lw_door_say("not listed", &e);
	for (size_t i = 0; i < p.n; i++)
		lw_door_session_plugged(s, p.list[i].path);
}

static void watch(struct lw_door_session *s)
{
	struct pollfd fd = { .fd = lw_monitor_fd(s->monitor), .events = POLLIN };
	LW_AUTO(usb_event) struct lw_usb_event event = { 0 };

	int patience = lw_notify_patience();

	lw_notify_alive();
	if ((s->n_events || s->first) && (patience < 0 || patience > RETRY_MSEC))
		patience = RETRY_MSEC;
	if (poll(&fd, 1, patience) <= 0)
		return;
	lw_monitor_next(s->monitor, &event);
	switch (event.change) {
	case LW_USB_PLUGGED:
		lw_door_session_plugged(s, event.path);
		break;
	case LW_USB_PULLED:
		lw_door_session_pulled(s, event.path);
		break;
	case LW_USB_DISK:
		lw_door_session_found_disk(s, &event);
		break;
	case LW_USB_MISSED:
		look_again(s);
		break;
	case LW_USB_NOTHING:
	default:
		break;
	}
}

/* Every device is shut out that is there, whoever let it in, and every bus closed. */
static int shut_all(struct lw_door_session *s)
{
	struct present p __attribute__((cleanup(auto_present))) = { 0 };
	struct lw_error e = { 0 };
	bool out = true;
	int r = lw_door_session_clear_marks(s, &e);

	if (r == 0 && !s->monitor)
		r = lw_monitor_open(&s->monitor, &e);
	if (r == 0)
		r = lw_monitor_each(s->monitor, add_present, &p, &e);
	if (r < 0 || p.failed) {
		lw_door_say("NOT ALL IS SHUT OUT", p.failed ? &p.error : &e);
		out = false;
	}
	for (size_t i = 0; i < p.n; i++)
		out = (!p.list[i].authorized || lw_door_shut_device(&p.list[i])) && out;
	return out ? LW_EXIT_DONE : LW_EXIT_SYSTEM;
}

static int run_once(struct lw_door_session *s)
{
	const struct timespec second = { .tv_sec = 1 };

	for (unsigned waited = 0;; waited++) {
		lw_door_session_settle(s);
		if (!s->n_events)
			return s->refused ? LW_EXIT_REFUSED : LW_EXIT_DONE;
		if (waited == ONCE_SEC)
			return LW_EXIT_SYSTEM;
		(void)nanosleep(&second, NULL);
	}
}

/* What a device says that it is: for who has to judge one without a door. */
static int print_kind(const char *path)
{
	LW_AUTO(usb_device) struct lw_usb_device d = { 0 };
	struct lw_error e = { 0 };

	if (lw_usb_device_read(path, &d, &e) < 0) {
		lw_door_say("not read", &e);
		return LW_EXIT_SYSTEM;
	}
	(void)printf("%s\n", lw_usb_kind_name(d.shape.kind));
	return LW_EXIT_DONE;
}

static int run(struct lw_door_session *s)
{
	struct lw_error e = { 0 };
	int r;

	if (arg_shut)
		return shut_all(s);
	r = s->first && has_enclave()
		    ? lw_fail(&e, LW_E_USAGE,
			      "--first: there is an enclave, whose trust says "
			      "what may speak")
		    : start(s, &e);
	if (r < 0) {
		lw_door_say("not opened", &e);
		lw_reporting_notice("door", e.text,
				    "no medium is let in; see landwaiter-door(8)");
		return r == -LW_E_NOTFOUND || r == -LW_E_USAGE || r == -LW_E_FORMAT ||
				       r == -LW_E_CONFLICT
			       ? LW_EXIT_USAGE
			       : LW_EXIT_SYSTEM;
	}
	lw_reporting_notice("door", NULL, NULL);
	if (arg_once)
		return run_once(s);
	lw_notify_ready();
	while (!s->first || !has_enclave()) {
		lw_door_session_settle(s);
		watch(s);
	}
	return shut_all(s);
}

/* ---- options ---- */

static int usage(FILE *out, int code)
{
	(void)fputs("usage: landwaiter-door [--enclave DIR] [--first] [--once] [--marks DIR] "
		    "[-o text|json]\n"
		    "       landwaiter-door --shut [--marks DIR]\n"
		    "       landwaiter-door --kind DEVICE\n",
		    out);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "enclave", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ "marks", required_argument, NULL, 'm' },
		{ "once", no_argument, NULL, '1' },
		{ "first", no_argument, NULL, 'f' },
		{ "shut", no_argument, NULL, 's' },
		{ "kind", required_argument, NULL, 'k' },
		{ "output", required_argument, NULL, 'o' },
		{ 0 },
	};
	LW_AUTO(door_session)
	struct lw_door_session *s = lw_alloc_array(1, sizeof(*s));
	const char *enclave = getenv("LANDWAITER_ENCLAVE");

	s->marks = MARKS;
	if (enclave && *enclave)
		lw_arg_enclave = enclave;
	for (int c; (c = getopt_long(argc, argv, "ho:", options, NULL)) != -1;) {
		if (c == 'e')
			lw_arg_enclave = optarg;
		else if (c == 'm')
			s->marks = optarg;
		else if (c == '1')
			arg_once = true;
		else if (c == 'f')
			s->first = true;
		else if (c == 's')
			arg_shut = true;
		else if (c == 'k')
			arg_kind = optarg;
		else if (c == 'o' &&
			 (strcmp(optarg, "json") == 0 || strcmp(optarg, "text") == 0))
			lw_arg_json = *optarg == 'j';
		else
			return c == 'h' ? usage(stdout, LW_EXIT_DONE)
					: usage(stderr, LW_EXIT_USAGE);
	}
	if (optind < argc || (arg_shut && (s->first || arg_once)) ||
	    (arg_kind && (arg_shut || s->first || arg_once)))
		return usage(stderr, LW_EXIT_USAGE);
	(void)umask(077);
	return arg_kind ? print_kind(arg_kind) : run(s);
}
