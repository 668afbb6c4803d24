/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_FINDING_H
#define LW_VERIFY_FINDING_H

/*
 * Every finding a gate can have: its stable code, its gate, how grave it is, and what to do
 * next. docs/findings.md lists the same codes with their meaning; a test holds the two
 * together.
 *
 * Gravity decides the verdict: REFUSAL (exit 3), TIME (6), DAMAGE (4), ERROR (1), INCOMPLETE
 * (5); a NOTE is shown and recorded and changes nothing.
 */

#include "base/error.h"

enum lw_gate {
	LW_GATE_NONE,
	LW_GATE_DOOR,
	LW_GATE_SEAL,
	LW_GATE_FRESHNESS,
	LW_GATE_CONTENT,
	LW_GATE_EVIDENCE,
	LW_GATE_COMMIT,
};
const char *lw_gate_name(enum lw_gate g); /* "seal", "freshness" ... */

enum lw_gravity {
	LW_NOTE,
	LW_INCOMPLETE,
	LW_ERROR,
	LW_DAMAGE,
	LW_TIME,
	LW_REFUSAL,
};
const char *lw_gravity_name(enum lw_gravity g);

#define LW_FINDINGS(X)                                                                                   \
	/* gate 1 */                                                                                     \
	X(DOOR_MALFORMED, "door.descriptors", DOOR, REFUSAL,                                             \
	  "what the device says of itself is not USB: do not plug it in again, keep it and report it")   \
	X(DOOR_COMPOSITE, "door.composite", DOOR, REFUSAL,                                               \
	  "a medium that is also something else may be an attack: keep it and report it")                \
	X(DOOR_CLASS, "door.class", DOOR, REFUSAL,                                                       \
	  "only media may be plugged in here: pull it out")                                              \
	X(DOOR_HUB, "door.hub", DOOR, REFUSAL,                                                           \
	  "plug the medium in directly; a hub that belongs here is named in door.json")                  \
	X(DOOR_KEYBOARD, "door.keyboard", DOOR, REFUSAL,                                                 \
	  "a keyboard has one port, named in door.json: use that; a medium that is one is an attack")    \
	X(DOOR_PORT, "door.port", DOOR, REFUSAL, "use a port that is for media (door.json)")             \
	X(DOOR_CHANGED, "door.changed", DOOR, REFUSAL,                                                   \
	  "a device that becomes another one may be an attack: keep it and report it")                   \
	X(DOOR_SECOND, "door.second", DOOR, REFUSAL,                                                     \
	  "pull out all media but one, then plug that one in again")                                     \
	X(DOOR_UNLISTED, "door.unlisted", DOOR, REFUSAL,                                                 \
	  "use a medium of the media list, or have this one put on it")                                  \
	X(DOOR_SERIAL, "door.serial", DOOR, REFUSAL,                                                     \
	  "a medium without a serial number cannot be listed: use another")                              \
	X(DOOR_RETIRED, "door.retired", DOOR, REFUSAL,                                                   \
	  "this medium is out of use: take another")                                                     \
	X(DOOR_LOST, "door.lost", DOOR, REFUSAL,                                                         \
	  "this medium was reported lost: keep it, and ask where it was")                                \
	X(DOOR_KERNEL, "door.kernel", DOOR, ERROR,                                                       \
	  "nothing was let in; see what the kernel says, then plug it in again")                         \
	X(DOOR_FILE_SYSTEM, "door.file-system", DOOR, REFUSAL,                                           \
	  "have the bundle written again: as a file on FAT, exFAT, ISO 9660 or UDF, or raw")             \
	X(DOOR_NOT_LISTED, "door.not-listed", DOOR, NOTE,                                                \
	  "the media list lets any medium speak; nobody is named for this one")                          \
	/* gate 2 */                                                                                     \
	X(SEAL_UNREADABLE, "seal.unreadable", SEAL, DAMAGE,                                              \
	  "check the medium; ask the sender for another copy")                                           \
	X(SEAL_FORMAT, "seal.format", SEAL, REFUSAL,                                                     \
	  "this is no bundle of format 1, or its head was altered: ask for another copy")                \
	X(SEAL_BOX, "seal.box", SEAL, REFUSAL,                                                           \
	  "the jailed parser failed on this seal; keep the medium and report it")                        \
	X(SEAL_UNAPPROVED, "seal.unapproved", SEAL, REFUSAL,                                             \
	  "no approver this enclave knows has signed: check sender, keys and policy")                    \
	X(SEAL_THRESHOLD, "seal.threshold", SEAL, INCOMPLETE,                                            \
	  "have another approver run `landwaiter approve`, or bring an approval with --approval")        \
	X(SEAL_SIGNATURE_BAD, "seal.signature-bad", SEAL, REFUSAL,                                       \
	  "the seal was altered or signed over something else: do not use this copy")                    \
	X(SEAL_SIGNATURE_AMBIGUOUS, "seal.signature-ambiguous", SEAL, REFUSAL,                           \
	  "one signature fits two people's keys: replace those keys")                                    \
	X(SEAL_KEY_UNSUPPORTED, "seal.key-unsupported", SEAL, NOTE,                                      \
	  "this program cannot check that key; the approver needs one of a supported kind")              \
	X(SEAL_SENDER, "seal.sender", SEAL, REFUSAL,                                                     \
	  "the approvers may not seal in that sender's name: check policy")                              \
	X(SEAL_STATEMENT, "seal.statement", SEAL, REFUSAL,                                               \
	  "the approved statement is not of a kind this version reads: check the sender's tool")         \
	X(SEAL_AUDIENCE, "seal.audience", SEAL, REFUSAL,                                                 \
	  "this bundle was sealed for another enclave: have it sealed for this one")                     \
	X(SEAL_APPROVAL_OTHER, "seal.approval-other", SEAL, REFUSAL,                                     \
	  "that approval file belongs to another bundle: bring the right one")                           \
	X(SEAL_APPROVAL_NOT_KEPT, "seal.approval-not-kept", SEAL, NOTE,                                  \
	  "discard what is not awaited (`landwaiter incoming list`), or bring all approvals at once")    \
	/* gate 3 */                                                                                     \
	X(FRESHNESS_REPLAY, "freshness.replay", FRESHNESS, REFUSAL,                                      \
	  "nothing to do; images removed since come back in a bundle packed anew")                       \
	X(FRESHNESS_SEQUENCE, "freshness.sequence", FRESHNESS, REFUSAL,                                  \
	  "a later bundle of this sender was accepted: have this one packed anew if it is still wanted") \
	X(FRESHNESS_SEQUENCE_JUMP, "freshness.sequence-jump", FRESHNESS, REFUSAL,                        \
	  "the sequence is implausibly high: check the sender's counter")                                \
	X(FRESHNESS_SEQUENCE_GAP, "freshness.sequence-gap", FRESHNESS, NOTE,                             \
	  "bundles between were never accepted here: ask whether one was lost")                          \
	X(FRESHNESS_EXPIRED, "freshness.expired", FRESHNESS, REFUSAL,                                    \
	  "have it packed and approved anew")                                                            \
	X(FRESHNESS_TOO_LONG, "freshness.too-long", FRESHNESS, REFUSAL,                                  \
	  "have it packed anew with an expiry within policy's max_age")                                  \
	X(FRESHNESS_FUTURE, "freshness.future", FRESHNESS, REFUSAL,                                      \
	  "check the clocks here and at the sender (`landwaiter time show`)")                            \
	X(FRESHNESS_IMPLAUSIBLE, "freshness.implausible", FRESHNESS, REFUSAL,                            \
	  "the seal's dates make no sense: check the sender's clock and have it packed anew")            \
	X(FRESHNESS_UNANSWERED, "freshness.unanswered", FRESHNESS, REFUSAL,                              \
	  "policy wants an answer to a request: `landwaiter request`, and have that one packed")         \
	X(FRESHNESS_NONCE_UNKNOWN, "freshness.nonce-unknown", FRESHNESS, REFUSAL,                        \
	  "it answers no request of this enclave: ask the sender which request it was packed for")       \
	X(FRESHNESS_NONCE_SPENT, "freshness.nonce-spent", FRESHNESS, REFUSAL,                            \
	  "another bundle answered that request before: make a new one, and have it packed anew")        \
	X(FRESHNESS_REQUEST_CANCELLED, "freshness.request-cancelled", FRESHNESS, REFUSAL,                \
	  "that request was cancelled here: make a new one, and have it packed anew")                    \
	X(FRESHNESS_REQUEST_EXPIRED, "freshness.request-expired", FRESHNESS, REFUSAL,                    \
	  "the answer came too late: make a new request, and have it packed anew")                       \
	X(FRESHNESS_NOT_PROVEN, "freshness.not-proven", FRESHNESS, NOTE,                                 \
	  "the bundle answers no request of this enclave; its age rests on clocks alone")                \
	X(TIME_BEHIND_FLOOR, "time.behind-floor", FRESHNESS, TIME,                                       \
	  "the clock is behind proven time: set it, or `landwaiter time attest`")                        \
	X(TIME_UNKNOWN, "time.unknown", FRESHNESS, TIME,                                                 \
	  "have two people attest the time: `landwaiter time attest`")                                   \
	/* gate 4 */                                                                                     \
	X(CONTENT_READ, "content.read", CONTENT, DAMAGE,                                                 \
	  "the medium could not be read there: clean it, try another reader, or bring another copy")     \
	X(CONTENT_TRUNCATED, "content.truncated", CONTENT, DAMAGE,                                       \
	  "the file ends too early: copy it again")                                                      \
	X(CONTENT_TRAILING, "content.trailing", CONTENT, DAMAGE,                                         \
	  "something follows the bundle's end: copy it again")                                           \
	X(CONTENT_HEADER, "content.header", CONTENT, DAMAGE,                                             \
	  "the archive is not what the seal says: copy it again")                                        \
	X(CONTENT_DIGEST, "content.digest", CONTENT, DAMAGE,                                             \
	  "bytes were altered on the way: copy it again, or bring another copy")                         \
	X(CONTENT_LIST, "content.list", CONTENT, DAMAGE,                                                 \
	  "the sealed lists are not of a kind this version reads: check the sender's tool")              \
	X(CONTENT_SIZE, "content.size", CONTENT, DAMAGE,                                                 \
	  "the sealed lists do not add up: check the sender's tool")                                     \
	X(CONTENT_DOCUMENT, "content.document", CONTENT, DAMAGE,                                         \
	  "a manifest in the bundle cannot be read as one thing: check where the sender got it")         \
	X(CONTENT_MISSING, "content.missing", CONTENT, DAMAGE,                                           \
	  "the bundle lacks a blob its images need: have it packed again")                               \
	X(CONTENT_UNREFERENCED, "content.unreferenced", CONTENT, DAMAGE,                                 \
	  "the bundle holds a blob no image names: have it packed again")                                \
	X(CONTENT_VOLUME_MISSING, "content.volume-missing", CONTENT, INCOMPLETE,                         \
	  "load the volumes that are named, in any order")                                               \
	X(CONTENT_VOLUME_TWICE, "content.volume-twice", CONTENT, NOTE,                                   \
	  "nothing of it was read again")                                                                \
	X(CONTENT_STAGED, "content.staged", CONTENT, DAMAGE,                                             \
	  "what was staged was altered here since: see the disk, then load that volume again")           \
	X(CONTENT_PREREQUISITE_MISSING, "content.prerequisite-missing", CONTENT, INCOMPLETE,             \
	  "load the earlier bundle it came with, or a supplement, then this one again")                  \
	X(CONTENT_PREREQUISITE_DAMAGED, "content.prerequisite-damaged", CONTENT, DAMAGE,                 \
	  "`landwaiter repair` with a bundle that has it, or load a supplement, then load again")        \
	X(CONTENT_INCOMING_FULL, "content.incoming-full", CONTENT, INCOMPLETE,                           \
	  "finish or discard one of those that are begun: `landwaiter incoming list`")                   \
	/* gate 5 */                                                                                     \
	X(POLICY_NO_MATCH, "policy.no-match", EVIDENCE, REFUSAL,                                         \
	  "no rule of the policy covers this image: add one, or have it left out")                       \
	X(POLICY_EVALUATION, "policy.evaluation", EVIDENCE, NOTE,                                        \
	  "policy says \"no vendor evidence required\": for evaluation only")                            \
	X(EVIDENCE_LEDGER, "evidence.ledger", EVIDENCE, REFUSAL,                                         \
	  "the sender's statement of completeness has holes: have it packed again")                      \
	X(EVIDENCE_MISSING, "evidence.missing", EVIDENCE, REFUSAL,                                       \
	  "the sender saw this evidence and the bundle lacks it: have it packed again")                  \
	X(EVIDENCE_LIMIT, "evidence.limit", EVIDENCE, REFUSAL,                                           \
	  "more evidence than is ever judged: ask the vendor why, have it packed without")               \
	X(EVIDENCE_BOX, "evidence.box", EVIDENCE, REFUSAL,                                               \
	  "the jailed parser failed on this image's evidence; keep the medium and report it")            \
	X(EVIDENCE_MALFORMED, "evidence.malformed", EVIDENCE, REFUSAL,                                   \
	  "this is no signature of its kind: ask the vendor; policy can say \"report\"")                 \
	X(EVIDENCE_SIGNATURE_BAD, "evidence.signature-bad", EVIDENCE, REFUSAL,                           \
	  "it was altered, or made by nobody the policy knows: ask the vendor, or add the signer")       \
	X(EVIDENCE_SIGNATURE_AMBIGUOUS, "evidence.signature-ambiguous", EVIDENCE, REFUSAL,               \
	  "one signature fits two signers' keys: replace those keys")                                    \
	X(EVIDENCE_SUBJECT, "evidence.subject", EVIDENCE, REFUSAL,                                       \
	  "a signature of something else was attached here: do not use this image")                      \
	X(EVIDENCE_NAME, "evidence.name", EVIDENCE, REFUSAL,                                             \
	  "a signature made for another name was moved here: ask the vendor, see signedIdentity")        \
	X(EVIDENCE_REPORTED, "evidence.reported", EVIDENCE, NOTE,                                        \
	  "bad evidence beside enough that is good; policy says to report it")                           \
	X(EVIDENCE_UNCHECKED, "evidence.unchecked", EVIDENCE, NOTE,                                      \
	  "this evidence cannot be checked here and counts for nothing")                                 \
	X(POLICY_SIGNER_MISSING, "policy.signer-missing", EVIDENCE, REFUSAL,                             \
	  "have the missing people sign this image, then have it packed again")                          \
	X(POLICY_SIGNER_UNCHECKED, "policy.signer-unchecked", EVIDENCE, REFUSAL,                         \
	  "a signature that is needed cannot be checked here: ask for one of a supported kind")          \
	X(POLICY_ATTESTATION_MISSING, "policy.attestation-missing", EVIDENCE, REFUSAL,                   \
	  "have the vendor attest it, then have it packed again")                                        \
	X(POLICY_ATTESTATION_UNCHECKED, "policy.attestation-unchecked", EVIDENCE, REFUSAL,               \
	  "an attestation that is needed cannot be checked here: ask for one of a supported kind")       \
	X(POLICY_ATTESTATION_FIELD, "policy.attestation-field", EVIDENCE, REFUSAL,                       \
	  "the attestation says something policy does not take: ask the vendor")                         \
	X(POLICY_ZONE_ORDER, "policy.zone-order", EVIDENCE, REFUSAL,                                     \
	  "an image enters its zones one after the other: promote it to the one before")                 \
	X(BASE_UNNAMED, "base.unnamed", EVIDENCE, REFUSAL,                                               \
	  "the image does not say what it is built on (org.opencontainers.image.base.digest)")           \
	X(BASE_NOT_ACCEPTED, "base.not-accepted", EVIDENCE, REFUSAL,                                     \
	  "bring the base image, signed by its own vendor, in this bundle or before")                    \
	X(BASE_LAYERS, "base.layers", EVIDENCE, REFUSAL,                                                 \
	  "the image is not built on the base it names: ask its vendor")                                 \
	X(BASE_DEPTH, "base.depth", EVIDENCE, REFUSAL, "bases of bases go too deep")                     \
	X(IMAGE_MOVED, "image.moved", EVIDENCE, NOTE,                                                    \
	  "this name now stands for another image; the older one is kept until removed")                 \
	/* gate 5: TUF */                                                                                \
	X(TUF_FORMAT, "tuf.format", EVIDENCE, REFUSAL,                                                   \
	  "this is no TUF metadata of its role: ask whoever keeps the repository")                       \
	X(TUF_THRESHOLD, "tuf.threshold", EVIDENCE, REFUSAL,                                             \
	  "too few of the role's keys signed it: do not use it; ask whoever keeps the repository")       \
	X(TUF_VERSION, "tuf.version", EVIDENCE, REFUSAL,                                                 \
	  "a file stands in the place of another version: have it fetched anew")                         \
	X(TUF_ROLLBACK, "tuf.rollback", EVIDENCE, REFUSAL,                                               \
	  "older than what was trusted before: bring the repository as it is today")                     \
	X(TUF_EXPIRED, "tuf.expired", EVIDENCE, REFUSAL,                                                 \
	  "bring newer metadata; check the clock")                                                       \
	X(TUF_HASH, "tuf.hash", EVIDENCE, REFUSAL,                                                       \
	  "not the file that signed metadata names, two releases mixed perhaps: have it fetched anew")   \
	X(TUF_MISSING, "tuf.missing", EVIDENCE, REFUSAL,                                                 \
	  "the repository lacks a file that it must have: bring all of it")                              \
	X(TUF_LIMIT, "tuf.limit", EVIDENCE, REFUSAL,                                                     \
	  "larger or more than is ever read: ask whoever keeps the repository")                          \
	X(TUF_FETCH, "tuf.fetch", EVIDENCE, DAMAGE,                                                      \
	  "it could not be read there: try again; this is not \"there is none\"")                        \
	X(TUF_TARGET_UNKNOWN, "tuf.target-unknown", EVIDENCE, REFUSAL,                                   \
	  "no role that may lists this target: check its path; ask whoever keeps the repository")        \
	X(TUF_TARGET_MISMATCH, "tuf.target-mismatch", EVIDENCE, REFUSAL,                                 \
	  "these are not the bytes that the repository lists: do not use them")                          \
	X(TUF_GRACE, "tuf.grace", EVIDENCE, NOTE,                                                        \
	  "expired, and taken because policy gives grace: bring newer metadata in time")                 \
	X(TUF_OTHER_ROOT, "tuf.other-root", EVIDENCE, REFUSAL,                                           \
	  "under this name comes another repository than the one policy pins: ask the sender")           \
	X(TUF_UNUSED, "tuf.unused", EVIDENCE, NOTE,                                                      \
	  "nothing here asks for this repository; it was not read")                                      \
	/* the enclave's own repository */                                                               \
	X(TRUST_EXPIRED, "trust.expired", FRESHNESS, REFUSAL,                                            \
	  "the enclave's own trust has expired: have its holders renew it, then `trust update`")         \
	X(TRUST_EXPIRING, "trust.expiring", FRESHNESS, NOTE,                                             \
	  "the enclave's own trust expires soon: have its holders renew it")                             \
	X(TRUST_WITHHELD, "trust.withheld", EVIDENCE, REFUSAL,                                           \
	  "when it was last judged, by `trust update` or `check`, it did not hold: mend that first")     \
	X(TRUST_ANEW, "trust.anew", EVIDENCE, NOTE,                                                      \
	  "policy pins another root: what was trusted of this repository counts no more")                \
	X(TRUST_TIME, "trust.time", EVIDENCE, NOTE,                                                      \
	  "by this policy the time is not known until its people attest it")                             \
	X(TRUST_ABSENT, "trust.absent", FRESHNESS, REFUSAL,                                              \
	  "this bundle brings no trust: `load` it, or ask the sender for one that does")                 \
	X(TRUST_POLICY, "trust.policy", EVIDENCE, REFUSAL,                                               \
	  "what the repository brings cannot be used as a policy: ask who keeps it")                     \
	/* push, to a registry */                                                                        \
	X(PUSH_UNREACHABLE, "push.unreachable", NONE, INCOMPLETE,                                        \
	  "see to the registry, then `landwaiter push` goes on where it stopped")                        \
	X(PUSH_DENIED, "push.denied", NONE, REFUSAL,                                                     \
	  "see which credentials are found (--authfile), and what they may there")                       \
	X(PUSH_REFUSED, "push.refused", NONE, REFUSAL,                                                   \
	  "the registry does not take it: see its settings, or use another registry")                    \
	X(PUSH_ANSWER, "push.answer", NONE, REFUSAL,                                                     \
	  "this is no answer of a registry: see what stands between, or use another registry")           \
	X(PUSH_DIGEST, "push.digest", NONE, DAMAGE,                                                      \
	  "the registry has other bytes: do not use that repository; see its storage")                   \
	X(PUSH_TAG, "push.tag", NONE, REFUSAL,                                                           \
	  "see who put it there; with --move-tags it is replaced")                                       \
	X(PUSH_NAME, "push.name", NONE, REFUSAL,                                                         \
	  "say with --rename what it is to be called there")                                             \
	X(PUSH_STORE, "push.store", NONE, DAMAGE,                                                        \
	  "bring the blob back: `landwaiter repair BUNDLE`")                                             \
	X(PUSH_STOPPED, "push.stopped", NONE, INCOMPLETE,                                                \
	  "`landwaiter push` goes on where it stopped")                                                  \
	X(PUSH_WITHHELD, "push.withheld", NONE, REFUSAL,                                                 \
	  "see `landwaiter policy explain`; what does not hold is not handed out")                       \
	/* gate 6 and the machine itself */                                                              \
	X(COMMIT_CHANGED, "commit.changed", COMMIT, ERROR,                                               \
	  "trust or state changed meanwhile: load again")                                                \
	X(SYSTEM_SPACE, "system.space", COMMIT, ERROR,                                                   \
	  "free disk space (`landwaiter gc`), then load again")                                          \
	X(STORE_BLOB_MISSING, "store.blob-missing", NONE, DAMAGE,                                        \
	  "bring the blobs back from a bundle that has them: `landwaiter repair`")                       \
	X(STORE_UNUSABLE, "store.unusable", NONE, ERROR,                                                 \
	  "see who changed the enclave's folder; put it back from a copy of the whole of it")            \
	X(SYSTEM_ERROR, "system.error", COMMIT, ERROR,                                                   \
	  "nothing was changed; mend what is named, then try again")

enum lw_finding_id {
#define LW_FINDING_ENUM(id, code, gate, gravity, next) LW_FINDING_##id,
	LW_FINDINGS(LW_FINDING_ENUM)
#undef LW_FINDING_ENUM
		LW_FINDING_COUNT
};

struct lw_finding_kind {
	const char *code;
	enum lw_gate gate;
	enum lw_gravity gravity;
	const char *next;
};

const struct lw_finding_kind *lw_finding_kind(enum lw_finding_id id);

#endif
