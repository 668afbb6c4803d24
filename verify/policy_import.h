/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_POLICY_IMPORT_H
#define LW_VERIFY_POLICY_IMPORT_H

/*
 * A policy of container tools (containers-policy.json.5, with containers-registries.d.5) into
 * ours: which images it lets in, by which cosign keys, under which names. What is not carried
 * over is said, and never lets in more: where a narrower scope is left out, so are the wider
 * ones that its images would fall under. Who may seal is for a person to add.
 */

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "verify/remark.h"

/* One file of registries.d. */
struct lw_import_file {
	const char *name;
	struct lw_span bytes;
};

/* A key the policy names. */
struct lw_import_key {
	char *signer; /* in our policy, with one key each */
	char *file;   /* likewise */
	char *path;   /* where the other policy has it; NULL: it had it inside, as `bytes` */
	struct lw_buf bytes;
};

struct lw_import {
	struct lw_buf policy; /* JSON for people to go on with */
	struct lw_import_key *keys;
	size_t n_keys;
	struct lw_remarks remarks;
};

/* registries NULL: nothing is known of them. LW_E_FORMAT, LW_E_LIMIT. The caller releases *ret,
 * also after an error. */
int lw_policy_import(struct lw_span policy, const struct lw_import_file *registries,
		     size_t n_registries, struct lw_import *ret,
		     struct lw_error *e) LW_WARN_UNUSED;
void lw_import_release(struct lw_import *i);

static inline void lw_auto_import_(struct lw_import *i)
{
	lw_import_release(i);
}

/* ---- registries.d alone (policy_registries.c) ---- */

struct lw_registries {
	struct lw_registry {
		char *scope; /* "": default-docker */
		bool attachments;
	} * list;
	size_t n;
};

/* Reads one file on top of others; what it says of other things is remarked on. LW_E_FORMAT,
 * LW_E_LIMIT. */
int lw_registries_read(struct lw_registries *r, const struct lw_import_file *file,
		       struct lw_remarks *remarks, struct lw_error *e) LW_WARN_UNUSED;
void lw_registries_release(struct lw_registries *r);

static inline void lw_auto_registries_(struct lw_registries *r)
{
	lw_registries_release(r);
}

#endif
