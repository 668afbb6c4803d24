/* SPDX-License-Identifier: Apache-2.0 */

/* What a registry says to who pushes: a challenge (only a token server that may be asked is
 * taken for one), a place to go on (only what may be asked comes out), an error's body (what is
 * shown of it is plain). */

#include "base/text.h"
#include "fetch/url.h"
#include "registry/client_internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void challenge(char *text)
{
	const struct lw_client_scope scope = { "a/b", "" };
	char name[] = "WWW-Authenticate";
	struct lw_http_header header = { name, text };
	const struct lw_http_answer a = { .status = 401, .headers = &header, .n_headers = 1 };
	struct lw_registry_client c = { .origin = (char[]){ "https://registry.example" },
					.username = (char[]){ "u" } };
	struct lw_error e = { 0 };

	if (lw_client_challenged(&c, &scope, &a, &e) == 0 && c.scheme == LW_CLIENT_BEARER &&
	    (lw_url_is_here(c.realm) != 0 || strncasecmp(c.realm, "https:", 6) != 0))
		abort();
	free(c.realm);
	free(c.service);
}

static void location(const char *text)
{
	static const char from[] = "https://registry.example:5000/v2/a/blobs/uploads/1";
	struct lw_error e = { 0 };
	char *to = NULL;

	if (lw_url_resolve(from, text, &to, &e) == 0 && lw_url_is_here(to) < 0)
		abort();
	free(to);
}

static void said(struct lw_span body)
{
	struct lw_http_answer a = { .status = 400 };
	char text[LW_CLIENT_SAID];

	lw_buf_add(&a.body, body.p, body.n);
	if (!lw_text_is_plain(lw_span_str(lw_client_said(&a, text))))
		abort();
	lw_buf_free(&a.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lw_auto_free char *text = NULL;

	if (size == 0)
		return 0;
	text = lw_strndup((const char *)data + 1, size - 1);
	if (data[0] % 3 == 0)
		challenge(text);
	else if (data[0] % 3 == 1)
		location(text);
	else
		said(lw_span(data + 1, size - 1));
	return 0;
}
