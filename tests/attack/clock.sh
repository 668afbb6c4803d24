#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Clocks that were reset or set (security classes 100, 103, 104): a good bundle, at other times.

. "$(dirname "$0")/../lib/attack.sh"

at() { # TIME COMMAND...
	local when=$1

	shift
	NO_FAKE_STAT=1 FAKETIME_DONT_RESET=1 faketime -f "$when" "$LW_BIN/landwaiter" "$@"
}

# A program under a sanitizer must meet its runtime first, and faketime's library comes before it.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0

make_keys alice bob
make_enclave 2 alice bob
make_bundle one.lwb
approve one.lwb alice bob

while read -r time status code; do
	attack "clock-$time" "$status" "$code" at "@$time 00:00:00" load one.lwb
done <<'EOF'
1970-01-02 6 time.behind-floor
2000-01-01 6 time.behind-floor
2026-11-22 6 time.behind-floor
2038-01-19 3 freshness.expired
2038-01-20 3 freshness.expired
2106-02-08 3 freshness.expired
2486-07-02 3 freshness.expired
9999-12-31 3 freshness.expired
EOF

# What was accepted is proof of the time: a clock set back afterwards is caught.
accepted lw load one.lwb
make_bundle two.lwb
approve two.lwb alice bob
attack "clock-set-back" 6 time.behind-floor at '-1d' load two.lwb
attack "replay" 3 freshness.replay lw load one.lwb
attack "replay-in-the-future" 3 freshness.replay at '+400d' load one.lwb
attack "freeze" 3 freshness.expired at '+30d' load two.lwb

# A seal from the future does not raise the floor, and does not get in.
NO_FAKE_STAT=1 faketime -f '+2d' "$LW_BIN/landwaiter" pack --sender acme --audience "$AUDIENCE" \
	--expires P20D --marking TEST "registry.example/test/app:2=oci:layout:$(first_tag layout)" \
	-o future.lwb >pack.log 2>&1
approve future.lwb alice bob
attack "sealed-in-the-future" 3 freshness.future lw load future.lwb
accepted lw load two.lwb
done_testing
