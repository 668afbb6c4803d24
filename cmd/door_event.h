/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_DOOR_EVENT_H
#define LW_CMD_DOOR_EVENT_H

/* What happened at the door: as the detail of its record, as a line of JSON, and in words. All
 * three say the same, and nothing of the device's own text as it is. */

#include "base/json.h"
#include "custody/record.h"
#include "udev/door.h"
#include "verify/finding.h"

enum lw_door_what {
	LW_DOOR_AT_START, /* it was there when the door was opened */
	LW_DOOR_PLUGGED,
	LW_DOOR_DISK,	 /* the size of a medium that was let in, or of the next disc */
	LW_DOOR_CONTENT, /* what is on it, where nobody reads that */
	LW_DOOR_PULLED,
};

struct lw_door_event {
	enum lw_door_what what;
	struct lw_usb_device device; /* owned */
	struct lw_door_decision decision;
	uint64_t size_bytes;	     /* 0: not known */
	uint64_t record;	     /* its number, once it has one; or */
#define LW_DOOR_NO_RECORD UINT64_MAX /* where there is no book yet */
	struct lw_head head;	     /* of the book after it */
};
void lw_door_event_release(struct lw_door_event *event);

/* NULL where there is nothing to say against it. */
const struct lw_finding_kind *lw_door_finding(const struct lw_door_event *event);
/* A result of the book (custody/record.h) for it. */
const char *lw_door_result(const struct lw_door_event *event);

/* lw_record_fill: the members of its detail. */
void lw_door_fill(struct lw_json_writer *w, const void *event);
/* On standard output, flushed. */
void lw_door_print(const struct lw_door_event *event, bool json);
/* To the status service, where there is one. */
void lw_door_report(const struct lw_door_event *event);

#endif
