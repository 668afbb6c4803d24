/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/ipc.h"
#include "base/jail.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/text.h"
#include "cmd/notify.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"
#include "registry/answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *arg_listen, *arg_access_log, *arg_tls_cert, *arg_tls_key, *arg_client_ca,
	*arg_htpasswd;

static const struct lw_option options[] = {
	{ "listen", 0, LW_OPTION_TEXT, "ADDRESS:PORT", &arg_listen,
	  "where; 127.0.0.1:5000 by default. Without TLS a loopback address; port 0: any that is "
	  "free" },
	{ "tls-cert", 0, LW_OPTION_TEXT, "FILE", &arg_tls_cert,
	  "speak TLS with this certificate (PEM, with what leads to its CA)" },
	{ "tls-key", 0, LW_OPTION_TEXT, "FILE", &arg_tls_key,
	  "its private key (PEM, not encrypted, of mode 600)" },
	{ "client-ca", 0, LW_OPTION_TEXT, "FILE", &arg_client_ca,
	  "hear only clients that show a certificate of this CA (PEM)" },
	{ "htpasswd", 0, LW_OPTION_TEXT, "FILE", &arg_htpasswd,
	  "hear only who has a name and a password there (bcrypt, `htpasswd -B`)" },
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
	return arg_tls_cert || is_loopback(ret)
		       ? 0
		       : lw_fail(e, LW_E_USAGE,
				 "plain HTTP is for loopback addresses alone: give --tls-cert "
				 "and --tls-key");
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

/* ---- what it is given for TLS ---- */

static void wipe(struct lw_buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
}

/* A file of PEM, as text; of one that holds a key nobody else may have a part. */
static int read_pem(const char *option, const char *path, mode_t forbidden, char **ret,
		    struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	lw_auto_fd int fd = -1;
	struct stat st = { 0 };
	uint64_t size = 0;
	int r = lw_fs_open_input(path, &fd, &size, e);

	if (r == 0 && fstat(fd, &st) < 0)
		r = lw_fail_errno(e, "its mode");
	if (r == 0 && st.st_mode & forbidden)
		r = lw_fail(e, LW_E_USAGE,
			    "its mode is %04o, so others can read it; want 0600: `chmod 600` "
			    "it, and if it ever lay there like that, make a new one",
			    st.st_mode & 07777);
	if (r == 0 && size > LW_MAX_KEY_BYTES)
		r = lw_fail(e, LW_E_USAGE, "%llu bytes (LW_MAX_KEY_BYTES %zu)",
			    (unsigned long long)size, LW_MAX_KEY_BYTES);
	if (r == 0) {
		lw_buf_reserve(&b, size);
		r = lw_fs_pread(fd, b.p, size, 0, e);
	}
	if (r == 0 && memchr(b.p, 0, size))
		r = lw_fail(e, LW_E_USAGE, "want PEM, which is text");
	if (r == 0)
		*ret = lw_strndup((const char *)b.p, size);
	wipe(&b);
	if (r < 0)
		(void)lw_prefix(e, "%s", path);
	return r < 0 ? lw_command_misused(e, option) : 0;
}

static int read_listen(struct lw_listen *ret, struct lw_error *e)
{
	int r = 0;

	if (!arg_tls_cert != !arg_tls_key)
		r = lw_fail(e, LW_E_USAGE, "--tls-cert and --tls-key belong together");
	else if (arg_client_ca && !arg_tls_cert)
		r = lw_fail(e, LW_E_USAGE,
			    "--client-ca: certificates are shown in TLS: give --tls-cert and "
			    "--tls-key, too");
	if (r == 0 && arg_tls_cert)
		r = read_pem("--tls-cert", arg_tls_cert, 0, &ret->certificate, e);
	if (r == 0 && arg_tls_key)
		r = read_pem("--tls-key", arg_tls_key, 077, &ret->key, e);
	if (r == 0 && arg_client_ca)
		r = read_pem("--client-ca", arg_client_ca, 0, &ret->client_ca, e);
	return r;
}

static int read_passwords(struct lw_passwords **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	int r = 0;

	if (!arg_htpasswd)
		return 0;
	r = lw_fs_read_path(arg_htpasswd, LW_MAX_HTPASSWD_BYTES, &b, e);
	if (r == 0) {
		r = lw_passwords_parse(lw_buf_span(&b), ret, e);
		if (r < 0)
			(void)lw_prefix(e, "%s", arg_htpasswd);
	}
	wipe(&b);
	return r < 0 ? lw_command_misused(e, "--htpasswd") : 0;
}

/* ---- the process that speaks HTTP ---- */

static int send_listen(int socket, int listener, const struct lw_listen *l, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };
	int r;

	lw_listen_put(l, &body);
	r = lw_ipc_send(socket, LW_REGISTRY_LISTEN, lw_buf_span(&body), listener, e);
	wipe(&body);
	return r;
}

static int start_refused(const struct lw_ipc_frame *frame, struct lw_error *e)
{
	const struct {
		const char *option, *path;
	} parts[] = { [LW_LISTEN_CERTIFICATE] = { "--tls-cert", arg_tls_cert },
		      [LW_LISTEN_KEY] = { "--tls-key", arg_tls_key },
		      [LW_LISTEN_CLIENT_CA] = { "--client-ca", arg_client_ca } };
	LW_AUTO(refused) struct lw_refused refused = { 0 };
	int r = lw_refused_take(frame->body, &refused, e);

	if (r < 0)
		return r;
	if (refused.part == LW_LISTEN_NONE)
		return lw_fail(e, LW_E_JAIL, "landwaiter-serve: %s", refused.why);
	(void)lw_fail(e, LW_E_USAGE, "%s: %s", parts[refused.part].path, refused.why);
	return lw_command_misused(e, parts[refused.part].option);
}

static int start(int listener, struct lw_listen *l, struct lw_jail_child *child,
		 struct lw_ready *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf storage = { 0 };
	struct lw_ipc_frame frame = { .fd = -1 };
	int r = lw_jail_start("landwaiter-serve", child, e);

	if (r == 0)
		r = send_listen(child->socket, listener, l, e);
	lw_listen_release(l); /* a key is of no use here any more */
	if (r == 0)
		r = lw_ipc_receive_plain(child->socket, 4096, 20, &storage, &frame, e);
	if (r == 0 && frame.type == LW_REGISTRY_REFUSED)
		return start_refused(&frame, e);
	if (r == 0 && frame.type != LW_REGISTRY_READY)
		r = lw_fail(e, LW_E_JAIL, "landwaiter-serve did not start");
	return r == 0 ? lw_ready_take(frame.body, ret, e) : r;
}

static void say_certificate(const struct lw_ready *ready)
{
	char digest[LW_DIGEST_TEXT], until[LW_TIME_TEXT];

	lw_command_say("certificate: %s, until %s", lw_digest_text(&ready->fingerprint, digest),
		       lw_time_format((int64_t)(ready->until_sec & INT64_MAX), until));
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
		r = lw_enclave_open(lw_arg_enclave, LW_STATE_BOOK, &now, &enclave, &e);
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
	char time[LW_TIME_TEXT], safe[4][2 * LW_MAX_REGISTRY_WORD];
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
	if (arg_htpasswd && *l->user)
		lw_json_w_member(&w, "user",
				 lw_text_escape_str(l->user, safe[3], sizeof(safe[3])));
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
	if (r == 0)
		r = lw_ipc_send_parts(socket, LW_REGISTRY_ANSWER, lw_buf_span(&body),
				      lw_buf_span(&a.body), -1, e);
	lw_answerer_idle(answerer);
	return r;
}

/* Until there is a question, and says meanwhile that this is no hanging. */
static void wait_for_question(int socket)
{
	struct pollfd p = { .fd = socket, .events = POLLIN };

	do
		lw_notify_alive();
	while (poll(&p, 1, lw_notify_patience()) == 0);
}

static int serve(struct lw_answerer *answerer, int socket, FILE *log, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf storage = { 0 };
	int r = 0;

	lw_buf_reserve(&storage,
		       LW_KIB << 4); /* so that it never moves with a password in it */
	while (r == 0) {
		struct lw_ipc_frame frame;

		wait_for_question(socket);
		r = lw_ipc_receive_plain(socket, LW_KIB << 4, -1, &storage, &frame, e);
		if (r == -LW_E_NOTFOUND)
			return lw_fail(e, LW_E_STATE, "landwaiter-serve has ended");
		if (r == 0)
			r = serve_one(answerer, &frame, socket, log, e);
		wipe(&storage);
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
	LW_AUTO(passwords) struct lw_passwords *passwords = NULL;
	LW_AUTO(listen) struct lw_listen listen = { 0 };
	struct lw_ready ready = { 0 };
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
	r = read_listen(&listen, &e);
	if (r == 0)
		r = read_passwords(&passwords, &e);
	o.passwords = passwords;
	if (r == 0)
		r = open_log(&log, &e);
	if (r == 0)
		r = open_listener(&listener, where, &e);
	if (r == 0)
		r = lw_answerer_open(&o, &answerer, &repositories, &e);
	if (r == 0)
		r = start(listener, &listen, &child, &ready, &e);
	if (r < 0)
		return lw_command_failed(&e);
	if (arg_tls_cert)
		say_certificate(&ready);
	lw_command_say("serving %s://%s/ (repositories: %zu)", arg_tls_cert ? "https" : "http",
		       where, repositories);
	lw_notify_ready();
	r = serve(answerer, child.socket, log, &e);
	if (log && log != stdout)
		(void)fclose(log);
	return r < 0 ? lw_command_failed(&e) : LW_EXIT_DONE;
}

const struct lw_verb lw_verb_serve = {
	"serve", "",  "Serve the accepted images, read-only, to registry clients.", options, 0,
	0,	 run,
};
