#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The first program of the machine in which tests/sweep/power.sh takes the power away: user-mode Linux, with
# the host's files as its root. It does $POWER_DO, `record` or `judge`, for what is in $POWER_LIST, in the
# script's own folder $T, and switches the machine off.

# shellcheck disable=SC2154 # the machine's command line
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o size=700M tmpfs /run
modules=/usr/lib/uml/modules/$(uname -r)
for name in loop dm-mod dm-log-writes; do
	insmod "$(find "$modules" -name $name.ko)"
done
(
	world=$T
	export TMPDIR=/run
	. "$LW_TOP/tests/lib/strike.sh"
	. "$LW_TOP/tests/lib/scenario.sh"
	set +e
	trap - ERR
	T=$world
	cd "$T" || exit 1
	export HOME=$T LANDWAITER_ENCLAVE=$T/enclave LANDWAITER_SENDER_DIR=$T/sender
	. "$LW_TOP/tests/lib/power.sh"
	for name in ${POWER_LIST//,/ }; do
		"$POWER_DO" "$name"
	done
	trap - EXIT
) >"$T/power/$POWER_DO.out" 2>&1
python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)'
