/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_CLIENT_H
#define LW_REGISTRY_CLIENT_H

/*
 * A client that fills one registry (OCI distribution-spec 1.1, "Push"): exact bytes, each read
 * back and hashed. It speaks to the network and reads what a registry says: for a process of
 * its own (registry/pusher.h). What a registry answers can make a push fail, and nothing else.
 *
 * Credentials go to the registry, and to the token server that it names (that could have asked
 * for them itself), over HTTPS or on this machine; never along a redirect to another host.
 *
 * What failed is in the code: LW_E_IO (not reached, broken off, an answer of 5xx: worth trying
 * again), LW_E_USAGE (401, 403: not with these credentials), LW_E_UNSUPPORTED (it does not take
 * this), LW_E_FORMAT and LW_E_LIMIT (answers that the specification does not allow),
 * LW_E_DIGEST (it has other bytes), LW_E_EXISTS (a tag stands for something else), LW_E_STATE
 * (what was to be pushed is not what its digest says).
 */

#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

#include <stdbool.h>

struct lw_registry_client;

/* Without being told, a blob up to this goes in one piece, and a larger one in pieces of it. */
#define LW_CLIENT_CHUNK_BYTES ((uint64_t)64 << 20)

struct lw_client_settings { /* borrowed during the call */
	const char *host;   /* "registry.example:5000" */
	bool plain;	    /* HTTP: only on this machine */
	struct lw_span ca;  /* PEM, beside the system's; empty: none; as what follows */
	struct lw_span certificate, key; /* PEM */
	const char *username, *password; /* "": none */
	const char *identity_token;	 /* instead of a password; "": none */
	uint64_t chunk_bytes;		 /* 0: LW_CLIENT_CHUNK_BYTES */
};

/* LW_E_USAGE: no host that may be asked so. */
int lw_client_open(const struct lw_client_settings *settings, struct lw_registry_client **ret,
		   struct lw_error *e) LW_WARN_UNUSED;
void lw_client_close(struct lw_registry_client *c);

enum lw_client_outcome {
	LW_CLIENT_THERE = 1, /* it was there, with these bytes */
	LW_CLIENT_MOUNTED,   /* from another repository; there, by its digest and size */
	LW_CLIENT_PUSHED,
};

struct lw_client_blob {
	const char *repository;
	struct lw_digest digest;
	uint64_t size;
	int fd;
	const char *mount_from; /* a repository that has it, as this client saw; "": none */
	void (*tell)(void *data, uint64_t bytes); /* so many more were sent or read back */
	void *data;
};
int lw_client_push_blob(struct lw_registry_client *c, const struct lw_client_blob *b,
			enum lw_client_outcome *ret, struct lw_error *e) LW_WARN_UNUSED;

struct lw_client_manifest {
	const char *repository;
	struct lw_digest digest;
	const char *media_type;
	struct lw_span bytes;
	const char *tag; /* "": by its digest alone */
	/* What the tag may stand for until now, without being an offence. */
	const struct lw_digest *movable;
	size_t n_movable;
	/* What it may stand for as well, and goes on to: no offence, and nothing is put. */
	const struct lw_digest *newer;
	size_t n_newer;
	bool move; /* whatever it stands for */
};
int lw_client_push_manifest(struct lw_registry_client *c, const struct lw_client_manifest *m,
			    enum lw_client_outcome *ret, struct lw_error *e) LW_WARN_UNUSED;

/* Sees to it that a manifest that was pushed is found by its subject: the registry's referrers
 * API lists it, or the list under the tag "sha256-<hex>" does, where there is no such API
 * (distribution-spec, "Referrers tag schema"). `bytes` are the manifest's. */
int lw_client_list_referrer(struct lw_registry_client *c, const struct lw_client_manifest *m,
			    const struct lw_digest *subject, enum lw_client_outcome *ret,
			    struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_registry_client_(struct lw_registry_client **c)
{
	lw_client_close(*c);
}

#endif
