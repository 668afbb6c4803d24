/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_LIMITS_H
#define LW_BASE_LIMITS_H

/* Every cap on what may come from outside, in one place. A size above its cap is refused with
 * the name of the cap, before anything is allocated for it. */

#define LW_KIB ((uint64_t)1 << 10)
#define LW_MIB ((uint64_t)1 << 20)
#define LW_GIB ((uint64_t)1 << 30)

/* The bundle (docs/format/bundle.md) */
#define LW_MAX_SEAL_BYTES      ((size_t)262144) /* exact: the seal is always this long */
#define LW_MAX_STATEMENT_BYTES ((size_t)16384)	/* the payload inside the seal */
#define LW_MAX_APPROVALS       32		/* signatures tried on one seal */
#define LW_MAX_SIGNATURE_BYTES                                                                 \
	((size_t)16384) /* one signature; SLH-DSA-256s is 29,792: later */
#define LW_MAX_CONTENTS_BYTES ((size_t)8 << 20)
#define LW_MAX_ENTRIES	      ((size_t)1000000)
#define LW_MAX_ENTRY_LINE     ((size_t)96)
#define LW_MAX_ENTRIES_BYTES  (LW_MAX_ENTRIES * LW_MAX_ENTRY_LINE)
#define LW_MAX_MEMBER_BYTES   (((uint64_t)8 << 30) - 1) /* what a ustar header can say */
#define LW_MAX_BLOB_BYTES     ((uint64_t)1 << 40)	/* in pieces, where larger than that */
#define LW_MAX_PIECES	      ((size_t)100000)		/* in one bundle */
#define LW_MAX_BLOB_PIECES    ((size_t)9999)		/* of one blob: four digits */
#define LW_MAX_BUNDLE_IMAGES  ((size_t)50000)
#define LW_MAX_VOLUMES	      ((uint64_t)9999)
#define LW_MAX_PENDING	      ((size_t)16)	   /* bundles of which not all volumes are in */
#define LW_MAX_PENDING_ROWS   (2 * LW_MAX_PENDING) /* and those that lack approvals */
#define LW_MAX_SINCE	      ((size_t)16)	   /* earlier bundles that an increment names */
#define LW_MAX_PENDING_SEALS  ((size_t)32)	   /* kept of one of them */
#define LW_PENDING_SEC	      ((int64_t)30 * 86400) /* they go so long after the last sitting */
#define LW_MAX_REQUESTS	      ((size_t)64)	    /* of an enclave, open at once */
#define LW_MAX_REQUEST_BYTES  ((size_t)65536)	    /* one, as it travels */
#define LW_MAX_REQUEST_SEC    ((int64_t)366 * 86400) /* how long one may be open */
#define LW_MAX_SEQUENCE	      ((uint64_t)1 << 53)
#define LW_MAX_SEQUENCE_STEP  ((uint64_t)1000000) /* a floor never jumps further at once */
#define LW_MAX_MARKING	      ((size_t)128)
#define LW_MAX_LABEL	      ((size_t)64) /* sender, signer and owner names */

/* Images (OCI image-spec 1.1; the specification expects 4 MiB manifests to be taken) */
#define LW_MAX_MANIFEST_BYTES ((size_t)4 << 20)
#define LW_MAX_INDEX_BYTES    ((size_t)16 << 20) /* a source layout's index.json */
#define LW_MAX_DESCRIPTORS    ((size_t)50000)	 /* in one document */
#define LW_MAX_ANNOTATION     ((size_t)65536)
#define LW_MAX_IMAGE_DEPTH    8		    /* index in index, referrer of referrer */
#define LW_MAX_REFERENCE      ((size_t)511) /* host/repository:tag@digest */
#define LW_MAX_REPOSITORY     ((size_t)255) /* host and path */
#define LW_MAX_TAG	      ((size_t)128)
#define LW_MAX_MEDIA_TYPE     ((size_t)255) /* RFC 6838 4.2: 127 + 1 + 127 */

/* Archives of others (image/unpack.h) */
#define LW_MAX_ARCHIVE_MEMBERS ((size_t)250000)
#define LW_MAX_ARCHIVE_NAME    ((size_t)255)
#define LW_MAX_ARCHIVE_PAX     ((size_t)65536)	 /* what stands before one member */
#define LW_MAX_ARCHIVE_PADDING ((size_t)1 << 20) /* zeros behind the last */
#define LW_MAX_ARCHIVE_IMAGES  ((size_t)10000)	 /* of a docker-archive; names of one */
#define LW_MAX_ARCHIVE_LAYERS  ((size_t)4096)	 /* of one of them */
#define LW_MAX_ARCHIVE_CONFIG  ((size_t)4 << 20)
/* A compressed archive may hold so many times its own size, and this much besides. */
#define LW_MAX_UNPACK_RATIO	100
#define LW_MAX_UNPACK_ALLOWANCE ((uint64_t)64 << 20)

/* JSON (base/json.h) */
#define LW_MAX_JSON_DEPTH  32
#define LW_MAX_JSON_NODES  ((size_t)1500000)
#define LW_MAX_JSON_KEYS   ((size_t)200000) /* in one object */
#define LW_MAX_JSON_STRING ((size_t)8 << 20)

/* The box */
#define LW_MAX_FRAME_BYTES  ((size_t)24 << 20)
#define LW_BOX_CPU_SEC	    10
#define LW_BOX_MEMORY_BYTES ((uint64_t)512 << 20)
#define LW_BOX_REPLY_SEC    20 /* silence longer than this is a refusal */

/* Evidence (verify/judge.h) */
#define LW_MAX_CONFIG_BYTES	   ((size_t)1 << 20) /* an image configuration, read for its base */
#define LW_MAX_EVIDENCE_BYTES	   ((size_t)8 << 20) /* one signed document: a large SBOM */
#define LW_MAX_ENVELOPE_SIGNATURES 16		     /* in one DSSE envelope */
#define LW_MAX_ENVELOPE_NODES	   ((size_t)10000)   /* JSON values around a signature */
#define LW_MAX_KEY_HINT		   ((size_t)128)
#define LW_MAX_TYPE		   ((size_t)255)  /* a predicate type that policy names */
#define LW_MAX_TYPE_URI		   ((size_t)1024) /* of a predicate */
#define LW_MAX_SUBJECTS		   ((size_t)1024) /* of one in-toto statement */
#define LW_MAX_IMAGE_SIGNATURES	   ((size_t)1000) /* on one image and its evidence */
#define LW_MAX_VERIFICATIONS	   ((size_t)8192) /* signatures times keys, for one image */
#define LW_MAX_BASE_DEPTH	   8		  /* a base's base's ... */

/* TUF (verify/tuf_client.h); what python-tuf takes is said beside it */
#define LW_MAX_TUF_ROOT_BYTES	   ((size_t)512000)   /* the same */
#define LW_MAX_TUF_TIMESTAMP_BYTES ((size_t)16384)    /* the same */
#define LW_MAX_TUF_SNAPSHOT_BYTES  ((size_t)4 << 20)  /* 2,000,000 */
#define LW_MAX_TUF_METADATA_BYTES  ((size_t)20 << 20) /* of targets: 5,000,000 */
#define LW_MAX_TUF_SIGNATURES	   ((size_t)1024)
#define LW_MAX_TUF_KEYS		   ((size_t)1024) /* in one document */
#define LW_MAX_TUF_ROLE_KEYS	   ((size_t)256)
#define LW_MAX_TUF_KEYID	   ((size_t)128)
#define LW_MAX_TUF_ROLE		   ((size_t)128)       /* the name of a delegated role */
#define LW_MAX_TUF_ROLES	   ((size_t)32768)     /* delegated by one document */
#define LW_MAX_TUF_PATTERNS	   ((size_t)65536)     /* paths or prefixes of one role */
#define LW_MAX_TUF_PATH		   ((size_t)1024)      /* of a target */
#define LW_MAX_TUF_ROTATIONS	   ((size_t)256)       /* roots in one walk: the same */
#define LW_MAX_TUF_DELEGATIONS	   ((size_t)64)	       /* roles asked about one target: 32 */
#define LW_MAX_TUF_SEARCH_BYTES	   ((size_t)256 << 20) /* of memory that those take */
#define LW_MAX_REPOSITORIES	   ((size_t)256)       /* in one policy */
#define LW_MAX_CARRIED		   ((size_t)64)	       /* in one bundle */
#define LW_MAX_CARRIED_ROLES	   ((size_t)128)       /* of one, that travel unasked */
#define LW_MAX_CARRIED_FILES	   ((size_t)65536)     /* of one of them */
#define LW_MAX_TUF_FILE_NAME	   ((size_t)420)       /* "<version>.<role, quoted>.json" */
#define LW_MAX_TUF_BIN_BITS	   14 /* 16,384 succinct bins; TAP 15 allows 32 */

/* Repositories that we write (docs/format/tuf-repository.md): what every client takes */
#define LW_MAX_TUF_OUR_SNAPSHOT_BYTES ((size_t)2000000)
#define LW_MAX_TUF_OUR_TARGETS_BYTES  ((size_t)5000000)
#define LW_MAX_TUF_CHANGE_BYTES	      ((size_t)64 << 20) /* one staged change */
#define LW_MAX_TUF_CHANGE_ROLES	      ((size_t)65536) /* in it; targets elsewhere, likewise */

/* Trust and the book */
#define LW_MAX_POLICY_BYTES ((size_t)4 << 20)
#define LW_MAX_SENDERS	    ((size_t)256)
#define LW_MAX_SIGNERS	    ((size_t)1024)
#define LW_MAX_SIGNER_KEYS  ((size_t)16)
#define LW_MAX_RULES	    ((size_t)4096)
#define LW_MAX_RULE_GROUPS  ((size_t)32) /* of one rule; attestations likewise */
#define LW_MAX_CONDITIONS   ((size_t)32) /* of one attestation; values of each */
#define LW_MAX_ZONES	    ((size_t)16)
#define LW_MAX_POLICY_CASES ((size_t)10000) /* of one table of expected verdicts */
#define LW_MAX_KEY_BYTES    ((size_t)65536) /* one PEM file */
#define LW_MAX_RECORD_BYTES ((size_t)65535) /* C2SP tlog-tiles: a uint16 length */
#define LW_MAX_FINDINGS	    ((size_t)1000)  /* in one verdict; the rest are counted */

#endif
