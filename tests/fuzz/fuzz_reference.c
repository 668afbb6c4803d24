/* SPDX-License-Identifier: Apache-2.0 */

/* Image names: what is accepted is printable ASCII, is its own text again, and keeps its caps.
 */

#include "image/reference.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_reference r, again;
	struct lw_error e;
	char text[LW_MAX_REFERENCE + 1];

	if (lw_reference_parse(lw_span(data, size), &r, &e) < 0)
		return 0;
	(void)lw_reference_text(&r, text);
	if (strlen(text) != size || memcmp(text, data, size) != 0)
		abort();
	for (size_t i = 0; i < size; i++)
		if (data[i] <= ' ' || data[i] > '~' || data[i] == '@' || data[i] == '\\')
			abort();
	if (strlen(r.repository) > LW_MAX_REPOSITORY || !strchr(r.repository, '/') ||
	    strstr(r.repository, ".."))
		abort();
	if (*r.tag && !lw_reference_is_tag(lw_span_str(r.tag)))
		abort();
	if (lw_reference_parse(lw_span_str(text), &again, &e) < 0 ||
	    strcmp(r.repository, again.repository) != 0 || strcmp(r.tag, again.tag) != 0)
		abort();
	return 0;
}
