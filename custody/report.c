/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/report.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define MOMENT_NSEC 5000000L
#define MOMENTS	    20

const char *lw_report_name(enum lw_report_what what)
{
	static const char *const names[] = {
		[LW_REPORT_MEDIUM] = "medium",	 [LW_REPORT_PULLED] = "pulled",
		[LW_REPORT_GATE] = "gate",	 [LW_REPORT_BYTES] = "bytes",
		[LW_REPORT_VERDICT] = "verdict", [LW_REPORT_NOTICE] = "notice",
	};

	return names[what];
}

void lw_report_set(char *to, size_t size, const char *text)
{
	(void)lw_text_settle(text ? text : "", to, size);
}

static void put_text(struct lw_json_writer *w, const char *key, const char *text)
{
	if (*text)
		lw_json_w_member(w, key, text);
}

static void put_number(struct lw_json_writer *w, const char *key, uint64_t n)
{
	if (n > 0 && n <= (uint64_t)LW_JSON_INTEGER_MAX)
		lw_json_w_member_integer(w, key, (int64_t)n);
}

void lw_report_write(const struct lw_report *r, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };

	lw_json_w_object(&w);
	put_text(&w, "bundle", r->bundle);
	put_number(&w, "bundles", r->bundles);
	put_text(&w, "code", r->code);
	put_number(&w, "done", r->done);
	put_text(&w, "expected", r->expected);
	lw_json_w_member(&w, "format", "landwaiter-report/1");
	put_text(&w, "found", r->found);
	if (r->gate != LW_GATE_NONE)
		lw_json_w_member(&w, "gate", lw_gate_name(r->gate));
	put_text(&w, "head", r->head);
	put_number(&w, "index", r->index);
	put_text(&w, "label", r->label);
	put_text(&w, "marking", r->marking);
	put_text(&w, "next", r->next);
	put_text(&w, "object", r->object);
	put_text(&w, "port", r->port);
	put_number(&w, "record", r->record);
	put_text(&w, "sender", r->sender);
	put_number(&w, "sequence", r->sequence);
	put_text(&w, "source", r->source);
	put_text(&w, "text", r->text);
	put_number(&w, "total", r->total);
	if (r->what == LW_REPORT_VERDICT)
		lw_json_w_member(&w, "verdict", lw_outcome_name(r->outcome));
	put_number(&w, "volume", r->volume);
	put_number(&w, "volumes", r->volumes);
	lw_json_w_member(&w, "what", lw_report_name(r->what));
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

void lw_report_send(const struct lw_report *r, const char *path)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	const struct timespec moment = { .tv_nsec = MOMENT_NSEC };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	lw_auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool passing = r->what == LW_REPORT_GATE || r->what == LW_REPORT_BYTES;
	unsigned tries = passing ? 1 : MOMENTS;

	if (fd < 0 || strlen(path) >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, strlen(path) + 1);
	lw_report_write(r, &b);
	while (sendto(fd, b.p, b.n, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to)) < 0 &&
	       errno == EAGAIN && --tries)
		(void)nanosleep(&moment, NULL);
}
