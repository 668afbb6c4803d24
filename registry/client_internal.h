/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_CLIENT_INTERNAL_H
#define LW_REGISTRY_CLIENT_INTERNAL_H

/* What the files of the client share. */

#include "base/buf.h"
#include "base/mem.h"
#include "fetch/http.h"
#include "registry/client.h"

#define LW_CLIENT_TRIES 4 /* of what may be tried again */

struct lw_client_token {
	char *scope, *token; /* owned */
	int64_t until;	     /* of CLOCK_MONOTONIC, seconds */
};

struct lw_registry_client {
	struct lw_http *http;
	char *origin; /* "https://registry.example:5000" */
	bool plain;
	uint64_t chunk_bytes;
	char *username, *password, *identity_token; /* owned */
	/* What it asked for: nothing yet, a password, or a token of `realm`. */
	enum { LW_CLIENT_OPEN, LW_CLIENT_BASIC, LW_CLIENT_BEARER } scheme;
	char *realm, *service; /* owned */
	struct lw_client_token *tokens;
	size_t n_tokens;
	bool reached; /* it has answered: what cannot be reached now may be again */
	bool lists;   /* it has the referrers API: seen */
};

/* What a request is about, for its token; `from` may be "". */
struct lw_client_scope {
	const char *repository, *from;
};

/* One answer, with credentials where they are asked for. Where `again` is set, what cannot be
 * reached and what is answered 429 or 5xx is tried again; such answers are LW_E_IO in the end,
 * 401 and 403 LW_E_USAGE. Every other status is the caller's. */
int lw_client_ask(struct lw_registry_client *c, const struct lw_client_scope *scope,
		  struct lw_http_request *q, bool again, struct lw_http_answer *ret,
		  struct lw_error *e) LW_WARN_UNUSED;

/* "<origin>/v2/<repository>/<what>"; owned by the caller. */
char *lw_client_url(const struct lw_registry_client *c, const char *repository,
		    const char *what);

/* The status and what the registry says about it, safe: "400 (DIGEST_INVALID: ...)". */
#define LW_CLIENT_SAID 400
const char *lw_client_said(const struct lw_http_answer *a, char out[static LW_CLIENT_SAID]);

/* Fails with a status that was not wanted. */
int lw_client_refused(const struct lw_http_answer *a, const char *what,
		      struct lw_error *e) LW_WARN_UNUSED;

/* The header "Authorization: ..." for the next request of that scope: NULL: none. Owned. */
int lw_client_authorize(struct lw_registry_client *c, const struct lw_client_scope *scope,
			char **ret, struct lw_error *e) LW_WARN_UNUSED;
/* After a 401: learns what is asked for, forgets the token that was not taken. LW_E_USAGE: it
 * asks for what we do not have. */
int lw_client_challenged(struct lw_registry_client *c, const struct lw_client_scope *scope,
			 const struct lw_http_answer *a, struct lw_error *e) LW_WARN_UNUSED;

/* Whether it may lead us there, to read or for a token: who speaks HTTPS not to plain HTTP, and
 * who is elsewhere not to this machine. */
bool lw_client_may_lead(const struct lw_registry_client *c, const char *url);

/* A GET into memory or through a hash, following redirects without taking credentials along. */
int lw_client_read(struct lw_registry_client *c, const char *repository, const char *url,
		   const char *accept, uint64_t most, const struct lw_http_sink *sink,
		   struct lw_http_answer *ret, struct lw_error *e) LW_WARN_UNUSED;
/* A sink into a struct lw_buf. */
int lw_client_into_buffer(void *data, struct lw_span bytes, struct lw_error *e) LW_WARN_UNUSED;
/* Of a manifest, by tag or digest: LW_E_NOTFOUND. `out` is cleared first. */
int lw_client_read_manifest(struct lw_registry_client *c, const char *repository,
			    const char *reference, struct lw_buf *out, char **ret_media_type,
			    struct lw_error *e) LW_WARN_UNUSED;

void lw_client_wait(unsigned attempt, const struct lw_http_answer *a);

#endif
