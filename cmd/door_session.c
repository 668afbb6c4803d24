/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/door_session.h"

#include "base/elapsed.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/reporting.h"
#include "cmd/verdict.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

void lw_door_session_free(struct lw_door_session *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_events; i++)
		lw_door_event_release(&s->events[i]);
	lw_door_event_release(&s->medium);
	lw_door_release(&s->door);
	lw_media_list_free(s->media);
	lw_commission_release(&s->commission);
	lw_monitor_close(s->monitor);
	free(s);
}

void lw_door_say(const char *what, const struct lw_error *e)
{
	char shown[1200];

	(void)fprintf(stderr, "landwaiter-door: %s%s%s\n", what, e ? ": " : "",
		      e ? lw_text_settle(e->text, shown, sizeof(shown)) : "");
}

/* ---- trust ---- */

static void take_trust(struct lw_door_session *s, struct lw_commission *commission,
		       struct lw_media_list **media)
{
	lw_commission_release(&s->commission);
	lw_media_list_free(s->media);
	s->commission = *commission;
	*commission = (struct lw_commission){ 0 };
	s->media = lw_steal(*media);
	s->door.commission = &s->commission;
	s->door.media = s->media;
}

/* Of an enclave that is still to be made. */
static int read_first_trust(struct lw_door_session *s, struct lw_error *e)
{
	LW_AUTO(commission) struct lw_commission commission = { 0 };
	LW_AUTO(media_list) struct lw_media_list *media = NULL;
	int r = lw_commission_first(&commission, e);

	if (r == 0)
		r = lw_media_list_first(&media, e);
	if (r == 0)
		take_trust(s, &commission, &media);
	return r;
}

int lw_door_session_read_trust(struct lw_door_session *s, struct lw_error *e)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(commission) struct lw_commission commission = { 0 };
	LW_AUTO(media_list) struct lw_media_list *media = NULL;
	LW_AUTO(buf) struct lw_buf door = { 0 };
	LW_AUTO(buf) struct lw_buf list = { 0 };
	int r;

	if (s->first)
		return read_first_trust(s, e);
	r = lw_enclave_open(lw_arg_enclave, LW_STATE_READ, NULL, &enclave, e);
	if (r < 0)
		return r;
	r = lw_state_trust_get(enclave->state, "door.json", &door, e);
	if (r == -LW_E_NOTFOUND)
		return lw_fail(e, LW_E_NOTFOUND,
			       "this enclave's door was not commissioned: its trust has no "
			       "door.json; see landwaiter-door(8)");
	if (r == 0)
		r = lw_commission_parse(lw_buf_span(&door), &commission, e);
	if (r == 0)
		r = lw_state_trust_get(enclave->state, "media.json", &list, e);
	if (r == -LW_E_NOTFOUND)
		return lw_fail(e, LW_E_NOTFOUND,
			       "the trust of this enclave has a door.json and no media.json");
	if (r == 0)
		r = lw_media_list_parse(lw_buf_span(&list), &media, e);
	if (r == 0)
		take_trust(s, &commission, &media);
	return r;
}

/* ---- marks: which ports hold a medium that may speak, for udev's rule ---- */

static void unmark(const struct lw_door_session *s, const char *port)
{
	lw_auto_free char *file = lw_asprintf("%s/%s", s->marks, port);

	(void)unlink(file);
}

/* In it is what people call the medium, or else what it calls itself. */
static void mark(const struct lw_door_session *s, const struct lw_door_event *event)
{
	lw_auto_free char *file = lw_asprintf("%s/%s", s->marks, event->device.port);
	lw_auto_fd int fd =
		open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	const struct lw_buf *serial = &event->device.serial;
	char text[2 * LW_MEDIA_MAX_TEXT];
	const char *label = event->decision.label;

	if (!*label)
		label = lw_text_escape(lw_buf_span(serial), text, sizeof(text));
	if (fd < 0 || fchmod(fd, 0644) < 0 ||
	    dprintf(fd, "%s%s\n", *event->decision.label ? "" : "unlisted, serial ", label) < 0)
		lw_door_say("cannot mark the port: nothing will read the medium", NULL);
}

int lw_door_session_clear_marks(const struct lw_door_session *s, struct lw_error *e)
{
	lw_auto_dir DIR *d = NULL;

	if (mkdir(s->marks, 0755) < 0 && errno != EEXIST)
		return lw_fail_errno(e, "%s", s->marks);
	d = opendir(s->marks);
	if (!d)
		return lw_fail_errno(e, "%s", s->marks);
	for (const struct dirent *entry; (entry = readdir(d));)
		if (lw_port_is(lw_span_str(entry->d_name)) &&
		    unlinkat(dirfd(d), entry->d_name, 0) < 0)
			return lw_fail_errno(e, "%s/%s", s->marks, entry->d_name);
	return 0;
}

/* ---- events ---- */

/* Takes what is in the event. */
static void add_event(struct lw_door_session *s, struct lw_door_event *event)
{
	/* The last places are for what is let in, and for its being pulled out. */
	size_t room = event->decision.let_in ? LW_DOOR_MOST_EVENTS
					     : LW_DOOR_MOST_EVENTS - LW_DOOR_KEPT_EVENTS;

	if (s->n_events >= room) {
		s->lost++;
		if (event->decision.let_in)
			(void)lw_door_gone(&s->door, event->device.port, lw_elapsed_msec());
		lw_door_event_release(event);
		return;
	}
	event->decision.unrecorded += s->lost;
	s->lost = 0;
	s->events[s->n_events++] = *event;
	*event = (struct lw_door_event){ 0 };
}

bool lw_door_shut_device(const struct lw_usb_device *d)
{
	struct lw_error e = { 0 };
	int r = lw_usb_device_authorize(d, false, &e);
	bool out = r == 0 || r == -LW_E_NOTFOUND;

	if (!out)
		lw_door_say("NOT SHUT OUT", &e);
	return out;
}

static void copy_event(const struct lw_door_event *from, struct lw_door_event *to)
{
	lw_door_event_release(to);
	*to = *from;
	lw_usb_device_copy(&from->device, &to->device);
}

static void remember_medium(struct lw_door_session *s, const struct lw_door_event *event)
{
	copy_event(event, &s->medium);
	*s->strange = '\0';
	s->n_strange = 0;
}

/* A device that already speaks is silenced first, unless it belongs to the machine: what was
 * let in before the door was opened is judged like the rest. */
void lw_door_session_judge(struct lw_door_session *s, struct lw_usb_device *d,
			   enum lw_door_what what)
{
	struct lw_door_event event = { .what = what };
	struct lw_error e = { 0 };

	if (lw_door_session_read_trust(s, &e) < 0) {
		lw_door_say("nothing is let in", &e);
		(void)lw_door_shut_device(d);
		lw_usb_device_release(d);
		return;
	}
	event.size_bytes = lw_monitor_disk_bytes(s->monitor, d->path);
	lw_door_judge(&s->door, d, lw_elapsed_msec(), &event.decision);
	s->refused = s->refused || !event.decision.let_in;
	if (d->authorized && event.decision.reason != LW_DOOR_FIXTURE)
		(void)lw_door_shut_device(d);
	event.device = *d;
	*d = (struct lw_usb_device){ 0 };
	if (lw_door_has_medium(&s->door, event.device.port))
		remember_medium(s, &event);
	if (event.decision.quiet)
		lw_door_event_release(&event);
	else
		add_event(s, &event);
}

void lw_door_session_plugged(struct lw_door_session *s, const char *path)
{
	LW_AUTO(usb_device) struct lw_usb_device d = { 0 };
	struct lw_error e = { 0 };
	bool let_in = false;
	int r;

	if (lw_usb_is_root_hub(path)) {
		if (lw_usb_bus_close(path, &e) < 0)
			lw_door_say("NOT CLOSED", &e);
		return;
	}
	r = lw_usb_device_read(path, &d, &e);
	if (r == -LW_E_NOTFOUND)
		return;
	if (r < 0)
		lw_door_say("not read", &e);
	else if (!lw_door_knows(&s->door, &d, &let_in))
		lw_door_session_judge(s, &d, LW_DOOR_PLUGGED);
	else if (d.authorized && !let_in)
		(void)lw_door_shut_device(&d); /* somebody else's doing */
}

void lw_door_session_pulled(struct lw_door_session *s, const char *path)
{
	const char *slash = strrchr(path, '/'), *port = slash ? slash + 1 : path;

	if (!lw_port_is(lw_span_str(port)))
		return;
	unmark(s, port);
	if (!lw_door_gone(&s->door, port, lw_elapsed_msec()) ||
	    strcmp(s->medium.device.port, port) != 0)
		return;
	s->medium.what = LW_DOOR_PULLED;
	add_event(s, &s->medium);
}

static void note_content(struct lw_door_session *s, const struct lw_usb_event *u)
{
	LW_AUTO(buf) struct lw_buf found = { 0 };
	struct lw_door_event event = { 0 };
	char text[sizeof(s->strange)];

	lw_buf_printf(&found, "%s: %s", u->name, u->strange);
	(void)lw_text_escape(lw_buf_span(&found), text, sizeof(text));
	if (strcmp(s->strange, text) == 0 || s->n_strange == LW_DOOR_LOUD)
		return;
	(void)snprintf(s->strange, sizeof(s->strange), "%s", text);
	s->n_strange++;
	copy_event(&s->medium, &event);
	event.what = LW_DOOR_CONTENT;
	lw_door_unread(&event.decision, text);
	s->refused = true;
	add_event(s, &event);
}

/* Hands change discs slower than that; the book has room for a few. */
static bool is_flapping(struct lw_door_session *s)
{
	int64_t now = lw_elapsed_msec();

	if (s->n_disks == 0 || now - s->disks_msec >= LW_DOOR_WINDOW_MSEC) {
		s->disks_msec = now;
		s->n_disks = 0;
	}
	return ++s->n_disks > LW_DOOR_LOUD;
}

/* The disk comes after the device, and another disc whenever somebody puts it in. */
void lw_door_session_found_disk(struct lw_door_session *s, const struct lw_usb_event *u)
{
	struct lw_door_event event = { 0 };

	if (!s->medium.device.path || strcmp(s->medium.device.path, u->path) != 0)
		return;
	if (!u->partition && u->size_bytes != s->medium.size_bytes && !is_flapping(s)) {
		s->medium.size_bytes = u->size_bytes;
		s->n_strange = 0;
		*s->strange = '\0';
		copy_event(&s->medium, &event);
		event.what = LW_DOOR_DISK;
		add_event(s, &event);
	}
	if (*u->strange)
		note_content(s, u);
}

/* ---- the book, and what follows from it ---- */

static int write_down(struct lw_door_session *s, struct lw_error *e)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_record_time time;
	struct lw_clock clock;
	struct lw_head head = { 0 };
	int r = lw_clock_system(&clock, e);

	if (r == 0)
		r = lw_enclave_open(lw_arg_enclave, LW_STATE_BOOK, &clock, &enclave, e);
	if (r == 0)
		r = lw_command_record_time(enclave, &clock, &time, e);
	if (r == 0)
		r = lw_state_begin(enclave->state, e);
	for (size_t i = 0; i < s->n_events && r == 0; i++) {
		struct lw_door_event *event = &s->events[i];
		const struct lw_finding_kind *f = lw_door_finding(event);

		r = lw_record_add(enclave->state, LW_EVENT_DOOR, lw_door_result(event),
				  f ? f->code : "", &time, lw_door_fill, event, &head, e);
		event->record = head.count ? head.count - 1 : 0;
		event->head = head;
	}
	return r == 0 ? lw_state_commit(enclave->state, e) : r;
}

/* What it says once it speaks must be what it said before. */
static void let_in(struct lw_door_session *s, struct lw_door_event *event)
{
	LW_AUTO(usb_device) struct lw_usb_device after = { 0 };
	struct lw_usb_device *d = &event->device;
	bool medium = event->decision.reason != LW_DOOR_FIXTURE;
	struct lw_error e = { 0 };
	bool still = false;
	int r;

	if (!lw_door_knows(&s->door, d, &still) || !still)
		return; /* it was pulled out meanwhile */
	if (medium)
		mark(s, event);
	r = lw_usb_device_authorize(d, true, &e);
	if (r == 0)
		r = lw_usb_device_read(d->path, &after, &e);
	if (r == 0 && lw_digest_equal(&after.identity, &d->identity))
		return;
	unmark(s, d->port);
	if (r == 0) {
		lw_door_session_judge(s, &after, event->what);
	} else if (r != -LW_E_NOTFOUND) {
		lw_door_say("not let in", &e);
		(void)lw_door_shut_device(d);
		lw_door_shut(&s->door, d->port, LW_DOOR_KERNEL, &event->decision);
		(void)lw_text_settle(e.text, event->decision.found,
				     sizeof(event->decision.found));
		s->refused = true;
		add_event(s, event);
	}
}

/* Before there is an enclave there is nothing to write into: what happens is printed alone. */
static int note(struct lw_door_session *s, struct lw_error *e)
{
	if (!s->first)
		return write_down(s, e);
	for (size_t i = 0; i < s->n_events; i++)
		s->events[i].record = LW_DOOR_NO_RECORD;
	return 0;
}

void lw_door_session_settle(struct lw_door_session *s)
{
	while (s->n_events) {
		struct lw_error e = { 0 };
		size_t n = s->n_events;
		int r = note(s, &e);

		if (r < 0 && !s->told) {
			lw_door_say("nothing is let in until the book can be written", &e);
			lw_reporting_notice("door", e.text,
					    "nothing is let in until the book can be written");
		} else if (r == 0 && s->told) {
			lw_reporting_notice("door", NULL, NULL);
		}
		s->told = r < 0;
		if (r < 0)
			return;

		lw_auto_free struct lw_door_event *done = lw_alloc_array(n, sizeof(*done));
		memcpy(done, s->events, n * sizeof(*done));
		s->n_events = 0;
		for (size_t i = 0; i < n; i++) {
			lw_door_print(&done[i], lw_arg_json);
			lw_door_report(&done[i]);
			if (done[i].decision.let_in && done[i].what <= LW_DOOR_PLUGGED)
				let_in(s, &done[i]);
			lw_door_event_release(&done[i]);
		}
	}
}
