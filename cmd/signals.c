/* SPDX-License-Identifier: Apache-2.0 */
/* An attempt that somebody breaks off is still an attempt: it ends with its record. */
#include "cmd/command.h"

#include <signal.h>

static atomic_bool stopped;

static void stop(int number)
{
	(void)number;
	atomic_store(&stopped, true);
}

void lw_command_ignore(int number)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(number, &ignore, NULL);
}

const atomic_bool *lw_command_stoppable(void)
{
	static const int asking[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction was,
		ask = { .sa_handler = stop, .sa_flags = SA_RESTART | (int)SA_RESETHAND };

	for (size_t i = 0; i < LW_COUNT_OF(asking); i++) /* nohup and its like stay so */
		if (sigaction(asking[i], NULL, &was) == 0 && was.sa_handler != SIG_IGN)
			(void)sigaction(asking[i], &ask, NULL);
	lw_command_ignore(SIGPIPE);
	return &stopped;
}
