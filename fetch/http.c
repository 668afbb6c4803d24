/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/http.h"

#include "base/mem.h"
#include "base/text.h"

#include <curl/curl.h>
#include <string.h>

#define CONNECT_SEC 30L
/* A server that drips is given up (the slow retrieval that TUF speaks of): below SLOW_BYTES a
 * second for STALL_SEC, or later than all that may come would take at SLOW_BYTES a second. */
#define STALL_SEC  60L
#define SLOW_BYTES 4096L

struct lw_http {
	CURL *curl;
	char *ca_file; /* NULL: the system's */
};

struct transfer {
	CURL *curl;
	const struct lw_http_sink *sink;
	uint64_t left;
	int failed; /* the sink's, or LW_E_LIMIT; 0: nothing of ours */
	struct lw_error *e;
};

int lw_http_open(const char *ca_file, struct lw_http **ret, struct lw_error *e)
{
	CURL *curl =
		curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;

	if (!curl)
		return lw_fail(e, LW_E_STATE, "libcurl cannot be started");
	*ret = lw_alloc(sizeof(**ret));
	(*ret)->curl = curl;
	(*ret)->ca_file = ca_file ? lw_strdup(ca_file) : NULL;
	return 0;
}

void lw_http_close(struct lw_http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	curl_global_cleanup();
	free(h->ca_file);
	free(h);
}

static size_t take(char *p, size_t size, size_t n, void *data)
{
	struct transfer *t = data;
	size_t bytes = size * n;
	long status = 0;

	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return bytes; /* a page that says what is wrong: nobody's bytes */
	if (bytes > t->left) {
		t->failed = lw_fail(t->e, LW_E_LIMIT, "longer than it may be");
		return CURL_WRITEFUNC_ERROR;
	}
	t->left -= bytes;
	t->failed = t->sink->take(t->sink->data, lw_span(p, bytes), t->e);
	return t->failed < 0 ? CURL_WRITEFUNC_ERROR : bytes;
}

/* A part of a URL that must not be there: in a list of processes everybody reads it. */
static bool has(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool there = curl_url_get(u, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return there;
}

/* Whether a URL names this machine; -1: it is none, of another scheme, or has a password. */
static int is_here(const char *url)
{
	CURLU *u = curl_url();
	char *host = NULL, *scheme = NULL;
	int r = -1;

	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    !has(u, CURLUPART_USER) && !has(u, CURLUPART_PASSWORD)) {
		bool here = strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
			    strcmp(host, "[::1]") == 0;

		if (strcmp(scheme, "https") == 0 || (here && strcmp(scheme, "http") == 0))
			r = here;
	}
	curl_free(host);
	curl_free(scheme);
	curl_url_cleanup(u);
	return r;
}

/* How long all of it may take. */
static long most_sec(uint64_t bytes)
{
	uint64_t sec = bytes / SLOW_BYTES;

	return STALL_SEC + (sec < 1000000 ? (long)sec : 1000000);
}

static bool set_up(const struct lw_http *h, const char *url, bool here, struct transfer *t)
{
	CURL *c = h->curl;

	return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SEC) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, STALL_SEC) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT, most_sec(t->left)) == CURLE_OK &&
	       (!h->ca_file || curl_easy_setopt(c, CURLOPT_CAINFO, h->ca_file) == CURLE_OK) &&
	       curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_USERAGENT, "landwaiter/" LW_VERSION) == CURLE_OK &&
	       /* no proxy stands between us and ourselves */
	       (!here || curl_easy_setopt(c, CURLOPT_NOPROXY, "*") == CURLE_OK) &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, t) == CURLE_OK;
}

int lw_http_get(struct lw_http *h, const char *url, uint64_t max,
		const struct lw_http_sink *sink, struct lw_error *e)
{
	struct transfer t = { .curl = h->curl, .sink = sink, .left = max, .e = e };
	char shown[256], why[CURL_ERROR_SIZE] = "";
	int here = is_here(url);
	long status = 0;

	(void)lw_text_escape_str(url, shown, sizeof(shown));
	if (here < 0)
		return lw_fail(e, LW_E_USAGE,
			       "%s: want https, or http to this machine, and no password",
			       shown);
	curl_easy_reset(h->curl);
	(void)curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, why);
	if (!set_up(h, url, here > 0, &t))
		return lw_fail(e, LW_E_INTERNAL, "libcurl lacks an option");

	CURLcode rc = curl_easy_perform(h->curl);

	if (t.failed < 0)
		return lw_prefix(e, "%s", shown);
	if (rc != CURLE_OK) {
		char safe[CURL_ERROR_SIZE];

		return lw_fail(e, LW_E_IO, "%s: %s", shown,
			       lw_text_escape_str(why[0] ? why : curl_easy_strerror(rc), safe,
						  sizeof(safe)));
	}
	(void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 404 || status == 403)
		return lw_fail(e, LW_E_NOTFOUND, "%s: not there (%ld)", shown, status);
	if (status != 200)
		return lw_fail(e, LW_E_IO, "%s: the server answered %ld", shown, status);
	return 0;
}
