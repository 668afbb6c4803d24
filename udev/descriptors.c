/* SPDX-License-Identifier: Apache-2.0 */
#include "udev/descriptors.h"

#include "base/mem.h"

/* bDescriptorType (USB 3.2, table 9-6; UAS 1.0, 5.3.3.5; HID 1.11, 7.1) */
enum {
	TYPE_DEVICE = 1,
	TYPE_CONFIG = 2,
	TYPE_INTERFACE = 4,
	TYPE_ENDPOINT = 5,
	TYPE_HID = 0x21,
	TYPE_PIPE_USAGE = 0x24,
	TYPE_COMPANION = 0x30, /* of a SuperSpeed endpoint */
};

enum {
	DEVICE_BYTES = 18,
	CONFIG_BYTES = 9,
	INTERFACE_BYTES = 9,
	ENDPOINT_BYTES = 7,
	AUDIO_ENDPOINT_BYTES = 9,
	COMPANION_BYTES = 6,
	PIPE_USAGE_BYTES = 4,
};

enum transfer {
	ISOCHRONOUS = 1,
	BULK = 2,
	INTERRUPT = 3,
};

enum class {
	CLASS_HID = 3,
	CLASS_STORAGE = 8,
	CLASS_HUB = 9,
};

/* One setting of one interface, while its endpoints go by. */
struct setting {
	uint8_t number, alternate, endpoints; /* as it says */
	uint8_t triple[3];		      /* class, subclass, protocol */
	uint8_t seen;			      /* endpoints */
	uint32_t in, out;		      /* bit n: endpoint n */
	bool foreign;			      /* something that does not belong to its kind */
	bool after_endpoint;
};

struct walk {
	struct lw_span raw;
	size_t at;
	struct lw_usb_shape *shape;
	uint8_t device_class;
	size_t configs;
	size_t keyboards, hubs;	   /* settings that are that, and nothing else */
	size_t foreign;		   /* settings with what does not belong there */
	uint32_t values[256 / 32]; /* configuration values that were taken */
	/* the configuration at hand */
	uint8_t interfaces;
	uint32_t alternates[LW_USB_MAX_INTERFACES][256 / 32]; /* bit n: alternate n was there */
	bool has_setting;
	struct setting setting;
};

static bool broken(struct walk *w, const char *why)
{
	w->shape->kind = LW_USB_MALFORMED;
	w->shape->why = why;
	w->shape->at = w->at;
	return false;
}

static uint16_t u16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

/* Whether the bit was clear; it is set now. */
static bool take(uint32_t *bits, uint8_t n)
{
	uint32_t bit = (uint32_t)1 << (n % 32);
	bool was = bits[n / 32] & bit;

	bits[n / 32] |= bit;
	return !was;
}

static bool is_bcd(uint16_t release)
{
	for (; release; release = (uint16_t)(release >> 4))
		if ((release & 0xf) > 9)
			return false;
	return true;
}

static bool is_storage(const uint8_t triple[3])
{
	return triple[0] == CLASS_STORAGE && triple[1] == 6 &&
	       (triple[2] == 0x50 || triple[2] == 0x62);
}

static bool is_keyboard(const uint8_t triple[3])
{
	return triple[0] == CLASS_HID && triple[1] == 1 && triple[2] == 1;
}

static bool is_hub(const uint8_t triple[3])
{
	return triple[0] == CLASS_HUB && triple[1] == 0 && triple[2] <= 2;
}

/* ---- the parts ---- */

static bool read_device(struct walk *w)
{
	const uint8_t *p = w->raw.p;
	uint16_t usb, packet;

	if (w->raw.n < DEVICE_BYTES || p[0] != DEVICE_BYTES || p[1] != TYPE_DEVICE)
		return broken(w, "no device descriptor");
	usb = u16(p + 2);
	packet = p[7];
	w->shape->vendor = u16(p + 8);
	w->shape->product = u16(p + 10);
	w->device_class = p[4];
	if (!is_bcd(usb) || usb < 0x0100 || usb > 0x0399)
		return broken(w, "no release of USB");
	if (usb >= 0x0300 ? packet != 9
			  : packet != 8 && packet != 16 && packet != 32 && packet != 64)
		return broken(w, "no packet size of an endpoint 0");
	if (p[17] == 0 || p[17] > LW_USB_MAX_CONFIGS)
		return broken(w, "no number of configurations");
	w->configs = p[17];
	w->at = DEVICE_BYTES;
	return true;
}

/* What the endpoints say about the setting that ends here. */
static bool end_setting(struct walk *w)
{
	struct lw_usb_shape *shape = w->shape;
	struct setting *s = &w->setting;

	if (!w->has_setting)
		return true;
	w->has_setting = false;
	if (s->seen != s->endpoints)
		return broken(w, "an interface with another number of endpoints than it says");
	if (is_storage(s->triple) && (s->in == 0 || s->out == 0))
		return broken(w, "mass storage that cannot be read or written");
	w->foreign += s->foreign;
	w->keyboards += is_keyboard(s->triple);
	w->hubs += is_hub(s->triple);
	if (is_storage(s->triple)) {
		shape->storage++;
		return true;
	}
	if (shape->others++ == 0)
		memcpy(shape->other, s->triple, sizeof(shape->other));
	return true;
}

static bool read_interface(struct walk *w, struct lw_span d)
{
	struct setting s = { 0 };

	if (!end_setting(w))
		return false;
	if (d.n != INTERFACE_BYTES)
		return broken(w, "an interface descriptor of another length");
	s.number = d.p[2];
	s.alternate = d.p[3];
	s.endpoints = d.p[4];
	memcpy(s.triple, d.p + 5, sizeof(s.triple));
	if (s.number >= w->interfaces)
		return broken(w, "an interface numbered beyond what the configuration says");
	if (!take(w->alternates[s.number], s.alternate))
		return broken(w, "a setting of an interface that is there twice");
	w->setting = s;
	w->has_setting = true;
	return true;
}

static bool read_endpoint(struct walk *w, struct lw_span d)
{
	struct setting *s = &w->setting;
	bool audio = s->triple[0] == 1;
	uint8_t number, transfer;
	uint32_t *side;

	if (!w->has_setting)
		return broken(w, "an endpoint of no interface");
	if (d.n != ENDPOINT_BYTES && !(audio && d.n == AUDIO_ENDPOINT_BYTES))
		return broken(w, "an endpoint descriptor of another length");
	number = d.p[2] & 0xf;
	transfer = d.p[3] & 3;
	side = d.p[2] & 0x80 ? &s->in : &s->out;
	if (number == 0 || d.p[2] & 0x70)
		return broken(w, "an endpoint of no number");
	if (!take(side, number))
		return broken(w, "an endpoint that is there twice");
	if (s->seen == UINT8_MAX)
		return broken(w, "more endpoints than there can be");
	s->seen++;
	s->after_endpoint = true;
	if (is_storage(s->triple) ? transfer != BULK : transfer != INTERRUPT)
		s->foreign = true;
	return true;
}

/* What stands beside interfaces and endpoints. Where its kind of interface has no such thing,
 * the device is more than that kind. */
static bool read_else(struct walk *w, struct lw_span d)
{
	struct setting *s = &w->setting;
	uint8_t type = d.p[1];

	if (type == TYPE_DEVICE || type == TYPE_CONFIG)
		return broken(w, "a descriptor where it cannot be");
	if (!w->has_setting) {
		w->foreign++; /* an association of interfaces, say, or OTG */
		return true;
	}
	if (type == TYPE_COMPANION) {
		if (d.n != COMPANION_BYTES || !s->after_endpoint)
			return broken(w, "the companion of no endpoint");
	} else if (type == TYPE_PIPE_USAGE && is_storage(s->triple) && s->triple[2] == 0x62) {
		if (d.n != PIPE_USAGE_BYTES || !s->after_endpoint)
			return broken(w, "the use of no pipe");
	} else if (type != TYPE_HID || s->triple[0] != CLASS_HID) {
		s->foreign = true;
	}
	return true;
}

static bool read_one(struct walk *w, struct lw_span d)
{
	switch (d.p[1]) {
	case TYPE_INTERFACE:
		return read_interface(w, d);
	case TYPE_ENDPOINT:
		return read_endpoint(w, d);
	default:
		return read_else(w, d);
	}
}

static bool begin_config(struct walk *w, size_t *ret_end)
{
	const uint8_t *p = w->raw.p + w->at;
	size_t left = w->raw.n - w->at, total;

	if (left < CONFIG_BYTES || p[0] != CONFIG_BYTES || p[1] != TYPE_CONFIG)
		return broken(w, "no configuration where one must be");
	total = u16(p + 2);
	if (total < CONFIG_BYTES || total > left)
		return broken(w, "a configuration of another length than it says");
	if (p[4] == 0 || p[4] > LW_USB_MAX_INTERFACES)
		return broken(w, "a configuration without interfaces, or with too many");
	if (p[5] == 0 || !take(w->values, p[5]))
		return broken(w, "configurations that cannot be told apart");
	w->interfaces = p[4];
	memset(w->alternates, 0, sizeof(w->alternates));
	*ret_end = w->at + total;
	w->at += CONFIG_BYTES;
	return true;
}

static bool read_config(struct walk *w)
{
	size_t end;

	if (!begin_config(w, &end))
		return false;
	while (w->at < end) {
		const uint8_t *p = w->raw.p + w->at;

		if (end - w->at < 2 || p[0] < 2 || p[0] > end - w->at)
			return broken(w, "a descriptor of another length than it says");
		if (!read_one(w, lw_span(p, p[0])))
			return false;
		w->at += p[0];
	}
	if (!end_setting(w))
		return false;
	for (uint8_t i = 0; i < w->interfaces; i++)
		if (!(w->alternates[i][0] & 1))
			return broken(w, "an interface that is not there");
	return true;
}

/* ---- the whole ---- */

static void conclude(struct walk *w)
{
	struct lw_usb_shape *s = w->shape;
	bool plain = w->foreign == 0;

	s->kind = LW_USB_OTHER;
	if (s->storage && s->others)
		s->why = "mass storage and something else";
	else if (s->storage && (!plain || w->device_class != 0))
		s->why = "mass storage with what does not belong to it";
	else if (s->storage)
		s->kind = LW_USB_STORAGE;
	else if (w->keyboards == 1 && s->others == 1 && plain && w->device_class == 0)
		s->kind = LW_USB_KEYBOARD;
	else if (w->hubs == s->others && plain && w->device_class == CLASS_HUB)
		s->kind = LW_USB_HUB;
	else
		s->why = "no mass storage";
}

struct lw_usb_shape lw_usb_judge(struct lw_span raw)
{
	struct lw_usb_shape shape = { 0 };
	struct walk w = { .raw = raw, .shape = &shape };

	if (raw.n > LW_USB_MAX_DESCRIPTORS) {
		(void)broken(&w, "more than a device can say");
		return shape;
	}
	if (!read_device(&w))
		return shape;
	for (size_t i = 0; i < w.configs; i++)
		if (!read_config(&w))
			return shape;
	if (w.at != raw.n)
		(void)broken(&w, "something after the last configuration");
	else
		conclude(&w);
	return shape;
}

const char *lw_usb_kind_name(enum lw_usb_kind kind)
{
	static const char *const names[] = {
		[LW_USB_MALFORMED] = "malformed",
		[LW_USB_OTHER] = "other",
		[LW_USB_HUB] = "hub",
		[LW_USB_KEYBOARD] = "keyboard",
		[LW_USB_STORAGE] = "mass storage",
	};

	return (size_t)kind < LW_COUNT_OF(names) ? names[kind] : "unknown";
}
