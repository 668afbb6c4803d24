/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_PACK_H
#define LW_CMD_PACK_H

/*
 * `pack` and `export` work in a program of their own, landwaiter-pack, which is all of
 * `landwaiter` and the archive writer: libarchive, and the dozen libraries that come with it,
 * stay out of the process that decides. In `landwaiter` the verb knows its options and starts
 * the other.
 */

#include "cmd/command.h"

struct lw_pack_arguments {
	const char *sender, *audience, *expires, *marking, *sequence, *sender_dir, *file,
		*volume_size, *ca_file, *trust, *only, *of, *request, *request_key, *nonce;
	struct lw_list platforms, keys, tuf, targets, to, since, have;
	bool fixed;
};
extern struct lw_pack_arguments lw_pack_arguments;

/* Of these there is one in each program: cmd/pack_start.c; cmd/pack_run.c, cmd/pack_export.c.
 */
int lw_pack_run(int n, char **objects);
int lw_export_run(int n, char **objects);

#endif
