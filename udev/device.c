/* SPDX-License-Identifier: Apache-2.0 */
#include "udev/device.h"

#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool lw_usb_is_root_hub(const char *path)
{
	const char *name = last_part(path);

	return strncmp(name, "usb", 3) == 0 && name[3] >= '0' && name[3] <= '9';
}

/* ---- attributes ---- */

static int open_attribute(const char *path, const char *name, int flags, struct lw_error *e)
{
	lw_auto_free char *file = lw_asprintf("%s/%s", path, name);
	int fd = open(file, flags | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		return fd;
	return errno == ENOENT || errno == ENODEV || errno == ENXIO
		       ? lw_fail(e, LW_E_NOTFOUND, "%s: not there", file)
		       : lw_fail_errno(e, "%s", file);
}

/* At most `most` bytes, and one to tell that there are more. */
static int read_attribute(const char *path, const char *name, size_t most, struct lw_buf *out,
			  struct lw_error *e)
{
	lw_auto_fd int fd = open_attribute(path, name, O_RDONLY, e);
	ssize_t n = 1;

	if (fd < 0)
		return fd;
	while (n > 0 && out->n <= most) {
		uint8_t piece[4096];
		size_t room = most + 1 - out->n;

		n = read(fd, piece, room < sizeof(piece) ? room : sizeof(piece));
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return lw_fail_errno(e, "%s/%s", path, name);
		else
			lw_buf_add(out, piece, (size_t)n);
	}
	return 0;
}

/* A text of the device's; one that is not there is empty. The kernel ends each with a line
 * feed of its own. */
static int read_text(const char *path, const char *name, struct lw_buf *out, struct lw_error *e)
{
	int r = read_attribute(path, name, LW_USB_TEXT_BYTES, out, e);

	if (r == -LW_E_NOTFOUND)
		return 0;
	if (r == 0 && out->n && out->p[out->n - 1] == '\n')
		out->n--;
	else if (r == 0 && out->n > LW_USB_TEXT_BYTES)
		out->n = LW_USB_TEXT_BYTES;
	return r;
}

static int read_authorized(const char *path, bool *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	int r = read_attribute(path, "authorized", 16, &b, e);

	if (r == 0)
		*ret = !(b.n >= 1 && b.p[0] == '0');
	return r;
}

/* ---- the device ---- */

static void add_hashed(struct lw_hasher *h, const struct lw_buf *b)
{
	uint64_t n = b->n;

	lw_hasher_add(h, &n, sizeof(n));
	lw_hasher_add(h, b->p, b->n);
}

static int read_all(struct lw_usb_device *d, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf raw = { 0 };
	LW_AUTO(buf) struct lw_buf speed = { 0 };
	LW_AUTO(hasher) struct lw_hasher *h = lw_hasher_new();
	int r = read_authorized(d->path, &d->authorized, e);

	if (r == 0)
		r = read_attribute(d->path, "descriptors", LW_USB_MAX_DESCRIPTORS, &raw, e);
	if (r == -LW_E_NOTFOUND && access(d->path, F_OK) == 0)
		r = 0; /* a device that says nothing at all is malformed, not gone */
	if (r == 0)
		r = read_text(d->path, "serial", &d->serial, e);
	if (r == 0)
		r = read_text(d->path, "manufacturer", &d->manufacturer, e);
	if (r == 0)
		r = read_text(d->path, "product", &d->model, e);
	if (r == 0)
		r = read_text(d->path, "speed", &speed, e);
	if (r < 0)
		return r;
	d->shape = lw_usb_judge(lw_buf_span(&raw));
	(void)lw_text_escape(lw_buf_span(&speed), d->speed, sizeof(d->speed));
	add_hashed(h, &raw);
	add_hashed(h, &d->serial);
	add_hashed(h, &d->manufacturer);
	add_hashed(h, &d->model);
	d->identity = lw_hasher_final(h);
	return 0;
}

int lw_usb_device_read(const char *path, struct lw_usb_device *ret, struct lw_error *e)
{
	LW_AUTO(usb_device) struct lw_usb_device d = { 0 };
	const char *port = last_part(path);
	char shown[80];
	int r;

	if (!lw_port_is(lw_span_str(port)))
		return lw_fail(e, LW_E_FORMAT, "'%s' is no port",
			       lw_text_escape_str(port, shown, sizeof(shown)));
	d.path = lw_strdup(path);
	memcpy(d.port, port, strlen(port) + 1); /* shorter than that, as was checked */
	r = read_all(&d, e);
	if (r < 0)
		return lw_prefix(e, "port %s", d.port);
	*ret = d;
	d = (struct lw_usb_device){ 0 };
	return 0;
}

void lw_usb_device_release(struct lw_usb_device *d)
{
	free(d->path);
	lw_buf_free(&d->serial);
	lw_buf_free(&d->manufacturer);
	lw_buf_free(&d->model);
	*d = (struct lw_usb_device){ 0 };
}

/* ---- what the kernel may do with it ---- */

static int write_attribute(const char *path, const char *name, const char *value,
			   struct lw_error *e)
{
	lw_auto_fd int fd = open_attribute(path, name, O_WRONLY | O_TRUNC, e);

	if (fd < 0)
		return fd;
	if (write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		return lw_fail_errno(e, "%s/%s", path, name);
	return 0;
}

int lw_usb_device_authorize(const struct lw_usb_device *d, bool may, struct lw_error *e)
{
	bool now = !may;
	int r = write_attribute(d->path, "authorized", may ? "1" : "0", e);

	if (r == 0)
		r = read_authorized(d->path, &now, e);
	if (r == 0 && now != may)
		r = lw_fail(e, LW_E_CONFLICT, "the kernel left it %s",
			    now ? "authorised" : "unauthorised");
	return r < 0 ? lw_prefix(e, "port %s", d->port) : 0;
}

int lw_usb_bus_close(const char *path, struct lw_error *e)
{
	return write_attribute(path, "authorized_default", "0", e);
}
