/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/pack.h"

#include "cmd/verbs.h"

struct lw_pack_arguments lw_pack_arguments;

static const struct lw_option options[] = {
	{ "file", 'o', LW_OPTION_TEXT, "FILE", &lw_pack_arguments.file,
	  "the bundle to make (.lwb)" },
	{ "to", 0, LW_OPTION_LIST, "DEVICE", &lw_pack_arguments.to,
	  "instead of a file: the device to write it to, raw; several: a volume each" },
	{ "fixed", 0, LW_OPTION_FLAG, NULL, &lw_pack_arguments.fixed,
	  "also a device that cannot be taken out of the machine" },
	{ "volume-size", 0, LW_OPTION_TEXT, "SIZE", &lw_pack_arguments.volume_size,
	  "cut it into volumes of at most that size: 4GiB-1, fat32, cd, dvd" },
	{ "since", 0, LW_OPTION_LIST, "BUNDLE", &lw_pack_arguments.since,
	  "leave out what this earlier bundle has: the enclave loaded it" },
	{ "have", 0, LW_OPTION_LIST, "FILE", &lw_pack_arguments.have,
	  "leave out what the enclave has by this list: its `have`" },
	{ "only", 0, LW_OPTION_TEXT, "FILE", &lw_pack_arguments.only,
	  "make a supplement: what the enclave lacks by this verdict (JSON) or list of digests" },
	{ "of", 0, LW_OPTION_TEXT, "BUNDLE", &lw_pack_arguments.of,
	  "with --only: the bundle that is incomplete there" },
	{ "sender", 0, LW_OPTION_TEXT, "S", &lw_pack_arguments.sender,
	  "who sends: a name the enclave knows" },
	{ "audience", 0, LW_OPTION_TEXT, "FP|any", &lw_pack_arguments.audience,
	  "the identity of the enclave it is for, as `init` printed it" },
	{ "request", 0, LW_OPTION_TEXT, "FILE", &lw_pack_arguments.request,
	  "answer this request of the enclave" },
	{ "request-key", 0, LW_OPTION_TEXT, "FILE", &lw_pack_arguments.request_key,
	  "which must be signed by this key, `landwaiter request key` there" },
	{ "nonce", 0, LW_OPTION_TEXT, "NONCE", &lw_pack_arguments.nonce,
	  "answer the request of this nonce, nine groups as they were read out" },
	{ "expires", 0, LW_OPTION_TEXT, "P90D", &lw_pack_arguments.expires,
	  "how long the seal is valid" },
	{ "marking", 0, LW_OPTION_TEXT, "TEXT", &lw_pack_arguments.marking,
	  "the classification marking" },
	{ "sequence", 0, LW_OPTION_TEXT, "N", &lw_pack_arguments.sequence,
	  "this bundle's number; one more than the last by default" },
	{ "sender-dir", 0, LW_OPTION_TEXT, "DIR", &lw_pack_arguments.sender_dir,
	  "where the sender's counter is kept; else $LANDWAITER_SENDER_DIR" },
	{ "platform", 0, LW_OPTION_LIST, "OS/ARCH", &lw_pack_arguments.platforms,
	  "take only these of an index's platforms" },
	{ "tuf", 0, LW_OPTION_LIST, "NAME=PLACE", &lw_pack_arguments.tuf,
	  "take along a vendor's TUF repository: what the enclave's policy calls it, and the "
	  "folder or URL of its metadata" },
	{ "trust", 0, LW_OPTION_TEXT, "FOLDER", &lw_pack_arguments.trust,
	  "take along the enclave's own repository: metadata and targets" },
	{ "tuf-target", 0, LW_OPTION_LIST, "PATH", &lw_pack_arguments.targets,
	  "take along what looking up this target needs, too" },
	{ "ca-file", 0, LW_OPTION_TEXT, "FILE", &lw_pack_arguments.ca_file,
	  "the certificates that vouch for servers; else the system's" },
	{ "key", 0, LW_OPTION_LIST, "FILE", &lw_pack_arguments.keys,
	  "approve at once with this key" },
	LW_PASSPHRASE_OPTIONS,
	{ 0 },
};

const struct lw_verb lw_verb_pack = {
	"pack",
	"[[NAME=]SOURCE...]",
	"Pack images and all evidence about them into a bundle. Prints its digest.",
	options,
	0,
	-1,
	lw_pack_run,
};
