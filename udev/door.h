/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_UDEV_DOOR_H
#define LW_UDEV_DOOR_H

/*
 * Gate 1, as a value: may this device speak? Judged from what it says (udev/device.h), what
 * the machine was commissioned for, the media list, and what was plugged in since the door was
 * opened. Opens and writes nothing. Time is handed in: milliseconds of a clock that only grows.
 */

#include "udev/device.h"
#include "udev/media_list.h"

enum lw_door_reason {
	/* refused */
	LW_DOOR_MALFORMED,
	LW_DOOR_COMPOSITE, /* mass storage, and something else */
	LW_DOOR_CLASS,	   /* no mass storage */
	LW_DOOR_HUB,
	LW_DOOR_KEYBOARD,
	LW_DOOR_PORT, /* mass storage where none may be */
	LW_DOOR_CHANGED,
	LW_DOOR_SECOND,
	LW_DOOR_UNLISTED,
	LW_DOOR_SERIAL, /* none, or none that a list can hold */
	LW_DOOR_RETIRED,
	LW_DOOR_LOST,
	LW_DOOR_KERNEL,	     /* would not be told; set by who tells it */
	LW_DOOR_FILE_SYSTEM, /* it speaks, and nobody listens; set by who hears of it */
	/* let in */
	LW_DOOR_MEDIUM,
	LW_DOOR_MEDIUM_UNLISTED,
	LW_DOOR_FIXTURE, /* the keyboard, a hub or an internal device in its place */
	LW_DOOR_REASONS
};

struct lw_door_decision {
	bool let_in;
	enum lw_door_reason reason;
	/* It is one of so many refusals at this port within a minute that it is only counted.
	 */
	bool quiet;
	uint64_t unrecorded;		   /* how many were counted before this one */
	char expected[128], found[256];	   /* safe to be shown */
	char label[LW_MEDIA_MAX_TEXT + 1]; /* of the media list; "" where it is not on it */
	char owner[LW_MEDIA_MAX_TEXT + 1];
};

#define LW_DOOR_HANDS_MSEC  3000 /* nobody swaps two devices at one port faster */
#define LW_DOOR_WINDOW_MSEC 60000
#define LW_DOOR_LOUD	    16 /* refusals of a port in that window that are recorded each */
#define LW_DOOR_MAX_TAINTED 256

struct lw_door_port;
struct lw_door {
	const struct lw_commission *commission; /* borrowed; may be exchanged between calls */
	const struct lw_media_list *media;
	/* private */
	struct lw_door_port *ports;
	size_t n_ports;
	size_t crowd; /* media that were there at the start */
	/* Serial numbers under which something changed since the start. */
	struct lw_digest tainted[LW_DOOR_MAX_TAINTED];
	size_t n_tainted;
};
void lw_door_release(struct lw_door *door);

/* How many media there are when the door is opened: of several nobody can tell which was meant,
 * so none of them speaks. 0 from then on. */
void lw_door_crowd(struct lw_door *door, size_t media);

/* A device was plugged in, or is there at the start, or says something else than before. One
 * that is let in counts as being there until lw_door_gone. */
void lw_door_judge(struct lw_door *door, const struct lw_usb_device *d, int64_t now_msec,
		   struct lw_door_decision *ret);
/* What speaks for itself afterwards: it is not in, for this reason. */
void lw_door_shut(struct lw_door *door, const char *port, enum lw_door_reason reason,
		  struct lw_door_decision *ret);
/* It is in, and this is on it (safe to be shown), which nobody reads. */
void lw_door_unread(struct lw_door_decision *ret, const char *found);
/* Pulled out. Whether it was a medium that had been let in. */
bool lw_door_gone(struct lw_door *door, const char *port, int64_t now_msec);
/* Whether a medium that was let in is at that port. */
bool lw_door_has_medium(const struct lw_door *door, const char *port);
/* Whether that very device was judged and has not been pulled out since; how. */
bool lw_door_knows(const struct lw_door *door, const struct lw_usb_device *d, bool *ret_let_in);

static inline void lw_auto_door_(struct lw_door *door)
{
	lw_door_release(door);
}

#endif
