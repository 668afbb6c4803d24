/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/http.h"

#include "base/mem.h"
#include "base/text.h"
#include "fetch/url.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#define CONNECT_SEC 30L
/* A server that drips is given up (the slow retrieval that TUF speaks of): below SLOW_BYTES a
 * second for STALL_SEC, or later than all that may come would take at SLOW_BYTES a second. */
#define STALL_SEC  60L
#define SLOW_BYTES 4096L
#define MOST_SEC   1000000L

struct lw_http {
	CURL *curl;
	char *ca_file;			    /* NULL: the system's */
	struct lw_buf ca, certificate, key; /* PEM */
};

struct transfer {
	CURL *curl;
	const struct lw_http_request *q;
	struct lw_http_answer *a;
	uint64_t sent, left;
	size_t header_bytes;
	int failed; /* of ours, or the sink's; 0: nothing */
	struct lw_error *e;
};

int lw_http_open(const char *ca_file, struct lw_http **ret, struct lw_error *e)
{
	CURL *curl =
		curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;

	if (!curl)
		return lw_fail(e, LW_E_STATE, "libcurl cannot be started");
	*ret = lw_alloc_array(1, sizeof(**ret));
	(*ret)->curl = curl;
	(*ret)->ca_file = ca_file ? lw_strdup(ca_file) : NULL;
	return 0;
}

void lw_http_credentials(struct lw_http *h, struct lw_span ca, struct lw_span certificate,
			 struct lw_span key)
{
	lw_buf_clear(&h->ca);
	lw_buf_add(&h->ca, ca.p, ca.n);
	lw_buf_clear(&h->certificate);
	lw_buf_add(&h->certificate, certificate.p, certificate.n);
	lw_buf_clear(&h->key);
	lw_buf_add(&h->key, key.p, key.n);
}

void lw_http_close(struct lw_http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	curl_global_cleanup();
	free(h->ca_file);
	lw_buf_free(&h->ca);
	lw_buf_free(&h->certificate);
	if (h->key.p)
		explicit_bzero(h->key.p, h->key.cap);
	lw_buf_free(&h->key);
	free(h);
}

/* ---- what comes ---- */

static void forget_headers(struct lw_http_answer *a)
{
	for (size_t i = 0; i < a->n_headers; i++) {
		free(a->headers[i].name);
		free(a->headers[i].value);
	}
	free(a->headers);
	a->headers = NULL;
	a->n_headers = 0;
}

void lw_http_answer_release(struct lw_http_answer *a)
{
	forget_headers(a);
	lw_buf_free(&a->body);
	*a = (struct lw_http_answer){ 0 };
}

const char *lw_http_header(const struct lw_http_answer *a, const char *name)
{
	for (size_t i = 0; i < a->n_headers; i++)
		if (strcasecmp(a->headers[i].name, name) == 0)
			return a->headers[i].value;
	return NULL;
}

/* A line of the head. A status line begins an answer: one with 100 may have come before. */
static size_t take_header(char *p, size_t size, size_t n, void *data)
{
	struct transfer *t = data;
	size_t bytes = size * n, end = bytes, at;
	char *colon = memchr(p, ':', bytes);

	t->header_bytes += bytes;
	if (t->header_bytes > LW_HTTP_HEADERS_BYTES) {
		t->failed = lw_fail(t->e, LW_E_LIMIT, "more than %zu bytes of headers",
				    LW_HTTP_HEADERS_BYTES);
		return 0;
	}
	if (bytes >= 5 && strncasecmp(p, "HTTP/", 5) == 0) {
		forget_headers(t->a);
		return bytes;
	}
	if (!colon)
		return bytes;
	at = (size_t)(colon - p) + 1;
	while (at < end && (p[at] == ' ' || p[at] == '\t'))
		at++;
	while (end > at && (p[end - 1] == '\r' || p[end - 1] == '\n' || p[end - 1] == ' '))
		end--;
	t->a->headers =
		lw_realloc_array(t->a->headers, t->a->n_headers + 1, sizeof(*t->a->headers));
	t->a->headers[t->a->n_headers++] =
		(struct lw_http_header){ .name = lw_strndup(p, (size_t)(colon - p)),
					 .value = lw_strndup(p + at, end - at) };
	return bytes;
}

/* A page that says what is wrong: nobody's bytes, and only its beginning. */
static size_t keep_page(struct transfer *t, const char *p, size_t bytes)
{
	struct lw_buf *page = &t->a->body;
	size_t room = LW_HTTP_PAGE_BYTES - page->n;

	lw_buf_add(page, p, bytes < room ? bytes : room);
	if (bytes <= room)
		return bytes;
	t->failed = 1; /* the rest is not waited for */
	return CURL_WRITEFUNC_ERROR;
}

static int is_plain(const struct transfer *t)
{
	const char *encoding = lw_http_header(t->a, "Content-Encoding");
	char shown[64];

	if (!encoding || strcasecmp(encoding, "identity") == 0)
		return 0;
	return lw_fail(t->e, LW_E_FORMAT, "its encoding is '%s', which was not asked for",
		       lw_text_escape_str(encoding, shown, sizeof(shown)));
}

static size_t take(char *p, size_t size, size_t n, void *data)
{
	struct transfer *t = data;
	size_t bytes = size * n;
	long status = 0;

	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if ((status != 200 && status != 206) || !t->q->sink)
		return keep_page(t, p, bytes);
	t->failed = is_plain(t);
	if (t->failed == 0 && bytes > t->left)
		t->failed = lw_fail(t->e, LW_E_LIMIT, "longer than it may be");
	if (t->failed < 0)
		return CURL_WRITEFUNC_ERROR;
	t->left -= bytes;
	t->failed = t->q->sink->take(t->q->sink->data, lw_span(p, bytes), t->e);
	return t->failed < 0 ? CURL_WRITEFUNC_ERROR : bytes;
}

/* ---- what goes ---- */

static size_t give(char *p, size_t size, size_t n, void *data)
{
	struct transfer *t = data;
	uint64_t left = t->q->bytes - t->sent;
	size_t bytes = size * n < left ? size * n : (size_t)left;

	if (bytes == 0)
		return 0;
	t->failed = t->q->give(t->q->data, (uint8_t *)p, bytes, t->sent, t->e);
	if (t->failed < 0)
		return CURL_READFUNC_ABORT;
	t->sent += bytes;
	return bytes;
}

/* A connection that was kept open may turn out dead: then it is sent again from its start. */
static int rewind_to(void *data, curl_off_t offset, int origin)
{
	struct transfer *t = data;

	if (origin != SEEK_SET || offset != 0)
		return CURL_SEEKFUNC_CANTSEEK;
	t->sent = 0;
	return CURL_SEEKFUNC_OK;
}

/* ---- a request ---- */

/* How long all of it may take. */
static long most_sec(uint64_t bytes)
{
	uint64_t sec = bytes / SLOW_BYTES;

	return STALL_SEC + (sec < MOST_SEC ? (long)sec : MOST_SEC);
}

static bool set_blob(CURL *c, CURLoption option, struct lw_buf *pem)
{
	struct curl_blob blob = { pem->p, pem->n, CURL_BLOB_NOCOPY };

	return pem->n == 0 || curl_easy_setopt(c, option, &blob) == CURLE_OK;
}

static bool set_trust(struct lw_http *h, bool stranger)
{
	CURL *c = h->curl;

	return (!h->ca_file || curl_easy_setopt(c, CURLOPT_CAINFO, h->ca_file) == CURLE_OK) &&
	       set_blob(c, CURLOPT_CAINFO_BLOB, &h->ca) &&
	       (stranger || (set_blob(c, CURLOPT_SSLCERT_BLOB, &h->certificate) &&
			     set_blob(c, CURLOPT_SSLKEY_BLOB, &h->key)));
}

static bool set_method(CURL *c, const struct lw_http_request *q, struct transfer *t)
{
	if (strcmp(q->method, "GET") == 0)
		return true;
	if (strcmp(q->method, "HEAD") == 0)
		return curl_easy_setopt(c, CURLOPT_NOBODY, 1L) == CURLE_OK;
	return curl_easy_setopt(c, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE,
				(curl_off_t)(q->give ? q->bytes : 0)) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_READFUNCTION, give) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_READDATA, t) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, rewind_to) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_SEEKDATA, t) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, 1L << 20) == CURLE_OK;
}

static bool set_up(struct lw_http *h, const struct lw_http_request *q, bool here,
		   struct transfer *t)
{
	CURL *c = h->curl;

	return curl_easy_setopt(c, CURLOPT_URL, q->url) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SEC) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, STALL_SEC) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT, most_sec(q->most + q->bytes)) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_USERAGENT, "landwaiter/" LW_VERSION) == CURLE_OK &&
	       /* no proxy stands between us and ourselves */
	       (!here || curl_easy_setopt(c, CURLOPT_NOPROXY, "*") == CURLE_OK) &&
	       curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HEADERDATA, t) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, t) == CURLE_OK &&
	       set_trust(h, q->stranger) && set_method(c, q, t);
}

/* Owned by the caller; NULL where libcurl has no memory. "Expect:" keeps it from waiting for a
 * word before it sends. */
static struct curl_slist *list_headers(const struct lw_http_request *q)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (size_t i = 0; list && i < q->n_headers; i++) {
		struct curl_slist *longer = curl_slist_append(list, q->headers[i]);

		if (!longer)
			curl_slist_free_all(list);
		list = longer;
	}
	return list;
}

static int perform(struct lw_http *h, struct transfer *t, const char *shown)
{
	char why[CURL_ERROR_SIZE] = "", safe[CURL_ERROR_SIZE];
	CURLcode rc;

	(void)curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, why);
	rc = curl_easy_perform(h->curl);
	(void)curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, NULL);
	(void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &t->a->status);
	if (t->failed < 0)
		return lw_prefix(t->e, "%s", shown);
	if (rc == CURLE_OK || t->failed > 0)
		return 0;
	return lw_fail(
		t->e, LW_E_IO, "%s: %s", shown,
		lw_text_escape_str(why[0] ? why : curl_easy_strerror(rc), safe, sizeof(safe)));
}

int lw_http_exchange(struct lw_http *h, const struct lw_http_request *q,
		     struct lw_http_answer *ret, struct lw_error *e)
{
	struct transfer t = { .curl = h->curl, .q = q, .a = ret, .left = q->most, .e = e };
	struct curl_slist *headers;
	char shown[256];
	int here = lw_url_is_here(q->url), r;

	(void)lw_text_escape_str(q->url, shown, sizeof(shown));
	if (here < 0)
		return lw_fail(e, LW_E_USAGE,
			       "%s: want https, or http to this machine, and no password",
			       shown);
	lw_http_answer_release(ret);
	curl_easy_reset(h->curl);
	headers = list_headers(q);
	if (!headers || curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
	    !set_up(h, q, here > 0, &t))
		r = lw_fail(e, LW_E_INTERNAL, "libcurl lacks an option");
	else
		r = perform(h, &t, shown);
	curl_slist_free_all(headers);
	return r;
}

int lw_http_get(struct lw_http *h, const char *url, uint64_t max,
		const struct lw_http_sink *sink, struct lw_error *e)
{
	const struct lw_http_request q = {
		.method = "GET", .url = url, .most = max, .sink = sink
	};
	LW_AUTO(http_answer) struct lw_http_answer a = { 0 };
	char shown[256];
	int r = lw_http_exchange(h, &q, &a, e);

	if (r < 0)
		return r;
	(void)lw_text_escape_str(url, shown, sizeof(shown));
	if (a.status == 404 || a.status == 403)
		return lw_fail(e, LW_E_NOTFOUND, "%s: not there (%ld)", shown, a.status);
	if (a.status != 200)
		return lw_fail(e, LW_E_IO, "%s: the server answered %ld", shown, a.status);
	return 0;
}
