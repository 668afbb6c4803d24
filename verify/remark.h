/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_REMARK_H
#define LW_VERIFY_REMARK_H

/*
 * What there is to say about a policy that nobody is judged by yet: `policy check` and
 * `policy import`. A remark is no finding: it decides nothing. landwaiter-policy(1) lists the
 * same codes; a test holds the two together.
 */

#include "base/error.h"

#include <stddef.h>

enum lw_severity { LW_SEVERITY_NOTE, LW_SEVERITY_WARNING, LW_SEVERITY_ERROR };
const char *lw_severity_name(enum lw_severity s); /* "note", "warning", "error" */

#define LW_REMARKS(X)                                                                          \
	/* policy check */                                                                     \
	X(POLICY_REFUSED, "policy.refused", ERROR)                                             \
	X(SIGNER_NO_KEY, "signer.no-key", ERROR)                                               \
	X(SIGNER_KEY_UNSUPPORTED, "signer.key-unsupported", WARNING)                           \
	X(SIGNER_ENDED, "signer.ended", WARNING)                                               \
	X(SIGNER_ENDING, "signer.ending", WARNING)                                             \
	X(SIGNER_NOT_YET, "signer.not-yet", WARNING)                                           \
	X(SIGNER_UNUSED, "signer.unused", WARNING)                                             \
	X(GROUP_UNMEETABLE, "group.unmeetable", ERROR)                                         \
	X(GROUP_ONE_OWNER, "group.one-owner", WARNING)                                         \
	X(RULE_UNREACHABLE, "rule.unreachable", WARNING)                                       \
	X(RULE_ORDER, "rule.order", WARNING)                                                   \
	X(RULE_UNTAGGED, "rule.untagged", WARNING)                                             \
	X(RULE_NOT_REQUIRED, "rule.not-required", WARNING)                                     \
	X(ZONE_WEAKER, "zone.weaker", ERROR)                                                   \
	X(ZONE_DIRECT, "zone.direct", WARNING)                                                 \
	X(REPOSITORY_UNUSED, "repository.unused", WARNING)                                     \
	/* policy import */                                                                    \
	X(IMPORT_LEFT_OUT, "import.left-out", ERROR)                                           \
	X(IMPORT_WIDER, "import.wider", ERROR)                                                 \
	X(IMPORT_ANYTHING, "import.anything", WARNING)                                         \
	X(IMPORT_IDENTITY, "import.identity", WARNING)                                         \
	X(IMPORT_ATTACHMENTS, "import.attachments", WARNING)                                   \
	X(IMPORT_LOOKASIDE, "import.lookaside", WARNING)                                       \
	X(IMPORT_UNKNOWN, "import.unknown", WARNING)                                           \
	X(IMPORT_DIGEST, "import.digest", NOTE)                                                \
	X(IMPORT_TRANSPORT, "import.transport", NOTE)                                          \
	X(IMPORT_REJECT, "import.reject", NOTE)                                                \
	X(IMPORT_KEY, "import.key", NOTE)                                                      \
	X(IMPORT_SENDERS, "import.senders", NOTE)                                              \
	/* export trust */                                                                     \
	X(EXPORT_REJECT, "export.reject", WARNING)                                             \
	X(EXPORT_ANYTHING, "export.anything", WARNING)                                         \
	X(EXPORT_LESS, "export.less", NOTE)

enum lw_remark_id {
#define LW_REMARK_ID(id, code, severity) LW_REMARK_##id,
	LW_REMARKS(LW_REMARK_ID)
#undef LW_REMARK_ID
};

struct lw_remark {
	enum lw_severity severity;
	const char *code; /* static */
	char *where;	  /* "signer acme", "images[3] h/p:1"; not safe for terminals */
	char *text;	  /* likewise */
};

struct lw_remarks {
	struct lw_remark *list;
	size_t n;
};

void lw_remark(struct lw_remarks *r, enum lw_remark_id id, const char *where, const char *fmt,
	       ...) LW_PRINTF(4, 5);
/* How many have this severity. */
size_t lw_remarks_count(const struct lw_remarks *r, enum lw_severity s);
void lw_remarks_release(struct lw_remarks *r);

static inline void lw_auto_remarks_(struct lw_remarks *r)
{
	lw_remarks_release(r);
}

#endif
