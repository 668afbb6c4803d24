/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_ERROR_H
#define LW_BASE_ERROR_H

/*
 * One error: a stable code for machines, a chain of context for people.
 *
 * A function that can fail takes a `struct lw_error *` last, returns 0 or the negative code,
 * and leaves its `ret_` outputs untouched on failure. The caller owns the struct; nothing is
 * allocated. The text grows outwards: "volume 2: blobs/sha256/ab...: digest mismatch: want
 * sha256:ab..., have sha256:cd...". An error is not a verdict (see verify/verdict.h).
 */

#include <stdbool.h>

#define LW_WARN_UNUSED	__attribute__((warn_unused_result))
#define LW_PRINTF(f, a) __attribute__((format(printf, f, a)))

enum lw_code {
	LW_OK = 0,
	LW_E_USAGE,	  /* the caller's words are off */
	LW_E_IO,	  /* the system said no; sys_errno says why */
	LW_E_FORMAT,	  /* bytes that are not what the format says */
	LW_E_LIMIT,	  /* larger, deeper or more than a cap of base/limits.h */
	LW_E_UNSUPPORTED, /* well-formed, but this program cannot judge it */
	LW_E_DIGEST,	  /* bytes that are not the ones named */
	LW_E_TRUNCATED,	  /* fewer bytes than there must be */
	LW_E_SIGNATURE,	  /* a signature that does not verify */
	LW_E_NOTFOUND,	  /* the named thing is not there */
	LW_E_EXISTS,	  /* the named thing is there already */
	LW_E_CONFLICT,	  /* two things that must agree do not */
	LW_E_BUSY,	  /* another process holds it */
	LW_E_NOSPACE,	  /* no room on the disk */
	LW_E_STATE,	  /* our own stored state is not what it must be */
	LW_E_JAIL,	  /* the box could not be built, or broke */
	LW_E_KEY,	  /* a private key or its passphrase */
	LW_E_INTERNAL,	  /* a promise between our own modules is broken */
	LW_E_COUNT
};

struct lw_error {
	enum lw_code code;
	int sys_errno; /* errno for LW_E_IO and LW_E_NOSPACE, else 0 */
	char text[1024];
};

/* "format", "io", ...: stable, printed in JSON output. */
const char *lw_code_name(enum lw_code code);

/* Sets *e (if not NULL) and returns -code. Hostile bytes in arguments: pass them through
 * lw_text_escape first. */
int lw_fail(struct lw_error *e, enum lw_code code, const char *fmt, ...) LW_PRINTF(3, 4);

/* The same for a failed system call: appends strerror(errno); ENOSPC and EDQUOT become
 * LW_E_NOSPACE, everything else LW_E_IO. */
int lw_fail_errno(struct lw_error *e, const char *fmt, ...) LW_PRINTF(2, 3);

/* The same failure as another's. */
int lw_fail_of(struct lw_error *e, const struct lw_error *why);

/* Gives an error that is set another code, and returns it negated. */
int lw_fail_as(struct lw_error *e, enum lw_code code);

/* Whether this process, or the system, had no room for the call itself: that says nothing about
 * its object. */
bool lw_error_is_exhaustion(const struct lw_error *e);

/* Puts "context: " before the text of an error that is set; returns -e->code, so that
 * `return lw_prefix(e, "volume %u", n);` reads well. */
int lw_prefix(struct lw_error *e, const char *fmt, ...) LW_PRINTF(2, 3);

#endif
