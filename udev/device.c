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

static int open_attribute(int dir, const char *name, int flags, struct lw_error *e)
{
	int fd = openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		return fd;
	return errno == ENOENT || errno == ENODEV || errno == ENXIO
		       ? lw_fail(e, LW_E_NOTFOUND, "%s: not there", name)
		       : lw_fail_errno(e, "%s", name);
}

static int open_folder(const char *path, struct lw_error *e)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0)
		return dir;
	return errno == ENOENT ? lw_fail(e, LW_E_NOTFOUND, "%s: not there", path)
			       : lw_fail_errno(e, "%s", path);
}

/* At most `most` bytes, and one to tell that there are more. */
static int read_attribute(int dir, const char *name, size_t most, struct lw_buf *out,
			  struct lw_error *e)
{
	lw_auto_fd int fd = open_attribute(dir, name, O_RDONLY, e);
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
			return lw_fail_errno(e, "%s", name);
		else
			lw_buf_add(out, piece, (size_t)n);
	}
	return 0;
}

/* A text of the device's; one that is not there is empty. The kernel ends each with a line
 * feed of its own. */
static int read_text(int dir, const char *name, struct lw_buf *out, struct lw_error *e)
{
	int r = read_attribute(dir, name, LW_USB_TEXT_BYTES, out, e);

	if (r == -LW_E_NOTFOUND)
		return 0;
	if (r == 0 && out->n && out->p[out->n - 1] == '\n')
		out->n--;
	else if (r == 0 && out->n > LW_USB_TEXT_BYTES)
		out->n = LW_USB_TEXT_BYTES;
	return r;
}

static int read_authorized(int dir, bool *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	int r = read_attribute(dir, "authorized", 16, &b, e);

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
	int r = open_folder(d->path, e);

	if (r < 0)
		return r;
	d->dir = r;
	d->has_dir = true;
	r = read_authorized(d->dir, &d->authorized, e);

	if (r == 0)
		r = read_attribute(d->dir, "descriptors", LW_USB_MAX_DESCRIPTORS, &raw, e);
	if (r == -LW_E_NOTFOUND && access(d->path, F_OK) == 0)
		r = 0; /* a device that says nothing at all is malformed, not gone */
	if (r == 0)
		r = read_text(d->dir, "serial", &d->serial, e);
	if (r == 0)
		r = read_text(d->dir, "manufacturer", &d->manufacturer, e);
	if (r == 0)
		r = read_text(d->dir, "product", &d->model, e);
	if (r == 0)
		r = read_text(d->dir, "speed", &speed, e);
	/* Of a device that goes meanwhile this goes before its texts do, which may be missing.
	 */
	if (r == 0)
		r = read_authorized(d->dir, &d->authorized, e);
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

static struct lw_buf copy_text(const struct lw_buf *from)
{
	struct lw_buf b = { 0 };

	lw_buf_add(&b, from->p, from->n);
	return b;
}

void lw_usb_device_copy(const struct lw_usb_device *d, struct lw_usb_device *ret)
{
	struct lw_usb_device copy = *d;

	copy.path = d->path ? lw_strdup(d->path) : NULL;
	copy.dir = d->has_dir ? fcntl(d->dir, F_DUPFD_CLOEXEC, 0) : -1;
	copy.has_dir = copy.dir >= 0;
	copy.serial = copy_text(&d->serial);
	copy.manufacturer = copy_text(&d->manufacturer);
	copy.model = copy_text(&d->model);
	*ret = copy;
}

void lw_usb_device_release(struct lw_usb_device *d)
{
	free(d->path);
	if (d->has_dir)
		(void)close(d->dir);
	lw_buf_free(&d->serial);
	lw_buf_free(&d->manufacturer);
	lw_buf_free(&d->model);
	*d = (struct lw_usb_device){ 0 };
}

bool lw_usb_device_is_there(const struct lw_usb_device *d)
{
	struct lw_error e = { 0 };
	bool authorized;

	return d->has_dir && read_authorized(d->dir, &authorized, &e) != -LW_E_NOTFOUND;
}

/* ---- what the kernel may do with it ---- */

static int write_attribute(int dir, const char *name, const char *value, struct lw_error *e)
{
	lw_auto_fd int fd = open_attribute(dir, name, O_WRONLY | O_TRUNC, e);

	if (fd < 0)
		return fd;
	if (write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		return lw_fail_errno(e, "%s", name);
	return 0;
}

int lw_usb_device_authorize(const struct lw_usb_device *d, bool may, struct lw_error *e)
{
	bool now = !may;
	int r = write_attribute(d->dir, "authorized", may ? "1" : "0", e);

	if (r == 0)
		r = read_authorized(d->dir, &now, e);
	if (r == 0 && now != may)
		r = lw_fail(e, LW_E_CONFLICT, "the kernel left it %s",
			    now ? "authorised" : "unauthorised");
	return r < 0 ? lw_prefix(e, "port %s", d->port) : 0;
}

int lw_usb_bus_close(const char *path, struct lw_error *e)
{
	lw_auto_fd int dir = open_folder(path, e);

	return dir < 0 ? dir : write_attribute(dir, "authorized_default", "0", e);
}
