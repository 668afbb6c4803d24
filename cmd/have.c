/* SPDX-License-Identifier: Apache-2.0 */
/* `have`: what the enclave holds, for a sender who then need not bring it again. */
#include "bundle/held.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

static const char *arg_sender;

static const struct lw_option options[] = {
	{ "sender", 0, LW_OPTION_TEXT, "S", &arg_sender,
	  "only what images have that came in this sender's bundles" },
	{ 0 },
};

static int take(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	(void)e;
	lw_held_write(data, d, size);
	return 0;
}

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(buf) struct lw_buf out = { 0 };
	struct lw_held_writer w = { .out = &out };
	struct lw_error e = { 0 };
	int code = lw_command_enclave(LW_STATE_READ, &enclave), r;

	(void)n;
	(void)objects;
	if (code != LW_EXIT_DONE)
		return code;
	lw_held_write_begin(&w, &enclave->identity);
	r = lw_state_each_held(enclave->state, arg_sender, take, &w, &e);
	if (r < 0)
		return lw_command_failed(&e);
	lw_held_write_end(&w);
	(void)fwrite(out.p, 1, out.n, stdout);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_have = {
	"have",	 "", "List the blobs of accepted images: digests and sizes, for `pack --have`.",
	options, 0,  0,
	run,
};
