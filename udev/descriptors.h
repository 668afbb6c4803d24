/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_UDEV_DESCRIPTORS_H
#define LW_UDEV_DESCRIPTORS_H

/*
 * What a USB device says it is, from the raw bytes that sysfs has as `descriptors`: the device
 * descriptor, then each configuration with all that belongs to it (USB 2.0 and 3.2, chapter 9;
 * Mass Storage Bulk-Only 1.0; UAS 1.0, chapter 5; HID 1.11, chapter 7). The walk is strict:
 * what a kernel mends or steps over is malformed here. Every configuration counts, not only the
 * one in use, and every alternate setting. A device can lie in all of it; a liar is held to
 * what it said, since the kernel binds drivers by the same bytes.
 */

#include "base/span.h"

#define LW_USB_MAX_DESCRIPTORS ((size_t)65536) /* of one device */
#define LW_USB_MAX_CONFIGS     8	       /* as many as Linux reads */
#define LW_USB_MAX_INTERFACES  32	       /* of one configuration */

enum lw_usb_kind {
	LW_USB_MALFORMED, /* not what chapter 9 says; judged as the worst */
	LW_USB_OTHER,
	LW_USB_HUB,
	LW_USB_KEYBOARD, /* one boot keyboard (03/01/01) and nothing else */
	LW_USB_STORAGE,	 /* each interface, however it is set, is 08/06/50 or 08/06/62 */
};

struct lw_usb_shape {
	enum lw_usb_kind kind;
	uint16_t vendor, product; /* 0 where there is no device descriptor */
	const char *why; /* static: what is wrong of MALFORMED, what it has beside of OTHER */
	size_t at;	 /* where in the bytes that is */
	size_t storage, others; /* settings of interfaces that are mass storage, that are not */
	uint8_t other[3];	/* class, subclass, protocol of the first of the others */
};

/* Judges; every result is one, there is nothing that can fail. */
struct lw_usb_shape lw_usb_judge(struct lw_span raw);

/* "mass storage", "hub", ... */
const char *lw_usb_kind_name(enum lw_usb_kind kind);

#endif
