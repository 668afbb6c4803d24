#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The first program of the machine of tests/lib/uml.sh: runs the script, and switches the machine off.

# shellcheck disable=SC2154 # the machine's command line
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null # or it is there
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
mount -t tmpfs -o size=700M tmpfs /run
for name in ${GUEST_MODULES//,/ }; do
	insmod "$(find "/usr/lib/uml/modules/$(uname -r)" -name "$name.ko")"
done
TMPDIR=/run bash "$GUEST_SCRIPT" >"$T/guest.out" 2>&1
python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)'
