/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_POLICY_IMPORT_INTERNAL_H
#define LW_VERIFY_POLICY_IMPORT_INTERNAL_H

/* Between policy_import.c (what a scope asks for, and whether we can say it) and
 * policy_import_write.c (keys, and our policy). */

#include "verify/policy_import.h"
#include "verify/policy_internal.h"

/* What becomes of a scope; the greatest of what its requirements say. */
enum lw_import_fate {
	LW_FATE_ANYTHING,
	LW_FATE_SIGNED,
	LW_FATE_LEFT_OUT, /* it can be met, but not in our words */
	LW_FATE_REJECT,
	LW_FATE_NEVER, /* no image here is named so */
};

struct lw_import_scope {
	const char *name; /* "" for all images */
	const struct lw_json *requirements;
	enum lw_import_fate fate;
	char why[256];		 /* LEFT_OUT */
	struct lw_rule identity; /* only that */
	size_t n_signed;
};

struct lw_importing {
	struct lw_import *out;
	struct lw_import_scope *scopes;
	size_t n_scopes;
};

/* sigstoreSigned. Any other member (fulcio, rekorPublicKeyPath, pki ...) is one more thing that
 * must hold: it is refused. */
struct lw_import_signed {
	const char *type, *keyPath, *keyData;
	const struct lw_json *keyPaths, *keyDatas, *signedIdentity;
};

int lw_import_read_signed(const struct lw_json *node, struct lw_import_signed *f,
			  struct lw_error *e) LW_WARN_UNUSED;

/* LW_E_FORMAT, LW_E_LIMIT. */
int lw_import_write(struct lw_importing *im, struct lw_error *e) LW_WARN_UNUSED;

#endif
