/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/own_folder.h"

#include "base/text.h"

#include <string.h>

static int target(void *data, const char *name, uint64_t max, struct lw_buf *out,
		  struct lw_error *e)
{
	const struct lw_own_folder *f = data;

	return lw_place_read(f->targets, name, max, out, e);
}

int lw_own_folder_open(const char *path, struct lw_own_folder *f, struct lw_error *e)
{
	lw_auto_free char *metadata = lw_asprintf("%s/metadata", path);
	lw_auto_free char *targets = lw_asprintf("%s/targets", path);
	struct lw_fetcher *none = NULL;
	const struct lw_fetch_settings settings = { 0 };
	char shown[512];
	int r;

	if (strstr(path, "://"))
		return lw_fail(e, LW_E_USAGE, "%s: want a folder: an enclave has no network",
			       lw_text_escape_str(path, shown, sizeof(shown)));
	r = lw_place_open(metadata, &settings, &none, &f->metadata, e);
	if (r == 0)
		r = lw_place_open(targets, &settings, &none, &f->targets, e);
	if (r < 0)
		return lw_prefix(e, "%s", lw_text_escape_str(path, shown, sizeof(shown)));
	f->source = (struct lw_own_source){ .metadata = lw_place_transport(f->metadata),
					    .target = target,
					    .data = f };
	return 0;
}

void lw_own_folder_close(struct lw_own_folder *f)
{
	lw_place_close(f->metadata);
	lw_place_close(f->targets);
}
