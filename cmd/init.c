/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/text.h"
#include "bundle/roles.h"
#include "cmd/ceremony.h"
#include "cmd/evaluation.h"
#include "cmd/own_folder.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"
#include "verify/policy.h"

#include <string.h>

static const char *arg_name, *arg_sender, *arg_threshold, *arg_max_age, *arg_clock, *arg_policy,
	*arg_root, *arg_repository;
static struct lw_list arg_approvers, arg_trust, arg_terminals;
static bool arg_any_audience, arg_confirm_words;

static const struct lw_option options[] = {
	{ "name", 0, LW_OPTION_TEXT, "NAME", &arg_name, "what the enclave is called" },
	{ "sender", 0, LW_OPTION_TEXT, "S", &arg_sender,
	  "the sender whose bundles are let in" },
	{ "threshold", 0, LW_OPTION_TEXT, "M", &arg_threshold,
	  "how many approvers a seal needs" },
	{ "approver", 0, LW_OPTION_LIST, "WHO=FILE.pub", &arg_approvers,
	  "a person and a public key; the same person may have several" },
	{ "max-age", 0, LW_OPTION_TEXT, "P90D", &arg_max_age,
	  "how long a seal may be valid at most; P90D by default" },
	{ "any-audience", 0, LW_OPTION_FLAG, NULL, &arg_any_audience,
	  "let in bundles sealed for any enclave" },
	{ "clock", 0, LW_OPTION_TEXT, "trusted|attested", &arg_clock,
	  "whether the machine's clock is believed; trusted by default" },
	{ "policy", 0, LW_OPTION_TEXT, "FILE", &arg_policy, "a policy instead of the above" },
	{ "trust", 0, LW_OPTION_LIST, "NAME=FILE", &arg_trust, "a key file the policy names" },
	{ "root", 0, LW_OPTION_TEXT, "FILE", &arg_root,
	  "the first root of the enclave's own repository, as its ceremony made it" },
	{ "repository", 0, LW_OPTION_TEXT, "DIR", &arg_repository,
	  "that repository: its policy.json and what that names are the enclave's trust" },
	{ "confirm-words", 0, LW_OPTION_FLAG, NULL, &arg_confirm_words,
	  "ask for the words of that root, before anything is read out of it" },
	{ "terminal-fd", 0, LW_OPTION_LIST, "N", &arg_terminals,
	  "ask on this open descriptor; else on standard input" },
	{ 0 },
};

/* The trust files of the new enclave. */
struct trust {
	struct lw_trust_file *files;
	struct lw_buf *bytes;
	char **names;
	size_t n;
};

static void auto_trust(struct trust *t)
{
	for (size_t i = 0; i < t->n; i++) {
		lw_buf_free(&t->bytes[i]);
		free(t->names[i]);
	}
	free(t->files);
	free(t->bytes);
	free(t->names);
}

static struct lw_buf *add_file(struct trust *t, char *name)
{
	t->names = lw_realloc_array(t->names, t->n + 1, sizeof(*t->names));
	t->bytes = lw_realloc_array(t->bytes, t->n + 1, sizeof(*t->bytes));
	t->names[t->n] = name;
	t->bytes[t->n] = (struct lw_buf){ 0 };
	return &t->bytes[t->n++];
}

static int read_trust(void *data, const char *name, struct lw_buf *out, struct lw_error *e)
{
	const struct trust *t = data;

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->names[i], name) == 0) {
			lw_buf_add(out, t->bytes[i].p, t->bytes[i].n);
			return 0;
		}
	return lw_fail(e, LW_E_NOTFOUND, "no such trust file; give --trust %s=FILE", name);
}

/* "WHO=FILE" into its parts. */
static int split(const char *word, char **ret_left, const char **ret_right, struct lw_error *e)
{
	const char *equals = strchr(word, '=');

	if (!equals || equals == word || !equals[1] ||
	    !lw_text_is_utf8(lw_span(word, (size_t)(equals - word))))
		return lw_fail(e, LW_E_USAGE, "want NAME=FILE, have '%s'", word);
	*ret_left = lw_strndup(word, (size_t)(equals - word));
	*ret_right = equals + 1;
	return 0;
}

static int load_files(struct trust *t, const struct lw_list *list, bool approvers,
		      struct lw_error *e)
{
	for (size_t i = 0; i < list->n; i++) {
		lw_auto_free char *left = NULL;
		const char *file = NULL;
		int r = split(list->list[i], &left, &file, e);

		if (r < 0)
			return r;
		char *name = approvers ? lw_asprintf("keys/%s-%zu.pub", left, i + 1)
				       : lw_strdup(left);
		for (size_t k = 0; k < t->n; k++)
			if (strcmp(t->names[k], name) == 0) {
				free(name);
				return lw_fail(e, LW_E_USAGE, "trust file '%s' is given twice",
					       t->names[k]);
			}
		r = lw_fs_read_path(file, LW_MAX_POLICY_BYTES, add_file(t, name), e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Signers in ascending order of their names, as canonical JSON has it; one person's keys are
 * collected under one name. */
static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_signer_names(struct lw_json_writer *w, char **names, size_t n)
{
	lw_json_w_key(w, "signers");
	lw_json_w_array(w);
	for (size_t i = 0; i < n; i++)
		lw_json_w_string(w, names[i]);
	lw_json_w_end_array(w);
}

static void write_signers(struct lw_json_writer *w, char **names, size_t n)
{
	lw_json_w_key(w, "signers");
	lw_json_w_object(w);
	for (size_t i = 0; i < n; i++) {
		lw_json_w_key(w, names[i]);
		lw_json_w_object(w);
		lw_json_w_key(w, "keys");
		lw_json_w_array(w);
		for (size_t k = 0; k < arg_approvers.n; k++) {
			const char *word = arg_approvers.list[k];
			size_t length = strlen(names[i]);

			if (strncmp(word, names[i], length) != 0 || word[length] != '=')
				continue;

			lw_auto_free char *file =
				lw_asprintf("keys/%s-%zu.pub", names[i], k + 1);

			lw_json_w_object(w);
			lw_json_w_member(w, "file", file);
			lw_json_w_member(w, "kind", "key");
			lw_json_w_end_object(w);
		}
		lw_json_w_end_array(w);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_object(w);
}

static void write_sender(struct lw_json_writer *w, char **names, size_t n, uint64_t threshold)
{
	lw_json_w_key(w, "senders");
	lw_json_w_object(w);
	lw_json_w_key(w, arg_sender);
	lw_json_w_object(w);
	lw_json_w_member(w, "audience", arg_any_audience ? "any" : "this");
	lw_json_w_member(w, "max_age", arg_max_age ? arg_max_age : "P90D");
	write_signer_names(w, names, n);
	lw_json_w_member_integer(w, "threshold", (int64_t)threshold);
	lw_json_w_end_object(w);
	lw_json_w_end_object(w);
}

static void write_time(struct lw_json_writer *w, char **names, size_t n)
{
	lw_json_w_key(w, "time");
	lw_json_w_object(w);
	lw_json_w_member(w, "clock", arg_clock ? arg_clock : "trusted");
	if (n >= 2) {
		write_signer_names(w, names, n);
		lw_json_w_member_integer(w, "threshold", 2);
	}
	lw_json_w_end_object(w);
}

static void write_policy(struct lw_buf *out, char **names, size_t n, uint64_t threshold)
{
	struct lw_json_writer w = { .out = out, .canonical = true };

	lw_json_w_object(&w);
	lw_json_w_member(&w, "format", "landwaiter-policy/1");
	lw_json_w_key(&w, "images");
	lw_json_w_array(&w);
	lw_json_w_object(&w);
	lw_json_w_member(&w, "evidence", "not-required");
	lw_json_w_member(&w, "match", "**");
	lw_json_w_member(&w, "zone", "evaluation");
	lw_json_w_end_object(&w);
	lw_json_w_end_array(&w);
	write_sender(&w, names, n, threshold);
	write_signers(&w, names, n);
	write_time(&w, names, n);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

static int make_policy(struct trust *t, struct lw_error *e)
{
	lw_auto_free char **names = lw_alloc_array(arg_approvers.n, sizeof(*names));
	const char *const written[] = { arg_sender, arg_max_age, arg_clock };
	size_t n = 0, unique = 0;
	uint64_t threshold = 0;
	const char *file;
	int r = lw_num_u64(lw_span_str(arg_threshold), 1, LW_MAX_APPROVALS, &threshold, e);

	if (r < 0)
		return lw_command_misused(e, "--threshold");
	for (size_t i = 0; i < LW_COUNT_OF(written); i++)
		if (written[i] && !lw_text_is_utf8(lw_span_str(written[i])))
			return lw_fail(e, LW_E_USAGE, "'%s' is not UTF-8", written[i]);
	for (; n < arg_approvers.n && r == 0; n++)
		r = split(arg_approvers.list[n], &names[n], &file, e);
	if (r == 0) {
		lw_sort(names, n, sizeof(*names), compare_words);
		for (size_t i = 0; i < n; i++)
			if (unique == 0 || strcmp(names[unique - 1], names[i]) != 0) {
				char *swap = names[unique];

				names[unique++] = names[i];
				names[i] = swap;
			}
		write_policy(add_file(t, lw_strdup("policy.json")), names, unique, threshold);
	}
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	return r;
}

static int collect(struct trust *t, struct lw_error *e)
{
	if (arg_policy) {
		int r = load_files(t, &arg_trust, false, e);

		return r < 0 ? r
			     : lw_fs_read_path(arg_policy, LW_MAX_POLICY_BYTES,
					       add_file(t, lw_strdup("policy.json")), e);
	}

	int r = load_files(t, &arg_approvers, true, e);

	return r < 0 ? r : make_policy(t, e);
}

/* ---- the enclave ---- */

/* Whose trust is a repository's. */
struct made {
	const char *name, *evaluation; /* of struct lw_birth_options */
	struct lw_digest root, identity;
	size_t n_files;
	int64_t until;
	struct lw_head head;
	struct lw_ceremony *ceremony; /* NULL: nobody is asked */
	const char *next;	      /* what to do about a refusal; NULL: it says so itself */
};

/* Whether who stands here has the words of these bytes, which are not read before. */
static int confirm(struct made *made, struct lw_span root, struct lw_error *e)
{
	const struct lw_digest digest = lw_digest_of(root);
	enum lw_words_answer answer = LW_WORDS_OTHER;
	int r;

	if (!made->ceremony)
		return 0;
	if (access(lw_arg_enclave, F_OK) == 0)
		return lw_fail(e, LW_E_EXISTS, "enclave %s: something is there already",
			       lw_arg_enclave);
	r = lw_ceremony_ask(made->ceremony, &digest, &answer, e);
	if (r == -LW_E_TRUNCATED)
		(void)lw_fail_as(e, LW_E_CONFLICT); /* nobody vouched for it: refused */
	else if (r == 0 && answer != LW_WORDS_SAME)
		r = lw_fail(e, LW_E_CONFLICT, "the words of this root were not typed");
	if (r < 0)
		made->next = "if the paper is right, the medium is not the ceremony's: keep "
			     "it, and ask who carried it";
	return r < 0 ? -(int)e->code : 0;
}

static int create(struct made *made, const char *root_path, const char *repository,
		  const struct lw_clock *now, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf root = { 0 };
	LW_AUTO(roles) struct lw_roles roles = { 0 };
	LW_AUTO(own_trust) struct lw_own_trust trust = { 0 };
	LW_AUTO(own_folder) struct lw_own_folder folder = { 0 };
	int r = lw_fs_read_path(root_path, LW_MAX_TUF_ROOT_BYTES, &root, e);

	if (r == 0)
		r = confirm(made, lw_buf_span(&root), e);
	if (r == 0)
		r = lw_own_folder_open(repository, &folder, e);
	if (r == 0)
		r = lw_roles_begin(&roles, lw_buf_span(&root), e);
	if (r < 0)
		return r;

	const struct lw_tuf_store store = lw_roles_store(&roles);

	r = lw_own_trust_read(&folder.source, &store, now->wall_sec, &trust, e);
	if (r < 0 && trust.reason != LW_FINDING_COUNT) {
		(void)lw_fail_as(e, LW_E_CONFLICT); /* of the repository, not of our words */
		r = lw_prefix(e, "%s", lw_finding_kind(trust.reason)->code);
		made->next = lw_finding_kind(trust.reason)->next;
	}
	if (r == 0 && made->ceremony)
		r = lw_ceremony_show(made->ceremony, &roles, &trust, now->wall_sec, e);
	if (r < 0)
		return r;

	lw_auto_free struct lw_birth_role *kept = lw_alloc_array(roles.n, sizeof(*kept));
	struct lw_birth_options birth = { .name = made->name,
					  .trust = trust.files,
					  .n_trust = trust.n_files,
					  .root = lw_digest_of(lw_buf_span(&root)),
					  .roles = kept,
					  .until = trust.until,
					  .evaluation = made->evaluation };

	for (size_t i = 0; i < roles.n; i++)
		if (!roles.list[i].dropped)
			kept[birth.n_roles++] =
				(struct lw_birth_role){ roles.list[i].name,
							lw_buf_span(&roles.list[i].file),
							lw_buf_span(&roles.list[i].halves) };
	made->root = birth.root;
	made->n_files = trust.n_files;
	made->until = trust.until;
	return lw_enclave_create(lw_arg_enclave, &birth, now, &made->identity, &made->head, e);
}

static int create_real(struct made *made, struct lw_error *e)
{
	struct lw_clock now = { 0 };
	char text[LW_DIGEST_TEXT], time[LW_TIME_TEXT];
	int r = lw_clock_system(&now, e);

	made->name = arg_name ? arg_name : "enclave";
	if (r == 0)
		r = create(made, arg_root, arg_repository, &now, e);
	if (r < 0)
		return r;
	lw_command_say("An enclave is at %s.", lw_arg_enclave);
	lw_command_say("  Its trust is that of a repository, in %zu files; the first root is",
		       made->n_files);
	lw_command_say("  %s", lw_digest_text(&made->root, text));
	lw_command_say("  %s It is good until %s.",
		       made->ceremony ? "Its words were typed."
				      : "Compare that with what the ceremony wrote down.",
		       lw_time_format(made->until, time));
	lw_command_say("  The line below is its identity: what `pack --audience` takes.");
	return 0;
}

/* An enclave that could let nobody in is a mistake better made here. */
static int check_policy(struct trust *t, struct lw_error *e)
{
	struct lw_policy_files files = { .read = read_trust, .data = t };
	LW_AUTO(policy) struct lw_policy *policy = NULL;
	int r = lw_policy_parse(lw_buf_span(&t->bytes[t->n - 1]), &files, &policy, e);

	for (size_t i = 0; r == 0 && i < policy->n_signers; i++)
		if (policy->signers[i].n_unsupported)
			r = lw_fail(e, LW_E_UNSUPPORTED,
				    "signer '%s': a key of an unsupported kind",
				    policy->signers[i].name);
	return r;
}

static int create_evaluation(struct made *made, struct lw_error *e)
{
	struct trust t __attribute__((cleanup(auto_trust))) = { 0 };
	LW_AUTO(evaluation) struct lw_evaluation evaluation = LW_EVALUATION_NONE;
	struct lw_clock now = { 0 };
	int r = collect(&t, e);

	if (r == 0)
		r = check_policy(&t, e);
	if (r == 0)
		r = lw_clock_system(&now, e);
	if (r < 0)
		return r;
	/* A machine whose clock nobody has set yet: what is made now must last. */
	if (now.wall_sec < lw_released())
		now.wall_sec = lw_released();
	t.files = lw_alloc_array(t.n, sizeof(*t.files));
	for (size_t i = 0; i < t.n; i++)
		t.files[i] = (struct lw_trust_file){ t.names[i], lw_buf_span(&t.bytes[i]) };
	r = lw_evaluation_make(lw_arg_enclave, t.files, t.n, &now, &evaluation, e);
	made->name = arg_name ? arg_name : "evaluation";
	made->evaluation = evaluation.folder;
	if (r == 0)
		r = create(made, evaluation.root, evaluation.repository, &now, e);
	if (r < 0)
		return r;
	lw_command_say("An enclave for EVALUATION is at %s.", lw_arg_enclave);
	lw_command_say("  %sIts trust was set by one person at this keyboard; whoever has",
		       arg_policy ? "" : "It asks for no vendor evidence. ");
	lw_command_say("  %s/%s/owner.key can change it: see README there.", lw_arg_enclave,
		       LW_EVALUATION_FOLDER);
	lw_command_say("  The line below is its identity: what `pack --audience` takes.");
	return 0;
}

static int failed(const struct made *made, const struct lw_error *e)
{
	int code = lw_command_failed(e);

	if (made->next)
		lw_command_say("  next: %s", made->next);
	return code;
}

static int run(int n, char **objects)
{
	LW_AUTO(ceremony) struct lw_ceremony *ceremony = NULL;
	struct made made = { 0 };
	struct lw_error e = { 0 };
	char text[LW_DIGEST_TEXT];
	bool real = arg_root || arg_repository;
	bool by_words = arg_sender || arg_threshold || arg_approvers.n || arg_max_age ||
			arg_clock || arg_any_audience;

	(void)n;
	(void)objects;
	if (real && (!arg_root || !arg_repository || arg_policy || by_words || arg_trust.n))
		return lw_command_usage("want --root and --repository, and of the rest "
					"--name and --confirm-words alone");
	if ((arg_confirm_words && !real) || (arg_terminals.n && !arg_confirm_words))
		return lw_command_usage("--confirm-words goes with --root, and --terminal-fd "
					"with --confirm-words");
	if (!real &&
	    (arg_policy ? by_words
			: (!arg_sender || !arg_threshold || !arg_approvers.n || arg_trust.n)))
		return lw_command_usage(
			"want --sender, --threshold and --approver, or --policy and --trust");
	if (arg_confirm_words && lw_ceremony_open(&arg_terminals, &ceremony, &e) < 0)
		return lw_command_failed(&e);
	made.ceremony = ceremony;
	if ((real ? create_real(&made, &e) : create_evaluation(&made, &e)) < 0)
		return failed(&made, &e);
	lw_print_head(&made.head);
	(void)printf(lw_arg_json ? "{\"format\":\"landwaiter-init/1\",\"identity\":\"%s\"}\n"
				 : "%s\n",
		     lw_digest_text(&made.identity, text));
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_init = {
	"init", "", "Make an enclave. Prints its identity.", options, 0, 0, run,
};
