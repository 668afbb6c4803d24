/* SPDX-License-Identifier: Apache-2.0 */
/* `have`: what the enclave holds, for a sender who then need not bring it again. */
#include "base/json.h"
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

static int take_json(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	struct lw_json_writer *w = data;
	char text[LW_DIGEST_TEXT];

	(void)e;
	lw_json_w_object(w);
	lw_json_w_member(w, "digest", lw_digest_text(d, text));
	lw_json_w_member_integer(w, "size", (int64_t)size);
	lw_json_w_end_object(w);
	return 0;
}

static int write_list(struct lw_enclave *enclave, struct lw_buf *out, struct lw_error *e)
{
	struct lw_held_writer w = { .out = out };
	int r;

	lw_held_write_begin(&w, &enclave->identity);
	r = lw_state_each_held(enclave->state, arg_sender, take, &w, e);
	lw_held_write_end(&w);
	return r;
}

static int write_json(struct lw_enclave *enclave, struct lw_buf *out, struct lw_error *e)
{
	struct lw_json_writer w = { .out = out, .canonical = true };
	char text[LW_DIGEST_TEXT];
	int r;

	lw_json_w_object(&w);
	lw_json_w_key(&w, "blobs");
	lw_json_w_array(&w);
	r = lw_state_each_held(enclave->state, arg_sender, take_json, &w, e);
	lw_json_w_end_array(&w);
	lw_json_w_member(&w, "enclave", lw_digest_text(&enclave->identity, text));
	lw_json_w_member(&w, "format", "landwaiter-held/1");
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	lw_buf_addc(out, '\n');
	return r;
}

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(buf) struct lw_buf out = { 0 };
	struct lw_error e = { 0 };
	int code = lw_command_enclave(LW_STATE_READ, &enclave), r;

	(void)n;
	(void)objects;
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_arg_json ? write_json(enclave, &out, &e) : write_list(enclave, &out, &e);
	if (r < 0)
		return lw_command_failed(&e);
	(void)fwrite(out.p, 1, out.n, stdout);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_have = {
	"have",	 "", "List the blobs of accepted images: digests and sizes, for `pack --have`.",
	options, 0,  0,
	run,
};
