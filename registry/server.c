/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/server.h"

#include "base/elapsed.h"
#include "base/ipc.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "registry/server_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_SEC 600 /* a large blob is hashed before it is handed out */
#define LONG_MS	   500

struct server {
	struct MHD_Daemon *daemon;
	const struct lw_listen *listen;
	struct lw_buf storage; /* of the frame received last */
	bool broken;	       /* the other side is gone, or says what it should not */
	size_t held;	       /* bytes of answers that are not taken yet */
	int64_t waited_ms;     /* long, for the other side: no client could do anything */
	struct visitor *visitors;
};

/* A connection, and when it is cut: a byte now and then keeps nobody here. */
struct visitor {
	struct MHD_Connection *connection;
	struct visitor *next, **link;
	int64_t until_ms;
};

/* One request, from its first header on. */
struct request {
	char *method, *path; /* owned; the method is NULL until its headers are in */
	char *user;	     /* as it was said; NULL: it was not, or not yet */
	struct timespec begun;
	uint32_t status;
	uint64_t bytes;
	size_t held;
};

/* ---- time ---- */

static int64_t now_ms(const struct server *s)
{
	return lw_elapsed_msec() - s->waited_ms;
}

/* The connection's time for what it does now. */
static void give_time(const struct server *s, struct MHD_Connection *c, int64_t sec)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct visitor *v = info ? info->socket_context : NULL;

	if (v)
		v->until_ms = now_ms(s) + sec * 1000;
}

static void note_visitor(struct server *s, struct MHD_Connection *c, void **context,
			 enum MHD_ConnectionNotificationCode code)
{
	struct visitor *v = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		v = lw_alloc_array(1, sizeof(*v));
		*v = (struct visitor){ .connection = c,
				       .next = s->visitors,
				       .link = &s->visitors,
				       .until_ms =
					       now_ms(s) + LW_SERVER_IDLE_SEC * INT64_C(1000) };
		if (v->next)
			v->next->link = &v->next;
		s->visitors = v;
		*context = v;
	} else if (v) {
		*v->link = v->next;
		if (v->next)
			v->next->link = v->link;
		free(v);
		*context = NULL;
	}
}

static void cut_the_late(struct server *s)
{
	int64_t now = now_ms(s);

	for (struct visitor *v = s->visitors; v; v = v->next) {
		const union MHD_ConnectionInfo *info =
			now > v->until_ms
				? MHD_get_connection_info(v->connection,
							  MHD_CONNECTION_INFO_CONNECTION_FD)
				: NULL;

		if (info)
			(void)shutdown(info->connect_fd, SHUT_RDWR);
	}
}

/* ---- the other side ---- */

static int ask(struct server *s, const struct lw_question *q, struct lw_answer *a,
	       struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };
	struct lw_ipc_frame frame;
	int64_t begun = lw_elapsed_msec();
	int r;

	lw_question_put(q, &body);
	r = lw_ipc_send(LW_SERVER_SOCKET, LW_REGISTRY_QUESTION, lw_buf_span(&body), -1, e);
	explicit_bzero(body.p, body.cap);
	if (r == 0)
		r = lw_ipc_receive_plain(LW_SERVER_SOCKET, LW_MAX_FRAME_BYTES, ANSWER_SEC,
					 &s->storage, &frame, e);
	begun = lw_elapsed_msec() - begun;
	s->waited_ms += begun > LONG_MS ? begun : 0;
	if (r == 0 && frame.type != LW_REGISTRY_ANSWER)
		r = lw_fail(e, LW_E_JAIL, "want an answer");
	if (r == 0)
		r = lw_answer_take(frame.body, a, e);
	s->broken |= r < 0;
	return r;
}

static void send_log(struct server *s, struct MHD_Connection *c, const struct request *q)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char client[64] = "";
	char method[32], path[LW_MAX_REGISTRY_WORD]; /* as long as the other side takes */
	LW_AUTO(buf) struct lw_buf body = { 0 };
	struct lw_error ignored;
	struct timespec now;
	struct lw_request_log l = { .client = client,
				    .method = method,
				    .path = path,
				    .user = q->user,
				    .status = q->status,
				    .bytes = q->bytes };

	if (info && info->client_addr && info->client_addr->sa_family == AF_INET)
		(void)inet_ntop(AF_INET,
				&((const struct sockaddr_in *)(const void *)info->client_addr)
					 ->sin_addr,
				client, sizeof(client));
	else if (info && info->client_addr && info->client_addr->sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6,
				&((const struct sockaddr_in6 *)(const void *)info->client_addr)
					 ->sin6_addr,
				client, sizeof(client));
	(void)snprintf(method, sizeof(method), "%s", q->method ? q->method : "");
	(void)snprintf(path, sizeof(path), "%s", q->path);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	l.microseconds = (uint64_t)((now.tv_sec - q->begun.tv_sec) * 1000000 +
				    (now.tv_nsec - q->begun.tv_nsec) / 1000);
	lw_request_log_put(&l, &body);
	if (lw_ipc_send(LW_SERVER_SOCKET, LW_REGISTRY_LOG, lw_buf_span(&body), -1, &ignored) <
	    0)
		s->broken = true;
}

/* ---- responses ---- */

static void header(struct MHD_Response *r, const char *name, const char *value)
{
	if (value && *value)
		(void)MHD_add_response_header(r, name, value);
}

static void tag(struct MHD_Response *r, const char *digest)
{
	char quoted[LW_MAX_REGISTRY_WORD];

	if (!digest || !*digest)
		return;
	(void)snprintf(quoted, sizeof(quoted), "\"%s\"", digest);
	header(r, "Docker-Content-Digest", digest);
	header(r, MHD_HTTP_HEADER_ETAG, quoted);
}

static enum MHD_Result queue(struct MHD_Connection *c, struct request *q, uint32_t status,
			     uint64_t bytes, struct MHD_Response *r)
{
	enum MHD_Result result;

	if (!r)
		return MHD_NO;
	header(r, "Docker-Distribution-API-Version", "registry/2.0");
	header(r, "X-Content-Type-Options", "nosniff");
	q->status = status;
	q->bytes = bytes;
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result say(struct MHD_Connection *c, struct request *q, uint32_t status,
			   const char *body, const char *allow)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
		strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);

	if (r)
		header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	if (r)
		header(r, MHD_HTTP_HEADER_ALLOW, allow);
	return queue(c, q, status, strlen(body), r);
}

#define ERROR_BODY(code, message)                                                              \
	"{\"errors\":[{\"code\":\"" code "\",\"message\":\"" message "\"}]}"

static enum MHD_Result say_broken(struct MHD_Connection *c, struct request *q)
{
	return say(c, q, 503, ERROR_BODY("UNKNOWN", "the enclave cannot be asked"), NULL);
}

/* Whether there is room for an answer of this size, which is taken until the request ends. */
static bool hold(struct server *s, struct request *q, size_t n)
{
	if (n > LW_SERVER_HELD_BYTES - s->held)
		return false;
	q->held += n;
	s->held += n;
	return true;
}

static enum MHD_Result say_full(struct MHD_Connection *c, struct request *q)
{
	return say(c, q, 503, ERROR_BODY("TOOMANYREQUESTS", "others take their answers slowly"),
		   NULL);
}

/* A blob on its way out. */
struct sending {
	struct server *server;
	struct MHD_Connection *connection;
	struct lw_question part; /* owned: with the name and password of who asked */
	uint64_t at;
};

static void free_sending(void *data)
{
	struct sending *b = data;

	lw_question_release(&b->part);
	free(b);
}

/* How long a client may take for so much of a blob. */
static int64_t take_sec(size_t bytes)
{
	return LW_SERVER_TAKE_SEC * (int64_t)(bytes / LW_SERVER_TAKE_BYTES + 1);
}

/* Called for the next bytes when those before are gone. What cannot be had any more, or is to
 * be had no more, ends the connection. */
static ssize_t read_blob(void *data, uint64_t pos, char *out, size_t most)
{
	struct sending *b = data;
	LW_AUTO(answer) struct lw_answer a = { 0 };
	struct lw_error e = { 0 };

	b->part.most = most;
	b->part.at = b->at + pos;
	if (b->server->broken || ask(b->server, &b->part, &a, &e) < 0 || a.status != 200 ||
	    a.body.n == 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (a.body.n < most)
		most = a.body.n;
	memcpy(out, a.body.p, most);
	give_time(b->server, b->connection, take_sec(most));
	return (ssize_t)most;
}

/* Takes the question over. */
static struct MHD_Response *blob_response(struct server *s, struct MHD_Connection *c,
					  struct lw_question *question, uint64_t at, uint64_t n,
					  size_t block)
{
	struct sending *b = lw_alloc_array(1, sizeof(*b));
	struct MHD_Response *r;

	*b = (struct sending){ .server = s, .connection = c, .part = *question, .at = at };
	*question = (struct lw_question){ 0 };
	b->part.kind = LW_REGISTRY_PART;
	r = MHD_create_response_from_callback(n, block, read_blob, b, free_sending);
	if (!r)
		free_sending(b);
	return r;
}

static enum MHD_Result send_none_of(struct MHD_Connection *c, struct request *q, uint64_t size)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	char range[96];

	(void)snprintf(range, sizeof(range), "bytes */%llu", (unsigned long long)size);
	if (r)
		header(r, MHD_HTTP_HEADER_CONTENT_RANGE, range);
	return queue(c, q, 416, 0, r);
}

/* The range that is asked for; NULL: none (RFC 9110 13.1.5, 14.2). */
static const char *wanted_range(struct MHD_Connection *c, const struct request *q,
				const struct lw_answer *a)
{
	const char *same =
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_RANGE);
	lw_auto_free char *ours = lw_asprintf("\"%s\"", a->digest);

	return strcmp(q->method, MHD_HTTP_METHOD_HEAD) == 0 || (same && strcmp(same, ours) != 0)
		       ? NULL
		       : MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_RANGE);
}

/* A blob, or the part of it that is wanted. */
static enum MHD_Result send_blob(struct server *s, struct MHD_Connection *c, struct request *q,
				 struct lw_question *question, const struct lw_answer *a)
{
	/* Of many at once each holds less. */
	size_t block = s->held < LW_SERVER_HELD_BYTES / 4   ? LW_MAX_REGISTRY_PART
		       : s->held < LW_SERVER_HELD_BYTES / 2 ? LW_MAX_REGISTRY_PART / 4
							    : LW_MAX_REGISTRY_PART / 16;
	uint64_t at = 0, n = a->size;
	char range[96];
	struct MHD_Response *r;
	int part = lw_server_range(wanted_range(c, q, a), a->size, &at, &n);
	bool whole = a->body.n > 0 && a->body.n == a->size; /* it came along */

	if (part < 0)
		return send_none_of(c, q, a->size);
	if (!hold(s, q, whole ? (size_t)n : block))
		return say_full(c, q);
	r = whole ? MHD_create_response_from_buffer((size_t)n, a->body.p + at,
						    MHD_RESPMEM_MUST_COPY)
		  : blob_response(s, c, question, at, n, block);
	if (!r)
		return MHD_NO;
	header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->media_type);
	tag(r, a->digest);
	header(r, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
	if (part > 0) {
		(void)snprintf(range, sizeof(range), "bytes %llu-%llu/%llu",
			       (unsigned long long)at, (unsigned long long)(at + n - 1),
			       (unsigned long long)a->size);
		header(r, MHD_HTTP_HEADER_CONTENT_RANGE, range);
	}
	give_time(s, c, take_sec(whole ? (size_t)n : block));
	return queue(c, q, part > 0 ? 206 : 200, n, r);
}

static enum MHD_Result send_body(struct server *s, struct MHD_Connection *c, struct request *q,
				 const struct lw_answer *a)
{
	struct MHD_Response *r;
	char link[4 * LW_MAX_REGISTRY_WORD + 32];

	if (!hold(s, q, a->body.n))
		return say_full(c, q);
	r = MHD_create_response_from_buffer(a->body.n, a->body.p, MHD_RESPMEM_MUST_COPY);
	if (!r)
		return MHD_NO;
	header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->media_type);
	tag(r, a->digest);
	if (a->link && *a->link) {
		(void)snprintf(link, sizeof(link), "<%s>; rel=\"next\"", a->link);
		header(r, "Link", link);
	}
	if (a->status == MHD_HTTP_UNAUTHORIZED)
		header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
		       "Basic realm=\"landwaiter\", charset=\"UTF-8\"");
	if (a->status == MHD_HTTP_TOO_MANY_REQUESTS)
		header(r, MHD_HTTP_HEADER_RETRY_AFTER, LW_REGISTRY_RETRY_SEC);
	if (a->filtered)
		header(r, "OCI-Filters-Applied", "artifactType");
	give_time(s, c, LW_SERVER_TAKE_SEC + (int64_t)a->body.n / LW_SERVER_SLOWEST);
	return queue(c, q, a->status, a->body.n, r);
}

/* ---- requests ---- */

static char *query(struct MHD_Connection *c, const char *key)
{
	const char *value = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, key);

	return lw_strdup(value && strlen(value) < LW_MAX_REGISTRY_WORD ? value : "");
}

struct header {
	const char *name, *value;
	size_t n; /* of that name */
};

static enum MHD_Result note_header(void *data, enum MHD_ValueKind kind, const char *key,
				   const char *value)
{
	struct header *h = data;

	(void)kind;
	if (strcasecmp(key, h->name) == 0) {
		h->n++;
		h->value = value;
	}
	return MHD_YES;
}

/* Who says two things says nothing. */
static void take_credentials(struct MHD_Connection *c, struct request *q,
			     struct lw_question *question)
{
	struct header h = { .name = MHD_HTTP_HEADER_AUTHORIZATION };

	(void)MHD_get_connection_values(c, MHD_HEADER_KIND, note_header, &h);
	if (h.n == 1 && lw_server_credentials(h.value, question))
		q->user = lw_strdup(question->user);
}

static enum MHD_Result answer(struct server *s, struct MHD_Connection *c, const char *path,
			      struct request *q)
{
	LW_AUTO(question) struct lw_question question = { 0 };
	LW_AUTO(answer) struct lw_answer a = { 0 };
	lw_auto_free char *most = query(c, "n");
	struct lw_error e = { 0 };

	if (!lw_server_parse(path, &question))
		return say(c, q, 404, ERROR_BODY("NAME_UNKNOWN", "no such thing here"), NULL);
	question.most = UINT64_MAX;
	if (*most && lw_num_u64(lw_span_str(most), 0, UINT64_MAX - 1, &question.most, &e) < 0)
		return say(c, q, 400,
			   ERROR_BODY("PAGINATION_NUMBER_INVALID", "n: want a number"), NULL);
	if (question.kind == LW_REGISTRY_BLOB)
		question.most =
			strcmp(q->method, MHD_HTTP_METHOD_HEAD) == 0 ? 0 : LW_MAX_REGISTRY_PART;
	question.last = query(c, "last");
	question.artifact_type = query(c, "artifactType");
	take_credentials(c, q, &question);
	if (s->broken || ask(s, &question, &a, &e) < 0)
		return say_broken(c, q);
	return question.kind == LW_REGISTRY_BLOB && a.status == 200
		       ? send_blob(s, c, q, &question, &a)
		       : send_body(s, c, q, &a);
}

static void *first_line(void *data, const char *uri, struct MHD_Connection *c)
{
	struct request *q = lw_alloc_array(1, sizeof(*q));

	(void)data;
	(void)c;
	q->path = lw_strdup(uri);
	(void)clock_gettime(CLOCK_MONOTONIC, &q->begun);
	return q;
}

static enum MHD_Result note_body(void *data, enum MHD_ValueKind kind, const char *key,
				 const char *value)
{
	bool *has = data;

	(void)kind;
	*has |= strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0 ||
		(strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 &&
		 (!value || strcmp(value, "0") != 0));
	return MHD_YES;
}

/* ---- certificates of clients ---- */

static void *session_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info ? info->tls_session : NULL;
}

/* Called when a connection was accepted, before its first byte is read. libmicrohttpd asks for
 * a certificate and takes none for an answer: we do not. */
static void on_connection(void *data, struct MHD_Connection *c, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct server *s = data;
	void *session = session_of(c);

	note_visitor(s, c, context, code);
	if (code == MHD_CONNECTION_NOTIFY_STARTED && *s->listen->client_ca && session)
		lw_server_tls_demand(session);
}

/* What had no certificate did not get through its handshake; if it did, here is the end. */
static bool is_welcome(const struct server *s, struct MHD_Connection *c)
{
	return !*s->listen->client_ca || lw_server_tls_is_shown(session_of(c));
}

/* ---- requests, begun ---- */

/* Whether any of the headers says that something comes after them. */
static bool has_body(struct MHD_Connection *c)
{
	bool has = false;

	(void)MHD_get_connection_values(c, MHD_HEADER_KIND, note_body, &has);
	return has;
}

/* Called once with the headers, and once more when the request is whole. Who is answered the
 * first time is not listened to any further: the connection is closed. */
static enum MHD_Result on_request(void *data, struct MHD_Connection *c, const char *path,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_n, void **state)
{
	struct server *s = data;
	struct request *q = *state;

	(void)version;
	(void)upload;
	(void)upload_n;
	if (!q)
		return MHD_NO;
	if (!q->method) {
		q->method = lw_strdup(method);
		if (!is_welcome(s, c))
			return say(c, q, 403, ERROR_BODY("DENIED", "no certificate"), NULL);
		/* What comes decoded as `path` ends there. */
		if (strstr(q->path, "%00"))
			return say(c, q, 400, ERROR_BODY("NAME_INVALID", "a NUL in a name"),
				   NULL);
		if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
			return say(c, q, 405,
				   ERROR_BODY("UNSUPPORTED", "this registry is read-only"),
				   "GET, HEAD");
		if (has_body(c))
			return say(c, q, 400,
				   ERROR_BODY("UNSUPPORTED", "a question has no body"), NULL);
		return MHD_YES;
	}
	return answer(s, c, path, q);
}

static void on_end(void *data, struct MHD_Connection *c, void **state,
		   enum MHD_RequestTerminationCode code)
{
	struct server *s = data;
	struct request *q = *state;

	if (!q)
		return;
	if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK ||
	    (q->method && strcmp(q->method, MHD_HTTP_METHOD_HEAD) == 0))
		q->bytes = 0;
	s->held -= q->held;
	give_time(s, c, LW_SERVER_IDLE_SEC); /* for the next */
	if (!s->broken)
		send_log(s, c, q);
	free(q->method);
	free(q->path);
	free(q->user);
	free(q);
	*state = NULL;
}

/* ---- the loop ---- */

static int start(struct server *s, struct lw_listen *l, struct lw_error *e)
{
	static char priorities[] = LW_SERVER_TLS_PRIORITIES;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, priorities },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, l->certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, l->key },
		{ *l->client_ca ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
		  l->client_ca },
		{ MHD_OPTION_END, 0, NULL },
	};
	bool has_tls = *l->certificate != '\0';

	if (!has_tls)
		tls[0].option = MHD_OPTION_END;
	s->listen = l;
	s->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | (has_tls ? (unsigned)MHD_USE_TLS : 0), 0, NULL, NULL,
		on_request, s, MHD_OPTION_ARRAY, tls, MHD_OPTION_LISTEN_SOCKET,
		LW_SERVER_LISTEN, MHD_OPTION_CONNECTION_LIMIT, (unsigned)LW_SERVER_CONNECTIONS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, LW_SERVER_HEAD_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)LW_SERVER_IDLE_SEC,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_URI_LOG_CALLBACK,
		first_line, s, MHD_OPTION_NOTIFY_COMPLETED, on_end, s, MHD_OPTION_END);
	explicit_bzero(l->key, strlen(l->key)); /* the library has read it */
	return s->daemon ? 0 : lw_fail(e, LW_E_STATE, "the HTTP server cannot be started");
}

/* Whether the one who started us is still there: it says nothing unasked. */
static bool is_left(void)
{
	struct pollfd p = { .fd = LW_SERVER_SOCKET, .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

int lw_server_run(struct lw_listen *l, struct lw_error *e)
{
	struct server s = { 0 };
	int r = start(&s, l, e);

	while (r == 0 && !s.broken && !is_left()) {
		if (MHD_run_wait(s.daemon, 1000) != MHD_YES)
			r = lw_fail(e, LW_E_IO, "the HTTP server stopped");
		cut_the_late(&s);
	}
	if (s.daemon)
		MHD_stop_daemon(s.daemon);
	lw_buf_free(&s.storage);
	return r;
}
