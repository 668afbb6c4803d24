#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: sweep-release
#
# tests/scenario/24-raw.sh in a kernel of its own, which has partitions and the device mapper: nothing is skipped.

. "$(dirname "$0")/../lib/scenario.sh"

command -v linux.uml >/dev/null || {
	fail "user-mode Linux" "there is no linux.uml: make deps LANES=sweep"
	done_testing
}
timeout 600 linux.uml mem=1G root=/dev/root rootfstype=hostfs rootflags=/ rw quiet con=null con0=null,fd:1 \
	init="$LW_TOP/tests/lib/raw-guest.sh" "T=$T" "LW_TOP=$LW_TOP" "LW_BIN=$LW_BIN" "PATH=$PATH" >machine.log 2>&1 \
	</dev/null || true
[ -s raw.out ] || cat machine.log
sed 's/^/# /' raw.out
like "it ran to its end" "$(tail -n 1 raw.out)" '^1\.\.[0-9]+$'
is "nothing failed" "$(grep -c '^not ok' raw.out || true)" 0
is "nothing was skipped" "$(grep -c '# SKIP' raw.out || true)" 0
done_testing
