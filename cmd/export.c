/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/pack.h"

#include "cmd/verbs.h"

const struct lw_verb lw_verb_export = {
	"export",
	"IMAGE oci:DIR|oci-archive:FILE",
	"Copy an accepted image and its evidence out of the store.",
	NULL,
	2,
	2,
	lw_export_run,
};
