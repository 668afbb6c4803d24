/* SPDX-License-Identifier: Apache-2.0 */
/* docker-credential-*: programs of whoever runs us that keep passwords elsewhere. */
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cmd/reach.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#define MOST_BYTES  ((size_t)65536)
#define PATIENCE_MS 30000

/* With a socket as its standard input and output. */
static int start(const char *program, pid_t *ret_pid, int *ret_fd, struct lw_error *e)
{
	char *argv[] = { NULL, NULL, NULL };
	lw_auto_free char *name = lw_strdup(program);
	lw_auto_free char *verb = lw_strdup("get");
	posix_spawn_file_actions_t actions;
	lw_auto_fd int ours = -1;
	lw_auto_fd int theirs = -1;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return lw_fail_errno(e, "%s", program);
	ours = pair[0];
	theirs = pair[1];
	argv[0] = name;
	argv[1] = verb;
	if (posix_spawn_file_actions_init(&actions) != 0)
		return lw_fail(e, LW_E_STATE, "%s cannot be started", program);
	r = posix_spawn_file_actions_adddup2(&actions, theirs, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, theirs, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawnp(ret_pid, program, &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return lw_fail(e, LW_E_STATE, "%s: %s", program, strerror(r));
	*ret_fd = lw_steal_fd(&ours);
	return 0;
}

/* To its end, or the end of our patience. */
static int read_all(int fd, struct lw_buf *out, struct lw_error *e)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (;;) {
		uint8_t some[4096];
		ssize_t n;

		if (poll(&p, 1, PATIENCE_MS) <= 0)
			return lw_fail(e, LW_E_IO, "it says nothing");
		n = read(fd, some, sizeof(some));
		if (n == 0 ||
		    (n < 0 && errno == ECONNRESET)) /* it ended, and read no question */
			return 0;
		if (n < 0)
			return lw_fail_errno(e, "its answer");
		lw_buf_add(out, some, (size_t)n);
		explicit_bzero(some, sizeof(some));
		if (out->n > MOST_BYTES)
			return lw_fail(e, LW_E_LIMIT, "it says too much");
	}
}

static int ask(const char *program, const char *server, struct lw_buf *out, struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	pid_t pid = -1;
	int status = 0, r = start(program, &pid, &fd, e);
	size_t n = strlen(server);

	if (r < 0)
		return r;
	/* Who ends without having read the question answers by that. */
	(void)!send(fd, server, n, MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	r = read_all(fd, out, e);
	if (r < 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return lw_prefix(e, "%s", program);
	/* "credentials not found in native keychain", and whatever else keeps it from giving
	 * one */
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return lw_fail(e, LW_E_NOTFOUND, "%s has none for %s", program, server);
	return 0;
}

static int take(struct lw_span answer, struct lw_credential *ret, struct lw_error *e)
{
	struct {
		const char *username, *secret;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ "Secret", LW_JSON_READ_STRING, LW_JSON_REQUIRED,
		  offsetof(__typeof__(f), secret), 0, 0, NULL },
		{ "Username", LW_JSON_READ_STRING, LW_JSON_REQUIRED,
		  offsetof(__typeof__(f), username), 0, 0, NULL },
	};
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r = lw_json_parse(answer, &LW_JSON_FOREIGN, &doc, e);

	if (r == 0)
		r = lw_json_read(lw_json_root(doc), fields, LW_COUNT_OF(fields),
				 LW_JSON_IGNORE_UNKNOWN, "its answer", &f, e);
	if (r < 0)
		return r;
	if (f.username && strcmp(f.username, "<token>") == 0) {
		ret->identity_token = lw_strdup(f.secret);
		return 0;
	}
	ret->username = lw_strdup(f.username ? f.username : "");
	ret->password = lw_strdup(f.secret);
	return 0;
}

int lw_credential_helper_run(const char *helper, const char *server, struct lw_credential *ret,
			     struct lw_error *e)
{
	lw_auto_free char *program = lw_asprintf("docker-credential-%s", helper);
	LW_AUTO(buf) struct lw_buf answer = { 0 };
	int r = ask(program, server, &answer, e);

	if (r == 0 && (r = take(lw_buf_span(&answer), ret, e)) < 0)
		r = lw_prefix(e, "%s", program);
	if (answer.p)
		explicit_bzero(answer.p, answer.cap);
	return r;
}
