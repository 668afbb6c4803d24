/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/certificates.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

#include <dirent.h>
#include <string.h>

void lw_certificates_release(struct lw_certificates *c)
{
	lw_buf_free(&c->ca);
	lw_buf_free(&c->certificate);
	if (c->key.p)
		explicit_bzero(c->key.p, c->key.cap);
	lw_buf_free(&c->key);
}

static bool ends(const char *name, const char *ending)
{
	size_t n = strlen(name), m = strlen(ending);

	return n > m && strcmp(name + n - m, ending) == 0;
}

/* Whether there is anything of that kind in it; what is in that is for who uses it to say. */
static int read_pem(const char *path, const char *kind, struct lw_buf *out, struct lw_error *e)
{
	lw_auto_free char *label = lw_asprintf("%s-----", kind);
	size_t before = out->n;
	int r = lw_fs_read_path(path, LW_MAX_KEY_BYTES, out, e);

	if (r == 0 && !memmem(out->p + before, out->n - before, label, strlen(label)))
		return lw_fail(e, LW_E_FORMAT, "%s: want a %s in PEM", path, kind);
	return r;
}

static int read_pair(const char *folder, const char *name, struct lw_certificates *ret,
		     struct lw_error *e)
{
	lw_auto_free char *certificate = lw_asprintf("%s/%s", folder, name);
	lw_auto_free char *key =
		lw_asprintf("%s/%.*s.key", folder, (int)(strlen(name) - strlen(".cert")), name);
	int r;

	if (ret->certificate.n)
		return lw_fail(e, LW_E_FORMAT, "more than one certificate of ours");
	r = read_pem(certificate, "CERTIFICATE", &ret->certificate, e);
	if (r == 0)
		r = read_pem(key, "PRIVATE KEY", &ret->key, e);
	return r == -LW_E_NOTFOUND ? lw_fail(e, LW_E_FORMAT, "%s has no key beside it", name)
				   : r;
}

static int read_one(const char *folder, const char *name, struct lw_certificates *ret,
		    struct lw_error *e)
{
	lw_auto_free char *path = lw_asprintf("%s/%s", folder, name);
	int r;

	if (ends(name, ".cert"))
		return read_pair(folder, name, ret, e);
	if (!ends(name, ".crt"))
		return 0;
	r = read_pem(path, "CERTIFICATE", &ret->ca, e);
	lw_buf_addc(&ret->ca, '\n');
	return r;
}

int lw_certificates_read(const char *folder, struct lw_certificates *ret, struct lw_error *e)
{
	lw_auto_dir DIR *dir = opendir(folder);
	const struct dirent *at;
	int r = 0;

	if (!dir && errno == ENOENT)
		return lw_fail(e, LW_E_NOTFOUND, "%s: there is no such folder", folder);
	if (!dir)
		return lw_fail_errno(e, "%s", folder);
	while (r == 0 && (at = readdir(dir)))
		r = read_one(folder, at->d_name, ret, e);
	return r < 0 ? lw_prefix(e, "%s", folder) : 0;
}
