/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/credentials.h"

#include "base/encode.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define MOST_FILE_BYTES ((size_t)1 << 20)

struct file {
	const struct lw_json *auths, *helpers;
	const char *store; /* "": none */
};

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void lw_credential_release(struct lw_credential *c)
{
	free(c->key);
	free(c->username);
	wipe(c->password);
	wipe(c->identity_token);
	*c = (struct lw_credential){ 0 };
}

/* "https://host/v1/" stands for "host": its beginning and length. */
static struct lw_span bare(const char *key)
{
	const char *scheme = strstr(key, "://");
	size_t n;

	if (!scheme)
		return lw_span_str(key);
	n = strcspn(scheme + 3, "/");
	return lw_span(scheme + 3, n);
}

/* How much of "host/a/b" an entry covers, in whole components; 0: nothing. */
static size_t covers(const char *key, const char *where)
{
	struct lw_span k = bare(key);

	return k.n > 0 && strncmp(where, (const char *)k.p, k.n) == 0 &&
			       (!where[k.n] || where[k.n] == '/')
		       ? k.n
		       : 0;
}

static const struct lw_json *best(const struct lw_json *object, const char *where)
{
	const struct lw_json *found = NULL;
	size_t most = 0;

	for (const struct lw_json *at = object ? lw_json_first(object) : NULL; at;
	     at = lw_json_next(at)) {
		size_t n = covers(lw_json_key(at), where);

		if (n > most) {
			most = n;
			found = at;
		}
	}
	return found;
}

/* "name:password" in base64. */
static int split(const char *auth, struct lw_credential *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf pair = { 0 };
	const char *colon;
	int r = lw_base64_decode(lw_span_str(auth), LW_BASE64_STANDARD, &pair, e);

	colon = r == 0 && pair.n ? memchr(pair.p, ':', pair.n) : NULL;
	if (r == 0 && (!colon || memchr(pair.p, '\0', pair.n)))
		r = lw_fail(e, LW_E_FORMAT, "\"auth\": want NAME:PASSWORD in base64");
	if (r == 0) {
		ret->username = lw_strndup((const char *)pair.p,
					   (size_t)(colon - (const char *)pair.p));
		ret->password = lw_strdup(colon + 1);
	}
	if (pair.p)
		explicit_bzero(pair.p, pair.cap);
	return r;
}

static int take_entry(const struct lw_json *entry, struct lw_credential *ret,
		      struct lw_error *e)
{
	struct {
		const char *auth, *token;
	} f = { "", "" };
	static const struct lw_json_field fields[] = {
		{ "auth", LW_JSON_READ_STRING, 0, offsetof(__typeof__(f), auth), 0, 0, NULL },
		{ "identitytoken", LW_JSON_READ_STRING, 0, offsetof(__typeof__(f), token), 0, 0,
		  NULL },
	};
	int r = lw_json_read(entry, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     lw_json_key(entry), &f, e);

	if (r == 0 && *f.auth)
		r = split(f.auth, ret, e);
	if (r == 0 && *f.token)
		ret->identity_token = lw_strdup(f.token);
	return r;
}

static bool is_helper(const char *name)
{
	return *name && lw_text_is_label(lw_span_str(name));
}

static int ask_helper(const char *name, const char *server, lw_credential_helper *helper,
		      struct lw_credential *ret, struct lw_error *e)
{
	int r;

	if (!is_helper(name))
		return lw_fail(e, LW_E_FORMAT, "a credential helper's name makes no sense");
	r = helper(name, server, ret, e);
	if (r == 0)
		ret->key = lw_asprintf("%s of docker-credential-%s", server, name);
	return r == -LW_E_NOTFOUND ? 0 : r;
}

static int search(const struct file *f, const char *where, lw_credential_helper *helper,
		  struct lw_credential *ret, struct lw_error *e)
{
	lw_auto_free char *host = lw_strndup(where, strcspn(where, "/"));
	const struct lw_json *entry = best(f->helpers, host);
	int r = 0;

	if (entry && lw_json_string(entry))
		r = ask_helper(lw_json_string(entry), host, helper, ret, e);
	if (r < 0 || ret->key)
		return r;
	entry = best(f->auths, where);
	if (entry)
		r = take_entry(entry, ret, e);
	if (r == 0 && (ret->username || ret->identity_token))
		ret->key = lw_strdup(lw_json_key(entry));
	if (r == 0 && !ret->key && *f->store)
		r = ask_helper(f->store, host, helper, ret, e);
	return r;
}

static int search_file(struct lw_span bytes, const char *where, lw_credential_helper *helper,
		       struct lw_credential *ret, struct lw_error *e)
{
	struct file f = { .store = "" };
	static const struct lw_json_field fields[] = {
		{ "auths", LW_JSON_READ_OBJECT, 0, offsetof(struct file, auths), 0, 0, NULL },
		{ "credHelpers", LW_JSON_READ_OBJECT, 0, offsetof(struct file, helpers), 0, 0,
		  NULL },
		{ "credsStore", LW_JSON_READ_STRING, 0, offsetof(struct file, store), 0, 0,
		  NULL },
	};
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r = lw_json_parse(bytes, &LW_JSON_FOREIGN, &doc, e);

	if (r == 0)
		r = lw_json_read(lw_json_root(doc), fields, LW_COUNT_OF(fields),
				 LW_JSON_IGNORE_UNKNOWN, "credentials", &f, e);
	return r == 0 ? search(&f, where, helper, ret, e) : r;
}

int lw_credentials_find(const char *const *files, size_t n, bool required, const char *where,
			lw_credential_helper *helper, struct lw_credential *ret,
			struct lw_error *e)
{
	for (size_t i = 0; i < n && !ret->key; i++) {
		LW_AUTO(buf) struct lw_buf bytes = { 0 };
		int r = lw_fs_read_path(files[i], MOST_FILE_BYTES, &bytes, e);

		if (r == -LW_E_NOTFOUND && !required)
			continue;
		if (r == 0 && (r = search_file(lw_buf_span(&bytes), where, helper, ret, e)) < 0)
			r = lw_prefix(e, "%s", files[i]);
		if (bytes.p)
			explicit_bzero(bytes.p, bytes.cap);
		if (r < 0)
			return r;
	}
	if (!ret->username)
		ret->username = lw_strdup("");
	if (!ret->password)
		ret->password = lw_strdup("");
	if (!ret->identity_token)
		ret->identity_token = lw_strdup("");
	return 0;
}
