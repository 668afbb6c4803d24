#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Genuine signatures of cosign with a bit flipped (tests/tools/samples.c): nothing that is still
# good says anything else. With SAMPLE=1 a sample with a fixed seed.
# parts: 1/4 2/4 3/4 4/4

which=(-f)
[ -z "${SAMPLE:-}" ] || which=()
[ -z "${OPERATIONS:-}" ] || which+=(-s "$OPERATIONS")
exec "${LW_BIN:-build/release}/tools/samples" ${which[@]+"${which[@]}"} \
	"$(dirname "$0")/../samples/cosign"
