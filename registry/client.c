/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client_internal.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/text.h"
#include "fetch/url.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define MOST_REDIRECTS	5
#define MOST_WAIT_SEC	30
#define MOST_HEADERS	8
#define MILLISECONDS_NS 1000000L

int lw_client_open(const struct lw_client_settings *settings, struct lw_registry_client **ret,
		   struct lw_error *e)
{
	LW_AUTO(registry_client) struct lw_registry_client *c = lw_alloc_array(1, sizeof(*c));
	int r;

	c->origin = lw_asprintf("%s://%s", settings->plain ? "http" : "https", settings->host);
	c->plain = settings->plain;
	c->chunk_bytes = settings->chunk_bytes ? settings->chunk_bytes : LW_CLIENT_CHUNK_BYTES;
	c->username = lw_strdup(settings->username);
	c->password = lw_strdup(settings->password);
	c->identity_token = lw_strdup(settings->identity_token);
	if (lw_url_is_here(c->origin) < 0)
		return lw_fail(e, LW_E_USAGE, "%s: want HTTPS, or plain HTTP to this machine",
			       settings->host);
	r = lw_http_open(NULL, &c->http, e);
	if (r < 0)
		return r;
	lw_http_credentials(c->http, settings->ca, settings->certificate, settings->key);
	*ret = lw_steal(c);
	return 0;
}

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void lw_client_close(struct lw_registry_client *c)
{
	if (!c)
		return;
	lw_http_close(c->http);
	free(c->origin);
	free(c->username);
	wipe(c->password);
	wipe(c->identity_token);
	free(c->realm);
	free(c->service);
	for (size_t i = 0; i < c->n_tokens; i++) {
		free(c->tokens[i].scope);
		wipe(c->tokens[i].token);
	}
	free(c->tokens);
	free(c);
}

char *lw_client_url(const struct lw_registry_client *c, const char *repository,
		    const char *what)
{
	return lw_asprintf("%s/v2/%s/%s", c->origin, repository, what);
}

/* ---- what it says ---- */

/* The first of "errors": code and message. */
static void read_error(struct lw_span body, struct lw_buf *out)
{
	struct {
		const struct lw_json *errors;
	} page = { 0 };
	struct {
		const char *code, *message;
	} error = { "", "" };
	static const struct lw_json_field page_fields[] = {
		{ "errors", LW_JSON_READ_ARRAY, LW_JSON_REQUIRED,
		  offsetof(__typeof__(page), errors), 1, 0, NULL },
	};
	static const struct lw_json_field error_fields[] = {
		{ "code", LW_JSON_READ_STRING, 0, offsetof(__typeof__(error), code), 0, 0,
		  NULL },
		{ "message", LW_JSON_READ_STRING, 0, offsetof(__typeof__(error), message), 0, 0,
		  NULL },
	};
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_error ignored;

	if (lw_json_parse(body, &LW_JSON_FOREIGN, &doc, &ignored) == 0 &&
	    lw_json_read(lw_json_root(doc), page_fields, LW_COUNT_OF(page_fields),
			 LW_JSON_IGNORE_UNKNOWN, "error", &page, &ignored) == 0 &&
	    lw_json_read(lw_json_first(page.errors), error_fields, LW_COUNT_OF(error_fields),
			 LW_JSON_IGNORE_UNKNOWN, "error", &error, &ignored) == 0)
		lw_buf_printf(out, "%s: %s", error.code, error.message);
	else
		lw_buf_adds(out, "no registry's error body");
}

const char *lw_client_said(const struct lw_http_answer *a, char out[static LW_CLIENT_SAID])
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	char safe[LW_CLIENT_SAID - 16];

	read_error(lw_buf_span(&a->body), &text);
	(void)snprintf(out, LW_CLIENT_SAID, "%ld (%s)", a->status,
		       lw_text_escape(lw_buf_span(&text), safe, sizeof(safe)));
	return out;
}

int lw_client_refused(const struct lw_http_answer *a, const char *what, struct lw_error *e)
{
	char said[LW_CLIENT_SAID];

	(void)lw_client_said(a, said);
	if (a->status >= 400 && a->status < 500)
		return lw_fail(e, LW_E_UNSUPPORTED, "%s: the registry answers %s", what, said);
	return lw_fail(e, LW_E_FORMAT, "%s: the registry answers %s, which means nothing here",
		       what, said);
}

/* ---- asking ---- */

static bool is_passing(long status)
{
	return status == 429 || (status >= 500 && status < 600 && status != 501);
}

void lw_client_wait(unsigned attempt, const struct lw_http_answer *a)
{
	const char *after = lw_http_header(a, "Retry-After");
	struct timespec t = { .tv_nsec = 100 * MILLISECONDS_NS };
	struct lw_error ignored;
	uint64_t sec = 0;

	if (attempt > 0)
		t = (struct timespec){ .tv_nsec = 500 * MILLISECONDS_NS };
	if (attempt > 1)
		t = (struct timespec){ .tv_sec = 2 };
	if (after && lw_num_u64(lw_span_str(after), 0, UINT32_MAX, &sec, &ignored) == 0)
		t = (struct timespec){ .tv_sec = sec < MOST_WAIT_SEC ? (long)sec
								     : MOST_WAIT_SEC };
	(void)nanosleep(&t, NULL);
}

/* With the header that says who we are. */
static int ask_once(struct lw_registry_client *c, const struct lw_client_scope *scope,
		    const struct lw_http_request *q, struct lw_http_answer *ret,
		    struct lw_error *e)
{
	const char *headers[MOST_HEADERS];
	struct lw_http_request with = *q;
	char *authorization = NULL;
	int r = lw_client_authorize(c, scope, &authorization, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < q->n_headers; i++)
		headers[i] = q->headers[i];
	with.headers = headers;
	if (authorization)
		headers[with.n_headers++] = authorization;
	r = lw_http_exchange(c->http, &with, ret, e);
	wipe(authorization);
	return r;
}

int lw_client_ask(struct lw_registry_client *c, const struct lw_client_scope *scope,
		  struct lw_http_request *q, bool again, struct lw_http_answer *ret,
		  struct lw_error *e)
{
	char said[LW_CLIENT_SAID];
	bool challenged = false;
	int r;

	if (q->n_headers + 1 > MOST_HEADERS)
		return lw_fail(e, LW_E_INTERNAL, "too many headers");
	for (unsigned attempt = 0;; attempt++) {
		r = ask_once(c, scope, q, ret, e);
		if (r == 0 && ret->status == 401 && !challenged) {
			challenged = true;
			r = lw_client_challenged(c, scope, ret, e);
			if (r == 0)
				r = ask_once(c, scope, q, ret, e);
		}
		c->reached |= r == 0;
		if (r < 0 ? r != -LW_E_IO || !c->reached : !is_passing(ret->status))
			break;
		if (!again || attempt + 1 == LW_CLIENT_TRIES)
			break;
		lw_client_wait(attempt, ret);
	}
	if (r == 0 && is_passing(ret->status))
		return lw_fail(e, LW_E_IO, "the registry answers %s",
			       lw_client_said(ret, said));
	if (r == 0 && (ret->status == 401 || ret->status == 403))
		return lw_fail(e, LW_E_USAGE, "the registry answers %s",
			       lw_client_said(ret, said));
	return r;
}

/* ---- reading ---- */

int lw_client_into_buffer(void *data, struct lw_span bytes, struct lw_error *e)
{
	(void)e;
	lw_buf_add(data, bytes.p, bytes.n);
	return 0;
}

bool lw_client_may_lead(const struct lw_registry_client *c, const char *url)
{
	int here = lw_url_is_here(url);

	if (here < 0 || (here > 0 && lw_url_is_here(c->origin) <= 0))
		return false;
	return c->plain || strncasecmp(url, "https:", 6) == 0;
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 ||
	       status == 308;
}

int lw_client_read(struct lw_registry_client *c, const char *repository, const char *url,
		   const char *accept, uint64_t most, const struct lw_http_sink *sink,
		   struct lw_http_answer *ret, struct lw_error *e)
{
	const struct lw_client_scope scope = { repository, "" };
	struct lw_http_request q = { .method = "GET",
				     .headers = &accept,
				     .n_headers = accept ? 1 : 0,
				     .most = most,
				     .sink = sink };
	lw_auto_free char *at = lw_strdup(url);
	char shown[256];

	for (unsigned hops = 0; hops <= MOST_REDIRECTS; hops++) {
		const char *location;
		char *next = NULL;
		int r;

		q.url = at;
		/* What it redirects to elsewhere gets no credentials of ours. */
		q.stranger = !lw_url_is_same_origin(at, c->origin);
		r = q.stranger ? lw_http_exchange(c->http, &q, ret, e)
			       : lw_client_ask(c, &scope, &q, false, ret, e);
		if (r < 0 || !is_redirect(ret->status))
			return r;
		location = lw_http_header(ret, "Location");
		if (!location)
			return lw_fail(e, LW_E_FORMAT, "a redirect to nowhere");
		if (lw_url_resolve(at, location, &next, e) < 0) {
			(void)!lw_fail_as(e, LW_E_FORMAT);
			return lw_prefix(e, "a redirect");
		}
		if (!lw_client_may_lead(c, next)) {
			(void)lw_text_escape_str(next, shown, sizeof(shown));
			free(next);
			return lw_fail(e, LW_E_FORMAT,
				       "a redirect to where it may not lead: %s", shown);
		}
		free(at);
		at = next;
	}
	return lw_fail(e, LW_E_FORMAT, "more than %d redirects", MOST_REDIRECTS);
}
