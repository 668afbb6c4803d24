/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CUSTODY_REPORT_H
#define LW_CUSTODY_REPORT_H

/*
 * What a program that is at work tells landwaiter-status(8): "landwaiter-report/1", one
 * datagram of JSON for each change (docs/format/status.md). Telling is best effort: it never
 * waits for an answer, and whatever becomes of it changes nothing for who tells. All text is
 * made safe here.
 */

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "custody/record.h"
#include "verify/verdict.h"

#define LW_MAX_REPORT_BYTES ((size_t)8192)
#define LW_REPORT_TEXT	    320 /* of each text, with its NUL */
#define LW_REPORT_WORD	    72	/* of a label or a code, likewise */

enum lw_report_what {
	LW_REPORT_MEDIUM,  /* one was let in: label, port */
	LW_REPORT_PULLED,  /* it is gone: port */
	LW_REPORT_GATE,	   /* a bundle is at a gate */
	LW_REPORT_BYTES,   /* so much of it was read */
	LW_REPORT_VERDICT, /* an attempt ended */
	LW_REPORT_NOTICE,  /* `source` says that something is amiss; text "": no longer */
	LW_REPORT_COUNT
};
const char *lw_report_name(enum lw_report_what what); /* "medium", ... */

/* What does not belong to its kind is empty or 0. */
struct lw_report {
	enum lw_report_what what;
	char source[LW_REPORT_WORD];			  /* a label: who is amiss */
	char text[LW_REPORT_TEXT];			  /* in a sentence */
	char label[LW_REPORT_TEXT], port[LW_REPORT_WORD]; /* the medium's */
	char bundle[LW_REPORT_TEXT];			  /* the file's name, or the device */
	char sender[LW_REPORT_WORD], marking[LW_REPORT_TEXT]; /* once they are proven */
	uint64_t sequence;
	uint64_t index, bundles;   /* which of how many; from 1 */
	uint64_t volume, volumes;  /* likewise */
	enum lw_gate gate;	   /* at work; of a verdict, where it was decided */
	uint64_t done, total;	   /* bytes */
	enum lw_outcome outcome;   /* LW_FAILED: no verdict was reached */
	char code[LW_REPORT_WORD]; /* the reason's */
	char object[LW_REPORT_TEXT], expected[LW_REPORT_TEXT], found[LW_REPORT_TEXT];
	char next[LW_REPORT_TEXT]; /* what to do now */
	uint64_t record;	   /* 0: none was made */
	char head[LW_HEAD_TEXT];   /* of the book afterwards; "": not known */
};

/* Copies a text, made safe and cut to the size of its place. `text` may be anything (NULL: "").
 */
void lw_report_set(char *to, size_t size, const char *text);

/* Appends its JSON. */
void lw_report_write(const struct lw_report *r, struct lw_buf *out);
/* Sends it to the datagram socket of that path, or does not. What would be overtaken soon
 * never waits; a verdict, which stands by then, and other lasting things wait a tenth of a
 * second at most where the socket is full. */
void lw_report_send(const struct lw_report *r, const char *path);

/* LW_E_FORMAT, LW_E_LIMIT. In custody/report_parse.c, which no program that decides needs. */
int lw_report_parse(struct lw_span bytes, struct lw_report *ret,
		    struct lw_error *e) LW_WARN_UNUSED;

#endif
