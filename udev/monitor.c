/* SPDX-License-Identifier: Apache-2.0 */
#include "udev/monitor.h"

#include "base/mem.h"
#include "base/num.h"

#include <libudev.h>

#define SECTOR_BYTES  512 /* of sysfs's `size`, whatever the device has */
#define RECEIVE_BYTES (16 << 20)

struct lw_monitor {
	struct udev *udev;
	struct udev_monitor *monitor;
};

static inline void lw_auto_udev_device_(struct udev_device **d)
{
	if (*d)
		(void)udev_device_unref(*d);
}

static inline void lw_auto_udev_enumerate_(struct udev_enumerate **n)
{
	if (*n)
		(void)udev_enumerate_unref(*n);
}

void lw_monitor_close(struct lw_monitor *m)
{
	if (!m)
		return;
	if (m->monitor)
		(void)udev_monitor_unref(m->monitor);
	if (m->udev)
		(void)udev_unref(m->udev);
	free(m);
}

int lw_monitor_open(struct lw_monitor **ret, struct lw_error *e)
{
	LW_AUTO(monitor) struct lw_monitor *m = lw_alloc_array(1, sizeof(*m));

	errno = 0;
	m->udev = udev_new();
	m->monitor = m->udev ? udev_monitor_new_from_netlink(m->udev, "udev") : NULL;
	if (!m->monitor ||
	    udev_monitor_filter_add_match_subsystem_devtype(m->monitor, "usb", "usb_device") <
		    0 ||
	    udev_monitor_filter_add_match_subsystem_devtype(m->monitor, "block", NULL) < 0)
		return lw_fail_errno(e, "libudev");
	/* Needs a capability; without it there is room for fewer at once. */
	(void)udev_monitor_set_receive_buffer_size(m->monitor, RECEIVE_BYTES);
	if (udev_monitor_enable_receiving(m->monitor) < 0)
		return lw_fail_errno(e, "cannot listen to udev");
	*ret = lw_steal(m);
	return 0;
}

int lw_monitor_fd(const struct lw_monitor *m)
{
	return udev_monitor_get_fd(m->monitor);
}

void lw_usb_event_release(struct lw_usb_event *event)
{
	free(event->path);
	*event = (struct lw_usb_event){ 0 };
}

static uint64_t disk_bytes(struct udev_device *disk)
{
	const char *text = udev_device_get_sysattr_value(disk, "size");
	uint64_t sectors = 0;

	if (!text ||
	    lw_num_u64(lw_span_str(text), 0, UINT64_MAX / SECTOR_BYTES, &sectors, NULL) < 0)
		return 0;
	return sectors * SECTOR_BYTES;
}

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

static void copy_text(const char *text, char *out, size_t n)
{
	(void)snprintf(out, n, "%s", text ? text : "");
}

static void describe_disk(struct udev_device *d, struct lw_usb_event *event)
{
	event->change = LW_USB_DISK;
	event->partition = is(udev_device_get_devtype(d), "partition");
	event->size_bytes = disk_bytes(d);
	copy_text(udev_device_get_property_value(d, "LANDWAITER_STRANGE"), event->strange,
		  sizeof(event->strange));
	copy_text(udev_device_get_sysname(d), event->name, sizeof(event->name));
}

void lw_monitor_next(struct lw_monitor *m, struct lw_usb_event *ret)
{
	LW_AUTO(udev_device) struct udev_device *d = NULL;
	struct lw_usb_event event = { 0 };
	struct udev_device *usb;
	const char *action;

	*ret = event;
	errno = 0;
	d = udev_monitor_receive_device(m->monitor);
	if (!d) {
		if (errno == ENOBUFS)
			ret->change = LW_USB_MISSED;
		return;
	}
	action = udev_device_get_action(d);
	if (is(udev_device_get_subsystem(d), "usb")) {
		usb = d;
		event.change = is(action, "remove") ? LW_USB_PULLED : LW_USB_PLUGGED;
	} else {
		usb = udev_device_get_parent_with_subsystem_devtype(d, "usb", "usb_device");
		describe_disk(d, &event);
	}
	if (!usb || !udev_device_get_syspath(usb) ||
	    (event.change == LW_USB_DISK && is(action, "remove")))
		return;
	event.path = lw_strdup(udev_device_get_syspath(usb));
	*ret = event;
}

int lw_monitor_each(struct lw_monitor *m, void (*found)(void *data, const char *path),
		    void *data, struct lw_error *e)
{
	LW_AUTO(udev_enumerate) struct udev_enumerate *n = udev_enumerate_new(m->udev);
	struct udev_list_entry *entry;

	/* They come in the order of their paths: each after what it hangs on. */
	if (!n || udev_enumerate_add_match_subsystem(n, "usb") < 0 ||
	    udev_enumerate_add_match_property(n, "DEVTYPE", "usb_device") < 0 ||
	    udev_enumerate_scan_devices(n) < 0)
		return lw_fail_errno(e, "cannot list USB devices");
	for (entry = udev_enumerate_get_list_entry(n); entry;
	     entry = udev_list_entry_get_next(entry))
		found(data, udev_list_entry_get_name(entry));
	return 0;
}

uint64_t lw_monitor_disk_bytes(struct lw_monitor *m, const char *path)
{
	LW_AUTO(udev_device)
	struct udev_device *usb = udev_device_new_from_syspath(m->udev, path);
	LW_AUTO(udev_enumerate) struct udev_enumerate *n = udev_enumerate_new(m->udev);
	struct udev_list_entry *entry;
	uint64_t most = 0;

	if (!usb || !n || udev_enumerate_add_match_parent(n, usb) < 0 ||
	    udev_enumerate_add_match_subsystem(n, "block") < 0 ||
	    udev_enumerate_scan_devices(n) < 0)
		return 0;
	for (entry = udev_enumerate_get_list_entry(n); entry;
	     entry = udev_list_entry_get_next(entry)) {
		LW_AUTO(udev_device)
		struct udev_device *disk =
			udev_device_new_from_syspath(m->udev, udev_list_entry_get_name(entry));

		if (disk && disk_bytes(disk) > most)
			most = disk_bytes(disk);
	}
	return most;
}
