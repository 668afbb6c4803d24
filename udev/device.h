/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_UDEV_DEVICE_H
#define LW_UDEV_DEVICE_H

/*
 * A USB device as sysfs has it, read without asking the device anything. What it says of itself
 * are bytes of any kind: they are kept as they are, within bounds, compared as bytes, and shown
 * only through base/text.h.
 */

#include "base/buf.h"
#include "base/digest.h"
#include "udev/commission.h"
#include "udev/descriptors.h"

#define LW_USB_TEXT_BYTES                                                                      \
	((size_t)4096) /* of one text; more is cut (126 letters can be said) */

struct lw_usb_device {
	char *path; /* owned; below /sys */
	/* Its folder there, held open: what comes to the same port later is not in it. */
	int dir; /* owned, where has_dir */
	bool has_dir;
	char port[LW_PORT_TEXT];
	struct lw_buf serial, manufacturer, model;
	struct lw_usb_shape shape;
	struct lw_digest identity; /* of all that it says: another one is another device */
	char speed[16];		   /* Mbit/s, as the kernel says it; "" where it does not */
	bool authorized;
};

/* LW_E_NOTFOUND: it has gone; LW_E_FORMAT: the path is no device at a port (a root hub, say).
 */
int lw_usb_device_read(const char *path, struct lw_usb_device *ret,
		       struct lw_error *e) LW_WARN_UNUSED;
/* The same device once more, with what it said; another descriptor. */
void lw_usb_device_copy(const struct lw_usb_device *d, struct lw_usb_device *ret);
void lw_usb_device_release(struct lw_usb_device *d);
/* Whether it was never pulled out since it was read; its twin at the same port is not it. */
bool lw_usb_device_is_there(const struct lw_usb_device *d);

/* Whether the kernel may bind drivers to it, and to nothing that took its place: read back
 * after it was written. LW_E_NOTFOUND: it has gone; LW_E_IO, LW_E_CONFLICT: it is as it was. */
int lw_usb_device_authorize(const struct lw_usb_device *d, bool may,
			    struct lw_error *e) LW_WARN_UNUSED;
/* New devices of a bus start without: for a root hub's path. LW_E_IO. */
int lw_usb_bus_close(const char *path, struct lw_error *e) LW_WARN_UNUSED;

/* Whether the path's last part is a root hub's ("usb1"). */
bool lw_usb_is_root_hub(const char *path);

static inline void lw_auto_usb_device_(struct lw_usb_device *d)
{
	lw_usb_device_release(d);
}

#endif
