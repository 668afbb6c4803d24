/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/catalog.h"
#include "image/document.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* `dir:` of containers/image (containers-transports(5)): one image in a folder. It has no
 * oci-layout and no index.json: what that would say is made up here, in memory. */

#define VERSION	      "Directory Transport Version: 1.1"
#define MANIFEST      "manifest.json"
#define MANIFEST_TAIL ".manifest.json"

static int check_version(const struct lw_layout *l, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	int r = lw_fs_read_beneath(l->dir, "version", 64, &text, e);

	if (r == -LW_E_NOTFOUND)
		return lw_fail(e, LW_E_FORMAT,
			       "it has no file `version`, as the folder of a dir: has");
	if (r < 0)
		return lw_prefix(e, "version");
	if (strcmp(lw_buf_str(&text), VERSION) != 0 &&
	    strcmp(lw_buf_str(&text), VERSION "\n") != 0)
		return lw_fail(e, LW_E_UNSUPPORTED, "version: want '" VERSION "'");
	return 0;
}

/* A signature that is left behind must not be left behind unseen. */
static int check_signatures(const struct lw_layout *l, struct lw_error *e)
{
	if (faccessat(l->dir, "signature-1", F_OK, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	return lw_fail(e, LW_E_UNSUPPORTED,
		       "signature-1: no bundle carries signatures of that kind; take the "
		       "files signature-* away to pack the image without them");
}

static int hold_file(struct lw_layout *l, const char *name, const struct lw_digest *want,
		     struct lw_buf *bytes, struct lw_digest *ret, struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];
	int r = lw_fs_read_beneath(l->dir, name, LW_MAX_MANIFEST_BYTES, bytes, e);

	if (r == 0)
		r = lw_layout_hold_bytes(l, lw_buf_span(bytes), ret, e);
	if (r == 0 && want && !lw_digest_equal(want, ret))
		r = lw_fail(e, LW_E_DIGEST, "its bytes have the digest %s",
			    lw_digest_text(ret, text));
	return r < 0 ? lw_prefix(e, "%s", name) : 0;
}

/* The manifests of an index: HEX.manifest.json. */
static int hold_children(struct lw_layout *l, struct lw_error *e)
{
	lw_auto_fd int fd = openat(l->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lw_auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0;

	if (!dir)
		return lw_fail_errno(e, "the folder");
	(void)lw_steal_fd(&fd);
	for (;;) {
		LW_AUTO(buf) struct lw_buf bytes = { 0 };
		struct lw_digest want, have;
		int r;

		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (!entry)
			return errno ? lw_fail_errno(e, "the folder") : 0;

		struct lw_span name = lw_span_str(entry->d_name);
		if (name.n != 64 + strlen(MANIFEST_TAIL) ||
		    strcmp(entry->d_name + 64, MANIFEST_TAIL) != 0 ||
		    lw_hex_decode(lw_span(name.p, 64), want.sha256, LW_DIGEST_BYTES, NULL) < 0)
			continue;
		if (n++ == LW_MAX_DESCRIPTORS)
			return lw_fail(e, LW_E_LIMIT, "more than %zu manifests",
				       LW_MAX_DESCRIPTORS);
		r = hold_file(l, entry->d_name, &want, &bytes, &have, e);
		if (r < 0)
			return r;
	}
}

/* An index of this one manifest. */
static int make_index(struct lw_layout *l, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	LW_AUTO(document) struct lw_document *d = NULL;
	struct lw_descriptor only = { .role = LW_CHILD_MANIFEST,
				      .artifact_type = "",
				      .platform = "",
				      .ref_name = "",
				      .full_name = "" };
	int r = hold_file(l, MANIFEST, NULL, &bytes, &only.digest, e);

	if (r < 0)
		return r;
	r = lw_catalog_read_untyped(l->reader, lw_buf_span(&bytes), &d, e);
	if (r == 0 && !d)
		r = lw_fail(e, LW_E_FORMAT, "neither a manifest nor an index");
	if (r < 0 || !d)
		return lw_prefix(e, MANIFEST);
	only.size = bytes.n;
	l->index = lw_document_new(1);
	l->index->kind = LW_MEDIA_INDEX;
	only.media_type = lw_document_string(l->index, lw_span_str(d->media_type), NULL);
	l->index->children[l->index->n_children++] = only;
	return 0;
}

int lw_layout_open_dir(const char *path, const struct lw_document_reader *reader,
		       struct lw_layout **ret, struct lw_error *e)
{
	LW_AUTO(layout) struct lw_layout *l = lw_layout_new(LW_SOURCE_DIR, path, reader);
	char shown[160];
	int r = lw_fs_open_dir(path, &l->dir, e);

	if (r < 0)
		return r;
	if ((r = check_version(l, e)) < 0 || (r = check_signatures(l, e)) < 0 ||
	    (r = hold_children(l, e)) < 0 || (r = make_index(l, e)) < 0 ||
	    (r = lw_layout_hold_done(l, e)) < 0)
		return lw_prefix(e, "dir:%s", lw_text_escape_str(path, shown, sizeof(shown)));
	l->blobs = fcntl(l->dir, F_DUPFD_CLOEXEC, 0);
	if (l->blobs < 0)
		return lw_fail_errno(e, "a descriptor");
	lw_names_build(l);
	*ret = lw_steal(l);
	return 0;
}
