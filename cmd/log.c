/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/limits.h"
#include "base/num.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char *arg_head, *arg_file, *arg_count;

static const struct lw_option options[] = {
	{ "head", 0, LW_OPTION_TEXT, "N:HASH", &arg_head,
	  "verify: a head written down before, which must be in the book" },
	{ "file", 'f', LW_OPTION_TEXT, "FILE", &arg_file,
	  "export: write there instead of to standard output" },
	{ "count", 'n', LW_OPTION_TEXT, "N", &arg_count,
	  "show: the last N records; 10 by default" },
	{ 0 },
};

struct record_fields {
	uint64_t index;
	const char *event, *result, *reason;
	const struct lw_json *time;
};

static int print_record(struct lw_span leaf, struct lw_error *e)
{
	struct {
		const char *utc;
	} t = { "unknown" };
	struct record_fields f = { .reason = "" };
	static const struct lw_json_field record[] = {
		{ .name = "event",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct record_fields, event) },
		{ .name = "index",
		  .reader = LW_JSON_READ_U64,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct record_fields, index) },
		{ .name = "reason",
		  .reader = LW_JSON_READ_STRING,
		  .offset = offsetof(struct record_fields, reason) },
		{ .name = "result",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct record_fields, result) },
		{ .name = "time",
		  .reader = LW_JSON_READ_OBJECT,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct record_fields, time) },
	};
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r = lw_json_parse(leaf, &LW_JSON_STRICT, &doc, e);

	if (r == 0)
		r = lw_json_read(lw_json_root(doc), record, LW_COUNT_OF(record),
				 LW_JSON_IGNORE_UNKNOWN, "record", &f, e);
	if (r < 0)
		return r;
	for (const struct lw_json *m = lw_json_first(f.time); m; m = lw_json_next(m))
		if (strcmp(lw_json_key(m), "utc") == 0 && lw_json_string(m))
			t.utc = lw_json_string(m);
	(void)printf("%6llu  %s  %-12s %-10s %s\n", (unsigned long long)f.index, t.utc, f.event,
		     f.result, f.reason);
	return 0;
}

static int show(struct lw_enclave *enclave, struct lw_error *e)
{
	uint64_t n = 0, count = 10;
	struct lw_head head;
	int r = arg_count ? lw_num_u64(lw_span_str(arg_count), 1, 1000000, &count, e) : 0;

	if (r < 0)
		return lw_command_misused(e, "--count");
	r = lw_record_head(enclave->state, &head, e);
	n = head.count;
	for (uint64_t i = n > count ? n - count : 0; r == 0 && i < n; i++) {
		LW_AUTO(buf) struct lw_buf leaf = { 0 };

		r = lw_state_record_get(enclave->state, i, &leaf, e);
		if (r == -LW_E_NOTFOUND) /* a hole */
			r = lw_fail_as(e, LW_E_STATE);
		if (r == 0 && lw_arg_json)
			(void)printf("%s\n", lw_buf_str(&leaf));
		else if (r == 0)
			r = print_record(lw_buf_span(&leaf), e);
	}
	if (r == 0)
		lw_print_head(&head);
	return r;
}

static int export(struct lw_enclave *enclave, struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	int r;

	if (!arg_file)
		return lw_log_export(enclave->state, STDOUT_FILENO, e);
	fd = open(arg_file, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		return lw_fail_errno(e, "%s", arg_file);
	r = lw_log_export(enclave->state, fd, e);
	return r < 0 ? r : lw_fs_sync(fd, arg_file, e);
}

static int verify(const char *file, struct lw_error *e)
{
	struct lw_log_check check = { 0 };
	struct lw_head expected = { 0 };
	lw_auto_fd int fd = -1;
	char head[LW_HEAD_TEXT];
	int r = arg_head ? lw_head_parse(lw_span_str(arg_head), &expected, e) : 0;

	if (r < 0)
		return lw_command_misused(e, "--head");
	r = lw_fs_open_input(file, &fd, NULL, e);
	if (r < 0)
		return r;
	r = lw_log_check_file(fd, arg_head ? &expected : NULL, &check, e);
	if (r < 0)
		return lw_prefix(e, "%s", file);
	lw_head_text(&check.head, head);
	if (lw_arg_json)
		(void)printf(
			"{\"format\":\"landwaiter-log/1\",\"head\":\"%s\",\"records\":%llu}\n",
			head, (unsigned long long)check.head.count);
	else
		(void)printf("%llu records, each linked to the one before\nhead %s\n",
			     (unsigned long long)check.head.count, head);
	/* A head of nothing vouches for nothing. */
	if (!arg_head || expected.count == 0)
		(void)fprintf(stderr, "without --head nothing vouches for the last record\n");
	return 0;
}

/* A book that does not hold is a refusal, whatever is wrong with it. */
static int verify_failed(const struct lw_error *e)
{
	int code = lw_command_failed(e);

	return code == LW_EXIT_SYSTEM || code == LW_EXIT_USAGE ? code : LW_EXIT_REFUSED;
}

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_error e = { 0 };
	int code;

	if (strcmp(objects[0], "verify") == 0) {
		if (n != 2)
			return lw_command_usage("want: log verify FILE [--head N:HASH]");
		return verify(objects[1], &e) < 0 ? verify_failed(&e) : LW_EXIT_DONE;
	}
	if (n != 1 || (strcmp(objects[0], "show") != 0 && strcmp(objects[0], "export") != 0))
		return lw_command_usage("want show, export, or verify FILE");
	code = lw_command_enclave(LW_STATE_READ, &enclave);
	if (code != LW_EXIT_DONE)
		return code;
	if ((strcmp(objects[0], "show") == 0 ? show(enclave, &e) : export(enclave, &e)) < 0)
		return lw_command_failed(&e);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_log = {
	"log",
	"show | export | verify FILE",
	"The book: look at it, take it out, prove it.",
	options,
	1,
	2,
	run,
};
