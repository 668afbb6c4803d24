/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_SAID_H
#define LW_VERIFY_SAID_H

/*
 * What signed bytes say, whatever they were signed with: a type, the things it is about, and
 * for in-toto statements the predicate. Made by a judge's `read` from bytes that a trusted key
 * signed.
 */

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "verify/proven.h"

/* The type of simple signing payloads (containers-signature.5, cosign): it is no predicate, so
 * it has a name of its own. */
#define LW_TYPE_SIMPLE_SIGNING "simple-signing"
/* Our endorsement (docs/format/endorsement.md). */
#define LW_TYPE_ENDORSEMENT "urn:landwaiter:endorsement:1"
/* cosign 3's image signature: names a digest and no repository. */
#define LW_TYPE_COSIGN_SIGN "https://sigstore.dev/cosign/sign/v1"

struct lw_said_subject {
	const char *name; /* NULL: it names none */
	struct lw_digest digest;
};

struct lw_said {
	const char *type; /* LW_TYPE_SIMPLE_SIGNING or the predicate type */
	/* Those with a SHA-256 digest; others are not subjects for us. */
	struct lw_said_subject *subjects;
	size_t n_subjects;
	const struct lw_json *predicate; /* an object; NULL: there is none */
	/* private */
	struct lw_json_doc *doc; /* owner of the strings */
};

/* The first subject with this digest, or NULL. */
const struct lw_said_subject *lw_said_about(const struct lw_said *s, const struct lw_digest *d);

/* An in-toto Statement v0.1 or v1 (in-toto attestation spec: `_type`, `subject`,
 * `predicateType`, `predicate`). Members it does not define are let through; at most
 * LW_MAX_SUBJECTS subjects, each with a digest set; a name may be absent (an empty one is), a
 * predicate too. The predicate type is a URI, so that none passes for LW_TYPE_SIMPLE_SIGNING.
 * LW_E_FORMAT, LW_E_LIMIT, LW_E_UNSUPPORTED (another _type). */
int lw_said_in_toto(struct lw_proven statement, struct lw_said *ret,
		    struct lw_error *e) LW_WARN_UNUSED;
/* A simple signing payload (containers-signature.5; cosign SIGNATURE_SPEC): critical.type
 * "cosign container image signature", critical.image.docker-manifest-digest,
 * critical.identity.docker-reference (never empty), no others in critical; beside it only
 * `optional`: an object, null (as cosign writes it) or absent, whose members are let through.
 * LW_E_FORMAT, LW_E_LIMIT, LW_E_UNSUPPORTED (a digest of another algorithm). */
int lw_said_simple_signing(struct lw_proven payload, struct lw_said *ret,
			   struct lw_error *e) LW_WARN_UNUSED;
void lw_said_release(struct lw_said *s);

/* The string at a place of the statement, by JSON pointer (RFC 6901) from its top
 * ("/predicate/runDetails/builder/id"); NULL where there is none or no string. "0", "1" ...
 * step into lists. */
const char *lw_said_string(const struct lw_said *s, const char *pointer);

/*
 * Fields that policy may ask of a provenance, whichever version of SLSA said them. Where each
 * stands, below /predicate; of several places the first that holds a string counts:
 *
 *   https://slsa.dev/provenance/v0.2
 *     builder     /builder/id
 *     source      /invocation/configSource/uri
 *     build_type  /buildType
 *   https://slsa.dev/provenance/v1
 *     builder     /runDetails/builder/id
 *     source      /buildDefinition/externalParameters/source
 *                 /buildDefinition/externalParameters/workflow/repository
 *                 /buildDefinition/resolvedDependencies/0/uri
 *     build_type  /buildDefinition/buildType
 */
enum lw_said_field {
	LW_SAID_BUILDER = 1, /* "builder" */
	LW_SAID_SOURCE,	     /* "source" */
	LW_SAID_BUILD_TYPE,  /* "build_type" */
};
/* NULL where it is not said, or the type has no such field. */
const char *lw_said_field(const struct lw_said *s, enum lw_said_field field);

/* The first place that such a field is looked for at in statements of this type; NULL for none.
 */
const char *lw_said_place(const char *type, enum lw_said_field field);

static inline void lw_auto_said_(struct lw_said *s)
{
	lw_said_release(s);
}

#endif
