/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_DOOR_SESSION_H
#define LW_CMD_DOOR_SESSION_H

/*
 * What landwaiter-door does about an event: reads the enclave's trust, has it judged
 * (udev/door.h), writes it into the book, and only then marks the port and lets the device
 * speak. What cannot be written down waits, and with it what would follow.
 */

#include "cmd/door_event.h"
#include "udev/monitor.h"

#define LW_DOOR_MOST_EVENTS 64 /* that wait for the book */

struct lw_door_session {
	bool first;	   /* there is no enclave yet, and so no book */
	const char *marks; /* the folder for udev's rule */
	struct lw_monitor *monitor;
	struct lw_door door;
	struct lw_commission commission;
	struct lw_media_list *media;
	/* What is still to be written down, in its order, and done then. */
	struct lw_door_event events[LW_DOOR_MOST_EVENTS];
	size_t n_events;
	uint64_t lost; /* for which there was no room */
	bool told;     /* that the book is busy, or cannot be written */
	bool refused;  /* something was */
	/* The one medium that was let in, while it is there; what was found on it last that
	 * nobody reads, and how often. */
	struct lw_door_event medium;
	char strange[128];
	unsigned n_strange;
};

void lw_door_session_free(struct lw_door_session *s);

/* On standard error, and why. */
void lw_door_say(const char *what, const struct lw_error *e);

/* Read anew for each event: another media list counts at once. LW_E_NOTFOUND: not commissioned.
 */
int lw_door_session_read_trust(struct lw_door_session *s, struct lw_error *e) LW_WARN_UNUSED;
int lw_door_session_clear_marks(const struct lw_door_session *s,
				struct lw_error *e) LW_WARN_UNUSED;

/* Takes what is in the device. */
void lw_door_session_judge(struct lw_door_session *s, struct lw_usb_device *d,
			   enum lw_door_what what);
void lw_door_session_plugged(struct lw_door_session *s, const char *path);
void lw_door_session_pulled(struct lw_door_session *s, const char *path);
void lw_door_session_found_disk(struct lw_door_session *s, const struct lw_usb_event *u);
/* Returns whether it is out, or gone. */
bool lw_door_shut_device(const struct lw_usb_device *d);

/* Writes down what waits, all at once, and then does it. Where the book is in use, or cannot be
 * written, nothing is done: to be called again. */
void lw_door_session_settle(struct lw_door_session *s);

static inline void lw_auto_door_session_(struct lw_door_session **s)
{
	lw_door_session_free(*s);
}

#endif
