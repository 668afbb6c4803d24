/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/folder.h"

#include "base/fs.h"

#include <fcntl.h>

#define NAME_BYTES ((size_t)200)

static int folder(void *data)
{
	return *(const int *)data;
}

static int fetch(void *data, const char *name, size_t max, struct lw_buf *out,
		 struct lw_error *e)
{
	return lw_fs_read_beneath(folder(data), name, max, out, e);
}

struct lw_tuf_transport lw_folder_transport(const int *folder_fd)
{
	return (struct lw_tuf_transport){ .fetch = fetch,
					  .data = (void *)(uintptr_t)folder_fd };
}

/* A role's file. No two roles have one, also where the file system takes "Root.json" for
 * "root.json": capitals are quoted, too. One that is too long is called by its digest, behind
 * what no quoting makes. */
static void name_of(const char *role, struct lw_buf *out)
{
	for (const char *at = role; *at; at++) {
		if (*at >= 'A' && *at <= 'Z')
			lw_buf_printf(out, "%%%02X", (unsigned)*at);
		else
			lw_tuf_quote((const char[2]){ *at }, out);
	}
	if (out->n > NAME_BYTES) {
		struct lw_digest d = lw_digest_of(lw_span_str(role));
		char hex[65];

		lw_buf_clear(out);
		lw_buf_printf(out, "%%sha256-%s", lw_digest_hex(&d, hex));
	}
	lw_buf_adds(out, ".json");
}

static int load(void *data, const char *role, size_t max, struct lw_buf *out,
		struct lw_tuf_signed *halves, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf name = { 0 };

	(void)halves; /* taken apart again, here */
	name_of(role, &name);
	return lw_fs_read_beneath(folder(data), lw_buf_str(&name), max, out, e);
}

static int save(void *data, const char *role, struct lw_span bytes,
		const struct lw_tuf_signed *halves, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf name = { 0 };

	(void)halves;
	name_of(role, &name);
	return lw_fs_publish(folder(data), lw_buf_str(&name), bytes, 0644, e);
}

static int drop(void *data, const char *role, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf name = { 0 };

	name_of(role, &name);
	if (unlinkat(folder(data), lw_buf_str(&name), 0) < 0 && errno != ENOENT)
		return lw_fail_errno(e, "remove %s", lw_buf_str(&name));
	return lw_fs_sync(folder(data), "the folder of what is trusted", e);
}

struct lw_tuf_store lw_folder_store(const int *folder_fd)
{
	return (struct lw_tuf_store){
		.load = load, .save = save, .drop = drop, .data = (void *)(uintptr_t)folder_fd
	};
}
