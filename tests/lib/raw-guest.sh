#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The first program of the machine in which tests/sweep/raw.sh runs a script: user-mode Linux, with the host's
# files as its root. What the script says is in $T/raw.out.

# shellcheck disable=SC2154 # the machine's command line
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
ln -s /proc/self/fd /dev/fd
mount -t tmpfs -o size=700M tmpfs /run
modules=/usr/lib/uml/modules/$(uname -r)
for name in loop dm-mod dm-flakey; do
	insmod "$(find "$modules" -name $name.ko)"
done
TMPDIR=/run bash "$LW_TOP/tests/scenario/24-raw.sh" >"$T/raw.out" 2>&1
python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)'
