/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_WIRE_H
#define LW_REGISTRY_WIRE_H

/*
 * What the process that speaks HTTP (registry/server.h) asks the one that has the enclave
 * (registry/answer.h), and is told: frames of base/ipc.h over a socketpair. The server has read
 * the network's bytes: its questions are words to be looked up, and nothing else.
 */

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

enum lw_registry_message {
	LW_REGISTRY_LISTEN = 1, /* to the server: how; with the listening socket */
	LW_REGISTRY_READY,	/* from it */
	LW_REGISTRY_REFUSED,	/* or this: what is wrong with what it was given */
	LW_REGISTRY_QUESTION,	/* from it */
	LW_REGISTRY_ANSWER,	/* to it */
	LW_REGISTRY_LOG,	/* from it: a request that ended */
};

/* How to listen: PEM texts, owned; "" where there is none. Without a certificate: plain HTTP.
 */
struct lw_listen {
	char *certificate; /* the server's, and what leads to its CA */
	char *key;	   /* wiped when it is released */
	char *client_ca;   /* who does not show a certificate of it is not heard */
};

enum lw_listen_part {
	LW_LISTEN_NONE,
	LW_LISTEN_CERTIFICATE,
	LW_LISTEN_KEY,
	LW_LISTEN_CLIENT_CA,
};

/* It listens. */
struct lw_ready {
	uint32_t level;		      /* of its jail */
	struct lw_digest fingerprint; /* of its certificate; zero without TLS */
	uint64_t until_sec;	      /* when that expires */
};

/* It does not. */
struct lw_refused {
	enum lw_listen_part part;
	char *why; /* owned */
};

enum lw_registry_kind {
	LW_REGISTRY_BASE = 1,  /* GET /v2/ */
	LW_REGISTRY_CATALOG,   /* /v2/_catalog */
	LW_REGISTRY_TAGS,      /* /v2/<name>/tags/list */
	LW_REGISTRY_MANIFEST,  /* /v2/<name>/manifests/<reference> */
	LW_REGISTRY_BLOB,      /* /v2/<name>/blobs/<digest>: whether, and its size */
	LW_REGISTRY_REFERRERS, /* /v2/<name>/referrers/<digest> */
	LW_REGISTRY_PART,      /* of a blob, some bytes from a place on */
};

#define LW_MAX_REGISTRY_WORD ((size_t)512)     /* one part of a path or of a query */
#define LW_MAX_REGISTRY_PART ((size_t)1 << 20) /* bytes of a blob in one answer */

struct lw_question {
	enum lw_registry_kind kind;
	char *name, *reference; /* owned, "" where the kind has none, as what follows */
	char *artifact_type;	/* of referrers: only these */
	char *last;		/* of lists: what comes after this */
	uint64_t most;		/* of lists; of a part: bytes; of a blob: all of it in the
				   answer, if it is not larger */
	uint64_t at;		/* of a part: where it begins */
	char *user, *password;	/* of who asks; "": did not say. Wiped when it is released */
};

#define LW_REGISTRY_RETRY_SEC "2" /* after 429 */

struct lw_answer {
	uint32_t status;   /* of HTTP */
	char *media_type;  /* owned, as what follows; "" where there is none */
	char *digest;	   /* "sha256:<hex>" of what is served */
	char *link;	   /* the next page: a path and query */
	uint32_t filtered; /* by artifact type */
	struct lw_buf
		body; /* of a part one to LW_MAX_REGISTRY_PART bytes, where the status is 200 */
	uint64_t size; /* of a blob */
};

/* A request that ended. */
struct lw_request_log {
	char *client, *method, *path; /* owned; the network's words */
	char *user;		      /* as it was said; "": it was not */
	uint32_t status;
	uint64_t bytes, microseconds;
};

void lw_listen_put(const struct lw_listen *l, struct lw_buf *out);
void lw_ready_put(const struct lw_ready *r, struct lw_buf *out);
void lw_refused_put(const struct lw_refused *r, struct lw_buf *out);
void lw_question_put(const struct lw_question *q, struct lw_buf *out);
/* But for the bytes of its body, which end the frame. */
void lw_answer_put(const struct lw_answer *a, struct lw_buf *out);
void lw_request_log_put(const struct lw_request_log *l, struct lw_buf *out);
/* LW_E_JAIL: no such thing. Zero-initialise; release also after an error. */
int lw_listen_take(struct lw_span body, struct lw_listen *ret,
		   struct lw_error *e) LW_WARN_UNUSED;
int lw_ready_take(struct lw_span body, struct lw_ready *ret, struct lw_error *e) LW_WARN_UNUSED;
int lw_refused_take(struct lw_span body, struct lw_refused *ret,
		    struct lw_error *e) LW_WARN_UNUSED;
int lw_question_take(struct lw_span body, struct lw_question *ret,
		     struct lw_error *e) LW_WARN_UNUSED;
int lw_answer_take(struct lw_span body, struct lw_answer *ret,
		   struct lw_error *e) LW_WARN_UNUSED;
int lw_request_log_take(struct lw_span body, struct lw_request_log *ret,
			struct lw_error *e) LW_WARN_UNUSED;
void lw_listen_release(struct lw_listen *l);
void lw_refused_release(struct lw_refused *r);
void lw_question_release(struct lw_question *q);
void lw_answer_release(struct lw_answer *a);
void lw_request_log_release(struct lw_request_log *l);

static inline void lw_auto_listen_(struct lw_listen *l)
{
	lw_listen_release(l);
}

static inline void lw_auto_refused_(struct lw_refused *r)
{
	lw_refused_release(r);
}

static inline void lw_auto_question_(struct lw_question *q)
{
	lw_question_release(q);
}

static inline void lw_auto_answer_(struct lw_answer *a)
{
	lw_answer_release(a);
}

static inline void lw_auto_request_log_(struct lw_request_log *l)
{
	lw_request_log_release(l);
}

#endif
