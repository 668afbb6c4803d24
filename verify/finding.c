/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/finding.h"

#include <stddef.h>

static const struct lw_finding_kind kinds[LW_FINDING_COUNT] = {
#define LW_FINDING_ROW(id, code, gate, gravity, next)                                          \
	[LW_FINDING_##id] = { code, LW_GATE_##gate, LW_##gravity, next },
	LW_FINDINGS(LW_FINDING_ROW)
#undef LW_FINDING_ROW
};

const struct lw_finding_kind *lw_finding_kind(enum lw_finding_id id)
{
	/* An id that does not exist is our bug; it must not read as a mere note. */
	return &kinds[(unsigned)id < LW_FINDING_COUNT ? id : LW_FINDING_SYSTEM_ERROR];
}

const char *lw_gate_name(enum lw_gate g)
{
	static const char *const names[] = { "none",	"door",	    "seal",  "freshness",
					     "content", "evidence", "commit" };

	return (unsigned)g < sizeof(names) / sizeof(names[0]) ? names[g] : "none";
}

const char *lw_gravity_name(enum lw_gravity g)
{
	static const char *const names[] = { "note",   "incomplete", "error",
					     "damage", "time",	     "refusal" };

	return (unsigned)g < sizeof(names) / sizeof(names[0]) ? names[g] : "refusal";
}
