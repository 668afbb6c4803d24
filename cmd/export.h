/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_EXPORT_H
#define LW_CMD_EXPORT_H

/* Like `pack` (cmd/pack.h) `export` works in landwaiter-pack, which can write archives. */
int lw_export_run(int n, char **objects);

#endif
