#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: sweep-release
#
# The power goes: what no killed process shows. Every write of an operation, with every flush between, is logged
# below the file system (dm-log-writes, in user-mode Linux); then the disk is made as it may have been left at
# each of them, with those writes since the last flush that a device may have kept, in any order or by half; it is
# mounted and asked what crash.sh asks. What was acknowledged must be there; the same command, run again, must find
# its way. Protocols that are known to be wrong are planted beside: they must be found out.
#
# At most 60 states an operation, spread evenly; with FULL=1, all of them.

# shellcheck disable=SC2034 # shared with tests/lib/strike.sh
. "$(dirname "$0")/../lib/strike.sh"
. "$(dirname "$0")/../lib/scenario.sh"

operations=${OPERATIONS:-$enclave_operations}
[[ " $operations " != *" verify "* ]] || operations=${operations/verify /}
wrong_ones="planted-rename planted-delete planted-nosync"
right_ones="planted-rename-synced planted-extra"

command -v linux.uml >/dev/null || {
	fail "user-mode Linux" "there is no linux.uml: make deps LANES=sweep"
	done_testing
}
make_world
mkdir power

disk() { # OPERATION: from the folder enclave
	mkdir root
	cp -a enclave root/
	truncate -s 64M "power/$1.disk"
	mkfs.ext4 -q -F -b 4096 -J size=4 -d root "power/$1.disk"
	rm -rf root
}
for name in $operations; do
	learn "$name"
	prepare "$name"
	disk "$name"
done
. "$LW_TOP/tests/lib/power.sh"
for name in $wrong_ones $right_ones; do
	prepare load
	[ "$name" = planted-nosync ] || plant enclave
	disk "$name"
done
[[ " $operations " == *" load "* ]] || learn load
rm -rf enclave
mkdir enclave

machine() { # record|judge NAME...
	local what=$1 most=60 limit=3000

	shift
	[ -z "${FULL-}" ] || most=1000000 limit=14000
	timeout $limit linux.uml mem=1G root=/dev/root rootfstype=hostfs rootflags=/ rw quiet con=null con0=null,fd:1 \
		init="$LW_TOP/tests/lib/power-guest.sh" "POWER_DO=$what" "POWER_LIST=$(tr ' ' , <<<"$*")" \
		"POWER_MOST=$most" "T=$T" "LW_TOP=$LW_TOP" "LW_BIN=$LW_BIN" "PATH=$PATH" >machine.log 2>&1 </dev/null || true
	[ -s "power/$what.out" ] || cat machine.log
	sed 's/^/# /' "power/$what.out"
}
# shellcheck disable=SC2086 # several words
machine record $operations $wrong_ones $right_ones
for name in $operations $wrong_ones $right_ones; do
	ok "$name: recorded, and acknowledged" grep -q "^recorded $name 0 " power/record.out
done
# shellcheck disable=SC2086
machine judge $operations $wrong_ones $right_ones

violations_of() {
	sed -n "s/^judged $1 states [0-9].* violations //p" power/judge.out
}
for name in $operations $right_ones; do
	is "$name: violations" "$(violations_of "$name")" 0
done
for name in $wrong_ones; do
	like "$name: is found out" "$(violations_of "$name")" '^[1-9]'
done
printf '# %d states\n' "$(sed -n 's/^judged .* states \([0-9]*\) .*/\1/p' power/judge.out |
	awk '{ n += $1 } END { print n }')"
done_testing
