/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Manifests, indexes, a layout's index.json and oci-layout. The first byte says what the rest
 * is read as. Whatever is accepted must cross a box's wall unchanged; and as what a broken box
 * sends, the bytes must be taken whole or not at all.
 */

#include "base/mem.h"
#include "image/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const media[] = {
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
	"",
	LW_MEDIA_TYPE_LAYOUT,
};

static void check_crossing(const struct lw_document *d)
{
	LW_AUTO(document) struct lw_document *again = NULL;
	LW_AUTO(buf) struct lw_buf one = { 0 };
	LW_AUTO(buf) struct lw_buf two = { 0 };
	struct lw_error e;

	lw_document_put(d, &one);
	struct lw_span body = lw_buf_span(&one);
	if (lw_document_take(&body, &again, &e) < 0 || body.n)
		abort();
	lw_document_put(again, &two);
	if (!lw_span_equal(lw_buf_span(&one), lw_buf_span(&two)))
		abort();
}

/* A document is one thing: its children are of one kind. */
static void check_document(const struct lw_document *d)
{
	if (!*d->media_type && d->kind != LW_MEDIA_OTHER)
		abort();
	if (lw_document_child(d, LW_CHILD_LAYER) && lw_document_child(d, LW_CHILD_MANIFEST))
		abort();
	if ((d->kind == LW_MEDIA_MANIFEST) != (lw_document_child(d, LW_CHILD_CONFIG) != NULL))
		abort();
	check_crossing(d);
}

static void check_taking(struct lw_span bytes)
{
	LW_AUTO(document) struct lw_document *d = NULL;
	struct lw_span rest = bytes;
	struct lw_error e;

	if (lw_document_take(&rest, &d, &e) < 0) {
		if (d || rest.p != bytes.p || rest.n != bytes.n)
			abort();
		return;
	}
	check_document(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LW_AUTO(document) struct lw_document *d = NULL;
	struct lw_error e;
	int r;

	if (size == 0)
		return 0;

	struct lw_span bytes = lw_span(data + 1, size - 1);
	const size_t as = (size_t)(data[0] & 7);

	if (as == 7) {
		check_taking(bytes);
		return 0;
	}
	r = as < LW_COUNT_OF(media) ? lw_document_parse(bytes, media[as], &d, &e)
				    : lw_document_parse_layout_index(bytes, &d, &e);
	if (r == 0)
		check_document(d);
	else if (d || -r != (int)e.code || e.code == LW_E_INTERNAL)
		abort();
	return 0;
}
