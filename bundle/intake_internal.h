/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_INTAKE_INTERNAL_H
#define LW_BUNDLE_INTAKE_INTERNAL_H

/* What the gates share (bundle/intake.c, bundle/gate_*.c, bundle/repair.c). */

#include "bundle/intake.h"
#include "bundle/box.h"
#include "bundle/volumes.h"

#include <pthread.h>

/* For one image: the entries it needs, evidence included. */
struct lw_needs {
	uint32_t *entries; /* owned: indices into the entry list */
	size_t n;
};

/* A seal as it was read: the bundle's own first, then those of approval files. */
struct lw_kept_seal {
	const char *object; /* borrowed */
	struct lw_buf bytes;
};

struct lw_intake {
	struct lw_enclave *enclave;
	const struct lw_intake_options *options;
	struct lw_clock clock;
	struct lw_policy *policy;
	int64_t trust_version; /* what the policy was read at */
	struct lw_medium medium;
	int fd;
	char object[LW_DIGEST_TEXT + 8]; /* "bundle sha256:..." or the file's name */
	const struct lw_sender *sender;
	enum lw_jail_level jail;
	struct lw_kept_seal *seals; /* owned: as they were read, for a second trust to judge */
	size_t n_seals, n_fresh_seals; /* after the fresh ones come those of other volumes */
	uint32_t claimed_volumes;      /* the box's word */
	bool more_approvals;	       /* the fresh ones bring some that the others lack */
	struct lw_approvals approvals;
	const struct lw_carried *own; /* what comes of the enclave's own repository, or NULL */
	struct lw_entries entries;
	uint64_t head_bytes;	 /* before the members of a volume */
	struct lw_extent extent; /* of what stands on this medium ... */
	/* ... where there are several, or what the list names may be elsewhere:
	 * bundle/sitting.h */
	struct lw_sitting *sitting;
	uint64_t first_blob;		/* offset */
	uint64_t blob_bytes, all_bytes; /* of blobs: read so far; to be read */
	bool copying;			/* this pass copies every blob aside */
	bool documents_read;
	/* What gates 4 and 5 read themselves comes from a copy made in the pass that hashed it:
	 * the medium is not asked again. Where an entry's copy stands is kept above its flags.
	 */
#define LW_COPY_SHIFT 23
	_Static_assert(LW_ENTRY_BROUGHT < 1 << LW_COPY_SHIFT, "it is above all of them");
	uint64_t new_bytes; /* what the store would grow by */
	int documents;	    /* an unnamed file that holds what was copied aside */
	atomic_uint_fast64_t documents_end;
	struct lw_needs *needs; /* one per image */
	const char **zones; /* of each image, as it was judged; the array is owned, its texts
			       are policy's */
	struct lw_repositories *repositories; /* from gate 5 on */
	bool staged;
	bool doubting;	/* what is found damaged can be mended at once: it is not told */
	bool repairing; /* the record then counts what repair found and mended */
	uint64_t damaged, repaired;
	pthread_mutex_t telling; /* where several threads judge, one tells at a time */
	struct lw_intake_result *result;
};

/* One gate: adds findings to the verdict, passes it when it has nothing against the bundle. */
void lw_gate_seal(struct lw_intake *in);
/* The same seals again, by the policy that in->policy is now. */
void lw_gate_seal_again(struct lw_intake *in);
void lw_gate_freshness(struct lw_intake *in);
void lw_gate_content(struct lw_intake *in); /* lists, documents: the small ones; a volume */
void lw_gate_trust(struct lw_intake *in); /* gates 2 and 3 again, by the trust that it brings */
void lw_gate_content_named(struct lw_intake *in); /* what names what; evidence */
void lw_gate_evidence(struct lw_intake *in);
void lw_gate_content_rest(struct lw_intake *in); /* all other blobs */
/* The commit's work inside the open transaction; the record follows. */
void lw_gate_commit(struct lw_intake *in);

/* Gate 4 of one volume of several: reads what it has, and tells what is missing. Where nothing
 * is, the next three take the places of reading further. */
void lw_gate_volumes(struct lw_intake *in);
void lw_gate_volumes_named(struct lw_intake *in);
void lw_gate_volumes_rest(struct lw_intake *in);
/* Where nothing is wrong, and what judging cannot read was brought to a load: that one may be
 * accepted. */
void lw_gate_volumes_is_last(struct lw_intake *in, const char *want);
int lw_gate_volumes_publish(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;

/* Prerequisites (docs/format/bundle.md section 9): bundle/prerequisites.c. */
/* What this medium has, and the store has already, is hashed there: what is damaged is not
 * kept, and so read from the medium. LW_E_BUSY: told to stop; so below. */
int lw_prerequisites_doubt(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;
/* One that is kept: whether it is what it should be, or what is wrong with it. */
int lw_prerequisites_hash(struct lw_intake *in, size_t entry, struct lw_error *why,
			  bool *ret_good, struct lw_error *e) LW_WARN_UNUSED;
/* How many cannot be read here. */
size_t lw_prerequisites_absent(const struct lw_intake *in);
/* How many of those have not been brought either. */
size_t lw_prerequisites_lacking(const struct lw_intake *in);
/* A finding for each that is lacking, and all of them in the result. */
int lw_prerequisites_report(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;
/* One that the store has is damaged there: a finding, and it is lacking. */
void lw_prerequisites_damaged(struct lw_intake *in, size_t entry, const char *found);
/* Copies aside those that are flagged so. What cannot be read is a finding. */
int lw_prerequisites_copy(struct lw_intake *in, uint64_t flags,
			  struct lw_error *e) LW_WARN_UNUSED;
/* Hashes all that the store has, in as many threads as may read it. */
int lw_prerequisites_judge(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;

/* Parts of gate 4 that a sitting uses, and repair. */
void lw_gate_content_lists(struct lw_intake *in);
/* Flags what the store has, and which entries are asked for later. */
int lw_gate_content_mark(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;
/* A finding where there is not room for so many bytes more. */
int lw_gate_content_space(struct lw_intake *in, uint64_t bytes,
			  struct lw_error *e) LW_WARN_UNUSED;
int lw_gate_content_open_documents(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;
/* All entries that were not read yet; of the job only the sink is taken. */
int lw_gate_content_blobs(struct lw_intake *in, const struct lw_content_job *sink,
			  struct lw_error *e) LW_WARN_UNUSED;
void lw_gate_content_closure(struct lw_intake *in);
/* The proven bytes of metadata that contents list, appended; data is the struct lw_intake.
 * LW_E_NOTFOUND. */
int lw_gate_content_carried(void *data, const struct lw_carried_file *file, struct lw_buf *out,
			    struct lw_error *e) LW_WARN_UNUSED;
/* Copies the bytes of an entry aside: it is flagged LW_ENTRY_COPIED. */
int lw_gate_content_put(struct lw_intake *in, struct lw_entry *entry, struct lw_span bytes,
			struct lw_error *e) LW_WARN_UNUSED;
/* Whether the bytes of an entry were read, and kept where they can be asked for. */
bool lw_gate_content_has(const struct lw_intake *in, const struct lw_entry *entry);
/* Those, proven; appended. */
int lw_gate_content_document(struct lw_intake *in, const struct lw_entry *entry,
			     struct lw_buf *out, struct lw_error *e) LW_WARN_UNUSED;

/* A failed call of our own side as a finding. */
/* Whether somebody wants the attempt to end; if so, that is a finding. */
bool lw_intake_stopped(struct lw_intake *in);
/* Whether images are to come in: a load that is not for trust alone. */
bool lw_intake_loads(const struct lw_intake *in);
void lw_intake_failed(struct lw_intake *in, const struct lw_error *e);
/* A fault of the medium as a finding of gate 4. */
void lw_intake_damaged(struct lw_intake *in, const char *object, const struct lw_error *e);

/* Opens what both intake and repair need; releases it. */
int lw_intake_open(struct lw_intake *in, struct lw_error *e) LW_WARN_UNUSED;
void lw_intake_close(struct lw_intake *in);
/* Writes the record of the attempt within an open transaction. */
int lw_intake_record(struct lw_intake *in, enum lw_event event,
		     struct lw_error *e) LW_WARN_UNUSED;

#endif
