/* SPDX-License-Identifier: Apache-2.0 */
#include "udev/door.h"

#include "base/mem.h"
#include "base/text.h"

/* What is remembered of a port until the door is closed. */
struct lw_door_port {
	char name[LW_PORT_TEXT];
	bool known; /* something was there once: */
	struct lw_digest identity, serial;
	uint16_t vendor, product;
	bool has_serial;
	bool present;
	bool let_in;
	bool medium; /* it was let in as one */
	bool keyboard;
	int64_t gone_msec;
	int64_t window_msec; /* when the events began that are counted here */
	unsigned events;
	uint64_t unrecorded;
};

void lw_door_release(struct lw_door *door)
{
	free(door->ports);
	*door = (struct lw_door){ 0 };
}

void lw_door_crowd(struct lw_door *door, size_t media)
{
	door->crowd = media;
}

static struct lw_door_port *find_port(const struct lw_door *door, const char *name)
{
	for (size_t i = 0; i < door->n_ports; i++)
		if (strcmp(door->ports[i].name, name) == 0)
			return &door->ports[i];
	return NULL;
}

static struct lw_door_port *port_of(struct lw_door *door, const char *name)
{
	struct lw_door_port *p = find_port(door, name);

	if (p)
		return p;
	door->ports = lw_realloc_array(door->ports, door->n_ports + 1, sizeof(*door->ports));
	p = &door->ports[door->n_ports++];
	*p = (struct lw_door_port){ 0 };
	memcpy(p->name, name, strnlen(name, sizeof(p->name) - 1));
	return p;
}

/* ---- what changed ---- */

static bool is_tainted(const struct lw_door *door, const struct lw_digest *serial)
{
	for (size_t i = 0; i < door->n_tainted; i++)
		if (lw_digest_equal(&door->tainted[i], serial))
			return true;
	return false;
}

static void taint(struct lw_door *door, const struct lw_digest *serial)
{
	if (!is_tainted(door, serial) && door->n_tainted < LW_DOOR_MAX_TAINTED)
		door->tainted[door->n_tainted++] = *serial;
}

/* Whether the media list tells these two apart by their models, though two makers gave them one
 * serial number. */
static bool is_namesake(const struct lw_door *door, const struct lw_door_port *p,
			const struct lw_usb_device *d)
{
	const struct lw_listed_medium *m = lw_media_list_find(
		door->media, lw_buf_span(&d->serial), lw_buf_span(&d->model));

	return m && *m->model &&
	       (p->vendor != d->shape.vendor || p->product != d->shape.product);
}

/* The same port says something else: without having been pulled out, or faster than hands are,
 * or under the same serial number. The last never speaks again while the door is open. */
static bool has_changed(struct lw_door *door, struct lw_door_port *p,
			const struct lw_usb_device *d, int64_t now)
{
	struct lw_digest serial = lw_digest_of(lw_buf_span(&d->serial));
	bool has_serial = d->serial.n > 0, other, same_serial, fast;

	other = p->known && !lw_digest_equal(&p->identity, &d->identity);
	same_serial = has_serial && p->has_serial && lw_digest_equal(&p->serial, &serial) &&
		      !is_namesake(door, p, d);
	fast = p->present || now - p->gone_msec < LW_DOOR_HANDS_MSEC;
	if (other && same_serial)
		taint(door, &serial);
	p->known = true;
	p->identity = d->identity;
	p->vendor = d->shape.vendor;
	p->product = d->shape.product;
	p->serial = serial;
	p->has_serial = has_serial;
	return (other && (fast || same_serial)) || (has_serial && is_tainted(door, &serial));
}

/* ---- media ---- */

static bool another_medium(const struct lw_door *door, const struct lw_door_port *here)
{
	for (size_t i = 0; i < door->n_ports; i++)
		if (&door->ports[i] != here && door->ports[i].medium)
			return true;
	return door->crowd > 1;
}

static bool another_keyboard(const struct lw_door *door, const struct lw_door_port *here)
{
	for (size_t i = 0; i < door->n_ports; i++)
		if (&door->ports[i] != here && door->ports[i].keyboard)
			return true;
	return false;
}

static enum lw_door_reason judge_listed(const struct lw_door *door,
					const struct lw_usb_device *d,
					struct lw_door_decision *ret)
{
	struct lw_span serial = lw_buf_span(&d->serial);
	const struct lw_listed_medium *m =
		lw_media_list_find(door->media, serial, lw_buf_span(&d->model));

	if (!m && lw_media_list_admits_unlisted(door->media))
		return LW_DOOR_MEDIUM_UNLISTED;
	if (!m)
		return serial.n == 0 || serial.n > LW_MEDIA_MAX_TEXT ||
				       !lw_text_is_plain(serial)
			       ? LW_DOOR_SERIAL
			       : LW_DOOR_UNLISTED;
	(void)lw_text_settle(m->label, ret->label, sizeof(ret->label));
	(void)lw_text_settle(m->owner, ret->owner, sizeof(ret->owner));
	return m->disposition == LW_MEDIUM_ADMITTED  ? LW_DOOR_MEDIUM
	       : m->disposition == LW_MEDIUM_RETIRED ? LW_DOOR_RETIRED
						     : LW_DOOR_LOST;
}

/* ---- the decision ---- */

static enum lw_door_reason judge(struct lw_door *door, struct lw_door_port *p,
				 const struct lw_usb_device *d, int64_t now,
				 struct lw_door_decision *ret)
{
	const struct lw_commission *c = door->commission;
	const struct lw_usb_shape *s = &d->shape;
	enum lw_door_reason r;

	if (has_changed(door, p, d, now))
		return LW_DOOR_CHANGED;
	if (s->kind == LW_USB_MALFORMED)
		return LW_DOOR_MALFORMED;
	if (lw_commission_has_fixture(c->internal, c->n_internal, d->port, s->vendor,
				      s->product))
		return LW_DOOR_FIXTURE;
	switch (s->kind) {
	case LW_USB_HUB:
		return lw_commission_has_fixture(c->hubs, c->n_hubs, d->port, s->vendor,
						 s->product)
			       ? LW_DOOR_FIXTURE
			       : LW_DOOR_HUB;
	case LW_USB_KEYBOARD:
		return (c->any_keyboard && !another_keyboard(door, p)) ||
				       (c->keyboard && strcmp(c->keyboard, d->port) == 0)
			       ? LW_DOOR_FIXTURE
			       : LW_DOOR_KEYBOARD;
	case LW_USB_STORAGE:
		if (!lw_commission_has_media_port(c, d->port))
			return LW_DOOR_PORT;
		r = judge_listed(door, d, ret);
		if ((r == LW_DOOR_MEDIUM || r == LW_DOOR_MEDIUM_UNLISTED) &&
		    another_medium(door, p))
			return LW_DOOR_SECOND;
		return r;
	case LW_USB_MALFORMED:
	case LW_USB_OTHER:
	default:
		return s->storage ? LW_DOOR_COMPOSITE : LW_DOOR_CLASS;
	}
}

static const char *const expectations[] = {
	[LW_DOOR_MALFORMED] = "descriptors as USB has them",
	[LW_DOOR_COMPOSITE] = "mass storage alone",
	[LW_DOOR_CLASS] = "mass storage",
	[LW_DOOR_HUB] = "no hub but those commissioned",
	[LW_DOOR_KEYBOARD] = "one keyboard, at its own port",
	[LW_DOOR_PORT] = "media at their ports only",
	[LW_DOOR_CHANGED] = "a device that stays what it was",
	[LW_DOOR_SECOND] = "one medium at a time",
	[LW_DOOR_UNLISTED] = "a medium of the media list",
	[LW_DOOR_SERIAL] = "a serial number that can be listed",
	[LW_DOOR_RETIRED] = "a medium in use",
	[LW_DOOR_LOST] = "a medium that was never lost",
	[LW_DOOR_KERNEL] = "a kernel that does as it is told",
	[LW_DOOR_FILE_SYSTEM] = "ISO 9660, UDF, FAT, exFAT, or a bundle written raw",
	[LW_DOOR_REASONS] = NULL,
};

static void describe(const struct lw_usb_device *d, struct lw_door_decision *ret)
{
	const struct lw_usb_shape *s = &d->shape;
	const char *expected = expectations[ret->reason];

	if (expected)
		(void)snprintf(ret->expected, sizeof(ret->expected), "%s", expected);
	if (s->kind == LW_USB_MALFORMED)
		(void)snprintf(ret->found, sizeof(ret->found), "%s, at byte %zu", s->why,
			       s->at);
	else if (s->others)
		(void)snprintf(
			ret->found, sizeof(ret->found),
			"%s: interfaces: mass storage %zu, others %zu (%02x/%02x/%02x%s)",
			lw_usb_kind_name(s->kind), s->storage, s->others, s->other[0],
			s->other[1], s->other[2], s->others > 1 ? " ..." : "");
	else
		(void)snprintf(ret->found, sizeof(ret->found), "%s%s%s%s",
			       lw_usb_kind_name(s->kind), s->why ? ": " : "",
			       s->why ? s->why : "", d->serial.n ? "" : ", no serial number");
}

/* A device that comes again and again must not fill the book, and hands do not plug a medium in
 * that often. */
static void count_event(struct lw_door_port *p, int64_t now, struct lw_door_decision *ret)
{
	if (p->events == 0 || now - p->window_msec >= LW_DOOR_WINDOW_MSEC) {
		p->window_msec = now;
		p->events = 0;
	}
	p->events++;
	ret->quiet = p->events > LW_DOOR_LOUD;
	if (!ret->quiet)
		return;
	p->unrecorded++;
	if (ret->let_in)
		ret->reason = LW_DOOR_CHANGED;
	ret->let_in = false;
}

void lw_door_judge(struct lw_door *door, const struct lw_usb_device *d, int64_t now_msec,
		   struct lw_door_decision *ret)
{
	struct lw_door_port *p = port_of(door, d->port);

	*ret = (struct lw_door_decision){ 0 };
	p->medium = p->keyboard = false;
	ret->reason = judge(door, p, d, now_msec, ret);
	ret->let_in = ret->reason >= LW_DOOR_MEDIUM;
	count_event(p, now_msec, ret);
	p->present = true;
	p->let_in = ret->let_in;
	p->medium = ret->reason == LW_DOOR_MEDIUM || ret->reason == LW_DOOR_MEDIUM_UNLISTED;
	p->keyboard = ret->let_in && d->shape.kind == LW_USB_KEYBOARD;
	describe(d, ret);
	if (!ret->quiet) {
		ret->unrecorded = p->unrecorded;
		p->unrecorded = 0;
	}
}

void lw_door_shut(struct lw_door *door, const char *port, enum lw_door_reason reason,
		  struct lw_door_decision *ret)
{
	struct lw_door_port *p = port_of(door, port);

	p->let_in = false;
	p->medium = p->keyboard = false;
	ret->let_in = false;
	ret->quiet = false;
	ret->unrecorded = 0;
	ret->reason = reason;
	(void)snprintf(ret->expected, sizeof(ret->expected), "%s",
		       expectations[reason] ? expectations[reason] : "");
}

void lw_door_unread(struct lw_door_decision *ret, const char *found)
{
	ret->let_in = false;
	ret->unrecorded = 0;
	ret->reason = LW_DOOR_FILE_SYSTEM;
	(void)snprintf(ret->expected, sizeof(ret->expected), "%s", expectations[ret->reason]);
	(void)snprintf(ret->found, sizeof(ret->found), "%s", found);
}

bool lw_door_gone(struct lw_door *door, const char *port, int64_t now_msec)
{
	struct lw_door_port *p = find_port(door, port);
	bool medium = p && p->medium;

	if (p) {
		p->present = false;
		p->let_in = false;
		p->medium = p->keyboard = false;
		p->gone_msec = now_msec;
	}
	return medium;
}

bool lw_door_has_medium(const struct lw_door *door, const char *port)
{
	const struct lw_door_port *p = find_port(door, port);

	return p && p->medium;
}

bool lw_door_knows(const struct lw_door *door, const struct lw_usb_device *d, bool *ret_let_in)
{
	const struct lw_door_port *p = find_port(door, d->port);

	if (!p || !p->present || !lw_digest_equal(&p->identity, &d->identity))
		return false;
	*ret_let_in = p->let_in;
	return true;
}
