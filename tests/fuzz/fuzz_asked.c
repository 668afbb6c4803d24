/* SPDX-License-Identifier: Apache-2.0 */

/* Requests of enclaves as a sender reads them: the four lines, which nobody's signature fits;
 * and what would be signed, which is written again to the same bytes. */

#include "base/mem.h"
#include "base/text.h"
#include "bundle/request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_lines(struct lw_span file)
{
	LW_AUTO(request) struct lw_request r = { 0 };
	LW_AUTO(key) struct lw_key *key = NULL;
	struct lw_error e = { 0 };
	int rc = lw_request_open(file, NULL, &r, &key, &e);

	if (rc < 0 && (-rc != (int)e.code || e.code == LW_E_INTERNAL || key || r.floors))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LW_AUTO(request) struct lw_request r = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_span in = lw_span(data, size);
	struct lw_error e = { 0 };
	int rc = lw_request_parse(lw_unproven_in_the_box(in), &r, &e);

	open_lines(in);
	if (rc < 0) {
		if (-rc != (int)e.code || e.code == LW_E_INTERNAL || r.floors || r.name[0])
			abort();
		return 0;
	}
	if (!lw_text_is_label(lw_span_str(r.name)) || r.expires <= r.created ||
	    r.n_floors > LW_MAX_SENDERS || r.head.known != 0)
		abort();
	for (size_t i = 0; i < r.n_floors; i++)
		if (!lw_text_is_label(lw_span_str(r.floors[i].sender)) ||
		    r.floors[i].sequence >= LW_MAX_SEQUENCE)
			abort();
	lw_request_write(&r, &again);
	if (!lw_span_equal(in, lw_buf_span(&again)))
		abort();
	return 0;
}
