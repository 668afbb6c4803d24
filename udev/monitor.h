/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_UDEV_MONITOR_H
#define LW_UDEV_MONITOR_H

/*
 * What is plugged in and pulled out, by libudev, which is at home in this file alone. It brings
 * paths below /sys and what udev knows of disks; everything that is judged is read by
 * udev/device.c.
 */

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

enum lw_usb_change {
	LW_USB_NOTHING, /* no more for now, or nothing that matters */
	LW_USB_PLUGGED, /* or altered */
	LW_USB_PULLED,
	LW_USB_DISK,   /* a disk of a device, or another disc in its drive */
	LW_USB_MISSED, /* more happened than could be kept: list anew */
};

struct lw_usb_event {
	enum lw_usb_change change;
	char *path;	     /* owned; of the USB device */
	bool partition;	     /* LW_USB_DISK: it is one of that disk */
	uint64_t size_bytes; /* of a disk; 0: no medium in its drive */
	/* What nobody here reads, and the name of where it is: as udev's rule has it, any text;
	 * "" where there is no such thing. */
	char strange[64], name[32];
};

/* From here on nothing is missed. LW_E_IO. */
struct lw_monitor;
int lw_monitor_open(struct lw_monitor **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_monitor_close(struct lw_monitor *m);
int lw_monitor_fd(const struct lw_monitor *m); /* readable: there may be an event */
/* Does not block. The caller releases *ret. */
void lw_monitor_next(struct lw_monitor *m, struct lw_usb_event *ret);
void lw_usb_event_release(struct lw_usb_event *event);

/* All USB devices that are there, root hubs too; a hub before what hangs on it. LW_E_IO. */
int lw_monitor_each(struct lw_monitor *m, void (*found)(void *data, const char *path),
		    void *data, struct lw_error *e) LW_WARN_UNUSED;
/* The size of the largest disk of a device; 0 where there is none (yet). */
uint64_t lw_monitor_disk_bytes(struct lw_monitor *m, const char *path);

static inline void lw_auto_monitor_(struct lw_monitor **m)
{
	lw_monitor_close(*m);
}
static inline void lw_auto_usb_event_(struct lw_usb_event *event)
{
	lw_usb_event_release(event);
}

#endif
