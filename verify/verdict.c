/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/verdict.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>

const char *lw_outcome_name(enum lw_outcome o)
{
	static const char *const names[] = { "refused",	       "damaged", "incomplete",
					     "time-untrusted", "error",	  "accepted" };

	return (unsigned)o < LW_COUNT_OF(names) ? names[o] : "refused";
}

int lw_outcome_exit(enum lw_outcome o)
{
	static const int codes[] = { 3, 4, 5, 6, 1, 0 };

	return (unsigned)o < LW_COUNT_OF(codes) ? codes[o] : 3;
}

static char *safe(const char *text)
{
	char shown[512];

	return lw_strdup(lw_text_settle(text ? text : "", shown, sizeof(shown)));
}

/* A gate may judge again by another trust, and find the same. */
static bool is_told(const struct lw_verdict *v, const struct lw_finding *f)
{
	for (size_t i = 0; i < v->n_findings; i++) {
		const struct lw_finding *other = &v->findings[i];

		if (other->id == f->id && strcmp(other->object, f->object) == 0 &&
		    strcmp(other->expected, f->expected) == 0 &&
		    strcmp(other->found, f->found) == 0)
			return true;
	}
	return false;
}

static void release(struct lw_finding *f)
{
	free(f->object);
	free(f->expected);
	free(f->found);
}

void lw_verdict_add(struct lw_verdict *v, enum lw_finding_id id, const char *object,
		    const char *expected, const char *found)
{
	enum lw_gravity gravity = lw_finding_kind(id)->gravity;

	if (gravity > v->gravest)
		v->gravest = gravity;
	if (v->concluded && gravity > LW_NOTE && v->outcome == LW_ACCEPTED)
		v->outcome = LW_REFUSED;

	struct lw_finding f = {
		.id = id,
		.object = safe(object),
		.expected = safe(expected),
		.found = safe(found),
	};

	if (is_told(v, &f)) {
		release(&f);
	} else if (v->n_findings == LW_MAX_FINDINGS) {
		v->n_dropped++;
		release(&f);
	} else {
		v->findings =
			lw_realloc_array(v->findings, v->n_findings + 1, sizeof(*v->findings));
		v->findings[v->n_findings++] = f;
	}
}

void lw_verdict_addf(struct lw_verdict *v, enum lw_finding_id id, const char *object,
		     const char *expected, const char *fmt, ...)
{
	char found[1024];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(found, sizeof(found), fmt, ap) < 0)
		found[0] = '\0';
	va_end(ap);
	lw_verdict_add(v, id, object, expected, found);
}

void lw_verdict_pass(struct lw_verdict *v, enum lw_gate gate)
{
	for (size_t i = 0; i < v->n_findings; i++) {
		const struct lw_finding_kind *k = lw_finding_kind(v->findings[i].id);

		if (k->gate == gate && k->gravity > LW_NOTE)
			return;
	}
	v->passed |= 1u << gate;
}

bool lw_verdict_clear(const struct lw_verdict *v)
{
	return v->gravest == LW_NOTE;
}

enum lw_outcome lw_verdict_conclude(struct lw_verdict *v, unsigned gates)
{
	static const enum lw_outcome by_gravity[] = {
		[LW_INCOMPLETE] = LW_INCOMPLETE_SO_FAR,
		[LW_ERROR] = LW_FAILED,
		[LW_DAMAGE] = LW_DAMAGED,
		[LW_TIME] = LW_TIME_UNTRUSTED,
		[LW_REFUSAL] = LW_REFUSED,
	};

	if (v->gravest != LW_NOTE)
		v->outcome = by_gravity[v->gravest];
	else if (gates != 0 && (v->passed & gates) == gates)
		v->outcome = LW_ACCEPTED;
	else
		v->outcome = LW_REFUSED;
	v->concluded = true;
	return v->outcome;
}

const struct lw_finding *lw_verdict_reason(const struct lw_verdict *v)
{
	for (size_t i = 0; i < v->n_findings; i++)
		if (v->gravest > LW_NOTE &&
		    lw_finding_kind(v->findings[i].id)->gravity == v->gravest)
			return &v->findings[i];
	return NULL;
}

void lw_verdict_release(struct lw_verdict *v)
{
	for (size_t i = 0; i < v->n_findings; i++)
		release(&v->findings[i]);
	free(v->findings);
	*v = (struct lw_verdict){ 0 };
}
