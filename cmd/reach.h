/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_REACH_H
#define LW_CMD_REACH_H

/* How a registry is reached from here: the options for it, and what container tools keep in
 * their files (credentials, certificates) and the environment says (proxies). */

#include "cmd/command.h"
#include "registry/certificates.h"
#include "registry/credentials.h"
#include "registry/push.h"

extern const char *lw_arg_authfile, *lw_arg_cert_dir, *lw_arg_chunk_size;
extern bool lw_arg_plain_http;

#define LW_REACH_OPTIONS                                                                       \
	{ "authfile",                                                                          \
	  0,                                                                                   \
	  LW_OPTION_TEXT,                                                                      \
	  "FILE",                                                                              \
	  &lw_arg_authfile,                                                                    \
	  "credentials; else $REGISTRY_AUTH_FILE, or where podman and docker keep them" },     \
		{ "cert-dir",                                                                  \
		  0,                                                                           \
		  LW_OPTION_TEXT,                                                              \
		  "DIR",                                                                       \
		  &lw_arg_cert_dir,                                                            \
		  "*.crt that vouch for the registry, *.cert and *.key to show it; else "      \
		  "certs.d" },                                                                 \
		{ "plain-http",	      0,                                                       \
		  LW_OPTION_FLAG,     NULL,                                                    \
		  &lw_arg_plain_http, "without TLS; only to this machine" },                   \
	{                                                                                      \
		"chunk-size", 0, LW_OPTION_TEXT, "SIZE", &lw_arg_chunk_size,                   \
			"send larger blobs in pieces of this; 64MiB by default"                \
	}

struct lw_reach {   /* zero-initialise */
	char *host; /* owned; of what follows */
	struct lw_credential credential;
	struct lw_certificates certificates;
};

/* A lw_push_reach with a struct lw_reach as its data. LW_E_EXISTS: as the time before. */
int lw_reach_registry(void *data, const char *host, const char *repository,
		      struct lw_pusher_settings *ret, struct lw_error *e) LW_WARN_UNUSED;
/* Whether the options allow this registry, before anything is queued for it: LW_E_USAGE. */
int lw_reach_check(const struct lw_destination *d, struct lw_error *e) LW_WARN_UNUSED;
void lw_reach_release(struct lw_reach *r);

/* docker-credential-<helper> (a lw_credential_helper). */
int lw_credential_helper_run(const char *helper, const char *server, struct lw_credential *ret,
			     struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_reach_(struct lw_reach *r)
{
	lw_reach_release(r);
}

#endif
