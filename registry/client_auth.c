/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are, as a registry asks for it: a password (RFC 7617), or a token that a server of its
 * choice gives for one (distribution's "Token Authentication Specification"). */
#include "registry/client_internal.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/text.h"
#include "fetch/url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define MOST_TOKEN_BYTES  ((size_t)16384)
#define MOST_ANSWER_BYTES ((uint64_t)65536)
#define MOST_TOKENS	  64
#define SHORTEST_SEC	  60 /* a token lives that long where nothing is said */
#define LONGEST_SEC	  3600
#define EARLY_SEC	  10 /* before its end it is not used any more */

static int64_t monotonic(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* ---- what is asked for ---- */

struct challenge {
	char *realm, *service; /* owned; NULL: not said */
};

/* name="value" or name=value; *at moves on. False: no more. */
static bool parameter(const char **at, char **ret_name, char **ret_value)
{
	const char *p = *at, *name, *value;
	size_t n;

	while (*p == ' ' || *p == ',' || *p == '\t')
		p++;
	name = p;
	while (isalnum((unsigned char)*p) || *p == '_' || *p == '-')
		p++;
	n = (size_t)(p - name);
	if (n == 0 || *p != '=')
		return false;
	*ret_name = lw_strndup(name, n);
	p++;
	if (*p == '"') {
		value = ++p;
		while (*p && *p != '"')
			p++;
	} else {
		value = p;
		while (*p && *p != ',' && *p != ' ')
			p++;
	}
	*ret_value = lw_strndup(value, (size_t)(p - value));
	*at = *p == '"' ? p + 1 : p;
	return true;
}

static void parse_challenge(const char *parameters, struct challenge *ret)
{
	char *name = NULL, *value = NULL;

	while (parameter(&parameters, &name, &value)) {
		char **into = strcasecmp(name, "realm") == 0	 ? &ret->realm
			      : strcasecmp(name, "service") == 0 ? &ret->service
								 : NULL;

		if (into && !*into)
			*into = lw_steal(value);
		free(name);
		free(value);
		name = value = NULL;
	}
}

/* The parameters of a challenge of that scheme; NULL: it is not among them. */
static const char *find_challenge(const struct lw_http_answer *a, const char *scheme)
{
	size_t n = strlen(scheme);

	for (size_t i = 0; i < a->n_headers; i++) {
		const char *value = a->headers[i].value;

		if (strcasecmp(a->headers[i].name, "WWW-Authenticate") == 0 &&
		    strncasecmp(value, scheme, n) == 0 && (value[n] == ' ' || !value[n]))
			return value + n;
	}
	return NULL;
}

static char *scope_text(const struct lw_client_scope *s)
{
	lw_auto_free char *own = lw_asprintf("repository:%s:pull,push", s->repository);
	lw_auto_free char *from =
		*s->from ? lw_asprintf("\nrepository:%s:pull", s->from) : lw_strdup("");

	return lw_asprintf("%s%s", own, from);
}

static struct lw_client_token *find_token(struct lw_registry_client *c, const char *scope)
{
	for (size_t i = 0; i < c->n_tokens; i++)
		if (strcmp(c->tokens[i].scope, scope) == 0)
			return &c->tokens[i];
	return NULL;
}

static void drop_token(struct lw_registry_client *c, struct lw_client_token *t)
{
	struct lw_client_token gone = *t;

	*t = c->tokens[--c->n_tokens];
	c->tokens[c->n_tokens] = (struct lw_client_token){ 0 };
	free(gone.scope);
	explicit_bzero(gone.token, strlen(gone.token));
	free(gone.token);
}

static int take_realm(struct lw_registry_client *c, struct challenge *asked, struct lw_error *e)
{
	char shown[256];

	if (!asked->realm || !lw_client_may_lead(c, asked->realm))
		return lw_fail(e, LW_E_FORMAT,
			       "the registry names no token server that may be asked: '%s'",
			       lw_text_escape_str(asked->realm ? asked->realm : "", shown,
						  sizeof(shown)));
	c->scheme = LW_CLIENT_BEARER;
	free(c->realm);
	free(c->service);
	c->realm = lw_steal(asked->realm);
	c->service = lw_steal(asked->service);
	return 0;
}

int lw_client_challenged(struct lw_registry_client *c, const struct lw_client_scope *scope,
			 const struct lw_http_answer *a, struct lw_error *e)
{
	const char *bearer = find_challenge(a, "Bearer");
	lw_auto_free char *text = scope_text(scope);
	struct lw_client_token *token = find_token(c, text);
	char said[LW_CLIENT_SAID];

	if (token)
		drop_token(c, token);
	if (bearer) {
		struct challenge asked = { 0 };
		int r;

		parse_challenge(bearer, &asked);
		r = take_realm(c, &asked, e);
		free(asked.realm);
		free(asked.service);
		return r;
	}
	if (!find_challenge(a, "Basic"))
		return lw_fail(
			e, LW_E_USAGE,
			"the registry answers %s and asks for neither password nor token",
			lw_client_said(a, said));
	if (!*c->username)
		return lw_fail(
			e, LW_E_USAGE,
			"the registry wants a name and password, and none is in an auth file");
	if (c->scheme == LW_CLIENT_BASIC)
		return lw_fail(e, LW_E_USAGE, "the registry does not take this password: %s",
			       lw_client_said(a, said));
	c->scheme = LW_CLIENT_BASIC;
	return 0;
}

/* ---- tokens ---- */

static bool is_token(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static int read_token(struct lw_span body, char **ret, int64_t *ret_sec, struct lw_error *e)
{
	struct {
		const char *token, *access_token;
		uint64_t expires_in;
	} f = { .expires_in = SHORTEST_SEC };
	static const struct lw_json_field fields[] = {
		{ "access_token", LW_JSON_READ_STRING, 0, offsetof(__typeof__(f), access_token),
		  0, MOST_TOKEN_BYTES, NULL },
		{ "expires_in", LW_JSON_READ_U64, 0, offsetof(__typeof__(f), expires_in), 0, 0,
		  NULL },
		{ "token", LW_JSON_READ_STRING, 0, offsetof(__typeof__(f), token), 0,
		  MOST_TOKEN_BYTES, NULL },
	};
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r = lw_json_parse(body, &LW_JSON_FOREIGN, &doc, e);

	if (r == 0)
		r = lw_json_read(lw_json_root(doc), fields, LW_COUNT_OF(fields),
				 LW_JSON_IGNORE_UNKNOWN, "token", &f, e);
	if (r < 0)
		return r;
	if (!f.token || !*f.token)
		f.token = f.access_token;
	if (!f.token || !*f.token || !is_token(f.token))
		return lw_fail(e, LW_E_FORMAT, "there is no token in its answer");
	*ret = lw_strdup(f.token);
	*ret_sec = f.expires_in > LONGEST_SEC ? LONGEST_SEC : (int64_t)f.expires_in;
	return 0;
}

/* "service=...&scope=...&scope=..." */
static char *query_of(const struct lw_registry_client *c, const char *scope)
{
	LW_AUTO(buf) struct lw_buf q = { 0 };
	const char *at = scope, *end;

	if (c->service) {
		lw_auto_free char *service = lw_url_escape(c->service);

		lw_buf_printf(&q, "service=%s", service);
	}
	for (; *at; at = *end ? end + 1 : end) {
		end = strchrnul(at, '\n');
		lw_auto_free char *one = lw_strndup(at, (size_t)(end - at));
		lw_auto_free char *escaped = lw_url_escape(one);

		lw_buf_printf(&q, "%sscope=%s", q.n ? "&" : "", escaped);
	}
	return (char *)lw_buf_detach(&q);
}

static char *basic(const struct lw_registry_client *c)
{
	LW_AUTO(buf) struct lw_buf pair = { 0 };
	LW_AUTO(buf) struct lw_buf text = { 0 };

	lw_buf_printf(&pair, "%s:%s", c->username, c->password);
	lw_buf_adds(&text, "Authorization: Basic ");
	lw_base64_encode(&text, lw_buf_span(&pair));
	explicit_bzero(pair.p, pair.cap);
	return (char *)lw_buf_detach(&text);
}

static int give_form(void *data, uint8_t *p, size_t n, uint64_t at, struct lw_error *e)
{
	const struct lw_buf *form = data;

	(void)e;
	memcpy(p, form->p + at, n);
	return 0;
}

/* For an identity token, by OAuth 2 (RFC 6749 6); else with the password, or without. */
static int ask_for_token(struct lw_registry_client *c, const char *scope, struct lw_buf *out,
			 struct lw_http_answer *a, struct lw_error *e)
{
	const struct lw_http_sink sink = { lw_client_into_buffer, out };
	struct lw_http_request q = { .method = "GET",
				     .most = MOST_ANSWER_BYTES,
				     .sink = &sink,
				     .stranger = !lw_url_is_same_origin(c->realm, c->origin) };
	lw_auto_free char *query = query_of(c, scope);
	lw_auto_free char *url =
		lw_asprintf("%s%s%s", c->realm, strchr(c->realm, '?') ? "&" : "?", query);
	lw_auto_free char *authorization = *c->username ? basic(c) : NULL;
	LW_AUTO(buf) struct lw_buf form = { 0 };
	const char *header = authorization;

	q.url = url;
	if (*c->identity_token) {
		lw_auto_free char *token = lw_url_escape(c->identity_token);

		lw_buf_printf(
			&form,
			"grant_type=refresh_token&client_id=landwaiter&refresh_token=%s&%s",
			token, query);
		header = "Content-Type: application/x-www-form-urlencoded";
		q.method = "POST";
		q.url = c->realm;
		q.give = give_form;
		q.data = &form;
		q.bytes = form.n;
	}
	q.headers = &header;
	q.n_headers = header ? 1 : 0;
	return lw_http_exchange(c->http, &q, a, e);
}

static int fetch_token(struct lw_registry_client *c, const char *scope, struct lw_error *e)
{
	LW_AUTO(http_answer) struct lw_http_answer a = { 0 };
	LW_AUTO(buf) struct lw_buf body = { 0 };
	struct lw_client_token token = { 0 };
	int64_t sec = 0;
	char said[LW_CLIENT_SAID];
	int r = ask_for_token(c, scope, &body, &a, e);

	if (r == 0 && a.status >= 500)
		r = lw_fail(e, LW_E_IO, "it answers %s", lw_client_said(&a, said));
	if (r == 0 && a.status != 200)
		r = lw_fail(e, LW_E_USAGE, "it answers %s", lw_client_said(&a, said));
	if (r == 0)
		r = read_token(lw_buf_span(&body), &token.token, &sec, e);
	if (r < 0)
		return lw_prefix(e, "the registry's token server");
	token.scope = lw_strdup(scope);
	token.until = monotonic() + (sec < SHORTEST_SEC ? SHORTEST_SEC : sec) - EARLY_SEC;
	if (c->n_tokens == MOST_TOKENS)
		drop_token(c, &c->tokens[0]);
	c->tokens = lw_realloc_array(c->tokens, c->n_tokens + 1, sizeof(*c->tokens));
	c->tokens[c->n_tokens++] = token;
	return 0;
}

int lw_client_authorize(struct lw_registry_client *c, const struct lw_client_scope *scope,
			char **ret, struct lw_error *e)
{
	lw_auto_free char *text = NULL;
	struct lw_client_token *token;
	int r = 0;

	if (c->scheme == LW_CLIENT_OPEN)
		return 0;
	if (c->scheme == LW_CLIENT_BASIC) {
		*ret = basic(c);
		return 0;
	}
	text = scope_text(scope);
	token = find_token(c, text);
	if (token && token->until <= monotonic()) {
		drop_token(c, token);
		token = NULL;
	}
	if (!token) {
		r = fetch_token(c, text, e);
		token = r == 0 ? find_token(c, text) : NULL;
	}
	if (token)
		*ret = lw_asprintf("Authorization: Bearer %s", token->token);
	return r;
}
