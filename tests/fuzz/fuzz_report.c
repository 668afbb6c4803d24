/* SPDX-License-Identifier: Apache-2.0 */

/* What the status service takes for a report, and the console for a status: what is read is the
 * same when it is written and read again, and holds nothing that a terminal would obey. */

#include "base/mem.h"
#include "base/text.h"
#include "custody/status.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_plain(const char *text)
{
	if (!lw_text_is_plain(lw_span_str(text)))
		abort();
}

static void report(struct lw_span bytes)
{
	LW_AUTO(buf) struct lw_buf again = { 0 }, third = { 0 };
	struct lw_report r, s;
	struct lw_error e;

	if (lw_report_parse(bytes, &r, &e) < 0)
		return;
	must_be_plain(r.bundle);
	must_be_plain(r.label);
	must_be_plain(r.marking);
	must_be_plain(r.found);
	must_be_plain(r.text);
	must_be_plain(r.next);
	lw_report_write(&r, &again);
	if (again.n > LW_MAX_REPORT_BYTES || lw_report_parse(lw_buf_span(&again), &s, &e) < 0)
		abort();
	lw_report_write(&s, &third);
	if (!lw_span_equal(lw_buf_span(&again), lw_buf_span(&third)))
		abort();
}

static void status(struct lw_span bytes)
{
	LW_AUTO(buf) struct lw_buf again = { 0 }, third = { 0 };
	static struct lw_status s, t;
	struct lw_error e;

	if (lw_status_parse(bytes, &s, &e) < 0)
		return;
	must_be_plain(s.enclave.why);
	must_be_plain(s.last.report.found);
	lw_status_write(&s, &again);
	if (again.n > LW_MAX_STATUS_BYTES || lw_status_parse(lw_buf_span(&again), &t, &e) < 0)
		abort();
	lw_status_write(&t, &third);
	if (!lw_span_equal(lw_buf_span(&again), lw_buf_span(&third)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	report(lw_span(data, size));
	status(lw_span(data, size));
	return 0;
}
