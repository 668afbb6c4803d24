/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CUSTODY_RECORD_H
#define LW_CUSTODY_RECORD_H

/*
 * The book, first form (docs/format/record.md): one record per event, accepted or refused; each
 * is one canonical JSON object of at most 65,535 bytes whose `prev` is the SHA-256 of the
 * record before it (64 zeros for the first). The head of a book of n records is "n:<sha256 of
 * the last record>": who wrote the head down on paper can prove later that nothing before it
 * changed. A record is made and added inside the transaction it tells of.
 */

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "custody/state.h"

enum lw_event {
	LW_EVENT_INIT,
	LW_EVENT_VERIFY,
	LW_EVENT_LOAD,
	LW_EVENT_REPAIR,
	LW_EVENT_REMOVE,
	LW_EVENT_PROMOTE,
	LW_EVENT_GC,
	LW_EVENT_TIME_ATTEST,
	LW_EVENT_TIME_RESET,
	LW_EVENT_ALARM,
	LW_EVENT_TRUST,	  /* the enclave's own repository brought other trust */
	LW_EVENT_REJUDGE, /* what was accepted was judged again because of it */
	LW_EVENT_CHECK,	  /* ... and hashed, because somebody asked */
	LW_EVENT_PUSH,	  /* to a registry */
	LW_EVENT_DOOR,	  /* a device was plugged in or pulled out */
	LW_EVENT_DISCARD, /* what was staged of a bundle in several volumes */
	LW_EVENT_REQUEST, /* a nonce was given out */
	LW_EVENT_REQUEST_CANCEL,
};
const char *lw_event_name(enum lw_event e); /* "load", "time-attest", ... */

struct lw_head {
	uint64_t count;		 /* records in the book */
	struct lw_digest digest; /* of the last record; zeros when count is 0 */
	/* Of one from paper: how many bytes of the digest were written down; 0: all. */
	size_t known;
};

/* "12:ab12..." with all 64 digits. Parsing, where the first 16 or more (an even number) are
 * enough: LW_E_FORMAT; "0:" takes 64 zeros only. */
#define LW_HEAD_TEXT	  96
#define LW_HEAD_MIN_BYTES 8
const char *lw_head_text(const struct lw_head *h, char out[static LW_HEAD_TEXT]);
int lw_head_parse(struct lw_span text, struct lw_head *ret, struct lw_error *e) LW_WARN_UNUSED;

/* How the time in a record was known (DESIGN 10). */
struct lw_record_time {
	int64_t utc;	    /* what the clock, or the attestation carried forward, says */
	const char *source; /* "clock", "attested" or "none": then utc is written as null */
	int64_t floor;	    /* lo */
	int64_t boot_sec;
	const char *boot_id;
};

bool lw_record_is_source(const char *source);

/* Writes the members of the object "detail", in ascending key order. */
typedef void lw_record_fill(struct lw_json_writer *w, const void *data);

/* What a detail may take, so that its record is sure to fit LW_MAX_RECORD_BYTES. */
#define LW_RECORD_DETAIL_BYTES ((size_t)64000)

/* One record before it is bytes. Everything borrowed. */
struct lw_record {
	uint64_t index;
	const char *id; /* 32 lower-case hex digits */
	struct lw_digest prev, enclave;
	enum lw_event event;
	const char *result; /* one of lw_log_result_name */
	const char *reason; /* the first finding's code, [a-z0-9.-]{0,64}; "" for none */
	const struct lw_record_time *time;
	lw_record_fill *fill; /* NULL: an empty detail */
	const void *data;
};

/* Appends a record's canonical bytes. LW_E_INTERNAL (a result, reason, id or time source that
 * is not one), LW_E_LIMIT (more than LW_MAX_RECORD_BYTES); then out is as it was. */
int lw_record_build(const struct lw_record *r, struct lw_buf *out,
		    struct lw_error *e) LW_WARN_UNUSED;

/* Adds the next record to the book: index and prev follow from it, the enclave is the state's
 * "identity", the id is 128 random bits. Within a transaction. The state must have an identity
 * (LW_E_NOTFOUND). */
int lw_record_add(struct lw_state *s, enum lw_event event, const char *result,
		  const char *reason, const struct lw_record_time *time, lw_record_fill *fill,
		  const void *data, struct lw_head *ret_head,
		  struct lw_error *e) LW_WARN_UNUSED;

int lw_record_head(struct lw_state *s, struct lw_head *ret, struct lw_error *e) LW_WARN_UNUSED;

/* An exported book: the records, one per line, LF after each. Checks grammar, indices, links,
 * that all are of one enclave, and (expected not NULL) that the book was at that head once: it
 * may have grown since. Without an expected head, nothing vouches for the last record and for
 * where the book ends. Reads fd to its end, in chunks. On a broken book LW_E_FORMAT (grammar),
 * LW_E_LIMIT (a record too long), LW_E_CONFLICT (missing, moved or doubled records),
 * LW_E_DIGEST (a link or the head does not hold), LW_E_TRUNCATED (no record at all, the last
 * one cut, or fewer records than the head counts), naming the first bad record. Needs no
 * enclave. */
struct lw_log_check {
	struct lw_head head; /* of what was read */
	uint64_t results[8]; /* counts by result, in lw_log_result_name's order */
};
const char *lw_log_result_name(size_t i); /* NULL past the end */
int lw_log_check_file(int fd, const struct lw_head *expected, struct lw_log_check *ret,
		      struct lw_error *e) LW_WARN_UNUSED;
/* The same over the enclave's own records. */
int lw_log_check_state(struct lw_state *s, struct lw_log_check *ret,
		       struct lw_error *e) LW_WARN_UNUSED;
/* Writes the export to fd, as one committed state has it. LW_E_STATE if a record is missing. */
int lw_log_export(struct lw_state *s, int fd, struct lw_error *e) LW_WARN_UNUSED;

#endif
