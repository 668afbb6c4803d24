/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_TEXT_H
#define LW_BASE_TEXT_H

/*
 * Text from hostile sources, made safe for terminals, logs and error messages (CWE-150,
 * CVE-2021-42574). Printable UTF-8 passes; control characters (C0, DEL, C1), invalid UTF-8,
 * bidirectional controls, zero-width and other format characters become \xNN or \u{NNNN}.
 * A backslash becomes \\, so that the result is unambiguous. No new line survives.
 */

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

/* Appends the safe form. */
void lw_text_append(struct lw_buf *out, struct lw_span text);

/* The safe form in `out` (size >= 8), cut with "..." where it does not fit. Returns out. */
const char *lw_text_escape(struct lw_span text, char *out, size_t size);
const char *lw_text_escape_str(const char *text, char *out, size_t size);

/* The same for text whose parts were made safe already, such as an error's: what is plain stays
 * as it is, so that no backslash is doubled twice. */
const char *lw_text_settle(const char *text, char *out, size_t size);

/* Whether the text may stand in an identifier or a marking as it is: valid UTF-8, and nothing
 * lw_text_append would change but a backslash. */
bool lw_text_is_plain(struct lw_span text);

/* Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool lw_text_is_utf8(struct lw_span text);

/* A label: what senders, signers and owners are called. [a-z0-9][a-z0-9._-]{0,63} */
bool lw_text_is_label(struct lw_span text);

/* Decodes one code point at text.p; returns its length 1..4, or 0 when ill-formed. */
size_t lw_text_decode(struct lw_span text, uint32_t *ret_point);

#endif
