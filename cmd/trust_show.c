/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/words.h"
#include "bundle/kept.h"
#include "bundle/repositories.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

#include <string.h>

struct shown {
	struct lw_json_writer *w; /* NULL: for people */
	size_t files;
};

static int show_file(void *data, const struct lw_trust_file *file, struct lw_error *e)
{
	struct shown *s = data;
	struct lw_digest d = lw_digest_of(file->bytes);
	char text[LW_DIGEST_TEXT], name[600];

	(void)e;
	s->files++;
	if (!s->w) {
		(void)printf("  %s\n    %s, %zu bytes\n",
			     lw_text_escape_str(file->name, name, sizeof(name)),
			     lw_digest_text(&d, text), file->bytes.n);
		return 0;
	}
	lw_json_w_object(s->w);
	lw_json_w_member(s->w, "digest", lw_digest_text(&d, text));
	lw_json_w_member(s->w, "name", file->name);
	lw_json_w_member_integer(s->w, "size", (int64_t)file->bytes.n);
	lw_json_w_end_object(s->w);
	return 0;
}

/* The last record that set trust: of `trust update`, else the first of all. */
static int find_since(struct lw_state *s, uint64_t *ret, struct lw_error *e)
{
	uint64_t n = 0;
	int r = lw_state_record_count(s, &n, e);

	*ret = 0;
	while (r == 0 && n-- > 0) {
		LW_AUTO(buf) struct lw_buf leaf = { 0 };

		r = lw_state_record_get(s, n, &leaf, e);
		if (r == 0 && strstr(lw_buf_str(&leaf), "\"event\":\"trust-update\"") &&
		    strstr(lw_buf_str(&leaf), "\"result\":\"done\"") &&
		    !strstr(lw_buf_str(&leaf), "\"changeCount\":0,")) {
			*ret = n;
			break;
		}
	}
	return r;
}

static int read_role(const struct lw_kept *k, enum lw_tuf_type type,
		     struct lw_followed_role *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf file = { 0 }, halves = { 0 };
	LW_AUTO(tuf_signed) struct lw_tuf_signed parts = { 0 };
	LW_AUTO(tuf_metadata) struct lw_tuf_metadata *m = NULL;
	int r = lw_kept_get(k, lw_tuf_type_name(type), &file, &halves, e);
	struct lw_span body = lw_buf_span(&halves);

	if (r == 0)
		r = lw_tuf_signed_take(&body, &parts, e);
	if (r == 0) {
		struct lw_proven ours = { .bytes = lw_buf_span(&parts.message) };

		r = lw_tuf_metadata_parse(ours, type, &m, e);
	}
	if (r == 0)
		*ret = (struct lw_followed_role){ m->version, m->expires };
	return r;
}

/* What is kept of the enclave's own repository. */
static int read_roles(struct lw_enclave *enclave, struct lw_span root, struct lw_followed *ret,
		      struct lw_error *e)
{
	struct lw_kept k = { .state = enclave->state, .repository = LW_OWN_REPOSITORY };
	int r = lw_digest_parse(root, &k.first, e);

	(void)snprintf(ret->repository, sizeof(ret->repository), LW_OWN_REPOSITORY);
	for (unsigned t = LW_TUF_ROOT; t <= LW_TUF_TARGETS && r == 0; t++)
		r = read_role(&k, (enum lw_tuf_type)t, &ret->roles[t], e);
	return r;
}

/* What stands on the ceremony's paper. */
static int read_words(struct lw_span root, char out[static LW_WORDS_TEXT], struct lw_error *e)
{
	struct lw_digest d = { 0 };
	int r = lw_digest_parse(root, &d, e);

	if (r == 0)
		lw_words_text(&d, out);
	return r;
}

static int show(struct lw_enclave *enclave, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf root = { 0 }, text = { 0 };
	struct lw_json_writer w = { .out = &text, .canonical = true };
	struct shown s = { .w = lw_arg_json ? &w : NULL };
	char digest[LW_DIGEST_TEXT], time[LW_TIME_TEXT], words[LW_WORDS_TEXT] = "";
	struct lw_followed now = { 0 };
	struct lw_error none;
	int64_t until = 0, version = 0;
	uint64_t since = 0;
	bool own = lw_state_get(enclave->state, "trust.root", &root, &none) == 0;
	int r = lw_state_get_integer(enclave->state, "trust.until", &until, e);

	if (r == 0)
		r = lw_state_get_integer(enclave->state, "trust.version", &version, e);
	if (r == 0)
		r = find_since(enclave->state, &since, e);
	if (r == 0 && own)
		r = read_roles(enclave, lw_buf_span(&root), &now, e);
	if (r == 0 && own)
		r = read_words(lw_buf_span(&root), words, e);
	if (r < 0)
		return r;
	if (!lw_arg_json) {
		(void)printf("enclave   %s\n          %s\n", enclave->name,
			     lw_digest_text(&enclave->identity, digest));
		if (own)
			(void)printf("root      %s\n          %s\nuntil     %s\n",
				     lw_buf_str(&root), words, lw_time_format(until, time));
		else
			(void)printf("root      none\n");
		if (own)
			lw_print_roles(&now);
		(void)printf("since     record %llu\nfiles\n", (unsigned long long)since);
		return lw_state_each_trust(enclave->state, show_file, &s, e);
	}
	lw_json_w_object(&w);
	lw_json_w_member(&w, "enclave", lw_digest_text(&enclave->identity, digest));
	lw_json_w_key(&w, "files");
	lw_json_w_array(&w);
	r = lw_state_each_trust(enclave->state, show_file, &s, e);
	if (r < 0)
		return r;
	lw_json_w_end_array(&w);
	lw_json_w_member(&w, "format", "landwaiter-trust/1");
	lw_json_w_key(&w, "root");
	if (own)
		lw_json_w_string(&w, lw_buf_str(&root));
	else
		lw_json_w_null(&w);
	lw_json_w_member_integer(&w, "since", (int64_t)since);
	lw_json_w_key(&w, "tuf");
	lw_followed_write(&now, own ? 1 : 0, &w);
	lw_json_w_key(&w, "until");
	if (own)
		lw_json_w_string(&w, lw_time_format(until, time));
	else
		lw_json_w_null(&w);
	lw_json_w_member_integer(&w, "version", version);
	lw_json_w_key(&w, "words");
	if (own)
		lw_json_w_string(&w, words);
	else
		lw_json_w_null(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&text));
	return 0;
}

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_error e = { 0 };
	int code = lw_command_enclave(LW_STATE_READ, &enclave);

	(void)n;
	(void)objects;
	if (code != LW_EXIT_DONE)
		return code;
	return show(enclave, &e) < 0 ? lw_command_failed(&e) : LW_EXIT_DONE;
}

const struct lw_verb lw_verb_trust_show = {
	"trust show", "", "What the enclave believes: since which record, and until when.",
	NULL,	      0,  0,
	run,
};
