/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_METRICS_H
#define LW_CMD_METRICS_H

/* What is the case in an enclave, for the textfile collector of Prometheus's node exporter
 * (docs/format/metrics.md). */

#include "bundle/standing.h"

/* Replaces the file, atomically. */
int lw_metrics_write(struct lw_enclave *enclave, const struct lw_checked *checked,
		     const char *path, struct lw_error *e) LW_WARN_UNUSED;

#endif
