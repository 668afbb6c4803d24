/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_EXPLAINED_H
#define LW_CMD_EXPLAINED_H

#include "base/buf.h"

#include <stdio.h>

/* Prints what a box rendered, line by line, each made safe: even a broken box cannot speak to
 * the terminal. */
void lw_print_explained(const struct lw_buf *text, FILE *out);

#endif
