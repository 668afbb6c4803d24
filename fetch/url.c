/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/url.h"

#include "base/mem.h"
#include "base/text.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

/* A part of a URL; NULL: it has none. Freed with curl_free. */
static char *part(CURLU *u, CURLUPart what, unsigned flags)
{
	char *text = NULL;

	return curl_url_get(u, what, &text, flags) == CURLUE_OK ? text : NULL;
}

/* A part of a URL that must not be there: in a list of processes everybody reads it. */
static bool has(CURLU *u, CURLUPart what)
{
	char *text = part(u, what, 0);
	bool there = text != NULL;

	curl_free(text);
	return there;
}

int lw_url_is_here(const char *url)
{
	CURLU *u = curl_url();
	int r = -1;

	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    !has(u, CURLUPART_USER) && !has(u, CURLUPART_PASSWORD)) {
		char *host = part(u, CURLUPART_HOST, 0), *scheme = part(u, CURLUPART_SCHEME, 0);
		bool here =
			host && (strcmp(host, "localhost") == 0 ||
				 strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0);

		if (host && scheme &&
		    (strcmp(scheme, "https") == 0 || (here && strcmp(scheme, "http") == 0)))
			r = here;
		curl_free(host);
		curl_free(scheme);
	}
	curl_url_cleanup(u);
	return r;
}

int lw_url_resolve(const char *url, const char *location, char **ret, struct lw_error *e)
{
	CURLU *u = curl_url();
	char *text = NULL, shown[256];

	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_set(u, CURLUPART_URL, location, 0) == CURLUE_OK)
		text = part(u, CURLUPART_URL, 0);
	curl_url_cleanup(u);
	(void)lw_text_escape_str(location, shown, sizeof(shown));
	if (!text)
		return lw_fail(e, LW_E_FORMAT, "no URL: %s", shown);
	if (lw_url_is_here(text) < 0) {
		curl_free(text);
		return lw_fail(e, LW_E_USAGE,
			       "%s: want https, or http to this machine, and no password",
			       shown);
	}
	*ret = lw_strdup(text);
	curl_free(text);
	return 0;
}

char *lw_url_escape(const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0);
	char *copy = lw_strdup(escaped ? escaped : "");

	curl_free(escaped);
	return copy;
}

static bool is_same(CURLU *a, CURLU *b, CURLUPart what)
{
	char *x = part(a, what, CURLU_DEFAULT_PORT), *y = part(b, what, CURLU_DEFAULT_PORT);
	bool same = x && y && strcasecmp(x, y) == 0;

	curl_free(x);
	curl_free(y);
	return same;
}

bool lw_url_is_same_origin(const char *a, const char *b)
{
	CURLU *x = curl_url(), *y = curl_url();
	bool same = x && y && curl_url_set(x, CURLUPART_URL, a, 0) == CURLUE_OK &&
		    curl_url_set(y, CURLUPART_URL, b, 0) == CURLUE_OK &&
		    is_same(x, y, CURLUPART_SCHEME) && is_same(x, y, CURLUPART_HOST) &&
		    is_same(x, y, CURLUPART_PORT);

	curl_url_cleanup(x);
	curl_url_cleanup(y);
	return same;
}
