/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_BOX_H
#define LW_BUNDLE_BOX_H

/*
 * The box: `landwaiter-judge`, a jailed process that reads what nobody has proven yet, and
 * points (DESIGN 4; docs/format/box.md). It is told a job, gets bytes, and answers in framed
 * messages; it can open nothing and decide nothing. One box serves one object. A box that
 * crashes, stalls, or says something unexpected is LW_E_JAIL, and the object is refused.
 *
 * This is the parent's side; bundle/box_jobs.c is the inside.
 */

#include "base/jail.h"
#include "bundle/contents.h"
#include "bundle/statement.h"
#include "image/gather.h"
#include "verify/dsse.h"
#include "verify/approval.h"
#include "verify/judge.h"
#include "verify/tuf_signed.h"

/* Jobs and answers on the wire. */
enum lw_box_message {
	LW_BOX_JOB_SEAL = 1,  /* seal, n, n * SPKI DER */
	LW_BOX_JOB_EXPLAIN,   /* form, seal, contents, previous contents ("" for none), what
				 marks the volume ("" for none) */
	LW_BOX_JOB_DOCUMENTS, /* then any number of LW_BOX_DOCUMENT */
	LW_BOX_DOCUMENT,      /* form, media type, bytes; answered by DOCUMENT or ERROR */
	LW_BOX_JOB_EVIDENCE,  /* n, n * (kind, SPKI DER); then any number of the next two */
	LW_BOX_EVIDENCE,      /* an evidence manifest; answered by DONE or ERROR */
	LW_BOX_PIECE,	      /* number of its layer, media type, bytes; answered by PIECE:
				 what was extracted, per signature n, n * index of a key */
	LW_BOX_JOB_ATTACH,    /* index.json, digest, size, artifact type; answered by TEXT */
	LW_BOX_BEGIN,	/* to a nursery: another box, with the descriptor that comes along */
	LW_BOX_JOB_TUF, /* then any number of LW_BOX_TUF */
	LW_BOX_TUF,	/* metadata; answered by TUF: its halves, or ERROR */
	LW_BOX_JOB_CARRIED, /* repository, seal, contents, entries; answered by CARRIED */
	LW_BOX_CARRIED,	    /* n, n * (name, digest, size, offset) */
	LW_BOX_READY = 100, /* level of the jail */
	LW_BOX_PAYLOAD,	    /* payload, claimed sender, claimed volumes */
	LW_BOX_SIGNATURE,   /* keyid, signature, n, n * index of a key that matches */
	LW_BOX_TEXT,	    /* what to show */
	LW_BOX_ERROR,	    /* code, text */
	LW_BOX_DONE,
};

/* What a box said about a seal. Payload and signatures are those of the seal (the parent has
 * held them against its bytes); nothing in it is proven. */
struct lw_box_seal {
	struct lw_dsse seal;
	char claimed_sender[LW_MAX_LABEL + 1];	  /* "" when the payload has none */
	uint32_t claimed_volumes;		  /* 0 likewise */
	struct lw_claim claims[LW_MAX_APPROVALS]; /* spans borrow from seal */
	enum lw_jail_level level;
};

/* program NULL: the one beside this executable. Errors of the box's own making (LW_E_JAIL) and
 * the seal's (LW_E_FORMAT, LW_E_LIMIT) are told apart by their code. Zero-initialise; release
 * also after an error. */
int lw_box_seal(const char *program, struct lw_span seal, const struct lw_policy *policy,
		struct lw_box_seal *ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_box_seal_release(struct lw_box_seal *s);

/* What `inspect` and `approve` show, rendered inside the box. */
struct lw_box_explained {
	struct lw_dsse seal;
	struct lw_buf text; /* hostile: made safe line by line before it is shown */
};
enum lw_explain_form {
	LW_EXPLAIN_TEXT = 1,
	LW_EXPLAIN_SLIP,
	LW_EXPLAIN_JSON,
};
int lw_box_explain(const char *program, enum lw_explain_form form, struct lw_span seal,
		   struct lw_span contents, struct lw_span previous, struct lw_span mark,
		   struct lw_box_explained *ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_box_explained_release(struct lw_box_explained *x);

/* A box that reads image documents for gathering. */
struct lw_box_documents;
int lw_box_documents_open(const char *program, struct lw_box_documents **ret,
			  struct lw_error *e) LW_WARN_UNUSED;
void lw_box_documents_close(struct lw_box_documents *b);
/* For lw_gather_image; data is the struct lw_box_documents. */
int lw_box_document_read(void *data, struct lw_span bytes, const char *media_type,
			 struct lw_document **ret, struct lw_error *e) LW_WARN_UNUSED;

/* A layout's index.json with one more manifest in it (image/attach.h), appended. Its bytes are
 * the box's word; what they name is checked by whoever reads the layout. */
int lw_box_attach(const char *program, struct lw_span index, const struct lw_digest *manifest,
		  uint64_t size, const char *artifact_type, struct lw_buf *ret,
		  struct lw_error *e) LW_WARN_UNUSED;

/* Boxes that read evidence (verify/judge.h) and point at keys of the policy: one for each
 * image. They are copies of a nursery: a process that was told the policy's keys, and has read
 * nothing else. Set program (NULL: the one beside this executable) and policy, which is
 * borrowed; the nursery is started with the first box. While a box is at work the next is made.
 */
#define LW_BOX_NURSERY "landwaiter-judge-nursery"
struct lw_box_evidence;
struct lw_boxes {
	const char *program;
	const struct lw_policy *policy;
	struct lw_jail_child nursery;  /* private, like what follows */
	struct lw_box_evidence *spare; /* has been begun, and not been told anything */
	bool more;		       /* one was asked for before: there are images to come */
};
void lw_boxes_close(struct lw_boxes *b);

struct lw_box_matches {
	size_t keys[LW_MAX_MATCHES]; /* lw_policy_key_at, LW_KEYS_ALL */
	size_t n;
};
/* LW_E_STATE: there can be no box, whatever the object; LW_E_JAIL. Close it before the boxes.
 */
int lw_box_evidence_open(struct lw_boxes *boxes, struct lw_box_evidence **ret,
			 struct lw_error *e) LW_WARN_UNUSED;
void lw_box_evidence_close(struct lw_box_evidence *b);
/* The manifest whose layers come next. */
int lw_box_evidence_manifest(struct lw_box_evidence *b, struct lw_span manifest,
			     struct lw_error *e) LW_WARN_UNUSED;
/* What a layer holds; matches[i] is about its signature i. The caller releases *ret, also after
 * an error. Only ever LW_E_JAIL: what cannot be read is said in *ret. */
int lw_box_evidence_piece(struct lw_box_evidence *b, uint32_t layer, const char *media_type,
			  struct lw_span bytes, struct lw_extracted *ret,
			  struct lw_box_matches matches[LW_MAX_ENVELOPE_SIGNATURES],
			  struct lw_error *e) LW_WARN_UNUSED;

/* A box that takes TUF metadata apart, of one repository. */
struct lw_box_tuf;
int lw_box_tuf_open(const char *program, struct lw_box_tuf **ret,
		    struct lw_error *e) LW_WARN_UNUSED;
void lw_box_tuf_close(struct lw_box_tuf *b);
/* For struct lw_tuf_options; data is the struct lw_box_tuf. */
int lw_box_tuf_split(void *data, struct lw_span file, struct lw_tuf_signed *ret,
		     struct lw_error *e) LW_WARN_UNUSED;

/* In place of an offset: it stands in another volume, or in pieces. */
#define LW_BOX_ELSEWHERE ((uint64_t)1)
/* What a bundle says it has of a repository, by name, and where the bytes of each stand in the
 * volume that is marked so: the box's word about what nobody has approved. None: it says it has
 * nothing. *ret and *ret_offsets are the caller's to release, also after an error. */
int lw_box_carried(const char *program, const char *repository, struct lw_span seal,
		   struct lw_span contents, struct lw_span entries, struct lw_span mark,
		   struct lw_carried *ret, uint64_t **ret_offsets,
		   struct lw_error *e) LW_WARN_UNUSED;

/* The inside: serves one job on the socket, after the jail was entered. Returns 0 when it was
 * answered (with an ERROR too). */
int lw_box_serve(int socket, enum lw_jail_level level, struct lw_error *e) LW_WARN_UNUSED;

/* The inside of a nursery, until the parent closes. Returns in each box that it makes, too,
 * with *ret set: enter the jail and serve. Outside of a box *ret stays NULL. */
struct lw_box_nursery;
int lw_box_nursery_work(int socket, struct lw_box_nursery **ret,
			struct lw_error *e) LW_WARN_UNUSED;
int lw_box_nursery_serve(struct lw_box_nursery *n, int socket, enum lw_jail_level level,
			 struct lw_error *e) LW_WARN_UNUSED;
void lw_box_nursery_free(struct lw_box_nursery *n);

static inline void lw_auto_box_seal_(struct lw_box_seal *s)
{
	lw_box_seal_release(s);
}

static inline void lw_auto_box_explained_(struct lw_box_explained *x)
{
	lw_box_explained_release(x);
}

static inline void lw_auto_box_documents_(struct lw_box_documents **b)
{
	lw_box_documents_close(*b);
}

static inline void lw_auto_box_tuf_(struct lw_box_tuf **b)
{
	lw_box_tuf_close(*b);
}

static inline void lw_auto_boxes_(struct lw_boxes *b)
{
	lw_boxes_close(b);
}

static inline void lw_auto_box_evidence_(struct lw_box_evidence **b)
{
	lw_box_evidence_close(*b);
}

#endif
