/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "cmd/verbs.h"
#include "keys/private.h"
#include "verify/key.h"

#include <string.h>

static const char *arg_type;
static bool arg_no_passphrase;

static const struct lw_option options[] = {
	{ "type", 't', LW_OPTION_TEXT, "TYPE", &arg_type,
	  "ed25519 (the default), p256, p384, p521, rsa3072, rsa4096" },
	{ "no-passphrase", 0, LW_OPTION_FLAG, NULL, &arg_no_passphrase,
	  "leave the private key unencrypted" },
	LW_PASSPHRASE_OPTIONS,
	{ 0 },
};

static int write_pair(const char *name, const struct lw_buf *private,
		      const struct lw_buf *public, struct lw_error *e)
{
	lw_auto_free char *key = lw_asprintf("%s.key", name);
	lw_auto_free char *pub = lw_asprintf("%s.pub", name);
	int r = lw_fs_create_path(key, lw_buf_span(private), 0600, e);

	return r < 0 ? r : lw_fs_create_path(pub, lw_buf_span(public), 0644, e);
}

static int run(int n, char **objects)
{
	LW_AUTO(secret) struct lw_secret *secret = NULL;
	LW_AUTO(buf) struct lw_buf private = { 0 };
	LW_AUTO(buf) struct lw_buf public = { 0 };
	LW_AUTO(key) struct lw_key *key = NULL;
	struct lw_error e = { 0 };
	char text[LW_DIGEST_TEXT];
	int r = 0;

	(void)n;
	if (arg_no_passphrase && (lw_arg_passphrase_fd || lw_arg_passphrase_file))
		return lw_command_usage("--no-passphrase and a passphrase");
	if (arg_type && !lw_private_key_knows(arg_type))
		return lw_command_usage("--type: no such type: %s", arg_type);
	if (!arg_no_passphrase)
		r = lw_command_new_passphrase(&secret, &e);
	if (r == 0)
		r = lw_private_key_generate(arg_type ? arg_type : "ed25519", secret, &private,
					    &public, &e);
	if (r == 0)
		r = lw_key_parse(lw_buf_span(&public), &key, &e);
	if (r == 0)
		r = write_pair(objects[0], &private, &public, &e);
	if (private.p)
		explicit_bzero(private.p, private.cap);
	if (r < 0)
		return lw_command_failed(&e);
	lw_command_say("%s.key (private, keep it), %s.pub: %s", objects[0], objects[0],
		       lw_key_algorithm(key));
	(void)printf(lw_arg_json
			     ? "{\"fingerprint\":\"%s\",\"format\":\"landwaiter-keygen/1\"}\n"
			     : "%s\n",
		     lw_digest_text(lw_key_fingerprint(key), text));
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_keygen = {
	"keygen", "NAME", "Make a key pair: NAME.key and NAME.pub. Prints its fingerprint.",
	options,  1,	  1,
	run,
};
