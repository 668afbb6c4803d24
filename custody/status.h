/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CUSTODY_STATUS_H
#define LW_CUSTODY_STATUS_H

/*
 * What there is to be seen of an enclave now: "landwaiter-status/1", a line of JSON that
 * landwaiter-status(8) gives to each viewer at every change (docs/format/status.md). A value
 * without pointers; all text in it is safe, zero is "not known" throughout.
 */

#include "custody/report.h"

#define LW_MAX_STATUS_BYTES   ((size_t)32768)
#define LW_MAX_STATUS_NOTICES 6
#define LW_MAX_STATUS_EXPIRES 4

/* What is on the screen. */
enum lw_screen { LW_SCREEN_IDLE, LW_SCREEN_WORK, LW_SCREEN_VERDICT, LW_SCREEN_COUNT };
const char *lw_screen_name(enum lw_screen s);

/* The one word. Zero is the one that lets nothing in and blames nobody. */
enum lw_word {
	LW_WORD_HOLD, /* nothing was judged */
	LW_WORD_REFUSED,
	LW_WORD_INCOMPLETE,
	LW_WORD_ACCEPTED,
	LW_WORD_COUNT
};
const char *lw_word_name(enum lw_word w); /* "HOLD", ... */
enum lw_word lw_word_of(enum lw_outcome o);

struct lw_status_enclave {
	bool known; /* it could be read; else what `why` says */
	char why[LW_REPORT_TEXT];
	char name[LW_REPORT_WORD];
	struct lw_digest identity;
	uint64_t trust_version;
	int64_t trust_until;	    /* seconds; 0: it has no repository of its own */
	char trust[LW_REPORT_WORD]; /* "holds", "expires-soon", "expired", "evaluation" */
	char time[LW_REPORT_WORD];  /* "trusted", "behind-floor", "unknown" */
	uint64_t images, withheld;
	uint64_t records;
	char head[LW_HEAD_TEXT];
	struct lw_status_expiry {
		char what[LW_REPORT_WORD];
		int64_t until;
	} expires[LW_MAX_STATUS_EXPIRES]; /* within 30 days, or since; the first ones */
	uint64_t n_expires;		  /* how many there are */
};

struct lw_status_medium {
	bool in;
	char label[LW_REPORT_TEXT], port[LW_REPORT_WORD];
};

struct lw_status_work {
	bool at_work;
	enum lw_gate gate;
	char bundle[LW_REPORT_TEXT], sender[LW_REPORT_WORD], marking[LW_REPORT_TEXT];
	uint64_t sequence, index, bundles, volume, volumes, done, total;
	uint64_t rate;	  /* bytes a second; 0: not known yet */
	uint64_t to_go;	  /* seconds, at that rate */
	uint64_t for_sec; /* that it has been at work */
};

struct lw_status_verdict {
	bool there;
	uint64_t number; /* of the verdicts since the service was started */
	enum lw_word word;
	int64_t at;			/* seconds, by the machine's clock */
	struct lw_report report;	/* of the gravest of the medium's bundles */
	char medium[LW_REPORT_TEXT];	/* its label */
	uint64_t counts[LW_WORD_COUNT]; /* of its bundles */
};

struct lw_status_notice {
	char source[LW_REPORT_WORD], text[LW_REPORT_TEXT], next[LW_REPORT_TEXT];
};

struct lw_status {
	enum lw_screen screen;
	int64_t now; /* seconds, by the machine's clock */
	struct lw_status_enclave enclave;
	struct lw_status_medium medium;
	struct lw_status_work work;
	struct lw_status_verdict last;
	struct lw_status_notice notices[LW_MAX_STATUS_NOTICES];
	size_t n_notices;
};

/* Appends the line, without its end. */
void lw_status_write(const struct lw_status *s, struct lw_buf *out);
/* LW_E_FORMAT, LW_E_LIMIT. Members that are not known are ignored. */
int lw_status_parse(struct lw_span line, struct lw_status *ret,
		    struct lw_error *e) LW_WARN_UNUSED;

#endif
