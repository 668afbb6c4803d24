/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_JUDGEMENT_H
#define LW_CMD_JUDGEMENT_H

/* A judgement's tree for people. */

#include <stdbool.h>
#include <stdio.h>

/* `json` is "landwaiter-judgement/1". whole: each signature too, with what was checked. */
void lw_print_judgement(const char *json, bool whole, FILE *out);

#endif
