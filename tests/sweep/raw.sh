#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: sweep-release
#
# tests/scenario/24-raw.sh in a kernel of its own, which has partitions and the device mapper: nothing is skipped.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/uml.sh"
needs_uml

uml 600 "$LW_TOP/tests/scenario/24-raw.sh" loop,dm-mod,dm-flakey
sed 's/^/# /' guest.out
like "it ran to its end" "$(tail -n 1 guest.out)" '^1\.\.[0-9]+$'
is "nothing failed" "$(grep -c '^not ok' guest.out || true)" 0
is "nothing was skipped" "$(grep -c '# SKIP' guest.out || true)" 0
done_testing
