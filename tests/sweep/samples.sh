#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Genuine signatures of cosign with a bit flipped (tests/tools/samples.c): nothing that is still
# good says anything else. With SAMPLE=1 a sample with a fixed seed.

full=(-f)
[ -z "${SAMPLE:-}" ] || full=()
exec "${LW_BIN:-build/release}/tools/samples" ${full[@]+"${full[@]}"} \
	"$(dirname "$0")/../samples/cosign"
