/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/ceremony.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"
#include "tuf/delegation.h"
#include "tuf/requirement.h"

#include <poll.h>
#include <stdarg.h>
#include <termios.h>

#define TRIES	      3
#define MOST_LINE     ((size_t)1024) /* of what is typed */
#define MOST_TERMINAL 8

struct terminal {
	int in, out;
	struct lw_buf typed; /* up to the line's end, and what came behind it */
	bool overlong;	     /* of this line MOST_LINE bytes were dropped already */
	bool ended;
};

struct lw_ceremony {
	struct terminal list[MOST_TERMINAL];
	size_t n;
};

int lw_ceremony_open(const struct lw_list *terminals, struct lw_ceremony **ret,
		     struct lw_error *e)
{
	LW_AUTO(ceremony) struct lw_ceremony *c = lw_alloc_array(1, sizeof(*c));

	if (terminals->n > MOST_TERMINAL)
		return lw_fail(e, LW_E_USAGE, "want at most %d terminals", MOST_TERMINAL);
	for (; c->n < terminals->n; c->n++) {
		uint64_t fd = 0;
		int r = lw_num_u64(lw_span_str(terminals->list[c->n]), 0, 65535, &fd, e);

		if (r < 0)
			return lw_command_misused(e, "--terminal-fd");
		c->list[c->n].in = c->list[c->n].out = (int)fd;
	}
	if (c->n == 0)
		c->list[c->n++] = (struct terminal){ .in = STDIN_FILENO, .out = STDERR_FILENO };
	*ret = lw_steal(c);
	return 0;
}

void lw_ceremony_close(struct lw_ceremony *c)
{
	for (size_t i = 0; c && i < c->n; i++)
		lw_buf_free(&c->list[i].typed);
	free(c);
}

/* ---- saying ---- */

static void say(struct lw_ceremony *c, const char *text, const char *end)
{
	for (size_t i = 0; i < c->n; i++)
		(void)dprintf(c->list[i].out, "%s%s", text, end);
}

void lw_ceremony_say(struct lw_ceremony *c, const char *fmt, ...)
{
	lw_auto_free char *text = NULL;
	LW_AUTO(buf) struct lw_buf shown = { 0 };
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	lw_text_append(&shown, lw_span_str(text));
	say(c, lw_buf_str(&shown), "\n");
}

/* ---- asking ---- */

/* Takes the first line off what was typed there, if it is whole; what an end leaves is one. */
static bool take_line(struct terminal *t, struct lw_buf *line)
{
	const uint8_t *end = t->typed.n ? memchr(t->typed.p, '\n', t->typed.n) : NULL;
	size_t n = end ? (size_t)(end - t->typed.p) : t->typed.n;
	LW_AUTO(buf) struct lw_buf rest = { 0 };

	if (!end && n > MOST_LINE) {
		t->overlong = true;
		lw_buf_clear(&t->typed);
	}
	if (!end && !(t->ended && (t->typed.n || t->overlong)))
		return false;
	lw_buf_clear(line);
	if (!t->overlong)
		lw_buf_add(line, t->typed.p, n);
	if (end)
		lw_buf_add(&rest, end + 1, t->typed.n - n - 1);
	lw_buf_clear(&t->typed);
	lw_buf_add(&t->typed, rest.p, rest.n);
	t->overlong = false;
	return true;
}

static void read_some(struct terminal *t)
{
	uint8_t bytes[512];
	ssize_t n = read(t->in, bytes, sizeof(bytes));

	if (n > 0)
		lw_buf_add(&t->typed, bytes, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		t->ended = true;
}

/* The next line that somebody typed anywhere; one that is too long is empty. */
static int hear(struct lw_ceremony *c, struct lw_buf *line, struct lw_error *e)
{
	for (;;) {
		struct pollfd fds[MOST_TERMINAL];
		size_t open = 0;

		for (size_t i = 0; i < c->n; i++) {
			struct terminal *t = &c->list[i];

			if (take_line(t, line))
				return 0;
			open += !t->ended;
			fds[i] = (struct pollfd){ .fd = t->ended ? -1 : t->in,
						  .events = POLLIN };
		}
		if (open == 0)
			return lw_fail(e, LW_E_TRUNCATED,
				       "want the words of the root, have the end of input");
		if (poll(fds, (nfds_t)c->n, -1) < 0 && errno != EINTR)
			return lw_fail_errno(e, "terminal");
		for (size_t i = 0; i < c->n; i++)
			if (fds[i].fd >= 0 && fds[i].revents)
				read_some(&c->list[i]);
	}
}

static void say_what_is_wrong(struct lw_ceremony *c, const struct lw_words_typed *typed)
{
	char word[64];

	if (typed->answer == LW_WORDS_UNKNOWN)
		lw_ceremony_say(c, "  Word %zu, \"%s\", is none of the words there are.",
				typed->n + 1,
				lw_text_escape(typed->unknown, word, sizeof(word)));
	else if (typed->answer == LW_WORDS_COUNT)
		lw_ceremony_say(c, "  Want %d words in one line, have %zu.", LW_WORDS,
				typed->n);
	else
		lw_ceremony_say(c, "  These are not the words of this root.");
}

int lw_ceremony_ask(struct lw_ceremony *c, const struct lw_digest *root,
		    enum lw_words_answer *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf line = { 0 };
	struct lw_words_typed typed = { 0 };
	char text[LW_DIGEST_TEXT];

	for (size_t i = 0; i < c->n; i++) /* what a line said before anybody was asked */
		(void)tcflush(c->list[i].in, TCIFLUSH);
	lw_ceremony_say(c, "The first root that was brought is");
	lw_ceremony_say(c, "  %s", lw_digest_text(root, text));
	lw_ceremony_say(c,
			"Compare it with the ceremony's paper, all of it. Then type the %d "
			"words that stand",
			LW_WORDS);
	lw_ceremony_say(c, "on the paper: four letters of each are enough.");
	for (unsigned i = 1; i <= TRIES; i++) {
		lw_auto_free char *prompt = lw_asprintf("words, try %u of %d: ", i, TRIES);
		int r;

		say(c, prompt, "");
		r = hear(c, &line, e);
		if (r < 0)
			return r;
		typed = lw_words_compare(lw_buf_span(&line), root);
		if (typed.answer == LW_WORDS_SAME)
			break;
		say_what_is_wrong(c, &typed);
	}
	*ret = typed.answer;
	return 0;
}

/* ---- what follows from the root ---- */

static void show_role(struct lw_ceremony *c, const char *name, const struct lw_tuf_metadata *m,
		      const struct lw_requirement *q)
{
	LW_AUTO(buf) struct lw_buf who = { 0 };
	char time[LW_TIME_TEXT];

	for (size_t i = 0; i < q->n; i++)
		lw_buf_printf(&who, "%s %s", i ? "," : "", q->list[i].name);
	lw_ceremony_say(c, "  %-9s version %lld, until %s", name, (long long)m->version,
			lw_time_format(m->expires, time));
	lw_ceremony_say(c, "            %lld of %zu must sign:%s", (long long)q->threshold,
			q->n, lw_buf_str(&who));
}

static void show_keys(struct lw_ceremony *c, const struct lw_requirement *q)
{
	char text[LW_DIGEST_TEXT];

	lw_ceremony_say(c, "The keys of root:");
	for (size_t i = 0; i < q->n; i++)
		lw_ceremony_say(c, "  %s\n    %s", q->list[i].name,
				lw_digest_text(&q->list[i].fingerprint, text));
}

int lw_ceremony_show(struct lw_ceremony *c, const struct lw_roles *roles,
		     const struct lw_own_trust *trust, int64_t now_sec, struct lw_error *e)
{
	const struct lw_role *root = lw_roles_find(roles, "root");
	LW_AUTO(arena) struct lw_arena arena = { 0 };
	struct lw_requirement of_root = { 0 };
	struct lw_metafile *file = NULL;
	char time[LW_TIME_TEXT];
	int r = root ? lw_metafile_parse(&arena, "root", lw_buf_span(&root->file), &file, e)
		     : lw_fail(e, LW_E_INTERNAL, "no root");

	if (r < 0)
		return r;
	lw_ceremony_say(c, "The words fit. By this machine's clock it is %s; what follows:",
			lw_time_format(now_sec, time));
	for (unsigned t = LW_TUF_ROOT; t <= LW_TUF_TARGETS; t++) {
		const char *name = lw_tuf_type_name((enum lw_tuf_type)t);
		struct lw_requirement q;
		struct lw_delegation d;

		if (!lw_delegation_find(file, name, &d))
			return lw_fail(e, LW_E_FORMAT, "root names no keys for %s", name);
		r = lw_requirement_read(&arena, name, d.keys, d.role, &q, e);
		if (r < 0)
			return lw_prefix(e, "%s", name);
		show_role(c, name, lw_tuf_client_trusted(trust->client, (enum lw_tuf_type)t),
			  &q);
		if (t == LW_TUF_ROOT)
			of_root = q;
	}
	show_keys(c, &of_root);
	return 0;
}
