/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ipc.h"
#include "base/jail.h"
#include "base/json.h"
#include "base/num.h"
#include "base/text.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"
#include "registry/answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *arg_listen, *arg_access_log;

static const struct lw_option options[] = {
	{ "listen", 0, LW_OPTION_TEXT, "ADDRESS:PORT", &arg_listen,
	  "where; 127.0.0.1:5000 by default. A loopback address; port 0: any that is free" },
	{ "access-log", 0, LW_OPTION_TEXT, "FILE", &arg_access_log,
	  "append a line of JSON for each request; - for standard output" },
	{ 0 },
};

/* ---- the socket ---- */

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} u;
	socklen_t n;
};

static bool is_loopback(const struct address *a)
{
	return a->u.any.sa_family == AF_INET ? ntohl(a->u.v4.sin_addr.s_addr) >> 24 == 127
					     : IN6_IS_ADDR_LOOPBACK(&a->u.v6.sin6_addr);
}

/* "127.0.0.1:5000", "[::1]:5000". */
static int parse_address(const char *text, struct address *ret, struct lw_error *e)
{
	const char *colon = strrchr(text, ':');
	bool v6 = text[0] == '[';
	uint64_t port = 0;
	int good;

	if (!colon || (v6 && colon[-1] != ']'))
		return lw_fail(e, LW_E_USAGE, "want ADDRESS:PORT");
	lw_auto_free char *host = v6 ? lw_strndup(text + 1, (size_t)(colon - text) - 2)
				     : lw_strndup(text, (size_t)(colon - text));

	if (lw_num_u64(lw_span_str(colon + 1), 0, 65535, &port, e) < 0)
		return lw_fail(e, LW_E_USAGE, "want a port up to 65535");
	if (v6) {
		ret->u.v6.sin6_family = AF_INET6;
		ret->u.v6.sin6_port = htons((uint16_t)port);
		ret->n = sizeof(ret->u.v6);
		good = inet_pton(AF_INET6, host, &ret->u.v6.sin6_addr);
	} else {
		ret->u.v4.sin_family = AF_INET;
		ret->u.v4.sin_port = htons((uint16_t)port);
		ret->n = sizeof(ret->u.v4);
		good = inet_pton(AF_INET, host, &ret->u.v4.sin_addr);
	}
	if (good != 1)
		return lw_fail(e, LW_E_USAGE, "want a numeric address");
	return is_loopback(ret)
		       ? 0
		       : lw_fail(e, LW_E_USAGE, "plain HTTP is for loopback addresses alone");
}

static int open_listener(int *ret, char shown[80], struct lw_error *e)
{
	struct address a = { 0 };
	/* A slow client does not hold more than this of the kernel's memory. */
	const int yes = 1, unsent = 256 << 10;
	char host[INET6_ADDRSTRLEN];
	int r = parse_address(arg_listen ? arg_listen : "127.0.0.1:5000", &a, e);

	if (r < 0)
		return lw_command_misused(e, "--listen");
	*ret = socket(a.u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*ret < 0 || setsockopt(*ret, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    setsockopt(*ret, SOL_SOCKET, SO_SNDBUF, &unsent, sizeof(unsent)) < 0 ||
	    bind(*ret, &a.u.any, a.n) < 0 || listen(*ret, 128) < 0 ||
	    getsockname(*ret, &a.u.any, &a.n) < 0)
		return lw_fail_errno(e, "listening at %s",
				     arg_listen ? arg_listen : "127.0.0.1:5000");
	if (a.u.any.sa_family == AF_INET)
		(void)snprintf(shown, 80, "%s:%u",
			       inet_ntop(AF_INET, &a.u.v4.sin_addr, host, sizeof(host)),
			       ntohs(a.u.v4.sin_port));
	else
		(void)snprintf(shown, 80, "[%s]:%u",
			       inet_ntop(AF_INET6, &a.u.v6.sin6_addr, host, sizeof(host)),
			       ntohs(a.u.v6.sin6_port));
	return 0;
}

/* ---- the process that speaks HTTP ---- */

static int start(int listener, struct lw_jail_child *child, struct lw_error *e)
{
	lw_auto_free char *program = NULL;
	LW_AUTO(buf) struct lw_buf storage = { 0 };
	struct lw_ipc_frame frame = { .fd = -1 };
	int r = lw_jail_program("landwaiter-serve", &program, e);

	if (r == 0)
		r = lw_jail_spawn(program, "landwaiter-serve", child, e);
	if (r == 0)
		r = lw_ipc_send(child->socket, LW_REGISTRY_LISTEN, lw_span(NULL, 0), listener,
				e);
	if (r == 0)
		r = lw_ipc_receive_plain(child->socket, 4096, 20, &storage, &frame, e);
	if (r == 0 && frame.type != LW_REGISTRY_READY)
		r = lw_fail(e, LW_E_JAIL, "landwaiter-serve did not start");
	return r;
}

/* ---- the book, and the log ---- */

/* The enclave is open to be read; for the record it is opened to be written, if nobody else
 * does just now. Either way it is told. */
static int alarm_blob(void *data, const struct lw_digest *d, const char *why)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_error e = { 0 };
	struct lw_clock now;
	char text[LW_DIGEST_TEXT], shown[512];
	int r = lw_clock_system(&now, &e);

	(void)data;
	if (r == 0)
		r = lw_enclave_open(lw_arg_enclave, LW_STATE_WRITE, &now, &enclave, &e);
	if (r == 0)
		r = lw_enclave_alarm(enclave, d, why, &now, &e);
	(void)fprintf(
		stderr,
		"landwaiter: ALARM: blob %s is not served: %s; `landwaiter repair BUNDLE` "
		"brings it back%s%s\n",
		lw_digest_text(d, text), lw_text_escape_str(why, shown, sizeof(shown)),
		r < 0 ? "; not in the book yet: " : "", r < 0 ? e.text : "");
	return r;
}

static void write_log(FILE *out, const struct lw_request_log *l)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	char time[LW_TIME_TEXT], safe[3][2 * LW_MAX_REGISTRY_WORD];
	struct lw_clock now = { 0 };
	struct lw_error ignored;
	static bool silent; /* it could not be written, and that was said */
	bool good;

	if (!out)
		return;
	(void)!lw_clock_system(&now, &ignored);
	lw_json_w_object(&w);
	/* Its numbers are the other's word: no more than JSON can say. */
	lw_json_w_member_integer(&w, "bytes", (int64_t)(l->bytes & INT64_MAX >> 10));
	lw_json_w_member(&w, "client", lw_text_escape_str(l->client, safe[0], sizeof(safe[0])));
	lw_json_w_member(&w, "method", lw_text_escape_str(l->method, safe[1], sizeof(safe[1])));
	lw_json_w_member_integer(&w, "microseconds",
				 (int64_t)(l->microseconds & INT64_MAX >> 10));
	lw_json_w_member(&w, "path", lw_text_escape_str(l->path, safe[2], sizeof(safe[2])));
	lw_json_w_member_integer(&w, "status", l->status);
	lw_json_w_member(&w, "time", lw_time_format(now.wall_sec, time));
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	good = fprintf(out, "%s\n", lw_buf_str(&b)) > 0 && fflush(out) == 0;
	if (!good && !silent)
		(void)fprintf(stderr, "landwaiter: the access log cannot be written: %s\n",
			      strerror(errno));
	silent = !good;
	clearerr(out);
}

/* ---- the loop ---- */

static int serve_one(struct lw_answerer *answerer, const struct lw_ipc_frame *frame, int socket,
		     FILE *log, struct lw_error *e)
{
	LW_AUTO(question) struct lw_question q = { 0 };
	LW_AUTO(request_log) struct lw_request_log l = { 0 };
	LW_AUTO(answer) struct lw_answer a = { 0 };
	LW_AUTO(buf) struct lw_buf body = { 0 };
	int r;

	if (frame->type == LW_REGISTRY_LOG) {
		r = lw_request_log_take(frame->body, &l, e);
		if (r == 0)
			write_log(log, &l);
		return r;
	}
	if (frame->type != LW_REGISTRY_QUESTION)
		return lw_fail(e, LW_E_JAIL, "landwaiter-serve said something unexpected");
	r = lw_question_take(frame->body, &q, e);
	if (r < 0)
		return r;
	r = lw_answerer_answer(answerer, &q, &a, e);
	lw_answer_put(&a, &body);
	return r == 0 ? lw_ipc_send(socket, LW_REGISTRY_ANSWER, lw_buf_span(&body), -1, e) : r;
}

static int serve(struct lw_answerer *answerer, int socket, FILE *log, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf storage = { 0 };
	int r = 0;

	while (r == 0) {
		struct lw_ipc_frame frame;

		r = lw_ipc_receive_plain(socket, LW_KIB << 4, -1, &storage, &frame, e);
		if (r == -LW_E_NOTFOUND)
			return lw_fail(e, LW_E_STATE, "landwaiter-serve has ended");
		if (r == 0)
			r = serve_one(answerer, &frame, socket, log, e);
	}
	return r;
}

static int open_log(FILE **ret, struct lw_error *e)
{
	if (arg_access_log && strcmp(arg_access_log, "-") == 0)
		*ret = stdout;
	else if (arg_access_log)
		*ret = fopen(arg_access_log, "ae");
	return arg_access_log && !*ret ? lw_fail_errno(e, "%s", arg_access_log) : 0;
}

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(answerer) struct lw_answerer *answerer = NULL;
	LW_AUTO(jail_child) struct lw_jail_child child = { .socket = -1 };
	struct lw_answer_options o = { .alarm = alarm_blob };
	lw_auto_fd int listener = -1;
	FILE *log = NULL;
	struct lw_error e = { 0 };
	char where[80];
	size_t repositories = 0;
	int code = lw_command_enclave(LW_STATE_READ, &enclave), r;

	(void)n;
	(void)objects;
	if (code != LW_EXIT_DONE)
		return code;
	/* Parts of blobs come and go: their memory is kept, not asked of the kernel each time.
	 */
	(void)mallopt(M_MMAP_THRESHOLD, 4 << 20);
	(void)mallopt(M_TRIM_THRESHOLD, 16 << 20);
	lw_command_ignore(SIGPIPE); /* who reads the log may go away; that is said */
	o.enclave = enclave;
	r = open_log(&log, &e);
	if (r == 0)
		r = open_listener(&listener, where, &e);
	if (r == 0)
		r = lw_answerer_open(&o, &answerer, &repositories, &e);
	if (r == 0)
		r = start(listener, &child, &e);
	if (r < 0)
		return lw_command_failed(&e);
	lw_command_say("serving http://%s/ (repositories: %zu)", where, repositories);
	r = serve(answerer, child.socket, log, &e);
	if (log && log != stdout)
		(void)fclose(log);
	return r < 0 ? lw_command_failed(&e) : LW_EXIT_DONE;
}

const struct lw_verb lw_verb_serve = {
	"serve", "",  "Serve the accepted images, read-only, to registry clients.", options, 0,
	0,	 run,
};
