/* SPDX-License-Identifier: Apache-2.0 */
/* `pack` and `export` in landwaiter: the same words again, to the program that can write
 * archives. */
#include "base/jail.h"
#include "base/mem.h"
#include "cmd/pack.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int start(void)
{
	lw_auto_free char *program = NULL;
	struct lw_error e = { 0 };

	if (lw_jail_program("landwaiter-pack", &program, &e) < 0)
		return lw_command_failed(&e);
	(void)execv(program, lw_command_words);
	(void)lw_fail(&e, LW_E_STATE, "%s: %s", program, strerror(errno));
	return lw_command_failed(&e);
}

int lw_pack_run(int n, char **objects)
{
	(void)n;
	(void)objects;
	return start();
}

int lw_export_run(int n, char **objects)
{
	(void)n;
	(void)objects;
	return start();
}
