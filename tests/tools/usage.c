/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a program takes: usage FILE COMMAND [ARGUMENT...]
 *
 * Runs COMMAND and writes "rss_kib=N cpu_ms=N" to FILE: the most memory that it, or a process
 * it waited for, had resident, and the processor time of all of them. The status is COMMAND's,
 * 128 + N where signal N ended it.
 */

#include <err.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long long milliseconds(const struct timeval *t)
{
	return (long long)t->tv_sec * 1000 + t->tv_usec / 1000;
}

int main(int argc, char **argv)
{
	struct rusage used;
	int status;

	if (argc < 3)
		errx(125, "want FILE COMMAND [ARGUMENT...]");

	pid_t pid = fork();

	if (pid == 0) {
		(void)execvp(argv[2], argv + 2);
		err(125, "%s", argv[2]);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		err(125, "running %s", argv[2]);

	FILE *f = fopen(argv[1], "we");

	if (!f ||
	    fprintf(f, "rss_kib=%ld cpu_ms=%lld\n", used.ru_maxrss,
		    milliseconds(&used.ru_utime) + milliseconds(&used.ru_stime)) < 0 ||
	    fclose(f) != 0)
		err(125, "%s", argv[1]);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
