#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: sweep-release
# parts: load second sitting last increment short supplement remove cancel gc repair attest planted-rename planted-delete planted-nosync planted-rename-synced planted-extra
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
. "$LW_TOP/tests/lib/uml.sh"

planted="planted-rename planted-delete planted-nosync planted-rename-synced planted-extra"
operations=${OPERATIONS:-${enclave_operations/verify /} $planted}

needs_uml
make_world
mkdir power
. "$LW_TOP/tests/lib/power.sh"

disk() { # OPERATION: from the folder enclave
	mkdir root
	cp -a enclave root/
	truncate -s 64M "power/$1.disk"
	mkfs.ext4 -q -F -b 4096 -J size=4 -d root "power/$1.disk"
	rm -rf root
}
for name in $operations; do
	case $name in
	planted-nosync)
		learn load
		prepare load
		;;
	planted-*)
		prepare load
		plant enclave
		;;
	*)
		learn "$name"
		prepare "$name"
		;;
	esac
	disk "$name"
done
rm -rf enclave
mkdir enclave

machine() { # record|judge NAME...
	local what=$1 most=60 limit=6000

	shift
	[ -z "${FULL-}" ] || most=1000000 limit=14000
	uml $limit "$LW_TOP/tests/lib/power-guest.sh" loop,dm-mod,dm-log-writes "POWER_DO=$what" \
		"POWER_LIST=$(tr ' ' , <<<"$*")" "POWER_MOST=$most"
	mv guest.out "power/$what.out"
	sed 's/^/# /' "power/$what.out"
}
# shellcheck disable=SC2086 # several words
machine record $operations
for name in $operations; do
	ok "$name: recorded, and acknowledged" grep -q "^recorded $name 0 " power/record.out
done
# shellcheck disable=SC2086
machine judge $operations

for name in $operations; do
	found=$(sed -n "s/^judged $name states [0-9].* violations //p" power/judge.out)
	case $name in
	planted-rename | planted-delete | planted-nosync) like "$name: is found out" "$found" '^[1-9]' ;;
	*) is "$name: violations" "$found" 0 ;;
	esac
done
printf '# %d states\n' "$(sed -n 's/^judged .* states \([0-9]*\) .*/\1/p' power/judge.out |
	awk '{ n += $1 } END { print n }')"
done_testing
