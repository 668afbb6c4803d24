/* SPDX-License-Identifier: Apache-2.0 */

/* Contents: what parses is written again to the same bytes, is in order, speaks of every
 * mechanism for each subject, and makes an index.json that reads as a layout's. */

#include "base/mem.h"
#include "base/text.h"
#include "bundle/contents.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_image(const struct lw_image *image)
{
	if (!lw_text_is_plain(lw_span_str(image->source)) ||
	    lw_media_kind(image->media_type) == LW_MEDIA_OTHER || image->n_subjects == 0)
		abort();
	for (size_t i = 1; i < image->n_subjects; i++)
		if (lw_digest_compare(&image->subjects[i - 1], &image->subjects[i]) >= 0)
			abort();
	for (size_t i = 1; i < image->n_omitted; i++)
		if (lw_digest_compare(&image->omitted[i - 1], &image->omitted[i]) >= 0)
			abort();
	for (size_t i = 1; i < image->n_evidence; i++)
		if (lw_evidence_compare(&image->evidence[i - 1], &image->evidence[i]) >= 0)
			abort();
	for (size_t i = 0; i < image->n_platforms; i++)
		if (!lw_text_is_plain(lw_span_str(image->platforms[i])))
			abort();
}

static void check_index(const struct lw_contents *c)
{
	LW_AUTO(buf) struct lw_buf index = { 0 };
	LW_AUTO(document) struct lw_document *d = NULL;
	struct lw_error e = { 0 };

	lw_contents_write_index(c, &index);
	if (lw_document_parse_layout_index(lw_buf_span(&index), &d, &e) < 0)
		abort();
	if (d->n_children < 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LW_AUTO(buf) struct lw_buf again = { 0 };
	LW_AUTO(contents) struct lw_contents c = { 0 };
	struct lw_error e = { 0 };
	int r = lw_contents_parse(lw_unproven_in_the_box(lw_span(data, size)), &c, &e);

	if (r < 0) {
		if (-r != (int)e.code || e.code == LW_E_INTERNAL || c.n_images || c.images)
			abort();
		return 0;
	}
	if (c.n_images == 0 || c.entries_blobs > LW_MAX_ENTRIES ||
	    c.entries_bytes > LW_MAX_ENTRIES_BYTES)
		abort();
	for (size_t i = 0; i < c.n_images; i++)
		check_image(&c.images[i]);
	lw_contents_write(&c, &again);
	if (!lw_span_equal(lw_span(data, size), lw_buf_span(&again)))
		abort();
	check_index(&c);
	return 0;
}
