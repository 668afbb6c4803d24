/* SPDX-License-Identifier: Apache-2.0 */
/* `request`: the enclave asks for a bundle. */
#include "base/fs.h"
#include "base/json.h"
#include "base/num.h"
#include "bundle/ask.h"
#include "cmd/qr.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LASTING "P30D"

static const char *arg_file, *arg_expires, *arg_by;
static struct lw_list arg_senders;
static bool arg_nonce_only, arg_qr;

static const struct lw_option options[] = {
	{ "file", 'O', LW_OPTION_TEXT, "FILE", &arg_file, "write it there" },
	{ "nonce-only", 0, LW_OPTION_FLAG, NULL, &arg_nonce_only,
	  "only the nonce, in nine groups to be typed" },
	{ "qr", 0, LW_OPTION_FLAG, NULL, &arg_qr,
	  "print a QR code of it, also where the output is no terminal" },
	{ "expires", 0, LW_OPTION_TEXT, LASTING, &arg_expires,
	  "how long an answer is taken; 30 days by default" },
	{ "sender", 0, LW_OPTION_LIST, "S", &arg_senders,
	  "tell the floor of this sender; otherwise of all" },
	{ "by", 0, LW_OPTION_TEXT, "NAME", &arg_by, "who asks" },
	{ 0 },
};

/* Columns of the terminal that is standard output; 0: it is none, or does not say. */
static size_t terminal_columns(void)
{
	struct winsize size = { 0 };

	return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0
		       ? size.ws_col
		       : 0;
}

/* What cannot be drawn is no failure: the text is there. */
static void print_qr(struct lw_span bytes)
{
	LW_AUTO(buf) struct lw_buf code = { 0 };
	const char *term = getenv("TERM");
	bool terminal = isatty(STDOUT_FILENO);
	size_t columns = 0, have = terminal_columns();
	struct lw_error e = { 0 };

	if (!arg_qr && (!terminal || (term && strcmp(term, "dumb") == 0)))
		return;
	if (lw_qr_write(bytes, terminal, &code, &columns, &e) < 0)
		lw_command_say("%s: --sender makes it shorter, --nonce-only shortest", e.text);
	else if (!arg_qr && have > 0 && columns > have)
		lw_command_say("its QR code is %zu columns wide, this terminal has %zu: use a "
			       "smaller letter, or --nonce-only",
			       columns, have);
	else
		(void)fputs(lw_buf_str(&code), stdout);
}

static void print_json(const struct lw_request *r, const struct lw_buf *text,
		       const struct lw_head *head)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	char nonce[LW_NONCE_TYPED], time[LW_TIME_TEXT], where[LW_HEAD_TEXT];

	lw_json_w_object(&w);
	lw_json_w_member(&w, "expires", lw_time_format(r->expires, time));
	lw_json_w_member(&w, "format", "landwaiter-asked/1");
	lw_json_w_member(&w, "head", lw_head_text(head, where));
	lw_json_w_member_integer(&w, "index", (int64_t)head->count - 1);
	lw_json_w_member(&w, "nonce", lw_nonce_typed(&r->nonce, nonce));
	lw_json_w_key(&w, "request");
	if (arg_nonce_only)
		lw_json_w_null(&w);
	else
		lw_json_w_string(&w, lw_buf_str(text));
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&b));
}

/* It is open by now: if it cannot be handed out, that is said. */
static int hand_out(const struct lw_request *r, const struct lw_buf *text,
		    const struct lw_head *head, struct lw_error *e)
{
	char nonce[LW_NONCE_TYPED], time[LW_TIME_TEXT];
	struct lw_span bytes = lw_buf_span(text);
	int rc = arg_file ? lw_fs_create_path(arg_file, bytes, 0644, e) : 0;

	lw_nonce_typed(&r->nonce, nonce);
	if (rc < 0)
		return lw_prefix(e, "request %s is open, but not written", nonce);
	if (lw_arg_json) {
		print_json(r, text, head);
	} else {
		if (!arg_file)
			(void)fputs(lw_buf_str(text), stdout);
		else
			(void)printf("%s\n", nonce);
		/* typed words need no line feed at their end */
		print_qr(lw_span(bytes.p, arg_nonce_only ? bytes.n - 1 : bytes.n));
	}
	(void)fflush(stdout);
	lw_command_say("request %s: an answer is taken until %s", nonce,
		       lw_time_format(r->expires, time));
	lw_print_head(head);
	return 0;
}

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(request) struct lw_request request = { 0 };
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_ask_options o = { .senders = arg_senders.list,
				    .n_senders = arg_senders.n,
				    .by = arg_by };
	struct lw_record_time time;
	struct lw_clock clock;
	struct lw_head head = { 0 };
	struct lw_error e = { 0 };
	char nonce[LW_NONCE_TYPED];
	int code, r;

	(void)n;
	(void)objects;
	if (lw_num_duration(lw_span_str(arg_expires ? arg_expires : LASTING), &o.valid_sec,
			    &e) < 0)
		return lw_command_usage("--expires: %s", e.text);
	if (arg_file && faccessat(AT_FDCWD, arg_file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return lw_command_usage("-O: %s is there already", arg_file);
	code = lw_command_enclave(LW_STATE_BOOK, &enclave);
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_command_record_time(enclave, &clock, &time, &e);
	if (r == 0)
		r = lw_ask(enclave, &o, &time, &request, arg_nonce_only ? NULL : &text, &head,
			   &e);
	if (r == 0 && arg_nonce_only)
		lw_buf_printf(&text, "%s\n", lw_nonce_typed(&request.nonce, nonce));
	if (r == 0)
		r = hand_out(&request, &text, &head, &e);
	return r < 0 ? lw_command_failed(&e) : LW_EXIT_DONE;
}

const struct lw_verb lw_verb_request = {
	"request",
	"",
	"Ask for a bundle: print a request, which the bundle that comes will answer.",
	options,
	0,
	0,
	run,
};
