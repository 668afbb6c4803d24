/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_CREDENTIALS_H
#define LW_REGISTRY_CREDENTIALS_H

/*
 * Names and passwords for registries, as container tools keep them: containers-auth.json(5) and
 * docker's config.json ("auths", "credHelpers", "credsStore"). Files of whoever runs us;
 * nothing of them is shown.
 */

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct lw_credential {
	char *key; /* owned, as what follows; the entry that it was found by; NULL: none */
	char *username, *password, *identity_token; /* "": none */
};

/* docker-credential-<helper> get, given `server` on its standard input: fills username and
 * password (or, where the username is "<token>", identity_token). LW_E_NOTFOUND: it has none.
 */
typedef int lw_credential_helper(const char *helper, const char *server,
				 struct lw_credential *ret, struct lw_error *e);

/* The first of the files that has an entry for "host[:port]/repository": that of the longest
 * beginning. A file that is not there is skipped, unless `required`. LW_E_NOTFOUND, LW_E_IO,
 * LW_E_FORMAT name the file. No entry: zeros. Zero-initialise *ret; release it also after an
 * error. */
int lw_credentials_find(const char *const *files, size_t n, bool required, const char *where,
			lw_credential_helper *helper, struct lw_credential *ret,
			struct lw_error *e) LW_WARN_UNUSED;
void lw_credential_release(struct lw_credential *c); /* wipes */

static inline void lw_auto_credential_(struct lw_credential *c)
{
	lw_credential_release(c);
}

#endif
