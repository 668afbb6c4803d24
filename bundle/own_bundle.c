/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/own_bundle.h"

#include "base/mem.h"
#include "bundle/box.h"
#include "bundle/format.h"
#include "bundle/head.h"

/* Where the bundle's own repository is: the box's word. */
static int list(struct lw_own_bundle *b, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf seal = { 0 }, contents = { 0 }, entries = { 0 };
	LW_AUTO(buf) struct lw_buf mark = { 0 };
	uint64_t at = lw_format_member(LW_MAX_SEAL_BYTES), size = 0, entries_size = 0;
	int r = lw_head_read_seal(&b->medium, &seal, e);

	if (r == 0)
		r = lw_head_claimed_contents(&b->medium, &size, e);
	if (r == 0)
		r = lw_head_read_member(&b->medium, at, LW_NAME_CONTENTS, size, &contents, &at,
					e);
	if (r == 0)
		lw_head_claimed_mark(&b->medium, at, &mark);
	if (r == 0)
		r = lw_head_claimed_entries(&b->medium, at, &entries_size, e);
	if (r == 0)
		r = lw_head_read_member(&b->medium, at, LW_NAME_ENTRIES, entries_size, &entries,
					&at, e);
	if (r == 0)
		r = lw_box_carried(b->program, LW_OWN_REPOSITORY, lw_buf_span(&seal),
				   lw_buf_span(&contents), lw_buf_span(&entries),
				   lw_buf_span(&mark), &b->carried, &b->offsets, e);
	return r;
}

static int read_file(void *data, const struct lw_carried_file *file, struct lw_buf *out,
		     struct lw_error *e)
{
	struct lw_own_bundle *b = data;
	size_t at = out->n;

	if (b->offsets[file - b->carried.files] == LW_BOX_ELSEWHERE)
		return lw_fail(e, LW_E_NOTFOUND, "%s stands in another volume", file->name);

	lw_buf_reserve(out, file->size);

	int r = lw_medium_read(&b->medium, out->p + at, file->size,
			       b->offsets[file - b->carried.files], e);
	if (r < 0)
		return r;
	out->n += file->size;

	struct lw_digest have = lw_digest_of(lw_span(out->p + at, file->size));
	char text[LW_DIGEST_TEXT];

	return lw_digest_equal(&have, &file->digest)
		       ? 0
		       : lw_fail(e, LW_E_IO, "%s: damaged: its bytes are %s", file->name,
				 lw_digest_text(&have, text));
}

static int ensure_list(struct lw_own_bundle *b, struct lw_error *e)
{
	int r = b->listed ? 0 : list(b, e);

	/* That there is none is what every file says then. */
	b->listed = r == 0;
	return r;
}

static int fetch(void *data, const char *name, size_t max, struct lw_buf *out,
		 struct lw_error *e)
{
	struct lw_own_bundle *b = data;
	int r = ensure_list(b, e);

	return r < 0 ? r : lw_carried_fetch(&b->files, name, max, out, e);
}

static int target(void *data, const char *path, uint64_t max, struct lw_buf *out,
		  struct lw_error *e)
{
	struct lw_own_bundle *b = data;
	const struct lw_own_source carried = lw_carried_own(&b->files);
	int r = ensure_list(b, e);

	return r < 0 ? r : carried.target(carried.data, path, max, out, e);
}

int lw_own_bundle_open(const char *path, const char *program, struct lw_own_bundle *b,
		       struct lw_error *e)
{
	b->program = program;
	b->fd = -1;
	b->files = (struct lw_carried_source){ &b->carried, read_file, b };
	b->source = (struct lw_own_source){ .metadata = { .fetch = fetch, .data = b },
					    .target = target,
					    .data = b,
					    .program = program };
	return lw_medium_open(path, &b->medium, &b->fd, e);
}

void lw_own_bundle_close(struct lw_own_bundle *b)
{
	if (b->source.data && b->fd >= 0)
		(void)close(b->fd);
	free(b->offsets);
	lw_carried_release(&b->carried);
}
