/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/remark.h"

#include "base/buf.h"
#include "base/mem.h"

const char *lw_severity_name(enum lw_severity s)
{
	return s == LW_SEVERITY_ERROR ? "error" : s == LW_SEVERITY_WARNING ? "warning" : "note";
}

void lw_remark(struct lw_remarks *r, enum lw_remark_id id, const char *where, const char *fmt,
	       ...)
{
	static const struct {
		const char *code;
		enum lw_severity severity;
	} kinds[] = {
#define LW_REMARK_ROW(id, code, severity) { code, LW_SEVERITY_##severity },
		LW_REMARKS(LW_REMARK_ROW)
#undef LW_REMARK_ROW
	};
	va_list ap;
	char *text = NULL;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort(); /* out of memory */
	r->list = lw_realloc_array(r->list, r->n + 1, sizeof(*r->list));
	r->list[r->n++] = (struct lw_remark){
		.severity = kinds[id].severity,
		.code = kinds[id].code,
		.where = lw_strdup(where),
		.text = text,
	};
}

size_t lw_remarks_count(const struct lw_remarks *r, enum lw_severity s)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->list[i].severity == s;
	return n;
}

void lw_remarks_release(struct lw_remarks *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->list[i].where);
		free(r->list[i].text);
	}
	free(r->list);
	*r = (struct lw_remarks){ 0 };
}
