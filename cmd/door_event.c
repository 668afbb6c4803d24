/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/door_event.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "cmd/reporting.h"

#define SHOWN 256 /* of a device's own text, escaped */

static const enum lw_finding_id findings[LW_DOOR_REASONS] = {
	[LW_DOOR_MALFORMED] = LW_FINDING_DOOR_MALFORMED,
	[LW_DOOR_COMPOSITE] = LW_FINDING_DOOR_COMPOSITE,
	[LW_DOOR_CLASS] = LW_FINDING_DOOR_CLASS,
	[LW_DOOR_HUB] = LW_FINDING_DOOR_HUB,
	[LW_DOOR_KEYBOARD] = LW_FINDING_DOOR_KEYBOARD,
	[LW_DOOR_PORT] = LW_FINDING_DOOR_PORT,
	[LW_DOOR_CHANGED] = LW_FINDING_DOOR_CHANGED,
	[LW_DOOR_SECOND] = LW_FINDING_DOOR_SECOND,
	[LW_DOOR_UNLISTED] = LW_FINDING_DOOR_UNLISTED,
	[LW_DOOR_SERIAL] = LW_FINDING_DOOR_SERIAL,
	[LW_DOOR_RETIRED] = LW_FINDING_DOOR_RETIRED,
	[LW_DOOR_LOST] = LW_FINDING_DOOR_LOST,
	[LW_DOOR_KERNEL] = LW_FINDING_DOOR_KERNEL,
	[LW_DOOR_FILE_SYSTEM] = LW_FINDING_DOOR_FILE_SYSTEM,
	[LW_DOOR_MEDIUM] = LW_FINDING_COUNT,
	[LW_DOOR_MEDIUM_UNLISTED] = LW_FINDING_DOOR_NOT_LISTED,
	[LW_DOOR_FIXTURE] = LW_FINDING_COUNT,
};

static const char *const happenings[] = {
	[LW_DOOR_AT_START] = "present-at-start",
	[LW_DOOR_PLUGGED] = "plugged",
	[LW_DOOR_DISK] = "disk",
	[LW_DOOR_CONTENT] = "content",
	[LW_DOOR_PULLED] = "pulled",
};

void lw_door_event_release(struct lw_door_event *event)
{
	lw_usb_device_release(&event->device);
}

static bool is_judged(const struct lw_door_event *event)
{
	return event->what != LW_DOOR_DISK && event->what != LW_DOOR_PULLED;
}

const struct lw_finding_kind *lw_door_finding(const struct lw_door_event *event)
{
	enum lw_finding_id id = findings[event->decision.reason];

	return is_judged(event) && id != LW_FINDING_COUNT ? lw_finding_kind(id) : NULL;
}

const char *lw_door_result(const struct lw_door_event *event)
{
	if (!is_judged(event))
		return "done";
	if (event->decision.let_in)
		return "accepted";
	return event->decision.reason == LW_DOOR_KERNEL ? "error" : "refused";
}

static const char *decision_of(const struct lw_door_event *event)
{
	return !is_judged(event)	? happenings[event->what]
	       : event->decision.let_in ? "let-in"
					: "refused";
}

static const char *shown(const struct lw_buf *text, char out[static SHOWN])
{
	return lw_text_escape(lw_buf_span(text), out, SHOWN);
}

static void member_id(struct lw_json_writer *w, const char *key, uint16_t id)
{
	char text[5];

	(void)snprintf(text, sizeof(text), "%04x", id);
	lw_json_w_member(w, key, text);
}

void lw_door_fill(struct lw_json_writer *w, const void *data)
{
	const struct lw_door_event *event = data;
	const struct lw_door_decision *d = &event->decision;
	const struct lw_usb_device *device = &event->device;
	const struct lw_finding_kind *f = lw_door_finding(event);
	char text[SHOWN];

	if (f)
		lw_json_w_member(w, "code", f->code);
	lw_json_w_member(w, "decision", decision_of(event));
	if (f && *d->expected)
		lw_json_w_member(w, "expected", d->expected);
	if (is_judged(event))
		lw_json_w_member(w, "found", d->found);
	if (*d->label)
		lw_json_w_member(w, "label", d->label);
	lw_json_w_member(w, "manufacturer", shown(&device->manufacturer, text));
	lw_json_w_member(w, "model", shown(&device->model, text));
	if (*d->owner)
		lw_json_w_member(w, "owner", d->owner);
	lw_json_w_member(w, "port", device->port);
	member_id(w, "product", device->shape.product);
	lw_json_w_member(w, "serial", shown(&device->serial, text));
	lw_json_w_key(w, "size");
	if (event->size_bytes && event->size_bytes <= (uint64_t)LW_JSON_INTEGER_MAX)
		lw_json_w_integer(w, (int64_t)event->size_bytes);
	else
		lw_json_w_null(w);
	lw_json_w_member(w, "speed", device->speed);
	lw_json_w_member_integer(w, "unrecorded", (int64_t)d->unrecorded);
	member_id(w, "vendor", device->shape.vendor);
	lw_json_w_member(w, "what", happenings[event->what]);
}

static void print_json(const struct lw_door_event *event)
{
	const struct lw_finding_kind *f = lw_door_finding(event);
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b };

	lw_json_w_object(&w);
	lw_json_w_member(&w, "format", "landwaiter-door-event/1");
	lw_json_w_key(&w, "record");
	if (event->record == LW_DOOR_NO_RECORD)
		lw_json_w_null(&w);
	else
		lw_json_w_integer(&w, (int64_t)event->record);
	lw_json_w_member(&w, "result", lw_door_result(event));
	lw_json_w_member(&w, "next", f ? f->next : "");
	lw_door_fill(&w, event);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&b));
}

static void print_words(const struct lw_door_event *event)
{
	static const char *const words[] = { "present at the start", "plugged in", "has a disk",
					     "what is on it", "pulled out" };
	const struct lw_door_decision *d = &event->decision;
	const struct lw_usb_device *device = &event->device;
	const struct lw_finding_kind *f = lw_door_finding(event);
	char model[SHOWN], serial[SHOWN], size[16];

	(void)printf("port %s: %s%s%s (%04x:%04x %s, serial %s%s%s): %s%s%s\n", device->port,
		     words[event->what], event->size_bytes ? " of " : "",
		     event->size_bytes ? lw_num_human_size(event->size_bytes, size) : "",
		     device->shape.vendor, device->shape.product, shown(&device->model, model),
		     shown(&device->serial, serial), *d->label ? ", " : "", d->label,
		     !is_judged(event) ? "noted"
		     : d->let_in       ? "LET IN"
				       : "REFUSED",
		     f ? ", " : "", f ? f->code : "");
	if (f)
		(void)printf("  expected: %s\n  found:    %s\n  next:     %s\n", d->expected,
			     d->found, f->next);
	if (event->record == LW_DOOR_NO_RECORD)
		(void)printf("  no record: there is no book yet\n");
	else
		(void)printf("  record %llu\n", (unsigned long long)event->record);
}

void lw_door_print(const struct lw_door_event *event, bool json)
{
	if (json)
		print_json(event);
	else
		print_words(event);
	(void)fflush(stdout);
}

static void report_refusal(const struct lw_door_event *event)
{
	const struct lw_finding_kind *f = lw_door_finding(event);
	const struct lw_door_decision *d = &event->decision;
	struct lw_report r = { .what = LW_REPORT_VERDICT,
			       .gate = LW_GATE_DOOR,
			       .outcome = d->reason == LW_DOOR_KERNEL ? LW_FAILED : LW_REFUSED,
			       .record = event->record };
	char model[SHOWN], serial[SHOWN];
	lw_auto_free char *object = lw_asprintf("port %s: %s, serial %s", event->device.port,
						shown(&event->device.model, model),
						shown(&event->device.serial, serial));

	lw_report_set(r.code, sizeof(r.code), f ? f->code : "");
	lw_report_set(r.next, sizeof(r.next), f ? f->next : "");
	lw_report_set(r.object, sizeof(r.object), object);
	lw_report_set(r.expected, sizeof(r.expected), d->expected);
	lw_report_set(r.found, sizeof(r.found), d->found);
	lw_report_set(r.label, sizeof(r.label), d->label);
	lw_report_set(r.port, sizeof(r.port), event->device.port);
	(void)lw_head_text(&event->head, r.head);
	lw_reporting_send(&r);
}

void lw_door_report(const struct lw_door_event *event)
{
	bool medium = event->decision.let_in && event->decision.reason != LW_DOOR_FIXTURE;
	struct lw_report r = { .what = is_judged(event) && medium ? LW_REPORT_MEDIUM
								  : LW_REPORT_PULLED };

	if (event->what == LW_DOOR_DISK || event->decision.reason == LW_DOOR_FIXTURE)
		return;
	lw_report_set(r.port, sizeof(r.port), event->device.port);
	lw_report_set(r.label, sizeof(r.label), event->decision.label);
	lw_reporting_send(&r);
	if (is_judged(event) && !event->decision.let_in)
		report_refusal(event);
}
